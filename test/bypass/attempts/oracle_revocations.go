// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

// reachOf is how far the word of a user counts.
func reachOf(who Identity) string {
	if who.Attests() {
		return "Cluster"
	}
	return "Namespace"
}

// stamps are who revoked and how far that reaches, as they must stand in the end. The words of a revocation are those of
// whoever changed them last, and an evaluation reaches as far as it reaches.
func (r Request) stamps() (by, reach string) {
	before, after := mapAt(r.Old, spec, "revocation"), mapAt(r.New, spec, "revocation")
	if before != nil && before["severity"] == after["severity"] && before["reason"] == after["reason"] {
		return textAt(before, "revokedBy"), textAt(before, "reach")
	}
	if r.Kind.Resource == "safetyevaluations" {
		return r.Who.Name, ""
	}
	return r.Who.Name, reachOf(r.Who)
}

// judgeRevocation: who may write may revoke, and whoever takes back any of a release's revocation needs the verb. It says
// nothing, with false, about a request that leaves what is revoked as it is.
func judgeRevocation(r Request) (Outcome, bool) {
	before, after := mapAt(r.Old, spec, "revocation"), mapAt(r.New, spec, "revocation")
	release := r.Kind.Resource == "modelreleases"
	switch {
	case before == nil && after == nil:
		return 0, false
	case r.Way.Deletes():
		return Refused, release && !r.Who.TakesBack() && r.Ground != Leaving
	case release && lessens(r, before, after) && !r.Who.TakesBack():
		return Refused, true
	case !release && before != nil && !same(words(before), words(after)) && !graver(before, after):
		return Elsewhere, true
	case after == nil:
		return Through, true
	default:
		return r.judgeStamps(before, after)
	}
}

// words are what a person says in a revocation.
func words(revocation map[string]any) [2]any {
	return [2]any{revocation["severity"], revocation["reason"]}
}

func graver(before, after map[string]any) bool {
	return before["severity"] == "Advisory" && after["severity"] == "Critical"
}

// lessens tells whether less is revoked than before: not as urgently, for fewer namespaces, or of other artifacts.
func lessens(r Request, before, after map[string]any) bool {
	if before == nil {
		return false
	}
	_, reach := r.stamps()
	return after == nil || graver(after, before) || before["reach"] == "Cluster" && reach != "Cluster" ||
		!same(at(r.Old, spec, "artifacts"), at(r.New, spec, "artifacts"))
}

// judgeStamps: what is typed in their place has no effect; without the policies that put them on it is refused.
func (r Request) judgeStamps(before, after map[string]any) (Outcome, bool) {
	by, reach := r.stamps()
	typedBy, typedReach := textAt(after, "revokedBy"), textAt(after, "reach")
	switch {
	case typedBy == by && typedReach == reach:
		return Through, !same(before, after) && r.Old != nil
	case r.Unmutated && r.Kind.Resource == "safetyevaluations" && before != nil && !graver(before, after):
		return Elsewhere, true // The kind itself says that it does not change.
	case r.Unmutated:
		return Refused, true
	case before != nil && same(words(before), words(after)):
		return Inert, true
	case typedBy != "" && typedBy != by || typedReach != "" && typedReach != reach:
		return Inert, true
	default:
		return Through, true
	}
}

// stamped tells whether an object of ours that was taken carries, whatever was typed, what the API server knows: who
// brought or revoked it, and how far that reaches.
func (r Request) stamped(content map[string]any) bool {
	if revocation := mapAt(content, spec, "revocation"); revocation != nil {
		if by, reach := r.stamps(); revocation["revokedBy"] != by || textAt(revocation, "reach") != reach {
			return false
		}
	}
	if r.Kind.Resource != "safetyevaluations" {
		return r.carries(content)
	}
	evaluator, reach, groups := r.Who.Name, reachOf(r.Who), groupsOf(r.Who)
	if r.Old != nil {
		evaluator, reach = textAt(r.Old, spec, "evaluator"), textAt(r.Old, spec, "reach")
		groups, _ = at(r.Old, spec, "evaluatorGroups").([]any)
	}
	stands, _ := at(content, spec, "evaluatorGroups").([]any)
	return sameSet(stands, groups) && textAt(content, spec, "evaluator") == evaluator && textAt(content, spec, "reach") == reach
}
