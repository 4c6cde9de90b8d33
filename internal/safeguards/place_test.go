// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func label(key, value string) func(*Scene) {
	return func(s *Scene) { s.Labels[key] = value }
}

func TestPodSecurityRestricted(t *testing.T) {
	version := func(v string) func(*Scene) { return label("pod-security.kubernetes.io/enforce-version", v) }
	judgeRows(t, v1alpha1.SafeguardPodSecurityRestricted, map[string]testRow{
		"no label":                 {func(s *Scene) { delete(s.Labels, "pod-security.kubernetes.io/enforce") }, isBroken, []string{"namespace serving", "is not set", "set it to restricted"}},
		"a weaker level":           {label("pod-security.kubernetes.io/enforce", "baseline"), isBroken, []string{"is baseline"}},
		"only a warning":           {func(s *Scene) { s.Labels = map[string]string{"pod-security.kubernetes.io/warn": "restricted"} }, isBroken, []string{"is not set"}},
		"the latest version":       {change: version("latest"), want: inPlace},
		"a version that is as now": {change: version("v1.25"), want: inPlace},
		"an old version":           {version("v1.18"), isBroken, []string{"enforce-version is v1.18"}},
		"a version that is none":   {version("v1.+30"), isBroken, []string{"enforce-version is v1.+30"}},
		"no version":               {version("1.30"), isBroken, []string{"enforce-version is 1.30"}},
		"no labels":                {func(s *Scene) { s.Labels = nil }, isNot, []string{"could not be read"}},
	})
}

func TestDedicatedNamespace(t *testing.T) {
	judgeRows(t, v1alpha1.SafeguardDedicatedNamespace, map[string]testRow{
		"nothing at all":        {change: func(s *Scene) { s.Inhabitants = &Inhabitants{} }, want: inPlace},
		"a pod of nobody":       {func(s *Scene) { (*s.Inhabitants)["a"] = "" }, isBroken, []string{"pod a", "claims no release", "another namespace"}},
		"a pod of another":      {func(s *Scene) { (*s.Inhabitants)["a"], (*s.Inhabitants)["b"] = "m2", "" }, isBroken, []string{"claims release m2", "(and 1 more)"}},
		"not every pod claims":  {func(s *Scene) { delete(s.Labels, v1alpha1.LabelClaims) }, isBroken, []string{"scalegate.dev/claims is not all"}},
		"the pods are not read": {func(s *Scene) { s.Inhabitants = nil }, isNot, []string{"could not be read"}},
		"no labels":             {func(s *Scene) { s.Labels = nil }, isNot, []string{"could not be read"}},
	})
}

func user(name string) rbacv1.Subject { return rbacv1.Subject{Kind: rbacv1.UserKind, Name: name} }

func group(name string) rbacv1.Subject { return rbacv1.Subject{Kind: rbacv1.GroupKind, Name: name} }

func account(namespace, name string) rbacv1.Subject {
	return rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: name}
}

func rule(apiGroup, resource string, verbs ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{apiGroup}, Resources: []string{resource}, Verbs: verbs}
}

// granting binds a Role of that name with such rules in the namespace.
func granting(name string, who rbacv1.Subject, rules ...rbacv1.PolicyRule) func(*Scene) {
	return func(s *Scene) {
		s.Rights.Roles = append(s.Rights.Roles, rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules})
		s.Rights.RoleBindings = append(s.Rights.RoleBindings, rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "serving"},
			RoleRef:    rbacv1.RoleRef{Kind: "Role", Name: name}, Subjects: []rbacv1.Subject{who},
		})
	}
}

// grantingAll binds a ClusterRole in the whole cluster.
func grantingAll(name string, who rbacv1.Subject, rules ...rbacv1.PolicyRule) func(*Scene) {
	return func(s *Scene) {
		s.Rights.ClusterRoles = append(s.Rights.ClusterRoles, rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules})
		s.Rights.ClusterRoleBindings = append(s.Rights.ClusterRoleBindings, rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{Kind: "ClusterRole", Name: name}, Subjects: []rbacv1.Subject{who},
		})
	}
}

func allOf(changes ...func(*Scene)) func(*Scene) {
	return func(s *Scene) {
		for _, change := range changes {
			change(s)
		}
	}
}

func TestNoTenantExec(t *testing.T) {
	exec := rule("", "pods/exec", "create")
	connect := rule("scalegate.dev", "pods", "connect")
	everything := rule("*", "*", "*")
	audited := label(v1alpha1.LabelGate, v1alpha1.GateAudited)
	rows := map[string]testRow{
		"a tenant with both in one role":     {granting("ops", user("alice"), exec, connect), isBroken, []string{"RoleBinding ops", "User alice", "exemptGroups"}},
		"a tenant with both in two bindings": {allOf(granting("edit", user("alice"), exec), granting("connect", user("alice"), connect)), isBroken, []string{"RoleBinding connect gives User alice", "RoleBinding edit"}},
		"the right alone":                    {change: granting("edit", group("devs"), exec), want: inPlace},
		"the right alone, not enforced":      {allOf(granting("edit", group("devs"), exec), audited), isBroken, []string{"RoleBinding edit", "Group devs", "not enforced"}},
		"the verb alone":                     {change: granting("connect", user("alice"), connect), want: inPlace},
		"two people":                         {change: allOf(granting("edit", user("alice"), exec), granting("connect", user("bob"), connect)), want: inPlace},
		"a person who may be in a group":     {allOf(granting("edit", group("devs"), exec), granting("connect", user("bob"), connect)), isBroken, []string{"Group devs", "User bob"}},
		"somebody may be in both groups":     {allOf(granting("edit", group("devs"), exec), granting("connect", group("night"), connect)), isBroken, []string{"Group devs", "Group night"}},
		"an exempt group":                    {change: granting("ops", group("oncall"), exec, connect), want: inPlace},
		"an exempt group has the verb":       {change: allOf(granting("edit", group("devs"), exec), granting("connect", group("oncall"), connect)), want: inPlace},
		"the masters":                        {change: grantingAll("cluster-admin", group("system:masters"), everything), want: inPlace},
		"an admin of the whole cluster":      {grantingAll("cluster-admin", group("admins"), everything), isBroken, []string{"ClusterRoleBinding cluster-admin", "Group admins"}},
		"a service account with both":        {granting("ops", account("ci", "runner"), exec, connect), isBroken, []string{"ServiceAccount ci/runner"}},
		"a service account by its user name": {allOf(granting("a", account("ci", "runner"), exec), granting("b", user("system:serviceaccount:ci:runner"), connect)), isBroken, []string{"ServiceAccount ci/runner"}},
		"a service account of this place":    {allOf(granting("a", account("", "runner"), exec), granting("b", account("serving", "runner"), connect)), isBroken, []string{"ServiceAccount serving/runner"}},
		"two service accounts":               {change: allOf(granting("a", account("ci", "runner"), exec), granting("b", account("ci", "other"), connect)), want: inPlace},
		"a service account in its group":     {allOf(granting("a", group("system:serviceaccounts:ci"), exec), granting("b", account("ci", "other"), connect)), isBroken, []string{"system:serviceaccounts:ci"}},
		"a service account is in no group":   {change: allOf(granting("a", group("devs"), exec), granting("b", account("ci", "other"), connect)), want: inPlace},
		"accounts of two namespaces":         {change: allOf(granting("a", group("system:serviceaccounts:ci"), exec), granting("b", group("system:serviceaccounts:cd"), connect)), want: inPlace},
		"everybody may":                      {allOf(granting("a", group("system:authenticated"), exec), granting("b", account("ci", "other"), connect)), isBroken, []string{"system:authenticated"}},
		"a role that reads everything":       {change: grantingAll("view", group("readers"), rule("*", "*", "get", "list", "watch")), want: inPlace},
		"all subresources of one name":       {granting("ops", user("alice"), rule("", "*/exec", "create"), connect), isBroken, []string{"User alice"}},
		"the connection to a service":        {granting("ops", user("alice"), rule("", "services/proxy", "get"), rule("scalegate.dev", "services", "connect")), isBroken, []string{"User alice"}},
		"pods of another API group":          {change: granting("ops", user("alice"), rule("metrics.k8s.io", "pods/exec", "create"), connect), want: inPlace},
		"a verb that does not connect":       {change: granting("ops", user("alice"), rule("", "pods/exec", "list"), connect), want: inPlace},
		"a cluster role bound here": {func(s *Scene) {
			granting("ops", user("alice"))(s)
			s.Rights.RoleBindings[0].RoleRef = rbacv1.RoleRef{Kind: "ClusterRole", Name: "power"}
			s.Rights.ClusterRoles = []rbacv1.ClusterRole{{ObjectMeta: metav1.ObjectMeta{Name: "power"}, Rules: []rbacv1.PolicyRule{exec, connect}}}
		}, isBroken, []string{"RoleBinding ops"}},
		"a role that nobody has": {change: func(s *Scene) {
			s.Rights.Roles = []rbacv1.Role{{ObjectMeta: metav1.ObjectMeta{Name: "power"}, Rules: []rbacv1.PolicyRule{everything}}}
		}, want: inPlace},
		"a role that does not exist": {change: func(s *Scene) { granting("ops", user("alice"), everything)(s); s.Rights.Roles = nil }, want: inPlace},
		"nothing was read":           {func(s *Scene) { s.Rights = nil }, isNot, []string{"could not be read"}},
	}
	for resource, verbs := range connections() {
		for _, verb := range verbs {
			rows[verb+" of "+resource] = testRow{granting("ops", user("alice"), rule("", resource, verb), connect), isBroken, []string{"User alice"}}
		}
	}
	judgeRows(t, v1alpha1.SafeguardNoTenantExec, rows)
}
