// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command chart writes the derived parts of charts/scalegate: copies of the manifests in config, which the templates read;
// in values.yaml the values of admission.parameters; and in README.md the table of values.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := flag.String("root", ".", "the folder with config and charts")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string) error {
	chart := filepath.Join(root, "charts", "scalegate")
	if err := copyResources(filepath.Join(root, "config"), filepath.Join(chart, "resources")); err != nil {
		return err
	}
	values := filepath.Join(chart, "values.yaml")
	parameters, err := parameterValues(filepath.Join(root, "config", "admission", "parameters.yaml"))
	if err != nil {
		return err
	}
	if err := replaceSection(values, "  # BEGIN of what hack/chart writes, from config/admission/parameters.yaml\n", "  # END of what hack/chart writes\n", parameters); err != nil {
		return err
	}
	text, err := os.ReadFile(values)
	if err != nil {
		return fmt.Errorf("reading the values: %w", err)
	}
	table, err := valuesTable(text)
	if err != nil {
		return fmt.Errorf("reading %s: %w", values, err)
	}
	return replaceSection(filepath.Join(chart, "README.md"), "<!-- BEGIN of what hack/chart writes, from values.yaml -->\n", "<!-- END of what hack/chart writes -->\n", table)
}
