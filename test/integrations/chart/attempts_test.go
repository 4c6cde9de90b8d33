// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// attempts are what must be refused or held at every moment, sent again and again as dry runs by a cluster admin.
type attempts struct {
	stop context.CancelFunc
	done sync.WaitGroup

	mu      sync.Mutex
	made    map[string]int
	through []error
}

// attempt begins to try, until ended.
func attempt(t *testing.T, namespace string) *attempts {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	a := &attempts{stop: stop, made: map[string]int{}}
	for claim, try := range map[string]func(context.Context, string) error{
		"a pod that asks for an accelerator and claims nothing": claimless,
		"a pod that claims what is not released":                uncleared,
		"a clearance that Scalegate did not write":              forged,
	} {
		a.done.Go(func() {
			// Nothing is gained by keeping the API server from everything else.
			next := time.NewTicker(10 * time.Millisecond)
			defer next.Stop()
			for ctx.Err() == nil {
				<-next.C
				err := try(ctx, namespace)
				a.mu.Lock()
				a.made[claim]++
				if err != nil && ctx.Err() == nil {
					a.through = append(a.through, fmt.Errorf("%s: %w", claim, err))
				}
				a.mu.Unlock()
			}
		})
	}
	t.Cleanup(stop)
	return a
}

// sofar is how often each was tried.
func (a *attempts) sofar() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.made)
}

// end stops trying, and says what got through.
func (a *attempts) end() error {
	a.stop()
	a.done.Wait()
	return errors.Join(a.through...)
}

func attemptedPod(namespace string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "attempt-"},
		Spec:       corev1.PodSpec{EnableServiceLinks: new(false), Containers: []corev1.Container{{Name: "server", Image: "registry.example/other:1"}}},
	}
}

func claimless(ctx context.Context, namespace string) error {
	pod := attemptedPod(namespace)
	pod.Spec.Containers[0].Resources.Limits = corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")}
	return refused(shared.Client.Create(ctx, pod, client.DryRunAll))
}

func uncleared(ctx context.Context, namespace string) error {
	pod := attemptedPod(namespace)
	pod.Labels = map[string]string{v1alpha1.LabelRelease: "nobody"}
	if err := shared.Client.Create(ctx, pod, client.DryRunAll); err != nil {
		return refused(err)
	}
	if !slices.ContainsFunc(pod.Spec.SchedulingGates, isHold) {
		return errors.New("it was taken, and is not held")
	}
	return nil
}

func forged(ctx context.Context, namespace string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"clearance.scalegate.dev/nobody":"v1"}}}`))
	return refused(shared.Client.Patch(ctx, ns, patch, client.DryRunAll))
}

// refused is nil where a policy of Scalegate's refused.
func refused(err error) error {
	switch {
	case err == nil:
		return errors.New("it was let through")
	case strings.Contains(err.Error(), "ValidatingAdmissionPolicy 'scalegate-"):
		return nil
	}
	return fmt.Errorf("it was not judged: %w", err)
}

func isHold(gate corev1.PodSchedulingGate) bool { return gate.Name == v1alpha1.SchedulingGate }
