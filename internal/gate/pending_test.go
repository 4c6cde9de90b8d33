// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// revising is a rule for revisions: two people of one role, and one of another.
func revising(p *v1alpha1.SafetyPolicy) {
	fixture.Roles("rso", "ceo")(p)
	p.Spec.Revisions = &v1alpha1.RevisionRules{Quorum: []v1alpha1.RoleQuorum{{Role: "rso", Count: 2}, {Role: "ceo", Count: 1}}}
}

// lenient is rsp without what the requirement card asks for.
func lenient(modifiers ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	return rsp(append([]func(*v1alpha1.SafetyPolicy){func(p *v1alpha1.SafetyPolicy) {
		p.Spec.Levels[0].Requires = nil
		p.Spec.Exposures[1].WithoutEvidence, p.Spec.Exposures[2].WithoutEvidence = v1alpha1.WithoutEvidenceAllowed, v1alpha1.WithoutEvidenceAllowed
	}}, modifiers...)...)
}

type pendingCase struct {
	text, inForce *v1alpha1.SafetyPolicy
	release       []func(*v1alpha1.ModelRelease)
	results       []v1alpha1.SafetyEvaluation
	want          string
	wantReason    string
	wantAdverse   bool
	wantCeiling   int32
	// wantEnds is a day; 0 for none.
	wantEnds    int
	wantMessage string
}

func (test pendingCase) run(t *testing.T) {
	t.Helper()
	in := gate.Input{Now: fixture.Day(1), Release: fixture.Release("m1", test.release...), Policy: test.text, InForce: test.inForce, Evaluations: test.results}
	got := gate.Decide(in)
	if got.GrantedExposure != test.want || got.Reason != test.wantReason || got.Adverse != test.wantAdverse {
		t.Errorf("granted %q for %s, adverse %t, want %q for %s, %t: %s",
			got.GrantedExposure, got.Reason, got.Adverse, test.want, test.wantReason, test.wantAdverse, got.Message)
	}
	if want := gate.Revision(&test.text.Spec); got.PolicyRevision != want || got.PendingPolicyRevision != want {
		t.Errorf("the revision is %s and pending is %s, want %s", got.PolicyRevision, got.PendingPolicyRevision, want)
	}
	if test.wantCeiling != 0 && (got.ReplicaCeiling == nil || *got.ReplicaCeiling != test.wantCeiling) {
		t.Errorf("the ceiling is %v, want %d", got.ReplicaCeiling, test.wantCeiling)
	}
	if test.wantEnds != 0 && (got.EvidenceEnds == nil || !got.EvidenceEnds.Equal(fixture.Day(test.wantEnds))) {
		t.Errorf("the evidence ends %v, want %v", got.EvidenceEnds, fixture.Day(test.wantEnds))
	}
	if !strings.Contains(got.Message, test.wantMessage) {
		t.Errorf("the message is %q, want it to say %q", got.Message, test.wantMessage)
	}
}

func days(n int32) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[0].ValidForDays = n }
}

func ceiling(n int32) func(*v1alpha1.SafetyPolicy) {
	return func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures[2].MaxReplicas = &n }
}

func TestPendingRevision(t *testing.T) {
	for name, test := range map[string]pendingCase{
		"what both grant is granted": {
			text: rsp(), inForce: rsp(revising), results: results("card=0.1", "bio=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantEnds: 30, wantMessage: "General is granted: ",
		},
		"what only the text grants waits for people": {
			text: lenient(), inForce: rsp(revising), results: results("bio=0.1"),
			want: "Evaluation", wantReason: v1alpha1.ReasonPolicyRevisionPending,
			wantMessage: "if it weakens the policy, 2 of role rso and 1 of role ceo who did not write it have to approve it in PolicyApprovals, and its cool-off has to pass",
		},
		"where nobody has to approve it waits to be recorded": {
			text: lenient(), inForce: rsp(), results: results("bio=0.1"),
			want: "Evaluation", wantReason: v1alpha1.ReasonPolicyRevisionPending, wantMessage: "it waits until Scalegate has recorded it",
		},
		"what only the revision in force grants is refused for what the text says": {
			text: rsp(), inForce: lenient(), results: results("bio=0.1"),
			want: "Evaluation", wantReason: v1alpha1.ReasonEvidenceMissing, wantMessage: "ASL-2 needs card, which is Missing",
		},
		"what the revision in force calls adverse is adverse": {
			text: lenient(), inForce: rsp(revising), results: results("bio=0.1", "card=0.9"),
			want: "Evaluation", wantReason: v1alpha1.ReasonAdverseFinding, wantAdverse: true, wantMessage: "card, which is Failed",
		},
		"what the text calls adverse is adverse": {
			text: rsp(), inForce: lenient(), results: results("bio=0.1", "card=0.9"),
			want: "Evaluation", wantReason: v1alpha1.ReasonAdverseFinding, wantAdverse: true, wantMessage: "card, which is Failed",
		},
	} {
		t.Run(name, test.run)
	}
}

func TestPendingCeilingAndEnd(t *testing.T) {
	for name, test := range map[string]pendingCase{
		"the lower ceiling counts, of the text": {
			text: rsp(ceiling(4)), inForce: rsp(ceiling(9)), results: results("card=0.1", "bio=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantCeiling: 4, wantEnds: 30,
		},
		"the lower ceiling counts, of the revision in force": {
			text: rsp(), inForce: rsp(ceiling(9)), results: results("card=0.1", "bio=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantCeiling: 9, wantEnds: 30,
		},
		"the earlier end counts, of the text": {
			text: rsp(days(20)), inForce: rsp(), results: results("card=0.1", "bio=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantEnds: 20, wantMessage: "counts until 2026-01-21",
		},
		"the earlier end counts, of the revision in force": {
			text: rsp(), inForce: rsp(days(20)), results: results("card=0.1", "bio=0.1"),
			want: "General", wantReason: v1alpha1.ReasonEvidenceComplete, wantEnds: 20, wantMessage: "counts until 2026-01-21",
		},
		"the end is that of what both grant, and not of what only one does": {
			text: lenient(days(20)), inForce: rsp(func(p *v1alpha1.SafetyPolicy) {
				p.Spec.Requirements[0].NeededFrom = "General"
			}), results: results("bio=0.1"),
			want: "Internal", wantReason: v1alpha1.ReasonPolicyRevisionPending, wantCeiling: 16, wantEnds: 30,
		},
	} {
		t.Run(name, test.run)
	}
}

func TestPendingExposures(t *testing.T) {
	for name, test := range map[string]pendingCase{
		"an exposure that is not in force is not granted, nor what lies above it": {
			text: rsp(func(p *v1alpha1.SafetyPolicy) {
				p.Spec.Exposures = slices.Insert(p.Spec.Exposures, 2, v1alpha1.Exposure{Name: "Beta"})
			}), inForce: rsp(), results: results("card=0.1", "bio=0.1"),
			want: "Internal", wantReason: v1alpha1.ReasonPolicyRevisionPending, wantCeiling: 16, wantEnds: 30, wantMessage: "refuses a lower exposure",
		},
		"nothing is granted to a release that asks for an exposure that is not in force": {
			text: rsp(func(p *v1alpha1.SafetyPolicy) {
				p.Spec.Exposures = append(p.Spec.Exposures, v1alpha1.Exposure{Name: "Public"})
			}), inForce: rsp(),
			release: []func(*v1alpha1.ModelRelease){fixture.Asking("Public")}, results: results("card=0.1", "bio=0.1"),
			wantReason: v1alpha1.ReasonPolicyRevisionPending, wantMessage: "does not have this exposure",
		},
		"a release that asks for what the text does not have is invalid": {
			text: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures = p.Spec.Exposures[:2] }), inForce: rsp(), results: results("card=0.1", "bio=0.1"),
			wantReason: v1alpha1.ReasonInvalidSpec, wantMessage: "spec.exposure General is not an exposure",
		},
	} {
		t.Run(name, test.run)
	}
}

func TestWhatIsPending(t *testing.T) {
	in := gate.Input{Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: rsp(), Evaluations: results("card=0.1", "bio=0.1")}
	plain := gate.Decide(in)
	for name, inForce := range map[string]*v1alpha1.SafetyPolicy{
		"nothing is where the text is in force":              nil,
		"nothing is where the revision in force is the same": rsp(func(p *v1alpha1.SafetyPolicy) { p.UID, p.ResourceVersion = "another", "9" }),
	} {
		t.Run(name, func(t *testing.T) {
			in.InForce = inForce
			if diff := cmp.Diff(plain, gate.Decide(in)); diff != "" {
				t.Errorf("(-plain +got)\n%s", diff)
			}
		})
	}
	t.Run("a policy that is gone grants nothing, whatever was in force", func(t *testing.T) {
		in.Policy, in.InForce = nil, rsp()
		if d := gate.Decide(in); d.Reason != v1alpha1.ReasonPolicyNotFound || d.PendingPolicyRevision != "" {
			t.Errorf("%s: %s", d.Reason, d.Message)
		}
	})
}

func TestPendingResults(t *testing.T) {
	more := func(p *v1alpha1.SafetyPolicy) {
		fixture.Requiring("ASL-2", "extra")(p)
		fixture.Defining("extra", fixture.NeededFrom("Internal"))(p)
		fixture.Raising("CYBER", "ASL-3", "extra")(p)
	}
	d := gate.Decide(gate.Input{
		Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: lenient(func(p *v1alpha1.SafetyPolicy) {
			p.Spec.Requirements[2].Evaluation.ClearAt = "0.4"
		}), InForce: rsp(more), Evaluations: results("card=0.1", "bio=0.3"),
	})
	var requirements, thresholds []string
	for _, r := range d.Requirements {
		requirements = append(requirements, r.Name+" "+string(r.State))
	}
	for _, r := range d.Thresholds {
		thresholds = append(thresholds, r.Name+" "+string(r.State))
	}
	// bio is clear under the text, and between the bounds of the revision in force; extra is only in the latter.
	want := []string{"card Met", "jailbreak Missing", "bio Indeterminate", "extra Missing"}
	if diff := cmp.Diff(want, requirements); diff != "" {
		t.Errorf("requirements (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"CBRN-3 Open", "CYBER Open"}, thresholds); diff != "" {
		t.Errorf("thresholds (-want +got)\n%s", diff)
	}
	general := d.Exposures[2]
	if diff := cmp.Diff([]string{"jailbreak", "bio", "extra"}, general.Blocking); diff != "" {
		t.Errorf("General is blocked by (-want +got)\n%s", diff)
	}
	if general.RequiredLevel != "ASL-3" || d.RequiredLevel != "ASL-3" {
		t.Errorf("General needs %s and the release %s, want ASL-3", general.RequiredLevel, d.RequiredLevel)
	}
}

func TestPendingFindings(t *testing.T) {
	strict := rsp(func(p *v1alpha1.SafetyPolicy) {
		fixture.Judging(v1alpha1.LowerIsSafer, "0.05", "0.08")(&p.Spec.Requirements[0])
	})
	scope := gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil)
	at5 := func(value string) []v1alpha1.SafetyEvaluation {
		return list(fixture.Evaluation("later", "card", value, day(5)), results("bio=0.1")[0])
	}
	stands := fixture.Finding("f", "card", scope, fixture.ResolvedBy(fixture.Namespace, "later"))
	for name, test := range map[string]struct {
		text, inForce *v1alpha1.SafetyPolicy
		results       []v1alpha1.SafetyEvaluation
		findings      []v1alpha1.AdverseFinding
		wantMade      int
		wantResolved  bool
	}{
		"what fails only under the revision in force is found": {text: rsp(), inForce: strict, results: results("card=0.1", "bio=0.1"), wantMade: 1},
		"what fails only under the text is found":              {text: strict, inForce: rsp(), results: results("card=0.1", "bio=0.1"), wantMade: 1},
		"what fails under both is found once":                  {text: strict, inForce: rsp(revising), results: results("card=0.9", "bio=0.1"), wantMade: 1},
		"what resolves a finding under both does": {
			text: rsp(), inForce: rsp(revising), results: at5("0.1"), findings: findings(stands), wantResolved: true,
		},
		"what resolves it only under the text does not": {
			text: rsp(func(p *v1alpha1.SafetyPolicy) {
				fixture.Judging(v1alpha1.LowerIsSafer, "0.4", "0.5")(&p.Spec.Requirements[0])
			}),
			inForce: rsp(), results: at5("0.3"), findings: findings(stands),
		},
		"what resolves it only under the revision in force does not": {
			text: rsp(), results: at5("0.3"), findings: findings(stands),
			inForce: rsp(func(p *v1alpha1.SafetyPolicy) {
				fixture.Judging(v1alpha1.LowerIsSafer, "0.4", "0.5")(&p.Spec.Requirements[0])
			}),
		},
		"what resolves it under the only one that asks for it does": {
			text: func() *v1alpha1.SafetyPolicy {
				p := lenient()
				p.Spec.Requirements = p.Spec.Requirements[1:]
				return p
			}(), inForce: rsp(), results: at5("0.1"), findings: findings(stands), wantResolved: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := gate.Input{
				Now: fixture.Day(10), Release: fixture.Release("m1"), Policy: test.text, InForce: test.inForce, Evaluations: test.results, Findings: test.findings,
			}
			got := gate.Decide(in)
			if len(got.NewFindings) != test.wantMade {
				t.Errorf("%d findings are made, want %d", len(got.NewFindings), test.wantMade)
			}
			if len(test.findings) > 0 && (len(got.Resolutions) != 1 || got.Resolutions[0].Effective != test.wantResolved) {
				t.Errorf("the answers are %+v", got.Resolutions)
			}
			if test.wantMade > 0 && !got.Adverse || len(test.findings) > 0 && got.Adverse == test.wantResolved {
				t.Errorf("adverse is %t: %s", got.Adverse, got.Message)
			}
			// What was decided is decided again once it was done, but for what there was to do.
			after := gate.Decide(closed(in, got))
			got.NewFindings, got.Resolutions, after.NewFindings, after.Resolutions = nil, nil, nil, nil
			if diff := cmp.Diff(got, after); diff != "" {
				t.Errorf("after it was carried out (-before +after)\n%s", diff)
			}
		})
	}
}

func TestPendingCauses(t *testing.T) {
	short := func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[0].ValidForDays = 5 }
	lapse := gate.Decide(gate.Input{
		Now: fixture.Day(10), Release: fixture.Release("m1"), Policy: rsp(), InForce: rsp(short), Evaluations: results("card=0.1", "bio=0.1"),
	})
	if x := lapse.Exposures[2]; x.Lapsed == nil || !x.Lapsed.Equal(fixture.Day(5)) || lapse.Reason != v1alpha1.ReasonPolicyRevisionPending {
		t.Errorf("what lapsed under the revision in force: %v, %s", x.Lapsed, lapse.Reason)
	}
	absent := gate.Decide(gate.Input{
		Now: fixture.Day(40), Release: fixture.Release("m1"), Policy: lenient(), InForce: rsp(), Evaluations: results("bio=0.1"),
	})
	if x := absent.Exposures[2]; x.Lapsed != nil || absent.Reason != v1alpha1.ReasonEvidenceExpired {
		t.Errorf("what lapsed under the text and lacks something under the other: %v, %s", x.Lapsed, absent.Reason)
	}
	recalled := func(severity v1alpha1.RevocationSeverity) gate.Decision {
		evaluations := results("card=0.1", "bio=0.1")
		fixture.Revoked(severity)(&evaluations[0])
		return gate.Decide(gate.Input{Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: lenient(), InForce: rsp(), Evaluations: evaluations})
	}
	for _, severity := range []v1alpha1.RevocationSeverity{v1alpha1.RevocationAdvisory, v1alpha1.RevocationCritical} {
		if d := recalled(severity); d.Exposures[2].Revoked != severity || d.Reason != v1alpha1.ReasonRevoked {
			t.Errorf("a result that only the revision in force needs, revoked %s: %q, %s", severity, d.Exposures[2].Revoked, d.Reason)
		}
	}
}

// A revision is the beginning of a digest, so that two texts can be made to have the same.
func TestAPendingTextIsKnownByWhatItSays(t *testing.T) {
	in := gate.Input{
		Now: fixture.Day(1), Release: fixture.Release("m1"), Evaluations: results("bio=0.1"),
		Policy: lenient(), PolicyRevision: current, InForce: rsp(), InForceRevision: current,
	}
	if d := gate.Decide(in); d.GrantedExposure != "Evaluation" || d.PendingPolicyRevision != current {
		t.Errorf("%q is granted and pending is %q: %s", d.GrantedExposure, d.PendingPolicyRevision, d.Message)
	}
	in.InForce = lenient()
	if d := gate.Decide(in); d.GrantedExposure != "General" || d.PendingPolicyRevision != "" {
		t.Errorf("the text is in force, %q is granted and pending is %q: %s", d.GrantedExposure, d.PendingPolicyRevision, d.Message)
	}
}

// What people sign counts for the text and the revision in force alike, whichever of the two they were shown.
func TestSignedWhilePending(t *testing.T) {
	signed := func(p *v1alpha1.SafetyPolicy) {
		fixture.Roles("rso")(p)
		fixture.Defining("sign-off", fixture.Signing("rso"), fixture.NeededFrom("Internal"))(p)
		fixture.Requiring("ASL-2", "sign-off")(p)
	}
	text, inForce := rsp(signed, func(p *v1alpha1.SafetyPolicy) { p.Spec.Requirements[0].ValidForDays = 200 }), rsp(signed)
	for name, test := range map[string]struct {
		revision string
		prior    []string
		want     string
	}{
		"the text":              {revision: gate.Revision(&text.Spec), want: "General"},
		"the revision in force": {revision: gate.Revision(&inForce.Spec), want: "General"},
		"one before it, since which nothing was weakened": {revision: "sha256:00000000", prior: []string{"sha256:00000000"}, want: "General"},
		"another": {revision: "sha256:00000000", want: "Evaluation"},
	} {
		t.Run(name, func(t *testing.T) {
			release := fixture.Release("m1")
			shown := fixture.Shown{Subject: gate.Digest(gate.Artifacts(release), nil), Revision: test.revision}
			d := gate.Decide(gate.Input{
				Now: fixture.Day(2), Release: release, Policy: text, InForce: inForce, PriorRevisions: test.prior,
				Evaluations: results("card=0.1", "bio=0.1"), Approvals: []v1alpha1.ReleaseApproval{fixture.Approval("ann", "rso", shown)},
			})
			if d.GrantedExposure != test.want {
				t.Errorf("%q is granted, want %q: %s", d.GrantedExposure, test.want, d.Message)
			}
			if len(d.Records) != 1 || d.Records[0].Counts != (test.want == "General") {
				t.Errorf("the records are %+v", d.Records)
			}
		})
	}
}

func TestPendingRecheck(t *testing.T) {
	d := gate.Decide(gate.Input{
		Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: rsp(), Evaluations: results("card=0.1", "bio=0.1"),
		InForce: rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.ClearanceSeconds = new(int32(3600)) }),
	})
	if !d.ClearedUntil.Equal(fixture.Day(1).Add(time.Hour)) || d.RecheckAfter != 30*time.Minute {
		t.Errorf("cleared until %v, and looked at after %v", d.ClearedUntil, d.RecheckAfter)
	}
}
