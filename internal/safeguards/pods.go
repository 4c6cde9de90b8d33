// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// annotationEgressBandwidth is the one that the bandwidth plug-in reads, in bits per second.
const annotationEgressBandwidth = "kubernetes.io/egress-bandwidth"

// signerAPIServerClient signs certificates that the API server takes for a pod's identity.
const signerAPIServerClient = "kubernetes.io/kube-apiserver-client-pod"

// container is a container of any kind, and the field that it is in.
type container struct {
	corev1.EphemeralContainerCommon
	field string
	// stays: it is meant to run as long as the pod does.
	stays bool
}

// containers are all of a pod.
func containers(spec *corev1.PodSpec) []container {
	var all []container
	for _, c := range spec.InitContainers {
		stays := c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways
		all = append(all, container{corev1.EphemeralContainerCommon(c), "spec.initContainers[" + c.Name + "]", stays})
	}
	for _, c := range spec.Containers {
		all = append(all, container{corev1.EphemeralContainerCommon(c), "spec.containers[" + c.Name + "]", true})
	}
	for _, c := range spec.EphemeralContainers {
		all = append(all, container{c.EphemeralContainerCommon, "spec.ephemeralContainers[" + c.Name + "]", false})
	}
	return all
}

// digestOf is the digest that a reference is pinned to, as sha256:<hex>; empty when it is not.
func digestOf(reference string) string {
	_, digest, found := strings.Cut(reference, "@")
	hex, isSHA := strings.CutPrefix(digest, "sha256:")
	if !found || !isSHA || len(hex) != 64 || strings.Trim(hex, "0123456789abcdef") != "" {
		return ""
	}
	return digest
}

func imagesPinned(_ v1alpha1.SafeguardCheck, w Workload, _ Scene) fault {
	const remedy = "name it by digest, as registry/repository@sha256:..."
	for _, c := range containers(w.Spec) {
		if digestOf(c.Image) == "" {
			return broken("%s.image is %q, which a registry may fill anew: %s", c.field, c.Image, remedy)
		}
	}
	for _, v := range w.Spec.Volumes {
		if v.Image != nil && digestOf(v.Image.Reference) == "" {
			return broken("spec.volumes[%s].image.reference is %q, which a registry may fill anew: %s", v.Name, v.Image.Reference, remedy)
		}
	}
	return fault{}
}

func egressBandwidthLimited(check v1alpha1.SafeguardCheck, w Workload, _ Scene) fault {
	most, err := resource.ParseQuantity(check.MaxEgressBandwidth)
	if err != nil {
		return unknown("the policy's check.maxEgressBandwidth is %q, which is no quantity: write it as 10M", check.MaxEgressBandwidth)
	}
	if w.Spec.HostNetwork {
		return broken("spec.hostNetwork is true, and what the node sends has no limit: leave it out")
	}
	remedy := fmt.Sprintf("set it to %s or less, in bits per second, before the pod starts", check.MaxEgressBandwidth)
	text, found := w.Annotations[annotationEgressBandwidth]
	if !found {
		return broken("it has no annotation %s: %s", annotationEgressBandwidth, remedy)
	}
	limit, err := resource.ParseQuantity(text)
	if err != nil || limit.Sign() <= 0 {
		return broken("its annotation %s is %q, which is no limit: %s", annotationEgressBandwidth, cutTo(text, 64), remedy)
	}
	if limit.Cmp(most) > 0 {
		return broken("its annotation %s is %s, which is above %s: %s", annotationEgressBandwidth, cutTo(text, 64), check.MaxEgressBandwidth, remedy)
	}
	return fault{}
}

func runtimeClass(check v1alpha1.SafeguardCheck, w Workload, _ Scene) fault {
	remedy := "set it to one of " + list(check.RuntimeClasses)
	switch name := w.Spec.RuntimeClassName; {
	case name == nil || *name == "":
		return broken("spec.runtimeClassName is not set: %s", remedy)
	case !slices.Contains(check.RuntimeClasses, *name):
		return broken("spec.runtimeClassName is %s: %s", *name, remedy)
	}
	return fault{}
}

// list names things, of many the first ones.
func list(names []string) string {
	const most = 5
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

func noServiceAccountToken(_ v1alpha1.SafeguardCheck, w Workload, _ Scene) fault {
	const remedy = "set spec.automountServiceAccountToken to false, and project no token"
	for _, v := range w.Spec.Volumes {
		if v.Projected == nil {
			continue
		}
		for _, s := range v.Projected.Sources {
			switch {
			case s.ServiceAccountToken != nil:
				return broken("spec.volumes[%s] gives it a token of its service account: %s", v.Name, remedy)
			case s.PodCertificate != nil && s.PodCertificate.SignerName == signerAPIServerClient:
				return broken("spec.volumes[%s] gives it a client certificate of the API server, which is as good as a token: project none", v.Name)
			}
		}
	}
	if automount := w.Spec.AutomountServiceAccountToken; w.Template && (automount == nil || *automount) {
		return broken("spec.automountServiceAccountToken is not false, so that its pods are given a token: %s", remedy)
	}
	return fault{}
}

// safeguardDeclared wants the release to have something to run.
func safeguardDeclared(_ v1alpha1.SafeguardCheck, s Scene) fault {
	if s.Release == nil || len(artifactsOf(s.Release, v1alpha1.ArtifactSafeguard)) == 0 {
		return broken("the release has no artifact of type Safeguard: add it to spec.artifacts with the digest that was evaluated, and run it in every pod")
	}
	return fault{}
}

func artifactsOf(r *v1alpha1.ModelRelease, kind v1alpha1.ArtifactType) []v1alpha1.Artifact {
	return slices.DeleteFunc(slices.Clone(r.Spec.Artifacts), func(a v1alpha1.Artifact) bool { return a.Type != kind })
}

// safeguardContainer wants each safeguard in a container that stays, or mounted into one, and at least one to be run.
func safeguardContainer(_ v1alpha1.SafeguardCheck, w Workload, s Scene) fault {
	if s.Release == nil {
		return fault{}
	}
	images := map[string]string{}
	for _, v := range w.Spec.Volumes {
		if v.Image != nil {
			images[v.Name] = digestOf(v.Image.Reference)
		}
	}
	runs, mounts := map[string]bool{}, map[string]bool{}
	for _, c := range containers(w.Spec) {
		if !c.stays {
			continue
		}
		runs[digestOf(c.Image)] = true
		for _, m := range c.VolumeMounts {
			mounts[images[m.Name]] = true
		}
	}
	var run bool
	for _, a := range artifactsOf(s.Release, v1alpha1.ArtifactSafeguard) {
		digest := string(a.Digest)
		if !runs[digest] && !mounts[digest] {
			return broken("no container that stays runs the safeguard %s: add one with its image, by the digest %s", a.Name, shortDigest(digest))
		}
		run = run || runs[digest]
	}
	if !run {
		return broken("safeguards are mounted and none is run: add a container whose image is one of them, by digest")
	}
	return fault{}
}

// shortDigest is a digest as messages have it.
func shortDigest(digest string) string { return cutTo(digest, len("sha256:")+15) }
