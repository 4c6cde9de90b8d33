// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/sets"
)

// holdPods is our own mutating policy on pods, which only adds the hold.
const holdPods = "scalegate-hold-pods"

// Mutators are what may change objects while they are admitted.
type Mutators struct {
	Webhooks []admissionv1.MutatingWebhookConfiguration
	Policies []admissionv1.MutatingAdmissionPolicy
	Bindings []admissionv1.MutatingAdmissionPolicyBinding
}

// Untrusted are the names, sorted, of those that can change pods as they are made in a namespace
// with these labels and that are not trusted. In doubt a mutator can: selectors on objects,
// conditions and bindings are not read, because whoever makes the pod has a say in them. No trust helps a
// policy with parameters that may lie in the namespace itself: whoever writes them there says what it does.
func (m Mutators) Untrusted(namespace labels.Set, trusted []string) []string {
	var names []string
	open := m.openParameters(namespace[corev1.LabelMetadataName])
	for _, configuration := range m.Webhooks {
		if slices.ContainsFunc(configuration.Webhooks, func(w admissionv1.MutatingWebhook) bool {
			return selects(w.NamespaceSelector, namespace) && slices.ContainsFunc(w.Rules, makesPods)
		}) {
			names = append(names, configuration.Name)
		}
	}
	for _, policy := range m.Policies {
		c := policy.Spec.MatchConstraints
		if policy.Name != holdPods && c != nil && selects(c.NamespaceSelector, namespace) &&
			slices.ContainsFunc(c.ResourceRules, func(r admissionv1.NamedRuleWithOperations) bool {
				return makesPods(r.RuleWithOperations)
			}) {
			names = append(names, policy.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(trusted, name) && !open.Has(name) })
}

// openParameters are the names of the policies that a binding gives parameters from this namespace, or from one
// that it does not name: then it is the namespace of the request.
func (m Mutators) openParameters(namespace string) sets.Set[string] {
	names := sets.New[string]()
	for _, binding := range m.Bindings {
		if ref := binding.Spec.ParamRef; ref != nil && (ref.Namespace == "" || ref.Namespace == namespace) {
			names.Insert(binding.Spec.PolicyName)
		}
	}
	return names
}

func makesPods(r admissionv1.RuleWithOperations) bool {
	return containsAny(r.APIGroups, "", "*") &&
		containsAny(r.Resources, "pods", "*", "*/*", "pods/*") &&
		containsAny(r.Operations, admissionv1.Create, admissionv1.OperationAll)
}

func containsAny[T comparable](all []T, wanted ...T) bool {
	return slices.ContainsFunc(all, func(item T) bool { return slices.Contains(wanted, item) })
}

// selects tells whether a selector picks the labels. One that cannot be read picks everything.
func selects(selector *metav1.LabelSelector, set labels.Set) bool {
	if selector == nil {
		return true
	}
	parsed, err := metav1.LabelSelectorAsSelector(selector)
	return err != nil || parsed.Matches(set)
}
