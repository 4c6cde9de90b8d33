// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// checkVolumes judges each volume by its kind and by who mounts it.
func (m *matcher) checkVolumes() *Mismatch {
	m.volumes = make(map[string]corev1.Volume)
	for i, v := range m.template.Spec.Volumes {
		if v.Name == "" {
			return mismatch(index("spec.volumes", i)+".name", "name the volume", "is missing")
		}
		if _, twice := m.volumes[v.Name]; twice {
			return mismatch(item("spec.volumes", v.Name)+".name", "name each volume once", "names two volumes of the pod")
		}
		m.volumes[v.Name] = v
	}
	for _, v := range m.template.Spec.Volumes {
		if found := m.checkVolume(v); found != nil {
			return found
		}
	}
	return nil
}

func (m *matcher) checkVolume(v corev1.Volume) *Mismatch {
	field := item("spec.volumes", v.Name)
	kinds := volumeKinds(v)
	switch {
	case len(kinds) != 1:
		return mismatch(field, "give it one kind, such as emptyDir: {}", "has no kind that is known, or several")
	case kinds[0] == "emptyDir":
		return nil
	case kinds[0] == "image":
		hex, ok := pinnedDigest(v.Image.Reference)
		if !ok || len(m.declared.byDigest(hex)) == 0 {
			return mismatch(field+".image.reference", "write it as registry/repository@sha256:<digest> with the digest of one of the release's artifacts",
				"is %s, which is not pinned to an artifact of the release", quote(v.Image.Reference))
		}
		return nil
	case m.isTokenVolume(v):
		return nil
	case m.forCompanionsOnly(v.Name):
		return nil
	}
	return mismatch(field+"."+kinds[0], volumeRemedy(kinds[0]), "is content that no digest names, and not for companions alone")
}

// volumeKinds are the kinds of a volume that the table does not refuse.
func volumeKinds(v corev1.Volume) []string {
	var kinds []string
	for _, kind := range []struct {
		name string
		set  bool
	}{
		{"emptyDir", v.EmptyDir != nil}, {"image", v.Image != nil}, {"configMap", v.ConfigMap != nil},
		{"secret", v.Secret != nil}, {"downwardAPI", v.DownwardAPI != nil}, {"projected", v.Projected != nil},
	} {
		if kind.set {
			kinds = append(kinds, kind.name)
		}
	}
	return kinds
}

func volumeRemedy(kind string) string {
	switch kind {
	case "secret":
		return "take single keys as variables with source Secret, or put the files into an artifact"
	case "configMap":
		return "put the files into an image that is an artifact of type Configuration, and mount it as an image volume by digest"
	case "downwardAPI":
		return "write the values in env; labels and annotations can change"
	}
	return "remove it, or set automountServiceAccountToken and let Kubernetes mount the token"
}

// forCompanionsOnly says whether companions mount the volume, and nobody else.
func (m *matcher) forCompanionsOnly(volume string) bool {
	mounted := false
	for _, c := range m.containers {
		if !mounts(c, volume) {
			continue
		}
		if c.role != roleCompanion {
			return false
		}
		mounted = true
	}
	return mounted
}

func mounts(c container, volume string) bool {
	return slices.ContainsFunc(c.VolumeMounts, func(v corev1.VolumeMount) bool { return v.Name == volume })
}

const (
	tokenVolumePrefix = "kube-api-access-"
	tokenMountPath    = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// isTokenVolume recognises the volume that the ServiceAccount admission adds to pods: the
// token, the cluster's certificates and the namespace, and nothing else.
func (m *matcher) isTokenVolume(v corev1.Volume) bool {
	if !m.pod || !strings.HasPrefix(v.Name, tokenVolumePrefix) || v.Projected == nil || len(v.Projected.Sources) != 3 {
		return false
	}
	return slices.ContainsFunc(v.Projected.Sources, isToken) && slices.ContainsFunc(v.Projected.Sources, isClusterCertificates) &&
		slices.ContainsFunc(v.Projected.Sources, isNamespaceFile)
}

func isToken(s corev1.VolumeProjection) bool {
	t := s.ServiceAccountToken
	return t != nil && s == (corev1.VolumeProjection{ServiceAccountToken: t}) && t.Path == "token" && t.Audience == ""
}

func isClusterCertificates(s corev1.VolumeProjection) bool {
	c := s.ConfigMap
	return c != nil && s == (corev1.VolumeProjection{ConfigMap: c}) && c.Name == "kube-root-ca.crt" && c.Optional == nil && len(c.Items) == 1 && c.Items[0].Key == "ca.crt" && c.Items[0].Path == "ca.crt"
}

func isNamespaceFile(s corev1.VolumeProjection) bool {
	if s.DownwardAPI == nil || s != (corev1.VolumeProjection{DownwardAPI: s.DownwardAPI}) {
		return false
	}
	items := s.DownwardAPI.Items
	return len(items) == 1 && items[0].Path == "namespace" && items[0].ResourceFieldRef == nil &&
		items[0].FieldRef != nil && items[0].FieldRef.FieldPath == "metadata.namespace"
}

// checkMounts judges where a container mounts what.
func (m *matcher) checkMounts(c *container) *Mismatch {
	seen := make(map[string]bool)
	for _, mount := range c.VolumeMounts {
		field := item(c.path+".volumeMounts", mount.Name)
		volume, known := m.volumes[mount.Name]
		at := path.Clean(mount.MountPath)
		switch {
		case !known:
			return mismatch(field+".name", "mount a volume of the pod", "names no volume of the pod")
		case !path.IsAbs(mount.MountPath) || at == "/" || at != strings.TrimSuffix(mount.MountPath, "/"):
			return mismatch(field+".mountPath", "write a plain absolute path", "is %s", quote(mount.MountPath))
		case seen[at]:
			return mismatch(field+".mountPath", "mount one volume there", "is %s, where another volume is mounted", quote(mount.MountPath))
		case mount.MountPropagation != nil && *mount.MountPropagation != corev1.MountPropagationNone:
			return mismatch(field+".mountPropagation", "remove it", "is %s, with which mounts made elsewhere appear inside", quote(string(*mount.MountPropagation)))
		}
		seen[at] = true
		if found := m.checkMount(c, field, mount, volume); found != nil {
			return found
		}
	}
	return nil
}

func (m *matcher) checkMount(c *container, field string, mount corev1.VolumeMount, volume corev1.Volume) *Mismatch {
	at := path.Clean(mount.MountPath)
	switch {
	case c.role == roleCompanion:
		if volume.EmptyDir != nil && !mount.ReadOnly && m.artifactMounts(mount.Name) {
			return mismatch(field+".readOnly", "set it to true, or give the companion a volume of its own",
				"is not true, so a companion could write what a container of the release reads")
		}
	case volume.EmptyDir != nil && !isScratch(at) && !c.declaresScratch(at):
		return mismatch(field+".mountPath", "mount it at a usual place for scratch data, such as /dev/shm, /tmp, /run, /cache or a .cache directory, or declare the place in a variable such as HF_HOME",
			"is %s, where an empty directory may hide what the image holds", quote(mount.MountPath))
	case volume.Image != nil && !isModelPlace(at) && !c.declaresPath(at):
		return mismatch(field+".mountPath", "mount it below /models, or name the path in the release's serving",
			"is %s, where the volume may hide what the image holds", quote(mount.MountPath))
	case volume.Projected != nil && (at != tokenMountPath || !mount.ReadOnly || mount.SubPath != ""):
		return mismatch(field, "let Kubernetes mount the token", "is not the mount that Kubernetes makes for a service account token")
	}
	return nil
}

func (m *matcher) artifactMounts(volume string) bool {
	return slices.ContainsFunc(m.containers, func(c container) bool { return c.role != roleCompanion && mounts(c, volume) })
}

// isScratch says whether programs keep temporary data at this place by custom, so that an
// empty directory there hides nothing that they rely on.
func isScratch(at string) bool {
	for _, place := range []string{"/dev/shm", "/tmp", "/var/tmp", "/run", "/var/run", "/var/cache", "/var/log", "/cache", "/scratch"} {
		if within(at, place) {
			return true
		}
	}
	return slices.ContainsFunc(strings.Split(at, "/"), func(part string) bool { return part == ".cache" || part == ".triton" || part == ".nv" })
}

// isModelPlace says whether models are mounted at this place by custom.
func isModelPlace(at string) bool {
	return slices.ContainsFunc([]string{"/models", "/model", "/mnt", "/weights", "/adapters", "/tokenizer", "/opt/ml/model"},
		func(place string) bool { return within(at, place) })
}

// declaresScratch says whether a variable by which programs are told where to keep
// temporary data names the place, or one above it.
func (c *container) declaresScratch(at string) bool {
	for _, name := range []string{
		"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "TRANSFORMERS_CACHE", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "TMP", "TEMP",
		"VLLM_CACHE_ROOT", "VLLM_CONFIG_ROOT", "VLLM_RPC_BASE_PATH", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR", "TORCH_HOME",
		"CUDA_CACHE_PATH", "NUMBA_CACHE_DIR", "FLASHINFER_WORKSPACE_BASE", "OUTLINES_CACHE_DIR", "PROMETHEUS_MULTIPROC_DIR", "RAY_TMPDIR", "MPLCONFIGDIR",
	} {
		t, set := c.env[name]
		if set && !t.free && path.IsAbs(t.value) && path.Clean(t.value) != "/" && within(at, t.value) {
			return true
		}
	}
	return false
}

// declaresPath says whether a declared text names a path at or below the place.
func (c *container) declaresPath(at string) bool {
	return slices.ContainsFunc(c.texts(), func(t text) bool {
		return !t.free && slices.ContainsFunc(strings.FieldsFunc(t.value, endsPath), func(part string) bool {
			return path.IsAbs(part) && within(part, at)
		})
	})
}

func endsPath(r rune) bool { return strings.ContainsRune(` ,;:="'(){}[]`, r) }
