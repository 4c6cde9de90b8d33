// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strings"
)

// Groups that the suite binds to rights. Whoever is in none has those that Kubernetes gives it.
const (
	// GroupTenants may edit the namespaces of the grounds (the cluster's role edit).
	GroupTenants = "bypass:tenants"
	// GroupAdmins administers the namespaces of the grounds (the cluster's role admin).
	GroupAdmins = "bypass:namespace-admins"
	// GroupWide may do every real verb on every resource of the cluster, and no virtual one: a cluster
	// admin without breakglass.
	GroupWide = "bypass:wide"
	// GroupConnectors has the verb connect on the pod plain and on the Service web.
	GroupConnectors = "bypass:connectors"
	// GroupAttestors has the verb attest on every SafetyPolicy, and GroupNamedAttestors on the one of the grounds alone.
	GroupAttestors      = "bypass:attestors"
	GroupNamedAttestors = "bypass:named-attestors"
	// GroupResolvers has the verb resolve on ModelReleases, and GroupFindingResolvers on findings.
	GroupResolvers        = "bypass:resolvers"
	GroupFindingResolvers = "bypass:finding-resolvers"
	// GroupApprovers has the verb approve on releaseapprovals and policyapprovals for the role officer; GroupOtherApprovers for
	// the role board; GroupApproversElsewhere on releaseapprovals for officer, in the ground Audited alone; GroupReleaseApprovers
	// and GroupPolicyApprovers on one of the two kinds for officer.
	GroupApprovers          = "bypass:approvers"
	GroupOtherApprovers     = "bypass:other-approvers"
	GroupApproversElsewhere = "bypass:approvers-elsewhere"
	GroupReleaseApprovers   = "bypass:release-approvers"
	GroupPolicyApprovers    = "bypass:policy-approvers"
	// GroupBoundApprovers has the ClusterRole scalegate-approver, and what GroupApprovers has; and no other right.
	GroupBoundApprovers = "bypass:bound-approvers"
	// GroupBreaks, followed by a resource, has the verb breakglass on that alone.
	GroupBreaks = "bypass:breaks-"
	// GroupTrusted has GroupWide's rights and each virtual verb of Scalegate as well.
	GroupTrusted = "bypass:trusted"
)

// Identity is who sends an attempt.
type Identity struct {
	// Short names it in reports; Name is its name as the API server sees it.
	Short, Name string
	Groups      []string
}

// Trusted tells whether it has Scalegate's virtual verbs.
func (i Identity) Trusted() bool { return slices.Contains(i.Groups, GroupTrusted) }

// Attests tells whether its word counts in the whole cluster.
func (i Identity) Attests() bool { return i.Trusted() || slices.Contains(i.Groups, GroupAttestors) }

// TakesBack tells whether it may take revocations of releases back.
func (i Identity) TakesBack() bool { return i.Trusted() || slices.Contains(i.Groups, GroupResolvers) }

// Breaks tells whether it may take away what is not to be taken away, of one resource.
func (i Identity) Breaks(resource string) bool {
	return i.Trusted() || slices.Contains(i.Groups, GroupBreaks+resource)
}

// BreaksResources are the resources that somebody may take away and nothing else.
func BreaksResources() []string {
	return []string{"releaseapprovals", "releasewaivers", "releasedeterminations", "policyapprovals", "policyrevisions", "gatedecisions"}
}

// Approves tells whether it may sign approvals of the resource in the role, in the ground.
func (i Identity) Approves(resource, role string, ground Ground) bool {
	in := func(group string) bool { return slices.Contains(i.Groups, group) }
	release := resource == "releaseapprovals"
	switch {
	case i.Trusted():
		return true
	case role == boardRole:
		return in(GroupOtherApprovers)
	case role != officerRole:
		return false
	}
	return in(GroupApprovers) || in(GroupBoundApprovers) || release && (in(GroupReleaseApprovers) || in(GroupApproversElsewhere) && ground == Audited) ||
		!release && in(GroupPolicyApprovers)
}

// Writes tells whether RBAC lets it write objects of a kind of ours that people sign, or records.
func (i Identity) Writes(kind Kind) bool {
	switch {
	case slices.Contains(i.Groups, GroupWide) || i.Trusted():
		return true
	case slices.Contains(i.Groups, GroupTenants) || slices.Contains(i.Groups, GroupAdmins):
		return slices.Contains([]string{"releasewaivers", "releasedeterminations"}, kind.Resource)
	}
	return slices.Contains(i.Groups, GroupBoundApprovers) && signedKinds()[kind] == "approver"
}

// controllerName is the one identity that clears, opens and records.
const controllerName = "system:serviceaccount:scalegate-system:scalegate-controller-manager"

// replicaSetsName makes the pods of ReplicaSets.
const replicaSetsName = "system:serviceaccount:kube-system:replicaset-controller"

func wide(short, name string) Identity {
	return Identity{Short: short, Name: name, Groups: []string{GroupWide}}
}

func tenant() Identity {
	return Identity{Short: "tenant", Name: "tenant", Groups: []string{GroupTenants}}
}

func namespaceAdmin() Identity {
	return Identity{Short: "namespace admin", Name: "namespace-admin", Groups: []string{GroupAdmins}}
}

func clusterAdmin() Identity { return wide("cluster admin", "cluster-admin") }

func evaluator() Identity {
	return Identity{Short: "evaluator", Name: "evaluator", Groups: []string{GroupTenants}}
}

// safetyTeam may break the glass, and do everything else too.
func safetyTeam() Identity {
	return Identity{Short: "safety team", Name: "safety-team", Groups: []string{GroupTrusted}}
}

// secondTrusted is another of the safety team.
func secondTrusted() Identity {
	return Identity{Short: "safety team, another", Name: "safety-team-2", Groups: []string{GroupTrusted}}
}

// connector may connect to the pod plain and to the Service web, and has no other virtual verb.
func connector() Identity {
	return Identity{Short: "connector", Name: "connector", Groups: []string{GroupWide, GroupConnectors}}
}

// with is somebody with every real verb, and the virtual one of a group.
func with(short, group string) Identity {
	return Identity{Short: short, Name: strings.ReplaceAll(short, " ", "-"), Groups: []string{GroupWide, group}}
}

func attestor() Identity        { return with("attestor", GroupAttestors) }
func namedAttestor() Identity   { return with("attestor of one policy", GroupNamedAttestors) }
func resolver() Identity        { return with("resolver of releases", GroupResolvers) }
func findingResolver() Identity { return with("resolver of findings", GroupFindingResolvers) }

func approver() Identity       { return with("approver", GroupApprovers) }
func secondApprover() Identity { return with("approver, another", GroupApprovers) }
func otherApprover() Identity  { return with("approver of another role", GroupOtherApprovers) }
func approverElsewhere() Identity {
	return with("approver of another namespace", GroupApproversElsewhere)
}
func releaseApprover() Identity { return with("approver of releases alone", GroupReleaseApprovers) }
func policyApprover() Identity  { return with("approver of policies alone", GroupPolicyApprovers) }

// boundApprover has the roles that Scalegate ships for it, and nothing else.
func boundApprover() Identity {
	return Identity{Short: "approver with its own rights", Name: "bound-approver", Groups: []string{GroupBoundApprovers}}
}

// breaker may take away objects of one resource.
func breaker(resource string) Identity {
	return with("breaker of "+resource, GroupBreaks+resource)
}

// revokers are all kinds of users who may write releases and evaluations, each virtual verb of theirs alone.
func revokers() []Identity {
	return slices.Concat(people(), []Identity{
		evaluator(), safetyTeam(), attestor(), namedAttestor(), resolver(), findingResolver(), controller(), foreignAccount(),
	})
}

// controller is Scalegate itself, with more rights than it is given, so that what keeps it in
// bounds is the admission policies.
func controller() Identity { return wide("controller", controllerName) }

// boundController is Scalegate itself with the rights that it is given.
func boundController() Identity {
	return Identity{Short: "controller with its own rights", Name: controllerName}
}

func replicaSets() Identity { return wide("replicaset-controller", replicaSetsName) }

func kubeSystem(name string) Identity {
	return wide(name, "system:serviceaccount:kube-system:"+name)
}

func argoRollouts() Identity {
	return wide("argo-rollouts", "system:serviceaccount:argo-rollouts:argo-rollouts")
}

func gitOps() Identity {
	return wide("gitops", "system:serviceaccount:argocd:argocd-application-controller")
}

// foreignAccount is named like ours, in a namespace where a tenant makes service accounts.
func foreignAccount() Identity {
	return wide("foreign account", "system:serviceaccount:bypass-enforced:scalegate-controller-manager")
}

// forged are names that look like the controller's.
func forged() []Identity {
	return []Identity{
		foreignAccount(), wide("longer name", controllerName+"-2"),
		wide("other account of its namespace", "system:serviceaccount:scalegate-system:default"),
	}
}

// lookalikes are users whose names look like the names of service accounts that matter.
func lookalikes() []Identity {
	return []Identity{
		wide("bare name", "scalegate-controller-manager"), wide("name in capitals", strings.ToUpper(controllerName)),
		wide("longer replicaset-controller", replicaSetsName+"-2"), wide("bare replicaset-controller", "replicaset-controller"),
		wide("replicaset-controller of another namespace", "system:serviceaccount:bypass-enforced:replicaset-controller"),
	}
}

// workloadControllers make and keep pods in Kubernetes.
func workloadControllers() []Identity {
	return []Identity{
		replicaSets(), kubeSystem("statefulset-controller"), kubeSystem("daemon-set-controller"),
		kubeSystem("job-controller"), kubeSystem("replication-controller"), argoRollouts(),
	}
}

// people and pipelines that work in a namespace.
func people() []Identity { return []Identity{tenant(), namespaceAdmin(), clusterAdmin(), gitOps()} }

// outsiders are all that have no business behind the gate.
func outsiders() []Identity {
	return slices.Concat(people(), forged(), []Identity{replicaSets(), kubeSystem("job-controller")})
}

// mighty may write what tenants may not, such as a status; and are not Scalegate.
func mighty() []Identity {
	return slices.Concat([]Identity{clusterAdmin(), gitOps(), safetyTeam()}, forged())
}
