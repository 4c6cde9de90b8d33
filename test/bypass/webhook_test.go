// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/bypass/meddling"
)

// serveWebhook installs somebody's mutating webhook until the test ends.
func serveWebhook(t *testing.T, ns, group, resource string, patch ...meddling.Patch) {
	t.Helper()
	if shared.External() {
		t.Skip("the API server of an external cluster does not reach the test's webhook")
	}
	install(t, meddling.Webhook(t, meddling.Target{Namespace: ns, Group: group, Resource: resource}, patch...))
}

func patched(op, path string, value any) meddling.Patch {
	return meddling.Patch{Op: op, Path: path, Value: value}
}

func TestAWebhookOpensNothing(t *testing.T) {
	t.Parallel()
	marked := patched("add", "/metadata/labels/seen", "yes")
	t.Run("swapping the image of what is born free is refused", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		writeClearance(t, ns, granted(cleared).String())
		serveWebhook(t, ns, "", "pods", marked, patched("replace", "/spec/containers/0/image", "registry.example/swapped:latest"))
		eventually(t, func(ctx context.Context) error {
			err := shared.replicaSets.Create(ctx, pod(ns, ownedBy(cleared)), client.DryRunAll)
			return refusal(err, "something changed it on its way here")
		})
		held1 := pod(ns)
		must(t, shared.Client.Create(t.Context(), held1, client.DryRunAll))
		if !held(held1) || held1.Spec.Containers[0].Image != "registry.example/swapped:latest" {
			t.Errorf("held: %v, image %s", held(held1), held1.Spec.Containers[0].Image)
		}
	})
	t.Run("adding a container with an image that is not cleared is refused", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		writeClearance(t, ns, granted(cleared).String())
		serveWebhook(t, ns, "", "pods", marked, patched("add", "/spec/containers/-", corev1.Container{Name: "proxy", Image: image("proxy")}))
		eventually(t, func(ctx context.Context) error {
			return refusal(shared.replicaSets.Create(ctx, pod(ns, ownedBy(cleared)), client.DryRunAll), "not among those cleared")
		})
	})
	t.Run("taking the hold off leaves no pod, or a held one", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		serveWebhook(t, ns, "", "pods", marked, patched("add", "/spec/schedulingGates", []any{}))
		eventually(t, func(ctx context.Context) error {
			p := pod(ns)
			err := shared.Client.Create(ctx, p, client.DryRunAll)
			switch {
			case err != nil:
				return refusal(err, "neither held nor made by a cleared owner")
			case !held(p):
				t.Fatal("the pod is born free")
			case p.Labels["seen"] == "":
				return errors.New("the webhook is not in force")
			}
			return nil
		})
	})
	t.Run("resuming a Deployment leaves it held", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		serveWebhook(t, ns, "apps", "deployments", patched("add", "/metadata/labels", map[string]string{"seen": "yes"}), patched("add", "/spec/paused", false))
		eventually(t, func(ctx context.Context) error {
			d := deployment(ns, "web", func(d *appsv1.Deployment) { d.Spec.Paused = true })
			if err := shared.Client.Create(ctx, d, client.DryRunAll); err != nil {
				return err
			}
			if d.Labels["seen"] == "" {
				return errors.New("the webhook is not in force")
			}
			if !d.Spec.Paused || !isHeld(d) {
				t.Errorf("paused: %v, annotations: %v", d.Spec.Paused, d.Annotations)
			}
			return nil
		})
	})
}
