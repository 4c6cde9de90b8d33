// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/policycase"
)

// favourable is a release of a shipped policy about which everything that is needed was shown.
type favourable struct {
	folder *policycase.Folder
	policy *v1alpha1.SafetyPolicy
	level  string
	// evaluations and checks are requirements; people sign.
	evaluations, checks []string
	signers, told       []string
	// determined are thresholds that only a determination rules out, since one of their requirements is saturated.
	determined []string
}

// requirement finds one by name.
func (f *favourable) requirement(t *testing.T, name string) *v1alpha1.Requirement {
	t.Helper()
	for i := range f.policy.Spec.Requirements {
		if f.policy.Spec.Requirements[i].Name == name {
			return &f.policy.Spec.Requirements[i]
		}
	}
	t.Fatalf("there is no requirement %s", name)
	return nil
}

// need adds what meets a requirement.
func (f *favourable) need(t *testing.T, name string) {
	t.Helper()
	add := func(list *[]string, names ...string) {
		for _, each := range names {
			if !slices.Contains(*list, each) {
				*list = append(*list, each)
			}
		}
	}
	r := f.requirement(t, name)
	switch {
	case r.Evaluation != nil:
		add(&f.evaluations, name)
	case r.Check != nil:
		add(&f.checks, name)
	default:
		for _, part := range r.Approval.Quorum {
			add(&f.signers, f.holders(t, part.Role, int(part.Count))...)
		}
		for _, role := range r.Approval.NotifyBefore {
			add(&f.told, f.holders(t, role, 1)...)
		}
	}
}

// holders are the first people who sign in a role.
func (f *favourable) holders(t *testing.T, role string, count int) []string {
	t.Helper()
	var all []string
	for _, p := range f.folder.People {
		if slices.Contains(p.Signs, role) {
			all = append(all, p.Name)
		}
	}
	if len(all) < count {
		t.Fatalf("%d people sign as %s, want %d", len(all), role, count)
	}
	return all[:count]
}

// may is the first person with a right; independent evaluations are for who belongs to a group of partners.
func (f *favourable) may(right policycase.Right, grouped bool) string {
	for _, p := range f.folder.People {
		if slices.Contains(p.May, right) && (!grouped || len(p.Groups) > 0) {
			return p.Name
		}
	}
	return "nobody"
}

// everything is all that a release needs of a level: what the level and those below require, what rules out the thresholds
// above it, and what those require that are not above it, since nothing rules them out here.
func everything(t *testing.T, folder *policycase.Folder, level int) *favourable {
	t.Helper()
	f := &favourable{folder: folder, policy: &v1alpha1.SafetyPolicy{}}
	if err := yaml.UnmarshalStrict(folder.Policy, f.policy); err != nil {
		t.Fatal(err)
	}
	spec := &f.policy.Spec
	f.level = spec.Levels[level].Name
	for i := range spec.Levels[:level+1] {
		for _, name := range spec.Levels[i].Requires {
			f.need(t, name)
		}
	}
	for i := range spec.Thresholds {
		threshold := &spec.Thresholds[i]
		raises := slices.IndexFunc(spec.Levels, func(l v1alpha1.Level) bool { return l.Name == threshold.RaisesTo })
		names := threshold.Requires
		if raises > level {
			names = threshold.RuledOutBy
		}
		for _, name := range names {
			f.need(t, name)
			if raises > level && f.requirement(t, name).Standing == v1alpha1.StandingSaturated && !slices.Contains(f.determined, threshold.Name) {
				f.determined = append(f.determined, threshold.Name)
			}
		}
	}
	return f
}

// run asks for the highest exposure with everything but what is left out, and expects that it opens.
func (f *favourable) run(t *testing.T, without string) policycase.Result {
	t.Helper()
	top := f.policy.Spec.Exposures[len(f.policy.Spec.Exposures)-1].Name
	var text strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&text, format+"\n", args...) }
	left := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == without })
	}
	say("title: All is well but for %s.\nours: [All of it.]\nsteps:", without)
	say("- {as: %s, release: {name: m1, model: {name: m1}, level: %s, exposure: %s, artifacts: [{name: w, type: Weights, digest: w}, {name: c, type: Safeguard, digest: c}]}}",
		f.may(policycase.MayRelease, false), f.level, top)
	for _, independent := range []bool{false, true} {
		names := slices.DeleteFunc(left(f.evaluations), func(n string) bool {
			return (f.requirement(t, n).Independence == v1alpha1.IndependenceIndependent) != independent
		})
		if len(names) > 0 {
			say("- {as: %s, clear: {requirements: [%s]}}", f.may(policycase.MayEvaluate, independent), strings.Join(names, ", "))
		}
	}
	var states []string
	for _, name := range left(f.checks) {
		states = append(states, name+": InPlace")
	}
	say("- safeguards: {states: {%s}}", strings.Join(states, ", "))
	if signers := left(f.signers); len(signers) > 0 {
		say("- {as: [%s], approval: {decision: Approve}}", strings.Join(signers, ", "))
	}
	if told := left(f.told); len(told) > 0 {
		say("- {as: [%s], approval: {decision: Acknowledge}}", strings.Join(told, ", "))
	}
	for i, threshold := range left(f.determined) {
		say("- {as: %s, determination: {name: d%d, thresholds: [{name: %s, conclusion: RuledOut}], disclosure: somewhere}}", f.may(policycase.MayAsk, false), i, threshold)
		for _, part := range f.policy.Spec.Determinations.Quorum {
			say("- {as: [%s], approval: {role: %s, regarding: {kind: ReleaseDetermination, name: d%d}, decision: Approve}}",
				strings.Join(f.holders(t, part.Role, int(part.Count)), ", "), part.Role, i)
		}
	}
	say("- expect: {outcome: Opened, granted: %s}", top)
	c, err := policycase.ReadCase("all", []byte(text.String()))
	if err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	place := policycase.Place{Namespace: "case", Policy: f.folder.Name + "-case", Start: time.Now()}
	result, err := policycase.Run(t.Context(), newMemory(t), place, f.folder, c)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// Each shipped policy opens to everybody when everything that a level needs is there, and does not when any one of it is
// missing: an evaluation, a check, a signature, a notice, or a determination.
func TestShippedPoliciesOpenWithEverythingAndWithNothingLess(t *testing.T) {
	files := os.DirFS("../../policies")
	for _, name := range []string{"anthropic-rsp", "openai-preparedness", "gdm-fsf", "enterprise"} {
		folder, err := policycase.ReadFolder(files, name)
		if err != nil {
			t.Fatal(err)
		}
		policy := &v1alpha1.SafetyPolicy{}
		if err := yaml.UnmarshalStrict(folder.Policy, policy); err != nil {
			t.Fatal(err)
		}
		for level := range policy.Spec.Levels {
			if policy.Spec.Levels[level].State == v1alpha1.LevelUndefined {
				continue
			}
			t.Run(name+" at "+policy.Spec.Levels[level].Name, func(t *testing.T) {
				t.Parallel()
				f := everything(t, folder, level)
				if result := f.run(t, ""); len(result.Wrong) > 0 {
					t.Fatalf("with everything it does not open:\n%s", strings.Join(result.Wrong, "\n"))
				}
				for _, without := range slices.Concat(f.evaluations, f.checks, f.signers, f.told, f.determined) {
					if result := f.run(t, without); len(result.Wrong) == 0 || result.Outcome() == policycase.Opened || result.Outcome() == "" {
						t.Errorf("it opens without %s, or could not be tried: %v", without, result.Wrong)
					}
				}
			})
		}
	}
}
