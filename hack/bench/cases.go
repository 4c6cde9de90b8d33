// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// parallelism of the bare client: that of the controller.
const parallelism = 16

// foreignGate keeps the pods of the floor from starting.
const foreignGate = "example.com/wait"

// bench is where is measured.
type bench struct {
	*installation.Installation
	watching client.WithWatch
	pods     int
}

// open measures from the write of the last evaluation to the last of the held pods whose gate is seen gone.
func (b bench) open(ctx context.Context, name string) (time.Duration, error) {
	if err := b.release(ctx, name); err != nil {
		return 0, err
	}
	if err := b.replicaSet(ctx, name, map[string]string{v1alpha1.LabelRelease: name}, nil); err != nil {
		return 0, err
	}
	if err := b.until(ctx, name, func(pod *corev1.Pod) bool { return len(pod.Spec.SchedulingGates) > 0 }); err != nil {
		return 0, err
	}
	return b.time(ctx, name, opened, func() error { return b.Client.Create(ctx, evaluation(name, name)) })
}

// openBare measures as many patches that lift another gate, from pods that claim nothing in such a namespace.
func (b bench) openBare(ctx context.Context, name string) (time.Duration, error) {
	if err := b.Govern(ctx, name); err != nil {
		return 0, err
	}
	if err := b.replicaSet(ctx, name, nil, []corev1.PodSchedulingGate{{Name: foreignGate}}); err != nil {
		return 0, err
	}
	if err := b.until(ctx, name, func(pod *corev1.Pod) bool { return len(pod.Spec.SchedulingGates) > 0 }); err != nil {
		return 0, err
	}
	patch := client.RawPatch(types.StrategicMergePatchType, fmt.Appendf(nil,
		`{"spec":{"schedulingGates":[{"name":%q,"$patch":"delete"}]}}`, foreignGate))
	return b.each(ctx, name, opened, func(pod *corev1.Pod) error { return b.Client.Patch(ctx, pod, patch) })
}

// close measures from a critical revocation to the last of the pods that served.
func (b bench) close(ctx context.Context, name string) (time.Duration, error) {
	if err := b.serve(ctx, name); err != nil {
		return 0, err
	}
	release := &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: name}}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"revocation":{"severity":"Critical","reason":"measuring"}}}`))
	return b.time(ctx, name, gone, func() error { return b.Client.Patch(ctx, release, patch) })
}

// closeBare measures as many deletions of pods whose replacements are held as well: their evidence is gone.
func (b bench) closeBare(ctx context.Context, name string) (time.Duration, error) {
	if err := b.serve(ctx, name); err != nil {
		return 0, err
	}
	if err := b.Client.Delete(ctx, evaluation(name, name)); err != nil {
		return 0, err
	}
	if err := b.withdrawn(ctx, name); err != nil {
		return 0, err
	}
	return b.each(ctx, name, gone, func(pod *corev1.Pod) error { return b.Client.Delete(ctx, pod) })
}

// opened and gone tell from an event of a pod whether it is done.
func opened(e watch.Event) bool {
	pod, ok := e.Object.(*corev1.Pod)
	return ok && e.Type != watch.Deleted && len(pod.Spec.SchedulingGates) == 0
}

func gone(e watch.Event) bool { return e.Type == watch.Deleted }

// each does the same to every pod of a namespace at once, as far as the parallelism goes.
func (b bench) each(ctx context.Context, namespace string, done func(watch.Event) bool, do func(*corev1.Pod) error) (time.Duration, error) {
	var list corev1.PodList
	if err := b.Client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return 0, err
	}
	return b.time(ctx, namespace, done, func() error {
		var mutex sync.Mutex
		var errs []error
		workqueue.ParallelizeUntil(ctx, parallelism, len(list.Items), func(i int) {
			if err := do(&list.Items[i]); err != nil {
				mutex.Lock()
				defer mutex.Unlock()
				errs = append(errs, err)
			}
		})
		return errors.Join(errs...)
	})
}

// time measures from before act to the event that is the last of the namespace's pods now to be done.
func (b bench) time(ctx context.Context, namespace string, done func(watch.Event) bool, act func() error) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var list corev1.PodList
	if err := b.Client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
		return 0, err
	}
	left := map[types.UID]bool{}
	for i := range list.Items {
		left[list.Items[i].UID] = true
	}
	events, err := watchtools.NewRetryWatcherWithContext(ctx, list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return b.watching.Watch(ctx, &corev1.PodList{}, client.InNamespace(namespace), &client.ListOptions{Raw: &options})
		},
	})
	if err != nil {
		return 0, err
	}
	defer events.Stop()
	var took time.Duration
	began, acted := time.Now(), make(chan error, 1)
	go func() { acted <- act() }()
	for acting := true; acting || len(left) > 0; {
		select {
		case err := <-acted:
			if acting = false; err != nil {
				return 0, err
			}
			acted = nil
		case e, open := <-events.ResultChan():
			if !open {
				return 0, fmt.Errorf("the watch ended with %d pods to go: %w", len(left), ctx.Err())
			}
			if o, ok := e.Object.(client.Object); ok && done(e) {
				delete(left, o.GetUID())
			}
		}
		if len(left) == 0 && took == 0 {
			took = time.Since(began)
		}
	}
	return took, nil
}

// serve makes as many pods serve.
func (b bench) serve(ctx context.Context, name string) error {
	if err := b.release(ctx, name); err != nil {
		return err
	}
	if err := b.Client.Create(ctx, evaluation(name, name)); err != nil {
		return err
	}
	if err := b.replicaSet(ctx, name, map[string]string{v1alpha1.LabelRelease: name}, nil); err != nil {
		return err
	}
	return b.until(ctx, name, func(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning })
}

// until waits until all pods are there and such.
func (b bench) until(ctx context.Context, namespace string, such func(*corev1.Pod) bool) error {
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, 3*time.Minute, true, func(ctx context.Context) (bool, error) {
		var list corev1.PodList
		if err := b.Client.List(ctx, &list, client.InNamespace(namespace)); err != nil {
			return false, err
		}
		for i := range list.Items {
			if !such(&list.Items[i]) {
				return false, nil
			}
		}
		return len(list.Items) == b.pods, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the pods of %s: %w", namespace, err)
	}
	return nil
}

// withdrawn waits until the release has no clearance.
func (b bench) withdrawn(ctx context.Context, name string) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		ns := &corev1.Namespace{}
		err := b.Client.Get(ctx, client.ObjectKey{Name: name}, ns)
		_, cleared := ns.Annotations[v1alpha1.AnnotationClearancePrefix+name]
		return !cleared, err
	})
}

// replicaSet makes a ReplicaSet of the pods, which nothing holds at the parent.
func (b bench) replicaSet(ctx context.Context, name string, labels map[string]string, gates []corev1.PodSchedulingGate) error {
	template := serving(name, labels)
	template.Spec.SchedulingGates = gates
	return b.Client.Create(ctx, &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: new(int32(b.pods)),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: template,
		},
	})
}
