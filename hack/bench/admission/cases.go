// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/admission/measured"
)

// The cases that are compared.
const (
	// base is the control plane without Scalegate, baseAgain the same once more, and webhookPair the same with the webhooks.
	base, baseAgain, webhookPair = "base", "base again", "webhook pair"
	// The others are on the one with Scalegate. ungoverned is a namespace without a gate.
	ungoverned = "ungoverned"
	// cleared is born free with one clearance in the namespace, clearedFull with as many as fit, clearedOwners with one that
	// has as many owners as fit.
	cleared, clearedFull, clearedOwners = "cleared", "cleared, many clearances", "cleared, many owners"
	// held is not cleared, and unclaimed asks for an accelerator and claims nothing: it is refused.
	held, unclaimed = "held", "refused"
)

// outcome is how a request is to end: nil, where it did.
type outcome func(held bool, err error) error

func passes(held bool, err error) error {
	if err == nil && held {
		return errors.New("it is held")
	}
	return err
}

func isHeld(held bool, err error) error {
	if err == nil && !held {
		return errors.New("it is not held")
	}
	return err
}

func isRefused(_ bool, err error) error {
	if apierrors.IsForbidden(err) {
		return nil
	}
	return errors.Join(errors.New("it is not refused"), err)
}

// creation is one of the cases: it makes one object.
type creation struct {
	name, namespace string
	on              *plane
	make            maker
	want            outcome
}

// maker makes an object in a namespace of a plane, and tells whether it came back held.
type maker func(ctx context.Context, p *plane, namespace string) (held bool, err error)

// aPod makes the pod as the replicaset controller does, in a dry run or for real.
func aPod(pod *corev1.Pod, stored bool) maker {
	return func(ctx context.Context, p *plane, namespace string) (bool, error) {
		made, err := p.pods.CoreV1().Pods(namespace).Create(ctx, pod, options(stored))
		return err == nil && slices.ContainsFunc(made.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool {
			return g.Name == v1alpha1.SchedulingGate
		}), err
	}
}

// aDeployment makes the Deployment as cluster admin, in a dry run.
func aDeployment(d *appsv1.Deployment) maker {
	return func(ctx context.Context, p *plane, namespace string) (bool, error) {
		made, err := p.admin.AppsV1().Deployments(namespace).Create(ctx, d, options(false))
		return err == nil && made.Spec.Paused, err
	}
}

func options(stored bool) metav1.CreateOptions {
	if stored {
		return metav1.CreateOptions{}
	}
	return metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
}

func (c creation) send(ctx context.Context) error {
	return c.want(c.make(ctx, c.on, c.namespace))
}

// podCases are the cases with a pod, when Scalegate is on one plane and not on the other.
func podCases(without, with *plane, pod *corev1.Pod, stored bool) []creation {
	free := aPod(pod, stored)
	other := pod.DeepCopy()
	other.OwnerReferences[0].UID = measured.HeldOwner
	return []creation{
		{name: base, on: without, namespace: plainNamespace, make: free, want: passes},
		{name: webhookPair, on: without, namespace: webhooksNamespace, make: free, want: passes},
		{name: ungoverned, on: with, namespace: plainNamespace, make: free, want: passes},
		{name: cleared, on: with, namespace: governedNamespace, make: free, want: passes},
		{name: baseAgain, on: without, namespace: plainNamespace, make: free, want: passes},
		{name: clearedFull, on: with, namespace: fullNamespace, make: free, want: passes},
		{name: clearedOwners, on: with, namespace: ownersNamespace, make: free, want: passes},
		{name: held, on: with, namespace: governedNamespace, make: aPod(other, stored), want: isHeld},
		{name: unclaimed, on: with, namespace: governedNamespace, make: aPod(measured.Unclaimed(pod), stored), want: isRefused},
	}
}

// deploymentCases are the cases with a Deployment. None is made as cleared: whoever makes it, the controller looks first.
func deploymentCases(without, with *plane) []creation {
	claims, asks := aDeployment(deployment(true)), aDeployment(deployment(false))
	return []creation{
		{name: base, on: without, namespace: plainNamespace, make: claims, want: passes},
		{name: webhookPair, on: without, namespace: webhooksNamespace, make: claims, want: passes},
		{name: ungoverned, on: with, namespace: plainNamespace, make: claims, want: passes},
		{name: baseAgain, on: without, namespace: plainNamespace, make: claims, want: passes},
		{name: held, on: with, namespace: governedNamespace, make: claims, want: isHeld},
		{name: unclaimed, on: with, namespace: governedNamespace, make: asks, want: isRefused},
	}
}

// inForce waits until each case ends as it is to, and sees that what is made in the namespace of the webhooks, and that
// alone, is seen by both.
func (b *bench) inForce(ctx context.Context, cases []creation) error {
	for _, c := range cases {
		if err := eventually(ctx, c.send); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		before, err := b.hooks.calls(ctx)
		if err != nil {
			return err
		}
		if err := c.send(ctx); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		after, err := b.hooks.calls(ctx)
		if err != nil {
			return err
		}
		if called := after.mutating == before.mutating+1 && after.validating == before.validating+1; called != (c.namespace == webhooksNamespace) {
			return fmt.Errorf("%s: the webhooks were called %v times, after %v", c.name, after, before)
		}
	}
	return nil
}
