// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/policycase"
)

// everybody is the group that an API server puts everybody in who says who they are.
const everybody = "system:authenticated"

// stamp writes who sent an object, as the admission policies do. old is nil for one that is made. Nobody here holds the verb
// attest.
func stamp(as policycase.Person, old, object policycase.Object) {
	groups := append(slices.Clone(as.Groups), everybody)
	switch o := object.(type) {
	case *v1alpha1.ModelRelease:
		stampRelease(as, old, o)
	case *v1alpha1.SafetyEvaluation:
		was, _ := old.(*v1alpha1.SafetyEvaluation)
		if was == nil {
			o.Spec.Evaluator, o.Spec.EvaluatorGroups, o.Spec.Reach = as.User, groups, v1alpha1.ReachNamespace
			stampRevocation(as, nil, o.Spec.Revocation, "")
			return
		}
		o.Spec.Evaluator, o.Spec.EvaluatorGroups, o.Spec.Reach = was.Spec.Evaluator, was.Spec.EvaluatorGroups, was.Spec.Reach
		stampRevocation(as, was.Spec.Revocation, o.Spec.Revocation, "")
	case *v1alpha1.ReleaseApproval:
		o.Spec.Approver, o.Spec.ApproverGroups = as.User, groups
	case *v1alpha1.PolicyApproval:
		o.Spec.Approver, o.Spec.ApproverGroups = as.User, groups
	case *v1alpha1.ReleaseWaiver:
		o.Spec.Requester = as.User
	case *v1alpha1.ReleaseDetermination:
		o.Spec.Author = as.User
	case *v1alpha1.SafetyPolicy:
		stampPolicy(as, old, o)
	case *v1alpha1.AdverseFinding:
		if o.Spec.Resolution != nil {
			o.Spec.Resolution.ResolvedBy = as.User
		}
	}
}

// stampRelease adds whoever makes a release, or changes what it is and what it asks for, to its authors.
func stampRelease(as policycase.Person, old policycase.Object, o *v1alpha1.ModelRelease) {
	was, _ := old.(*v1alpha1.ModelRelease)
	var authors []string
	var before *v1alpha1.Revocation
	changed := was == nil
	if was != nil {
		authors, before = slices.Clone(was.Spec.Authors), was.Spec.Revocation
		essence := func(s *v1alpha1.ModelReleaseSpec) v1alpha1.ModelReleaseSpec {
			return v1alpha1.ModelReleaseSpec{
				Policy: s.Policy, Artifacts: s.Artifacts, Serving: s.Serving, Level: s.Level, Exposure: s.Exposure, DerivedFrom: s.DerivedFrom,
			}
		}
		changed = !equality.Semantic.DeepEqual(essence(&was.Spec), essence(&o.Spec))
	}
	if changed && !slices.Contains(authors, as.User) {
		authors = append(authors, as.User)
	}
	o.Spec.Authors = authors
	stampRevocation(as, before, o.Spec.Revocation, v1alpha1.ReachNamespace)
}

// stampRevocation writes who changed the words of a revocation.
func stampRevocation(as policycase.Person, was, is *v1alpha1.Revocation, reach v1alpha1.Reach) {
	switch {
	case is == nil:
	case was != nil && was.Severity == is.Severity && was.Reason == is.Reason:
		*is = *was
	default:
		is.RevokedBy, is.Reach = as.User, reach
	}
}

// stampPolicy writes who made a policy, or changed its spec last.
func stampPolicy(as policycase.Person, old policycase.Object, o *v1alpha1.SafetyPolicy) {
	author := as.User
	if was, ok := old.(*v1alpha1.SafetyPolicy); ok && equality.Semantic.DeepEqual(was.Spec, o.Spec) {
		author = was.Annotations[v1alpha1.AnnotationAuthor]
	}
	if o.Annotations == nil {
		o.Annotations = map[string]string{}
	}
	o.Annotations[v1alpha1.AnnotationAuthor] = author
}
