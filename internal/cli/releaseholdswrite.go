// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/freeing"
)

// holdsAtOnce is how many objects are written at a time.
const holdsAtOnce = 8

// maxTries is how often a write is tried that others come before, and how many writes an object may need.
const maxTries = 5

// leaveGoverned notes of what is in a namespace with the gate that it is left alone, leftovers included, and returns the rest.
func (r *holding) leaveGoverned(selected []*hold) []*hold {
	for _, h := range selected {
		if r.governed(h.Namespace) {
			h.outcome = outcomeGoverned
			h.message = "namespace " + h.Namespace + " has the gate"
		}
	}
	r.left.pods = slices.DeleteFunc(r.left.pods, func(key client.ObjectKey) bool { return r.governed(key.Namespace) })
	r.left.Notes = len(r.left.pods)
	r.left.Clearances = slices.DeleteFunc(r.left.Clearances, r.governed)
	return slices.DeleteFunc(slices.Clone(selected), func(h *hold) bool { return h.outcome == outcomeGoverned })
}

// governed tells whether a namespace has the gate; of one that could not be read it is taken to be.
func (r *holding) governed(namespace string) bool {
	gate, known := r.gates[namespace]
	return gate || !known
}

// rehearse tries the first write of each without storing it: the API server says what it would make of it.
func (r *holding) rehearse(ctx context.Context, selected []*hold) {
	workqueue.ParallelizeUntil(ctx, holdsAtOnce, len(selected), func(i int) {
		h := selected[i]
		if err := r.write(ctx, h, client.DryRunAll); err != nil && !apierrors.IsConflict(err) {
			h.fail(err)
		}
	})
}

// errPutBack is what comes of a write that the API server took, and undid.
var errPutBack = errors.New("the API server holds it again at once: the admission policies are in place")

// write does the next write of a hold, and returns an error where it does not make the hold less. The object is as the
// API server left it, unless the write was a trial.
func (r *holding) write(ctx context.Context, h *hold, options ...client.PatchOption) error {
	write := freeing.Next(h.kind, h.object, r.checks)
	content, err := json.Marshal(write.Content)
	if err != nil {
		return fmt.Errorf("encoding a patch: %w", err)
	}
	after := h.object.DeepCopy()
	patch := client.RawPatch(write.Type, content)
	if write.Subresource != "" {
		err = r.SubResource(write.Subresource).Patch(ctx, after, patch, &client.SubResourcePatchOptions{PatchOptions: *(&client.PatchOptions{}).ApplyOptions(options)})
	} else {
		err = r.Patch(ctx, after, patch, options...)
	}
	if apierrors.IsNotFound(err) {
		h.outcome = outcomeReleased
		h.Then = "is gone"
		return nil
	}
	if err != nil {
		return err
	}
	left, held := freeing.Of(h.kind, after, r.checks)
	if !slices.Equal(left.HeldBy, write.Leaves) {
		return errPutBack
	}
	if len((&client.PatchOptions{}).ApplyOptions(options).DryRun) == 0 {
		h.object = after
		if !held {
			h.outcome = outcomeReleased
		}
	}
	return nil
}

// fail notes why a hold stays.
func (h *hold) fail(err error) {
	switch {
	case errors.Is(err, errPutBack):
		h.outcome = outcomePutBack
	case apierrors.IsForbidden(err), apierrors.IsInvalid(err):
		h.outcome = outcomeRefused
	default:
		h.outcome = outcomeFailed
	}
	h.message = served(err).Error()
}

// release writes until each is released, or the API server does not let it.
func (r *holding) release(ctx context.Context, willing []*hold) {
	workqueue.ParallelizeUntil(ctx, holdsAtOnce, len(willing), func(i int) {
		h := willing[i]
		var err error
		for try := 0; try < maxTries && h.outcome == outcomeHeld; try++ {
			if err = r.write(ctx, h); err == nil {
				continue
			}
			if !apierrors.IsConflict(err) {
				break
			}
			err = errors.Join(err, r.readAgain(ctx, h))
		}
		if h.outcome == outcomeHeld {
			h.fail(err)
		}
	})
}

// readAgain reads a hold anew, after somebody else wrote to its object. One that is gone, or held no more, is released.
func (r *holding) readAgain(ctx context.Context, h *hold) error {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(h.object.GroupVersionKind())
	err := r.Get(ctx, client.ObjectKeyFromObject(h.object), live)
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if _, held := freeing.Of(h.kind, live, r.checks); err != nil || !held {
		h.outcome = outcomeReleased
		return nil
	}
	h.object = live
	return nil
}

// lookAgain looks for what came to be held meanwhile, and for what is held again.
func (r *holding) lookAgain(ctx context.Context) {
	before := r.holds
	again := newHolding(r.connection, r.now)
	if err := again.read(ctx); err != nil {
		r.notes = append(r.notes, fmt.Sprintf("not looked at again: %v", served(err)))
		return
	}
	for _, h := range again.holds {
		i := slices.IndexFunc(before, func(b *hold) bool { return b.object.GetUID() == h.object.GetUID() })
		switch {
		case i < 0:
			h.message = "it came to be held meanwhile: run the command again"
			r.holds = append(r.holds, h)
		case before[i].outcome == outcomeReleased:
			before[i].outcome, before[i].message = outcomePutBack, "it was released, and is held again: somebody holds it"
		}
	}
}

// tidy removes the annotations that Scalegate wrote and that hold nothing.
func (r *holding) tidy(ctx context.Context) {
	pod := corev1.SchemeGroupVersion.WithKind("Pod")
	for _, key := range r.left.pods {
		r.remove(ctx, partial(pod, key), v1alpha1.AnnotationHoldReason)
	}
	for _, name := range r.left.Clearances {
		ns := &corev1.Namespace{}
		if err := r.Get(ctx, client.ObjectKey{Name: name}, ns); err != nil {
			r.left.Kept = append(r.left.Kept, fmt.Sprintf("the clearances of namespace %s: %v", name, served(err)))
			continue
		}
		r.remove(ctx, partial(corev1.SchemeGroupVersion.WithKind("Namespace"), client.ObjectKey{Name: name}), clearancesOf(ns)...)
	}
}

// remove takes annotations off an object, if it is still there.
func (r *holding) remove(ctx context.Context, o client.Object, annotations ...string) {
	removed := map[string]any{}
	for _, name := range annotations {
		removed[name] = nil
	}
	content, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": removed}})
	if err == nil {
		err = client.IgnoreNotFound(r.Patch(ctx, o, client.RawPatch(types.MergePatchType, content)))
	}
	if err != nil {
		r.left.Kept = append(r.left.Kept, fmt.Sprintf("%v on %s: %v", annotations, o.GetName(), served(err)))
	}
}

// steps says for what stays held what would let it go, and whether the caller may do that.
func (r *holding) steps(ctx context.Context, stays []*hold, program string) []string {
	var lines []string
	enforced := slices.ContainsFunc(stays, func(h *hold) bool { return h.outcome == outcomePutBack || h.outcome == outcomeRefused })
	var governed []string
	for _, h := range stays {
		if r.governed(h.Namespace) {
			governed = append(governed, h.Namespace)
		}
	}
	if governed = sortedOnce(governed); len(governed) > 0 {
		lines = append(lines,
			"What is held in a namespace with the gate was not shown to be safe as far as it wants to serve. Evidence releases it: see "+program+" explain modelrelease.")
		ungate := r.may(ctx, authorizationv1.ResourceAttributes{Group: v1alpha1.Group, Resource: "namespaces", Verb: v1alpha1.VerbUngate})
		for _, namespace := range governed {
			lines = append(lines, fmt.Sprintf("To stop governing it: kubectl label namespace %s %s-  (needs the verb %s on namespaces in %s: %s)",
				namespace, v1alpha1.LabelGate, v1alpha1.VerbUngate, v1alpha1.Group, ungate))
		}
		if !enforced {
			lines = append(lines, "Where Scalegate is gone for good: add --governed.")
		}
	}
	if enforced {
		remove := r.may(ctx, authorizationv1.ResourceAttributes{
			Group: "admissionregistration.k8s.io", Resource: "validatingadmissionpolicybindings", Verb: "delete", Name: "scalegate-guard-pods",
		})
		lines = append(lines, fmt.Sprintf("The API server enforces Scalegate's admission policies. To uninstall them: see docs/operations/uninstall.md  (needs the right to delete them: %s)", remove))
		if r.managed {
			lines = append(lines, "A manager runs, and puts the policies back: uninstall it first.")
		}
	}
	for _, kept := range r.left.Kept {
		lines = append(lines, "Left where it is, and holding nothing: "+kept)
	}
	return lines
}

// may asks the API server whether the caller may do something.
func (r *holding) may(ctx context.Context, what authorizationv1.ResourceAttributes) string {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &what}}
	switch err := r.Create(ctx, review); {
	case err != nil:
		return "not known"
	case review.Status.Allowed:
		return "you have it"
	default:
		return "you do not have it"
	}
}
