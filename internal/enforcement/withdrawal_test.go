// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	wLapsed  = v1alpha1.WithdrawalLapsed
	wAbsent  = v1alpha1.WithdrawalAbsent
	wRevoked = v1alpha1.WithdrawalRevoked
	wAdverse = v1alpha1.WithdrawalAdverse
)

// recording is a scene with the record that the plan makes.
type recording struct {
	scene    enforcement.Scene
	decision gate.Decision
	want     *v1alpha1.Withdrawal
}

func (r recording) check(t *testing.T) {
	t.Helper()
	if diff := cmp.Diff(r.want, enforcement.For(r.scene, r.decision).Withdrawal); diff != "" {
		t.Errorf("withdrawal (-want +got):\n%s", diff)
	}
}

// serving are 3 pods of General and 2 of Internal.
func serving(s *enforcement.Scene) {
	for _, name := range []string{"a", "b", "c"} {
		pod(name, "General", matching)(s)
	}
	pod("d", "Internal", matching)(s)
	pod("e", "Internal", matching)(s)
}

func TestAWithdrawalBegins(t *testing.T) {
	missing := refusing(v1alpha1.ReasonEvidenceMissing)
	for sentence, test := range map[string]recording{
		"evidence ended: from then on, with the grace and what serves": {
			scene(had("General"), serving), refusing("", lapsed(days(-2))),
			record(wLapsed, since(days(-2)), grace(days(12)), countingAll(3, 2, 0)),
		},
		"the policy says how long": {
			scene(had("General"), serving, lapsing(v1alpha1.Lapse{GraceDays: new(int32(3))})), refusing("", lapsed(days(-2))),
			record(wLapsed, since(days(-2)), grace(days(1)), countingAll(3, 2, 0)),
		},
		"a grace of no days ended when it began": {
			scene(had("General"), serving, lapsing(v1alpha1.Lapse{GraceDays: new(int32(0))})), refusing("", lapsed(days(-2))),
			record(wLapsed, since(days(-2)), grace(days(-2)), countingAll(3, 2, 0)),
		},
		"something is missing: from now on": {
			scene(had("General"), serving, rested(days(30))), missing, record(wAbsent, grace(days(14)), countingAll(3, 2, 0), restedOn(days(30))),
		},
		"evidence that is gone and would have ended has lapsed then": {
			scene(had("General"), serving, rested(days(-1))), missing, record(wLapsed, since(days(-1)), grace(days(13)), countingAll(3, 2, 0), restedOn(days(-1))),
		},
		"an Advisory revocation gives a day": {
			scene(had("General"), serving), refusing("", revoked(v1alpha1.RevocationAdvisory)),
			record(wRevoked, severity(v1alpha1.RevocationAdvisory), grace(days(1)), countingAll(3, 2, 0)),
		},
		"or what the policy says": {
			scene(had("General"), serving, lapsing(v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(60))})), refusing("", revoked(v1alpha1.RevocationAdvisory)),
			record(wRevoked, severity(v1alpha1.RevocationAdvisory), grace(now().Add(time.Minute)), countingAll(3, 2, 0)),
		},
		"a Critical one gives none, and nothing is replaced": {
			scene(had("General"), serving), refusing("", revoked(v1alpha1.RevocationCritical)),
			record(wRevoked, severity(v1alpha1.RevocationCritical), countingAll(0, 0, 0)),
		},
		"nor does a finding": {
			scene(had("General"), serving), refusing("", adverse(exposures()...)), record(wAdverse, countingAll(0, 0, 0)),
		},
	} {
		t.Run(sentence, test.check)
	}
}

// unasked says that nothing but asking is missing for what is not granted.
func unasked(d *gate.Decision) {
	for i := range d.Exposures {
		if !d.Exposures[i].Granted {
			d.Exposures[i].Reason = v1alpha1.ReasonExposureNotGranted
		}
	}
}

func TestWhatAWithdrawalIsAbout(t *testing.T) {
	missing := refusing(v1alpha1.ReasonEvidenceMissing)
	for sentence, test := range map[string]recording{
		"a finding is graver than a revocation": {
			scene(had("General"), serving), refusing("", revoked(v1alpha1.RevocationCritical), adverse(exposures()...)), record(wAdverse, countingAll(0, 0, 0)),
		},
		"each exposure has its own cause": {
			scene(had("General"), serving), refusing("", lapsed(days(-1)), adverse("General")),
			record(wAdverse, byItself("Evaluation", 0, wLapsed, days(-1)), counting("General", 0), byItself("Internal", 2, wLapsed, days(-1))),
		},
		"a lower exposure that stays granted is no part of it": {
			scene(had("General"), serving), granting("Internal", lapsed(days(-1))), record(wLapsed, since(days(-1)), grace(days(13)), counting("General", 3)),
		},
		"an exposure that was not granted before is no part of it": {
			scene(had("Internal"), serving), refusing("", lapsed(days(-1))),
			record(wLapsed, of("Internal"), since(days(-1)), grace(days(13)), counting("Evaluation", 0), counting("Internal", 2)),
		},
		"what nobody knows the places of is not counted": {
			scene(had("General"), pod("a", "General", matching), pod("b", "General", matching, adrift)), refusing("", lapsed(days(-1))),
			record(wLapsed, since(days(-1)), grace(days(13)), countingAll(1, 0, 0)),
		},
		"a group counts once, what is held or gone not at all": {
			scene(had("General"), pod("a", "General", matching, inUnit("g", 2)), pod("b", "General", matching, inUnit("g", 2)),
				pod("c", "General", unexamined, held), pod("d", "General", matching, gone), pod("e", "General", matching, leaving)), missing,
			record(wAbsent, grace(days(14)), countingAll(1, 0, 0)),
		},
		"nothing serves, so that it is enforced at once": {
			scene(had("General")), missing, record(wAbsent, grace(days(14)), countingAll(0, 0, 0), enforced(now())),
		},
		"the policy is gone: nothing is known of lower exposures, and nothing is replaced": {
			scene(had("General"), serving, withoutPolicy), gate.Decision{Reason: v1alpha1.ReasonPolicyNotFound}, record(wAbsent, counting("General", 3)),
		},
		"the policy does not know the exposure any more": {
			scene(had("Public"), pod("a", "Public", matching)), missing, record(wAbsent, of("Public"), grace(days(14)), counting("Public", 1)),
		},
		"it does not, and a finding refuses every exposure": {
			scene(had("Public"), pod("a", "Public", matching)), refusing("", adverse(exposures()...)), record(wAdverse, of("Public"), counting("Public", 0)),
		},
		"it does not, and a finding refuses some": {
			scene(had("Public"), pod("a", "Public", matching)), refusing("", adverse("General")), record(wAbsent, of("Public"), grace(days(14)), counting("Public", 1)),
		},
		"it does not, and the release is revoked": {
			scene(had("Public"), pod("a", "Public", matching)), refusing("", revoked(v1alpha1.RevocationAdvisory)),
			record(wRevoked, severity(v1alpha1.RevocationAdvisory), of("Public"), grace(days(1)), counting("Public", 1)),
		},
		"an end of evidence that lies in the future was told by another clock": {
			scene(had("General")), refusing("", lapsed(days(1))), record(wLapsed, grace(days(14)), countingAll(0, 0, 0), enforced(now())),
		},
		"nothing where nothing was granted": {scene(serving), missing, nil},
		"nothing where it is granted still": {scene(had("General"), serving), granting("General"), nil},
		"nothing where more is granted":     {scene(had("Internal"), serving), granting("General"), nil},
		"the release asks for less, and something serves more": {
			scene(had("General"), rested(days(-1)), serving), granting("Internal", unasked), record(wAbsent, counting("General", 3), restedOn(days(-1))),
		},
		"it does, and what it does not ask for ends by now": {
			scene(had("General"), rested(days(-1)), serving), granting("Internal"), record(wLapsed, since(days(-1)), counting("General", 3), restedOn(days(-1))),
		},
		"nothing where the release asks for less, and nothing serves more": {scene(had("General"), pod("d", "Internal", matching)), granting("Internal", unasked), nil},
		"nothing where the namespace is only audited":                      {scene(had("General"), serving, gated(v1alpha1.GateAudited)), missing, nil},
		"nothing where the release is gone, and unknown":                   {scene(serving, withoutPolicy), gate.Decision{}, nil},
	} {
		t.Run(sentence, test.check)
	}
}

func TestAWithdrawalGoesOn(t *testing.T) {
	missing := refusing(v1alpha1.ReasonEvidenceMissing)
	one := pod("a", "General", matching)
	for sentence, test := range map[string]recording{
		"what served stays as it was, whatever serves now": {
			scene(recorded(record(wAbsent, since(days(-3)), grace(days(11)), countingAll(3, 2, 0))), one), missing,
			record(wAbsent, since(days(-3)), grace(days(11)), countingAll(3, 2, 0)),
		},
		"another cause begins anew": {
			scene(recorded(record(wAbsent, since(days(-3)), countingAll(3, 2, 0))), one), refusing("", revoked(v1alpha1.RevocationAdvisory)),
			record(wRevoked, severity(v1alpha1.RevocationAdvisory), grace(days(1)), countingAll(3, 2, 0)),
		},
		"but gives no other grace, once one is over": {
			scene(recorded(record(wAbsent, since(days(-20)), grace(days(-6)), countingAll(3, 2, 0))), one), refusing("", revoked(v1alpha1.RevocationAdvisory)),
			record(wRevoked, severity(v1alpha1.RevocationAdvisory), grace(days(1)), countingAll(0, 0, 0)),
		},
		"a policy that gives more time later does": {
			scene(recorded(record(wAbsent, since(days(-20)), grace(days(-6)), countingAll(3, 2, 0))), one, lapsing(v1alpha1.Lapse{GraceDays: new(int32(30))})), missing,
			record(wAbsent, since(days(-20)), grace(days(10)), countingAll(3, 2, 0)),
		},
		"a graver severity too, and then nothing is replaced": {
			scene(recorded(record(wRevoked, severity(v1alpha1.RevocationAdvisory), since(days(-1)), countingAll(3, 2, 0))), one),
			refusing("", revoked(v1alpha1.RevocationCritical)), record(wRevoked, severity(v1alpha1.RevocationCritical), countingAll(0, 0, 0)),
		},
		"for good": {
			scene(recorded(record(wAdverse, since(days(-1)), countingAll(0, 0, 0))), one), refusing("", lapsed(days(-2))),
			record(wLapsed, since(days(-2)), grace(days(12)), countingAll(0, 0, 0)),
		},
		"the evidence that is gone would have ended by now": {
			scene(recorded(record(wAbsent, since(days(-9)), countingAll(3, 2, 0), restedOn(days(-2)))), one), missing,
			record(wLapsed, since(days(-2)), grace(days(12)), countingAll(3, 2, 0), restedOn(days(-2))),
		},
		"that of a lower grant does not put it off": {
			scene(recorded(record(wAbsent, since(days(-9)), counting("General", 3), restedOn(days(-2)))), rested(days(60)), one), granting("Internal", wanting),
			record(wLapsed, since(days(-2)), grace(days(12)), counting("General", 3), restedOn(days(-2))),
		},
		"a lower exposure that is lost later is counted then": {
			scene(had("Internal"), recorded(record(wAbsent, since(days(-3)), counting("General", 3))), serving), missing,
			record(wAbsent, since(days(-3)), grace(days(11)), byItself("Evaluation", 0, wAbsent, now()), counting("General", 3), byItself("Internal", 2, wAbsent, now())),
		},
		"one that is granted again is no part of it any more": {
			scene(recorded(record(wAbsent, since(days(-3)), countingAll(3, 2, 1))), serving), granting("Internal", wanting),
			record(wAbsent, since(days(-3)), grace(days(11)), counting("General", 3)),
		},
		"once nothing serves, what is lost next is another one": {
			scene(had("Internal"), recorded(record(wAdverse, since(days(-90)), counting("General", 0), enforced(days(-89)))), pod("d", "Internal", matching)),
			refusing("", lapsed(days(-1)), adverse("General")), record(wLapsed, of("Internal"), since(days(-1)), grace(days(13)), counting("Evaluation", 0), counting("Internal", 1)),
		},
		"what was revoked and then deleted stays revoked": {
			scene(recorded(record(wRevoked, severity(v1alpha1.RevocationAdvisory), since(days(-1)), grace(days(0)), countingAll(3, 2, 0))), one),
			refusing(v1alpha1.ReasonEvidenceMissing),
			record(wRevoked, severity(v1alpha1.RevocationAdvisory), since(days(-1)), grace(days(0)), countingAll(3, 2, 0)),
		},
		"the artifacts are others by now: it stays about those that were granted": {
			scene(had("General"), serving), refusing(v1alpha1.ReasonEvidenceMissing, otherArtifacts),
			record(wAbsent, grace(days(14)), countingAll(3, 2, 0)),
		},
		"the policy is gone: it stays as it was, and nothing is replaced": {
			scene(recorded(record(wLapsed, since(days(-3)), grace(days(11)), countingAll(3, 2, 0))), withoutPolicy, one), gate.Decision{},
			record(wLapsed, since(days(-3)), countingAll(3, 2, 0)),
		},
	} {
		t.Run(sentence, test.check)
	}
}

// Each exposure has its own loss.
func TestAWithdrawalOfSeveralExposures(t *testing.T) {
	one := pod("a", "General", matching)
	for sentence, test := range map[string]recording{
		"what was revoked takes nothing along that is missing later": {
			scene(had("Internal"), rested(days(9)), recorded(record(wRevoked, severity(v1alpha1.RevocationCritical), since(days(-1)), counting("General", 0))), serving),
			refusing("", revoked(v1alpha1.RevocationCritical, "General")),
			record(wRevoked, severity(v1alpha1.RevocationCritical), since(days(-1)), byItself("Evaluation", 0, wAbsent, now(), until(days(9))),
				counting("General", 0), byItself("Internal", 2, wAbsent, now(), until(days(9)))),
		},
		"nor the round after": {
			scene(recorded(record(wRevoked, severity(v1alpha1.RevocationCritical), since(days(-1)), counting("General", 0), byItself("Internal", 2, wAbsent, days(-1), until(days(9))))), serving),
			refusing("", revoked(v1alpha1.RevocationCritical, "General")),
			record(wRevoked, severity(v1alpha1.RevocationCritical), since(days(-1)), byItself("Evaluation", 0, wAbsent, now()),
				counting("General", 0), byItself("Internal", 2, wAbsent, days(-1), until(days(9)))),
		},
		"evidence of a lower exposure that is deleted ended all the same, whatever a grant below rests on": {
			scene(had("Evaluation"), recorded(record(wLapsed, since(days(-9)), counting("General", 0), counting("Internal", 2), restedOn(days(-9)))), serving), granting("Evaluation", wanting),
			record(wLapsed, since(days(-9)), grace(days(5)), counting("General", 0), counting("Internal", 2), restedOn(days(-9))),
		},
		"what failed stays failed, when the artifacts are others by now": {
			scene(recorded(record(wAdverse, since(days(-1)), countingAll(0, 0, 0))), one), refusing(v1alpha1.ReasonEvidenceMissing, otherArtifacts),
			record(wAdverse, since(days(-1)), countingAll(0, 0, 0)),
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestAWithdrawalEnds(t *testing.T) {
	missing := refusing(v1alpha1.ReasonEvidenceMissing)
	one := pod("a", "General", matching)
	for sentence, test := range map[string]recording{
		"it is enforced when nothing serves any more": {
			scene(recorded(record(wAdverse, since(days(-1)), countingAll(0, 0, 0))), pod("a", "General", unexamined, held), pod("b", "General", matching, gone)),
			refusing("", adverse(exposures()...)), record(wAdverse, since(days(-1)), countingAll(0, 0, 0), enforced(now())),
		},
		"what is on its way out may serve still": {
			scene(recorded(record(wAdverse, since(days(-1)), countingAll(0, 0, 0))), pod("a", "General", matching, leaving)),
			refusing("", adverse(exposures()...)), record(wAdverse, since(days(-1)), countingAll(0, 0, 0)),
		},
		"it was enforced then, not now": {
			scene(recorded(record(wAdverse, since(days(-2)), countingAll(0, 0, 0), enforced(days(-1))))), refusing("", adverse(exposures()...)),
			record(wAdverse, since(days(-2)), countingAll(0, 0, 0), enforced(days(-1))),
		},
		"and is not, where something serves again": {
			scene(recorded(record(wAdverse, since(days(-2)), countingAll(0, 0, 0), enforced(days(-1)))), one), refusing("", adverse(exposures()...)),
			record(wAdverse, since(days(-2)), countingAll(0, 0, 0)),
		},
		"one from the future was made by another clock": {
			scene(recorded(record(wAbsent, since(days(1)), countingAll(3, 2, 0))), one), missing, record(wAbsent, grace(days(14)), countingAll(3, 2, 0)),
		},
		"it is over when the exposure is granted again": {
			scene(recorded(record(wAbsent, countingAll(3, 2, 0))), one), granting("General"), nil,
		},
		"it is over when the release asks for less and nothing serves above": {
			scene(recorded(record(wAbsent, counting("General", 3))), pod("d", "Internal", matching)), granting("Internal"), nil,
		},
		"but not before: to ask for less keeps nothing": {
			scene(recorded(record(wLapsed, counting("General", 3))), one), granting("Internal", lapsed(days(-20)), func(d *gate.Decision) {
				d.Reason = v1alpha1.ReasonEvidenceComplete
			}), record(wLapsed, since(days(-20)), counting("General", 3)),
		},
		"it is over where the namespace is not enforced any more": {
			scene(recorded(record(wAbsent, countingAll(3, 2, 0))), one, gated("")), missing, nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}

// What a plan remembers is what the next one is made from: by itself it changes nothing.
func TestARecordIsTheSameAgain(t *testing.T) {
	for sentence, d := range map[string]gate.Decision{
		"lapsed": refusing("", lapsed(days(-2))), "absent": refusing(v1alpha1.ReasonEvidenceMissing), "adverse": refusing("", adverse(exposures()...)),
		"advisory": refusing("", revoked(v1alpha1.RevocationAdvisory)), "critical": refusing("", revoked(v1alpha1.RevocationCritical)),
		"in part": granting("Evaluation", lapsed(days(-1))),
	} {
		t.Run(sentence, func(t *testing.T) {
			s := scene(had("General"), rested(days(5)), serving)
			first := enforcement.For(s, d)
			s.Memory = enforcement.Memory{Granted: d.GrantedExposure, Subject: d.SubjectDigest, EvidenceEnds: first.EvidenceEnds, ClearedSince: first.ClearedSince,
				Withdrawal: first.Withdrawal, Removal: first.Removal}
			s.Now = s.Now.Add(time.Second)
			if diff := cmp.Diff(first.Withdrawal, enforcement.For(s, d).Withdrawal); diff != "" {
				t.Errorf("withdrawal (-first +second):\n%s", diff)
			}
		})
	}
}

func TestWhatIsRemembered(t *testing.T) {
	ends := days(40)
	plan := enforcement.For(scene(rested(days(3))), granting("General", func(d *gate.Decision) { d.EvidenceEnds = &ends }))
	if plan.EvidenceEnds == nil || !plan.EvidenceEnds.Equal(ends) {
		t.Errorf("the evidence of the grant ends at %v", plan.EvidenceEnds)
	}
	if plan.ClearedSince == nil || !plan.ClearedSince.Equal(now()) {
		t.Errorf("cleared since %v", plan.ClearedSince)
	}
	plan = enforcement.For(scene(rested(days(3))), refusing(v1alpha1.ReasonEvidenceMissing))
	if plan.EvidenceEnds == nil || !plan.EvidenceEnds.Equal(days(3)) || plan.ClearedSince != nil {
		t.Errorf("without a grant: %v, cleared since %v", plan.EvidenceEnds, plan.ClearedSince)
	}
	before := func(s *enforcement.Scene) { s.Memory.ClearedSince = new(days(-9)) }
	for sentence, s := range map[string]enforcement.Scene{
		"while something is granted": scene(before), "by the clearance that stands": scene(cleared(counted("General")), at(days(3))),
	} {
		want := map[bool]time.Time{true: days(-9), false: now()}[s.Memory.ClearedSince != nil]
		if plan := enforcement.For(s, granting("General")); plan.ClearedSince == nil || !plan.ClearedSince.Equal(want) {
			t.Errorf("%s: cleared since %v, want %v", sentence, plan.ClearedSince, want)
		}
		if plan := enforcement.For(s, refusing(v1alpha1.ReasonEvidenceMissing)); plan.ClearedSince == nil || !plan.ClearedSince.Equal(want) {
			t.Errorf("%s, which ended: cleared since %v, want %v", sentence, plan.ClearedSince, want)
		}
		s.Namespace.Gate = v1alpha1.GateAudited
		if plan := enforcement.For(s, granting("General")); plan.ClearedSince != nil {
			t.Errorf("%s, in a namespace that is only audited: %v", sentence, plan.ClearedSince)
		}
	}
	if plan := enforcement.For(scene(withheld), granting("General")); plan.ClearedSince != nil {
		t.Errorf("cleared since %v, though growth is withheld", plan.ClearedSince)
	}
}
