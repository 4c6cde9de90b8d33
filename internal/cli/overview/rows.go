// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func releaseRow(r *v1alpha1.ModelRelease, at At) []string {
	s := Of(r)
	level := r.Status.RequiredLevel
	if level == "" {
		level = r.Spec.Level
	}
	granted := r.Status.GrantedExposure
	if granted == "" {
		granted = "none"
	}
	return []string{
		modelOf(r), r.Spec.Policy, level, r.Spec.Exposure, granted, string(s.State), s.Reason,
		fmt.Sprint(s.Serving), fmt.Sprint(s.Held), at.ago(s.Since), until(r.Status.ClearedUntil), s.Next(r, at.Program),
	}
}

func modelOf(r *v1alpha1.ModelRelease) string {
	if r.Spec.Model.Version == "" {
		return r.Spec.Model.Name
	}
	return r.Spec.Model.Name + "/" + r.Spec.Model.Version
}

func evaluationRow(e *v1alpha1.SafetyEvaluation, at At) []string {
	value, samples := "", ""
	if m := e.Status.Measurement; m != nil {
		value = m.Value
		if m.Judged != nil {
			samples = fmt.Sprint(*m.Judged)
		}
	}
	_, reason, message := condition(e.Status.Conditions, v1alpha1.ConditionReady)
	return []string{
		e.Spec.Subject.Release, e.Spec.Requirement, sourceOf(e), value, samples, string(EvaluationState(e)), reason, at.age(e),
		e.Spec.Evaluator, message,
	}
}

// sourceOf says where the result comes from.
func sourceOf(e *v1alpha1.SafetyEvaluation) string {
	switch {
	case e.Spec.Job != nil:
		return "suite/" + e.Spec.Job.Suite
	case e.Spec.Report != nil && e.Spec.Report.LMEvalJob != nil:
		return "lmevaljob/" + e.Spec.Report.LMEvalJob.Name
	}
	return "report"
}

// EvaluationPhase sums an evaluation up in a word.
type EvaluationPhase string

const (
	// EvaluationMeasured means that a usable measurement is recorded, whatever it says.
	EvaluationMeasured EvaluationPhase = "Measured"
	// EvaluationWaiting means that its result may still come.
	EvaluationWaiting EvaluationPhase = "Waiting"
	// EvaluationFailed means that it ended without a measurement that can be used, or cannot begin.
	EvaluationFailed EvaluationPhase = "Failed"
	// EvaluationRevoked means that it must not be relied on.
	EvaluationRevoked EvaluationPhase = "Revoked"
	// EvaluationUnobserved means that the manager has not looked at it as it is now.
	EvaluationUnobserved EvaluationPhase = "Unobserved"
)

// EvaluationState sums an evaluation up.
func EvaluationState(e *v1alpha1.SafetyEvaluation) EvaluationPhase {
	switch {
	case e.Spec.Revocation != nil:
		return EvaluationRevoked
	case Current(e.Status.Conditions, v1alpha1.ConditionReady, e.Generation) == nil:
		return EvaluationUnobserved
	case meta.IsStatusConditionTrue(e.Status.Conditions, v1alpha1.ConditionReady):
		return EvaluationMeasured
	case meta.IsStatusConditionTrue(e.Status.Conditions, v1alpha1.ConditionStalled):
		return EvaluationFailed
	}
	return EvaluationWaiting
}

func policyRow(p *v1alpha1.SafetyPolicy, at At) []string {
	version := ""
	if p.Spec.Source != nil {
		version = p.Spec.Source.Version
	}
	var levels, exposures []string
	for i := range p.Spec.Levels {
		levels = append(levels, p.Spec.Levels[i].Name)
	}
	for i := range p.Spec.Exposures {
		exposures = append(exposures, p.Spec.Exposures[i].Name)
	}
	ready, reason, _ := condition(p.Status.Conditions, v1alpha1.ConditionReady)
	_, guarded, _ := condition(p.Status.Conditions, v1alpha1.ConditionGuarded)
	_, covered, _ := condition(p.Status.Conditions, v1alpha1.ConditionCovered)
	return []string{
		version, strings.Join(levels, ","), strings.Join(exposures, ","), fmt.Sprint(len(p.Spec.Requirements)), number(p.Status.Releases),
		ready, reason, at.age(p), p.Status.Revision, guarded, covered,
	}
}

func revisionRow(r *v1alpha1.PolicyRevision, at At) []string {
	ready, reason, message := condition(r.Status.Conditions, v1alpha1.ConditionReady)
	return []string{
		r.Spec.Policy, fmt.Sprint(r.Spec.Sequence), string(r.Spec.Effect), ready, reason, at.age(r), r.Spec.Author, r.Spec.Revision, message,
	}
}

func suiteRow(s *v1alpha1.EvaluationSuite, at At) []string {
	server := "none"
	if s.Spec.Server != nil {
		server = fmt.Sprintf("port %d", s.Spec.Server.Port)
	}
	ready, reason, message := condition(s.Status.Conditions, v1alpha1.ConditionReady)
	return []string{s.Spec.Protocol.Title, s.Spec.Protocol.Version, server, ready, reason, at.age(s), message}
}

func findingRow(f *v1alpha1.AdverseFinding, at At) []string {
	state, by := v1alpha1.ReasonStands, ""
	_, reason, message := condition(f.Status.Conditions, v1alpha1.ConditionResolved)
	if reason != "" {
		state = reason
	}
	if f.Spec.Resolution != nil {
		by = f.Spec.Resolution.ResolvedBy
	}
	return []string{
		f.Spec.Requirement, f.Spec.Evidence.Value, f.Spec.Evidence.Namespace + "/" + f.Spec.Evidence.Name, f.Spec.Evidence.Policy,
		state, at.age(f), string(f.Spec.Evidence.Reach), by, message,
	}
}

func approvalRow(a *v1alpha1.ReleaseApproval, at At) []string {
	about := "release"
	if r := a.Spec.Regarding; r != nil {
		about = string(r.Kind) + "/" + r.Name
	}
	counts, reason, message := condition(a.Status.Conditions, v1alpha1.ConditionReady)
	return []string{
		a.Spec.Release, about, a.Spec.Role, string(a.Spec.Decision), a.Spec.Exposure, a.Spec.Approver, counts, reason,
		until(a.Spec.EndTime), at.age(a), message,
	}
}

func waiverRow(w *v1alpha1.ReleaseWaiver, at At) []string {
	path := string(w.Spec.Path)
	if path == "" {
		path = string(v1alpha1.WaiverStandard)
	}
	counts, reason, message := condition(w.Status.Conditions, v1alpha1.ConditionReady)
	return []string{
		w.Spec.Release, strings.Join(w.Spec.Requirements, ","), path, w.Spec.Exposure, w.Spec.Requester, counts, reason,
		until(&w.Spec.EndTime), at.age(w), message,
	}
}

func determinationRow(d *v1alpha1.ReleaseDetermination, at At) []string {
	var thresholds []string
	for _, t := range d.Spec.Thresholds {
		thresholds = append(thresholds, t.Name+"="+string(t.Conclusion))
	}
	counts, reason, message := condition(d.Status.Conditions, v1alpha1.ConditionReady)
	return []string{
		d.Spec.Release, strings.Join(thresholds, ","), d.Spec.Author, counts, reason, until(d.Spec.EndTime), at.age(d), message,
	}
}

func decisionRow(d *v1alpha1.GateDecision, at At) []string {
	granted := d.Spec.GrantedExposure
	if granted == "" {
		granted = "none"
	}
	enforced := "no"
	if !d.Status.EnforcedTime.IsZero() {
		enforced = at.ago(d.Status.EnforcedTime.Time)
	}
	return []string{
		d.Spec.Release, fmt.Sprint(d.Spec.Sequence), granted, d.Spec.Reason, at.ago(d.Spec.DecidedTime.Time), enforced,
		strings.Join(d.Spec.Causes, "; "),
	}
}
