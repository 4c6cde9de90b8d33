// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gathering"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// refusal makes a call of the API server fail: it is asked with verb and object, and nil lets the call through.
type refusal func(verb string, object any, namespace string) error

// forbidden refuses what the caller lacks the right for.
func forbidden(verb, resource string) error {
	return apierrors.NewForbidden(schema.GroupResource{Group: v1alpha1.Group, Resource: resource}, "", errors.New("you may not "+verb))
}

// cluster is a fake API server that stamps what it stores.
func cluster(t *testing.T, refuse refusal, objects ...client.Object) client.WithWatch {
	t.Helper()
	scheme, err := newScheme()
	if err != nil {
		t.Fatal(err)
	}
	if refuse == nil {
		refuse = func(string, any, string) error { return nil }
	}
	calls := interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if err := refuse("get", o, key.Namespace); err != nil {
				return err
			}
			return c.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if err := refuse("list", list, (&client.ListOptions{}).ApplyOptions(opts).Namespace); err != nil {
				return err
			}
			return c.List(ctx, list, opts...)
		},
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			if err := refuse("create", o, o.GetNamespace()); err != nil {
				return err
			}
			o.SetUID(fixture.UID(o.GetName()))
			o.SetCreationTimestamp(metav1.NewTime(fixture.Day(10)))
			return c.Create(ctx, o, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			if err := refuse("delete", o, o.GetNamespace()); err != nil {
				return err
			}
			return c.Delete(ctx, o, opts...)
		},
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).WithInterceptorFuncs(calls).
		WithIndex(&v1alpha1.ReleaseApproval{}, gathering.ByNamed, func(o client.Object) []string {
			a, ok := o.(*v1alpha1.ReleaseApproval)
			if !ok {
				t.Fatalf("%T is no approval", o)
			}
			return gathering.ApprovalRelease(a)
		}).
		WithIndex(&v1alpha1.PolicyRevision{}, gathering.ByPolicy, func(o client.Object) []string {
			if r, ok := o.(*v1alpha1.PolicyRevision); ok {
				return gathering.RevisionPolicy(r)
			}
			return nil
		}).
		WithIndex(&v1alpha1.GateDecision{}, "spec.release", func(o client.Object) []string {
			if r, ok := o.(*v1alpha1.GateDecision); ok {
				return []string{r.Spec.Release}
			}
			return nil
		}).Build()
}

// world is a governed namespace with the release m1, whose policy asks for bio below 0.2 to rule CBRN-3 out, and for card.
func world(more ...client.Object) []client.Object {
	card := fixture.Evaluation("card-1", "card", "0.05")
	return append([]client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name: fixture.Namespace, Labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced},
		}},
		fixture.Release("m1"),
		fixture.Policy("rsp", fixture.Defining("bio"), fixture.Defining("card"),
			fixture.Raising("CBRN-3", "ASL-3", "bio"), fixture.Requiring("ASL-2", "card"), fixture.Requiring("ASL-3", "jailbreaks")),
		&card,
	}, more...)
}

// result is what a run of the program left.
type result struct {
	code        int
	out, errors string
}

// run runs the program as a caller would, on Day(10).
func run(t *testing.T, c client.WithWatch, args ...string) result {
	t.Helper()
	return runAs(t, c, "scalegate", args...)
}

func runAs(t *testing.T, c client.WithWatch, program string, args ...string) result {
	t.Helper()
	env := environment{
		now: func() time.Time { return fixture.Day(10) },
		connect: func(flags *genericclioptions.ConfigFlags, _ io.Writer) (connection, error) {
			return connection{Client: c, namespace: *flags.Namespace}, nil
		},
	}
	root := newRoot(program, "v1.2.3", env)
	var out, errs bytes.Buffer
	root.SetOut(&out)
	root.SetErr(&errs)
	root.SetArgs(args)
	code := Execute(t.Context(), root)
	return result{code: code, out: out.String(), errors: errs.String()}
}

// golden compares text with a transcript.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff)
	}
}

// pagedClient gives the evaluations of all namespaces in two pages: none, and the rest.
type pagedClient struct {
	client.WithWatch
	pages *int
}

func (p pagedClient) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	evaluations, ok := list.(*v1alpha1.SafetyEvaluationList)
	if !ok {
		return p.WithWatch.List(ctx, list, opts...)
	}
	*p.pages++
	options := (&client.ListOptions{}).ApplyOptions(opts)
	if options.Limit == 0 {
		return errors.New("not asked in pages")
	}
	if options.Continue == "" {
		evaluations.Continue = "more"
		return nil
	}
	return p.WithWatch.List(ctx, list)
}
