// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package pace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/objects"
)

// opening has an actor open the held pods of a release that is made for the turn.
func (s *stage) opening(ctx context.Context, a actor, round, pods int) (time.Duration, error) {
	name := fmt.Sprintf("%s-%d-%d", strings.ReplaceAll(a.name, " ", "-"), pods, round)
	if err := errors.Join(s.release(ctx, name), s.replicaSet(ctx, name, pods)); err != nil {
		return 0, err
	}
	// A manager that started a moment ago has read everything.
	if err := s.isReady(ctx, name, metav1.ConditionFalse); err != nil {
		return 0, err
	}
	if err := s.until(ctx, name, pods, func(pod *corev1.Pod) bool { return len(pod.Spec.SchedulingGates) > 0 }); err != nil {
		return 0, err
	}
	took, err := s.timed(ctx, a, name, opened, func() error { return s.Client.Create(ctx, objects.Evaluation(namespace, name)) })
	return took, errors.Join(err, s.remove(ctx, name))
}

// closing has an actor close the pods of a release that serves. The release and its ReplicaSet stay: with the revocation
// taken back the manager opens what came in the place of what was closed, and that is what is closed next.
func (s *stage) closing(ctx context.Context, a actor, _, pods int) (time.Duration, error) {
	name := fmt.Sprintf("served-%d", pods)
	release := &v1alpha1.ModelRelease{}
	err := s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, release)
	if client.IgnoreNotFound(err) != nil {
		return 0, err
	}
	if err != nil {
		if err := s.serve(ctx, name, pods); err != nil {
			return 0, err
		}
		release.Namespace, release.Name = namespace, name
	}
	if err := s.until(ctx, name, pods, func(pod *corev1.Pod) bool { return pod.Status.Phase == corev1.PodRunning }); err != nil {
		return 0, err
	}
	took, err := s.timed(ctx, a, name, gone, func() error {
		return s.merge(ctx, release, `{"spec":{"revocation":{"severity":"Critical","reason":"measuring"}}}`)
	})
	if err != nil {
		return took, err
	}
	if err := s.until(ctx, name, pods, func(pod *corev1.Pod) bool { return len(pod.Spec.SchedulingGates) > 0 }); err != nil {
		return took, err
	}
	return took, s.merge(ctx, release, `{"spec":{"revocation":null}}`)
}

// serve makes a release and a ReplicaSet of its pods, which are born free: it is cleared before it has any.
func (s *stage) serve(ctx context.Context, name string, pods int) error {
	if err := errors.Join(s.release(ctx, name), s.Client.Create(ctx, objects.Evaluation(namespace, name)), s.replicaSet(ctx, name, 0)); err != nil {
		return err
	}
	if err := s.isReady(ctx, name, metav1.ConditionTrue); err != nil {
		return err
	}
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	return s.merge(ctx, set, fmt.Sprintf(`{"spec":{"replicas":%d}}`, pods))
}

func (s *stage) merge(ctx context.Context, o client.Object, patch string) error {
	return s.Client.Patch(ctx, o, client.RawPatch(types.MergePatchType, []byte(patch)))
}

// release makes a release, and the result file that no evaluation brings yet.
func (s *stage) release(ctx context.Context, name string) error {
	return errors.Join(s.Client.Create(ctx, objects.Release(namespace, name)), s.Client.Create(ctx, objects.File(namespace, name)))
}

// replicaSet makes a ReplicaSet that serves a release. Nothing holds one at the parent.
func (s *stage) replicaSet(ctx context.Context, name string, pods int) error {
	template := objects.Template(name, map[string]string{v1alpha1.LabelRelease: name})
	template.Spec.Volumes[0].Image.Reference = "registry.example/weights@" + string(objects.Digest(namespace+"/"+name))
	return s.Client.Create(ctx, &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: new(int32(pods)),
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: template,
		},
	})
}

// isReady waits until the manager has said of a release that it is ready, or that it is not.
func (s *stage) isReady(ctx context.Context, name string, status metav1.ConditionStatus) error {
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		r := &v1alpha1.ModelRelease{}
		err := s.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, r)
		return meta.IsStatusConditionPresentAndEqual(r.Status.Conditions, v1alpha1.ConditionReady, status), err
	})
	if err != nil {
		return fmt.Errorf("waiting for release %s: %w", name, err)
	}
	return nil
}

// until waits until there are so many pods of a release, and all are such.
func (s *stage) until(ctx context.Context, release string, pods int, such func(*corev1.Pod) bool) error {
	err := wait.PollUntilContextTimeout(ctx, 300*time.Millisecond, turnTime, true, func(ctx context.Context) (bool, error) {
		var list corev1.PodList
		if err := s.Client.List(ctx, &list, of(release)...); err != nil {
			return false, err
		}
		for i := range list.Items {
			if !such(&list.Items[i]) {
				return false, nil
			}
		}
		return len(list.Items) == pods, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the pods of %s: %w", release, err)
	}
	return nil
}

// remove takes a release away, with its evidence and its pods.
func (s *stage) remove(ctx context.Context, name string) error {
	at := metav1.ObjectMeta{Namespace: namespace, Name: name}
	for _, o := range []client.Object{
		&appsv1.ReplicaSet{ObjectMeta: at}, &v1alpha1.SafetyEvaluation{ObjectMeta: at}, &v1alpha1.ModelRelease{ObjectMeta: at}, &corev1.ConfigMap{ObjectMeta: at},
	} {
		err := s.Client.Delete(ctx, o, client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("taking %s away: %w", name, err)
		}
	}
	in := client.InNamespace(namespace)
	if err := s.Client.DeleteAllOf(ctx, &corev1.Pod{}, in, client.MatchingLabels{v1alpha1.LabelRelease: name}, client.GracePeriodSeconds(0)); err != nil {
		return err
	}
	return s.until(ctx, name, 0, func(*corev1.Pod) bool { return false })
}

// clear takes away what served.
func (s *stage) clear(ctx context.Context) error {
	var releases v1alpha1.ModelReleaseList
	if err := s.Client.List(ctx, &releases, client.InNamespace(namespace)); err != nil {
		return err
	}
	var errs []error
	for i := range releases.Items {
		if name := releases.Items[i].Name; strings.HasPrefix(name, "served-") {
			errs = append(errs, s.remove(ctx, name))
		}
	}
	return errors.Join(errs...)
}
