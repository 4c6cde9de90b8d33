// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// misspell makes the namespace whose gate is misspelt, as if it had been there before Scalegate: while the guard of
// namespaces is not bound.
func (b *Bench) misspell(ctx context.Context) error {
	namespace := map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
		"name":        attempts.Misspelt.Namespace(),
		"labels":      map[string]any{"scalegate.dev/gate": "Enforced", "scalegate.dev/claims": "every"},
		"annotations": map[string]any{"example.com/kept": "x"},
	}}
	return b.unbound(ctx, []client.Object{bound(&admissionv1.ValidatingAdmissionPolicyBinding{}, "scalegate-guard-namespaces")}, func() error {
		return b.until(ctx, func(ctx context.Context) error { return b.create(ctx, admin(), "/api/v1/namespaces", namespace) })
	})
}

// leaveUnstamped makes what carries no stamp, as if it had been there before there were any: while nothing is stamped or
// looked at.
func (b *Bench) leaveUnstamped(ctx context.Context) error {
	bindings := []client.Object{
		bound(&admissionv1.MutatingAdmissionPolicyBinding{}, attempts.StampBinding),
		bound(&admissionv1.ValidatingAdmissionPolicyBinding{}, attempts.GuardBinding),
	}
	each := func(do func(context.Context, attempts.Fixture, string) error) error {
		var errs []error
		for _, fixture := range attempts.Unstamped() {
			path := place(fixture.Kind, attempts.Misspelt.Namespace(), "", "")
			errs = append(errs, b.until(ctx, func(ctx context.Context) error { return do(ctx, fixture, path) }))
		}
		return errors.Join(errs...)
	}
	err := b.unbound(ctx, bindings, func() error {
		if err := each(func(ctx context.Context, f attempts.Fixture, path string) error { return b.stamps(ctx, f, path, false) }); err != nil {
			return err
		}
		return each(func(ctx context.Context, f attempts.Fixture, path string) error {
			return b.create(ctx, f.Who, path, f.Object)
		})
	})
	if err != nil {
		return err
	}
	return each(func(ctx context.Context, f attempts.Fixture, path string) error { return b.stamps(ctx, f, path, true) })
}

// stamps tells, by a dry run, whether a kind is stamped or is not yet, as wanted.
func (b *Bench) stamps(ctx context.Context, fixture attempts.Fixture, path string, stamped bool) error {
	body, err := json.Marshal(map[string]any{
		"apiVersion": fixture.Kind.APIVersion(), "kind": fixture.Kind.Kind, "metadata": map[string]any{"generateName": "probe-"}, "spec": fixture.Object["spec"],
	})
	if err != nil {
		return err
	}
	answer, err := b.send(ctx, call{
		who: attempts.SafetyTeam(), method: http.MethodPost, path: path, query: url.Values{"dryRun": {"All"}}, contentType: "application/json", body: body,
	})
	if err != nil {
		return err
	}
	if answer.object != nil && attempts.Carries(answer.object, attempts.SafetyTeam()) == stamped {
		return nil
	}
	return fmt.Errorf("%s are not yet as they should be, stamped %t: %s", fixture.Kind.Resource, stamped, answer.message)
}

// bound is the binding of that name.
func bound(binding client.Object, name string) client.Object {
	binding.SetName(name)
	return binding
}

// unbound does something while bindings are not there, and makes them again.
func (b *Bench) unbound(ctx context.Context, bindings []client.Object, do func() error) error {
	for _, binding := range bindings {
		if err := b.Client.Get(ctx, client.ObjectKeyFromObject(binding), binding); err != nil {
			return err
		}
		if err := b.Client.Delete(ctx, binding); err != nil {
			return err
		}
	}
	errs := []error{do()}
	for _, binding := range bindings {
		labels, annotations, name := binding.GetLabels(), binding.GetAnnotations(), binding.GetName()
		switch again := binding.(type) {
		case *admissionv1.ValidatingAdmissionPolicyBinding:
			again.ObjectMeta = metav1.ObjectMeta{Name: name, Labels: labels, Annotations: annotations}
		case *admissionv1.MutatingAdmissionPolicyBinding:
			again.ObjectMeta = metav1.ObjectMeta{Name: name, Labels: labels, Annotations: annotations}
		}
		errs = append(errs, b.Client.Create(ctx, binding))
	}
	return errors.Join(errs...)
}
