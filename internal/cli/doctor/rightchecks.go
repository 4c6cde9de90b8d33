// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// The identities that the admission policies trust.
const (
	// ControllerAccount is the service account of the manager, in SystemNamespace.
	ControllerAccount = "scalegate-controller-manager"
	// replicaSetAccount is the one that makes pods from ReplicaSets, in kube-system.
	replicaSetAccount = "replicaset-controller"
	kubeSystem        = "kube-system"
)

// danger is a right that opens a way around the gate, or that the gate itself asks for.
type danger struct {
	name    string
	actions []Action
	why     string
	remedy  string
	// given: it is there to be given to people, so that holders are told and are no warning.
	given bool
	// fails: with it somebody serves what is not cleared.
	fails bool
}

func dangers() []danger {
	all := []danger{
		{
			name: "cluster-admin", actions: []Action{{Verb: "*", Group: "*", Resource: "*"}},
			why:    "They may do everything: stamped identities and virtual verbs do not bind them.",
			remedy: "bind narrower roles; where more is needed, a policy that asks for signatures does not rest on them",
		},
		{
			name: "impersonate", actions: impersonating(),
			why:    "Who impersonates acts, and is stamped, as somebody else.",
			remedy: "name the users or service accounts that may be impersonated in resourceNames, and none of " + kubeSystem + " and " + SystemNamespace,
		},
		{
			name: "tokens", actions: []Action{
				{Verb: "create", Resource: "serviceaccounts/token", Name: replicaSetAccount, Namespace: kubeSystem},
				{Verb: "create", Resource: "serviceaccounts/token", Name: ControllerAccount, Namespace: SystemNamespace},
			},
			why:    "With a token of " + replicaSetAccount + " a pod can be made that is born free, and with one of Scalegate's own account everything can be cleared.",
			remedy: "take create on serviceaccounts/token in " + kubeSystem + " and " + SystemNamespace + " away, or name other accounts in resourceNames",
			fails:  true,
		},
		{
			name: "system pods", actions: makingPods(kubeSystem, SystemNamespace),
			why:    "Whoever makes a pod or a token Secret in " + kubeSystem + " or " + SystemNamespace + " may use any service account there, also those that the gate trusts.",
			remedy: "see that nobody makes pods there who is not trusted as much as a cluster admin",
		},
		{
			name: "admission", actions: admissionObjects(),
			why:    "Admission policies cannot guard themselves: who changes them takes the gate away until the manager puts it back.",
			remedy: "leave it to those who install the cluster",
		},
		{
			name: "escalation", actions: escalating(),
			why:    "Who may escalate or bind roles may give themselves any of the rights above.",
			remedy: "leave it to those who install the cluster",
		},
		{
			name: "nodes/proxy", actions: []Action{{Verb: "get", Resource: "nodes/proxy"}, {Verb: "create", Resource: "nodes/proxy"}},
			why:    "The kubelet runs commands in any pod of its node, and no admission policy sees it.",
			remedy: "grant nodes/metrics, nodes/stats, nodes/log or nodes/healthz instead",
		},
	}
	return append(all, virtualVerbs()...)
}

func virtualVerbs() []danger {
	verb := func(verb, why string, resources ...string) danger {
		d := danger{name: verb, why: why, given: true, remedy: "bind it to people by name or by a group of yours"}
		for _, resource := range resources {
			in := "*"
			if slices.Contains([]string{"adversefindings", "safetypolicies", "policyapprovals", "policyrevisions", "customresourcedefinitions"}, resource) {
				in = "" // They are in no namespace, so that a RoleBinding gives nothing.
			}
			d.actions = append(d.actions, Action{Verb: verb, Group: v1alpha1.Group, Resource: resource, Namespace: in})
		}
		return d
	}
	return []danger{
		verb(v1alpha1.VerbUngate, "It takes the gate off a namespace.", "namespaces"),
		verb(v1alpha1.VerbResolve, "It sets an adverse finding aside, takes a revocation back, and puts a release under another policy.", "adversefindings", "modelreleases"),
		verb(v1alpha1.VerbApprove, "It signs for a release or for a weaker policy, in the roles that resourceNames give, and in every role without them.", "releaseapprovals", "policyapprovals"),
		verb(v1alpha1.VerbConnect, "It opens a shell, and so another server, in a pod that was cleared.", "pods", "services"),
		verb(v1alpha1.VerbBreakglass, "It takes away what is in use or on record.", "safetypolicies", "modelreleases", "customresourcedefinitions",
			"releaseapprovals", "releasewaivers", "releasedeterminations", "policyapprovals", "policyrevisions"),
	}
}

func impersonating() []Action {
	var all []Action
	for _, resource := range []string{"users", "groups"} {
		all = append(all, Action{Verb: "impersonate", Resource: resource})
	}
	for _, in := range []string{"", kubeSystem, SystemNamespace} {
		all = append(all,
			Action{Verb: "impersonate", Resource: "serviceaccounts", Namespace: in},
			Action{Verb: "impersonate:serviceaccount", Group: "authentication.k8s.io", Resource: "serviceaccounts", Namespace: in})
	}
	return append(all, Action{Verb: "impersonate:user-info", Group: "authentication.k8s.io", Resource: "users"})
}

func makingPods(namespaces ...string) []Action {
	var all []Action
	for _, in := range namespaces {
		for _, r := range [][2]string{
			{"", "pods"}, {"", "replicationcontrollers"}, {"", "secrets"},
			{"apps", "deployments"}, {"apps", "replicasets"}, {"apps", "statefulsets"}, {"apps", "daemonsets"},
			{"batch", "jobs"}, {"batch", "cronjobs"},
		} {
			all = append(all, Action{Verb: "create", Group: r[0], Resource: r[1], Namespace: in})
		}
	}
	return all
}

func admissionObjects() []Action {
	var all []Action
	for _, resource := range []string{
		"validatingadmissionpolicies", "validatingadmissionpolicybindings", "mutatingadmissionpolicies", "mutatingadmissionpolicybindings",
		"validatingwebhookconfigurations", "mutatingwebhookconfigurations",
	} {
		for _, verb := range []string{"create", "update", "patch", "delete", "deletecollection"} {
			all = append(all, Action{Verb: verb, Group: "admissionregistration.k8s.io", Resource: resource})
		}
	}
	return all
}

func escalating() []Action {
	var all []Action
	for _, in := range []string{"", kubeSystem, SystemNamespace} {
		for _, verb := range []string{"escalate", "bind"} {
			for _, resource := range []string{"clusterroles", "roles"} {
				all = append(all, Action{Verb: verb, Group: rbacv1.GroupName, Resource: resource, Namespace: in})
			}
		}
	}
	return all
}

func rightChecks() []check {
	var all []check
	for _, d := range dangers() {
		all = append(all, check{partRights, d.name, []Source{SourceRights}, d.why, d.look})
	}
	return all
}

// look tells who holds the right. Those of Kubernetes itself are only mentioned; Scalegate holds what its manager needs;
// and who may do everything is told once and not again.
func (d danger) look(f *Facts) finding {
	admins := map[string]bool{}
	if all := dangers()[0]; d.name != all.name {
		for _, h := range f.Rights.Holders(all.actions...) {
			admins[h.String()] = !h.Default
		}
	}
	var items []string
	beside, anybody := map[string]bool{}, false
	for _, h := range f.Rights.Holders(d.actions...) {
		switch {
		case admins[h.String()]:
			beside["cluster admins"] = true
		case h.Default:
			beside["Kubernetes itself"] = true
		case !ours(h.Subject):
			anybody = anybody || h.Everyone()
			items = append(items, h.String()+" ("+h.Binding+")")
		}
	}
	is := finding{status: OK, what: told(len(items), slices.Sorted(maps.Keys(beside))), items: items, remedy: d.remedy}
	switch {
	case anybody:
		is.status = Fail
		is.what += "; one of them is a group that everybody is in"
	case len(items) > 0 && d.fails:
		is.status = Fail
	case len(items) > 0 && !d.given:
		is.status = Warn
	}
	return is
}

// told says how many hold the right, and who does beside them.
func told(holders int, beside []string) string {
	others := strings.Join(beside, " and ")
	switch {
	case holders == 0 && others == "":
		return "held by nobody"
	case holders == 0:
		return "held by nobody but " + others
	case others == "":
		return "held by " + counted(holders, "subject", "subjects")
	}
	return fmt.Sprintf("held by %s, beside %s", counted(holders, "subject", "subjects"), others)
}

// ours tells whether a subject is a service account of Scalegate's own.
func ours(s rbacv1.Subject) bool {
	return s.Kind == rbacv1.ServiceAccountKind && s.Namespace == SystemNamespace && s.Name == ControllerAccount
}
