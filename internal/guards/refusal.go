// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"errors"
	"regexp"
	"strings"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// Canary is the name of the namespace that the probes are sent to, of the account that sends them, and of what stands
// there. What a probe would make bears a random ending besides.
const Canary = "scalegate-canary"

// LackError says that a probe had nothing to be tried with, and why that could not be made. It is no answer about the
// guard, whatever the cause is.
type LackError struct {
	// Cause is the answer to making it.
	Cause error
}

// Error is the cause, and what it kept from being.
func (e *LackError) Error() string { return "making what is tried with: " + e.Cause.Error() }

// inconclusive says what kind of answer it was, and what to do about it.
func inconclusive(err error) string {
	if lack, ok := errors.AsType[*LackError](err); ok {
		return "what it needs cannot be made: " + inconclusive(lack.Cause)
	}
	if told := refusal(err); told != "" {
		return told
	}
	switch {
	case apierrors.IsForbidden(err):
		return "the canary has no right to it: is config/canary applied?"
	case apierrors.IsNotFound(err):
		return "what it needs is not there: is config/canary applied?"
	case apierrors.IsUnauthorized(err):
		return "the API server did not take the canary's token"
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		return "the API server did not understand the probe"
	case apierrors.ReasonForError(err) != "":
		return "the API server could not answer: " + string(apierrors.ReasonForError(err))
	}
	return "the API server was not reached"
}

// maxRefusal is the most bytes of an API server's text: three refusals and their remedies fit into a condition.
const maxRefusal = 140

// refusal tells who refused in admission, in the API server's words from the name on, and what to do about it. It is
// empty where no plug-in, policy or webhook refused. Of a webhook that was not reached, only the name is told: the
// rest holds addresses. The text is the same each time, so that a condition is not written anew for a random name.
func refusal(err error) string {
	if _, answered := errors.AsType[*apierrors.StatusError](err); !answered {
		return ""
	}
	said := strings.Join(strings.Fields(err.Error()), " ")
	if regexp.MustCompile(` is forbidden: User "[^"]*" cannot `).MatchString(said) {
		return "" // by authorisation, before admission
	}
	named := regexp.MustCompile(`failed calling webhook "[^"]*"|(admission webhook "|(Validating|Mutating)AdmissionPolicy ').*`)
	if text := named.FindString(said); text != "" {
		if regexp.MustCompile(`^(\w+ '` + Prefix + `|[a-z ]+"[^"]*\.scalegate\.dev")`).MatchString(text) {
			return "another guard of Scalegate refused it (" + stable(text) + ")"
		}
		return "something else refused it (" + stable(text) + "): exclude namespace " + Canary + " there"
	}
	if _, text, plugin := strings.Cut(said, " is forbidden: "); plugin {
		return "the API server refused it (" + stable(text) + "): apply config/canary, and exclude namespace " + Canary + " from other rules"
	}
	return ""
}

// stable cuts text to at most maxRefusal bytes of whole characters, without random names.
func stable(text string) string {
	text = regexp.MustCompile(Canary+`-[a-z0-9]{5}\b`).ReplaceAllString(text, Canary+"-*")
	if len(text) <= maxRefusal {
		return text
	}
	end := maxRefusal - len("...")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}
