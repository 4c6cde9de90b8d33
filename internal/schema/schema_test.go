// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schema_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/schema"
)

func read(t *testing.T) (*schema.Kinds, fs.FS) {
	t.Helper()
	files, err := config.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	known, err := schema.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return known, files
}

func decode(t *testing.T, text string) map[string]any {
	t.Helper()
	data, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	object := map[string]any{}
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

const release = `apiVersion: scalegate.dev/v1alpha1
kind: ModelRelease
metadata: {name: m1, namespace: serving}
spec:
  policy: rsp
  model: {name: m1}
  artifacts: [{name: weights, type: Weights, digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]
  level: L1
  exposure: General
`

func TestValidate(t *testing.T) {
	known, _ := read(t)
	whole, errs := known.Validate(t.Context(), decode(t, release))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if status, _ := whole["status"].(map[string]any); status["observedGeneration"] != int64(-1) {
		t.Errorf("there are no defaults: %v", whole["status"])
	}
	for name, test := range map[string]struct{ from, to, field, say string }{
		"an unknown field":              {"  level: L1", "  level: L1\n  color: red", "spec.color", `there is no field "color"`},
		"an unknown field of metadata":  {"namespace: serving}", "namespace: serving, label: {}}", "metadata.label", "there is no field"},
		"a field that is missing":       {"  level: L1\n", "", "spec.level", "Required value"},
		"another type":                  {"exposure: General", "exposure: 3", "spec.exposure", "must be of type string"},
		"a word that is none":           {"type: Weights", "type: Weight", "spec.artifacts[0].type", "supported values"},
		"a digest that is none":         {"sha256:aaaa", "sha256:AAAA", "spec.artifacts[0].digest", "should match"},
		"a name that is none":           {"name: m1, namespace", "name: M_1, namespace", "metadata.name", "RFC 1123"},
		"an item that comes twice":      {"artifacts: [", `artifacts: [{name: weights, type: Server, digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, `, "spec.artifacts[1]", "Duplicate value"},
		"a rule of the kind":            {"  level: L1", "  level: L1\n  serving: [{container: server, artifact: server}]", "spec", "names an artifact that spec.artifacts does not"},
		"a namespace that is none":      {"namespace: serving", "namespace: Serving", "metadata.namespace", "RFC 1123"},
		"no metadata":                   {"metadata: {name: m1, namespace: serving}\n", "", "metadata", "name the object"},
		"a kind that is not known":      {"kind: ModelRelease", "kind: Release", "kind", "ModelRelease"},
		"metadata of another shape":     {"metadata: {name: m1, namespace: serving}", "metadata: [m1]", "metadata", ""},
		"a namespace that is too much":  {"", "", "metadata.namespace", "cluster-scoped"},
		"a label that is none":          {"namespace: serving}", "namespace: serving, labels: {a: \"b c\"}}", "metadata.labels", "a valid label"},
		"an unknown field in a list":    {"type: Weights,", "type: Weights, size: 3,", "spec.artifacts[0].size", "there is no field"},
		"a field where none is allowed": {"exposure: General", "exposure: General\nextra: 1", "extra", "there is no field"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(release, test.from, test.to, 1)
			if name == "a namespace that is too much" {
				text = "apiVersion: scalegate.dev/v1alpha1\nkind: SafetyPolicy\nmetadata: {name: rsp, namespace: serving}\nspec: {exposures: [{name: A}], levels: [{name: L1}]}\n"
			}
			object := decode(t, text)
			before := decode(t, text)
			_, errs := known.Validate(t.Context(), object)
			for _, err := range errs {
				if strings.HasPrefix(err.Field, test.field) && strings.Contains(err.Error(), test.say) {
					if diff := cmp.Diff(before, object); diff != "" {
						t.Errorf("the object was changed:\n%s", diff)
					}
					return
				}
			}
			t.Errorf("want %s with %q, got %v", test.field, test.say, errs)
		})
	}
}

func TestAChangeIsHeldAgainstTheRulesAboutChanges(t *testing.T) {
	known, _ := read(t)
	const text = `apiVersion: scalegate.dev/v1alpha1
kind: SafetyEvaluation
metadata: {name: e, namespace: serving}
spec:
  subject: {release: m1, artifacts: [{type: Weights, digest: "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}]}
  requirement: uplift
  report: {configMap: {name: a, key: b}}
`
	if _, errs := known.ValidateUpdate(t.Context(), decode(t, text), decode(t, text)); len(errs) > 0 {
		t.Errorf("no change is refused: %v", errs)
	}
	changed := decode(t, strings.Replace(text, "requirement: uplift", "requirement: other", 1))
	if _, errs := known.ValidateUpdate(t.Context(), changed, decode(t, text)); len(errs) == 0 {
		t.Error("a change of an immutable spec is let through")
	}
}

// Whatever is shipped is valid.
func TestTheShippedObjectsAreValid(t *testing.T) {
	known, _ := read(t)
	var names []string
	for _, glob := range []string{"../../policies/*/policy.yaml", "../../policies/*/suites/*.yaml", "../../config/samples/*.yaml"} {
		found, err := filepath.Glob(glob)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	if len(names) < 40 {
		t.Errorf("only %d files", len(names))
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, errs := known.Validate(t.Context(), decode(t, string(data))); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
}

func TestSame(t *testing.T) {
	known, files := read(t)
	data, err := fs.ReadFile(files, "scalegate.dev_modelreleases.yaml")
	if err != nil {
		t.Fatal(err)
	}
	crd := func(how func(*apiextensionsv1.CustomResourceDefinition)) *apiextensionsv1.CustomResourceDefinition {
		c := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(data, c); err != nil {
			t.Fatal(err)
		}
		how(c)
		return c
	}
	spec := func(c *apiextensionsv1.CustomResourceDefinition) *apiextensionsv1.JSONSchemaProps {
		return c.Spec.Versions[0].Schema.OpenAPIV3Schema
	}
	for name, test := range map[string]struct {
		how  func(*apiextensionsv1.CustomResourceDefinition)
		same bool
	}{
		"nothing changed":          {func(*apiextensionsv1.CustomResourceDefinition) {}, true},
		"a description":            {func(c *apiextensionsv1.CustomResourceDefinition) { spec(c).Description = "another" }, true},
		"a field":                  {func(c *apiextensionsv1.CustomResourceDefinition) { delete(spec(c).Properties, "spec") }, false},
		"a rule":                   {func(c *apiextensionsv1.CustomResourceDefinition) { spec(c).XValidations = nil; spec(c).Required = nil }, false},
		"another version":          {func(c *apiextensionsv1.CustomResourceDefinition) { c.Spec.Versions[0].Name = "v1" }, false},
		"a kind that is not known": {func(c *apiextensionsv1.CustomResourceDefinition) { c.Spec.Names.Kind = "Release" }, false},
		"no schema":                {func(c *apiextensionsv1.CustomResourceDefinition) { c.Spec.Versions[0].Schema = nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := known.Same(crd(test.how), "v1alpha1"); got != test.same {
				t.Errorf("same is %v", got)
			}
		})
	}
	if versions := known.Versions(runtimeschema.GroupKind{Group: "scalegate.dev", Kind: "ModelRelease"}); !cmp.Equal(versions, []string{"v1alpha1"}) {
		t.Errorf("%v", versions)
	}
}
