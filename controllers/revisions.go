// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/revision"
)

// +kubebuilder:rbac:groups=scalegate.dev,resources=policyrevisions,verbs=get;list;watch;create
// +kubebuilder:rbac:groups=scalegate.dev,resources=policyapprovals,verbs=get;list;watch
// +kubebuilder:rbac:groups=scalegate.dev,resources=policyrevisions/status;policyapprovals/status,verbs=get;update;patch

// revised is what became of the revisions of a policy.
type revised struct {
	// newest is the record of the policy's text.
	newest *v1alpha1.PolicyRevision
	// summary says whether it is in force.
	summary summary
	// again is when time alone may bring it into force, from now; 0 for never.
	again time.Duration
	// stale: what the cache shows of the policy is not what it says. Nothing was done.
	stale bool
}

// revise records the policy's text where it is another one than before, brings it into force where nothing is in the way, and
// says of each record what it is.
func (r *SafetyPolicyReconciler) revise(ctx context.Context, p *v1alpha1.SafetyPolicy) (revised, error) {
	text, err := revision.TextOf(&p.Spec)
	if err != nil {
		return revised{}, fmt.Errorf("SafetyPolicy %s: %w", p.Name, err)
	}
	records, err := gathering.Revisions(ctx, r.Client, p.Name)
	if err != nil {
		return revised{}, err
	}
	now, err := r.judge(ctx, r.Client, records)
	if err != nil {
		return revised{}, err
	}
	if unrecorded(records, text) || now.adopt {
		// The rest changes what counts, and so follows from what the API server says.
		if current, err := r.current(ctx, p); err != nil || !current {
			return revised{stale: true}, err
		}
		if records, err = gathering.Revisions(ctx, r.Live, p.Name); err != nil {
			return revised{}, err
		}
		if unrecorded(records, text) {
			if records, err = r.record(ctx, p, text, records); err != nil {
				return revised{stale: apierrors.IsAlreadyExists(err)}, ignoreAlreadyExists(err)
			}
		}
		if now, err = r.judge(ctx, r.Live, records); err != nil {
			return revised{}, err
		}
	}
	if err := r.mark(ctx, records, now); err != nil {
		return revised{}, err
	}
	return revised{newest: records.Newest, summary: now.newest, again: now.again}, nil
}

func ignoreAlreadyExists(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// current reports whether the policy is what the cache shows.
func (r *SafetyPolicyReconciler) current(ctx context.Context, p *v1alpha1.SafetyPolicy) (bool, error) {
	live := &v1alpha1.SafetyPolicy{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(p), live); apierrors.IsNotFound(err) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("reading SafetyPolicy %s live: %w", p.Name, err)
	}
	return live.UID == p.UID && equality.Semantic.DeepEqual(live.Spec, p.Spec) &&
		live.Annotations[v1alpha1.AnnotationAuthor] == p.Annotations[v1alpha1.AnnotationAuthor], nil
}

// unrecorded reports whether a text needs a record: it is another one than the newest has, or that was compared with a text
// that is not the one in force any more.
func unrecorded(records revision.Standing, text revision.Text) bool {
	newest := records.Newest
	if newest == nil || newest.Spec.Digest != text.Digest {
		return true
	}
	return records.InForce != nil && records.InForce != newest && records.Basis(newest) != records.InForce
}

// record makes the next record, compared with the text in force.
func (r *SafetyPolicyReconciler) record(
	ctx context.Context, p *v1alpha1.SafetyPolicy, text revision.Text, records revision.Standing,
) (revision.Standing, error) {
	next := &v1alpha1.PolicyRevision{Spec: v1alpha1.PolicyRevisionSpec{
		Policy: p.Name, Sequence: 1, Revision: text.Revision, Digest: text.Digest, Text: text.JSON,
		Effect: v1alpha1.EffectInitial, Author: p.Annotations[v1alpha1.AnnotationAuthor],
	}}
	if records.Newest != nil {
		next.Spec.Sequence = records.Newest.Spec.Sequence + 1
		next.Spec.Effect = v1alpha1.EffectWeakening
	}
	if inForce := records.InForce; inForce != nil {
		next.Spec.ComparedWith = new(inForce.Spec.Sequence)
		// A text in force that cannot be read cannot be compared with, and stays a weakening.
		if before, err := revision.Read(inForce); err == nil {
			next.Spec.Changes, next.Spec.Effect = revision.Compare(&before.Spec, &p.Spec)
			next.Spec.Changes = revision.Kept(next.Spec.Changes)
		}
	}
	next.Name = gathering.RevisionName(p.Name, next.Spec.Sequence)
	if err := r.Create(ctx, next); err != nil {
		return records, fmt.Errorf("recording revision %d of SafetyPolicy %s: %w", next.Spec.Sequence, p.Name, err)
	}
	if next.Spec.Effect == v1alpha1.EffectWeakening {
		r.Events.Eventf(p, next, corev1.EventTypeWarning, v1alpha1.ReasonPolicyWeakened, "Revise", "%s", weakened(next))
	}
	return gathering.Revisions(ctx, r.Live, p.Name)
}

// weakened says in words what a revision weakens.
func weakened(record *v1alpha1.PolicyRevision) string {
	var items []string
	for _, c := range record.Spec.Changes {
		if c.Effect == v1alpha1.EffectWeakening {
			items = append(items, c.Item+" ("+c.Message+")")
		}
	}
	by := ""
	if record.Spec.Author != "" {
		by = " by " + record.Spec.Author
	}
	return cut(fmt.Sprintf("PolicyRevision %s%s weakens the policy: %s", record.Name, by, strings.Join(items, "; ")), maxMessage)
}

// judged is what is to be said of the records of a policy.
type judged struct {
	// newest is of the newest record.
	newest summary
	// adopt: the newest record is to come into force, and is not yet.
	adopt bool
	// earliest is when it may at the earliest; nil where it waits for no time.
	earliest *metav1.Time
	again    time.Duration
}

// judge finds out whether the newest record is in force or can come into force. The approvals come from the reader.
func (r *SafetyPolicyReconciler) judge(ctx context.Context, reader client.Reader, records revision.Standing) (judged, error) {
	newest := records.Newest
	switch {
	case newest == nil:
		return judged{}, nil
	case newest.Status.InForceTime != nil:
		return judged{newest: inForce(newest), earliest: newest.Status.EarliestTime}, nil
	}
	ballot, err := records.BallotOf(newest)
	if err != nil {
		return judged{newest: waiting(v1alpha1.ReasonAwaitingQuorum, err.Error())}, nil
	}
	if ballot.Rules == nil {
		return judged{newest: inForce(newest), adopt: true}, nil
	}
	approvals, err := policyApprovals(ctx, reader, newest)
	if err != nil {
		return judged{}, err
	}
	j, wait := judged{earliest: new(metav1.NewTime(ballot.Earliest()))}, ballot.Earliest().Sub(r.Now().Time)
	tally := ballot.Count(approvals)
	pending := fmt.Sprintf("PolicyRevision %s weakens the policy and is not in force: ", newest.Name)
	until := fmt.Sprintf("; until it is, nothing is granted that PolicyRevision %s does not grant", records.Basis(newest).Name)
	switch {
	case tally.Objection != "":
		j.newest = stuck(v1alpha1.ReasonObjected, pending+"PolicyApproval "+tally.Objection+" objects"+until)
	case !tally.Approved:
		j.newest = waiting(v1alpha1.ReasonAwaitingQuorum, fmt.Sprintf("%sit needs %s to approve sequence %d, and may come into force from %s on%s",
			pending, tally.Lacking, newest.Spec.Sequence, ballot.Earliest().UTC().Format(time.RFC3339), until))
	case wait > 0:
		j.newest, j.again = waiting(v1alpha1.ReasonCoolingOff, fmt.Sprintf("%sit is approved, and comes into force at %s%s",
			pending, ballot.Earliest().UTC().Format(time.RFC3339), until)), max(wait, time.Second)
	default:
		j.newest, j.adopt = inForce(newest), true
	}
	return j, nil
}

// inForce is the summary of a record, and of its policy, while it is in force.
func inForce(record *v1alpha1.PolicyRevision) summary {
	return ready(v1alpha1.ReasonInForce, "decisions are made under revision "+record.Spec.Revision+", PolicyRevision "+record.Name)
}

// policyApprovals are what people said about one record.
func policyApprovals(ctx context.Context, reader client.Reader, record *v1alpha1.PolicyRevision) ([]v1alpha1.PolicyApproval, error) {
	list := &v1alpha1.PolicyApprovalList{}
	if err := reader.List(ctx, list, client.MatchingFields{indexRevisionPolicy: record.Spec.Policy}); err != nil {
		return nil, fmt.Errorf("listing the approvals of SafetyPolicy %s: %w", record.Spec.Policy, err)
	}
	var about []v1alpha1.PolicyApproval
	for _, a := range list.Items {
		if a.Spec.Sequence == record.Spec.Sequence {
			about = append(about, a)
		}
	}
	return about, nil
}

// mark writes the status of every record of which it differs: first the newest, which may come into force by that.
func (r *SafetyPolicyReconciler) mark(ctx context.Context, records revision.Standing, now judged) error {
	newest := records.Newest
	comes := newest.Status.InForceTime
	if comes == nil && now.adopt {
		comes = new(r.Now())
	}
	status := v1alpha1.PolicyRevisionStatus{InForceTime: comes, EarliestTime: now.earliest}
	if err := r.markOne(ctx, newest, now.newest, status); err != nil {
		return err
	}
	var errs []error
	all := records.All()
	for i, other := range all[:len(all)-1] {
		// It names the next one, and not the newest, so that it stays as it is when others come.
		said := stuck(v1alpha1.ReasonReplaced, "PolicyRevision "+all[i+1].Name+" came after it")
		if comes == nil && other == records.InForce {
			said = inForce(other)
		}
		errs = append(errs, r.markOne(ctx, other, said, v1alpha1.PolicyRevisionStatus{
			InForceTime: other.Status.InForceTime, EarliestTime: other.Status.EarliestTime,
		}))
	}
	return errors.Join(errs...)
}

func (r *SafetyPolicyReconciler) markOne(ctx context.Context, record *v1alpha1.PolicyRevision, said summary, status v1alpha1.PolicyRevisionStatus) error {
	status.ObservedGeneration = new(record.Generation)
	status.Conditions = said.conditions(record.Status.Conditions, record.Generation, r.Now())
	if equality.Semantic.DeepEqual(status, record.Status) {
		return nil
	}
	apply, err := applyConfiguration[ac.PolicyRevisionStatusApplyConfiguration](status)
	if err != nil {
		return err
	}
	object := ac.PolicyRevision(record.Name).WithUID(record.UID).WithStatus(apply)
	if err := r.Status().Apply(ctx, object, client.ForceOwnership); err != nil {
		return fmt.Errorf("reporting on PolicyRevision %s: %w", record.Name, err)
	}
	return nil
}
