// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/utils/lru"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/workload"
)

// examination compares what claims a release with what the release declares. What would be opened
// is read live, and whole: the typed objects of the cache lack the fields that this version does
// not know. What was read already in the same version is not read again.
type examination struct {
	live client.Reader
	// verdicts are those that were given, and seenTemplates what was read of parents to be judged by safeguards.
	verdicts, seenTemplates *lru.Cache
	// declared is what the release declares, and remembers the pods that were compared with it.
	declared *workload.Comparer
	basis    string
	release  *v1alpha1.ModelRelease
	// granted are the exposures that workloads may claim, and opened those of which held pods may be opened: the granted
	// ones, and those of which what ends may be replaced. lifted are those of which parents may be lifted: the granted
	// ones, and those that a rollout mends.
	granted, opened, lifted sets.Set[string]
	now                     time.Time
	// sentry judges by safeguards what is not opened yet; nil where no check is about it.
	sentry *sentry
	// audits: what is not held is examined as if it were.
	audits bool
	// unread becomes true where a held workload cannot be read, and stays held for that.
	unread *bool
	// listed are the held pods as they were read ahead, by UID; nil where they are read one by one.
	listed map[types.UID]*unstructured.Unstructured
	// listing waits for them; nil where nobody reads ahead.
	listing func() (map[types.UID]*unstructured.Unstructured, error)
}

// seen is the key of a verdict that was given already. The version is the resourceVersion of what may be
// opened, which is then opened in this version and no other; and the generation of what is looked
// at for its spec alone.
type seen struct {
	uid     types.UID
	version string
	basis   string
}

func (x examination) replicaSets(ctx context.Context, all []appsv1.ReplicaSet) ([]enforcement.ReplicaSet, error) {
	out := make([]enforcement.ReplicaSet, 0, len(all))
	for i := range all {
		set := &all[i]
		if set.DeletionTimestamp != nil {
			continue
		}
		rs := enforcement.ReplicaSet{
			Name:     set.Name,
			UID:      set.UID,
			Exposure: x.exposure(set.Spec.Template.Labels),
			Replicas: orOne(set.Spec.Replicas),
			Revision: revisionOf(set),
		}
		if x.granted.Has(rs.Exposure) {
			var err error
			if rs.Verdict, err = x.once(seen{set.UID, generation(set), x.basis}, func() (enforcement.Verdict, error) {
				return x.template(ctx, set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))
			}); err != nil {
				return nil, err
			}
			x.guardReplicaSet(&rs.Verdict, set)
		}
		out = append(out, rs)
	}
	return out, nil
}

// exposure is what labels claim. Of a release that is gone, only what they say themselves is known.
func (x examination) exposure(labels map[string]string) string {
	if x.release == nil {
		return labels[v1alpha1.LabelExposure]
	}
	return workload.Exposure(labels, x.release)
}

func (x examination) pods(ctx context.Context, c claims, related *family) ([]enforcement.Pod, error) {
	containers := map[types.UID]sets.Set[string]{}
	for i := range c.replicaSets {
		containers[c.replicaSets[i].UID] = containerNames(c.replicaSets[i].Spec.Template.Spec)
	}
	var err error
	if x.listing != nil {
		if x.listed, err = x.listing(); err != nil {
			return nil, err
		}
	}
	out := make([]enforcement.Pod, 0, len(c.pods))
	for i := range c.pods {
		pod := &c.pods[i]
		p := enforcement.Pod{
			Name:            pod.Name,
			UID:             pod.UID,
			ResourceVersion: pod.ResourceVersion,
			Created:         pod.CreationTimestamp.Time,
			Started:         started(pod),
			Exposure:        x.exposure(pod.Labels),
			Revision:        pod.Labels[labelRevision],
			Ordinal:         ordinal(pod),
			Held:            held(pod),
			Gone:            gone(pod, x.now),
			Ending:          pod.DeletionTimestamp != nil && !over(pod),
			Ready:           answers(pod),
			Note:            pod.Annotations[v1alpha1.AnnotationHoldReason],
		}
		if pod.DeletionTimestamp != nil {
			p.Ends = pod.DeletionTimestamp.Time
		}
		if owner := metav1.GetControllerOf(pod); owner != nil {
			p.Owner = enforcement.Owner{Kind: owner.Kind, Name: owner.Name, UID: owner.UID}
		}
		if p.Unit, err = related.of(ctx, pod); err != nil {
			return nil, err
		}
		if p.Adrift, err = related.adrift(ctx, pod); err != nil {
			return nil, err
		}
		if !p.Gone && x.opened.Has(p.Exposure) {
			if p.Verdict, err = x.pod(ctx, pod, p.Held, containers[p.Owner.UID]); err != nil {
				return nil, err
			}
			x.guardPod(&p.Verdict, pod)
		}
		out = append(out, p)
	}
	return out, nil
}

// pod examines a held pod live. One that runs already is compared as the cache has it: what the
// guards leave changeable of it does not say what it runs. A container that others put beside those of
// its owner was cleared by its image when it came; that a policy no longer allows it is no reason to
// take it for changed.
func (x examination) pod(ctx context.Context, pod *corev1.Pod, held bool, owned sets.Set[string]) (enforcement.Verdict, error) {
	if held {
		return x.once(seen{pod.UID, pod.ResourceVersion, x.basis}, func() (enforcement.Verdict, error) {
			live, err := x.heldPod(ctx, pod)
			if err != nil || live == nil {
				return enforcement.Verdict{}, err
			}
			return x.content(ctx, pod, live.Object, owned)
		})
	}
	return x.once(seen{pod.UID, generation(pod), x.basis}, func() (enforcement.Verdict, error) {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(pod)
		if err != nil {
			return enforcement.Verdict{}, fmt.Errorf("reading pod %s: %w", pod.Name, err)
		}
		return x.content(ctx, pod, content, owned)
	})
}

func containerNames(spec corev1.PodSpec) sets.Set[string] {
	names := sets.New[string]()
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			names.Insert(list[i].Name)
		}
	}
	return names
}

// template examines the pod template of a live object; the zero Verdict when it is not the object
// that the cache has.
func (x examination) template(ctx context.Context, o client.Object, kind schema.GroupVersionKind) (enforcement.Verdict, error) {
	live, err := x.read(ctx, o, kind)
	if err != nil || live == nil {
		return enforcement.Verdict{}, err
	}
	template, found, err := unstructured.NestedMap(live.Object, "spec", "template")
	if err != nil || !found {
		return enforcement.Verdict{}, fmt.Errorf("reading %s %s live: it has no pod template", kind.Kind, o.GetName())
	}
	return verdict(x.declared.Template(template)), nil
}

// read reads an object live and whole; nil when it is gone or is not the one any more that the cache
// has: then an event is on its way that brings us back. A ReplicaSet may have another status.
func (x examination) read(ctx context.Context, o client.Object, kind schema.GroupVersionKind) (*unstructured.Unstructured, error) {
	live, err := x.latest(ctx, o, kind)
	if live != nil && kind.Kind != "ReplicaSet" && live.GetResourceVersion() != o.GetResourceVersion() {
		return nil, nil //nolint:nilnil // see above
	}
	return live, err
}

// latest is as read, and of a later version too where its spec is as the cache has it.
func (x examination) latest(ctx context.Context, o client.Object, kind schema.GroupVersionKind) (*unstructured.Unstructured, error) {
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(kind)
	if err := x.live.Get(ctx, client.ObjectKeyFromObject(o), live); apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // gone is an answer, and not an error
	} else if err != nil {
		return nil, fmt.Errorf("reading %s %s live: %w", kind.Kind, o.GetName(), err)
	}
	if live.GetUID() != o.GetUID() || live.GetGeneration() != o.GetGeneration() {
		return nil, nil //nolint:nilnil // see above
	}
	return live, nil
}

func generation(o client.Object) string {
	return "generation " + strconv.FormatInt(o.GetGeneration(), 10)
}

// once gives the verdict that was given before for the key, or gives it now. What could not be
// examined is tried again.
func (x examination) once(key seen, examine func() (enforcement.Verdict, error)) (enforcement.Verdict, error) {
	if kept, ok := x.verdicts.Get(key); ok {
		if v, ok := kept.(enforcement.Verdict); ok {
			return v, nil
		}
	}
	v, err := examine()
	if err == nil && v.Examined {
		x.verdicts.Add(key, v)
	}
	return v, err
}

func verdict(m *workload.Mismatch) enforcement.Verdict {
	switch {
	case m == nil:
		return enforcement.Verdict{Examined: true}
	case m.OnlyUnnamed():
		return enforcement.Verdict{Examined: true, Unnamed: m.String()}
	default:
		return enforcement.Verdict{Examined: true, Mismatch: m.String()}
	}
}

func held(pod *corev1.Pod) bool {
	for _, g := range pod.Spec.SchedulingGates {
		if g.Name == v1alpha1.SchedulingGate {
			return true
		}
	}
	return false
}

// graceSeconds is how long a pod that is removed has to end, whatever its author gave it: the default of Kubernetes.
const graceSeconds = 30

// started is when a pod got its node, by the API server's clock; zero while it has none. Where nothing says when, it
// had it from the beginning.
func started(pod *corev1.Pod) time.Time {
	if pod.Spec.NodeName == "" {
		return time.Time{}
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionTrue {
			return c.LastTransitionTime.Time
		}
	}
	return pod.CreationTimestamp.Time
}

// gone tells whether a pod has ended, or will soon. One that is being deleted and still has longer than others have in
// all serves as if it were not: whoever writes or deletes pods says how long.
func gone(pod *corev1.Pod, now time.Time) bool {
	return over(pod) || pod.DeletionTimestamp != nil && pod.DeletionTimestamp.Sub(now) <= 2*graceSeconds*time.Second
}

// answers tells whether a pod does, as far as its probes say.
func answers(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// over tells whether the containers of a pod have ended for good.
func over(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// orOne is the number of replicas of a spec that need not say it.
func orOne(replicas *int32) int32 {
	if replicas == nil {
		return 1
	}
	return *replicas
}

// verdictsKept bounds the verdicts in memory; the oldest are given again when they are needed.
const verdictsKept = 20000

// Of the templates of parents so many are kept in memory, of so many bytes at most. Others are read at each look.
const (
	templatesKept    = 2048
	templateMaxBytes = 64 << 10
)
