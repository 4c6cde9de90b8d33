// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "slices"

// keeping is what is tried on pods that exist.
func (c *catalogue) keeping() {
	outside := slices.Concat(people(), forged(), lookalikes(), workloadControllers(), []Identity{safetyTeam(), kubeSystem("pod-garbage-collector")})
	for _, on := range []string{heldPod, bornFreePod} {
		pod := func(number, what string, change Change) attack {
			return attack{number: number, what: what, kind: podKind(), on: on, change: change}
		}
		c.add(
			pod("A5", "another image", firstContainer(put(image("swapped"), "image"))),
			pod("B2", "claim another release", label(claimLabel, "other")),
			pod("B2", "claim another exposure", label(exposureLabel, "Public")),
			pod("B2", "an ordinary label", label("team", "serving")),
			pod("R2", "another image at first", func(content map[string]any) {
				for _, first := range listAt(content, spec, "initContainers") {
					first["image"] = image("swapped")
				}
			}),
			pod("A8", "an ordinary annotation", annotate("example.com/note", "hello")),
			pod("A8", "an annotation that a runtime obeys", annotate("io.katacontainers.config.hypervisor.kernel_params", "x")),
			pod("A8", "another value of an annotation that a runtime obeys", annotate("run.oci.handler", "y")),
			pod("F3", "an annotation that gives devices", annotate("cdi.k8s.io/gpu", "nvidia.com/gpu=0")),
			pod("B5", "a finalizer", put([]any{"bypass.example/stay"}, metadata, "finalizers")),
			pod("A5", "an earlier deadline", put(int64(3600), spec, "activeDeadlineSeconds")),
		)
		c.add(
			attack{number: "B2", what: "an ordinary label away", kind: podKind(), on: on, change: unlabel("app"), removes: true},
			attack{number: "B2", what: "an ordinary annotation away", kind: podKind(), on: heldPod, change: unannotate("example.com/kept"), removes: true, who: []Identity{wide("by "+on, "cluster-admin-"+on)}},
		)
		c.add(attack{number: "B2", what: "claim no release any more", kind: podKind(), on: on, change: unlabel(claimLabel), removes: true, who: outside})
		if on == bornFreePod {
			c.add(attack{number: "D5", what: "no owner any more", kind: podKind(), on: on, change: drop(metadata, "ownerReferences"), removes: true})
		}
		c.status(on)
		c.subresources(on)
	}
	c.add(
		attack{number: "R1", what: "lift the hold", kind: podKind(), sub: "status", on: heldPod, change: drop(spec, "schedulingGates"), removes: true,
			who: mighty(), grounds: []Ground{Enforced}},
		attack{number: "A8", what: "lift the hold", kind: podKind(), on: heldPod, change: drop(spec, "schedulingGates"), removes: true,
			who: outside, grounds: []Ground{Enforced}},
		attack{number: "A8", what: "lift the hold as Scalegate", kind: podKind(), on: heldPod, change: drop(spec, "schedulingGates"), removes: true,
			who: []Identity{controller()}, grounds: []Ground{Enforced}},
		attack{number: "A8", what: "claim another release as Scalegate", kind: podKind(), on: heldPod, change: label(claimLabel, "other"), who: []Identity{controller()}},
		attack{number: "A5", what: "another image as Scalegate", kind: podKind(), on: heldPod, change: firstContainer(put(image("swapped"), "image")), who: []Identity{controller()}},
		attack{number: "B2", what: "claim a release afterwards", kind: podKind(), on: plainPod, change: label(claimLabel, clearedRelease)},
		attack{number: "B2", what: "an ordinary label, claiming nothing", kind: podKind(), on: plainPod, change: label("team", "web")},
		attack{number: "A5", what: "another image, claiming nothing", kind: podKind(), on: plainPod, change: firstContainer(put(image("swapped"), "image"))},
		attack{number: "F3", what: "an annotation that gives devices, claiming nothing", kind: podKind(), on: plainPod, change: annotate("devices.nri.io/pod", "- path: /dev/nvidia0")},
	)
	for _, on := range []string{unboundPod, idlePod} {
		c.resizes(on)
	}
	c.bindings()
	c.ephemeral()
	c.debugged()
}

// resizes are tried on pods without a node: simulated nodes do not support it.
func (c *catalogue) resizes(on string) {
	with := func(number, what string, change Change) attack {
		return attack{number: number, what: what + " by /resize", kind: podKind(), sub: "resize", on: on, ways: only(Merge, Put, Strategic),
			change: change, who: []Identity{clusterAdmin(), gitOps(), controller(), foreignAccount()}}
	}
	c.add(
		with("A9", "more CPU", firstContainer(put("100m", "resources", "requests", "cpu"))),
		with("R1", "another image", firstContainer(put(image("swapped"), "image"))),
		with("A9", "claim another release", label(claimLabel, "other")),
	)
}

// status is the door by which labels and annotations change as well.
func (c *catalogue) status(on string) {
	status := func(number, what string, change Change) attack {
		return attack{number: number, what: what, kind: podKind(), sub: "status", on: on, change: change, who: mighty()}
	}
	ready := append1(map[string]any{"type": "bypass.example/ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}, "status", "conditions")
	c.add(
		status("A9", "claim another release", label(claimLabel, "other")),
		status("A9", "a label of Scalegate's that is new", label("scalegate.dev/new", "x")),
		status("A9", "an annotation that gives devices", annotate("cdi.k8s.io/gpu", "nvidia.com/gpu=0")),
		status("A9", "an ordinary label", label("team", "serving")),
		status("R1", "another image", firstContainer(put(image("swapped"), "image"))),
		status("A9", "a condition", ready),
		attack{number: "A9", what: "claim no release any more", kind: podKind(), sub: "status", on: on, change: unlabel(claimLabel), removes: true, who: mighty()},
	)
}

// subresources are the other doors of a pod.
func (c *catalogue) subresources(on string) {
	eviction := func() map[string]any {
		return map[string]any{"apiVersion": "policy/v1", "kind": "Eviction", metadata: map[string]any{"name": on}}
	}
	mightyOr := slices.Concat(people(), []Identity{kubeSystem("daemon-set-controller"), controller()})
	c.add(
		attack{number: "A6", what: "an ephemeral container", kind: podKind(), sub: "ephemeralcontainers", on: on, change: ephemeral(nil), ways: only(Merge, Put, Strategic, JSON), who: wideOnly(outsiders())},
		attack{number: "A9", what: "claim another release by /ephemeralcontainers", kind: podKind(), sub: "ephemeralcontainers", on: on,
			change: label(claimLabel, "other"), ways: only(Merge, Put), who: []Identity{clusterAdmin()}},
		attack{number: "A4", what: "evict it", kind: podKind(), sub: "eviction", on: on, base: eviction, ways: only(Create), who: mightyOr},
		attack{number: "A4", what: "delete it", kind: podKind(), on: on, ways: only(Delete), who: slices.Concat(mightyOr, []Identity{replicaSets(), kubeSystem("namespace-controller")})},
		attack{number: "A11", what: "delete them all", kind: podKind(), on: on, ways: only(DeleteCollection), who: slices.Concat(mightyOr, []Identity{kubeSystem("namespace-controller")})},
	)
}

func ephemeral(change Change) Change {
	container := map[string]any{"name": "debug", "image": image("shell"), "terminationMessagePolicy": "File"}
	if change != nil {
		change(container)
	}
	return append1(container, spec, "ephemeralContainers")
}

func (c *catalogue) ephemeral() {
	for what, change := range map[string]Change{
		"an ephemeral container, claiming nothing":                 nil,
		"a privileged ephemeral container, claiming nothing":       put(true, "securityContext", "privileged"),
		"an ephemeral container with GPUs, claiming nothing":       put([]any{map[string]any{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}}, "env"),
		"an ephemeral container with AMD's, claiming nothing":      put([]any{map[string]any{"name": "AMD_VISIBLE_DEVICES", "value": "all"}}, "env"),
		"an ephemeral container with Gaudis, claiming nothing":     put([]any{map[string]any{"name": "HABANA_VISIBLE_DEVICES", "value": "all"}}, "env"),
		"an ephemeral container without GPUs, claiming nothing":    put([]any{map[string]any{"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}}, "env"),
		"an ephemeral container with a variable, claiming nothing": put([]any{map[string]any{"name": "MODE", "value": "fast"}}, "env"),
		"an ephemeral container with a mount that stands for devices, claiming nothing": put([]any{
			map[string]any{"name": "devices", "mountPath": "/var/run/nvidia-container-devices/all"},
		}, "volumeMounts"),
		"an ephemeral container with a mount, claiming nothing": put([]any{map[string]any{"name": "devices", "mountPath": "/scratch"}}, "volumeMounts"),
		"an ephemeral container with none, claiming nothing":    put([]any{map[string]any{"name": "NVIDIA_VISIBLE_DEVICES", "value": "none"}}, "env"),
	} {
		c.add(attack{
			number: "A6", what: what, kind: podKind(), sub: "ephemeralcontainers", on: plainPod, change: ephemeral(change), ways: only(Strategic, Put), who: wideOnly(people()),
		})
	}
}

// debugged is what is tried on a pod that has an ephemeral container.
func (c *catalogue) debugged() {
	for what, change := range map[string]Change{
		"another ephemeral container": nil, "another that is privileged": put(true, "securityContext", "privileged"),
	} {
		c.add(attack{number: "A6", what: what, kind: podKind(), sub: "ephemeralcontainers", on: debuggedPod, change: ephemeral(change), ways: only(Strategic, Put), who: wideOnly(people())})
	}
	c.add(attack{number: "A6", what: "an ordinary label", kind: podKind(), on: debuggedPod, change: label("team", "x")})
}

// bindings write their metadata over the pod's.
func (c *catalogue) bindings() {
	for _, on := range []string{heldPod, unboundPod, idlePod} {
		base := func() map[string]any {
			return map[string]any{"apiVersion": "v1", "kind": "Binding", metadata: map[string]any{"name": on}, "target": map[string]any{"kind": "Node", "name": "node-1"}}
		}
		for what, change := range map[string]Change{
			"a binding":                                  nil,
			"a binding with an ordinary annotation":      annotate("example.com/note", "x"),
			"a binding that claims another release":      label(claimLabel, "other"),
			"a binding to an evaluation":                 evaluated(),
			"a binding with an annotation of Scalegate":  annotate(heldKey, "resume"),
			"a binding with an annotation for a runtime": annotate("run.oci.handler", "x"),
			"a binding that gives devices":               annotate("cdi.k8s.io/gpu", "nvidia.com/gpu=0"),
		} {
			binding := attack{number: "A8", what: what, kind: podKind(), sub: "binding", on: on, base: base, change: change, ways: only(Create),
				who: []Identity{wide("scheduler", "system:kube-scheduler"), clusterAdmin(), foreignAccount(), controller()}}
			if on == heldPod {
				binding.grounds = []Ground{Enforced}
			}
			legacy := binding
			legacy.kind, legacy.sub = bindingKind(), ""
			c.add(binding, legacy)
		}
	}
}
