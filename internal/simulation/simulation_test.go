// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package simulation_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/revision"
	"github.com/scalegate/scalegate/internal/simulation"
)

// open is a policy that grants Internal and General without evidence; how changes it.
func open(how ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	p := &v1alpha1.SafetyPolicy{}
	p.Name = "rsp"
	p.Spec = v1alpha1.SafetyPolicySpec{
		Exposures: []v1alpha1.Exposure{
			{Name: "Internal", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed}, {Name: "General", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed},
		},
		Levels:           []v1alpha1.Level{{Name: "ASL-2"}},
		ClearanceSeconds: new(int32(86400)),
	}
	for _, change := range how {
		change(p)
	}
	return p
}

func needing(p *v1alpha1.SafetyPolicy) {
	p.Spec.Levels[0].Requires = []string{"uplift"}
	p.Spec.Requirements = []v1alpha1.Requirement{{Name: "uplift", ValidForDays: 30, NeededFrom: "General", Evaluation: &v1alpha1.EvaluationCriterion{
		Metric: "m", Direction: v1alpha1.LowerIsSafer, ClearAt: "1", Bound: v1alpha1.BoundPoint, MinSamples: 1, MaxUnjudgedPercent: new(int32(0)),
	}}}
}

func ceiling(n int32) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[1].MaxReplicas = &n }
}

func under(p *v1alpha1.SafetyPolicy, how ...func(*v1alpha1.ModelRelease)) gate.Input {
	release := fixture.Release("m1", how...)
	release.Spec.Policy, release.Spec.Level, release.Spec.Exposure = "rsp", "ASL-2", "General"
	return gate.Input{Now: fixture.Day(10), Release: release, Policy: p}
}

func revoked(r *v1alpha1.ModelRelease) {
	r.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationCritical, Reason: "The weights leaked."}
}

func TestSimulate(t *testing.T) {
	serving := []simulation.Serving{{Exposure: "General", Pods: 6, Accelerators: 24, Held: 2, HeldAccelerators: 8}, {Exposure: "Internal", Pods: 1, Accelerators: 4}}
	held := []simulation.Serving{{Exposure: "General", Held: 3, HeldAccelerators: 12}}
	below := func(n int32) func(*v1alpha1.SafetyPolicy) {
		return func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[0].MaxReplicas = &n }
	}
	for name, test := range map[string]struct {
		before, after gate.Input
		serving       []simulation.Serving
		effect        simulation.Effect
		pods, accels  int64
		because       []string
	}{
		"nothing changes":                   {under(open()), under(open()), serving, simulation.Stays, 0, 0, nil},
		"evidence is asked for":             {under(open()), under(open(needing)), serving, simulation.Freezes, 6, 24, []string{"uplift"}},
		"nothing serves what is lost":       {under(open()), under(open(needing)), nil, simulation.Freezes, 0, 0, []string{"uplift"}},
		"it is revoked":                     {under(open()), under(open(), revoked), serving, simulation.Removes, 7, 28, nil},
		"it was lost before":                {under(open(needing)), under(open(needing)), serving, simulation.Stays, 0, 0, nil},
		"it was lost, and is revoked":       {under(open(needing)), under(open(needing), revoked), serving, simulation.Removes, 7, 28, []string{"uplift"}},
		"a ceiling below what serves":       {under(open()), under(open(ceiling(4))), serving, simulation.Shrinks, 2, 8, nil},
		"a ceiling above what serves":       {under(open()), under(open(ceiling(6))), serving, simulation.Shrinks, 0, 0, nil},
		"a ceiling is lifted":               {under(open(ceiling(6))), under(open()), serving, simulation.Opens, 2, 8, nil},
		"a ceiling is raised by less":       {under(open(ceiling(6))), under(open(ceiling(7))), serving, simulation.Opens, 1, 4, nil},
		"a ceiling of another is lowered":   {under(open(below(2))), under(open(below(0))), serving, simulation.Shrinks, 1, 4, nil},
		"a ceiling of another is raised":    {under(open(below(0))), under(open(below(2))), serving, simulation.Opens, 0, 0, nil},
		"it is granted under a ceiling":     {under(open(needing, ceiling(2))), under(open(ceiling(2))), held, simulation.Opens, 2, 8, nil},
		"it is granted below what serves":   {under(open(needing, ceiling(4))), under(open(ceiling(4))), serving, simulation.Shrinks, 2, 8, nil},
		"evidence is not asked for anymore": {under(open(needing)), under(open()), serving, simulation.Opens, 2, 8, nil},
		"the policy is gone":                {under(open()), under(nil), serving, simulation.Freezes, 7, 28, nil},
		"the release is gone":               {under(open()), gate.Input{Now: fixture.Day(10)}, serving, simulation.Freezes, 7, 28, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := simulation.Simulate(simulation.Release{Before: test.before, After: test.after, Serving: test.serving})
			if c.After.Effect != test.effect || c.After.Pods != test.pods || c.After.Accelerators != test.accels {
				t.Errorf("%+v", c.After)
			}
			if diff := cmp.Diff(test.because, c.After.Because); diff != "" {
				t.Errorf("because (-want +got)\n%s", diff)
			}
			if (c.After.Effect == simulation.Stays) != (c.After.Why == "") {
				t.Errorf("why is %q", c.After.Why)
			}
			reduces := test.effect != simulation.Stays && test.effect != simulation.Opens
			if simulation.Reduces([]simulation.Change{c}) != reduces {
				t.Errorf("it reduces: %v", !reduces)
			}
		})
	}
}

func TestTotals(t *testing.T) {
	change := func(effect simulation.Effect, pods, accelerators int64) simulation.Change {
		return simulation.Change{After: simulation.Outcome{Effect: effect, Pods: pods, Accelerators: accelerators}}
	}
	changes := []simulation.Change{
		change(simulation.Freezes, 4, 16), change(simulation.Stays, 0, 0), change(simulation.Freezes, 8, 32), change(simulation.Opens, 1, 0), change(simulation.Removes, 1, 1),
	}
	const want = "1 release would lose pods: 1 pod, 1 accelerator; 2 releases would freeze: 12 pods, 48 accelerators; 1 release would open: 1 held pod; 1 release would stay"
	if got := simulation.Sentence(simulation.Totals(changes)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := simulation.TotalsThen(changes); got != nil {
		t.Errorf("nothing is pending: %+v", got)
	}
	changes[1].Then = &simulation.Outcome{Effect: simulation.Opens, Pods: 2}
	if got := simulation.TotalsThen(changes); len(got) != 3 || got[2].Releases != 2 || got[2].Pods != 3 {
		t.Errorf("%+v", got)
	}
	if got := simulation.Sentence(nil); got != "there is no release to simulate" {
		t.Error(got)
	}
}

func record(t *testing.T, p *v1alpha1.SafetyPolicy) v1alpha1.PolicyRevision {
	t.Helper()
	text, err := revision.TextOf(&p.Spec)
	if err != nil {
		t.Fatal(err)
	}
	r := v1alpha1.PolicyRevision{Spec: v1alpha1.PolicyRevisionSpec{
		Policy: p.Name, Sequence: 3, Revision: text.Revision, Digest: text.Digest, Text: text.JSON, Effect: v1alpha1.EffectInitial,
	}}
	r.Status.InForceTime = new(metav1.NewTime(fixture.Day(0)))
	return r
}

func TestRevise(t *testing.T) {
	ruled := func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Roles = []v1alpha1.Role{{Name: "board"}}
		p.Spec.Revisions = &v1alpha1.RevisionRules{Quorum: []v1alpha1.RoleQuorum{{Role: "board", Count: 1}}}
	}
	at := fixture.Day(10)
	for name, test := range map[string]struct {
		before, after *v1alpha1.SafetyPolicy
		effect        v1alpha1.RevisionEffect
		pending       bool
		recorded      bool
		earliest      *time.Time
	}{
		"the same text":                 {open(), open(), v1alpha1.EffectNeutral, false, false, nil},
		"a strengthening":               {open(ruled), open(ruled, ceiling(3)), v1alpha1.EffectStrengthening, false, true, nil},
		"a weakening without rules":     {open(ceiling(3)), open(), v1alpha1.EffectWeakening, false, true, nil},
		"a weakening that has to wait":  {open(ruled, ceiling(3)), open(ruled), v1alpha1.EffectWeakening, true, true, new(at.Add(24 * time.Hour))},
		"a weakening of its own rules":  {open(ruled, ceiling(3)), open(), v1alpha1.EffectWeakening, true, true, new(at.Add(24 * time.Hour))},
		"a policy that nobody recorded": {nil, open(), v1alpha1.EffectInitial, false, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var records []v1alpha1.PolicyRevision
			if test.before != nil {
				records = append(records, record(t, test.before))
			}
			r, err := simulation.Revise(test.after, test.before, records, at)
			if err != nil {
				t.Fatal(err)
			}
			if r.Effect != test.effect || r.Pending != test.pending || (r.Record != nil) != test.recorded {
				t.Errorf("%+v", r)
			}
			if diff := cmp.Diff(test.earliest, r.Earliest); diff != "" {
				t.Errorf("earliest (-want +got)\n%s", diff)
			}
			if r.Record != nil && (r.Record.Spec.Sequence != 4 || *r.Record.Spec.ComparedWith != 3 || r.Record.Status.InForceTime == nil) {
				t.Errorf("%+v", r.Record)
			}
		})
	}
}
