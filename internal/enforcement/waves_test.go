// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// many are pods of General, named by a number, each made a day after the one before.
func many(n int, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		for i := range n {
			pod(fmt.Sprintf("p%d", i), "General", matching, append([]func(*enforcement.Pod){made(days(i))}, modifiers...)...)(s)
		}
	}
}

// only modifies the pod of that name.
func only(name string, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		i := slices.IndexFunc(s.Pods, func(p enforcement.Pod) bool { return p.Name == name })
		for _, modify := range modifiers {
			modify(&s.Pods[i])
		}
	}
}

// wave is what a plan removes, and the removal that it remembers.
type wave struct {
	scene    enforcement.Scene
	decision gate.Decision
	// want are the pods, and reason and evict how they go.
	want   []string
	reason string
	evict  bool
}

func (w wave) check(t *testing.T) {
	t.Helper()
	plan := enforcement.For(w.scene, w.decision)
	var got []string
	for _, r := range plan.Removals {
		got = append(got, r.Name)
		if r.Reason != w.reason || r.Evict != w.evict || r.Unlimited || r.Message == "" {
			t.Errorf("%s goes as %+v, want %s, evicted %v", r.Name, r, w.reason, w.evict)
		}
	}
	if diff := cmp.Diff(w.want, got); diff != "" {
		t.Errorf("removals (-want +got):\n%s", diff)
	}
	if len(got) > 0 && (!plan.Takes() || !plan.Counts() || plan.Removal == nil) {
		t.Errorf("a plan that removes in waves takes and counts: %+v", plan.Removal)
	}
}

func TestWavesAfterALapse(t *testing.T) {
	// The grace ended now.
	lost := recorded(record(wLapsed, since(days(-14)), counting("General", 8)))
	over := refusing("", lapsed(days(-14)))
	const reason = v1alpha1.ReasonEvidenceExpired
	for sentence, test := range map[string]wave{
		"a quarter at once, the newest first":           {scene(lost, many(8)), over, []string{"p7", "p6"}, reason, true},
		"rounded up":                                    {scene(lost, many(9)), over, []string{"p8", "p7", "p6"}, reason, true},
		"or what the policy says":                       {scene(lost, many(8), removingAt(50, 600)), over, []string{"p7", "p6", "p5", "p4"}, reason, true},
		"of what served when it began":                  {scene(lost, many(2), going(days(0), 8)), over, []string{"p1", "p0"}, reason, true},
		"at least one":                                  {scene(lost, many(2), removingAt(1, 600)), over, []string{"p1"}, reason, true},
		"what is on its way counts":                     {scene(lost, many(8), going(days(0), 8), only("p7", leaving)), over, []string{"p6"}, reason, true},
		"until it is gone":                              {scene(lost, many(8), going(days(0), 8), only("p7", leaving), only("p6", leaving)), over, nil, "", false},
		"what was asked for and refused is asked again": {scene(lost, many(8), going(days(0), 8), at(days(0).Add(time.Minute))), over, []string{"p7", "p6"}, reason, true},
		"after a time they are deleted":                 {scene(lost, many(8), going(days(0), 8), at(days(0).Add(600*time.Second))), over, []string{"p7", "p6"}, reason, false},
		"and until then not":                            {scene(lost, many(8), going(days(0), 8), at(days(0).Add(599*time.Second))), over, []string{"p7", "p6"}, reason, true},
		"or at once, where the policy says so":          {scene(lost, many(8), removingAt(25, 0)), over, []string{"p7", "p6"}, reason, false},
		"one that serves though it is being deleted goes first": {
			scene(lost, many(8), only("p2", func(p *enforcement.Pod) { p.Ending = true })), over, []string{"p2", "p7"}, reason, true,
		},
		"one that is late, on a node that does not answer, keeps none": {
			scene(lost, many(8), going(days(0), 8), only("p7", leaving, func(p *enforcement.Pod) { p.Ends = days(0).Add(-time.Minute) })), over, []string{"p6", "p5"}, reason, true,
		},
		"one that has a minute still does": {
			scene(lost, many(8), going(days(0), 8), only("p7", leaving, func(p *enforcement.Pod) { p.Ends = days(0).Add(-59 * time.Second) })), over, []string{"p6"}, reason, true,
		},
		"what is held stays":                       {scene(lost, many(2), only("p1", held)), over, []string{"p0"}, reason, true},
		"what nobody knows the places of goes too": {scene(lost, many(1, adrift)), over, []string{"p0"}, reason, true},
		"though growth is withheld":                {scene(lost, many(1), withheld), over, []string{"p0"}, reason, true},
		"whenever it got its node":                 {scene(lost, many(1, started(-99)), cleared(counted("General"))), over, []string{"p0"}, reason, true},
		"nothing within the grace":                 {scene(lost, many(8)), refusing("", lapsed(days(-14).Add(time.Second))), nil, "", false},
		"nothing where the policy keeps it":        {scene(lost, many(8), lapsing(v1alpha1.Lapse{Then: v1alpha1.LapseKeep})), over, nil, "", false},
		"nothing where the policy is gone":         {scene(lost, many(8), withoutPolicy), gate.Decision{}, nil, "", false},
		"nothing where nothing was decided":        {scene(lost, many(8)), gate.Decision{}, nil, "", false},
		"nothing where it is only audited":         {scene(lost, many(8), gated(v1alpha1.GateAudited)), over, nil, "", false},
		"nothing that never was granted":           {scene(many(8)), over, nil, "", false},
		"nothing that is granted":                  {scene(lost, pod("i", "Internal", matching)), granting("Internal", lapsed(days(-14))), nil, "", false},
		"nothing for what is missing, however long": {
			scene(recorded(record(wAbsent, since(days(-99)), counting("General", 8))), many(8)), refusing(v1alpha1.ReasonEvidenceMissing), nil, "", false,
		},
		"but when the evidence that was deleted would have ended, and the grace": {
			scene(recorded(record(wAbsent, since(days(-99)), counting("General", 8), restedOn(days(-14)))), many(4)), refusing(v1alpha1.ReasonEvidenceMissing),
			[]string{"p3"}, reason, true,
		},
		"of lower exposures too, in one wave": {
			scene(recorded(record(wLapsed, since(days(-14)), countingAll(0, 4, 4))), pod("i", "Internal", matching, made(days(9))), many(4)), over, []string{"i", "p3"}, reason, true,
		},
		"a lower one that only lapsed goes though a finding refuses a higher": {
			scene(recorded(record(wAdverse, countingAll(0, 0, 1))), pod("i", "Internal", matching)), refusing("", lapsed(days(-14)), adverse("General")),
			[]string{"i"}, reason, true,
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestWavesAfterAnAdvisoryRevocation(t *testing.T) {
	lost := recorded(record(wRevoked, severity(v1alpha1.RevocationAdvisory), since(days(-1)), counting("General", 8)))
	advisory := refusing("", revoked(v1alpha1.RevocationAdvisory))
	const reason = v1alpha1.ReasonRevoked
	for sentence, test := range map[string]wave{
		"after a day a quarter at once":         {scene(lost, many(8)), advisory, []string{"p7", "p6"}, reason, true},
		"deleted after a time":                  {scene(lost, many(8), going(days(-1), 8)), advisory, []string{"p7", "p6"}, reason, false},
		"also where the policy keeps lapses":    {scene(lost, many(4), lapsing(v1alpha1.Lapse{Then: v1alpha1.LapseKeep})), advisory, []string{"p3"}, reason, true},
		"within the day nothing":                {scene(lost, many(8), at(days(0).Add(-time.Second))), advisory, nil, "", false},
		"nothing that never was granted":        {scene(many(8)), advisory, nil, "", false},
		"of an exposure that the policy forgot": {scene(recorded(record(wRevoked, severity(v1alpha1.RevocationAdvisory), of("Public"), since(days(-1)), counting("Public", 1))), pod("x", "Public", matching)), advisory, []string{"x"}, reason, true},
	} {
		t.Run(sentence, test.check)
	}
}

// A group goes whole, and the rest of one that goes comes before all others.
func TestWavesTakeWholeGroups(t *testing.T) {
	lost := recorded(record(wLapsed, since(days(-14)), counting("General", 8)))
	over := refusing("", lapsed(days(-14)))
	group := func(key string, size int32, day int, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
		return func(s *enforcement.Scene) {
			for i := range 2 {
				pod(fmt.Sprintf("%s%d", key, i), "General", matching, append(modifiers, made(days(day)), inUnit(key, size))...)(s)
			}
		}
	}
	for sentence, test := range map[string]wave{
		"one of four groups":                  {scene(lost, group("a", 2, 1), group("b", 2, 2), group("c", 2, 3), group("d", 2, 4)), over, []string{"d0", "d1"}, v1alpha1.ReasonEvidenceExpired, true},
		"the rest of one that goes":           {scene(lost, going(days(0), 4), group("a", 2, 1), group("b", 2, 2), only("a1", leaving)), over, []string{"a0"}, v1alpha1.ReasonEvidenceExpired, true},
		"one that is on its way whole":        {scene(lost, going(days(0), 4), group("a", 2, 1), group("b", 2, 2), only("b0", leaving), only("b1", leaving)), over, nil, "", false},
		"one without a size takes its pods":   {scene(lost, group("a", 0, 1), group("b", 0, 2), group("c", 0, 3), group("d", 0, 4)), over, []string{"d0", "d1"}, v1alpha1.ReasonEvidenceExpired, true},
		"one larger than the pace goes alone": {scene(lost, group("a", 0, 1), group("b", 0, 2)), over, []string{"b0", "b1"}, v1alpha1.ReasonEvidenceExpired, true},
		"and not while another is on its way": {scene(lost, going(days(0), 4), group("a", 0, 1), group("b", 0, 2), only("b0", leaving)), over, nil, "", false},
	} {
		t.Run(sentence, test.check)
	}
}

// What a Critical revocation and a finding remove goes at once, whatever the pace.
func TestRemovalsAtOnce(t *testing.T) {
	critical := func(name string) enforcement.Removal {
		return enforcement.Removal{PodRef: ref(name), Reason: v1alpha1.ReasonRevoked, Message: "the release is revoked", Unlimited: true}
	}
	for sentence, test := range map[string]removing{
		"a Critical revocation deletes all, past every limit": {
			scene(pod("a", "General", unexamined), pod("b", "Internal", unexamined), pod("c", "General", unexamined, held)),
			refusing("", revoked(v1alpha1.RevocationCritical)), []enforcement.Removal{critical("a"), critical("b")},
		},
		"not what is granted": {
			scene(pod("a", "General", unexamined), pod("b", "Internal", matching)),
			granting("Internal", revoked(v1alpha1.RevocationCritical)), []enforcement.Removal{critical("a")},
		},
		"what the policy does not know, where every exposure is revoked": {
			scene(pod("a", "Public", unexamined)), refusing("", revoked(v1alpha1.RevocationCritical)), []enforcement.Removal{critical("a")},
		},
		"and not, where one is not": {
			scene(pod("a", "Public", unexamined)), refusing("", revoked(v1alpha1.RevocationCritical, "General")), nil,
		},
		"beside a finding it knows no limit either": {
			scene(pod("a", "General", unexamined)), refusing("", revoked(v1alpha1.RevocationCritical), adverse(exposures()...)),
			[]enforcement.Removal{{PodRef: ref("a"), Reason: v1alpha1.ReasonAdverseFinding, Message: "attack-success failed", Unlimited: true}},
		},
		"an Advisory one deletes nothing": {scene(pod("a", "General", unexamined)), refusing("", revoked(v1alpha1.RevocationAdvisory)), nil},
		"nothing where it is only audited": {
			scene(pod("a", "General", unexamined), gated(v1alpha1.GateAudited)), refusing("", revoked(v1alpha1.RevocationCritical)), nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestRemovalIsRemembered(t *testing.T) {
	lost := recorded(record(wLapsed, since(days(-14)), counting("General", 8)))
	over := refusing("", lapsed(days(-14)))
	status := func(since time.Time, units int32) *v1alpha1.RemovalStatus {
		return &v1alpha1.RemovalStatus{StartTime: metav1.NewTime(since), Units: &units}
	}
	for sentence, test := range map[string]struct {
		scene enforcement.Scene
		want  *v1alpha1.RemovalStatus
	}{
		"it begins with all that serves":                 {scene(lost, many(5), pod("i", "Internal", matching), pod("h", "General", unexamined, held)), status(now(), 6)},
		"it goes on as it began":                         {scene(lost, many(5), going(days(-1), 8)), status(days(-1), 8)},
		"one from the future was made by another clock":  {scene(lost, many(5), going(days(1), 8)), status(now(), 8)},
		"it is over when nothing has to go":              {scene(lost, going(days(-1), 8), pod("a", "General", matching, leaving)), nil},
		"it is over in a namespace that is not enforced": {scene(lost, going(days(-1), 8), many(5), gated("")), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(test.want, enforcement.For(test.scene, over).Removal); diff != "" {
				t.Errorf("removal (-want +got):\n%s", diff)
			}
		})
	}
}

// A ceiling and a lapse share one pace.
func TestOneWaveForAll(t *testing.T) {
	s := scene(recorded(record(wLapsed, since(days(-14)), counting("General", 4))), had("Evaluation"), cleared(counted("Evaluation")), allowing(1),
		many(4), several("StatefulSet", "a", 4))
	var got []string
	for _, r := range enforcement.For(s, granting("Evaluation", lapsed(days(-14)))).Removals {
		got = append(got, r.Name+" "+r.Reason)
	}
	// Those of a are made from Day(2) on, and so are all but the first of the others: the newest two, and of twins the last name.
	if diff := cmp.Diff([]string{"a3 AboveCeiling", "p3 EvidenceExpired"}, got); diff != "" {
		t.Errorf("removals (-want +got):\n%s", diff)
	}
}

// Time alone changes a plan when it says.
func TestAgain(t *testing.T) {
	lost := func(w ...func(*v1alpha1.Withdrawal)) func(*enforcement.Scene) {
		return recorded(record(wLapsed, append(w, counting("General", 8))...))
	}
	for sentence, test := range map[string]struct {
		scene    enforcement.Scene
		decision gate.Decision
		want     time.Duration
	}{
		"when the grace ends":                   {scene(lost(), many(2)), refusing("", lapsed(days(-13))), 24 * time.Hour},
		"when what is missing would have ended": {scene(recorded(record(wAbsent, restedOn(days(3)), counting("General", 8))), many(2)), refusing(v1alpha1.ReasonEvidenceMissing), 72 * time.Hour},
		"when evicting ends":                    {scene(lost(), many(2)), refusing("", lapsed(days(-14))), 600 * time.Second},
		"when what is on its way is late": {
			scene(lost(), many(2), only("p1", leaving, func(p *enforcement.Pod) { p.Ends = days(0).Add(30 * time.Second) })), refusing("", lapsed(days(-14))), 90 * time.Second,
		},
		"when the wait for the fallback ends": {scene(lost(), many(2), fallingBack(0)), refusing("", lapsed(days(-14))), 300 * time.Second},
		"never, where nothing was lost":       {scene(many(2)), granting("General"), 0},
		"never, where all is over":            {scene(lost()), refusing("", lapsed(fixture.Day(-40))), 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := enforcement.For(test.scene, test.decision).Again; got != test.want {
				t.Errorf("again after %s, want %s", got, test.want)
			}
		})
	}
}
