// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package argocd

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// refused is an Application whose automated sync Scalegate refused at eight o'clock.
const refused = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: models, namespace: argocd, annotations: {scalegate.dev/retry-when-released: "serving/m1"}}
spec:
  syncPolicy:
    automated: {prune: true, selfHeal: true}
    retry: {limit: 2}
    syncOptions: [ServerSideApply=true]
status:
  sync: {status: OutOfSync, revision: abc}
  operationState:
    phase: Failed
    startedAt: "2026-03-01T08:00:00Z"
    syncResult:
      revision: abc
      resources:
      - {status: Synced, message: applied}
      - {status: SyncFailed, message: "daemonsets.apps \"a\" is forbidden: ValidatingAdmissionPolicy 'scalegate-guard-updates' with binding 'x' denied request: no"}
`

var release = types.NamespacedName{Namespace: "serving", Name: "m1"}

func at(hour int) time.Time { return time.Date(2026, time.March, 1, hour, 0, 0, 0, time.UTC) }

func theApplication(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(refused), &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

// with changes an Application at a path; nil removes what is there.
func with(value any, path ...string) func(*testing.T, *unstructured.Unstructured) {
	return func(t *testing.T, u *unstructured.Unstructured) {
		t.Helper()
		if value == nil {
			unstructured.RemoveNestedField(u.Object, path...)
			return
		}
		if err := unstructured.SetNestedField(u.Object, value, path...); err != nil {
			t.Fatal(err)
		}
	}
}

func failed(message string) []any {
	return []any{map[string]any{"status": "SyncFailed", "message": message}}
}

func TestAfter(t *testing.T) {
	const yes, no, later = "again", "nothing", "later"
	state := []string{"status", "operationState"}
	in := func(path ...string) []string { return append(append([]string{}, state...), path...) }
	for sentence, test := range map[string]struct {
		change   func(*testing.T, *unstructured.Unstructured)
		released time.Time
		want     string
	}{
		"what was refused before the release is tried again":    {released: at(9), want: yes},
		"what was tried since is not":                           {released: at(7), want: no},
		"nor what goes on its own way":                          {with("Succeeded", in("phase")...), at(9), no},
		"what is on its way is looked at later":                 {with("Running", in("phase")...), at(9), later},
		"also where its operation was just asked for":           {with(map[string]any{"sync": map[string]any{}}, "operation"), at(9), later},
		"nothing is asked of an Application that people sync":   {with(nil, "spec", "syncPolicy", "automated"), at(9), no},
		"nor of one whose automated sync is off":                {with(false, "spec", "syncPolicy", "automated", "enabled"), at(9), no},
		"one whose automated sync is on in so many words is":    {with(true, "spec", "syncPolicy", "automated", "enabled"), at(9), yes},
		"one that is in sync has nothing to try":                {with("Synced", "status", "sync", "status"), at(9), no},
		"another commit Argo CD tries by itself":                {with("def", "status", "sync", "revision"), at(9), no},
		"one that is being deleted is left alone":               {with("2026-03-01T08:30:00Z", "metadata", "deletionTimestamp"), at(9), no},
		"one that was never synced is":                          {with(nil, state...), at(9), no},
		"one that failed before anything was applied is":        {with(nil, in("syncResult")...), at(9), no},
		"what failed for a reason of its own is not ours":       {with(failed("Deployment.apps \"a\" is invalid"), in("syncResult", "resources")...), at(9), no},
		"nor what another policy refused":                       {with(failed("ValidatingAdmissionPolicy 'others' denied request: scalegate"), in("syncResult", "resources")...), at(9), no},
		"what the webhook refused is":                           {with(failed(`admission webhook "workloads.scalegate.dev" denied the request: no`), in("syncResult", "resources")...), at(9), yes},
		"what was refused in the very second of the release is": {released: at(8), want: yes},
	} {
		t.Run(sentence, func(t *testing.T) {
			app := theApplication(t)
			if test.change != nil {
				test.change(t, app)
			}
			got, err := After(app, release, test.released)
			if err != nil {
				t.Fatal(err)
			}
			is := no
			switch {
			case got.Operation != nil:
				is = yes
			case got.Later:
				is = later
			}
			if is != test.want {
				t.Errorf("it is %s, want %s", is, test.want)
			}
		})
	}
}

func TestTheOperationIsTheSyncThatFailed(t *testing.T) {
	got, err := After(theApplication(t), release, at(9))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"initiatedBy": map[string]any{"automated": true, "username": "scalegate"},
		"info":        []any{map[string]any{"name": "Reason", "value": "ModelRelease serving/m1 is released"}},
		"retry":       map[string]any{"limit": float64(2)},
		"sync":        map[string]any{"prune": true, "revision": "abc", "syncOptions": []any{"ServerSideApply=true"}},
	}
	if diff := cmp.Diff(want, got.Operation); diff != "" {
		t.Errorf("operation (-want +got):\n%s", diff)
	}
}

func TestOneOfSeveralSources(t *testing.T) {
	app := theApplication(t)
	for _, path := range [][]string{{"status", "sync"}, {"status", "operationState", "syncResult"}} {
		with(nil, append(path, "revision")...)(t, app)
		with([]any{"abc", "def"}, append(path, "revisions")...)(t, app)
	}
	with(nil, "spec", "syncPolicy", "retry")(t, app)
	got, err := After(app, release, at(9))
	if err != nil {
		t.Fatal(err)
	}
	sync, _ := got.Operation["sync"].(map[string]any)
	if diff := cmp.Diff([]string{"abc", "def"}, sync["revisions"]); diff != "" || sync["revision"] != nil {
		t.Errorf("sync = %v", sync)
	}
	if diff := cmp.Diff(map[string]any{"limit": retries}, got.Operation["retry"]); diff != "" {
		t.Errorf("retry (-want +got):\n%s", diff)
	}
}

func TestNames(t *testing.T) {
	for annotation, want := range map[string]bool{
		"serving/m1": true, "other/m2, serving/m1": true, "": false, "m1": false, "serving/m10": false, "serving": false, "*": false,
	} {
		app := theApplication(t)
		app.SetAnnotations(map[string]string{Annotation: annotation})
		if Names(app, release) != want {
			t.Errorf("%q names the release: %v, want %v", annotation, !want, want)
		}
	}
}

func TestWhatIsNoApplication(t *testing.T) {
	app := theApplication(t)
	with("tomorrow", "status", "sync")(t, app)
	if _, err := After(app, release, at(9)); err == nil {
		t.Error("there is no error")
	}
}
