// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/scalegate/scalegate/test/installation"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	release "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// rendering is what a chart is rendered with.
type rendering struct {
	// release and namespace are empty for those of every test.
	release, namespace string
	values             map[string]any
	// version is that of the API server which is not there; empty for the one that Helm has when it is built as released.
	version string
	// has are kinds that the API server is said to have.
	has []string
}

// loaded is the chart, read anew, for a test to change.
func loaded(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(folder())
	must(t, err)
	return c
}

// render renders the chart as helm template does.
func (r rendering) render() (*release.Release, error) {
	c, err := loader.Load(folder())
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler)))
	install.DryRunStrategy = action.DryRunClient
	install.ReleaseName = cmp.Or(r.release, releaseName)
	install.Namespace = cmp.Or(r.namespace, installation.Namespace)
	install.APIVersions = r.has
	if install.KubeVersion, err = kubeVersion(r.version); err != nil {
		return nil, err
	}
	rendered, err := install.Run(c, r.values)
	if err != nil {
		return nil, err
	}
	one, ok := rendered.(*release.Release)
	if !ok {
		return nil, fmt.Errorf("rendered a %T", rendered)
	}
	return one, nil
}

// kubeVersion is a version as Helm has it; empty for a recent one.
func kubeVersion(version string) (*common.KubeVersion, error) {
	return common.ParseKubeVersion(cmp.Or(version, "v1.37.2"))
}

// objects are those of a manifest, sorted by kind, namespace and name.
func objects(t *testing.T, manifest string) []*unstructured.Unstructured {
	t.Helper()
	all, err := parse(manifest)
	must(t, err)
	return all
}

func parse(manifest string) ([]*unstructured.Unstructured, error) {
	var all []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096)
	for {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(object)
		if errors.Is(err, io.EOF) {
			slices.SortFunc(all, func(a, b *unstructured.Unstructured) int { return strings.Compare(name(a), name(b)) })
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading a manifest: %w", err)
		}
		if len(object.Object) > 0 {
			all = append(all, object)
		}
	}
}

// name is the kind, the namespace and the name.
func name(o *unstructured.Unstructured) string {
	return strings.TrimSpace(o.GetKind() + " " + strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/"))
}

// row is one file of the chart's folder ci, rendered once. Nobody changes its objects.
type row struct {
	rendering
	released *release.Release
	objects  []*unstructured.Unstructured
	// texts are the objects as YAML, by their names.
	texts map[string]string
	err   error
}

// renderedOnce are the rows, by the names of their files without the ending.
var renderedOnce = sync.OnceValues(func() (map[string]*row, error) {
	files, err := filepath.Glob(filepath.Join(folder(), "ci", "*-values.yaml"))
	if err != nil || len(files) == 0 {
		return nil, errors.Join(err, errors.New("there are no values to render"))
	}
	rows := map[string]*row{}
	var all sync.WaitGroup
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		r := &row{}
		if err := yaml.UnmarshalStrict(raw, &r.values); err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		name := strings.TrimSuffix(filepath.Base(file), "-values.yaml")
		if name == "existing-secret" {
			r.namespace = "safety"
		}
		rows[name] = r
		all.Go(r.fill)
	}
	all.Wait()
	return rows, nil
})

// fill renders the row.
func (r *row) fill() {
	if r.released, r.err = r.render(); r.err != nil {
		return
	}
	if r.objects, r.err = parse(r.released.Manifest); r.err != nil {
		return
	}
	r.texts = map[string]string{}
	for _, object := range r.objects {
		text, err := yaml.Marshal(shortened(object).Object)
		if _, twice := r.texts[name(object)]; twice {
			err = fmt.Errorf("%s is rendered twice", name(object))
		}
		r.texts[name(object)] = string(text)
		r.err = errors.Join(r.err, err)
	}
}

// matrix are the rows, each rendered without an error.
func matrix(t *testing.T) map[string]*row {
	t.Helper()
	rows, err := renderedOnce()
	must(t, err)
	for name, r := range rows {
		if r.err != nil {
			t.Fatalf("rendering %s: %v", name, r.err)
		}
	}
	return rows
}

func TestLintFindsNothing(t *testing.T) {
	t.Parallel()
	// The least and the most that is rendered.
	for _, name := range []string{"default", "everything"} {
		r := matrix(t)[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lint := action.NewLint()
			lint.Strict, lint.Namespace = true, cmp.Or(r.namespace, installation.Namespace)
			var err error
			lint.KubeVersion, err = kubeVersion(r.version)
			must(t, err)
			result := lint.Run([]string{folder()}, r.values)
			for _, message := range result.Messages {
				// An icon would be fetched from somewhere, by whoever shows the chart.
				if message.Severity > support.InfoSev || !strings.Contains(message.Error(), "icon is recommended") {
					t.Error(message)
				}
			}
			must(t, errors.Join(result.Errors...))
		})
	}
}

func TestWhatIsRendered(t *testing.T) {
	t.Parallel()
	rows := matrix(t)
	for name, r := range rows {
		t.Run(name, func(t *testing.T) {
			beside := rows["default"].texts
			if name == "default" {
				beside = nil
			}
			got := golden(r, beside)
			file := filepath.Join("testdata", name+".golden")
			if *update {
				must(t, os.WriteFile(file, got, 0o600))
			}
			want, err := os.ReadFile(file)
			must(t, err)
			if !bytes.Equal(want, got) {
				t.Errorf("%s is out of date; if the change is meant, run go test ./chart -run TestWhatIsRendered -update in test/integrations:\n%s", file, gocmp.Diff(string(want), string(got)))
			}
		})
	}
}

// copied are the kinds of which every object is a copy from config. Other tests compare these object by object.
func copied() []string {
	return []string{
		"CustomResourceDefinition", "ClusterRole", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
		"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "PrometheusRule",
	}
}

// golden is what a golden file has: by name, copies from config and what is the same with the default values; other objects in
// full, and the notes.
func golden(r *row, defaults map[string]string) []byte {
	var names, full strings.Builder
	for _, object := range slices.Sorted(maps.Keys(r.texts)) {
		kind, _, _ := strings.Cut(object, " ")
		switch {
		case slices.Contains(copied(), kind):
			names.WriteString("# " + object + "\n")
		case r.texts[object] == defaults[object]:
			names.WriteString("# " + object + ", as in default\n")
		default:
			full.WriteString("---\n" + r.texts[object])
		}
	}
	return []byte(names.String() + full.String() + "--- notes\n" + strings.TrimLeft(r.released.Info.Notes, "\n"))
}

// shortened is an object without the content of its files, where it is the dashboard.
func shortened(object *unstructured.Unstructured) *unstructured.Unstructured {
	if object.GetName() != "scalegate-dashboard" {
		return object
	}
	object = object.DeepCopy()
	data, _, _ := unstructured.NestedMap(object.Object, "data")
	for key := range data {
		data[key] = "..."
	}
	object.Object["data"] = data
	return object
}

func TestAdmissionModeFollowsTheAPIServer(t *testing.T) {
	t.Parallel()
	const policies = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"
	mode := func(mode string) map[string]any { return map[string]any{"admission": map[string]any{"mode": mode}} }
	for claim, row := range map[string]struct {
		rendering
		full bool
	}{
		"an API server that has mutating policies":              {rendering{version: "1.36.0", has: []string{"v1/Pod", policies}}, true},
		"an old API server that has them early":                 {rendering{version: "1.35.0", has: []string{"v1/Pod", policies}}, true},
		"an API server that has none":                           {rendering{version: "1.34.0", has: []string{"v1/Pod"}}, false},
		"a new API server in which they are switched off":       {rendering{version: "1.37.0", has: []string{"v1/Pod"}}, false},
		"no API server, and no version given":                   {rendering{}, true},
		"no API server, and a version before them":              {rendering{version: "1.35.4"}, false},
		"no API server, and a pre-release that has them":        {rendering{version: "1.36.0-rc.1"}, true},
		"full, whatever the API server has":                     {rendering{version: "1.34.0", has: []string{"v1/Pod"}, values: mode("full")}, true},
		"legacy, whatever the API server has":                   {rendering{version: "1.37.0", has: []string{"v1/Pod", policies}, values: mode("legacy")}, false},
		"a version as clouds write them, and no API server":     {rendering{version: "v1.36.2-gke.1000"}, true},
		"an API server of a cloud without them, by its version": {rendering{version: "v1.35.2-eks-1234567"}, false},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			if row.values == nil {
				row.values = map[string]any{}
			}
			row.values["crds"] = map[string]any{"install": false} // much to render, and the same everywhere
			rendered, err := row.render()
			must(t, err)
			full := strings.Contains(rendered.Manifest, "\nkind: MutatingAdmissionPolicy\n")
			legacy := strings.Contains(rendered.Manifest, "\nkind: MutatingWebhookConfiguration\n") && strings.Contains(rendered.Manifest, "- --webhook-mutating\n")
			if full != row.full || legacy == row.full {
				t.Errorf("mutating policies: %v, webhook that holds: %v", full, legacy)
			}
		})
	}
}
