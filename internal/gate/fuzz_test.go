// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

var (
	worlds = flag.Int("worlds", 400, "how many random worlds each fuzz target starts from")
	chance = flag.Uint64("chance", 1, "which random worlds those are")
)

// seed gives a fuzz target starting points that reach everywhere.
func seed(f *testing.F) {
	f.Helper()
	random := rand.New(rand.NewPCG(*chance, 2))
	for range *worlds {
		data := make([]byte, 60+random.IntN(700))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
}

func encode(t *testing.T, d gate.Decision) []byte {
	t.Helper()
	data, err := json.Marshal(d)
	if err != nil {
		t.Fatalf("encoding the decision: %v", err)
	}
	return data
}

// reach is the index of the granted exposure, -1 for none.
func reach(in gate.Input, d gate.Decision) int { return exposureIndex(in.Policy, d.GrantedExposure) }

func exposureIndex(policy *v1alpha1.SafetyPolicy, name string) int {
	return slices.IndexFunc(policy.Spec.Exposures, func(e v1alpha1.Exposure) bool { return e.Name == name })
}

func levelIndex(policy *v1alpha1.SafetyPolicy, name string) int {
	i := slices.IndexFunc(policy.Spec.Levels, func(l v1alpha1.Level) bool { return l.Name == name })
	if i < 0 {
		return len(policy.Spec.Levels)
	}
	return i
}

// alone is the state that an evaluation gives its requirement by itself, without findings; empty where the policy does
// not define the requirement.
func alone(in gate.Input, e v1alpha1.SafetyEvaluation) v1alpha1.RequirementState {
	in.Evaluations, in.Findings = list(e), nil
	return stateOf(gate.Decide(in), e.Spec.Requirement)
}

func stateOf(d gate.Decision, requirement string) v1alpha1.RequirementState {
	for i := range d.Requirements {
		if d.Requirements[i].Name == requirement {
			return d.Requirements[i].State
		}
	}
	return ""
}

// closed is the input after everything was done that the decision asks for.
func closed(in gate.Input, d gate.Decision) gate.Input {
	in.Findings = append(slices.Clone(in.Findings), d.NewFindings...)
	for _, answer := range d.Resolutions {
		for i := range in.Findings {
			if answer.Effective && in.Findings[i].Name == answer.Finding {
				in.Findings[i].Status.ResolvedTime = &metav1.Time{Time: *answer.ResolvedTime}
			}
		}
	}
	return in
}

func without(evaluations []v1alpha1.SafetyEvaluation, i int) []v1alpha1.SafetyEvaluation {
	return slices.Delete(slices.Clone(evaluations), i, i+1)
}

func FuzzEveryDecision(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(data)
		in := w.input()
		got := gate.Decide(in)
		want := encode(t, got)
		if again := encode(t, gate.Decide(in)); !bytes.Equal(want, again) {
			t.Errorf("the same input gives\n%s\nand\n%s", want, again)
		}
		checkExplained(t, got)
		checkBounds(t, in, got)
		checkMet(t, in, got)
		checkExcuses(t, in, got)
		checkLasts(t, in, got)
		checkPeople(t, in, got)

		mixed := gate.Decide(shuffled(in, rand.New(rand.NewPCG(uint64(len(data)), 7))))
		// The answers to records come in the order of the input.
		straight := got
		straight.Records, mixed.Records = sortedRecords(straight.Records), sortedRecords(mixed.Records)
		if diff := cmp.Diff(string(encode(t, straight)), string(encode(t, mixed))); diff != "" {
			t.Errorf("in another order (-want +got)\n%s", diff)
		}

		// What the decision asks to be done changes nothing else when it was done.
		after := gate.Decide(closed(in, got))
		if len(after.NewFindings) > 0 {
			t.Errorf("there are new findings after all were made: %+v", after.NewFindings)
		}
		for _, answer := range after.Resolutions {
			if answer.Effective {
				t.Errorf("%s is resolved once more", answer.Finding)
			}
		}
		got.NewFindings, got.Resolutions, after.NewFindings, after.Resolutions = nil, nil, nil, nil
		if diff := cmp.Diff(got, after); diff != "" {
			t.Errorf("after it was carried out (-before +after)\n%s", diff)
		}
	})
}

// shuffled is the input with every list in another order.
func shuffled(in gate.Input, random *rand.Rand) gate.Input {
	shuffle(random, &in.Evaluations)
	shuffle(random, &in.Findings)
	shuffle(random, &in.Sightings)
	shuffle(random, &in.Ancestors)
	shuffle(random, &in.Revoked)
	shuffle(random, &in.Approvals)
	shuffle(random, &in.Waivers)
	shuffle(random, &in.Determinations)
	shuffle(random, &in.Safeguards)
	shuffle(random, &in.PriorRevisions)
	return in
}

func shuffle[T any](random *rand.Rand, list *[]T) {
	mixed := slices.Clone(*list)
	random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
	*list = mixed
}

func sortedRecords(records []gate.RecordResult) []gate.RecordResult {
	records = slices.Clone(records)
	slices.SortFunc(records, func(a, b gate.RecordResult) int { return strings.Compare(a.Kind+a.Name, b.Kind+b.Name) })
	return records
}

// checkExplained: every state has a message that fits.
func checkExplained(t *testing.T, d gate.Decision) {
	t.Helper()
	messages := map[string]string{"the whole": d.Message}
	for _, r := range d.Requirements {
		messages["requirement "+r.Name] = r.Message
		if r.State == "" || r.Change.Act == "" {
			t.Errorf("requirement %s has state %q and change %q", r.Name, r.State, r.Change.Act)
		}
	}
	for _, r := range d.Thresholds {
		messages["threshold "+r.Name] = r.Message
	}
	for _, r := range d.Exposures {
		messages["exposure "+r.Name] = r.Message
		if r.Reason == "" {
			t.Errorf("exposure %s has no reason", r.Name)
		}
	}
	for _, r := range d.Resolutions {
		messages["resolution of "+r.Finding] = r.Message
	}
	for _, r := range d.Records {
		messages[r.Kind+" "+r.Name] = r.Message
		if r.Reason == "" || (r.Reason == v1alpha1.ReasonCounts) != r.Counts {
			t.Errorf("%s %s counts %t for the reason %q", r.Kind, r.Name, r.Counts, r.Reason)
		}
	}
	for what, message := range messages {
		if message == "" || len(message) > 1024 {
			t.Errorf("the message of %s has %d bytes", what, len(message))
		}
	}
	if d.Reason == "" {
		t.Error("there is no reason")
	}
}

// checkBounds: nothing is granted beyond what was asked, for ever, or below its level.
func checkBounds(t *testing.T, in gate.Input, d gate.Decision) {
	t.Helper()
	granted, asked := reach(in, d), exposureIndex(in.Policy, in.Release.Spec.Exposure)
	if granted > asked {
		t.Errorf("%s is granted and %s was asked for", d.GrantedExposure, in.Release.Spec.Exposure)
	}
	if d.EvidenceEnds != nil && (granted < 0 || d.ClearedUntil.After(*d.EvidenceEnds)) {
		t.Errorf("%q is granted and cleared until %v, while the evidence ends %v", d.GrantedExposure, d.ClearedUntil, d.EvidenceEnds)
	}
	if granted >= 0 && (in.Release.Spec.Revocation != nil || in.LostAncestor != "") {
		t.Errorf("%q is granted to a release that is revoked or whose parent is lost", d.GrantedExposure)
	}
	if cleared := d.ClearedUntil != nil && d.ClearedUntil.After(in.Now); cleared != (granted >= 0) || (d.ClearedUntil == nil) != (granted < 0) {
		t.Errorf("%q is granted and cleared until %v", d.GrantedExposure, d.ClearedUntil)
	}
	if (d.Reason == v1alpha1.ReasonEvidenceComplete) != (granted >= 0 && granted == asked) {
		t.Errorf("%q of %q is granted for the reason %s", d.GrantedExposure, in.Release.Spec.Exposure, d.Reason)
	}
	for i, e := range d.Exposures {
		if e.Granted != (i <= granted) || e.Granted && (e.Adverse || len(e.Blocking) > 0) {
			t.Errorf("%q is granted and the result of %s is %+v", d.GrantedExposure, e.Name, e)
		}
	}
	if granted < 0 {
		return
	}
	// A release at level N has every threshold that raises beyond N, and is asked about, ruled out.
	level := levelIndex(in.Policy, d.Exposures[granted].RequiredLevel)
	if in.InForce != nil {
		return
	}
	for i, r := range d.Thresholds {
		if levelIndex(in.Policy, r.RaisesTo) <= level || r.State == v1alpha1.ThresholdRuledOut {
			continue
		}
		if r.State == v1alpha1.ThresholdReached || asks(in.Policy, &in.Policy.Spec.Thresholds[i], granted) {
			t.Errorf("%s is granted at %s while %s is %s", d.GrantedExposure, d.Exposures[granted].RequiredLevel, r.Name, r.State)
		}
	}
}

func asks(policy *v1alpha1.SafetyPolicy, threshold *v1alpha1.CapabilityThreshold, exposure int) bool {
	for _, name := range threshold.RuledOutBy {
		i := slices.IndexFunc(policy.Spec.Requirements, func(r v1alpha1.Requirement) bool { return r.Name == name })
		if i < 0 || exposureIndex(policy, policy.Spec.Requirements[i].NeededFrom) <= exposure {
			return true
		}
	}
	return len(threshold.RuledOutBy) == 0
}

// checkMet: what is met is met by a finite number from a run that ended, over enough samples.
func checkMet(t *testing.T, in gate.Input, d gate.Decision) {
	t.Helper()
	for i, r := range d.Requirements {
		if r.State != v1alpha1.RequirementMet || in.InForce != nil || in.Policy.Spec.Requirements[i].Evaluation == nil {
			continue
		}
		criterion := in.Policy.Spec.Requirements[i].Evaluation
		at := slices.IndexFunc(in.Evaluations, func(e v1alpha1.SafetyEvaluation) bool { return e.Name == r.Evidence })
		if at < 0 {
			t.Fatalf("%s is met by %q, which does not exist", r.Name, r.Evidence)
		}
		if in.Evaluations[at].Spec.Revocation != nil {
			t.Errorf("%s is met by %q, which was revoked", r.Name, r.Evidence)
		}
		checkUnbarred(t, in, &in.Policy.Spec.Requirements[i], &in.Evaluations[at])
		m := in.Evaluations[at].Status.Measurement
		value, err := strconv.ParseFloat(m.Value, 64)
		clearAt, _ := strconv.ParseFloat(string(criterion.ClearAt), 64)
		safe := value < clearAt
		if criterion.Direction == v1alpha1.HigherIsSafer {
			safe = value > clearAt
		}
		if err != nil || !safe || m.EndMarker == "" || m.Problem != "" || m.Metric != criterion.Metric ||
			m.Judged == nil || *m.Judged < criterion.MinSamples {
			t.Errorf("%s is met by %+v", r.Name, *m)
		}
		if r.Expires == nil || !r.Expires.After(in.Now) {
			t.Errorf("%s is met and expires %v", r.Name, r.Expires)
		}
	}
}

func FuzzEvidence(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(data)
		in := w.input()
		before := gate.Decide(in)
		for i := range in.Evaluations {
			// Who brought evidence may not approve: without it that person may.
			if state := alone(in, in.Evaluations[i]); state != met && state != expired || signs(in, in.Evaluations[i].Spec.Evaluator) {
				continue
			}
			less := in
			less.Evaluations = without(in.Evaluations, i)
			if after := gate.Decide(less); reach(in, after) > reach(in, before) {
				t.Errorf("without the favourable %s %q is granted instead of %q", in.Evaluations[i].Name, after.GrantedExposure, before.GrantedExposure)
			}
		}
		for range 3 {
			bad := w.evaluation()
			if alone(in, bad) != failed {
				continue
			}
			more := in
			more.Evaluations = append(slices.Clone(in.Evaluations), bad)
			if after := gate.Decide(more); reach(in, after) > reach(in, before) {
				t.Errorf("with the failing %s %q is granted instead of %q", bad.Name, after.GrantedExposure, before.GrantedExposure)
			}
		}
		// What people signed is void by evidence that they did not know, which a finding that was made before does not tell.
		if len(in.Approvals)+len(in.Waivers)+len(in.Determinations) == 0 {
			checkAdverseSticks(t, closed(in, before))
		}
	})
}

// checkAdverseSticks: while a finding stands, taking away the evaluation that failed changes nothing at all.
func checkAdverseSticks(t *testing.T, in gate.Input) {
	t.Helper()
	before := gate.Decide(in)
	for i := range in.Evaluations {
		e := &in.Evaluations[i]
		named := slices.ContainsFunc(in.Findings, func(f v1alpha1.AdverseFinding) bool {
			// Nor does a finding say that its result is older than it was.
			return f.Spec.Resolution != nil && f.Spec.Resolution.Evaluation == e.Name ||
				f.Spec.Evidence.UID == string(e.UID) && f.Spec.Evidence.ResultTime.Time.Before(gate.TrustedTime(e))
		})
		// A resolution that names it says something else about it when it is gone.
		if named || alone(in, *e) != failed || stateOf(before, e.Spec.Requirement) != failed {
			continue
		}
		less := in
		less.Evaluations = without(in.Evaluations, i)
		if diff := cmp.Diff(before, gate.Decide(less)); diff != "" {
			t.Errorf("without the failing %s (-before +after)\n%s", e.Name, diff)
		}
	}
}

func FuzzPolicy(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(data)
		in := w.input()
		for range 4 {
			old, strict, what := w.stricter(in)
			// A policy that comes before the failures that it knows were recorded could lose them: the
			// comparison is with a cluster where what was decided was done.
			old = closed(old, gate.Decide(old))
			strict.Evaluations, strict.Findings = old.Evaluations, old.Findings
			before, after := gate.Decide(old), gate.Decide(strict)
			if reach(strict, after) > reach(old, before) {
				t.Errorf("%s grants %q instead of %q\nbefore: %s\nafter:  %s", what, after.GrantedExposure, before.GrantedExposure, before.Message, after.Message)
			}
		}
	})
}

// stricter returns an input, the same under a policy that is stricter in one item, and which item that is.
func (w *world) stricter(in gate.Input) (old, strict gate.Input, what string) {
	old, strict = in, in
	strict.Policy = in.Policy.DeepCopy()
	spec := &strict.Policy.Spec
	r := &spec.Requirements[w.below(len(spec.Requirements))]
	if what := w.stricterRules(&old, &strict); what != "" {
		return old, strict, what
	}
	if r.Evaluation == nil {
		return w.structure(old, strict)
	}
	switch w.below(8) {
	case 0:
		safer(r.Evaluation)
		return old, strict, "clearAt and tripAt of " + r.Name + " on the safer side"
	case 1:
		if r.Evaluation.ClearAt != "0.2" || r.Evaluation.TripAt != "0.5" {
			return old, strict, "nothing"
		}
		r.Evaluation.TripAt = "0.25"
		return old, strict, "tripAt of " + r.Name + " nearer to clearAt"
	case 2:
		r.ValidForDays = 1
		return old, strict, "a shorter validity of " + r.Name
	case 3:
		e := &spec.Exposures[w.below(len(spec.Exposures))]
		e.WithoutEvidence = v1alpha1.WithoutEvidenceRefused
		return old, strict, "requiring evidence for " + e.Name
	case 4:
		l := &spec.Levels[w.below(len(spec.Levels))]
		l.State = v1alpha1.LevelUndefined
		return old, strict, "leaving " + l.Name + " undefined"
	case 5:
		// A result that no longer counts could also be an unfavourable one that hides a favourable one, so this
		// holds where all results are favourable.
		old.Evaluations = slices.DeleteFunc(slices.Clone(in.Evaluations), func(e v1alpha1.SafetyEvaluation) bool {
			state := alone(in, e)
			return e.Spec.Requirement == r.Name && state != met && state != expired
		})
		r.Evaluation.MinSamples, r.Evaluation.MaxUnjudgedPercent, r.AcceptRelations = 60, new(int32(0)), nil
		return old, strict, "a higher bar for the results of " + r.Name
	}
	return w.structure(old, strict)
}

// safer moves both bounds by 0.1.
func safer(c *v1alpha1.EvaluationCriterion) {
	moved := map[v1alpha1.Decimal]v1alpha1.Decimal{"0.1": "0", "0.2": "0.1", "0.5": "0.4", "0.6": "0.5", "0.15": "0.05"}
	if c.Direction == v1alpha1.HigherIsSafer {
		moved = map[v1alpha1.Decimal]v1alpha1.Decimal{"0.1": "0.2", "0.2": "0.3", "0.5": "0.6", "0.6": "0.7", "0.95": "1.05"}
	}
	c.AlertAt = moved[c.AlertAt]
	c.ClearAt = moved[c.ClearAt]
	if c.TripAt != "" {
		c.TripAt = moved[c.TripAt]
	}
}

// structure makes the policy require more. A release of which nothing was required, and which was refused for it, may
// be granted more by a policy that requires something; so here both allow what needs no evidence.
func (w *world) structure(old, strict gate.Input) (gate.Input, gate.Input, string) {
	old.Policy = old.Policy.DeepCopy()
	for i := range old.Policy.Spec.Exposures {
		old.Policy.Spec.Exposures[i].WithoutEvidence = v1alpha1.WithoutEvidenceAllowed
	}
	strict.Policy = old.Policy.DeepCopy()
	spec := &strict.Policy.Spec
	switch w.below(5) {
	case 0:
		r := &spec.Requirements[w.below(len(spec.Requirements))]
		r.NeededFrom = ""
		return old, strict, "needing " + r.Name + " from the lowest exposure on"
	case 1:
		l := &spec.Levels[w.below(len(spec.Levels))]
		l.Requires = append(l.Requires, w.requirement())
		return old, strict, "requiring more at " + l.Name
	case 2:
		fixture.Raising("more", pick(&w.source, "L2", "L3"), w.requirements()...)(strict.Policy)
		return old, strict, "another threshold"
	}
	if len(spec.Thresholds) == 0 {
		return old, strict, "nothing"
	}
	threshold := &spec.Thresholds[w.below(len(spec.Thresholds))]
	if w.below(2) == 0 && len(threshold.RuledOutBy) > 0 {
		threshold.RuledOutBy = append(threshold.RuledOutBy, w.requirement())
		return old, strict, "ruling " + threshold.Name + " out by more"
	}
	higher, ok := map[string]string{"L1": "L2", "L2": "L3"}[threshold.RaisesTo]
	if !ok {
		return old, strict, "nothing"
	}
	threshold.RaisesTo = higher
	return old, strict, "raising " + threshold.Name + " higher"
}
