// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/bypass/meddling"
)

// mutate installs somebody's mutating policy until the test ends.
func mutate(t *testing.T, ns, group, resource, expression string) {
	t.Helper()
	install(t, meddling.Policy(meddling.Target{Namespace: ns, Group: group, Resource: resource}, expression)...)
}

func install(t *testing.T, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		must(t, shared.Client.Create(t.Context(), o))
		t.Cleanup(func() {
			if err := shared.Client.Delete(context.WithoutCancel(t.Context()), o); err != nil {
				t.Error(err)
			}
		})
	}
}

const (
	swapImage = `[JSONPatch{op: "replace", path: "/spec/containers/0/image", value: "registry.example/swapped:latest"}]`
	dropGates = `has(object.spec.schedulingGates) ? [JSONPatch{op: "remove", path: "/spec/schedulingGates"}] : []`
	addClaim  = `[JSONPatch{op: "add", path: "/metadata/labels/scalegate.dev~1release", value: "m1"}]`
	dropClaim = `"scalegate.dev/release" in object.metadata.labels ? [JSONPatch{op: "remove", path: "/metadata/labels/scalegate.dev~1release"}] : []`
	resume    = `[JSONPatch{op: "add", path: "/spec/paused", value: false}]`
)

// Another mutating policy, before or after ours, does not open what is held or cleared.
func TestAnotherPolicyOpensNothing(t *testing.T) {
	t.Parallel()
	t.Run("swapping the image of what is born free is refused", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		_, rs := serve(t, ns)
		mutate(t, ns, "", "pods", swapImage)
		eventually(t, func(ctx context.Context) error {
			err := shared.replicaSets.Create(ctx, pod(ns, ownedBy(rs.UID)), client.DryRunAll)
			return refusal(err, "something changed it on its way here")
		})
		pods := awaitPods(t, ns, 2, 0)
		must(t, shared.Client.Delete(t.Context(), &pods[0]))
		awaitPods(t, ns, 1, 0)
	})
	for name, row := range map[string]struct{ patch, want string }{
		"taking the hold off leaves no pod, or a held one": {patch: dropGates},
		"claiming for a pod that does not holds it":        {patch: addClaim},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := govern(t)
			mutate(t, ns, "", "pods", row.patch)
			inForce(t, ns, row.patch)
			p := pod(ns)
			if row.patch == addClaim {
				unclaimed(p)
			}
			if err := shared.Client.Create(t.Context(), p, client.DryRunAll); err != nil {
				refused(t, err, "neither held nor made by a cleared owner")
			} else if !held(p) || p.Labels[v1alpha1.LabelRelease] != release {
				t.Errorf("the pod is born free: %+v", p.Spec.SchedulingGates)
			}
		})
	}
	t.Run("taking the claim off a pod leaves it without accelerators", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		mutate(t, ns, "", "pods", dropClaim)
		eventually(t, func(ctx context.Context) error {
			return refusal(shared.Client.Create(ctx, pod(ns, withGPU), client.DryRunAll), accelerator)
		})
	})
	t.Run("resuming every Deployment resumes none that is held", func(t *testing.T) {
		t.Parallel()
		ns := govern(t)
		mutate(t, ns, "apps", "deployments", resume)
		inForce(t, ns, resume)
		for _, paused := range []bool{false, true} {
			d := deployment(ns, "web", func(d *appsv1.Deployment) { d.Spec.Paused = paused })
			must(t, shared.Client.Create(t.Context(), d, client.DryRunAll))
			if !d.Spec.Paused || !isHeld(d) {
				t.Errorf("paused: %v, annotations: %v", d.Spec.Paused, d.Annotations)
			}
		}
	})
}

// inForce waits until the test's own policy works, as seen in what no policy of ours touches.
func inForce(t *testing.T, ns, patch string) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		if patch == resume {
			d := deployment(ns, "probe", unclaimDeployment, func(d *appsv1.Deployment) { d.Spec.Paused = true })
			if err := shared.Client.Create(ctx, d, client.DryRunAll); err != nil || !d.Spec.Paused {
				return err
			}
			return errors.New("the Deployment of the probe is still paused")
		}
		p := pod(ns, unclaimed, gated("example.com/gate"))
		if err := shared.Client.Create(ctx, p, client.DryRunAll); err != nil {
			return refusal(err, "neither held")
		}
		if len(p.Spec.SchedulingGates) == 1 && p.Labels[v1alpha1.LabelRelease] == "" {
			return fmt.Errorf("the probe is not changed yet: %v", p.Spec.SchedulingGates)
		}
		return nil
	})
}
