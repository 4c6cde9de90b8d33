// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// MostUnfinished is how many suites run at once for one release, those that people started included.
const MostUnfinished = 4

// Input is all that the answer depends on. Due changes nothing of it.
type Input struct {
	// Gate is what was decided from. Its evaluations are all of the release's.
	Gate gate.Input
	// Decision is what [gate.Decide] says of Gate.
	Decision gate.Decision
	// Suites are the names of the EvaluationSuites that exist.
	Suites sets.Set[string]
	// Evaluator is the user who makes what is ordered, and EvaluatorGroups are the groups of that user: who brought a
	// result is an answer to some requirements. Empty where it is not known.
	Evaluator       string
	EvaluatorGroups []string
}

// Plan is what is to be run.
type Plan struct {
	// Orders are the SafetyEvaluations to create, in the policy's order, for a release within [MostUnfinished].
	Orders []Order
	// Absent are requirements for which a suite would be run that does not exist, in the policy's order.
	Absent []Absence
	// Idle are requirements for which a suite would be run, and a favourable result of which would not count, in the
	// policy's order. Nothing is run for them.
	Idle []Idle
	// Next is when the same input would first give another answer, later than Gate.Now; zero when time alone
	// changes nothing.
	Next time.Time
}

// Absence is a requirement whose suite does not exist.
type Absence struct {
	Requirement, Suite string
}

// Idle is a requirement for which nothing is run, since a favourable result would not count.
type Idle struct {
	Requirement, Suite string
	// Why says what bars the result, and what would help. It has neither a capital nor a full stop.
	Why string
}

// Due says what is to be run for the release. The zero Plan answers for a release that does not ask, or asks for what
// the policy does not have.
func Due(in Input) Plan {
	release, policy := in.Gate.Release, in.Gate.Policy
	if release == nil || policy == nil || release.Spec.Evaluations != v1alpha1.EvaluationsAutomatic ||
		release.DeletionTimestamp != nil || in.Gate.Now.IsZero() || in.Decision.Reason == v1alpha1.ReasonInvalidSpec {
		return Plan{}
	}
	s := scheduler{Input: in, artifacts: gate.Artifacts(release)}
	s.load()
	free := MostUnfinished - s.unfinished()
	for i := range policy.Spec.Requirements {
		r := &policy.Spec.Requirements[i]
		order, due := s.order(r)
		why := ""
		if due {
			why = s.barred(r, order)
		}
		switch {
		case !due:
		case why != "":
			s.plan.Idle = append(s.plan.Idle, Idle{Requirement: r.Name, Suite: order.Suite, Why: why})
		case !in.Suites.Has(order.Suite):
			s.plan.Absent = append(s.plan.Absent, Absence{Requirement: r.Name, Suite: order.Suite})
		case free > 0:
			free--
			s.plan.Orders = append(s.plan.Orders, order)
		}
	}
	return s.plan
}

// scheduler is the working state of one answer.
type scheduler struct {
	Input
	artifacts []v1alpha1.SubjectArtifact
	results   map[string]*gate.RequirementResult
	// blocking are the requirements that keep the exposure asked for, or a lower one, from being granted; ending those
	// that would if everything ended that is to be renewed now.
	blocking, ending sets.Set[string]
	plan             Plan
}

func (s *scheduler) load() {
	s.results = make(map[string]*gate.RequirementResult, len(s.Decision.Requirements))
	for i := range s.Decision.Requirements {
		s.results[s.Decision.Requirements[i].Name] = &s.Decision.Requirements[i]
	}
	s.blocking = s.blockingIn(s.Decision)
	if in, some := s.afterEnds(); some {
		s.ending = s.blockingIn(gate.Decide(in))
	}
}

// blockingIn are the requirements in the way of the exposure asked for, and of each lower one.
func (s *scheduler) blockingIn(d gate.Decision) sets.Set[string] {
	names := sets.New[string]()
	for i := range d.Exposures {
		names.Insert(d.Exposures[i].Blocking...)
		if d.Exposures[i].Name == s.Gate.Release.Spec.Exposure {
			break
		}
	}
	return names
}

// afterEnds is the input to the decision with everything ended that is to be renewed now. What the exposure then lacks
// is what it rests on. All of it ends together: where either of two suffices, one has to be renewed.
func (s *scheduler) afterEnds() (in gate.Input, some bool) {
	in = s.Gate
	names := sets.New[string]()
	in.Policy = s.Gate.Policy.DeepCopy()
	for i := range in.Policy.Spec.Requirements {
		if r := &in.Policy.Spec.Requirements[i]; s.renewable(r) {
			r.ValidForDays = 0
			names.Insert(r.Name)
		}
	}
	if in.InForce != nil {
		// Under the revision in force they end as well.
		in.InForce = in.InForce.DeepCopy()
		for i := range in.InForce.Spec.Requirements {
			if r := &in.InForce.Spec.Requirements[i]; names.Has(r.Name) {
				r.ValidForDays = 0
			}
		}
	}
	return in, names.Len() > 0
}

// renewable reports whether a requirement is met by an evaluation, and that is to be renewed now.
func (s *scheduler) renewable(r *v1alpha1.Requirement) bool {
	result := s.results[r.Name]
	return r.Evaluation != nil && result != nil && result.State == v1alpha1.RequirementMet && result.Expires != nil &&
		!s.Gate.Now.Before(renewal(s.Gate.Release.UID, r, *result.Expires, result.Alert))
}

// barred says why a favourable result of what is ordered would not count; empty where it would.
func (s *scheduler) barred(r *v1alpha1.Requirement, order Order) string {
	if r.Independence == "" && r.Elicitation == nil {
		return ""
	}
	e := order.Evaluation(s.Gate.Release)
	e.Spec.Evaluator, e.Spec.EvaluatorGroups = s.Evaluator, s.EvaluatorGroups
	return gate.Barred(s.terms(r), e)
}

// order is what is to be run for a requirement now, if anything is.
func (s *scheduler) order(r *v1alpha1.Requirement) (order Order, due bool) {
	result := s.results[r.Name]
	if r.Suite() == "" || result == nil || !s.wanted(r, result) {
		return Order{}, false
	}
	h := s.history(r)
	if h.unfinished {
		return Order{}, false
	}
	if at := s.again(r, result, h); s.Gate.Now.Before(at) {
		s.ask(at)
		return Order{}, false
	}
	return newOrder(s.Gate.Release, r, s.artifacts, h.last), true
}

// wanted reports whether another result is wanted for a requirement, and notes when one will be.
func (s *scheduler) wanted(r *v1alpha1.Requirement, result *gate.RequirementResult) bool {
	if result.Change.Act != gate.ActEvaluate && result.Change.Act != gate.ActRenew {
		// It failed; or no result can help, since the policy or the release has to be revised.
		return false
	}
	if result.State != v1alpha1.RequirementMet {
		return s.blocking.Has(r.Name)
	}
	if result.Expires == nil {
		return false
	}
	s.ask(*result.Expires)
	if at := renewal(s.Gate.Release.UID, r, *result.Expires, result.Alert); s.Gate.Now.Before(at) {
		s.ask(at)
		return false
	}
	return s.ending.Has(r.Name)
}

// ask notes a time at which the answer may be another.
func (s *scheduler) ask(at time.Time) {
	if at.After(s.Gate.Now) && (s.plan.Next.IsZero() || at.Before(s.plan.Next)) {
		s.plan.Next = at
	}
}

// unfinished counts the runs that take a place. One that waits for a person, or for a suite that does not exist, takes
// none: it would keep the others waiting for as long.
func (s *scheduler) unfinished() int {
	n := 0
	for i := range s.Gate.Evaluations {
		e := &s.Gate.Evaluations[i]
		if s.concerns(e) && !gate.Ended(e) && !stalled(e) && s.Suites.Has(e.Spec.Job.Suite) {
			n++
		}
	}
	return n
}

// concerns reports whether an evaluation is a run for the release.
func (s *scheduler) concerns(e *v1alpha1.SafetyEvaluation) bool {
	return e.Spec.Job != nil && e.Namespace == s.Gate.Release.Namespace && e.Spec.Subject.Release == s.Gate.Release.Name
}

// stalled reports whether a run waits for a person.
func stalled(e *v1alpha1.SafetyEvaluation) bool {
	return slices.ContainsFunc(e.Status.Conditions, func(c metav1.Condition) bool {
		return c.Type == v1alpha1.ConditionStalled && c.Status == metav1.ConditionTrue
	})
}
