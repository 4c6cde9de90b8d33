// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// judgeFindings finds the adverse finding that stands against q, if one does. A finding that stands is one that
// nobody resolved; and a failing result that no finding accounts for makes a new one.
func (e *engine) judgeFindings(q *question, results []result) {
	// A failing result that was known before the latest resolution is accounted for by it.
	resolved := int64(minTime)
	// far is the latest finding that stands and counts in every namespace.
	var far *v1alpha1.AdverseFinding
	for i := range e.in.Findings {
		f := &e.in.Findings[i]
		if !e.against(q, f) {
			continue
		}
		until, ineffective := e.resolution(q, f, results)
		switch {
		case until == minTime:
			if q.finding == nil || outranks(f, q.finding) {
				q.finding, q.unresolved = f, ineffective
			}
			if f.Spec.Evidence.Reach != v1alpha1.ReachNamespace && (far == nil || outranks(f, far)) {
				far = f
			}
			continue
		case f.Spec.ScopeDigest == e.key(q):
			resolved = max(resolved, until)
		}
		coverByUID(results, f.Spec.Evidence.UID)
	}
	if worst := unremembered(q.finding, far, results, resolved); worst != nil {
		made := e.newFinding(q, worst)
		e.decision.NewFindings = append(e.decision.NewFindings, made)
		if q.finding == nil || outranks(&made, q.finding) {
			q.finding, q.unresolved = &made, ""
		}
	}
}

// unremembered is the failing result that needs a finding of its own, where latest and far are the latest finding that stands,
// and the latest of those that count in every namespace. One finding may stand for several failures of the same artifacts, but
// for none that is later than its own: once the later evaluation is deleted, only a finding of it would keep an earlier pass
// from resolving everything. Nor does one that counts in its namespace stand for a failure that counts everywhere.
func unremembered(latest, far *v1alpha1.AdverseFinding, results []result, resolved int64) *result {
	if !failed(results) {
		return nil
	}
	if worst := uncovered(results, resolved, true); worst != nil && !accounts(far, worst) {
		return worst
	}
	if worst := uncovered(results, resolved, false); worst != nil && !accounts(latest, worst) {
		return worst
	}
	return nil
}

// failed reports whether any of the results failed: most often none did.
func failed(results []result) bool {
	for i := range results {
		if results[i].zone == zoneFailed {
			return true
		}
	}
	return false
}

// accounts reports whether a finding that stands, nil for none, remembers a failing result: its own, or an earlier one.
func accounts(f *v1alpha1.AdverseFinding, r *result) bool {
	return f != nil && (f.Spec.Evidence.UID == string(r.evaluation.UID) || r.effective <= f.Spec.Evidence.ResultTime.Unix())
}

// uncovered is the latest failing result that no resolution accounts for, among all or only those that count in every
// namespace; nil without one.
func uncovered(results []result, resolved int64, attested bool) *result {
	var worst *result
	for i := range results {
		r := &results[i]
		if r.zone != zoneFailed || attested && r.evaluation.Spec.Reach != v1alpha1.ReachCluster {
			continue
		}
		r.covered = r.covered || r.created < resolved
		if !r.covered && (worst == nil || succeeds(r, worst)) {
			worst = r
		}
	}
	return worst
}

// against reports whether a finding is about q for the release: about its artifacts in scope, or about others that
// the release has all of. Adding another artifact, calling it by another type, or a policy that looks at more of
// them, is no escape.
func (e *engine) against(q *question, f *v1alpha1.AdverseFinding) bool {
	return f.Spec.Requirement == q.name && e.reaches(f) &&
		(f.Spec.ScopeDigest == e.key(q) || hasAll(e.artifacts(), f.Spec.Artifacts))
}

// reaches reports whether a finding counts in the release's namespace: it comes from there, or from somebody whose word
// counts everywhere.
func (e *engine) reaches(f *v1alpha1.AdverseFinding) bool {
	return f.Spec.Evidence.Namespace == e.in.Release.Namespace || f.Spec.Evidence.Reach != v1alpha1.ReachNamespace
}

// minTime is earlier than every time that the API can hold.
const minTime = -1 << 62

func coverByUID(results []result, uid string) {
	if uid == "" {
		return
	}
	for i := range results {
		if string(results[i].evaluation.UID) == uid {
			results[i].covered = true
		}
	}
}

// outranks orders the findings that stand against the same requirement: the latest result is shown.
func outranks(a, b *v1alpha1.AdverseFinding) bool {
	at, bt := a.Spec.Evidence.ResultTime.Unix(), b.Spec.Evidence.ResultTime.Unix()
	if at != bt {
		return at > bt
	}
	return a.Name < b.Name
}

// succeeds orders the failing results of which one becomes a finding.
func succeeds(a, b *result) bool {
	switch {
	case a.effective != b.effective:
		return a.effective > b.effective
	case a.evaluation.UID != b.evaluation.UID:
		return a.evaluation.UID < b.evaluation.UID
	}
	return a.evaluation.Name < b.evaluation.Name
}

// resolution returns the time until which results are accounted for by the resolution of f, or minTime when
// f stands, with what is wrong with its resolution if it has one that is judged here.
func (e *engine) resolution(q *question, f *v1alpha1.AdverseFinding, results []result) (until int64, ineffective string) {
	if f.Status.ResolvedTime != nil && !f.Status.ResolvedTime.IsZero() {
		return f.Status.ResolvedTime.Unix(), ""
	}
	named := f.Spec.Resolution
	if named == nil || named.Namespace != e.in.Release.Namespace {
		return minTime, ""
	}
	answer := Resolution{Finding: f.Name}
	r, wrong := e.resolving(q, f, results)
	if wrong == "" {
		at := time.Unix(r.created, 0).UTC()
		answer.Effective, answer.ResolvedTime = true, &at
		answer.Message = "evaluation " + named.Evaluation + " meets " + q.name + " and is later than the result that failed"
		e.decision.Resolutions = append(e.decision.Resolutions, answer)
		return r.created, ""
	}
	answer.Message = clip("evaluation " + named.Evaluation + " does not resolve the finding: " + wrong)
	// Several releases may share the finding. The one that the evaluation is about answers for all of them.
	if e.named(named.Evaluation) != nil {
		e.decision.Resolutions = append(e.decision.Resolutions, answer)
	}
	return minTime, answer.Message
}

// resolving returns the result that resolves f, or what keeps the evaluation that f names from doing so.
func (e *engine) resolving(q *question, f *v1alpha1.AdverseFinding, results []result) (r *result, wrong string) {
	for i := range results {
		if results[i].evaluation.Name == f.Spec.Resolution.Evaluation {
			r = &results[i]
			break
		}
	}
	switch {
	case r == nil:
		return nil, e.whyNotAmong(q, f.Spec.Resolution.Evaluation)
	case r.zone != zoneMet:
		return nil, "it does not meet " + q.name
	case r.revoked():
		return nil, "it was revoked"
	case e.now >= q.expiry(r):
		return nil, "it met " + q.name + " until " + timestamp(q.expiry(r)) + " and has expired"
	case r.effective <= f.Spec.Evidence.ResultTime.Unix():
		return nil, "its time, " + timestamp(r.effective) + ", is not later than that of the result that failed, " +
			timestamp(f.Spec.Evidence.ResultTime.Unix())
	}
	return r, ""
}

// named is the evaluation of that name that is about the release; nil without one.
func (e *engine) named(name string) *v1alpha1.SafetyEvaluation {
	for i := range e.in.Evaluations {
		if candidate := &e.in.Evaluations[i]; candidate.Name == name && e.concerns(candidate) {
			return candidate
		}
	}
	return nil
}

// whyNotAmong says why the named evaluation is not among the results that count for q.
func (e *engine) whyNotAmong(q *question, name string) string {
	evaluation := e.named(name)
	switch {
	case evaluation == nil:
		return "no evaluation of that name is about release " + e.in.Release.Name
	case evaluation.Spec.Requirement != q.name:
		return "it is for requirement " + evaluation.Spec.Requirement
	case !q.scope.matches(evaluation.Spec.Subject.Artifacts):
		return "it is about other artifacts"
	case q.problem != "":
		return q.problem
	}
	var r result
	q.read(&r, evaluation, &e.sightings)
	if r.unaccepted() {
		return r.whyBarred(q)
	}
	return "it cannot be used: " + r.why(q)
}

// newFinding is the finding about a failing result. It reaches as far as whoever brought the result may speak for: where
// nothing was stamped, that is the namespace.
func (e *engine) newFinding(q *question, r *result) v1alpha1.AdverseFinding {
	about, key := q.scope.artifacts, e.key(q)
	if subject := r.evaluation.Spec.Subject.Artifacts; !q.scope.matches(subject) {
		about = within(ordered(subject), q.scope.types)
		key = digest(about)
	}
	return v1alpha1.AdverseFinding{
		TypeMeta: metav1.TypeMeta{
			APIVersion: v1alpha1.SchemeGroupVersion.String(),
			Kind:       "AdverseFinding",
		},
		ObjectMeta: metav1.ObjectMeta{Name: findingName(q.name, key, string(r.evaluation.UID))},
		Spec: v1alpha1.AdverseFindingSpec{
			Requirement: q.name,
			ScopeDigest: key,
			Artifacts:   append([]v1alpha1.SubjectArtifact(nil), about...),
			Evidence: v1alpha1.FindingEvidence{
				Namespace:      r.evaluation.Namespace,
				Name:           r.evaluation.Name,
				UID:            string(r.evaluation.UID),
				Reach:          cmp.Or(r.evaluation.Spec.Reach, v1alpha1.ReachNamespace),
				Policy:         e.in.Policy.Name,
				PolicyRevision: e.decision.PolicyRevision,
				Value:          r.evaluation.Status.Measurement.Value,
				SHA256:         r.evaluation.Status.Measurement.SHA256,
				ResultTime:     metav1.NewTime(time.Unix(r.effective, 0).UTC()),
			},
		},
	}
}
