// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
	"github.com/scalegate/scalegate/internal/report"
)

// reportGathering reads what a report is made of.
type reportGathering struct {
	connection
	// lists keeps each list, for releases share most of them.
	lists   *keptLists
	now     time.Time
	program string
}

func newReportGathering(c connection, now time.Time, program string) reportGathering {
	lists := &keptLists{Client: c.Client, kept: map[string]keptList{}}
	return reportGathering{connection: connection{Client: lists, namespace: c.namespace}, lists: lists, now: now, program: program}
}

// inputs are the releases that are asked for, with all that is known about them.
func (g *reportGathering) inputs(ctx context.Context, all bool, names []string) (report.Inputs, error) {
	var in report.Inputs
	releases, err := g.asked(ctx, all, names)
	if err != nil {
		return in, err
	}
	for i := range releases {
		s, err := g.subject(ctx, &releases[i])
		if err != nil {
			return in, err
		}
		in.Subjects = append(in.Subjects, s)
	}
	return in, nil
}

// asked are the releases that the arguments name.
func (g *reportGathering) asked(ctx context.Context, all bool, names []string) ([]v1alpha1.ModelRelease, error) {
	var releases []v1alpha1.ModelRelease
	named := map[string]bool{}
	for _, name := range names {
		if named[name] {
			continue
		}
		named[name] = true
		r, err := g.release(ctx, name)
		if err != nil {
			return nil, err
		}
		releases = append(releases, *r)
	}
	if len(names) > 0 {
		return releases, nil
	}
	where := []client.ListOption{client.InNamespace(g.namespace)}
	if all {
		where = nil
	}
	releases, err := g.releases(ctx, where...)
	switch {
	case err != nil:
		return nil, fmt.Errorf("listing releases: %w", served(err))
	case len(releases) == 0 && all:
		return nil, fmt.Errorf("there is no ModelRelease in any namespace")
	case len(releases) == 0:
		return nil, fmt.Errorf("there is no ModelRelease in namespace %s: name another one with --namespace, or all with --all-namespaces", g.namespace)
	}
	return releases, nil
}

// subject reads what a decision about a release is made from, and decides. What the caller may not read is noted, and then
// the decision is the recorded one where it depends on that.
func (g *reportGathering) subject(ctx context.Context, release *v1alpha1.ModelRelease) (report.Subject, error) {
	c := connection{Client: g.lists, namespace: release.Namespace}
	s := report.Subject{Situation: explanation.Situation{Input: gate.Input{Now: g.now, Release: release}, Program: g.program}}
	if err := g.records(ctx, c, &s); err != nil {
		return s, err
	}
	for _, part := range []struct {
		what string
		read func(context.Context, *explanation.Situation) error
	}{
		{"its policy and the revisions of it", c.gatherPolicy},
		{"the evaluations of its namespace", c.gatherEvaluations},
		{"adverse findings", c.gatherFindings},
		{"the releases that it was made from, or those of its namespace", c.gatherReleases},
		{"approvals, waivers and determinations of its namespace", c.gatherRecords},
	} {
		err := part.read(ctx, &s.Situation)
		switch {
		case apierrors.IsForbidden(err):
			s.Recorded = true
			s.Unread = append(s.Unread, "You may not read "+part.what+": the decision about the release could not be made anew.")
		case err != nil:
			return s, err
		}
	}
	if err := c.gatherNamespace(ctx, &s.Situation); err != nil {
		return s, err
	}
	g.revisions(ctx, &s)
	s.Input.Safeguards = gathering.Safeguards(s.Input.Release)
	if s.Decision = report.Recorded(s.Input.Release); !s.Recorded {
		s.Decision = gate.Decide(s.Input)
	}
	return s, nil
}

// gatherFindings reads all findings.
func (c connection) gatherFindings(ctx context.Context, s *explanation.Situation) error {
	findings := &v1alpha1.AdverseFindingList{}
	if err := c.List(ctx, findings); err != nil {
		return fmt.Errorf("listing adverse findings: %w", clusterScoped(err))
	}
	s.Input.Findings = findings.Items
	return nil
}

// records reads the decisions on record. Where one was made since the release was read, the release is read again.
func (g *reportGathering) records(ctx context.Context, c connection, s *report.Subject) error {
	for try := 1; ; try++ {
		release := s.Input.Release
		// What was kept may be older than the release.
		fresh := connection{Client: g.lists.Client, namespace: release.Namespace}
		records, err := fresh.decisions(ctx, client.InNamespace(release.Namespace), client.MatchingFields{"spec.release": release.Name})
		switch {
		case apierrors.IsForbidden(err):
			s.Unread = append(s.Unread, "You may not list the records of decisions: what was decided before, and whether the records are intact, was not looked at.")
			return nil
		case err != nil:
			return fmt.Errorf("listing records: %w", served(err))
		}
		s.Records, s.RecordsRead = records, true
		last := int64(0)
		for i := range records {
			last = max(last, records[i].Spec.Sequence)
		}
		if known := release.Status.Decision; try == verifyTries || last == 0 || known != nil && known.Sequence >= last {
			return nil
		}
		if s.Input.Release, err = c.release(ctx, release.Name); err != nil {
			return err
		}
	}
}

// revisions reads those of the policy. That they may not be read was noted with the policy.
func (g *reportGathering) revisions(ctx context.Context, s *report.Subject) {
	list := &v1alpha1.PolicyRevisionList{}
	if err := g.lists.List(ctx, list, client.MatchingFields{gathering.ByPolicy: s.Input.Release.Spec.Policy}); err == nil {
		s.Revisions = list.Items
	}
}

// clusterUID is the UID of the namespace kube-system; empty where it cannot be read.
func (g *reportGathering) clusterUID(ctx context.Context) string {
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := g.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, ns); err != nil {
		return ""
	}
	return string(ns.UID)
}

// user is the caller, as the API server knows them; empty where it does not say. The review is not stored.
func (g *reportGathering) user(ctx context.Context) string {
	review := &authenticationv1.SelfSubjectReview{}
	if err := g.Create(ctx, review); err != nil {
		return ""
	}
	return review.Status.UserInfo.Username
}
