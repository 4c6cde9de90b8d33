// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// folders are those of config that the chart has a copy of, and what it calls them. The manager's Deployment is a template
// of the chart, since most values are about it.
func folders() map[string]string {
	return map[string]string{
		"crd":        "crds",
		"rbac":       "rbac",
		"admission":  "admission",
		"canary":     "canary",
		"webhook":    "webhook",
		"legacy":     "legacy",
		"prometheus": "prometheus",
	}
}

// copyResources makes the folder to anew: of each folder, the files that its kustomization.yaml lists.
func copyResources(from, to string) error {
	if err := os.RemoveAll(to); err != nil {
		return fmt.Errorf("clearing the chart's resources: %w", err)
	}
	for folder, name := range folders() {
		files, err := listed(filepath.Join(from, folder))
		if err != nil {
			return err
		}
		for _, file := range files {
			if err := copyFile(filepath.Join(from, folder, file), filepath.Join(to, name, filepath.Base(file))); err != nil {
				return err
			}
		}
	}
	return copyDashboards(filepath.Join(from, "prometheus", "dashboard"), filepath.Join(to, "prometheus"))
}

// copyDashboards copies what Grafana reads, and no kustomization lists.
func copyDashboards(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.json"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("copying dashboards into the chart: %s has none", from)
	}
	for _, file := range files {
		if err := copyFile(file, filepath.Join(to, filepath.Base(file))); err != nil {
			return err
		}
	}
	return nil
}

// listed are the files that a kustomization takes as they are, relative to its folder.
func listed(folder string) ([]string, error) {
	raw, err := os.ReadFile(filepath.Join(folder, "kustomization.yaml"))
	if err != nil {
		return nil, fmt.Errorf("reading what %s consists of: %w", folder, err)
	}
	var k struct {
		Resources []string `json:"resources"`
	}
	if err := yaml.Unmarshal(raw, &k); err != nil {
		return nil, fmt.Errorf("reading %s: %w", filepath.Join(folder, "kustomization.yaml"), err)
	}
	var files []string
	for _, one := range k.Resources {
		if !strings.HasPrefix(one, "..") {
			files = append(files, one)
		}
	}
	return files, nil
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copying a manifest into the chart: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return fmt.Errorf("copying %s into the chart: %w", from, err)
	}
	if err := os.WriteFile(to, content, 0o644); err != nil {
		return fmt.Errorf("copying %s into the chart: %w", from, err)
	}
	return nil
}
