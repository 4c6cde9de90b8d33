// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/policylint"
	"github.com/scalegate/scalegate/internal/runs"
	"github.com/scalegate/scalegate/internal/snapshot"
	"github.com/scalegate/scalegate/internal/verdict"
)

// judge is one judgement of a set.
type judge struct {
	*Set
	law *Law
	now time.Time
	// world are the objects with the time at which they would be stored.
	world *snapshot.Snapshot
	// places are how many the workloads so far ask for, by the exposure of a release that they claim.
	places map[place]int64
}

// Judge says of every object that matters what would become of it at a time. Cases come in the order of the manifests, what
// could not be read first. An error says that looking went wrong, and then nothing is known.
func (s *Set) Judge(ctx context.Context, law *Law, now time.Time) (verdict.Report, error) {
	s.measure(ctx)
	j := &judge{Set: s, law: law, now: now, world: s.dated(now), places: map[place]int64{}}
	report := verdict.Report{Command: "check", Cases: slices.Clone(s.unread)}
	for _, e := range s.entries {
		c, err := j.judge(ctx, e)
		if err != nil {
			return report, fmt.Errorf("judging %s: %w", e.title(), err)
		}
		report.Cases = append(report.Cases, c)
	}
	return report, nil
}

// dated is the world as it would be if all was stored at a time.
func (s *Set) dated(now time.Time) *snapshot.Snapshot {
	for _, e := range s.entries {
		if e.typed != nil && len(e.problems) == 0 {
			date(e.typed, metav1.NewTime(now))
			s.world.Put(e.typed)
		}
	}
	return s.world
}

func (j *judge) judge(ctx context.Context, e *entry) (verdict.Case, error) {
	c := verdict.Case{Suite: e.File, Name: e.title(), Outcome: verdict.Pass, File: e.File, Line: e.Line}
	if len(e.problems) > 0 {
		c.Outcome, c.Summary, c.Findings = verdict.Error, "it is not valid, and the API server would refuse it", slices.Concat(e.problems, e.notes)
		return c, nil
	}
	c.Findings = slices.Clone(e.notes)
	var err error
	switch typed := e.typed.(type) {
	case *v1alpha1.ModelRelease:
		err = j.release(ctx, e, typed, &c)
	case *v1alpha1.SafetyPolicy:
		j.policy(e, typed, &c)
	case *v1alpha1.EvaluationSuite:
		suite(e, typed, &c)
	case *v1alpha1.SafetyEvaluation:
		evaluation(typed, &c)
	case *corev1.Namespace:
		namespace(e, typed, &c)
	default:
		c.Summary = "it is valid"
		if e.kind != nil {
			err = j.workload(ctx, e, &c)
		}
	}
	return c, err
}

// outcomeOf is what a reason of a decision means here.
func outcomeOf(reason string) verdict.Outcome {
	switch explanation.OutcomeOf(reason) {
	case explanation.Granted:
		return verdict.Pass
	case explanation.Pending:
		return verdict.Pending
	case explanation.Inconclusive:
		return verdict.Inconclusive
	case explanation.Blocked:
	}
	return verdict.Blocked
}

// decide reads what a decision depends on, and decides.
func (j *judge) decide(ctx context.Context, key types.NamespacedName) (gate.Input, gate.Decision, error) {
	in, err := gathering.Source{Reader: j.world, Cache: j.world}.Input(ctx, key, j.now)
	if err != nil {
		return in, gate.Decision{}, err
	}
	return in, gate.Decide(in), nil
}

// release says what a release would be granted.
func (j *judge) release(ctx context.Context, e *entry, release *v1alpha1.ModelRelease, c *verdict.Case) error {
	in, d, err := j.decide(ctx, client.ObjectKeyFromObject(release))
	if err != nil {
		return err
	}
	c.Outcome = outcomeOf(d.Reason)
	switch {
	case c.Outcome == verdict.Pass:
		c.Summary = fmt.Sprintf("it would be granted %s, as it asks", d.GrantedExposure)
		if d.ReplicaCeiling != nil {
			c.Summary += fmt.Sprintf(", for no more than %d", *d.ReplicaCeiling)
		}
		return nil
	case d.GrantedExposure != "":
		c.Summary = fmt.Sprintf("it asks for %s and would be granted %s (%s)", release.Spec.Exposure, d.GrantedExposure, d.Reason)
	default:
		c.Summary = fmt.Sprintf("it asks for %s and would be granted nothing (%s)", release.Spec.Exposure, d.Reason)
	}
	c.Findings = append(c.Findings, j.obstacles(e, &in, &d, release.Spec.Exposure)...)
	return nil
}

// obstacles are what keeps an exposure from being granted, each a finding at the release.
func (j *judge) obstacles(e *entry, in *gate.Input, d *gate.Decision, exposure string) []verdict.Finding {
	var all []verdict.Finding
	at := slices.IndexFunc(d.Exposures, func(x gate.ExposureResult) bool { return x.Name == exposure })
	if at >= 0 {
		for _, r := range d.Requirements {
			if slices.Contains(d.Exposures[at].Blocking, r.Name) && r.State != v1alpha1.RequirementMet && r.State != v1alpha1.RequirementWaived {
				all = append(all, requirement(e, in, r))
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	f := e.finding(severityOf(outcomeOf(d.Reason)), d.Reason, fieldOf(d.Reason), d.Message, "")
	if d.Reason == v1alpha1.ReasonPolicyNotFound {
		f.Message, f.Remedy = fmt.Sprintf("SafetyPolicy %s is not among the manifests, so nothing is known of what it asks for", in.Release.Spec.Policy), "give its manifest as well, or --from-cluster"
	}
	return []verdict.Finding{f}
}

// fieldOf is the field of a release that a reason is about; empty for the release as a whole.
func fieldOf(reason string) string {
	switch reason {
	case v1alpha1.ReasonPolicyNotFound:
		return "spec.policy"
	case v1alpha1.ReasonParentNotFound:
		return "spec.derivedFrom"
	case v1alpha1.ReasonLevelUndefined:
		return "spec.level"
	case v1alpha1.ReasonEvidenceNotRequired, v1alpha1.ReasonInvalidSpec:
		return "spec.exposure"
	case v1alpha1.ReasonRevoked:
		return "spec.revocation"
	}
	return ""
}

// requirement is what is the matter with one requirement.
func requirement(e *entry, in *gate.Input, r gate.RequirementResult) verdict.Finding {
	rule := v1alpha1.ReasonEvidenceMissing
	switch r.State {
	case v1alpha1.RequirementFailed:
		rule = v1alpha1.ReasonAdverseFinding
	case v1alpha1.RequirementIndeterminate:
		rule = v1alpha1.ReasonEvidenceIndeterminate
	case v1alpha1.RequirementExpired:
		rule = v1alpha1.ReasonEvidenceExpired
	case v1alpha1.RequirementRevoked:
		rule = v1alpha1.ReasonRevoked
	case v1alpha1.RequirementObjected:
		rule = v1alpha1.ReasonObjected
	case v1alpha1.RequirementBroken:
		rule = v1alpha1.ReasonSafeguardNotInPlace
	case v1alpha1.RequirementMissing, v1alpha1.RequirementMet, v1alpha1.RequirementWaived:
	}
	f := verdict.Finding{Message: fmt.Sprintf("requirement %s is %s: %s", r.Name, r.State, r.Message)}
	if asked := asks(in.Policy, r.Name); asked != nil {
		switch {
		case asked.Check != nil:
			rule, f.Remedy = v1alpha1.ReasonSafeguardNotInPlace, "it is a check of the cluster, which is not known here"
		case asked.Approval != nil:
			if rule == v1alpha1.ReasonEvidenceMissing {
				rule = v1alpha1.ReasonApprovalMissing
			}
			f.Remedy = "people sign in the cluster, under names that the API server stamps, so it is not known here"
		case asked.Independence != "" && anonymous(in, r.Name):
			rule, f.Remedy = ruleIdentity, "who brings the evidence is stamped by the API server, and is not known here"
		}
	}
	out := e.finding(severityOf(outcomeOf(rule)), rule, "", f.Message, f.Remedy)
	if rule == ruleIdentity {
		out.Severity = verdict.SeverityWarning
	}
	return out
}

// anonymous tells whether somebody brings a result for a requirement of whom it is not known who they are.
func anonymous(in *gate.Input, name string) bool {
	return slices.ContainsFunc(in.Evaluations, func(x v1alpha1.SafetyEvaluation) bool {
		return x.Spec.Requirement == name && x.Spec.Evaluator == "" && x.Status.Measurement != nil
	})
}

func asks(policy *v1alpha1.SafetyPolicy, name string) *v1alpha1.Requirement {
	if policy == nil {
		return nil
	}
	for i := range policy.Spec.Requirements {
		if policy.Spec.Requirements[i].Name == name {
			return &policy.Spec.Requirements[i]
		}
	}
	return nil
}

// severityOf is how much what has an outcome weighs: what may still come is a warning.
func severityOf(o verdict.Outcome) verdict.Severity {
	switch o {
	case verdict.Pending, verdict.Inconclusive:
		return verdict.SeverityWarning
	case verdict.Pass:
		return verdict.SeverityNote
	case verdict.Blocked, verdict.Error:
	}
	return verdict.SeverityError
}

// policy lints a policy. Suites that are not among the manifests may be in the cluster, so none is missed unless some are given.
func (j *judge) policy(e *entry, policy *v1alpha1.SafetyPolicy, c *verdict.Case) {
	c.Summary = "it is valid"
	for _, p := range policylint.Lint(policy, objectsOf[*v1alpha1.EvaluationSuite](j.Set)) {
		f := e.finding(p.Severity, p.Lint, p.Field, p.Message, p.Remedy)
		c.Findings = append(c.Findings, f)
		if f.Severity == verdict.SeverityError {
			c.Outcome, c.Summary = verdict.Error, "it says what can have no effect, and the webhook would refuse it"
		}
	}
}

// suite says whether a suite can be run.
func suite(e *entry, s *v1alpha1.EvaluationSuite, c *verdict.Case) {
	c.Summary = "it is valid"
	for _, err := range runs.Validate(s) {
		c.Outcome, c.Summary = verdict.Error, "it cannot be run"
		c.Findings = append(c.Findings, e.finding(verdict.SeverityError, ruleInvalid, err.Field, err.ErrorBody(), ""))
	}
}

// evaluation says what was measured.
func evaluation(evaluation *v1alpha1.SafetyEvaluation, c *verdict.Case) {
	m := evaluation.Status.Measurement
	if m == nil || m.Value == "" {
		c.Summary = "it is valid, and what it shows is not known here"
		if slices.ContainsFunc(c.Findings, func(f verdict.Finding) bool { return f.Severity == verdict.SeverityError }) {
			c.Outcome, c.Summary = verdict.Inconclusive, "its result file shows nothing"
		}
		return
	}
	c.Summary = fmt.Sprintf("its file says that %s is %s", m.Metric, m.Value)
	if m.Problem != "" {
		c.Outcome = verdict.Inconclusive
	}
}

// namespace looks at the gate of a namespace.
func namespace(e *entry, ns *corev1.Namespace, c *verdict.Case) {
	switch gate, labelled := ns.Labels[v1alpha1.LabelGate]; {
	case !labelled:
		c.Summary = "it has no gate: nothing in it is held"
	case gate == v1alpha1.GateEnforced:
		c.Summary = "its gate is enforced"
	case gate == v1alpha1.GateAudited:
		c.Summary = "its gate is audited: what would be held is told, and nothing is held"
	default:
		c.Outcome, c.Summary = verdict.Error, "its gate is a word that is none"
		c.Findings = append(c.Findings, e.finding(verdict.SeverityError, ruleInvalid, "metadata.labels["+v1alpha1.LabelGate+"]",
			fmt.Sprintf("%q is no gate", gate), "write "+v1alpha1.GateEnforced+" or "+v1alpha1.GateAudited))
	}
}
