// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// dice make choices from a byte string. At its end every choice is the first.
type dice struct{ data []byte }

func pick[T any](d *dice, from ...T) T {
	if len(d.data) == 0 {
		return from[0]
	}
	b := d.data[0]
	d.data = d.data[1:]
	return from[int(b)%len(from)]
}

func (d *dice) often() bool { return pick(d, true, true, true, false) }

func (d *dice) verdict() enforcement.Verdict {
	return pick(d, matching, matching, differing, unexamined, unread, unnaming, unguarded)
}

func (d *dice) exposure() string {
	return pick(d, "General", "General", "Internal", "Evaluation", "Genreal", "")
}

// decision is any, also such as package gate never makes.
func (d *dice) decision() gate.Decision {
	x := gate.Decision{
		SubjectDigest:   pick(d, subject, subject, subject, "sha256:another"),
		GrantedExposure: pick(d, "General", "Internal", "Evaluation", ""),
		Reason:          pick(d, v1alpha1.ReasonEvidenceComplete, v1alpha1.ReasonEvidenceMissing, v1alpha1.ReasonAdverseFinding),
		Message:         "because", Adverse: !d.often(),
	}
	if d.often() {
		x.ClearedUntil = new(end())
	}
	for _, name := range exposures() {
		x.Exposures = append(x.Exposures, gate.ExposureResult{Name: name, Granted: d.often(), Adverse: !d.often()})
	}
	d.losses(&x)
	return x
}

// scene is a small one, so that owners, names and ceilings meet often.
func (d *dice) scene() enforcement.Scene {
	gates := slices.Repeat([]string{v1alpha1.GateEnforced}, 8)
	s := scene(gated(pick(d, append(gates, v1alpha1.GateAudited, "")...)))
	if d.often() {
		cleared(ending(pick(d, fixture.Day(2), fixture.Day(7), fixture.Day(20)), free(fixture.UID("r0"), fixture.UID("gone"))))(&s)
	}
	if !d.often() {
		crowded(pick(d, 0, 300, 400))(&s)
	}
	if !d.often() {
		mutatedBy("injector")(&s)
	}
	if !d.often() {
		s.Policy = nil
	}
	if pick(d, 0, 1, 2, 3, 4, 5) == 5 {
		withheld(&s)
	}
	if d.often() {
		rolling(enforcement.Rollout{Held: !d.often(), Revision: pick(d, "2", ""), Partition: pick(d, int32(0), 1)})(&s)
	}
	for i := range pick(d, 2, 0, 1, 3) {
		deployment("d"+strconv.Itoa(i), d.exposure(), d.verdict(), marked(pick(d, "", v1alpha1.HeldResume, v1alpha1.HeldPaused)),
			surging(pick(d, int32(2), 1, 4), pick(d, int32(1), 0, 3)), func(p *enforcement.Parent) { p.Paused = !d.often() })(&s)
	}
	for i := range pick(d, 3, 0, 1, 5) {
		name := "r" + strconv.Itoa(i)
		replicaSet(name, d.exposure(), d.verdict(), replicas(pick(d, int32(2), 0)), numbered(pick(d, int64(i+1), 0, 2)))(&s)
		if owner := pick(d, "d0", "d1", ""); owner != "" {
			within(name, "Deployment", owner)(&s)
		}
	}
	for i := range pick(d, 4, 0, 1, 8) {
		pod("p"+strconv.Itoa(i), d.exposure(), d.verdict(), made(fixture.Day(pick(d, 0, 1))), owned(pick(d, "ReplicaSet", "Job"), pick(d, "r0", "r1", "r2", "x")),
			func(p *enforcement.Pod) {
				p.Held, p.Gone = pick(d, true, false), !d.often()
				p.Ending = !p.Held && !d.often()
			},
			pick(d, func(*enforcement.Pod) {}, started(0), started(3)),
			pick(d, func(*enforcement.Pod) {}, inUnit("u", 0), inUnit("v", 2), ofRevision("s", "1", int32(i))))(&s)
	}
	d.remembered(&s)
	return s
}

// FuzzPlan holds the invariants of the package against any scene and decision.
func FuzzPlan(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		data := make([]byte, 180)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := &dice{data}
		decision := d.decision()
		s := d.scene()
		plan := enforcement.For(s, decision)
		checkOpened(t, s, decision, plan)
		checkRemoved(t, s, decision, plan)
		checkShrunk(t, s, plan)
		checkFair(t, s, plan)
		checkDone(t, s, decision, plan)
		checkClearance(t, s, decision, plan)
		checkOrder(t, s, decision, plan)
		checkFreeze(t, s, decision, plan)
		checkWaves(t, s, plan)
		checkRecord(t, s, decision, plan)
		checkAdverse(t, s, decision, plan)
		checkNotes(t, s, plan)
		checkZeroDecision(t, s)
	})
}

// checkOpened: whatever gets more was examined, matches and is granted, or was and is replaced, in an enforced namespace.
func checkOpened(t *testing.T, s enforcement.Scene, d gate.Decision, plan enforcement.Plan) {
	t.Helper()
	granted := map[string]bool{}
	for _, x := range d.Exposures {
		granted[x.Name] = x.Granted && s.Namespace.Gate == v1alpha1.GateEnforced
	}
	may := func(v enforcement.Verdict, exposure string) bool {
		return v == matching && granted[exposure]
	}
	for _, lift := range plan.Lifts {
		p := s.Parents[slices.IndexFunc(s.Parents, func(x enforcement.Parent) bool { return x.Name == lift.Name && x.Kind == lift.Kind })]
		if !may(p.Verdict, p.Exposure) || p.Mark == "" || lift.ResourceVersion != p.ResourceVersion || lift.Mark != p.Mark {
			t.Errorf("lifted %+v as %+v", p, lift)
		}
	}
	if s.Withheld.Reason != "" && len(plan.Lifts)+len(plan.Opens) > 0 {
		t.Errorf("opened %+v and lifted %+v though growth is withheld", plan.Opens, plan.Lifts)
	}
	if c, err := clearance.Parse(plan.Clearance.Write); err == nil {
		for _, uid := range c.Owners {
			rs := s.ReplicaSets[slices.IndexFunc(s.ReplicaSets, func(x enforcement.ReplicaSet) bool { return x.UID == uid })]
			if !may(rs.Verdict, rs.Exposure) || len(s.UntrustedMutators) > 0 {
				t.Errorf("cleared %+v", rs)
			}
		}
	}
	for _, name := range continued(s, plan) {
		granted[name] = s.Namespace.Gate == v1alpha1.GateEnforced
	}
	for _, open := range plan.Opens {
		pod := podOf(t, s, open)
		beside := pod.Verdict == unnaming && granted[pod.Exposure] && slices.ContainsFunc(s.Pods, func(other enforcement.Pod) bool {
			return !other.Gone && other.Verdict == matching && pod.Unit.Key != "" && group(other) == group(pod)
		})
		if !may(pod.Verdict, pod.Exposure) && !beside || !pod.Held || pod.Gone {
			t.Errorf("opened %+v", pod)
		}
	}
	checkCeilings(t, s, plan)
}

// group names what serves together with a pod.
func group(pod enforcement.Pod) string {
	if pod.Unit.Key == "" {
		return "alone " + pod.Name
	}
	return "unit " + pod.Unit.Key + " of " + pod.Exposure
}

// placeOf names what takes a place under a ceiling: a group where its size bounds it, and else the pod.
func placeOf(pod enforcement.Pod) string {
	if pod.Unit.Size == 0 {
		return "pod " + pod.Name
	}
	return group(pod)
}

func refOf(pod enforcement.Pod) enforcement.PodRef {
	return enforcement.PodRef{Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion}
}

// checkRemoved: nothing is removed but for the causes that there are.
func checkRemoved(t *testing.T, s enforcement.Scene, d gate.Decision, plan enforcement.Plan) {
	t.Helper()
	// An exposure that the policy does not know is refused where every one is.
	refused := func(name string, by func(gate.ExposureResult) bool) bool {
		all := len(d.Exposures) > 0
		for _, x := range d.Exposures {
			if x.Name == name {
				return by(x) && !x.Granted
			}
			all = all && by(x) && !x.Granted
		}
		return all
	}
	granted := func(name string) bool {
		return slices.ContainsFunc(d.Exposures, func(x gate.ExposureResult) bool { return x.Name == name && x.Granted })
	}
	// Of what is merely missing or old by now, the cause for which it was lost stays.
	caused := func(name string) bool {
		return slices.ContainsFunc(d.Exposures, func(x gate.ExposureResult) bool { return x.Name == name && x.Revoked != "" })
	}
	for _, removal := range plan.Removals {
		pod := podOf(t, s, removal.PodRef)
		adverse := refused(pod.Exposure, func(x gate.ExposureResult) bool { return x.Adverse })
		critical := refused(pod.Exposure, func(x gate.ExposureResult) bool { return x.Revoked == v1alpha1.RevocationCritical })
		stays := false
		if before, lost := lossIn(s.Memory.Withdrawal, pod.Exposure); lost && !granted(pod.Exposure) {
			other := s.Memory.Withdrawal.SubjectDigest
			adverse = adverse || removal.Reason == v1alpha1.ReasonAdverseFinding && before.Cause == wAdverse && other != "" && other != d.SubjectDigest
			stays = before.Severity == v1alpha1.RevocationCritical && (adverse || !caused(pod.Exposure))
		}
		ok := !pod.Held && !pod.Gone && s.Namespace.Gate == v1alpha1.GateEnforced
		switch removal.Reason {
		case v1alpha1.ReasonSuperseded:
			r := s.Rollouts[pod.Owner.UID]
			ok = pod.Held && !pod.Gone && !r.Held && r.Revision != "" && r.Revision != pod.Revision && pod.Ordinal >= r.Partition &&
				!slices.Contains(plan.Opens, removal.PodRef) && s.Namespace.Gate == v1alpha1.GateEnforced && removal.Unlimited
		case v1alpha1.ReasonAboveCeiling:
			ok = ok && granted(pod.Exposure) && clearedBefore(s, pod.Started) && !removal.Unlimited
		case v1alpha1.ReasonAdverseFinding:
			ok = ok && adverse && (removal.Unlimited == critical || removal.Unlimited && stays) && !removal.Evict
		case v1alpha1.ReasonRevoked:
			ok = ok && !adverse && ((critical || stays) && removal.Unlimited && !removal.Evict || !removal.Unlimited && overdue(s, d, plan, pod.Exposure) == removal.Reason)
		case v1alpha1.ReasonEvidenceExpired:
			ok = ok && !removal.Unlimited && overdue(s, d, plan, pod.Exposure) == removal.Reason
		case v1alpha1.ReasonWorkloadMismatch:
			ok = ok && !adverse && !critical && !removal.Evict && (pod.Verdict == differing || pod.Verdict == unnaming) &&
				slices.ContainsFunc(s.ReplicaSets, func(rs enforcement.ReplicaSet) bool { return rs.UID == pod.Owner.UID && rs.Verdict == matching })
		default:
			ok = false
		}
		if !ok {
			t.Errorf("removed %+v as %+v", pod, removal)
		}
	}
}

// clearedBefore tells whether the release was cleared when a pod got its node, or the pod has none.
func clearedBefore(s enforcement.Scene, started time.Time) bool {
	since := s.Memory.ClearedSince
	if have, err := clearance.Parse(s.Namespace.Annotations[clearance.Key(s.ReleaseName)]); since == nil && err == nil {
		since = &have.Since
	}
	return since != nil && (started.IsZero() || !started.Before(*since))
}

// checkClearance: one is written only for a grant, within the budget, and ends with it; none is both
// written and withdrawn.
func checkClearance(t *testing.T, s enforcement.Scene, d gate.Decision, plan enforcement.Plan) {
	t.Helper()
	c := plan.Clearance
	entitled := s.Namespace.Gate == v1alpha1.GateEnforced && d.GrantedExposure != "" && d.ClearedUntil != nil
	switch {
	case c.Write != "" && (c.Withdraw || !entitled):
		t.Errorf("%+v without a grant", c)
	case (c.Write != "" || c.End != nil) && (c.End == nil || c.End.After(end())):
		t.Errorf("%+v ends after the grant", c)
	case !entitled && c.End != nil:
		t.Errorf("%+v stays without a grant", c)
	}
	if c.Write == "" {
		return
	}
	got, err := clearance.Parse(c.Write)
	if err != nil || got.String() != c.Write || !got.End.Equal(*c.End) || s.Withheld.Reason == "" && got.Exposure != d.GrantedExposure {
		t.Errorf("wrote %s: %v", c.Write, err)
	}
	if s.Withheld.Reason != "" || c.Over != "" {
		checkShrank(t, s, got)
	}
	after := maps.Clone(s.Namespace.Annotations)
	if after == nil {
		after = map[string]string{}
	}
	after[clearance.Key(s.ReleaseName)] = c.Write
	grew := len(c.Write) > len(s.Namespace.Annotations[clearance.Key(s.ReleaseName)])
	if grew && clearance.Size(after) > clearance.NamespaceBudget {
		t.Errorf("%d bytes of clearances", clearance.Size(after))
	}
}

// checkShrank: a clearance that is written while growth is withheld, or that may be written at any time, gives nothing that the one before did not.
func checkShrank(t *testing.T, s enforcement.Scene, got clearance.Clearance) {
	t.Helper()
	have, err := clearance.Parse(s.Namespace.Annotations[clearance.Key(s.ReleaseName)])
	rank := func(exposure string) int { return slices.Index(exposures(), exposure) }
	joined := slices.ContainsFunc(got.Owners, func(uid types.UID) bool { return !slices.Contains(have.Owners, uid) })
	if err != nil || joined || got.End.After(have.End) || have.Mode == clearance.Counted && got.Mode != have.Mode ||
		s.Policy != nil && rank(got.Exposure) > rank(have.Exposure) {
		t.Errorf("wrote %s over %s though growth is withheld", got, have)
	}
}

// checkOrder: the order in which the cluster lists things decides nothing, and nothing of the scene is changed.
func checkOrder(t *testing.T, s enforcement.Scene, d gate.Decision, plan enforcement.Plan) {
	t.Helper()
	other := s
	other.Parents, other.ReplicaSets, other.Pods = slices.Clone(s.Parents), slices.Clone(s.ReplicaSets), slices.Clone(s.Pods)
	slices.Reverse(other.Parents)
	slices.Reverse(other.ReplicaSets)
	slices.Reverse(other.Pods)
	before := other
	before.Pods, before.ReplicaSets = slices.Clone(other.Pods), slices.Clone(other.ReplicaSets)
	again := enforcement.For(other, d)
	if diff := cmp.Diff(before, other); diff != "" {
		t.Errorf("the scene was changed:\n%s", diff)
	}
	if diff := cmp.Diff(plan, again); diff != "" {
		t.Errorf("another order gives another plan:\n%s", diff)
	}
}

// checkZeroDecision: whoever decided nothing opens nothing, and removes nothing that runs.
func checkZeroDecision(t *testing.T, s enforcement.Scene) {
	t.Helper()
	plan := enforcement.For(s, gate.Decision{})
	_, exists := s.Namespace.Annotations[clearance.Key(s.ReleaseName)]
	removed := slices.ContainsFunc(plan.Removals, func(r enforcement.Removal) bool { return r.Reason != v1alpha1.ReasonSuperseded })
	if plan.GivesMore() || removed || plan.Clearance.Withdraw != exists {
		t.Errorf("the zero decision does %+v", plan)
	}
}

func podOf(t *testing.T, s enforcement.Scene, ref enforcement.PodRef) enforcement.Pod {
	t.Helper()
	for _, pod := range s.Pods {
		if (enforcement.PodRef{Name: pod.Name, UID: pod.UID, ResourceVersion: pod.ResourceVersion}) == ref {
			return pod
		}
	}
	t.Fatalf("there is no pod %+v", ref)
	return enforcement.Pod{}
}

// A controller that does nothing but what its plans and rechecks say keeps the lease of a standing grant.
func TestLeaseIsRenewedInTime(t *testing.T) {
	for _, lease := range []int32{60, 61, 3600, 604800} {
		s, at := scene(replicaSet("a", "General", matching)), now().Add(700*time.Millisecond)
		policy := fixture.Policy("rsp", fixture.Exposing(v1alpha1.Exposure{Name: "General", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed}))
		policy.Spec.ClearanceSeconds = &lease
		var left []time.Duration
		for range 20 {
			d := gate.Decide(gate.Input{Now: at, Release: fixture.Release("m1"), Policy: policy})
			s.Now, s.Policy = at, policy
			plan := enforcement.For(s, d)
			if have, err := clearance.Parse(s.Namespace.Annotations[clearance.Key("m1")]); err == nil {
				left = append(left, have.End.Sub(at))
			}
			if plan.Clearance.Write != "" {
				annotated(clearance.Key("m1"), plan.Clearance.Write)(&s)
			}
			if d.RecheckAfter <= 0 {
				t.Fatalf("no recheck of a grant of %d s", lease)
			}
			at = at.Add(d.RecheckAfter + 3*time.Millisecond)
		}
		if least := slices.Min(left); least < time.Duration(lease)*time.Second*2/5 {
			t.Errorf("a lease of %d s had only %v left before it was renewed", lease, least)
		}
	}
}

// The text of a clearance does not depend on the order of what it names.
func TestClearanceIsTheSameText(t *testing.T) {
	s := scene(replicaSet("b", "General", matching), replicaSet("a", "General", matching))
	s.Digests = []string{fixture.SHA256("z"), fixture.SHA256("a"), fixture.SHA256("z")}
	want := clearance.Clearance{
		End: end(), Exposure: "General", Mode: clearance.Free,
		Owners:  []types.UID{fixture.UID("a"), fixture.UID("b")},
		Digests: []string{fixture.SHA256("a"), fixture.SHA256("z")},
		Since:   now(),
	}.String()
	for range 50 {
		if got := enforcement.For(s, granting("General")).Clearance.Write; got != want {
			t.Fatalf("wrote %s, want %s", got, want)
		}
	}
}
