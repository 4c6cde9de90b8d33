// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// What waits for somebody else is reconciling, and what only another spec or a person's act mends is stalled.
func TestConditionsOfWhatIsInTheWay(t *testing.T) {
	signed := signedPolicy()
	weaker := demanding(fixture.Defining("second"), fixture.Requiring("ASL-2", "second"))
	good := decided(asked(), demanding(), result("0.1"))
	drifting := func(reason, message string) outcome {
		o := asDecided()
		o.drift = drifted{reason, message}
		return o
	}
	in := func(policy *v1alpha1.SafetyPolicy, change func(*gate.Input)) gate.Decision {
		input := gate.Input{Now: now().Time, Release: asked(), Policy: policy, Evaluations: []v1alpha1.SafetyEvaluation{*result("0.1")}}
		change(&input)
		return gate.Decide(input)
	}
	evidence := func(reason, progress string) string {
		return "Enforced=True Enforced, EvidenceComplete=False " + reason + ", Fresh=True Fresh, Ready=False " + reason + ", " + progress + "=True " + reason
	}
	drift := func(reason string) string {
		return "Enforced=True Enforced, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, IdentityDrift=True " + reason +
			", Ready=False " + reason + ", Stalled=True " + reason
	}
	for sentence, test := range map[string]projection{
		"the release that it was made from is lost": {
			in(demanding(), func(i *gate.Input) { i.Release = asked(fixture.DerivedFrom("m0")); i.LostAncestor = "m0" }), asDecided(),
			evidence(v1alpha1.ReasonParentNotFound, "Reconciling"),
		},
		"nobody has approved": {decided(asked(), signed), asDecided(), evidence(v1alpha1.ReasonApprovalMissing, "Reconciling")},
		"somebody objects": {
			in(signed, func(i *gate.Input) {
				i.Approvals = []v1alpha1.ReleaseApproval{*approvalOf("rita", "rso", signed, fixture.Saying(v1alpha1.DecisionObject))}
			}), asDecided(), evidence(v1alpha1.ReasonObjected, "Stalled"),
		},
		"the revision that asks for less is not in force": {
			in(demanding(), func(i *gate.Input) { i.InForce = weaker }), asDecided(), evidence(v1alpha1.ReasonPolicyRevisionPending, "Reconciling"),
		},
		"an adapter is loaded": {good, drifting(v1alpha1.ReasonAdapterAttached, "ModelAdapter lora loads an adapter"), drift(v1alpha1.ReasonAdapterAttached)},
		"a route is rewritten": {good, drifting(v1alpha1.ReasonRouteRewritten, "HTTPRoute r sends requests elsewhere"), drift(v1alpha1.ReasonRouteRewritten)},
		"a text names models":  {good, drifting(v1alpha1.ReasonServeConfigChanged, "RayService r names its models in a text"), drift(v1alpha1.ReasonServeConfigChanged)},
		"what has to go waits for its turn": {
			good, planned(v1alpha1.ReasonRemovalsLimited, "the next go in an hour"),
			"Enforced=False RemovalsLimited, EvidenceComplete=True EvidenceComplete, Fresh=True Fresh, " +
				"Ready=False RemovalsLimited, Reconciling=True RemovalsLimited",
		},
	} {
		t.Run(sentence, test.check)
	}
}
