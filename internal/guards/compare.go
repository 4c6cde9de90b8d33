// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Prefix begins the name of every admission object of Scalegate.
const Prefix = "scalegate-"

// Fault is how an object in the cluster differs from what it must be.
type Fault string

const (
	// Missing says that the object is not there.
	Missing Fault = "Missing"
	// Changed says that its spec is another.
	Changed Fault = "Changed"
	// Unexpected says that it is there, has our prefix or binds one of our policies, and is none of ours. It
	// is not repaired, since whoever made it may want it.
	Unexpected Fault = "Unexpected"
)

// Difference is one object that is not as it must be.
type Difference struct {
	ID
	Fault Fault
	// Field is the first field that differs, such as spec.validations[0].expression, of an object
	// that changed.
	Field string
}

// String says what is wrong, as part of a sentence.
func (d Difference) String() string {
	switch d.Fault {
	case Missing:
		return d.ID.String() + " is missing"
	case Changed:
		return d.ID.String() + " was changed at " + d.Field
	case Unexpected:
		return d.ID.String() + " is none of Scalegate's"
	}
	return d.ID.String()
}

// IDOf names a typed object of the four kinds; false for any other.
func IDOf(object Object) (ID, bool) {
	switch object.(type) {
	case *admissionv1.ValidatingAdmissionPolicy:
		return ID{KindValidatingPolicy, object.GetName()}, true
	case *admissionv1.ValidatingAdmissionPolicyBinding:
		return ID{KindValidatingBinding, object.GetName()}, true
	case *admissionv1.MutatingAdmissionPolicy:
		return ID{KindMutatingPolicy, object.GetName()}, true
	case *admissionv1.MutatingAdmissionPolicyBinding:
		return ID{KindMutatingBinding, object.GetName()}, true
	}
	return ID{}, false
}

// Compare returns how the objects of a cluster differ from what they must be, sorted by kind and
// name. What the API server fills in is no difference. Objects that are nobody's business of ours
// are passed over.
func (s Set) Compare(found []Object) ([]Difference, error) {
	there := Set{}
	var all []Difference
	for _, object := range found {
		id, ok := IDOf(object)
		if !ok {
			return nil, fmt.Errorf("comparing admission objects: %T is none", object)
		}
		there[id] = object
		if _, ours := s[id]; !ours && (strings.HasPrefix(id.Name, Prefix) || s.binds(object)) {
			all = append(all, Difference{ID: id, Fault: Unexpected})
		}
	}
	for id, want := range s {
		got, ok := there[id]
		if !ok {
			all = append(all, Difference{ID: id, Fault: Missing})
			continue
		}
		field, err := firstDifference(want, got)
		if err != nil {
			return nil, err
		}
		if field != "" {
			all = append(all, Difference{ID: id, Fault: Changed, Field: field})
		}
	}
	slices.SortFunc(all, func(a, b Difference) int { return compareIDs(a.ID, b.ID) })
	return all, nil
}

// binds is true for a binding of one of our policies.
func (s Set) binds(object Object) bool {
	switch o := object.(type) {
	case *admissionv1.ValidatingAdmissionPolicyBinding:
		_, ours := s[ID{KindValidatingPolicy, o.Spec.PolicyName}]
		return ours
	case *admissionv1.MutatingAdmissionPolicyBinding:
		_, ours := s[ID{KindMutatingPolicy, o.Spec.PolicyName}]
		return ours
	}
	return false
}

func compareIDs(a, b ID) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
}

// firstDifference is the path of the first field of the spec that differs; empty for none. Nearly always there is none, which
// the typed specs show without being made JSON of.
func firstDifference(want, got Object) (string, error) {
	w, err := filled(want)
	if err != nil {
		return "", err
	}
	g, err := filled(got)
	if err != nil || reflect.DeepEqual(typedSpec(w), typedSpec(g)) {
		return "", err
	}
	wanted, err := Spec(w)
	if err != nil {
		return "", err
	}
	there, err := Spec(g)
	if err != nil {
		return "", err
	}
	return differsAt("spec", wanted, there), nil
}

// filled is a copy of an object with what the API server would fill in.
func filled(object Object) (Object, error) {
	copied, ok := object.DeepCopyObject().(Object)
	if !ok {
		return nil, fmt.Errorf("copying %T: the copy is no object", object)
	}
	fillIn(copied)
	return copied, nil
}

// typedSpec is the spec of an object of the four kinds.
func typedSpec(object Object) any {
	switch o := object.(type) {
	case *admissionv1.ValidatingAdmissionPolicy:
		return o.Spec
	case *admissionv1.ValidatingAdmissionPolicyBinding:
		return o.Spec
	case *admissionv1.MutatingAdmissionPolicy:
		return o.Spec
	case *admissionv1.MutatingAdmissionPolicyBinding:
		return o.Spec
	}
	return object
}

// Spec is the whole spec of an object of the four kinds as JSON values, with what the API server
// would fill in.
func Spec(object Object) (map[string]any, error) {
	whole, err := filled(object)
	if err != nil {
		return nil, err
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(whole)
	if err != nil {
		return nil, fmt.Errorf("reading %T %s: %w", object, object.GetName(), err)
	}
	spec, ok := content["spec"].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("reading %T %s: it has no spec", object, object.GetName())
	}
	return spec, nil
}

// differsAt returns the path of the first difference of two JSON values; empty when they are equal.
func differsAt(path string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return path
		}
		keys := maps.Clone(w)
		maps.Copy(keys, g)
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			a, wanted := w[key]
			b, there := g[key]
			if wanted != there {
				return path + "." + key
			}
			if at := differsAt(path+"."+key, a, b); at != "" {
				return at
			}
		}
		return ""
	case []any:
		g, ok := got.([]any)
		if !ok {
			return path
		}
		for i := range min(len(w), len(g)) {
			if at := differsAt(fmt.Sprintf("%s[%d]", path, i), w[i], g[i]); at != "" {
				return at
			}
		}
		if len(w) != len(g) {
			return fmt.Sprintf("%s[%d]", path, min(len(w), len(g)))
		}
		return ""
	}
	if reflect.DeepEqual(want, got) || sameExpression(path, want, got) {
		return ""
	}
	return path
}

// sameExpression is true for CEL expressions that differ in their line breaks: kustomize breaks lines
// where a manifest folds them. Where a line break can mean something, in a comment or in a string of
// several lines, it is a difference.
func sameExpression(path string, want, got any) bool {
	w, isText := want.(string)
	g, isTextToo := got.(string)
	if !isText || !isTextToo || !strings.HasSuffix(path, "xpression") {
		return false
	}
	for _, meaningful := range []string{"//", `'''`, `"""`} {
		if strings.Contains(w, meaningful) || strings.Contains(g, meaningful) {
			return false
		}
	}
	return unbroken(w) == unbroken(g)
}

// unbroken has a space in the place of each run of white space with a line break in it.
func unbroken(expression string) string {
	var parts []string
	for line := range strings.Lines(expression) {
		if part := strings.TrimSpace(line); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}

// fillIn sets what the API server sets where a manifest says nothing.
func fillIn(object Object) {
	switch o := object.(type) {
	case *admissionv1.ValidatingAdmissionPolicy:
		orElse(&o.Spec.FailurePolicy, admissionv1.Fail)
		fillInMatch(o.Spec.MatchConstraints)
	case *admissionv1.MutatingAdmissionPolicy:
		orElse(&o.Spec.FailurePolicy, admissionv1.Fail)
		fillInMatch(o.Spec.MatchConstraints)
	case *admissionv1.ValidatingAdmissionPolicyBinding:
		fillInMatch(o.Spec.MatchResources)
	case *admissionv1.MutatingAdmissionPolicyBinding:
		fillInMatch(o.Spec.MatchResources)
	}
}

func fillInMatch(m *admissionv1.MatchResources) {
	if m == nil {
		return
	}
	orElse(&m.MatchPolicy, admissionv1.Equivalent)
	orElse(&m.NamespaceSelector, metav1.LabelSelector{})
	orElse(&m.ObjectSelector, metav1.LabelSelector{})
	for _, rules := range [][]admissionv1.NamedRuleWithOperations{m.ResourceRules, m.ExcludeResourceRules} {
		for i := range rules {
			orElse(&rules[i].Scope, admissionv1.AllScopes)
		}
	}
}

func orElse[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
