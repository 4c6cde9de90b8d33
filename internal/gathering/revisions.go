// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gathering

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/revision"
)

// ByPolicy is the field index of PolicyRevisions and PolicyApprovals by the policy that they are about. It is a field selector
// of the API server too.
const ByPolicy = "spec.policy"

// RevisionPolicy is the key of a PolicyRevision in the index [ByPolicy].
func RevisionPolicy(r *v1alpha1.PolicyRevision) []string { return []string{r.Spec.Policy} }

// ApprovalPolicy is as RevisionPolicy, for PolicyApprovals.
func ApprovalPolicy(a *v1alpha1.PolicyApproval) []string { return []string{a.Spec.Policy} }

// RevisionName is the name of the record of a sequence.
func RevisionName(policy string, sequence int64) string {
	return fmt.Sprintf("%s-%d", policy, sequence)
}

// Revisions is what the records of a policy's revisions say together.
func Revisions(ctx context.Context, reader client.Reader, policy string) (revision.Standing, error) {
	records, err := revisions(ctx, reader, policy)
	return revision.StandingOf(records), err
}

func revisions(ctx context.Context, reader client.Reader, policy string) ([]v1alpha1.PolicyRevision, error) {
	list := &v1alpha1.PolicyRevisionList{}
	if err := reader.List(ctx, list, client.MatchingFields{ByPolicy: policy}); err != nil {
		return nil, fmt.Errorf("listing the revisions of SafetyPolicy %s: %w", policy, err)
	}
	return list.Items, nil
}

// Governed fills in what the records of its revisions say of the input's policy: its revision, and while that is not in force
// the one that is. Nothing is granted under a text in force that cannot be read. records are those of the policy.
func Governed(in *gate.Input, records revision.Standing) error {
	text, err := revision.TextOf(&in.Policy.Spec)
	if err != nil {
		return fmt.Errorf("SafetyPolicy %s: %w", in.Policy.Name, err)
	}
	in.PolicyRevision, in.PriorRevisions = text.Revision, records.Prior
	if records.Holds(text.Digest) {
		return nil
	}
	in.InForce = &v1alpha1.SafetyPolicy{}
	in.InForce.Name = in.Policy.Name
	if records.InForce == nil {
		return nil
	}
	if readable, err := revision.Read(records.InForce); err == nil {
		in.InForce, in.InForceRevision = readable, records.InForce.Spec.Revision
	}
	if in.InForceRevision == in.PolicyRevision {
		// A revision is the beginning of a digest. Texts that were made to have the same are told apart by the whole of it.
		in.InForceRevision = "sha256:" + records.InForce.Spec.Digest
	}
	return nil
}

// standing is what the records of a policy's revisions say. Their texts may be long, so they are taken from the cache; those of
// which the status can still change, and those that the cache does not show yet, are asked for one by one.
func (s Source) standing(ctx context.Context, policy string) (revision.Standing, error) {
	records, err := revisions(ctx, s.Cache, policy)
	if err != nil {
		return revision.Standing{}, err
	}
	known := revision.StandingOf(records)
	var settled, last int64
	if known.InForce != nil && known.InForce.Status.InForceTime != nil {
		settled = known.InForce.Spec.Sequence
	}
	if known.Newest != nil {
		last = known.Newest.Spec.Sequence
	}
	records = slices.DeleteFunc(records, func(r v1alpha1.PolicyRevision) bool { return r.Spec.Sequence > settled })
	for sequence := settled + 1; ; sequence++ {
		r := &v1alpha1.PolicyRevision{}
		switch err := s.Reader.Get(ctx, types.NamespacedName{Name: RevisionName(policy, sequence)}, r); {
		case err == nil:
			records = append(records, *r)
		case !apierrors.IsNotFound(err):
			return revision.Standing{}, fmt.Errorf("reading PolicyRevision %s: %w", RevisionName(policy, sequence), err)
		case sequence > last:
			return revision.StandingOf(records), nil
		}
	}
}

// Enforced is a policy as it is enforced: while it is not in force, what [revision.Strictest] makes of it and of what is.
func (s Source) Enforced(ctx context.Context, policy *v1alpha1.SafetyPolicy) (*v1alpha1.SafetyPolicy, error) {
	records, err := s.standing(ctx, policy.Name)
	if err != nil {
		return nil, err
	}
	in := gate.Input{Policy: policy}
	if err := Governed(&in, records); err != nil {
		return nil, err
	}
	return revision.Enforced(in.Policy, in.InForce), nil
}
