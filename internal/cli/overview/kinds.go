// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Kind is one of Scalegate's kinds as a table shows it.
type Kind struct {
	// Name is the kind, and Resource its plural, in lower case, as kubectl takes it.
	Name, Resource string
	// Words are what people call it, besides: in lower case. The third is the one that they are told.
	Words []string
	// Namespaced is whether objects of it are in a namespace.
	Namespaced bool
	// New is an empty object of the kind, and NewList an empty list of them.
	New     func() client.Object
	NewList func() client.ObjectList
	// Columns are the headings behind the name, wide ones with a + before them.
	Columns []string
	// Row has a cell for each column. It is given only objects of the kind.
	Row func(o client.Object, at At) []string
}

// At is when, and for whom, a table is made.
type At struct {
	Now time.Time
	// Program is how the caller starts this one.
	Program string
}

// Kinds are all of them, releases first.
func Kinds() []Kind {
	return []Kind{
		{
			Name: "ModelRelease", Resource: "modelreleases", Words: []string{"modelrelease", "mrel", "releases", "release"}, Namespaced: true,
			New: func() client.Object { return &v1alpha1.ModelRelease{} }, NewList: func() client.ObjectList { return &v1alpha1.ModelReleaseList{} },
			Columns: []string{"Model", "Policy", "Level", "Asked", "Granted", "State", "Reason", "Serving", "Held", "Since", "+Until", "+Next"},
			Row:     rows(releaseRow),
		},
		{
			Name: "SafetyEvaluation", Resource: "safetyevaluations", Words: []string{"safetyevaluation", "seval", "evaluations", "evaluation"}, Namespaced: true,
			New: func() client.Object { return &v1alpha1.SafetyEvaluation{} }, NewList: func() client.ObjectList { return &v1alpha1.SafetyEvaluationList{} },
			Columns: []string{"Release", "Requirement", "Source", "Value", "Samples", "State", "Reason", "Age", "+Evaluator", "+Message"},
			Row:     rows(evaluationRow),
		},
		{
			Name: "SafetyPolicy", Resource: "safetypolicies", Words: []string{"safetypolicy", "spol", "policies", "policy"},
			New: func() client.Object { return &v1alpha1.SafetyPolicy{} }, NewList: func() client.ObjectList { return &v1alpha1.SafetyPolicyList{} },
			Columns: []string{"Version", "Levels", "Exposures", "Requirements", "Releases", "Ready", "Reason", "Age", "+Revision", "+Guarded", "+Covered"},
			Row:     rows(policyRow),
		},
		{
			Name: "PolicyRevision", Resource: "policyrevisions", Words: []string{"policyrevision", "prev", "revisions", "revision"},
			New: func() client.Object { return &v1alpha1.PolicyRevision{} }, NewList: func() client.ObjectList { return &v1alpha1.PolicyRevisionList{} },
			Columns: []string{"Policy", "Sequence", "Effect", "InForce", "Reason", "Age", "+Author", "+Revision", "+Message"},
			Row:     rows(revisionRow),
		},
		{
			Name: "EvaluationSuite", Resource: "evaluationsuites", Words: []string{"evaluationsuite", "suite", "suites"},
			New: func() client.Object { return &v1alpha1.EvaluationSuite{} }, NewList: func() client.ObjectList { return &v1alpha1.EvaluationSuiteList{} },
			Columns: []string{"Protocol", "Version", "Server", "Ready", "Reason", "Age", "+Message"},
			Row:     rows(suiteRow),
		},
		{
			Name: "AdverseFinding", Resource: "adversefindings", Words: []string{"adversefinding", "afind", "findings", "finding"},
			New: func() client.Object { return &v1alpha1.AdverseFinding{} }, NewList: func() client.ObjectList { return &v1alpha1.AdverseFindingList{} },
			Columns: []string{"Requirement", "Value", "Evaluation", "Policy", "State", "Age", "+Reach", "+ResolvedBy", "+Message"},
			Row:     rows(findingRow),
		},
		{
			Name: "ReleaseApproval", Resource: "releaseapprovals", Words: []string{"releaseapproval", "rappr", "approvals", "approval"}, Namespaced: true,
			New: func() client.Object { return &v1alpha1.ReleaseApproval{} }, NewList: func() client.ObjectList { return &v1alpha1.ReleaseApprovalList{} },
			Columns: []string{"Release", "About", "Role", "Decision", "Exposure", "Approver", "Counts", "Reason", "Until", "Age", "+Message"},
			Row:     rows(approvalRow),
		},
		{
			Name: "ReleaseWaiver", Resource: "releasewaivers", Words: []string{"releasewaiver", "rwaiv", "waivers", "waiver"}, Namespaced: true,
			New: func() client.Object { return &v1alpha1.ReleaseWaiver{} }, NewList: func() client.ObjectList { return &v1alpha1.ReleaseWaiverList{} },
			Columns: []string{"Release", "Requirements", "Path", "Exposure", "Requester", "Counts", "Reason", "Until", "Age", "+Message"},
			Row:     rows(waiverRow),
		},
		{
			Name: "ReleaseDetermination", Resource: "releasedeterminations", Words: []string{"releasedetermination", "rdet", "determinations", "determination"}, Namespaced: true,
			New: func() client.Object { return &v1alpha1.ReleaseDetermination{} }, NewList: func() client.ObjectList { return &v1alpha1.ReleaseDeterminationList{} },
			Columns: []string{"Release", "Thresholds", "Author", "Counts", "Reason", "Until", "Age", "+Message"},
			Row:     rows(determinationRow),
		},
		{
			Name: "GateDecision", Resource: "gatedecisions", Words: []string{"gatedecision", "gdec", "decisions", "decision"}, Namespaced: true,
			New: func() client.Object { return &v1alpha1.GateDecision{} }, NewList: func() client.ObjectList { return &v1alpha1.GateDecisionList{} },
			Columns: []string{"Release", "Sequence", "Granted", "Reason", "Decided", "Enforced", "+Cause"},
			Row:     rows(decisionRow),
		},
	}
}

// KindFor is the kind that a word means, in whatever case; false when none is.
func KindFor(word string) (Kind, bool) {
	word = strings.TrimSuffix(strings.ToLower(word), "."+v1alpha1.Group)
	all := Kinds()
	i := slices.IndexFunc(all, func(k Kind) bool { return k.Resource == word || slices.Contains(k.Words, word) })
	if i < 0 {
		return Kind{}, false
	}
	return all[i], true
}

// Sort orders objects as a table shows them: by namespace and name, and decisions and revisions by what they are about
// and their sequence.
func Sort(objects []client.Object) {
	slices.SortFunc(objects, func(a, b client.Object) int {
		if c := strings.Compare(a.GetNamespace(), b.GetNamespace()); c != 0 {
			return c
		}
		of, n := series(a)
		with, m := series(b)
		if c := strings.Compare(of, with); c != 0 {
			return c
		}
		if n != m {
			return int(n - m)
		}
		return strings.Compare(a.GetName(), b.GetName())
	})
}

// series is what an object is one of a sequence about, and its place in it.
func series(o client.Object) (of string, sequence int64) {
	switch o := o.(type) {
	case *v1alpha1.GateDecision:
		return o.Spec.Release, o.Spec.Sequence
	case *v1alpha1.PolicyRevision:
		return o.Spec.Policy, o.Spec.Sequence
	}
	return "", 0
}

// rows makes a row function for objects of one type.
func rows[T client.Object](row func(T, At) []string) func(client.Object, At) []string {
	return func(o client.Object, at At) []string {
		typed, ok := o.(T)
		if !ok {
			return nil
		}
		return row(typed, at)
	}
}

// ago is how long ago something was, as kubectl says it; empty for a time that is not known.
func (at At) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return duration.HumanDuration(at.Now.Sub(t))
}

func (at At) age(o client.Object) string { return at.ago(o.GetCreationTimestamp().Time) }

// until is a time that something ends; empty where it does not.
func until(t *metav1.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// condition gives status, reason and message; empty without the condition.
func condition(conditions []metav1.Condition, kind string) (status, reason, message string) {
	if c := meta.FindStatusCondition(conditions, kind); c != nil {
		return string(c.Status), c.Reason, c.Message
	}
	return "", "", ""
}

func number(n *int32) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}
