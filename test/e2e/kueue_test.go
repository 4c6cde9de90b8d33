// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
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

// kueuesGate is the gate that Kueue puts on pods that wait for its quota.
const kueuesGate = "kueue.x-k8s.io/admission"

// gates waits until a pod has just these gates, and a node only where it has none.
func (s *scenario) gates(name string, want ...string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		pod := object(&corev1.Pod{}, s.ns, name)
		if err := s.Get(ctx, client.ObjectKeyFromObject(pod), pod); err != nil {
			return err
		}
		var has []string
		for _, gate := range pod.Spec.SchedulingGates {
			has = append(has, gate.Name)
		}
		slices.Sort(has)
		if !slices.Equal(has, want) || (pod.Spec.NodeName != "") != (len(want) == 0) {
			return fmt.Errorf("pod %s has the gates %v and the node %q, want %v", name, has, pod.Spec.NodeName, want)
		}
		return nil
	})
}

// ungate lifts Kueue's gate of a pod, as Kueue does when it admits one.
func (s *scenario) ungate(name string) {
	s.t.Helper()
	pod := object(&corev1.Pod{}, s.ns, name)
	s.must(s.Patch(s.t.Context(), pod, client.RawPatch(types.StrategicMergePatchType,
		fmt.Appendf(nil, `{"spec":{"schedulingGates":[{"name":%q,"$patch":"delete"}]}}`, kueuesGate))))
}

// Each of two owners of gates lifts its own, in whichever order: a pod runs when both have.
func TestKueuesGateIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := begin(t)
	s.release("m1")
	for _, name := range []string{"theirs-last", "theirs-first"} {
		template := s.template("m1", name)
		pod := &corev1.Pod{ObjectMeta: s.named(name), Spec: template.Spec}
		pod.Labels = template.Labels
		pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: kueuesGate}}
		s.must(s.Create(t.Context(), pod))
		s.gates(name, kueuesGate, v1alpha1.SchedulingGate)
	}
	s.ungate("theirs-first")
	s.gates("theirs-first", v1alpha1.SchedulingGate)
	s.evaluate("good", "m1", 0.01, anHourAgo())
	s.gates("theirs-first")
	s.gates("theirs-last", kueuesGate)
	s.ready("m1", v1alpha1.ReasonReleased)
	s.gates("theirs-last", kueuesGate)
	s.ungate("theirs-last")
	s.gates("theirs-last")
}
