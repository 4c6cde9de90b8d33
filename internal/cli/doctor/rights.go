// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Rights are all roles of a cluster and who is bound to them. Rights that another authorizer gives, such as a webhook,
// or membership in system:masters, do not show here.
type Rights struct {
	ClusterRoles        []rbacv1.ClusterRole
	Roles               []rbacv1.Role
	ClusterRoleBindings []rbacv1.ClusterRoleBinding
	RoleBindings        []rbacv1.RoleBinding
}

// Action is something that a right lets somebody do.
type Action struct {
	// Verb, API group and resource, with its subresource behind a slash. "*" is held only by whom a rule gives all.
	Verb, Group, Resource string
	// Name is the object that it is done to; empty for any, so that a right to one is counted as well.
	Name string
	// Namespace that it is done in: empty for the cluster as a whole, which only a ClusterRoleBinding gives; "*" for any.
	Namespace string
}

// Holder is somebody whom a binding gives a right.
type Holder struct {
	Subject rbacv1.Subject
	// Binding gives it: "ClusterRoleBinding x" or "RoleBinding x in y".
	Binding string
	// Default: Kubernetes itself made the binding, for one of its own parts.
	Default bool
}

// Everyone tells whether the subject is a group that anybody is in who has an account, or none.
func (h Holder) Everyone() bool {
	return h.Subject.Kind == rbacv1.GroupKind && (strings.HasPrefix(h.Subject.Name, "system:serviceaccounts") ||
		slices.Contains([]string{"system:authenticated", "system:unauthenticated"}, h.Subject.Name)) ||
		h.Subject.Kind == rbacv1.UserKind && h.Subject.Name == "system:anonymous"
}

// String names the subject.
func (h Holder) String() string {
	if h.Subject.Kind == rbacv1.ServiceAccountKind {
		return "ServiceAccount " + h.Subject.Namespace + "/" + h.Subject.Name
	}
	return h.Subject.Kind + " " + h.Subject.Name
}

// Holders are those who may do any of the actions: each subject once for each binding, by name.
func (r Rights) Holders(actions ...Action) []Holder {
	clusterRoles, roles := r.giving(actions)
	found := map[[2]string]Holder{}
	add := func(subjects []rbacv1.Subject, binding string, labels map[string]string) {
		for _, s := range subjects {
			h := Holder{Subject: s, Binding: binding}
			h.Default = labels["kubernetes.io/bootstrapping"] == "rbac-defaults" && ofKubernetes(s) && !h.Everyone()
			found[[2]string{h.String(), binding}] = h
		}
	}
	for i := range r.ClusterRoleBindings {
		b := &r.ClusterRoleBindings[i]
		if len(clusterRoles[b.RoleRef.Name]) > 0 {
			add(b.Subjects, "ClusterRoleBinding "+b.Name, b.Labels)
		}
	}
	for i := range r.RoleBindings {
		b := &r.RoleBindings[i]
		given := clusterRoles[b.RoleRef.Name]
		if b.RoleRef.Kind == "Role" {
			given = roles[b.Namespace+"/"+b.RoleRef.Name]
		}
		if slices.ContainsFunc(given, func(a Action) bool { return a.Namespace == "*" || a.Namespace == b.Namespace }) {
			add(withNamespace(b.Subjects, b.Namespace), "RoleBinding "+b.Name+" in "+b.Namespace, b.Labels)
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Holder) int {
		return cmp.Or(cmp.Compare(a.String(), b.String()), cmp.Compare(a.Binding, b.Binding))
	})
}

// giving are the actions that each role gives, by its name.
func (r Rights) giving(actions []Action) (clusterRoles, roles map[string][]Action) {
	clusterRoles, roles = map[string][]Action{}, map[string][]Action{}
	for _, a := range actions {
		for i := range r.ClusterRoles {
			if role := &r.ClusterRoles[i]; a.givenBy(role.Rules) {
				clusterRoles[role.Name] = append(clusterRoles[role.Name], a)
			}
		}
		for i := range r.Roles {
			if role := &r.Roles[i]; a.givenBy(role.Rules) {
				name := role.Namespace + "/" + role.Name
				roles[name] = append(roles[name], a)
			}
		}
	}
	return clusterRoles, roles
}

func (a Action) givenBy(rules []rbacv1.PolicyRule) bool {
	return slices.ContainsFunc(rules, func(rule rbacv1.PolicyRule) bool {
		return among(rule.Verbs, a.Verb) && among(rule.APIGroups, a.Group) && a.ofResource(rule.Resources) && a.ofName(rule.ResourceNames)
	})
}

func among(list []string, want string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, want)
}

func (a Action) ofResource(resources []string) bool {
	if among(resources, a.Resource) {
		return true
	}
	_, sub, has := strings.Cut(a.Resource, "/")
	return has && slices.Contains(resources, "*/"+sub)
}

// ofName tells whether the rule reaches the object. What is created has no name yet when it is authorized, except
// through a subresource.
func (a Action) ofName(names []string) bool {
	if len(names) == 0 {
		return true
	}
	if a.Verb == "create" && !strings.Contains(a.Resource, "/") {
		return false
	}
	return a.Name == "" || slices.Contains(names, a.Name)
}

// withNamespace fills in where a service account of a RoleBinding is, which it need not say.
func withNamespace(subjects []rbacv1.Subject, namespace string) []rbacv1.Subject {
	subjects = slices.Clone(subjects)
	for i := range subjects {
		if subjects[i].Kind == rbacv1.ServiceAccountKind {
			subjects[i].Namespace = cmp.Or(subjects[i].Namespace, namespace)
		}
	}
	return subjects
}

// ofKubernetes tells whether a subject is a part of Kubernetes by its name.
func ofKubernetes(s rbacv1.Subject) bool {
	if s.Kind == rbacv1.ServiceAccountKind {
		return s.Namespace == "kube-system"
	}
	return strings.HasPrefix(s.Name, "system:")
}
