// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/test/installation"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// An earlier version: one policy says something in other words, one does not exist yet, and one more exists that was retired since.
const (
	changedFile  = "guard-namespaces.yaml"
	words        = "clearance.scalegate.dev/ annotations are written by Scalegate alone, from the evidence about a release"
	earlierWords = "clearance.scalegate.dev/ annotations are written by Scalegate alone"
	addedFile    = "warn-held.yaml"
	added        = "scalegate-warn-held"
	retiredFile  = "warn-earlier.yaml"
	retired      = "scalegate-warn-earlier"
)

// earlier is another version: its chart, and the manager that was built with the same policies.
type earlier struct {
	chart  *chart.Chart
	binary string
}

// earlierVersion makes that version of this tree, in a folder of the test's own.
func earlierVersion(t *testing.T) earlier {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "admission")
	must(t, os.CopyFS(folder, os.DirFS(filepath.Join(installation.Root(), "config", "admission"))))
	rewrite(t, filepath.Join(folder, changedFile), words, earlierWords)
	rename(t, filepath.Join(folder, addedFile), filepath.Join(folder, retiredFile))
	rewrite(t, filepath.Join(folder, retiredFile), added, retired)
	rewrite(t, filepath.Join(folder, "kustomization.yaml"), addedFile, retiredFile)
	current, err := guards.Digest(os.DirFS(filepath.Join(installation.Root(), "config", "admission")))
	must(t, err)
	digest, err := guards.Digest(os.DirFS(folder))
	must(t, err)
	rewrite(t, filepath.Join(folder, "parameters.yaml"), current, digest)
	return earlier{chart: earlierChart(t, folder), binary: earlierManager(t, folder)}
}

// rewrite puts one text in the place of another, wherever it stands in a file. It must stand there.
func rewrite(t *testing.T, file, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	must(t, err)
	if !strings.Contains(string(raw), from) {
		t.Fatalf("%s does not have %q", file, from)
	}
	must(t, os.WriteFile(file, []byte(strings.ReplaceAll(string(raw), from, to)), 0o600))
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	must(t, os.Rename(from, to))
}

// earlierChart is the chart with the policies in the folder, and the right to put these back.
func earlierChart(t *testing.T, folder string) *chart.Chart {
	t.Helper()
	c := loaded(t)
	const policies = "resources/admission/"
	var files []*common.File
	for _, file := range c.Files {
		if strings.HasPrefix(file.Name, policies) {
			continue
		}
		if strings.HasSuffix(file.Name, "/restore_role.yaml") {
			file.Data = []byte(strings.ReplaceAll(string(file.Data), added, retired))
		}
		files = append(files, file)
	}
	must(t, fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.Contains(path, "/") || path == "kustomization.yaml" {
			return err
		}
		raw, err := os.ReadFile(filepath.Join(folder, path))
		files = append(files, &common.File{Name: policies + path, Data: raw})
		return err
	}))
	c.Files = files
	c.Metadata.Version, c.Metadata.AppVersion = "0.0.9", "v0.0.9"
	return c
}

// earlierManager builds the manager with the policies in the folder in the place of this tree's.
func earlierManager(t *testing.T, folder string) string {
	t.Helper()
	replace := map[string]string{filepath.Join(installation.Root(), "config", "admission", addedFile): ""}
	for _, file := range []string{changedFile, retiredFile, "kustomization.yaml", "parameters.yaml"} {
		replace[filepath.Join(installation.Root(), "config", "admission", file)] = filepath.Join(folder, file)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	must(t, err)
	file := filepath.Join(filepath.Dir(folder), "overlay.json")
	must(t, os.WriteFile(file, overlay, 0o600))
	binary := filepath.Join(shared.Dir(), "scalegate-earlier")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", file, "-o", binary, ".")
	build.Dir = installation.Root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("building the earlier manager: %w\n%s", err, out))
	}
	return binary
}
