// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// resolve names the evaluation that resolves each finding about the case's releases which stands against a requirement.
func (w *world) resolve(ctx context.Context, as Person, step *ResolveStep) error {
	found := 0
	for _, release := range w.releases {
		in, _, err := w.decide(ctx, release)
		if err != nil {
			return err
		}
		for i := range in.Findings {
			f := &in.Findings[i]
			if f.Spec.Requirement != step.Requirement || f.Spec.Evidence.Namespace != w.place.Namespace || f.Spec.Resolution != nil {
				continue
			}
			fresh := &v1alpha1.AdverseFinding{}
			key := w.key(f.Name)
			key.Namespace = ""
			if err := w.store.Read(ctx, key, fresh); err != nil {
				return fmt.Errorf("reading finding %s: %w", f.Name, err)
			}
			fresh.Spec.Resolution = &v1alpha1.FindingResolution{Namespace: w.place.Namespace, Evaluation: step.Evaluation, Reason: step.Reason}
			if err := w.update(ctx, as, fresh); err != nil {
				return err
			}
			found++
		}
	}
	if found == 0 {
		return fmt.Errorf("no finding stands against %s", step.Requirement)
	}
	return nil
}

// settleFinding records the answer to a resolution, as the controller does.
func (w *world) settleFinding(ctx context.Context, answer gate.Resolution) error {
	f := &v1alpha1.AdverseFinding{}
	key := w.key(answer.Finding)
	key.Namespace = ""
	if err := w.store.Read(ctx, key, f); err != nil {
		return fmt.Errorf("reading finding %s: %w", answer.Finding, err)
	}
	if !answer.Effective {
		return nil
	}
	f.Status.ResolvedTime = &metav1.Time{Time: *answer.ResolvedTime}
	if err := w.store.Record(ctx, f); err != nil {
		return fmt.Errorf("recording that finding %s is resolved: %w", f.Name, err)
	}
	return nil
}
