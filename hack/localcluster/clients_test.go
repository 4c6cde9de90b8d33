// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (c cluster) testUser(t *testing.T) {
	cfg, err := c.User("maria", "model-team")
	if err != nil {
		t.Fatal(err)
	}
	maria := client(t, cfg)
	_, err = maria.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), `"maria"`) {
		t.Fatalf("listing pods without a right: %v", err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "model-team"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "view"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "model-team"}},
	}
	if _, err := c.client.RbacV1().RoleBindings("default").Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the right of the group to reach maria", func() bool {
		_, err := maria.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{})
		return err == nil
	})
}

func (c cluster) testServiceAccount(t *testing.T) {
	cfg, err := c.ServiceAccount(t.Context(), "default", "default")
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Kubectl(t.Context(), cfg, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")
	if err != nil || string(out) != "system:serviceaccount:default:default" {
		t.Errorf("whoami = %q, %v", out, err)
	}
	if _, err := c.ServiceAccount(t.Context(), "default", "nobody"); !apierrors.IsNotFound(err) {
		t.Errorf("a token for an account that does not exist: %v", err)
	}
}

func (c cluster) testKubectl(t *testing.T) {
	manifest := `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "from-stdin"}}`
	result, err := c.RunKubectl(t.Context(), KubectlCall{
		Config: c.Admin(), Args: []string{"apply", "-f", "-"}, Stdin: strings.NewReader(manifest),
	})
	if err != nil || !strings.Contains(string(result.Stdout), "configmap/from-stdin created") {
		t.Errorf("apply: %s%s %v", result.Stdout, result.Stderr, err)
	}
	_, err = c.Kubectl(t.Context(), c.Admin(), "get", "configmap", "missing")
	if err == nil || !strings.Contains(err.Error(), `"missing" not found`) {
		t.Errorf("get of what is missing: %v", err)
	}
}
