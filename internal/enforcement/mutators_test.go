// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/scalegate/scalegate/internal/enforcement"
)

// rule is one about making pods, changed.
func rule(modifiers ...func(*admissionv1.RuleWithOperations)) admissionv1.RuleWithOperations {
	r := admissionv1.RuleWithOperations{
		Operations: []admissionv1.OperationType{admissionv1.Create},
		Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}},
	}
	for _, modify := range modifiers {
		modify(&r)
	}
	return r
}

func on(operations ...admissionv1.OperationType) func(*admissionv1.RuleWithOperations) {
	return func(r *admissionv1.RuleWithOperations) { r.Operations = operations }
}

func in(groups ...string) func(*admissionv1.RuleWithOperations) {
	return func(r *admissionv1.RuleWithOperations) { r.APIGroups = groups }
}

func about(resources ...string) func(*admissionv1.RuleWithOperations) {
	return func(r *admissionv1.RuleWithOperations) { r.Resources = resources }
}

// webhook is a configuration of one webhook.
func webhook(name string, selector *metav1.LabelSelector, rules ...admissionv1.RuleWithOperations) admissionv1.MutatingWebhookConfiguration {
	return admissionv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Webhooks:   []admissionv1.MutatingWebhook{{NamespaceSelector: selector, Rules: rules}},
	}
}

func policy(name string, selector *metav1.LabelSelector, rules ...admissionv1.RuleWithOperations) admissionv1.MutatingAdmissionPolicy {
	p := admissionv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}}
	p.Spec.MatchConstraints = &admissionv1.MatchResources{NamespaceSelector: selector}
	for _, r := range rules {
		p.Spec.MatchConstraints.ResourceRules = append(p.Spec.MatchConstraints.ResourceRules,
			admissionv1.NamedRuleWithOperations{RuleWithOperations: r})
	}
	return p
}

func TestUntrusted(t *testing.T) {
	having := func(key, value string) *metav1.LabelSelector {
		return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
	}
	unreadable := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Near"}}}
	for sentence, test := range map[string]struct {
		hook    admissionv1.MutatingWebhookConfiguration
		trusted []string
		want    []string
	}{
		"it changes pods as they are made":             {webhook("w", nil, rule()), nil, []string{"w"}},
		"it is trusted":                                {webhook("w", nil, rule()), []string{"v", "w"}, []string{}},
		"another is trusted":                           {webhook("w", nil, rule()), []string{"w2"}, []string{"w"}},
		"it is about every operation":                  {webhook("w", nil, rule(on(admissionv1.OperationAll))), nil, []string{"w"}},
		"it is about another operation":                {webhook("w", nil, rule(on(admissionv1.Update, admissionv1.Delete))), nil, nil},
		"it is about every group":                      {webhook("w", nil, rule(in("*"))), nil, []string{"w"}},
		"it is about another group":                    {webhook("w", nil, rule(in("apps", "metrics.k8s.io"))), nil, nil},
		"it is about every resource":                   {webhook("w", nil, rule(about("*"))), nil, []string{"w"}},
		"it is about every resource and subresource":   {webhook("w", nil, rule(about("*/*"))), nil, []string{"w"}},
		"it is about pods and their subresources":      {webhook("w", nil, rule(about("configmaps", "pods/*"))), nil, []string{"w"}},
		"it is about other resources":                  {webhook("w", nil, rule(about("configmaps", "podtemplates", "pods/exec"))), nil, nil},
		"its second rule is":                           {webhook("w", nil, rule(in("apps")), rule()), nil, []string{"w"}},
		"group and resource are of different rules":    {webhook("w", nil, rule(in("apps")), rule(about("services"))), nil, nil},
		"it has no rule":                               {webhook("w", nil), nil, nil},
		"it is for namespaces like this one":           {webhook("w", having("team", "a"), rule()), nil, []string{"w"}},
		"it is for other namespaces":                   {webhook("w", having("team", "b"), rule()), nil, nil},
		"it is for namespaces without a label of ours": {webhook("w", having("other", ""), rule()), nil, nil},
		"its selector is empty and picks all":          {webhook("w", &metav1.LabelSelector{}, rule()), nil, []string{"w"}},
		"its selector cannot be read":                  {webhook("w", unreadable, rule()), nil, []string{"w"}},
	} {
		t.Run("a webhook: "+sentence, func(t *testing.T) {
			m := enforcement.Mutators{Webhooks: []admissionv1.MutatingWebhookConfiguration{test.hook}}
			checkUntrusted(t, m, test.trusted, test.want)
		})
		t.Run("a policy: "+sentence, func(t *testing.T) {
			w := test.hook.Webhooks[0]
			m := enforcement.Mutators{Policies: []admissionv1.MutatingAdmissionPolicy{policy("w", w.NamespaceSelector, w.Rules...)}}
			checkUntrusted(t, m, test.trusted, test.want)
		})
	}
}

func checkUntrusted(t *testing.T, m enforcement.Mutators, trusted, want []string) {
	t.Helper()
	got := m.Untrusted(labels.Set{"team": "a"}, trusted)
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("untrusted (-want +got):\n%s", diff)
	}
}

func TestUntrustedTogether(t *testing.T) {
	twice := webhook("w1", nil, rule())
	twice.Webhooks = append([]admissionv1.MutatingWebhook{{Rules: []admissionv1.RuleWithOperations{rule(in("apps"))}}}, twice.Webhooks...)
	bare := policy("bare", nil)
	bare.Spec.MatchConstraints = nil
	m := enforcement.Mutators{
		Webhooks: []admissionv1.MutatingWebhookConfiguration{webhook("w2", nil, rule()), twice, webhook("both", nil, rule())},
		Policies: []admissionv1.MutatingAdmissionPolicy{
			policy("p", nil, rule()), policy("both", nil, rule()), policy("scalegate-hold-pods", nil, rule()), bare,
			policy("trusted", nil, rule()),
		},
	}
	if diff := cmp.Diff([]string{"both", "p", "w1", "w2"}, m.Untrusted(nil, []string{"trusted"})); diff != "" {
		t.Errorf("untrusted (-want +got):\n%s", diff)
	}
	// The name is that of a policy of ours; a webhook of that name is somebody else's.
	m = enforcement.Mutators{Webhooks: []admissionv1.MutatingWebhookConfiguration{webhook("scalegate-hold-pods", nil, rule())}}
	if diff := cmp.Diff([]string{"scalegate-hold-pods"}, m.Untrusted(nil, nil)); diff != "" {
		t.Errorf("untrusted (-want +got):\n%s", diff)
	}
}

func TestUntrustedBecauseOfItsParameters(t *testing.T) {
	for sentence, test := range map[string]struct {
		param *admissionv1.ParamRef
		want  []string
	}{
		"it has none": {nil, nil},
		"they lie in a namespace of the safety team":                {&admissionv1.ParamRef{Name: "p", Namespace: "safety"}, nil},
		"they lie in the namespace of the pod":                      {&admissionv1.ParamRef{Name: "p", Namespace: "serving"}, []string{"p"}},
		"they lie in the namespace of the request, whichever":       {&admissionv1.ParamRef{Name: "p"}, []string{"p"}},
		"all that a selector finds in the namespace of the request": {&admissionv1.ParamRef{Selector: &metav1.LabelSelector{}}, []string{"p"}},
	} {
		t.Run("the parameters of a trusted policy: "+sentence, func(t *testing.T) {
			m := enforcement.Mutators{
				Policies: []admissionv1.MutatingAdmissionPolicy{policy("p", nil, rule())},
				Bindings: []admissionv1.MutatingAdmissionPolicyBinding{
					{Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: "other", ParamRef: &admissionv1.ParamRef{Name: "q"}}},
					{Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: "p", ParamRef: test.param}},
				},
			}
			got := m.Untrusted(labels.Set{"kubernetes.io/metadata.name": "serving"}, []string{"other", "p"})
			if len(got) != len(test.want) || len(got) > 0 && got[0] != test.want[0] {
				t.Errorf("untrusted are %q; want %q", got, test.want)
			}
		})
	}
}
