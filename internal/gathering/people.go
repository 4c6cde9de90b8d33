// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gathering

import (
	"context"
	"fmt"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// ByNamed is the field index of ReleaseApprovals, ReleaseWaivers and ReleaseDeterminations by the release that they name. It
// is a field selector of the API server too.
const ByNamed = "spec.release"

// ApprovalRelease is the key of an approval in the index [ByNamed].
func ApprovalRelease(a *v1alpha1.ReleaseApproval) []string { return []string{a.Spec.Release} }

// WaiverRelease is as ApprovalRelease, for waivers.
func WaiverRelease(w *v1alpha1.ReleaseWaiver) []string { return []string{w.Spec.Release} }

// DeterminationRelease is as ApprovalRelease, for determinations.
func DeterminationRelease(d *v1alpha1.ReleaseDetermination) []string { return []string{d.Spec.Release} }

// Records are what people made about a release, in the order that the reader gives them in.
type Records struct {
	// Approvals name the release, or regard one of Waivers or Determinations that names another.
	Approvals []v1alpha1.ReleaseApproval
	// Waivers name the release or its artifacts. Those for an emergency are all of the namespace: the review that one release
	// owes stands in the way of the others.
	Waivers []v1alpha1.ReleaseWaiver
	// Determinations name the release or its artifacts.
	Determinations []v1alpha1.ReleaseDetermination
}

// RecordsOf reads what people made about a release. It asks for the approvals of the release, for the waivers and the
// determinations of its namespace, of which there are few, and for the approvals of the namespace only where one of those
// names another release. Any error is returned, and then nothing is known.
func RecordsOf(ctx context.Context, reader client.Reader, release *v1alpha1.ModelRelease) (Records, error) {
	var all Records
	namespace, digest := release.Namespace, gate.Digest(gate.Artifacts(release), nil)
	waivers, determinations := &v1alpha1.ReleaseWaiverList{}, &v1alpha1.ReleaseDeterminationList{}
	if err := together(
		func() error {
			if err := reader.List(ctx, waivers, client.InNamespace(namespace)); err != nil {
				return fmt.Errorf("listing the waivers of namespace %s: %w", namespace, err)
			}
			return nil
		},
		func() error {
			if err := reader.List(ctx, determinations, client.InNamespace(namespace)); err != nil {
				return fmt.Errorf("listing the determinations of namespace %s: %w", namespace, err)
			}
			return nil
		},
	); err != nil {
		return Records{}, err
	}
	// others are the records that name another release.
	others := map[v1alpha1.RecordReference]bool{}
	for i := range waivers.Items {
		w := &waivers.Items[i]
		if w.Spec.Release != release.Name && w.Spec.SubjectDigest != digest && w.Spec.Path != v1alpha1.WaiverBreakGlass {
			continue
		}
		all.Waivers = append(all.Waivers, *w)
		if w.Spec.Release != release.Name {
			others[referenceTo(v1alpha1.RecordWaiver, w)] = true
		}
	}
	for i := range determinations.Items {
		d := &determinations.Items[i]
		if d.Spec.Release != release.Name && d.Spec.SubjectDigest != digest {
			continue
		}
		all.Determinations = append(all.Determinations, *d)
		if d.Spec.Release != release.Name {
			others[referenceTo(v1alpha1.RecordDetermination, d)] = true
		}
	}
	var err error
	all.Approvals, err = approvals(ctx, reader, release, others)
	return all, err
}

func approvals(
	ctx context.Context, reader client.Reader, release *v1alpha1.ModelRelease, others map[v1alpha1.RecordReference]bool,
) ([]v1alpha1.ReleaseApproval, error) {
	where := []client.ListOption{client.InNamespace(release.Namespace)}
	if len(others) == 0 {
		where = append(where, client.MatchingFields{ByNamed: release.Name})
	}
	list := &v1alpha1.ReleaseApprovalList{}
	if err := reader.List(ctx, list, where...); err != nil {
		return nil, fmt.Errorf("listing the approvals of ModelRelease %s/%s: %w", release.Namespace, release.Name, err)
	}
	var all []v1alpha1.ReleaseApproval
	for i := range list.Items {
		a := &list.Items[i]
		if a.Spec.Release == release.Name || a.Spec.Regarding != nil && others[*a.Spec.Regarding] {
			all = append(all, *a)
		}
	}
	return all, nil
}

func referenceTo(kind v1alpha1.RecordKind, o client.Object) v1alpha1.RecordReference {
	return v1alpha1.RecordReference{Kind: kind, Name: o.GetName(), UID: string(o.GetUID())}
}
