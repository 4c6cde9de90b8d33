// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gathering"
)

// OnboardingReconciler begins enforcement on the day that a policy sets: a namespace that is audited and has a release
// under a policy whose enforceAfter has come becomes enforced. It changes that one label and nothing else.
type OnboardingReconciler struct {
	client.Client
	// Live reads the API server itself: a day that was moved a moment ago must not be missed.
	Live client.Reader
	// Events records on the releases that enforcement began.
	Events events.EventRecorder
	// Now is the clock.
	Now func() metav1.Time
	// Settling is told which namespaces are enforced.
	Settling *Settling
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *OnboardingReconciler) SetupWithManager(mgr ctrl.Manager) error {
	wake := wakes{mgr.GetClient()}
	return ctrl.NewControllerManagedBy(mgr).
		Named("onboarding").
		For(&corev1.Namespace{}, builder.OnlyMetadata).
		Watches(&v1alpha1.ModelRelease{}, wake.handler(namespaceOf)).
		Watches(&v1alpha1.SafetyPolicy{}, wake.handler(wake.namespacesUnderPolicy)).
		Complete(r)
}

// namespaceOf is the namespace that an object is in.
func namespaceOf(_ context.Context, o client.Object) ([]types.NamespacedName, error) {
	return []types.NamespacedName{{Name: o.GetNamespace()}}, nil
}

// namespacesUnderPolicy are those with a release under a policy.
func (w wakes) namespacesUnderPolicy(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	releases, err := w.releasesUnderPolicy(ctx, o)
	if err != nil {
		return nil, err
	}
	var names []types.NamespacedName
	for _, release := range releases {
		if name := (types.NamespacedName{Name: release.Namespace}); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// lookAgain is the longest that a day is waited for in one go.
const lookAgain = 24 * time.Hour

// Reconcile begins enforcement in one namespace, or comes back on the day.
func (r *OnboardingReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	now := r.Now().Time
	ns, err := namespaceMetadata(ctx, r.Client, req.Name)
	if err != nil {
		return ctrl.Result{}, err
	}
	if ns == nil {
		r.Settling.Forget(req.Name)
		return ctrl.Result{}, nil
	}
	r.Settling.Wait(ns, now)
	plan, err := beginningIn(ctx, gathering.Source{Reader: r.Client, Cache: r.Client}, ns)
	if err != nil || plan.day == nil {
		return ctrl.Result{}, err
	}
	if wait := plan.day.Sub(now); wait > 0 {
		return ctrl.Result{RequeueAfter: min(wait, lookAgain)}, nil
	}
	return ctrl.Result{}, r.begin(ctx, req.Name)
}

// begin enforces one namespace, if live reads say the same as the cache did.
func (r *OnboardingReconciler) begin(ctx context.Context, name string) error {
	ns, err := namespaceMetadata(ctx, r.Live, name)
	if err != nil || ns == nil {
		return err
	}
	plan, err := beginningIn(ctx, gathering.Source{Reader: r.Live, Cache: r.Client}, ns)
	if err != nil || plan.day == nil || plan.day.After(r.Now().Time) {
		return err
	}
	content, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": ns.UID, "resourceVersion": ns.ResourceVersion,
		"labels": map[string]any{v1alpha1.LabelGate: v1alpha1.GateEnforced},
	}})
	if err != nil {
		return err
	}
	target := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if ok, err := effective(r.Patch(ctx, target, client.RawPatch(types.MergePatchType, content))); !ok {
		if err != nil {
			return fmt.Errorf("enforcing namespace %s: %w", name, err)
		}
		return nil
	}
	log.FromContext(ctx).Info("Enforced the namespace, whose day has come", "policy", plan.policy, "day", *plan.day)
	for i := range plan.releases {
		r.Events.Eventf(&plan.releases[i], nil, corev1.EventTypeNormal, v1alpha1.ReasonEnforcementBegan, "Enforce",
			"namespace %s is enforced from now on: SafetyPolicy %s said so for %s", name, plan.policy, plan.day.UTC().Format(time.RFC3339))
	}
	return nil
}

// beginning is when enforcement begins in an audited namespace.
type beginning struct {
	// day is the earliest that a policy sets; nil when the namespace is not audited, or no policy sets one.
	day *time.Time
	// policy is the one that sets it, and releases those in the namespace that name it.
	policy   string
	releases []v1alpha1.ModelRelease
}

// beginningIn reads when enforcement begins in a namespace. A policy that does not exist sets no day.
func beginningIn(ctx context.Context, source gathering.Source, ns *metav1.PartialObjectMetadata) (beginning, error) {
	var b beginning
	if ns == nil || ns.DeletionTimestamp != nil || ns.Labels[v1alpha1.LabelGate] != v1alpha1.GateAudited {
		return b, nil
	}
	var list v1alpha1.ModelReleaseList
	if err := source.Reader.List(ctx, &list, client.InNamespace(ns.Name)); err != nil {
		return b, fmt.Errorf("listing the releases of namespace %s: %w", ns.Name, err)
	}
	releases := map[string][]v1alpha1.ModelRelease{}
	for i := range list.Items {
		policy := list.Items[i].Spec.Policy
		releases[policy] = append(releases[policy], list.Items[i])
	}
	for name := range releases {
		policy := &v1alpha1.SafetyPolicy{}
		err := source.Reader.Get(ctx, types.NamespacedName{Name: name}, policy)
		if apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			return beginning{}, fmt.Errorf("reading SafetyPolicy %s: %w", name, err)
		}
		if policy, err = source.Enforced(ctx, policy); err != nil {
			return beginning{}, err
		}
		day := policy.Spec.EnforceAfter
		if day == nil || b.day != nil && (day.After(*b.day) || day.Time.Equal(*b.day) && name > b.policy) {
			continue
		}
		b = beginning{day: &day.Time, policy: name, releases: releases[name]}
	}
	return b, nil
}

// namespaceMetadata reads the metadata of a Namespace; nil when it does not exist.
func namespaceMetadata(ctx context.Context, reader client.Reader, name string) (*metav1.PartialObjectMetadata, error) {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := reader.Get(ctx, types.NamespacedName{Name: name}, ns); apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // gone is an answer, and not an error
	} else if err != nil {
		return nil, fmt.Errorf("reading namespace %s: %w", name, err)
	}
	return ns, nil
}

// settleTime is how long every API server gets to see that a namespace is enforced. None of them says when it does:
// until its guards act, a template that was read may change behind them.
const settleTime = 5 * time.Second

// Settling remembers since when this process sees namespaces enforced. The zero value is ready to use, also by several
// reconcilers at once. A process that starts waits anew, except where a clearance stands: that was written after the
// wait.
type Settling struct {
	mutex sync.Mutex
	since map[string]enforcedSince
}

type enforcedSince struct {
	uid  types.UID
	time time.Time
	// left: the gate is gone since then. anew: it has come back.
	left, anew bool
}

// Wait is how long nothing may be cleared, lifted or opened in a namespace yet; 0 once its guards have settled. nil, a
// namespace that is gone, and one that is not enforced have nothing to wait for, and begin anew when they are.
func (s *Settling) Wait(ns *metav1.PartialObjectMetadata, now time.Time) time.Duration {
	is, enforced := s.see(ns, now)
	if !enforced {
		return 0
	}
	for key := range ns.Annotations {
		if _, ok := clearance.Release(key); ok && !is.anew {
			return 0
		}
	}
	return max(0, settleTime-now.Sub(is.time))
}

// see remembers what a namespace is now. It tells since when it is enforced, and false when it is not.
func (s *Settling) see(ns *metav1.PartialObjectMetadata, now time.Time) (enforcedSince, bool) {
	if ns == nil {
		return enforcedSince{}, false
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	is, known := s.since[ns.Name]
	known = known && is.uid == ns.UID
	if ns.Labels[v1alpha1.LabelGate] != v1alpha1.GateEnforced {
		if known {
			is.left = true
			s.since[ns.Name] = is
		}
		return enforcedSince{}, false
	}
	if !known || is.left {
		is = enforcedSince{uid: ns.UID, time: now, anew: known}
		if s.since == nil {
			s.since = map[string]enforcedSince{}
		}
		s.since[ns.Name] = is
	}
	return is, true
}

// Ready says that nothing may be given in a namespace whose guards have not settled. It can stand as Ready of a
// ModelReleaseReconciler, or among other things that do.
func (s *Settling) Ready(ns *metav1.PartialObjectMetadata, now time.Time) Withheld {
	wait := s.Wait(ns, now)
	is, _ := s.see(ns, now)
	if wait == 0 {
		return Withheld{Since: is.time}
	}
	return Withheld{
		Withheld: enforcement.Withheld{
			Reason: v1alpha1.ReasonSettling, Message: "the namespace is enforced since a moment ago: nothing is cleared until every API server holds it so",
		},
		Again: wait, Since: is.time,
	}
}

// Forget drops a namespace that is gone.
func (s *Settling) Forget(namespace string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.since, namespace)
}
