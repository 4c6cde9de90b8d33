// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/scalegate/scalegate/internal/workload/kinds"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

// withoutCRD are the rows whose CRD is not in the collection; they were read in the sources of their operators.
var withoutCRD = []string{
	"ray.io/RayJob", "serving.knative.dev/Configuration", "serving.kserve.io/TrainedModel",
	"inference.networking.x-k8s.io/InferenceModelRewrite",
}

// field walks a schema. False when the path is not in it; a part that keeps what it does not know has every path.
func field(schema *apiextensionsv1.JSONSchemaProps, path string) bool {
	top := true
	for step := range strings.SplitSeq(path, ".") {
		if step == "metadata" && len(schema.Properties["metadata"].Properties) == 0 && top {
			return true // The object's own metadata needs no schema.
		}
		top = false
		name, items := strings.CutSuffix(step, "[]")
		next, there := schema.Properties[name]
		switch {
		case !there && schema.AdditionalProperties != nil:
			return true
		case !there:
			return false
		case next.XPreserveUnknownFields != nil && *next.XPreserveUnknownFields:
			return true
		case items && next.Items == nil:
			return false
		case items:
			schema = next.Items.Schema
		default:
			schema = &next
		}
	}
	return true
}

// paths are all paths of a row that must exist.
func paths(k kinds.Kind) []string {
	all := slices.Concat(k.Replicas, k.Images, k.Identity)
	for _, path := range []string{k.HoldPath, k.References} {
		if path != "" {
			all = append(all, path)
		}
	}
	for _, t := range k.Templates {
		all = append(all, t.Path)
		if t.Form == kinds.PodTemplateSpec {
			all = append(all, t.Path+".metadata.labels")
		}
		for _, label := range t.Labels {
			if strings.HasPrefix(label, ".") {
				label = t.Path + label
			}
			all = append(all, label)
		}
		for _, more := range slices.Concat(t.Containers, t.Free) {
			if more != "" && !strings.HasPrefix(t.Path, "spec.transformer") && !strings.HasPrefix(t.Path, "spec.explainer") || more == "art" {
				all = append(all, t.Path+"."+more)
			}
		}
	}
	return all
}

// TestEveryPathIsInTheSchemaOfItsCRD holds the table against the published definitions, version by version.
func TestEveryPathIsInTheSchemaOfItsCRD(t *testing.T) {
	t.Parallel()
	crds := workloads.CRDs(t)
	for _, kind := range kinds.All() {
		if !kind.Custom() {
			continue
		}
		key := kind.Group + "/" + kind.Kind
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			crd, there := crds[key]
			if !there {
				if !slices.Contains(withoutCRD, key) {
					t.Fatalf("no CRD: add it to the collection, or to withoutCRD")
				}
				t.Skipf("the CRD of %s is not in the collection", key)
			}
			if crd.Spec.Names.Plural != kind.Resource {
				t.Errorf("the resource is %s, the table says %s", crd.Spec.Names.Plural, kind.Resource)
			}
			for _, version := range crd.Spec.Versions {
				if version.Served && !slices.Contains(kind.Versions, version.Name) {
					t.Errorf("version %s is served and not in the table", version.Name)
				}
				if version.Name == kind.Versions[0] {
					checkVersion(t, kind, version)
				}
			}
		})
	}
}

func checkVersion(t *testing.T, kind kinds.Kind, version apiextensionsv1.CustomResourceDefinitionVersion) {
	t.Helper()
	if !version.Storage {
		t.Errorf("%s is preferred in the table and not what is stored", version.Name)
	}
	if scales := version.Subresources != nil && version.Subresources.Scale != nil; scales != kind.Scale {
		t.Errorf("scale subresource: %v, the table says %v", scales, kind.Scale)
	}
	if version.Subresources == nil || version.Subresources.Status == nil {
		t.Error("no status subresource: metadata could be changed through it")
	}
	for _, path := range paths(kind) {
		if !field(version.Schema.OpenAPIV3Schema, path) {
			t.Errorf("%s is not in the schema of %s", path, version.Name)
		}
	}
}

// TestEveryDriftIsInTheSchemaOfItsCRD does the same for what changes a model without a pod.
func TestEveryDriftIsInTheSchemaOfItsCRD(t *testing.T) {
	t.Parallel()
	crds := workloads.CRDs(t)
	for _, drift := range kinds.Drifts() {
		key := drift.Group + "/" + drift.Kind
		crd, there := crds[key]
		if !there {
			if !slices.Contains(withoutCRD, key) {
				t.Errorf("no CRD of %s: add it to the collection, or to withoutCRD", key)
			}
			continue
		}
		if crd.Spec.Names.Plural != drift.Resource {
			t.Errorf("the resource of %s is %s, the table says %s", key, crd.Spec.Names.Plural, drift.Resource)
		}
		for _, version := range crd.Spec.Versions {
			if version.Name != drift.Versions[0] {
				continue
			}
			for _, path := range slices.Concat(drift.Shows, drift.Paths()) {
				if !field(version.Schema.OpenAPIV3Schema, path) {
					t.Errorf("%s is not in the schema of %s %s", path, key, version.Name)
				}
			}
		}
	}
}
