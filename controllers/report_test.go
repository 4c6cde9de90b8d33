// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// asked is a release of the second generation.
func asked(modifiers ...func(*v1alpha1.ModelRelease)) *v1alpha1.ModelRelease {
	r := release(modifiers...)
	r.Generation = 2
	return r
}

// decided is what package gate says of the release under the policy, with these results.
func decided(r *v1alpha1.ModelRelease, p *v1alpha1.SafetyPolicy, evaluations ...*v1alpha1.SafetyEvaluation) gate.Decision {
	in := gate.Input{Now: now().Time, Release: r, Policy: p}
	for _, e := range evaluations {
		in.Evaluations = append(in.Evaluations, *e)
	}
	return gate.Decide(in)
}

// planned is what came of a decision, with a reason that package enforcement gives.
func planned(reason, message string) outcome {
	return outcome{plan: enforcement.Plan{Reason: reason, Message: message}}
}

func asDecided() outcome { return planned(v1alpha1.ReasonEnforced, "as decided") }

// brief is a condition without what is the same for all, in a line.
func brief(c metav1.Condition) string { return c.Type + "=" + string(c.Status) + " " + c.Reason }

// projection is a decision with what came of it, and the conditions in brief.
type projection struct {
	decision gate.Decision
	outcome  outcome
	want     string
}

func (p projection) check(t *testing.T) {
	t.Helper()
	reporting := asked()
	reporting.Status = statusFor(reporting, p.decision, p.outcome, now())
	got := reporting.Status.Conditions
	keepState(t, reporting)
	var lines []string
	for _, c := range got {
		lines = append(lines, brief(c))
		if c.ObservedGeneration != 2 || c.LastTransitionTime != now() || c.Message == "" || strings.Contains(c.Message, errBroken.Error()) {
			t.Errorf("%+v", c)
		}
	}
	if diff := cmp.Diff(strings.Split(p.want, ", "), lines); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
	neverBoth(t, got)
}

func TestConditionsOfADecision(t *testing.T) {
	expired := func() *v1alpha1.SafetyEvaluation {
		return new(fixture.Evaluation("e1", "attack", "0.1", fixture.At(fixture.Day(-100))))
	}
	for sentence, test := range map[string]projection{
		"released": {
			decided(asked(), demanding(), result("0.1")), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, Ready=True Released",
		},
		"evidence is missing": {
			decided(asked(), demanding()), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=False EvidenceMissing, Fresh=True Fresh, " +
				"Ready=False EvidenceMissing, Reconciling=True EvidenceMissing",
		},
		"evidence is indeterminate": {
			decided(asked(), demanding(), result("0.3")), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=False EvidenceIndeterminate, Fresh=True Fresh, " +
				"Ready=False EvidenceIndeterminate, Reconciling=True EvidenceIndeterminate",
		},
		"evidence has expired": {
			decided(asked(), demanding(), expired()), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=False EvidenceExpired, Fresh=False EvidenceExpired, " +
				"Ready=False EvidenceExpired, Reconciling=True EvidenceExpired",
		},
		"a requirement failed": {
			decided(asked(), demanding(), result("0.9")), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=False AdverseFinding, Fresh=True Fresh, " +
				"Ready=False AdverseFinding, Stalled=True AdverseFinding",
		},
		"the level has no safeguards": {
			decided(asked(fixture.Declared("ASL-4")), demanding(fixture.Undefined("ASL-4")), result("0.1")), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=False LevelUndefined, Fresh=True Fresh, " +
				"Ready=False LevelUndefined, Stalled=True LevelUndefined",
		},
		"the policy asks for nothing and does not say so": {
			decided(asked(), fixture.Policy("rsp")), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=False EvidenceNotRequired, Fresh=True Fresh, " +
				"Ready=False EvidenceNotRequired, Stalled=True EvidenceNotRequired",
		},
		"the spec names what the policy does not have": {
			decided(asked(fixture.Asking("Genreal")), demanding(), result("0.1")), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=False InvalidSpec, Fresh=True Fresh, Ready=False InvalidSpec, Stalled=True InvalidSpec",
		},
		"the policy does not exist": {
			decided(asked(), nil), asDecided(),
			"Enforced=True Enforced, EvidenceComplete=False PolicyNotFound, Fresh=True Fresh, " +
				"Ready=False PolicyNotFound, Reconciling=True PolicyNotFound",
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestConditionsOfAnOutcome(t *testing.T) {
	good := decided(asked(), demanding(), result("0.1"))
	for sentence, test := range map[string]projection{
		"released, with pods opened one by one": {
			good, planned(v1alpha1.ReasonUntrustedMutator, "injector may change pods"),
			"Enforced=True UntrustedMutator, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, Ready=True Released",
		},
		"a workload differs": {
			good, planned(v1alpha1.ReasonWorkloadMismatch, "Deployment d is held"),
			"Enforced=False WorkloadMismatch, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, " +
				"Ready=False WorkloadMismatch, Stalled=True WorkloadMismatch",
		},
		"the clearances fill the namespace": {
			good, planned(v1alpha1.ReasonClearanceSpaceExhausted, "32768 bytes"),
			"Enforced=False ClearanceSpaceExhausted, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, " +
				"Ready=False ClearanceSpaceExhausted, Stalled=True ClearanceSpaceExhausted",
		},
		"the namespace is only audited": {
			good, planned(v1alpha1.ReasonAudited, "label it"),
			"Enforced=False Audited, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, Ready=False Audited, Reconciling=True Audited",
		},
		"the namespace has no gate": {
			good, planned(v1alpha1.ReasonNotGoverned, "label it"),
			"Enforced=False NotGoverned, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, Ready=False NotGoverned, Reconciling=True NotGoverned",
		},
		"writing went wrong": {
			good, outcome{plan: asDecided().plan, err: errBroken},
			"Enforced=False EnforcementError, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, " +
				"Ready=False EnforcementError, Reconciling=True EnforcementError",
		},
		"writing went wrong while evidence is missing, which weighs more": {
			decided(asked(), demanding()), outcome{plan: asDecided().plan, err: errBroken},
			"Enforced=False EnforcementError, EvidenceComplete=False EvidenceMissing, Fresh=True Fresh, " +
				"Ready=False EvidenceMissing, Reconciling=True EvidenceMissing",
		},
	} {
		t.Run(sentence, test.check)
	}
}

// From any state to any other, times of transition are kept exactly where a status stays.
func TestConditionsKeepTheirTimes(t *testing.T) {
	decisions := []gate.Decision{
		decided(asked(), demanding(), result("0.1")), decided(asked(), demanding()), decided(asked(), demanding(), result("0.9")),
	}
	outcomes := []outcome{asDecided(), planned(v1alpha1.ReasonWorkloadMismatch, "differs"), {plan: asDecided().plan, err: errBroken}}
	for _, from := range decisions {
		for _, to := range decisions {
			for _, before := range outcomes {
				for _, after := range outcomes {
					r := asked()
					r.Status.Conditions = conditionsFor(r, from, before, day(0))
					got := conditionsFor(r, to, after, day(1))
					neverBoth(t, got)
					for _, c := range got {
						want := day(1)
						for _, old := range r.Status.Conditions {
							if old.Type == c.Type && old.Status == c.Status {
								want = day(0)
							}
						}
						if c.LastTransitionTime != want {
							t.Errorf("%s since %v, want %v", brief(c), c.LastTransitionTime, want)
						}
					}
				}
			}
		}
	}
}

func TestStatus(t *testing.T) {
	d := decided(asked(), demanding(fixture.Defining("bio"), fixture.Raising("cbrn", "ASL-3", "bio")), result("0.1"),
		new(fixture.Evaluation("e2", "bio", "0.1")))
	o := asDecided()
	o.plan.Clearance.End = new(fixture.Day(5))
	o.plan.Workloads = []v1alpha1.WorkloadStatus{{Kind: "Pod", Name: "p", Message: strings.Repeat("m", 2000)}}
	got := statusFor(asked(), d, o, now())
	got.Conditions = nil
	want := v1alpha1.ModelReleaseStatus{
		ObservedGeneration: new(int64(2)), SubjectDigest: d.SubjectDigest, PolicyRevision: gate.Revision(&demanding(
			fixture.Defining("bio"), fixture.Raising("cbrn", "ASL-3", "bio")).Spec),
		RequiredLevel: "ASL-2", GrantedExposure: "General", ClearedUntil: new(day(5)),
		Thresholds: []v1alpha1.ThresholdStatus{{Name: "cbrn", State: v1alpha1.ThresholdRuledOut, Message: d.Thresholds[0].Message}},
		Requirements: []v1alpha1.RequirementStatus{
			{Name: "attack", State: v1alpha1.RequirementMet, Evidence: "e1", ExpiresTime: new(day(100)), Message: d.Requirements[0].Message},
			{Name: "bio", State: v1alpha1.RequirementMet, Evidence: "e2", ExpiresTime: new(day(100)), Message: d.Requirements[1].Message},
		},
		Workloads: []v1alpha1.WorkloadStatus{{Kind: "Pod", Name: "p", Message: strings.Repeat("m", 1021) + "..."}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if len(o.plan.Workloads[0].Message) != 2000 {
		t.Error("the plan was changed")
	}
	ceiling := decided(asked(fixture.Asking("Internal")), demanding(), result("0.1"))
	if got := statusFor(asked(), ceiling, asDecided(), now()); got.GrantedExposure != "Internal" || *got.ReplicaCeiling != 16 {
		t.Errorf("granted %q up to %v", got.GrantedExposure, got.ReplicaCeiling)
	}
	neither := statusFor(asked(), decided(asked(), nil), asDecided(), now())
	neither.Conditions = nil
	if diff := cmp.Diff(v1alpha1.ModelReleaseStatus{ObservedGeneration: new(int64(2)), SubjectDigest: d.SubjectDigest}, neither); diff != "" {
		t.Errorf("status without a policy (-want +got):\n%s", diff)
	}
}

func TestClearedUntil(t *testing.T) {
	ending := func(end *metav1.Time, err error) outcome {
		o := outcome{err: err}
		if end != nil {
			o.plan.Clearance.End = &end.Time
		}
		return o
	}
	for sentence, test := range map[string]struct {
		old     *metav1.Time
		outcome outcome
		want    *metav1.Time
	}{
		"the end of the clearance that stands":              {new(day(4)), ending(new(day(8)), nil), new(day(8))},
		"also when it is earlier than it was":               {new(day(8)), ending(new(day(4)), nil), new(day(4))},
		"none where there is no clearance":                  {new(day(4)), ending(nil, nil), nil},
		"the last that is known where acting went wrong":    {new(day(4)), ending(new(day(8)), errBroken), new(day(4))},
		"none where acting went wrong and none is known":    {nil, ending(new(day(8)), errBroken), nil},
		"and where taking it back went wrong it stands yet": {new(day(4)), ending(nil, errBroken), new(day(4))},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(test.want, stands(test.old, test.outcome.plan.Clearance.End, test.outcome)); diff != "" {
				t.Errorf("cleared until (-want +got):\n%s", diff)
			}
		})
	}
}

// A process that ends takes with it what it did not get to tell.
func TestWhatIsHeldIsToldOnceByEachProcess(t *testing.T) {
	held := v1alpha1.ModelReleaseStatus{Workloads: []v1alpha1.WorkloadStatus{{Kind: "Deployment", Name: "lab", Reason: v1alpha1.ReasonAboveCeiling, Message: "because"}}}
	serving := v1alpha1.ModelReleaseStatus{Workloads: []v1alpha1.WorkloadStatus{{Kind: "Deployment", Name: "lab"}}}
	release := fixture.Release("m1")
	for sentence, test := range map[string]struct {
		status v1alpha1.ModelReleaseStatus
		want   []int
	}{
		"what was held before this one looked is told once": {held, []int{1, 0}},
		"what serves is not": {serving, []int{0, 0}},
	} {
		t.Run(sentence, func(t *testing.T) {
			r := &ModelReleaseReconciler{looked: newVerdicts(), seenTemplates: newVerdicts()}
			release.Status = test.status
			for look, want := range test.want {
				if got := announcements(r.told(release, test.status, "1"), test.status); len(got) != want {
					t.Errorf("look %d tells %+v", look+1, got)
				}
			}
		})
	}
}
