// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
)

// pageSize is how many evaluations or releases are asked for at once.
const pageSize = 500

// gather reads, with the caller's rights, what the manager would decide about, and decides.
func (c connection) gather(ctx context.Context, name string, now time.Time) (explanation.Situation, error) {
	s := explanation.Situation{Input: gate.Input{Now: now}}
	var err error
	if s.Input.Release, err = c.release(ctx, name); err != nil {
		return s, err
	}
	if err := c.gatherPolicy(ctx, &s); err != nil {
		return s, err
	}
	if err := c.gatherEvaluations(ctx, &s); err != nil {
		return s, err
	}
	findings := &v1alpha1.AdverseFindingList{}
	if err := c.List(ctx, findings); err != nil {
		return s, fmt.Errorf("listing adverse findings: %w", clusterScoped(err))
	}
	s.Input.Findings = findings.Items
	if err := c.gatherReleases(ctx, &s); err != nil {
		return s, err
	}
	if err := c.gatherRecords(ctx, &s); err != nil {
		return s, err
	}
	if err := c.gatherNamespace(ctx, &s); err != nil {
		return s, err
	}
	s.Input.Safeguards = gathering.Safeguards(s.Input.Release)
	s.Decision = gate.Decide(s.Input)
	return s, nil
}

func (c connection) release(ctx context.Context, name string) (*v1alpha1.ModelRelease, error) {
	release := &v1alpha1.ModelRelease{}
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, release)
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("there is no ModelRelease %s in namespace %s: name another one, or its namespace with --namespace", name, c.namespace)
	case err != nil:
		return nil, fmt.Errorf("reading ModelRelease %s/%s: %w", c.namespace, name, served(err))
	}
	return release, nil
}

func (c connection) gatherPolicy(ctx context.Context, s *explanation.Situation) error {
	name := s.Input.Release.Spec.Policy
	policy := &v1alpha1.SafetyPolicy{}
	if err := c.Get(ctx, client.ObjectKey{Name: name}, policy); apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return fmt.Errorf("reading SafetyPolicy %s: %w", name, clusterScoped(err))
	}
	records, err := gathering.Revisions(ctx, c, name)
	if err != nil {
		return clusterScoped(err)
	}
	s.Input.Policy = policy
	return gathering.Governed(&s.Input, records)
}

// gatherEvaluations reads the evaluations of the release, and of all that the caller may read what they saw of
// their files. Other namespaces matter only for that.
func (c connection) gatherEvaluations(ctx context.Context, s *explanation.Situation) error {
	release := s.Input.Release
	all, err := c.evaluations(ctx)
	if apierrors.IsForbidden(err) {
		s.Unread = append(s.Unread, "You may not list evaluations of other namespaces. Whether a result file was submitted there before"+
			" was not looked at: the manager may count it as older, or not at all.")
		all, err = c.evaluations(ctx, client.InNamespace(release.Namespace))
	}
	if err != nil {
		return fmt.Errorf("listing evaluations: %w", served(err))
	}
	for i := range all {
		e := &all[i]
		if e.Status.Measurement != nil {
			s.Input.Sightings = append(s.Input.Sightings, gate.SightingOf(e))
		}
		if e.Namespace == release.Namespace && e.Spec.Subject.Release == release.Name {
			s.Input.Evaluations = append(s.Input.Evaluations, *e)
		}
	}
	return nil
}

// gatherReleases reads what the release was made from, and the revoked releases that share an artifact with it, of all
// namespaces that the caller may read.
func (c connection) gatherReleases(ctx context.Context, s *explanation.Situation) error {
	release := s.Input.Release
	var err error
	if s.Input.Ancestors, s.Input.LostAncestor, err = gathering.Ancestors(ctx, c, release); err != nil {
		return err
	}
	all, err := c.releases(ctx)
	if apierrors.IsForbidden(err) {
		s.Unread = append(s.Unread, "You may not list releases of other namespaces. Whether one with the same weights was revoked there"+
			" was not looked at: where its revocation reaches the whole cluster, the manager grants nothing.")
		all, err = c.releases(ctx, client.InNamespace(release.Namespace))
	}
	if err != nil {
		return fmt.Errorf("listing releases: %w", served(err))
	}
	s.Input.Revoked = gathering.Sharing(release, all)
	return nil
}

func (c connection) releases(ctx context.Context, where ...client.ListOption) ([]v1alpha1.ModelRelease, error) {
	var all []v1alpha1.ModelRelease
	next := ""
	for {
		page := &v1alpha1.ModelReleaseList{}
		options := append([]client.ListOption{client.Limit(pageSize), client.Continue(next)}, where...)
		if err := c.List(ctx, page, options...); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if next = page.Continue; next == "" {
			return all, nil
		}
	}
}

func (c connection) evaluations(ctx context.Context, where ...client.ListOption) ([]v1alpha1.SafetyEvaluation, error) {
	var all []v1alpha1.SafetyEvaluation
	next := ""
	for {
		page := &v1alpha1.SafetyEvaluationList{}
		options := append([]client.ListOption{client.Limit(pageSize), client.Continue(next)}, where...)
		if err := c.List(ctx, page, options...); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if next = page.Continue; next == "" {
			return all, nil
		}
	}
}

// gatherRecords reads what people made about the release.
func (c connection) gatherRecords(ctx context.Context, s *explanation.Situation) error {
	records, err := gathering.RecordsOf(ctx, c, s.Input.Release)
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("nothing can be decided without it; the cluster's own role view grants it in the namespace: %w", err)
	}
	if err != nil {
		return served(err)
	}
	s.Input.Approvals, s.Input.Waivers, s.Input.Determinations = records.Approvals, records.Waivers, records.Determinations
	return nil
}

// gatherNamespace reads the namespace, where the caller may.
func (c connection) gatherNamespace(ctx context.Context, s *explanation.Situation) error {
	release := s.Input.Release
	ns := &metav1.PartialObjectMetadata{}
	ns.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	err := c.Get(ctx, client.ObjectKey{Name: release.Namespace}, ns)
	switch {
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading namespace %s: %w", release.Namespace, err)
	}
	s.Namespace = explanation.Namespace{
		Known:     true,
		Gate:      ns.Labels[v1alpha1.LabelGate],
		Clearance: ns.Annotations[clearance.Key(release.Name)],
	}
	return nil
}

// served adds the remedy to an error that says that the cluster has no such kind.
func served(err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("the cluster does not have Scalegate's kinds; install Scalegate, or name another cluster with --context: %w", err)
	}
	return err
}

// clusterScoped adds the remedy to an error about a kind that namespaced rights do not reach.
func clusterScoped(err error) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("nothing can be decided without it; the ClusterRole scalegate-reader grants it: %w", err)
	}
	return served(err)
}
