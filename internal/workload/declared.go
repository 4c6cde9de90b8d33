// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Declared is what a pod is compared with. The slices are only read.
type Declared struct {
	// Artifacts of the release.
	Artifacts []v1alpha1.Artifact
	// Serving says how the release's containers may be run.
	Serving []v1alpha1.ServingContainer
	// Companions are the containers that the policy lets others put beside the model.
	Companions []v1alpha1.Companion
}

// DeclaredBy collects what a release and its policy declare. A nil policy declares no
// companions.
func DeclaredBy(release *v1alpha1.ModelRelease, policy *v1alpha1.SafetyPolicy) Declared {
	d := Declared{Artifacts: release.Spec.Artifacts, Serving: release.Spec.Serving}
	if policy != nil {
		d.Companions = policy.Spec.Companions
	}
	return d
}

// Exposure is the exposure that a workload with these pod labels claims: the one it names,
// else the one its release asks for.
func Exposure(labels map[string]string, release *v1alpha1.ModelRelease) string {
	if named := labels[v1alpha1.LabelExposure]; named != "" {
		return named
	}
	return release.Spec.Exposure
}

// ImageDigests lists the digests that the images of a matching pod can have: those of the
// release's artifacts and of the policy's companions, as 64 hexadecimal digits without the
// algorithm, sorted, each once. Digests that are not well formed are left out.
func ImageDigests(d Declared) []string {
	var hexes []string
	for _, a := range d.Artifacts {
		if hex, ok := digestHex(string(a.Digest)); ok {
			hexes = append(hexes, hex)
		}
	}
	for _, c := range d.Companions {
		if hex, ok := pinnedDigest(c.Image); ok {
			hexes = append(hexes, hex)
		}
	}
	slices.Sort(hexes)
	return slices.Compact(hexes)
}

const digestAlgorithm = "sha256:"

// digestHex takes the hexadecimal digits out of "sha256:<64 lower-case digits>".
func digestHex(digest string) (string, bool) {
	hex, ok := strings.CutPrefix(digest, digestAlgorithm)
	return hex, ok && isHex64(hex)
}

// pinnedDigest takes the hexadecimal digits out of "<anything>@sha256:<64 digits>".
func pinnedDigest(reference string) (string, bool) {
	name, digest, ok := strings.Cut(reference, "@")
	if !ok || name == "" || strings.ContainsFunc(name, isSpaceOrControl) {
		return "", false
	}
	return digestHex(digest)
}

func isHex64(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f }

// byDigest lists the artifacts of the digest whose hexadecimal digits these are. Several
// artifacts may share one digest, such as weights baked into the server's image.
func (d Declared) byDigest(hex string) []v1alpha1.Artifact {
	var found []v1alpha1.Artifact
	for _, a := range d.Artifacts {
		if string(a.Digest) == digestAlgorithm+hex {
			found = append(found, a)
		}
	}
	return found
}

// servingOf finds how the container of this name may be run, or nil.
func (d Declared) servingOf(container string) *v1alpha1.ServingContainer {
	i := slices.IndexFunc(d.Serving, func(s v1alpha1.ServingContainer) bool { return s.Container == container })
	if i < 0 {
		return nil
	}
	return &d.Serving[i]
}

// artifactNamed finds an artifact by its name in the release, or nil.
func (d Declared) artifactNamed(name string) *v1alpha1.Artifact {
	i := slices.IndexFunc(d.Artifacts, func(a v1alpha1.Artifact) bool { return a.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Artifacts[i]
}

func (d Declared) hasCompanion(name, image string) bool {
	return slices.Contains(d.Companions, v1alpha1.Companion{Name: name, Image: image})
}

func (d Declared) companionNamed(name string) bool {
	return slices.ContainsFunc(d.Companions, func(c v1alpha1.Companion) bool { return c.Name == name })
}
