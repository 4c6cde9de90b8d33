// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// status is an answer of an API server as a client reads it.
func status(code int32, reason metav1.StatusReason, message string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{Status: metav1.StatusFailure, Code: code, Reason: reason, Message: message}}
}

func TestAnAnswerThatSaysNothingOfTheGuardSaysWhoGaveItAndWhatToDo(t *testing.T) {
	const exclude = ": exclude namespace scalegate-canary there"
	for claim, row := range map[string]struct {
		err  error
		want string
	}{
		"another policy": {
			status(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid,
				`pods "scalegate-canary-x7k2p" is forbidden: ValidatingAdmissionPolicy 'team-label' with binding 'all' denied request: no team`),
			`something else refused it (ValidatingAdmissionPolicy 'team-label' with binding 'all' denied request: no team)` + exclude,
		},
		"a webhook that gives no reason": {
			status(http.StatusBadRequest, "", `admission webhook "images.example.com" denied the request: scalegate.invalid is not allowed`),
			`something else refused it (admission webhook "images.example.com" denied the request: scalegate.invalid is not allowed)` + exclude,
		},
		"a webhook that names what was random, over lines": {
			status(http.StatusForbidden, metav1.StatusReasonForbidden, "admission webhook \"a.b\" denied the request: \n\nPod/scalegate-canary/scalegate-canary-x7k2p was blocked"),
			`something else refused it (admission webhook "a.b" denied the request: Pod/scalegate-canary/scalegate-canary-* was blocked)` + exclude,
		},
		"a webhook that takes no dry runs": {
			apierrors.NewBadRequest(`admission webhook "a.b" does not support dry run`),
			`something else refused it (admission webhook "a.b" does not support dry run)` + exclude,
		},
		"a webhook that is down, without its address": {
			status(http.StatusInternalServerError, metav1.StatusReasonInternalError,
				`Internal error occurred: failed calling webhook "a.b": failed to call webhook: Post "https://10.0.0.1/": refused`),
			`something else refused it (failed calling webhook "a.b")` + exclude,
		},
		"another policy of ours":  {refusedByPolicy("scalegate-x"), "another guard of Scalegate refused it (ValidatingAdmissionPolicy 'scalegate-x' with binding 'scalegate-x' denied request: no)"},
		"a webhook of ours":       {status(http.StatusForbidden, "", `admission webhook "kinds.scalegate.dev" denied the request: no`), `another guard of Scalegate refused it (admission webhook "kinds.scalegate.dev" denied the request: no)`},
		"a webhook named as ours": {status(http.StatusForbidden, "", `admission webhook "a.b" denied the request: "x.scalegate.dev"`), `something else refused it (admission webhook "a.b" denied the request: "x.scalegate.dev")` + exclude},
		"a plug-in": {
			apierrors.NewForbidden(pods, "p", errors.New("exceeded quota: few")),
			"the API server refused it (exceeded quota: few): apply config/canary, and exclude namespace scalegate-canary from other rules",
		},
		"authorisation": {
			apierrors.NewForbidden(pods, "p", errors.New(`User "a" cannot create resource "pods" in API group ""`)),
			"the canary has no right to it: is config/canary applied?",
		},
		"what it needs is refused": {
			&LackError{Cause: status(http.StatusForbidden, "", `admission webhook "a.b" denied the request: no`)},
			`what it needs cannot be made: something else refused it (admission webhook "a.b" denied the request: no)` + exclude,
		},
		"what it needs is not there":    {apierrors.NewNotFound(pods, "p"), "what it needs is not there: is config/canary applied?"},
		"a proxy, and no API server":    {errors.New(`admission webhook "a.b" denied the request`), "the API server was not reached"},
		"a request that is no good":     {status(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, "spec: bad"), "the API server did not understand the probe"},
		"an API server out of its mind": {apierrors.NewInternalError(errors.New("10.0.0.1 is away")), "the API server could not answer: InternalError"},
	} {
		t.Run(claim, func(t *testing.T) {
			for judge, judged := range map[string]func() (Outcome, string){
				"refused": func() (Outcome, string) { return Refused("scalegate-admit-pods", row.err) },
				"held":    func() (Outcome, string) { return Held(false, row.err) },
			} {
				outcome, got := judged()
				if outcome == Ineffective && judge == "held" && claim == "another policy of ours" {
					continue // then what should hold does not
				}
				if outcome != Inconclusive || got != row.want {
					t.Errorf("%s: outcome %v\n got %s\nwant %s", judge, outcome, got, row.want)
				}
			}
		})
	}
}

// A guard's own refusal to let what is tried with be made is no refusal of what is tried.
func TestWhatKeptATryFromBeingMadeIsNoAnswerToIt(t *testing.T) {
	err := &LackError{Cause: refusedByPolicy("scalegate-guard-pods")}
	if outcome, _ := Refused("scalegate-guard-pods", err); outcome != Inconclusive {
		t.Errorf("outcome %v", outcome)
	}
	if outcome, _ := Held(false, err); outcome != Inconclusive {
		t.Errorf("outcome %v", outcome)
	}
}

func TestALongRefusalLeavesRoomForTheRemedy(t *testing.T) {
	_, detail := Refused("scalegate-admit-pods", status(http.StatusForbidden, "", `admission webhook "a.b" denied the request: `+strings.Repeat("é", 500)))
	if len(detail) > 220 || !utf8.ValidString(detail) || !strings.HasSuffix(detail, "...): exclude namespace scalegate-canary there") {
		t.Error(detail)
	}
	const room = 1024 - len("; since 2026-01-01T00:00:00Z; see docs/runbooks/guards-missing.md")
	one := Result{Ring: "1", Claim: "a template that asks for an accelerator and claims nothing is refused", Detail: detail}
	if v := shipped(t).Judge(nil, []Result{one, one, one, one}); v.Reason != v1alpha1.ReasonGuardsUnknown || len(v.Message) > room {
		t.Errorf("%s, %d bytes of %d", v.Reason, len(v.Message), room)
	}
}
