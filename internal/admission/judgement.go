// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/revision"
	"github.com/scalegate/scalegate/internal/workload"
)

// claim is one pod template that claims a release.
type claim struct {
	namespace string
	// kind and name of the workload; the name is empty when the API server is still to make one.
	kind, name string
	release    string
	labels     map[string]string
	template   map[string]any
	// pod: the template is a pod itself.
	pod bool
}

// claimOf is the claim of a pod template, or of a pod; false when it claims nothing.
func claimOf(namespace, kind, name string, template map[string]any) (claim, bool) {
	labels, _, err := unstructured.NestedStringMap(template, "metadata", "labels")
	if err != nil || labels[v1alpha1.LabelRelease] == "" {
		return claim{}, false
	}
	return claim{
		namespace: namespace, kind: kind, name: name,
		release: labels[v1alpha1.LabelRelease], labels: labels, template: template,
	}, true
}

// judgement is what is known about a claim. The zero judgement of a claim is cleared of nothing.
type judgement struct {
	claim
	exposure string
	// found: the release exists.
	found    bool
	decision gate.Decision
	granted  bool
	mismatch *workload.Mismatch
	// deny: the release's policy does not want the uncleared to be taken and held.
	deny   bool
	policy string
}

// cleared reports whether the template may serve what it claims: it is granted, and matches.
func (j *judgement) cleared() bool {
	return j.found && j.granted && j.mismatch == nil
}

// judges decides about claims.
type judges struct {
	cache client.Reader
	now   func() time.Time
}

// judge decides about a claim as the controller would, on what the cache has.
func (g judges) judge(ctx context.Context, c claim) (judgement, error) {
	j := judgement{claim: c, exposure: c.labels[v1alpha1.LabelExposure]}
	source := gathering.Source{Reader: g.cache, Cache: g.cache}
	in, err := source.Input(ctx, types.NamespacedName{Namespace: c.namespace, Name: c.release}, g.now())
	if err != nil || in.Release == nil {
		return j, err
	}
	j.found = true
	j.exposure = workload.Exposure(c.labels, in.Release)
	j.policy = in.Release.Spec.Policy
	enforced := revision.Enforced(in.Policy, in.InForce)
	j.deny = enforced != nil && enforced.Spec.OnUncleared == v1alpha1.DenyUncleared
	j.decision = gate.Decide(in)
	j.granted = slices.ContainsFunc(j.decision.Exposures, func(x gate.ExposureResult) bool {
		return x.Name == j.exposure && x.Granted
	})
	declared := workload.DeclaredBy(in.Release, enforced)
	if c.pod {
		j.mismatch = workload.MatchPod(declared, c.template)
	} else {
		j.mismatch = workload.MatchTemplate(declared, c.template)
	}
	return j, nil
}

// exposureResult is the decision about the exposure that is claimed; nil when the policy does not have it.
func (j *judgement) exposureResult() *gate.ExposureResult {
	for i := range j.decision.Exposures {
		if j.decision.Exposures[i].Name == j.exposure {
			return &j.decision.Exposures[i]
		}
	}
	return nil
}

// missing are the requirements that keep the exposure from being granted, in the policy's order.
func (j *judgement) missing() []gate.RequirementResult {
	x := j.exposureResult()
	if x == nil {
		return nil
	}
	var out []gate.RequirementResult
	for i := range j.decision.Requirements {
		if r := j.decision.Requirements[i]; slices.Contains(x.Blocking, r.Name) && r.State != v1alpha1.RequirementMet {
			out = append(out, r)
		}
	}
	return out
}
