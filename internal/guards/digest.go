// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
)

// ManifestsAnnotation is an annotation of the ConfigMap ParametersName: the Digest of the manifests that were
// installed with it. A manager that was built with others knows by it that another version is being installed.
const ManifestsAnnotation = "scalegate.dev/admission-manifests"

// Digest names the admission objects of a version: two versions whose objects do the same with the same
// parameters have the same. It is "sha256:" and 64 hexadecimal digits. What stands in the place of
// parameters, comments and the layout of the files do not count.
func Digest(files fs.FS) (string, error) {
	set, names, err := read(files)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, id := range set.IDs() {
		variables := variablesOf(set[id])
		for i, v := range variables {
			if slices.Contains(names, v.Name) {
				variables[i].Expression = ""
			}
		}
		spec, err := Spec(set[id])
		if err != nil {
			return "", err
		}
		text, err := json.Marshal(spec)
		if err != nil {
			return "", fmt.Errorf("encoding %s: %w", id, err)
		}
		fmt.Fprintf(hash, "%s\n%s\n", id, text)
	}
	return fmt.Sprintf("sha256:%x", hash.Sum(nil)), nil
}
