// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/test/integrations/gitops/readings"
)

// An object that was made a moment ago, and that nobody has looked at, is not ready for any tool: the kinds say so from the start.
func TestAFreshObjectIsNotReady(t *testing.T) {
	t.Parallel()
	must(t, shared.Govern(t.Context(), "serving"))
	files, err := filepath.Glob(filepath.Join(installation.Root(), "config", "samples", "*.yaml"))
	must(t, err)
	if len(files) < 8 {
		t.Fatalf("there are only %d samples", len(files))
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, o := range parse(t, text) {
			if o.GroupVersionKind().Group != "scalegate.dev" {
				continue
			}
			t.Run(o.GetKind(), func(t *testing.T) { isNotReady(t, born(t, o)) })
		}
	}
}

// born is an object as the API server would store it.
func born(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	text, err := yaml.Marshal(o.Object)
	must(t, err)
	result, err := shared.RunKubectl(t.Context(), localcluster.KubectlCall{
		Config: shared.Admin(), Stdin: strings.NewReader(string(text)), Args: []string{"create", "--dry-run=server", "-o", "yaml", "-f", "-"},
	})
	must(t, err)
	return parse(t, result.Stdout)[0]
}

func isNotReady(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	is, err := readings.KStatus(o)
	must(t, err)
	health, err := readings.ArgoCD(string(config(t, "argocd", "health.lua")), o)
	must(t, err)
	waited, err := readings.Waited(t.Context(), "condition=Ready", o)
	must(t, err)
	if is != status.InProgressStatus || health.Status != "Progressing" || waited {
		t.Errorf("it reads as %s and %s, and kubectl wait is over: %v; its status is %v", is, health.Status, waited, o.Object["status"])
	}
}

// The component in config/argocd gives argocd-cm the script for each kind of the group, and for no other.
func TestTheArgoCDComponentCoversEveryKind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	component, err := filepath.Rel(dir, filepath.Join(installation.Root(), "config", "argocd"))
	must(t, err)
	for name, text := range map[string]string{
		"kustomization.yaml": fmt.Sprintf("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: argocd\nresources: [cm.yaml]\ncomponents: [%s]\n", component),
		"cm.yaml":            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {kept: \"yes\"}\n",
	} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	out, err := shared.Kubectl(t.Context(), shared.Admin(), "kustomize", dir)
	must(t, err)
	data, _, err := unstructured.NestedStringMap(parse(t, out)[0].Object, "data")
	must(t, err)
	kinds, err := shared.Kubectl(t.Context(), shared.Admin(), "get", "crds", "-o", `jsonpath={range .items[?(@.spec.group=="scalegate.dev")]}{.spec.names.kind}{"\n"}{end}`)
	must(t, err)
	script := string(config(t, "argocd", "health.lua"))
	names := strings.Fields(string(kinds))
	for _, kind := range names {
		t.Run(kind, func(t *testing.T) {
			if data["resource.customizations.health.scalegate.dev_"+kind] != script {
				t.Error("the component has no health script for it")
			}
		})
	}
	if len(data) != len(names)+1 || data["kept"] != "yes" {
		t.Errorf("argocd-cm has %d keys, want one for each of %v and the one it had", len(data), names)
	}
}
