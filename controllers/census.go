// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
)

// What the census reads beyond what the reconcilers do: which resources the installation takes for accelerators.
//
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingadmissionpolicies,verbs=get

// censusOwner is the field owner of the one condition that the census writes, so that it takes nothing from the
// reconciler that writes the rest of a policy's status.
const censusOwner = "scalegate-census"

const (
	// censusPage is how many objects are asked for at once. They are all of the cluster's pods that are held in memory.
	// A page is asked for without a resourceVersion: with "0" the API server ignores the limit and sends everything.
	censusPage = 500
	// censusTimeout ends a census that the API server does not answer.
	censusTimeout = 2 * time.Minute
)

// Census counts the accelerator pods of the cluster, again and again, on the one replica that acts. It tells the counts
// as metrics, and on every SafetyPolicy, as the condition Covered, whether any pod is ungoverned.
type Census struct {
	client.Client
	// Live reads the API server itself: pods that claim nothing are in no cache.
	Live client.Reader
	// Events records when pods come to be ungoverned.
	Events events.EventRecorder
	// Now is the clock.
	Now func() metav1.Time
	// Interval between the end of a census and the next one; 0 takes none.
	Interval time.Duration

	pods    *prometheus.GaugeVec
	success prometheus.Gauge
}

// SetupWithManager registers the census, and its metrics with registry.
func (c *Census) SetupWithManager(mgr ctrl.Manager, registry prometheus.Registerer) error {
	if c.Interval == 0 {
		return nil
	}
	c.measure()
	if err := errors.Join(registry.Register(c.pods), registry.Register(c.success)); err != nil {
		return fmt.Errorf("registering the metrics of the census: %w", err)
	}
	return mgr.Add(c)
}

func (c *Census) measure() {
	c.pods = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "scalegate_accelerator_pods",
		Help: "Pods of the cluster that ask for an accelerator, by whether a gate stands before them.",
	}, []string{"state"})
	c.success = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "scalegate_census_last_success_timestamp_seconds",
		Help: "When the accelerator pods were last counted, in seconds since 1970.",
	})
}

// NeedLeaderElection makes only the replica that acts count.
func (c *Census) NeedLeaderElection() bool { return true }

// Start counts until ctx ends. What goes wrong is told and tried again.
func (c *Census) Start(ctx context.Context) error {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := c.once(ctx); err != nil && ctx.Err() == nil {
			log.FromContext(ctx).Error(err, "Counting accelerator pods")
		}
	}, c.Interval)
	return nil
}

// once takes a census and reports it.
func (c *Census) once(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, censusTimeout)
	defer cancel()
	result, err := c.take(ctx)
	if err != nil {
		// That the time is over is no reason not to say that nothing is known.
		reporting, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return errors.Join(err, c.report(reporting, uncounted(err)))
	}
	for _, state := range census.States() {
		c.pods.WithLabelValues(string(state)).Set(float64(result.Pods[state]))
	}
	c.success.Set(float64(c.Now().Unix()))
	return c.report(ctx, counted(result))
}

// take counts on live reads. Nothing is known of a cluster that was read in part.
func (c *Census) take(ctx context.Context) (census.Result, error) {
	accelerators, err := acceleratorsOf(ctx, c.Live)
	if err != nil {
		return census.Result{}, err
	}
	tally := census.Tally{Accelerators: accelerators}
	list := &corev1.PodList{}
	if err := c.pages(ctx, list, func() {
		for i := range list.Items {
			tally.Add(&list.Items[i])
		}
	}); err != nil {
		return census.Result{}, fmt.Errorf("listing pods: %w", err)
	}
	states := map[string]census.State{}
	namespaces := &metav1.PartialObjectMetadataList{}
	namespaces.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("NamespaceList"))
	if err := c.pages(ctx, namespaces, func() {
		for i := range namespaces.Items {
			ns := &namespaces.Items[i]
			states[ns.Name] = census.OfNamespace(ns.Labels, ns.Annotations)
		}
	}); err != nil {
		return census.Result{}, fmt.Errorf("listing namespaces: %w", err)
	}
	return tally.Result(func(namespace string) (census.State, bool) {
		state, exists := states[namespace]
		return state, exists
	}), nil
}

// acceleratorsOf are what the installation takes for accelerators.
func acceleratorsOf(ctx context.Context, live client.Reader) (census.Accelerators, error) {
	policy := &admissionv1.ValidatingAdmissionPolicy{}
	err := live.Get(ctx, types.NamespacedName{Name: census.AcceleratorPolicy}, policy)
	switch {
	case apierrors.IsNotFound(err):
		policy = nil
	case err != nil:
		return nil, fmt.Errorf("reading what accelerators are: %w", err)
	}
	return census.AcceleratorsOf(policy)
}

// pages reads a list page by page into the same memory, and calls each after every page.
func (c *Census) pages(ctx context.Context, list client.ObjectList, each func(), options ...client.ListOption) error {
	options = append(options, client.Limit(censusPage))
	for next := ""; ; {
		if err := c.Live.List(ctx, list, append(options, client.Continue(next))...); err != nil {
			return err
		}
		each()
		if next = list.GetContinue(); next == "" {
			return nil
		}
	}
}

// coverage is what a census says on a policy.
type coverage struct {
	status          metav1.ConditionStatus
	reason, message string
}

func counted(result census.Result) coverage {
	if result.Covered() {
		return coverage{metav1.ConditionTrue, v1alpha1.ReasonAllGoverned, result.Message()}
	}
	return coverage{metav1.ConditionFalse, v1alpha1.ReasonUngoverned, result.Message()}
}

// uncounted tells no more of an error than is for everyone.
func uncounted(err error) coverage {
	message := "counting accelerator pods went wrong and is tried again; the manager's log has the error"
	if unreadable, ok := errors.AsType[*census.ExpressionError](err); ok {
		message = unreadable.Error()
	}
	return coverage{metav1.ConditionUnknown, v1alpha1.ReasonCensusFailed, message}
}

// report writes the condition on every policy where it is another one, and an event where pods came to be ungoverned.
func (c *Census) report(ctx context.Context, is coverage) error {
	policies := &v1alpha1.SafetyPolicyList{}
	if err := c.List(ctx, policies); err != nil {
		return fmt.Errorf("listing policies: %w", err)
	}
	var errs []error
	for i := range policies.Items {
		errs = append(errs, c.reportOn(ctx, &policies.Items[i], is))
	}
	return errors.Join(errs...)
}

func (c *Census) reportOn(ctx context.Context, policy *v1alpha1.SafetyPolicy, is coverage) error {
	was := meta.FindStatusCondition(policy.Status.Conditions, v1alpha1.ConditionCovered)
	var conditions []metav1.Condition
	if was != nil {
		conditions = []metav1.Condition{*was}
	}
	setCondition(&conditions, metav1.Condition{
		Type: v1alpha1.ConditionCovered, Status: is.status, Reason: is.reason, Message: is.message,
		ObservedGeneration: policy.Generation, LastTransitionTime: c.Now(),
	})
	if was != nil && conditions[0] == *was {
		return nil
	}
	apply, err := applyConfiguration[ac.SafetyPolicyStatusApplyConfiguration](v1alpha1.SafetyPolicyStatus{Conditions: conditions})
	if err != nil {
		return err
	}
	object := ac.SafetyPolicy(policy.Name).WithUID(policy.UID).WithStatus(apply)
	if err := c.Status().Apply(ctx, object, client.ForceOwnership, client.FieldOwner(censusOwner)); err != nil {
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			// It is gone, or another one of the name is there that the next census sees.
			return nil
		}
		return fmt.Errorf("reporting on SafetyPolicy %s: %w", policy.Name, err)
	}
	if is.status == metav1.ConditionFalse && (was == nil || was.Status != metav1.ConditionFalse) {
		c.Events.Eventf(policy, nil, corev1.EventTypeWarning, v1alpha1.ReasonUngoverned, "Count", "%s", cut(is.message, maxMessage))
	}
	return nil
}
