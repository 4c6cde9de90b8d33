// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/revision"
)

// revisions are the records of the case's policy, and what people said about them, at the times of the case.
type revisions struct {
	records []v1alpha1.PolicyRevision
	votes   []v1alpha1.PolicyApproval
}

// amend changes the policy.
func (w *world) amend(ctx context.Context, as Person, step *PolicyStep) error {
	policy, err := w.policy(ctx)
	if err != nil {
		return err
	}
	if err := edit(&policy.Spec, step.Set); err != nil {
		return err
	}
	if err := w.update(ctx, as, policy); err != nil {
		return err
	}
	return w.revise(ctx, policy)
}

// revise records the text of the policy as a revision, where it is another one, as the controller does.
func (w *world) revise(ctx context.Context, policy *v1alpha1.SafetyPolicy) error {
	text, err := revision.TextOf(&policy.Spec)
	if err != nil {
		return err
	}
	standing := revision.StandingOf(w.revisions.records)
	record := v1alpha1.PolicyRevision{}
	record.Spec = v1alpha1.PolicyRevisionSpec{
		Policy: policy.Name, Sequence: 1, Revision: text.Revision, Digest: text.Digest, Text: text.JSON,
		Effect: v1alpha1.EffectInitial, Author: policy.Annotations[v1alpha1.AnnotationAuthor],
	}
	if newest := standing.Newest; newest != nil {
		if newest.Spec.Digest == text.Digest {
			return nil
		}
		before, err := revision.Read(standing.InForce)
		if err != nil {
			return err
		}
		changes, effect := revision.Compare(&before.Spec, &policy.Spec)
		record.Spec.Sequence, record.Spec.ComparedWith = newest.Spec.Sequence+1, new(standing.InForce.Spec.Sequence)
		record.Spec.Effect, record.Spec.Changes = effect, revision.Kept(changes)
	}
	record.Name = fmt.Sprintf("%s-%d", policy.Name, record.Spec.Sequence)
	if err := w.store.Make(ctx, &record); err != nil {
		return fmt.Errorf("recording revision %d: %w", record.Spec.Sequence, err)
	}
	record.CreationTimestamp = metav1.NewTime(w.now)
	w.revisions.records = append(w.revisions.records, record)
	return w.enforce(ctx)
}

// enforce brings the newest revision into force once it may be, as the controller does.
func (w *world) enforce(ctx context.Context) error {
	standing := revision.StandingOf(w.revisions.records)
	newest := standing.Newest
	if newest == nil || newest.Status.InForceTime != nil {
		return nil
	}
	if newest.Spec.Effect == v1alpha1.EffectWeakening {
		ballot, err := standing.BallotOf(newest)
		if err != nil {
			return err
		}
		tally := ballot.Count(w.votesFor(newest))
		if !tally.Approved || tally.Objection != "" || w.now.Before(ballot.Earliest()) {
			return nil
		}
	}
	at := slices.IndexFunc(w.revisions.records, func(r v1alpha1.PolicyRevision) bool { return r.Name == newest.Name })
	stored := w.revisions.records[at].DeepCopy()
	stored.Status.InForceTime = new(metav1.NewTime(w.now))
	if err := w.store.Record(ctx, stored); err != nil {
		return fmt.Errorf("bringing revision %s into force: %w", stored.Name, err)
	}
	stored.CreationTimestamp = w.revisions.records[at].CreationTimestamp
	w.revisions.records[at] = *stored
	return nil
}

func (w *world) votesFor(record *v1alpha1.PolicyRevision) []v1alpha1.PolicyApproval {
	var all []v1alpha1.PolicyApproval
	for i := range w.revisions.votes {
		if w.revisions.votes[i].Spec.Sequence == record.Spec.Sequence {
			all = append(all, w.revisions.votes[i])
		}
	}
	return all
}

// vote says something about the newest revision.
func (w *world) vote(ctx context.Context, as Person, step *PolicyApprovalStep) error {
	newest := revision.StandingOf(w.revisions.records).Newest
	a := &v1alpha1.PolicyApproval{Spec: *step.DeepCopy()}
	a.Name = fmt.Sprintf("%s-%s", w.place.Policy, w.name("", "vote"))
	a.Spec.Policy, a.Spec.PolicyRevision, a.Spec.Sequence = w.place.Policy, newest.Spec.Revision, newest.Spec.Sequence
	a.Spec.Rationale = cmp.Or(a.Spec.Rationale, unsaid)
	if a.Spec.Role == "" && len(as.Signs) > 0 {
		a.Spec.Role = as.Signs[0]
	}
	if err := w.create(ctx, as, a); err != nil {
		return err
	}
	a.CreationTimestamp = metav1.NewTime(w.now)
	w.revisions.votes = append(w.revisions.votes, *a)
	return nil
}
