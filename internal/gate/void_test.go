// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

func TestWhatVoidsAnApproval(t *testing.T) {
	other := signed("word", "rso")
	other.Spec.SubjectDigest = gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("other")}, nil)
	old := signed("word", "rso")
	old.Spec.PolicyRevision = prior
	undated := signed("word", "rso")
	undated.CreationTimestamp = metav1.Time{}
	late := evaluation("late", "0.3", day(2))
	weights := gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil)
	made := func(n int) func(*v1alpha1.AdverseFinding) {
		return func(f *v1alpha1.AdverseFinding) { f.CreationTimestamp = metav1.NewTime(fixture.Day(n)) }
	}
	stored := func(n int, modifiers ...func(*v1alpha1.AdverseFinding)) []v1alpha1.AdverseFinding {
		return findings(fixture.Finding("found", "uplift", weights, append(modifiers, made(n), fixture.ResolvedAt(fixture.Day(0)))...))
	}
	word := approvals(signed("word", "rso"))
	for name, test := range map[string]struct {
		peopleCase
		wantRecord string
	}{
		"nothing":                                        {peopleCase: peopleCase{approvals: word}},
		"other artifacts":                                {peopleCase: peopleCase{approvals: approvals(other)}, wantRecord: v1alpha1.ReasonOtherArtifacts},
		"no time at which it was stored":                 {peopleCase: peopleCase{approvals: approvals(undated)}, wantRecord: v1alpha1.ReasonNotYet},
		"a time that is to come":                         {peopleCase: peopleCase{approvals: approvals(signed("word", "rso", on(11)))}, wantRecord: v1alpha1.ReasonNotYet},
		"an exposure that the policy does not have":      {peopleCase: peopleCase{approvals: approvals(signed("word", "rso", fixture.UpTo("Everybody")))}, wantRecord: v1alpha1.ReasonInvalidSpec},
		"its own end":                                    {peopleCase: peopleCase{approvals: approvals(signed("word", "rso", fixture.Until(fixture.Day(10))))}, wantRecord: v1alpha1.ReasonEnded},
		"the end that the policy sets":                   {peopleCase: peopleCase{approvals: word, now: 101}, wantRecord: v1alpha1.ReasonEnded},
		"a revision that is not known":                   {peopleCase: peopleCase{approvals: approvals(old)}, wantRecord: v1alpha1.ReasonPolicyChanged},
		"not a revision since which nothing was weaker":  {peopleCase: peopleCase{approvals: approvals(old), prior: []string{prior}}},
		"a later result that is not clear":               {peopleCase: peopleCase{approvals: word, evaluations: list(late)}, wantRecord: v1alpha1.ReasonWeakerEvidence},
		"not an earlier one":                             {peopleCase: peopleCase{approvals: approvals(signed("word", "rso", on(3))), evaluations: list(late)}},
		"not one that was known in the same second":      {peopleCase: peopleCase{approvals: approvals(signed("word", "rso", on(2))), evaluations: list(late)}},
		"not a later one that is clear":                  {peopleCase: peopleCase{approvals: word, evaluations: list(evaluation("late", "0.1", day(2)))}},
		"not one that cannot be used":                    {peopleCase: peopleCase{approvals: word, evaluations: list(evaluation("late", "0.3", day(2), fixture.Counting(5, 5, 0, 0)))}},
		"not one about other artifacts":                  {peopleCase: peopleCase{approvals: word, evaluations: list(evaluation("late", "0.3", day(2), fixture.About(fixture.Weights("other"))))}},
		"a later one, though a still later one is clear": {peopleCase: peopleCase{approvals: word, evaluations: list(late, evaluation("clear", "0.1", day(4)))}, wantRecord: v1alpha1.ReasonWeakerEvidence},
		"a later finding":                                {peopleCase: peopleCase{approvals: word, findings: stored(2)}, wantRecord: v1alpha1.ReasonWeakerEvidence},
		"not an earlier finding":                         {peopleCase: peopleCase{approvals: word, findings: stored(0)}},
		"not a finding about other artifacts":            {peopleCase: peopleCase{approvals: word, findings: stored(2, fixture.Concerning(fixture.Weights("other")), func(f *v1alpha1.AdverseFinding) { f.Spec.ScopeDigest = "other" })}},
		"not a finding that does not reach here":         {peopleCase: peopleCase{approvals: word, findings: stored(2, fixture.Spoken("elsewhere", v1alpha1.ReachNamespace))}},
		"the revocation of what decided then":            {peopleCase: peopleCase{approvals: word, evaluations: list(evaluation("e", "0.1", fixture.Revoked(v1alpha1.RevocationAdvisory)))}, wantRecord: v1alpha1.ReasonWeakerEvidence},
		"not that of what another had replaced then": {peopleCase: peopleCase{
			approvals:   approvals(signed("word", "rso", on(3))),
			evaluations: list(evaluation("e", "0.1", fixture.Revoked(v1alpha1.RevocationAdvisory)), evaluation("f", "0.1", day(2))),
		}},
		"not that of what came later": {peopleCase: peopleCase{approvals: word, evaluations: list(evaluation("e", "0.1", day(2), fixture.Revoked(v1alpha1.RevocationAdvisory)))}},
	} {
		t.Run(name, func(t *testing.T) {
			test.wantGranted, test.wantRecords = "General", records("word", counts)
			if test.wantRecord != "" {
				test.wantGranted, test.wantReason, test.wantRecords = "", missingApproval, records("word", test.wantRecord)
			}
			if test.wantRecord == v1alpha1.ReasonEnded {
				test.wantReason = v1alpha1.ReasonEvidenceExpired
			}
			test.check(t, "sign-off", append(signOff(fixture.Signing("rso")), fixture.Defining("uplift"), fixture.Raising("T", "ASL-2", "uplift"))...)
		})
	}
}

// What the policy relies on nowhere, or only above what was signed, is no evidence that whoever signed had to know.
func TestWeakerEvidenceVoidsWhatRestsOnIt(t *testing.T) {
	const weaker = v1alpha1.ReasonWeakerEvidence
	low := signed("word", "rso", fixture.UpTo("Internal"))
	w, d := asked("x", naming("sign-off")), fixture.Determination("x", "T", v1alpha1.ConclusionRuledOut, shown())
	for name, test := range map[string]struct {
		rules []func(*v1alpha1.SafetyPolicy)
		peopleCase
		want string
	}{
		"what a level requires at the exposure":         {policy(fixture.Requiring("ASL-3", "uplift"), fixture.Defining("uplift", fixture.NeededFrom("Internal"))), peopleCase{approvals: approvals(low)}, weaker},
		"what a level requires above the exposure":      {policy(fixture.Requiring("ASL-3", "uplift"), fixture.Defining("uplift", fixture.NeededFrom("General"))), peopleCase{approvals: approvals(low)}, counts},
		"what a threshold requires at the exposure":     {policy(fixture.Raising("T", "ASL-3", "other"), fixture.RequiringBeside("T", "uplift"), fixture.Defining("other"), fixture.Defining("uplift")), peopleCase{approvals: approvals(low)}, weaker},
		"what a threshold requires above the exposure":  {policy(fixture.Raising("T", "ASL-3", "other"), fixture.RequiringBeside("T", "uplift"), fixture.Defining("other"), fixture.Defining("uplift", fixture.NeededFrom("General"))), peopleCase{approvals: approvals(low)}, counts},
		"what rules a threshold out, at every exposure": {policy(fixture.Raising("T", "ASL-3", "uplift"), fixture.Defining("uplift", fixture.NeededFrom("General"))), peopleCase{approvals: approvals(low)}, weaker},
		"what nothing refers to":                        {policy(fixture.Defining("uplift")), peopleCase{approvals: approvals(signed("word", "rso"))}, counts},
		"what nothing refers to voids no waiver":        {policy(fixture.Defining("uplift"), fixture.Waiving("ceo", "rso")), peopleCase{waivers: waivers(w), approvals: granting(w)}, counts},
		"what a level requires voids a determination":   {policy(fixture.Raising("T", "ASL-3", "other"), fixture.Defining("other"), fixture.Requiring("ASL-3", "uplift"), fixture.Defining("uplift", fixture.NeededFrom("General")), fixture.Determining("rso")), peopleCase{determinations: []v1alpha1.ReleaseDetermination{d}}, weaker},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, late := range map[string]struct {
				evaluations []v1alpha1.SafetyEvaluation
				findings    []v1alpha1.AdverseFinding
			}{
				"a result that is not clear":     {evaluations: list(evaluation("late", "0.3", day(2)))},
				"the revocation of what decided": {evaluations: list(evaluation("e", "0.1", fixture.Revoked(v1alpha1.RevocationAdvisory)))},
				"a finding, though it was resolved": {findings: findings(fixture.Finding("found", "uplift",
					gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil), fixture.ResolvedAt(fixture.Day(0)),
					func(f *v1alpha1.AdverseFinding) { f.CreationTimestamp = metav1.NewTime(fixture.Day(2)) }))},
			} {
				given := test.peopleCase
				given.evaluations, given.findings = late.evaluations, late.findings
				got := gate.Decide(given.input(append(signOff(fixture.Signing("rso")), test.rules...)...))
				record := got.Records[slices.IndexFunc(got.Records, func(r gate.RecordResult) bool { return r.Name == "word" || r.Name == "x" })]
				if record.Reason != test.want {
					t.Errorf("after %s %s is %s: %s", kind, record.Name, record.Reason, record.Message)
				}
			}
		})
	}
}

func TestWhatVoidsNoObjection(t *testing.T) {
	old := signed("no", "rso", fixture.Saying(object), fixture.UpTo("Evaluation"), fixture.Until(fixture.Day(2)))
	old.Spec.PolicyRevision = prior
	undated := signed("no", "rso", fixture.Saying(object), fixture.UpTo("Evaluation"))
	undated.CreationTimestamp = metav1.Time{}
	for name, objection := range map[string]v1alpha1.ReleaseApproval{
		"its end and a revision that is not known":     old,
		"a time that is to come":                       signed("no", "rso", fixture.Saying(object), fixture.UpTo("Evaluation"), on(12)),
		"an exposure that the policy does not have":    signed("no", "rso", fixture.Saying(object), fixture.UpTo("Everybody")),
		"that nobody knows when it was stored":         undated,
		"that whoever objects is a party, or anything": signed("no", "rso", fixture.Saying(object), fixture.UpTo("Evaluation"), fixture.By("eva")),
	} {
		t.Run(name, func(t *testing.T) {
			test := peopleCase{
				evaluations: list(evaluation("e", "0.3", day(5), fixture.BroughtBy("eva"))),
				approvals:   approvals(signed("ann", "rso", on(6)), objection), want: objected, wantReason: v1alpha1.ReasonObjected,
			}
			test.check(t, "sign-off", append(signOff(fixture.Signing("rso"), fixture.Apart(v1alpha1.PartyEvaluator)), fixture.Defining("uplift"))...)
		})
	}
	t.Run("other artifacts do", func(t *testing.T) {
		elsewhere := signed("no", "rso", fixture.Saying(object))
		elsewhere.Spec.SubjectDigest = gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("other")}, nil)
		test := peopleCase{
			approvals: approvals(signed("ann", "rso"), elsewhere), want: met, wantGranted: "General",
			wantRecords: records("no", v1alpha1.ReasonOtherArtifacts),
		}
		test.check(t, "sign-off", signOff(fixture.Signing("rso"))...)
	})
}
