// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// maxRequirements and maxThresholds are how many the status of a release holds.
	maxRequirements = 128
	maxThresholds   = 32
)

// earlier is the earlier of two times, either of which may be nil for never.
func earlier(a, b *time.Time) *time.Time {
	if a == nil || b != nil && b.Before(*a) {
		return b
	}
	return a
}

// sooner is the shorter of two waits, either of which may be zero for none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// passes reports whether nothing about an exposure itself refuses it: it is granted, or would be if it were asked for.
func passes(x *ExposureResult) bool {
	return x.Granted || x.Reason == v1alpha1.ReasonExposureNotGranted
}

// exposure combines the answers to one exposure of the text.
func (p *pair) exposure(i int) ExposureResult {
	x := p.ofText.Exposures[i]
	y := exposureOf(&p.ofForce, x.Name)
	r := x
	r.Granted = i <= p.granted
	if y == nil {
		if passes(&x) {
			r.Reason = v1alpha1.ReasonPolicyRevisionPending
			r.Message = p.heldText(nil)
		}
		return r
	}
	r.RequiredLevel = p.higher(x.RequiredLevel, y.RequiredLevel)
	r.Adverse = x.Adverse || y.Adverse
	r.Blocking = union(x.Blocking, y.Blocking)
	r.Revoked = revokedBy(&x, y)
	if r.Lapsed = nil; !r.Adverse && r.Revoked == "" {
		r.Lapsed = lapsedBy(&x, y)
	}
	r.Reason, r.Message = p.why(i, &x, y)
	return r
}

// why says in a word and at length whether an exposure is granted.
func (p *pair) why(i int, x, y *ExposureResult) (reason, message string) {
	switch {
	case i == p.granted:
		return v1alpha1.ReasonEvidenceComplete, exposureOf(p.shortest(), x.Name).Message
	case i < p.granted:
		return v1alpha1.ReasonEvidenceComplete, clip("Granted, as " + p.ofText.Exposures[p.granted].Name + " is.")
	case x.Adverse || !passes(x) && !y.Adverse:
		return x.Reason, x.Message
	case y.Adverse:
		return v1alpha1.ReasonAdverseFinding, p.inForceText(y)
	case y.Reason == v1alpha1.ReasonRevoked || y.Reason == v1alpha1.ReasonParentNotFound:
		return y.Reason, p.inForceText(y)
	case passes(y) && !x.Granted:
		return x.Reason, x.Message
	}
	return v1alpha1.ReasonPolicyRevisionPending, p.heldText(y)
}

// higher is the higher of two levels, as the text orders them. One that the text does not have is not shown.
func (p *pair) higher(a, b string) string {
	for i := range slices.Backward(p.text.Policy.Spec.Levels) {
		if name := p.text.Policy.Spec.Levels[i].Name; name == a || name == b {
			return name
		}
	}
	return a
}

// union is one list, and what only the other has.
func union(a, b []string) []string {
	all := a
	for _, name := range b {
		if !slices.Contains(all, name) {
			all = append(slices.Clip(all), name)
		}
	}
	return all
}

// revokedBy is the gravest severity of the revocations that refuse an exposure under either text. An Advisory one is a cause
// only where nothing but that and age refuses it under the other.
func revokedBy(x, y *ExposureResult) v1alpha1.RevocationSeverity {
	for _, one := range [...]*ExposureResult{x, y} {
		if one.Revoked == v1alpha1.RevocationCritical {
			return one.Revoked
		}
	}
	excused := func(one *ExposureResult) bool { return passes(one) || one.Lapsed != nil || one.Revoked != "" }
	if (x.Revoked != "" || y.Revoked != "") && excused(x) && excused(y) {
		return v1alpha1.RevocationAdvisory
	}
	return ""
}

// lapsedBy is when the first of the evidence ended, where age alone refuses an exposure under whichever text refuses it.
func lapsedBy(x, y *ExposureResult) *time.Time {
	if x.Lapsed == nil && !passes(x) || y.Lapsed == nil && !passes(y) {
		return nil
	}
	return earlier(x.Lapsed, y.Lapsed)
}

// thresholds are those of the text, each in the stricter of its states, and then those of the revision in force that the text
// does not have and that are not ruled out.
func (p *pair) thresholds() []ThresholdResult {
	rank := func(s v1alpha1.ThresholdState) int {
		switch s {
		case v1alpha1.ThresholdRuledOut:
			return 0
		case v1alpha1.ThresholdReached:
			return 2
		case v1alpha1.ThresholdOpen:
		}
		return 1
	}
	all := slices.Clone(p.ofText.Thresholds)
	for _, other := range p.ofForce.Thresholds {
		i := slices.IndexFunc(all, func(t ThresholdResult) bool { return t.Name == other.Name })
		switch {
		case i >= 0 && rank(other.State) > rank(all[i].State):
			all[i] = other
		case i < 0 && rank(other.State) > 0 && len(all) < maxThresholds:
			all = append(all, other)
		}
	}
	return all
}

// requirements are those of the text. Of one that is met there, and not under the revision in force, where it keeps an
// exposure from being granted, the answer is the latter's; as it is where it ends earlier. Then follow those that only the
// revision in force has, and that keep an exposure from being granted.
func (p *pair) requirements() []RequirementResult {
	all := slices.Clone(p.ofText.Requirements)
	for _, other := range p.ofForce.Requirements {
		blocks := slices.ContainsFunc(p.ofForce.Exposures, func(x ExposureResult) bool { return slices.Contains(x.Blocking, other.Name) })
		i := slices.IndexFunc(all, func(r RequirementResult) bool { return r.Name == other.Name })
		switch {
		case i < 0 && blocks && len(all) < maxRequirements:
			all = append(all, other)
		case i < 0 || !all[i].met():
		case other.met() && other.Expires != nil && earlier(all[i].Expires, other.Expires) == other.Expires, !other.met() && blocks:
			all[i] = other
		}
	}
	return all
}

func (r *RequirementResult) met() bool {
	return r.State == v1alpha1.RequirementMet || r.State == v1alpha1.RequirementWaived
}

// records are the answers to what people made. An approval is taken into account where it counts under either text, and so is
// a determination that says that a threshold is reached; what asks for more than the evidence gives has to count under both.
func (p *pair) records() []RecordResult {
	all := slices.Clone(p.ofText.Records)
	for i := range all {
		r := &all[i]
		at := slices.IndexFunc(p.ofForce.Records, func(o RecordResult) bool { return o.Kind == r.Kind && o.Name == r.Name })
		if at < 0 {
			continue
		}
		other := &p.ofForce.Records[at]
		switch {
		case r.Counts && other.Counts:
			r.End = earlier(r.End, other.End)
		case r.Counts != other.Counts && other.Counts == p.either(r):
			*r = *other
		}
	}
	return all
}

// either reports whether a record is taken into account where it counts under one of the texts.
func (p *pair) either(r *RecordResult) bool {
	switch r.Kind {
	case string(v1alpha1.RecordWaiver):
		return false
	case string(v1alpha1.RecordDetermination):
		for i := range p.text.Determinations {
			if d := &p.text.Determinations[i]; d.Name == r.Name {
				return slices.ContainsFunc(d.Spec.Thresholds, func(t v1alpha1.DeterminedThreshold) bool {
					return t.Conclusion != v1alpha1.ConclusionRuledOut
				})
			}
		}
	}
	return true
}

// refusal is a message without what it begins with.
func refusal(message string) string { return strings.TrimPrefix(message, refusedPrefix) }

// heldText says that the text is not in force, what it waits for, and what refuses the exposure until then: y, or nil where
// the revision in force does not have the exposure.
func (p *pair) heldText(y *ExposureResult) string {
	var t text
	t.add(refusedPrefix, "revision ", p.text.PolicyRevision, " of SafetyPolicy ", p.text.Policy.Name, " is not in force; ")
	if rules := p.force.Policy.Spec.Revisions; rules != nil && len(rules.Quorum) > 0 {
		t.add("if it weakens the policy, ")
		for i, q := range rules.Quorum {
			t.add(separator(i, len(rules.Quorum)), strconv.Itoa(int(q.Count)), " of role ", q.Role)
		}
		t.add(" who did not write it have to approve it in PolicyApprovals, and its cool-off has to pass")
	} else {
		t.add("it waits until Scalegate has recorded it")
	}
	t.add(" (kubectl get policyrevisions says what it waits for). Revision ", p.force.PolicyRevision, ", which is in force, ")
	switch {
	case y == nil:
		t.add("does not have this exposure.")
	case passes(y):
		t.add("refuses a lower exposure.")
	default:
		t.add("refuses it: ", refusal(y.Message))
	}
	return t.take()
}

// inForceText says that the revision in force refuses an exposure, whatever becomes of the text.
func (p *pair) inForceText(y *ExposureResult) string {
	return clip(refusedPrefix + "under revision " + p.force.PolicyRevision + " of the policy, which is in force while " +
		p.text.PolicyRevision + " is not, " + refusal(y.Message))
}
