// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// get reads an object from the cache; false when it does not exist.
func (k *Kinds) get(ctx context.Context, namespace, name string, into client.Object) (bool, error) {
	err := k.options.Cache.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("reading %s: %w", strings.TrimPrefix(namespace+"/"+name, "/"), err)
	}
	return true, nil
}

// release checks a ModelRelease against its policy. A name that the policy lost later does not keep the release
// from being changed in other ways.
func (k *Kinds) release(ctx context.Context, old, object *v1alpha1.ModelRelease) (findings, error) {
	var f findings
	policy := &v1alpha1.SafetyPolicy{}
	found, err := k.get(ctx, "", object.Spec.Policy, policy)
	if err != nil {
		return f, err
	}
	if !found {
		f.warn("SafetyPolicy %s does not exist yet: nothing is granted until it does", object.Spec.Policy)
		return f, nil
	}
	spec, path := &object.Spec, field.NewPath("spec")
	levels, exposures := []string{}, []string{}
	for _, l := range policy.Spec.Levels {
		levels = append(levels, l.Name)
		if l.Name == spec.Level && l.State == v1alpha1.LevelUndefined {
			f.warn("spec.level: SafetyPolicy %s defines no safeguards for %s, so nothing is granted", policy.Name, l.Name)
		}
	}
	for _, x := range policy.Spec.Exposures {
		exposures = append(exposures, x.Name)
	}
	moved := old == nil || old.Spec.Policy != spec.Policy
	if !slices.Contains(levels, spec.Level) {
		f.unknown(field.NotSupported(path.Child("level"), spec.Level, levels), moved || old.Spec.Level != spec.Level, policy.Name)
	}
	if !slices.Contains(exposures, spec.Exposure) {
		f.unknown(field.NotSupported(path.Child("exposure"), spec.Exposure, exposures), moved || old.Spec.Exposure != spec.Exposure, policy.Name)
	}
	adviseOnAutomatic(&f, object, policy)
	return f, nil
}

// unknown notes a name that the policy does not have: as an error where it was just written, else as a warning.
func (f *findings) unknown(e *field.Error, written bool, policy string) {
	if written {
		e.Detail = "SafetyPolicy " + policy + " has no such name; " + e.Detail
		f.errors = append(f.errors, e)
		return
	}
	f.warn("%s: SafetyPolicy %s no longer has %v, so nothing is granted", e.Field, policy, e.BadValue)
}

// evaluation checks what a SafetyEvaluation is about. Its spec never changes, so only a new one is looked at.
func (k *Kinds) evaluation(ctx context.Context, old, object *v1alpha1.SafetyEvaluation) (findings, error) {
	var f findings
	if old != nil {
		return f, nil
	}
	subject := &object.Spec.Subject
	release := &v1alpha1.ModelRelease{}
	found, err := k.get(ctx, object.Namespace, subject.Release, release)
	if err != nil {
		return f, err
	}
	if !found {
		f.warn("ModelRelease %s does not exist in namespace %s yet: the evidence waits for it", subject.Release, object.Namespace)
		return f, nil
	}
	policy := &v1alpha1.SafetyPolicy{}
	if found, err = k.get(ctx, "", release.Spec.Policy, policy); err != nil || !found {
		return f, err
	}
	i := slices.IndexFunc(policy.Spec.Requirements, func(r v1alpha1.Requirement) bool { return r.Name == object.Spec.Requirement })
	if i < 0 {
		f.warn("SafetyPolicy %s has no requirement %s: the evidence counts for nothing until it does", policy.Name, object.Spec.Requirement)
		return f, nil
	}
	if object.Spec.Job != nil {
		err := k.run(ctx, &f, object, release, &policy.Spec.Requirements[i])
		return f, err
	}
	scope := policy.Spec.Requirements[i].Scope
	if gate.Digest(subject.Artifacts, scope) != gate.Digest(gate.Artifacts(release), scope) {
		f.warn("spec.subject.artifacts are not those of ModelRelease %s that requirement %s is about: the evidence does not count for it",
			release.Name, object.Spec.Requirement)
	}
	return f, nil
}

// finding checks a new resolution of an AdverseFinding: whether it can take effect at all.
func (k *Kinds) finding(ctx context.Context, old, object *v1alpha1.AdverseFinding) (findings, error) {
	var f findings
	resolution := object.Spec.Resolution
	if resolution == nil || old == nil || old.Spec.Resolution != nil && *old.Spec.Resolution == *resolution {
		return f, nil
	}
	name := resolution.Namespace + "/" + resolution.Evaluation
	later := &v1alpha1.SafetyEvaluation{}
	found, err := k.get(ctx, resolution.Namespace, resolution.Evaluation, later)
	switch {
	case err != nil:
		return f, err
	case !found:
		f.warn("SafetyEvaluation %s does not exist: the finding stands until it does", name)
	case later.Spec.Requirement != object.Spec.Requirement:
		f.warn("SafetyEvaluation %s is for requirement %s and not for %s: it resolves nothing", name, later.Spec.Requirement, object.Spec.Requirement)
	case !resultTime(later).After(object.Spec.Evidence.ResultTime.Time):
		f.warn("SafetyEvaluation %s is not later than the result that failed (%s): it resolves nothing",
			name, object.Spec.Evidence.ResultTime.UTC().Format(time.RFC3339))
	}
	return f, nil
}

// resultTime is when a result came to be known, or when its run ended by its own claim, whichever is earlier.
func resultTime(e *v1alpha1.SafetyEvaluation) time.Time {
	at := gate.TrustedTime(e)
	if m := e.Status.Measurement; m != nil && m.EndTime != nil && m.EndTime.Time.Before(at) {
		return m.EndTime.Time
	}
	return at
}
