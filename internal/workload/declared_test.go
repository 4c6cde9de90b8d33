// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func TestImageDigestsAreThoseOfArtifactsAndCompanions(t *testing.T) {
	d := declaration()
	d.Artifacts = append(d.Artifacts, artifact("twice", v1alpha1.ArtifactWeights, serverDigit), v1alpha1.Artifact{Name: "bad", Digest: "sha256:zz"})
	d.Companions = append(d.Companions, v1alpha1.Companion{Name: "tagged", Image: "registry.example/x:v1"})
	want := []string{hexOf(weightsDigit), hexOf(serverDigit), hexOf(guardDigit), hexOf(adapterDigit), hexOf(meshDigit)}
	if diff := cmp.Diff(want, ImageDigests(d)); diff != "" {
		t.Errorf("ImageDigests (-want +got):\n%s", diff)
	}
	if got := ImageDigests(Declared{}); len(got) != 0 {
		t.Errorf("ImageDigests of nothing = %v", got)
	}
}

func TestExposureIsTheClaimedOneElseTheOneAskedFor(t *testing.T) {
	release := &v1alpha1.ModelRelease{Spec: v1alpha1.ModelReleaseSpec{Exposure: "General"}}
	for want, labels := range map[string]map[string]string{
		"Internal": {v1alpha1.LabelExposure: "Internal"}, "General": {v1alpha1.LabelExposure: ""},
	} {
		if got := Exposure(labels, release); got != want {
			t.Errorf("Exposure(%v) = %q, want %q", labels, got, want)
		}
	}
	if got := Exposure(nil, release); got != "General" {
		t.Errorf("Exposure(nil) = %q, want General", got)
	}
}

func TestDeclaredByTakesServingAndCompanions(t *testing.T) {
	want := declaration()
	release := &v1alpha1.ModelRelease{Spec: v1alpha1.ModelReleaseSpec{Artifacts: want.Artifacts, Serving: want.Serving}}
	policy := &v1alpha1.SafetyPolicy{Spec: v1alpha1.SafetyPolicySpec{Companions: want.Companions}}
	if diff := cmp.Diff(want, DeclaredBy(release, policy)); diff != "" {
		t.Errorf("DeclaredBy (-want +got):\n%s", diff)
	}
	if got := DeclaredBy(release, nil); got.Companions != nil {
		t.Errorf("companions without a policy: %v", got.Companions)
	}
}

func TestACompanionIsNoWayToRunAnArtifactFreely(t *testing.T) {
	d := declaration()
	image := pinned("registry.example/guard", guardDigit)
	d.Companions = append(d.Companions, v1alpha1.Companion{Name: "check", Image: image}, v1alpha1.Companion{Name: "server", Image: pinned("x", otherDigit)})
	object := template(t)
	edit(t, object, "spec.initContainers[check].args", []any{"--anything"})
	wantField(t, MatchTemplate(d, object), "spec.initContainers[check].args")
	object = template(t)
	edit(t, object, "spec.containers[server].image", pinned("x", otherDigit))
	wantField(t, MatchTemplate(d, object), "spec.containers[server].image")
}

func TestASentenceSaysFieldProblemAndRemedy(t *testing.T) {
	object := template(t)
	edit(t, object, "spec.containers[server].args[6]", "tone=/tmp/x")
	want := `spec.containers[server].args[6] is "tone=/tmp/x", and the release declares "tone=/adapters/tone"; ` +
		"use the declared text, or have the release declare this one"
	edit(t, object, "spec.containers[server].args[6]", "--tensor-parallel-size=2")
	edit(t, object, "spec.containers[server].args[5]", "--lora-modules")
	edit(t, object, "spec.containers[server].args[6]", "tone=/tmp/x")
	if got := MatchTemplate(declaration(), object).String(); got != want {
		t.Errorf("sentence:\n%s\nwant:\n%s", got, want)
	}
	if got := (*Mismatch)(nil).String(); got != "matches" {
		t.Errorf("no mismatch = %q", got)
	}
}
