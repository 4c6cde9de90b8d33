// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// ModelArtifacts are the artifacts that tell the model of a release from others, sorted, each once: its weights; all of
// them where it names no weights. Whoever has all of these digests serves the same model, whatever it is called.
func ModelArtifacts(release *v1alpha1.ModelRelease) []v1alpha1.SubjectArtifact {
	all := Artifacts(release)
	if weights := within(all, bit(v1alpha1.ArtifactWeights)); len(weights) > 0 {
		return weights
	}
	return all
}

// Revoking is the release whose revocation counts for a release: itself, or of those given one with the same weights, as
// far as its revocation reaches. Of several it is the one with the gravest. Nil when there is none.
func Revoking(release *v1alpha1.ModelRelease, revoked []v1alpha1.ModelRelease) *v1alpha1.ModelRelease {
	var gravest *v1alpha1.ModelRelease
	if release.Spec.Revocation != nil {
		gravest = release
	}
	var artifacts []v1alpha1.SubjectArtifact
	for i := range revoked {
		r := &revoked[i]
		if !reaches(r, release) {
			continue
		}
		if artifacts == nil {
			artifacts = Artifacts(release)
		}
		if hasAll(artifacts, ModelArtifacts(r)) && (gravest == nil || graver(r, gravest, release)) {
			gravest = r
		}
	}
	return gravest
}

// reaches reports whether the revocation of another release counts where the release is.
func reaches(r, release *v1alpha1.ModelRelease) bool {
	switch {
	case r.Spec.Revocation == nil:
		return false
	case r.Namespace != release.Namespace:
		return r.Spec.Revocation.Reach == v1alpha1.ReachCluster
	}
	// Whether the release itself is revoked, it says itself: what was read beside it may be older.
	return r.Name != release.Name
}

// graver orders revoked releases: the one with the gravest revocation is shown, and of several the release's own.
func graver(a, b, own *v1alpha1.ModelRelease) bool {
	as, bs := severity(a.Spec.Revocation), severity(b.Spec.Revocation)
	switch {
	case as != bs:
		return as == v1alpha1.RevocationCritical
	case a == own || b == own:
		return a == own
	case a.Namespace != b.Namespace:
		return a.Namespace < b.Namespace
	}
	return a.Name < b.Name
}

// severity of a revocation. One that no API server would let through deletes nothing at once.
func severity(r *v1alpha1.Revocation) v1alpha1.RevocationSeverity {
	if r.Severity == v1alpha1.RevocationCritical {
		return v1alpha1.RevocationCritical
	}
	return v1alpha1.RevocationAdvisory
}

// revoked reports whether a result would meet its requirement and must not be relied on. Only such a result stops to
// count: to revoke what is unfavourable must be no way to be granted more.
func (r *result) revoked() bool {
	return r.zone == zoneMet && r.revocation != nil
}

// recall notes the revocation of another submission of the file, or of the run.
func (r *result) recall(other *Sighting) {
	if other.Revocation == nil || other.Namespace != r.evaluation.Namespace {
		return
	}
	if r.revocation == nil || cmp.Or(
		// Critical comes after Advisory; the rest settles which of several is told.
		cmp.Compare(severity(other.Revocation), severity(r.revocation)),
		cmp.Compare(other.Revocation.RevokedBy, r.revocation.RevokedBy),
		cmp.Compare(other.Revocation.Reason, r.revocation.Reason)) > 0 {
		r.revocation = other.Revocation
	}
}

// suppose takes something for not to have happened. The thresholds follow. Nothing of the judgement itself is lost: to
// suppose nothing restores it.
func (e *engine) suppose(what supposition) {
	for i := range e.questions {
		e.questions[i].supposed = what
	}
	for i := range e.thresholds {
		e.thresholds[i].supposed = what
	}
	e.judgeThresholds()
}

// lapses reports whether anything that was shown or signed only grew old.
func (e *engine) lapses() bool {
	for i := range e.questions {
		q := &e.questions[i]
		if q.answers == nil {
			if q.lapsed() {
				return true
			}
			continue
		}
		for exposure := range e.in.Policy.Spec.Exposures {
			if q.lapsedAt(exposure) {
				return true
			}
		}
	}
	for i := range e.thresholds {
		if e.thresholds[i].lapsed() {
			return true
		}
	}
	return false
}

func (e *engine) anyRevoked() bool {
	for i := range e.questions {
		if e.questions[i].revoked() {
			return true
		}
	}
	return false
}

// lapsed reports whether a determination that ruled the threshold out at some exposure only ended.
func (t *capability) lapsed() bool {
	return slices.ContainsFunc(t.determined, func(d determined) bool { return d.until != 0 && !d.stands })
}

// excuse finds out, of each exposure that is refused, whether age alone refuses it, and otherwise whether a revocation does.
func (e *engine) excuse(verdicts []verdict) {
	lapsed, revoked := e.lapses(), e.anyRevoked()
	for i := range verdicts {
		verdicts[i].revoked = e.refusedBy(&verdicts[i])
	}
	if !lapsed && !revoked || e.withheld() {
		return
	}
	if lapsed {
		e.weighAgain(verdicts, supposeUnexpired)
	}
	if revoked {
		e.weighAgain(verdicts, supposeUnrevoked)
	}
	e.suppose(supposeNothing)
}

// weighAgain weighs the exposures that are refused, neither by a finding nor already by a revocation, under what is
// supposed, and notes of those that nothing would refuse then what refuses them now.
func (e *engine) weighAgain(verdicts []verdict, what supposition) {
	e.suppose(what)
	for i := range verdicts {
		v := &verdicts[i]
		if !v.blocked() || v.adverse || v.revoked != "" {
			continue
		}
		w := e.weigh(i)
		switch {
		case w.blocked() || !e.evidenced(&w):
		case what == supposeUnexpired:
			// The others that support it then end later, or it would not be refused now.
			v.lapsed, _ = e.supportEnds(&w)
		case v.lapsed == 0:
			v.revoked = v1alpha1.RevocationAdvisory
		}
	}
}

// refusedBy is the gravest severity of what is revoked, and refuses an exposure for itself: of the release, or Critical of a
// result that it needs.
func (e *engine) refusedBy(v *verdict) v1alpha1.RevocationSeverity {
	for at, marked := range e.marksOf(v) {
		if q := &e.questions[at]; marked && q.revoked() && severity(q.revocation) == v1alpha1.RevocationCritical {
			return v1alpha1.RevocationCritical
		}
	}
	if e.withdrawn != nil {
		return severity(e.withdrawn.Spec.Revocation)
	}
	return ""
}

// revokedText says which release is revoked, and what would help.
func (e *engine) revokedText() {
	t, r := e.text, e.withdrawn
	if r == e.in.Release {
		t.add("the release is revoked (")
		t.revocation(r.Spec.Revocation)
		t.add("); only somebody who holds the verb resolve takes that back")
		return
	}
	t.add("release ", r.Namespace, "/", r.Name, ", which has the same weights, is revoked (")
	t.revocation(r.Spec.Revocation)
	t.add("); serve other weights, or have somebody who holds the verb resolve take that back")
}

// revocation says how grave a revocation is, and whose. Its reason is in the object, and not repeated.
func (t *text) revocation(r *v1alpha1.Revocation) {
	t.add(string(severity(r)))
	if r.RevokedBy != "" {
		t.add(", by ", r.RevokedBy)
	}
}

// withdrawn says that the result which would meet q was revoked.
func (t *text) withdrawn(q *question) {
	t.add("Evaluation ", q.withdrawn.Name, " is clear, but was revoked (")
	t.revocation(q.revocation)
	t.add(") and counts for nothing. Run or import another evaluation of the release's artifacts for it.")
	t.others(q)
}

// hasAll reports whether a list has the content of every one of the artifacts, of which there must be some.
func hasAll(list, artifacts []v1alpha1.SubjectArtifact) bool {
	for i := range artifacts {
		if !slices.ContainsFunc(list, func(a v1alpha1.SubjectArtifact) bool { return a.Digest == artifacts[i].Digest }) {
			return false
		}
	}
	return len(artifacts) > 0
}
