// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// row is one change of a valid object, and what the API server says to it.
type row struct {
	change change
	// field that the refusal names, and what it says about it; both empty where the change is let through.
	field, message string
}

// table is a set of rows about one kind, tried in one way.
type table struct {
	kind string
	// base is the valid object, and submit sends a changed copy of it. Nothing is stored.
	base   func(*testing.T) *unstructured.Unstructured
	submit func(*testing.T, *unstructured.Unstructured) error
	rows   map[string]row
}

func tables() map[string]table {
	return map[string]table{
		"making a policy":                          {"SafetyPolicy", fullPolicy, create, policyRows()},
		"making a release":                         {"ModelRelease", fullRelease, create, releaseRows()},
		"making an evaluation":                     {"SafetyEvaluation", fullEvaluation, create, evaluationRows()},
		"changing an evaluation":                   {"SafetyEvaluation", measuredEvaluation, update, evaluationUpdateRows()},
		"changing an evaluation that runs a suite": {"SafetyEvaluation", ranEvaluation, update, evaluationRunUpdateRows()},
		"changing an evaluation with an advisory":  {"SafetyEvaluation", revokedEvaluation("Advisory"), update, advisoryRows()},
		"changing an evaluation that is revoked":   {"SafetyEvaluation", revokedEvaluation("Critical"), update, criticalRows()},
		"measuring an evaluation":                  {"SafetyEvaluation", measuredEvaluation, updateStatus, evaluationStatusRows()},
		"ending a run":                             {"SafetyEvaluation", ranEvaluation, updateStatus, evaluationRunRows()},
		"making a finding":                         {"AdverseFinding", newFinding, create, findingRows()},
		"changing a finding":                       {"AdverseFinding", standingFinding, update, findingUpdateRows()},
		"changing a resolved finding":              {"AdverseFinding", resolvedFinding, update, resolvedFindingRows()},
		"reporting on a finding":                   {"AdverseFinding", resolvedFinding, updateStatus, findingStatusRows()},
		"approving":                                {"ReleaseApproval", full("ReleaseApproval"), create, approvalRows()},
		"changing an approval":                     {"ReleaseApproval", signed("ReleaseApproval"), update, approvalUpdateRows()},
		"asking for a waiver":                      {"ReleaseWaiver", full("ReleaseWaiver"), create, waiverRows()},
		"changing a waiver":                        {"ReleaseWaiver", signed("ReleaseWaiver"), update, waiverUpdateRows()},
		"judging thresholds":                       {"ReleaseDetermination", full("ReleaseDetermination"), create, determinationRows()},
		"changing a judgement":                     {"ReleaseDetermination", signed("ReleaseDetermination"), update, determinationUpdateRows()},
		"approving a revision":                     {"PolicyApproval", full("PolicyApproval"), create, policyApprovalRows()},
		"changing the approval of a revision":      {"PolicyApproval", signed("PolicyApproval"), update, policyApprovalUpdateRows()},
		"recording a revision":                     {"PolicyRevision", fullRevision, create, revisionRows()},
		"changing the record of a revision":        {"PolicyRevision", inForce, update, revisionUpdateRows()},
		"reporting on a revision":                  {"PolicyRevision", inForce, updateStatus, revisionStatusRows()},
		"recording a decision":                     {"GateDecision", fullDecision, create, decisionRows()},
		"changing the record of a decision":        {"GateDecision", enforced, update, decisionUpdateRows()},
		"reporting on a decision":                  {"GateDecision", enforced, updateStatus, decisionStatusRows()},
	}
}

func TestWhatTheAPIServerRefusesAndLetsThrough(t *testing.T) {
	for name, table := range tables() {
		t.Run(name, func(t *testing.T) {
			base := table.base(t)
			if err := table.submit(t, base.DeepCopy()); err != nil {
				t.Fatalf("the valid object is refused: %v", err)
			}
			for sentence, row := range table.rows {
				t.Run(sentence, func(t *testing.T) {
					object := base.DeepCopy()
					row.change(object.Object)
					check(t, row, table.submit(t, object))
				})
			}
		})
	}
}

// check holds an answer to its row. A refusal is about the one field and about nothing else:
// noise beside the cause sends people to the wrong place.
func check(t *testing.T, want row, err error) {
	t.Helper()
	switch {
	case err == nil && want.message == "":
		return
	case err == nil:
		t.Fatalf("it was let through; want a refusal of %s: %s", want.field, want.message)
	case want.message == "":
		t.Fatalf("it was refused: %v", err)
	}
	found := causes(err)
	if len(found) == 0 {
		t.Fatalf("the refusal names no field: %v", err)
	}
	for _, cause := range found {
		if cause.Field != want.field || !strings.Contains(cause.Message, want.message) {
			t.Errorf("%s: %s\nwant %s: %s", cause.Field, cause.Message, want.field, want.message)
		}
	}
}

// causes are what a refusal says, field by field, without the remark that an invalid object
// was not held to every rule.
func causes(err error) []metav1.StatusCause {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || status.ErrStatus.Details == nil {
		return nil
	}
	return slices.DeleteFunc(status.ErrStatus.Details.Causes, func(c metav1.StatusCause) bool {
		return strings.Contains(c.Message, "some validation rules were not checked because the object was invalid")
	})
}

func create(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	as := shared.Client
	if slices.Contains([]string{"AdverseFinding", "PolicyRevision", "GateDecision"}, object.GetKind()) {
		as = shared.controller
	}
	return as.Create(t.Context(), object, client.DryRunAll)
}

func update(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	return shared.Client.Update(t.Context(), object, client.DryRunAll)
}

func updateStatus(t *testing.T, object *unstructured.Unstructured) error {
	t.Helper()
	return shared.controller.Status().Update(t.Context(), object, &client.SubResourceUpdateOptions{
		UpdateOptions: client.UpdateOptions{DryRun: []string{metav1.DryRunAll}},
	})
}

// TestEveryRuleHasARow reads the rules from the generated kinds, so that none is added without a
// row that the API server was seen to answer in its words.
func TestEveryRuleHasARow(t *testing.T) {
	rows := map[string][]row{}
	for _, table := range tables() {
		for _, row := range table.rows {
			rows[table.kind] = append(rows[table.kind], row)
		}
	}
	rules := 0
	for _, kind := range kinds() {
		for _, f := range fields(t, kind) {
			for _, rule := range rulesOf(f) {
				rules++
				if !stamped().MatchString(f.path) && !slices.ContainsFunc(rows[kind], rule.in) {
					t.Errorf("%s %s: no row expects %q", kind, rule.field, rule.message)
				}
			}
		}
	}
	if rules < 40 {
		t.Errorf("only %d rules were found in config/crd/bases; is the walk broken?", rules)
	}
}

// rule is what a schema refuses about a field, in the API server's words.
type rule struct {
	// field with list items written [].
	field   string
	message string
}

func (r rule) in(candidate row) bool {
	return index().ReplaceAllString(candidate.field, "[]") == r.field && strings.Contains(candidate.message, r.message)
}

func index() *regexp.Regexp {
	return regexp.MustCompile(`\[[0-9]+\]`)
}
