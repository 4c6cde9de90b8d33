// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// readOnlyWeights wants every volume that was there before the pod, or outlives it, to be read only. A privileged container
// mounts anew what it likes.
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
		for _, m := range c.VolumeMounts {
			v, is := kept[m.Name]
			switch {
			case !is:
			case !m.ReadOnly && !readOnlyVolume(v):
				return broken("%s.volumeMounts[%s] may write to a volume that was not made for the pod: %s", c.field, m.Name, remedy)
			case privileged(c):
				return broken("%s.securityContext.privileged is true, so that it may mount the volume %s anew: set it to false", c.field, m.Name)
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

func privileged(c container) bool {
	return c.SecurityContext != nil && c.SecurityContext.Privileged != nil && *c.SecurityContext.Privileged
}

// madeForPod tells whether a volume comes and goes with its pod, or cannot be written to in any way. One of no kind that
// this version knows is not.
func madeForPod(v corev1.Volume) bool {
	switch s := v.VolumeSource; {
	case s.EmptyDir != nil, s.Image != nil, s.ConfigMap != nil, s.Secret != nil, s.DownwardAPI != nil, s.Projected != nil:
		return true
	case s.Ephemeral != nil && s.Ephemeral.VolumeClaimTemplate != nil:
		spec := s.Ephemeral.VolumeClaimTemplate.Spec
		return spec.DataSource == nil && spec.DataSourceRef == nil && spec.VolumeName == ""
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
