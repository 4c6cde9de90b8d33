// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// family follows the controlling owners of what claims a release, through the caches. It notes what controls what,
// and what the StatefulSets among them roll out.
type family struct {
	reader    client.Reader
	kinds     *customKinds
	namespace string
	// known are the objects that were looked for, by UID; nil for one that is not in a cache.
	known    map[types.UID]*parent
	owners   map[types.UID]enforcement.Owner
	rollouts map[types.UID]enforcement.Rollout
}

func newFamily(reader client.Reader, custom *customKinds, c claims) *family {
	f := &family{
		reader: reader, kinds: custom, known: map[types.UID]*parent{},
		owners: map[types.UID]enforcement.Owner{}, rollouts: map[types.UID]enforcement.Rollout{},
	}
	if c.namespace != nil {
		f.namespace = c.namespace.Name
	}
	for _, p := range c.parents {
		f.known[p.UID] = p
	}
	for i := range c.replicaSets {
		f.known[c.replicaSets[i].UID] = builtIn(&c.replicaSets[i])
	}
	return f
}

// longestChain is how far owners are followed. References may run in circles.
const longestChain = 10

// above are the owners of an object that the caches have, from the nearest. Every step of the way up is noted, and the
// one beyond the last by its name alone. An owner that is no kind of the table ends the way.
func (f *family) above(ctx context.Context, o metav1.Object) ([]*parent, error) {
	var chain []*parent
	for range longestChain {
		ref := metav1.GetControllerOf(o)
		if ref == nil {
			break
		}
		kind, listed := kindOf(*ref)
		if !listed {
			break
		}
		f.owners[o.GetUID()] = enforcement.Owner{Kind: ref.Kind, Name: ref.Name, UID: ref.UID}
		next, err := f.find(ctx, kind, *ref)
		if err != nil {
			return nil, err
		}
		if next == nil {
			break
		}
		chain = append(chain, next)
		o = next
	}
	return chain, nil
}

func kindOf(ref metav1.OwnerReference) (kinds.Kind, bool) {
	gv, err := schema.ParseGroupVersion(ref.APIVersion)
	if err != nil {
		return kinds.Kind{}, false
	}
	return kinds.For(schema.GroupKind{Group: gv.Group, Kind: ref.Kind})
}

// find is the object that a reference names; nil when no cache has it with this UID.
func (f *family) find(ctx context.Context, kind kinds.Kind, ref metav1.OwnerReference) (*parent, error) {
	if found, looked := f.known[ref.UID]; looked {
		return found, nil
	}
	found, err := f.read(ctx, kind, types.NamespacedName{Namespace: f.namespace, Name: ref.Name})
	if err != nil {
		return nil, err
	}
	if found != nil && found.UID != ref.UID {
		found = nil
	}
	f.known[ref.UID] = found
	return found, nil
}

func (f *family) read(ctx context.Context, kind kinds.Kind, key types.NamespacedName) (*parent, error) {
	if kind.Custom() {
		return f.kinds.find(kind.GroupKind(), key), nil
	}
	var typed client.Object
	switch kind.Kind {
	case "Deployment":
		typed = &appsv1.Deployment{}
	case "ReplicaSet":
		typed = &appsv1.ReplicaSet{}
	case "StatefulSet":
		typed = &appsv1.StatefulSet{}
	case "Job":
		typed = &batchv1.Job{}
	case "Pod":
		typed = &corev1.Pod{}
	default: // known by name alone
		return nil, nil //nolint:nilnil // an object that is not cached is no error
	}
	if err := f.reader.Get(ctx, key, typed); apierrors.IsNotFound(err) {
		return nil, nil //nolint:nilnil // see above
	} else if err != nil {
		return nil, fmt.Errorf("reading %s %s: %w", kind.Kind, key, err)
	}
	if pod, ok := typed.(*corev1.Pod); ok {
		return of("Pod", corev1.SchemeGroupVersion, &pod.ObjectMeta, pod.Labels), nil
	}
	return builtIn(typed), nil
}

// ofReplicaSets notes the owners of the ReplicaSets that claim the release.
func (f *family) ofReplicaSets(ctx context.Context, c claims) error {
	for i := range c.replicaSets {
		if _, err := f.above(ctx, &c.replicaSets[i]); err != nil {
			return err
		}
	}
	return nil
}

// of finds what a pod belongs to: its unit, and what its StatefulSet rolls out.
func (f *family) of(ctx context.Context, pod *corev1.Pod) (enforcement.Unit, error) {
	chain, err := f.above(ctx, pod)
	if err != nil || len(chain) == 0 {
		return enforcement.Unit{}, err
	}
	if nearest := chain[0]; nearest.rollout != nil {
		r := enforcement.Rollout{Revision: nearest.rollout.revision, Partition: nearest.rollout.partition, Held: !nearest.rollout.observed}
		for _, owner := range chain {
			r.Held = r.Held || owner.mark() != ""
		}
		f.rollouts[nearest.UID] = r
	}
	return unitIn(chain, pod.Labels), nil
}

// adrift tells whether the labels of a pod name a group, and an owner above it that may have this group is in no cache:
// the owner went a moment ago, such as the leader of workers, or is not seen yet, or its kind cannot be read.
func (f *family) adrift(ctx context.Context, pod *corev1.Pod) (bool, error) {
	chain, err := f.above(ctx, pod)
	if err != nil {
		return false, err
	}
	var last metav1.Object = pod
	if len(chain) > 0 {
		if chain[0].kind.Kind == "ReplicaSet" || unitIn(chain, pod.Labels).Key != "" {
			return false, nil
		}
		last = chain[len(chain)-1]
	}
	ref := metav1.GetControllerOf(last)
	if ref == nil {
		return false, nil
	}
	kind, listed := kindOf(*ref)
	if !listed || !cachedKind(kind) || kind.Kind == "ReplicaSet" || f.known[ref.UID] != nil {
		return false, nil
	}
	return slices.ContainsFunc(kinds.All(), func(k kinds.Kind) bool {
		_, named := k.UnitOf(pod.Labels)
		return named
	}), nil
}

// cachedKind tells whether objects of a kind are looked for in a cache, so that it says something when one is not there.
func cachedKind(kind kinds.Kind) bool {
	return kind.Custom() || slices.Contains([]string{"Deployment", "ReplicaSet", "StatefulSet", "Job", "Pod"}, kind.Kind)
}

// unitIn is the unit of a pod, as the nearest of its owners that serve in units has it. Whoever makes a pod may type its
// labels and its owner too; the caches show that there is such an owner, and not that the pod is of its making. So
// only a size bounds what hides in a unit. The pods of a ReplicaSet, which may be born free, serve each by itself.
func unitIn(chain []*parent, labels map[string]string) enforcement.Unit {
	var u enforcement.Unit
	if chain[0].kind.Kind == "ReplicaSet" {
		return u
	}
	for _, owner := range chain {
		if name, ok := owner.kind.UnitOf(labels); ok {
			u = enforcement.Unit{Key: string(owner.UID) + "/" + name, Size: owner.unitSize}
			break
		}
	}
	if job := chain[0]; u.Key != "" && job.kind.Kind == "Job" && job.pods != nil {
		u.Size = *job.pods
	}
	return u
}

// Labels that the StatefulSet controller puts on its pods.
const (
	labelRevision = appsv1.ControllerRevisionHashLabelKey
	labelOrdinal  = appsv1.PodIndexLabel
)

// annotationRevision is where the Deployment controller puts the number of a ReplicaSet among those of its Deployment.
const annotationRevision = "deployment.kubernetes.io/revision"

// revisionOf is the number of a ReplicaSet in its Deployment; 0 when it has none.
func revisionOf(set *appsv1.ReplicaSet) int64 {
	n, err := strconv.ParseInt(set.Annotations[annotationRevision], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// ordinal is the number of a pod in its StatefulSet; 0 when it has none.
func ordinal(pod *corev1.Pod) int32 {
	text := pod.Labels[labelOrdinal]
	if text == "" {
		text = pod.Name[strings.LastIndex(pod.Name, "-")+1:]
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}
