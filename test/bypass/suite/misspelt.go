// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// misspell makes the namespace whose gate is misspelt, as if it had been there before Scalegate: while the guard of
// namespaces is not bound.
func (b *Bench) misspell(ctx context.Context) error {
	const guard = "scalegate-guard-namespaces"
	binding := &admissionv1.ValidatingAdmissionPolicyBinding{}
	if err := b.Client.Get(ctx, client.ObjectKey{Name: guard}, binding); err != nil {
		return err
	}
	if err := b.Client.Delete(ctx, binding.DeepCopy()); err != nil {
		return err
	}
	namespace := map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
		"name":        attempts.Misspelt.Namespace(),
		"labels":      map[string]any{"scalegate.dev/gate": "Enforced", "scalegate.dev/claims": "every"},
		"annotations": map[string]any{"example.com/kept": "x"},
	}}
	err := b.until(ctx, func(ctx context.Context) error { return b.create(ctx, admin(), "/api/v1/namespaces", namespace) })
	binding.ObjectMeta = metav1.ObjectMeta{Name: guard, Labels: binding.Labels, Annotations: binding.Annotations}
	return errors.Join(err, b.Client.Create(ctx, binding))
}
