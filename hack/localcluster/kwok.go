// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

//go:embed stages/*.yaml
var stages embed.FS

// kwokUser is who the simulated kubelets are. It is not in system:masters: a
// policy that stands in the way of a kubelet must show here as well.
const kwokUser = "scalegate:kwok"

// nodesGroup is the group of kubelets. It grants nothing: access is by RBAC alone here.
const nodesGroup = "system:nodes"

// kwokConfig raises kwok's parallelism: with the default of 4 it, and not what
// is tested, would set the pace at which pods come up.
const kwokConfig = `apiVersion: config.kwok.x-k8s.io/v1alpha1
kind: KwokConfiguration
options:
  podPlayStageParallelism: 16
  nodePlayStageParallelism: 4
  nodeLeaseParallelism: 4
`

func (c *Cluster) kwok(address string) (Spec, error) {
	kubeconfig, err := c.componentKubeconfig(Kwok, kwokUser, nodesGroup)
	if err != nil {
		return Spec{}, err
	}
	config, err := kwokDocuments()
	if err != nil {
		return Spec{}, err
	}
	file := c.path("kwok.yaml")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		return Spec{}, fmt.Errorf("writing kwok's configuration: %w", err)
	}
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--config=" + file,
		"--manage-all-nodes=true",
		"--node-lease-duration-seconds=40",
		"--server-address=" + address,
	}
	return Spec{Args: args, Ready: answersOK("http://"+address+"/healthz", nil)}, nil
}

// kwokDocuments joins the options and every stage into one YAML stream.
func kwokDocuments() ([]byte, error) {
	names, err := fs.Glob(stages, "stages/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing kwok's stages: %w", err)
	}
	documents := [][]byte{[]byte(kwokConfig)}
	for _, name := range names {
		stage, err := stages.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading kwok's stages: %w", err)
		}
		documents = append(documents, stage)
	}
	return bytes.Join(documents, []byte("---\n")), nil
}

// allowKwok grants what kubelets do, for all nodes at once.
func (c *Cluster) allowKwok(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	meta := metav1.ObjectMeta{Name: kwokUser}
	role := &rbacv1.ClusterRole{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"get", "list", "watch"}},
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get", "list", "watch", "delete"}},
		{APIGroups: []string{""}, Resources: []string{"nodes/status", "pods/status"}, Verbs: []string{"get", "patch", "update"}},
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"},
			Verbs: []string{"get", "list", "watch", "create", "update", "patch", "delete"}},
		{APIGroups: []string{"", "events.k8s.io"}, Resources: []string{"events"}, Verbs: []string{"create", "patch", "update"}},
	}}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: kwokUser},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: kwokUser}},
	}
	_, roleErr := client.RbacV1().ClusterRoles().Create(ctx, role, metav1.CreateOptions{})
	_, bindingErr := client.RbacV1().ClusterRoleBindings().Create(ctx, binding, metav1.CreateOptions{})
	if err := errors.Join(roleErr, bindingErr); err != nil {
		return fmt.Errorf("granting kwok its rights: %w", err)
	}
	return nil
}
