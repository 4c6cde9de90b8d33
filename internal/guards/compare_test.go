// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var (
	policyID  = ID{KindValidatingPolicy, "scalegate-admit-pods"}
	bindingID = ID{KindValidatingBinding, "scalegate-admit-pods"}
)

// installed are the objects of a cluster that is as it must be, copied, for a row to change.
func installed(set Set) map[ID]Object {
	all := map[ID]Object{}
	for id, object := range set {
		copied, _ := object.DeepCopyObject().(Object)
		fillIn(copied)
		copied.SetResourceVersion("1")
		copied.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubectl"}})
		all[id] = copied
	}
	return all
}

func policy(all map[ID]Object) *admissionv1.ValidatingAdmissionPolicy {
	p, _ := all[policyID].(*admissionv1.ValidatingAdmissionPolicy)
	return p
}

func binding(all map[ID]Object) *admissionv1.ValidatingAdmissionPolicyBinding {
	b, _ := all[bindingID].(*admissionv1.ValidatingAdmissionPolicyBinding)
	return b
}

func other(name, bound string) *admissionv1.ValidatingAdmissionPolicyBinding {
	return &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: bound},
	}
}

func changed(id ID, field string) []Difference { return []Difference{{id, Changed, field}} }

// rebroken has more line breaks where there are some.
func rebroken(expression string) string { return strings.ReplaceAll(expression, "\n", "\n\n ") }

// differences are changes of what is installed, and what is to be found.
func differences() map[string]struct {
	change func(map[ID]Object)
	want   []Difference
} {
	return map[string]struct {
		change func(map[ID]Object)
		want   []Difference
	}{
		"what the API server fills in is no difference": {func(map[ID]Object) {}, nil},
		"a policy that is gone is missing": {
			func(all map[ID]Object) { delete(all, policyID) }, []Difference{{policyID, Missing, ""}},
		},
		"a changed expression is named by its place": {
			func(all map[ID]Object) { policy(all).Spec.Validations[1].Expression = "true" }, changed(policyID, "spec.validations[1].expression"),
		},
		"other line breaks in an expression are no difference": {
			func(all map[ID]Object) {
				for i, v := range policy(all).Spec.Variables {
					policy(all).Spec.Variables[i].Expression = rebroken(v.Expression)
				}
			}, nil,
		},
		"another space in an expression is a change, since it may be in a string": {
			func(all map[ID]Object) {
				policy(all).Spec.Validations[0].Expression = strings.Replace(policy(all).Spec.Validations[0].Expression, " ", "  ", 1)
			}, changed(policyID, "spec.validations[0].expression"),
		},
		"a validation that is gone is named by its place": {
			func(all map[ID]Object) { policy(all).Spec.Validations = policy(all).Spec.Validations[:1] }, changed(policyID, "spec.validations[1]"),
		},
		"an added match condition is a change": {
			func(all map[ID]Object) {
				policy(all).Spec.MatchConditions = []admissionv1.MatchCondition{{Name: "never", Expression: "false"}}
			}, changed(policyID, "spec.matchConditions"),
		},
		"an excluded rule is a change": {
			func(all map[ID]Object) {
				policy(all).Spec.MatchConstraints.ExcludeResourceRules = policy(all).Spec.MatchConstraints.ResourceRules
			}, changed(policyID, "spec.matchConstraints.excludeResourceRules"),
		},
		"another namespace selector is a change": {
			func(all map[ID]Object) {
				policy(all).Spec.MatchConstraints.NamespaceSelector.MatchLabels = map[string]string{"no": "such"}
			}, changed(policyID, "spec.matchConstraints.namespaceSelector.matchLabels.no"),
		},
		"failing open is a change": {
			func(all map[ID]Object) { policy(all).Spec.FailurePolicy = new(admissionv1.Ignore) }, changed(policyID, "spec.failurePolicy"),
		},
		"a binding that only warns is a change": {
			func(all map[ID]Object) {
				binding(all).Spec.ValidationActions = []admissionv1.ValidationAction{admissionv1.Warn}
			}, changed(bindingID, "spec.validationActions[0]"),
		},
		"a binding for some namespaces is a change": {
			func(all map[ID]Object) { binding(all).Spec.MatchResources = &admissionv1.MatchResources{} }, changed(bindingID, "spec.matchResources"),
		},
		"a binding of another policy is a change": {
			func(all map[ID]Object) { binding(all).Spec.PolicyName = "scalegate-warn-held" }, changed(bindingID, "spec.policyName"),
		},
		"labels, annotations and owners are nobody's business": {
			func(all map[ID]Object) { policy(all).Labels = map[string]string{"a": "b"} }, nil,
		},
		"another policy of somebody else is nobody's business": {
			func(all map[ID]Object) { all[ID{KindValidatingBinding, "theirs"}] = other("theirs", "theirs") }, nil,
		},
		"an object with our prefix is unexpected": {
			func(all map[ID]Object) {
				all[ID{KindValidatingBinding, "scalegate-x"}] = other("scalegate-x", "theirs")
			},
			[]Difference{{ID{KindValidatingBinding, "scalegate-x"}, Unexpected, ""}},
		},
		"another binding of our policy is unexpected": {
			func(all map[ID]Object) { all[ID{KindValidatingBinding, "x"}] = other("x", "scalegate-warn-held") },
			[]Difference{{ID{KindValidatingBinding, "x"}, Unexpected, ""}},
		},
	}
}

func TestCompare(t *testing.T) {
	set := shipped(t)
	for claim, row := range differences() {
		t.Run(claim, func(t *testing.T) {
			all := installed(set)
			row.change(all)
			var found []Object
			for _, object := range all {
				found = append(found, object)
			}
			got, err := set.Compare(found)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCompareTakesAdmissionObjectsOnly(t *testing.T) {
	if _, err := (Set{}).Compare([]Object{&corev1.Pod{}}); err == nil {
		t.Error("a pod was compared")
	}
}

func TestOnlyLeavesTheKindsThatAreServed(t *testing.T) {
	some := shipped(t).Only(func(kind string) bool { return kind == KindValidatingPolicy })
	for id := range some {
		if id.Kind != KindValidatingPolicy {
			t.Errorf("%s is left", id)
		}
	}
	if len(some) == 0 {
		t.Error("nothing is left")
	}
}
