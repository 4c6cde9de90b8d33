// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package pace

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// event is what happened to a pod.
type event struct {
	kind watch.EventType
	pod  *corev1.Pod
}

// opened and gone tell from an event of a pod whether it is done.
func opened(e event) bool { return e.kind != watch.Deleted && len(e.pod.Spec.SchedulingGates) == 0 }
func gone(e event) bool   { return e.kind == watch.Deleted }

// turnTime bounds a turn.
const turnTime = 3 * time.Minute

// of are the pods that claim a release.
func of(release string) []client.ListOption {
	return []client.ListOption{client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelRelease: release}}
}

// time measures from before act to the event that is the last of the release's pods now to be done.
func (s *stage) time(ctx context.Context, release string, done func(event) bool, act func() error) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, turnTime)
	defer cancel()
	var list corev1.PodList
	if err := s.Client.List(ctx, &list, of(release)...); err != nil {
		return 0, err
	}
	left := map[types.UID]bool{}
	for i := range list.Items {
		left[list.Items[i].UID] = true
	}
	events, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return s.watching.Watch(ctx, &corev1.PodList{}, append(of(release), &client.ListOptions{Raw: &options})...)
		},
	})
	if err != nil {
		return 0, err
	}
	defer events.Stop()
	began, acted := time.Now(), make(chan error, 1)
	go func() { acted <- act() }()
	for len(left) > 0 {
		select {
		case err := <-acted:
			if err != nil {
				return 0, err
			}
			acted = nil
		case e, open := <-events.ResultChan():
			if !open {
				return 0, fmt.Errorf("the watch ended with %d pods to go: %w", len(left), ctx.Err())
			}
			if pod, is := e.Object.(*corev1.Pod); is && done(event{e.Type, pod}) {
				delete(left, pod.UID)
			}
		}
	}
	took := time.Since(began)
	if acted != nil {
		return took, <-acted
	}
	return took, nil
}
