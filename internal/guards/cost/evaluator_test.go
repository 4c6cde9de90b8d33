// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cost

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/cel-go/common/types"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/generic"
	"k8s.io/apiserver/pkg/admission/plugin/policy/matching"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating"
	"k8s.io/apiserver/pkg/admission/plugin/policy/mutating/patch"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	listersv1 "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/scalegate/scalegate/internal/guards"
)

// budget is what one evaluation may cost in the API server.
const budget = celconfig.RuntimeCELCostBudget

// policy is a policy with its bindings, compiled as the API server compiles it.
type policy struct {
	name, kind string
	accessor   generic.PolicyAccessor
	bindings   []generic.BindingAccessor
	compiler   *cel.CompositedCompiler
	conditions cel.ConditionEvaluator
	// validations of a validating policy, mutations of a mutating one.
	validations cel.ConditionEvaluator
	mutations   []cel.MutatingEvaluator
	// messages are evaluated with the validations, those that hold too.
	messages cel.ConditionEvaluator
	// expressions is the number of validations or mutations.
	expressions int
}

// server judges requests as an API server with the policies does.
type server struct {
	matcher  generic.PolicyMatcher
	policies []*policy
	objects  admission.ObjectInterfaces
}

func newServer(tb testing.TB, namespaces ...*corev1.Namespace) *server {
	tb.Helper()
	index := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{})
	for _, ns := range namespaces {
		if err := index.Add(ns); err != nil {
			tb.Fatal(err)
		}
	}
	s := &server{
		matcher: generic.NewPolicyMatcher(matching.NewMatcher(listersv1.NewNamespaceLister(index), fake.NewClientset())),
		objects: admission.NewObjectInterfacesFromScheme(scheme.Scheme),
	}
	set := rendered(tb)
	for _, id := range set.IDs() {
		if p := compile(tb, set[id]); p != nil {
			s.policies = append(s.policies, p)
		}
	}
	for _, id := range set.IDs() {
		s.bind(set[id])
	}
	return s
}

// rendered are the policies as they are installed.
func rendered(tb testing.TB) guards.Set {
	tb.Helper()
	files := os.DirFS(filepath.Join("..", "..", "..", "config", "admission"))
	parameters, err := guards.Defaults(files)
	if err != nil {
		tb.Fatal(err)
	}
	set, err := guards.Render(files, parameters)
	if err != nil {
		tb.Fatal(err)
	}
	for _, o := range set {
		fillIn(o)
	}
	return set
}

// fillIn sets what the API server sets where a manifest says nothing.
func fillIn(o guards.Object) {
	var match *admissionv1.MatchResources
	switch o := o.(type) {
	case *admissionv1.ValidatingAdmissionPolicy:
		match = o.Spec.MatchConstraints
	case *admissionv1.MutatingAdmissionPolicy:
		match = o.Spec.MatchConstraints
	case *admissionv1.ValidatingAdmissionPolicyBinding:
		match = o.Spec.MatchResources
	case *admissionv1.MutatingAdmissionPolicyBinding:
		match = o.Spec.MatchResources
	}
	if match == nil {
		return
	}
	if match.NamespaceSelector == nil {
		match.NamespaceSelector = &metav1.LabelSelector{}
	}
	if match.ObjectSelector == nil {
		match.ObjectSelector = &metav1.LabelSelector{}
	}
	if match.MatchPolicy == nil {
		match.MatchPolicy = new(admissionv1.Equivalent)
	}
}

func compile(tb testing.TB, o guards.Object) *policy {
	tb.Helper()
	compiler, err := cel.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		tb.Fatal(err)
	}
	options := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	p := &policy{name: o.GetName(), compiler: compiler}
	conditions := func(variables []admissionv1.Variable, all []admissionv1.MatchCondition) {
		for _, v := range variables {
			compiler.CompileAndStoreVariable(&validating.Variable{Name: v.Name, Expression: v.Expression}, options, environment.StoredExpressions)
		}
		if len(all) == 0 {
			return
		}
		var accessors []cel.ExpressionAccessor
		for i := range all {
			accessors = append(accessors, (*matchconditions.MatchCondition)(&all[i]))
		}
		p.conditions = compiler.CompileCondition(accessors, options, environment.StoredExpressions)
	}
	switch o := o.(type) {
	case *admissionv1.ValidatingAdmissionPolicy:
		p.kind, p.accessor = "validating", validating.NewValidatingAdmissionPolicyAccessor(o)
		conditions(o.Spec.Variables, o.Spec.MatchConditions)
		var accessors []cel.ExpressionAccessor
		for _, v := range o.Spec.Validations {
			accessors = append(accessors, &validating.ValidationCondition{Expression: v.Expression})
		}
		p.validations = compiler.CompileCondition(accessors, options, environment.StoredExpressions)
		p.expressions = len(accessors)
		options.HasAuthorizer = false
		messages := make([]cel.ExpressionAccessor, len(o.Spec.Validations))
		for i, v := range o.Spec.Validations {
			if v.MessageExpression != "" {
				messages[i] = &validating.MessageExpressionCondition{MessageExpression: v.MessageExpression}
			}
		}
		p.messages = compiler.CompileCondition(messages, options, environment.StoredExpressions)
	case *admissionv1.MutatingAdmissionPolicy:
		p.kind, p.accessor = "mutating", mutating.NewMutatingAdmissionPolicyAccessor(o)
		conditions(o.Spec.Variables, o.Spec.MatchConditions)
		options.HasPatchTypes = true
		for _, m := range o.Spec.Mutations {
			p.mutations = append(p.mutations, compiler.CompileMutatingEvaluator(
				&patch.JSONPatchCondition{Expression: m.JSONPatch.Expression}, options, environment.StoredExpressions))
		}
		p.expressions = len(p.mutations)
	default:
		return nil
	}
	return p
}

func (s *server) bind(o guards.Object) {
	bind := func(kind, name string, b generic.BindingAccessor) {
		for _, p := range s.policies {
			if p.kind == kind && p.name == name {
				p.bindings = append(p.bindings, b)
			}
		}
	}
	switch o := o.(type) {
	case *admissionv1.ValidatingAdmissionPolicyBinding:
		bind("validating", o.Spec.PolicyName, validating.NewValidatingAdmissionPolicyBindingAccessor(o))
	case *admissionv1.MutatingAdmissionPolicyBinding:
		bind("mutating", o.Spec.PolicyName, mutating.NewMutatingAdmissionPolicyBindingAccessor(o))
	}
}

// request is what is sent.
type request struct {
	object runtime.Object
	kind   schema.GroupVersionKind
	plural string
	ns     *corev1.Namespace
	user   string
}

func (r request) attributes() admission.Attributes {
	return admission.NewAttributesRecord(r.object, nil, r.kind, r.ns.Name, "", r.kind.GroupVersion().WithResource(r.plural), "",
		admission.Create, &metav1.CreateOptions{}, false, &user.DefaultInfo{Name: r.user, Groups: []string{"system:serviceaccounts", "system:authenticated"}})
}

// evaluation is what became of a request under one policy.
type evaluation struct {
	policy string
	// expressions counts what was evaluated after its conditions; patches tells whether a mutation comes to a patch, and cost
	// is the CEL cost of all of it.
	expressions int
	patches     bool
	cost        int64
}

// judge evaluates what the API server evaluates for a request.
func (s *server) judge(tb testing.TB, r request) []evaluation {
	tb.Helper()
	var all []evaluation
	attributes := r.attributes()
	for _, p := range s.policies {
		matches, resource, kind, err := s.matcher.DefinitionMatches(attributes, s.objects, p.accessor)
		if err != nil {
			tb.Fatal(err)
		}
		if !matches {
			continue
		}
		if !slices.ContainsFunc(p.bindings, func(b generic.BindingAccessor) bool {
			matches, err := s.matcher.BindingMatches(attributes, s.objects, b)
			if err != nil {
				tb.Fatal(err)
			}
			return matches
		}) {
			continue
		}
		versioned, err := admission.NewVersionedAttributes(attributes, kind, s.objects)
		if err != nil {
			tb.Fatal(err)
		}
		e, err := p.evaluate(tb.Context(), versioned, resource, r.ns)
		if err != nil {
			tb.Fatalf("%s: %v", p.name, err)
		}
		all = append(all, e)
	}
	return all
}

// evaluate evaluates all that the API server does. Conditions see no namespace.
func (p *policy) evaluate(ctx context.Context, versioned *admission.VersionedAttributes, resource schema.GroupVersionResource, ns *corev1.Namespace) (evaluation, error) {
	e := evaluation{policy: p.name}
	asked := cel.CreateAdmissionRequest(versioned.Attributes, metav1.GroupVersionResource(resource), metav1.GroupVersionKind(versioned.VersionedKind))
	evaluate := func(c cel.ConditionEvaluator, ns *corev1.Namespace) ([]cel.EvaluationResult, error) {
		results, left, err := c.ForInput(ctx, versioned, asked, cel.OptionalVariableBindings{}, ns, budget)
		e.cost += budget - left
		for _, result := range results {
			err = errors.Join(err, result.Error)
		}
		return results, err
	}
	if p.conditions != nil {
		results, err := evaluate(p.conditions, nil)
		if err != nil || slices.ContainsFunc(results, func(r cel.EvaluationResult) bool { return r.EvalResult != types.True }) {
			return e, err
		}
	}
	e.expressions = p.expressions
	if p.validations != nil {
		if _, err := evaluate(p.validations, cel.CreateNamespaceObject(ns)); err != nil {
			return e, err
		}
		// A message that cannot be made is none.
		_, left, err := p.messages.ForInput(ctx, versioned, asked, cel.OptionalVariableBindings{}, cel.CreateNamespaceObject(ns), budget)
		e.cost += budget - left
		return e, err
	}
	for _, m := range p.mutations {
		result, left, err := m.ForInput(p.compiler.CreateContext(ctx), versioned, asked, cel.OptionalVariableBindings{}, ns, budget)
		if err != nil {
			return e, err
		}
		e.cost += budget - left
		e.patches = e.patches || result.Error == nil
		if result.Error != nil && *p.accessor.GetFailurePolicy() != admissionv1.Ignore {
			return e, result.Error
		}
	}
	return e, nil
}
