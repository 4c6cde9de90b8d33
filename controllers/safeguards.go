// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/safeguards"
)

// The rights to look at safeguards.
//
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=rbac.authorization.k8s.io,resources=roles;rolebindings;clusterroles;clusterrolebindings,verbs=list
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=list
// +kubebuilder:rbac:groups=storage.k8s.io,resources=storageclasses,verbs=list

const (
	// DefaultSafeguardPeriod is how often is looked at what no event tells: rights, claims, and who else is in a namespace.
	DefaultSafeguardPeriod = time.Minute
	// brokenPart is by how much sooner, where a safeguard is not in place: somebody may be mending it.
	brokenPart = 6
	// openingAge is how old may be what is read again before anything is opened: several releases of a namespace share it.
	openingAge = 2 * time.Second
	// staleTime is how long what was read last counts where it cannot be read again. Nothing is given meanwhile, and
	// afterwards nothing is known.
	staleTime = 5 * time.Minute
)

// observation is what was seen of the checks that a release needs. The zero observation is of one that needs none.
type observation struct {
	policies []*v1alpha1.SafetyPolicy
	scene    safeguards.Scene
	answers  []safeguards.Answer
	// stale: something could not be read now, and is as it was read last.
	stale bool
	// sentry judges by it what waits; nil where nothing does so.
	sentry *sentry
}

// polled tells whether no event tells that a check changed.
func polled(kind v1alpha1.SafeguardType) bool {
	return slices.Contains([]v1alpha1.SafeguardType{
		v1alpha1.SafeguardNoTenantExec, v1alpha1.SafeguardDedicatedNamespace, v1alpha1.SafeguardEncryptedStorage,
	}, kind)
}

// observe looks at what the policy asks to be checked, and the revision of it that is in force; by the caches, or where
// reader is the live one at the API server. Where they ask for no checks, nothing is read; with kept, nothing but caches, and what no
// event tells is what was read last.
func (r *ModelReleaseReconciler) observe(ctx context.Context, reader client.Reader, in *gate.Input, kept bool) (observation, error) {
	asked := safeguards.AskedBy(in.Policy, in.InForce)
	if in.Release == nil || len(asked) == 0 {
		return observation{}, nil
	}
	namespace := in.Release.Namespace
	o := observation{
		policies: []*v1alpha1.SafetyPolicy{in.Policy, in.InForce},
		scene:    safeguards.Scene{Release: in.Release, Namespace: namespace},
	}
	ns, err := namespaceMetadata(ctx, reader, namespace)
	if err != nil {
		return o, err
	}
	if ns != nil {
		o.scene.Labels = ns.Labels
		if o.scene.Labels == nil {
			o.scene.Labels = map[string]string{}
		}
	}
	if o.scene.Serving, err = r.serving(ctx, reader, in); err != nil {
		return o, err
	}
	wants := func(kind v1alpha1.SafeguardType) bool {
		return slices.ContainsFunc(asked, func(a safeguards.Asked) bool { return a.Check.Type == kind })
	}
	if wants(v1alpha1.SafeguardEgressDenied) {
		if o.scene.Network, o.stale, err = r.network(ctx, reader, namespace); err != nil {
			return o, err
		}
	}
	here := asking{key: namespace, now: r.Now().Time, age: r.pollAge(reader, in), kept: kept}
	if r.poll(ctx, &o, wants, here); ctx.Err() != nil {
		return o, fmt.Errorf("looking at safeguards in namespace %s: %w", namespace, context.Cause(ctx))
	}
	o.answers = safeguards.Answers(o.scene, o.policies...)
	in.Safeguards = facts(o.answers)
	return o, nil
}

// network are the NetworkPolicies of a namespace. Where the API server does not give them, they are as the cache shows them,
// and stale.
func (r *ModelReleaseReconciler) network(ctx context.Context, reader client.Reader, namespace string) (n *safeguards.Network, stale bool, err error) {
	var list networkingv1.NetworkPolicyList
	err = reader.List(ctx, &list, client.InNamespace(namespace))
	if err != nil && reader == r.Live && ctx.Err() == nil {
		log.FromContext(ctx).Error(err, "Looking at a safeguard", "namespace", namespace)
		stale, err = true, r.List(ctx, &list, client.InNamespace(namespace))
	}
	if err != nil {
		return nil, stale, fmt.Errorf("listing the NetworkPolicies of namespace %s: %w", namespace, err)
	}
	return &safeguards.Network{Policies: list.Items}, stale, nil
}

// serving are the pods of the release that are not held and have not ended. Those of evaluations are compared with their
// suites, and serve nobody.
func (r *ModelReleaseReconciler) serving(ctx context.Context, reader client.Reader, in *gate.Input) ([]safeguards.Workload, error) {
	var which client.ListOption = client.MatchingLabels{v1alpha1.LabelRelease: in.Release.Name}
	if reader != r.Live {
		which = client.MatchingFields{indexClaim: in.Release.Name}
	}
	var pods corev1.PodList
	if err := reader.List(ctx, &pods, client.InNamespace(in.Release.Namespace), which); err != nil {
		return nil, fmt.Errorf("listing the pods that claim %s: %w", in.Release.Name, err)
	}
	x := examination{release: in.Release, now: in.Now}
	var all []safeguards.Workload
	for i := range pods.Items {
		if pod := &pods.Items[i]; !held(pod) && !gone(pod, in.Now) && !belongsToRun(pod) {
			all = append(all, x.guardedPod(pod))
		}
	}
	return all, nil
}

// belongsToRun tells whether an object belongs to an evaluation that Scalegate runs; the label is nobody else's to set.
func belongsToRun(o metav1.Object) bool { return o.GetLabels()[v1alpha1.LabelEvaluation] != "" }

// facts are the answers as a decision takes them.
func facts(answers []safeguards.Answer) []gate.SafeguardFact {
	all := make([]gate.SafeguardFact, 0, len(answers))
	for _, a := range answers {
		all = append(all, gate.SafeguardFact{Requirement: a.Requirement, Type: a.Check.Type, State: a.State, Message: a.Message})
	}
	return all
}

// mended are the exposures that would be granted if the pods that serve broke no safeguard; nil where none do.
func (o observation) mended(in gate.Input, d gate.Decision) map[string]bool {
	mended := slices.Clone(o.answers)
	var found bool
	for i := range mended {
		if mended[i].Replaceable && mended[i].State == v1alpha1.SafeguardBroken {
			mended[i].State, found = v1alpha1.SafeguardInPlace, true
		}
	}
	if !found {
		return nil
	}
	in.Safeguards = facts(mended)
	all := map[string]bool{}
	for i, x := range gate.Decide(in).Exposures {
		if x.Granted && i < len(d.Exposures) && d.Exposures[i].Name == x.Name && !d.Exposures[i].Granted {
			all[x.Name] = true
		}
	}
	return all
}

// withheld says that nothing may be given where something could not be read now.
func (o observation) withheld() enforcement.Withheld {
	if !o.stale {
		return enforcement.Withheld{}
	}
	return enforcement.Withheld{
		Reason:  v1alpha1.ReasonSafeguardNotInPlace,
		Message: "a safeguard could not be looked at just now, so that nothing is given until it can: see the log of the manager",
	}
}

// statuses are the answers as the status of a release tells them. Of two checks of one requirement, which two revisions of
// a policy may ask for, it is that of the present one.
func (o observation) statuses(before []v1alpha1.SafeguardStatus, now metav1.Time) []v1alpha1.SafeguardStatus {
	var all []v1alpha1.SafeguardStatus
	for _, a := range o.answers {
		if slices.ContainsFunc(all, func(s v1alpha1.SafeguardStatus) bool { return s.Requirement == a.Requirement }) {
			continue
		}
		s := v1alpha1.SafeguardStatus{
			Requirement: a.Requirement, Type: a.Check.Type, State: a.State,
			Message: a.Message, LookedAt: a.LookedAt, CannotSee: a.CannotSee, SinceTime: &now,
		}
		for _, was := range before {
			if was.Requirement == s.Requirement && was.Type == s.Type && was.State == s.State && was.SinceTime != nil {
				s.SinceTime = was.SinceTime
			}
		}
		all = append(all, s)
	}
	return all[:min(len(all), maxSafeguards)]
}

// maxSafeguards is how many a status holds.
const maxSafeguards = 64
