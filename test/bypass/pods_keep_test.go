// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// keptOfPods are the changes of existing pods that must not succeed, by anybody but, for the
// hold, the controller.
func keptOfPods() map[string]tampering {
	return map[string]tampering{
		"lifting the hold": {
			make: storedPod(gated(v1alpha1.SchedulingGate)),
			edit: onPod(func(p *corev1.Pod) { p.Spec.SchedulingGates = nil }), changed: holdChanged,
			refusal: "only Scalegate lifts the hold of release m1",
		},
		"lifting the hold and leaving another gate": {
			make: storedPod(gated(v1alpha1.SchedulingGate, "kueue.x-k8s.io/admission")),
			edit: onPod(func(p *corev1.Pod) { p.Spec.SchedulingGates = p.Spec.SchedulingGates[1:] }), changed: holdChanged,
			refusal: "only Scalegate lifts the hold of release m1",
		},
		"lifting the hold of a pod that is going": {
			make: func(t *testing.T, ns string) client.Object {
				t.Helper()
				p := storedPod(gated(v1alpha1.SchedulingGate), finalized)(t, ns)
				must(t, shared.Client.Delete(t.Context(), p))
				must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(p), p))
				return p
			},
			edit: onPod(func(p *corev1.Pod) { p.Spec.SchedulingGates = nil }), changed: holdChanged,
			refusal: "only Scalegate lifts the hold of release m1",
		},
		"taking the claim off":       relabelling(func(l map[string]string) { delete(l, v1alpha1.LabelRelease) }),
		"claiming another release":   relabelling(func(l map[string]string) { l[v1alpha1.LabelRelease] = "m2" }),
		"claiming another exposure":  relabelling(func(l map[string]string) { l[v1alpha1.LabelExposure] = "Internal" }),
		"a scalegate.dev/ label":     relabelling(func(l map[string]string) { l["scalegate.dev/anything"] = "" }),
		"emptying the claim":         relabelling(func(l map[string]string) { l[v1alpha1.LabelRelease] = "" }),
		"taking every label off":     relabelling(func(l map[string]string) { clearLabels(l) }),
		"swapping the image":         {make: storedPod(), edit: onPod(serverImage(image("other"))), changed: imagesChanged, refusal: "images of a pod that claims a release"},
		"swapping an init container": {make: storedPod(withInit), edit: onPod(func(p *corev1.Pod) { p.Spec.InitContainers[0].Image = image("other") }), changed: imagesChanged, refusal: "images of a pod that claims a release"},
		"an ephemeral container": {
			make: storedPod(), subresources: []string{"ephemeralcontainers"},
			edit: onPod(ephemeral(nil)), changed: ephemeralChanged, refusal: "takes no ephemeral container",
		},
		"an annotation that adds devices": {
			make: storedPod(), subresources: []string{"status"},
			edit:    onPod(annotated("cdi.k8s.io/gpu", "nvidia.com/gpu=all")),
			changed: func(_, after client.Object) bool { _, ok := after.GetAnnotations()["cdi.k8s.io/gpu"]; return ok },
			refusal: "annotations by which a container runtime",
		},
		"an annotation that changes what a sandbox runs": {
			make: storedPod(annotated("io.katacontainers.config.hypervisor.kernel", "/a")), subresources: []string{"status"},
			edit: onPod(annotated("io.katacontainers.config.hypervisor.kernel", "/b")),
			changed: func(before, after client.Object) bool {
				return !maps.Equal(before.GetAnnotations(), after.GetAnnotations())
			},
			refusal: "annotations by which a container runtime",
		},
	}
}

// A pod without a claim may change; it may not come to an accelerator in that way.
func keptOfUnclaimedPods() map[string]tampering {
	ephemeralDoor := func(change func(*corev1.EphemeralContainer)) tampering {
		return tampering{
			make: storedPod(unclaimed), subresources: []string{"ephemeralcontainers"},
			edit: onPod(ephemeral(change)), changed: ephemeralChanged, refusal: "ephemeral container asks for an accelerator",
		}
	}
	return map[string]tampering{
		"claiming a release afterwards": {
			make: storedPod(unclaimed), subresources: []string{"status", "ephemeralcontainers"},
			edit: onPod(labelled(v1alpha1.LabelRelease, release)), changed: labelsChanged, refusal: "scalegate.dev/ labels of an existing pod",
		},
		"a privileged ephemeral container": ephemeralDoor(func(c *corev1.EphemeralContainer) {
			c.SecurityContext = &corev1.SecurityContext{Privileged: new(true)}
		}),
		"an ephemeral container that sees every device": ephemeralDoor(func(c *corev1.EphemeralContainer) {
			c.Env = []corev1.EnvVar{{Name: "NVIDIA_VISIBLE_DEVICES", Value: "all"}}
		}),
		"an annotation that adds devices": {
			make: storedPod(unclaimed), subresources: []string{"status"},
			edit:    onPod(annotated("devices.nri.io/container.server", "- path: /dev/nvidia0")),
			changed: func(_, after client.Object) bool { return len(after.GetAnnotations()) > 0 },
			refusal: "annotations by which a container runtime",
		},
	}
}

func TestWhatAPodWasAdmittedAsItStays(t *testing.T) {
	t.Parallel()
	ns, control := govern(t), attempt{as: shared.Client, ns: leaveAlone(t)}
	for name, row := range keptOfPods() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row.fails(t, shared.Client, ns, control)
		})
	}
	for name, row := range keptOfUnclaimedPods() {
		t.Run(name+" on a pod without a claim", func(t *testing.T) {
			t.Parallel()
			if name == "a privileged ephemeral container" {
				needPrivileged(t)
			}
			row.fails(t, shared.Client, ns, control)
		})
	}
}

func TestATenantLiftsNoHold(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	keptOfPods()["lifting the hold"].fails(t, makeTenant(t, ns), ns, attempt{as: shared.Client, ns: leaveAlone(t)})
}

func TestTheControllerLiftsTheHoldAndNothingElse(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	lift := door{way: "json"}
	if changed, err := keptOfPods()["lifting the hold"].through(t, lift, attempt{as: shared.controller, ns: ns}); !changed {
		t.Errorf("the controller cannot lift the hold: %v", err)
	}
	for name, row := range keptOfPods() {
		if name == "taking the claim off" || name == "swapping the image" {
			changed, err := row.through(t, door{way: "merge"}, attempt{as: shared.controller, ns: ns})
			if changed {
				t.Errorf("%s: the controller may do it", name)
			}
			refused(t, err, "")
		}
	}
}

func TestABindingDoesNotReachPastTheGate(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	legacy := func(ctx context.Context, _ *corev1.Pod, b *corev1.Binding) error { return shared.Client.Create(ctx, b) }
	sub := func(ctx context.Context, p *corev1.Pod, b *corev1.Binding) error {
		return shared.Client.SubResource("binding").Create(ctx, p, b)
	}
	for name, row := range map[string]struct {
		of      []func(*corev1.Pod)
		bind    func(context.Context, *corev1.Pod, *corev1.Binding) error
		labels  map[string]string
		notes   map[string]string
		refusal string
		passes  bool
	}{
		"a plain one of a pod without a claim":         {of: []func(*corev1.Pod){unclaimed}, bind: sub, passes: true},
		"labels of others":                             {of: []func(*corev1.Pod){unclaimed}, bind: sub, labels: map[string]string{"topology.kubernetes.io/rack": "r1"}, passes: true},
		"of a held pod":                                {bind: sub, refusal: "non-empty .spec.schedulingGates"},
		"of a held pod through bindings":               {bind: legacy, refusal: "non-empty .spec.schedulingGates"},
		"that claims another release":                  {of: []func(*corev1.Pod){unclaimed}, bind: sub, labels: map[string]string{v1alpha1.LabelRelease: "m2"}, refusal: "a binding carries no"},
		"that claims through bindings":                 {of: []func(*corev1.Pod){unclaimed}, bind: legacy, labels: map[string]string{v1alpha1.LabelRelease: "m2"}, refusal: "a binding carries no"},
		"with an annotation of ours":                   {of: []func(*corev1.Pod){unclaimed}, bind: sub, notes: map[string]string{"scalegate.dev/x": ""}, refusal: "a binding carries no"},
		"with an annotation that adds devices":         {of: []func(*corev1.Pod){unclaimed}, bind: sub, notes: map[string]string{"cdi.k8s.io/x": "nvidia.com/gpu=0"}, refusal: "a binding carries no"},
		"with one that adds devices, through bindings": {of: []func(*corev1.Pod){unclaimed}, bind: legacy, notes: map[string]string{"devices.nri.io": "x"}, refusal: "a binding carries no"},
	} {
		t.Run(name, func(t *testing.T) {
			try := func(ns string) error {
				p := pod(ns, append(row.of, func(p *corev1.Pod) { p.Spec.SchedulerName = "nobody" })...)
				must(t, shared.Client.Create(t.Context(), p))
				return row.bind(t.Context(), p, &corev1.Binding{
					ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: p.Name, Labels: row.labels, Annotations: row.notes},
					Target:     corev1.ObjectReference{Kind: "Node", Name: "node-1"},
				})
			}
			if err := try(other); err != nil {
				t.Errorf("in a namespace without a gate: %v", err)
			}
			err := try(ns)
			switch {
			case row.passes && err != nil:
				t.Errorf("want it to pass, got: %v", err)
			case !row.passes && (err == nil || !contains(err, row.refusal)):
				t.Errorf("want a refusal with %q, got: %v", row.refusal, err)
			}
		})
	}
}

func TestWhatDoesNotConcernTheGateIsFree(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, do := range map[string]func(p *corev1.Pod) error{
		"deleting a held pod": func(p *corev1.Pod) error { return shared.Client.Delete(t.Context(), p) },
		"evicting it": func(p *corev1.Pod) error {
			return shared.Client.SubResource("eviction").Create(t.Context(), p, &policyv1.Eviction{})
		},
		"deleting all of a label": func(p *corev1.Pod) error {
			return shared.Client.DeleteAllOf(t.Context(), &corev1.Pod{}, client.InNamespace(ns), client.MatchingLabels{"one": p.Labels["one"]})
		},
		"an annotation through its status": func(p *corev1.Pod) error {
			return shared.Client.Status().Patch(t.Context(), p, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"annotations":{"note":"x"}}}`)))
		},
		"a label of somebody else": func(p *corev1.Pod) error {
			return shared.Client.Patch(t.Context(), p, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"team":"x"}}}`)))
		},
		"a further toleration": func(p *corev1.Pod) error {
			return shared.Client.Patch(t.Context(), p, client.RawPatch(types.JSONPatchType, []byte(`[{"op":"add","path":"/spec/tolerations/-","value":{"operator":"Exists"}}]`)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := pod(ns, labelled("one", fixture.SHA256(name)[:10]))
			must(t, shared.Client.Create(t.Context(), p))
			if err := do(p); err != nil {
				t.Error(err)
			}
		})
	}
}

// storedPod makes pods that no scheduler touches.
func storedPod(change ...func(*corev1.Pod)) func(*testing.T, string) client.Object {
	return func(t *testing.T, ns string) client.Object {
		t.Helper()
		p := pod(ns, append(change, func(p *corev1.Pod) { p.Spec.SchedulerName = "nobody" })...)
		must(t, shared.Client.Create(t.Context(), p))
		return p
	}
}

func onPod(change func(*corev1.Pod)) func(client.Object) {
	return func(o client.Object) { change(as[*corev1.Pod](o)) }
}

func relabelling(change func(map[string]string)) tampering {
	return tampering{
		make: storedPod(), subresources: []string{"status", "ephemeralcontainers"},
		edit: onPod(func(p *corev1.Pod) { change(p.Labels) }), changed: labelsChanged,
		refusal: "scalegate.dev/ labels of an existing pod",
	}
}

func clearLabels(l map[string]string) {
	for k := range l {
		delete(l, k)
	}
}

func labelsChanged(before, after client.Object) bool {
	return !maps.Equal(before.GetLabels(), after.GetLabels())
}

func holdChanged(before, after client.Object) bool {
	return held(as[*corev1.Pod](before)) != held(as[*corev1.Pod](after))
}

func imagesChanged(before, after client.Object) bool {
	images := func(o client.Object) (all []string) {
		spec := as[*corev1.Pod](o).Spec
		for _, c := range append(spec.Containers, spec.InitContainers...) {
			all = append(all, c.Image)
		}
		return all
	}
	return !cmp.Equal(images(before), images(after))
}

func ephemeralChanged(_, after client.Object) bool {
	return len(as[*corev1.Pod](after).Spec.EphemeralContainers) > 0
}

func ephemeral(change func(*corev1.EphemeralContainer)) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		c := corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon{
			Name: "debug", Image: image("debug"), ImagePullPolicy: corev1.PullIfNotPresent,
			TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		}}
		if change != nil {
			change(&c)
		}
		p.Spec.EphemeralContainers = append(p.Spec.EphemeralContainers, c)
	}
}

func annotated(key, value string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { metav1.SetMetaDataAnnotation(&p.ObjectMeta, key, value) }
}

func withInit(p *corev1.Pod) {
	p.Spec.InitContainers = []corev1.Container{{Name: "init", Image: image("server")}}
}

func finalized(p *corev1.Pod) { p.Finalizers = []string{"test.scalegate.dev/hold"} }
