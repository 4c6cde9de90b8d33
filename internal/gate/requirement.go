// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	daySeconds = 24 * 60 * 60
	// maxValidDays is the longest validity that the API lets through.
	maxValidDays = 3650
)

// kind is who answers a requirement. The zero kind is that of a name that the policy does not define.
type kind uint8

const (
	kindUndefined kind = iota
	// kindEvaluation is answered by results, and also stands for a requirement that asks for nothing, or for too much.
	kindEvaluation
	// kindApproval is answered by people.
	kindApproval
	// kindCheck is answered by what was seen of the cluster.
	kindCheck
)

// kindOf is who answers a requirement. One that asks for an evaluation and for more stays one: what failed stays so.
func kindOf(spec *v1alpha1.Requirement) kind {
	switch {
	case spec.Evaluation != nil:
		return kindEvaluation
	case spec.Approval != nil:
		return kindApproval
	case spec.Check != nil:
		return kindCheck
	}
	return kindEvaluation
}

// several reports whether a requirement asks for more than one thing.
func several(spec *v1alpha1.Requirement) bool {
	return spec.Evaluation != nil && (spec.Approval != nil || spec.Check != nil) || spec.Approval != nil && spec.Check != nil
}

// question is one requirement with what the input answers to it.
type question struct {
	spec *v1alpha1.Requirement
	name string
	kind kind
	// gates: a level or a threshold requires it. rules: it helps to rule a threshold out, which alone gates nothing.
	gates, rules bool
	// problem says why the requirement cannot be judged at all; empty when it can.
	problem   string
	criterion criterion
	scope     scope
	// release has the authors, and evaluators are who is independent of them; nil for nobody, and where nobody asks.
	release    *v1alpha1.ModelRelease
	evaluators *v1alpha1.IndependentEvaluators
	// from is the index of the lowest exposure that needs the requirement.
	from int
	// first is the index of its first evaluation in Input.Evaluations, or -1; engine.next has the others.
	first int32

	state v1alpha1.RequirementState
	// latest is the usable result that decides; its evaluation is nil without one.
	latest result
	// finding is the adverse finding that stands, an existing or a new one; nil without one.
	finding *v1alpha1.AdverseFinding
	// inherited is the name of the release that finding is about, where it is one that the release was made from.
	inherited string
	// unresolved is the ineffective answer to the resolution of finding; empty without one.
	unresolved string
	// withdrawn is the revoked evaluation that would decide, and meet the requirement, or would have until it grew old;
	// only for the state Revoked.
	withdrawn *v1alpha1.SafetyEvaluation
	// revocation of withdrawn, or of another submission of its file.
	revocation *v1alpha1.Revocation
	// supposed is what is taken for not to have happened, to see what would be granted then.
	supposed supposition
	// expires is when what decides stops counting; only for the states Met and Expired. 0 where it does not stop by itself.
	expires int64
	// answers are those of people; nil where nobody was asked or said anything.
	answers *answers
	// fact is what was seen of the cluster; nil where nothing was, and for other kinds.
	fact *SafeguardFact
	// unusable is the newest of the results that cannot be used.
	unusable result
	// others and unusables count the evaluations that are about other artifacts, or cannot be used.
	others, unusables int
	// unaccepted count those that do not count for what they are, or for who brought them, by what bars them.
	unaccepted [bars]int32
	// spoken: among the results is one that speaks for the release, and that nothing bars; only where latest is barred.
	spoken bool
	// revocations counts the results that do not count because they were revoked.
	revocations int
	// unread is one of the evaluations that may still come to be read; nil without one. They answer nothing yet.
	unread *v1alpha1.SafetyEvaluation
}

// met reports whether it is met by what answers it: only that rules a threshold out. Whether it gates an exposure says metAt.
func (q *question) met() bool {
	switch {
	case q.state == v1alpha1.RequirementMet:
		return true
	case q.supposed == supposeUnexpired:
		return q.lapsed()
	case q.supposed == supposeUnrevoked:
		return q.shown()
	}
	return false
}

func (q *question) revoked() bool { return q.state == v1alpha1.RequirementRevoked }

// lapsed reports whether the requirement was met once, and its evidence only grew old. What was too old already when
// it came to be known never showed anything: an ancient file makes no lapse of what is missing.
func (q *question) lapsed() bool {
	return q.state == v1alpha1.RequirementExpired && q.latest.created < q.expires
}

// shown reports whether the requirement was met once, and what showed it only grew old or was revoked.
func (q *question) shown() bool { return q.lapsed() || q.revoked() }

// decided reports whether a result of the release itself decides. What was too old already when it came to be known never
// showed anything, and so does not speak for the release; nor does what its own author says of it.
func (q *question) decided() bool {
	return q.latest.evaluation != nil && (q.speaks(&q.latest) || q.spoken)
}

func (q *question) speaks(r *result) bool {
	return r.bar == barNone && r.created < q.expiry(r) || r.zone == zoneFailed
}

// judge answers the question. What people answer waits until all results are known: those can void what they said.
func (e *engine) judge(q *question) {
	switch q.kind {
	case kindUndefined, kindEvaluation:
		e.judgeEvidence(q)
	case kindCheck:
		e.judgeSafeguard(q)
	case kindApproval:
	}
}

// judgeEvidence answers a question by results. Findings are judged whatever else is wrong: what failed stays so.
func (e *engine) judgeEvidence(q *question) {
	if q.spec == nil || len(q.scope.artifacts) == 0 {
		q.state = v1alpha1.RequirementIndeterminate
		if q.spec == nil {
			q.state = v1alpha1.RequirementMissing
		}
		return
	}
	results := e.collect(q)
	e.judgeFindings(q, results)
	e.weaken(q, results)
	decisive := e.latest(q, results)
	if q.finding == nil && !q.decided() {
		e.inherit(q)
	}
	q.state = e.stateOf(q)
	if decisive == nil || !decisive.revoked() || q.met() || q.state == v1alpha1.RequirementFailed {
		return
	}
	// That time goes by makes nothing less grave: what was revoked stays so when it would have ended.
	if end := q.expiry(decisive); e.now < end || decisive.created < end {
		q.state, q.withdrawn, q.expires = v1alpha1.RequirementRevoked, decisive.evaluation, 0
		q.revocation = decisive.revocation
	}
}

// latest finds the result that decides, and the one that would if nothing had been revoked; nil when there is none.
func (e *engine) latest(q *question, results []result) (decisive *result) {
	var latest *result
	for i := range results {
		r := &results[i]
		if r.zone == zoneUnusable {
			continue
		}
		if decisive == nil || r.decides(decisive) {
			decisive = r
		}
		switch {
		case r.revoked():
			q.revocations++
		case latest == nil || r.decides(latest):
			latest = r
		}
	}
	if latest != nil {
		q.latest = *latest
	}
	for i := 0; q.latest.bar != barNone && i < len(results) && !q.spoken; i++ {
		q.spoken = q.speaks(&results[i]) && !results[i].revoked()
	}
	return decisive
}

func (e *engine) stateOf(q *question) v1alpha1.RequirementState {
	switch {
	case q.finding != nil:
		return v1alpha1.RequirementFailed
	case q.problem != "":
		return v1alpha1.RequirementIndeterminate
	case q.latest.evaluation == nil && q.unusables > 0:
		return v1alpha1.RequirementIndeterminate
	case q.latest.evaluation == nil:
		return v1alpha1.RequirementMissing
	case q.latest.zone != zoneMet:
		// A failing result is here only when the finding about it was resolved: then it fails nothing, and
		// clears nothing until a later result does.
		return v1alpha1.RequirementIndeterminate
	}
	q.expires = q.expiry(&q.latest)
	if e.now >= q.expires {
		return v1alpha1.RequirementExpired
	}
	return v1alpha1.RequirementMet
}

func (q *question) expiry(r *result) int64 {
	days := min(int64(q.spec.ValidForDays), maxValidDays)
	if r.alert && q.spec.Evaluation.AlertValidForDays != nil {
		days = min(days, int64(*q.spec.Evaluation.AlertValidForDays))
	}
	return r.effective + days*daySeconds
}

// collect reads the evaluations for q into results that count: those that can be used, but not those that something bars
// (see [result.unaccepted]). The slice is valid until the next call.
func (e *engine) collect(q *question) []result {
	results := e.results[:0]
	for i := q.first; i >= 0; i = e.next[i] {
		evaluation := &e.in.Evaluations[i]
		if len(results) == cap(results) {
			results = larger(results)
		}
		// What is read stands where the next result would, and stays there if it counts.
		n := len(results) + 1
		r := &results[:n][n-1]
		if !q.scope.matches(evaluation.Spec.Subject.Artifacts) {
			if e.readElsewhere(q, evaluation, r) {
				results = results[:n]
				continue
			}
			q.others++
			continue
		}
		if q.problem != "" {
			continue
		}
		if awaited(evaluation) {
			if q.unread == nil || precedes(evaluation, q.unread) {
				q.unread = evaluation
			}
			continue
		}
		q.read(r, evaluation, &e.sightings)
		switch {
		case r.unaccepted():
			q.unaccepted[r.bar]++
		case r.zone == zoneUnusable:
			q.unusables++
			if newer(r, &q.unusable) {
				q.unusable = *r
			}
		default:
			results = results[:n]
		}
	}
	return results
}

// readElsewhere reads an evaluation of other artifacts than those in scope, and reports whether it failed. What failed for some
// of the release's artifacts failed for the release, whatever was added to it since; nothing else that was found of them counts.
func (e *engine) readElsewhere(q *question, evaluation *v1alpha1.SafetyEvaluation, r *result) bool {
	about := within(ordered(evaluation.Spec.Subject.Artifacts), q.scope.types)
	if q.problem != "" || awaited(evaluation) || !hasAll(e.artifacts(), about) {
		return false
	}
	q.read(r, evaluation, &e.sightings)
	return r.zone == zoneFailed
}

// awaited reports whether a measurement may still be recorded without anybody's help.
func awaited(evaluation *v1alpha1.SafetyEvaluation) bool {
	if evaluation.Status.Measurement != nil {
		return false
	}
	for i := range evaluation.Status.Conditions {
		if c := &evaluation.Status.Conditions[i]; c.Type == v1alpha1.ConditionStalled && c.Status == metav1.ConditionTrue {
			return false
		}
	}
	return true
}

func newer(r, other *result) bool {
	switch {
	case other.evaluation == nil:
		return true
	case r.created != other.created:
		return r.created > other.created
	}
	return precedes(r.evaluation, other.evaluation)
}
