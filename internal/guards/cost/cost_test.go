// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cost

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/admission/measured"
)

// replicaSets is who makes the pods of Deployments.
const replicaSets = "system:serviceaccount:kube-system:replicaset-controller"

// The namespaces: ungoverned, and governed with one clearance and with as many as fit, of one owner each and of one release.
func plain() *corev1.Namespace { return namespace("plain", "", nil) }

func governed(name string, clearances map[string]string) *corev1.Namespace {
	return namespace(name, v1alpha1.GateEnforced, clearances)
}

func namespace(name, gate string, annotations map[string]string) *corev1.Namespace {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: annotations}}
	if gate != "" {
		ns.Labels = map[string]string{v1alpha1.LabelGate: gate}
	}
	return ns
}

// creating is a request that makes the pod, as the replicaset controller sends it.
func creating(pod *corev1.Pod, ns *corev1.Namespace) request {
	pod.CreationTimestamp = metav1.Now()
	return request{object: pod, kind: corev1.SchemeGroupVersion.WithKind("Pod"), plural: "pods", ns: ns, user: replicaSets}
}

// patched is the pod as it is once it is held.
func patched(pod *corev1.Pod) *corev1.Pod {
	pod.Annotations[v1alpha1.AnnotationHoldReason] = "NotLookedAt: Scalegate has not looked at this pod of release " +
		measured.Release + " yet; see kubectl describe modelrelease " + measured.Release
	pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}}
	return pod
}

// judged is what a request costs under one policy.
type judged struct {
	// Expressions are the validations or mutations that are evaluated, none where a condition says that the request is not
	// meant; Patches tells whether what a mutation comes to is applied.
	Expressions int
	Patches     bool
	// Cost is the most that the CEL cost of all that is evaluated is. Looking through what has no order costs less or more.
	Cost int64
}

// The numbers are what it costs now. One that has to grow needs a reason: this is paid by every pod.
func TestWhatAPodIsJudgedBy(t *testing.T) {
	ungoverned, free, full := plain(), governed("one", measured.One()), governed("many", measured.AsManyAsFit())
	s := newServer(t, ungoverned, free, full)
	notAPerson := judged{Cost: 8}
	for name, row := range map[string]struct {
		request request
		want    map[string]judged
	}{
		"in an ungoverned namespace it is judged by nothing": {
			request: creating(measured.Pod(measured.ClearedOwner), ungoverned),
			want:    map[string]judged{},
		},
		"a cleared one is not patched": {
			request: creating(measured.Pod(measured.ClearedOwner), free),
			want: map[string]judged{
				"scalegate-hold-pods": {Expressions: 1, Cost: 148}, "scalegate-admit-pods": {Expressions: 5, Cost: 518},
				"scalegate-warn-held": notAPerson,
			},
		},
		"a cleared one costs the same among as many clearances as fit": {
			request: creating(measured.Pod(measured.ClearedOwner), full),
			want: map[string]judged{
				"scalegate-hold-pods": {Expressions: 1, Cost: 148}, "scalegate-admit-pods": {Expressions: 5, Cost: 518},
				"scalegate-warn-held": notAPerson,
			},
		},
		"one that claims nothing, and asks for an accelerator": {
			request: creating(measured.Unclaimed(measured.Pod(measured.ClearedOwner)), free),
			want: map[string]judged{
				"scalegate-hold-pods": {Cost: 4}, "scalegate-admit-pods": {Expressions: 5, Cost: 400},
				"scalegate-warn-held": notAPerson,
			},
		},
		"a held one is patched": {
			request: creating(measured.Pod(measured.HeldOwner), free),
			want: map[string]judged{
				"scalegate-hold-pods": {Expressions: 1, Patches: true, Cost: 384}, "scalegate-admit-pods": {Expressions: 5, Cost: 518},
				"scalegate-warn-held": notAPerson,
			},
		},
		"a held one is not patched again": {
			request: creating(patched(measured.Pod(measured.HeldOwner)), free),
			want: map[string]judged{
				"scalegate-hold-pods": {Expressions: 1, Cost: 293}, "scalegate-admit-pods": {Expressions: 5, Cost: 200},
				"scalegate-warn-held": notAPerson,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]judged{}
			for _, e := range s.judge(t, row.request) {
				got[e.policy] = judged{Expressions: e.expressions, Patches: e.patches, Cost: max(e.cost, row.want[e.policy].Cost)}
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// Of a clearance with hundreds of owners the text itself costs, in proportion to its length.
func TestManyOwnersStayFarFromTheBudget(t *testing.T) {
	r := creating(measured.Pod(measured.ClearedOwner), governed("owners", measured.OneOfManyOwners()))
	for _, e := range newServer(t, r.ns).judge(t, r) {
		if e.cost > budget/400 {
			t.Errorf("%s: %d", e.policy, e.cost)
		}
	}
}

func TestADeploymentInAnUngovernedNamespaceIsJudgedByNothing(t *testing.T) {
	d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "any"}, Spec: appsv1.DeploymentSpec{Template: measured.Template()}}
	r := request{object: d, kind: appsv1.SchemeGroupVersion.WithKind("Deployment"), plural: "deployments", ns: plain(), user: "a person"}
	if got := newServer(t, r.ns).judge(t, r); len(got) > 0 {
		t.Errorf("judged by %v", got)
	}
}

// A selector in matchConstraints is made from its text and asked for every request to the API server, before the rules
// are: it belongs there where the rules match pods, and else into the binding, which is asked after the rules. That is as
// safe because no policy has parameters: a policy whose paramKind cannot be found refuses before its binding is asked.
func TestSelectorsAreAskedAfterTheRules(t *testing.T) {
	var got []string
	for _, p := range newServer(t).policies {
		constraints := p.accessor.GetMatchConstraints()
		if !isEmpty(constraints.NamespaceSelector) || !isEmpty(constraints.ObjectSelector) {
			got = append(got, p.name)
		}
		if p.accessor.GetParamKind() != nil {
			t.Errorf("%s has parameters", p.name)
		}
	}
	slices.Sort(got)
	want := []string{"scalegate-admit-pods", "scalegate-guard-run-objects", "scalegate-hold-pods", "scalegate-warn-held"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func isEmpty(s *metav1.LabelSelector) bool {
	return s == nil || len(s.MatchLabels)+len(s.MatchExpressions) == 0
}

// The objects of a CustomResourceDefinition are served in one group alone: whoever names it and every version of it has
// named them all, and need not have the API server look for their equivalents.
func TestEquivalentsAreLookedForWhereThereMayBeSome(t *testing.T) {
	builtIn := []string{"", "apps", "batch", "networking.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io"}
	for _, p := range newServer(t).policies {
		constraints := p.accessor.GetMatchConstraints()
		custom := true
		for _, rule := range constraints.ResourceRules {
			for _, group := range rule.APIGroups {
				custom = custom && !slices.Contains(builtIn, group)
			}
			if !slices.Equal(rule.APIVersions, []string{"*"}) {
				t.Errorf("%s: it names versions: %v", p.name, rule.APIVersions)
			}
		}
		want := admissionv1.Equivalent
		if custom {
			want = admissionv1.Exact
		}
		if *constraints.MatchPolicy != want {
			t.Errorf("%s: matchPolicy %s, want %s", p.name, *constraints.MatchPolicy, want)
		}
	}
}

// Every request to the API server is compared with every policy, whatever it is about.
func TestFindingOutWhichPoliciesAreConcernedIsLittleWork(t *testing.T) {
	const policies, allocations = 26, 112
	r := creating(measured.Pod(measured.ClearedOwner), plain())
	s := newServer(t, r.ns)
	if len(s.policies) > policies {
		t.Errorf("%d policies, want at most %d", len(s.policies), policies)
	}
	attributes := r.attributes()
	got := testing.AllocsPerRun(100, func() {
		for _, p := range s.policies {
			if _, _, _, err := s.matcher.DefinitionMatches(attributes, s.objects, p.accessor); err != nil {
				t.Fatal(err)
			}
		}
	})
	if got > allocations {
		t.Errorf("%v allocations for a pod in an ungoverned namespace, want at most %d", got, allocations)
	}
}
