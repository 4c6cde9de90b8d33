// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"errors"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// MatchTemplate compares a pod template (an object with metadata and spec, such as the
// spec.template of a ReplicaSet read from the API server) with what is declared. It returns
// nil when everything matches, else the first field that does not. The template is only
// read; it has the shape that encoding/json or an unstructured client gives it.
func MatchTemplate(declared Declared, template map[string]any) *Mismatch {
	return NewComparer(declared).Template(template)
}

// MatchPod compares a pod as the API server holds it with what is declared, as
// MatchTemplate does for a template. It lets pass what is always added between a template
// and its pods: the volume and mounts of the service account token, when they are exactly
// those that the ServiceAccount admission makes, and what scheduler and defaulting write.
func MatchPod(declared Declared, pod map[string]any) *Mismatch {
	return NewComparer(declared).match(withoutObject(pod), true)
}

// withoutObject leaves out what makes a pod an object, and its status.
func withoutObject(pod map[string]any) map[string]any {
	content := maps.Clone(pod)
	for _, key := range []string{"apiVersion", "kind", "status"} {
		delete(content, key)
	}
	return content
}

// matcher is one comparison.
type matcher struct {
	declared   Declared
	table      table
	pod        bool
	raw        map[string]any
	template   corev1.PodTemplateSpec
	containers []container
	volumes    map[string]corev1.Volume
}

func (c *Comparer) match(content map[string]any, pod bool) *Mismatch {
	m := &matcher{declared: c.declared, table: c.table, pod: pod, raw: withoutManagedFields(content)}
	if found := m.decode(); found != nil {
		return found
	}
	// The last is the one that others of a serving unit may answer for: see OnlyUnnamed.
	steps := []func() *Mismatch{
		m.assignContainers, m.checkFields, m.checkAnnotations, m.checkPod, m.checkVolumes,
		m.checkContainers, m.checkSafeguards, m.checkArtifactsNamed,
	}
	for _, step := range steps {
		if found := step(); found != nil {
			return found
		}
	}
	return nil
}

// withoutManagedFields leaves out who wrote which field: it is large and says nothing.
func withoutManagedFields(content map[string]any) map[string]any {
	metadata, ok := content["metadata"].(map[string]any)
	if !ok {
		return content
	}
	content, metadata = maps.Clone(content), maps.Clone(metadata)
	delete(metadata, "managedFields")
	content["metadata"] = metadata
	return content
}

// decode fills the typed template, and refuses fields that the types do not have.
func (m *matcher) decode() *Mismatch {
	if at := slowQuantity("", m.raw); at != "" {
		return mismatch(at, "write a quantity such as 8Gi", "has an exponent of more than two digits")
	}
	err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(m.raw, &m.template, true)
	if err == nil {
		return nil
	}
	strict, ok := runtime.AsStrictDecodingError(err)
	if !ok {
		return mismatch("spec", "correct it", "cannot be read as a pod: %s", quote(err.Error()))
	}
	// The message is: unknown field "path".
	_, path, _ := strings.Cut(errors.Join(strict.Errors()[:1]...).Error(), `"`)
	return unknownField(strings.TrimSuffix(path, `"`))
}

// slowQuantity finds a quantity such as 1e-999999999, on which the decoder would spend
// hours. Objects from an API server have none; files that people write can.
func slowQuantity(shown string, value any) string {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if at := slowQuantity(join(shown, key), v[key]); at != "" {
				return at
			}
		}
	case []any:
		for i, element := range v {
			if at := slowQuantity(itemName(shown, i, element), element); at != "" {
				return at
			}
		}
	case string:
		mantissa, exponent, _ := strings.Cut(strings.ReplaceAll(v, "E", "e"), "e")
		number := strings.Trim(mantissa, "+-.0123456789") == "" && strings.Trim(exponent, "+-0123456789") == ""
		if number && len(strings.TrimLeft(exponent, "+-0")) > 2 && isQuantity(shown) {
			return shown
		}
	}
	return ""
}

func isQuantity(shown string) bool {
	return strings.HasSuffix(shown, ".sizeLimit") || strings.HasSuffix(shown, ".divisor") || strings.HasPrefix(shown, "spec.overhead.") ||
		strings.Contains(shown, ".limits.") || strings.Contains(shown, ".requests.")
}

// checkFields holds every field of the live object against the table.
func (m *matcher) checkFields() *Mismatch {
	w := walker{table: m.table, companions: make(map[string]bool)}
	for _, c := range m.containers {
		if c.role == roleCompanion {
			w.companions[c.path] = true
		}
	}
	return w.check("", "", m.raw, false)
}

// checkAnnotations refuses annotations by which a container runtime, or a plug-in of it,
// puts devices, mounts, environment or another root file system into a container.
func (m *matcher) checkAnnotations() *Mismatch {
	for _, key := range slices.Sorted(maps.Keys(m.template.Annotations)) {
		if steersRuntime(key) {
			return mismatch(item("metadata.annotations", key), "remove it, and ask for devices in resources or resourceClaims",
				"makes the container runtime change what the containers hold")
		}
	}
	return nil
}

func steersRuntime(annotation string) bool {
	domain, _, _ := strings.Cut(annotation, "/")
	for _, d := range []string{"cdi.k8s.io", "nri.io", "nri.containerd.io", "noderesource.dev"} {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return true
		}
	}
	// gVisor, Kata Containers, crun and CRI-O read dotted names.
	for _, prefix := range []string{"dev.gvisor.", "io.katacontainers.", "run.oci.", "io.kubernetes.cri-o."} {
		if strings.HasPrefix(annotation, prefix) {
			return true
		}
	}
	return false
}

// checkPod judges the fields of the pod that are refused for some values only.
func (m *matcher) checkPod() *Mismatch {
	spec := &m.template.Spec
	switch {
	case spec.EnableServiceLinks == nil || *spec.EnableServiceLinks:
		return mismatch("spec.enableServiceLinks", "set it to false in the pod template",
			"is not false, so every Service of the namespace adds environment variables")
	case spec.DNSPolicy == corev1.DNSNone:
		return mismatch("spec.dnsPolicy", "use ClusterFirst", "is None, which takes name servers from the pod")
	case spec.OS != nil && spec.OS.Name != corev1.Linux:
		return mismatch("spec.os.name", "set it to linux", "is %s, and only linux is judged", quote(string(spec.OS.Name)))
	}
	return nil
}

// checkArtifactsNamed demands that every part of the release that shapes the model's
// answers is in the pod by its digest.
func (m *matcher) checkArtifactsNamed() *Mismatch {
	for _, a := range m.declared.Artifacts {
		if !isModelPart(a.Type) {
			continue
		}
		hex, ok := digestHex(string(a.Digest))
		if !ok || !slices.ContainsFunc(m.containers, func(c container) bool { return m.names(c, hex) }) {
			return mismatch("spec", "mount it in the server as an image volume whose reference ends in @"+string(a.Digest)+
				", or run a container from it", doesNotName+" %s (%s) of the release by its digest", quote(a.Name), a.Type)
		}
	}
	return nil
}

// names says whether an artifact's container holds or names the digest. Text that a workload
// may choose does not count.
func (m *matcher) names(c container, hex string) bool {
	if c.role == roleCompanion {
		return false
	}
	if c.hex == hex {
		return true
	}
	for _, mount := range c.VolumeMounts {
		if image := m.volumes[mount.Name].Image; image != nil {
			if pinned, _ := pinnedDigest(image.Reference); pinned == hex {
				return true
			}
		}
	}
	return slices.ContainsFunc(c.texts(), func(t text) bool { return !t.free && namesDigest(t.value, hex) })
}

// namesDigest finds @sha256:<hex> in a text, where no further digit follows.
func namesDigest(value, hex string) bool {
	for {
		_, after, ok := strings.Cut(value, "@"+digestAlgorithm+hex)
		if !ok {
			return false
		}
		if after == "" || strings.Trim(after[:1], "0123456789abcdefABCDEF") != "" {
			return true
		}
		value = after
	}
}

// checkSafeguards demands the containers in which the release runs its safeguards: what
// was evaluated is the model behind them.
func (m *matcher) checkSafeguards() *Mismatch {
	for _, s := range m.declared.Serving {
		a := m.declared.artifactNamed(s.Artifact)
		if a == nil || !isSafeguard(a.Type) {
			continue
		}
		if !slices.ContainsFunc(m.containers, func(c container) bool { return c.Name == s.Container }) {
			return mismatch("spec.containers", "add the container as the release's serving declares it",
				"have no container %s, in which the release runs its safeguard %s", quote(s.Container), quote(a.Name))
		}
	}
	return nil
}
