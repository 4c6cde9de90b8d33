// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/schedule"
)

// +kubebuilder:rbac:groups=scalegate.dev,resources=safetyevaluations,verbs=create
// +kubebuilder:rbac:groups=scalegate.dev,resources=evaluationsuites,verbs=get;list;watch

// AutomaticReconciler makes the SafetyEvaluations of a release that asks for automatic evaluations. It makes no other
// object, changes none, and takes nothing back: running them is the SafetyEvaluationReconciler's.
type AutomaticReconciler struct {
	client.Client
	// Live reads the API server itself: whatever is made is decided again on what it says.
	Live client.Reader
	// Events records what was made, and what could not be.
	Events events.EventRecorder
	// Identity says who makes the evaluations, as the API server knows it. It is asked only under policies that want to
	// know. Nil means that nobody does.
	Identity func(context.Context) (string, error)
	// Now is the clock.
	Now func() metav1.Time
}

// SetupWithManager registers the reconciler and what wakes it.
func (r *AutomaticReconciler) SetupWithManager(mgr ctrl.Manager) error {
	wake := wakes{mgr.GetClient()}
	return ctrl.NewControllerManagedBy(mgr).
		Named("automatic-evaluations").
		For(&v1alpha1.ModelRelease{}, builder.WithPredicates(predicate.NewPredicateFuncs(automatic))).
		Watches(&v1alpha1.SafetyPolicy{}, wake.gathered(wake.releasesUnderPolicy), later(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.SafetyEvaluation{}, wake.handler(wake.releasesOfEvaluation), later()).
		Watches(&v1alpha1.AdverseFinding{}, wake.handler(wake.releasesOfFinding), later()).
		Watches(&v1alpha1.ModelRelease{}, wake.handler(wake.releasesOfRelease), later(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.EvaluationSuite{}, wake.handler(wake.releasesMeasuredBy), later()).
		Complete(reconcile.AsReconciler(mgr.GetClient(), r))
}

// automatic tells whether evaluations are made for a release. For one that they are no longer made for, nothing is to be done.
func automatic(o client.Object) bool {
	release, ok := o.(*v1alpha1.ModelRelease)
	return ok && release.Spec.Evaluations == v1alpha1.EvaluationsAutomatic
}

// releasesMeasuredBy are those under a policy with a requirement that names the suite.
func (w wakes) releasesMeasuredBy(ctx context.Context, o client.Object) ([]types.NamespacedName, error) {
	policies := &v1alpha1.SafetyPolicyList{}
	if err := w.reader.List(ctx, policies); err != nil {
		return nil, err
	}
	var all []types.NamespacedName
	for i := range policies.Items {
		p := &policies.Items[i]
		if !slices.ContainsFunc(p.Spec.Requirements, func(r v1alpha1.Requirement) bool { return r.Suite() == o.GetName() }) {
			continue
		}
		names, err := w.releasesUnderPolicy(ctx, p)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
	}
	return all, nil
}

// Reconcile makes what is due for one release.
func (r *AutomaticReconciler) Reconcile(ctx context.Context, release *v1alpha1.ModelRelease) (ctrl.Result, error) {
	if release.Spec.Evaluations != v1alpha1.EvaluationsAutomatic {
		return ctrl.Result{}, nil
	}
	key := client.ObjectKeyFromObject(release)
	in, plan, err := r.plan(ctx, r.Client, key)
	if err == nil && len(plan.Orders) > 0 {
		in, plan, err = r.plan(ctx, r.Live, key)
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	var failed []error
	for _, order := range plan.Orders {
		failed = append(failed, r.create(ctx, in.Release, order))
	}
	if err := errors.Join(failed...); err != nil {
		return ctrl.Result{}, err
	}
	for _, absent := range plan.Absent {
		r.Events.Eventf(in.Release, nil, corev1.EventTypeWarning, v1alpha1.ReasonEvaluationNotMade, "Evaluate",
			"requirement %s waits for EvaluationSuite %s, which does not exist: create it, or correct evaluation.suite in SafetyPolicy %s",
			absent.Requirement, absent.Suite, in.Policy.Name)
	}
	for _, idle := range plan.Idle {
		r.Events.Eventf(in.Release, nil, corev1.EventTypeWarning, v1alpha1.ReasonEvaluationNotMade, "Evaluate",
			"suite %s is not run for requirement %s, since a result of Scalegate's would not meet it: %s", idle.Suite, idle.Requirement, idle.Why)
	}
	if plan.Next.IsZero() {
		return ctrl.Result{}, nil
	}
	return ctrl.Result{RequeueAfter: max(plan.Next.Sub(in.Now), time.Second)}, nil
}

// plan says what is due by what the reader gives.
func (r *AutomaticReconciler) plan(ctx context.Context, reader client.Reader, key types.NamespacedName) (gate.Input, schedule.Plan, error) {
	in, err := gathering.Source{Reader: reader, Cache: r.Client}.Input(ctx, key, r.Now().Time)
	if err != nil {
		return in, schedule.Plan{}, err
	}
	suites := &v1alpha1.EvaluationSuiteList{}
	if err := reader.List(ctx, suites); err != nil {
		return in, schedule.Plan{}, fmt.Errorf("listing suites: %w", err)
	}
	names := sets.New[string]()
	for i := range suites.Items {
		names.Insert(suites.Items[i].Name)
	}
	asked := schedule.Input{Gate: in, Decision: gate.Decide(in), Suites: names}
	if r.Identity != nil && in.Policy != nil && slices.ContainsFunc(in.Policy.Spec.Requirements, askingWho) {
		if asked.Evaluator, err = r.Identity(ctx); err != nil {
			return in, schedule.Plan{}, err
		}
		asked.EvaluatorGroups = groupsOf(asked.Evaluator)
	}
	return in, schedule.Due(asked), nil
}

// askingWho reports whether it matters to a requirement who has its suite run.
func askingWho(r v1alpha1.Requirement) bool { return r.Independence != "" && r.Suite() != "" }

// groupsOf are the groups that the API server gives a service account; nil for another user.
func groupsOf(user string) []string {
	account, ok := strings.CutPrefix(user, "system:serviceaccount:")
	namespace, _, named := strings.Cut(account, ":")
	if !ok || !named {
		return nil
	}
	return []string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"}
}

// create makes one evaluation. That another manager made it first is as good.
func (r *AutomaticReconciler) create(ctx context.Context, release *v1alpha1.ModelRelease, order schedule.Order) error {
	e := order.Evaluation(release)
	err := r.Create(ctx, e)
	switch {
	case err == nil:
		r.Events.Eventf(release, e, corev1.EventTypeNormal, v1alpha1.ReasonEvaluationMade, "Evaluate",
			"SafetyEvaluation %s runs suite %s for requirement %s", order.Name, order.Suite, order.Requirement)
		return nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return nil
	case apierrors.IsAlreadyExists(err):
		return r.taken(ctx, release, e)
	}
	return fmt.Errorf("creating SafetyEvaluation %s/%s: %w", release.Namespace, order.Name, err)
}

// taken looks at what has the name of an evaluation already.
func (r *AutomaticReconciler) taken(ctx context.Context, release *v1alpha1.ModelRelease, want *v1alpha1.SafetyEvaluation) error {
	key := client.ObjectKeyFromObject(want)
	have := &v1alpha1.SafetyEvaluation{}
	if err := r.Live.Get(ctx, key, have); err != nil {
		return fmt.Errorf("reading SafetyEvaluation %s, which exists: %w", key, err)
	}
	// The API server stamps these.
	want.Spec.Evaluator, want.Spec.EvaluatorGroups, want.Spec.Reach = have.Spec.Evaluator, have.Spec.EvaluatorGroups, have.Spec.Reach
	if equality.Semantic.DeepEqual(have.Spec, want.Spec) {
		return nil
	}
	r.Events.Eventf(release, have, corev1.EventTypeWarning, v1alpha1.ReasonEvaluationNotMade, "Evaluate",
		"SafetyEvaluation %s has the name that the run of suite %s for requirement %s is to have, and is something else: delete it",
		want.Name, want.Spec.Job.Suite, want.Spec.Requirement)
	return fmt.Errorf("SafetyEvaluation %s has the name of a run that is due, and is something else: delete it", key)
}
