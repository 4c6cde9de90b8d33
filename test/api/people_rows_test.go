// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// full is the sample of a kind, which has every field that a person gives.
func full(kind string) func(*testing.T) *unstructured.Unstructured {
	return func(t *testing.T) *unstructured.Unstructured {
		t.Helper()
		return sample(t, kind)
	}
}

// signed is the sample of a kind, stored under a name of its own.
func signed(kind string) func(*testing.T) *unstructured.Unstructured {
	return func(t *testing.T) *unstructured.Unstructured {
		t.Helper()
		object := sample(t, kind)
		object.SetName("")
		object.SetGenerateName("signed-")
		return store(t, shared.Client, object)
	}
}

// someWaiver is what an approval is about that is not about the release itself.
func someWaiver(kind string) map[string]any {
	return map[string]any{"kind": kind, "name": "example-model-jailbreak-2026-03", "uid": "00000000-0000-4000-8000-000000000001"}
}

func approvalRows() map[string]row {
	const regarding = "spec.regarding"
	return map[string]row{
		"an approval that decides nothing":                    {set("spec.decision", "Abstain"), "spec.decision", `supported values: "Approve", "Object", "Acknowledge"`},
		"an approval of artifacts by name":                    {set("spec.subjectDigest", strings.Repeat("a", 71)), "spec.subjectDigest", "should match"},
		"an objection that ends":                              {set("spec.decision", "Object"), "spec.endTime", "an objection does not end: leave endTime off"},
		"an objection":                                        {all(set("spec.decision", "Object"), drop("spec.endTime")), "", ""},
		"an approval without an end":                          {drop("spec.endTime"), "", ""},
		"an approval of a waiver":                             {set(regarding, someWaiver("ReleaseWaiver")), "", ""},
		"an approval of a determination":                      {set(regarding, someWaiver("ReleaseDetermination")), "", ""},
		"an approval of another approval":                     {set(regarding, someWaiver("ReleaseApproval")), regarding + ".kind", `supported values: "ReleaseWaiver", "ReleaseDetermination"`},
		"a review of a waiver":                                {all(set("spec.decision", "Acknowledge"), set(regarding, someWaiver("ReleaseWaiver"))), "", ""},
		"an acknowledgement":                                  {set("spec.decision", "Acknowledge"), "", ""},
		"a determination that is acknowledged":                {all(set("spec.decision", "Acknowledge"), set(regarding, someWaiver("ReleaseDetermination"))), "spec.decision", "a determination is approved or objected to; what is acknowledged is a release, or a waiver that is reviewed"},
		"an approval of a waiver of that name":                {all(set(regarding, someWaiver("ReleaseWaiver")), drop(regarding+".uid")), regarding + ".uid", "Required value"},
		"an approver that somebody typed is replaced":         {set("spec.approver", strings.Repeat("a", 600)), "", ""},
		"groups that somebody typed are replaced":             {set("spec.approverGroups", []any{strings.Repeat("a", 600)}), "", ""},
		"an approval without a rationale":                     {drop("spec.rationale"), "spec.rationale", "Required value"},
		"an end in days":                                      {set("spec.endTime", "30d"), "spec.endTime", "must be of type date-time"},
		"an approval for any exposure":                        {drop("spec.exposure"), "spec.exposure", "Required value"},
		"an approval of whatever the policy comes to say":     {drop("spec.policyRevision"), "spec.policyRevision", "Required value"},
		"an approval of whatever the artifacts come to be":    {drop("spec.subjectDigest"), "spec.subjectDigest", "Required value"},
		"an approval of a release whose name is none":         {set("spec.release", strings.Repeat("m", 64)), "spec.release", "may not be more than 63"},
		"an approval in no role":                              {drop("spec.role"), "spec.role", "Required value"},
		"an approval in a role that nobody binds by accident": {set("spec.role", strings.Repeat("r", 49)), "spec.role", "may not be more than 48"},
	}
}

func approvalUpdateRows() map[string]row {
	const fixed = "a ReleaseApproval does not change once it is made; create another one instead: of one person in one role the latest counts"
	return map[string]row{
		"another decision":               {set("spec.decision", "Acknowledge"), "spec", fixed},
		"another role":                   {set("spec.role", "chief-executive"), "spec", fixed},
		"other artifacts":                {set("spec.subjectDigest", "sha256:"+strings.Repeat("9", 64)), "spec", fixed},
		"a later end":                    {set("spec.endTime", "2027-09-01T00:00:00Z"), "spec", fixed},
		"no end":                         {drop("spec.endTime"), "spec", fixed},
		"about something else":           {set("spec.regarding", someWaiver("ReleaseWaiver")), "spec", fixed},
		"another approver is undone":     {set("spec.approver", "somebody"), "", ""},
		"no approver is undone":          {drop("spec.approver"), "", ""},
		"other groups are undone":        {set("spec.approverGroups", []any{"example:board"}), "", ""},
		"another label":                  {set("metadata.labels.team", "red"), "", ""},
		"a status by somebody is undone": {set("status.observedGeneration", int64(7)), "", ""},
	}
}

func waiverRows() map[string]row {
	return map[string]row{
		"a waiver on another path":                    {set("spec.path", "Express"), "spec.path", `supported values: "Standard", "BreakGlass"`},
		"a waiver for artifacts by name":              {set("spec.subjectDigest", strings.Repeat("a", 71)), "spec.subjectDigest", "should match"},
		"a waiver that does not end":                  {drop("spec.endTime"), "spec.endTime", "Required value"},
		"a waiver of nothing":                         {set("spec.requirements", []any{}), "spec.requirements", "at least 1 items"},
		"a waiver with nothing in the place of it":    {set("spec.compensatingControls", []any{}), "spec.compensatingControls", "at least 1 items"},
		"a waiver that is disclosed nowhere":          {drop("spec.disclosure"), "spec.disclosure", "Required value"},
		"a waiver without a reason":                   {set("spec.reason", ""), "spec.reason", "at least 1 chars long"},
		"a waiver of one thing twice":                 {set("spec.requirements[1]", "jailbreak-resistance"), "spec.requirements[1]", "Duplicate value"},
		"a waiver in an emergency":                    {set("spec.path", "BreakGlass"), "", ""},
		"a waiver on the path that is left off":       {drop("spec.path"), "", ""},
		"a requester that somebody typed is replaced": {set("spec.requester", strings.Repeat("a", 600)), "", ""},
	}
}

func waiverUpdateRows() map[string]row {
	const fixed = "a ReleaseWaiver does not change once it is made; create another one instead, or object to this one with a ReleaseApproval that regards it"
	return map[string]row{
		"a later end":                 {set("spec.endTime", "2027-09-01T00:00:00Z"), "spec", fixed},
		"another requirement":         {set("spec.requirements[1]", "egress-bandwidth"), "spec", fixed},
		"another path":                {drop("spec.path"), "spec", fixed},
		"another requester is undone": {set("spec.requester", "somebody"), "", ""},
		"another label":               {set("metadata.labels.team", "red"), "", ""},
	}
}

func determinationRows() map[string]row {
	const threshold = "spec.thresholds[0]."
	return map[string]row{
		"a threshold that is neither reached nor ruled out": {set(threshold+"conclusion", "Open"), threshold + "conclusion", `supported values: "Reached", "RuledOut"`},
		"a determination of artifacts by name":              {set("spec.subjectDigest", strings.Repeat("a", 71)), "spec.subjectDigest", "should match"},
		"a threshold that is ruled out in secret":           {drop("spec.disclosure"), "spec.disclosure", "disclosure must say where it is disclosed that a threshold is ruled out which the evaluations leave open"},
		"a threshold that is reached until a day":           {set(threshold+"conclusion", "Reached"), "spec.endTime", "endTime is for thresholds that are ruled out: that one is reached does not end"},
		"a threshold that is reached, in secret":            {all(set(threshold+"conclusion", "Reached"), drop("spec.disclosure"), drop("spec.endTime")), "", ""},
		"a threshold twice":                                 {set("spec.thresholds[1].name", "CBRN-3"), "spec.thresholds[1]", "Duplicate value"},
		"a determination of no threshold":                   {all(set("spec.thresholds", []any{}), drop("spec.endTime")), "spec.thresholds", "at least 1 items"},
		"a report of another day format":                    {set("spec.report.effectiveDate", "10.03.2026"), "spec.report.effectiveDate", "must be of type date"},
		"a report whose digest is in capitals":              {set("spec.report.sha256", strings.Repeat("A", 64)), "spec.report.sha256", "should match"},
		"a determination without an end":                    {drop("spec.endTime"), "", ""},
		"an author that somebody typed is replaced":         {set("spec.author", strings.Repeat("a", 600)), "", ""},
	}
}

func determinationUpdateRows() map[string]row {
	const fixed = "a ReleaseDetermination does not change once it is made; create another one instead: of several about one threshold the strictest counts"
	return map[string]row{
		"another conclusion":       {set("spec.thresholds[1].conclusion", "RuledOut"), "spec", fixed},
		"a threshold less":         {drop("spec.thresholds[1]"), "spec", fixed},
		"another author is undone": {set("spec.author", "somebody"), "", ""},
		"another label":            {set("metadata.labels.team", "red"), "", ""},
	}
}

func policyApprovalRows() map[string]row {
	return map[string]row{
		"a revision that is acknowledged":                     {set("spec.decision", "Acknowledge"), "spec.decision", "decision must be Approve or Object: a revision of a policy needs votes, and nobody has to acknowledge it"},
		"a revision that is neither approved nor objected to": {set("spec.decision", "Abstain"), "spec.decision", `supported values: "Approve", "Object", "Acknowledge"`},
		"an objection to a revision":                          {set("spec.decision", "Object"), "", ""},
		"a revision before the first":                         {set("spec.sequence", int64(0)), "spec.sequence", "greater than or equal to 1"},
		"a revision that nobody will see":                     {set("spec.sequence", int64(1000000001)), "spec.sequence", "less than or equal to 1000000000"},
		"a change that is not disclosed":                      {drop("spec.disclosure"), "", ""},
		"an approver that somebody typed is replaced":         {set("spec.approver", strings.Repeat("a", 600)), "", ""},
	}
}

func policyApprovalUpdateRows() map[string]row {
	const fixed = "a PolicyApproval does not change once it is made; create another one instead: of one person in one role the latest counts"
	return map[string]row{
		"another decision":           {set("spec.decision", "Object"), "spec", fixed},
		"another revision":           {set("spec.sequence", int64(3)), "spec", fixed},
		"another approver is undone": {set("spec.approver", "somebody"), "", ""},
		"another label":              {set("metadata.labels.team", "red"), "", ""},
	}
}
