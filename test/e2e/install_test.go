// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/installation"
)

func TestTheDefaultInstallationIsAccepted(t *testing.T) {
	t.Parallel()
	out, err := shared.Kubectl(t.Context(), shared.Admin(), "apply", "--server-side", "--force-conflicts", "--validate=strict",
		"--dry-run=server", "-k", filepath.Join(installation.Root(), "config", "default"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "deployment.apps/scalegate-controller-manager") {
		t.Errorf("the manager is not among what was applied:\n%s", out)
	}
}

// Every right that the manager uses is in its role, and it does not hold rights over what it must
// not write: evidence, policies and releases.
func TestTheManagerCannotWriteEvidence(t *testing.T) {
	t.Parallel()
	as := "--as=system:serviceaccount:" + installation.Namespace + ":" + installation.ServiceAccount
	for _, kind := range []string{"safetypolicies", "modelreleases", "safetyevaluations"} {
		for _, verb := range []string{"create", "update", "patch", "delete"} {
			out, err := shared.Kubectl(t.Context(), shared.Admin(), "auth", "can-i", verb, kind+".scalegate.dev", "--all-namespaces", as)
			if err == nil || strings.TrimSpace(string(out)) != "no" {
				t.Errorf("the manager may %s %s: %s", verb, kind, out)
			}
		}
	}
}
