// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Workload is what is asked for: a Deployment or a StatefulSet.
type Workload struct {
	Namespace, Name, Release string
	Replicas                 int
	// Build is the label build of its template.
	Build string
}

// Scene is everything there is in one namespace.
type Scene struct {
	Namespace string
	Workloads []Workload
	Pods      []corev1.Pod
	Releases  []v1alpha1.ModelRelease
	Events    []eventsv1.Event
}

// Scene reads a namespace.
func (l Live) Scene(ctx context.Context, namespace string) (*Scene, error) {
	s := &Scene{Namespace: namespace}
	apps := func(resource string) schema.GroupVersionResource {
		return appsv1.SchemeGroupVersion.WithResource(resource)
	}
	for _, resource := range []schema.GroupVersionResource{
		apps("deployments"), apps("statefulsets"), core("pods"),
		v1alpha1.SchemeGroupVersion.WithResource("modelreleases"), eventsv1.SchemeGroupVersion.WithResource("events"),
	} {
		list, err := l.list(ctx, resource, namespace)
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			if err := s.add(resource.Resource, &list.Items[i]); err != nil {
				return nil, fmt.Errorf("reading %s %s/%s: %w", resource.Resource, namespace, list.Items[i].GetName(), err)
			}
		}
	}
	return s, nil
}

func (s *Scene) add(resource string, o *unstructured.Unstructured) error {
	switch resource {
	case "pods":
		return decode(o, &s.Pods)
	case "modelreleases":
		return decode(o, &s.Releases)
	case "events":
		return decode(o, &s.Events)
	}
	replicas, _, err := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if err != nil {
		return err
	}
	labels, _, err := unstructured.NestedStringMap(o.Object, "spec", "template", "metadata", "labels")
	if err != nil {
		return err
	}
	s.Workloads = append(s.Workloads, Workload{
		Namespace: s.Namespace, Name: o.GetName(), Release: labels[v1alpha1.LabelRelease],
		Replicas: int(replicas), Build: labels["build"],
	})
	return nil
}

func decode[T any](o *unstructured.Unstructured, all *[]T) error {
	var one T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &one); err != nil {
		return err
	}
	*all = append(*all, one)
	return nil
}

// Unsettled is what a namespace has not reached yet, or has left, at a moment at which every process runs. What it says
// is a violation only when it stays.
func (w *Watcher) Unsettled(s *Scene, now time.Time) []Violation {
	u := unsettled{Watcher: w, scene: s, now: now}
	if s.Namespace == w.Ungoverned {
		for _, workload := range s.Workloads {
			u.serves(workload, workload.Replicas, "none is asked for")
		}
		return u.all
	}
	asked := map[string][]Workload{}
	for _, workload := range s.Workloads {
		asked[workload.Release] = append(asked[workload.Release], workload)
	}
	for name, workloads := range asked {
		u.release(name, workloads)
	}
	for i := range s.Pods {
		u.held(&s.Pods[i])
	}
	return u.all
}

type unsettled struct {
	*Watcher
	scene *Scene
	now   time.Time
	all   []Violation
}

func (u *unsettled) add(invariant, object, seen, evidence string) {
	u.all = append(u.all, Violation{Invariant: invariant, Time: u.now, Object: object, Seen: seen, Evidence: evidence})
}

// release looks at what serves of a release.
func (u *unsettled) release(name string, workloads []Workload) {
	ns := u.scene.Namespace
	s, p := u.standing(ns, name, u.now), u.policy(ns)
	object, evidence := "modelreleases "+ns+"/"+name, "it is "+string(s.State)
	serving, asked := 0, 0
	for i := range u.scene.Pods {
		if pod := read(&u.scene.Pods[i], 0); pod.release == name && pod.serves() {
			serving++
		}
	}
	for _, workload := range workloads {
		asked += workload.Replicas
	}
	if s.State != Approved {
		if c := u.clearances[ns+"/"+name]; len(c) > 0 && c[len(c)-1].text != "" && c[len(c)-1].end.After(u.now) {
			u.add(ClearedAgainstEvidence, object, "its clearance still stands", evidence)
		}
		if serving > 0 && u.mustEnd(s, p) {
			u.add(FailedServes, object, fmt.Sprintf("%d pods serve", serving), evidence)
		}
		return
	}
	ceiling := p.ceiling(u.Watcher.now, true)
	if ceiling != nil && asked > int(*ceiling) {
		u.fills(name, int(*ceiling), serving)
		return
	}
	for _, workload := range workloads {
		u.serves(workload, workload.Replicas, evidence)
	}
}

// fills sees that as many pods of an approved release serve as its ceiling allows, where more are asked for. A Deployment
// that asks for more than it has places for does not finish a rollout: what serves beside stays.
func (u *unsettled) fills(name string, ceiling, serving int) {
	ns := u.scene.Namespace
	surge := min(ceiling, u.surge(ns, name))
	if serving < ceiling || serving > ceiling+surge {
		u.add(NotReached, "modelreleases "+ns+"/"+name, fmt.Sprintf("%d pods serve, and more are asked for", serving),
			fmt.Sprintf("it is %s, under a ceiling of %d, and rollouts may have %d beside it", Approved, ceiling, surge))
	}
}

// mustEnd tells whether nothing of what stands so may serve.
func (u *unsettled) mustEnd(s Standing, p *policy) bool {
	switch s.State {
	case Adverse, Critical:
		return true
	case Advisory:
		return !u.now.Before(s.Since.Add(p.advisory))
	case Lapsed:
		return !p.keeps && !u.now.Before(s.Since.Add(p.lapse))
	case Absent, Approved:
	}
	return false
}

// serves sees that just so many pods of a workload are ready, all of its template.
func (u *unsettled) serves(workload Workload, want int, evidence string) {
	ready, others := 0, 0
	for i := range u.scene.Pods {
		o := &u.scene.Pods[i]
		pod := read(o, 0)
		switch {
		case pod.app != workload.Name || pod.ended:
		case o.Labels["build"] == workload.Build && !pod.gated && IsReady(o):
			ready++
		default:
			others++
		}
	}
	if ready != want || others > 0 {
		u.add(NotReached, "workload "+workload.Namespace+"/"+workload.Name,
			fmt.Sprintf("%d pods of its template are ready and %d are not, or of another; %d are asked for", ready, others, want), evidence)
	}
}

// IsReady tells whether a pod is ready.
func IsReady(o *corev1.Pod) bool {
	for _, c := range o.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

// held sees that a pod that is held says why, and so do its release and an event.
func (u *unsettled) held(o *corev1.Pod) {
	p := read(o, 0)
	if !p.gated || p.ended {
		return
	}
	reason, _, _ := strings.Cut(o.Annotations[v1alpha1.AnnotationHoldReason], ":")
	if reason == "" {
		u.add(HeldSilently, p.object(), "it has no annotation "+v1alpha1.AnnotationHoldReason, "")
	}
	reasons := u.reasons(p)
	if len(reasons) == 0 {
		u.add(HeldSilently, p.object(), "the status of its release gives no reason", "")
	}
	for _, event := range u.scene.Events {
		about := event.Regarding.Name == p.name || event.Regarding.Name == p.release || event.Regarding.Name == p.app
		if about && (reasons[event.Reason] || event.Reason == reason) {
			return
		}
	}
	u.add(HeldSilently, p.object(), fmt.Sprintf("no event gives the reason %s or one of %v", reason, reasons), "")
}

// reasons are those that the status of the pod's release gives for its workload, and for itself where it is not ready.
func (u *unsettled) reasons(p *pod) map[string]bool {
	all := map[string]bool{}
	for i := range u.scene.Releases {
		r := &u.scene.Releases[i]
		if r.Name != p.release {
			continue
		}
		if ready := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionReady); ready != nil && ready.Status != metav1.ConditionTrue {
			all[ready.Reason] = true
		}
		for _, workload := range r.Status.Workloads {
			if workload.Name == p.app && workload.Reason != "" {
				all[workload.Reason] = true
			}
		}
	}
	return all
}
