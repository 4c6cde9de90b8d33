// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package workloads reads a collection of published CRDs and example manifests of inference workloads, which lies outside of
// this repository. Tests that need it are skipped where it is not there.
package workloads

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/json"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/test/installation"
)

// Variable names the folder of the collection, for where it is not beside the repository.
const Variable = "SCALEGATE_WORKLOADS_DIR"

// Find returns the folder of the collection, and whether it is there.
func Find() (string, bool) {
	dir := os.Getenv(Variable)
	if dir == "" {
		dir = filepath.Join(installation.Root(), "..", "shared", "workloads")
	}
	_, err := os.Stat(dir)
	return dir, !errors.Is(err, fs.ErrNotExist)
}

// Folder is where the collection is. It skips the test when it is nowhere.
func Folder(tb testing.TB) string {
	tb.Helper()
	dir, there := Find()
	if !there {
		tb.Skipf("the collection of workload manifests is not at %s (set %s)", dir, Variable)
	}
	return dir
}

// CRDs are the definitions of the collection, by GROUP/KIND. Of two definitions of one kind the one with the fuller schema counts.
func CRDs(tb testing.TB) map[string]*apiextensionsv1.CustomResourceDefinition {
	tb.Helper()
	all, err := Definitions(Folder(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// Definitions is as CRDs, outside of a test.
func Definitions(dir string) (map[string]*apiextensionsv1.CustomResourceDefinition, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*", "crd*"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(fmt.Errorf("%s holds no CRD", dir), err)
	}
	all := map[string]*apiextensionsv1.CustomResourceDefinition{}
	sizes := map[string]int{}
	for _, file := range files {
		raw, err := read(file)
		if err != nil {
			return nil, err
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.Unmarshal(raw, crd); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		key := crd.Spec.Group + "/" + crd.Spec.Names.Kind
		if len(raw) > sizes[key] {
			all[key], sizes[key] = crd, len(raw)
		}
	}
	return all, nil
}

// Objects are the documents of a manifest, FOLDER/FILE in the collection.
func Objects(tb testing.TB, file string) []map[string]any {
	tb.Helper()
	raw, err := read(filepath.Join(Folder(tb), filepath.FromSlash(file)))
	if err != nil {
		tb.Fatal(err)
	}
	var objects []map[string]any
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(raw), 4096)
	for {
		var document runtime.RawExtension
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return objects
		}
		var object map[string]any
		if err == nil && len(document.Raw) > 0 {
			err = json.Unmarshal(document.Raw, &object) // With whole numbers as int64, as the API server has them.
		}
		if err != nil {
			tb.Fatalf("reading %s: %v", file, err)
		}
		if object != nil {
			objects = append(objects, object)
		}
	}
}

// Object is the first document of a manifest that is of the kind.
func Object(tb testing.TB, file, kind string) map[string]any {
	tb.Helper()
	for _, object := range Objects(tb, file) {
		if object["kind"] == kind {
			return object
		}
	}
	tb.Fatalf("%s has no %s", file, kind)
	return nil
}

func read(file string) ([]byte, error) {
	raw, err := os.ReadFile(file)
	if err != nil || !strings.HasSuffix(file, ".gz") {
		return raw, err
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return io.ReadAll(unzipped)
}
