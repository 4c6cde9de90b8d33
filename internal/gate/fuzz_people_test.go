// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// checkUnbarred: what meets a requirement was brought by somebody who may, with the record that is asked for.
func checkUnbarred(t *testing.T, in gate.Input, r *v1alpha1.Requirement, e *v1alpha1.SafetyEvaluation) {
	t.Helper()
	by := e.Spec.Evaluator
	if r.Independence != "" && (by == "" || slices.Contains(in.Release.Spec.Authors, by) || len(in.Release.Spec.Authors) == 0) {
		t.Errorf("%s is met by what %q brought, and the authors are %v", r.Name, by, in.Release.Spec.Authors)
	}
	if trusted := by == "p2" || slices.Contains(e.Spec.EvaluatorGroups, "gx"); r.Independence == v1alpha1.IndependenceIndependent &&
		(in.Policy.Spec.IndependentEvaluators == nil || !trusted) {
		t.Errorf("%s is met by what %q brought, who is not independent", r.Name, by)
	}
	if record := e.Spec.Elicitation; r.Elicitation != nil && (record == nil || record.Trials == nil || *record.Trials < *r.Elicitation.MinTrials) {
		t.Errorf("%s is met with the record %+v", r.Name, record)
	}
	if r.Standing == v1alpha1.StandingSaturated {
		t.Errorf("%s is met and saturated", r.Name)
	}
}

// signs reports whether somebody says anything about the release.
func signs(in gate.Input, user string) bool {
	return slices.ContainsFunc(in.Approvals, func(a v1alpha1.ReleaseApproval) bool { return a.Spec.Approver == user })
}

// signers are the distinct people who approve something in one of the roles of a quorum, without those who are apart.
func signers(in gate.Input, quorum []v1alpha1.RoleQuorum, uid string, apart ...string) int {
	people := map[string]bool{}
	for i := range in.Approvals {
		s := &in.Approvals[i].Spec
		about := ""
		if s.Regarding != nil {
			about = s.Regarding.UID
		}
		inRole := slices.ContainsFunc(quorum, func(q v1alpha1.RoleQuorum) bool { return q.Role == s.Role })
		if s.Decision == v1alpha1.DecisionApprove && about == uid && inRole && !slices.Contains(apart, s.Approver) {
			people[s.Approver] = true
		}
	}
	return len(people)
}

func seats(quorum []v1alpha1.RoleQuorum) int {
	n := 0
	for _, q := range quorum {
		n += int(q.Count)
	}
	return n
}

// checkPeople: nobody counts twice, a waiver rules nothing out and opens no undefined level, and a check has no end.
func checkPeople(t *testing.T, in gate.Input, d gate.Decision) {
	t.Helper()
	if in.InForce != nil {
		return
	}
	for i := range in.Policy.Spec.Requirements {
		r, result := &in.Policy.Spec.Requirements[i], &d.Requirements[i]
		if r.Approval != nil && result.State == met {
			var apart []string
			if slices.Contains(r.Approval.DifferFrom, v1alpha1.PartyAuthor) {
				apart = in.Release.Spec.Authors
			}
			if have := signers(in, r.Approval.Quorum, "", apart...); have < seats(r.Approval.Quorum) {
				t.Errorf("%s is met, with %d people for %d places", r.Name, have, seats(r.Approval.Quorum))
			}
		}
		if r.Check != nil && result.State == met && result.Expires != nil {
			t.Errorf("%s is in place until %v", r.Name, result.Expires)
		}
		if result.State == v1alpha1.RequirementWaived {
			checkWaived(t, in, r.Name, result.Evidence)
		}
	}
	if d.GrantedExposure != "" {
		for i := range in.Policy.Spec.Levels[:levelIndex(in.Policy, d.Exposures[reach(in, d)].RequiredLevel)+1] {
			if in.Policy.Spec.Levels[i].State == v1alpha1.LevelUndefined {
				t.Errorf("%s is granted at %s, which is undefined", d.GrantedExposure, in.Policy.Spec.Levels[i].Name)
			}
		}
	}
	none := in
	none.Waivers = nil
	if len(in.Waivers) > 0 {
		before := gate.Decide(none)
		for i := range d.Thresholds {
			if d.Thresholds[i].State != before.Thresholds[i].State {
				t.Errorf("with waivers %s is %s, and without %s", d.Thresholds[i].Name, d.Thresholds[i].State, before.Thresholds[i].State)
			}
		}
	}
}

func checkWaived(t *testing.T, in gate.Input, requirement, waiver string) {
	t.Helper()
	i := slices.IndexFunc(in.Waivers, func(x v1alpha1.ReleaseWaiver) bool { return x.Name == waiver })
	x, rules := &in.Waivers[i], in.Policy.Spec.Waivers
	quorum := rules.Quorum
	if x.Spec.Path == v1alpha1.WaiverBreakGlass {
		quorum = rules.BreakGlass.Quorum
	}
	if have := signers(in, quorum, string(x.UID), x.Spec.Requester); have < seats(quorum) || !slices.Contains(x.Spec.Requirements, requirement) {
		t.Errorf("%s is waived by %s, with %d people for %d places", requirement, waiver, have, seats(quorum))
	}
	if !x.Spec.EndTime.After(in.Now) {
		t.Errorf("%s is waived by %s, which ended %v", requirement, waiver, x.Spec.EndTime)
	}
}

// lastingPeople is the input with what people signed counting for as long as the API lets it.
func lastingPeople(in gate.Input) gate.Input {
	in.Approvals, in.Waivers, in.Determinations = slices.Clone(in.Approvals), slices.Clone(in.Waivers), slices.Clone(in.Determinations)
	for i := range in.Approvals {
		in.Approvals[i].Spec.EndTime = nil
	}
	spec := &in.Policy.Spec
	if spec.Waivers != nil {
		spec.Waivers = spec.Waivers.DeepCopy()
		spec.Waivers.MaxDays = 365
		if b := spec.Waivers.BreakGlass; b != nil {
			b.MaxSeconds, b.ReviewDays = 365*24*60*60, 90
		}
	}
	if spec.Determinations != nil {
		spec.Determinations.MaxDays = 365
	}
	for i := range in.Waivers {
		in.Waivers[i].Spec.EndTime = metav1.NewTime(fixture.Day(200))
	}
	for i := range in.Determinations {
		in.Determinations[i].Spec.EndTime = nil
	}
	for i := range spec.Requirements {
		if len(in.Approvals) > 0 && spec.Requirements[i].ValidForDays != 0 {
			spec.Requirements[i].ValidForDays = 3650
		}
	}
	return in
}

// same reports whether two approvals are of the same person in the same role about the same thing.
func sameVoice(a, b *v1alpha1.ReleaseApproval) bool {
	return a.Spec.Approver == b.Spec.Approver && a.Spec.Role == b.Spec.Role && cmp.Equal(a.Spec.Regarding, b.Spec.Regarding)
}

// takesBack reports whether a word is against a judgement that a threshold is reached, or lets one stand.
func takesBack(in gate.Input, a *v1alpha1.ReleaseApproval) bool {
	if a.Spec.Regarding == nil || a.Spec.Regarding.Kind != v1alpha1.RecordDetermination {
		return false
	}
	return slices.ContainsFunc(in.Determinations, func(d v1alpha1.ReleaseDetermination) bool {
		return string(d.UID) == a.Spec.Regarding.UID && slices.ContainsFunc(d.Spec.Thresholds, func(t v1alpha1.DeterminedThreshold) bool {
			return t.Conclusion != v1alpha1.ConclusionRuledOut
		})
	})
}

// No more is granted when less is signed, when somebody objects, or when a safeguard is broken.
func FuzzPeople(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(data)
		in := w.input()
		before := gate.Decide(in)
		for i := range in.Approvals {
			a := &in.Approvals[i]
			others := func(b v1alpha1.ReleaseApproval) bool { return sameVoice(a, &b) }
			// Whoever objects as well takes that back by approving.
			if takesBack(in, a) || slices.ContainsFunc(in.Approvals, func(b v1alpha1.ReleaseApproval) bool { return others(b) && b.Spec.Decision == v1alpha1.DecisionObject }) {
				continue
			}
			less := in
			less.Approvals = slices.DeleteFunc(slices.Clone(in.Approvals), others)
			checkNoMore(t, "without what "+a.Spec.Approver+" says", less, before)
		}
		checkLessRecorded(t, in, before)
		w.checkAgainst(t, in, before)
		checkPending(t, in, before)
	})
}

func checkLessRecorded(t *testing.T, in gate.Input, before gate.Decision) {
	t.Helper()
	if n := len(in.Waivers); n > 0 {
		less := in
		less.Waivers = nil
		checkNoMore(t, "without waivers", less, before)
		// One that others would renew keeps them from counting; the last renews.
		last := 0
		for i := range in.Waivers {
			if c := in.Waivers[i].CreationTimestamp.Compare(in.Waivers[last].CreationTimestamp.Time); c > 0 || c == 0 && in.Waivers[i].Name > in.Waivers[last].Name {
				last = i
			}
		}
		less.Waivers = slices.Delete(slices.Clone(in.Waivers), last, last+1)
		checkNoMore(t, "without the last waiver", less, before)
	}
	for i := range in.Determinations {
		if d := &in.Determinations[i]; d.Spec.Thresholds[0].Conclusion == v1alpha1.ConclusionRuledOut {
			less := in
			less.Determinations = slices.Delete(slices.Clone(in.Determinations), i, i+1)
			checkNoMore(t, "without the determination "+d.Name, less, before)
		}
	}
}

// checkAgainst adds what can only take away.
func (w *world) checkAgainst(t *testing.T, in gate.Input, before gate.Decision) {
	t.Helper()
	objection := w.approval(&in)
	objection.Spec.Decision, objection.Spec.EndTime = v1alpha1.DecisionObject, nil
	objection.CreationTimestamp = metav1.NewTime(in.Now.Truncate(time.Second))
	// An objection against an earlier waiver lets a later one count; one against a judgement takes that back.
	if r := objection.Spec.Regarding; !takesBack(in, &objection) && (r == nil || r.Kind != v1alpha1.RecordWaiver || len(in.Waivers) == 1) {
		more := in
		more.Approvals = append(slices.Clone(in.Approvals), objection)
		checkNoMore(t, "with an objection of "+objection.Spec.Approver, more, before)
	}
	d := w.determination(in.Release)
	d.Spec.Thresholds[0].Conclusion = v1alpha1.ConclusionReached
	more := in
	more.Determinations = append(slices.Clone(in.Determinations), d)
	checkNoMore(t, "with a threshold that is said to be reached", more, before)
	for i := range in.Policy.Spec.Requirements {
		if r := &in.Policy.Spec.Requirements[i]; r.Check != nil {
			more = in
			more.Safeguards = append(slices.Clone(in.Safeguards), w.fact(r, v1alpha1.SafeguardBroken))
			checkNoMore(t, "with "+r.Name+" broken", more, before)
		}
	}
}

// checkPending: what both texts grant is granted, and nothing else; what either takes away is taken away.
func checkPending(t *testing.T, in gate.Input, d gate.Decision) {
	t.Helper()
	if in.InForce == nil {
		return
	}
	same := in
	same.InForce = in.Policy.DeepCopy()
	plain := same
	plain.InForce, plain.InForceRevision = nil, ""
	if diff := cmp.Diff(gate.Decide(plain), gate.Decide(same)); diff != "" {
		t.Errorf("while the text is in force (-plain +got)\n%s", diff)
	}
	// Findings that either makes are known to both.
	known := closed(in, d)
	text, force := known, known
	text.InForce, force.InForce = nil, nil
	text.PriorRevisions = append(slices.Clone(in.PriorRevisions), in.InForceRevision)
	force.PriorRevisions = append(slices.Clone(in.PriorRevisions), in.PolicyRevision)
	force.Policy, force.PolicyRevision = in.InForce, in.InForceRevision
	for which, one := range map[string]gate.Input{"the text": text, "the revision in force": force} {
		alone := gate.Decide(one)
		if alone.Adverse && !d.Adverse {
			t.Errorf("it is adverse under %s, and not under both: %s", which, alone.Message)
		}
		for _, x := range d.Exposures {
			if x.Granted && !grantedIn(alone, x.Name) {
				t.Errorf("%s is granted, and not under %s", x.Name, which)
			}
		}
		if d.GrantedExposure == "" {
			continue
		}
		one.Release = one.Release.DeepCopy()
		one.Release.Spec.Exposure = d.GrantedExposure
		at := gate.Decide(one)
		if at.GrantedExposure != d.GrantedExposure {
			// It needs nothing, and is granted only below one that does.
			at = alone
			at.ReplicaCeiling = one.Policy.Spec.Exposures[exposureIndex(one.Policy, d.GrantedExposure)].MaxReplicas
		}
		if d.ClearedUntil.After(*at.ClearedUntil) || at.ReplicaCeiling != nil && (d.ReplicaCeiling == nil || *d.ReplicaCeiling > *at.ReplicaCeiling) {
			t.Errorf("%s is granted until %v to %v pods, and under %s until %v to %v",
				d.GrantedExposure, d.ClearedUntil, d.ReplicaCeiling, which, at.ClearedUntil, at.ReplicaCeiling)
		}
	}
}

func grantedIn(d gate.Decision, exposure string) bool {
	return slices.ContainsFunc(d.Exposures, func(x gate.ExposureResult) bool { return x.Name == exposure && x.Granted })
}

// stricterRules makes a policy with people stricter in one item, and says in which; empty where it leaves that to others.
func (w *world) stricterRules(old, strict *gate.Input) string {
	if !w.governed || w.below(2) == 0 {
		return ""
	}
	spec := &strict.Policy.Spec
	r := &spec.Requirements[w.below(len(spec.Requirements))]
	switch {
	case r.Approval != nil:
		return w.stricterApproval(r)
	case r.Evaluation != nil && w.below(2) == 0:
		return w.stricterEvidence(old, strict, r)
	}
	switch w.below(8) {
	case 0:
		spec.Waivers = nil
		return "no waivers"
	case 1:
		if spec.Waivers != nil {
			spec.Waivers.MaxDays = 1
		}
		return "shorter waivers"
	case 2:
		if spec.Waivers != nil {
			spec.Waivers.OverAdverse = v1alpha1.OverAdverseRefused
		}
		return "no waivers over what failed"
	case 3:
		if spec.Waivers != nil {
			spec.Waivers.Quorum[0].Count++
		}
		return "more people for a waiver"
	case 4:
		spec.Determinations = nil
		return "no determinations"
	case 5:
		if spec.Determinations != nil {
			spec.Determinations.MaxDays = 1
		}
		return "shorter determinations"
	case 6:
		spec.IndependentEvaluators = nil
		// What does not count any more may have been revoked, which voids what people signed on it.
		*old = unrevoked(*old)
		strict.Evaluations, strict.Revoked, strict.Release = old.Evaluations, old.Revoked, old.Release
		return "nobody independent"
	}
	if len(spec.Thresholds) == 0 {
		return "nothing"
	}
	for i := range old.Policy.Spec.Exposures {
		spec.Exposures[i].WithoutEvidence = v1alpha1.WithoutEvidenceAllowed
	}
	old.Policy = strict.Policy.DeepCopy()
	threshold := &spec.Thresholds[w.below(len(spec.Thresholds))]
	threshold.Requires = append(threshold.Requires, pick(&w.source, "a0", "c0", "r0", "r1"))
	return "requiring more for " + threshold.Name
}

func (w *world) stricterApproval(r *v1alpha1.Requirement) string {
	switch w.below(5) {
	case 0:
		r.Approval.Quorum[0].Count++
		return "more people for " + r.Name
	case 1:
		r.Approval.NotifyBefore = []string{"rb", "rc"}
		return "more notices for " + r.Name
	case 2:
		r.Approval.DifferFrom = []v1alpha1.Party{v1alpha1.PartyAuthor, v1alpha1.PartyEvaluator}
		return "other people for " + r.Name
	case 3:
		r.ValidForDays = 1
		return "a shorter validity of " + r.Name
	}
	if len(r.Approval.Quorum) == 1 {
		r.Approval.Quorum = append(r.Approval.Quorum, v1alpha1.RoleQuorum{Role: "rb", Count: 1})
	}
	return "another role for " + r.Name
}

func (w *world) stricterEvidence(old, strict *gate.Input, r *v1alpha1.Requirement) string {
	// What does not count any more may have been revoked, which voids what people signed on it.
	*old = unrevoked(*old)
	strict.Evaluations, strict.Revoked, strict.Release = old.Evaluations, old.Revoked, old.Release
	switch w.below(4) {
	case 0:
		r.Independence = v1alpha1.IndependenceIndependent
		return "independence for " + r.Name
	case 1:
		r.Elicitation = &v1alpha1.ElicitationCriterion{MinTrials: new(int32(11))}
		return "elicitation for " + r.Name
	case 2:
		fixture.Saturated()(r)
		return "saturation of " + r.Name
	}
	bound := v1alpha1.Decimal("0.05")
	if r.Evaluation.Direction == v1alpha1.HigherIsSafer {
		bound = "0.97"
	}
	fixture.Alerting(bound, 1)(r)
	return "an alert for " + r.Name
}
