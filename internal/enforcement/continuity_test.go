// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// replacing is a scene with the pods that are opened.
type replacing struct {
	scene    enforcement.Scene
	decision gate.Decision
	want     []string
}

func (r replacing) check(t *testing.T) {
	t.Helper()
	plan := enforcement.For(r.scene, r.decision)
	if diff := cmp.Diff(r.want, names(plan.Opens)); diff != "" {
		t.Errorf("opens (-want +got):\n%s", diff)
	}
	if len(r.want) > 0 && (!plan.GivesMore() || !plan.Counts()) {
		t.Error("a plan that opens a pod gives more, and counts")
	}
}

// Within the grace what ends is replaced, up to as many as served.
func TestReplacementsInAFreeze(t *testing.T) {
	lost := func(w ...func(*v1alpha1.Withdrawal)) func(*enforcement.Scene) {
		return recorded(record(wLapsed, append(w, since(days(-1)), grace(days(13)))...))
	}
	waiting := func(name string, day int) func(*enforcement.Scene) {
		return pod(name, "General", matching, held, made(fixture.Day(day)))
	}
	one := pod("a", "General", matching)
	lapse := refusing("", lapsed(days(-1)))
	three := lost(counting("General", 3), counting("Evaluation", 3))
	for sentence, test := range map[string]replacing{
		"as many as served, the oldest first":             {scene(three, one, waiting("d", 9), waiting("c", 8), waiting("b", 7)), lapse, []string{"b", "c"}},
		"none where as many serve":                        {scene(lost(counting("General", 1)), one, waiting("b", 7)), lapse, nil},
		"none where nothing served":                       {scene(lost(counting("General", 0)), waiting("b", 7)), lapse, nil},
		"what was in the middle of a change at the lapse": {scene(had("General"), one, waiting("b", 7)), lapse, nil},
		"what is on its way out is replaced":              {scene(lost(counting("General", 1)), pod("a", "General", matching, leaving), waiting("b", 7)), lapse, []string{"b"}},
		"what serves still, though it is being deleted, is not": {
			scene(lost(counting("General", 1)), pod("a", "General", matching, func(p *enforcement.Pod) { p.Ending = true }), waiting("b", 7)), lapse, nil,
		},
		"one that differs is not opened":                {scene(three, pod("b", "General", differing, held)), lapse, nil},
		"one that was not examined is not opened":       {scene(three, pod("b", "General", unexamined, held)), lapse, nil},
		"a ceiling binds as well":                       {scene(three, several("Job", "j", 3, held)), lapse, []string{"j0", "j1"}},
		"an exposure that never was granted is not":     {scene(lost(counting("Evaluation", 1)), waiting("b", 7)), lapse, nil},
		"none while growth is withheld":                 {scene(three, withheld, waiting("b", 7)), lapse, nil},
		"none in a namespace that is only audited":      {scene(three, gated(v1alpha1.GateAudited), waiting("b", 7)), lapse, nil},
		"none where the policy is gone":                 {scene(three, withoutPolicy, waiting("b", 7)), gate.Decision{}, nil},
		"none where the release asks for less by now":   {scene(three, one, waiting("b", 7)), granting("Internal", lapsed(days(-1)), asked), nil},
		"none once the grace is over":                   {scene(three, at(days(13)), waiting("b", 7)), lapse, nil},
		"until the last moment of it":                   {scene(three, at(days(13).Add(-time.Second)), waiting("b", 7)), lapse, []string{"b"}},
		"what is missing gives the same grace":          {scene(recorded(record(wAbsent, since(days(-1)), counting("General", 1))), waiting("b", 7)), refusing(v1alpha1.ReasonEvidenceMissing), []string{"b"}},
		"an Advisory revocation gives its own":          {scene(recorded(record(wRevoked, severity(v1alpha1.RevocationAdvisory), since(days(-1).Add(time.Second)), counting("General", 1))), waiting("b", 7)), refusing("", revoked(v1alpha1.RevocationAdvisory)), []string{"b"}},
		"which ends":                                    {scene(recorded(record(wRevoked, severity(v1alpha1.RevocationAdvisory), since(days(-1)), counting("General", 1))), waiting("b", 7)), refusing("", revoked(v1alpha1.RevocationAdvisory)), nil},
		"a Critical one gives none":                     {scene(three, waiting("b", 7)), refusing("", revoked(v1alpha1.RevocationCritical)), nil},
		"a finding gives none":                          {scene(three, waiting("b", 7)), refusing("", adverse("General")), nil},
		"a lower exposure that only lapsed has its own": {scene(lost(counting("General", 0), counting("Internal", 1)), pod("b", "Internal", matching, held)), refusing("", lapsed(days(-1)), adverse("General")), []string{"b"}},
		"what is granted still is opened as ever":       {scene(lost(counting("General", 0)), waiting("b", 7), pod("i", "Internal", matching, held)), granting("Internal", lapsed(days(-1))), []string{"i"}},
		"a group begins whole":                          {scene(three, one, pod("g0", "General", matching, held, inUnit("g", 2)), pod("g1", "General", unnaming, held, inUnit("g", 2))), lapse, []string{"g0", "g1"}},
		"or not, where it takes too many places":        {scene(three, one, pod("g0", "General", matching, held, inUnit("g", 0)), pod("g1", "General", matching, held, inUnit("g", 0)), pod("g2", "General", matching, held, inUnit("g", 0))), lapse, nil},
		"a pod of a group that serves takes none":       {scene(lost(counting("General", 1)), pod("g0", "General", matching, inUnit("g", 2)), pod("g1", "General", matching, held, inUnit("g", 2))), lapse, []string{"g1"}},
		"workloads take turns": {
			scene(three, pod("a0", "General", matching, held, owned("Job", "a")), pod("a1", "General", matching, held, owned("Job", "a")), pod("a2", "General", matching, held, owned("Job", "a")),
				pod("b0", "General", matching, held, made(days(9)), owned("Job", "b"))), lapse, []string{"a0", "a1", "b0"},
		},
		"a rollout gets no surge": {
			scene(lost(counting("Evaluation", 2)), rollsOut("d"), several("ReplicaSet", "d-1", 2), several("ReplicaSet", "d-2", 1, held)), lapse, nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}

// asked is a decision that gives all that the release asks for.
func asked(d *gate.Decision) { d.Reason = v1alpha1.ReasonEvidenceComplete }

// A parent that is held stays so in a freeze: its new template is no replacement of what serves.
func TestAFreezeLiftsNothing(t *testing.T) {
	plan := enforcement.For(scene(recorded(record(wLapsed, grace(days(14)), counting("General", 3))),
		deployment("d", "General", matching, marked(v1alpha1.HeldResume))), refusing("", lapsed(days(0))))
	if len(plan.Lifts) > 0 || plan.Clearance.Write != "" {
		t.Errorf("lifted %+v, cleared %s", plan.Lifts, plan.Clearance.Write)
	}
}

func TestContinued(t *testing.T) {
	policy := fixture.Policy("rsp")
	remembered := func(modifiers ...func(*enforcement.Scene)) enforcement.Memory { return scene(modifiers...).Memory }
	lapse := refusing("", lapsed(days(-1)))
	for sentence, test := range map[string]struct {
		memory   enforcement.Memory
		decision gate.Decision
		policy   *v1alpha1.SafetyPolicy
		want     []string
	}{
		"what was granted just before, and what is below it": {remembered(had("Internal")), lapse, policy, []string{"Evaluation", "Internal"}},
		"what the record names":                              {remembered(recorded(record(wLapsed, counting("General", 2)))), lapse, policy, []string{"Evaluation", "General", "Internal"}},
		"not what is granted":                                {remembered(had("General")), granting("Internal", lapsed(days(-1))), policy, []string{"General"}},
		"not what a finding refuses":                         {remembered(had("General")), refusing("", lapsed(days(-1)), adverse("General")), policy, []string{"Evaluation", "Internal"}},
		"not what is revoked as Critical":                    {remembered(had("General")), refusing("", revoked(v1alpha1.RevocationCritical)), policy, nil},
		"not after the grace":                                {remembered(had("General")), refusing("", lapsed(days(-14))), policy, nil},
		"not without a policy":                               {remembered(had("General")), gate.Decision{}, nil, nil},
		"not what was granted to other artifacts":            {remembered(had("General")), refusing("", otherArtifacts), policy, nil},
		"not what nobody knows to whom it was granted":       {enforcement.Memory{Granted: "General"}, refusing(""), policy, nil},
		"not what was never granted":                         {enforcement.Memory{}, lapse, policy, nil},
		"not what the release does not ask for":              {remembered(had("General")), granting("Internal"), policy, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := enforcement.Continued(test.memory, test.decision, test.policy, now())
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("continued (-want +got):\n%s", diff)
			}
			if !slices.IsSorted(got) {
				t.Errorf("%v are not sorted", got)
			}
		})
	}
}
