// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// fullRevision is a PolicyRevision with every field, as the controller makes it.
func fullRevision(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return record(t, "PolicyRevision", &v1alpha1.PolicyRevision{
		ObjectMeta: metav1.ObjectMeta{Name: "example-rsp-2"},
		Spec: v1alpha1.PolicyRevisionSpec{
			Policy: "example-rsp", Sequence: 2, Revision: "sha256:0123456789abcdef", Digest: fixture.SHA256("text"), ComparedWith: new(int64(1)),
			Effect: v1alpha1.EffectWeakening, Author: "alice", Text: `{"levels":[]}`,
			Changes: []v1alpha1.PolicyChange{{
				Item: "spec.requirements[bio-uplift].evaluation.clearAt", Effect: v1alpha1.EffectWeakening, Before: `"2.8"`, After: `"3.0"`,
				Message: "a result that was not clear can be",
			}},
		},
	})
}

// fullDecision is a GateDecision with every field, as the controller makes it.
func fullDecision(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return record(t, "GateDecision", &v1alpha1.GateDecision{
		ObjectMeta: metav1.ObjectMeta{Name: "example-model-2", Namespace: namespace},
		Spec: v1alpha1.GateDecisionSpec{
			Release: "example-model", ReleaseUID: string(fixture.UID("example-model")), Sequence: 2, Previous: fixture.SHA256("one"),
			PreviousEnforcedTime: new(metav1.NewTime(fixture.Day(1))), DecidedTime: metav1.NewTime(fixture.Day(2)),
			Causes: []string{"SafetyEvaluation bio-uplift-2026-03 came"}, Policy: "example-rsp", PolicyRevision: "sha256:0123456789abcdef",
			SubjectDigest: string(fixture.Digest("subject")), RequiredLevel: "ASL-3", GrantedExposure: "Internal", ReplicaCeiling: new(int32(16)),
			Reason: "EvidenceMissing", Message: "General lacks jailbreak-resistance",
			Inputs: []v1alpha1.DecisionInput{{Kind: "SafetyEvaluation", Name: "bio-uplift-2026-03", Digest: fixture.SHA256("evaluation")}},
			Input:  "compressed", InputDigest: fixture.SHA256("input"), DecisionDigest: fixture.SHA256("decision"), Engine: "v0.1.0",
			Digest: fixture.SHA256("record"),
		},
	})
}

func record(t *testing.T, kind string, object runtime.Object) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		t.Fatal(err)
	}
	delete(content, "status")
	r := &unstructured.Unstructured{Object: content}
	r.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind(kind))
	return r
}

// inForce is a PolicyRevision that is stored, and came into force.
func inForce(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	stored := store(t, shared.controller, fullRevision(t))
	all(set("status.inForceTime", "2026-03-01T00:00:00Z"), set("status.observedGeneration", int64(1)))(stored.Object)
	if err := shared.controller.Status().Update(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

// enforced is a GateDecision that is stored in a namespace of its own, which it goes with, and was enforced.
func enforced(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "decided-"}}
	if err := shared.Client.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.Client.Delete(context.WithoutCancel(t.Context()), ns); err != nil {
			t.Error(err)
		}
	})
	stored := fullDecision(t)
	stored.SetNamespace(ns.Name)
	if err := shared.controller.Create(t.Context(), stored, client.FieldValidation(metav1.FieldValidationStrict)); err != nil {
		t.Fatal(err)
	}
	set("status.enforcedTime", "2026-03-01T00:00:00Z")(stored.Object)
	if err := shared.controller.Status().Update(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

func revisionRows() map[string]row {
	const effects = `supported values: "Initial", "Neutral", "Strengthening", "Weakening"`
	return map[string]row{
		"a revision before the first":                   {set("spec.sequence", int64(0)), "spec.sequence", "greater than or equal to 1"},
		"a revision after the last":                     {set("spec.sequence", int64(1000000001)), "spec.sequence", "less than or equal to 1000000000"},
		"a revision compared with one before the first": {set("spec.comparedWith", int64(0)), "spec.comparedWith", "greater than or equal to 1"},
		"a revision compared with one after the last":   {set("spec.comparedWith", int64(1000000001)), "spec.comparedWith", "less than or equal to 1000000000"},
		"a revision of another effect":                  {set("spec.effect", "Worse"), "spec.effect", effects},
		"a change of another effect":                    {set("spec.changes[0].effect", "Worse"), "spec.changes[0].effect", effects},
		"the first revision":                            {all(drop("spec.comparedWith"), drop("spec.changes"), set("spec.effect", "Initial")), "", ""},
		"a revision whose author nobody knows":          {drop("spec.author"), "", ""},
	}
}

func revisionUpdateRows() map[string]row {
	const fixed = "a PolicyRevision does not change once it is made"
	return map[string]row{
		"another effect": {set("spec.effect", "Neutral"), "spec", fixed},
		"another text":   {set("spec.text", "{}"), "spec", fixed},
		"another label":  {set("metadata.labels.team", "red"), "", ""},
	}
}

func revisionStatusRows() map[string]row {
	const fixed = "a revision that came into force stays on record as such"
	return map[string]row{
		"it was never in force":   {drop("status.inForceTime"), "status", fixed},
		"it was in force earlier": {set("status.inForceTime", "2026-02-01T00:00:00Z"), "status", fixed},
		"it is not in force now":  {set("status.conditions", ready("False", "Superseded")), "", ""},
	}
}

func decisionRows() map[string]row {
	return map[string]row{
		"a decision before the first":             {set("spec.sequence", int64(0)), "spec.sequence", "greater than or equal to 1"},
		"a decision after the last":               {set("spec.sequence", int64(1000000001)), "spec.sequence", "less than or equal to 1000000000"},
		"a ceiling of nothing":                    {set("spec.replicaCeiling", int64(0)), "spec.replicaCeiling", "greater than or equal to 1"},
		"a ceiling above those that a policy has": {set("spec.replicaCeiling", int64(100001)), "spec.replicaCeiling", "less than or equal to 100000"},
		"an input that is no base64":              {set("spec.input", "not base64!"), "spec.input", "should match"},
		"a decision at no time":                   {drop("spec.decidedTime"), "spec.decidedTime", "Required value"},
		"the first decision":                      {all(drop("spec.previous"), drop("spec.previousEnforcedTime"), set("spec.sequence", int64(1))), "", ""},
		"a decision whose input is too large":     {drop("spec.input"), "", ""},
		"a digest that is too short":              {set("spec.digest", strings.Repeat("a", 63)), "spec.digest", "at least 64 chars long"},
	}
}

func decisionUpdateRows() map[string]row {
	const fixed = "a GateDecision does not change once it is made"
	return map[string]row{
		"another grant":  {set("spec.grantedExposure", "General"), "spec", fixed},
		"another record": {set("spec.previous", fixture.SHA256("two")), "spec", fixed},
		"another label":  {set("metadata.labels.team", "red"), "", ""},
	}
}

func decisionStatusRows() map[string]row {
	const fixed = "when a decision was enforced does not change"
	return map[string]row{
		"it was enforced earlier": {set("status.enforcedTime", "2026-02-01T00:00:00Z"), "status", fixed},
	}
}
