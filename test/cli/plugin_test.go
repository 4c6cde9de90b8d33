// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// kubectl runs kubectl with the program, and what completes its words, on the PATH as its plugin.
func kubectl(t *testing.T, args ...string) outcome {
	t.Helper()
	dir := t.TempDir()
	shim := filepath.Join(installation.Root(), "hack", "krew", "kubectl_complete-scalegate")
	for name, target := range map[string]string{
		"kubectl-scalegate": shared.binary, "kubectl_complete-scalegate": shim, "kubectl": shared.BinaryPath(localcluster.Kubectl),
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "kubectl"), args...)
	cmd.Env = []string{"KUBECONFIG=" + shared.kubeconfig, "HOME=" + dir, "PATH=" + dir + ":" + os.Getenv("PATH")}
	return finished(t, cmd)
}

func TestPluginOfKubectl(t *testing.T) {
	t.Parallel()
	stage(t, "plugin")
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"it is found":                          {[]string{"plugin", "list", "--name-only"}, 0, "kubectl-scalegate\n"},
		"its usage names kubectl":              {[]string{"scalegate", "get", "--help"}, 0, "kubectl scalegate get [KIND [NAME...]] [flags]"},
		"its errors and codes come through":    {[]string{"scalegate", "get", "releases", "x", "-n", "plugin"}, 1, "there is no ModelRelease x in namespace plugin"},
		"it acts":                              {[]string{"scalegate", "get", "releases", "-n", "plugin", "-o", "name"}, 0, "modelrelease.scalegate.dev/m1\n"},
		"what to do next names kubectl":        {[]string{"scalegate", "get", "releases", "-n", "plugin", "-o", "wide"}, 0, "kubectl scalegate"},
		"it says its version and the server's": {[]string{"scalegate", "version"}, 0, "11 of 11 in scalegate.dev, served as v1alpha1"},
		"kubectl completes kinds":              {[]string{"__complete", "scalegate", "get", ""}, 0, "releases\nevaluations\npolicies\n"},
		"kubectl completes names":              {[]string{"__complete", "scalegate", "get", "releases", "-n", "plugin", ""}, 0, "m1\n"},
		"kubectl completes exposures":          {[]string{"__complete", "scalegate", "wait", "modelrelease", "m1", "-n", "plugin", "--for", ""}, 0, "exposure=General\nexposure=Internal\n"},
		"kubectl completes namespaces":         {[]string{"__complete", "scalegate", "tree", "-n", "plug"}, 0, "plugin\n"},
		"kubectl completes commands":           {[]string{"__complete", "scalegate", "tre"}, 0, "tree\t"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := kubectl(t, tc.args...)
			if got.code != tc.code || !strings.Contains(got.out+got.errors, tc.want) {
				t.Errorf("kubectl %v ends with %d, want %d with %q:\n%s%s", tc.args, got.code, tc.code, tc.want, got.out, got.errors)
			}
		})
	}
}

// TestPluginManifest fills the manifest for krew in as a release would, and reads it.
func TestPluginManifest(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(installation.Root(), "hack", "krew", "scalegate.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	functions := template.FuncMap{"addURIAndSha": func(url, tag string) string {
		urls = append(urls, strings.ReplaceAll(url, "{{ .TagName }}", tag))
		return "uri: " + urls[len(urls)-1] + "\n    sha256: " + strings.Repeat("a", 64)
	}}
	parsed, err := template.New("manifest").Funcs(functions).Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	var filled bytes.Buffer
	if err := parsed.Execute(&filled, map[string]string{"TagName": "v1.2.3"}); err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		APIVersion, Kind string
		Metadata         struct{ Name string }
		Spec             struct {
			Version, Homepage, ShortDescription, Description, Caveats string
			Platforms                                                 []struct {
				Selector         struct{ MatchLabels map[string]string }
				URI, SHA256, Bin string
			}
		}
	}
	data, err := yaml.YAMLToJSON(filled.Bytes())
	if err != nil {
		t.Fatalf("%v:\n%s", err, filled.String())
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&manifest); err != nil {
		t.Fatal(err)
	}
	if manifest.Kind != "Plugin" || manifest.Metadata.Name != "scalegate" || manifest.Spec.Version != "v1.2.3" || len(manifest.Spec.ShortDescription) > 50 {
		t.Errorf("the manifest is %+v", manifest)
	}
	seen := map[string]bool{}
	for _, p := range manifest.Spec.Platforms {
		name := "kubectl-scalegate_" + p.Selector.MatchLabels["os"] + "_" + p.Selector.MatchLabels["arch"] + ".tar.gz"
		if !strings.HasSuffix(p.URI, "/v1.2.3/"+name) || p.Bin != "kubectl-scalegate" || seen[name] {
			t.Errorf("the platform is %+v, want one of %s", p, name)
		}
		seen[name] = true
	}
	if len(seen) != 4 {
		t.Errorf("the manifest has the platforms %v", seen)
	}
}
