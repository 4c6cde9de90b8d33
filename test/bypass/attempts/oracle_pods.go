// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"path"
	"reflect"
	"slices"
	"strings"
)

func same(one, other any) bool { return reflect.DeepEqual(one, other) }

func judgePod(r Request) Outcome {
	switch {
	case r.Kind.Resource == "bindings" || r.Sub == "binding":
		return judgeBinding(r)
	case r.Way.Deletes() || r.Sub == "eviction":
		return Through
	case r.Old == nil:
		return judgeBirth(r)
	default:
		return judgePodUpdate(r)
	}
}

// judgeBirth: a pod that claims a release is held unless it is born free; one that asks for an accelerator claims.
func judgeBirth(r Request) Outcome {
	grant, cleared := r.Grants[claim(r.New)]
	switch free := cleared && bornFree(r, grant); {
	case !claims(r.New) && (asks(r.New) || r.Ground == EnforcedAll || r.Ground == Limited):
		return Refused
	case !claims(r.New):
		return Through
	case gated(r.New):
		return Held
	case free && (grant.Ended || !digestsWithin(r.New, grant.Digests)):
		return Refused
	case free:
		return Through
	case r.Unmutated:
		return Refused
	case textAt(r.New, spec, "nodeName") != "":
		return Elsewhere // Kubernetes takes no pod that has a gate and a node.
	default:
		return Held
	}
}

// bornFree: made by the controller of ReplicaSets, for one of those that the clearance names.
func bornFree(r Request, grant Grant) bool {
	if r.Who.Name != replicaSetsName {
		return false
	}
	return slices.ContainsFunc(listAt(r.New, metadata, "ownerReferences"), func(owner map[string]any) bool {
		return owner["controller"] == true && owner["kind"] == "ReplicaSet" && owner["apiVersion"] == "apps/v1" &&
			slices.Contains(grant.Owners, textAt(owner, "uid"))
	})
}

// judgePodUpdate: a pod stays what it was admitted as.
func judgePodUpdate(r Request) Outcome {
	switch {
	case (r.Sub == "" || r.Sub == "status") && marksChange(r):
		return Refused
	case r.Sub == "ephemeralcontainers":
		return judgeEphemeral(r)
	case r.Sub == "resize":
		return judgeResize(r)
	case r.Sub == "status" && same(r.Old["status"], r.New["status"]) && same(r.Old[metadata], r.New[metadata]):
		return Inert // The spec does not change there.
	case r.Sub == "status":
		return Through
	case claims(r.Old) && !same(images(r.Old), images(r.New)):
		return Refused
	default:
		return judgeGates(r)
	}
}

// marksChange tells whether labels of ours change, or annotations come that a runtime acts on.
func marksChange(r Request) bool {
	notes := mapAt(r.New, metadata, annotations)
	return len(differing(mapAt(r.New, metadata, labels), mapAt(r.Old, metadata, labels), ownPrefix)) > 0 ||
		slices.ContainsFunc(differing(notes, mapAt(r.Old, metadata, annotations), ""), func(key string) bool {
			return notes[key] != nil && actsOnRuntime(key)
		})
}

// judgeGates: only the controller lifts a hold, and Kubernetes adds no gate to a pod.
func judgeGates(r Request) Outcome {
	switch before, after := gated(r.Old), gated(r.New); {
	case before == after:
		return Through
	case after:
		return Elsewhere
	case r.Who.Name != controllerName:
		return Refused
	default:
		return Lifted
	}
}

func judgeEphemeral(r Request) Outcome {
	before := len(listAt(r.Old, spec, "ephemeralContainers"))
	added := listAt(r.New, spec, "ephemeralContainers")[before:]
	switch {
	case len(added) == 0:
		return Inert
	case claims(r.Old), slices.ContainsFunc(added, containerAsks):
		return Refused
	default:
		return Through
	}
}

// judgeResize: Kubernetes takes new amounts of CPU and memory there and leaves the rest as it was.
func judgeResize(r Request) Outcome {
	if same(images(r.Old), images(r.New)) && same(r.Old[metadata], r.New[metadata]) {
		return Through
	}
	return Inert
}

// judgeBinding: what a binding carries is written over the pod. Its body is the request's New, the pod its Old.
func judgeBinding(r Request) Outcome {
	notes, own := mapAt(r.New, metadata, annotations), func(key string) bool { return strings.HasPrefix(key, ownPrefix) }
	for key := range notes {
		if own(key) || actsOnRuntime(key) {
			return Refused
		}
	}
	for key := range mapAt(r.New, metadata, labels) {
		if own(key) {
			return Refused
		}
	}
	if gated(r.Old) {
		return Elsewhere
	}
	return Through
}

func claim(content map[string]any) string { return textAt(content, metadata, labels, claimLabel) }

func claims(content map[string]any) bool { return mapAt(content, metadata, labels)[claimLabel] != nil }

func gated(content map[string]any) bool {
	return slices.ContainsFunc(listAt(content, spec, "schedulingGates"), func(gate map[string]any) bool {
		return gate["name"] == holdGate
	})
}

// everyContainer of a pod or template that its author may write.
func everyContainer(content map[string]any) []map[string]any {
	return slices.Concat(listAt(content, spec, "initContainers"), listAt(content, spec, containers))
}

// images of containers and of volumes.
func images(content map[string]any) (all []string) {
	for _, container := range everyContainer(content) {
		all = append(all, textAt(container, "image"))
	}
	for _, volume := range listAt(content, spec, "volumes") {
		if reference := textAt(volume, "image", "reference"); reference != "" {
			all = append(all, reference)
		}
	}
	return all
}

func digestsWithin(content map[string]any, cleared []string) bool {
	return !slices.ContainsFunc(images(content), func(image string) bool {
		_, digest, found := strings.Cut(image, "@sha256:")
		return !found || !slices.Contains(cleared, digest)
	})
}

// asks tells whether a pod or template asks for an accelerator, in any of the ways that there are.
func asks(content map[string]any) bool {
	if slices.ContainsFunc(everyContainer(content), containerAsks) || len(listAt(content, spec, "resourceClaims")) > 0 ||
		strings.HasPrefix(textAt(content, spec, "runtimeClassName"), "nvidia") {
		return true
	}
	for _, volume := range listAt(content, spec, "volumes") {
		if volume["hostPath"] != nil && device(textAt(volume, "hostPath", "path")) {
			return true
		}
	}
	for key := range mapAt(content, metadata, annotations) {
		if asksByAnnotation(key) {
			return true
		}
	}
	return false
}

func containerAsks(container map[string]any) bool {
	for _, list := range []string{"limits", "requests"} {
		for name := range mapAt(container, "resources", list) {
			if accelerator(name) {
				return true
			}
		}
	}
	for _, variable := range listAt(container, "env") {
		visible := strings.HasSuffix(textAt(variable, "name"), "_VISIBLE_DEVICES")
		if value := textAt(variable, "value"); visible && value != "void" && value != "none" {
			return true
		}
	}
	mounts := slices.ContainsFunc(listAt(container, "volumeMounts"), func(mount map[string]any) bool {
		return strings.Contains(textAt(mount, "mountPath"), "nvidia-container-devices")
	})
	return mounts || len(listAt(container, "resources", "claims")) > 0 || at(container, "securityContext", "privileged") == true
}

// accelerator tells whether a resource is one: the design's list, and what stands for a DRA claim.
func accelerator(resource string) bool {
	for _, pattern := range []string{
		"nvidia.com/*", "amd.com/gpu*", "google.com/tpu*", "aws.amazon.com/neuron*", "gpu.intel.com/*", "habana.ai/*",
		"deviceclass.resource.kubernetes.io/*",
	} {
		if matched, err := path.Match(pattern, resource); err == nil && matched {
			return true
		}
	}
	return false
}

// device tells whether a path of the host reaches its devices.
func device(host string) bool {
	clean := path.Clean("/" + host)
	return clean == "/" || clean == "/dev" || strings.HasPrefix(clean, "/dev/") || strings.HasPrefix(clean, "/proc/")
}

// asksByAnnotation: a runtime gives devices for these.
func asksByAnnotation(key string) bool {
	return vendor(key, "cdi.k8s.io", "nri.io", "nri.containerd.io", "noderesource.dev") ||
		strings.HasPrefix(key, "io.kubernetes.cri-o.Devices")
}

// actsOnRuntime: a runtime changes what runs for these.
func actsOnRuntime(key string) bool {
	for _, prefix := range []string{"dev.gvisor.", "io.katacontainers.", "run.oci.", "io.kubernetes.cri-o."} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return vendor(key, "cdi.k8s.io", "nri.io", "nri.containerd.io", "noderesource.dev")
}

// vendor tells whether the prefix of a key is one of the domains, or lies below one.
func vendor(key string, domains ...string) bool {
	prefix, _, _ := strings.Cut(key, "/")
	return slices.ContainsFunc(domains, func(domain string) bool {
		return prefix == domain || strings.HasSuffix(prefix, "."+domain)
	})
}
