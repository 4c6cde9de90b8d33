// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	advisory = v1alpha1.RevocationAdvisory
	critical = v1alpha1.RevocationCritical
)

func TestARevokedResult(t *testing.T) {
	withdrawn := func(name string, n int) v1alpha1.SafetyEvaluation {
		return evaluation(name, "0.1", day(n), fixture.Revoked(advisory))
	}
	again := func(namespace string) []gate.Sighting {
		first := evaluation("again", "0.1", day(3), fixture.Revoked(critical))
		first.UID, first.Namespace = "first", namespace
		return []gate.Sighting{gate.SightingOf(&first)}
	}
	for name, test := range map[string]requirementCase{
		"a pass that was revoked counts for nothing, and the requirement says so": {
			evaluations: list(withdrawn("e", 3)), want: revoked, wantEvidence: "e",
			wantMessage: "Evaluation e is clear, but was revoked (Advisory, by rso@example.com) and counts for nothing. Run or import another evaluation",
		},
		"an earlier pass that was not revoked counts again": {
			evaluations: list(evaluation("early", "0.1", day(1)), withdrawn("e", 3)), want: met, wantEvidence: "early",
			wantExpires: 101, wantMessage: "Not counted because they were revoked: 1.",
		},
		"an earlier pass that has expired does not": {
			evaluations: list(evaluation("early", "0.1", day(1)), withdrawn("e", 3)), now: 102, want: revoked, wantEvidence: "e",
		},
		"a later pass makes up for it": {
			evaluations: list(withdrawn("e", 3), evaluation("late", "0.1", day(4))), want: met, wantEvidence: "late",
		},
		"a later result between the bounds decides, revoked or not": {
			evaluations: list(withdrawn("e", 3), evaluation("unclear", "0.3", day(4), fixture.Revoked(advisory))), want: indeterminate, wantEvidence: "unclear",
		},
		"an earlier result between the bounds is not the reason": {
			evaluations: list(evaluation("unclear", "0.3", day(1)), withdrawn("e", 3)), want: revoked, wantEvidence: "e",
		},
		"a failing result fails, revoked or not": {
			evaluations: list(withdrawn("e", 3), evaluation("bad", "0.9", fixture.Revoked(critical))), want: failed,
		},
		"of several the one that would decide is named": {
			evaluations: list(withdrawn("e", 3), withdrawn("f", 4)), want: revoked, wantEvidence: "f",
			wantMessage: "Not counted because they were revoked: 1.",
		},
		"what was revoked stays so when it would have ended": {
			evaluations: list(withdrawn("e", 3)), now: 200, want: revoked, wantEvidence: "e",
		},
		"what had expired before it was brought showed nothing that could be revoked": {
			evaluations: list(evaluation("e", "0.1", day(3), fixture.Ended(fixture.Day(-100)), fixture.Revoked(critical))), want: missing,
			wantMessage: "No result counts. Not counted because they were revoked: 1.",
		},
		"the same file brought once more is revoked as well": {
			evaluations: list(evaluation("again", "0.1", day(4))), sightings: again(fixture.Namespace), want: revoked, wantEvidence: "again",
			wantMessage: "Evaluation again is clear, but was revoked (Critical, by rso@example.com)",
		},
		"what somebody revokes in another namespace says nothing here": {
			evaluations: list(evaluation("again", "0.1", day(4))), sightings: again("elsewhere"), want: met, wantEvidence: "again", wantExpires: 103,
		},
		"one whose relation is not accepted was none before": {
			evaluations: list(evaluation("e", "0.1", fixture.Revoked(critical), fixture.Related(v1alpha1.RelationSimilarlySafe, fixture.Weights("x")))), want: missing,
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

func TestARevokedResultIsChangedByAnother(t *testing.T) {
	got := gate.Decide(upliftInput(list(evaluation("e", "0.1", fixture.Revoked(critical))), nil))
	if diff := cmp.Diff(gate.Change{Act: gate.ActEvaluate}, got.Requirements[0].Change); diff != "" {
		t.Error(diff)
	}
	older := upliftInput(list(evaluation("old", "0.1"), evaluation("e", "0.1", day(3), fixture.Revoked(critical))), nil)
	older.Now = fixture.Day(101)
	if r := gate.Decide(older).Requirements[0]; r.State != revoked || r.Expires != nil {
		t.Errorf("beside one that expired the state is %s until %v, want Revoked without an end", r.State, r.Expires)
	}
	if want := "ASL-2 needs uplift, which is Revoked (run or import another evaluation for it)"; !strings.Contains(got.Message, want) {
		t.Errorf("the message is %q, want it to say %q", got.Message, want)
	}
}

// other is another release than m1, of the artifacts.
func other(name string, artifacts []v1alpha1.SubjectArtifact, modifiers ...func(*v1alpha1.ModelRelease)) v1alpha1.ModelRelease {
	return *fixture.Release(name, append(modifiers, fixture.Of(artifacts...))...)
}

func artifacts(list ...v1alpha1.SubjectArtifact) []v1alpha1.SubjectArtifact { return list }

func elsewhere(r *v1alpha1.ModelRelease) { r.Namespace = "elsewhere" }

// recallCase is a release that may be revoked, and others that are.
type recallCase struct {
	release     []func(*v1alpha1.ModelRelease)
	revoked     []v1alpha1.ModelRelease
	want        v1alpha1.RevocationSeverity
	wantMessage string
}

func (test recallCase) check(t *testing.T) {
	t.Helper()
	got := gate.Decide(gate.Input{
		Now: fixture.Day(1), Release: fixture.Release("m1", test.release...), Policy: rsp(),
		Evaluations: results("card=0.1", "bio=0.1"), Revoked: test.revoked,
	})
	granted, reason := "General", v1alpha1.ReasonEvidenceComplete
	if test.want != "" {
		granted, reason = "", v1alpha1.ReasonRevoked
	}
	if got.GrantedExposure != granted || got.Reason != reason || got.Adverse || !strings.Contains(got.Message, test.wantMessage) {
		t.Errorf("granted %q for %s, adverse %v, want %q for %s: %s", got.GrantedExposure, got.Reason, got.Adverse, granted, reason, got.Message)
	}
	for _, x := range got.Exposures {
		if x.Revoked != test.want || x.Lapsed != nil || x.Reason != reason {
			t.Errorf("%s is revoked %q, lapsed %v, for %s, want %q, no lapse and %s", x.Name, x.Revoked, x.Lapsed, x.Reason, test.want, reason)
		}
	}
}

func TestARevokedRelease(t *testing.T) {
	weights := fixture.Weights("m1")
	recalled := fixture.Recalled(advisory, v1alpha1.ReachNamespace)
	everywhere := fixture.Recalled(critical, v1alpha1.ReachCluster)
	for name, test := range map[string]recallCase{
		"the release itself": {
			release: []func(*v1alpha1.ModelRelease){recalled}, want: advisory,
			wantMessage: "the release is revoked (Advisory, by rso@example.com); only somebody who holds the verb resolve takes that back.",
		},
		"another with the same weights in its namespace": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(weights, fixture.Server("m2")), recalled)}, want: advisory,
			wantMessage: "release serving/m2, which has the same weights, is revoked (Advisory, by rso@example.com); serve other weights",
		},
		"one of another namespace that reaches everywhere": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(weights), everywhere, elsewhere)}, want: critical,
		},
		"one of another namespace that reaches no further": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(weights), recalled, elsewhere)},
		},
		"one of another namespace whose reach nobody stamped": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(weights), fixture.Recalled(critical, ""), elsewhere)},
		},
		"one with the same weights that is not revoked": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(weights))},
		},
		"what the release was revoked for before it says itself": {
			revoked: []v1alpha1.ModelRelease{*fixture.Release("m1", recalled)},
		},
		"a release of its name elsewhere is another": {
			revoked: []v1alpha1.ModelRelease{*fixture.Release("m1", everywhere, elsewhere)}, want: critical,
		},
		"of several the gravest": {
			release: []func(*v1alpha1.ModelRelease){recalled},
			revoked: []v1alpha1.ModelRelease{
				other("m2", artifacts(weights), recalled), other("m3", artifacts(weights), everywhere), other("m4", artifacts(weights), everywhere),
			},
			want: critical, wantMessage: "release serving/m3, ",
		},
		"of several that are equally grave its own": {
			release: []func(*v1alpha1.ModelRelease){recalled},
			revoked: []v1alpha1.ModelRelease{other("m0", artifacts(weights), recalled)},
			want:    advisory, wantMessage: "the release is revoked",
		},
	} {
		t.Run(name, test.check)
	}
}

// What makes another release the same model: its weights, whatever else there is.
func TestTheSameWeights(t *testing.T) {
	weights, server := fixture.Weights("m1"), fixture.Server("m1")
	recalled := fixture.Recalled(advisory, v1alpha1.ReachNamespace)
	for name, test := range map[string]recallCase{
		"one with more weights than these": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(weights, fixture.Weights("m2")), recalled)},
		},
		"one that shares no more than the server": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(fixture.Weights("m2"), server), recalled)},
		},
		"one without weights whose artifacts are all here": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(server), recalled)}, want: advisory,
		},
		"one without weights of which something is not here": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(server, fixture.Safeguard("m2")), recalled)},
		},
		"one with the same weights under another type": {
			revoked: []v1alpha1.ModelRelease{other("m2", artifacts(v1alpha1.SubjectArtifact{Type: v1alpha1.ArtifactWeights, Digest: server.Digest}), recalled)}, want: advisory,
		},
	} {
		t.Run(name, test.check)
	}
}

// excuses are Adverse, Lapsed (a day of the fixture's calendar, 0 for none) and Revoked of one exposure.
type excuses struct {
	Adverse bool
	Lapsed  int
	Revoked v1alpha1.RevocationSeverity
}

func excusesOf(x *gate.ExposureResult) excuses {
	e := excuses{Adverse: x.Adverse, Revoked: x.Revoked}
	if x.Lapsed != nil {
		e.Lapsed = int(x.Lapsed.Sub(fixture.Day(0)).Hours() / 24)
	}
	return e
}

// withdrawn revokes those of the results that are for the requirement.
func withdrawn(all []v1alpha1.SafetyEvaluation, requirement string, severity v1alpha1.RevocationSeverity) []v1alpha1.SafetyEvaluation {
	for i := range all {
		if all[i].Spec.Requirement == requirement {
			fixture.Revoked(severity)(&all[i])
		}
	}
	return all
}

// refusalCase says what refuses General: age alone, a revocation, a finding, or what never was there. In rsp card counts for
// 100 days, jailbreak for 50 and bio for 30; an open CBRN-3 asks for jailbreak.
type refusalCase struct {
	release     []func(*v1alpha1.ModelRelease)
	evaluations []v1alpha1.SafetyEvaluation
	now         int
	want        excuses
	wantReason  string
}

func (test refusalCase) check(t *testing.T) {
	t.Helper()
	got := gate.Decide(gate.Input{
		Now: fixture.Day(test.now), Release: fixture.Release("m1", test.release...), Policy: rsp(), Evaluations: test.evaluations,
	})
	general := &got.Exposures[2]
	if diff := cmp.Diff(test.want, excusesOf(general)); diff != "" || general.Reason != test.wantReason {
		t.Errorf("General has reason %s, want %s (-want +got)\n%s%s", general.Reason, test.wantReason, diff, general.Message)
	}
}

func TestWhatLapsed(t *testing.T) {
	for name, test := range map[string]refusalCase{
		"granted, nothing refuses it": {
			evaluations: results("card=0.1", "bio=0.1"), now: 29, wantReason: v1alpha1.ReasonEvidenceComplete,
		},
		"what ruled the threshold out ended": {
			evaluations: results("card=0.1", "bio=0.1"), now: 30, want: excuses{Lapsed: 30}, wantReason: v1alpha1.ReasonEvidenceExpired,
		},
		"of several that ended the first counts": {
			evaluations: results("card=0.1", "bio=0.1"), now: 200, want: excuses{Lapsed: 30}, wantReason: v1alpha1.ReasonEvidenceExpired,
		},
		"what ended and supports nothing does not count": {
			// bio is between the bounds, so that jailbreak is what counts.
			evaluations: results("card=0.1", "bio=0.3", "jailbreak=0.1"), now: 60, want: excuses{Lapsed: 50}, wantReason: v1alpha1.ReasonEvidenceExpired,
		},
		"what ended beside what is missing is no lapse": {
			evaluations: results("bio=0.1"), now: 30, wantReason: v1alpha1.ReasonEvidenceExpired,
		},
		"what ended when it was brought is no lapse": {
			evaluations: append(results("card=0.1"), fixture.Evaluation("bio-1", "bio", "0.1", fixture.Ended(fixture.Day(-40)))), now: 30,
			wantReason: v1alpha1.ReasonEvidenceExpired,
		},
		"what ended beside a failure is adverse": {
			evaluations: results("card=0.9", "bio=0.1"), now: 30, want: excuses{Adverse: true}, wantReason: v1alpha1.ReasonAdverseFinding,
		},
		"under a reached threshold safeguards that ended are a lapse": {
			evaluations: results("card=0.1", "bio=0.9", "jailbreak=0.1"), now: 60, want: excuses{Lapsed: 50}, wantReason: v1alpha1.ReasonEvidenceExpired,
		},
		"an invalid spec is no lapse": {
			release: []func(*v1alpha1.ModelRelease){fixture.Declared("typo")}, evaluations: results("card=0.1", "bio=0.1"), now: 30,
			wantReason: v1alpha1.ReasonInvalidSpec,
		},
	} {
		t.Run(name, test.check)
	}
}

func TestWhatARevocationRefuses(t *testing.T) {
	for name, test := range map[string]refusalCase{
		"under a reached threshold safeguards that were revoked are no finding": {
			evaluations: withdrawn(results("card=0.1", "bio=0.9", "jailbreak=0.1"), "jailbreak", advisory), now: 20,
			want: excuses{Revoked: advisory}, wantReason: v1alpha1.ReasonRevoked,
		},
		"an Advisory revocation of what is needed": {
			evaluations: withdrawn(results("card=0.1", "bio=0.1"), "card", advisory), now: 1,
			want: excuses{Revoked: advisory}, wantReason: v1alpha1.ReasonRevoked,
		},
		"an Advisory revocation of what rules a threshold out": {
			evaluations: withdrawn(results("card=0.1", "bio=0.1"), "bio", advisory), now: 1,
			want: excuses{Revoked: advisory}, wantReason: v1alpha1.ReasonRevoked,
		},
		"an Advisory revocation beside what ended": {
			evaluations: withdrawn(results("card=0.1", "bio=0.1"), "card", advisory), now: 30,
			want: excuses{Revoked: advisory}, wantReason: v1alpha1.ReasonRevoked,
		},
		"an Advisory revocation beside what is missing": {
			evaluations: withdrawn(results("bio=0.1"), "bio", advisory), now: 1, wantReason: v1alpha1.ReasonRevoked,
		},
		"a Critical revocation beside what is missing": {
			evaluations: withdrawn(results("bio=0.1"), "bio", critical), now: 1,
			want: excuses{Revoked: critical}, wantReason: v1alpha1.ReasonRevoked,
		},
		"a Critical revocation beside what ended": {
			evaluations: withdrawn(results("card=0.1", "bio=0.1"), "card", critical), now: 30,
			want: excuses{Revoked: critical}, wantReason: v1alpha1.ReasonRevoked,
		},
		"the revocation of what is not needed takes nothing": {
			evaluations: withdrawn(results("card=0.1", "bio=0.1", "jailbreak=0.1"), "jailbreak", critical), now: 1,
			wantReason: v1alpha1.ReasonEvidenceComplete,
		},
		"a Critical revocation beside a failure is another cause": {
			evaluations: withdrawn(results("card=0.1", "bio=0.9"), "card", critical), now: 1,
			want: excuses{Adverse: true, Revoked: critical}, wantReason: v1alpha1.ReasonAdverseFinding,
		},
		"a revoked release whose evidence ended has not lapsed": {
			release:     []func(*v1alpha1.ModelRelease){fixture.Recalled(advisory, v1alpha1.ReachNamespace)},
			evaluations: results("card=0.1", "bio=0.1"), now: 30, want: excuses{Revoked: advisory}, wantReason: v1alpha1.ReasonRevoked,
		},
		"a Critical revocation of a result outweighs an Advisory one of the release": {
			release:     []func(*v1alpha1.ModelRelease){fixture.Recalled(advisory, v1alpha1.ReachNamespace)},
			evaluations: withdrawn(results("card=0.1", "bio=0.1"), "card", critical), now: 1,
			want: excuses{Revoked: critical}, wantReason: v1alpha1.ReasonRevoked,
		},
		"a revoked release with an invalid spec": {
			release:     []func(*v1alpha1.ModelRelease){fixture.Declared("typo"), fixture.Recalled(critical, v1alpha1.ReachNamespace)},
			evaluations: results("card=0.1", "bio=0.1"), now: 1, want: excuses{Revoked: critical}, wantReason: v1alpha1.ReasonInvalidSpec,
		},
	} {
		t.Run(name, test.check)
	}
}

func TestLowerExposuresHaveTheirOwnExcuse(t *testing.T) {
	policy := rsp(fixture.Requiring("ASL-2", "public"), fixture.Defining("public", fixture.NeededFrom("General"), fixture.ValidFor(10)))
	got := gate.Decide(gate.Input{
		Now: fixture.Day(20), Release: fixture.Release("m1", fixture.Asking("Internal")), Policy: policy,
		Evaluations: withdrawn(results("card=0.1", "bio=0.1", "public=0.1"), "card", advisory),
	})
	var all []excuses
	for i := range got.Exposures {
		all = append(all, excusesOf(&got.Exposures[i]))
	}
	if diff := cmp.Diff([]excuses{{}, {Revoked: advisory}, {Revoked: advisory}}, all); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.GrantedExposure != "Evaluation" {
		t.Errorf("granted %q, want Evaluation, which needs nothing", got.GrantedExposure)
	}
}

// The end of the evidence is said apart from that of the clearance, and it is looked at when people are to be warned.
func TestTheEndOfTheEvidenceIsKnownBefore(t *testing.T) {
	for now, want := range map[int]int{1: 15, 16: 11, 27: 2, 29: 1} {
		policy := rsp(func(p *v1alpha1.SafetyPolicy) { p.Spec.ClearanceSeconds = new(int32(30 * 24 * 3600)) })
		got := gate.Decide(gate.Input{Now: fixture.Day(now), Release: fixture.Release("m1"), Policy: policy, Evaluations: results("card=0.1", "bio=0.1")})
		if got.EvidenceEnds == nil || !got.EvidenceEnds.Equal(fixture.Day(30)) {
			t.Errorf("on day %d the evidence ends %v, want %v", now, got.EvidenceEnds, fixture.Day(30))
		}
		if days := got.RecheckAfter.Hours() / 24; days != float64(want) {
			t.Errorf("on day %d it is looked at after %v days, want %d", now, days, want)
		}
	}
	for name, in := range map[string]gate.Input{
		"nothing is granted":         {Release: fixture.Release("m1", fixture.Declared("typo"))},
		"what needs no evidence":     {Release: fixture.Release("m1", fixture.Asking("Evaluation"))},
		"the release is taken back":  {Release: fixture.Release("m1", fixture.Recalled(advisory, ""))},
		"the release has no parent":  {Release: fixture.Release("m1", fixture.DerivedFrom("m0"))},
		"the evidence ended already": {Release: fixture.Release("m1"), Now: fixture.Day(30)},
	} {
		if in.Now.IsZero() {
			in.Now = fixture.Day(1)
		}
		in.Policy, in.Evaluations = rsp(), results("card=0.1", "bio=0.1")
		if got := gate.Decide(in); got.EvidenceEnds != nil {
			t.Errorf("%s, and the evidence ends %v", name, got.EvidenceEnds)
		}
	}
}
