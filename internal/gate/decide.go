// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// defaultClearance, minClearance and maxClearance are those of the API, in seconds.
	defaultClearance = 7 * daySeconds
	minClearance     = 60
	maxClearance     = 30 * daySeconds
)

// decide says how far the release may be exposed under the text of the policy alone.
func decide(in *Input) Decision {
	var d Decision
	if in.Release == nil {
		d.Reason, d.Message = v1alpha1.ReasonInvalidSpec, "Nothing is granted: no release was given to decide about"
		return d
	}
	artifacts := Artifacts(in.Release)
	d.SubjectDigest = digest(artifacts)
	switch {
	case in.Policy == nil:
		d.Reason = v1alpha1.ReasonPolicyNotFound
		d.Message = clip("Nothing is granted: SafetyPolicy " + in.Release.Spec.Policy +
			" does not exist; create it, or name another one in spec.policy of the release")
		return d
	case in.Now.IsZero():
		d.Reason = v1alpha1.ReasonEvidenceIndeterminate
		d.Message = "Nothing is granted: without the time of the decision no evidence can be known to count"
		return d
	}
	d.PolicyRevision = in.PolicyRevision
	if in.PolicyRevision == "" {
		d.PolicyRevision = Revision(&in.Policy.Spec)
	}
	judge(in, artifacts, &d)
	return d
}

// judge decides about a release with these artifacts under a policy.
func judge(in *Input, artifacts []v1alpha1.SubjectArtifact, d *Decision) {
	var (
		r rooms
		o outlast
	)
	spec := &in.Policy.Spec
	r.scopes[0] = keyed{scope: scope{types: everyType, artifacts: artifacts}, digest: d.SubjectDigest}
	e := engine{
		in: in, now: in.Now.Unix(), look: forever, decision: d, outlast: &o,
		questions: r.questions[:0], scopes: r.scopes[:1], results: r.results[:0], gaps: r.gaps[:0], marks: r.marks[:0],
		byName:     newTable(r.names[:], names(spec)),
		rungs:      sized(r.rungs[:], len(spec.Levels)+1)[:0],
		thresholds: sized(r.thresholds[:], len(spec.Thresholds)),
		next:       sized(r.next[:], len(in.Evaluations)),
		sightings:  index(in.Sightings, r.files[:], r.runs[:]),
	}
	e.text = &o.text
	e.load()
	for i := range e.questions {
		e.judge(&e.questions[i])
	}
	e.judgePeople()
	e.judgeThresholds()
	e.report()
	e.grant()
	d.RecheckAfter = e.wait()
}

// engine is the working state of one decision. See [rooms] for what its lists may hold.
type engine struct {
	in *Input
	// now is the time of the decision, and look that of the next, in Unix seconds.
	now, look int64
	// scopes are the parts of the release that requirements are about, the first of them all of it.
	scopes    []keyed
	sightings sightings
	// next chains the evaluations for the same requirement, by index in Input.Evaluations; -1 ends a chain.
	next []int32
	// questions are the policy's requirements in its order, then the names that it does not define.
	questions  []question
	byName     table
	rungs      []rung
	thresholds []capability
	// own and asked are the indexes of the release's level and exposure. Where the policy has none of that name they
	// are the highest, and invalid is set. declared is own, or the higher level of a release that it was made from.
	own, declared, asked int
	invalid              bool
	// lineage are the releases that it was made from, the nearest first, up to lost, the name of the first that is not
	// known; empty where all are.
	lineage []ancestor
	lost    string
	// withdrawn is the release whose revocation counts: this one, or one with the same weights; nil without one.
	withdrawn *v1alpha1.ModelRelease

	// people is what was said by people; nil where nothing was.
	people *people

	// results is room for those of one question, gaps and marks are those of all verdicts.
	results []result
	gaps    []gap
	marks   []bool

	decision *Decision
	outlast  *outlast
	text     *text
}

// artifacts of the release, sorted, each once.
func (e *engine) artifacts() []v1alpha1.SubjectArtifact { return e.scopes[0].artifacts }

// load resolves every name of the policy and of the release to an index.
func (e *engine) load() {
	spec := &e.in.Policy.Spec
	for i := range spec.Requirements {
		e.addRequirement(&spec.Requirements[i])
	}
	e.loadLevels()
	e.loadThresholds()
	e.loadRelease()
	e.loadLineage()
	e.withdrawn = Revoking(e.in.Release, e.in.Revoked)
	e.loadEvaluations()
	e.loadPeople()
}

// names bounds how many requirements the policy can name.
func names(spec *v1alpha1.SafetyPolicySpec) int {
	n := len(spec.Requirements)
	for i := range spec.Levels {
		n += len(spec.Levels[i].Requires)
	}
	for i := range spec.Thresholds {
		n += len(spec.Thresholds[i].RuledOutBy) + len(spec.Thresholds[i].Requires)
	}
	return n
}

// find returns the index of the question of that name, or -1.
func (e *engine) find(name string) int {
	i := e.byName.first(name)
	for i >= 0 && e.questions[i].name != name {
		i = e.byName.next(i)
	}
	return i
}

// add makes the question of a name that has none.
func (e *engine) add(name string) *question {
	n := len(e.questions)
	if n == cap(e.questions) {
		e.questions = larger(e.questions)
	}
	e.questions = e.questions[:n+1]
	q := &e.questions[n]
	q.name, q.first = name, -1
	e.byName.add(name, n)
	return q
}

func (e *engine) addRequirement(spec *v1alpha1.Requirement) {
	if i := e.find(spec.Name); i >= 0 {
		e.questions[i].problem = "the policy defines it more than once"
		return
	}
	q := e.add(spec.Name)
	q.spec, q.kind = spec, kindOf(spec)
	q.scope = e.scopeOf(spec.Scope)
	if spec.Independence != "" {
		q.release, q.evaluators = e.in.Release, e.in.Policy.Spec.IndependentEvaluators
	}
	q.from = max(0, e.exposure(spec.NeededFrom))
	if q.kind == kindEvaluation {
		q.problem = q.criterion.load(spec.Evaluation)
	}
	if several(spec) {
		q.problem = "it asks for more than one of evaluation, approval and check"
	}
}

// need returns the index of the question of that name, and makes one that nothing can meet where the policy does
// not define it.
func (e *engine) need(name string) int {
	if i := e.find(name); i >= 0 {
		return i
	}
	e.add(name)
	return len(e.questions) - 1
}

// scopeOf is the part of the release of these types.
func (e *engine) scopeOf(types []v1alpha1.ArtifactType) scope {
	m := maskOf(types)
	for i := range e.scopes {
		if e.scopes[i].types == m {
			return e.scopes[i].scope
		}
	}
	n := len(e.scopes)
	if n == cap(e.scopes) {
		e.scopes = larger(e.scopes)
	}
	e.scopes = e.scopes[:n+1]
	e.scopes[n].scope = scope{types: m, artifacts: within(e.artifacts(), m)}
	return e.scopes[n].scope
}

// key is the scopeDigest of a question, worked out on first need.
func (e *engine) key(q *question) string {
	for i := range e.scopes {
		s := &e.scopes[i]
		if s.types != q.scope.types {
			continue
		}
		if s.digest == "" {
			s.digest = digest(s.artifacts)
		}
		return s.digest
	}
	return digest(q.scope.artifacts)
}

// exposure returns the index of the exposure of that name, or -1.
func (e *engine) exposure(name string) int {
	exposures := e.in.Policy.Spec.Exposures
	for i := range exposures {
		if exposures[i].Name == name {
			return i
		}
	}
	return -1
}

func (e *engine) loadRelease() {
	spec := &e.in.Release.Spec
	e.declared, e.asked = e.rung(spec.Level), e.exposure(spec.Exposure)
	if e.declared < 0 || e.asked < 0 {
		e.invalid = true
	}
	// What an invalid spec means cannot be known. So that it is no way around an adverse finding, it counts as
	// the most demanding one; nothing is granted either way.
	if e.declared < 0 {
		e.declared = len(e.in.Policy.Spec.Levels) - 1
	}
	if e.asked < 0 {
		e.asked = len(e.in.Policy.Spec.Exposures) - 1
	}
	e.own = e.declared
}

// concerns reports whether an evaluation is one of the release's.
func (e *engine) concerns(evaluation *v1alpha1.SafetyEvaluation) bool {
	return evaluation.Spec.Subject.Release == e.in.Release.Name && evaluation.Namespace == e.in.Release.Namespace
}

func (e *engine) loadEvaluations() {
	for i := range e.in.Evaluations {
		evaluation := &e.in.Evaluations[i]
		if !e.concerns(evaluation) {
			continue
		}
		at := e.find(evaluation.Spec.Requirement)
		if at < 0 {
			continue
		}
		e.next[i] = e.questions[at].first
		e.questions[at].first = int32(i)
	}
}

// clearance is how long a grant lives without being renewed, in seconds.
func (e *engine) clearance() int64 {
	if s := e.in.Policy.Spec.ClearanceSeconds; s != nil {
		return min(max(int64(*s), minClearance), maxClearance)
	}
	return defaultClearance
}

// recheckAt has the next look at a moment, in Unix seconds, unless there is one before.
func (e *engine) recheckAt(moment int64) { e.look = min(e.look, moment) }

// wait is the time until the next look.
func (e *engine) wait() time.Duration {
	if e.look == forever {
		return 0
	}
	return max(time.Unix(e.look, 0).Sub(e.in.Now), time.Second)
}

// report turns what was judged into results, in the policy's order.
func (e *engine) report() {
	e.decision.Requirements = make([]RequirementResult, len(e.questions))
	e.outlast.expect(len(e.questions), len(e.thresholds), len(e.in.Policy.Spec.Exposures))
	for i := range e.questions {
		q, r := &e.questions[i], &e.decision.Requirements[i]
		r.Name, r.State = q.name, q.stateAt(e.asked)
		r.Alert = q.state == v1alpha1.RequirementMet && q.latest.alert
		if expires := q.expiresAt(e.asked); expires != 0 && counted(r.State) {
			r.Expires = e.outlast.time(expires)
		}
		if q.met() && q.expires != 0 {
			e.recheckAt(q.expires)
		}
		r.Evidence = e.evidence(q)
		change := e.change(q, r.Expires)
		r.Change.Act, r.Change.Object, r.Change.By = change.Act, change.Object, change.By
		if r.State == v1alpha1.RequirementWaived {
			r.Change.By = r.Expires
		}
		r.Message = e.requirementText(q)
	}
	e.decision.Thresholds = make([]ThresholdResult, len(e.thresholds))
	for i := range e.thresholds {
		e.reportThreshold(&e.thresholds[i], &e.decision.Thresholds[i])
	}
	slices.SortFunc(e.decision.Resolutions, func(a, b Resolution) int { return cmp.Compare(a.Finding, b.Finding) })
}

// counted reports whether a state is that of something that counts until an end, or did.
func counted(state v1alpha1.RequirementState) bool {
	return state == v1alpha1.RequirementMet || state == v1alpha1.RequirementExpired || state == v1alpha1.RequirementWaived
}

// evidence names what decided the state at the exposure asked for.
func (e *engine) evidence(q *question) string {
	switch {
	case q.stateAt(e.asked) == v1alpha1.RequirementWaived:
		return q.waiver(e.asked).waiver.Name
	case q.kind == kindApproval:
		return q.signed(e.asked)
	case q.finding != nil:
		return q.finding.Name
	case q.revoked():
		return q.withdrawn.Name
	case q.latest.evaluation != nil:
		return q.latest.evaluation.Name
	case q.unusable.evaluation != nil:
		return q.unusable.evaluation.Name
	}
	return ""
}

// change says what would change the state of q.
func (e *engine) change(q *question, expires *time.Time) Change {
	switch {
	case q.inherited != "":
		// A result of its own decides, whatever stands against the other release.
		return Change{Act: ActEvaluate}
	case q.finding != nil:
		return Change{Act: ActResolve, Object: q.finding.Name}
	case q.spec == nil || q.problem != "":
		return Change{Act: ActRevisePolicy}
	case q.kind == kindApproval:
		return q.changeOfApproval(e.asked, expires)
	case q.kind == kindCheck:
		return Change{Act: ActRestore}
	case len(q.scope.artifacts) == 0:
		return Change{Act: ActReviseRelease}
	case q.met():
		return Change{Act: ActRenew, By: expires}
	case q.latest.saturated:
		return Change{Act: ActRevisePolicy}
	case q.state == v1alpha1.RequirementExpired:
		return Change{Act: ActRenew}
	}
	return Change{Act: ActEvaluate}
}
