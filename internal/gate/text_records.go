// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"github.com/scalegate/scalegate/api/v1alpha1"
)

// inWords is the state of a threshold that is not ruled out.
func (t *capability) inWords() string {
	if t.state == v1alpha1.ThresholdReached {
		return " is reached"
	}
	return " is open"
}

// reachedText says who judged that a threshold is reached.
func (e *engine) reachedText(c *capability) {
	t := e.text
	t.add("Reached, since ReleaseDetermination ", c.reachedBy.Name, " of ", c.reachedBy.Spec.Author, " says so")
	if c.approved {
		t.add(", and the people approved that whom the policy names")
	}
	if c.failed {
		t.add(", and ")
		e.listStates(c.ruledOutBy, true)
	}
	t.add(": it raises the level to ", c.spec.RaisesTo, " at every exposure. It ends with other artifacts, or when as many people object to",
		" the determination as have to approve one.")
}

// determinedText says who ruled a threshold out that evidence leaves open.
func (e *engine) determinedText(c *capability) {
	t, d := e.text, &c.determined[e.asked]
	t.add("Ruled out by ReleaseDetermination ", d.determination.Name, " of ", d.determination.Spec.Author, " until ")
	t.time(d.until)
	t.add(", while ")
	e.listStates(c.ruledOutBy, true)
	t.add(". It counts again when that ends, or when one of them fails.")
}

// wordText says whether a word counts, and what would help.
func (e *engine) wordText(w *word, pl *place, reason string) string {
	t, s := e.text.begin(), &w.approval.Spec
	if reason == v1alpha1.ReasonCounts {
		e.countsText(w, pl)
		return t.take()
	}
	t.add("It does not count: ")
	switch reason {
	case v1alpha1.ReasonRecordNotFound:
		t.add("there is no ", string(s.Regarding.Kind), " ", s.Regarding.Name, " with UID ", s.Regarding.UID, " in the namespace; name the one that it is about")
	case v1alpha1.ReasonNotInRole:
		e.roleText(w, pl)
	case v1alpha1.ReasonNotSeparate:
		e.separateText(w, pl)
	case v1alpha1.ReasonEnded:
		t.add("it ended at ")
		t.time(pl.until)
		t.add("; sign again")
	case v1alpha1.ReasonReplaced:
		t.add(s.Approver, " said something later in role ", s.Role)
	default:
		e.voidText(&w.given, s.PolicyRevision, s.Exposure)
	}
	t.add(".")
	return t.take()
}

func (e *engine) countsText(w *word, pl *place) {
	t, s := e.text, &w.approval.Spec
	switch s.Decision {
	case v1alpha1.DecisionObject:
		if s.Regarding != nil {
			t.add("It counts against ", string(s.Regarding.Kind), " ", s.Regarding.Name, " as a whole")
		} else {
			t.add("It counts from exposure ", s.Exposure, " on")
		}
		t.add(", until ", s.Approver, " approves in role ", s.Role, ". An objection does not end by itself.")
		return
	case v1alpha1.DecisionAcknowledge:
		t.add("The acknowledgement of role ", s.Role, " counts")
	case v1alpha1.DecisionApprove:
		t.add("The approval of role ", s.Role, " counts")
	}
	t.add(" up to exposure ", s.Exposure)
	if pl.until != forever {
		t.add(", until ")
		t.time(pl.until)
	}
	t.add(".")
}

// roleText says why a person cannot say it in the role.
func (e *engine) roleText(w *word, pl *place) {
	t, s := e.text, &w.approval.Spec
	role := e.role(s.Role)
	switch {
	case role == nil:
		t.add("role ", s.Role, " is not in spec.roles of SafetyPolicy ", e.in.Policy.Name)
	case s.Approver == "":
		t.add("nobody knows who says it (spec.approver; the API server stamps it when it is made again)")
	case !w.holds:
		t.add(s.Approver, " is in none of the groups of role ", s.Role, " (")
		for i, group := range role.Groups {
			t.add(separator(i, len(role.Groups)), group)
		}
		t.add(")")
	case pl.mistaken != "":
		t.add("role ", s.Role, " is asked for the decision ", string(pl.mistaken), "; make one with it")
	default:
		t.add("the policy does not ask role ", s.Role, " for the decision ", string(s.Decision), " about this")
	}
}

// separateText says what other part a person has.
func (e *engine) separateText(w *word, pl *place) {
	t, s := e.text, &w.approval.Spec
	switch {
	case pl.anonymous:
		t.add("nobody knows the authors of the release (spec.authors; ", stampedAuthors, ")")
	case w.about.kind == v1alpha1.RecordWaiver:
		t.add(s.Approver, " asked for the waiver; somebody else has to approve it")
	case w.about.kind == v1alpha1.RecordDetermination:
		t.add(s.Approver, " wrote the determination; somebody else has to approve it")
	default:
		t.add(s.Approver, " is an author of the release, or brought evidence about it; somebody else has to approve it")
	}
}

// voidText says what voids a record, and what would help.
func (e *engine) voidText(g *given, revision, exposure string) {
	t := e.text
	switch g.void {
	case v1alpha1.ReasonOtherArtifacts:
		t.add("it is for other artifacts than the release has; make another one for subjectDigest ", e.decision.SubjectDigest)
	case v1alpha1.ReasonNotYet:
		t.add("it was made later than the clock of Scalegate says, or was never stored; it counts from then on")
	case v1alpha1.ReasonInvalidSpec:
		t.add("the policy has no exposure ", exposure, "; make another one with one that it has")
	case v1alpha1.ReasonPolicyChanged:
		t.add("policyRevision ", revision, " is not known, or the policy was weakened since; make another one for policyRevision ", e.decision.PolicyRevision)
	case v1alpha1.ReasonWeakerEvidence:
		t.add(g.cause, "; whoever still stands by it has to make another one")
	}
}

// waiverText says whether a waiver counts, and what would help.
func (e *engine) waiverText(x *exemption) string {
	t, s := e.text.begin(), &x.waiver.Spec
	switch x.refusal {
	case "":
		t.add("It sets aside what is not met of ")
		for i, name := range s.Requirements {
			t.add(separator(i, len(s.Requirements)), name)
		}
		t.add(", up to exposure ", s.Exposure, " and until ")
		t.time(x.end)
		if x.why != "" {
			t.add(". But not all: ", x.why)
		}
	case v1alpha1.ReasonEnded:
		t.add("It does not count: its time is over")
	case v1alpha1.ReasonApprovalMissing, v1alpha1.ReasonObjected:
		e.undecidedText(&x.vote, kindReleaseWaiver, x.waiver.Name, string(x.waiver.UID), s.Exposure)
	default:
		t.add("It does not count: ", x.why)
		if x.why == "" {
			e.voidText(&x.given, s.PolicyRevision, s.Exposure)
		}
	}
	t.add(".")
	return t.take()
}

// determinationText says whether a determination counts, and what would help.
func (e *engine) determinationText(r *ruling) string {
	t, s := e.text.begin(), &r.determination.Spec
	switch r.refusal {
	case "":
		t.add("It counts")
		if r.end != forever {
			t.add(" until ")
			t.time(r.end)
		}
		if r.why != "" {
			t.add(". But not all of it: ", r.why)
		}
	case v1alpha1.ReasonEnded:
		t.add("It does not count: its time is over")
	case v1alpha1.ReasonApprovalMissing, v1alpha1.ReasonObjected:
		if r.why != "" {
			t.add("It does not count: ", r.why)
			break
		}
		top := ""
		if n := len(e.in.Policy.Spec.Exposures); n > 0 {
			top = e.in.Policy.Spec.Exposures[n-1].Name
		}
		e.undecidedText(&r.vote, kindReleaseDetermination, r.determination.Name, string(r.determination.UID), top)
	default:
		t.add("It does not count: ", r.why)
		if r.why == "" {
			e.voidText(&r.given, s.PolicyRevision, "")
		}
	}
	t.add(".")
	return t.take()
}

// undecidedText says who has to sign a record, or objects to it.
func (e *engine) undecidedText(o *outcome, kind, name, uid, exposure string) {
	t := e.text
	if o.objection != nil {
		s := &o.objection.approval.Spec
		t.add("It does not count: ", s.Approver, " objects in ReleaseApproval ", o.objection.approval.Name, " and has to take that back, by approving it later in role ", s.Role)
		return
	}
	t.add("It does not count yet: ")
	t.count(int64(o.have))
	t.add(" of ")
	t.count(int64(o.need))
	t.add(" people approved it")
	if len(o.lacking) > 0 {
		t.add("; ")
		t.shortages(&standing{lacking: o.lacking})
		t.add(". Each creates a ReleaseApproval with regarding {kind: ", kind, ", name: ", name, ", uid: ", uid, "}, decision Approve, exposure ", exposure,
			", subjectDigest ", e.decision.SubjectDigest, " and policyRevision ", e.decision.PolicyRevision)
	}
}
