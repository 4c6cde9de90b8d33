// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Where a mutating policy is gone, its validating twin refuses what it would have changed. The
// tests of the package that run in parallel wait until these, which do not, are over.
func TestWithoutAMutatingPolicyItsTwinRefuses(t *testing.T) {
	if shared.External() {
		t.Skip("the policies of an external cluster are in use")
	}
	ns := govern(t)
	f := standing(t)
	const hold, stamp = "scalegate-hold-pods", "scalegate-stamp-identities"
	rows := map[string]struct {
		policy string
		try    func(context.Context) error
	}{
		"a pod": {hold, func(ctx context.Context) error { return shared.Client.Create(ctx, pod(ns), client.DryRunAll) }},
		"an evaluation": {
			policy: stamp,
			try: func(ctx context.Context) error {
				return shared.Client.Create(ctx, evaluation(ns, "unstamped"), client.DryRunAll)
			},
		},
		"a waiver": {
			policy: stamp,
			try: func(ctx context.Context) error {
				return shared.Client.Create(ctx, &v1alpha1.ReleaseWaiver{
					ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "unstamped"},
					Spec: v1alpha1.ReleaseWaiverSpec{
						Release: release, Requirements: []string{"proof"}, SubjectDigest: "sha256:" + strings.Repeat("0", 64), PolicyRevision: "none",
						Exposure: "General", Reason: "none", CompensatingControls: []string{"none"}, Disclosure: "none", EndTime: metav1.Now(),
					},
				}, client.DryRunAll)
			},
		},
		"a release": {
			policy: stamp,
			try: func(ctx context.Context) error {
				return shared.Client.Create(ctx, bareRelease(ns, "unstamped", nil), client.DryRunAll)
			},
		},
		"a policy": {
			policy: stamp,
			try: func(ctx context.Context) error {
				return shared.Client.Create(ctx, &v1alpha1.SafetyPolicy{
					ObjectMeta: metav1.ObjectMeta{Name: "unstamped"},
					Spec: v1alpha1.SafetyPolicySpec{
						Exposures: []v1alpha1.Exposure{{Name: "General"}}, Levels: []v1alpha1.Level{{Name: "Low"}},
					},
				}, client.DryRunAll)
			},
		},
		"a revocation": {
			policy: stamp,
			try: func(ctx context.Context) error {
				revoked := bareRelease(ns, "unstamped", revocation(v1alpha1.RevocationCritical, "leaked"))
				revoked.Spec.Authors = []string{"scalegate-admin"} // Stamped or not, this is right.
				return shared.Client.Create(ctx, revoked, client.DryRunAll)
			},
		},
		"a resolution": {
			policy: stamp,
			try: func(ctx context.Context) error {
				resolved := f.DeepCopy()
				resolved.Spec.Resolution = resolution("the-safety-board")
				return shared.Client.Update(ctx, resolved, client.DryRunAll)
			},
		},
	}
	for _, row := range rows {
		must(t, row.try(t.Context()))
	}
	bindings := []*admissionv1.MutatingAdmissionPolicyBinding{takeAway(t, hold), takeAway(t, stamp)}
	for _, row := range rows {
		eventually(t, func(ctx context.Context) error {
			return refusal(row.try(ctx), "is MutatingAdmissionPolicy "+row.policy+" in place?")
		})
	}
	for _, binding := range bindings {
		must(t, shared.Client.Create(t.Context(), binding))
	}
	for _, row := range rows {
		eventually(t, row.try)
	}
}

// takeAway deletes the binding of a mutating policy and returns it, ready to be made again.
func takeAway(t *testing.T, policy string) *admissionv1.MutatingAdmissionPolicyBinding {
	t.Helper()
	binding := &admissionv1.MutatingAdmissionPolicyBinding{}
	must(t, shared.Client.Get(t.Context(), client.ObjectKey{Name: policy}, binding))
	must(t, shared.Client.Delete(t.Context(), binding))
	binding.ResourceVersion, binding.UID = "", ""
	return binding
}

// The hold of Deployments has no twin: without it their pods are held as ever.
func TestWithoutTheHoldOfDeploymentsTheirPodsAreHeld(t *testing.T) {
	if shared.External() {
		t.Skip("the policies of an external cluster are in use")
	}
	ns := govern(t)
	binding := takeAway(t, "scalegate-hold-deployments")
	paused := func(ctx context.Context) (bool, error) {
		d := deployment(ns, "probe")
		err := shared.Client.Create(ctx, d, client.DryRunAll)
		return d.Spec.Paused, err
	}
	eventually(t, func(ctx context.Context) error {
		if held, err := paused(ctx); err != nil || !held {
			return err
		}
		return errors.New("the policy is still in force")
	})
	must(t, shared.Client.Create(t.Context(), deployment(ns, "web")))
	for _, p := range awaitPods(t, ns, 0, 2) {
		if p.Labels[v1alpha1.LabelRelease] != release {
			t.Errorf("pod %s claims %q", p.Name, p.Labels[v1alpha1.LabelRelease])
		}
	}
	must(t, shared.Client.Create(t.Context(), binding))
	eventually(t, func(ctx context.Context) error {
		if held, err := paused(ctx); err != nil || held {
			return err
		}
		return errors.New("the policy is not in force again")
	})
}
