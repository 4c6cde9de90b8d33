// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"github.com/scalegate/scalegate/internal/policylint"
	"github.com/scalegate/scalegate/internal/verdict"
)

// Documentation is where the pages are that rules point to.
const Documentation = verdict.ProjectURI + "/blob/main/docs/"

// Rules are the rules that are of this package alone, by their names. Others are reasons of conditions, and lints of policies.
func Rules() map[string]string {
	return map[string]string{
		ruleUnreadable:   "A file, or a document in it, cannot be read.",
		ruleNoManifest:   "A document can be read, and is no object: it has no apiVersion and kind.",
		ruleUnknown:      "A field does not exist in its kind.",
		ruleInvalid:      "A value is not what its kind takes, or breaks one of its rules.",
		ruleDuplicate:    "An object is there twice.",
		ruleIdentity:     "It depends on who sends the object, which the API server stamps, and which manifests cannot say.",
		ruleMadeByUs:     "Only Scalegate makes objects of this kind.",
		ruleNotJudged:    "It shows in the cluster alone, and is not judged here.",
		ruleClaimMissing: "A workload asks for an accelerator, or stands where everything has to claim a release, and claims none.",
		ruleMismatch:     "A pod template runs something else than its release declares.",
		ruleAudited:      "The namespace is audited: it is told what would be held, and nothing is held.",
	}
}

// Rule describes a rule, with the page to read about it.
func Rule(id string) verdict.Rule {
	if text, own := Rules()[id]; own {
		return verdict.Rule{ID: id, Text: text, Help: Documentation + "reference/check.md#rules"}
	}
	for _, l := range policylint.Descriptions() {
		if l.Name == id {
			return verdict.Rule{ID: id, Text: l.Text, Help: Documentation + "reference/check.md#lints"}
		}
	}
	return verdict.Rule{ID: id, Text: "Reason " + id + " of a condition.", Help: Documentation + "reference/reasons.md"}
}
