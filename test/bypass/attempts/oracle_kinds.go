// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "maps"

// judgeOwnKind: status is Scalegate's, who did what is stamped, and what others rely on is not taken away.
func judgeOwnKind(r Request) Outcome {
	ours := r.Who.Name == controllerName
	if r.Sub == "status" {
		if ours {
			return Through
		}
		return Refused
	}
	if field, ok := signedKinds()[r.Kind]; ok {
		return judgeSigned(r, field)
	}
	switch r.Kind.Resource {
	case "gatedecisions", "policyrevisions":
		return judgeRecord(r)
	case "adversefindings":
		return judgeFinding(r, ours)
	case "safetyevaluations":
		return judgeEvaluation(r)
	default:
		return judgeInUse(r)
	}
}

// judgeFinding: made by the controller, ended by a person with the verb, not deleted while it stands.
func judgeFinding(r Request, ours bool) Outcome {
	effective := at(r.Old, "status", "resolvedTime") != nil
	switch {
	case r.Way.Deletes() && effective && r.Who.Trusted():
		return Through
	case r.Way.Deletes():
		return Refused
	case r.New[spec] == nil:
		return Elsewhere
	case r.Old == nil && (!ours || at(r.New, spec, "resolution") != nil):
		return Refused
	case r.Old == nil || same(at(r.Old, spec, "resolution"), at(r.New, spec, "resolution")):
		return Through
	case effective:
		return Elsewhere | Refused // A resolution that took effect is history.
	default:
		return judgeResolution(r, mapAt(r.New, spec, "resolution"))
	}
}

// judgeResolution: it takes the verb, and carries the name of who sent it.
func judgeResolution(r Request, resolution map[string]any) Outcome {
	by := textAt(resolution, "resolvedBy")
	switch {
	case !r.Who.Trusted(), r.Unmutated && resolution != nil && by != r.Who.Name:
		return Refused
	case by != "" && by != r.Who.Name:
		return Inert
	default:
		return Through
	}
}

// judgeEvaluation: who brought it and how far his word reaches is stamped, and it does not change but to be revoked.
func judgeEvaluation(r Request) Outcome {
	switch {
	case r.Way.Deletes():
		return Through
	case r.New[spec] == nil:
		return Elsewhere
	case bringsOwn(r):
		return Refused
	case r.Old == nil:
		return judgeBrought(r)
	case r.Unmutated && !same(measures(r.Old), measures(r.New)):
		return Elsewhere
	}
	if outcome, ok := judgeRevocation(r); ok {
		return outcome
	}
	for _, stamp := range []string{"evaluator", "reach"} {
		switch stands := textAt(r.Old, spec, stamp); {
		case textAt(r.New, spec, stamp) == stands:
		case stands == "":
			return Elsewhere // What was never stamped is not stamped later.
		default:
			return Inert
		}
	}
	if stands, _ := at(r.Old, spec, "evaluatorGroups").([]any); !same(at(r.Old, spec, "evaluatorGroups"), at(r.New, spec, "evaluatorGroups")) {
		if stands == nil {
			return Elsewhere
		}
		return Inert
	}
	if same(r.Old[spec], r.New[spec]) {
		return Through
	}
	return Elsewhere
}

// measures is a spec without its revocation: what was measured, of what, by whom.
func measures(content map[string]any) map[string]any {
	all := maps.Clone(mapAt(content, spec))
	delete(all, "revocation")
	return all
}

// judgeBrought: what is typed in the place of a stamp is replaced, and refused where nothing replaces it.
func judgeBrought(r Request) Outcome {
	inert := false
	for stamp, want := range map[string]string{"evaluator": r.Who.Name, "reach": reachOf(r.Who)} {
		typed := textAt(r.New, spec, stamp)
		if r.Unmutated && typed != want {
			return Refused
		}
		inert = inert || typed != "" && typed != want
	}
	groups, _ := at(r.New, spec, "evaluatorGroups").([]any)
	right := sameSet(groups, groupsOf(r.Who))
	outcome, ok := judgeRevocation(r)
	switch {
	case r.Unmutated && !right:
		return Refused
	case ok && outcome != Through:
		return outcome
	case inert, len(groups) > 0 && !right:
		return Inert
	default:
		return Through
	}
}

// bringsOwn: the controller orders runs, and brings no evidence.
func bringsOwn(r Request) bool {
	return r.Old == nil && r.Who.Name == controllerName && at(r.New, spec, "job") == nil
}

// judgeInUse: a policy or a release that something relies on is not deleted without breaking the glass.
func judgeInUse(r Request) Outcome {
	if r.New != nil && r.New[spec] == nil {
		return Elsewhere
	}
	if r.Kind == releaseKind() {
		if outcome, ok := r.judgeAuthors(); ok {
			return outcome
		}
	}
	if r.Kind == policyKind() {
		if outcome, ok := r.judgePolicyAuthor(); ok {
			return outcome
		}
	}
	if outcome, ok := judgeRevocation(r); ok {
		return outcome
	}
	uses, _ := at(r.Old, "status", "releases").(int64)
	used := uses > 0
	for _, workload := range listAt(r.Old, "status", "workloads") {
		released, _ := workload["released"].(int64)
		used = used || released > 0
	}
	if r.Way.Deletes() && used && !r.Who.Trusted() && r.Ground != Leaving {
		return Refused
	}
	return Through
}
