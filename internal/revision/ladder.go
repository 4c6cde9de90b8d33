// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package revision

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// ladder is what levels ask for together with the levels below them.
type ladder struct {
	spec  *v1alpha1.SafetyPolicySpec
	rungs []rung
}

// rung is a level with what those below it ask for.
type rung struct {
	name     string
	requires sets.Set[string]
	// undefined: it or a level below it has no safeguards defined, so that it refuses.
	undefined bool
}

func newLadder(spec *v1alpha1.SafetyPolicySpec) ladder {
	l := ladder{spec: spec}
	below := rung{requires: sets.New[string]()}
	for i := range spec.Levels {
		level := &spec.Levels[i]
		below = rung{
			name:      level.Name,
			requires:  below.requires.Clone().Insert(level.Requires...),
			undefined: below.undefined || level.State != "" && level.State != v1alpha1.LevelDefined,
		}
		l.rungs = append(l.rungs, below)
	}
	return l
}

// level is the rung of that name; nil where there is none.
func (l ladder) level(name string) *rung {
	return named(l.rungs, name, func(r *rung) string { return r.name })
}

func (l ladder) index(name string) int {
	return slices.IndexFunc(l.rungs, func(r rung) bool { return r.name == name })
}

// holds reports whether a rung asks for as much as another, or more.
func (r *rung) holds(other *rung) bool {
	return r.undefined || !other.undefined && r.requires.IsSuperset(other.requires)
}

// neededFrom is the index of the lowest exposure that needs a requirement. A name that is not known is that of the lowest,
// as for the engine.
func (l ladder) neededFrom(requirement string) int {
	r := named(l.spec.Requirements, requirement, requirementName)
	if r == nil {
		return 0
	}
	return max(0, l.exposure(r.NeededFrom))
}

func (l ladder) exposure(name string) int {
	return slices.IndexFunc(l.spec.Exposures, func(x v1alpha1.Exposure) bool { return x.Name == name })
}

// asks are the requirements that are asked of a release that declares the level, for the exposure: those of its levels, and
// those that rule a threshold out which raises above them, or which requires something itself. For nothing nothing is
// granted, see the engine.
func (l ladder) asks(level, exposure int) []string {
	all := l.rungs[level].requires.Clone()
	for i := range l.spec.Thresholds {
		t := &l.spec.Thresholds[i]
		raises := l.index(t.RaisesTo)
		if raises < 0 || raises > level || slices.ContainsFunc(t.Requires, func(name string) bool { return l.neededFrom(name) <= exposure }) {
			all.Insert(t.RuledOutBy...)
		}
	}
	return slices.DeleteFunc(sets.List(all), func(name string) bool { return l.neededFrom(name) > exposure })
}

func requirementName(r *v1alpha1.Requirement) string       { return r.Name }
func exposureName(x *v1alpha1.Exposure) string             { return x.Name }
func levelName(l *v1alpha1.Level) string                   { return l.Name }
func thresholdName(t *v1alpha1.CapabilityThreshold) string { return t.Name }
func companionName(c *v1alpha1.Companion) string           { return c.Name }
func roleName(r *v1alpha1.Role) string                     { return r.Name }
func quorumRole(q *v1alpha1.RoleQuorum) string             { return q.Role }
