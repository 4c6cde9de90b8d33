// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// rule is "verbs groups resources" with commas between several; "core" is the group without a name.
func rule(text string, names ...string) rbacv1.PolicyRule {
	parts := strings.Fields(text)
	split := func(s string) []string { return strings.Split(strings.ReplaceAll(s, "core", ""), ",") }
	return rbacv1.PolicyRule{Verbs: split(parts[0]), APIGroups: split(parts[1]), Resources: split(parts[2]), ResourceNames: names}
}

func clusterRole(name string, rules ...rbacv1.PolicyRule) func(*Rights) {
	return func(r *Rights) {
		r.ClusterRoles = append(r.ClusterRoles, rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules})
	}
}

func role(namespace, name string, rules ...rbacv1.PolicyRule) func(*Rights) {
	return func(r *Rights) {
		r.Roles = append(r.Roles, rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Rules: rules})
	}
}

// subject is "User x", "Group x" or "ServiceAccount ns/x".
func subject(text string) rbacv1.Subject {
	kind, name, _ := strings.Cut(text, " ")
	if kind == rbacv1.ServiceAccountKind {
		namespace, account, _ := strings.Cut(name, "/")
		return rbacv1.Subject{Kind: kind, Namespace: namespace, Name: account}
	}
	return rbacv1.Subject{Kind: kind, Name: name}
}

func subjects(names []string) []rbacv1.Subject {
	var all []rbacv1.Subject
	for _, name := range names {
		all = append(all, subject(name))
	}
	return all
}

// clusterBound binds a ClusterRole in the cluster; its binding has the same name.
func clusterBound(role string, names ...string) func(*Rights) {
	return func(r *Rights) {
		r.ClusterRoleBindings = append(r.ClusterRoleBindings, rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: role}, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: role}, Subjects: subjects(names),
		})
	}
}

// byDefault is a binding that Kubernetes made.
func byDefault(role string, names ...string) func(*Rights) {
	return func(r *Rights) {
		clusterBound(role, names...)(r)
		r.ClusterRoleBindings[len(r.ClusterRoleBindings)-1].Labels = map[string]string{"kubernetes.io/bootstrapping": "rbac-defaults"}
	}
}

// bound binds a role in a namespace: "Role x" or "ClusterRole x".
func bound(namespace, ref string, names ...string) func(*Rights) {
	kind, name, _ := strings.Cut(ref, " ")
	return func(r *Rights) {
		r.RoleBindings = append(r.RoleBindings, rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, RoleRef: rbacv1.RoleRef{Kind: kind, Name: name}, Subjects: subjects(names),
		})
	}
}

func rights(parts ...func(*Rights)) Rights {
	var r Rights
	for _, part := range parts {
		part(&r)
	}
	return r
}

// holderCase is who may do an action.
type holderCase struct {
	rights Rights
	action Action
	want   []string
}

func (tc holderCase) check(t *testing.T) {
	var got []string
	for _, h := range tc.rights.Holders(tc.action) {
		got = append(got, h.String())
	}
	if diff := cmp.Diff(tc.want, got); diff != "" {
		t.Error(diff)
	}
}

// token is an action in one namespace, on one object, through a subresource.
func token() Action {
	return Action{Verb: "create", Resource: "serviceaccounts/token", Name: "replicaset-controller", Namespace: "kube-system"}
}

func TestHoldersByWhatRolesSay(t *testing.T) {
	token := token()
	everything := Action{Verb: "*", Group: "*", Resource: "*"}
	for name, tc := range map[string]holderCase{
		"nobody": {Rights{}, token, nil},
		"by name in the cluster": {
			rights(clusterRole("t", rule("create core serviceaccounts/token")), clusterBound("t", "User alice", "Group ops", "ServiceAccount ci/bot")),
			token, []string{"Group ops", "ServiceAccount ci/bot", "User alice"},
		},
		"by a star for each of verb, group and resource": {
			rights(clusterRole("a", rule("* core serviceaccounts/token")), clusterRole("b", rule("create * serviceaccounts/token")),
				clusterRole("c", rule("create core *")), clusterRole("d", rule("create core */token")),
				clusterBound("a", "User a"), clusterBound("b", "User b"), clusterBound("c", "User c"), clusterBound("d", "User d")),
			token, []string{"User a", "User b", "User c", "User d"},
		},
		"the resource alone does not reach its subresource": {
			rights(clusterRole("t", rule("create core serviceaccounts")), clusterBound("t", "User alice")), token, nil,
		},
		"another verb, another group": {
			rights(clusterRole("t", rule("get core serviceaccounts/token"), rule("create apps serviceaccounts/token")), clusterBound("t", "User alice")), token, nil,
		},
		"the parts stand in different rules": {
			rights(clusterRole("t", rule("create core pods"), rule("get core serviceaccounts/token")), clusterBound("t", "User alice")), token, nil,
		},
		"only for that name": {
			rights(clusterRole("t", rule("create core serviceaccounts/token", "replicaset-controller")), clusterBound("t", "User alice")), token, []string{"User alice"},
		},
		"only for another name": {
			rights(clusterRole("t", rule("create core serviceaccounts/token", "bot")), clusterBound("t", "User alice")), token, nil,
		},
		"create with a name reaches nothing, since what is created has none yet": {
			rights(clusterRole("t", rule("create core pods", "p")), clusterBound("t", "User alice")),
			Action{Verb: "create", Resource: "pods"}, nil,
		},
		"everything is all verbs of all resources of all groups": {
			rights(clusterRole("a", rule("* * *")), clusterRole("b", rule("get,list * *")), clusterRole("c", rule("* core *")),
				clusterBound("a", "User a"), clusterBound("b", "User b"), clusterBound("c", "User c")),
			everything, []string{"User a"},
		},
	} {
		t.Run(name, tc.check)
	}
}

func TestHoldersByWhereRolesAreBound(t *testing.T) {
	token := token()
	connect := Action{Verb: "connect", Group: "scalegate.dev", Resource: "pods", Namespace: "*"}
	everything := Action{Verb: "*", Group: "*", Resource: "*"}
	for name, tc := range map[string]holderCase{
		"a ClusterRole that is bound in the namespace": {
			rights(clusterRole("t", rule("create core serviceaccounts/token")), bound("kube-system", "ClusterRole t", "User alice")), token, []string{"User alice"},
		},
		"a Role that is bound in the namespace": {
			rights(role("kube-system", "t", rule("create core serviceaccounts/token")), bound("kube-system", "Role t", "User alice")), token, []string{"User alice"},
		},
		"a ClusterRole that is bound in another namespace": {
			rights(clusterRole("t", rule("create core serviceaccounts/token")), bound("serving", "ClusterRole t", "User alice")), token, nil,
		},
		"a Role of the same name in another namespace": {
			rights(role("serving", "t", rule("create core serviceaccounts/token")), bound("kube-system", "Role t", "User alice")), token, nil,
		},
		"a Role and a ClusterRole of the same name are two": {
			rights(clusterRole("t", rule("create core serviceaccounts/token")), role("kube-system", "t", rule("get core pods")),
				bound("kube-system", "Role t", "User alice")), token, nil,
		},
		"a service account of a RoleBinding is in its namespace": {
			rights(clusterRole("t", rule("create core serviceaccounts/token")), bound("kube-system", "ClusterRole t", "ServiceAccount /bot")),
			token, []string{"ServiceAccount kube-system/bot"},
		},
		"a role that nobody is bound to, a binding to a role that does not exist": {
			rights(clusterRole("t", rule("create core serviceaccounts/token")), clusterBound("u", "User alice")), token, nil,
		},
		"any namespace counts, and one pod does": {
			rights(role("serving", "c", rule("connect scalegate.dev pods", "p-0")), bound("serving", "Role c", "User alice")), connect, []string{"User alice"},
		},
		"a right in the cluster is not given by a RoleBinding": {
			rights(clusterRole("a", rule("* * *")), bound("serving", "ClusterRole a", "User alice")), everything, nil,
		},
	} {
		t.Run(name, tc.check)
	}
}

func TestDefaultsAreWhatKubernetesBoundForItself(t *testing.T) {
	all := clusterRole("cluster-admin", rule("* * *"))
	for name, tc := range map[string]struct {
		rights Rights
		want   bool
	}{
		"a group of Kubernetes":                       {rights(all, byDefault("cluster-admin", "Group system:masters")), true},
		"a service account of Kubernetes":             {rights(all, byDefault("cluster-admin", "ServiceAccount kube-system/job-controller")), true},
		"a user whom somebody added to a default":     {rights(all, byDefault("cluster-admin", "User alice")), false},
		"a service account of somebody's":             {rights(all, byDefault("cluster-admin", "ServiceAccount ci/bot")), false},
		"a part of Kubernetes that somebody bound":    {rights(all, clusterBound("cluster-admin", "ServiceAccount kube-system/addon")), false},
		"everybody, added to a default":               {rights(all, byDefault("cluster-admin", "Group system:authenticated")), false},
		"every service account, added to a default":   {rights(all, byDefault("cluster-admin", "Group system:serviceaccounts:ci")), false},
		"who has not logged in, added to a default":   {rights(all, byDefault("cluster-admin", "User system:anonymous")), false},
		"the group of the cluster's own installation": {rights(all, clusterBound("cluster-admin", "Group kubeadm:cluster-admins")), false},
	} {
		t.Run(name, func(t *testing.T) {
			holders := tc.rights.Holders(Action{Verb: "*", Group: "*", Resource: "*"})
			if len(holders) != 1 || holders[0].Default != tc.want {
				t.Errorf("got %+v, want default %v", holders, tc.want)
			}
		})
	}
}

func TestDangers(t *testing.T) {
	give := func(text string, names ...string) Rights {
		return rights(clusterRole("r", rule(text, names...)), clusterBound("r", "User alice"))
	}
	for name, tc := range map[string]struct {
		danger string
		rights Rights
		want   Status
	}{
		"may do everything":                               {"cluster-admin", give("* * *"), Warn},
		"may impersonate users":                           {"impersonate", give("impersonate core users"), Warn},
		"may impersonate one group":                       {"impersonate", give("impersonate core groups", "ops"), Warn},
		"may impersonate service accounts of kube-system": {"impersonate", rights(role("kube-system", "r", rule("impersonate core serviceaccounts")), bound("kube-system", "Role r", "User alice")), Warn},
		"may impersonate service accounts of another":     {"impersonate", rights(role("ci", "r", rule("impersonate core serviceaccounts")), bound("ci", "Role r", "User alice")), OK},
		"may impersonate in the constrained way":          {"impersonate", give("impersonate:user-info authentication.k8s.io users"), Warn},
		"may mint tokens":                                 {"tokens", give("create core serviceaccounts/token"), Fail},
		"may mint tokens of Scalegate":                    {"tokens", give("create core serviceaccounts/token", "scalegate-controller-manager"), Fail},
		"may mint tokens of another account":              {"tokens", give("create core serviceaccounts/token", "bot"), OK},
		"edits in kube-system, tokens included":           {"tokens", rights(clusterRole("edit", rule("create core serviceaccounts/token")), bound("kube-system", "ClusterRole edit", "User alice")), Fail},
		"may make Jobs in scalegate-system":               {"system pods", rights(role("scalegate-system", "r", rule("create batch jobs")), bound("scalegate-system", "Role r", "User alice")), Warn},
		"may make Secrets, and so tokens, in kube-system": {"system pods", rights(role("kube-system", "r", rule("create core secrets")), bound("kube-system", "Role r", "User alice")), Warn},
		"may make pods elsewhere":                         {"system pods", rights(role("ci", "r", rule("create core pods")), bound("ci", "Role r", "User alice")), OK},
		"may delete a binding of a policy":                {"admission", give("delete admissionregistration.k8s.io validatingadmissionpolicybindings"), Warn},
		"may read policies":                               {"admission", give("get,list admissionregistration.k8s.io validatingadmissionpolicies"), OK},
		"may bind roles":                                  {"escalation", give("bind rbac.authorization.k8s.io clusterroles"), Warn},
		"may use the kubelet through the API server":      {"nodes/proxy", give("get core nodes/proxy"), Warn},
		"may read metrics of the kubelet":                 {"nodes/proxy", give("get core nodes/metrics"), OK},
		"may ungate":                                      {"ungate", give("ungate scalegate.dev namespaces"), OK},
		"may resolve":                                     {"resolve", give("resolve scalegate.dev adversefindings"), OK},
		"may take revocations back in a namespace":        {"resolve", rights(role("s", "r", rule("resolve scalegate.dev modelreleases")), bound("s", "Role r", "User alice")), OK},
		"may approve in a role":                           {"approve", rights(role("s", "r", rule("approve scalegate.dev releaseapprovals", "officer")), bound("s", "Role r", "User alice")), OK},
		"may approve policies":                            {"approve", give("approve scalegate.dev policyapprovals", "officer"), OK},
		"everybody may approve":                           {"approve", rights(clusterRole("r", rule("approve scalegate.dev releaseapprovals")), clusterBound("r", "Group system:authenticated")), Fail},
		"may take waivers away":                           {"breakglass", rights(role("s", "r", rule("breakglass scalegate.dev releasewaivers")), bound("s", "Role r", "User alice")), OK},
		"may connect to one pod":                          {"connect", rights(role("s", "r", rule("connect scalegate.dev pods", "p")), bound("s", "Role r", "User alice")), OK},
		"may break the glass":                             {"breakglass", give("breakglass scalegate.dev safetypolicies"), OK},
		"everybody may ungate":                            {"ungate", rights(clusterRole("r", rule("ungate scalegate.dev namespaces")), clusterBound("r", "Group system:authenticated")), Fail},
		"everybody may impersonate":                       {"impersonate", rights(clusterRole("r", rule("impersonate core users")), clusterBound("r", "Group system:serviceaccounts")), Fail},
		"Scalegate itself may put policies back":          {"admission", rights(clusterRole("r", rule("update admissionregistration.k8s.io mutatingadmissionpolicies")), clusterBound("r", "ServiceAccount scalegate-system/scalegate-controller-manager")), OK},
		"another account of its namespace may":            {"admission", rights(clusterRole("r", rule("update admissionregistration.k8s.io mutatingadmissionpolicies")), clusterBound("r", "ServiceAccount scalegate-system/x")), Warn},
		"a part of Kubernetes mints tokens":               {"tokens", rights(clusterRole("r", rule("create core serviceaccounts/token")), byDefault("r", "User system:kube-controller-manager")), OK},
	} {
		t.Run(name, func(t *testing.T) {
			report := Examine(&Facts{Rights: tc.rights})
			got := find(t, report, tc.danger)
			if got.Status != tc.want {
				t.Errorf("got %+v, want %s", got, tc.want)
			}
			if holder := strings.Contains(strings.Join(got.Items, " "), "alice"); tc.want == Warn && !strings.Contains(name, "account of its") && !holder {
				t.Errorf("it does not name the holder: %v", got.Items)
			}
		})
	}
}

func TestWhoMayDoEverythingIsToldOnce(t *testing.T) {
	r := rights(clusterRole("cluster-admin", rule("* * *")), clusterBound("cluster-admin", "User root"),
		clusterRole("r", rule("impersonate core users")), clusterBound("r", "User alice"))
	report := Examine(&Facts{Rights: r})
	for i := range report.Checks {
		c := &report.Checks[i]
		if c.Part != partRights {
			continue
		}
		if told := strings.Contains(strings.Join(c.Items, " "), "root"); told != (c.Name == "cluster-admin") {
			t.Errorf("%s: %v", c.Name, c.Items)
		}
		if c.Name != "cluster-admin" && c.Name != "impersonate" && !strings.Contains(c.What, "nobody but cluster admins") {
			t.Errorf("%s: %s", c.Name, c.What)
		}
	}
	if got := find(t, report, "impersonate"); len(got.Items) != 1 || !strings.Contains(got.Items[0], "User alice (ClusterRoleBinding r)") {
		t.Errorf("got %v", got.Items)
	}
}

// find is the check of that name.
func find(t *testing.T, r Report, name string) Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no check %s", name)
	return Check{}
}
