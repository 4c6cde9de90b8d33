// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// groupMasters may do everything, whatever RBAC says.
	groupMasters = "system:masters"
	groupAll     = "system:authenticated"
	prefixSA     = "system:serviceaccount:"
	groupSAs     = "system:serviceaccounts"
	verbConnect  = "connect"
)

// holder is somebody who has a right, and the binding that gives it.
type holder struct {
	subject rbacv1.Subject
	// namespace of a service account.
	namespace string
	binding   string
}

// noTenantExec finds who has both the right to connect to pods here and the verb that Scalegate's guard wants beside it;
// where the guard does not act, the right is enough. Somebody may be in any group, so that two who may be one count as one.
func noTenantExec(check v1alpha1.SafeguardCheck, s Scene) fault {
	if s.Rights == nil || s.Labels == nil {
		return unread("the Roles and bindings")
	}
	const remedy = "take the binding away, bind others, or have the policy name the group in exemptGroups"
	may := s.Rights.holders(check, reaches)
	if len(may) == 0 {
		return fault{}
	}
	if s.Labels[v1alpha1.LabelGate] != v1alpha1.GateEnforced {
		return broken("%s gives %s the right to exec into pods here or to connect to them, and nothing else is asked where the gate is not enforced: %s",
			may[0].binding, may[0].name(), remedy)
	}
	for _, allowed := range s.Rights.holders(check, connects) {
		for _, other := range may {
			if !same(allowed, other) {
				continue
			}
			if allowed.binding == other.binding {
				return broken("%s lets %s exec into pods here or connect to them: %s", other.binding, other.name(), remedy)
			}
			return broken("%s gives %s the verb connect, and %s gives %s the right to exec into pods here or to connect to them: %s",
				allowed.binding, allowed.name(), other.binding, other.name(), remedy)
		}
	}
	return fault{}
}

// connections are the subresources by which somebody gets to what runs in a pod. To exec may be asked for with create and,
// over a websocket, with get; a proxy takes every method.
func connections() map[string][]string {
	return map[string][]string{
		"pods/exec": {"create", "get"}, "pods/attach": {"create", "get"}, "pods/portforward": {"create", "get"},
		"pods/proxy":     {"create", "get", "update", "patch", "delete"},
		"services/proxy": {"create", "get", "update", "patch", "delete"},
	}
}

// reaches tells whether a rule gives the right to connect to pods, were it for one of them.
func reaches(rule rbacv1.PolicyRule) bool {
	if !has(rule.APIGroups, "") {
		return false
	}
	for resource, verbs := range connections() {
		_, sub, _ := strings.Cut(resource, "/")
		named := has(rule.Resources, resource) || slices.Contains(rule.Resources, "*/"+sub)
		if named && slices.ContainsFunc(verbs, func(verb string) bool { return has(rule.Verbs, verb) }) {
			return true
		}
	}
	return false
}

// connects tells whether a rule gives the verb that the guard wants.
func connects(rule rbacv1.PolicyRule) bool {
	return has(rule.APIGroups, v1alpha1.Group) && has(rule.Verbs, verbConnect) &&
		(has(rule.Resources, "pods") || has(rule.Resources, "services"))
}

// has tells whether a list of a rule has an item, or all.
func has(all []string, item string) bool {
	return slices.Contains(all, item) || slices.Contains(all, rbacv1.ResourceAll)
}

// holders are those who are not exempt and have a role with such a rule, by binding and subject.
func (r Rights) holders(check v1alpha1.SafeguardCheck, such func(rbacv1.PolicyRule) bool) []holder {
	gives := map[string]bool{}
	for i := range r.Roles {
		gives["Role/"+r.Roles[i].Name] = slices.ContainsFunc(r.Roles[i].Rules, such)
	}
	for i := range r.ClusterRoles {
		gives["ClusterRole/"+r.ClusterRoles[i].Name] = slices.ContainsFunc(r.ClusterRoles[i].Rules, such)
	}
	var all []holder
	add := func(binding, namespace string, ref rbacv1.RoleRef, subjects []rbacv1.Subject) {
		if !gives[ref.Kind+"/"+ref.Name] {
			return
		}
		for _, subject := range subjects {
			h := holder{subject, cmp.Or(subject.Namespace, namespace), binding}
			if !h.exempt(check.ExemptGroups) {
				all = append(all, h)
			}
		}
	}
	for i := range r.RoleBindings {
		b := &r.RoleBindings[i]
		add("RoleBinding "+b.Name, b.Namespace, b.RoleRef, b.Subjects)
	}
	for i := range r.ClusterRoleBindings {
		b := &r.ClusterRoleBindings[i]
		if b.RoleRef.Kind == "ClusterRole" {
			add("ClusterRoleBinding "+b.Name, "", b.RoleRef, b.Subjects)
		}
	}
	slices.SortFunc(all, func(a, b holder) int {
		return cmp.Or(cmp.Compare(a.binding, b.binding), cmp.Compare(a.name(), b.name()))
	})
	return all
}

// exempt tells whether all that the holder stands for are in an exempt group.
func (h holder) exempt(groups []string) bool {
	in := h.groups()
	return slices.ContainsFunc(append([]string{groupMasters}, groups...), func(group string) bool { return slices.Contains(in, group) })
}

// groups are those that the holder is in for certain; a group is in itself.
func (h holder) groups() []string {
	if h.subject.Kind == rbacv1.GroupKind {
		return []string{h.subject.Name}
	}
	if namespace, _, is := h.account(); is {
		return []string{groupSAs, groupSAs + ":" + namespace, groupAll}
	}
	return []string{groupAll}
}

// account is the service account that the holder is, however it is named; false when it is none.
func (h holder) account() (namespace, name string, is bool) {
	switch h.subject.Kind {
	case rbacv1.ServiceAccountKind:
		return h.namespace, h.subject.Name, true
	case rbacv1.UserKind:
		if rest, found := strings.CutPrefix(h.subject.Name, prefixSA); found {
			namespace, name, is = strings.Cut(rest, ":")
			return namespace, name, is
		}
	}
	return "", "", false
}

// same tells whether two may be one person, or one program. Who is in a group, but for service accounts, is not known.
func same(a, b holder) bool {
	aNamespace, aName, aIs := a.account()
	bNamespace, bName, bIs := b.account()
	aGroup, bGroup := a.subject.Kind == rbacv1.GroupKind, b.subject.Kind == rbacv1.GroupKind
	switch {
	case aGroup && bGroup:
		return a.meets(b)
	case aGroup && bIs:
		return slices.Contains(b.groups(), a.subject.Name)
	case bGroup && aIs:
		return slices.Contains(a.groups(), b.subject.Name)
	case aGroup:
		return !accounts(a.subject.Name)
	case bGroup:
		return !accounts(b.subject.Name)
	case aIs || bIs:
		return aIs && bIs && aNamespace == bNamespace && aName == bName
	}
	return a.subject.Name == b.subject.Name
}

// accounts tells whether a group is of service accounts alone.
func accounts(group string) bool {
	return group == groupSAs || strings.HasPrefix(group, groupSAs+":")
}

// meets tells whether a group may share a member with another one. Service accounts are in groups of theirs and in that of
// all, and in no other.
func (h holder) meets(other holder) bool {
	a, b := h.subject.Name, other.subject.Name
	switch {
	case a == b, a == groupAll, b == groupAll:
		return true
	case accounts(a) && accounts(b):
		return a == groupSAs || b == groupSAs
	}
	return !accounts(a) && !accounts(b)
}

func (h holder) name() string {
	if namespace, name, is := h.account(); is {
		return fmt.Sprintf("ServiceAccount %s/%s", namespace, name)
	}
	return h.subject.Kind + " " + h.subject.Name
}
