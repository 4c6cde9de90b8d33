// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// MaxAncestors is how many releases are followed from one to what it was made from, and so on. One that is further away
// counts as lost: nobody looked at what it owes.
const MaxAncestors = 8

// ancestor is a release that the release was made from.
type ancestor struct {
	release *v1alpha1.ModelRelease
	// artifacts sorted, each once.
	artifacts []v1alpha1.SubjectArtifact
}

// loadLineage follows the release to what it was made from, and lets it owe the highest level of all of them. It trusts no
// list to be complete: whoever forgot an ancestor is told that it is lost.
func (e *engine) loadLineage() {
	var lineage []ancestor
	for next := e.in.Release; next.Spec.DerivedFrom != nil; {
		name := next.Spec.DerivedFrom.Release
		next = e.ancestor(name)
		if next == nil || len(lineage) == MaxAncestors || e.descends(lineage, name) {
			e.lost = name
			break
		}
		lineage = append(lineage, ancestor{release: next, artifacts: Artifacts(next)})
		level := e.rung(next.Spec.Level)
		if level < 0 {
			// The level of another policy. What it means here nobody knows, so it counts as the most demanding one.
			level = len(e.in.Policy.Spec.Levels) - 1
		}
		e.declared = max(e.declared, level)
	}
	e.lineage = lineage
	if e.lost == "" {
		e.lost = e.in.LostAncestor
	}
}

// ancestor is the release of that name among those given; nil without one. The release itself is none of its own.
func (e *engine) ancestor(name string) *v1alpha1.ModelRelease {
	if name == e.in.Release.Name {
		return nil
	}
	for i := range e.in.Ancestors {
		if a := &e.in.Ancestors[i]; a.Name == name && a.Namespace == e.in.Release.Namespace {
			return a
		}
	}
	return nil
}

// descends reports whether a name is that of the release, or of one in its lineage.
func (e *engine) descends(lineage []ancestor, name string) bool {
	return name == e.in.Release.Name ||
		slices.ContainsFunc(lineage, func(a ancestor) bool { return a.release.Name == name })
}

// inherit finds the finding that stands against what the release was made from, the nearest first, where it has no result
// of its own that decides. What is known of the parent is all that is known of the release then.
func (e *engine) inherit(q *question) {
	for i := range e.lineage {
		a := &e.lineage[i]
		key := ""
		for j := range e.in.Findings {
			f := &e.in.Findings[j]
			if f.Spec.Requirement != q.name || !f.Status.ResolvedTime.IsZero() || !e.reaches(f) {
				continue
			}
			if key == "" {
				key = digest(within(a.artifacts, q.scope.types))
			}
			if f.Spec.ScopeDigest != key && !hasAll(a.artifacts, f.Spec.Artifacts) {
				continue
			}
			if q.finding == nil || outranks(f, q.finding) {
				q.finding, q.inherited = f, a.release.Name
			}
		}
		if q.finding != nil {
			return
		}
	}
}

// lostText says which ancestor is not known, and what would help.
func (e *engine) lostText() {
	t := e.text
	t.add("release ", e.lost, ", which this one was made from, ")
	switch {
	case e.descends(e.lineage, e.lost):
		t.add("was itself made from this one or comes round again")
	case len(e.lineage) >= MaxAncestors:
		t.add("lies beyond the ")
		t.count(MaxAncestors)
		t.add(" releases that are followed")
	default:
		t.add("does not exist")
	}
	t.add(", so that nobody knows what this one owes; create it, or correct spec.derivedFrom")
}
