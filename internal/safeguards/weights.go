// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// readOnlyWeights wants every volume that was there before the pod, or outlives it, to be read only, and no container to be able to
// mount it otherwise: one that is privileged reaches the volumes of the others, and the disks of the node.
func readOnlyWeights(_ v1alpha1.SafeguardCheck, w Workload, _ Scene) fault {
	const remedy = "set readOnly to true there, or take an image volume by digest"
	kept := map[string]corev1.Volume{}
	for _, v := range w.Spec.Volumes {
		if v.HostPath != nil {
			return broken("spec.volumes[%s].hostPath is a path of the node: take an image volume by digest, or an emptyDir for scratch space", v.Name)
		}
		if !madeForPod(v) {
			kept[v.Name] = v
		}
	}
	for _, t := range w.ClaimTemplates {
		kept[t.Name] = corev1.Volume{Name: t.Name}
	}
	for _, c := range containers(w.Spec) {
		if field := mayMount(c); field != "" {
			return broken("%s.%s lets it mount what it likes anew, and write to it: leave it out", c.field, field)
		}
		for _, m := range c.VolumeMounts {
			if v, is := kept[m.Name]; is && !m.ReadOnly && !readOnlyVolume(v) {
				return broken("%s.volumeMounts[%s] may write to a volume that was not made for the pod: %s", c.field, m.Name, remedy)
			}
		}
		for _, d := range c.VolumeDevices {
			if v, is := kept[d.Name]; is && !readOnlyVolume(v) {
				return broken("%s.volumeDevices[%s] may write to a volume that was not made for the pod: %s", c.field, d.Name, remedy)
			}
		}
	}
	return fault{}
}

// mayMount is the field by which a container may mount what it likes, be it mounted read only or not at all; empty when it
// may not.
func mayMount(c container) string {
	s := c.SecurityContext
	if s == nil {
		return ""
	}
	if s.Privileged != nil && *s.Privileged {
		return "securityContext.privileged"
	}
	if s.Capabilities != nil {
		for _, capability := range s.Capabilities.Add {
			switch name := strings.TrimPrefix(strings.ToUpper(string(capability)), "CAP_"); name {
			case "SYS_ADMIN", "ALL":
				return "securityContext.capabilities.add[" + name + "]"
			}
		}
	}
	return ""
}

// madeForPod tells whether a volume comes and goes with its pod, or cannot be written to in any way. One of no kind that
// this version knows is not.
func madeForPod(v corev1.Volume) bool {
	switch s := v.VolumeSource; {
	case s.EmptyDir != nil, s.Image != nil, s.ConfigMap != nil, s.Secret != nil, s.DownwardAPI != nil, s.Projected != nil:
		return true
	case s.Ephemeral != nil && s.Ephemeral.VolumeClaimTemplate != nil:
		spec := s.Ephemeral.VolumeClaimTemplate.Spec
		// One that names a volume, or no class, is bound to one that is there already.
		fresh := spec.VolumeName == "" && spec.Selector == nil && (spec.StorageClassName == nil || *spec.StorageClassName != "")
		return fresh && spec.DataSource == nil && spec.DataSourceRef == nil
	}
	return false
}

// readOnlyVolume tells whether a volume is read only for every container.
func readOnlyVolume(v corev1.Volume) bool {
	switch s := v.VolumeSource; {
	case s.PersistentVolumeClaim != nil:
		return s.PersistentVolumeClaim.ReadOnly
	case s.NFS != nil:
		return s.NFS.ReadOnly
	case s.CSI != nil:
		return s.CSI.ReadOnly != nil && *s.CSI.ReadOnly
	}
	return false
}
