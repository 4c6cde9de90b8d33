// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/gate"
)

// Inputs are what a report is made of. They are read and not changed.
type Inputs struct {
	// Generated is taken over as it is, with its times in UTC and whole seconds.
	Generated Generation
	// Subjects are the releases, in any order.
	Subjects []Subject
	// Unseen are sentences about what is unknown beside the releases.
	Unseen []string
}

// Subject is a release, and what was read about it.
type Subject struct {
	// Situation has the release and, as far as they could be read, the objects that decide about it. Its Decision is that about
	// them, unless Recorded.
	explanation.Situation
	// Recorded: not all could be read that a decision is made from. The decision is that of [Recorded].
	Recorded bool
	// Records are the GateDecisions about the release, in any order; RecordsRead is false when they could not be read.
	Records     []v1alpha1.GateDecision
	RecordsRead bool
	// Revisions are those of the release's policy, in any order.
	Revisions []v1alpha1.PolicyRevision
}

// Build makes the report.
func Build(in Inputs) Report {
	r := Report{ReportVersion: Version, Generated: in.Generated, Unseen: in.Unseen, Releases: []Release{}}
	r.Generated.Time, r.Generated.JudgedAt = whole(in.Generated.Time), whole(in.Generated.JudgedAt)
	for _, s := range in.Subjects {
		// What was recorded was decided when it was, whatever time was asked for.
		s.OtherTime = !s.Recorded && !r.Generated.JudgedAt.Equal(r.Generated.Time)
		r.Releases = append(r.Releases, build(&s))
	}
	slices.SortFunc(r.Releases, func(a, b Release) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return r
}

// Recorded is the decision as the status of a release has it: less than was decided, and no more. The zero decision is that
// of a release that nobody looked at.
func Recorded(release *v1alpha1.ModelRelease) gate.Decision {
	status := &release.Status
	d := gate.Decision{
		PolicyRevision: status.PolicyRevision, SubjectDigest: status.SubjectDigest, RequiredLevel: status.RequiredLevel,
		GrantedExposure: status.GrantedExposure, ReplicaCeiling: status.ReplicaCeiling,
		ClearedUntil: timeOf(status.ClearedUntil), PendingPolicyRevision: status.PendingPolicyRevision,
	}
	if d.GrantedExposure != "" {
		d.EvidenceEnds = timeOf(status.EvidenceEndTime)
	}
	for _, c := range status.Conditions {
		if c.Type == v1alpha1.ConditionEvidenceComplete {
			d.Reason, d.Message = c.Reason, c.Message
		}
	}
	for _, t := range status.Thresholds {
		d.Thresholds = append(d.Thresholds, gate.ThresholdResult{Name: t.Name, State: t.State, Message: t.Message})
	}
	for _, q := range status.Requirements {
		d.Requirements = append(d.Requirements, gate.RequirementResult{
			Name: q.Name, State: q.State, Evidence: q.Evidence, Expires: timeOf(q.ExpiresTime), Message: q.Message,
			Alert: q.Alert == v1alpha1.AlertReached,
		})
	}
	return d
}

// builder makes the answers about one release.
type builder struct {
	*Subject
	x explanation.Explanation
	// since is when what is granted began to be, by the records; nil where they do not say.
	since *time.Time
	// out is what was made so far.
	out *Release
}

func build(s *Subject) Release {
	release := s.Input.Release
	b := builder{Subject: s, x: explanation.Explain(s.Situation), out: &Release{
		Namespace: release.Namespace, Name: release.Name, UID: string(release.UID), Generation: release.Generation,
		CreatedTime: timeOf(&release.CreationTimestamp), Basis: BasisDecided, Authors: release.Spec.Authors,
		PolicyName: release.Spec.Policy, LostAncestor: s.Input.LostAncestor,
	}}
	if s.Recorded {
		b.out.Basis = BasisRecorded
	}
	b.identity()
	b.records()
	b.answers()
	b.policy()
	b.level()
	b.requirements()
	b.findings()
	b.people()
	b.cluster()
	b.next()
	b.out.Summary = b.summary()
	return *b.out
}

// identity is what the release is made of, and what it was made from.
func (b *builder) identity() {
	release := b.Input.Release
	b.out.Model = cmp.Or(b.x.Release.Model, release.Name)
	b.out.SubjectDigest = b.Decision.SubjectDigest
	b.out.Artifacts = []Artifact{}
	for _, a := range release.Spec.Artifacts {
		b.out.Artifacts = append(b.out.Artifacts, Artifact{Name: a.Name, Type: string(a.Type), Digest: string(a.Digest), Reference: a.Reference})
	}
	for _, a := range b.x.Ancestors {
		b.out.DerivedFrom = append(b.out.DerivedFrom, a.Name+" ("+a.Level+")")
	}
	if r := b.x.Revoked; r != nil {
		b.out.Revocation = revocationOf(&r.Revocation)
		b.out.Revocation.Of, b.out.Revocation.Reach = r.Namespace+"/"+r.Name, string(r.Reach)
	}
}

func revocationOf(r *v1alpha1.Revocation) *Revocation {
	if r == nil {
		return nil
	}
	return &Revocation{Severity: string(r.Severity), Reason: r.Reason, By: r.RevokedBy}
}

// answers are the decision and the exposures.
func (b *builder) answers() {
	d := &b.Decision
	b.out.Outcome, b.out.Reason, b.out.Message = string(b.x.Outcome), d.Reason, d.Message
	if b.Recorded && d.Reason == "" {
		b.out.Message = "Scalegate has not looked at the release yet."
	}
	e := Exposure{
		Asked: b.Input.Release.Spec.Exposure, Granted: d.GrantedExposure, Ceiling: d.ReplicaCeiling,
		ClearedUntil: utc(d.ClearedUntil), EvidenceEndTime: utc(d.EvidenceEnds), SinceTime: b.since,
	}
	for _, a := range d.Exposures {
		answer := ExposureAnswer{
			Name: a.Name, Asked: a.Name == e.Asked, Granted: a.Granted, RequiredLevel: a.RequiredLevel, Reason: a.Reason, Message: a.Message, Blocking: a.Blocking,
		}
		for i := range b.exposures() {
			if x := &b.exposures()[i]; x.Name == a.Name {
				answer.MaxReplicas = x.MaxReplicas
			}
		}
		e.All = append(e.All, answer)
	}
	b.out.Exposure = e
}

func (b *builder) exposures() []v1alpha1.Exposure {
	if b.Input.Policy == nil {
		return nil
	}
	return b.Input.Policy.Spec.Exposures
}

// policy is what the release is held to, and its revisions.
func (b *builder) policy() {
	if b.Input.Policy == nil {
		return
	}
	p := &Policy{
		Name: b.Input.Policy.Name, Revision: b.Decision.PolicyRevision, PendingRevision: b.Decision.PendingPolicyRevision,
		Source: sourceOf(b.Input.Policy.Spec.Source),
	}
	for i := range b.Revisions {
		r := &b.Revisions[i]
		of := Revision{
			Sequence: r.Spec.Sequence, Revision: r.Spec.Revision, Effect: string(r.Spec.Effect), Author: r.Spec.Author,
			CreatedTime: timeOf(&r.CreationTimestamp), InForceTime: timeOf(r.Status.InForceTime),
		}
		for _, c := range r.Spec.Changes {
			of.Changes = append(of.Changes, c.Item+": "+string(c.Effect))
		}
		p.Revisions = append(p.Revisions, of)
	}
	slices.SortFunc(p.Revisions, func(a, b Revision) int { return cmp.Compare(a.Sequence, b.Sequence) })
	b.out.Policy = p
}

func sourceOf(s *v1alpha1.PolicySource) *Source {
	if s == nil {
		return nil
	}
	return &Source{Title: s.Title, Version: s.Version, EffectiveDate: s.EffectiveDate, URI: s.URI, SHA256: s.SHA256}
}

// cluster is what became of the decision.
func (b *builder) cluster() {
	status := &b.Input.Release.Status
	for _, w := range status.Workloads {
		b.out.Workloads = append(b.out.Workloads, Workload{
			Kind: w.Kind, Name: w.Name, Exposure: w.Exposure, Desired: w.Desired, Released: w.Released, Held: w.Held, Reason: w.Reason, Message: w.Message,
		})
	}
	slices.SortFunc(b.out.Workloads, func(a, b Workload) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	for _, c := range status.Conditions {
		b.out.Conditions = append(b.out.Conditions, Condition{
			Type: c.Type, Status: string(c.Status), Reason: c.Reason, Message: c.Message, SinceTime: timeOf(&c.LastTransitionTime),
		})
	}
	slices.SortFunc(b.out.Conditions, func(a, b Condition) int { return strings.Compare(a.Type, b.Type) })
	if w := status.Withdrawal; w != nil {
		b.out.Withdrawal = &Withdrawal{
			Exposure: w.Exposure, Cause: string(w.Cause), Severity: string(w.Severity), Time: timeOf(&w.Time), GraceEndTime: timeOf(w.GraceEndTime),
		}
		if status.Removal != nil {
			b.out.Withdrawal.RemovalTime = timeOf(&status.Removal.StartTime)
		}
	}
	// What could not be read is said apart.
	b.out.Unseen = slices.Clone(b.Unread)
	if !b.Namespace.Known {
		b.out.Unseen = append(b.out.Unseen, "You may not read namespace "+b.out.Namespace+": whether it is governed, and what is cleared there, was not looked at.")
	}
	b.out.Notes = slices.DeleteFunc(slices.Clone(b.x.Notes), func(note string) bool {
		return slices.Contains(b.Unread, note) || !b.Namespace.Known && note == explanation.UnknownNamespace(b.out.Namespace)
	})
}

// next are all steps, those of the release first.
func (b *builder) next() {
	add := func(about string, steps []explanation.Step) {
		for _, s := range steps {
			b.out.Next = append(b.out.Next, Step{About: about, What: s.What, Command: s.Command})
		}
	}
	add("", b.x.Next)
	for i := range b.x.Requirements {
		q := &b.x.Requirements[i]
		if due := q.State != v1alpha1.RequirementMet || q.Expiring || q.Alert; q.Needed && due {
			add(q.Name, q.Next)
		}
	}
	for i := range b.x.Records {
		add(b.x.Records[i].Name, b.x.Records[i].Next)
	}
}

// timeOf is a time in UTC and whole seconds; nil for none.
func timeOf(t *metav1.Time) *time.Time {
	if t == nil {
		return nil
	}
	return utc(&t.Time)
}

func utc(t *time.Time) *time.Time {
	if t == nil || t.IsZero() {
		return nil
	}
	return new(whole(*t))
}

func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
