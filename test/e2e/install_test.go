// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
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
	all := []string{"create", "update", "patch", "delete"}
	for kind, verbs := range map[string][]string{
		"safetypolicies": all, "modelreleases": all, "evaluationsuites": all,
		// It orders runs, which admission holds it to, and deletes what a policy says is kept long enough.
		"safetyevaluations": {"update", "patch"},
	} {
		for _, verb := range verbs {
			out, err := shared.Kubectl(t.Context(), shared.Admin(), "auth", "can-i", verb, kind+".scalegate.dev", "--all-namespaces", as)
			if err == nil || strings.TrimSpace(string(out)) != "no" {
				t.Errorf("the manager may %s %s: %s", verb, kind, out)
			}
		}
	}
	manager, err := shared.ControllerClient(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	brought := &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "brought"},
		Spec:       fixture.Evaluation("brought", "bio", "0.1").Spec,
	}
	ordered := brought.DeepCopy()
	ordered.Spec.Report, ordered.Spec.Job = nil, &v1alpha1.JobSource{Suite: "any"}
	if err := manager.Create(t.Context(), brought, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("evidence brought by the manager: %v", err)
	}
	if err := manager.Create(t.Context(), ordered, client.DryRunAll); err != nil {
		t.Errorf("a run ordered by the manager: %v", err)
	}
}
