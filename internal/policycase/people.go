// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"cmp"
	"context"
	"fmt"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// shown is what a person is shown of a release before signing.
type shown struct {
	release                                 string
	subjectDigest, policyRevision, exposure string
}

// show is what a person is shown of a release, the named one or the case's first.
func (w *world) show(ctx context.Context, name string) (shown, error) {
	release, err := w.of(ctx, name)
	if err != nil {
		return shown{}, err
	}
	policy, err := w.policy(ctx)
	if err != nil {
		return shown{}, err
	}
	return shown{
		release: release.Name, subjectDigest: gate.Digest(gate.Artifacts(release), nil),
		policyRevision: gate.Revision(&policy.Spec), exposure: release.Spec.Exposure,
	}, nil
}

const unsaid = "As the case says."

func (w *world) approve(ctx context.Context, as Person, step *ApprovalStep) error {
	seen, err := w.show(ctx, step.Release)
	if err != nil {
		return err
	}
	a := &v1alpha1.ReleaseApproval{ObjectMeta: w.meta(w.name(step.Name, "approval")), Spec: *step.DeepCopy()}
	a.Spec.Release = seen.release
	a.Spec.SubjectDigest = cmp.Or(a.Spec.SubjectDigest, seen.subjectDigest)
	a.Spec.PolicyRevision = cmp.Or(a.Spec.PolicyRevision, seen.policyRevision)
	a.Spec.Exposure = cmp.Or(a.Spec.Exposure, seen.exposure)
	a.Spec.Rationale = cmp.Or(a.Spec.Rationale, unsaid)
	a.Spec.EndTime = w.later(step.Ends)
	if a.Spec.Role == "" && len(as.Signs) > 0 {
		a.Spec.Role = as.Signs[0]
	}
	if a.Spec.Regarding != nil && a.Spec.Regarding.UID == "" {
		if a.Spec.Regarding.UID, err = w.uid(ctx, a.Spec.Regarding); err != nil {
			return err
		}
	}
	return w.create(ctx, as, a)
}

// uid is that of the record which an approval regards.
func (w *world) uid(ctx context.Context, regarding *v1alpha1.RecordReference) (string, error) {
	var record Object
	switch regarding.Kind {
	case v1alpha1.RecordWaiver:
		record = &v1alpha1.ReleaseWaiver{}
	case v1alpha1.RecordDetermination:
		record = &v1alpha1.ReleaseDetermination{}
	default:
		return "", fmt.Errorf("regarding.kind must be %s or %s", v1alpha1.RecordWaiver, v1alpha1.RecordDetermination)
	}
	if err := w.store.Read(ctx, w.key(regarding.Name), record); err != nil {
		return "", fmt.Errorf("reading %s %q: %w", regarding.Kind, regarding.Name, err)
	}
	return string(record.GetUID()), nil
}

func (w *world) waive(ctx context.Context, as Person, step *WaiverStep) error {
	seen, err := w.show(ctx, step.Release)
	if err != nil {
		return err
	}
	waiver := &v1alpha1.ReleaseWaiver{ObjectMeta: w.meta(step.Name), Spec: *step.DeepCopy()}
	waiver.Spec.Release = seen.release
	waiver.Spec.SubjectDigest = cmp.Or(waiver.Spec.SubjectDigest, seen.subjectDigest)
	waiver.Spec.PolicyRevision = cmp.Or(waiver.Spec.PolicyRevision, seen.policyRevision)
	waiver.Spec.Exposure = cmp.Or(waiver.Spec.Exposure, seen.exposure)
	if end := w.later(step.Ends); end != nil {
		waiver.Spec.EndTime = *end
	}
	return w.create(ctx, as, waiver)
}

func (w *world) determine(ctx context.Context, as Person, step *DeterminationStep) error {
	seen, err := w.show(ctx, step.Release)
	if err != nil {
		return err
	}
	d := &v1alpha1.ReleaseDetermination{ObjectMeta: w.meta(step.Name), Spec: *step.DeepCopy()}
	d.Spec.Release = seen.release
	d.Spec.SubjectDigest = cmp.Or(d.Spec.SubjectDigest, seen.subjectDigest)
	d.Spec.PolicyRevision = cmp.Or(d.Spec.PolicyRevision, seen.policyRevision)
	d.Spec.Rationale = cmp.Or(d.Spec.Rationale, unsaid)
	d.Spec.EndTime = w.later(step.Ends)
	return w.create(ctx, as, d)
}
