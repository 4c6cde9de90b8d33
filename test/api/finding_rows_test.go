// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scalegate/scalegate/internal/fixture"
)

func newFinding(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return finding(t, "bio-uplift-new")
}

// standingFinding is stored, and resolved when the test is over: otherwise nobody could delete it.
func standingFinding(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	stored := store(t, shared.controller, finding(t, "bio-uplift-standing"))
	t.Cleanup(func() {
		if err := shared.resolve(context.WithoutCancel(t.Context()), stored.DeepCopy()); err != nil {
			t.Error(err)
		}
	})
	return stored
}

// resolvedFinding is stored, resolved by a person, and the resolution took effect.
func resolvedFinding(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	stored := store(t, shared.controller, finding(t, "bio-uplift-resolved"))
	if err := shared.resolve(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

// resolve resolves a finding as a person and then records, as the controller, that it took effect.
func (b *bed) resolve(ctx context.Context, finding *unstructured.Unstructured) error {
	set("spec.resolution", resolution())(finding.Object)
	if err := b.Client.Update(ctx, finding); err != nil {
		return fmt.Errorf("resolving finding %s: %w", finding.GetName(), err)
	}
	set("status.resolvedTime", "2026-03-01T00:00:00Z")(finding.Object)
	if err := b.controller.Status().Update(ctx, finding); err != nil {
		return fmt.Errorf("recording that finding %s is resolved: %w", finding.GetName(), err)
	}
	return nil
}

func resolution() map[string]any {
	return map[string]any{
		"namespace": fixture.Namespace, "evaluation": "later",
		"reason": "The range was misconfigured: the target answered every exploit. Run 41 has it repaired.",
	}
}

func findingRows() map[string]row {
	const artifact = "spec.artifacts[0]."
	return map[string]row{
		"a finding about an unknown type":        {set(artifact+"type", "Model"), artifact + "type", "supported values"},
		"a finding about a digest that is none":  {set(artifact+"digest", "sha256:"+strings.Repeat("x", 64)), artifact + "digest", "should match"},
		"a finding without artifacts":            {drop("spec.artifacts"), "spec.artifacts", "Required value"},
		"a finding of another reach":             {set("spec.evidence.reach", "Galaxy"), "spec.evidence.reach", `supported values: "Namespace", "Cluster"`},
		"a finding that counts in its namespace": {set("spec.evidence.reach", "Namespace"), "", ""},
		"a finding without a time":               {drop("spec.evidence.resultTime"), "spec.evidence.resultTime", "Required value"},
	}
}

func findingUpdateRows() map[string]row {
	const fixed = "a finding does not change; only spec.resolution can be added"
	return map[string]row{
		"another requirement":               {set("spec.requirement", "cyber-range"), "spec", fixed},
		"another scope":                     {set("spec.scopeDigest", string(fixture.Digest("elsewhere"))), "spec", fixed},
		"other artifacts":                   {set("spec.artifacts[0].digest", string(fixture.Digest("elsewhere"))), "spec", fixed},
		"another value":                     {set("spec.evidence.value", "0.1"), "spec", fixed},
		"a wider reach":                     {set("spec.evidence.reach", "Cluster"), "spec", fixed},
		"a later time":                      {set("spec.evidence.resultTime", "2026-06-01T00:00:00Z"), "spec", fixed},
		"a resolution":                      {set("spec.resolution", resolution()), "", ""},
		"a finding without its spec":        {drop("spec"), "spec", "Required value"},
		"a resolution without a reason":     {all(set("spec.resolution", resolution()), drop("spec.resolution.reason")), "spec.resolution.reason", "Required value"},
		"a resolution with an empty reason": {all(set("spec.resolution", resolution()), set("spec.resolution.reason", "")), "spec.resolution.reason", "at least 1 chars long"},
		"a resolution by no evaluation":     {all(set("spec.resolution", resolution()), drop("spec.resolution.evaluation")), "spec.resolution.evaluation", "Required value"},
	}
}

func resolvedFindingRows() map[string]row {
	const fixed = "a resolution that took effect does not change; a new failing evaluation makes a new finding"
	return map[string]row{
		"another reason":              {set("spec.resolution.reason", "no reason"), "<nil>", fixed},
		"another evaluation":          {set("spec.resolution.evaluation", "another"), "<nil>", fixed},
		"the resolution is withdrawn": {drop("spec.resolution"), "<nil>", fixed},
		"a label":                     {set("metadata.labels.reviewed", "yes"), "", ""},
	}
}

func findingStatusRows() map[string]row {
	const fixed = "a resolution that took effect is not taken back; a new failing evaluation makes a new finding"
	return map[string]row{
		"it stands again":         {all(drop("status.resolvedTime"), set("status.observedGeneration", int64(2))), "status", fixed},
		"it was resolved earlier": {set("status.resolvedTime", "2026-02-01T00:00:00Z"), "status", fixed},
		"another generation":      {set("status.observedGeneration", int64(9)), "", ""},
	}
}
