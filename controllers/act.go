// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// done is what acting changed, beside what the status says.
type done struct {
	lifts    []enforcement.Lift
	removals []enforcement.Removal
}

// act carries the plan out. Findings come first, so that what is adverse is remembered whatever
// follows; then what closes; then what opens. Behind a clearance that could not be written nothing is opened, and
// only what an adverse finding says is removed: its successors are born free until the write succeeds, and go again.
// An object that changed since it was examined is left: its event brings us back.
func (r *ModelReleaseReconciler) act(ctx context.Context, release types.NamespacedName, d gate.Decision, plan enforcement.Plan) (done, error) {
	var did done
	err := errors.Join(r.makeFindings(ctx, d), r.resolve(ctx, d))
	cleared := r.writeClearance(ctx, release, plan.Clearance)
	errs := []error{err, cleared}
	for _, removal := range plan.Removals {
		if cleared != nil && removal.Reason != v1alpha1.ReasonAdverseFinding {
			continue
		}
		ok, err := effective(r.remove(ctx, release.Namespace, removal))
		if ok {
			did.removals = append(did.removals, removal)
		}
		errs = append(errs, err)
	}
	if cleared != nil {
		return did, errors.Join(errs...)
	}
	for _, lift := range plan.Lifts {
		ok, err := effective(r.lift(ctx, release.Namespace, lift))
		if ok {
			did.lifts = append(did.lifts, lift)
		}
		errs = append(errs, err)
	}
	for _, pod := range plan.Opens {
		_, err := effective(r.open(ctx, release.Namespace, pod))
		errs = append(errs, err)
	}
	return did, errors.Join(errs...)
}

func (r *ModelReleaseReconciler) makeFindings(ctx context.Context, d gate.Decision) error {
	var errs []error
	for i := range d.NewFindings {
		finding := &d.NewFindings[i]
		if err := r.Create(ctx, finding); err != nil && !apierrors.IsAlreadyExists(err) {
			errs = append(errs, fmt.Errorf("recording finding %s: %w", finding.Name, err))
			continue
		}
		stands := metav1.Condition{
			Type: v1alpha1.ConditionResolved, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonStands,
			Message: "to resolve it, name a later evaluation that meets the requirement in spec.resolution",
		}
		errs = append(errs, r.reportFinding(ctx, finding.Name, stands, nil))
	}
	return errors.Join(errs...)
}

// resolve records which resolutions took effect, and why others did not.
func (r *ModelReleaseReconciler) resolve(ctx context.Context, d gate.Decision) error {
	var errs []error
	for _, resolution := range d.Resolutions {
		condition := metav1.Condition{
			Type: v1alpha1.ConditionResolved, Status: metav1.ConditionFalse,
			Reason: v1alpha1.ReasonResolutionIneffective, Message: resolution.Message,
		}
		var resolved *metav1.Time
		if resolution.Effective {
			condition.Status, condition.Reason = metav1.ConditionTrue, v1alpha1.ReasonResolved
			resolved = new(metav1.NewTime(*resolution.ResolvedTime))
		}
		errs = append(errs, r.reportFinding(ctx, resolution.Finding, condition, resolved))
	}
	return errors.Join(errs...)
}

func (r *ModelReleaseReconciler) reportFinding(ctx context.Context, name string, condition metav1.Condition, resolved *metav1.Time) error {
	finding := &v1alpha1.AdverseFinding{}
	if err := r.Live.Get(ctx, types.NamespacedName{Name: name}, finding); err != nil {
		return client.IgnoreNotFound(err)
	}
	if finding.Status.ResolvedTime != nil {
		return nil
	}
	status := v1alpha1.AdverseFindingStatus{
		Conditions:         append([]metav1.Condition(nil), finding.Status.Conditions...),
		ObservedGeneration: new(finding.Generation),
		ResolvedTime:       resolved,
	}
	condition.ObservedGeneration, condition.LastTransitionTime = finding.Generation, r.Now()
	setCondition(&status.Conditions, condition)
	if equality.Semantic.DeepEqual(status, finding.Status) {
		return nil
	}
	apply, err := applyConfiguration[ac.AdverseFindingStatusApplyConfiguration](status)
	if err != nil {
		return err
	}
	object := ac.AdverseFinding(name).WithUID(finding.UID).WithStatus(apply)
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return fmt.Errorf("reporting on finding %s: %w", name, err)
	}
	return nil
}

// writeClearance sets or removes the one annotation of the release; other writers' annotations
// are not touched.
func (r *ModelReleaseReconciler) writeClearance(ctx context.Context, release types.NamespacedName, change enforcement.ClearanceChange) error {
	var value any // null removes the key
	switch {
	case change.Write != "":
		value = change.Write
	case !change.Withdraw:
		return nil
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: release.Namespace}}
	err := r.patch(ctx, ns, types.MergePatchType, map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{clearance.Key(release.Name): value}},
	})
	if err != nil {
		return fmt.Errorf("writing the clearance of %s: %w", release, err)
	}
	return nil
}

// lift ends the hold of a parent as it was examined.
func (r *ModelReleaseReconciler) lift(ctx context.Context, namespace string, lift enforcement.Lift) error {
	kind, _ := kinds.For(lift.Kind)
	content, err := lifting(kind, lift)
	if err != nil {
		return fmt.Errorf("lifting the hold of %s %s/%s: %w", kind.Kind, namespace, lift.Name, err)
	}
	if err := r.patch(ctx, lifted(namespace, lift), types.MergePatchType, content); err != nil {
		return fmt.Errorf("lifting the hold of %s %s/%s: %w", kind.Kind, namespace, lift.Name, err)
	}
	return nil
}

// lifted is what a lift is about.
func lifted(namespace string, lift enforcement.Lift) *metav1.PartialObjectMetadata {
	o := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: lift.Name}}
	o.SetGroupVersionKind(lift.Kind.WithVersion(lift.Version))
	return o
}

// lifting is the patch that takes the mark away and lets the rollout go on as its author last wanted.
func lifting(kind kinds.Kind, lift enforcement.Lift) (map[string]any, error) {
	var value any
	switch {
	case lift.Mark == v1alpha1.HeldPaused && kind.Hold != kinds.HoldPartition:
		value = true
	case lift.Mark == v1alpha1.HeldResume && kind.Hold == kinds.HoldPause:
		// null lets the rollout go on.
	case lift.Mark == v1alpha1.HeldResume && kind.Hold == kinds.HoldSuspend:
		value = false
	case kind.Hold == kinds.HoldPartition:
		text, ok := strings.CutPrefix(lift.Mark, v1alpha1.HeldPartitionPrefix)
		partition, err := strconv.ParseInt(text, 10, 32)
		if !ok || err != nil || partition < 0 {
			return nil, fmt.Errorf("its annotation %s is %q, which is no partition", v1alpha1.AnnotationHeld, lift.Mark)
		}
		value = partition
	default:
		return nil, fmt.Errorf("its annotation %s is %q, which no hold of the kind writes", v1alpha1.AnnotationHeld, lift.Mark)
	}
	return merged(map[string]any{"metadata": map[string]any{
		"resourceVersion": lift.ResourceVersion,
		"annotations":     map[string]any{v1alpha1.AnnotationHeld: nil, v1alpha1.AnnotationClearedTemplate: nil},
	}}, strings.Split(kind.HoldPath, "."), value), nil
}

// open lifts the gate of a pod as it was examined. Other gates stay.
func (r *ModelReleaseReconciler) open(ctx context.Context, namespace string, ref enforcement.PodRef) error {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: ref.Name}}
	err := r.patch(ctx, pod, types.StrategicMergePatchType, map[string]any{
		"metadata": map[string]any{"uid": ref.UID, "resourceVersion": ref.ResourceVersion},
		"spec": map[string]any{
			"schedulingGates": []any{map[string]any{"name": v1alpha1.SchedulingGate, "$patch": "delete"}},
		},
	})
	if err != nil {
		return fmt.Errorf("opening pod %s/%s: %w", namespace, ref.Name, err)
	}
	return nil
}

// remove deletes a pod as it was examined: one that is held only while it is as it was seen, so that none is removed
// that began to run meanwhile. It has no longer to end than others, also when it is being deleted already.
func (r *ModelReleaseReconciler) remove(ctx context.Context, namespace string, removal enforcement.Removal) error {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: removal.Name}}
	only := client.Preconditions{UID: &removal.UID}
	if removal.Reason == v1alpha1.ReasonSuperseded {
		only.ResourceVersion = &removal.ResourceVersion
	}
	if err := r.Delete(ctx, pod, only, client.GracePeriodSeconds(graceSeconds)); err != nil {
		return fmt.Errorf("removing pod %s/%s: %w", namespace, removal.Name, err)
	}
	return nil
}

func (r *ModelReleaseReconciler) patch(ctx context.Context, o client.Object, kind types.PatchType, content map[string]any) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return r.Patch(ctx, o, client.RawPatch(kind, raw))
}

// effective tells whether a write took effect. That an object is gone, or is not the one any more
// that was examined, is no error.
func effective(err error) (bool, error) {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}
