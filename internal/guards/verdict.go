// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Outcome is what a probe found out. The zero value is that it found out nothing.
type Outcome int

const (
	// Inconclusive says that the answer tells nothing about the guard.
	Inconclusive Outcome = iota
	// Effective says that the guard did what it is for.
	Effective
	// Ineffective says that what the guard is for did not happen.
	Ineffective
)

// Result is the outcome of one probe.
type Result struct {
	// Ring is where the guard stands: "0", "1", "2", or "kinds" for Scalegate's own kinds.
	Ring string
	// Claim is what must hold, such as "a pod that claims a release is held".
	Claim string
	// Policy is the name of the admission policy that is tried.
	Policy string
	// Outcome is what was found out.
	Outcome Outcome
	// Allowed: it was not tried, since whoever would is rightly let through. The outcome is Inconclusive then.
	Allowed bool
	// Detail says why the outcome is none or not effective.
	Detail string
}

// Refused judges the answer to a request that the policy must refuse.
func Refused(policy string, err error) (Outcome, string) {
	switch {
	case err == nil:
		return Ineffective, "it was let through"
	case refusedBy(err, policy):
		return Effective, ""
	}
	return Inconclusive, inconclusive(err)
}

// Held judges the answer to a request that must be let through, and come back held.
func Held(held bool, err error) (Outcome, string) {
	switch {
	case err == nil && held:
		return Effective, ""
	case err == nil:
		return Ineffective, "it came back as it was sent"
	case refusedBy(err, ""):
		// A policy of ours refuses what should have been held: the one that holds does not act.
		return Ineffective, "it was refused, since nothing held it"
	}
	return Inconclusive, inconclusive(err)
}

// refusedBy is true when a policy of ours refused; the named one, when there is a name.
func refusedBy(err error, policy string) bool {
	if !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
		return false
	}
	named := "ValidatingAdmissionPolicy '" + policy
	if policy == "" {
		named += Prefix
	} else {
		named += "'"
	}
	return strings.Contains(err.Error(), named)
}

// Verdict is what is known about the guards.
type Verdict struct {
	// Reason is one of the reasons of the condition Guarded. Only GuardsInPlace is good.
	Reason string
	// Message says which guards, in a sentence without an end. It is the same for the same facts.
	Message string
	// Object is the first object at fault, if an object is.
	Object ID
}

// Known is true for a verdict that rests on what was seen, be it good or bad.
func (v Verdict) Known() bool {
	return v.Reason != v1alpha1.ReasonGuardsUnknown && v.Reason != v1alpha1.ReasonGuardsNotWatched && v.Reason != ""
}

// InPlace is true when every object is as it must be and every guard was seen to act.
func (v Verdict) InPlace() bool { return v.Reason == v1alpha1.ReasonGuardsInPlace }

// Unknown is the verdict when looking itself went wrong.
func Unknown(why string) Verdict {
	return Verdict{Reason: v1alpha1.ReasonGuardsUnknown, Message: why}
}

// Judge says what follows. An object that is missing or changed outweighs a probe, and a guard that
// does not act outweighs one that could not be asked.
func (s Set) Judge(differences []Difference, results []Result) Verdict {
	for _, fault := range []struct {
		fault  Fault
		reason string
	}{{Missing, v1alpha1.ReasonGuardMissing}, {Changed, v1alpha1.ReasonGuardChanged}} {
		some := slices.DeleteFunc(slices.Clone(differences), func(d Difference) bool { return d.Fault != fault.fault })
		if len(some) > 0 {
			return Verdict{Reason: fault.reason, Message: list(some), Object: some[0].ID}
		}
	}
	if bad := failing(results, Ineffective); len(bad) > 0 {
		return Verdict{Reason: v1alpha1.ReasonGuardIneffective, Message: "every object is as installed, and does not act: " + list(bad)}
	}
	if open := failing(results, Inconclusive); len(open) > 0 {
		return Unknown("every object is as installed, and whether they act was not seen: " + list(open))
	}
	if len(s) == 0 || len(results) == 0 {
		return Unknown("nothing was looked at")
	}
	v := Verdict{
		Reason:  v1alpha1.ReasonGuardsInPlace,
		Message: fmt.Sprintf("%d admission objects are as installed, and %d probes were refused or held", len(s), len(results)),
	}
	others := slices.DeleteFunc(slices.Clone(differences), func(d Difference) bool { return d.Fault != Unexpected })
	if len(others) > 0 {
		v.Message += "; " + list(others)
	}
	return v
}

// failing are the results with that outcome, as parts of a sentence.
func failing(results []Result, outcome Outcome) []failure {
	var some []failure
	for _, r := range results {
		if r.Outcome == outcome {
			some = append(some, failure(r.Claim+": "+r.Detail))
		}
	}
	return some
}

type failure string

// String is the text.
func (f failure) String() string { return string(f) }

// mostListed is how many things a message names.
const mostListed = 3

// list names the first few, and says how many more there are.
func list[T fmt.Stringer](all []T) string {
	names := make([]string, 0, mostListed)
	for _, one := range all[:min(len(all), mostListed)] {
		names = append(names, one.String())
	}
	text := strings.Join(names, "; ")
	if more := len(all) - mostListed; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return text
}
