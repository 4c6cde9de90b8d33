// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/docs/page"
)

// TestManifestsAreValid has the API server judge every manifest of ours in a block of YAML, strictly and without storing it.
// "sha256:..." stands for any digest there, and "..." in the place of a value is left out.
func TestManifestsAreValid(t *testing.T) {
	if os.Getenv(localcluster.ExternalEnv) != "" {
		t.Skip("the manifests are tried on a control plane of our own")
	}
	bed, err := shared.open()
	if err != nil {
		t.Fatal(err)
	}
	const namespace = "manifests"
	if err := bed.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}); err != nil {
		t.Fatal(err)
	}
	strict := client.WithFieldValidation(bed.Client, metav1.FieldValidationStrict)
	found := 0
	for _, p := range readable(t) {
		for i := range p.Blocks {
			for _, o := range manifests(t, p, &p.Blocks[i]) {
				found++
				if o.GetNamespace() != "" {
					o.SetNamespace(namespace)
				}
				// One that the cluster has is another page's; its name does not matter here.
				o.SetName(strings.TrimSuffix("manifest-"+o.GetName(), "-"))
				if err := strict.Create(t.Context(), o, client.DryRunAll); err != nil {
					t.Errorf("%s:%d: the %s is refused: %v", p.Path, p.Blocks[i].Line, o.GetKind(), err)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("only %d manifests were found; is the search broken?", found)
	}
}

// manifests are the objects of our kinds in a block.
func manifests(t *testing.T, p *page.Page, b *page.Block) []*unstructured.Unstructured {
	t.Helper()
	if b.Language != "yaml" || b.Skip != "" || !strings.Contains(b.Text, v1alpha1.SchemeGroupVersion.String()) {
		return nil
	}
	var all []*unstructured.Unstructured
	text := strings.ReplaceAll(b.Text, "sha256:...", "sha256:"+strings.Repeat("0", 64))
	text = regexp.MustCompile(`(?m)^(\s*sha256:) "\.\.\."`).ReplaceAllString(text, `$1 "`+strings.Repeat("0", 64)+`"`)
	for document := range strings.SplitSeq("\n"+text, "\n---\n") {
		o := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(document), &o.Object); err != nil {
			t.Errorf("%s:%d: reading a manifest: %v", p.Path, b.Line, err)
			continue
		}
		if o.GetAPIVersion() == v1alpha1.SchemeGroupVersion.String() {
			all = append(all, o)
		}
	}
	return all
}
