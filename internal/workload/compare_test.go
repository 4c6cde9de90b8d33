// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"strings"
	"testing"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// named is the fixture's pod as the next of the same ReplicaSet.
func named(tb testing.TB, suffix string) map[string]any {
	tb.Helper()
	text, err := json.Marshal(pod(tb))
	if err != nil {
		tb.Fatal(err)
	}
	p := decode(tb, strings.ReplaceAll(string(text), "x7k2p", suffix))
	edit(tb, p, "metadata.name", "opus-7d9c-"+suffix)
	edit(tb, p, "metadata.uid", "22222222-2222-3333-4444-555555555555")
	edit(tb, p, "metadata.resourceVersion", "42")
	edit(tb, p, "metadata.creationTimestamp", "2026-01-02T03:04:05Z")
	edit(tb, p, "spec.nodeName", "node-"+suffix)
	return p
}

// sameAsAlone demands that a Comparer that compared other pods says of a pod what MatchPod does.
func sameAsAlone(t *testing.T, object map[string]any, before ...map[string]any) {
	t.Helper()
	c := NewComparer(declaration())
	for _, other := range before {
		c.Pod(other)
	}
	if got, want := c.Pod(object), MatchPod(declaration(), object); got.String() != want.String() {
		t.Errorf("after others: %s\nby itself: %s", got, want)
	}
}

func TestAPodIsJudgedAsItIsWhateverWasJudgedBefore(t *testing.T) {
	changes := []change{{"metadata.labels.x", "y", ""}, {"metadata.deletionTimestamp", "2026-01-02T03:04:05Z", ""}, {"spec.hostname", "other", ""}}
	for _, rows := range changesOfMatchedFields() {
		changes = append(changes, rows...)
	}
	for _, field := range []struct {
		path   string
		values []any
	}{
		// What is not compared is refused where it cannot be read, and so is what is not known.
		{"metadata.name", []any{int64(1), nil, map[string]any{}}},
		{"metadata.uid", []any{int64(1), true}},
		{"metadata.creationTimestamp", []any{"yesterday", nil, int64(5)}},
		{"spec.nodeName", []any{int64(1), []any{}}},
		{"spec.hostname", []any{false}},
		{"metadata.somethingNew", []any{"x", nil, map[string]any{}}},
		{"spec.somethingNew", []any{"x", nil}},
		{"somethingNew", []any{"x"}},
		{"spec.volumes[kube-api-access-zzzzz].name", []any{"models", "kube-api-access-", nil}},
		{"spec.volumes[kube-api-access-zzzzz].projected.sources[1].configMap.name", []any{"models"}},
		{"spec.containers[server].volumeMounts[kube-api-access-zzzzz].name", []any{"kube-api-access-x7k2p", "shm"}},
		{"spec.containers[server].volumeMounts[kube-api-access-zzzzz].mountPath", []any{"/models/x"}},
		{"spec.containers[server].volumeDevices[+]", []any{map[string]any{"name": "kube-api-access-x7k2p"}}},
		{"spec.containers[check].name", []any{"kube-api-access-x7k2p", "kube-api-access-zzzzz"}},
		{"spec.containers[+]", []any{map[string]any{"name": "kube-api-access-x7k2p", "image": pinned("x", serverDigit)}, "x", nil}},
		{"spec.volumes[+]", []any{map[string]any{"name": "kube-api-access-x7k2p", "emptyDir": map[string]any{}}, int64(3)}},
	} {
		for _, value := range field.values {
			changes = append(changes, change{field.path, value, ""})
		}
	}
	for _, c := range changes {
		t.Run(c.path, func(t *testing.T) {
			object := named(t, "zzzzz")
			edit(t, object, c.path, c.value)
			again := named(t, "yyyyy")
			edit(t, again, strings.ReplaceAll(c.path, "zzzzz", "yyyyy"), c.value)
			sameAsAlone(t, object, named(t, "x7k2p"))
			sameAsAlone(t, again, object)
			sameAsAlone(t, named(t, "x7k2p"), object)
		})
	}
}

func TestADeclarationIsComparedWithOnceForPodsOfOneOwner(t *testing.T) {
	c := NewComparer(declaration())
	if m := c.Pod(named(t, "aaaaa")); m != nil {
		t.Fatal(m)
	}
	next := named(t, "bbbbb")
	if n := testing.AllocsPerRun(20, func() { c.Pod(next) }); n > 4 {
		t.Errorf("a pod like the one before takes %v allocations, want none to speak of", n)
	}
	if len(c.compared) != 1 {
		t.Errorf("%d pods are remembered, want one for all", len(c.compared))
	}
}

func TestAPodAloneTakesNoMoreAllocationsThanItHasFields(t *testing.T) {
	object, c := named(t, "aaaaa"), NewComparer(declaration())
	if n := testing.AllocsPerRun(20, func() { c.match(withoutObject(object), true) }); n > 2600 {
		t.Errorf("comparing a pod takes %v allocations", n)
	}
}

func TestNoMorePodsAreRememberedThanRoomIsFor(t *testing.T) {
	c := NewComparer(declaration())
	for i := range 3 * remembered {
		object := named(t, "aaaaa")
		edit(t, object, "metadata.labels.n", strings.Repeat("x", i+1))
		if m := c.Pod(object); m != nil {
			t.Fatal(m)
		}
	}
	if len(c.compared) != remembered {
		t.Errorf("%d pods are remembered, want %d", len(c.compared), remembered)
	}
}

// Whatever two pods hold, the second is judged as if there had been no first.
func FuzzComparer(f *testing.F) {
	for _, suffix := range []string{"x7k2p", "zzzzz"} {
		data, err := json.Marshal(named(f, suffix))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, []byte(`{"spec": {"nodeName": 1}}`))
		f.Add(data, data)
	}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		var a, b map[string]any
		if utiljson.Unmarshal(first, &a) != nil || utiljson.Unmarshal(second, &b) != nil || a == nil || b == nil {
			return
		}
		sameAsAlone(t, b, a)
	})
}

func BenchmarkComparerNextPod(b *testing.B) {
	c := NewComparer(declaration())
	c.Pod(named(b, "aaaaa"))
	next := named(b, "bbbbb")
	b.ReportAllocs()
	for b.Loop() {
		c.Pod(next)
	}
}
