// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/schedule"
)

func TestAsk(t *testing.T) {
	run := func(name, suite string, modifiers ...func(*v1alpha1.SafetyEvaluation)) v1alpha1.SafetyEvaluation {
		e := fixture.Evaluation(name, "attack", "0.1", modifiers...)
		e.Spec.Report, e.Spec.Job = nil, &v1alpha1.JobSource{Suite: suite}
		return e
	}
	unfinished := run("unfinished", "attack-suite", fixture.Unread())
	done := run("done", "attack-suite")
	of := func(s *situation, suite string) schedule.Asked {
		in := schedule.Input{Gate: s.Input}
		for i := range s.Policy.Spec.Requirements {
			if r := &s.Policy.Spec.Requirements[i]; r.Name == "attack" {
				return schedule.Ask(in, r, suite)
			}
		}
		t.Fatal("the policy has no such requirement")
		return schedule.Asked{}
	}
	first := of(begin(3), "")
	if first.Order.Suite != "attack-suite" || first.Order.Requirement != "attack" || first.UnderWay != nil || first.Why != "" {
		t.Errorf("the first is %+v", first)
	}
	if again := of(begin(3, done), ""); again.Order.Name == first.Order.Name || again.UnderWay != nil {
		t.Errorf("after one that ended it is %+v, with the name of the first", again)
	}
	if while := of(begin(3, unfinished), ""); while.UnderWay == nil || while.UnderWay.Name != "unfinished" {
		t.Errorf("while one goes on it is %+v", while)
	}
	nameless := begin(3).with(func(s *situation) {
		s.Policy = standard(func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[0].Evaluation.Suite = "" })
	})
	if other := of(nameless, "other-suite"); other.Order.Suite != "other-suite" {
		t.Errorf("of a requirement without a suite it is %+v", other)
	}
	apart := begin(3).with(func(s *situation) {
		s.Policy = standard(func(p *v1alpha1.SafetyPolicy) {
			p.Spec.Requirements[0].Independence = v1alpha1.IndependenceIndependent
		})
	})
	if barred := of(apart, ""); barred.Why == "" {
		t.Error("a result that would not count is not said to be one")
	}
}
