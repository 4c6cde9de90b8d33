// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

// judgeOwnKind: status is Scalegate's, who did what is stamped, and what others rely on is not taken away.
func judgeOwnKind(r Request) Outcome {
	ours := r.Who.Name == controllerName
	if r.Sub == "status" {
		if ours {
			return Through
		}
		return Refused
	}
	switch r.Kind.Resource {
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

// judgeEvaluation: who brought it is stamped, and it does not change.
func judgeEvaluation(r Request) Outcome {
	typed := textAt(r.New, spec, "evaluator")
	switch {
	case r.Way.Deletes():
		return Through
	case r.New[spec] == nil:
		return Elsewhere
	case bringsOwn(r), r.Unmutated && r.Old == nil && typed != r.Who.Name:
		return Refused
	case r.Unmutated && r.Old != nil && !same(r.Old[spec], r.New[spec]):
		return Elsewhere
	case r.Old == nil && typed != "" && typed != r.Who.Name:
		return Inert
	case r.Old == nil || same(r.Old[spec], r.New[spec]):
		return Through
	case typed != textAt(r.Old, spec, "evaluator"):
		return Inert
	default:
		return Elsewhere
	}
}

// bringsOwn: the controller orders runs, and brings no evidence.
func bringsOwn(r Request) bool {
	return r.Old == nil && r.Who.Name == controllerName && at(r.New, spec, "job") == nil
}

// judgeInUse: a policy or a release that something relies on is not deleted without breaking the glass.
func judgeInUse(r Request) Outcome {
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
