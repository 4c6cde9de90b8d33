// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// queued sets what Kueue would: the states of the checks of a Workload, and whether it is being evicted.
func (s *scenario) queued(w *unstructured.Unstructured, evicted string, states map[string]string) {
	s.t.Helper()
	at := time.Now().UTC().Format(time.RFC3339)
	var checks []any
	for name, state := range states {
		checks = append(checks, map[string]any{"name": name, "state": state, "message": "", "lastTransitionTime": at})
	}
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(w), w); err != nil {
			return err
		}
		w.Object["status"] = map[string]any{"admissionChecks": checks, "conditions": []any{map[string]any{
			"type": "Evicted", "status": evicted, "reason": "Test", "message": "", "lastTransitionTime": at,
		}}}
		return s.Status().Update(ctx, w)
	})
}

// checked waits until the checks of a Workload have these states.
func (s *scenario) checked(w *unstructured.Unstructured, want map[string]string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		err := s.Get(ctx, client.ObjectKeyFromObject(w), w)
		checks, _, _ := unstructured.NestedSlice(w.Object, "status", "admissionChecks")
		for _, value := range checks {
			check, _ := value.(map[string]any)
			name, _ := check["name"].(string)
			if check["state"] != want[name] || check["state"] == "Pending" && name == "release" && check["message"] == "" {
				return errors.Join(err, fmt.Errorf("checks are %v, want %v", checks, want))
			}
		}
		return err
	})
}

// active waits until a Workload is in its queue, or tells that it is held before it.
func (s *scenario) active(w *unstructured.Unstructured, want bool) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		err := s.Get(ctx, client.ObjectKeyFromObject(w), w)
		active, _, _ := unstructured.NestedBool(w.Object, "spec", "active")
		_, held := w.GetAnnotations()[v1alpha1.AnnotationHeld]
		if active != want || held == want {
			return errors.Join(err, fmt.Errorf("active: %v, held: %v; want active: %v", active, held, want))
		}
		return err
	})
}

// What waits for a queue of Kueue is let in, and admitted, when its release is cleared. One that was admitted and may not be any more is
// tried again, and left alone while it is evicted.
func TestKueueAdmitsWhatIsCleared(t *testing.T) {
	t.Parallel()
	s := begin(t)
	crds := filepath.Join(installation.Root(), "test", "e2e", "testdata", "kueue.yaml")
	_, err := shared.Kubectl(t.Context(), shared.Admin(), "apply", "-f", crds)
	s.must(err)
	ours, others := s.custom("kueue.x-k8s.io/v1beta1", "AdmissionCheck", "release", map[string]any{"controllerName": "scalegate.dev/release"}),
		s.custom("kueue.x-k8s.io/v1beta1", "AdmissionCheck", "other", map[string]any{"controllerName": "example.com/other"})
	for _, check := range []*unstructured.Unstructured{ours, others} {
		check.SetNamespace("")
		s.make(check)
	}
	s.eventually(func(ctx context.Context) error {
		err := s.Get(ctx, client.ObjectKeyFromObject(ours), ours)
		if conditions, _, _ := unstructured.NestedSlice(ours.Object, "status", "conditions"); err != nil || len(conditions) != 1 {
			return errors.Join(err, fmt.Errorf("the check is not active: %v", conditions))
		}
		return nil
	})
	s.release("m1")
	w := s.custom("kueue.x-k8s.io/v1beta1", "Workload", "job", map[string]any{"podSets": []any{map[string]any{
		"name": "main", "count": int64(1), "template": s.asMap(s.template("m1", "job")),
	}}})
	s.make(w)
	s.active(w, false)
	s.queued(w, "False", map[string]string{"release": "Pending", "other": "Pending"})
	s.checked(w, map[string]string{"release": "Pending", "other": "Pending"})
	s.evaluate("good", "m1", 0.01, time.Now().Add(-2*time.Hour))
	s.checked(w, map[string]string{"release": "Ready", "other": "Pending"})
	s.active(w, true)

	s.evaluate("bad", "m1", 0.5, anHourAgo())
	s.ready("m1", v1alpha1.ReasonAdverseFinding)
	s.checked(w, map[string]string{"release": "Retry", "other": "Pending"})
	s.queued(w, "True", map[string]string{"release": "Ready", "other": "Pending"})
	s.queued(w, "True", map[string]string{"release": "Pending", "other": "Pending"})
	s.queued(w, "False", map[string]string{"release": "Pending", "other": "Pending"})
	s.checked(w, map[string]string{"release": "Pending", "other": "Pending"})
	if err := s.Get(t.Context(), client.ObjectKeyFromObject(others), others); err != nil || others.Object["status"] != nil {
		t.Errorf("somebody else's check is answered: %v, %v", others.Object, err)
	}
}
