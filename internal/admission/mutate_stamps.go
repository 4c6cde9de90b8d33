// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// stampEvaluation is scalegate-stamp-identities for evaluations: who brought the evidence is who sent it, and
// his rights say how far his word reaches.
func (h *Holds) stampEvaluation(ctx context.Context, m mutation) {
	h.stampRevoker(ctx, m)
	if !has(m.object, "spec") {
		return
	}
	evaluator, reach := textAt(m.old, "spec", "evaluator"), textAt(m.old, "spec", "reach")
	if m.old == nil {
		evaluator, reach = m.user.Username, h.reach(ctx, &m)
	}
	if evaluator != "" {
		put(m.object, evaluator, "spec", "evaluator")
	}
	if reach != "" {
		put(m.object, reach, "spec", "reach")
	}
	stampGroups(&m, "evaluatorGroups")
}

// stampGroups writes the groups of the sender, or keeps those that stand. What was never stamped is not stamped later.
func stampGroups(m *mutation, field string) {
	groups, _ := at(m.old, "spec", field).([]any)
	if m.old == nil {
		for _, group := range m.user.Groups {
			groups = append(groups, group)
		}
	}
	if len(groups) > 0 {
		put(m.object, groups, "spec", field)
	}
}

// stampRevoker writes who revoked: who revokes is who changed the words of a revocation. One whose words stay
// keeps its stamps, and that of an evaluation has no reach of its own.
func (h *Holds) stampRevoker(ctx context.Context, m mutation) {
	if !has(m.object, "spec", "revocation") {
		return
	}
	if has(m.old, "spec", "revocation") && sameFields(m, []string{"spec", "revocation"}, "severity", "reason") {
		put(m.object, at(m.old, "spec", "revocation"), "spec", "revocation")
		return
	}
	put(m.object, m.user.Username, "spec", "revocation", "revokedBy")
	if textAt(m.object, "kind") == "ModelRelease" {
		put(m.object, h.reach(ctx, &m), "spec", "revocation", "reach")
	} else {
		drop(m.object, "spec", "revocation", "reach")
	}
}

// reach is how far the word of the sender counts. Whose rights cannot be asked for counts no further than his namespace;
// the validating policies, which can ask, then refuse what should have reached further.
func (h *Holds) reach(ctx context.Context, m *mutation) string {
	if h.options.Attests == nil {
		return string(v1alpha1.ReachNamespace)
	}
	attests, err := h.options.Attests(ctx, m.user)
	if err != nil {
		log.FromContext(ctx).Error(err, "Could not ask whether the sender holds the verb attest: taking it for no")
	}
	if err != nil || !attests {
		return string(v1alpha1.ReachNamespace)
	}
	return string(v1alpha1.ReachCluster)
}

// stampResolver is scalegate-stamp-identities for findings: who resolves a finding is who changed its resolution.
func stampResolver(_ context.Context, m mutation) {
	if !has(m.object, "spec", "resolution") {
		return
	}
	resolver := m.user.Username
	if has(m.old, "spec", "resolution") && sameFields(m, []string{"spec", "resolution"}, "namespace", "evaluation", "reason") {
		resolver = textAt(m.old, "spec", "resolution", "resolvedBy")
	}
	if resolver != "" {
		put(m.object, resolver, "spec", "resolution", "resolvedBy")
	}
}

// sameFields reports whether some fields of a map are in the object what they were before.
func sameFields(m mutation, path []string, names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool {
		field := append(slices.Clone(path), name)
		return !reflect.DeepEqual(at(m.object, field...), at(m.old, field...))
	})
}

// Attests asks the API server whether a user holds the verb attest on all SafetyPolicies, as the admission policies do
// by themselves.
func Attests(reviews authorization.SubjectAccessReviewInterface) func(context.Context, authenticationv1.UserInfo) (bool, error) {
	return func(ctx context.Context, user authenticationv1.UserInfo) (bool, error) {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: user.Username, UID: user.UID, Groups: user.Groups,
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Group: v1alpha1.Group, Resource: "safetypolicies", Verb: v1alpha1.VerbAttest,
			},
		}}
		for key, values := range user.Extra {
			if review.Spec.Extra == nil {
				review.Spec.Extra = map[string]authorizationv1.ExtraValue{}
			}
			review.Spec.Extra[key] = authorizationv1.ExtraValue(values)
		}
		answer, err := reviews.Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return false, fmt.Errorf("asking whether %s holds the verb %s: %w", user.Username, v1alpha1.VerbAttest, err)
		}
		return answer.Status.Allowed, nil
	}
}
