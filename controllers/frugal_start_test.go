// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// listed is the list of last records that a manager finds that starts, by what the API server has.
func listed(c *cluster) func(context.Context) (map[types.NamespacedName]Head, error) {
	return func(context.Context) (map[types.NamespacedName]Head, error) {
		all := map[types.NamespacedName]Head{}
		for _, r := range c.records() {
			key := types.NamespacedName{Namespace: r.Namespace, Name: r.Spec.Release}
			if r.Spec.Sequence > all[key].Sequence {
				all[key] = Head{r.Spec.Sequence, r.Spec.Digest, r.Status.EnforcedTime != nil}
			}
		}
		return all, nil
	}
}

// startWith is the first look of a manager that starts with the list, at a world that another one left at rest.
func startWith(c *cluster, heads func(context.Context) (map[types.NamespacedName]Head, error)) {
	c.t.Helper()
	c.restart()
	c.all = nil
	c.reconciler = c.newReconciler()
	c.reconciler.Heads = heads
	c.mustReconcile()
}

// A manager that starts reads of a release at rest nothing live, and writes nothing: the one list says all.
func TestAStartCostsNoReadOfARelease(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	c.mustReconcile()
	heads := listed(c)
	c.fails["list GateDecisionList"], c.fails["get GateDecision m1-00000001"] = errBroken, errBroken
	c.fails["get ModelRelease m1"], c.fails["list SafetyEvaluationList"] = errBroken, errBroken
	all, err := heads(t.Context())
	if err == nil && len(all) != 1 {
		err = errors.New("there is no record to be listed")
	}
	if err != nil {
		t.Fatal(err)
	}
	startWith(c, func(context.Context) (map[types.NamespacedName]Head, error) { return all, nil })
	if len(c.all) > 0 {
		t.Errorf("log: %q", c.all)
	}
}

// Whatever the list does not say as the status does is read from the record itself.
func TestWhatTheListDoesNotSayIsRead(t *testing.T) {
	key := types.NamespacedName{Namespace: fixture.Namespace, Name: "m1"}
	for sentence, test := range map[string]struct {
		list    func(map[types.NamespacedName]Head) (map[types.NamespacedName]Head, error)
		release func(*v1alpha1.ModelRelease)
	}{
		"the list cannot be had": {list: func(map[types.NamespacedName]Head) (map[types.NamespacedName]Head, error) { return nil, errBroken }},
		"it has no record of the release": {list: func(map[types.NamespacedName]Head) (map[types.NamespacedName]Head, error) {
			return map[types.NamespacedName]Head{}, nil
		}},
		"a later record is there": {list: func(all map[types.NamespacedName]Head) (map[types.NamespacedName]Head, error) {
			all[key] = Head{all[key].Sequence + 1, "another", true}
			return all, nil
		}},
		"the record is another one": {list: func(all map[types.NamespacedName]Head) (map[types.NamespacedName]Head, error) {
			all[key] = Head{all[key].Sequence, "another", true}
			return all, nil
		}},
		"the status does not say what was decided": {release: func(r *v1alpha1.ModelRelease) { r.Status.Decision.Substance = "" }},
		"the status names no record":               {release: func(r *v1alpha1.ModelRelease) { r.Status.Decision = nil }},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, waitingWorld()...)
			c.mustReconcile()
			c.mustReconcile()
			heads := listed(c)
			all, err := heads(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if test.list != nil {
				all, err = test.list(maps.Clone(all))
			}
			if test.release != nil {
				r := read(c, release())
				test.release(r)
				if err := c.api.Status().Update(t.Context(), r); err != nil {
					t.Fatal(err)
				}
			}
			startWith(c, func(context.Context) (map[types.NamespacedName]Head, error) { return all, err })
			c.wantChain(1)
			if slices.ContainsFunc(c.all, func(call string) bool { return strings.HasPrefix(call, "create GateDecision") }) {
				t.Errorf("log: %q", c.all)
			}
			c.fails["list GateDecisionList"] = errBroken
			c.restart()
			c.reconciler = c.newReconciler()
			c.reconciler.Heads = func(context.Context) (map[types.NamespacedName]Head, error) { return all, err }
			if _, got := c.reconcile(); test.release == nil && !errors.Is(got, errBroken) {
				t.Errorf("the records were not listed: %v", got)
			}
		})
	}
}

// A manager that is told another decision by the status than the record has believes the record.
func TestAStatusOfAnotherVersionMakesNoRecord(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	c.mustReconcile()
	c.mustReconcile()
	r := read(c, release())
	want := r.Status.Decision.Substance
	r.Status.Decision.Substance = strings.Repeat("0", len(want))
	if err := c.api.Status().Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	startWith(c, listed(c))
	c.wantChain(1)
	if got := read(c, release()).Status.Decision.Substance; got != want {
		t.Errorf("substance %s, want %s", got, want)
	}
}

func TestATableOfRecordsIsRead(t *testing.T) {
	for sentence, test := range map[string]struct {
		table string
		want  map[types.NamespacedName]Head
		fails bool
	}{
		"of a release's records the last counts": {
			table: `{"columnDefinitions":[{"name":"Name"},{"name":"Release"},{"name":"Sequence"},{"name":"Enforced"},{"name":"Digest"}],"rows":[
				{"cells":["m-00000002","m",2,null,"b"],"object":{"metadata":{"namespace":"n"}}},
				{"cells":["m-00000001","m",1,"3d","a"],"object":{"metadata":{"namespace":"n"}}},
				{"cells":["m-00000001","m",1,"3d","c"],"object":{"metadata":{"namespace":"o"}}}]}`,
			want: map[types.NamespacedName]Head{{Namespace: "n", Name: "m"}: {2, "b", false}, {Namespace: "o", Name: "m"}: {1, "c", true}},
		},
		"a definition without a column": {table: `{"columnDefinitions":[{"name":"Release"},{"name":"Sequence"},{"name":"Enforced"}],"rows":[]}`, fails: true},
		"a row with fewer cells": {
			table: `{"columnDefinitions":[{"name":"Release"},{"name":"Sequence"},{"name":"Enforced"},{"name":"Digest"}],"rows":[{"cells":["m"]}]}`, fails: true,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			var table recordTable
			if err := json.Unmarshal([]byte(test.table), &table); err != nil {
				t.Fatal(err)
			}
			got := map[types.NamespacedName]Head{}
			if err := table.addTo(got); (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(test.want, got); !test.fails && diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// While nobody has looked at the guards nothing is given; and of a release that nothing would be given to nothing is reported.
func TestBeforeTheGuardsAreLookedAt(t *testing.T) {
	unknown := func(*metav1.PartialObjectMetadata, time.Time) Withheld {
		w := Withheld{Unknown: true}
		w.Reason, w.Message = v1alpha1.ReasonGuardsNotInPlace, "nobody has looked"
		return w
	}
	t.Run("at rest", func(t *testing.T) {
		c := newCluster(t, waitingWorld()...)
		c.mustReconcile()
		c.mustReconcile()
		c.all = nil
		c.reconciler.Ready = unknown
		if result, err := c.reconcile(); err != nil || result.RequeueAfter == askAgain || len(c.all) > 0 {
			t.Errorf("again after %v, error %v, log %q", result.RequeueAfter, err, c.all)
		}
	})
	t.Run("with something to give", func(t *testing.T) {
		c := newCluster(t, waitingWorld()...)
		c.reconciler = c.newReconciler()
		c.reconciler.Ready = unknown
		c.mustReconcile()
		if _, cleared := c.hasClearance(); cleared {
			t.Error("a clearance was written")
		}
		names, err := c.reconciler.standby.orEvery(wakes{c.reconciler.Client})(t.Context(), nil)
		if err != nil || len(names) != 1 || names[0].Name != "m1" {
			t.Errorf("woken: %v, error %v", names, err)
		}
	})
}

// bytesOf is what keeping one of the objects takes, as a cache does: decoded from JSON and trimmed.
func bytesOf[T client.Object](t *testing.T, content func(n int) T, fresh func() T, trim func(any) (any, error)) uint64 {
	t.Helper()
	const count = 2000
	texts := make([][]byte, count)
	for n := range texts {
		var err error
		if texts[n], err = json.Marshal(content(n)); err != nil {
			t.Fatal(err)
		}
	}
	kept := make([]any, count)
	used := func() uint64 {
		var stats runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := used()
	for n := range kept {
		o := fresh()
		if err := json.Unmarshal(texts[n], o); err != nil {
			t.Fatal(err)
		}
		var err error
		if kept[n], err = trim(o); err != nil {
			t.Fatal(err)
		}
	}
	after := used()
	runtime.KeepAlive(kept)
	runtime.KeepAlive(texts)
	return (after - before) / count
}

// saidOfRequirements is a status of release n as the manager writes it.
func saidOfRequirements(n, requirements int) v1alpha1.ModelReleaseStatus {
	status := v1alpha1.ModelReleaseStatus{
		SubjectDigest: fmt.Sprintf("sha256:%064d", n), PolicyRevision: "sha256:" + strings.Repeat("0", 64),
		RequiredLevel: "ASL-2", GrantedExposure: "General", ObservedGeneration: new(int64(1)),
	}
	for _, kind := range []string{
		v1alpha1.ConditionReady, v1alpha1.ConditionEvidenceComplete, v1alpha1.ConditionFresh, v1alpha1.ConditionEnforced,
	} {
		status.Conditions = append(status.Conditions, metav1.Condition{
			Type: kind, Status: metav1.ConditionTrue, Reason: "Released", Message: fmt.Sprintf("%0100d", n), ObservedGeneration: 1,
		})
	}
	for i := range requirements {
		status.Requirements = append(status.Requirements, v1alpha1.RequirementStatus{
			Name: fmt.Sprintf("requirement-%d", i), State: v1alpha1.RequirementMet, Evidence: fmt.Sprintf("evaluation-%d-%d", n, i),
			Message: fmt.Sprintf("%0150d", n), ExpiresTime: &metav1.Time{Time: time.Unix(1_800_000_000, 0)},
		})
	}
	return status
}

// The bounds are a quarter above what it takes; without the transforms it is more than twice as much.
func TestWhatACacheKeepsIsSmall(t *testing.T) {
	managed := []metav1.ManagedFieldsEntry{{Manager: "m", Operation: metav1.ManagedFieldsOperationApply, FieldsType: "FieldsV1",
		FieldsV1: metav1.NewFieldsV1(`{"f:status":{"f:conditions":{` + strings.Repeat(`"k:{\"type\":\"Ready\"}":{".":{}},`, 40) + `"f:x":{}}}}`)}}
	applied := map[string]string{corev1.LastAppliedConfigAnnotation: strings.Repeat("x", 1000)}
	trims := map[string]func(any) (any, error){}
	for o, kept := range many() {
		trims[fmt.Sprintf("%T", o)] = kept.Transform
	}
	for name, test := range map[string]struct {
		bytes uint64
		most  uint64
	}{
		"a release": {bytesOf(t, func(n int) *v1alpha1.ModelRelease {
			r := release()
			r.Name, r.ManagedFields, r.Annotations = fmt.Sprintf("m%d", n), managed, applied
			return r
		}, func() *v1alpha1.ModelRelease { return &v1alpha1.ModelRelease{} }, trims["*v1alpha1.ModelRelease"]), 1500},
		"a release with what is said of five requirements": {bytesOf(t, func(n int) *v1alpha1.ModelRelease {
			r := release()
			r.Name, r.ManagedFields, r.Annotations = fmt.Sprintf("m%d", n), managed, applied
			r.Status = saidOfRequirements(n, 5)
			return r
		}, func() *v1alpha1.ModelRelease { return &v1alpha1.ModelRelease{} }, trims["*v1alpha1.ModelRelease"]), 4200},
		"an evaluation": {bytesOf(t, func(n int) *v1alpha1.SafetyEvaluation {
			e := result("0.1")
			e.Name, e.ManagedFields, e.Annotations = fmt.Sprintf("e%d", n), managed, applied
			return e
		}, func() *v1alpha1.SafetyEvaluation { return &v1alpha1.SafetyEvaluation{} }, trims["*v1alpha1.SafetyEvaluation"]), 1600},
		"a ConfigMap": {bytesOf(t, func(n int) *metav1.PartialObjectMetadata {
			return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
				Namespace: "n", Name: fmt.Sprintf("c%d", n), UID: "u", ManagedFields: managed, Annotations: applied, Labels: map[string]string{"a": "b"},
			}}
		}, func() *metav1.PartialObjectMetadata { return &metav1.PartialObjectMetadata{} }, trims["*v1.ConfigMap"]), 400},
	} {
		t.Logf("%s: %d bytes", name, test.bytes)
		if test.bytes > test.most {
			t.Errorf("%s takes %d bytes, want %d at most", name, test.bytes, test.most)
		}
	}
}

// What is left out of a cache changes no decision: an object that was trimmed differs from what it was in nothing else.
func TestWhatIsTrimmedSaysTheSame(t *testing.T) {
	for o, kept := range many() {
		var full client.Object
		switch o.(type) {
		case *v1alpha1.ModelRelease:
			full = release()
		case *v1alpha1.SafetyEvaluation:
			full = result("0.1")
		default:
			continue
		}
		full.SetAnnotations(map[string]string{"a": "b", corev1.LastAppliedConfigAnnotation: "c"})
		want := copied(t, full)
		want.SetAnnotations(map[string]string{"a": "b"})
		got, err := kept.Transform(full)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%T (-want +got):\n%s", o, diff)
		}
	}
}
