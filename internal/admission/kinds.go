// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Kinds checks Scalegate's own kinds across list items and across objects. What one object shows by itself
// is for the schema, which refuses it without a webhook. What merely depends on the order in which objects are
// applied is a warning.
type Kinds struct {
	options Options
}

// NewKinds makes the handler.
func NewKinds(o Options) *Kinds {
	return &Kinds{options: o}
}

// findings are what is wrong with one object.
type findings struct {
	errors   field.ErrorList
	warnings []string
}

func (f *findings) warn(format string, args ...any) {
	f.warnings = append(f.warnings, clip(fmt.Sprintf(format, args...), maxWarning))
}

// Handle answers one request.
func (k *Kinds) Handle(ctx context.Context, req admission.Request) admission.Response {
	if req.SubResource != "" || req.Resource.Group != v1alpha1.Group ||
		(req.Operation != admissionv1.Create && req.Operation != admissionv1.Update) {
		return admission.Allowed("")
	}
	var found findings
	var err error
	switch req.Resource.Resource {
	case "safetypolicies":
		found, err = check(ctx, &req, k.policy)
	case "modelreleases":
		found, err = check(ctx, &req, k.release)
	case "safetyevaluations":
		found, err = check(ctx, &req, k.evaluation)
	case "evaluationsuites":
		found, err = check(ctx, &req, k.suite)
	case "adversefindings":
		found, err = check(ctx, &req, k.finding)
	}
	switch {
	case apierrors.IsBadRequest(err):
		return admission.Errored(http.StatusBadRequest, err)
	case err != nil:
		// What cannot be looked up is not let through: it can be sent again.
		return admission.Errored(http.StatusInternalServerError, fmt.Errorf("the webhook could not look at other objects, send it again: %w", err))
	case len(found.errors) > 0:
		status := apierrors.NewInvalid(schema.GroupKind{Group: req.Kind.Group, Kind: req.Kind.Kind}, req.Name, found.errors).Status()
		return admission.Response{AdmissionResponse: admissionv1.AdmissionResponse{Result: &status}}.WithWarnings(found.warnings...)
	default:
		return admission.Allowed("").WithWarnings(found.warnings...)
	}
}

// check decodes both objects of a request and looks at them; old is nil at CREATE. What is on its way out is
// let go.
func check[T any, P interface {
	*T
	GetDeletionTimestamp() *metav1.Time
}](ctx context.Context, req *admission.Request, look func(ctx context.Context, old, object P) (findings, error)) (findings, error) {
	object, old := P(new(T)), P(nil)
	if err := json.Unmarshal(req.Object.Raw, object); err != nil {
		return findings{}, apierrors.NewBadRequest(fmt.Sprintf("reading the %s of the request: %v", req.Kind.Kind, err))
	}
	if req.Operation == admissionv1.Update {
		old = P(new(T))
		if err := json.Unmarshal(req.OldObject.Raw, old); err != nil {
			return findings{}, apierrors.NewBadRequest(fmt.Sprintf("reading the %s as it was: %v", req.Kind.Kind, err))
		}
	}
	if object.GetDeletionTimestamp() != nil {
		return findings{}, nil
	}
	return look(ctx, old, object)
}

// maxNames is how many names a warning lists.
const maxNames = 3

// some lists the first names, sorted, and how many more there are.
func some(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) <= maxNames {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxNames], ", "), len(names)-maxNames)
}
