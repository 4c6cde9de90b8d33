// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"math"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// parent is what is known from the caches of an object that makes pods.
type parent struct {
	metav1.PartialObjectMetadata
	// kind is its row in the table.
	kind kinds.Kind
	// releases that its templates claim, sorted.
	releases []string
	// exposure is the label of the first template that claims a release; empty when it has none.
	exposure string
	// pods that it asks for; nil where that is not known.
	pods *int32
	// surge is how many pods a rollout may have above those, and paused whether rollouts wait; 0 and false but for a
	// Deployment.
	surge  int32
	paused bool
	// unitSize is how many pods a unit of it has at most; 0 where it does not say.
	unitSize int32
	// rollout is what it says of its revisions; nil but for a StatefulSet.
	rollout *rollout
	// drift is how it changes what running pods answer with; nil when it does not.
	drift *driftFacts
	// pool selects the pods of an InferencePool; nil but for one.
	pool labels.Selector
}

// rollout is what a StatefulSet says of its revisions.
type rollout struct {
	// observed: the revision is that of the present spec, and is rolled out without anyone's help.
	observed bool
	revision string
	// partition is the first ordinal that is to be of the revision.
	partition int32
}

// DeepCopyObject implements runtime.Object. What the caches hold is only read, so a copy of it is itself.
func (p *parent) DeepCopyObject() runtime.Object { return p }

// mark is how the rollout goes on when its hold ends; empty when it is not held. On a kind that has no hold the
// annotation is somebody's text.
func (p *parent) mark() string {
	if p.kind.Hold == kinds.HoldNone {
		return ""
	}
	return p.Annotations[v1alpha1.AnnotationHeld]
}

// builtIn makes a parent of a typed object; nil when it is of none of the kinds that are cached so.
func builtIn(o client.Object) *parent {
	switch o := o.(type) {
	case *appsv1.Deployment:
		p := of("Deployment", appsv1.SchemeGroupVersion, &o.ObjectMeta, o.Spec.Template.Labels).asking(o.Spec.Replicas)
		p.surge, p.paused = surge(o.Spec.Strategy, *p.pods), o.Spec.Paused
		return p
	case *appsv1.ReplicaSet:
		return of("ReplicaSet", appsv1.SchemeGroupVersion, &o.ObjectMeta, o.Spec.Template.Labels).asking(o.Spec.Replicas)
	case *appsv1.StatefulSet:
		p := of("StatefulSet", appsv1.SchemeGroupVersion, &o.ObjectMeta, o.Spec.Template.Labels).asking(o.Spec.Replicas)
		p.rollout = &rollout{
			observed: o.Status.ObservedGeneration == o.Generation && o.Spec.UpdateStrategy.Type != appsv1.OnDeleteStatefulSetStrategyType,
			revision: o.Status.UpdateRevision,
		}
		p.rollout.partition = firstOrdinal(o)
		return p
	case *batchv1.Job:
		return of("Job", batchv1.SchemeGroupVersion, &o.ObjectMeta, o.Spec.Template.Labels).asking(o.Spec.Parallelism)
	default:
		return nil
	}
}

// surge is how many pods a Deployment of so many replicas may have above them, as the Deployment controller counts it: a
// quarter where nothing is said, and of a part the next whole number. What is no number is none.
func surge(strategy appsv1.DeploymentStrategy, replicas int32) int32 {
	if strategy.Type == appsv1.RecreateDeploymentStrategyType {
		return 0
	}
	most := intstr.FromString("25%")
	if rolling := strategy.RollingUpdate; rolling != nil && rolling.MaxSurge != nil {
		most = *rolling.MaxSurge
	}
	n, err := intstr.GetScaledValueFromIntOrPercent(&most, int(replicas), true)
	if err != nil {
		return 0
	}
	return int32(min(max(n, 0), math.MaxInt32))
}

// firstOrdinal is the first ordinal that a StatefulSet rolls out: its partition, counted from where its ordinals start.
func firstOrdinal(s *appsv1.StatefulSet) int32 {
	var first int64
	if s.Spec.Ordinals != nil {
		first = int64(s.Spec.Ordinals.Start)
	}
	if rolling := s.Spec.UpdateStrategy.RollingUpdate; rolling != nil {
		first += int64(ptr.Deref(rolling.Partition, 0))
	}
	return int32(min(first, math.MaxInt32))
}

// of is a parent of a built-in kind that has one template.
func of(kind string, gv schema.GroupVersion, meta *metav1.ObjectMeta, labels map[string]string) *parent {
	row, _ := kinds.For(gv.WithKind(kind).GroupKind())
	p := &parent{kind: row, exposure: labels[v1alpha1.LabelExposure]}
	p.ObjectMeta = *meta
	p.SetGroupVersionKind(gv.WithKind(kind))
	if release := labels[v1alpha1.LabelRelease]; release != "" {
		p.releases = []string{release}
	}
	return p
}

// asking sets how many pods it asks for; a spec that does not say it asks for one.
func (p *parent) asking(pods *int32) *parent {
	p.pods = new(ptr.Deref(pods, 1))
	return p
}

// claiming lists the parents that claim a release, but ReplicaSets.
func (r *ModelReleaseReconciler) claiming(ctx context.Context, key types.NamespacedName) ([]*parent, error) {
	of := []client.ListOption{client.InNamespace(key.Namespace), client.MatchingFields{indexClaim: key.Name}}
	var deployments appsv1.DeploymentList
	var statefulSets appsv1.StatefulSetList
	var jobs batchv1.JobList
	for _, list := range []client.ObjectList{&deployments, &statefulSets, &jobs} {
		if err := r.List(ctx, list, of...); err != nil {
			return nil, fmt.Errorf("listing what claims %s: %w", key, err)
		}
	}
	var all []*parent
	for i := range deployments.Items {
		all = append(all, builtIn(&deployments.Items[i]))
	}
	for i := range statefulSets.Items {
		all = append(all, builtIn(&statefulSets.Items[i]))
	}
	for i := range jobs.Items {
		if !runs.Over(&jobs.Items[i]) {
			all = append(all, builtIn(&jobs.Items[i]))
		}
	}
	return append(all, r.kinds.claiming(key)...), nil
}
