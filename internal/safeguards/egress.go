// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// egressDenied wants a NetworkPolicy that selects the pod for egress, which denies whatever no policy allows; and no policy
// that selects it to allow every destination: every address, or every pod of every namespace. Policies add up, and so do
// the address blocks that they name.
func egressDenied(_ v1alpha1.SafeguardCheck, w Workload, s Scene) fault {
	if s.Network == nil {
		return unread("the NetworkPolicies of the namespace")
	}
	if w.Spec.HostNetwork {
		return broken("spec.hostNetwork is true, and no NetworkPolicy is about the network of the node: leave it out")
	}
	policies := slices.SortedFunc(slices.Values(s.Network.Policies), func(a, b networkingv1.NetworkPolicy) int { return cmp.Compare(a.Name, b.Name) })
	var isolates bool
	var blocks []block
	for i := range policies {
		p := &policies[i]
		selected, readable := selects(&p.Spec.PodSelector, w.Labels)
		if !aboutEgress(p) || readable && !selected {
			continue
		}
		// One that cannot be read denies nothing, and may allow.
		isolates = isolates || selected && readable
		for _, rule := range p.Spec.Egress {
			f := everywhere(p.Name, rule)
			if !f.none() {
				return f
			}
			blocks = append(blocks, blocksOf(p.Name, rule)...)
		}
	}
	if !isolates {
		return broken("no NetworkPolicy in namespace %s selects it for egress, so that it may send anywhere: "+
			"add one with policyTypes [Egress] that selects it, such as with podSelector {}", s.Namespace)
	}
	for _, all := range []string{"0.0.0.0/0", "::/0"} {
		if by := covers(blocks, netip.MustParsePrefix(all)); by != "" {
			return broken("NetworkPolicy %s: spec.egress allows every address, with %s or with blocks that make it up: name the addresses that are needed", by, all)
		}
	}
	return fault{}
}

// aboutEgress tells whether a policy is about what pods send. One that does not say is when it has a rule about it.
func aboutEgress(p *networkingv1.NetworkPolicy) bool {
	if len(p.Spec.PolicyTypes) == 0 {
		return len(p.Spec.Egress) > 0
	}
	return slices.Contains(p.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
}

// selects tells whether a selector selects something with such labels, and whether it can be read. An empty one selects
// everything.
func selects(selector *metav1.LabelSelector, set map[string]string) (selected, readable bool) {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, false
	}
	return s.Matches(labels.Set(set)), true
}

// everywhere finds a rule that names no destination, or every pod of every namespace.
func everywhere(policy string, rule networkingv1.NetworkPolicyEgressRule) fault {
	if len(rule.To) == 0 {
		return broken("NetworkPolicy %s: a rule of spec.egress has no to, which allows every destination: name those that are needed", policy)
	}
	for _, peer := range rule.To {
		switch {
		case peer.IPBlock == nil && peer.NamespaceSelector == nil && peer.PodSelector == nil:
			return broken("NetworkPolicy %s: a peer of spec.egress names nothing, which may allow every destination: name those that are needed", policy)
		case peer.NamespaceSelector != nil && everyNamespace(peer.NamespaceSelector) && (peer.PodSelector == nil || empty(peer.PodSelector)):
			return broken("NetworkPolicy %s: a peer of spec.egress is every pod of every namespace, and any of them may pass on what it gets: "+
				"add a podSelector, or name the namespaces", policy)
		}
	}
	return fault{}
}

func empty(s *metav1.LabelSelector) bool {
	return len(s.MatchLabels) == 0 && len(s.MatchExpressions) == 0
}

// everyNamespace tells whether a selector selects all, as an empty one does, and one that wants what each has: its name.
func everyNamespace(s *metav1.LabelSelector) bool {
	return len(s.MatchLabels) == 0 && !slices.ContainsFunc(s.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
		return r.Key != corev1.LabelMetadataName || r.Operator != metav1.LabelSelectorOpExists
	})
}

// block is an address block that a policy allows. What it leaves out does not matter: all addresses but some are not what
// is meant by denied.
type block struct {
	policy string
	cidr   netip.Prefix
}

// blocksOf are the address blocks of a rule. One that cannot be read is taken for all addresses.
func blocksOf(policy string, rule networkingv1.NetworkPolicyEgressRule) []block {
	var all []block
	for _, peer := range rule.To {
		if peer.IPBlock == nil {
			continue
		}
		cidr, err := netip.ParsePrefix(peer.IPBlock.CIDR)
		if err != nil {
			cidr = netip.MustParsePrefix("0.0.0.0/0")
		}
		all = append(all, block{policy: policy, cidr: plain(cidr)})
	}
	return all
}

// plain is a prefix without the bits of its address that say nothing. One of IPv4 that is written as IPv6 is one of IPv4.
func plain(p netip.Prefix) netip.Prefix {
	const mapped = 96
	if p.Addr().Is4In6() && p.Bits() >= mapped {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p.Masked()
}

// covers names the first policy whose blocks, with those of others, make up all of a prefix; empty when they do not. A
// prefix of which no block says all is halved, and no further than blocks are long.
func covers(blocks []block, p netip.Prefix) string {
	var within []block
	for _, b := range blocks {
		if !b.cidr.Overlaps(p) {
			continue
		}
		if b.cidr.Bits() <= p.Bits() {
			return b.policy
		}
		within = append(within, b)
	}
	if len(within) == 0 || p.Bits() == p.Addr().BitLen() {
		return ""
	}
	low, high := halves(p)
	by := covers(within, low)
	if by == "" || covers(within, high) == "" {
		return ""
	}
	return by
}

// halves of a prefix, which has room for two.
func halves(p netip.Prefix) (low, high netip.Prefix) {
	low = netip.PrefixFrom(p.Addr(), p.Bits()+1)
	raw := p.Addr().AsSlice()
	raw[p.Bits()/8] |= 1 << (7 - p.Bits()%8)
	addr, _ := netip.AddrFromSlice(raw)
	return low, netip.PrefixFrom(addr, p.Bits()+1)
}
