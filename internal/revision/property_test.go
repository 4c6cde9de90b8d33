// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/revision"
)

// granted is how far a decision goes, by the exposures of a policy; -1 for nothing.
func granted(p *v1alpha1.SafetyPolicy, d gate.Decision) int {
	return slices.IndexFunc(p.Spec.Exposures, func(x v1alpha1.Exposure) bool { return x.Name == d.GrantedExposure })
}

// recorded is the input after what failed was recorded: a policy that comes before that could lose it.
func recorded(in gate.Input) gate.Input {
	in.Findings = slices.Clone(in.Findings)
	for _, f := range gate.Decide(in).NewFindings {
		f.CreationTimestamp = metav1.NewTime(in.Now)
		in.Findings = append(in.Findings, f)
	}
	return in
}

// never reports whether a change that weakens nothing grants more, and says what of both was decided.
func checkChange(t *testing.T, data []byte) {
	t.Helper()
	s := &source{data: data}
	before := s.policy()
	in := recorded(s.input(before))
	after := before.DeepCopy()
	for range 1 + s.below(3) {
		s.change(&after.Spec)
	}
	changes, effect := revision.Compare(&before.Spec, &after.Spec)
	checkChanges(t, changes, effect)
	if effect == v1alpha1.EffectWeakening {
		return
	}
	was := gate.Decide(in)
	in.Policy = after
	is := gate.Decide(in)
	from, to := granted(before, was), granted(before, is)
	switch {
	case is.GrantedExposure != "" && (to < 0 || to > from):
		t.Errorf("%s: %q is granted, and %q was: %+v\nbefore: %s\nafter:  %s", effect, is.GrantedExposure, was.GrantedExposure, changes, was.Message, is.Message)
	case to >= 0 && to == from && was.ReplicaCeiling != nil && (is.ReplicaCeiling == nil || *is.ReplicaCeiling > *was.ReplicaCeiling):
		t.Errorf("%s: the ceiling was %d: %+v", effect, *was.ReplicaCeiling, changes)
	}
}

func FuzzWhatWeakensNothingGrantsNoMore(f *testing.F) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 3000 {
		data := make([]byte, 80+random.IntN(120))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(checkChange)
}
