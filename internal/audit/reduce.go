// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// named is what of an object's metadata a decision depends on, or says.
func named(m metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: m.Namespace, Name: m.Name, UID: m.UID, Generation: m.Generation, CreationTimestamp: m.CreationTimestamp,
	}
}

// releaseOf is a release without its status, which tells of decisions, and which none is made from.
func releaseOf(r v1alpha1.ModelRelease) v1alpha1.ModelRelease {
	return v1alpha1.ModelRelease{ObjectMeta: named(r.ObjectMeta), Spec: r.Spec}
}

// evaluationOf is an evaluation with what was measured and when its run ended. Why nothing was measured matters only
// where nothing was.
func evaluationOf(e v1alpha1.SafetyEvaluation) v1alpha1.SafetyEvaluation {
	reduced := v1alpha1.SafetyEvaluation{ObjectMeta: named(e.ObjectMeta), Spec: e.Spec}
	if m := e.Status.Measurement; m != nil {
		measured := *m
		measured.Warnings = nil
		reduced.Status.Measurement = &measured
	}
	if run := e.Status.Run; run != nil {
		reduced.Status.Run = &v1alpha1.EvaluationRun{FinishTime: run.FinishTime}
	}
	if e.Status.Measurement != nil {
		return reduced
	}
	for i := range e.Status.Conditions {
		c := &e.Status.Conditions[i]
		if c.Type == v1alpha1.ConditionReady || c.Type == v1alpha1.ConditionStalled {
			reduced.Status.Conditions = append(reduced.Status.Conditions, metav1.Condition{Type: c.Type, Status: c.Status, Reason: c.Reason})
		}
	}
	return reduced
}

// findingOf is a finding with when it was resolved.
func findingOf(f v1alpha1.AdverseFinding) v1alpha1.AdverseFinding {
	return v1alpha1.AdverseFinding{
		ObjectMeta: named(f.ObjectMeta), Spec: f.Spec, Status: v1alpha1.AdverseFindingStatus{ResolvedTime: f.Status.ResolvedTime},
	}
}

func approvalOf(a v1alpha1.ReleaseApproval) v1alpha1.ReleaseApproval {
	return v1alpha1.ReleaseApproval{ObjectMeta: named(a.ObjectMeta), Spec: a.Spec}
}

func waiverOf(w v1alpha1.ReleaseWaiver) v1alpha1.ReleaseWaiver {
	return v1alpha1.ReleaseWaiver{ObjectMeta: named(w.ObjectMeta), Spec: w.Spec}
}

func determinationOf(d v1alpha1.ReleaseDetermination) v1alpha1.ReleaseDetermination {
	return v1alpha1.ReleaseDetermination{ObjectMeta: named(d.ObjectMeta), Spec: d.Spec}
}

// mattering are the findings that may be about the release or what it was made from. Those of the whole cluster come in,
// and most of them are about other models.
func mattering(in gate.Input) []v1alpha1.AdverseFinding {
	if in.Release == nil {
		return nil
	}
	digests, keys := map[v1alpha1.Digest]bool{}, map[string]bool{}
	for _, r := range append([]v1alpha1.ModelRelease{*in.Release}, in.Ancestors...) {
		artifacts := gate.Artifacts(&r)
		for _, a := range artifacts {
			digests[a.Digest] = true
		}
		for _, scope := range scopes(in) {
			keys[gate.Digest(artifacts, scope)] = true
		}
	}
	var all []v1alpha1.AdverseFinding
	for i := range in.Findings {
		f := &in.Findings[i]
		shares := slices.ContainsFunc(f.Spec.Artifacts, func(a v1alpha1.SubjectArtifact) bool { return digests[a.Digest] })
		if shares || keys[f.Spec.ScopeDigest] {
			all = append(all, *f)
		}
	}
	return all
}

// scopes are those of the requirements of both policies.
func scopes(in gate.Input) [][]v1alpha1.ArtifactType {
	var all [][]v1alpha1.ArtifactType
	for _, p := range []*v1alpha1.SafetyPolicy{in.Policy, in.InForce} {
		if p == nil {
			continue
		}
		for i := range p.Spec.Requirements {
			scope := p.Spec.Requirements[i].Scope
			if !slices.ContainsFunc(all, func(s []v1alpha1.ArtifactType) bool { return slices.Equal(s, scope) }) {
				all = append(all, scope)
			}
		}
	}
	return all
}

// traced are the sightings of the files and runs of the evaluations.
func traced(in gate.Input) []gate.Sighting {
	files, runs := map[string]bool{}, map[string]bool{}
	for i := range in.Evaluations {
		if m := in.Evaluations[i].Status.Measurement; m != nil {
			files[m.SHA256], runs[m.RunID] = true, true
		}
	}
	delete(files, "")
	delete(runs, "")
	var all []gate.Sighting
	for _, s := range in.Sightings {
		if files[s.SHA256] || runs[s.RunID] {
			all = append(all, s)
		}
	}
	return all
}
