// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// exempted is resetting with an exemption; none for the empty reason.
func exempted(reason string, labels map[string]string) func(*testing.T, string) client.Object {
	return func(t *testing.T, name string) client.Object {
		t.Helper()
		ns := as[*corev1.Namespace](resetting("", nil)(t, name))
		must(t, update(t, ns, func(ns *corev1.Namespace) {
			if reason != "" {
				ns.Annotations[v1alpha1.AnnotationExempt] = reason
			}
		}))
		must(t, update(t, ns, func(ns *corev1.Namespace) { maps.Copy(ns.Labels, labels) }))
		return ns
	}
}

func exemptionChanged(before, after client.Object) bool {
	return before.GetAnnotations()[v1alpha1.AnnotationExempt] != after.GetAnnotations()[v1alpha1.AnnotationExempt]
}

func TestExemptingANamespaceNeedsTheVerbUngate(t *testing.T) {
	t.Parallel()
	keeper := namespaceUser(t, "keeper")
	safety := namespaceUser(t, "safety", rbacv1.PolicyRule{APIGroups: []string{"scalegate.dev"}, Resources: []string{"namespaces"}, Verbs: []string{"ungate"}})
	for name, row := range map[string]struct {
		from string
		edit func(client.Object)
	}{
		"exempting it":   {edit: annotate(v1alpha1.AnnotationExempt, "batch jobs of the build farm")},
		"another reason": {from: "build farm", edit: annotate(v1alpha1.AnnotationExempt, "other")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{
				make: exempted(row.from, nil), edit: row.edit, changed: exemptionChanged,
				subresources: []string{"status", "finalize"}, refusal: "exempting a namespace with scalegate.dev/exempt needs the verb ungate",
			}.fails(t, keeper, namespaceName(t, "a"), attempt{as: safety, ns: namespaceName(t, "c")})
		})
	}
	t.Run("with a new namespace", func(t *testing.T) {
		exempt := map[string]string{v1alpha1.AnnotationExempt: "build farm"}
		refused(t, keeper.Create(t.Context(), namespace("exempt", exempt), client.DryRunAll), "needs the verb ungate")
		must(t, safety.Create(t.Context(), namespace("exempt", exempt), client.DryRunAll))
		generated := namespace("", exempt)
		generated.GenerateName = "exempt-"
		refused(t, keeper.Create(t.Context(), generated.DeepCopy(), client.DryRunAll), "needs the verb ungate")
		must(t, safety.Create(t.Context(), generated, client.DryRunAll))
	})
	for name, row := range map[string]struct {
		from string
		edit func(client.Object)
	}{
		"ending an exemption":          {from: "build farm", edit: func(o client.Object) { dropAnnotation(o, v1alpha1.AnnotationExempt) }},
		"a note of an exempt one":      {from: "build farm", edit: annotate("note", "y")},
		"governing an exempt one":      {from: "build farm", edit: label(v1alpha1.LabelGate, v1alpha1.GateEnforced)},
		"an annotation that is not it": {edit: annotate("example.com/exempt", "y")},
	} {
		t.Run(name+" is free", func(t *testing.T) {
			t.Parallel()
			free := tampering{make: exempted(row.from, nil), edit: row.edit, changed: func(before, after client.Object) bool {
				return before.GetResourceVersion() != after.GetResourceVersion()
			}}
			if changed, err := free.through(t, door{way: "merge"}, attempt{as: keeper, ns: namespaceName(t, "s")}); !changed {
				t.Errorf("want it to pass, got: %v", err)
			}
		})
	}
}

// What is governed is not exempt, whoever says so.
func TestAGovernedNamespaceIsNotExempt(t *testing.T) {
	t.Parallel()
	for name, gate := range map[string]string{"enforced": v1alpha1.GateEnforced, "audited": v1alpha1.GateAudited} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			control := attempt{as: shared.Client, ns: namespaceName(t, "c")}
			tampering{
				make: func(t *testing.T, name string) client.Object {
					t.Helper()
					if name == control.ns {
						return exempted("", nil)(t, name)
					}
					return exempted("", map[string]string{v1alpha1.LabelGate: gate})(t, name)
				},
				edit: annotate(v1alpha1.AnnotationExempt, "build farm"), changed: exemptionChanged,
				subresources: []string{"status", "finalize"}, refusal: "is governed and not exempt",
			}.fails(t, shared.Client, namespaceName(t, "a"), control)
		})
	}
	both := namespace("both", map[string]string{v1alpha1.AnnotationExempt: "build farm"})
	both.Labels = map[string]string{v1alpha1.LabelGate: v1alpha1.GateAudited}
	refused(t, shared.Client.Create(t.Context(), both, client.DryRunAll), "is governed and not exempt")
}

// The controller begins to enforce what is audited, and does nothing else with the labels.
func TestTheControllerBeginsToEnforce(t *testing.T) {
	t.Parallel()
	audited := map[string]string{v1alpha1.LabelGate: v1alpha1.GateAudited, v1alpha1.LabelClaims: v1alpha1.ClaimsAll}
	enforces := label(v1alpha1.LabelGate, v1alpha1.GateEnforced)
	begins := tampering{make: resetting("", audited), edit: enforces, changed: labelsChanged}
	for _, way := range ways() {
		if changed, err := begins.through(t, door{way: way}, attempt{as: ours(t), ns: namespaceName(t, "s")}); !changed {
			t.Errorf("%s: %v", way, err)
		}
	}
	for name, row := range map[string]struct {
		from map[string]string
		edit func(client.Object)
	}{
		"enforcing what is not audited": {edit: enforces},
		"auditing what is not":          {edit: label(v1alpha1.LabelGate, v1alpha1.GateAudited)},
		"auditing only what enforces":   {from: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}, edit: label(v1alpha1.LabelGate, v1alpha1.GateAudited)},
		"taking the gate off":           {from: audited, edit: func(o client.Object) { delete(o.GetLabels(), v1alpha1.LabelGate) }},
		"making all pods claim":         {from: map[string]string{v1alpha1.LabelGate: v1alpha1.GateAudited}, edit: label(v1alpha1.LabelClaims, v1alpha1.ClaimsAll)},
		"enforcing in another place":    {from: audited, edit: label("example.com/gate", v1alpha1.GateEnforced)},
		"enforcing by another label": {
			from: map[string]string{v1alpha1.LabelGate: v1alpha1.GateAudited, "example.com/gate": v1alpha1.GateAudited},
			edit: label("example.com/gate", v1alpha1.GateEnforced),
		},
		"enforcing with a further label": {from: audited, edit: func(o client.Object) {
			enforces(o)
			o.GetLabels()["team"] = "x"
		}},
		"enforcing with a label less": {from: audited, edit: func(o client.Object) {
			enforces(o)
			delete(o.GetLabels(), v1alpha1.LabelClaims)
		}},
		"exempting it": {edit: annotate(v1alpha1.AnnotationExempt, "x")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tampering{
				make: resetting("", row.from), edit: row.edit, refusal: "changes nothing on a Namespace but",
				changed: func(before, after client.Object) bool {
					begun := maps.Clone(before.GetLabels())
					if begun[v1alpha1.LabelGate] == v1alpha1.GateAudited {
						enforces(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Labels: begun}})
					}
					return labelsChanged(before, after) && !maps.Equal(after.GetLabels(), begun) || exemptionChanged(before, after)
				},
			}.fails(t, ours(t), namespaceName(t, "a"), attempt{as: shared.Client, ns: namespaceName(t, "c")})
		})
	}
}
