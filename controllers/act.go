// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/freeing"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// done is what acting changed, beside what the status says.
type done struct {
	lifts    []enforcement.Lift
	removals []enforcement.Removal
	// refused are the evictions that a PodDisruptionBudget does not allow for now, and those that nobody answered in time.
	refused int
	// autoscaled: an autoscaler keeps replicas from being set.
	autoscaled bool
	// limited is after which time more may go, where something waits for the policy's limit for an hour; else 0.
	limited time.Duration
}

// rememberTime bounds each of the two steps before something is removed, findings and the clearance: a write that nobody
// answers leaves time for the rest.
const rememberTime = 5 * time.Second

// act carries the plan out. Findings come first, so that what is adverse is remembered whatever follows; then what closes, and of
// that the clearance, before it is counted what the policy's limit lets go; then what opens, and beside it the evictions, which
// may be slow. Behind a clearance that could not be written nothing is opened, and only what an adverse finding or a critical
// revocation says is removed: its successors are born free until the write succeeds, and go again. An object that changed since
// it was examined is left: its event brings us back. What gives is done within the time that [givesWithin] says, and what closes
// in any case: a clearance that only shrinks is written over the one that it was cut from, so that a process that was stopped
// gives nothing back by it.
func (r *ModelReleaseReconciler) act(ctx context.Context, c *course) (done, error) {
	var did done
	release := c.key
	gives, cancel := giving(ctx, c.decided)
	defer cancel()
	errs := []error{r.record(ctx, c.decision)}
	writes := gives
	if c.plan.Clearance.Withdraw || c.plan.Clearance.Over != "" {
		writes = ctx
	}
	cleared := r.writeClearance(writes, release, c.plan.Clearance)
	if cleared != nil {
		c.plan.Removals = slices.DeleteFunc(c.plan.Removals, func(removal enforcement.Removal) bool {
			return removal.Reason != v1alpha1.ReasonAdverseFinding && !removal.Unlimited
		})
	}
	var uncounted error
	did.limited, uncounted = r.limit(ctx, c)
	errs = append(errs, cleared, uncounted)
	if cleared != nil {
		errs = append(errs, r.removeAll(ctx, release.Namespace, c.plan.Removals, &did))
		return did, errors.Join(errs...)
	}
	deletions, evictions := apart(c.plan.Removals)
	errs = append(errs, r.removeAll(ctx, release.Namespace, deletions, &did))
	evicted := make(chan error, 1)
	var evicting done
	go func() { evicted <- r.removeAll(ctx, release.Namespace, evictions, &evicting) }()
	errs = append(errs, r.give(gives, release.Namespace, c.plan, &did), <-evicted)
	did.removals, did.refused = append(did.removals, evicting.removals...), evicting.refused
	return did, errors.Join(errs...)
}

// record writes what the decision says of findings.
func (r *ModelReleaseReconciler) record(ctx context.Context, d gate.Decision) error {
	ctx, cancel := context.WithTimeout(ctx, rememberTime)
	defer cancel()
	return errors.Join(r.makeFindings(ctx, d), r.resolve(ctx, d))
}

// give lifts, opens and scales.
func (r *ModelReleaseReconciler) give(ctx context.Context, namespace string, plan enforcement.Plan, did *done) error {
	var errs []error
	for _, lift := range plan.Lifts {
		ok, err := effective(r.lift(ctx, namespace, lift))
		if ok {
			did.lifts = append(did.lifts, lift)
		}
		errs = append(errs, err)
	}
	errs = append(errs, abreast(ctx, len(plan.Opens), func(i int) error {
		_, err := effective(r.open(ctx, namespace, plan.Opens[i]))
		return err
	}))
	for _, scale := range plan.Scales {
		left, err := r.scale(ctx, namespace, scale)
		did.autoscaled = did.autoscaled || left
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// atOnce is how many pods are written at a time.
const atOnce = 16

// abreast does n things, several at a time, and joins what went wrong. That ctx ended before all were done is an error.
func abreast(ctx context.Context, n int, do func(int) error) error {
	errs := make([]error, n+1)
	var did atomic.Int64
	workqueue.ParallelizeUntil(ctx, atOnce, n, func(i int) {
		errs[i] = do(i)
		did.Add(1)
	})
	if did.Load() < int64(n) {
		errs[n] = fmt.Errorf("writing to %d pods: %d were left: %w", n, int64(n)-did.Load(), context.Cause(ctx))
	}
	return errors.Join(errs...)
}

// writeClearance sets or removes the one annotation of the release; other writers' annotations
// are not touched.
func (r *ModelReleaseReconciler) writeClearance(ctx context.Context, release types.NamespacedName, change enforcement.ClearanceChange) error {
	key, kind := clearance.Key(release.Name), types.MergePatchType
	var content any
	switch path := "/metadata/annotations/" + strings.ReplaceAll(key, "/", "~1"); {
	case change.Over != "":
		kind, content = types.JSONPatchType, []map[string]any{
			{"op": "test", "path": path, "value": change.Over}, {"op": "replace", "path": path, "value": change.Write},
		}
	case change.Write != "":
		content = annotated(key, change.Write)
	case change.Withdraw:
		content = annotated(key, nil)
	default:
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, rememberTime)
	defer cancel()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: release.Namespace}}
	if err := r.patch(ctx, ns, kind, content); err != nil {
		return fmt.Errorf("writing the clearance of %s: %w", release, err)
	}
	return nil
}

// annotated is a merge patch that sets an annotation, or with nil removes it.
func annotated(key string, value any) map[string]any {
	return map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}}
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
	return freeing.Merged(map[string]any{"metadata": map[string]any{
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

// note writes on held pods why they are held. It is for people: what cannot be written there, as where the pod has no
// more room for annotations, keeps nothing from being done, and only what may go better the next time is an error.
func (r *ModelReleaseReconciler) note(ctx context.Context, namespace string, notes []enforcement.Note) error {
	return abreast(ctx, len(notes), func(i int) error {
		note := notes[i]
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: note.Name}}
		_, err := effective(r.patch(ctx, pod, types.MergePatchType, map[string]any{
			"metadata": map[string]any{
				"uid": note.UID, "resourceVersion": note.ResourceVersion,
				"annotations": map[string]any{v1alpha1.AnnotationHoldReason: note.Text},
			},
		}))
		if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) || apierrors.IsRequestEntityTooLargeError(err) {
			log.FromContext(ctx).Info("Could not write on a pod why it is held", "pod", note.Name, "error", err.Error())
			return nil
		}
		if err != nil {
			return fmt.Errorf("writing on pod %s/%s why it is held: %w", namespace, note.Name, err)
		}
		return nil
	})
}

func (r *ModelReleaseReconciler) patch(ctx context.Context, o client.Object, kind types.PatchType, content any) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return err
	}
	if err := late(ctx); err != nil {
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
