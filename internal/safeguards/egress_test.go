// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

type policySpec = networkingv1.NetworkPolicySpec

func policies(all ...networkingv1.NetworkPolicy) []networkingv1.NetworkPolicy { return all }

func policy(name string, spec policySpec) networkingv1.NetworkPolicy {
	return networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: spec}
}

// denyAll selects every pod and allows nothing.
func denyAll(name string) networkingv1.NetworkPolicy {
	return policy(name, policySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}})
}

// allowing selects every pod and allows peers, for egress.
func allowing(peers ...networkingv1.NetworkPolicyPeer) networkingv1.NetworkPolicy {
	p := denyAll("allow")
	p.Spec.Egress = []networkingv1.NetworkPolicyEgressRule{{To: peers}}
	return p
}

func to(cidr string, except ...string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: cidr, Except: except}}
}

func labelled(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

func TestEgressDenied(t *testing.T) {
	having := func(all ...networkingv1.NetworkPolicy) func(*Scene) {
		return func(s *Scene) { s.Network.Policies = all }
	}
	selecting := func(selector metav1.LabelSelector) networkingv1.NetworkPolicy {
		p := denyAll("deny")
		p.Spec.PodSelector = selector
		return p
	}
	untyped := func(p networkingv1.NetworkPolicy) networkingv1.NetworkPolicy {
		p.Spec.PolicyTypes = nil
		return p
	}
	ingress := denyAll("deny")
	ingress.Spec.PolicyTypes = []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	onPort := allowing()
	onPort.Spec.Egress[0].Ports = []networkingv1.NetworkPolicyPort{{Port: new(intstr.FromInt32(443))}}
	elsewhere := onPort
	elsewhere.Spec.PodSelector = *labelled("app", "other")
	unreadable := metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}
	odd := allowing()
	odd.Spec.PodSelector = unreadable
	everyName := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "kubernetes.io/metadata.name", Operator: metav1.LabelSelectorOpExists}}}
	const nobody, everything = "no NetworkPolicy in namespace serving selects it for egress", "every address"
	judgeRows(t, v1alpha1.SafeguardEgressDenied, map[string]testRow{
		"no policy":                           {having(), isBroken, []string{"Pod p1", nobody, "policyTypes [Egress]"}},
		"an empty selector is every pod":      {change: having(denyAll("deny")), want: inPlace},
		"a selector of the pod's label":       {change: having(selecting(*labelled("app", "web"))), want: inPlace},
		"a selector of another label":         {having(selecting(*labelled("app", "other"))), isBroken, []string{nobody}},
		"a selector that cannot be read":      {having(selecting(unreadable)), isBroken, []string{nobody}},
		"a policy about ingress":              {having(ingress), isBroken, []string{nobody}},
		"no types and no egress is ingress":   {having(untyped(denyAll("deny"))), isBroken, []string{nobody}},
		"no types and an egress rule is both": {change: having(untyped(allowing(to("10.0.0.0/8")))), want: inPlace},
		"a rule without destinations":         {having(allowing()), isBroken, []string{"NetworkPolicy allow", "has no to"}},
		"every destination on one port":       {having(denyAll("deny"), onPort), isBroken, []string{"has no to"}},
		"a rule for other pods":               {change: having(denyAll("deny"), elsewhere), want: inPlace},
		"what cannot be read may allow":       {having(denyAll("deny"), odd), isBroken, []string{"has no to"}},
		"every address":                       {having(allowing(to("0.0.0.0/0"))), isBroken, []string{everything, "0.0.0.0/0"}},
		"every address of version 6":          {having(allowing(to("::/0"))), isBroken, []string{everything, "::/0"}},
		"every address written otherwise":     {having(allowing(to("10.1.2.3/0"))), isBroken, []string{everything}},
		"every address but some":              {having(allowing(to("0.0.0.0/0", "10.0.0.0/8"))), isBroken, []string{everything}},
		"two halves":                          {having(allowing(to("0.0.0.0/1"), to("128.0.0.0/1"))), isBroken, []string{everything}},
		"two halves in two policies":          {having(allowing(to("0.0.0.0/1")), policy("more", allowing(to("128.0.0.0/1")).Spec)), isBroken, []string{everything}},
		"one half":                            {change: having(allowing(to("0.0.0.0/1"))), want: inPlace},
		"two halves, and an address left out": {having(allowing(to("0.0.0.0/1"), to("128.0.0.0/1", "192.0.2.7/32"))), isBroken, []string{everything}},
		"a block that cannot be read":         {having(allowing(to("everywhere"))), isBroken, []string{everything}},
		"every address of version 4 as 6":     {having(allowing(to("::ffff:0:0/96"))), isBroken, []string{everything}},
		"a block of version 4 as 6":           {change: having(allowing(to("::ffff:10.0.0.0/104"))), want: inPlace},
		"one block":                           {change: having(allowing(to("192.0.2.0/24"))), want: inPlace},
		"a peer that names nothing":           {having(allowing(networkingv1.NetworkPolicyPeer{})), isBroken, []string{"names nothing"}},
		"every pod of every namespace":        {having(allowing(networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}})), isBroken, []string{"every pod of every namespace"}},
		"every pod, said twice":               {having(allowing(networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{}})), isBroken, []string{"every pod of every namespace"}},
		"every namespace has a name":          {having(allowing(networkingv1.NetworkPolicyPeer{NamespaceSelector: everyName})), isBroken, []string{"every pod of every namespace"}},
		"some pods of every namespace":        {change: having(allowing(networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: labelled("k8s-app", "kube-dns")})), want: inPlace},
		"every pod of some namespaces":        {change: having(allowing(networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled("kubernetes.io/metadata.name", "kube-system")})), want: inPlace},
		"every pod of the same namespace":     {change: having(allowing(networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{}})), want: inPlace},
		"the network of the node":             {serving(func(w *Workload) { w.Spec.HostNetwork = true }), isBroken, []string{"spec.hostNetwork"}},
		"nothing was read":                    {func(s *Scene) { s.Network = nil }, isNot, []string{"could not be read"}},
		"one of two pods is not selected": {func(s *Scene) {
			s.Network.Policies = policies(selecting(*labelled("app", "web")))
			s.Serving[1].Labels = map[string]string{"app": "other"}
		}, isBroken, []string{"Pod p2", nobody}},
	})
}
