// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// saying is a scene with what the plan says.
type saying struct {
	scene    enforcement.Scene
	decision gate.Decision
	reason   string
	message  string
}

func (w saying) check(t *testing.T) {
	t.Helper()
	plan := enforcement.For(w.scene, w.decision)
	if plan.Reason != w.reason || !strings.Contains(plan.Message, w.message) {
		t.Errorf("%s: %s\nwant %s: %s", plan.Reason, plan.Message, w.reason, w.message)
	}
}

// losing is the record of a withdrawal of General a day ago.
func losing(cause v1alpha1.WithdrawalCause, w ...func(*v1alpha1.Withdrawal)) func(*enforcement.Scene) {
	return recorded(record(cause, append(w, since(days(-1)), counting("General", 4))...))
}

// What was lost says what is held, why, since when, and what becomes of it.
func TestWhatWasLostSaysSo(t *testing.T) {
	missing := refusing(v1alpha1.ReasonEvidenceMissing)
	const ends = "; it ends when the exposure is granted again: see the other conditions for what is missing"
	for sentence, test := range map[string]saying{
		"a lapse within its grace": {
			scene(losing(wLapsed), many(3)), refusing("", lapsed(days(-1))), v1alpha1.ReasonFrozen,
			"exposure General was lost at 2026-01-01T00:00:00Z: evidence ended; of exposure General 3 units serve, and nothing grows: " +
				"until 2026-01-15T00:00:00Z what ends is replaced, up to 4 units in all, and what serves is evicted then" + ends,
		},
		"a lapse that is kept": {
			scene(losing(wLapsed), many(3), lapsing(v1alpha1.Lapse{Then: v1alpha1.LapseKeep})), refusing("", lapsed(days(-1))), v1alpha1.ReasonFrozen,
			"until 2026-01-15T00:00:00Z what ends is replaced, up to 4 units in all, and none is then; what serves stays" + ends,
		},
		"a lapse that is kept, after its grace": {
			scene(losing(wLapsed), many(3), lapsing(v1alpha1.Lapse{Then: v1alpha1.LapseKeep})), refusing("", lapsed(days(-20))), v1alpha1.ReasonFrozen,
			"nothing grows: what serves stays, and none is replaced" + ends,
		},
		"something is missing": {
			scene(losing(wAbsent), many(4)), missing, v1alpha1.ReasonFrozen,
			"something is missing, ambiguous or undefined that was there; of exposure General 4 units serve, and nothing grows: " +
				"until 2026-01-15T00:00:00Z what ends is replaced, up to 4 units in all, and none is then; what serves stays" + ends,
		},
		"an Advisory revocation": {
			scene(losing(wRevoked, severity(v1alpha1.RevocationAdvisory)), many(4), lapsing(v1alpha1.Lapse{AdvisoryGraceSeconds: new(int32(172800))})),
			refusing("", revoked(v1alpha1.RevocationAdvisory)), v1alpha1.ReasonFrozen,
			"revoked, Advisory; of exposure General 4 units serve, and nothing grows: until 2026-01-03T00:00:00Z what ends is replaced, " +
				"up to 4 units in all, and what serves is evicted then" + ends,
		},
		"a lapse of which nothing is replaced": {
			scene(recorded(record(wLapsed, counting("General", 0))), many(1)), refusing("", lapsed(days(-1))), v1alpha1.ReasonFrozen,
			"nothing grows: none is replaced, and what serves is evicted from 2026-01-15T00:00:00Z on" + ends,
		},
		"the policy is gone": {
			scene(losing(wLapsed), many(4), withoutPolicy), gate.Decision{Reason: v1alpha1.ReasonPolicyNotFound}, v1alpha1.ReasonFrozen,
			"what serves stays, and none is replaced" + ends,
		},
	} {
		t.Run(sentence, test.check)
	}
}

// What goes says why, how fast, and how many are left.
func TestWhatGoesSaysSo(t *testing.T) {
	for sentence, test := range map[string]saying{
		"a wave": {
			scene(losing(wLapsed), many(8), only("p7", leaving), going(days(0), 8)), refusing("", lapsed(days(-14))), v1alpha1.ReasonRemoving,
			"7 units have to go and 1 are on their way, at most 2 at once; they are evicted until 2026-01-02T00:10:00Z, and deleted then: " +
				"the evidence for exposure General ended at 2025-12-19T00:00:00Z, and the grace after it at 2026-01-02T00:00:00Z: the newest go first, and what replaces them is held",
		},
		"the last of it": {
			scene(losing(wLapsed), many(1, leaving)), refusing("", lapsed(days(-14))), v1alpha1.ReasonRemoving,
			"the last 1 units are on their way out: exposure General was lost at 2025-12-19T00:00:00Z: evidence ended",
		},
		"a finding": {
			scene(losing(wAdverse), many(2)), refusing("", adverse(exposures()...)), v1alpha1.ReasonRemoving,
			"2 units have to go at once and 0 are on their way: exposure General was lost at 2026-01-01T00:00:00Z: a requirement failed",
		},
		"a Critical revocation": {
			scene(losing(wRevoked, severity(v1alpha1.RevocationCritical)), many(2)), refusing("", revoked(v1alpha1.RevocationCritical)), v1alpha1.ReasonRemoving,
			"exposure General was lost at 2026-01-01T00:00:00Z: revoked, Critical",
		},
		"a finding about what never was granted": {
			scene(many(1)), refusing("", adverse("General")), v1alpha1.ReasonRemoving, "a requirement failed, or it was revoked",
		},
		"a ceiling that was lowered": {
			scene(cleared(counted("General")), allowing(1), several("Job", "j", 3)), granting("General"), v1alpha1.ReasonRemoving,
			"2 units have to go and 0 are on their way, at most 1 at once; they are evicted until 2026-01-02T00:10:00Z, and deleted then: exposure Evaluation allows 1",
		},
		"when nothing serves any more, it is enforced": {
			scene(losing(wLapsed), pod("a", "General", unexamined, held)), refusing("", lapsed(days(-1))), v1alpha1.ReasonEnforced, "as decided",
		},
		"while the guards are absent, that is said first": {
			scene(losing(wLapsed), withheld, many(2), pod("i", "Internal", matching)), granting("Internal", lapsed(days(-1))), v1alpha1.ReasonGuardsNotInPlace, "not in place",
		},
		"a mismatch of what is granted weighs more than a freeze": {
			scene(losing(wLapsed), many(2), pod("i", "Internal", differing, held)), granting("Internal", lapsed(days(-1))), v1alpha1.ReasonWorkloadMismatch, "Pod i is held",
		},
		"a freeze weighs more than a mutator": {
			scene(losing(wLapsed), many(2), mutatedBy("injector")), granting("Internal", lapsed(days(-1))), v1alpha1.ReasonFrozen, "nothing grows",
		},
	} {
		t.Run(sentence, test.check)
	}
}

// A workload of which something is held in a freeze says so.
func TestWorkloadsInAFreeze(t *testing.T) {
	lost := recorded(record(wLapsed, since(days(-1)), counting("General", 2)))
	for sentence, test := range map[string]struct {
		scene    enforcement.Scene
		decision gate.Decision
		want     string
	}{
		"frozen":                        {scene(lost, many(2, owned("Job", "j")), pod("x", "General", unexamined, held, owned("Job", "j"))), refusing("", lapsed(days(-1))), v1alpha1.ReasonFrozen},
		"frozen, while less is granted": {scene(lost, many(2, owned("Job", "j")), pod("x", "General", unexamined, held, owned("Job", "j"))), granting("Internal", lapsed(days(-1))), v1alpha1.ReasonFrozen},
		"on its way out":                {scene(lost, many(2, owned("Job", "j")), pod("x", "General", unexamined, held, owned("Job", "j"))), refusing("", lapsed(days(-14))), v1alpha1.ReasonEvidenceExpired},
		"a finding keeps its own word":  {scene(recorded(record(wAdverse, counting("General", 0))), pod("x", "General", unexamined, held, owned("Job", "j"))), refusing("", adverse(exposures()...)), v1alpha1.ReasonAdverseFinding},
		"what is not held has none":     {scene(lost, many(2, owned("Job", "j"))), refusing("", lapsed(days(-1))), ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			all := enforcement.For(test.scene, test.decision).Workloads
			if len(all) != 1 || all[0].Reason != test.want || (all[0].Message == "") != (test.want == "") || len(all[0].Message) > 1024 {
				t.Errorf("workloads %+v, want %s", all, test.want)
			}
		})
	}
}
