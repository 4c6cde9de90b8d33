// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// witness watches the pods of one namespace from the outside, across restarts of the API server.
type witness struct {
	mu sync.Mutex
	// opened are the pods whose hold ended, free those that came without one, and removed those that went while
	// they served; all by the release that they claim.
	opened, free, removed map[string][]string
}

// watch begins to watch, and returns once it knows what is there. What is there is in none of the lists.
func (s *scenario) watch() *witness {
	s.t.Helper()
	w := &witness{opened: map[string][]string{}, free: map[string][]string{}, removed: map[string][]string{}}
	clients, err := kubernetes.NewForConfig(s.bed.Admin())
	s.must(err)
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithNamespace(s.ns))
	informer := factory.Core().V1().Pods().Informer()
	registration, err := informer.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: w.add, UpdateFunc: w.update, DeleteFunc: w.delete,
	})
	s.must(err)
	stop := make(chan struct{})
	factory.Start(stop)
	s.t.Cleanup(func() {
		close(stop)
		factory.Shutdown()
	})
	if !cache.WaitForCacheSync(s.t.Context().Done(), registration.HasSynced) {
		s.t.Fatal("watching the pods: the test is over")
	}
	return w
}

func (w *witness) add(object any, initial bool) {
	if pod, ok := object.(*corev1.Pod); ok && !initial && !isHeld(pod) {
		w.note(w.free, pod)
	}
}

func (w *witness) update(was, is any) {
	before, ok := was.(*corev1.Pod)
	after, good := is.(*corev1.Pod)
	if !ok || !good {
		return
	}
	switch {
	case before.UID != after.UID && !isHeld(after):
		// What happened between two lists: the old one went, the new one came.
		w.delete(before)
		w.note(w.free, after)
	case isHeld(before) && !isHeld(after):
		w.note(w.opened, after)
	case !isHeld(after) && before.DeletionTimestamp == nil && after.DeletionTimestamp != nil:
		w.note(w.removed, after)
	}
}

func (w *witness) delete(object any) {
	if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = gone.Obj
	}
	// One that was on its way out was noted then.
	if pod, ok := object.(*corev1.Pod); ok && !isHeld(pod) && pod.DeletionTimestamp == nil {
		w.note(w.removed, pod)
	}
}

func (w *witness) note(list map[string][]string, pod *corev1.Pod) {
	w.mu.Lock()
	defer w.mu.Unlock()
	release := pod.Labels[v1alpha1.LabelRelease]
	if name := pod.Name; !slices.Contains(list[release], name) {
		list[release] = append(list[release], name)
	}
}

// sawOf is what was seen of a release, as text; empty when nothing was.
func (w *witness) sawOf(release string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	text := ""
	for _, list := range []struct {
		what string
		pods map[string][]string
	}{{"opened", w.opened}, {"born free", w.free}, {"removed", w.removed}} {
		if pods := list.pods[release]; len(pods) > 0 {
			text += fmt.Sprintf("%s: %v; ", list.what, pods)
		}
	}
	return text
}

// removedOf are the pods of a release that went while they served.
func (w *witness) removedOf(release string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.removed[release])
}

// freeOf are the pods of a release that came without a hold.
func (w *witness) freeOf(release string) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.free[release])
}

// nothing fails the test when something was opened, came free or was removed of a release.
func (w *witness) nothing(t *testing.T, release string) {
	t.Helper()
	if saw := w.sawOf(release); saw != "" {
		t.Errorf("release %s: %s", release, saw)
	}
}
