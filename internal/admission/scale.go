// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// scale judges what a scale subresource would make more of. It has neither labels nor a template, so the workload
// is looked up; one that is not found is let through, since its pods are judged.
func (w *Workloads) scale(ctx context.Context, req *admission.Request, kind kinds.Kind) admission.Response {
	var before, after autoscalingv1.Scale
	if err := errors.Join(json.Unmarshal(req.OldObject.Raw, &before), json.Unmarshal(req.Object.Raw, &after)); err != nil {
		return admission.Errored(http.StatusBadRequest, fmt.Errorf("reading a scale: %w", err))
	}
	if after.Spec.Replicas <= before.Spec.Replicas {
		return admission.Allowed("")
	}
	object, err := w.target(ctx, kind, types.NamespacedName{Namespace: req.Namespace, Name: req.Name})
	if err != nil {
		log.FromContext(ctx).Error(err, "Could not look up what is scaled")
	}
	if object == nil {
		return admission.Allowed("")
	}
	return w.weigh(ctx, change{kind: kind, namespace: req.Namespace, name: req.Name, object: object, raised: true, partial: true})
}

// target reads a workload from the cache; nil when the cache does not have it.
func (w *Workloads) target(ctx context.Context, kind kinds.Kind, key types.NamespacedName) (map[string]any, error) {
	for _, gvk := range kind.GVKs() {
		object, err := w.read(ctx, gvk, key)
		switch _, unwatched := errors.AsType[*cache.ErrResourceNotCached](err); {
		case err == nil:
			return object, nil
		case apierrors.IsNotFound(err):
			return nil, nil //nolint:nilnil // none is an answer, and not an error
		case unwatched, meta.IsNoMatchError(err):
			continue
		default:
			return nil, fmt.Errorf("reading %s %s: %w", kind.Kind, key, err)
		}
	}
	return nil, nil //nolint:nilnil // see above
}

func (w *Workloads) read(ctx context.Context, gvk schema.GroupVersionKind, key types.NamespacedName) (map[string]any, error) {
	if !w.options.Scheme.Recognizes(gvk) {
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(gvk)
		err := w.options.Cache.Get(ctx, key, object)
		return object.Object, err
	}
	typed, err := w.options.Scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	object, ok := typed.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%s has no metadata", gvk)
	}
	if err := w.options.Cache.Get(ctx, key, object); err != nil {
		return nil, err
	}
	return runtime.DefaultUnstructuredConverter.ToUnstructured(object)
}
