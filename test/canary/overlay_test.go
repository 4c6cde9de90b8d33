// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/test/installation"
)

// overlay is what the comment in config/admission/parameters/kustomization.yaml tells people to write.
const overlay = `resources: [CONFIG/default]
configMapGenerator:
- name: scalegate-admission-parameters
  namespace: scalegate-system
  behavior: merge
  options: {disableNameSuffixHash: true}
  literals:
  - accelerators=['example.com/gpu']
  - controller="'system:serviceaccount:elsewhere:scalegate'"
components: [CONFIG/admission/parameters]
`

// An overlay's parameters reach every policy, and are what the manager will hold them to.
func TestAnOverlayChangesParametersAndPolicies(t *testing.T) {
	dir := t.TempDir()
	folder, err := filepath.Rel(dir, filepath.Join(installation.Root(), "config"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(strings.ReplaceAll(overlay, "CONFIG", folder)), 0o600))
	built, err := shared.Kubectl(t.Context(), shared.Admin(), "kustomize", dir)
	must(t, err)
	var found []guards.Object
	var parameters guards.Parameters
	for doc := range bytes.SplitSeq(built, []byte("\n---\n")) {
		if !bytes.Contains(doc, []byte("apiVersion: admissionregistration.k8s.io/")) && !bytes.Contains(doc, []byte("\nkind: ConfigMap\n")) {
			continue
		}
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(doc, nil, nil)
		must(t, err)
		found, parameters = sort(t, object, found, parameters)
	}
	if parameters.Controller() != "system:serviceaccount:elsewhere:scalegate" {
		t.Errorf("parameters %q", parameters)
	}
	manifests, err := config.Admission()
	must(t, err)
	set, err := guards.Render(manifests, parameters)
	must(t, err)
	differences, err := set.Compare(found)
	must(t, err)
	for _, d := range differences {
		t.Error(d)
	}
}

func sort(t *testing.T, object kruntime.Object, found []guards.Object, parameters guards.Parameters) ([]guards.Object, guards.Parameters) {
	t.Helper()
	if cm, ok := object.(*corev1.ConfigMap); ok && cm.Name == guards.ParametersName {
		return found, cm.Data
	}
	if one, ok := object.(guards.Object); ok {
		if _, guarded := guards.IDOf(one); guarded {
			return append(found, one), parameters
		}
	}
	return found, parameters
}
