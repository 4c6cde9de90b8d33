// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Ballot is what has to approve one revision, and what people said about it.
type Ballot struct {
	// Record is the revision.
	Record *v1alpha1.PolicyRevision
	// Rules and Roles are those of the text that the revision was compared with. Without Rules it needs nothing.
	Rules *v1alpha1.RevisionRules
	Roles []v1alpha1.Role
	// Authors are the users who changed the policy since that text. AuthorsKnown is false where one of them is not known: then
	// nobody can be known to be another one.
	Authors      []string
	AuthorsKnown bool
}

// BallotOf is the ballot about a record. An error says that the text that it was compared with cannot be read, so that nobody
// knows what it needs.
func (s Standing) BallotOf(record *v1alpha1.PolicyRevision) (Ballot, error) {
	b := Ballot{Record: record}
	b.Authors, b.AuthorsKnown = s.Authors(record)
	if record.Spec.Effect != v1alpha1.EffectWeakening {
		return b, nil
	}
	basis := s.Basis(record)
	if basis == nil {
		return b, fmt.Errorf("the PolicyRevision that %s was compared with is not there: restore it from a backup", record.Name)
	}
	before, err := Read(basis)
	if err != nil {
		return b, err
	}
	b.Rules, b.Roles = before.Spec.Revisions, before.Spec.Roles
	return b, nil
}

// Earliest is when the revision may come into force at the earliest.
func (b Ballot) Earliest() time.Time {
	made := b.Record.CreationTimestamp.Time
	if b.Rules == nil {
		return made
	}
	return made.Add(time.Duration(valued(b.Rules.CoolOffSeconds, defaultCoolOff)) * time.Second)
}

// Vote is what became of one approval.
type Vote struct {
	// Counts: it is counted, for the revision or against it.
	Counts bool
	// Reason is a reason of a PolicyApproval, and Message says it in words.
	Reason, Message string
}

// Tally is what people say about a revision together.
type Tally struct {
	// Votes are in the order of the approvals.
	Votes []Vote
	// Approved: as many distinct people approved as have to.
	Approved bool
	// Objection is the name of an objection that counts; empty for none.
	Objection string
	// Lacking says who has not approved yet; empty when Approved.
	Lacking string
}

// Count counts what people said. approvals are those of the policy and the record's sequence.
func (b Ballot) Count(approvals []v1alpha1.PolicyApproval) Tally {
	t := Tally{Votes: make([]Vote, len(approvals))}
	var signed []gate.Signature
	for i := range approvals {
		a := &approvals[i]
		t.Votes[i] = b.vote(a, approvals)
		switch {
		case !t.Votes[i].Counts:
		case a.Spec.Decision == v1alpha1.DecisionObject:
			if t.Objection == "" || a.Name < t.Objection {
				t.Objection = a.Name
			}
		default:
			signed = append(signed, gate.Signature{Person: a.Spec.Approver, Role: a.Spec.Role})
		}
	}
	if b.Rules == nil {
		t.Approved = true
		return t
	}
	t.Lacking = inWords(gate.Lacking(b.Rules.Quorum, signed))
	t.Approved = t.Lacking == ""
	return t
}

// inWords says how many people of which roles are lacking.
func inWords(short []v1alpha1.RoleQuorum) string {
	words := make([]string, len(short))
	for i, q := range short {
		words[i] = fmt.Sprintf("%d more of role %s", q.Count, q.Role)
	}
	return strings.Join(words, " and ")
}

// vote says whether one approval counts.
func (b Ballot) vote(a *v1alpha1.PolicyApproval, all []v1alpha1.PolicyApproval) Vote {
	no := func(reason, format string, args ...any) Vote {
		return Vote{Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case a.Spec.PolicyRevision != b.Record.Spec.Revision:
		return no(v1alpha1.ReasonPolicyChanged, "PolicyRevision %s is %s, and not %s", b.Record.Name, b.Record.Spec.Revision, a.Spec.PolicyRevision)
	case a.CreationTimestamp.Before(&b.Record.CreationTimestamp):
		return no(v1alpha1.ReasonPolicyChanged, "it was given before PolicyRevision %s was recorded, so that nobody can have read it: create another one", b.Record.Name)
	case b.Rules == nil:
		return no(v1alpha1.ReasonNotInRole, "PolicyRevision %s needs nobody's approval", b.Record.Name)
	}
	if problem := b.unheld(a); problem != "" {
		return no(v1alpha1.ReasonNotInRole, "%s", problem)
	}
	if superseding := latest(a, all); superseding != a {
		return no(v1alpha1.ReasonReplaced, "%s said something later in the same role: PolicyApproval %s", a.Spec.Approver, superseding.Name)
	}
	switch a.Spec.Decision {
	case v1alpha1.DecisionObject:
		return Vote{Counts: true, Reason: v1alpha1.ReasonCounts, Message: "it blocks PolicyRevision " + b.Record.Name}
	case v1alpha1.DecisionApprove:
	case v1alpha1.DecisionAcknowledge:
		return no(v1alpha1.ReasonNotAllowed, "an acknowledgement is no vote: create one with the decision Approve or Object")
	default:
		return no(v1alpha1.ReasonNotAllowed, "the decision %s is not known: create one with the decision Approve or Object", a.Spec.Decision)
	}
	switch {
	case !b.AuthorsKnown:
		return no(v1alpha1.ReasonNotSeparate, "nobody knows who changed the policy, so that nobody can be known to be somebody else: "+
			"return it to the text in force, and make the change again")
	case slices.Contains(b.Authors, a.Spec.Approver):
		return no(v1alpha1.ReasonNotSeparate, "%s changed the policy, and cannot approve that: somebody else has to", a.Spec.Approver)
	}
	return Vote{Counts: true, Reason: v1alpha1.ReasonCounts, Message: "it counts for PolicyRevision " + b.Record.Name}
}

// unheld says why somebody does not hold a role that is asked; empty where they do.
func (b Ballot) unheld(a *v1alpha1.PolicyApproval) string {
	if a.Spec.Approver == "" {
		return "nobody knows who gave it: the API server did not stamp it"
	}
	if named(b.Rules.Quorum, a.Spec.Role, quorumRole) == nil {
		return fmt.Sprintf("revisions.quorum of the text in force does not ask the role %s", a.Spec.Role)
	}
	role := named(b.Roles, a.Spec.Role, roleName)
	switch {
	case role == nil:
		return fmt.Sprintf("the text in force has no role %s", a.Spec.Role)
	case len(role.Groups) > 0 && !slices.ContainsFunc(a.Spec.ApproverGroups, func(g string) bool { return slices.Contains(role.Groups, g) }):
		return fmt.Sprintf("%s is in none of the groups of the role %s", a.Spec.Approver, a.Spec.Role)
	}
	return ""
}

// latest is what the same person said last in the same role about the same revision. At the same time an objection is the
// later, and else the one of the greater name.
func latest(a *v1alpha1.PolicyApproval, all []v1alpha1.PolicyApproval) *v1alpha1.PolicyApproval {
	last := a
	for i := range all {
		b := &all[i]
		if b.Spec.Approver == a.Spec.Approver && b.Spec.Role == a.Spec.Role && b.Spec.PolicyRevision == a.Spec.PolicyRevision && after(b, last) {
			last = b
		}
	}
	return last
}

func after(a, b *v1alpha1.PolicyApproval) bool {
	objects := func(x *v1alpha1.PolicyApproval) int {
		if x.Spec.Decision == v1alpha1.DecisionObject {
			return 1
		}
		return 0
	}
	return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), objects(a)-objects(b), cmp.Compare(a.Name, b.Name)) > 0
}
