// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package probes

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/guards"
)

// A cluster's own admission webhook that refuses the canary's objects refuses also those that stand: then a try that
// finds nothing to change must not be told as if config/canary were not applied.
func TestWhoRefusesTheCanarysObjectsIsNamed(t *testing.T) {
	s := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace, Labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}}}
	refuses := &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusBadRequest, Message: `admission webhook "images.example.com" denied the request: no such registry`,
	}}
	api := fake.NewClientBuilder().WithScheme(s).WithObjects(ns).WithInterceptorFuncs(interceptor.Funcs{
		Create: func(context.Context, client.WithWatch, client.Object, ...client.CreateOption) error { return refuses },
		// The fake lets a dry run change what is not there.
		Patch: func(ctx context.Context, c client.WithWatch, o client.Object, _ client.Patch, _ ...client.PatchOption) error {
			return c.Get(ctx, client.ObjectKeyFromObject(o), o)
		},
		SubResourcePatch: func(ctx context.Context, c client.Client, _ string, o client.Object, _ client.Patch, _ ...client.SubResourcePatchOption) error {
			return c.Get(ctx, client.ObjectKeyFromObject(o), o)
		},
	}).Build()
	manifests, err := config.Admission()
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := guards.Defaults(manifests)
	if err != nil {
		t.Fatal(err)
	}
	set, err := guards.Render(manifests, defaults)
	if err != nil {
		t.Fatal(err)
	}
	results := (&Probes{Client: api}).Probe(t.Context(), set)
	if len(results) != 15 {
		t.Errorf("%d results", len(results))
	}
	for _, r := range results {
		if r.Ring == "0" {
			continue // they change the namespace, which this webhook lets pass
		}
		if r.Outcome != guards.Inconclusive || !strings.Contains(r.Detail, `"images.example.com"`) ||
			!strings.HasSuffix(r.Detail, "exclude namespace scalegate-canary there") {
			t.Errorf("%s: %v, %s", r.Claim, r.Outcome, r.Detail)
		}
	}
}
