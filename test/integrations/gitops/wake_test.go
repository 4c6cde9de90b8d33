// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/internal/argocd"
	"github.com/scalegate/scalegate/test/installation"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// argocdNamespace is where Applications are; the manager of the tests runs with it in --argocd-namespaces.
const argocdNamespace = "argocd"

func apply(t *testing.T, args ...string) {
	t.Helper()
	_, err := shared.Kubectl(t.Context(), shared.Admin(), append([]string{"apply", "--server-side", "--validate=strict"}, args...)...)
	must(t, err)
}

// application is one that Argo CD syncs by itself and whose last sync failed with the message just now.
func application(name, waitsFor, message string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"syncPolicy": map[string]any{"automated": map[string]any{"prune": true}}},
		"status": map[string]any{
			"sync": map[string]any{"status": "OutOfSync", "revision": "abc"},
			"operationState": map[string]any{
				"phase": "Failed", "startedAt": time.Now().UTC().Format(time.RFC3339),
				"syncResult": map[string]any{"revision": "abc", "resources": []any{map[string]any{"status": "SyncFailed", "message": message}}},
			},
		},
	}}
	o.SetGroupVersionKind(argocd.Kind())
	o.SetName(name)
	o.SetNamespace(argocdNamespace)
	if waitsFor != "" {
		o.SetAnnotations(map[string]string{argocd.Annotation: waitsFor})
	}
	return o
}

// daemonSet is one of the namespace that runs what the release declares. Its updates are refused while the release is not
// cleared, since nothing would keep the old pods.
func daemonSet(t *testing.T, repo repository) *unstructured.Unstructured {
	t.Helper()
	o := named(t, repo.files(t, "workloads"), "Deployment", "chat")
	o.SetKind("DaemonSet")
	unstructured.RemoveNestedField(o.Object, "spec", "replicas")
	return o
}

// refusal is what the API server says of an update of the DaemonSet.
func refusal(t *testing.T, client dynamic.Interface, repo repository) string {
	t.Helper()
	set := daemonSet(t, repo)
	_, err := resource(client, set).Create(t.Context(), set, metav1.CreateOptions{})
	must(t, err)
	err = update(t.Context(), client, set)
	if !apierrors.IsForbidden(err) {
		t.Fatalf("the update ends with %v, and should be refused", err)
	}
	return err.Error()
}

func update(ctx context.Context, client dynamic.Interface, set *unstructured.Unstructured) error {
	const patch = `{"spec": {"template": {"metadata": {"annotations": {"commit": "abc"}}}}}`
	_, err := resource(client, set).Patch(ctx, set.GetName(), types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return err
}

func operationOf(t *testing.T, client dynamic.Interface, app *unstructured.Unstructured) map[string]any {
	t.Helper()
	is, err := live(t.Context(), client, app)
	must(t, err)
	operation, _, err := unstructured.NestedMap(is.Object, "operation")
	must(t, err)
	return operation
}

func TestArgoCDIsWokenWhenItsReleaseIsReleased(t *testing.T) {
	t.Parallel()
	explained(t)
	admin := shared.as(t, "admin")
	apply(t, "-f", filepath.Join("testdata", "application-crd.yaml"))
	_, err := shared.Kubectl(t.Context(), shared.Admin(), "wait", "--for=condition=Established", "--timeout=60s", "crd/applications.argoproj.io")
	must(t, err)
	_, err = shared.Kubectl(t.Context(), shared.Admin(), "create", "namespace", argocdNamespace)
	must(t, err)
	apply(t, "-k", filepath.Join(installation.Root(), "config", "argocd", "wake-up"))
	must(t, shared.Govern(t.Context(), "wake"))
	repo := repository{namespace: "wake", rate: "0.01", time: time.Now().Add(-time.Minute)}
	for _, o := range repo.files(t, "policy", "release") {
		_, err := resource(admin, o).Create(t.Context(), o, metav1.CreateOptions{})
		must(t, err)
	}
	hasReason(t, admin, release("wake"), "EvidenceMissing")
	refused := refusal(t, admin, repo)

	waits, running := application("waits", "other/m9, wake/m1", refused), application("running", "wake/m1", refused)
	must(t, unstructured.SetNestedField(running.Object, "Running", "status", "operationState", "phase"))
	alone := []*unstructured.Unstructured{
		application("asks-nothing", "", refused), application("waits-for-another", "wake/m2", refused),
		application("failed-by-itself", "wake/m1", "Deployment.apps \"x\" is invalid"),
	}
	for _, o := range append(alone, waits, running) {
		_, err := resource(admin, o).Create(t.Context(), o, metav1.CreateOptions{})
		must(t, err)
	}
	for _, o := range repo.files(t, "evidence") {
		_, err := resource(admin, o).Create(t.Context(), o, metav1.CreateOptions{})
		must(t, err)
	}
	hasReason(t, admin, release("wake"), "Released")

	eventually(t, func(context.Context) error {
		sync, _ := operationOf(t, admin, waits)["sync"].(map[string]any)
		if sync["revision"] != "abc" || sync["prune"] != true {
			return fmt.Errorf("the sync is not asked for again: %v", sync)
		}
		return nil
	})
	t.Run("what was refused goes through now", func(t *testing.T) { must(t, update(t.Context(), admin, daemonSet(t, repo))) })
	t.Run("one whose sync is on its way is woken once that was refused", func(t *testing.T) {
		patch := `{"status": {"operationState": {"phase": "Failed"}}}`
		_, err := resource(admin, running).Patch(t.Context(), "running", types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		must(t, err)
		eventually(t, func(context.Context) error {
			if operationOf(t, admin, running) == nil {
				return fmt.Errorf("the sync is not asked for again")
			}
			return nil
		})
	})
	for _, app := range alone {
		t.Run("left alone is the one that "+app.GetName(), func(t *testing.T) {
			if operation := operationOf(t, admin, app); operation != nil {
				t.Errorf("it is asked to %v", operation)
			}
		})
	}
	t.Run("an event of the release tells it", func(t *testing.T) { toldOfRetry(t, admin) })
	mayDoNothingElse(t, alone[1])
}

func toldOfRetry(t *testing.T, client dynamic.Interface) {
	t.Helper()
	events := client.Resource(schema.GroupVersionResource{Group: "events.k8s.io", Version: "v1", Resource: "events"}).Namespace("wake")
	eventually(t, func(ctx context.Context) error {
		list, err := events.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list.Items {
			note, _, _ := unstructured.NestedString(list.Items[i].Object, "note")
			if reason, _, _ := unstructured.NestedString(list.Items[i].Object, "reason"); reason == "SyncRetried" && strings.Contains(note, "argocd/waits") {
				return nil
			}
		}
		return fmt.Errorf("no event tells it")
	})
}

// mayDoNothingElse tries with Scalegate's own account what its rights would let it do to an Application.
func mayDoNothingElse(t *testing.T, app *unstructured.Unstructured) {
	t.Helper()
	cfg, err := shared.ServiceAccount(t.Context(), installation.Namespace, installation.ServiceAccount)
	must(t, err)
	scalegate, err := dynamic.NewForConfig(cfg)
	must(t, err)
	const asked = `"initiatedBy": {"automated": true}`
	const nothingElse, noOther = "changes nothing of an Application but its operation", "for the automated sync of what the Application names"
	waiting := app.GetName()
	for sentence, test := range map[string]struct{ name, patch, says string }{
		"it cannot change where an Application comes from": {waiting, `{"spec": {"source": {"repoURL": "https://elsewhere.example"}}}`, nothingElse},
		"it cannot make an Application name a release":     {waiting, `{"metadata": {"annotations": {"scalegate.dev/retry-when-released": "wake/m1"}}}`, nothingElse},
		"it cannot write its status":                       {waiting, `{"status": {"sync": {"status": "Synced"}}}`, nothingElse},
		"it cannot sync manifests that it brings along":    {waiting, `{"operation": {` + asked + `, "sync": {"manifests": ["{}"]}}}`, noOther},
		"it cannot sync from another source": {
			waiting, `{"operation": {` + asked + `, "sync": {"source": {"repoURL": "https://elsewhere.example"}}}}`, noOther,
		},
		"it cannot sync as a person does, past the windows of automated syncs": {waiting, `{"operation": {"sync": {"revision": "abc"}}}`, noOther},
		"it cannot take the operation of another away":                         {"running", `{"operation": null}`, "another operation of the Application is in progress"},
		"it cannot wake one that asks for nothing": {
			"asks-nothing", `{"operation": {` + asked + `, "sync": {"revision": "abc"}}}`, "does not ask to be synced when a release is released",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			options := metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}}
			_, err := resource(scalegate, app).Patch(t.Context(), test.name, types.MergePatchType, []byte(test.patch), options)
			if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("it ends with %v, want %q", err, test.says)
			}
		})
	}
	t.Run("it cannot delete one", func(t *testing.T) {
		if err := resource(scalegate, app).Delete(t.Context(), app.GetName(), metav1.DeleteOptions{}); !apierrors.IsForbidden(err) {
			t.Errorf("it ends with %v", err)
		}
	})
}
