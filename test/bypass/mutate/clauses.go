// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Clause is one place of the admission policies, and what they are without it.
type Clause struct {
	// Policy is the name of the policy, or of the binding.
	Policy string
	// Where is the place in the object and What was done there. Together with Policy they name the clause.
	Where, What string
	// Object is the changed object. Nil: the object named Policy of Kind is deleted.
	Object *unstructured.Unstructured
	// Kind of the object.
	Kind string
}

// String names the clause.
func (c Clause) String() string { return c.Policy + " " + c.Where + ": " + c.What }

// clausesOf are the clauses of one admission object as it is rendered.
func clausesOf(object *unstructured.Unstructured) ([]Clause, error) {
	m := &maker{object: object}
	if strings.HasSuffix(object.GetKind(), "Binding") {
		m.clauses = []Clause{{Policy: object.GetName(), Where: object.GetKind(), What: "removed", Kind: object.GetKind()}}
		m.selectors("matchResources")
		return m.clauses, m.err
	}
	m.selectors("matchConstraints")
	m.rules()
	for _, list := range []string{"matchConditions", "variables"} {
		m.expressions(list, "name")
	}
	m.validations()
	m.mutations()
	return m.clauses, m.err
}

// maker makes the clauses of one policy.
type maker struct {
	object  *unstructured.Unstructured
	clauses []Clause
	err     error
}

// add makes a clause by changing a copy of the policy.
func (m *maker) add(where, what string, change func(spec map[string]any)) {
	changed := m.object.DeepCopy()
	spec, ok := changed.Object["spec"].(map[string]any)
	if !ok {
		m.err = fmt.Errorf("%s has no spec", m.object.GetName())
		return
	}
	change(spec)
	m.clauses = append(m.clauses, Clause{Policy: m.object.GetName(), Where: where, What: what, Object: changed, Kind: m.object.GetKind()})
}

func (m *maker) spec() map[string]any {
	spec, _ := m.object.Object["spec"].(map[string]any)
	return spec
}

// selectors are who is governed, and what is looked at: in a policy, or in its binding.
func (m *maker) selectors(match string) {
	constraints, _ := m.spec()[match].(map[string]any)
	for _, selector := range []string{"namespaceSelector", "objectSelector"} {
		if constraints[selector] != nil {
			m.add(match+"."+selector, "removed", func(spec map[string]any) {
				unstructured.RemoveNestedField(spec, match, selector)
			})
		}
	}
}

// rules are the doors: each rule, and each of its operations and resources. What would leave none at all is the same as
// taking the binding away.
func (m *maker) rules() {
	rules := items(m.spec(), "matchConstraints", "resourceRules")
	for i, rule := range rules {
		where := fmt.Sprintf("resourceRules[%d]", i)
		if len(rules) > 1 {
			m.add(where, "removed", func(spec map[string]any) {
				set(spec, slices.Delete(items(spec, "matchConstraints", "resourceRules"), i, i+1), "matchConstraints", "resourceRules")
			})
		}
		fields, _ := rule.(map[string]any)
		for _, list := range []string{"operations", "resources"} {
			values := items(fields, list)
			for j, value := range values {
				if len(values) == 1 {
					continue
				}
				m.add(where+"."+list, fmt.Sprintf("without %v", value), func(spec map[string]any) {
					rule, _ := items(spec, "matchConstraints", "resourceRules")[i].(map[string]any)
					rule[list] = slices.Delete(items(rule, list), j, j+1)
				})
			}
		}
	}
}

// expressions are those of a list whose items have a name.
func (m *maker) expressions(list, name string) {
	for i, item := range items(m.spec(), list) {
		fields, _ := item.(map[string]any)
		m.expression(fmt.Sprintf("%s.%v", list, fields[name]), fields["expression"], func(spec map[string]any) map[string]any {
			found, _ := items(spec, list)[i].(map[string]any)
			return found
		})
	}
}

// expression makes a clause of each mutant of an expression; at finds the map that it stands in.
func (m *maker) expression(where string, expression any, at func(spec map[string]any) map[string]any) {
	text, _ := expression.(string)
	mutants, err := expressionMutants(text)
	if err != nil {
		m.err = fmt.Errorf("%s %s: %w", m.object.GetName(), where, err)
		return
	}
	for _, mutant := range mutants {
		m.add(where, mutant.what, func(spec map[string]any) { at(spec)["expression"] = mutant.text })
	}
}

// validations are each left out, and their expressions changed.
func (m *maker) validations() {
	for i, item := range items(m.spec(), "validations") {
		fields, _ := item.(map[string]any)
		where := fmt.Sprintf("validations[%d]", i)
		at := func(spec map[string]any) map[string]any {
			found, _ := items(spec, "validations")[i].(map[string]any)
			return found
		}
		m.add(where, "removed", func(spec map[string]any) { at(spec)["expression"] = "true" })
		m.expression(where, fields["expression"], at)
	}
}

func (m *maker) mutations() {
	for i, item := range items(m.spec(), "mutations") {
		fields, _ := item.(map[string]any)
		patch, _ := fields["jsonPatch"].(map[string]any)
		m.expression(fmt.Sprintf("mutations[%d]", i), patch["expression"], func(spec map[string]any) map[string]any {
			found, _ := items(spec, "mutations")[i].(map[string]any)
			patch, _ := found["jsonPatch"].(map[string]any)
			return patch
		})
	}
}

func items(content map[string]any, path ...string) []any {
	value, _, err := unstructured.NestedFieldNoCopy(content, path...)
	if err != nil {
		return nil
	}
	list, _ := value.([]any)
	return list
}

func set(content map[string]any, value []any, path ...string) {
	for _, key := range path[:len(path)-1] {
		content, _ = content[key].(map[string]any)
	}
	content[path[len(path)-1]] = value
}
