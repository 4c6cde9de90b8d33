// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import "github.com/scalegate/scalegate/api/v1alpha1"

// judgeSafeguard answers a question by what was seen of the cluster. Of several facts the worst counts; one of another type
// than the check is none. What is in place is so until it is looked at again: it has no expiry.
func (e *engine) judgeSafeguard(q *question) {
	q.state = v1alpha1.RequirementIndeterminate
	if q.problem != "" {
		return
	}
	for i := range e.in.Safeguards {
		fact := &e.in.Safeguards[i]
		if fact.Requirement != q.name || fact.Type != q.spec.Check.Type {
			continue
		}
		if q.fact == nil || worse(fact, q.fact) {
			q.fact = fact
		}
	}
	if q.fact == nil {
		return
	}
	switch q.fact.State {
	case v1alpha1.SafeguardInPlace:
		q.state = v1alpha1.RequirementMet
	case v1alpha1.SafeguardBroken:
		q.state = v1alpha1.RequirementBroken
	case v1alpha1.SafeguardUnknown:
	}
}

// worse orders what was seen of one check: what is broken, then what is not known, then what is in place. Messages settle the
// rest, so that the order of the input does not.
func worse(a, b *SafeguardFact) bool {
	rank := func(f *SafeguardFact) int {
		switch f.State {
		case v1alpha1.SafeguardInPlace:
			return 0
		case v1alpha1.SafeguardBroken:
			return 2
		case v1alpha1.SafeguardUnknown:
		}
		return 1
	}
	if ra, rb := rank(a), rank(b); ra != rb {
		return ra > rb
	}
	return a.Message < b.Message
}

// safeguard says what was seen of a check, and what would help.
func (t *text) safeguard(q *question) {
	if q.problem != "" {
		t.add("The check cannot be made: ", q.problem, "; correct the policy.")
		return
	}
	check := string(q.spec.Check.Type)
	if q.fact == nil {
		t.add("Nobody has looked yet whether the safeguard ", check, " is in place where the release is served. Scalegate's",
			" controller looks at it all the time: if this stays, see that it runs, and what it may read.")
		return
	}
	switch q.fact.State {
	case v1alpha1.SafeguardInPlace:
		t.add("The safeguard ", check, " is in place")
	case v1alpha1.SafeguardBroken:
		t.add("The safeguard ", check, " is not in place")
	case v1alpha1.SafeguardUnknown:
		t.add("Whether the safeguard ", check, " is in place is not known")
	default:
		t.add("Whether the safeguard ", check, " is in place is not known: its state ", string(q.fact.State), " is none that this version knows")
	}
	switch {
	case q.fact.Message != "":
		t.add(": ", q.fact.Message)
	case q.state != v1alpha1.RequirementMet:
		t.add("; status.safeguards of the release says what was looked at")
	}
	if last := t.last(); last != '.' {
		t.add(".")
	}
}

// last is the last byte that was added; 0 before the first.
func (t *text) last() byte {
	if t.n == 0 {
		return 0
	}
	return t.space[t.n-1]
}
