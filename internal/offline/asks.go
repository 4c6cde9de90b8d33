// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/ext"
	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// Law are the shipped admission policies that refuse what claims no release and has to. Their own expressions are asked, so
// that what is said here is what an API server says.
type Law struct {
	env      *cel.Env
	policies map[guards.ID]*admissionv1.ValidatingAdmissionPolicy
	// programs are the expressions that were asked before, compiled: that takes longer than asking.
	programs *sync.Map
}

// NewLaw reads the admission policies of config/admission, with their shipped parameters.
func NewLaw(files fs.FS) (*Law, error) {
	parameters, err := guards.Defaults(files)
	if err != nil {
		return nil, err
	}
	set, err := guards.Render(files, parameters)
	if err != nil {
		return nil, err
	}
	l := &Law{policies: map[guards.ID]*admissionv1.ValidatingAdmissionPolicy{}, programs: &sync.Map{}}
	for id, object := range set {
		if policy, ok := object.(*admissionv1.ValidatingAdmissionPolicy); ok {
			l.policies[id] = policy
		}
	}
	l.env, err = cel.NewEnv(cel.OptionalTypes(), ext.Strings(), cel.Variable("object", cel.DynType), cel.Variable("oldObject", cel.DynType),
		cel.Variable("namespaceObject", cel.DynType), cel.Variable("request", cel.DynType), cel.Variable("variables", cel.DynType))
	if err != nil {
		return nil, fmt.Errorf("making an environment for expressions: %w", err)
	}
	return l, nil
}

// policyFor is the policy that asks objects of a kind for their claims when they are made; nil where none does.
func (l *Law) policyFor(kind *kinds.Kind) *admissionv1.ValidatingAdmissionPolicy {
	name := "scalegate-require-claims"
	switch {
	case kind.Kind == "Pod" && kind.Group == "":
		name = "scalegate-admit-pods"
	case kind.Custom():
		name = "scalegate-guard-kinds"
	}
	return l.policies[guards.ID{Kind: guards.KindValidatingPolicy, Name: name}]
}

// What the message of a validation says that is about claims.
const claimsNone, claimsAll = "claims no release", "claims a release (scalegate.dev/claims: all)"

// Refusal is the policy's message when it refuses the object for claiming no release in a namespace with these labels;
// empty when it does not. An error says that the object has not the shape that the policy can judge.
func (l *Law) Refusal(kind *kinds.Kind, object map[string]any, labels map[string]string) (string, error) {
	policy := l.policyFor(kind)
	if policy == nil {
		return "", nil
	}
	activation := map[string]any{
		"object": object, "oldObject": nil, "request": map[string]any{
			"kind": map[string]any{"kind": kind.Kind}, "resource": map[string]any{"group": kind.Group, "resource": kind.Resource},
			"userInfo": map[string]any{"username": ""},
		},
		"namespaceObject": map[string]any{"metadata": map[string]any{"labels": labels, "annotations": map[string]string{}}},
	}
	for i := range policy.Spec.Validations {
		v := &policy.Spec.Validations[i]
		if !strings.Contains(v.Message, claimsNone) && !strings.Contains(v.Message, claimsAll) {
			continue
		}
		passes, err := l.ask(policy, v.Expression, activation)
		if err != nil {
			return "", err
		}
		if passes.Value() != true {
			return l.message(policy, v, activation)
		}
	}
	return "", nil
}

// message is what a validation that refuses says.
func (l *Law) message(policy *admissionv1.ValidatingAdmissionPolicy, v *admissionv1.Validation, activation map[string]any) (string, error) {
	if v.MessageExpression == "" {
		return v.Message, nil
	}
	said, err := l.ask(policy, v.MessageExpression, activation)
	if err != nil {
		return "", err
	}
	text, ok := said.Value().(string)
	if !ok {
		return v.Message, nil
	}
	return text, nil
}

// ask evaluates an expression of a policy, and first the variables that it needs.
func (l *Law) ask(policy *admissionv1.ValidatingAdmissionPolicy, expression string, activation map[string]any) (ref.Val, error) {
	if err := l.variables(policy, expression, activation); err != nil {
		return nil, err
	}
	return l.evaluate(expression, activation)
}

// variables works out those variables of a policy that an expression needs, in their order.
func (l *Law) variables(policy *admissionv1.ValidatingAdmissionPolicy, expression string, activation map[string]any) error {
	uses := regexp.MustCompile(`variables\.(\w+)`)
	needed := map[string]bool{}
	note := func(expression string) {
		for _, found := range uses.FindAllStringSubmatch(expression, -1) {
			needed[found[1]] = true
		}
	}
	note(expression)
	// A variable refers to earlier ones alone.
	for _, v := range slices.Backward(policy.Spec.Variables) {
		if needed[v.Name] {
			note(v.Expression)
		}
	}
	values := map[string]any{}
	activation["variables"] = values
	for _, v := range policy.Spec.Variables {
		if !needed[v.Name] {
			continue
		}
		value, err := l.evaluate(v.Expression, activation)
		if err != nil {
			return err
		}
		values[v.Name] = value
	}
	return nil
}

// evaluationCost bounds an expression: manifests may be long on purpose.
const evaluationCost = 100_000_000

func (l *Law) evaluate(expression string, activation map[string]any) (ref.Val, error) {
	program, err := l.program(expression)
	if err != nil {
		return nil, fmt.Errorf("reading an expression of an admission policy: %w", err)
	}
	value, _, err := program.Eval(activation)
	if err != nil {
		return nil, errors.New("the admission policy cannot judge it: " + err.Error())
	}
	return value, nil
}

// program compiles an expression, unless that was done before.
func (l *Law) program(expression string) (cel.Program, error) {
	if known, ok := l.programs.Load(expression); ok {
		if program, ok := known.(cel.Program); ok {
			return program, nil
		}
	}
	tree, issues := l.env.Compile(expression)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	program, err := l.env.Program(tree, cel.CostLimit(evaluationCost))
	if err == nil {
		l.programs.Store(expression, program)
	}
	return program, err
}
