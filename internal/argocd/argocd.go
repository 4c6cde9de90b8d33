// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package argocd knows when an Application of Argo CD waits for a release: its automated sync was refused by Scalegate, and Argo
// CD does not try the same commit again. It is pure: it reads an object, and says which operation would try again.
package argocd

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Annotation of an Application names the releases that it waits for, as NAMESPACE/NAME, with commas between several. Without
// it Scalegate leaves an Application alone: nobody else can name one.
const Annotation = "scalegate.dev/retry-when-released"

// Kind is that of Applications.
func Kind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "argoproj.io", Version: "v1alpha1", Kind: "Application"}
}

// Names tells whether the Application waits for the release.
func Names(app *unstructured.Unstructured, release types.NamespacedName) bool {
	return slices.ContainsFunc(strings.Split(app.GetAnnotations()[Annotation], ","), func(name string) bool {
		return strings.TrimSpace(name) == release.String()
	})
}

// application is what is read of one.
type application struct {
	Operation json.RawMessage `json:"operation"`
	Spec      struct {
		SyncPolicy *struct {
			Automated *struct {
				Enabled *bool `json:"enabled"`
				Prune   bool  `json:"prune"`
			} `json:"automated"`
			Retry       map[string]any `json:"retry"`
			SyncOptions []any          `json:"syncOptions"`
		} `json:"syncPolicy"`
	} `json:"spec"`
	Status struct {
		Sync           revisions `json:"sync"`
		OperationState *struct {
			Phase      string      `json:"phase"`
			Message    string      `json:"message"`
			StartedAt  metav1.Time `json:"startedAt"`
			SyncResult *struct {
				revisions
				Resources []struct {
					Status  string `json:"status"`
					Message string `json:"message"`
				} `json:"resources"`
			} `json:"syncResult"`
		} `json:"operationState"`
	} `json:"status"`
}

// revisions are the commits of an Application, one for each source where it has several.
type revisions struct {
	Status    string   `json:"status"`
	Revision  string   `json:"revision"`
	Revisions []string `json:"revisions"`
}

func (r revisions) same(other revisions) bool {
	return r.Revision == other.Revision && slices.Equal(r.Revisions, other.Revisions) && (r.Revision != "" || len(r.Revisions) > 0)
}

// Retry is what to do about an Application.
type Retry struct {
	// Operation is what to set as the Application's operation; nil for nothing. It is the automated sync that Argo CD made
	// itself, once more: the same commit, the same options, and subject to the same sync windows.
	Operation map[string]any
	// Later is true while an operation is on its way that may yet turn out to have been refused.
	Later bool
}

// After says what to do about an Application that waits for a release which was released at the time: to try again what
// Scalegate refused before that, and nothing else. What was tried since is not tried again. An object that is no
// Application is an error.
func After(app *unstructured.Unstructured, release types.NamespacedName, released time.Time) (Retry, error) {
	var a application
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(app.Object, &a); err != nil {
		return Retry{}, fmt.Errorf("reading Application %s/%s: %w", app.GetNamespace(), app.GetName(), err)
	}
	if app.GetDeletionTimestamp() != nil || !a.automated() || a.Status.OperationState == nil {
		return Retry{}, nil
	}
	state := a.Status.OperationState
	switch {
	case state.StartedAt.After(released):
		return Retry{}, nil
	case len(a.Operation) > 0 || state.Phase == "Running" || state.Phase == "Terminating":
		return Retry{Later: true}, nil
	case state.Phase != "Failed" && state.Phase != "Error", a.Status.Sync.Status != "OutOfSync":
		return Retry{}, nil
	case state.SyncResult == nil || !state.SyncResult.same(a.Status.Sync) || !a.refusedByScalegate():
		return Retry{}, nil
	}
	return Retry{Operation: a.operation(release)}, nil
}

// automated tells whether Argo CD syncs the Application by itself.
func (a *application) automated() bool {
	policy := a.Spec.SyncPolicy
	return policy != nil && policy.Automated != nil && (policy.Automated.Enabled == nil || *policy.Automated.Enabled)
}

// refusedByScalegate tells whether an object of the last sync was refused by a policy or a webhook of Scalegate.
func (a *application) refusedByScalegate() bool {
	for _, r := range a.Status.OperationState.SyncResult.Resources {
		if r.Status != "SyncFailed" {
			continue
		}
		if strings.Contains(r.Message, "ValidatingAdmissionPolicy 'scalegate-") ||
			strings.Contains(r.Message, `admission webhook "workloads.scalegate.dev"`) || strings.Contains(r.Message, `admission webhook "kinds.scalegate.dev"`) {
			return true
		}
	}
	return false
}

// retries is how often Argo CD tries an automated sync again where the Application does not say.
const retries = 5

// operation is the automated sync of the commit that was refused, as Argo CD itself asks for one.
func (a *application) operation(release types.NamespacedName) map[string]any {
	sync := map[string]any{"prune": a.Spec.SyncPolicy.Automated.Prune}
	if a.Status.Sync.Revision != "" {
		sync["revision"] = a.Status.Sync.Revision
	}
	if list := a.Status.Sync.Revisions; len(list) > 0 {
		sync["revisions"] = list
	}
	if options := a.Spec.SyncPolicy.SyncOptions; len(options) > 0 {
		sync["syncOptions"] = options
	}
	retry := a.Spec.SyncPolicy.Retry
	if retry == nil {
		retry = map[string]any{"limit": retries}
	}
	return map[string]any{
		"initiatedBy": map[string]any{"automated": true, "username": "scalegate"},
		"info":        []any{map[string]any{"name": "Reason", "value": "ModelRelease " + release.String() + " is released"}},
		"retry":       retry,
		"sync":        sync,
	}
}
