// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policylint

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

func raisesToLowest(p *policy) []Problem {
	var all []Problem
	for i := range p.Thresholds {
		if t := &p.Thresholds[i]; len(p.Levels) > 0 && t.RaisesTo == p.Levels[0].Name {
			all = append(all, problem(fmt.Sprintf("spec.thresholds[%d].raisesTo", i), "name a higher level, or take the threshold away",
				"threshold %s raises to %s, the lowest level, which every release has", t.Name, t.RaisesTo))
		}
	}
	return all
}

// needless are, by exposure, the defined levels at which nothing is required of it and this is not allowed. The gate says so of
// a release of that level.
func (p *policy) needless() (levels map[string][]string, defined int) {
	levels = map[string][]string{}
	if len(p.Exposures) == 0 {
		return levels, 0
	}
	object := &v1alpha1.SafetyPolicy{Spec: *p.SafetyPolicySpec}
	highest := p.Exposures[len(p.Exposures)-1].Name
	for i := range p.Levels {
		if p.Levels[i].State == v1alpha1.LevelUndefined {
			continue
		}
		defined++
		release := &v1alpha1.ModelRelease{Spec: v1alpha1.ModelReleaseSpec{Level: p.Levels[i].Name, Exposure: highest}}
		d := gate.Decide(gate.Input{Now: time.Unix(1, 0), Release: release, Policy: object, PolicyRevision: "unsaved"})
		for _, x := range d.Exposures {
			if x.Reason == v1alpha1.ReasonEvidenceNotRequired {
				levels[x.Name] = append(levels[x.Name], p.Levels[i].Name)
			}
		}
	}
	return levels, defined
}

const allowOrRequire = "say withoutEvidence: Allowed for it, or let a level require something from it on"

func neverGranted(p *policy) []Problem {
	needless, defined := p.needless()
	var all []Problem
	for i := range p.Exposures {
		if x := &p.Exposures[i]; len(needless[x.Name]) > 0 && len(needless[x.Name]) == defined {
			all = append(all, problem(fmt.Sprintf("spec.exposures[%d]", i), allowOrRequire, "no level requires anything of %s, so that it is never granted", x.Name))
		}
	}
	return all
}

func refusedAtLevel(p *policy) []Problem {
	needless, defined := p.needless()
	var all []Problem
	for i := range p.Exposures {
		if x := &p.Exposures[i]; len(needless[x.Name]) > 0 && len(needless[x.Name]) < defined {
			all = append(all, problem(fmt.Sprintf("spec.exposures[%d]", i), allowOrRequire,
				"at %s nothing is required of %s, so that no release of that level is granted it", strings.Join(needless[x.Name], ", "), x.Name))
		}
	}
	return all
}

func aboveUndefined(p *policy) []Problem {
	var all []Problem
	undefined := ""
	for i := range p.Levels {
		switch l := &p.Levels[i]; {
		case l.State == v1alpha1.LevelUndefined:
			undefined = l.Name
		case undefined != "":
			all = append(all, problem(fmt.Sprintf("spec.levels[%d]", i), "define "+undefined+", or take this level away",
				"level %s lies above %s, which is Undefined: no release reaches it", l.Name, undefined))
		}
	}
	return all
}

func addsNothing(p *policy) []Problem {
	var all []Problem
	for i := range p.Levels {
		l := &p.Levels[i]
		demands := func(t v1alpha1.CapabilityThreshold) bool { return t.RaisesTo == l.Name && len(t.Requires) > 0 }
		if i > 0 && l.State != v1alpha1.LevelUndefined && len(l.Requires) == 0 && !slices.ContainsFunc(p.Thresholds, demands) {
			all = append(all, problem(fmt.Sprintf("spec.levels[%d]", i), "say what it requires, say state: Undefined, or take it away",
				"level %s requires no more than %s, so that to reach it changes nothing", l.Name, p.Levels[i-1].Name))
		}
	}
	return all
}

// used are the requirements that something refers to.
func (p *policy) used() map[string]bool {
	used := map[string]bool{}
	for i := range p.Levels {
		for _, name := range p.Levels[i].Requires {
			used[name] = true
		}
	}
	for i := range p.Thresholds {
		for _, name := range slices.Concat(p.Thresholds[i].RuledOutBy, p.Thresholds[i].Requires) {
			used[name] = true
		}
	}
	return used
}

func unusedRequirement(p *policy) []Problem {
	used := p.used()
	var all []Problem
	for i := range p.Requirements {
		if name := p.Requirements[i].Name; !used[name] {
			all = append(all, problem(requirementField(i, ""), "let a level or a threshold refer to it if it is to decide anything", "nothing refers to requirement %s: its results are recorded, and decide nothing", name))
		}
	}
	return all
}

func rulesOutItsLevel(p *policy) []Problem {
	var all []Problem
	for i := range p.Thresholds {
		t := &p.Thresholds[i]
		var up []string
		for j := range p.Levels {
			up = append(up, p.Levels[j].Requires...)
			if p.Levels[j].Name == t.RaisesTo {
				break
			}
		}
		for j, name := range t.RuledOutBy {
			if slices.Contains(up, name) {
				all = append(all, problem(fmt.Sprintf("spec.thresholds[%d].ruledOutBy[%d]", i, j), "rule it out by another evaluation, or let the level require another",
					"threshold %s is ruled out by %s, which %s requires too: a model that reaches it can never meet that level", t.Name, name, t.RaisesTo))
			}
		}
	}
	return all
}

func neededFromWithoutEffect(p *policy) []Problem {
	var all []Problem
	for i := range p.Thresholds {
		t := &p.Thresholds[i]
		for _, name := range t.RuledOutBy {
			r, at := p.requirement(name)
			if r == nil {
				continue
			}
			earlier := slices.IndexFunc(t.RuledOutBy, func(other string) bool {
				o, _ := p.requirement(other)
				return o != nil && p.rank(o.NeededFrom) < p.rank(r.NeededFrom)
			})
			if earlier >= 0 {
				all = append(all, problem(requirementField(at, "neededFrom"), "write the same as of "+t.RuledOutBy[earlier],
					"%s says a later neededFrom than %s, and rules out %s with it, so that it is needed as early", name, t.RuledOutBy[earlier], t.Name))
			}
		}
	}
	return all
}

func neverRuledOut(p *policy) []Problem {
	if p.Determinations != nil {
		return nil
	}
	var all []Problem
	for i := range p.Thresholds {
		for j, name := range p.Thresholds[i].RuledOutBy {
			if r, _ := p.requirement(name); r != nil && r.Standing == v1alpha1.StandingSaturated {
				all = append(all, problem(fmt.Sprintf("spec.thresholds[%d].ruledOutBy[%d]", i, j), "rule it out by an evaluation that can still tell, or say in determinations who may judge",
					"threshold %s is ruled out by %s, which is Saturated and shows nothing favourable: it is never ruled out", p.Thresholds[i].Name, name))
			}
		}
	}
	return all
}

func sameButCase(p *policy) []Problem {
	var all []Problem
	look := func(list string, count int, name func(int) string) {
		seen := map[string]string{}
		for i := range count {
			folded := strings.ToLower(name(i))
			if other, there := seen[folded]; there {
				all = append(all, problem(fmt.Sprintf("spec.%s[%d].name", list, i), "give one of them another name", "%s and %s differ in case alone, and are not the same", other, name(i)))
			}
			seen[folded] = name(i)
		}
	}
	look("exposures", len(p.Exposures), func(i int) string { return p.Exposures[i].Name })
	look("levels", len(p.Levels), func(i int) string { return p.Levels[i].Name })
	look("thresholds", len(p.Thresholds), func(i int) string { return p.Thresholds[i].Name })
	return all
}
