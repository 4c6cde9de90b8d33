// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// losses says why exposures are refused, also what package gate never says together.
func (d *dice) losses(x *gate.Decision) {
	for i := range x.Exposures {
		x.Exposures[i].Revoked = pick(d, "", "", "", v1alpha1.RevocationAdvisory, v1alpha1.RevocationCritical)
		x.Exposures[i].Lapsed = pick(d, nil, new(days(-1)), new(days(-14)), new(days(-40)))
	}
	x.EvidenceEnds = pick(d, nil, new(days(3)))
}

// remembered is what a status may say of earlier plans.
func (d *dice) remembered(s *enforcement.Scene) {
	s.Memory.Granted = pick(d, "", "General", "Internal", "Evaluation", "Public")
	s.Memory.Subject = pick(d, subject, subject, subject, "")
	s.Memory.EvidenceEnds = pick(d, nil, new(days(3)), new(days(-2)), new(days(-30)))
	s.Memory.ClearedSince = pick(d, nil, new(days(-1)), new(days(0)))
	if d.often() {
		w := record(pick(d, wLapsed, wAbsent, wRevoked, wAdverse), of(pick(d, "General", "Internal", "Public")), since(pick(d, days(0), days(-2), days(-20), days(1))))
		for _, name := range []string{"Evaluation", "General", "Genreal", "Internal"} {
			if !d.often() {
				byItself(name, pick(d, int32(1), 0, 2), pick(d, wLapsed, wAbsent, wRevoked, wAdverse), pick(d, days(-1), days(-20), days(1)), func(s *v1alpha1.ServingUnits) {
					if s.Cause == wRevoked {
						s.Severity = pick(d, v1alpha1.RevocationAdvisory, v1alpha1.RevocationCritical)
					}
				})(w)
			} else if d.often() {
				counting(name, pick(d, int32(2), 0, 1, 3))(w)
			}
		}
		if w.Cause == wRevoked {
			w.Severity = pick(d, v1alpha1.RevocationAdvisory, v1alpha1.RevocationCritical)
		}
		if w.Cause != wAdverse && w.Severity != v1alpha1.RevocationCritical {
			grace(w.Time.Add(time.Duration(pick(d, 14, 3, 0)) * 24 * time.Hour))(w)
		}
		if !d.often() {
			enforced(days(-1))(w)
		}
		w.EvidenceEndTime = pick(d, nil, new(metav1.NewTime(days(-3))), new(metav1.NewTime(days(9))))
		recorded(w)(s)
	}
	if !d.often() {
		going(pick(d, days(0), days(-1), days(1)), pick(d, int32(4), 0, 9))(s)
	}
	if !d.often() {
		fallingBack(pick(d, int32(0), 2))(s)
	}
	if s.Policy != nil && d.often() {
		lapsing(v1alpha1.Lapse{GraceDays: pick(d, nil, new(int32(0)), new(int32(3))), Then: pick(d, v1alpha1.LapseAction(""), v1alpha1.LapseKeep)})(s)
		removingAt(pick(d, int32(25), 1, 60, 100), pick(d, int32(600), 0))(s)
	}
}

// placesLost is how many places of an exposure served when it was lost, as a plan says; false where it was not.
func placesLost(plan enforcement.Plan, exposure string) (int, bool) {
	if plan.Withdrawal == nil {
		return 0, false
	}
	i := slices.IndexFunc(plan.Withdrawal.Serving, func(u v1alpha1.ServingUnits) bool { return u.Exposure == exposure })
	if i < 0 {
		return 0, false
	}
	return int(*plan.Withdrawal.Serving[i].Units), true
}

// lossIn is how an exposure was lost, as a record says; false where it does not.
func lossIn(w *v1alpha1.Withdrawal, exposure string) (v1alpha1.ServingUnits, bool) {
	if w == nil {
		return v1alpha1.ServingUnits{}, false
	}
	i := slices.IndexFunc(w.Serving, func(u v1alpha1.ServingUnits) bool { return u.Exposure == exposure })
	whole := v1alpha1.ServingUnits{Exposure: exposure, Time: &w.Time, Cause: w.Cause, Severity: w.Severity, EvidenceEndTime: w.EvidenceEndTime}
	if i >= 0 && w.Serving[i].Time != nil {
		whole = w.Serving[i]
	}
	return whole, i >= 0 || w.Exposure == exposure
}

// continued are the exposures that were lost and of which something served.
func continued(s enforcement.Scene, plan enforcement.Plan) []string {
	var all []string
	if plan.Withdrawal == nil || s.Policy == nil {
		return nil
	}
	for _, u := range plan.Withdrawal.Serving {
		if *u.Units > 0 {
			all = append(all, u.Exposure)
		}
	}
	return all
}

// overdue is the reason why what serves a lost exposure goes in waves, told from the decision and the policy alone; empty where it does not.
func overdue(s enforcement.Scene, d gate.Decision, plan enforcement.Plan, exposure string) string {
	if _, lost := placesLost(plan, exposure); !lost || s.Policy == nil {
		return ""
	}
	lapse := v1alpha1.Lapse{}
	if s.Policy.Spec.Lapse != nil {
		lapse = *s.Policy.Spec.Lapse
	}
	graceDays := 14
	if lapse.GraceDays != nil {
		graceDays = int(*lapse.GraceDays)
	}
	now, _ := lossIn(plan.Withdrawal, exposure)
	before, _ := lossIn(s.Memory.Withdrawal, exposure)
	advisory, lapses, known := true, []*time.Time{}, false
	for _, x := range d.Exposures {
		if x.Name == exposure {
			known, advisory, lapses = true, !x.Adverse && x.Revoked == v1alpha1.RevocationAdvisory, []*time.Time{x.Lapsed}
			break
		}
		advisory = advisory && !x.Granted && (x.Revoked != "" || x.Adverse)
	}
	if (advisory || before.Cause == wRevoked) && now.Cause == wRevoked && !s.Now.Before(now.Time.Add(24*time.Hour)) {
		return v1alpha1.ReasonRevoked
	}
	// Evidence that was deleted counts to its end.
	if !known || lapses[0] == nil {
		lapses = []*time.Time{s.Memory.EvidenceEnds}
		if end := now.EvidenceEndTime; end != nil {
			lapses = append(lapses, &end.Time)
		}
	}
	if lapse.Then != v1alpha1.LapseKeep && slices.ContainsFunc(lapses, func(end *time.Time) bool {
		return end != nil && !s.Now.Before(end.Add(time.Duration(graceDays)*24*time.Hour))
	}) {
		return v1alpha1.ReasonEvidenceExpired
	}
	return ""
}

// checkFreeze: of what is not granted no more serves than did when it was lost, if any comes to it.
func checkFreeze(t *testing.T, s enforcement.Scene, d gate.Decision, plan enforcement.Plan) {
	t.Helper()
	left := s
	left.Pods = slices.Clone(s.Pods)
	for i, p := range left.Pods {
		left.Pods[i].Held = p.Held && !slices.Contains(plan.Opens, refOf(p))
	}
	for _, p := range s.Pods {
		granted := slices.ContainsFunc(d.Exposures, func(x gate.ExposureResult) bool { return x.Name == p.Exposure && x.Granted })
		before, now := len(placesOf(s, p.Exposure)), len(placesOf(left, p.Exposure))
		if most, _ := placesLost(plan, p.Exposure); !granted && now > before && now > most {
			t.Errorf("%s grew from %d to %d, and %d served", p.Exposure, before, now, most)
		}
	}
}

// checkWaves: what goes in waves goes in whole units, all of them in one way, and no more at once than the policy says, unless it is one.
func checkWaves(t *testing.T, s enforcement.Scene, plan enforcement.Plan) {
	t.Helper()
	places, units, evict := map[string]bool{}, map[string]bool{}, map[bool]bool{}
	for _, r := range plan.Removals {
		if waves := []string{v1alpha1.ReasonAboveCeiling, v1alpha1.ReasonEvidenceExpired, v1alpha1.ReasonRevoked}; slices.Contains(waves, r.Reason) && !r.Unlimited {
			pod := podOf(t, s, r.PodRef)
			places[placeOf(pod)], units[group(pod)], evict[r.Evict] = true, true, true
		}
	}
	if len(units) == 0 {
		return
	}
	percent, seconds := 25, 600
	if s.Policy.Spec.Removals != nil {
		percent, seconds = int(*s.Policy.Spec.Removals.MaxUnavailablePercent), int(*s.Policy.Spec.Removals.EvictSeconds)
	}
	if plan.Removal == nil || plan.Removal.StartTime.After(s.Now) || len(evict) != 1 ||
		evict[true] != s.Now.Before(plan.Removal.StartTime.Add(time.Duration(seconds)*time.Second)) {
		t.Errorf("evicted %v in the removal %+v", evict, plan.Removal)
	}
	for _, p := range s.Pods {
		if p.Gone && p.Ending && !p.Held && !slices.ContainsFunc(s.Pods, func(o enforcement.Pod) bool { return placeOf(o) == placeOf(p) && !o.Gone && !o.Held }) {
			places[placeOf(p)], units[group(p)] = true, true
		}
		if units[group(p)] && !p.Held && !p.Gone && !slices.ContainsFunc(plan.Removals, func(r enforcement.Removal) bool { return r.PodRef == refOf(p) }) {
			t.Errorf("%s stays of a group that goes", p.Name)
		}
	}
	if most := max(1, (int(*plan.Removal.Units)*percent+99)/100); len(places) > most && len(units) > 1 {
		t.Errorf("%v are on their way at once, of which %d may be", places, most)
	}
}

// checkRecord: what is remembered is well formed, and is the same when it is remembered again.
func checkRecord(t *testing.T, s enforcement.Scene, d gate.Decision, plan enforcement.Plan) {
	t.Helper()
	w := plan.Withdrawal
	if w == nil {
		return
	}
	serves := slices.ContainsFunc(s.Pods, func(p enforcement.Pod) bool {
		granted := slices.ContainsFunc(d.Exposures, func(x gate.ExposureResult) bool { return x.Name == p.Exposure && x.Granted })
		return !granted && !p.Held && (!p.Gone || p.Ending)
	})
	if len(w.Serving) > 8 || serves != (w.EnforcedTime == nil) || (w.Severity != "") != (w.Cause == wRevoked) || s.Namespace.Gate != v1alpha1.GateEnforced {
		t.Errorf("record %+v, and something serves: %v", w, serves)
	}
	if had := s.Memory.Withdrawal; had != nil && had.Exposure == w.Exposure && s.Memory.Granted == "" {
		for _, u := range had.Serving {
			if n, lost := placesLost(plan, u.Exposure); lost && n != 0 && n != int(*u.Units) {
				t.Errorf("%d served at %s, and then %d", *u.Units, u.Exposure, n)
			}
		}
	}
	s.Memory = enforcement.Memory{Granted: d.GrantedExposure, Subject: d.SubjectDigest, EvidenceEnds: plan.EvidenceEnds, ClearedSince: plan.ClearedSince, Withdrawal: w, Removal: plan.Removal}
	consistent := !slices.ContainsFunc(d.Exposures, func(x gate.ExposureResult) bool { return x.Name == d.GrantedExposure && !x.Granted })
	if again := enforcement.For(s, d); consistent && again.Withdrawal != nil {
		if diff := cmp.Diff(w, again.Withdrawal); diff != "" {
			t.Errorf("the record changes by itself:\n%s", diff)
		}
	}
}

// checkAdverse: a finding more opens nothing, and leaves nothing that it refuses.
func checkAdverse(t *testing.T, s enforcement.Scene, d gate.Decision, plan enforcement.Plan) {
	t.Helper()
	s.Fallback = nil
	worse := d
	worse.Exposures = slices.Clone(d.Exposures)
	refused := map[string]bool{}
	for i, x := range worse.Exposures {
		if !x.Granted {
			worse.Exposures[i].Adverse, refused[x.Name] = true, true
		}
	}
	after := enforcement.For(s, worse)
	for _, open := range after.Opens {
		if !slices.Contains(plan.Opens, open) || refused[podOf(t, s, open).Exposure] {
			t.Errorf("a finding opens %+v", open)
		}
	}
	for _, p := range s.Pods {
		goes := slices.ContainsFunc(after.Removals, func(r enforcement.Removal) bool { return r.PodRef == refOf(p) })
		if refused[p.Exposure] && !p.Held && !p.Gone && !goes && s.Namespace.Gate == v1alpha1.GateEnforced {
			t.Errorf("a finding leaves %+v", p)
		}
	}
}

// checkNotes: after a plan each pod that stays held says why, in a word that the plan stands by.
func checkNotes(t *testing.T, s enforcement.Scene, plan enforcement.Plan) {
	t.Helper()
	if s.Namespace.Gate != v1alpha1.GateEnforced {
		if len(plan.Notes) > 0 {
			t.Errorf("notes %+v in a namespace that is not enforced", plan.Notes)
		}
		return
	}
	for _, p := range s.Pods {
		i := slices.IndexFunc(plan.Notes, func(n enforcement.Note) bool { return n.PodRef == refOf(p) })
		goes := slices.ContainsFunc(plan.Removals, func(r enforcement.Removal) bool { return r.PodRef == refOf(p) })
		if stays := p.Held && !p.Gone && !goes && !slices.Contains(plan.Opens, refOf(p)); stays != (i >= 0) {
			t.Errorf("%+v stays held: %v, and has the note %d", p, stays, i)
		}
		if i >= 0 && (strings.HasPrefix(plan.Notes[i].Text, ":") || len(plan.Notes[i].Text) > 256) {
			t.Errorf("note %+v", plan.Notes[i])
		}
	}
}
