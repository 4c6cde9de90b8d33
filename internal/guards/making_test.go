// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// No policy is asked who makes a pod, so the manager must have no right to make one. It makes Jobs, to which
// scalegate-guard-controller holds it.
func TestTheManagerMayNotMakePods(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(text, &role); err != nil {
		t.Fatal(err)
	}
	makers := []string{
		"*", "pods", "pods/binding", "bindings", "replicationcontrollers", "deployments", "replicasets", "statefulsets", "daemonsets", "cronjobs",
	}
	var jobs bool
	for _, rule := range role.Rules {
		if !slices.Contains(rule.Verbs, "create") && !slices.Contains(rule.Verbs, "*") {
			continue
		}
		for _, resource := range rule.Resources {
			jobs = jobs || resource == "jobs"
			if slices.Contains(makers, resource) {
				t.Errorf("it may create %s: %+v", resource, rule)
			}
		}
	}
	if !jobs {
		t.Error("it may not create jobs, and no run begins")
	}
}
