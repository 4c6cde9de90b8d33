// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gathering_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/revision"
)

// limited is the policy with a ceiling for General.
func limited(ceiling int32) *v1alpha1.SafetyPolicy {
	return fixture.Policy("rsp", func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[2].MaxReplicas = &ceiling })
}

// record is revision SEQUENCE of the policy, in force or not.
func record(t *testing.T, sequence int64, ceiling int32, effect v1alpha1.RevisionEffect, inForce bool) *v1alpha1.PolicyRevision {
	t.Helper()
	text, err := revision.TextOf(&limited(ceiling).Spec)
	if err != nil {
		t.Fatal(err)
	}
	r := &v1alpha1.PolicyRevision{Spec: v1alpha1.PolicyRevisionSpec{
		Policy: "rsp", Sequence: sequence, Revision: text.Revision, Digest: text.Digest, Text: text.JSON, Effect: effect,
	}}
	if r.Name = gathering.RevisionName("rsp", sequence); sequence > 1 {
		r.Spec.ComparedWith = new(sequence - 1)
	}
	if inForce {
		r.Status.InForceTime = new(metav1.NewTime(fixture.Day(0)))
	}
	return r
}

func TestInputUnderAPendingRevision(t *testing.T) {
	const weaker, stricter, initial = v1alpha1.EffectWeakening, v1alpha1.EffectStrengthening, v1alpha1.EffectInitial
	forged := record(t, 1, 10, initial, true)
	forged.Spec.Text = record(t, 1, 99, initial, true).Spec.Text
	for name, tc := range map[string]struct {
		cached, stored []client.Object
		// inForce is the ceiling of the text in force where it is another one; 0 for none, -1 for one that nobody can read.
		inForce int32
		prior   []int32
	}{
		"nothing is recorded":         {},
		"the text is in force":        {cached: []client.Object{record(t, 1, 20, initial, true)}},
		"it is not recorded yet":      {cached: []client.Object{record(t, 1, 10, initial, true)}, inForce: 10},
		"it is pending":               {cached: []client.Object{record(t, 1, 10, initial, true), record(t, 2, 20, weaker, false)}, inForce: 10},
		"what was signed before":      {cached: []client.Object{record(t, 1, 30, initial, true), record(t, 2, 20, stricter, true)}, prior: []int32{30}},
		"what the cache does not see": {cached: []client.Object{record(t, 1, 20, initial, true)}, stored: []client.Object{record(t, 1, 20, initial, true), record(t, 2, 10, stricter, true)}, inForce: 10, prior: []int32{20}},
		"a status that it does not see": {
			cached: []client.Object{record(t, 1, 10, initial, true), record(t, 2, 20, weaker, false)},
			stored: []client.Object{record(t, 1, 10, initial, true), record(t, 2, 20, weaker, true)},
		},
		"the one in force is gone":      {cached: []client.Object{record(t, 2, 20, weaker, false)}, inForce: -1},
		"the one in force was tampered": {cached: []client.Object{forged, record(t, 2, 20, weaker, false)}, inForce: -1},
	} {
		t.Run(name, func(t *testing.T) {
			world := []client.Object{fixture.Release("m1"), limited(20)}
			cache := store(t, interceptor.Funcs{}, append(world, tc.cached...)...)
			live := cache
			if tc.stored != nil {
				live = store(t, interceptor.Funcs{}, append(world, tc.stored...)...)
			}
			in, err := gathering.Source{Reader: live, Cache: cache}.Input(t.Context(), m1, fixture.Day(1))
			if err != nil {
				t.Fatal(err)
			}
			if in.PolicyRevision != gate.Revision(&limited(20).Spec) {
				t.Errorf("the revision is %s", in.PolicyRevision)
			}
			switch {
			case tc.inForce == 0 && in.InForce != nil, tc.inForce != 0 && in.InForce == nil:
				t.Fatalf("in force is %+v", in.InForce)
			case tc.inForce > 0 && (*in.InForce.Spec.Exposures[2].MaxReplicas != tc.inForce || in.InForceRevision != gate.Revision(&limited(tc.inForce).Spec)):
				t.Errorf("in force is %+v of revision %s", in.InForce.Spec, in.InForceRevision)
			case tc.inForce < 0 && (len(in.InForce.Spec.Exposures) > 0 || gate.Decide(in).GrantedExposure != ""):
				t.Errorf("a text that nobody can read grants: %+v", in.InForce.Spec)
			}
			if len(in.PriorRevisions) != len(tc.prior) || len(tc.prior) > 0 && in.PriorRevisions[0] != gate.Revision(&limited(tc.prior[0]).Spec) {
				t.Errorf("before it were %v", in.PriorRevisions)
			}
		})
	}
}
