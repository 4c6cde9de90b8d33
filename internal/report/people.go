// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"cmp"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Kinds of records in [gate.RecordResult].
const (
	kindReleaseApproval = "ReleaseApproval"
	kindWaiver          = string(v1alpha1.RecordWaiver)
	kindDetermination   = string(v1alpha1.RecordDetermination)
)

// people are the approvals, waivers and determinations of the release.
func (b *builder) people() {
	release := b.Input.Release.Name
	b.out.Approvals = b.approvals(nil)
	for i := range b.Input.Waivers {
		if w := &b.Input.Waivers[i]; w.Spec.Release == release {
			b.out.Waivers = append(b.out.Waivers, b.waiver(w))
		}
	}
	slices.SortFunc(b.out.Waivers, func(a, b Waiver) int {
		return cmp.Or(compareTimes(a.AskedTime, b.AskedTime), strings.Compare(a.Name, b.Name))
	})
	for i := range b.Input.Determinations {
		if d := &b.Input.Determinations[i]; d.Spec.Release == release {
			b.out.Determinations = append(b.out.Determinations, b.determination(d))
		}
	}
	slices.SortFunc(b.out.Determinations, func(a, b Determination) int {
		return cmp.Or(compareTimes(a.WrittenTime, b.WrittenTime), strings.Compare(a.Name, b.Name))
	})
}

// answer is what the decision says of a record. One about which nothing was decided anew has what its conditions say.
func (b *builder) answer(kind, name string, status *v1alpha1.RecordStatus) Counting {
	for i := range b.Decision.Records {
		if r := &b.Decision.Records[i]; r.Kind == kind && r.Name == name {
			return Counting{Counts: r.Counts, Reason: r.Reason, Message: r.Message, EndTime: utc(r.End)}
		}
	}
	for _, c := range status.Conditions {
		if c.Type == v1alpha1.ConditionReady {
			return Counting{Counts: c.Status == "True", Reason: c.Reason, Message: c.Message}
		}
	}
	return Counting{Message: "It was not looked at."}
}

func (b *builder) counts(kind, name string) bool {
	return slices.ContainsFunc(b.Decision.Records, func(r gate.RecordResult) bool { return r.Kind == kind && r.Name == name && r.Counts })
}

// approvals are those about one record, or about the release itself where it is nil; the latest last.
func (b *builder) approvals(regarding *v1alpha1.RecordReference) []Approval {
	var all []Approval
	for i := range b.Input.Approvals {
		a := &b.Input.Approvals[i]
		about := a.Spec.Regarding
		if a.Spec.Release != b.Input.Release.Name || (about == nil) != (regarding == nil) || about != nil && *about != *regarding {
			continue
		}
		all = append(all, Approval{
			Name: a.Name, By: a.Spec.Approver, Role: a.Spec.Role, Decision: string(a.Spec.Decision), Exposure: a.Spec.Exposure,
			Rationale: a.Spec.Rationale, SignedTime: timeOf(&a.CreationTimestamp), SubjectDigest: a.Spec.SubjectDigest,
			PolicyRevision: a.Spec.PolicyRevision, Counting: b.answer(kindReleaseApproval, a.Name, &a.Status),
		})
	}
	slices.SortFunc(all, func(a, b Approval) int {
		return cmp.Or(compareTimes(a.SignedTime, b.SignedTime), strings.Compare(a.Name, b.Name))
	})
	return all
}

func (b *builder) waiver(w *v1alpha1.ReleaseWaiver) Waiver {
	return Waiver{
		Name: w.Name, Path: string(cmp.Or(w.Spec.Path, v1alpha1.WaiverStandard)), Requirements: w.Spec.Requirements, Exposure: w.Spec.Exposure,
		Requester: w.Spec.Requester, AskedTime: timeOf(&w.CreationTimestamp), UntilTime: timeOf(&w.Spec.EndTime), Why: w.Spec.Reason,
		CompensatingControls: w.Spec.CompensatingControls, Disclosure: w.Spec.Disclosure, Counting: b.answer(kindWaiver, w.Name, &w.Status),
		Approvals: b.approvals(&v1alpha1.RecordReference{Kind: v1alpha1.RecordWaiver, Name: w.Name, UID: string(w.UID)}),
	}
}

func (b *builder) determination(d *v1alpha1.ReleaseDetermination) Determination {
	of := Determination{
		Name: d.Name, Author: d.Spec.Author, WrittenTime: timeOf(&d.CreationTimestamp), Rationale: d.Spec.Rationale, Disclosure: d.Spec.Disclosure,
		Document: sourceOf(d.Spec.Report), Counting: b.answer(kindDetermination, d.Name, &d.Status), Concludes: []string{},
		Approvals: b.approvals(&v1alpha1.RecordReference{Kind: v1alpha1.RecordDetermination, Name: d.Name, UID: string(d.UID)}),
	}
	for _, t := range d.Spec.Thresholds {
		of.Concludes = append(of.Concludes, t.Name+": "+string(t.Conclusion))
	}
	return of
}

// findings are those that are about content of the release, or that decided a requirement.
func (b *builder) findings() {
	for i := range b.Input.Findings {
		if f := &b.Input.Findings[i]; b.concerned(f) {
			b.out.Findings = append(b.out.Findings, b.finding(f, true))
		}
	}
	for i := range b.Decision.NewFindings {
		b.out.Findings = append(b.out.Findings, b.finding(&b.Decision.NewFindings[i], false))
	}
	slices.SortFunc(b.out.Findings, func(a, b Finding) int {
		return cmp.Or(compareTimes(a.ResultTime, b.ResultTime), strings.Compare(a.Name, b.Name))
	})
}

// concerned reports whether a finding may count for the release: it decided a requirement, or it is about nothing that the
// release does not have.
func (b *builder) concerned(f *v1alpha1.AdverseFinding) bool {
	for i := range b.Decision.Requirements {
		if b.Decision.Requirements[i].Evidence == f.Name {
			return true
		}
	}
	if f.Spec.Evidence.Reach == v1alpha1.ReachNamespace && f.Spec.Evidence.Namespace != b.Input.Release.Namespace {
		return false
	}
	has := map[v1alpha1.Digest]bool{}
	for _, a := range b.Input.Release.Spec.Artifacts {
		has[a.Digest] = true
	}
	return len(f.Spec.Artifacts) > 0 && !slices.ContainsFunc(f.Spec.Artifacts, func(a v1alpha1.SubjectArtifact) bool { return !has[a.Digest] })
}

func (b *builder) finding(f *v1alpha1.AdverseFinding, recorded bool) Finding {
	at := &f.Spec.Evidence
	of := Finding{
		Name: f.Name, Requirement: f.Spec.Requirement, Standing: f.Status.ResolvedTime == nil, Recorded: recorded,
		Evaluation: at.Namespace + "/" + at.Name, Value: at.Value, SHA256: at.SHA256, ResultTime: timeOf(&at.ResultTime),
		Policy: strings.TrimSpace(at.Policy + " " + at.PolicyRevision), Reach: string(cmp.Or(at.Reach, v1alpha1.ReachCluster)),
	}
	for _, a := range f.Spec.Artifacts {
		of.Artifacts = append(of.Artifacts, string(a.Type)+" "+string(a.Digest))
	}
	if r := f.Spec.Resolution; r != nil {
		of.Resolution = &Resolution{
			Evaluation: r.Namespace + "/" + r.Evaluation, Reason: r.Reason, By: r.ResolvedBy, Effective: !of.Standing, ResolvedTime: timeOf(f.Status.ResolvedTime),
		}
		for i := range b.Decision.Resolutions {
			if answer := &b.Decision.Resolutions[i]; answer.Finding == f.Name {
				of.Resolution.Effective, of.Resolution.Message, of.Resolution.ResolvedTime = answer.Effective, answer.Message, utc(answer.ResolvedTime)
				of.Standing = !answer.Effective
			}
		}
	}
	return of
}
