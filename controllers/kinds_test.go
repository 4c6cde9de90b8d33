// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// custom is an object of a custom kind in the release's namespace.
func custom(apiVersion, kind, name string, spec map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetAPIVersion(apiVersion)
	o.SetKind(kind)
	o.SetNamespace(fixture.Namespace)
	o.SetName(name)
	o.SetUID(fixture.UID(name))
	o.SetResourceVersion("1")
	return o
}

// claiming is a template that claims a release.
func claiming(release string) map[string]any {
	return map[string]any{"metadata": map[string]any{"labels": map[string]any{v1alpha1.LabelRelease: release}}, "spec": map[string]any{}}
}

// leaderWorkerSet is one whose worker template claims a release.
func leaderWorkerSet(name, release string) *unstructured.Unstructured {
	return custom("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", name, map[string]any{
		"leaderWorkerTemplate": map[string]any{"size": int64(2), "workerTemplate": claiming(release)},
	})
}

// definition is the CRD of a row, in this state.
func definition(row customRow, established string, versions ...string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{}}
	o.SetAPIVersion("apiextensions.k8s.io/v1")
	o.SetKind("CustomResourceDefinition")
	o.SetName(row.name())
	served := make([]any, len(versions))
	for i, version := range versions {
		served[i] = map[string]any{"name": version, "served": true}
	}
	o.Object["spec"] = map[string]any{"versions": served}
	o.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Established", "status": established}}}
	return o
}

// world is a cluster with CRDs and what they define, and what watches it.
type world struct {
	t       *testing.T
	crds    client.WithWatch
	objects *dynamicfake.FakeDynamicClient
	kinds   *customKinds
	queue   workqueue.TypedRateLimitingInterface[reconcile.Request]
	ctx     context.Context //nolint:containedctx // the life of the test
}

func newWorld(t *testing.T, objects ...*unstructured.Unstructured) *world {
	t.Helper()
	lists := map[schema.GroupVersionResource]string{}
	for _, row := range customRows() {
		for _, version := range row.versions {
			lists[row.kind.WithVersion(version).GroupVersion().WithResource(row.resource)] = row.kind.Kind + "List"
		}
	}
	held := make([]runtime.Object, len(objects))
	for i, o := range objects {
		held[i] = o
	}
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	w := &world{
		t: t, crds: fake.NewClientBuilder().Build(), ctx: ctx,
		objects: dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists, held...),
		queue:   workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]()),
	}
	w.kinds = newCustomKinds(w.crds, w.objects, nil, customRows())
	w.kinds.wakes = func(_ context.Context, p *parent) []types.NamespacedName {
		var all []types.NamespacedName
		for _, release := range p.releases {
			all = append(all, types.NamespacedName{Namespace: p.Namespace, Name: release})
		}
		return all
	}
	return w
}

// install makes the CRD of a kind, and has it looked at.
func (w *world) install(kind string, versions ...string) customRow {
	w.t.Helper()
	row := rowOf(w.t, kind)
	if err := w.crds.Create(w.ctx, definition(row, "True", versions...)); err != nil {
		w.t.Fatal(err)
	}
	w.look(row)
	return row
}

func rowOf(t *testing.T, kind string) customRow {
	t.Helper()
	for _, row := range customRows() {
		if row.kind.Kind == kind {
			return row
		}
	}
	t.Fatalf("there is no row of %s", kind)
	return customRow{}
}

func (w *world) look(row customRow) {
	w.t.Helper()
	if err := w.kinds.look(w.ctx, row, w.queue); err != nil {
		w.t.Fatal(err)
	}
	w.eventually("every kind is read or cannot be", w.kinds.settled)
}

func (w *world) eventually(what string, is func() bool) {
	w.t.Helper()
	err := wait.PollUntilContextTimeout(w.ctx, time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) { return is(), nil })
	if err != nil {
		w.t.Fatalf("%s: never", what)
	}
}

// names are those of what claims "m1".
func (w *world) names() []string {
	var names []string
	for _, p := range w.kinds.claiming(types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"}) {
		names = append(names, p.Kind+"/"+p.Name)
	}
	return names
}

// wantNames waits until just these claim "m1". An informer may say that it has everything just before it shows it.
func (w *world) wantNames(want ...string) {
	w.t.Helper()
	w.eventually(fmt.Sprintf("just %q claim m1", want), func() bool { return slices.Equal(w.names(), want) })
}

// A kind is watched while its CRD is established, in the first version of the table that is served.
func TestCustomKindsFollowTheirCRDs(t *testing.T) {
	w := newWorld(t, leaderWorkerSet("a", "m1"), leaderWorkerSet("b", "m2"))
	row := rowOf(t, "LeaderWorkerSet")
	w.look(row)
	w.wantNames()
	becomes := func(established string, versions ...string) {
		t.Helper()
		crd := definition(row, established, versions...)
		if err := client.IgnoreNotFound(w.crds.Delete(w.ctx, crd)); err != nil {
			t.Fatal(err)
		}
		if err := w.crds.Create(w.ctx, crd); err != nil {
			t.Fatal(err)
		}
		w.look(row)
	}
	becomes("False", "v1")
	w.wantNames()
	becomes("True", "v1")
	w.wantNames("LeaderWorkerSet/a")
	becomes("True", "v9")
	w.wantNames()
	becomes("True", "v9", "v1")
	w.wantNames("LeaderWorkerSet/a")
	w.eventually("both are told of", func() bool { return w.queue.Len() == 2 })
	for range 2 {
		request, _ := w.queue.Get()
		w.queue.Done(request)
	}
	if err := w.crds.Delete(w.ctx, definition(row, "True")); err != nil {
		t.Fatal(err)
	}
	w.look(row)
	w.wantNames()
	if w.queue.Len() != 2 {
		t.Errorf("%d releases look again without what is gone", w.queue.Len())
	}
}

func TestServedVersion(t *testing.T) {
	row := customRow{versions: []string{"v2", "v1"}}
	deleted := definition(row, "True", "v2")
	deleted.SetDeletionTimestamp(new(now()))
	for sentence, test := range map[string]struct {
		crd  *unstructured.Unstructured
		want string
	}{
		"the first of the table":          {definition(row, "True", "v1", "v2"), "v2"},
		"what there is":                   {definition(row, "True", "v1"), "v1"},
		"none of the table":               {definition(row, "True", "v3"), ""},
		"not established":                 {definition(row, "Unknown", "v2"), ""},
		"being deleted":                   {deleted, ""},
		"a CRD that nobody looked at yet": {&unstructured.Unstructured{Object: map[string]any{}}, ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := servedVersion(test.crd, row); got != test.want {
				t.Errorf("version = %q, want %q", got, test.want)
			}
		})
	}
}

// A kind that cannot be listed is told of, keeps nobody waiting, and is read once it can be.
func TestCustomKindsThatCannotBeRead(t *testing.T) {
	w := newWorld(t, leaderWorkerSet("a", "m1"), custom("jobset.x-k8s.io/v1alpha2", "JobSet", "b", map[string]any{
		"replicatedJobs": []any{map[string]any{"template": map[string]any{"spec": map[string]any{"template": claiming("m1")}}}},
	}))
	var broken atomic.Bool
	broken.Store(true)
	w.objects.PrependReactor("list", "leaderworkersets", func(clienttesting.Action) (bool, runtime.Object, error) {
		return broken.Load(), nil, errors.New("connection refused")
	})
	row := w.install("LeaderWorkerSet", "v1")
	w.install("JobSet", "v1alpha2")
	w.wantNames("JobSet/b")
	gauge := w.kinds.unreadable.WithLabelValues(row.kind.Group, row.kind.Kind)
	if got := valueOf(t, gauge); got != 1 {
		t.Errorf("the metric is %v", got)
	}
	broken.Store(false)
	w.eventually("it is read again", func() bool { return len(w.names()) == 2 })
	w.eventually("the metric says so", func() bool { return valueOf(t, gauge) == 0 })
}

// valueOf is what a gauge says.
func valueOf(t *testing.T, gauge prometheus.Gauge) float64 {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(gauge)
	families, err := registry.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("%d metrics: %v", len(families), err)
	}
	return families[0].GetMetric()[0].GetGauge().GetValue()
}

// A change wakes the releases of before and of after; one that says nothing to any release wakes none.
func TestCustomKindsWake(t *testing.T) {
	w := newWorld(t, leaderWorkerSet("a", "m1"))
	w.install("LeaderWorkerSet", "v1")
	resource := w.objects.Resource(schema.GroupVersionResource{Group: "leaderworkerset.x-k8s.io", Version: "v1", Resource: "leaderworkersets"}).
		Namespace(fixture.Namespace)
	woken := func(want ...string) {
		t.Helper()
		w.eventually("they are woken", func() bool { return w.queue.Len() >= len(want) })
		var got []string
		for w.queue.Len() > 0 {
			request, _ := w.queue.Get()
			w.queue.Done(request)
			got = append(got, request.Name)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("woken: %q, want %q", got, want)
		}
	}
	update := func(o *unstructured.Unstructured, version string) {
		t.Helper()
		o.SetResourceVersion(version)
		if _, err := resource.Update(w.ctx, o, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		w.eventually("the change is seen", func() bool {
			p := w.kinds.find(o.GroupVersionKind().GroupKind(), client.ObjectKeyFromObject(o))
			return p != nil && p.ResourceVersion == version
		})
	}
	woken("m1")
	same := leaderWorkerSet("a", "m1")
	same.Object["status"] = map[string]any{"readyReplicas": int64(1)}
	update(same, "2")
	woken()
	update(leaderWorkerSet("a", "m2"), "3")
	woken("m1", "m2")
	marked := leaderWorkerSet("a", "m2")
	marked.SetAnnotations(map[string]string{v1alpha1.AnnotationHeld: "partition=0"})
	update(marked, "4")
	woken("m2")
	update(marked, "5")
	woken("m2")
	if err := resource.Delete(w.ctx, "a", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	woken("m2")
}

// A kind in which nothing can claim a release is not watched.
func TestCustomRowsCanClaim(t *testing.T) {
	rows := customRows()
	if _, watched := rows["models.ollama.ayaka.io"]; watched {
		t.Error("the Model of Ollama is watched")
	}
	if _, watched := rows["models.kubeai.org"]; !watched {
		t.Error("the Model of KubeAI is not watched")
	}
}

// The manager may read every kind that it watches, and change those whose hold it lifts.
func TestRightsOnCustomKinds(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	if err := yaml.Unmarshal(raw, &role); err != nil {
		t.Fatal(err)
	}
	may := func(row customRow, verb string) bool {
		return slices.ContainsFunc(role.Rules, func(rule rbacv1.PolicyRule) bool {
			return slices.Contains(rule.APIGroups, row.kind.Group) && slices.Contains(rule.Resources, row.resource) && slices.Contains(rule.Verbs, verb)
		})
	}
	for name, row := range customRows() {
		kind, _ := kinds.For(row.kind)
		for verb, want := range map[string]bool{
			"get": true, "list": true, "watch": true, "patch": kind.Hold != kinds.HoldNone, "update": false, "delete": false, "create": false,
		} {
			if may(row, verb) != want {
				t.Errorf("the manager's right to %s %s is %v", verb, name, !want)
			}
		}
	}
}
