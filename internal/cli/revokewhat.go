// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// What a policy means that does not say otherwise, as its API documents it.
const (
	usualAdvisoryGrace = 86400
	usualUnavailable   = 25
	usualEvict         = 600
)

// whatGoes says what follows from revoking a release. What cannot be read is said, and is no error.
func (c connection) whatGoes(ctx context.Context, release *v1alpha1.ModelRelease, severity v1alpha1.RevocationSeverity, reason, program string) string {
	text := &consequences{}
	text.line("revokes", "ModelRelease %s/%s (%s), %s: %s", release.Namespace, release.Name,
		strings.TrimSpace(release.Spec.Model.Name+" "+release.Spec.Model.Version), severity, strings.TrimSpace(reason))
	reach := c.reach(ctx)
	others, whole := c.alsoRevoked(ctx, release, severity, reach)
	names := []string{release.Namespace + "/" + release.Name}
	for i := range others {
		names = append(names, others[i].Namespace+"/"+others[i].Name)
	}
	if len(others) > 0 {
		text.line("also", "%s, of the same weights", strings.Join(names[1:], ", "))
	}
	if !whole {
		text.line("also", "releases of the same weights in namespaces that you may not read, if there are any")
	}
	text.line("reaches", "%s", map[v1alpha1.Reach]string{
		v1alpha1.ReachCluster: "the whole cluster: you hold the verb attest on safetypolicies", v1alpha1.ReachNamespace: "its namespace: you do not hold the verb attest on safetypolicies",
		"": "its namespace, or the whole cluster if you hold the verb attest on safetypolicies",
	}[reach])
	serving, held, err := c.podsOf(ctx, append([]v1alpha1.ModelRelease{*release}, others...))
	switch {
	case err != nil:
		text.line("pods", "not known (%v); at last the manager saw %s", err, asSeen(release))
	case len(serving) == 0:
		text.line("pods", "none serve; %d are held, and stay held", held)
	default:
		text.line("pods", "%d go: %s; %d are held, and stay held", sum(serving), listOf(serving), held)
	}
	text.line("how fast", "%s", c.howFast(ctx, release, severity))
	text.line("new pods", "are held from now on")
	if fallback := release.Spec.Fallback; fallback != nil {
		text.line("instead", "release %s takes over, if it has a grant", fallback.Release)
	}
	text.line("undone by", "somebody who holds the verb resolve: %s resolve modelrelease %s -n %s", program, release.Name, release.Namespace)
	return text.String()
}

// reach is how far the word of the caller counts; empty where that cannot be known.
func (c connection) reach(ctx context.Context) v1alpha1.Reach {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Group: v1alpha1.Group, Resource: "safetypolicies", Verb: v1alpha1.VerbAttest},
	}}
	switch err := c.Create(ctx, review); {
	case err != nil:
		return ""
	case review.Status.Allowed:
		return v1alpha1.ReachCluster
	}
	return v1alpha1.ReachNamespace
}

// alsoRevoked are other releases that fall with this one, and whether all could be looked at that may.
func (c connection) alsoRevoked(
	ctx context.Context, release *v1alpha1.ModelRelease, severity v1alpha1.RevocationSeverity, reach v1alpha1.Reach,
) (others []v1alpha1.ModelRelease, whole bool) {
	all, err := c.releases(ctx)
	whole = err == nil
	if apierrors.IsForbidden(err) {
		all, err = c.releases(ctx, client.InNamespace(release.Namespace))
		whole = err == nil && reach == v1alpha1.ReachNamespace
	}
	revoked := *release.DeepCopy()
	revoked.Spec.Revocation = &v1alpha1.Revocation{Severity: severity, Reach: cmp.Or(reach, v1alpha1.ReachNamespace)}
	for i := range all {
		r := &all[i]
		if r.Namespace == release.Namespace && r.Name == release.Name {
			continue
		}
		if by := gate.Revoking(r, []v1alpha1.ModelRelease{revoked}); by != nil && by.Name == release.Name && by.Namespace == release.Namespace {
			others = append(others, *r)
		}
	}
	slices.SortFunc(others, func(a, b v1alpha1.ModelRelease) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	return others, whole
}

// podsOf counts the pods of releases that serve, by what they belong to, and those that are held.
func (c connection) podsOf(ctx context.Context, releases []v1alpha1.ModelRelease) (serving map[string]int, held int, err error) {
	serving = map[string]int{}
	for i := range releases {
		list := &corev1.PodList{}
		if err := c.List(ctx, list, client.InNamespace(releases[i].Namespace), client.MatchingLabels{v1alpha1.LabelRelease: releases[i].Name}); err != nil {
			return nil, 0, fmt.Errorf("listing pods: %w", err)
		}
		for j := range list.Items {
			pod := &list.Items[j]
			switch {
			case pod.DeletionTimestamp != nil, pod.Status.Phase == corev1.PodSucceeded, pod.Status.Phase == corev1.PodFailed:
			case slices.ContainsFunc(pod.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool { return g.Name == v1alpha1.SchedulingGate }):
				held++
			default:
				serving[ownerOf(pod)]++
			}
		}
	}
	return serving, held, nil
}

// ownerOf is what a pod belongs to, in words.
func ownerOf(pod *corev1.Pod) string {
	owner := metav1.GetControllerOf(pod)
	if owner == nil {
		return "Pod " + pod.Name
	}
	if name, ok := strings.CutSuffix(owner.Name, "-"+pod.Labels["pod-template-hash"]); ok && owner.Kind == "ReplicaSet" {
		return "Deployment " + name
	}
	return owner.Kind + " " + owner.Name
}

func sum(counts map[string]int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

func listOf(counts map[string]int) string {
	var all []string
	for name, n := range counts {
		all = append(all, fmt.Sprintf("%d of %s", n, name))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// asSeen is how many pods the manager saw.
func asSeen(release *v1alpha1.ModelRelease) string {
	var released, held int32
	for i := range release.Status.Workloads {
		w := &release.Status.Workloads[i]
		if w.Released != nil {
			released += *w.Released
		}
		if w.Held != nil {
			held += *w.Held
		}
	}
	return fmt.Sprintf("%d serve and %d held", released, held)
}

// howFast says at which pace what serves goes.
func (c connection) howFast(ctx context.Context, release *v1alpha1.ModelRelease, severity v1alpha1.RevocationSeverity) string {
	if severity == v1alpha1.RevocationCritical {
		return "all at once: deleted past PodDisruptionBudgets, without grace, limit or waiting for a fallback"
	}
	policy := &v1alpha1.SafetyPolicy{}
	if err := c.Get(ctx, client.ObjectKey{Name: release.Spec.Policy}, policy); err != nil {
		return fmt.Sprintf("as SafetyPolicy %s says under lapse.advisoryGraceSeconds and removals, which cannot be read: %v", release.Spec.Policy, err)
	}
	grace, unavailable, evict := int32(usualAdvisoryGrace), int32(usualUnavailable), int32(usualEvict)
	if l := policy.Spec.Lapse; l != nil && l.AdvisoryGraceSeconds != nil {
		grace = *l.AdvisoryGraceSeconds
	}
	limit := ""
	if r := policy.Spec.Removals; r != nil {
		if r.MaxUnavailablePercent != nil {
			unavailable = *r.MaxUnavailablePercent
		}
		if r.EvictSeconds != nil {
			evict = *r.EvictSeconds
		}
		if r.MaxPercentPerHour != nil {
			limit = fmt.Sprintf(", no more than %d%% of all that serves under the policy within an hour", *r.MaxPercentPerHour)
		}
	}
	return fmt.Sprintf("kept for %s, in which nothing grows; then evicted, %d%% at once%s, and deleted past PodDisruptionBudgets after %s",
		lasting(grace), unavailable, limit, lasting(evict))
}

func lasting(seconds int32) string {
	return duration.HumanDuration(time.Duration(seconds) * time.Second)
}

// without says what the release of an evaluation would be granted if that were revoked.
func (c connection) without(ctx context.Context, env environment, e *v1alpha1.SafetyEvaluation, severity v1alpha1.RevocationSeverity) string {
	s, err := c.gather(ctx, e.Spec.Subject.Release, env.now())
	if err != nil {
		return fmt.Sprintf("%s: not known what it would be granted (%v)", e.Spec.Subject.Release, err)
	}
	in := s.Input
	in.Evaluations = slices.Clone(in.Evaluations)
	for i := range in.Evaluations {
		if in.Evaluations[i].UID == e.UID {
			in.Evaluations[i].Spec.Revocation = &v1alpha1.Revocation{Severity: severity}
		}
	}
	j := judgement{release: in.Release, before: s.Decision, after: gate.Decide(in)}
	text := j.effect()
	if granted(&j.before) != granted(&j.after) {
		text += "; what serves more: " + c.howFast(ctx, in.Release, severity)
	}
	return text
}
