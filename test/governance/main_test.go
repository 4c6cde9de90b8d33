// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package governance has people sign, object, waive and judge, and policies change, on a real control plane with the
// manager as a process of its own. Whoever does something is a user of their own, without rights beyond those of
// their part.
package governance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// Groups of people, each with the rights of its part in every namespace.
const (
	// modelTeam makes and changes releases.
	modelTeam = "model-team"
	// evaluators bring evidence.
	evaluators = "evaluators"
	// signers sign in the roles "rso", "ceo", "board" and "reviewer", and ask for waivers and write determinations.
	signers = "signers"
	// policyTeam writes policies and revokes.
	policyTeam = "policy-team"
)

// bed is what every test of the package runs on.
type bed struct {
	*installation.Installation
	// metrics is where the manager serves its metrics.
	metrics string
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if !b.External() {
		if err := b.AddNodes(ctx, 20, nil); err != nil {
			return err
		}
	}
	if err := b.giveRights(ctx); err != nil {
		return err
	}
	if b.metrics, err = freeAddress(); err != nil {
		return err
	}
	return b.StartManager(ctx, "--metrics-bind-address="+b.metrics)
}

// freeAddress is one that nobody listens on now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a port for the metrics: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// giveRights gives each group the rights of its part, by plain RBAC.
func (b *bed) giveRights(ctx context.Context) error {
	read := []string{"get", "list", "watch"}
	ours := func(verbs []string, resources ...string) rbacv1.PolicyRule {
		return rbacv1.PolicyRule{APIGroups: []string{v1alpha1.Group}, Resources: resources, Verbs: verbs}
	}
	roles := []string{"rso", "ceo", "board", "reviewer"}
	var errs []error
	for group, rules := range map[string][]rbacv1.PolicyRule{
		modelTeam: {ours([]string{"create", "update", "patch", "delete"}, "modelreleases"), ours([]string{"create"}, "releasewaivers")},
		evaluators: {
			ours([]string{"create"}, "safetyevaluations"),
			{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"create", "get"}},
		},
		signers: {
			ours([]string{"create"}, "releaseapprovals", "releasewaivers", "releasedeterminations", "policyapprovals"),
			{APIGroups: []string{v1alpha1.Group}, Resources: []string{"releaseapprovals", "policyapprovals"}, Verbs: []string{"approve"}, ResourceNames: roles},
		},
		policyTeam: {ours([]string{"*"}, "safetypolicies", "adversefindings", "safetyevaluations", "modelreleases")},
	} {
		name := "governance-test-" + group
		rules = append(rules, ours(read, "modelreleases", "safetyevaluations", "safetypolicies", "adversefindings", "releaseapprovals",
			"releasewaivers", "releasedeterminations", "policyapprovals", "policyrevisions", "gatedecisions"))
		role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
		binding := &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: group}},
		}
		errs = append(errs, client.IgnoreAlreadyExists(b.Client.Create(ctx, role)), client.IgnoreAlreadyExists(b.Client.Create(ctx, binding)))
	}
	return errors.Join(errs...)
}
