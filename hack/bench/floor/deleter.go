// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// graceSeconds is how long the release controller gives a pod to end.
const graceSeconds = 30

// deleter deletes the pods of a release that is revoked, once its clearance is gone: what comes in their place is held, as
// it is behind the release controller.
func deleter(ctx context.Context, args []string) error {
	return null{name: "deleter", trigger: &v1alpha1.ModelRelease{}, act: remove}.run(ctx, args)
}

func remove(ctx context.Context, c client.Client, o client.Object) error {
	release, ok := o.(*v1alpha1.ModelRelease)
	if !ok {
		return errors.New("the trigger is no release")
	}
	if release.Spec.Revocation == nil {
		return nil
	}
	withdrawal, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationClearancePrefix + release.Name: nil}},
	})
	if err != nil {
		return err
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: release.Namespace}}
	if err := c.Patch(ctx, ns, client.RawPatch(types.MergePatchType, withdrawal)); err != nil {
		return err
	}
	return each(ctx, c, client.ObjectKeyFromObject(release), func(pod *corev1.Pod) error {
		return c.Delete(ctx, pod, client.Preconditions{UID: &pod.UID}, client.GracePeriodSeconds(graceSeconds))
	})
}
