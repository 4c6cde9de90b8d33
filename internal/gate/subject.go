// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// mask is a set of artifact types, a bit each.
type mask uint8

const everyType mask = 0xff

func maskOf(scope []v1alpha1.ArtifactType) mask {
	if len(scope) == 0 {
		return everyType
	}
	var m mask
	for _, t := range scope {
		m |= bit(t)
	}
	return m
}

func bit(t v1alpha1.ArtifactType) mask {
	switch t {
	case v1alpha1.ArtifactWeights:
		return 1 << 0
	case v1alpha1.ArtifactAdapter:
		return 1 << 1
	case v1alpha1.ArtifactTokenizer:
		return 1 << 2
	case v1alpha1.ArtifactConfiguration:
		return 1 << 3
	case v1alpha1.ArtifactServer:
		return 1 << 4
	case v1alpha1.ArtifactSafeguard:
		return 1 << 5
	}
	// Types of a later version share a bit: a scope that names one covers all of them.
	return 1 << 6
}

// scope is the part of a release that a requirement is about.
type scope struct {
	types mask
	// artifacts of the release within types, sorted, each once.
	artifacts []v1alpha1.SubjectArtifact
}

// keyed is a scope with the digest over its artifacts; empty until it is needed, see [engine.key].
type keyed struct {
	scope
	digest string
}

// matches reports whether the listed artifacts within the scope are the release's own, as sets.
func (s *scope) matches(list []v1alpha1.SubjectArtifact) bool {
	// A bit for each of the first of the release's artifacts that is listed.
	var listed uint64
	for i := range list {
		at := position(s.artifacts, &list[i])
		if at >= 0 {
			listed |= 1 << at
		} else if bit(list[i].Type)&s.types != 0 {
			return false
		}
	}
	for i := range s.artifacts {
		if listed>>i&1 == 0 && !has(list, &s.artifacts[i]) {
			return false
		}
	}
	return true
}

// same reports whether two lists name the same artifacts within the types, as sets.
func (m mask) same(a, b []v1alpha1.SubjectArtifact) bool {
	if len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) {
		return true
	}
	return m.covers(a, b) && m.covers(b, a)
}

func (m mask) covers(list, part []v1alpha1.SubjectArtifact) bool {
	for i := range part {
		if bit(part[i].Type)&m != 0 && !has(list, &part[i]) {
			return false
		}
	}
	return true
}

func has(list []v1alpha1.SubjectArtifact, artifact *v1alpha1.SubjectArtifact) bool {
	return position(list, artifact) >= 0
}

// position is the index of an artifact in a list, or -1.
func position(list []v1alpha1.SubjectArtifact, artifact *v1alpha1.SubjectArtifact) int {
	for i := range list {
		if list[i].Type == artifact.Type && list[i].Digest == artifact.Digest {
			return i
		}
	}
	return -1
}

func within(sorted []v1alpha1.SubjectArtifact, types mask) []v1alpha1.SubjectArtifact {
	if types == everyType {
		return sorted
	}
	part := make([]v1alpha1.SubjectArtifact, 0, len(sorted))
	for i := range sorted {
		if bit(sorted[i].Type)&types != 0 {
			part = append(part, sorted[i])
		}
	}
	return slices.Clip(part)
}
