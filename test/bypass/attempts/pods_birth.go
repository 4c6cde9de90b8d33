// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strconv"
	"strings"
)

func (c *catalogue) births() {
	anyone := slices.Concat(people(), forged(), lookalikes(), workloadControllers(), []Identity{safetyTeam(), controller()})
	c.add(
		attack{number: "A3", what: "a bare pod that claims an uncleared release", kind: podKind(), base: birth(heldRelease), ways: creates(), who: anyone},
		attack{number: "A3", what: "a bare pod that claims a cleared release", kind: podKind(), base: birth(clearedRelease), ways: creates(), who: anyone},
		attack{number: "B7", what: "a pod made by a part of Kubernetes", kind: podKind(), base: birth(clearedRelease), ways: only(Create),
			who: slices.Concat(workloadControllers(), []Identity{kubeSystem("cronjob-controller"), wide("kube-controller-manager", "system:kube-controller-manager")})},
		attack{number: "D6", what: "a pod that claims a release nobody made", kind: podKind(), base: birth("nobody"), ways: creates()},
		attack{number: "D6", what: "a pod that claims the empty name", kind: podKind(), base: birth(clearedRelease), change: label(claimLabel, ""), ways: creates()},
		attack{number: "A12", what: "a pod without a name of its own", kind: podKind(), base: birth(heldRelease), ways: only(Create),
			change: both(drop(metadata, "name"), put("made-", metadata, "generateName"))},
		attack{number: "A3", what: "a pod with a node typed in", kind: podKind(), base: birth(heldRelease), ways: only(Create),
			change: put("node-1", spec, "nodeName"), who: slices.Concat(people(), workloadControllers()), grounds: []Ground{Enforced, Ungoverned}},
		attack{number: "A3", what: "a pod that is held already", kind: podKind(), base: birth(heldRelease), ways: creates(), grounds: []Ground{Enforced},
			change: append1(map[string]any{"name": holdGate}, spec, "schedulingGates")},
		attack{number: "A3", what: "a pod with a gate of somebody else's", kind: podKind(), base: birth(heldRelease), ways: creates(),
			change: append1(map[string]any{"name": "bypass.example/wait"}, spec, "schedulingGates")},
		attack{number: "B2", what: "a pod that claims nothing and needs nothing", kind: podKind(), base: birth(""), ways: creates(), who: anyone},
		attack{number: "B2", what: "a pod that claims nothing where every pod claims", kind: podKind(), base: birth(""), ways: creates(), who: anyone, grounds: []Ground{EnforcedAll}},
		attack{number: "B2", what: "a pod that claims where every pod claims", kind: podKind(), base: birth(heldRelease), ways: creates(), grounds: []Ground{EnforcedAll}},
		attack{number: "F3", what: "a pod to which a LimitRange adds an accelerator", kind: podKind(), base: birth(""), ways: creates(), grounds: []Ground{Limited}},
		attack{number: "F3", what: "a pod that claims, to which a LimitRange adds an accelerator", kind: podKind(), base: birth(heldRelease), ways: creates(), grounds: []Ground{Limited}},
		attack{number: "B2", what: "a release claimed in an annotation", kind: podKind(), base: birth(""), ways: creates(),
			change: both(annotate(claimLabel, clearedRelease), limit(gpu))},
		attack{number: "A13", what: "the mirror of a static pod with an accelerator", kind: podKind(), base: birth(""), ways: only(Create),
			change: both(annotate("kubernetes.io/config.mirror", "1"), put("node-1", spec, "nodeName"), limit(gpu))},
	)
	c.notedBirths()
	c.forgedBirths()
	c.accelerators()
}

// notedBirths are pods with much or something of their own where they say why they are held.
func (c *catalogue) notedBirths() {
	many := func(n int) Change {
		return func(content map[string]any) {
			for i := range n {
				annotate("example.com/n"+strconv.Itoa(i), "x")(content)
			}
		}
	}
	typed := annotate(holdReasonKey, "Cleared: by hand")
	for what, change := range map[string]Change{
		"a pod that says itself why it is held":                 typed,
		"a pod that says itself, and at length, why it is held": annotate(holdReasonKey, strings.Repeat("x", mostNoteBytes)),
		"a pod with a note":                                     annotate("example.com/note", "x"),
		"a pod with as many notes as leave room for one":        many(MostNotes),
		"a pod with one note too many":                          many(MostNotes + 1),
		"a pod with a note too long":                            annotate("example.com/note", strings.Repeat("x", mostNoteBytes)),
		"a pod with a note too long in bytes":                   annotate("example.com/note", strings.Repeat("\u00e9", mostNoteBytes/2)),
		"a pod that is held already, and says why":              both(typed, append1(map[string]any{"name": holdGate}, spec, "schedulingGates")),
		"a pod that is held by others too, and says why":        both(typed, append1(map[string]any{"name": "bypass.example/wait"}, spec, "schedulingGates")),
		"a pod with a key too long":                             annotate(strings.Repeat("x", 200)+".example.com/"+strings.Repeat("y", 63), strings.Repeat("x", mostNoteBytes-270)),
	} {
		c.add(attack{number: "E10", what: what, kind: podKind(), base: birth(heldRelease), change: change, ways: creates(), who: []Identity{tenant(), replicaSets()}})
	}
	c.add(
		attack{number: "A3", what: "a pod of a cleared owner that says why it is held", kind: podKind(), base: birth(clearedRelease), ways: only(Create), who: []Identity{replicaSets()},
			change: both(owned("apps/v1", "ReplicaSet", OwnerOf(clearedSet)), typed)},
		attack{number: "A3", what: "a pod of a cleared owner that is held already, and says why", kind: podKind(), base: birth(clearedRelease), ways: only(Create), who: []Identity{replicaSets()},
			change: both(owned("apps/v1", "ReplicaSet", OwnerOf(clearedSet)), typed, append1(map[string]any{"name": holdGate}, spec, "schedulingGates"))},
	)
}

// owned is the change that names a controlling owner; the suite puts the UID of the fixture in place of ownerOf.
func owned(version, kind, uid string) Change {
	return put([]any{map[string]any{
		"apiVersion": version, "kind": kind, "name": "owner", "uid": uid, "controller": true, "blockOwnerDeletion": true,
	}}, metadata, "ownerReferences")
}

// OwnerOf is what stands in content for the UID of a fixture until the suite sends it.
func OwnerOf(fixture string) string { return "uid-of:" + fixture }

func (c *catalogue) forgedBirths() {
	typed := owned("apps/v1", "ReplicaSet", OwnerOf(clearedSet))
	anyone := slices.Concat(people(), forged(), lookalikes(), []Identity{kubeSystem("job-controller"), kubeSystem("statefulset-controller"), argoRollouts()})
	makers := []Identity{replicaSets()}
	only := only(Create)
	with := func(change Change) Change { return both(typed, change) }
	c.add(
		attack{number: "D5", what: "a cleared owner, typed by hand", kind: podKind(), base: birth(clearedRelease), change: typed, ways: only, who: anyone},
		attack{number: "A3", what: "a pod of a cleared owner", kind: podKind(), base: birth(clearedRelease), change: typed, ways: only, who: makers},
		attack{number: "A3", what: "a pod of an owner that is not cleared", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: owned("apps/v1", "ReplicaSet", OwnerOf(heldSet))},
		attack{number: "D5", what: "an owner of another kind with a cleared UID", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: owned("apps/v1", "StatefulSet", OwnerOf(clearedSet))},
		attack{number: "D5", what: "an owner of another group with a cleared UID", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: owned("extensions/v1beta1", "ReplicaSet", OwnerOf(clearedSet))},
		attack{number: "D5", what: "a cleared owner that does not control", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(func(content map[string]any) { listAt(content, metadata, "ownerReferences")[0]["controller"] = false })},
		attack{number: "D5", what: "a cleared owner that says nothing about control", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(func(content map[string]any) { delete(listAt(content, metadata, "ownerReferences")[0], "controller") })},
		attack{number: "B2", what: "a cleared owner under another release", kind: podKind(), base: birth(heldRelease), change: typed, ways: only, who: makers},
		attack{number: "R2", what: "a cleared owner with another image, held already", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(both(firstContainer(put(image("swapped"), "image")), append1(map[string]any{"name": holdGate}, spec, "schedulingGates")))},
		attack{number: "R9", what: "a cleared owner with an image by tag", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(firstContainer(put("registry.example/server:latest", "image")))},
		attack{number: "R2", what: "a cleared owner with another image", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(firstContainer(put(image("swapped"), "image")))},
		attack{number: "R2", what: "a cleared owner with a cleared digest in another image's tag", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(firstContainer(put("registry.example/server:"+digest("server"), "image")))},
		attack{number: "R2", what: "a cleared owner with an init container added", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(append1(map[string]any{"name": "first", "image": image("swapped")}, spec, "initContainers"))},
		attack{number: "R2", what: "a cleared owner with an init container of a cleared image", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(append1(map[string]any{"name": "first", "image": image("server")}, spec, "initContainers"))},
		attack{number: "R2", what: "a cleared owner with another model in its volume", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(func(content map[string]any) {
				put(image("other weights"), "image", "reference")(listAt(content, spec, "volumes")[0])
			})},
		attack{number: "R2", what: "a cleared owner with another model in a further volume", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(append1(map[string]any{"name": "other", "image": map[string]any{"reference": image("other weights")}}, spec, "volumes"))},
		attack{number: "A3", what: "a cleared owner with an ordinary volume", kind: podKind(), base: birth(clearedRelease), ways: only, who: makers,
			change: with(append1(map[string]any{"name": "scratch", "emptyDir": map[string]any{}}, spec, "volumes"))},
		attack{number: "R9", what: "an image by tag under a clearance that names none", kind: podKind(), base: birth(BareRelease), ways: only, who: makers, grounds: []Ground{Ended},
			change: with(both(drop(spec, "volumes"), firstContainer(both(drop("volumeMounts"), put("registry.example/server:latest", "image")))))},
		attack{number: "E3", what: "a pod of an owner whose clearance has ended", kind: podKind(), base: birth(clearedRelease), change: typed, ways: only, who: makers, grounds: []Ground{Ended}},
		attack{number: "E3", what: "a pod under a clearance that is too short", kind: podKind(), base: birth("short"), change: typed, ways: only, who: makers, grounds: []Ground{Ended}},
		attack{number: "E3", what: "a pod under a clearance of another version", kind: podKind(), base: birth("future"), change: typed, ways: only, who: makers, grounds: []Ground{Ended}},
		attack{number: "E3", what: "a pod under a clearance that is counted", kind: podKind(), base: birth("counted"), change: typed, ways: only, who: makers, grounds: []Ground{Ended}},
		attack{number: "E3", what: "a bare pod where the clearance has ended", kind: podKind(), base: birth(clearedRelease), ways: only, grounds: []Ground{Ended}},
	)
}

// limit is the change that asks for one of the resource.
func limit(resource string) Change {
	return firstContainer(put(map[string]any{resource: "1"}, "resources", "limits"))
}

// requests are the ways to ask for an accelerator.
func requests() map[string]Change {
	env := func(name, value string) Change {
		return firstContainer(append1(map[string]any{"name": name, "value": value}, "env"))
	}
	host := func(path string) Change {
		return append1(map[string]any{"name": "host", "hostPath": map[string]any{"path": path}}, spec, "volumes")
	}
	claim := append1(map[string]any{"name": "gpu", "resourceClaimName": "gpu"}, spec, "resourceClaims")
	first := func(change Change) Change {
		return both(append1(map[string]any{"name": "first", "image": image("server")}, spec, "initContainers"), func(content map[string]any) {
			change(map[string]any{spec: map[string]any{containers: []any{listAt(content, spec, "initContainers")[0]}}})
		})
	}
	return map[string]Change{
		"nvidia.com/gpu": limit(gpu), "a slice of a GPU": limit("nvidia.com/mig-1g.5gb"), "amd.com/gpu": limit("amd.com/gpu"),
		"google.com/tpu": limit("google.com/tpu"), "aws.amazon.com/neuroncore": limit("aws.amazon.com/neuroncore"),
		"gpu.intel.com/i915": limit("gpu.intel.com/i915"), "habana.ai/gaudi": limit("habana.ai/gaudi"),
		"a resource that stands for a DRA claim": limit("deviceclass.resource.kubernetes.io/gpu.example.com"),
		"a DRA claim":                            claim,
		"a DRA claim of a container":             both(claim, firstContainer(put([]any{map[string]any{"name": "gpu"}}, "resources", "claims"))),
		"an init container with a GPU":           first(limit(gpu)),
		"an init container that sees all GPUs":   first(env("NVIDIA_VISIBLE_DEVICES", "all")),
		"NVIDIA_VISIBLE_DEVICES":                 env("NVIDIA_VISIBLE_DEVICES", "all"),
		"AMD_VISIBLE_DEVICES":                    env("AMD_VISIBLE_DEVICES", "0"),
		"HABANA_VISIBLE_DEVICES":                 env("HABANA_VISIBLE_DEVICES", "all"),
		"NVIDIA_VISIBLE_DEVICES from elsewhere": firstContainer(append1(map[string]any{
			"name": "NVIDIA_VISIBLE_DEVICES", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "metadata.name"}},
		}, "env")),
		"an ordinary variable":        env("MODE", "fast"),
		"the runtime class of NVIDIA": put("nvidia", spec, "runtimeClassName"),
		"another runtime class":       put("gvisor", spec, "runtimeClassName"),
		"a privileged container":      firstContainer(put(true, "securityContext", "privileged")),
		"the host's root":             host("/"), "the host's /dev": host("/dev"), "a device of the host": host("/dev/nvidia0"),
		"the host's /dev by a detour": host("/./dev//nvidia0"), "the root of a process of the host": host("/proc/1/root"),
		"a mount that stands for devices": both(
			append1(map[string]any{"name": "devices", "emptyDir": map[string]any{}}, spec, "volumes"),
			firstContainer(append1(map[string]any{"name": "devices", "mountPath": "/var/run/nvidia-container-devices/all"}, "volumeMounts")),
		),
		"an annotation of CDI":         annotate("cdi.k8s.io/gpu", "nvidia.com/gpu=0"),
		"an annotation of NRI":         annotate("devices.nri.io/container.server", "- path: /dev/nvidia0"),
		"an annotation of NRI's other": annotate("devices.noderesource.dev/container.server", "- path: /dev/nvidia0"),
		"an annotation of CRI-O":       annotate("io.kubernetes.cri-o.Devices", "/dev/nvidia0"),
		"no GPUs to see":               env("NVIDIA_VISIBLE_DEVICES", "void"), "none of the GPUs to see": env("NVIDIA_VISIBLE_DEVICES", "none"),
		"an ordinary folder of the host": host("/data"), "an ordinary resource": limit("example.com/dongle"),
		"CPU and memory":         firstContainer(put(map[string]any{"cpu": "1", "memory": "1Gi"}, "resources", "limits")),
		"an ordinary annotation": annotate("example.com/note", "gpu"),
	}
}

// accelerators asks in each way, in a pod and in each kind with a template.
func (c *catalogue) accelerators() {
	for name, ask := range requests() {
		c.add(
			attack{number: "F3", what: name + ", claiming nothing", kind: podKind(), base: birth(""), change: ask, ways: only(Create)},
			attack{number: "F3", what: name + ", claiming a release", kind: podKind(), base: birth(heldRelease), change: ask, ways: only(Create), who: []Identity{clusterAdmin()}},
			attack{number: "F3", what: name + " in the template of a Deployment, claiming nothing", kind: deploymentKind(), base: made(deploymentKind(), ""),
				change: inTemplate(ask), ways: creates(), who: []Identity{clusterAdmin()}},
		)
	}
}
