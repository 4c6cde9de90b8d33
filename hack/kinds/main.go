// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command kinds writes the admission policies of the custom workload kinds from the table in internal/workload/kinds:
// guard-kinds.yaml and hold-kinds.yaml in config/admission, and in its folder parameters which of them take which parameter.
package main

import (
	"bytes"
	"embed"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

//go:embed templates/*.tmpl
var templates embed.FS

func main() {
	folder := flag.String("folder", filepath.Join("config", "admission"), "the folder of the admission policies")
	flag.Parse()
	if err := run(*folder); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(folder string) error {
	parameters, err := readParameters(filepath.Join(folder, "parameters.yaml"))
	if err != nil {
		return err
	}
	files, err := render(kinds.All(), parameters)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return fmt.Errorf("writing the policies of the kinds: %w", err)
		}
	}
	return nil
}

// readParameters reads the values that the installation has before anybody changes them, so that the generated
// policies are whole without kustomize.
func readParameters(path string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the parameters: %w", err)
	}
	var cm corev1.ConfigMap
	if err := yaml.UnmarshalStrict(raw, &cm); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	for _, name := range []string{"controller", "accelerators"} {
		if cm.Data[name] == "" {
			return nil, fmt.Errorf("reading %s: data.%s is empty", path, name)
		}
	}
	return cm.Data, nil
}

// render returns the files by their names in the folder.
func render(all []kinds.Kind, parameters map[string]string) (map[string][]byte, error) {
	set, err := template.New("").Funcs(template.FuncMap{"indent": indent, "join": strings.Join}).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("reading the templates of the policies: %w", err)
	}
	data := map[string]any{"Parameters": parameters, "Guard": newGuard(guarded(all))}
	files := map[string][]byte{}
	for file, name := range map[string]string{
		"guard-kinds.yaml":                        "guard-kinds.yaml.tmpl",
		"hold-kinds.yaml":                         "hold-kinds.yaml.tmpl",
		filepath.Join("parameters", "kinds.yaml"): "parameters.yaml.tmpl",
	} {
		var out bytes.Buffer
		if err := set.ExecuteTemplate(&out, name, data); err != nil {
			return nil, fmt.Errorf("writing %s: %w", file, err)
		}
		files[file] = out.Bytes()
	}
	return files, nil
}

// guarded are the kinds that the policies are about.
func guarded(all []kinds.Kind) []kinds.Kind {
	return slices.DeleteFunc(slices.Clone(all), func(k kinds.Kind) bool { return !k.Custom() || !k.Claimable() })
}

// indent puts spaces before every line of a block.
func indent(spaces int, text string) string {
	pad := strings.Repeat(" ", spaces)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
}
