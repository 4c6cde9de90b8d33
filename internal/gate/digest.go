// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Revision identifies the content of a policy: "sha256:" and the first 16 hexadecimal digits of the digest
// of its JSON with sorted keys, so that the order of Go's fields does not show. It takes longer
// than a decision; callers keep it.
func Revision(spec *v1alpha1.SafetyPolicySpec) string {
	data, err := CanonicalJSON(spec)
	if err != nil {
		// A policy is made of strings, integers and lists, all of which JSON carries.
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:8])
}

// Digest is the digest over the artifacts whose type is in scope, whatever their order and however often
// each is named. An empty scope means all types. With a requirement's scope it is the scopeDigest of
// findings, without one the subjectDigest of releases.
func Digest(artifacts []v1alpha1.SubjectArtifact, scope []v1alpha1.ArtifactType) string {
	return digest(within(ordered(artifacts), maskOf(scope)))
}

// Artifacts are a release's artifacts by type and content, sorted, each once.
func Artifacts(release *v1alpha1.ModelRelease) []v1alpha1.SubjectArtifact {
	list := make([]v1alpha1.SubjectArtifact, 0, len(release.Spec.Artifacts))
	for i := range release.Spec.Artifacts {
		a := &release.Spec.Artifacts[i]
		list = append(list, v1alpha1.SubjectArtifact{Type: a.Type, Digest: a.Digest})
	}
	return arrange(list)
}

func ordered(artifacts []v1alpha1.SubjectArtifact) []v1alpha1.SubjectArtifact {
	return arrange(slices.Clone(artifacts))
}

// arrange sorts in place and drops duplicates.
func arrange(list []v1alpha1.SubjectArtifact) []v1alpha1.SubjectArtifact {
	slices.SortFunc(list, func(a, b v1alpha1.SubjectArtifact) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Digest, b.Digest))
	})
	return slices.Compact(list)
}

// digest is over artifacts that are sorted and unique. The separators occur neither in a type nor in a digest.
func digest(sorted []v1alpha1.SubjectArtifact) string {
	var space [512]byte
	lines := space[:0]
	for i := range sorted {
		lines = append(lines, sorted[i].Type...)
		lines = append(lines, 0)
		lines = append(lines, sorted[i].Digest...)
		lines = append(lines, '\n')
	}
	sum := sha256.Sum256(lines)
	text := make([]byte, 0, len("sha256:")+2*sha256.Size)
	text = append(text, "sha256:"...)
	return string(hex.AppendEncode(text, sum[:]))
}

// findingName is the same for the same requirement, artifacts and evaluation, so that a finding that is made
// twice is made once.
func findingName(requirement, scopeDigest, uid string) string {
	var space [256]byte
	text := append(space[:0], requirement...)
	text = append(text, 0)
	text = append(text, scopeDigest...)
	text = append(text, 0)
	text = append(text, uid...)
	sum := sha256.Sum256(text)
	return requirement + "-" + hex.EncodeToString(sum[:8])
}
