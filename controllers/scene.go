// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/revision"
	"github.com/scalegate/scalegate/internal/workload"
)

// claims are the objects in the cluster that claim one release, as the cache has them. They are only read.
type claims struct {
	namespace   *metav1.PartialObjectMetadata // nil when it is gone
	parents     []*parent
	replicaSets []appsv1.ReplicaSet
	pods        []corev1.Pod
	// unread is set where one that is held could not be read.
	unread *bool
}

// look lists what claims the release.
func (r *ModelReleaseReconciler) look(ctx context.Context, key types.NamespacedName) (claims, error) {
	c := claims{unread: new(bool)}
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := r.Get(ctx, types.NamespacedName{Name: key.Namespace}, ns); err == nil {
		c.namespace = ns
	} else if !apierrors.IsNotFound(err) {
		return c, fmt.Errorf("reading namespace %s: %w", key.Namespace, err)
	}
	of := []client.ListOption{client.InNamespace(key.Namespace), client.MatchingFields{indexClaim: key.Name}}
	var replicaSets appsv1.ReplicaSetList
	var pods corev1.PodList
	// The pods are those of the cache itself: there may be thousands, and they are only read.
	err := errors.Join(r.List(ctx, &replicaSets, of...), r.List(ctx, &pods, append(of, client.UnsafeDisableDeepCopy)...))
	if err != nil {
		return c, fmt.Errorf("listing what claims %s: %w", key, err)
	}
	c.replicaSets, c.pods = replicaSets.Items, pods.Items
	c.parents, err = r.claiming(ctx, key)
	return c, err
}

// livePods lists the pods that claim the release from the API server itself: a cache that does not show yet what was
// opened a moment ago would let too many pass a ceiling.
func (r *ModelReleaseReconciler) livePods(ctx context.Context, key types.NamespacedName) ([]corev1.Pod, error) {
	var pods corev1.PodList
	err := r.Live.List(ctx, &pods, client.InNamespace(key.Namespace), client.MatchingLabels{v1alpha1.LabelRelease: key.Name})
	if err != nil {
		return nil, fmt.Errorf("listing the pods that claim %s live: %w", key, err)
	}
	return pods.Items, nil
}

// scene describes the claims to package enforcement, and examines what the decision would open.
func (r *ModelReleaseReconciler) scene(ctx context.Context, seen *course) (enforcement.Scene, error) {
	in, c, d := seen.in, seen.present, seen.decision
	// While a change of the policy is not in force, the stricter of both texts is enforced.
	in.Policy = revision.Enforced(in.Policy, in.InForce)
	s := enforcement.Scene{Now: in.Now, ReleaseName: seen.key.Name, Policy: in.Policy, Mended: seen.observed.mended(in, d)}
	if c.namespace != nil {
		s.Namespace = enforcement.Namespace{
			Gate: c.namespace.Labels[v1alpha1.LabelGate], Annotations: c.namespace.Annotations,
		}
	}
	related := newFamily(r.Client, r.kinds, c)
	if in.Release == nil {
		var err error
		s.Pods, err = examination{now: in.Now}.pods(ctx, c, related)
		s.Rollouts = related.rollouts
		return s, err
	}
	withheld := r.withheld(c.namespace, in.Now)
	seen.withheld = withheld
	if s.Withheld = withheld.Withheld; s.Withheld.Reason == "" {
		s.Withheld = seen.observed.withheld()
	}
	s.Spread = spread(in.Release.UID)
	s.Asked, s.Memory, s.LimitBy = in.Release.Spec.Exposure, memory(in, s.Namespace.Annotations), in.Release.Spec.LimitBy
	var err error
	if s.Fallback, err = r.fallback(ctx, in); err != nil {
		return s, err
	}
	begins, err := beginningIn(ctx, gathering.Source{Reader: r.Client, Cache: r.Client}, c.namespace)
	if err != nil {
		return s, err
	}
	s.Begins = begins.day
	x := r.examination(in, d, s)
	x.unread, x.sentry = c.unread, seen.observed.post(d)
	x.basis += fmt.Sprintf("/%s/%s/%d", s.Namespace.Gate, withheld.Reason, withheld.Since.UnixNano())
	x.listing = x.beginAhead(ctx, c.pods)
	defer func() { _, _ = x.listing() }() // nothing is read any more once this returns
	s.Digests = workload.ImageDigests(workload.DeclaredBy(in.Release, in.Policy))
	if s.Parents, err = x.parents(ctx, c.parents, related); err != nil {
		return s, err
	}
	if s.ReplicaSets, err = x.replicaSets(ctx, c.replicaSets); err != nil {
		return s, err
	}
	if s.Pods, err = x.pods(ctx, c, related); err != nil {
		return s, err
	}
	if err := related.ofReplicaSets(ctx, c); err != nil {
		return s, err
	}
	s.Owners, s.Rollouts = related.owners, related.rollouts
	s.UntrustedMutators, err = r.untrusted(ctx, c.namespace, in.Policy)
	return s, err
}

// examination compares with what the release declares now, and reads live what the decision would open.
func (r *ModelReleaseReconciler) examination(in gate.Input, d gate.Decision, s enforcement.Scene) examination {
	enforced, audited := s.Namespace.Gate == v1alpha1.GateEnforced, s.Namespace.Gate == v1alpha1.GateAudited
	granted := sets.New[string]()
	for _, x := range d.Exposures {
		if x.Granted && (enforced || audited) {
			granted.Insert(x.Name)
		}
	}
	opened, lifted := granted.Clone(), granted.Clone()
	for exposure := range s.Mended {
		lifted.Insert(exposure)
	}
	if enforced {
		opened.Insert(enforcement.Continued(s.Memory, d, in.Policy, in.Now)...)
	}
	return examination{
		live: r.Live, verdicts: r.verdicts, seenTemplates: r.seenTemplates, declared: workload.NewComparer(workload.DeclaredBy(in.Release, in.Policy)), basis: basis(in),
		now:     in.Now,
		release: in.Release, granted: granted, lifted: lifted, opened: opened, audits: audited,
	}
}

// withheld asks whether something may be given in the namespace.
func (r *ModelReleaseReconciler) withheld(ns *metav1.PartialObjectMetadata, now time.Time) Withheld {
	if ns == nil || ns.Labels[v1alpha1.LabelGate] != v1alpha1.GateEnforced {
		return Withheld{}
	}
	if ns.DeletionTimestamp != nil {
		return Withheld{Withheld: enforcement.Withheld{
			Reason: v1alpha1.ReasonNamespaceTerminating, Message: "the namespace is being deleted: nothing starts in it any more",
		}}
	}
	if r.Ready == nil {
		return Withheld{}
	}
	return r.Ready(ns, now)
}

// untrusted are the names of what may change pods in the namespace without the policy's trust.
func (r *ModelReleaseReconciler) untrusted(ctx context.Context, ns *metav1.PartialObjectMetadata, policy *v1alpha1.SafetyPolicy) ([]string, error) {
	if ns == nil || policy == nil {
		return nil, nil
	}
	var webhooks admissionv1.MutatingWebhookConfigurationList
	var policies admissionv1.MutatingAdmissionPolicyList
	var bindings admissionv1.MutatingAdmissionPolicyBindingList
	lists := []client.ObjectList{&webhooks, &policies, &bindings}
	if r.withoutMutatingPolicies {
		lists = lists[:1]
	}
	for _, list := range lists {
		if err := r.List(ctx, list); err != nil {
			return nil, fmt.Errorf("listing what may change pods: %w", err)
		}
	}
	mutators := enforcement.Mutators{Webhooks: webhooks.Items, Policies: policies.Items, Bindings: bindings.Items}
	return append(mutators.Untrusted(ns.Labels, policy.Spec.TrustedMutators), r.unreadMutators...), nil
}

// basis names what verdicts depend on beside the object that is examined. To it comes since when the guards act in the
// namespace: what was found before may have changed behind its generation, as far as the cache shows.
func basis(in gate.Input) string {
	text := fmt.Sprintf("%s/%d", in.Release.UID, in.Release.Generation)
	if in.Policy != nil {
		text += "/" + in.PolicyRevision + "/" + in.InForceRevision
	}
	return text
}
