// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// bound is a role, or what binds one; of other kinds it has nothing.
type bound struct {
	Kind     string                `json:"kind"`
	Metadata struct{ Name string } `json:"metadata"`
	Rules    []rbacv1.PolicyRule   `json:"rules"`
	RoleRef  rbacv1.RoleRef        `json:"roleRef"`
	Subjects []rbacv1.Subject      `json:"subjects"`
}

// rulesOfManager are those of all roles in config that are bound to the account of the manager, by the name of the role.
func rulesOfManager(t *testing.T) map[string][]rbacv1.PolicyRule {
	t.Helper()
	all, ours := map[string][]rbacv1.PolicyRule{}, map[string][]rbacv1.PolicyRule{}
	var names []string
	err := filepath.WalkDir(filepath.Join("..", "..", "config"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
			var o bound
			if !bytes.Contains(document, []byte("rbac.authorization.k8s.io")) {
				continue
			}
			if err := yaml.Unmarshal(document, &o); err != nil {
				return err
			}
			switch o.Kind {
			case "Role", "ClusterRole":
				all[o.Kind+" "+o.Metadata.Name] = append(all[o.Kind+" "+o.Metadata.Name], o.Rules...)
			case "RoleBinding", "ClusterRoleBinding":
				if slices.ContainsFunc(o.Subjects, func(s rbacv1.Subject) bool { return s.Name == "scalegate-controller-manager" }) {
					names = append(names, o.RoleRef.Kind+" "+o.RoleRef.Name)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		ours[name] = all[name]
	}
	return ours
}

// No policy is asked who makes a pod, so the manager must have no right to make one, by whatever role. It makes Jobs, to which
// scalegate-guard-controller holds it.
func TestTheManagerMayNotMakePods(t *testing.T) {
	makers := []string{
		"*", "pods", "pods/binding", "bindings", "replicationcontrollers", "deployments", "replicasets", "statefulsets", "daemonsets", "cronjobs",
	}
	var jobs bool
	roles := rulesOfManager(t)
	for name, rules := range roles {
		for _, rule := range rules {
			if !slices.Contains(rule.Verbs, "create") && !slices.Contains(rule.Verbs, "*") {
				continue
			}
			for _, resource := range rule.Resources {
				jobs = jobs || resource == "jobs"
				if slices.Contains(makers, resource) {
					t.Errorf("by %s it may create %s: %+v", name, resource, rule)
				}
			}
		}
	}
	if !jobs {
		t.Error("it may not create jobs, and no run begins")
	}
	for _, name := range []string{"ClusterRole scalegate-manager", "ClusterRole scalegate-restore", "Role scalegate-leader-election"} {
		if len(roles[name]) == 0 {
			t.Errorf("no rules of %s are looked at", name)
		}
	}
}
