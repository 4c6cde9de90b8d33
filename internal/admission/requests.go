// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// decode reads an object of a request into maps; whole numbers stay whole.
func decode(raw []byte) (map[string]any, error) {
	if len(raw) == 0 {
		return nil, errors.New("the request has no object")
	}
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		return nil, fmt.Errorf("reading the object of the request: %w", err)
	}
	if object == nil {
		return nil, errors.New("the object of the request is null")
	}
	return object, nil
}

// decodeOld reads the object as it was; nil when there was none.
func decodeOld(raw []byte) (map[string]any, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil //nolint:nilnil // none is an answer, and not an error
	}
	return decode(raw)
}

// namespaceOf reads a namespace's labels and annotations from the cache.
func namespaceOf(ctx context.Context, cache client.Reader, name string) (*metav1.PartialObjectMetadata, error) {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := cache.Get(ctx, types.NamespacedName{Name: name}, ns); err != nil {
		return nil, fmt.Errorf("reading namespace %s: %w", name, err)
	}
	return ns, nil
}

// ungoverned reports whether the cache knows the namespace as one whose gate is not enforced. The
// configuration of the webhook selects by the label as well; this is for one that selects too much. A
// namespace that cannot be read is taken for what the configuration took it for.
func ungoverned(ctx context.Context, cache client.Reader, name string) bool {
	ns, err := namespaceOf(ctx, cache, name)
	return err == nil && ns.Labels[v1alpha1.LabelGate] != v1alpha1.GateEnforced
}
