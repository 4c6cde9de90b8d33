// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// opener opens the pods of a release when an evaluation of it is made.
func opener(ctx context.Context, args []string) error {
	return null{name: "opener", trigger: &v1alpha1.SafetyEvaluation{}, act: open}.run(ctx, args)
}

func open(ctx context.Context, c client.Client, o client.Object) error {
	e, ok := o.(*v1alpha1.SafetyEvaluation)
	if !ok {
		return errors.New("the trigger is no evaluation")
	}
	return each(ctx, c, client.ObjectKey{Namespace: e.Namespace, Name: e.Spec.Subject.Release}, func(pod *corev1.Pod) error {
		if len(pod.Spec.SchedulingGates) == 0 {
			return nil
		}
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"uid": pod.UID, "resourceVersion": pod.ResourceVersion},
			"spec": map[string]any{
				"schedulingGates": []any{map[string]any{"name": v1alpha1.SchedulingGate, "$patch": "delete"}},
			},
		})
		if err != nil {
			return err
		}
		return c.Patch(ctx, pod, client.RawPatch(types.StrategicMergePatchType, patch))
	})
}

// left is no error where an object changed, or went.
func left(err error) error {
	if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

func firstOf(errs []error) error {
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}
