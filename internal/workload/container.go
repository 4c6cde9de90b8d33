// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// role says which rules hold for a container.
type role int

const (
	// roleBare: an artifact's image with its own entry point and nothing else.
	roleBare role = iota
	// roleServing: as the release's serving declares it.
	roleServing
	// roleCompanion: one of the policy's companions.
	roleCompanion
)

// container is a container of the pod with what the release says about it.
type container struct {
	*corev1.Container
	// path of the container in the pod, for people.
	path string
	role role
	// serving is the declaration, for roleServing.
	serving *v1alpha1.ServingContainer
	// hex are the digits of the image's digest.
	hex string
	// types of the artifacts that have this digest; none for a companion.
	types []v1alpha1.ArtifactType
	// argv is command and args after expansion; env are the literal variables after
	// expansion, by name. Both are filled for roleServing once they have matched.
	argv []text
	env  map[string]text
}

// text is a string of a container after Kubernetes expanded the variables in it.
type text struct {
	value string
	// field is where it stands in the pod.
	field string
	// free says that the workload chose a part of it.
	free bool
}

// texts are all strings that the container is given, in no particular order.
func (c container) texts() []text {
	all := slices.Clone(c.argv)
	for _, t := range c.env {
		all = append(all, t)
	}
	return all
}

func isModelPart(t v1alpha1.ArtifactType) bool {
	return t == v1alpha1.ArtifactWeights || t == v1alpha1.ArtifactAdapter
}

func isSafeguard(t v1alpha1.ArtifactType) bool { return t == v1alpha1.ArtifactSafeguard }

// assignContainers finds the rules for every container, by its name and image.
func (m *matcher) assignContainers() *Mismatch {
	spec := &m.template.Spec
	seen := make(map[string]bool)
	lists := []struct {
		path  string
		items []corev1.Container
	}{{"spec.initContainers", spec.InitContainers}, {"spec.containers", spec.Containers}}
	for _, list := range lists {
		for i := range list.items {
			c := container{Container: &list.items[i], path: item(list.path, list.items[i].Name)}
			if c.Name == "" {
				return mismatch(index(list.path, i)+".name", "name the container", "is missing")
			}
			if seen[c.Name] {
				return mismatch(c.path+".name", "name each container once", "names two containers of the pod")
			}
			seen[c.Name] = true
			if found := m.assign(&c); found != nil {
				return found
			}
			m.containers = append(m.containers, c)
		}
	}
	if len(m.containers) == 0 {
		return mismatch("spec.containers", "add the containers that the release declares", "is empty")
	}
	return nil
}

func (m *matcher) assign(c *container) *Mismatch {
	field := c.path + ".image"
	hex, ok := pinnedDigest(c.Image)
	if !ok {
		return mismatch(field, "write it as registry/repository@sha256:<64 hexadecimal digits>",
			"is %s, which is not pinned by digest: a tag can point to other content tomorrow", quote(c.Image))
	}
	c.hex = hex
	artifacts := m.declared.byDigest(hex)
	c.serving = m.declared.servingOf(c.Name)
	switch {
	case c.serving != nil:
		c.role = roleServing
	case len(artifacts) > 0:
		c.role = roleBare
	case m.declared.hasCompanion(c.Name, c.Image):
		c.role = roleCompanion
		return nil
	case m.declared.companionNamed(c.Name):
		return mismatch(field, "use exactly the image that the policy's companions name, or have the policy changed",
			"is %s, which is not the image of companion %s", quote(c.Image), quote(c.Name))
	}
	if len(artifacts) == 0 {
		return mismatch(field, "use the image of an artifact, add this one to the release's artifacts, or to the policy's companions if others inject it",
			"is %s, whose digest is no artifact of the release", quote(c.Image))
	}
	for _, a := range artifacts {
		c.types = append(c.types, a.Type)
	}
	if c.role == roleServing && c.serving.Artifact != "" {
		named := func(a v1alpha1.Artifact) bool { return a.Name == c.serving.Artifact }
		if !slices.ContainsFunc(artifacts, named) {
			return mismatch(field, "use the image of that artifact", "is %s, and the release's serving runs artifact %s in this container",
				quote(c.Image), quote(c.serving.Artifact))
		}
	}
	return nil
}

// checkContainers compares each container with the rules of its role.
func (m *matcher) checkContainers() *Mismatch {
	for i := range m.containers {
		c := &m.containers[i]
		steps := []func(*container) *Mismatch{m.checkSecurity, m.checkProcess, m.checkMounts, m.checkReferences}
		for _, step := range steps {
			if found := step(c); found != nil {
				return found
			}
		}
	}
	return nil
}

func (m *matcher) checkProcess(c *container) *Mismatch {
	switch c.role {
	case roleCompanion:
		return checkCompanion(c)
	case roleBare:
		return checkBare(c)
	case roleServing:
		return checkServing(c)
	}
	return nil
}

// checkBare demands the image's own entry point and nothing else.
func checkBare(c *container) *Mismatch {
	const remedy = "remove it, or list the container in the release's serving"
	const problem = "is set, and the release's serving does not list the container"
	switch {
	case len(c.Command) > 0:
		return mismatch(c.path+".command", remedy, problem)
	case len(c.Args) > 0:
		return mismatch(c.path+".args", remedy, problem)
	case len(c.Env) > 0:
		return mismatch(item(c.path+".env", c.Env[0].Name), remedy, problem)
	}
	return checkTerminationMessage(c)
}

func checkTerminationMessage(c *container) *Mismatch {
	if p := c.TerminationMessagePath; p != "" && p != corev1.TerminationMessagePathDefault {
		return mismatch(c.path+".terminationMessagePath", "remove it",
			"is %s, over which the kubelet would mount an empty file", quote(p))
	}
	return nil
}

// checkCompanion refuses devices: a companion's arguments are free, so one that had an
// accelerator could serve a model of its own.
func checkCompanion(c *container) *Mismatch {
	const remedy = "remove it: only containers of the release use accelerators"
	if len(c.Resources.Claims) > 0 {
		return mismatch(c.path+".resources.claims", remedy, "gives a companion a device")
	}
	for _, list := range []corev1.ResourceList{c.Resources.Limits, c.Resources.Requests} {
		for name := range list {
			if !isPlainResource(string(name)) {
				return mismatch(c.path+".resources", remedy, "gives a companion %s", quote(string(name)))
			}
		}
	}
	for _, e := range c.Env {
		if slices.Contains(deviceVariables(), e.Name) && (e.ValueFrom != nil || e.Value != "void" && e.Value != "none") {
			return mismatch(item(c.path+".env", e.Name), remedy, "gives a companion a device")
		}
	}
	for _, mount := range c.VolumeMounts {
		if strings.Contains(mount.MountPath, "nvidia-container-devices") {
			return mismatch(item(c.path+".volumeMounts", mount.Name), remedy, "gives a companion a device")
		}
	}
	return nil
}

// deviceVariables are read by container runtimes, which then give the container devices that it never requested.
func deviceVariables() []string {
	return []string{"NVIDIA_VISIBLE_DEVICES", "AMD_VISIBLE_DEVICES", "HABANA_VISIBLE_DEVICES"}
}

func isPlainResource(name string) bool {
	return name == "cpu" || name == "memory" || name == "ephemeral-storage" || strings.HasPrefix(name, "hugepages-")
}

// checkSecurity judges capabilities and the view of /proc.
func (m *matcher) checkSecurity(c *container) *Mismatch {
	s := c.SecurityContext
	if s == nil {
		return nil
	}
	field := c.path + ".securityContext."
	if s.ProcMount != nil && *s.ProcMount != corev1.DefaultProcMount {
		return mismatch(field+"procMount", "remove it", "is %s, which shows more of the kernel than Default", quote(string(*s.ProcMount)))
	}
	if s.Capabilities == nil {
		return nil
	}
	for i, added := range s.Capabilities.Add {
		if !mayAdd(c.role, added) {
			return mismatch(index(field+"capabilities.add", i), "remove it", "adds %s, with which a container may reach into others or the node", quote(string(added)))
		}
	}
	return nil
}

// mayAdd lets containers have the capabilities that container runtimes give by default,
// those that pin memory or set priorities, and lets companions configure the pod's network
// as service meshes do.
func mayAdd(r role, capability corev1.Capability) bool {
	switch capability {
	case "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE",
		"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT", "IPC_LOCK", "SYS_NICE", "SYS_RESOURCE":
		return true
	case "NET_ADMIN", "NET_RAW":
		return r == roleCompanion
	}
	return false
}
