// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package freeing

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// object is an object of a kind: what is given, with a namespace, a name, a UID and a version.
func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	o := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal([]byte(text), &o.Object); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	o.SetNamespace("serving")
	o.SetName("x")
	o.SetUID("u")
	o.SetResourceVersion("7")
	return o
}

func subject(t *testing.T, name string) kinds.Kind {
	t.Helper()
	for _, kind := range Subjects() {
		if kind.Kind == name {
			return kind
		}
	}
	t.Fatalf("%s is no subject", name)
	return kinds.Kind{}
}

// heldRow is an object, what holds it, and what releasing it writes.
type heldRow struct {
	kind, object string
	heldBy       []string
	then         string
	// write is what changes beside uid and version; empty where nothing is held.
	write string
}

const claim = `"template":{"metadata":{"labels":{"scalegate.dev/release":"m1"}}}`

func marked(mark, spec string) string {
	return `{"metadata":{"annotations":{"scalegate.dev/held":"` + mark + `","scalegate.dev/cleared-template":"t"}},"spec":{` + spec + `,` + claim + `}}`
}

// heldObjects are rows about pods and parents.
func heldObjects() map[string]heldRow {
	return map[string]heldRow{
		"a pod with the gate keeps its other gates": {
			"Pod", `{"metadata":{"annotations":{"scalegate.dev/hold-reason":"EvidenceMissing: look"}},"spec":{"schedulingGates":[{"name":"a"},{"name":"scalegate.dev/hold"}]}}`,
			[]string{"scheduling gate"}, "is scheduled",
			`{"metadata":{"annotations":{"scalegate.dev/hold-reason":null}},"spec":{"schedulingGates":[{"$patch":"delete","name":"scalegate.dev/hold"}]}}`,
		},
		"a pod with another gate is not held by Scalegate": {kind: "Pod", object: `{"spec":{"schedulingGates":[{"name":"a"}]}}`},
		"a Deployment rolls out": {
			"Deployment", marked("resume", `"paused":true`), []string{"paused"}, "rolls out",
			`{"metadata":{"annotations":{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null}},"spec":{"paused":false}}`,
		},
		"a Deployment that its author had paused stays so": {
			"Deployment", marked("paused", `"paused":true`), []string{"mark"}, "stays as its author had it, paused",
			`{"metadata":{"annotations":{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null}}}`,
		},
		"a Deployment whose pause is gone loses the mark": {
			"Deployment", marked("resume", `"replicas":1`), []string{"mark"}, "stays as it is",
			`{"metadata":{"annotations":{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null}}}`,
		},
		"a Deployment that was scaled down has its replicas again": {
			"Deployment", `{"metadata":{"annotations":{"scalegate.dev/scaled-replicas":"8/2"}},"spec":{"replicas":2,` + claim + `}}`,
			[]string{"replicas 2 of 8"}, "has 8 replicas again",
			`{"metadata":{"annotations":{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null,"scalegate.dev/scaled-replicas":null}},"spec":{"replicas":8}}`,
		},
		"a Deployment that somebody scaled since keeps that": {
			"Deployment", `{"metadata":{"annotations":{"scalegate.dev/scaled-replicas":"8/2"}},"spec":{"replicas":3,` + claim + `}}`,
			[]string{"mark"}, "keeps its 3 replicas: somebody set them since",
			`{"metadata":{"annotations":{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null,"scalegate.dev/scaled-replicas":null}}}`,
		},
		"a Deployment that was paused and scaled down": {
			"Deployment", `{"metadata":{"annotations":{"scalegate.dev/held":"resume","scalegate.dev/scaled-replicas":"8/2"}},"spec":{"paused":true,"replicas":2,` + claim + `}}`,
			[]string{"paused", "replicas 2 of 8"}, "rolls out, has 8 replicas again",
			`{"metadata":{"annotations":{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null,"scalegate.dev/scaled-replicas":null}},"spec":{"paused":false,"replicas":8}}`,
		},
		"a StatefulSet rolls out from its author's partition": {
			"StatefulSet", marked("partition=2", `"updateStrategy":{"rollingUpdate":{"partition":2147483647}}`), []string{"partition"}, "rolls out from partition 2",
			`{"metadata":{"annotations":{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null}},"spec":{"updateStrategy":{"rollingUpdate":{"partition":2}}}}`,
		},
		"a Job starts": {
			"Job", marked("resume", `"suspend":true`), []string{"suspended"}, "starts",
			`{"metadata":{"annotations":{"scalegate.dev/cleared-template":null,"scalegate.dev/held":null}},"spec":{"suspend":false}}`,
		},
		"a Deployment without a mark": {kind: "Deployment", object: `{"spec":{"paused":true}}`},
	}
}

// heldWorkloads are rows about Workloads of Kueue.
func heldWorkloads() map[string]heldRow {
	return map[string]heldRow{
		"a Workload of Kueue is active again before its check is answered": {
			"Workload", `{"metadata":{"annotations":{"scalegate.dev/held":"resume"}},"spec":{"active":false},"status":{"admissionChecks":[{"name":"ours","state":"Pending"}]}}`,
			[]string{"not active", "admission check ours"}, "waits in its queue",
			`{"metadata":{"annotations":{"scalegate.dev/held":null}},"spec":{"active":true}}`,
		},
		"a Workload of Kueue that its author had made inactive": {
			"Workload", `{"metadata":{"annotations":{"scalegate.dev/held":"paused"}},"spec":{"active":false}}`,
			[]string{"mark"}, "stays as its author had it, not active", `{"metadata":{"annotations":{"scalegate.dev/held":null}},"spec":{"active":false}}`,
		},
		"a Workload that waits for our check, and for another's": {
			"Workload", `{"status":{"admissionChecks":[{"name":"theirs","state":"Pending"},{"name":"ours","state":"Retry","message":"m"}]}}`,
			[]string{"admission check ours"}, "is let in",
			`{"metadata":{},"status":{"admissionChecks":[{"name":"theirs","state":"Pending"},{"message":"` + checkMessage + `","name":"ours","state":"Ready"}]}}`,
		},
		"a Workload that our check let in": {kind: "Workload", object: `{"status":{"admissionChecks":[{"name":"ours","state":"Ready"}]}}`},
	}
}

func TestHolds(t *testing.T) {
	rows := heldObjects()
	maps.Copy(rows, heldWorkloads())
	for name, tc := range rows {
		t.Run(name, func(t *testing.T) {
			kind, o := subject(t, tc.kind), object(t, tc.object)
			h, held := Of(kind, o, []string{"ours"})
			if held != (tc.write != "") || !cmp.Equal(h.HeldBy, tc.heldBy) || held && h.Then != tc.then {
				t.Fatalf("it is held: %v, by %q, and then %q; want by %q, and then %q", held, h.HeldBy, h.Then, tc.heldBy, tc.then)
			}
			if !held {
				return
			}
			write := Next(kind, o, []string{"ours"})
			metadata, _ := write.Content["metadata"].(map[string]any)
			if metadata["resourceVersion"] != "7" || metadata["uid"] == nil {
				t.Errorf("the write is for any version: %v", metadata)
			}
			delete(metadata, "resourceVersion")
			delete(metadata, "uid")
			content, err := json.Marshal(write.Content)
			if err != nil || string(content) != tc.write {
				t.Errorf("it writes %s, want %s (%v)", content, tc.write, err)
			}
		})
	}
}

func TestWhatAnObjectSaysOfItsHold(t *testing.T) {
	for name, tc := range map[string]struct {
		kind, object, since, why string
		releases                 []string
	}{
		"a pod says when it was made, and why it is held": {
			kind:     "Pod",
			object:   `{"metadata":{"creationTimestamp":"2026-03-01T10:00:00Z","labels":{"scalegate.dev/release":"m1"},"annotations":{"scalegate.dev/hold-reason":"EvidenceMissing: look"}},"spec":{"schedulingGates":[{"name":"scalegate.dev/hold"}]}}`,
			releases: []string{"m1"}, since: "2026-03-01T10:00:00Z", why: "EvidenceMissing: look",
		},
		"a Deployment says when its rollout was paused": {
			kind:   "Deployment",
			object: `{"metadata":{"annotations":{"scalegate.dev/held":"resume"}},"spec":{"paused":true},"status":{"conditions":[{"type":"Available","lastUpdateTime":"2026-03-01T09:00:00Z"},{"type":"Progressing","reason":"DeploymentPaused","lastUpdateTime":"2026-03-01T10:00:00Z"}]}}`,
			since:  "2026-03-01T10:00:00Z",
		},
		"a Job says when it was suspended": {
			kind:   "Job",
			object: `{"metadata":{"annotations":{"scalegate.dev/held":"resume"}},"spec":{"suspend":true},"status":{"conditions":[{"type":"Suspended","status":"True","lastTransitionTime":"2026-03-01T10:00:00Z"}]}}`,
			since:  "2026-03-01T10:00:00Z",
		},
		"a StatefulSet does not say it": {kind: "StatefulSet", object: `{"metadata":{"annotations":{"scalegate.dev/held":"partition=0"}},"spec":{}}`},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := Of(subject(t, tc.kind), object(t, tc.object), nil)
			since := ""
			if h.Since != nil {
				since = h.Since.UTC().Format("2006-01-02T15:04:05Z")
			}
			if since != tc.since || h.Why != tc.why || !cmp.Equal(h.Releases, tc.releases) {
				t.Errorf("since %q, why %q, releases %q; want %q, %q, %q", since, h.Why, h.Releases, tc.since, tc.why, tc.releases)
			}
		})
	}
}

// TestPodsComeLast: parents that go on make pods of their own, which are then released with those that were there.
func TestPodsComeLast(t *testing.T) {
	all := Subjects()
	if last := all[len(all)-1]; last.Kind != "Pod" {
		t.Errorf("the last subject is %s", last.Kind)
	}
}
