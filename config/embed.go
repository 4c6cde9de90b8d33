// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package config holds the admission manifests as they were when the binary was built, so that
// what the manager puts back is what was installed with it; and the definitions of the kinds, so that
// manifests can be judged without a cluster.
package config

import (
	"embed"
	"io/fs"
)

//go:embed admission/*.yaml crd/bases/*.yaml
var manifests embed.FS

// Admission returns the files of the folder admission: kustomization.yaml, and what it lists.
func Admission() (fs.FS, error) {
	return fs.Sub(manifests, "admission")
}

// Kinds returns the files of the folder crd/bases: a CustomResourceDefinition each.
func Kinds() (fs.FS, error) {
	return fs.Sub(manifests, "crd/bases")
}
