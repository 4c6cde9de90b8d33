// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/installation"
	"sigs.k8s.io/yaml"
)

// config reads a file of config/.
func config(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{installation.Root(), "config"}, path...)...))
	must(t, err)
	return text
}

// ignoredBySnippet are the fields of Deployments and StatefulSets that config/argocd/ignore-differences.yaml has Argo CD ignore.
func ignoredBySnippet(t *testing.T) []string {
	t.Helper()
	snippet := struct {
		Spec struct {
			IgnoreDifferences []struct {
				Group                 string   `json:"group"`
				Kind                  string   `json:"kind"`
				JSONPointers          []string `json:"jsonPointers"`
				ManagedFieldsManagers []string `json:"managedFieldsManagers"`
			} `json:"ignoreDifferences"`
			SyncPolicy struct {
				SyncOptions []string `json:"syncOptions"`
			} `json:"syncPolicy"`
		} `json:"spec"`
	}{}
	must(t, yaml.UnmarshalStrict(config(t, "argocd", "ignore-differences.yaml"), &snippet))
	var paths []string
	for _, rule := range snippet.Spec.IgnoreDifferences {
		if rule.Group != "apps" {
			continue
		}
		for _, pointer := range rule.JSONPointers {
			paths = append(paths, strings.ReplaceAll(strings.TrimPrefix(pointer, "/"), "/", "."))
		}
	}
	if len(paths) == 0 {
		t.Fatal("the snippet ignores nothing")
	}
	return paths
}
