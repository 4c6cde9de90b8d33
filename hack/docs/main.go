// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command docs writes the references that are generated: docs/reference/api.md from the custom resource definitions, and
// docs/reference/cli/*.md from the commands of the command line.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "the root of the repository")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes all files, and removes pages of commands that are gone.
func run(root string) error {
	files, err := render(root)
	if err != nil {
		return err
	}
	old, err := filepath.Glob(filepath.Join(root, "docs", "reference", "cli", "*.md"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if rel, err := filepath.Rel(root, path); err != nil || files[filepath.ToSlash(rel)] == "" {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	for name, content := range files {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// render is the content of each generated file, by its path from the root.
func render(root string) (map[string]string, error) {
	files := commandPages()
	definitions, err := readDefinitions(filepath.Join(root, "config", "crd", "bases"))
	if err != nil {
		return nil, err
	}
	files["docs/reference/api.md"] = apiPage(definitions)
	return files, nil
}
