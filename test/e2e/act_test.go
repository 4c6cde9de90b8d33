// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// object names an object, to be read or deleted.
func object[T client.Object](o T, namespace, name string) T {
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

// in is the scenario as a subtest sees it.
func (s *scenario) in(t *testing.T) *scenario {
	t.Helper()
	return &scenario{t: t, ns: s.ns, policy: s.policy, Client: s.Client}
}

func (s *scenario) namespace() *corev1.Namespace { return object(&corev1.Namespace{}, "", s.ns) }

// update changes the Deployment web as a person would, and returns what the API server made of it.
func (s *scenario) update(change func(*appsv1.Deployment)) *appsv1.Deployment {
	s.t.Helper()
	d := &appsv1.Deployment{}
	s.must(retry.RetryOnConflict(retry.DefaultBackoff, func() error {
		if err := s.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: "web"}, d); err != nil {
			return err
		}
		change(d)
		return s.Update(s.t.Context(), d)
	}))
	return d
}

// workload waits until the release's status gives the reason for what is held of the Deployment.
func (s *scenario) workload(release, name, reason string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: release}, r); err != nil {
			return err
		}
		for _, w := range r.Status.Workloads {
			if w.Kind == "Deployment" && w.Name == name && w.Reason == reason {
				return nil
			}
		}
		return fmt.Errorf("Deployment %s is not held because of %s: %+v", name, reason, r.Status.Workloads)
	})
}

// held checks that just so many pods of the app are held.
func (s *scenario) held(app string, want int) func(context.Context) error {
	return func(ctx context.Context) error {
		_, held, err := s.count(ctx, app)
		if err != nil || held != want {
			return errors.Join(err, fmt.Errorf("%d pods of %s are held, want %d", held, app, want))
		}
		return nil
	}
}

// withdrawn checks that the release has no clearance.
func (s *scenario) withdrawn(release string) func(context.Context) error {
	return func(ctx context.Context) error {
		ns := s.namespace()
		if err := s.Get(ctx, client.ObjectKeyFromObject(ns), ns); err != nil {
			return err
		}
		if value, ok := ns.Annotations[clearance.Key(release)]; ok {
			return fmt.Errorf("release %s still has the clearance %s", release, value)
		}
		return nil
	}
}

// gone checks that an object does not exist any more.
func (s *scenario) gone(o client.Object) func(context.Context) error {
	uid := o.GetUID()
	return func(ctx context.Context) error {
		err := s.Get(ctx, client.ObjectKeyFromObject(o), o)
		if apierrors.IsNotFound(err) || (err == nil && o.GetUID() != uid) {
			return nil
		}
		return errors.Join(err, fmt.Errorf("%s still exists", o.GetName()))
	}
}

// label gives the namespace another gate, as somebody who may.
func (s *scenario) label(gate string) {
	s.t.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]any{v1alpha1.LabelGate: gate}}})
	s.must(err)
	s.must(s.Patch(s.t.Context(), s.namespace(), client.RawPatch(types.MergePatchType, patch)))
}

// shorten lets the clearance of a release end soon, in the controller's place.
func (s *scenario) shorten(release string, life time.Duration) {
	s.t.Helper()
	ns := s.namespace()
	s.must(s.Get(s.t.Context(), client.ObjectKeyFromObject(ns), ns))
	c, err := clearance.Parse(ns.Annotations[clearance.Key(release)])
	s.must(err)
	c.End = time.Now().Add(life)
	controller, err := shared.ControllerClient(s.t.Context())
	s.must(err)
	s.must(controller.Patch(s.t.Context(), ns, annotate(clearance.Key(release), c.String())))
}

func annotate(key, value string) client.Patch {
	raw, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{key: value}}})
	if err != nil {
		panic(err)
	}
	return client.RawPatch(types.MergePatchType, raw)
}

func forbidden(t *testing.T, err error) {
	t.Helper()
	if !apierrors.IsForbidden(err) {
		t.Errorf("not forbidden: %v", err)
	}
}
