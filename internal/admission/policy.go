// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// policy checks a SafetyPolicy. What was wrong before does not keep it from being changed.
func (k *Kinds) policy(ctx context.Context, old, object *v1alpha1.SafetyPolicy) (findings, error) {
	var f findings
	var before []string
	if old != nil {
		for _, e := range policyErrors(&old.Spec) {
			before = append(before, e.Error())
		}
	}
	for _, e := range policyErrors(&object.Spec) {
		if slices.Contains(before, e.Error()) {
			f.warn("%s", e.Error())
		} else {
			f.errors = append(f.errors, e)
		}
	}
	adviseOnPolicy(&f, &object.Spec)
	if err := k.suitesOf(ctx, &f, &object.Spec); err != nil || old == nil {
		return f, err
	}
	return f, k.removals(ctx, &f, old, object)
}

// policyErrors are contradictions between the items of a policy: what is written there can have no effect.
func policyErrors(spec *v1alpha1.SafetyPolicySpec) field.ErrorList {
	var all field.ErrorList
	path := field.NewPath("spec")
	for i, t := range spec.Thresholds {
		if len(spec.Levels) > 0 && t.RaisesTo == spec.Levels[0].Name {
			all = append(all, field.Invalid(path.Child("thresholds").Index(i).Child("raisesTo"), t.RaisesTo,
				"it is the lowest level, which every release has: name a higher one, or remove the threshold"))
		}
	}
	needless := needNothing(spec)
	for i, x := range spec.Exposures {
		if levels := needless[x.Name]; len(levels) > 0 && len(levels) == defined(spec) {
			all = append(all, field.Required(path.Child("exposures").Index(i).Child("withoutEvidence"),
				"no level requires anything of this exposure, so it is never granted: say Allowed, or let a level require something from it on"))
		}
	}
	return all
}

func defined(spec *v1alpha1.SafetyPolicySpec) int {
	n := 0
	for _, l := range spec.Levels {
		if l.State != v1alpha1.LevelUndefined {
			n++
		}
	}
	return n
}

// needNothing are, by exposure, the defined levels at which nothing is required of a release and this is not
// allowed. The decision about a release without evidence says so.
func needNothing(spec *v1alpha1.SafetyPolicySpec) map[string][]string {
	levels := map[string][]string{}
	if len(spec.Exposures) == 0 {
		return levels
	}
	policy := &v1alpha1.SafetyPolicy{Spec: *spec}
	highest := spec.Exposures[len(spec.Exposures)-1].Name
	for _, l := range spec.Levels {
		if l.State == v1alpha1.LevelUndefined {
			continue
		}
		release := &v1alpha1.ModelRelease{Spec: v1alpha1.ModelReleaseSpec{Level: l.Name, Exposure: highest}}
		d := gate.Decide(gate.Input{Now: time.Unix(1, 0), Release: release, Policy: policy, PolicyRevision: "unsaved"})
		for _, x := range d.Exposures {
			if x.Reason == v1alpha1.ReasonEvidenceNotRequired {
				levels[x.Name] = append(levels[x.Name], l.Name)
			}
		}
	}
	return levels
}

// adviseOnPolicy warns about what is safe, and probably not meant.
func adviseOnPolicy(f *findings, spec *v1alpha1.SafetyPolicySpec) {
	used := sets.New[string]()
	undefined := ""
	for _, l := range spec.Levels {
		used.Insert(l.Requires...)
		switch {
		case l.State == v1alpha1.LevelUndefined:
			undefined = l.Name
		case undefined != "":
			f.warn("spec.levels: %s is defined and lies above %s, which is not: no release reaches it", l.Name, undefined)
		}
	}
	for _, t := range spec.Thresholds {
		used.Insert(t.RuledOutBy...)
		if both := requiredUpTo(spec, t.RaisesTo).Intersection(sets.New(t.RuledOutBy...)); both.Len() > 0 {
			f.warn("spec.thresholds: %s is ruled out by %s, which %s requires too: a model that reaches it can never meet that level",
				t.Name, some(both.UnsortedList()), t.RaisesTo)
		}
	}
	for _, r := range spec.Requirements {
		if !used.Has(r.Name) {
			f.warn("spec.requirements: nothing refers to %s, so it has no effect", r.Name)
		}
	}
	needless := needNothing(spec)
	for _, x := range spec.Exposures {
		if levels := needless[x.Name]; len(levels) > 0 && len(levels) < defined(spec) {
			f.warn("spec.exposures: at %s nothing is required of %s, and it does not say withoutEvidence: Allowed: no such release is granted it",
				some(levels), x.Name)
		}
	}
}

// requiredUpTo are the requirements of a level and of those below it.
func requiredUpTo(spec *v1alpha1.SafetyPolicySpec, level string) sets.Set[string] {
	all := sets.New[string]()
	for _, l := range spec.Levels {
		all.Insert(l.Requires...)
		if l.Name == level {
			break
		}
	}
	return all
}

// removals warns when a change takes a name away that releases, or the evidence about them, use.
func (k *Kinds) removals(ctx context.Context, f *findings, old, object *v1alpha1.SafetyPolicy) error {
	before, after := namesOf(&old.Spec), namesOf(&object.Spec)
	gone := names{
		levels:       before.levels.Difference(after.levels),
		exposures:    before.exposures.Difference(after.exposures),
		requirements: before.requirements.Difference(after.requirements),
	}
	if gone.levels.Len()+gone.exposures.Len()+gone.requirements.Len() == 0 {
		return nil
	}
	var releases v1alpha1.ModelReleaseList
	if err := k.options.Cache.List(ctx, &releases); err != nil {
		return fmt.Errorf("listing releases: %w", err)
	}
	users, governed := map[string][]string{}, sets.New[string]()
	for i := range releases.Items {
		r := &releases.Items[i]
		if r.Spec.Policy != object.Name {
			continue
		}
		name := r.Namespace + "/" + r.Name
		governed.Insert(name)
		if gone.levels.Has(r.Spec.Level) {
			users["level "+r.Spec.Level] = append(users["level "+r.Spec.Level], name)
		}
		if gone.exposures.Has(r.Spec.Exposure) {
			users["exposure "+r.Spec.Exposure] = append(users["exposure "+r.Spec.Exposure], name)
		}
	}
	if gone.requirements.Len() > 0 {
		if err := k.evidenceFor(ctx, gone.requirements, governed, users); err != nil {
			return err
		}
	}
	for _, what := range slices.Sorted(maps.Keys(users)) {
		f.warn("%s is removed, and used by %d releases: %s", what, len(sets.New(users[what]...)), some(users[what]))
	}
	return nil
}

// evidenceFor notes the releases for which somebody brought evidence for a requirement.
func (k *Kinds) evidenceFor(ctx context.Context, requirements, governed sets.Set[string], users map[string][]string) error {
	var evaluations v1alpha1.SafetyEvaluationList
	if err := k.options.Cache.List(ctx, &evaluations); err != nil {
		return fmt.Errorf("listing evaluations: %w", err)
	}
	for i := range evaluations.Items {
		e := &evaluations.Items[i]
		release := e.Namespace + "/" + e.Spec.Subject.Release
		if what := "requirement " + e.Spec.Requirement; requirements.Has(e.Spec.Requirement) && governed.Has(release) {
			users[what] = append(users[what], release)
		}
	}
	return nil
}

// names are what a policy defines for others to refer to.
type names struct {
	levels, exposures, requirements sets.Set[string]
}

func namesOf(spec *v1alpha1.SafetyPolicySpec) names {
	n := names{levels: sets.New[string](), exposures: sets.New[string](), requirements: sets.New[string]()}
	for _, l := range spec.Levels {
		n.levels.Insert(l.Name)
	}
	for _, x := range spec.Exposures {
		n.exposures.Insert(x.Name)
	}
	for _, r := range spec.Requirements {
		n.requirements.Insert(r.Name)
	}
	return n
}
