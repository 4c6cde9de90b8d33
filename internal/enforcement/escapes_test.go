// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// wishing is the exposure that the release asks for, and that what names none claims.
func wishing(exposure string) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Asked = exposure }
}

// What has to go goes, whatever whoever may write the release writes there.
func TestWhatHasToGoGoes(t *testing.T) {
	failed := recorded(record(wAdverse, since(days(-1)), countingAll(0, 0, 0)))
	one := pod("a", "General", unexamined)
	invalid := func(d *gate.Decision) { d.Reason = v1alpha1.ReasonInvalidSpec }
	bogus := pod("a", "Bogus", unexamined)
	for sentence, test := range map[string]struct {
		scene    enforcement.Scene
		decision gate.Decision
		want     []string
		reason   string
	}{
		"what failed, when the artifacts are others by now": {scene(failed, one), refusing(v1alpha1.ReasonEvidenceMissing, otherArtifacts), []string{"a"}, v1alpha1.ReasonAdverseFinding},
		"not when the finding was resolved":                 {scene(failed, one), refusing(v1alpha1.ReasonEvidenceMissing), nil, ""},
		"not what was granted to nobody knows which":        {scene(recorded(record(wAdverse, func(w *v1alpha1.Withdrawal) { w.SubjectDigest = "" })), one), refusing(v1alpha1.ReasonEvidenceMissing, otherArtifacts), nil, ""},
		"not what is granted to the others":                 {scene(failed, one), granting("General", otherArtifacts), nil, ""},
		"what failed and names no exposure, when one is asked for that there is not": {
			scene(wishing("Bogus"), had("General"), bogus), refusing("", invalid, adverse("General", "Internal")), []string{"a"}, v1alpha1.ReasonAdverseFinding,
		},
		"also if it was never granted": {scene(wishing("Bogus"), bogus), refusing("", invalid, adverse("General", "Internal")), []string{"a"}, v1alpha1.ReasonAdverseFinding},
		"and once the record tells of it": {
			scene(wishing("Bogus"), recorded(record(wAdverse, countingAll(0, 0, 0))), bogus), refusing("", invalid, adverse("General", "Internal")), []string{"a"}, v1alpha1.ReasonAdverseFinding,
		},
		"what lapsed and names none too": {
			scene(wishing("Bogus"), recorded(record(wLapsed, since(days(-20)), counting("General", 1), restedOn(days(-20)))), bogus), refusing("", invalid), []string{"a"}, v1alpha1.ReasonEvidenceExpired,
		},
		"not where the policy only renamed what was granted": {scene(wishing("Public"), had("Public"), pod("a", "Public", unexamined)), refusing("", invalid, adverse("General")), nil, ""},
		"nor once that is on record": {
			scene(wishing("Public"), recorded(record(wAbsent, of("Public"), counting("Public", 1))), pod("a", "Public", unexamined)), refusing("", invalid, adverse("General")), nil, "",
		},
		"what the release asked for before its evidence ended": {
			scene(recorded(record(wAbsent, since(days(-20)), counting("General", 1), restedOn(days(-15)))), one), granting("Internal"), []string{"a"}, v1alpha1.ReasonEvidenceExpired,
		},
		"not while its evidence is renewed, and only asking is missing": {
			scene(recorded(record(wAbsent, since(days(-20)), counting("General", 1), restedOn(days(-15)))), one), granting("Internal", unasked), nil, "",
		},
		"what a lower exposure rested on and was deleted, though something is granted that rests on nothing": {
			scene(had("Evaluation"), recorded(record(wLapsed, since(days(-20)), counting("General", 0), counting("Internal", 1), restedOn(days(-20)))), pod("a", "Internal", unexamined)),
			granting("Evaluation", wanting), []string{"a"}, v1alpha1.ReasonEvidenceExpired,
		},
		"what was revoked as Critical and deleted, though an older result only ended": {
			scene(recorded(record(wRevoked, severity(v1alpha1.RevocationCritical), counting("General", 0))), one), refusing("", lapsed(days(-1))), []string{"a"}, v1alpha1.ReasonRevoked,
		},
		"not what is revoked only as Advisory by now, within its grace": {
			scene(recorded(record(wRevoked, severity(v1alpha1.RevocationCritical), counting("General", 0))), one), refusing("", revoked(v1alpha1.RevocationAdvisory)), nil, "",
		},
		"not at once what is missing below what was revoked as Critical": {
			scene(had("Internal"), recorded(record(wRevoked, severity(v1alpha1.RevocationCritical), counting("General", 0))), pod("b", "Internal", unexamined), pod("g", "General", unexamined, leaving)),
			refusing("", revoked(v1alpha1.RevocationCritical, "General")), nil, "",
		},
		"not before a grace of its own what is revoked below what is missing for long": {
			scene(had("Internal"), recorded(record(wAbsent, since(days(-99)), counting("General", 1))), one, pod("b", "Internal", unexamined)),
			refusing("", revoked(v1alpha1.RevocationAdvisory, "Internal")), nil, "",
		},
		"nor the day after": {
			scene(recorded(record(wAbsent, since(days(-99)), counting("General", 1), func(w *v1alpha1.Withdrawal) {
				byItself("Internal", 1, wRevoked, days(0), func(s *v1alpha1.ServingUnits) { s.Severity = v1alpha1.RevocationAdvisory })(w)
			})), at(days(1).Add(-time.Second)), one, pod("b", "Internal", unexamined)),
			refusing("", revoked(v1alpha1.RevocationAdvisory, "Internal")), nil, "",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, test.decision)
			var got []string
			for _, r := range plan.Removals {
				got = append(got, r.Name)
				if r.Reason != test.reason || r.Message == "" {
					t.Errorf("%s goes for %s: %s", r.Name, r.Reason, r.Message)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("removals (-want +got):\n%s\n%s: %s", diff, plan.Reason, plan.Message)
			}
		})
	}
}

// A policy that is gone for a moment does not begin a removal anew: budgets would be asked for ever.
func TestARemovalOutlivesItsPolicy(t *testing.T) {
	s := scene(recorded(record(wLapsed, since(days(-20)), counting("General", 4))), many(4), going(days(-1), 4), withoutPolicy)
	plan := enforcement.For(s, gate.Decision{Reason: v1alpha1.ReasonPolicyNotFound})
	if diff := cmp.Diff(s.Memory.Removal, plan.Removal); diff != "" || len(plan.Removals) > 0 {
		t.Errorf("removed %v, and remembered (-want +got):\n%s", plan.Removals, diff)
	}
}

// Pods that name no exposure move on as the release asks for another. What they leave behind is no free place.
func TestWhatMovesLeavesNoPlace(t *testing.T) {
	lost := recorded(record(wLapsed, since(days(-1)), counting("General", 2), counting("Internal", 1)))
	held := func(name string) func(*enforcement.Scene) { return pod(name, "General", matching, held) }
	for sentence, test := range map[string]replacing{
		"none where all moved":  {scene(lost, several("Job", "j", 3, internally), held("a"), held("b")), refusing("", lapsed(days(-1))), nil},
		"one where one ended":   {scene(lost, several("Job", "j", 2, internally), held("a"), held("b")), refusing("", lapsed(days(-1))), []string{"a"}},
		"all where nobody did":  {scene(lost, several("Job", "j", 1, internally), held("a"), held("b")), refusing("", lapsed(days(-1))), []string{"a", "b"}},
		"all where others stay": {scene(recorded(record(wLapsed, since(days(-1)), counting("General", 2), byItself("Internal", 0, wAdverse, days(-1)))), several("Job", "j", 3, internally), held("a"), held("b")), refusing("", lapsed(days(-1)), adverse("Internal")), []string{"a", "b"}},
	} {
		t.Run(sentence, test.check)
	}
}

// internally is a pod that claims Internal.
func internally(p *enforcement.Pod) { p.Exposure = "Internal" }

// Where none is replaced, no group is made whole either.
func TestAGroupIsNotMadeWholeAfterItsGrace(t *testing.T) {
	group := []func(*enforcement.Scene){pod("g0", "General", matching, inUnit("g", 2)), pod("g1", "General", matching, held, inUnit("g", 2))}
	s := scene(append(group, recorded(record(wRevoked, severity(v1alpha1.RevocationAdvisory), counting("General", 0))))...)
	if plan := enforcement.For(s, refusing("", revoked(v1alpha1.RevocationAdvisory))); len(plan.Opens) > 0 {
		t.Errorf("opened %v", names(plan.Opens))
	}
}

func TestToAskForLessSaysSo(t *testing.T) {
	plan := enforcement.For(scene(had("General"), pod("a", "General", matching)), granting("Internal", unasked))
	if plan.Reason != v1alpha1.ReasonFrozen || !strings.Contains(plan.Message, "the release asks for less") || strings.Contains(plan.Message, "until") {
		t.Errorf("%s: %s", plan.Reason, plan.Message)
	}
}
