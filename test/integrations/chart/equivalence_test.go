// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/test/installation"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// The chart installs what kustomize installs, but for what is listed here.

// onlyInConfig are objects that the chart leaves to Helm: --create-namespace makes the one of the release.
func onlyInConfig() []string { return []string{"Namespace scalegate-system"} }

// onlyInChart are objects that an installation by hand does without.
func onlyInChart() []string {
	return []string{"PodDisruptionBudget scalegate-system/scalegate-controller-manager"}
}

// differs are fields of the Deployment that are values of the chart, with the reason.
func differs() map[string][]string {
	return map[string][]string{
		"an overlay names the image, and the chart its version":  {"image"},
		"a version is pulled once, and :latest each time":        {"imagePullPolicy"},
		"zones and nodes are known to the cluster's owner alone": {"topologySpreadConstraints"},
	}
}

// helmLabels are those that every object of a chart has.
func helmLabels() []string {
	return []string{
		"helm.sh/chart", "app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/version", "app.kubernetes.io/managed-by",
	}
}

func TestTheChartInstallsWhatConfigInstalls(t *testing.T) {
	t.Parallel()
	for overlay, row := range map[string]rendering{
		"default": {},
		"legacy":  {values: map[string]any{"admission": map[string]any{"mode": "legacy"}}},
	} {
		t.Run("config/"+overlay, func(t *testing.T) {
			t.Parallel()
			built, err := shared.Kubectl(t.Context(), shared.Admin(), "kustomize", filepath.Join(installation.Root(), "config", overlay))
			must(t, err)
			rendered, err := row.render()
			must(t, err)
			want, got := byName(objects(t, string(built))), byName(objects(t, rendered.Manifest))
			for _, name := range onlyInConfig() {
				if want[name] == nil || got[name] != nil {
					t.Errorf("%s is not in config alone: take it off the list", name)
				}
				delete(want, name)
			}
			for _, name := range onlyInChart() {
				if got[name] == nil || want[name] != nil {
					t.Errorf("%s is not in the chart alone: take it off the list", name)
				}
				delete(got, name)
			}
			for name, object := range want {
				t.Run(name, func(t *testing.T) { compare(t, object, got[name]) })
				delete(got, name)
			}
			for name := range got {
				t.Errorf("%s is in the chart alone", name)
			}
		})
	}
}

func byName(all []*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	named := map[string]*unstructured.Unstructured{}
	for _, object := range all {
		named[name(object)] = object
	}
	return named
}

// compare holds an object of the chart to the one of config.
func compare(t *testing.T, want, got *unstructured.Unstructured) {
	t.Helper()
	if got == nil {
		t.Fatal("the chart does not have it")
	}
	labels := got.GetLabels()
	for _, label := range helmLabels() {
		if _, ours := want.GetLabels()[label]; labels[label] == "" {
			t.Errorf("it has no label %s", label)
		} else if !ours {
			delete(labels, label)
		}
	}
	if len(labels) == 0 {
		labels = nil
	}
	got.SetLabels(labels)
	if got.GetKind() == "CustomResourceDefinition" {
		annotations := got.GetAnnotations()
		if annotations["helm.sh/resource-policy"] != "keep" {
			t.Error("it is not kept")
		}
		delete(annotations, "helm.sh/resource-policy")
		if len(annotations) == 0 {
			annotations = nil
		}
		got.SetAnnotations(annotations)
	}
	if got.GetKind() == "Deployment" {
		var fields []string
		for _, some := range differs() {
			fields = append(fields, some...)
		}
		without(want.Object, fields)
		without(got.Object, fields)
	}
	// kustomize breaks long lines of text that manifests fold.
	unbroken := gocmp.Comparer(func(a, b string) bool { return slices.Equal(strings.Fields(a), strings.Fields(b)) })
	if diff := gocmp.Diff(want.Object, got.Object, gocmp.FilterPath(expression, unbroken)); diff != "" {
		t.Error(diff)
	}
}

// expression is true where a CEL expression stands.
func expression(path gocmp.Path) bool {
	for _, step := range slices.Backward(path) {
		if key, ok := step.(gocmp.MapIndex); ok {
			return strings.HasSuffix(key.Key().String(), "xpression")
		}
	}
	return false
}

// without takes fields of these names away, wherever they are.
func without(value any, fields []string) {
	switch v := value.(type) {
	case map[string]any:
		for _, field := range fields {
			delete(v, field)
		}
		for _, inner := range v {
			without(inner, fields)
		}
	case []any:
		for _, inner := range v {
			without(inner, fields)
		}
	}
}

// Whatever the values are, the manager finds the policies as it would write them, and so writes nothing.
func TestTheManagerWouldChangeNoPolicy(t *testing.T) {
	t.Parallel()
	for name, r := range matrix(t) {
		t.Run(name, func(t *testing.T) {
			wouldChangeNothing(t, cmp.Or(r.namespace, installation.Namespace), r.objects)
		})
	}
	t.Run("with parameters of every kind, elsewhere", func(t *testing.T) {
		r := rendering{namespace: "elsewhere", values: map[string]any{
			"serviceAccount": map[string]any{"name": "gate"},
			"admission": map[string]any{"parameters": map[string]any{
				"workloadControllers": []any{"system:kube-controller-manager"}, "accelerators": []any{"a.example/", "b.example/"},
				"templateMetadataWriters": []any{}, "nodeGroups": []any{"system:nodes", "virtual"},
			}},
		}}
		rendered, err := r.render()
		must(t, err)
		wouldChangeNothing(t, "elsewhere", objects(t, rendered.Manifest))
	})
}

// wouldChangeNothing compares the admission objects among these with what the manager makes of the parameters among them.
func wouldChangeNothing(t *testing.T, namespace string, all []*unstructured.Unstructured) {
	t.Helper()
	var found []guards.Object
	parameters := &corev1.ConfigMap{}
	served := map[string]bool{}
	for _, object := range all {
		if object.GetName() == guards.ParametersName {
			must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, parameters))
		}
		if admission := typed(t, object); admission != nil {
			found = append(found, admission)
			served[object.GetKind()] = true
		}
	}
	manifests, err := config.Admission()
	must(t, err)
	digest, err := guards.Digest(manifests)
	must(t, err)
	if got := parameters.Annotations[guards.ManifestsAnnotation]; got != digest {
		t.Errorf("the parameters name the manifests %q, and the manager has %q", got, digest)
	}
	if parameters.Namespace != namespace {
		t.Errorf("the parameters are in namespace %q", parameters.Namespace)
	}
	set, err := guards.Render(manifests, parameters.Data)
	must(t, err)
	set.ParametersIn(namespace)
	set = set.Only(func(kind string) bool { return served[kind] })
	differences, err := set.Compare(found)
	must(t, err)
	for _, d := range differences {
		t.Error(d)
	}
	if len(found) != len(set) || !served[guards.KindValidatingPolicy] {
		t.Errorf("%d admission objects, and the manager knows %d", len(found), len(set))
	}
}

// typed is an admission object as Go has it; nil for any other.
func typed(t *testing.T, object *unstructured.Unstructured) guards.Object {
	t.Helper()
	if !strings.Contains(object.GetKind(), "AdmissionPolicy") {
		return nil
	}
	text, err := yaml.Marshal(object.Object)
	must(t, err)
	decoded, _, err := scheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
	must(t, err)
	admission, ok := decoded.(guards.Object)
	if !ok {
		t.Fatalf("%s is a %T", name(object), decoded)
	}
	return admission
}
