// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"maps"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// indexDrift has the objects that change what pods answer with, by the namespace of the pods; of any under anyNamespace.
const (
	indexDrift   = "drift"
	anyNamespace = "*"
)

// inform starts the informer of one kind.
func (c *customKinds) inform(ctx context.Context, w *watchedKind, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	ctx, w.stop = context.WithCancel(ctx)
	client := c.objects.Resource(w.resource)
	lister := toolscache.ToListWatcherWithWatchListSemantics(&toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			list, err := client.List(ctx, options)
			c.note(ctx, w, err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			watching, err := client.Watch(ctx, options)
			c.note(ctx, w, err)
			return watching, err
		},
	}, c.objects)
	w.informer = toolscache.NewSharedIndexInformerWithOptions(lister, &unstructured.Unstructured{}, toolscache.SharedIndexInformerOptions{
		Indexers: toolscache.Indexers{indexClaim: claimOfCustom, indexDrift: driftOfCustom}, ObjectDescription: w.resource.String(),
	})
	if err := w.informer.SetTransform(w.row.summarise); err != nil {
		return err
	}
	if _, err := w.informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: func(o any) { c.wake(ctx, queue, o) },
		UpdateFunc: func(before, after any) {
			if w.row.whole || !saysTheSame(before, after) {
				c.wake(ctx, queue, before, after)
			}
		},
		DeleteFunc: func(o any) {
			if deleted, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
				o = deleted.Obj
			}
			c.wake(ctx, queue, o)
		},
	}); err != nil {
		return err
	}
	go w.informer.RunWithContext(ctx)
	return nil
}

// note keeps what became of the last list or watch of a kind, and tells of a change. That a watch starts from too old
// a version is nothing: a list follows.
func (c *customKinds) note(ctx context.Context, w *watchedKind, err error) {
	if ctx.Err() != nil || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return
	}
	gauge := c.unreadable.WithLabelValues(w.row.kind.Group, w.row.kind.Kind)
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch {
	case err != nil && !w.failed:
		log.FromContext(ctx).Error(err, "Reading a custom kind; its objects are as last seen, and their holds are not lifted", "kind", w.row.kind.String())
		gauge.Set(1)
	case err == nil && w.failed:
		log.FromContext(ctx).Info("Reading the custom kind again", "kind", w.row.kind.String())
		gauge.Set(0)
	case err == nil:
		gauge.Set(0)
	}
	w.failed = err != nil
}

// summarise keeps of an object what a decision needs: no template, which is read live before it decides anything.
func (r customRow) summarise(o any) (any, error) {
	if p, ok := o.(*parent); ok {
		return p, nil
	}
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return nil, fmt.Errorf("reading a %s: it is a %T", r.kind.Kind, o)
	}
	p := &parent{}
	p.SetGroupVersionKind(u.GroupVersionKind())
	p.ObjectMeta = metav1.ObjectMeta{
		Namespace: u.GetNamespace(), Name: u.GetName(), UID: u.GetUID(), ResourceVersion: u.GetResourceVersion(),
		Generation: u.GetGeneration(), DeletionTimestamp: u.GetDeletionTimestamp(), OwnerReferences: u.GetOwnerReferences(),
	}
	for _, key := range ourAnnotations() {
		if value, present := u.GetAnnotations()[key]; present {
			metav1.SetMetaDataAnnotation(&p.ObjectMeta, key, value)
		}
	}
	if r.workload != nil {
		p.kind = *r.workload
		p.releases = p.kind.Claims(u.Object)
		p.exposure = exposureIn(p.kind, u.Object)
		p.unitSize = p.kind.UnitSizeOf(u.Object)
	}
	if r.drift != nil {
		p.drift = driftIn(*r.drift, u.Object)
	}
	if r.pool {
		p.pool = poolSelector(u.Object)
	}
	return p, nil
}

// exposureIn is the label of the first template that claims a release.
func exposureIn(kind kinds.Kind, object map[string]any) string {
	templates, err := kind.TemplatesOf(object)
	if err != nil {
		return ""
	}
	for _, template := range templates {
		if labels := labelsOf(template); labels[v1alpha1.LabelRelease] != "" {
			return labels[v1alpha1.LabelExposure]
		}
	}
	return ""
}

// labelsOf are the labels of a template that are text.
func labelsOf(template map[string]any) map[string]string {
	found := map[string]string{}
	for _, value := range kinds.Values(template, "metadata.labels") {
		fields, _ := value.(map[string]any)
		for key, value := range fields {
			if text, ok := value.(string); ok {
				found[key] = text
			}
		}
	}
	return found
}

func claimOfCustom(o any) ([]string, error) {
	p, ok := o.(*parent)
	if !ok {
		return nil, nil
	}
	keys := make([]string, len(p.releases))
	for i, release := range p.releases {
		keys[i] = types.NamespacedName{Namespace: p.Namespace, Name: release}.String()
	}
	return keys, nil
}

func driftOfCustom(o any) ([]string, error) {
	p, ok := o.(*parent)
	switch {
	case !ok || p.drift == nil:
		return nil, nil
	case p.drift.everywhere:
		return []string{anyNamespace}, nil
	default:
		return []string{p.Namespace}, nil
	}
}

// saysTheSame tells whether an update changes nothing for any release. What is held is lifted in the version that was
// examined and no other, so every version of it counts.
func saysTheSame(before, after any) bool {
	a, isA := before.(*parent)
	b, isB := after.(*parent)
	return isA && isB && a.mark() == "" && b.mark() == "" && a.UID == b.UID && a.exposure == b.exposure && a.unitSize == b.unitSize &&
		(a.DeletionTimestamp == nil) == (b.DeletionTimestamp == nil) && slices.Equal(a.releases, b.releases) && maps.Equal(a.Annotations, b.Annotations) &&
		a.drift.equal(b.drift) && selectorText(a.pool) == selectorText(b.pool)
}
