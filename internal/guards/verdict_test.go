// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

var pods = schema.GroupResource{Resource: "pods"}

// refusedByPolicy is how an API server words the refusal by a policy.
func refusedByPolicy(policy string) error {
	return apierrors.NewForbidden(pods, "p", fmt.Errorf("ValidatingAdmissionPolicy '%s' with binding '%s' denied request: no", policy, policy))
}

func TestRefused(t *testing.T) {
	for claim, row := range map[string]struct {
		err  error
		want Outcome
	}{
		"let through":                       {nil, Ineffective},
		"refused by the policy":             {refusedByPolicy("scalegate-admit-pods"), Effective},
		"refused by another policy":         {refusedByPolicy("scalegate-admit-pods-too"), Inconclusive},
		"refused by RBAC":                   {apierrors.NewForbidden(pods, "p", errors.New("no rights")), Inconclusive},
		"what it needs is gone":             {apierrors.NewNotFound(pods, "p"), Inconclusive},
		"the token was not taken":           {apierrors.NewUnauthorized("no"), Inconclusive},
		"the API server has too much to do": {apierrors.NewTooManyRequests("later", 1), Inconclusive},
		"the API server is unreachable":     {context.DeadlineExceeded, Inconclusive},
		"the connection names the policy":   {errors.New("ValidatingAdmissionPolicy 'scalegate-admit-pods'"), Inconclusive},
	} {
		t.Run(claim, func(t *testing.T) {
			got, detail := Refused("scalegate-admit-pods", row.err)
			if got != row.want || (got == Effective) != (detail == "") {
				t.Errorf("outcome %v (%q), want %v", got, detail, row.want)
			}
		})
	}
}

func TestHeld(t *testing.T) {
	for claim, row := range map[string]struct {
		held bool
		err  error
		want Outcome
	}{
		"held":                           {true, nil, Effective},
		"not held":                       {false, nil, Ineffective},
		"refused by the twin":            {false, refusedByPolicy("scalegate-admit-pods"), Ineffective},
		"refused by somebody's":          {false, refusedByPolicy("theirs"), Inconclusive},
		"refused by RBAC":                {false, apierrors.NewForbidden(pods, "p", errors.New("no rights")), Inconclusive},
		"the API server is unreachable":  {true, errors.New("connection refused"), Inconclusive},
		"the API server does not get it": {true, apierrors.NewBadRequest("what?"), Inconclusive},
	} {
		t.Run(claim, func(t *testing.T) {
			if got, detail := Held(row.held, row.err); got != row.want {
				t.Errorf("outcome %v (%q), want %v", got, detail, row.want)
			}
		})
	}
}

func TestJudge(t *testing.T) {
	set := shipped(t)
	missing := Difference{policyID, Missing, ""}
	changed := Difference{bindingID, Changed, "spec.policyName"}
	unexpected := Difference{ID{KindValidatingBinding, "scalegate-x"}, Unexpected, ""}
	acts := Result{Ring: "2", Claim: "a pod is held", Outcome: Effective, Detail: ""}
	fails := Result{Ring: "2", Claim: "a pod is held", Outcome: Ineffective, Detail: "it came back as it was sent"}
	open := Result{Ring: "0", Claim: "a clearance is refused", Outcome: Inconclusive, Detail: "the API server was not reached"}
	for claim, row := range map[string]struct {
		set         Set
		differences []Difference
		results     []Result
		reason      string
		message     string
	}{
		"all is well": {set, nil, []Result{acts}, v1alpha1.ReasonGuardsInPlace, "1 probes were refused or held"},
		"what is unexpected is told and harmless":   {set, []Difference{unexpected}, []Result{acts}, v1alpha1.ReasonGuardsInPlace, "scalegate-x is none of Scalegate's"},
		"missing outweighs changed":                 {set, []Difference{changed, missing}, []Result{fails}, v1alpha1.ReasonGuardMissing, "ValidatingAdmissionPolicy scalegate-admit-pods is missing"},
		"changed outweighs ineffective":             {set, []Difference{changed}, []Result{fails}, v1alpha1.ReasonGuardChanged, "was changed at spec.policyName"},
		"ineffective outweighs inconclusive":        {set, nil, []Result{acts, open, fails}, v1alpha1.ReasonGuardIneffective, "a pod is held: it came back as it was sent"},
		"inconclusive is unknown":                   {set, nil, []Result{acts, open}, v1alpha1.ReasonGuardsUnknown, "not reached"},
		"no probe is unknown":                       {set, nil, nil, v1alpha1.ReasonGuardsUnknown, "nothing was looked at"},
		"no object is unknown":                      {Set{}, nil, []Result{acts}, v1alpha1.ReasonGuardsUnknown, "nothing was looked at"},
		"three are named and the rest are counted":  {set, []Difference{missing, missing, missing, missing, missing}, nil, v1alpha1.ReasonGuardMissing, "; and 2 more"},
		"a missing object outweighs unknown probes": {set, []Difference{missing}, []Result{open}, v1alpha1.ReasonGuardMissing, "is missing"},
	} {
		t.Run(claim, func(t *testing.T) {
			v := row.set.Judge(row.differences, row.results)
			if v.Reason != row.reason || !strings.Contains(v.Message, row.message) {
				t.Errorf("got %s: %s", v.Reason, v.Message)
			}
			if v.InPlace() != (row.reason == v1alpha1.ReasonGuardsInPlace) || v.Known() != (row.reason != v1alpha1.ReasonGuardsUnknown) {
				t.Errorf("%s: in place %v, known %v", v.Reason, v.InPlace(), v.Known())
			}
		})
	}
}
