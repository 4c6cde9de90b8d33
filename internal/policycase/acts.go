// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// digest is a digest as it is written, or the one of a word within the case.
func (w *world) digest(written v1alpha1.Digest) v1alpha1.Digest {
	if strings.HasPrefix(string(written), "sha256:") {
		return written
	}
	return v1alpha1.Digest("sha256:" + w.sum(string(written)))
}

func (w *world) sum(word string) string {
	sum := sha256.Sum256([]byte(w.place.Policy + "\x00" + w.file + "\x00" + word))
	return hex.EncodeToString(sum[:])
}

func (w *world) digests(list []v1alpha1.SubjectArtifact) []v1alpha1.SubjectArtifact {
	list = slices.Clone(list)
	for i := range list {
		list[i].Digest = w.digest(list[i].Digest)
	}
	return list
}

// meta are name and namespace of an object.
func (w *world) meta(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: w.place.Namespace, Name: name}
}

// of reads the release that a step is about: the named one, or the case's first.
func (w *world) of(ctx context.Context, name string) (*v1alpha1.ModelRelease, error) {
	if name == "" && len(w.releases) > 0 {
		name = w.releases[0]
	}
	release := &v1alpha1.ModelRelease{}
	if err := w.store.Read(ctx, w.key(name), release); err != nil {
		return nil, fmt.Errorf("reading release %q: %w", name, err)
	}
	return release, nil
}

// policy reads the case's policy.
func (w *world) policy(ctx context.Context) (*v1alpha1.SafetyPolicy, error) {
	policy := &v1alpha1.SafetyPolicy{}
	key := w.key(w.place.Policy)
	key.Namespace = ""
	if err := w.store.Read(ctx, key, policy); err != nil {
		return nil, fmt.Errorf("reading the policy: %w", err)
	}
	return policy, nil
}

// requirement finds a requirement of the policy.
func requirement(policy *v1alpha1.SafetyPolicy, name string) (*v1alpha1.Requirement, error) {
	i := slices.IndexFunc(policy.Spec.Requirements, func(r v1alpha1.Requirement) bool { return r.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("the policy has no requirement %q", name)
	}
	return &policy.Spec.Requirements[i], nil
}

func (w *world) release(ctx context.Context, as Person, step *ReleaseStep) error {
	release := &v1alpha1.ModelRelease{ObjectMeta: w.meta(step.Name), Spec: *step.DeepCopy()}
	release.Spec.Policy = w.place.Policy
	for i := range release.Spec.Artifacts {
		release.Spec.Artifacts[i].Digest = w.digest(release.Spec.Artifacts[i].Digest)
	}
	if err := w.create(ctx, as, release); err != nil {
		return err
	}
	w.best[step.Name] = -1
	return nil
}

func (w *world) change(ctx context.Context, as Person, step *ChangeStep) error {
	release, err := w.of(ctx, step.Release)
	if err != nil {
		return err
	}
	if err := edit(&release.Spec, step.Set); err != nil {
		return err
	}
	for i := range release.Spec.Artifacts {
		release.Spec.Artifacts[i].Digest = w.digest(release.Spec.Artifacts[i].Digest)
	}
	return w.update(ctx, as, release)
}

func (w *world) evaluate(ctx context.Context, as Person, step *EvaluationStep) error {
	release, err := w.of(ctx, step.Subject.Release)
	if err != nil {
		return err
	}
	policy, err := w.policy(ctx)
	if err != nil {
		return err
	}
	criterion, err := requirement(policy, step.Requirement)
	if err != nil {
		return err
	}
	name := w.name(step.Name, "evaluation")
	e := &v1alpha1.SafetyEvaluation{ObjectMeta: w.meta(name), Spec: *step.DeepCopy()}
	e.Spec.Subject.Release = release.Name
	if e.Spec.Subject.Artifacts == nil {
		e.Spec.Subject.Artifacts = gate.Artifacts(release)
	}
	e.Spec.Subject.Artifacts, e.Spec.Subject.Tested = w.digests(e.Spec.Subject.Artifacts), w.digests(e.Spec.Subject.Tested)
	if e.Spec.Report == nil && e.Spec.Job == nil {
		e.Spec.Report = &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: name, Key: "result"}}
	}
	if err := w.create(ctx, as, e); err != nil {
		return err
	}
	return w.measure(ctx, e, step.Measured, criterion.Metric())
}

// measure records what was measured, as the controller does after reading the file.
func (w *world) measure(ctx context.Context, e *v1alpha1.SafetyEvaluation, measured *v1alpha1.Measurement, metric string) error {
	m := measured.DeepCopy()
	m.Metric = cmp.Or(m.Metric, metric)
	m.SHA256 = cmp.Or(m.SHA256, w.sum("file of "+e.Name))
	m.EndMarker = cmp.Or(m.EndMarker, "as the case says")
	zero := new(int64(0))
	m.Planned, m.Unjudged, m.Errored = cmp.Or(m.Planned, m.Judged), cmp.Or(m.Unjudged, zero), cmp.Or(m.Errored, zero)
	e.Status.Measurement = m
	if err := w.store.Record(ctx, e); err != nil {
		return fmt.Errorf("recording the measurement of %s: %w", e.Name, err)
	}
	return nil
}

func (w *world) clear(ctx context.Context, as Person, step *ClearStep) error {
	policy, err := w.policy(ctx)
	if err != nil {
		return err
	}
	for _, name := range step.Requirements {
		criterion, err := requirement(policy, name)
		if err != nil {
			return err
		}
		if criterion.Evaluation == nil {
			return fmt.Errorf("%s asks for no evaluation", name)
		}
		measured, err := clearOf(criterion.Evaluation)
		if err != nil {
			return err
		}
		evaluation := &EvaluationStep{Figures: Ours, Measured: measured}
		evaluation.Subject.Release, evaluation.Requirement = step.Release, name
		evaluation.Elicitation = elicited(criterion.Elicitation)
		if err := w.evaluate(ctx, as, evaluation); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (w *world) revoke(ctx context.Context, as Person, step *RevokeStep) error {
	revocation := &v1alpha1.Revocation{Severity: step.Severity, Reason: step.Reason}
	if step.Release != "" {
		release, err := w.of(ctx, step.Release)
		if err != nil {
			return err
		}
		release.Spec.Revocation = revocation
		return w.update(ctx, as, release)
	}
	e := &v1alpha1.SafetyEvaluation{}
	if err := w.store.Read(ctx, w.key(step.Evaluation), e); err != nil {
		return fmt.Errorf("reading evaluation %q: %w", step.Evaluation, err)
	}
	e.Spec.Revocation = revocation
	return w.update(ctx, as, e)
}

// see records what is seen of a release's checks, as the controller does.
func (w *world) see(ctx context.Context, step *SafeguardsStep) error {
	release, err := w.of(ctx, step.Release)
	if err != nil {
		return err
	}
	policy, err := w.policy(ctx)
	if err != nil {
		return err
	}
	release.Status.Safeguards = nil
	for i := range policy.Spec.Requirements {
		r := &policy.Spec.Requirements[i]
		if state := cmp.Or(step.States[r.Name], step.All); r.Check != nil && state != "" {
			release.Status.Safeguards = append(release.Status.Safeguards, v1alpha1.SafeguardStatus{
				Requirement: r.Name, Type: r.Check.Type, State: state, Message: "as the case says",
			})
		}
	}
	for name := range step.States {
		if !slices.ContainsFunc(release.Status.Safeguards, func(s v1alpha1.SafeguardStatus) bool { return s.Requirement == name }) {
			return fmt.Errorf("the policy has no check %q", name)
		}
	}
	return w.store.Record(ctx, release)
}
