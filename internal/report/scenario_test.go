// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// story is the life of one release, told step by step, with the records that Scalegate would keep.
type story struct {
	t       testing.TB
	in      gate.Input
	d       gate.Decision
	after   audit.Link
	records []v1alpha1.GateDecision
}

func begin(tb testing.TB, release *v1alpha1.ModelRelease) *story {
	tb.Helper()
	p := policy()
	return &story{t: tb, in: gate.Input{Release: release, Policy: p, PolicyRevision: gate.Revision(&p.Spec)}}
}

// policy is a policy with a requirement of each kind.
func policy() *v1alpha1.SafetyPolicy {
	return fixture.Policy(
		"rsp",
		func(p *v1alpha1.SafetyPolicy) {
			p.Spec.Source = &v1alpha1.PolicySource{
				Title: "Responsible scaling policy", Version: "3.1", EffectiveDate: "2026-01-01", URI: "https://policy.example/rsp/3.1", SHA256: fixture.SHA256("rsp"),
			}
		},
		fixture.Exposing(
			v1alpha1.Exposure{Name: "Evaluation", MaxReplicas: new(int32(2)), WithoutEvidence: v1alpha1.WithoutEvidenceAllowed},
			v1alpha1.Exposure{Name: "Internal", MaxReplicas: new(int32(16))},
			v1alpha1.Exposure{Name: "TrustedTesters", MaxReplicas: new(int32(40))},
			v1alpha1.Exposure{Name: "General"},
		),
		fixture.Undefined("ASL-4"),
		fixture.Roles("rso", "ceo"),
		fixture.Waiving("rso", "ceo"),
		fixture.Determining("rso"),
		fixture.Trusting(v1alpha1.IndependentEvaluators{Groups: []string{"third-party-evaluators"}}),
		fixture.Defining("bio-uplift", fixture.Judging(v1alpha1.LowerIsSafer, "2.8", "5.0"), fixture.Bounded(v1alpha1.BoundReported95),
			fixture.Independently(v1alpha1.IndependenceIndependent), fixture.ValidFor(120)),
		fixture.Defining("bio-agent", fixture.Judging(v1alpha1.LowerIsSafer, "0.1", "0.3"), fixture.Bounded(v1alpha1.BoundWilson95), fixture.ValidFor(180)),
		fixture.Defining("jailbreak-resistance", fixture.Judging(v1alpha1.LowerIsSafer, "0.02", "0.2"), fixture.Bounded(v1alpha1.BoundWilson95),
			fixture.Alerting("0.005", 30), fixture.Scoped(v1alpha1.ArtifactWeights, v1alpha1.ArtifactServer)),
		fixture.Defining("model-card-evaluations-with-a-long-name", fixture.Judging(v1alpha1.HigherIsSafer, "0.9", "0.7"), fixture.NeededFrom("TrustedTesters")),
		fixture.Defining("sign-off", fixture.Signing("rso"), fixture.NeededFrom("General")),
		fixture.Defining("no-tenant-exec", fixture.Checked(v1alpha1.SafeguardNoTenantExec)),
		fixture.Raising("CBRN-3", "ASL-3", "bio-uplift"), fixture.Raising("CBRN-4", "ASL-4", "bio-agent"),
		fixture.Requiring("ASL-2", "model-card-evaluations-with-a-long-name", "sign-off"),
		fixture.Requiring("ASL-3", "jailbreak-resistance", "no-tenant-exec"),
	)
}

// shown is what people sign.
func (s *story) shown() fixture.Shown {
	return fixture.Shown{Subject: gate.Digest(gate.Artifacts(s.in.Release), nil), Revision: s.in.PolicyRevision}
}

// evaluated brings a result with its interval on a day; the day is its own name too.
func (s *story) evaluated(day int, requirement, value string, modifiers ...func(*v1alpha1.SafetyEvaluation)) {
	r := s.in.Release
	modifiers = append([]func(*v1alpha1.SafetyEvaluation){
		fixture.At(fixture.Day(day)), fixture.Ended(fixture.Day(day).Add(-time.Hour)), fixture.For(r.Name), fixture.About(gate.Artifacts(r)...),
		fixture.BroughtBy("runner@evaluators.example", "third-party-evaluators"),
	}, modifiers...)
	e := fixture.Evaluation(fmt.Sprintf("%s-%03d", requirement, day), requirement, value, modifiers...)
	s.in.Evaluations = append(s.in.Evaluations, e)
	s.in.Sightings = append(s.in.Sightings, gate.SightingOf(&e))
}

func between(low, high string) func(*v1alpha1.SafetyEvaluation) {
	return fixture.Measuring(func(m *v1alpha1.Measurement) { m.IntervalLow, m.IntervalHigh = low, high })
}

// on decides on a day, after something happened, and records the decision where it is another one; it is enforced 3 s later.
func (s *story) on(day int, happens ...func()) {
	s.t.Helper()
	for _, h := range happens {
		h()
	}
	s.in.Now = fixture.Day(day).Add(9*time.Hour + time.Duration(len(s.records))*time.Second)
	before := audit.Substance(s.d)
	s.d = gate.Decide(s.in)
	for _, f := range s.d.NewFindings {
		f.CreationTimestamp = metav1.NewTime(s.in.Now)
		s.in.Findings = append(s.in.Findings, f)
	}
	if len(s.d.NewFindings) > 0 {
		s.d = gate.Decide(s.in)
	}
	if len(s.records) > 0 && before == audit.Substance(s.d) {
		return
	}
	record, err := audit.New(s.after, s.in, s.d, "v1.2.3")
	if err != nil {
		s.t.Fatal(err)
	}
	texts, err := audit.Texts(s.in)
	if err != nil {
		s.t.Fatal(err)
	}
	record.CreationTimestamp = record.Spec.DecidedTime
	record.Status.EnforcedTime = &metav1.Time{Time: record.Spec.DecidedTime.Add(3 * time.Second)}
	s.records = append(s.records, *record)
	s.after = audit.LinkTo(record, texts)
	s.in.Release.Status.Decision = &v1alpha1.DecisionReference{Sequence: record.Spec.Sequence, Digest: record.Spec.Digest}
}

// subject is the release as it is read at the end, with the status that the manager would have written.
func (s *story) subject() Subject {
	r := s.in.Release
	r.Status.ObservedGeneration = new(r.Generation)
	r.Status.GrantedExposure, r.Status.RequiredLevel, r.Status.PolicyRevision = s.d.GrantedExposure, s.d.RequiredLevel, s.d.PolicyRevision
	r.Status.SubjectDigest = s.d.SubjectDigest
	for _, q := range s.d.Requirements {
		r.Status.Requirements = append(r.Status.Requirements, v1alpha1.RequirementStatus{Name: q.Name, State: q.State, Evidence: q.Evidence, Message: q.Message})
	}
	for kind, reason := range map[string]string{v1alpha1.ConditionEvidenceComplete: s.d.Reason, v1alpha1.ConditionEnforced: v1alpha1.ReasonEnforced} {
		status := metav1.ConditionTrue
		if s.d.Reason != v1alpha1.ReasonEvidenceComplete && kind == v1alpha1.ConditionEvidenceComplete {
			status = metav1.ConditionFalse
		}
		r.Status.Conditions = append(r.Status.Conditions, metav1.Condition{
			Type: kind, Status: status, Reason: reason, Message: s.d.Message, LastTransitionTime: metav1.NewTime(fixture.Day(40)),
		})
	}
	text, err := audit.Text(&s.in.Policy.Spec)
	if err != nil {
		s.t.Fatal(err)
	}
	revision := v1alpha1.PolicyRevision{ObjectMeta: metav1.ObjectMeta{Name: "rsp-1", CreationTimestamp: metav1.NewTime(fixture.Day(0))}}
	revision.Spec = v1alpha1.PolicyRevisionSpec{
		Policy: "rsp", Sequence: 1, Revision: s.in.PolicyRevision, Digest: audit.TextDigest(text), Effect: v1alpha1.EffectInitial,
		Author: "policy@example.com", Text: text,
	}
	revision.Status.InForceTime = &metav1.Time{Time: fixture.Day(0)}
	return Subject{
		Situation: explanation.Situation{
			Input: s.in, Decision: s.d, Namespace: explanation.Namespace{Known: true, Gate: v1alpha1.GateEnforced, Clearance: s.clearance()}, Program: "scalegate",
		},
		Records: s.records, RecordsRead: true, Revisions: []v1alpha1.PolicyRevision{revision},
	}
}

// clearance is the one that the manager would have written; empty for none.
func (s *story) clearance() string {
	if s.d.ClearedUntil == nil {
		return ""
	}
	return clearance.Clearance{End: *s.d.ClearedUntil, Exposure: s.d.GrantedExposure, Mode: clearance.Counted, Since: s.in.Now}.String()
}

// lastDay is the one on which the fleet is reported about.
const lastDay = 95

// atlas is released step by step: its threshold is reached, a waiver opens General, and an alert stands.
func atlas(tb testing.TB) *story {
	tb.Helper()
	r := fixture.Release("atlas-2", fixture.AuthoredBy("model-team@example.com", "lead@example.com"))
	r.Spec.Model = v1alpha1.Model{Name: "Atlas", Version: "2.0"}
	for i := range r.Spec.Artifacts {
		r.Spec.Artifacts[i].Reference = "registry.example/models/atlas-2/" + r.Spec.Artifacts[i].Name
	}
	s := begin(tb, r)
	s.on(1)
	s.on(3, func() { s.evaluated(3, "bio-agent", "0.03", fixture.Counting(400, 400, 0, 0)) })
	s.on(5, func() { s.evaluated(5, "bio-uplift", "2.53", between("1.9", "3.2")) })
	s.on(12, func() {
		s.evaluated(12, "bio-uplift", "3.1", between("2.6", "3.7"), fixture.BroughtBy("lead@example.com"))
	})
	s.on(20, func() { s.evaluated(20, "bio-uplift", "6.4", between("5.6", "7.3")) })
	s.on(22, func() {
		s.in.Safeguards = append(s.in.Safeguards, gate.SafeguardFact{Requirement: "no-tenant-exec", Type: v1alpha1.SafeguardNoTenantExec, State: v1alpha1.SafeguardInPlace})
		s.in.Release.Status.Safeguards = []v1alpha1.SafeguardStatus{{
			Requirement: "no-tenant-exec", Type: v1alpha1.SafeguardNoTenantExec, State: v1alpha1.SafeguardInPlace,
			LookedAt: "4 RoleBindings and 2 ClusterRoleBindings that give the verb connect in namespace serving", CannotSee: "rights that another authorizer gives, and root on a node",
			SinceTime: &metav1.Time{Time: fixture.Day(22)},
		}}
	})
	s.on(25, func() { s.evaluated(25, "jailbreak-resistance", "0.08", fixture.Counting(1000, 990, 6, 4)) })
	s.on(33, func() { s.evaluated(33, "jailbreak-resistance", "0.012", fixture.Counting(4000, 3990, 6, 4)) })
	s.on(40, func() {
		s.evaluated(40, "jailbreak-resistance", "0.003", fixture.Counting(4000, 3990, 6, 4), fixture.Eliciting())
		s.evaluated(40, "model-card-evaluations-with-a-long-name", "0.84")
	})
	s.on(48, func() {
		s.in.Approvals = append(s.in.Approvals, fixture.Approval("officer", "rso", s.shown(), fixture.SignedOn(fixture.Day(48)), about("atlas-2"),
			func(a *v1alpha1.ReleaseApproval) {
				a.Spec.Rationale = "read the capability report of day 45; the safeguards hold for what is asked"
			}))
	})
	s.on(66, func() { s.evaluated(66, "jailbreak-resistance", "0.009", fixture.Counting(4000, 3990, 6, 4)) })
	s.on(70, func() {
		w := fixture.Waiver("card-evaluations", "model-card-evaluations-with-a-long-name", s.shown(), fixture.AskedOn(fixture.Day(70)), fixture.Ending(fixture.Day(99)),
			func(w *v1alpha1.ReleaseWaiver) { w.Spec.Release = "atlas-2" })
		s.in.Waivers = append(s.in.Waivers, w)
		for _, role := range []string{"rso", "ceo"} {
			s.in.Approvals = append(s.in.Approvals, fixture.Approval("waiver-"+role, role, s.shown(), fixture.SignedOn(fixture.Day(70)), about("atlas-2"), fixture.RegardingWaiver(&w)))
		}
	})
	s.on(lastDay)
	r.Status.Workloads = []v1alpha1.WorkloadStatus{
		{Kind: "Deployment", Name: "atlas-2-chat", Exposure: "General", Desired: new(int32(24)), Released: new(int32(24)), Held: new(int32(0))},
		{Kind: "StatefulSet", Name: "atlas-2-batch", Exposure: "General", Desired: new(int32(8)), Released: new(int32(6)), Held: new(int32(2)), Reason: "TemplateMismatch", Message: "2 pods mount a volume that the release does not declare"},
	}
	return s
}

func about(release string) func(*v1alpha1.ReleaseApproval) {
	return func(a *v1alpha1.ReleaseApproval) { a.Spec.Release = release }
}

// borealis waits: nothing was brought for most of it, and somebody objects.
func borealis(tb testing.TB) *story {
	tb.Helper()
	r := fixture.Release("borealis-mini-instruct-preview-with-tools", fixture.Asking("General"), fixture.AuthoredBy("model-team@example.com"))
	r.Spec.Model = v1alpha1.Model{Name: "Borealis Mini Instruct Preview", Version: "0.9.0-rc.3"}
	s := begin(tb, r)
	s.on(60)
	s.on(70, func() { s.evaluated(70, "bio-uplift", "2.2", between("1.2", "3.3")) })
	s.on(71, func() { s.evaluated(71, "bio-agent", "0.02", fixture.Counting(400, 400, 0, 0)) })
	s.on(80, func() {
		s.in.Approvals = append(s.in.Approvals, fixture.Approval("objection", "rso", s.shown(), fixture.SignedOn(fixture.Day(80)), about(r.Name),
			fixture.Saying(v1alpha1.DecisionObject)))
	})
	s.on(lastDay)
	r.Status.Workloads = []v1alpha1.WorkloadStatus{{
		Kind: "Deployment", Name: "borealis-mini-instruct-preview-with-tools", Exposure: "General", Desired: new(int32(4)), Released: new(int32(0)), Held: new(int32(4)),
		Reason: "NotGranted", Message: "General is not granted: 4 pods are held",
	}}
	return s
}

// cinder was granted, and then taken back.
func cinder(tb testing.TB) *story {
	tb.Helper()
	r := fixture.Release("cinder-1", fixture.Asking("Internal"), fixture.AuthoredBy("model-team@example.com"))
	r.Spec.Model = v1alpha1.Model{Name: "Cinder", Version: "1"}
	s := begin(tb, r)
	s.on(10)
	s.on(11, func() {
		s.evaluated(11, "bio-uplift", "1.4", between("1.1", "1.8"))
		s.evaluated(11, "bio-agent", "0", fixture.Counting(400, 400, 0, 0))
	})
	for day := 20; day < 80; day += 4 {
		s.on(day, func() {
			s.evaluated(day, "bio-uplift", fmt.Sprintf("%.2f", 1.4+float64(day%7)/10), between("1.1", "2.3"))
		})
	}
	s.on(90, func() {
		s.in.Release.Spec.Revocation = &v1alpha1.Revocation{
			Severity: v1alpha1.RevocationCritical, Reason: "weights were copied to a host outside of the cluster", RevokedBy: "incident@example.com", Reach: v1alpha1.ReachCluster,
		}
		s.in.Revoked = []v1alpha1.ModelRelease{*s.in.Release}
	})
	s.on(lastDay)
	return s
}

// fleet is three releases, as an auditor reads them on the last day.
func fleet(tb testing.TB) Inputs {
	tb.Helper()
	return Inputs{
		Generated: Generation{
			Time: fixture.Day(lastDay).Add(10 * time.Hour), JudgedAt: fixture.Day(lastDay).Add(10 * time.Hour), Version: "v1.2.3",
			Cluster: "production-east", ClusterUID: string(fixture.UID("kube-system")), By: "auditor@example.com",
		},
		Subjects: []Subject{cinder(tb).subject(), atlas(tb).subject(), borealis(tb).subject()},
	}
}
