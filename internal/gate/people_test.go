// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	waived   = v1alpha1.RequirementWaived
	objected = v1alpha1.RequirementObjected

	approve     = v1alpha1.DecisionApprove
	object      = v1alpha1.DecisionObject
	acknowledge = v1alpha1.DecisionAcknowledge
)

// peopleCase is a decision about the release m1 on Day(10), under a policy with the roles ceo, rso and legal. The
// policies of the tests name one requirement that matters, and the cases what became of it.
type peopleCase struct {
	release        []func(*v1alpha1.ModelRelease)
	policy         []func(*v1alpha1.SafetyPolicy)
	evaluations    []v1alpha1.SafetyEvaluation
	findings       []v1alpha1.AdverseFinding
	approvals      []v1alpha1.ReleaseApproval
	waivers        []v1alpha1.ReleaseWaiver
	determinations []v1alpha1.ReleaseDetermination
	prior          []string
	// now is in days of the fixture's calendar; 10 where it is zero.
	now int

	// want is the state of the requirement; not looked at where it is empty.
	want v1alpha1.RequirementState
	// wantReason is that of the decision; EvidenceComplete where it is empty.
	wantReason   string
	wantGranted  string
	wantEvidence string
	// wantEnds is a day of the fixture's calendar; not looked at where it is zero.
	wantEnds int
	// wantMessage is part of the message of the requirement, and wantSummary of the whole.
	wantMessage, wantSummary string
	// wantRecords are the reasons of records by name; others are not looked at.
	wantRecords map[string]string
}

func (test *peopleCase) input(policy ...func(*v1alpha1.SafetyPolicy)) gate.Input {
	in := gate.Input{
		Now:            fixture.Day(10),
		Release:        fixture.Release("m1", test.release...),
		Policy:         fixture.Policy("rsp", append(append([]func(*v1alpha1.SafetyPolicy){fixture.Roles("ceo", "rso", "legal")}, policy...), test.policy...)...),
		PolicyRevision: current,
		Evaluations:    test.evaluations,
		Findings:       test.findings,
		Approvals:      test.approvals,
		Waivers:        test.waivers,
		Determinations: test.determinations,
		PriorRevisions: test.prior,
	}
	if test.now != 0 {
		in.Now = fixture.Day(test.now)
	}
	return in
}

// check decides, and holds the answer for a requirement against what the case wants.
func (test *peopleCase) check(t *testing.T, requirement string, policy ...func(*v1alpha1.SafetyPolicy)) gate.Decision {
	t.Helper()
	got := gate.Decide(test.input(policy...))
	at := slices.IndexFunc(got.Requirements, func(r gate.RequirementResult) bool { return r.Name == requirement })
	if at < 0 {
		t.Fatalf("there is no answer for %s", requirement)
	}
	r := &got.Requirements[at]
	if test.want != "" && r.State != test.want {
		t.Errorf("the state is %s, want %s: %s", r.State, test.want, r.Message)
	}
	if test.wantEvidence != "" && r.Evidence != test.wantEvidence {
		t.Errorf("the evidence is %q, want %q", r.Evidence, test.wantEvidence)
	}
	if test.wantEnds != 0 && (r.Expires == nil || !r.Expires.Equal(fixture.Day(test.wantEnds))) {
		t.Errorf("it expires %v, want %v", r.Expires, fixture.Day(test.wantEnds))
	}
	if !strings.Contains(r.Message, test.wantMessage) {
		t.Errorf("the message is %q, want it to say %q", r.Message, test.wantMessage)
	}
	reason := test.wantReason
	if reason == "" {
		reason = v1alpha1.ReasonEvidenceComplete
	}
	if got.Reason != reason || got.GrantedExposure != test.wantGranted || !strings.Contains(got.Message, test.wantSummary) {
		t.Errorf("%q is granted, %s: %s\nwant %q, %s: %s", got.GrantedExposure, got.Reason, got.Message, test.wantGranted, reason, test.wantSummary)
	}
	checkExplained(t, got)
	test.checkRecords(t, got.Records)
	return got
}

func (test *peopleCase) checkRecords(t *testing.T, records []gate.RecordResult) {
	t.Helper()
	for name, reason := range test.wantRecords {
		at := slices.IndexFunc(records, func(r gate.RecordResult) bool { return r.Name == name })
		switch {
		case at < 0:
			t.Errorf("there is no answer for record %s", name)
		case records[at].Reason != reason || records[at].Counts != (reason == v1alpha1.ReasonCounts):
			t.Errorf("record %s counts %v, %s: %s\nwant %s", name, records[at].Counts, records[at].Reason, records[at].Message, reason)
		case records[at].Message == "":
			t.Errorf("record %s has no message", name)
		}
	}
}

func shown() fixture.Shown {
	return fixture.Shown{Subject: gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1"), fixture.Server("m1")}, nil), Revision: current}
}

func signed(name, role string, modifiers ...func(*v1alpha1.ReleaseApproval)) v1alpha1.ReleaseApproval {
	return fixture.Approval(name, role, shown(), modifiers...)
}

func approvals(list ...v1alpha1.ReleaseApproval) []v1alpha1.ReleaseApproval { return list }

func on(n int) func(*v1alpha1.ReleaseApproval) { return fixture.SignedOn(fixture.Day(n)) }

func policy(modifiers ...func(*v1alpha1.SafetyPolicy)) []func(*v1alpha1.SafetyPolicy) {
	return modifiers
}

func records(pairs ...string) map[string]string {
	wanted := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		wanted[pairs[i]] = pairs[i+1]
	}
	return wanted
}
