// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/installation"
)

// TestAFreshObjectIsNotReady: a GitOps tool that computes its health by the rules of kstatus takes an
// object for ready that has neither conditions nor an observed generation behind its own.
func TestAFreshObjectIsNotReady(t *testing.T) {
	for _, kind := range append(sampled(), "EvaluationSuite") {
		t.Run(kind, func(t *testing.T) {
			object := sample(t, kind)
			object.SetName("fresh")
			// What somebody claims in a manifest is not taken for what Scalegate observed.
			set("status", map[string]any{"observedGeneration": int64(1), "conditions": []any{map[string]any{
				"type": "Ready", "status": "True", "reason": "Claimed", "message": "", "lastTransitionTime": "2026-03-01T00:00:00Z",
			}}})(object.Object)
			created := store(t, shared.Client, object)
			read := object.DeepCopy()
			if err := shared.Client.Get(t.Context(), client.ObjectKeyFromObject(created), read); err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"observedGeneration": int64(-1)}
			for answer, object := range map[string]*unstructured.Unstructured{"create": created, "get": read} {
				if diff := cmp.Diff(want, object.Object["status"]); diff != "" {
					t.Errorf("the status in the answer to %s (-want +got):\n%s", answer, diff)
				}
				if object.GetGeneration() != 1 {
					t.Errorf("the generation in the answer to %s is %d; want 1", answer, object.GetGeneration())
				}
			}
		})
	}
}

// TestTheSamplesAreAppliedAgainWithoutAChange applies the samples as they are, first as whoever brings
// the evidence and then as another user with another field manager, the way a GitOps tool takes over.
func TestTheSamplesAreAppliedAgainWithoutAChange(t *testing.T) {
	const home = "serving"
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: home}}
	if err := client.IgnoreAlreadyExists(shared.Client.Create(t.Context(), ns)); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(installation.Root(), "config", "samples")
	apply := func(user string, more ...string) {
		t.Helper()
		cfg, err := shared.User(user, "system:masters")
		if err != nil {
			t.Fatal(err)
		}
		args := append([]string{"apply", "--server-side", "--validate=strict", "--force-conflicts", "-f", folder}, more...)
		result, err := shared.Kubectl(t.Context(), cfg, args...)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(result), "serverside-applied"); n != len(sampled())+1 {
			t.Fatalf("%d objects were applied; want %d:\n%s", n, len(sampled())+1, result)
		}
	}
	t.Cleanup(func() {
		if _, err := shared.Kubectl(context.WithoutCancel(t.Context()), shared.Admin(), "delete", "--ignore-not-found", "-f", folder); err != nil {
			t.Error(err)
		}
	})
	apply("evaluator")
	// The first write after the creation also stores the default of status.
	apply("evaluator")
	first := applied(t, home)
	if got := get(first["SafetyEvaluation"].Object, "spec.evaluator"); got != "evaluator" {
		t.Errorf("spec.evaluator is %v; want the user who applied it first", got)
	}
	apply("evaluator")
	for kind, object := range applied(t, home) {
		if was := first[kind].GetResourceVersion(); object.GetResourceVersion() != was {
			t.Errorf("applying %s again wrote it anew: resource version %s, then %s", kind, was, object.GetResourceVersion())
		}
	}
	apply("gitops", "--field-manager=gitops")
	for kind, object := range applied(t, home) {
		if object.GetGeneration() != 1 {
			t.Errorf("applying %s as another user made generation %d; want 1", kind, object.GetGeneration())
		}
		if diff := cmp.Diff(first[kind].Object["spec"], object.Object["spec"]); diff != "" {
			t.Errorf("applying %s as another user changed its spec (-first +now):\n%s", kind, diff)
		}
	}
}

func applied(t *testing.T, home string) map[string]*unstructured.Unstructured {
	t.Helper()
	found := map[string]*unstructured.Unstructured{}
	for _, kind := range append(sampled(), "EvaluationSuite") {
		object := sample(t, kind)
		if object.GetNamespace() != "" {
			object.SetNamespace(home)
		}
		if err := shared.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object); err != nil {
			t.Fatal(err)
		}
		found[kind] = object
	}
	return found
}

func TestATypoInAFieldNameIsRefusedWithItsPath(t *testing.T) {
	for kind, path := range map[string]string{
		"SafetyPolicy":     "spec.requirements[0].evaluation.clearsAt",
		"ModelRelease":     "spec.serving[0].environment",
		"SafetyEvaluation": "spec.subject.relatoin",
	} {
		t.Run(kind, func(t *testing.T) {
			object := sample(t, kind)
			set(path, "typo")(object.Object)
			err := shared.Client.Create(t.Context(), object, client.DryRunAll, client.FieldValidation(metav1.FieldValidationStrict))
			if err == nil || !strings.Contains(err.Error(), `unknown field "`+path+`"`) {
				t.Errorf("want a refusal of the unknown field %q; got %v", path, err)
			}
		})
	}
}
