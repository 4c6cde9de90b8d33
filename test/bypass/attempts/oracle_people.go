// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"maps"
	"slices"
)

// judgeSigned: whoever signs has the role, signs in his own name, changes nothing afterwards, and nobody else takes it away.
func judgeSigned(r Request, field string) Outcome {
	switch {
	case !r.Who.Writes(r.Kind):
		return Elsewhere
	case r.Way.Deletes():
		return r.judgeTakenAway(field)
	case r.New[spec] == nil:
		return Elsewhere
	case r.Old != nil:
		return r.judgeResigned(field)
	case r.Who.Name == controllerName:
		return Refused
	case field == "approver" && !r.Who.Approves(r.Kind.Resource, textAt(r.New, spec, "role"), r.Ground):
		return Refused
	}
	return r.judgeTyped(field)
}

// judgeTakenAway: a word that is no reduction to lose. DeleteCollection of what the approver may not delete at all is refused by RBAC.
func (r Request) judgeTakenAway(field string) Outcome {
	if r.Way == DeleteCollection && slices.Contains(r.Who.Groups, GroupBoundApprovers) {
		return Elsewhere
	}
	own := field == "approver" && textAt(r.Old, spec, "approver") == r.Who.Name
	reached := slices.ContainsFunc(listAt(r.Old, spec, "thresholds"), func(t map[string]any) bool { return t["conclusion"] == "Reached" })
	free := own
	switch r.Kind.Resource {
	case "policyapprovals":
		free = own && textAt(r.Old, spec, "decision") != "Object"
	case "releasedeterminations":
		free = !reached
	}
	if free || r.Ground == Leaving && r.Kind.Namespaced || r.Who.Breaks(r.Kind.Resource) {
		return Through
	}
	return Refused
}

// judgeResigned: the words stay as they are, and the stamps with them.
func (r Request) judgeResigned(field string) Outcome {
	stamps := []string{field}
	if field == "approver" {
		stamps = append(stamps, "approverGroups")
	}
	was, is := maps.Clone(mapAt(r.Old, spec)), maps.Clone(mapAt(r.New, spec))
	for _, stamp := range stamps {
		delete(was, stamp)
		delete(is, stamp)
	}
	switch {
	case same(r.Old[spec], r.New[spec]):
		return Through
	case !same(was, is) || r.Unmutated:
		return Elsewhere
	case slices.ContainsFunc(stamps, func(stamp string) bool { return at(r.Old, spec, stamp) == nil && at(r.New, spec, stamp) != nil }):
		return Elsewhere // What nobody signed is not signed later.
	default:
		return Inert
	}
}

// judgeTyped: what is typed in the place of a stamp is replaced, and refused where nothing replaces it.
func (r Request) judgeTyped(field string) Outcome {
	typed := textAt(r.New, spec, field)
	groups, _ := at(r.New, spec, "approverGroups").([]any)
	named, grouped := typed == r.Who.Name, field != "approver" || sameSet(groups, groupsOf(r.Who))
	switch {
	case named && grouped:
		return Through
	case r.Unmutated:
		return Refused
	case typed != "" && !named, len(groups) > 0 && !grouped:
		return Inert
	}
	return Through
}

// sameSet tells whether two lists have the same items.
func sameSet(one, other []any) bool {
	within := func(a, b []any) bool {
		return !slices.ContainsFunc(a, func(item any) bool { return !slices.Contains(b, item) })
	}
	return within(one, other) && within(other, one)
}

// judgeRecord: Scalegate alone writes it, it does not change, and it stays on record.
func judgeRecord(r Request) Outcome {
	switch {
	case !r.Who.Writes(r.Kind):
		return Elsewhere
	case r.Way.Deletes() && r.Kind == decisionKind():
		if r.Ground == Leaving {
			return Through
		}
		return Refused
	case r.Way.Deletes() && !r.Who.Breaks("policyrevisions"):
		return Refused
	case r.Way.Deletes():
		return Through
	case r.Old == nil && r.Who.Name != controllerName:
		return Refused
	case r.Old != nil && !same(r.Old[spec], r.New[spec]):
		return Elsewhere
	}
	return Through
}

// authors are those of a release as they must stand in the end; full tells that there is no room for one who has to be.
func (r Request) authors() (want []any, full bool) {
	want, _ = at(r.Old, spec, "authors").([]any)
	want = slices.Clone(want)
	changed := r.Old == nil
	for _, field := range []string{"policy", "artifacts", "serving", "level", "exposure", "derivedFrom"} {
		changed = changed || !same(at(r.Old, spec, field), at(r.New, spec, field))
	}
	switch {
	case !changed || slices.Contains(want, any(r.Who.Name)):
		return want, false
	case len(want) == mostAuthors:
		return want, true
	}
	return append(want, r.Who.Name), false
}

// rewrites tells whether something else than the authors of a release changes.
func (r Request) rewrites() bool {
	was, is := maps.Clone(mapAt(r.Old, spec)), maps.Clone(mapAt(r.New, spec))
	delete(was, "authors")
	delete(is, "authors")
	return !same(was, is)
}

// judgeAuthors says what comes of a release for its authors and its policy; with false, nothing of its own.
func (r Request) judgeAuthors() (Outcome, bool) {
	if r.Way.Deletes() {
		return 0, false
	}
	want, full := r.authors()
	typed, _ := at(r.New, spec, "authors").([]any)
	before, _ := at(r.Old, spec, "authors").([]any)
	moved := r.Old != nil && textAt(r.Old, spec, "policy") != textAt(r.New, spec, "policy")
	switch {
	case full, moved && !r.Who.TakesBack(), r.Unmutated && !sameList(typed, want):
		return Refused, true
	case !sameList(typed, before) && !sameList(typed, want) && (len(typed) > 0 || sameList(want, before) && !r.rewrites()):
		return Inert, true
	}
	return 0, false
}

func sameList(one, other []any) bool {
	return len(one) == len(other) && (len(one) == 0 || same(one, other))
}

// author is who changed a policy last, as it must stand in the end; empty for nobody.
func (r Request) author() string {
	if r.Old == nil || !same(r.Old[spec], r.New[spec]) {
		return r.Who.Name
	}
	return textAt(r.Old, metadata, annotations, authorKey)
}

// judgePolicyAuthor says what comes of a policy for its author; with false, nothing of its own.
func (r Request) judgePolicyAuthor() (Outcome, bool) {
	typed, before := textAt(r.New, metadata, annotations, authorKey), textAt(r.Old, metadata, annotations, authorKey)
	switch {
	case r.Way.Deletes():
		return 0, false
	case r.Who.Name == controllerName, r.Unmutated && typed != r.author():
		return Refused, true
	case typed != before && typed != r.author() && (typed != "" || same(r.Old[spec], r.New[spec])):
		return Inert, true
	}
	return 0, false
}

// carries tells whether an object that people sign, a release or a policy was taken with the stamps that it has to have.
func (r Request) carries(content map[string]any) bool {
	switch field := signedKinds()[r.Kind]; {
	case r.Kind == releaseKind():
		stands, _ := at(content, spec, "authors").([]any)
		want, _ := r.authors()
		return sameList(stands, want)
	case r.Kind == policyKind():
		stands, there := mapAt(content, metadata, annotations)[authorKey]
		return there == (r.author() != "") && (!there || stands == r.author())
	case field == "":
		return true
	case r.Old != nil:
		return same(r.Old[spec], content[spec])
	case field == "approver" && !same(at(content, spec, "approverGroups"), groupsOf(r.Who)):
		return false
	default:
		return textAt(content, spec, field) == r.Who.Name
	}
}
