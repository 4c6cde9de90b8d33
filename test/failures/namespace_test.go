// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"errors"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// keep is a finalizer of somebody who is slow.
const keep = "example.com/keep"

// A namespace that is being deleted has pods that serve and pods that are held. Others keep some of its objects, so that
// it takes its time, and meanwhile what was missing comes: nothing starts all the same. Then it finishes.
func TestANamespaceThatIsDeletedFinishesAndStartsNothing(t *testing.T) {
	s := begin(t, managed.shared(t))
	s.release("good")
	s.evaluate("good", "good", 0.01, anHourAgo())
	s.deployment("web", "good", 2)
	s.counts("web", 2, 0)
	s.release("waiting", func(r *v1alpha1.ModelRelease) { r.Finalizers = []string{keep} })
	s.deployment("later", "waiting", 1)
	held := s.pod("bare", "waiting")
	held.Finalizers = []string{keep}
	s.must(s.Create(t.Context(), held))
	s.is("waiting", v1alpha1.ConditionReady, v1alpha1.ReasonEvidenceMissing)
	saw := s.watch()

	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}
	s.must(s.Delete(t.Context(), ns))
	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(ns), ns))
	if ns.DeletionTimestamp == nil {
		t.Fatal("the namespace is not being deleted")
	}
	s.counts("web", 0, 0)
	policy := &v1alpha1.SafetyPolicy{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}
	s.must(s.Patch(t.Context(), policy, client.RawPatch("application/merge-patch+json",
		[]byte(`{"spec":{"levels":[{"name":"L1"}],"exposures":[{"name":"Internal","withoutEvidence":"Allowed"},{"name":"General","withoutEvidence":"Allowed"}]}}`))))
	s.is("waiting", v1alpha1.ConditionEvidenceComplete, v1alpha1.ReasonEvidenceComplete)
	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(held), held))
	if !isHeld(held) {
		t.Error("the held pod was opened")
	}
	if _, ok, err := s.cleared(t.Context(), "waiting"); err != nil || ok {
		t.Errorf("the release is cleared in a namespace that is going: %v %v", ok, err)
	}

	release := &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "waiting"}}
	for _, o := range []client.Object{held, release} {
		s.must(s.Patch(t.Context(), o, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"finalizers":null}}`))))
	}
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(ns), ns); !apierrors.IsNotFound(err) {
			return errors.Join(err, fmt.Errorf("the namespace is still there: %v", ns.Status.Conditions))
		}
		return nil
	})
	saw.nothing(t, "waiting")
}
