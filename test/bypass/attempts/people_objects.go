// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Kinds that people sign, and those that are records.
func approvalKind() Kind       { return own("releaseapprovals", "ReleaseApproval", true) }
func waiverKind() Kind         { return own("releasewaivers", "ReleaseWaiver", true) }
func determinationKind() Kind  { return own("releasedeterminations", "ReleaseDetermination", true) }
func policyApprovalKind() Kind { return own("policyapprovals", "PolicyApproval", false) }
func decisionKind() Kind       { return own("gatedecisions", "GateDecision", true) }
func policyRevisionKind() Kind { return own("policyrevisions", "PolicyRevision", false) }

// Signed are the kinds that people sign, each with the field that says who did.
func signedKinds() map[Kind]string {
	return map[Kind]string{approvalKind(): "approver", policyApprovalKind(): "approver", waiverKind(): "requester", determinationKind(): "author"}
}

// Roles that approvals are given in.
const (
	officerRole = "officer"
	boardRole   = "board"
)

// mostAuthors is how many authors a release has at most.
const mostAuthors = 64

// authorKey is the annotation that says who changed a policy last.
const authorKey = "scalegate.dev/author"

// about is a spec with what each thing that is signed about a release has to have. The release is nowhere, so that no grant
// rests on it.
func about(fields map[string]any) map[string]any {
	maps.Copy(fields, map[string]any{
		"release": "signed", "subjectDigest": "sha256:" + digest("signed"), "policyRevision": "sha256:0000000000000000",
	})
	return fields
}

func releaseApproval(name, role, decision string) map[string]any {
	content := object(approvalKind(), name)
	content[spec] = about(map[string]any{"role": role, "decision": decision, "exposure": "General", "rationale": "The report was read."})
	return content
}

func releaseWaiver(name string) map[string]any {
	content := object(waiverKind(), name)
	content[spec] = about(map[string]any{
		"requirements": []any{"proof"}, "exposure": "General", "reason": "The range is rebuilt.", "compensatingControls": []any{"Every answer is read."},
		"disclosure": "record 7", "endTime": "2027-01-01T00:00:00Z",
	})
	return content
}

func releaseDetermination(name string, conclusions ...string) map[string]any {
	content := object(determinationKind(), name)
	var thresholds []any
	for i, conclusion := range conclusions {
		thresholds = append(thresholds, map[string]any{"name": fmt.Sprint("T-", i), "conclusion": conclusion})
	}
	content[spec] = about(map[string]any{"thresholds": thresholds, "rationale": "Two of three trials.", "disclosure": "record 8"})
	return content
}

func policyApproval(name, role, decision string) map[string]any {
	content := object(policyApprovalKind(), name)
	content[spec] = map[string]any{
		"policy": "bypass-gone", "policyRevision": "sha256:0000000000000000", "sequence": int64(1), "role": role, "decision": decision,
		"rationale": "The range measured something else.",
	}
	return content
}

func gateDecision(name string) map[string]any {
	content := object(decisionKind(), name)
	content[spec] = map[string]any{
		"release": "signed", "releaseUID": "00000000-0000-4000-8000-000000000001", "sequence": int64(1), "decidedTime": "2026-01-01T00:00:00Z",
		"policy": "bypass-gone", "reason": "EvidenceMissing", "inputDigest": digest("input"), "decisionDigest": digest("decision"), "digest": digest("record"),
	}
	return content
}

func policyRevision(name string) map[string]any {
	content := object(policyRevisionKind(), name)
	content[spec] = map[string]any{
		"policy": "bypass-gone", "sequence": int64(1), "revision": "sha256:0000000000000000", "digest": digest("text"), "effect": "Initial", "text": "{}",
	}
	return content
}

// clusterPeople are the fixtures of what is signed and recorded of policies.
func clusterPeople() []Fixture {
	return []Fixture{
		{Name: "bypass-approved", Kind: policyApprovalKind(), Object: policyApproval("bypass-approved", officerRole, "Approve"), Who: approver()},
		{Name: "bypass-objected", Kind: policyApprovalKind(), Object: policyApproval("bypass-objected", officerRole, "Object"), Who: approver()},
		{Name: "bypass-gone-1", Kind: policyRevisionKind(), Object: policyRevision("bypass-gone-1"), Who: controller()},
	}
}

// signedFixtures are those of what is signed and recorded of releases.
func signedFixtures() []Fixture {
	return []Fixture{
		{Name: "approved", Kind: approvalKind(), Object: releaseApproval("approved", officerRole, "Approve"), Who: approver()},
		{Name: "objected", Kind: approvalKind(), Object: releaseApproval("objected", officerRole, "Object"), Who: approver()},
		{Name: "waived", Kind: waiverKind(), Object: releaseWaiver("waived"), Who: tenant()},
		{Name: "judged-reached", Kind: determinationKind(), Object: releaseDetermination("judged-reached", "RuledOut", "Reached"), Who: tenant()},
		{Name: "judged-out", Kind: determinationKind(), Object: releaseDetermination("judged-out", "RuledOut", "RuledOut"), Who: tenant()},
		{Name: "signed-1", Kind: decisionKind(), Object: gateDecision("signed-1"), Who: controller()},
	}
}

// LeavingRecords are what is signed and recorded in the ground Leaving. They cannot go before the suite does.
func LeavingRecords() []Fixture {
	all := slices.DeleteFunc(signedFixtures(), func(f Fixture) bool { return f.Name == "judged-out" })
	for i := range all {
		put([]any{"bypass.example/stay"}, metadata, "finalizers")(all[i].Object)
	}
	return all
}

// Unstamped are what was made before it was stamped, in the ground Misspelt or in none: while neither stamps nor their
// guards were bound.
func Unstamped() []Fixture {
	evaluation := safetyEvaluation("unstamped")
	put(evaluator().Name, spec, "evaluator")(evaluation)
	crowded := modelRelease("crowded", "High")
	var authors []any
	for i := range mostAuthors {
		authors = append(authors, fmt.Sprint("author-", i))
	}
	put(authors, spec, "authors")(crowded)
	return []Fixture{
		{Name: "unstamped", Kind: evaluationKind(), Object: evaluation, Who: evaluator()},
		{Name: "unauthored", Kind: releaseKind(), Object: modelRelease("unauthored", "High"), Who: clusterAdmin()},
		{Name: "crowded", Kind: releaseKind(), Object: crowded, Who: clusterAdmin()},
		{Name: "unsigned", Kind: approvalKind(), Object: releaseApproval("unsigned", officerRole, "Approve"), Who: clusterAdmin()},
		{Name: "unsigned", Kind: waiverKind(), Object: releaseWaiver("unsigned"), Who: clusterAdmin()},
		{Name: "bypass-unauthored", Kind: policyKind(), Object: safetyPolicy("bypass-unauthored"), Who: clusterAdmin()},
	}
}

// StampBinding is the binding of what stamps, and GuardBinding that of what holds others to the stamps.
const (
	StampBinding = "scalegate-stamp-identities"
	GuardBinding = "scalegate-guard-objects"
)

// Carries tells whether an object carries the name of somebody in the place of a stamp.
func Carries(content map[string]any, who Identity) bool {
	for _, field := range []string{"evaluator", "approver", "requester", "author"} {
		if textAt(content, spec, field) == who.Name {
			return true
		}
	}
	authors, _ := at(content, spec, "authors").([]any)
	return slices.Contains(authors, any(who.Name)) || textAt(content, metadata, annotations, authorKey) == who.Name
}

// groupsOf are the groups that the API server knows a user to be in.
func groupsOf(who Identity) (groups []any) {
	for _, group := range who.Groups {
		groups = append(groups, group)
	}
	if rest, ok := strings.CutPrefix(who.Name, "system:serviceaccount:"); ok && len(groups) == 0 {
		namespace, _, _ := strings.Cut(rest, ":")
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+namespace)
	}
	return append(groups, "system:authenticated")
}

// inOwnName types the stamps of an approval as they will be.
func inOwnName(who Identity) Change {
	return both(put(who.Name, spec, "approver"), put(groupsOf(who), spec, "approverGroups"))
}

// evaluatedBy types the stamps of an evaluation as they will be.
func evaluatedBy(who Identity) Change {
	return both(put(who.Name, spec, "evaluator"), put(groupsOf(who), spec, "evaluatorGroups"))
}
