// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policies

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/policycase"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/test/policies/marks"
)

// Validate finds what is wrong with the policy of a folder and with its suites: what the API server refuses or does not know,
// values without a mark, suites that cannot be run, that a requirement names and are not there, or that none names.
func (b *Bed) Validate(ctx context.Context, folder *policycase.Folder) []string {
	problems := b.strictly(ctx, "policy.yaml", folder.Policy)
	read, err := marks.Read(folder.Policy)
	if err != nil {
		return append(problems, fmt.Sprintf("policy.yaml: %v", err))
	}
	for _, problem := range read.Problems {
		problems = append(problems, "policy.yaml: "+problem)
	}
	policy := &v1alpha1.SafetyPolicy{}
	if err := yaml.UnmarshalStrict(folder.Policy, policy); err != nil {
		return append(problems, fmt.Sprintf("policy.yaml: %v", err))
	}
	if policy.Name != folder.Name {
		problems = append(problems, fmt.Sprintf("policy.yaml: the policy is called %s, and its folder %s", policy.Name, folder.Name))
	}
	problems = append(problems, unexplained(folder)...)
	problems = append(problems, withoutEffect(policy)...)
	return append(problems, b.validateSuites(ctx, folder, policy)...)
}

// unexplained finds expectations that could come true for another reason than the case is about: what is held or revoked, with
// neither a reason nor a state.
func unexplained(folder *policycase.Folder) []string {
	var problems []string
	for i := range folder.Cases {
		for j := range folder.Cases[i].Steps {
			e := folder.Cases[i].Steps[j].Expect
			if e != nil && e.Outcome != policycase.Opened && e.Reason == "" && len(e.Thresholds)+len(e.Requirements) == 0 {
				problems = append(problems, fmt.Sprintf("cases/%s.yaml: line %d: %s, and the expectation does not say why: "+
					"give a reason, or the state of a requirement or a threshold", folder.Cases[i].File, folder.Cases[i].Steps[j].Line, e.Outcome))
			}
		}
	}
	return problems
}

// withoutEffect finds requirements whose neededFrom says nothing: a threshold counts from the lowest exposure that needs one of
// those which rule it out, so that there the others are needed as well.
func withoutEffect(policy *v1alpha1.SafetyPolicy) []string {
	rank := func(name string) int {
		r := slices.IndexFunc(policy.Spec.Requirements, func(r v1alpha1.Requirement) bool { return r.Name == name })
		if r < 0 {
			return 0
		}
		from := policy.Spec.Requirements[r].NeededFrom
		return max(0, slices.IndexFunc(policy.Spec.Exposures, func(e v1alpha1.Exposure) bool { return e.Name == from }))
	}
	var problems []string
	for i := range policy.Spec.Thresholds {
		t := &policy.Spec.Thresholds[i]
		for _, name := range t.RuledOutBy {
			for _, other := range t.RuledOutBy {
				if rank(other) < rank(name) {
					problems = append(problems, fmt.Sprintf("policy.yaml: requirement %s says a later neededFrom than %s, and rules out %s with it, "+
						"so that it is needed as early: write the same", name, other, t.Name))
				}
			}
		}
	}
	return problems
}

func (b *Bed) validateSuites(ctx context.Context, folder *policycase.Folder, policy *v1alpha1.SafetyPolicy) []string {
	var problems, there []string
	for _, document := range folder.Suites {
		problems = append(problems, b.strictly(ctx, document.Name, document.Data)...)
		suite := &v1alpha1.EvaluationSuite{}
		if err := yaml.UnmarshalStrict(document.Data, suite); err != nil {
			problems = append(problems, fmt.Sprintf("%s: %v", document.Name, err))
			continue
		}
		there = append(there, suite.Name)
		for _, problem := range runs.Validate(suite) {
			problems = append(problems, fmt.Sprintf("%s: %v", document.Name, problem))
		}
	}
	var named []string
	for i := range policy.Spec.Requirements {
		r := &policy.Spec.Requirements[i]
		if suite := r.Suite(); suite != "" {
			named = append(named, suite)
			if !slices.Contains(there, suite) {
				problems = append(problems, fmt.Sprintf("policy.yaml: requirement %s names suite %s, which is not in suites", r.Name, suite))
			}
		}
	}
	for _, name := range there {
		if !slices.Contains(named, name) {
			problems = append(problems, fmt.Sprintf("suites: no requirement names %s", name))
		}
	}
	return problems
}

// strictly has the API server judge a document as it is written, and keep nothing.
func (b *Bed) strictly(ctx context.Context, name string, data []byte) []string {
	object := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(data, &object.Object); err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	err := known(ctx, func() error {
		return b.Client.Create(ctx, object.DeepCopy(), client.DryRunAll, client.FieldValidation("Strict"))
	})
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", name, err)}
	}
	return nil
}
