// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/doctor"
	"github.com/scalegate/scalegate/internal/fixture"
)

// mapped is a fake API server that serves the kinds of its scheme, and no others.
type mapped struct{ client.WithWatch }

// RESTMapper knows those kinds.
func (m mapped) RESTMapper() meta.RESTMapper {
	mapper := meta.NewDefaultRESTMapper(nil)
	for gvk := range m.Scheme().AllKnownTypes() {
		mapper.Add(gvk, meta.RESTScopeNamespace)
	}
	return mapper
}

// Patch tries a trial on a copy: the fake itself answers one with the object as it was sent.
func (m mapped) Patch(ctx context.Context, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
	if len((&client.PatchOptions{}).ApplyOptions(opts).DryRun) == 0 {
		return m.WithWatch.Patch(ctx, o, patch, opts...)
	}
	stored, _ := o.DeepCopyObject().(client.Object)
	if err := m.Get(ctx, client.ObjectKeyFromObject(o), stored); err != nil {
		return err
	}
	return fake.NewClientBuilder().WithScheme(m.Scheme()).WithObjects(stored).Build().Patch(ctx, o, patch)
}

// heldThings are a namespace with or without the gate, and in it a Deployment and a pod that are held.
func heldThings(gate string) []client.Object {
	labels := map[string]string{v1alpha1.LabelRelease: "m1"}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "serving", Annotations: map[string]string{v1alpha1.AnnotationClearancePrefix + "m1": "v1|"},
	}}
	if gate != "" {
		ns.Labels = map[string]string{v1alpha1.LabelGate: gate}
	}
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{
		Namespace: "serving", Name: "chat", UID: "d",
		Annotations: map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldResume, v1alpha1.AnnotationScaledReplicas: "8/2"},
	}}
	d.Spec.Replicas, d.Spec.Paused, d.Spec.Template.Labels = new(int32(2)), true, labels
	d.Status.Conditions = []appsv1.DeploymentCondition{{
		Type: appsv1.DeploymentProgressing, Reason: "DeploymentPaused", LastUpdateTime: metav1.NewTime(fixture.Day(3)),
	}}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "serving", Name: "chat-1", UID: "p", Labels: labels, CreationTimestamp: metav1.NewTime(fixture.Day(4)),
		Annotations: map[string]string{v1alpha1.AnnotationHoldReason: "EvidenceMissing: see the release"},
	}}
	p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}, {Name: "example.com/quota"}}
	free := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "serving", Name: "chat-2", UID: "q", Labels: labels, Annotations: map[string]string{v1alpha1.AnnotationHoldReason: "NotLookedAt: x"},
	}}
	release := fixture.Release("m1")
	release.Namespace = "serving"
	release.Status.Workloads = []v1alpha1.WorkloadStatus{{Kind: "Deployment", Name: "chat", Reason: "EvidenceMissing", Message: "bio was never shown"}}
	return []client.Object{ns, d, p, free, release}
}

func TestReleaseHoldsLists(t *testing.T) {
	for name, tc := range map[string]struct {
		gate string
		args []string
	}{
		"table":    {gate: v1alpha1.GateEnforced},
		"wide":     {args: []string{"-o", "wide"}},
		"json":     {args: []string{"-o", "json"}},
		"nothing":  {args: []string{"-n", "other"}},
		"all-name": {args: []string{"-A", "-o", "name"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := mapped{cluster(t, nil, append(heldThings(tc.gate), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "other"}})...)}
			got := run(t, c, append([]string{"release-holds", "-n", "serving"}, tc.args...)...)
			if got.code != codePass {
				t.Errorf("exit code %d: %s", got.code, got.errors)
			}
			golden(t, "release-holds-"+name+".txt", got.out+got.errors)
		})
	}
}

func TestReleaseHoldsReleases(t *testing.T) {
	c := mapped{cluster(t, nil, heldThings("")...)}
	got := run(t, c, "release-holds", "--all", "--yes", "-n", "serving")
	if got.code != codePass {
		t.Errorf("exit code %d: %s%s", got.code, got.out, got.errors)
	}
	golden(t, "release-holds-released.txt", got.out+got.errors)
	var d appsv1.Deployment
	var held, free corev1.Pod
	var ns corev1.Namespace
	for name, o := range map[string]client.Object{"chat": &d, "chat-1": &held, "chat-2": &free} {
		if err := c.Get(t.Context(), client.ObjectKey{Namespace: "serving", Name: name}, o); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Get(t.Context(), client.ObjectKey{Name: "serving"}, &ns); err != nil {
		t.Fatal(err)
	}
	if d.Spec.Paused || *d.Spec.Replicas != 8 || len(d.Annotations)+len(held.Annotations)+len(free.Annotations)+len(ns.Annotations) > 0 {
		t.Errorf("the Deployment has %+v, and annotations are left: %v %v %v %v", d.Spec, d.Annotations, held.Annotations, free.Annotations, ns.Annotations)
	}
	if want := []corev1.PodSchedulingGate{{Name: "example.com/quota"}}; !cmp.Equal(held.Spec.SchedulingGates, want) {
		t.Errorf("gates of the pod: %v, want those of others alone: %v", held.Spec.SchedulingGates, want)
	}
}

// TestReleaseHoldsThatStay covers what keeps a hold. In each case nothing is released that was not to be.
func TestReleaseHoldsThatStay(t *testing.T) {
	refused := apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "chat-1", errors.New("only Scalegate lifts the hold"))
	for name, tc := range map[string]struct {
		gate  string
		args  []string
		patch func(o client.Object, dry bool) error
		says  []string
		code  int
	}{
		"the namespace has the gate": {
			gate: v1alpha1.GateEnforced, args: []string{"--all", "--yes"}, code: codeBlocked,
			says: []string{"Governed", "kubectl label namespace serving scalegate.dev/gate-", "add --governed"},
		},
		"the API server refuses": {
			gate: v1alpha1.GateEnforced, args: []string{"--all", "--yes", "--governed"}, code: codeBlocked,
			patch: func(client.Object, bool) error { return refused },
			says:  []string{"Refused", "only Scalegate lifts the hold", "docs/operations/uninstall.md"},
		},
		"the API server refuses once it is no trial": {
			args: []string{"pod/chat-1", "--yes"}, code: codeBlocked,
			patch: func(_ client.Object, dry bool) error {
				if dry {
					return nil
				}
				return refused
			},
			says: []string{"Refused", "only Scalegate lifts the hold"},
		},
		"it is not confirmed":                  {args: []string{"--all"}, code: codeError, says: []string{"not confirmed, so nothing was changed", "Type \"serving\" to go on"}},
		"something is named that is not held":  {args: []string{"deployments/other"}, code: codeError, says: []string{"deployments/other is not held"}},
		"a name without a kind":                {args: []string{"chat"}, code: codeError, says: []string{`"chat" is not RESOURCE/NAME`}},
		"a flag for releasing, and no names":   {args: []string{"--yes"}, code: codeError, says: []string{"say --all, or name what to release"}},
		"names, and everything":                {args: []string{"pods/chat-1", "--all"}, code: codeError, says: []string{"exclude each other"}},
		"names in all namespaces":              {args: []string{"pods/chat-1", "-A"}, code: codeError, says: []string{"names are of one namespace"}},
		"a fault that is none of the policies": {args: []string{"--all", "--yes"}, code: codeBlocked, says: []string{"Failed", "etcd is slow"}, patch: func(client.Object, bool) error { return errors.New("etcd is slow") }},
	} {
		t.Run(name, func(t *testing.T) {
			c := interceptor.NewClient(mapped{cluster(t, nil, heldThings(tc.gate)...)}, interceptor.Funcs{
				Patch: func(ctx context.Context, c client.WithWatch, o client.Object, patch client.Patch, opts ...client.PatchOption) error {
					dry := len((&client.PatchOptions{}).ApplyOptions(opts).DryRun) > 0
					if tc.patch != nil {
						if err := tc.patch(o, dry); err != nil {
							return err
						}
					}
					return c.Patch(ctx, o, patch, opts...)
				},
			})
			got := run(t, c, append([]string{"release-holds", "-n", "serving"}, tc.args...)...)
			text := got.out + got.errors
			if got.code != tc.code {
				t.Errorf("exit code %d, want %d", got.code, tc.code)
			}
			for _, want := range tc.says {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q:\n%s", want, text)
				}
			}
			var d appsv1.Deployment
			var p, free corev1.Pod
			var ns corev1.Namespace
			if err := errors.Join(c.Get(t.Context(), client.ObjectKey{Namespace: "serving", Name: "chat"}, &d),
				c.Get(t.Context(), client.ObjectKey{Namespace: "serving", Name: "chat-1"}, &p),
				c.Get(t.Context(), client.ObjectKey{Namespace: "serving", Name: "chat-2"}, &free),
				c.Get(t.Context(), client.ObjectKey{Name: "serving"}, &ns)); err != nil {
				t.Fatal(err)
			}
			if len(free.Annotations) == 0 || len(ns.Annotations) == 0 {
				t.Errorf("what is left was removed: %v %v", free.Annotations, ns.Annotations)
			}
			if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" || len(p.Spec.SchedulingGates) != 2 {
				t.Errorf("something was released: %+v %v", d.Annotations, p.Spec.SchedulingGates)
			}
		})
	}
}

// TestAnObjectIsReleasedOnce whatever it is called.
func TestAnObjectIsReleasedOnce(t *testing.T) {
	got := run(t, mapped{cluster(t, nil, heldThings("")...)}, "release-holds", "deployment/chat", "deployments.apps/chat", "-n", "serving")
	if n := strings.Count(got.out+got.errors, "deployments.apps/chat"); n != 1 || !strings.Contains(got.out+got.errors, "This releases 1 object ") {
		t.Errorf("it is to be released %d times:\n%s%s", n, got.out, got.errors)
	}
}

// TestAHoldThatIsPutBack has an API server that takes every write to a Deployment and holds it again, as the mutating
// policies do.
func TestAHoldThatIsPutBack(t *testing.T) {
	stored := 0
	c := interceptor.NewClient(mapped{cluster(t, nil, heldThings("")...)}, interceptor.Funcs{
		Patch: func(_ context.Context, _ client.WithWatch, o client.Object, _ client.Patch, opts ...client.PatchOption) error {
			if len((&client.PatchOptions{}).ApplyOptions(opts).DryRun) == 0 && o.GetName() == "chat" {
				stored++
			}
			return nil // the object stays as it was sent
		},
	})
	got := run(t, c, "release-holds", "deployment/chat", "--yes", "-n", "serving")
	if got.code != codeBlocked || !strings.Contains(got.out, "PutBack") || stored != 0 {
		t.Errorf("exit code %d after %d writes beyond the trial, want %d after none:\n%s%s", got.code, stored, codeBlocked, got.out, got.errors)
	}
}

// TestAManagerThatRunsIsTold reads the lease.
func TestAManagerThatRunsIsTold(t *testing.T) {
	lease := func(renewed time.Time) client.Object {
		return &coordinationv1.Lease{
			ObjectMeta: metav1.ObjectMeta{Namespace: doctor.SystemNamespace, Name: doctor.LeaseName},
			Spec:       coordinationv1.LeaseSpec{HolderIdentity: new("manager-1"), RenewTime: new(metav1.NewMicroTime(renewed))},
		}
	}
	for name, tc := range map[string]struct {
		renewed time.Time
		want    bool
	}{
		"it renewed its lease a moment ago": {fixture.Day(10).Add(-10 * time.Second), true},
		"it has not for an hour":            {fixture.Day(10).Add(-time.Hour), false},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, mapped{cluster(t, nil, append(heldThings(""), lease(tc.renewed))...)}, "release-holds", "-n", "serving")
			if strings.Contains(got.out, "a manager runs") != tc.want {
				t.Errorf("a manager that runs is told: %v, want %v:\n%s", !tc.want, tc.want, got.out)
			}
		})
	}
}

// TestWhatMayNotBeListedIsSaid: what is not seen is not taken for free.
func TestWhatMayNotBeListedIsSaid(t *testing.T) {
	refuse := func(verb string, object any, _ string) error {
		if list, ok := object.(client.ObjectList); ok && verb == "list" && list.GetObjectKind().GroupVersionKind().Kind == "JobList" {
			return forbidden("list", "jobs")
		}
		return nil
	}
	got := run(t, mapped{cluster(t, refuse, heldThings("")...)}, "release-holds", "--all", "--yes", "-n", "serving", "-o", "json")
	var report holdsReport
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	if got.code != codeBlocked || len(report.NotLookedAt) != 1 || !strings.Contains(report.NotLookedAt[0], "you may not list jobs.batch") {
		t.Errorf("exit code %d, not looked at %q", got.code, report.NotLookedAt)
	}
}
