// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// What people sign carries who they are, as config/admission/stamp-identities.yaml has it.
func TestSignersAreStamped(t *testing.T) {
	approval := func(by string, groups ...string) *v1alpha1.ReleaseApproval {
		return &v1alpha1.ReleaseApproval{Spec: v1alpha1.ReleaseApprovalSpec{Role: "officer", Approver: by, ApproverGroups: groups}}
	}
	revision := func(by string) *v1alpha1.PolicyApproval {
		return &v1alpha1.PolicyApproval{Spec: v1alpha1.PolicyApprovalSpec{Role: "officer", Approver: by}}
	}
	waiver := func(by string) *v1alpha1.ReleaseWaiver {
		return &v1alpha1.ReleaseWaiver{Spec: v1alpha1.ReleaseWaiverSpec{Release: "m1", Requester: by}}
	}
	judged := func(by string) *v1alpha1.ReleaseDetermination {
		return &v1alpha1.ReleaseDetermination{Spec: v1alpha1.ReleaseDeterminationSpec{Release: "m1", Author: by}}
	}
	evaluation := func(groups ...string) v1alpha1.SafetyEvaluation {
		return fixture.Evaluation("e", "uplift", "0.1", func(e *v1alpha1.SafetyEvaluation) {
			e.Spec.Evaluator, e.Spec.EvaluatorGroups, e.Spec.Reach = "jane", groups, v1alpha1.ReachNamespace
		})
	}
	const approvals, evaluations = "releaseapprovals", "safetyevaluations"
	tryAll(t, map[string]mutationRow{
		"an approval says who and in which groups": {
			send(t, v1alpha1.Group, approvals, nil, approval("")).among("officers", "system:authenticated"),
			`[{"op":"add","path":"/spec/approver","value":"jane"},{"op":"add","path":"/spec/approverGroups","value":["officers","system:authenticated"]}]`,
		},
		"what is typed in an approval is replaced": {
			send(t, v1alpha1.Group, approvals, nil, approval("john", "board")).among("officers"),
			`[{"op":"replace","path":"/spec/approver","value":"jane"},{"op":"replace","path":"/spec/approverGroups/0","value":"officers"}]`,
		},
		"groups that are typed by somebody in none are left to the guard": {
			send(t, v1alpha1.Group, approvals, nil, approval("jane", "board")), "",
		},
		"an approval keeps who and in which groups": {
			send(t, v1alpha1.Group, approvals, approval("john", "board"), approval("jane", "officers")).among("officers"),
			`[{"op":"replace","path":"/spec/approver","value":"john"},{"op":"replace","path":"/spec/approverGroups/0","value":"board"}]`,
		},
		"an approval that is sent again":      {send(t, v1alpha1.Group, approvals, approval("john", "board"), approval("john", "board")), ""},
		"the approval of a revision":          {send(t, v1alpha1.Group, "policyapprovals", nil, revision("john")), `[{"op":"replace","path":"/spec/approver","value":"jane"}]`},
		"a waiver says who asks for it":       {send(t, v1alpha1.Group, "releasewaivers", nil, waiver("john")), `[{"op":"replace","path":"/spec/requester","value":"jane"}]`},
		"a waiver keeps who asked for it":     {send(t, v1alpha1.Group, "releasewaivers", waiver("john"), waiver("")), `[{"op":"add","path":"/spec/requester","value":"john"}]`},
		"a determination says who judged":     {send(t, v1alpha1.Group, "releasedeterminations", nil, judged("")), `[{"op":"add","path":"/spec/author","value":"jane"}]`},
		"a determination keeps who judged":    {send(t, v1alpha1.Group, "releasedeterminations", judged("john"), judged("jane")), `[{"op":"replace","path":"/spec/author","value":"john"}]`},
		"the status of an approval":           {send(t, v1alpha1.Group, approvals, approval("john"), approval("jane")).through("status"), ""},
		"evidence says in which groups":       {send(t, v1alpha1.Group, evaluations, nil, evaluation()).among("red"), `[{"op":"add","path":"/spec/evaluatorGroups","value":["red"]}]`},
		"evidence with groups that are typed": {send(t, v1alpha1.Group, evaluations, nil, evaluation("red")).among("blue"), `[{"op":"replace","path":"/spec/evaluatorGroups/0","value":"blue"}]`},
		"evidence keeps in which groups":      {send(t, v1alpha1.Group, evaluations, evaluation("red"), evaluation()).among("blue"), `[{"op":"add","path":"/spec/evaluatorGroups","value":["red"]}]`},
		"evidence from before groups were":    {send(t, v1alpha1.Group, evaluations, evaluation(), evaluation("red")), ""},
	})
}

func TestAuthorsAreStamped(t *testing.T) {
	release := func(level string, authors ...string) *v1alpha1.ModelRelease {
		return fixture.Release("m1", fixture.Declared(level), func(r *v1alpha1.ModelRelease) { r.Spec.Authors = authors })
	}
	var many []string
	for i := range mostAuthors {
		many = append(many, fmt.Sprint("author-", i))
	}
	policy := func(days int32, author string) *v1alpha1.SafetyPolicy {
		return fixture.Policy("p", func(p *v1alpha1.SafetyPolicy) {
			p.Spec.ClearanceSeconds = new(days)
			if author != "" {
				p.Annotations = map[string]string{v1alpha1.AnnotationAuthor: author}
			}
		})
	}
	const releases, policies = "modelreleases", "safetypolicies"
	tryAll(t, map[string]mutationRow{
		"whoever makes a release is its author":       {send(t, v1alpha1.Group, releases, nil, release("ASL-2", "john")), `[{"op":"replace","path":"/spec/authors/0","value":"jane"}]`},
		"whoever changes it becomes one":              {send(t, v1alpha1.Group, releases, release("ASL-2", "john"), release("ASL-3", "john")), `[{"op":"add","path":"/spec/authors/1","value":"jane"}]`},
		"an author who changes it stays one":          {send(t, v1alpha1.Group, releases, release("ASL-2", "jane"), release("ASL-3")), `[{"op":"add","path":"/spec/authors","value":["jane"]}]`},
		"whoever sends it again does not":             {send(t, v1alpha1.Group, releases, release("ASL-2", "john"), release("ASL-2", "john", "jane")), `[{"op":"remove","path":"/spec/authors/1"}]`},
		"authors of a release from before there were": {send(t, v1alpha1.Group, releases, release("ASL-2"), release("ASL-2", "john")), `[{"op":"remove","path":"/spec/authors"}]`},
		"authors where there is no room":              {send(t, v1alpha1.Group, releases, release("ASL-2", many...), release("ASL-3", many...)), ""},
		"a policy says who made it":                   {send(t, v1alpha1.Group, policies, nil, policy(60, "")), `[{"op":"add","path":"/metadata/annotations","value":{"scalegate.dev/author":"jane"}}]`},
		"a policy says who changed it":                {send(t, v1alpha1.Group, policies, policy(60, "john"), policy(61, "john")), `[{"op":"replace","path":"/metadata/annotations/scalegate.dev~1author","value":"jane"}]`},
		"a policy keeps who changed it":               {send(t, v1alpha1.Group, policies, policy(60, "john"), policy(60, "")), `[{"op":"add","path":"/metadata/annotations","value":{"scalegate.dev/author":"john"}}]`},
		"a policy from before authors were":           {send(t, v1alpha1.Group, policies, policy(60, ""), policy(60, "john")), `[{"op":"remove","path":"/metadata/annotations/scalegate.dev~1author"}]`},
	})
}
