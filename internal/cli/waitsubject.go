// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
)

// conditionTarget is a condition of any type, as kubectl wait has it.
func conditionTarget(text, value string) target {
	kind, want, given := strings.Cut(value, "=")
	if !given {
		want = string(metav1.ConditionTrue)
	}
	return target{text: text, ends: kind == v1alpha1.ConditionReady && strings.EqualFold(want, string(metav1.ConditionTrue)),
		reached: func(_ context.Context, o client.Object) (bool, error) {
			c := overview.Current(conditionsOf(o), kind, o.GetGeneration())
			return c != nil && strings.EqualFold(string(c.Status), want), nil
		}}
}

func conditionsOf(o client.Object) []metav1.Condition {
	switch o := o.(type) {
	case *v1alpha1.ModelRelease:
		return o.Status.Conditions
	case *v1alpha1.SafetyEvaluation:
		return o.Status.Conditions
	}
	return nil
}

// releaseSubject is a release that is waited for.
type releaseSubject struct{}

func (releaseSubject) kind() string { return "releases" }

func (releaseSubject) target(c connection, text string) (target, bool) {
	exposure, named := strings.CutPrefix(text, "exposure=")
	switch {
	case strings.EqualFold(text, string(overview.Released)):
		t := conditionTarget(text, v1alpha1.ConditionReady)
		observed := t.reached
		t.reached = func(ctx context.Context, o client.Object) (bool, error) {
			r, ok := o.(*v1alpha1.ModelRelease)
			if !ok || !overview.Observed(r) {
				return false, nil
			}
			return observed(ctx, o)
		}
		return t, true
	case named && exposure != "":
		return target{text: text, ends: true, reached: func(ctx context.Context, o client.Object) (bool, error) {
			r, ok := o.(*v1alpha1.ModelRelease)
			if !ok {
				return false, nil
			}
			return exposed(ctx, c, r, exposure)
		}}, true
	}
	return target{}, false
}

// exposed tells whether an exposure, or a higher one, is granted and holds. One that the release cannot get is an error.
func exposed(ctx context.Context, c connection, r *v1alpha1.ModelRelease, exposure string) (bool, error) {
	var names []string
	policy := &v1alpha1.SafetyPolicy{}
	// Where the policy cannot be read, only this very exposure is known to be enough.
	if err := c.Get(ctx, client.ObjectKey{Name: r.Spec.Policy}, policy); err == nil {
		names = exposureNames(&policy.Spec)
		want, asked := slices.Index(names, exposure), slices.Index(names, r.Spec.Exposure)
		if want < 0 {
			return false, fmt.Errorf("--for exposure=%s is none of SafetyPolicy %s; it has: %s", exposure, policy.Name, strings.Join(names, ", "))
		}
		if asked >= 0 && want > asked {
			return false, fmt.Errorf("--for exposure=%s cannot come: release %s asks only for %s; change its spec.exposure first", exposure, r.Name, r.Spec.Exposure)
		}
	}
	enforced := overview.Current(r.Status.Conditions, v1alpha1.ConditionEnforced, r.Generation)
	if !overview.Observed(r) || enforced == nil || enforced.Status != metav1.ConditionTrue {
		return false, nil
	}
	granted := r.Status.GrantedExposure
	return granted == exposure || granted != "" && slices.Index(names, granted) > slices.Index(names, exposure), nil
}

func (releaseSubject) look(o client.Object, beside []*v1alpha1.SafetyEvaluation) standing {
	r, ok := o.(*v1alpha1.ModelRelease)
	if !ok {
		return standing{code: codePending}
	}
	s := overview.Of(r)
	at := standing{state: string(s.State), reason: s.Reason, message: s.Message, code: codePending}
	switch {
	case s.State == overview.Unobserved:
		at.reason = "the manager has not looked at it as it is now"
	case s.Stalled:
		at.code = codeBlocked
	case s.Inconclusive && settledBy(r, beside):
		at.code = codeInconclusive
	}
	return at
}

// settledBy tells whether no evaluation is on its way that could make an inconclusive release conclusive, and the status
// is about the newest of those that came.
func settledBy(r *v1alpha1.ModelRelease, evaluations []*v1alpha1.SafetyEvaluation) bool {
	newest := map[string]*v1alpha1.SafetyEvaluation{}
	for _, e := range evaluations {
		if e.Spec.Subject.Release != r.Name {
			continue
		}
		switch overview.EvaluationState(e) {
		case overview.EvaluationWaiting, overview.EvaluationUnobserved:
			return false
		case overview.EvaluationMeasured:
			if n := newest[e.Spec.Requirement]; n == nil || n.CreationTimestamp.Before(&e.CreationTimestamp) {
				newest[e.Spec.Requirement] = e
			}
		case overview.EvaluationFailed, overview.EvaluationRevoked:
		}
	}
	seen := false
	for i := range r.Status.Requirements {
		q := &r.Status.Requirements[i]
		if q.State != v1alpha1.RequirementIndeterminate {
			continue
		}
		n := newest[q.Name]
		if n == nil || n.Name != q.Evidence {
			return false
		}
		seen = true
	}
	return seen
}

// evaluationSubject is an evaluation that is waited for.
type evaluationSubject struct{}

func (evaluationSubject) kind() string { return "evaluations" }

func (evaluationSubject) target(_ connection, text string) (target, bool) {
	if !strings.EqualFold(text, string(overview.EvaluationMeasured)) {
		return target{}, false
	}
	return target{text: text, ends: true, reached: func(_ context.Context, o client.Object) (bool, error) {
		e, ok := o.(*v1alpha1.SafetyEvaluation)
		return ok && overview.EvaluationState(e) == overview.EvaluationMeasured, nil
	}}, true
}

func (evaluationSubject) look(o client.Object, _ []*v1alpha1.SafetyEvaluation) standing {
	e, ok := o.(*v1alpha1.SafetyEvaluation)
	if !ok {
		return standing{code: codePending}
	}
	return evaluationStanding(e)
}

// evaluationStanding is where an evaluation stands.
func evaluationStanding(e *v1alpha1.SafetyEvaluation) standing {
	at := standing{state: string(overview.EvaluationState(e)), code: codePending}
	if c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		at.reason, at.message = c.Reason, c.Message
	}
	switch overview.EvaluationState(e) {
	case overview.EvaluationMeasured:
		at.code = codePass
	case overview.EvaluationRevoked:
		at.code, at.message = codeBlocked, e.Spec.Revocation.Reason
	case overview.EvaluationFailed:
		at.code = codeBlocked
		if slices.Contains([]string{
			v1alpha1.ReasonUnusable, v1alpha1.ReasonUnreadable, v1alpha1.ReasonMetricNotFound, v1alpha1.ReasonDigestMismatch, v1alpha1.ReasonResultAmbiguous,
		}, at.reason) {
			at.code = codeInconclusive
		}
	case overview.EvaluationWaiting, overview.EvaluationUnobserved:
	}
	return at
}

// exposuresFor are the exposures that the release of that name, if there is one, can be waited to have.
func exposuresFor(ctx context.Context, c connection, args []string) ([]string, error) {
	if len(args) == 0 {
		return nil, nil
	}
	release, policy := &v1alpha1.ModelRelease{}, &v1alpha1.SafetyPolicy{}
	if err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: args[0]}, release); err != nil {
		return nil, err
	}
	if err := c.Get(ctx, client.ObjectKey{Name: release.Spec.Policy}, policy); err != nil {
		return nil, err
	}
	var words []string
	for _, name := range exposureNames(&policy.Spec) {
		words = append(words, "exposure="+name)
		if name == release.Spec.Exposure {
			break
		}
	}
	return words, nil
}
