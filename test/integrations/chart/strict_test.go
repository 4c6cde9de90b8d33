// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/hack/localcluster"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// takesEveryRendering sends every object of every rendering once, as a dry run that is validated strictly. What is not a kind of
// Kubernetes' or Scalegate's has a definition in testdata that stands in for the real one, with the fields that the chart uses.
func (l *life) takesEveryRendering(t *testing.T) {
	t.Helper()
	_, err := shared.Kubectl(t.Context(), shared.Admin(), "apply", "--server-side", "-f", filepath.Join("testdata", "stand-ins.yaml"))
	must(t, err)
	_, err = shared.Kubectl(t.Context(), shared.Admin(), "wait", "--for=condition=Established", "--timeout=60s",
		"crd/certificates.cert-manager.io", "crd/issuers.cert-manager.io", "crd/prometheusrules.monitoring.coreos.com", "crd/servicemonitors.monitoring.coreos.com")
	must(t, err)
	must(t, shared.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "safety"}}))
	sent := map[string]bool{}
	for _, r := range matrix(t) {
		for _, text := range r.texts {
			sent[text] = true
		}
	}
	var manifests []string
	for text := range sent {
		manifests = append(manifests, text)
	}
	slices.Sort(manifests)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, localcluster.WriteKubeconfig(kubeconfig, shared.Admin()))
	apply := exec.CommandContext(t.Context(), shared.BinaryPath(localcluster.Kubectl), "--kubeconfig", kubeconfig,
		"apply", "--server-side", "--force-conflicts", "--validate=strict", "--dry-run=server", "-f", "-")
	apply.Stdin = strings.NewReader(strings.Join(manifests, "---\n"))
	apply.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig)
	out, err := apply.CombinedOutput()
	if taken := strings.Count(string(out), "serverside-applied (server dry run)"); err != nil || taken != len(manifests) {
		t.Errorf("%d of %d objects were taken: %v\n%s", taken, len(manifests), err, out)
	}
}
