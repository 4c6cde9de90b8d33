// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"bytes"
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/evidence"
	"github.com/scalegate/scalegate/internal/verdict"
)

// measure reads the result files that stand beside their evaluations, as the manager would. What was measured in a cluster
// stays.
func (s *Set) measure(ctx context.Context) {
	for _, e := range s.entries {
		evaluation, ok := e.typed.(*v1alpha1.SafetyEvaluation)
		if !ok || len(e.problems) > 0 || evaluation.Status.Measurement != nil {
			continue
		}
		if m := s.measurementOf(ctx, e, evaluation); m != nil {
			evaluation.Status.Measurement = m
			s.world.Put(evaluation)
		}
	}
}

// measurementOf reads the result of one evaluation; nil, with a note, where there is none.
func (s *Set) measurementOf(ctx context.Context, e *entry, evaluation *v1alpha1.SafetyEvaluation) *v1alpha1.Measurement {
	switch {
	case evaluation.Spec.Job != nil:
		e.note(verdict.SeverityNote, ruleNotJudged, "spec.job", "the suite runs in the cluster: its result is not known here", "")
		return nil
	case evaluation.Spec.Report == nil || evaluation.Spec.Report.ConfigMap == nil:
		e.note(verdict.SeverityNote, ruleNotJudged, "spec", "its result is in the cluster, and is not known here", "")
		return nil
	}
	release := &v1alpha1.ModelRelease{}
	if s.world.Get(ctx, types.NamespacedName{Namespace: evaluation.Namespace, Name: evaluation.Spec.Subject.Release}, release) != nil {
		e.note(verdict.SeverityWarning, v1alpha1.ReasonReleaseNotFound, "spec.subject.release",
			fmt.Sprintf("ModelRelease %s is not in namespace %s of the manifests", evaluation.Spec.Subject.Release, evaluation.Namespace), "give its manifest as well")
		return nil
	}
	metric, found := s.metric(ctx, release.Spec.Policy, evaluation.Spec.Requirement)
	if !found {
		e.note(verdict.SeverityWarning, v1alpha1.ReasonRequirementNotFound, "spec.requirement",
			fmt.Sprintf("SafetyPolicy %s, or its requirement %s, is not among the manifests, or asks for no evaluation", release.Spec.Policy, evaluation.Spec.Requirement),
			"give the policy's manifest, or name a requirement that it has")
		return nil
	}
	file := s.file(ctx, evaluation)
	if file == nil {
		at := evaluation.Spec.Report.ConfigMap
		e.note(verdict.SeverityWarning, v1alpha1.ReasonReportNotFound, "spec.report.configMap",
			fmt.Sprintf("ConfigMap %s with key %s is not among the manifests, so the result is not known here", at.Name, at.Key), "give its manifest as well")
		return nil
	}
	m, rule, problem := read(file, metric, evaluation.Spec.Report.SHA256)
	if problem != "" {
		e.note(verdict.SeverityError, rule, "spec.report", problem, "")
	}
	return m
}

// metric selects the result that a requirement is about; false where the policy or the requirement is not there.
func (s *Set) metric(ctx context.Context, policyName, requirement string) (string, bool) {
	policy := &v1alpha1.SafetyPolicy{}
	if s.world.Get(ctx, types.NamespacedName{Name: policyName}, policy) != nil {
		return "", false
	}
	for i := range policy.Spec.Requirements {
		if r := &policy.Spec.Requirements[i]; r.Name == requirement && r.Evaluation != nil {
			return r.Metric(), true
		}
	}
	return "", false
}

// file is the stored result file of an evaluation; nil where it is not there.
func (s *Set) file(ctx context.Context, evaluation *v1alpha1.SafetyEvaluation) []byte {
	ref, cm := evaluation.Spec.Report.ConfigMap, &corev1.ConfigMap{}
	if s.world.Get(ctx, types.NamespacedName{Namespace: evaluation.Namespace, Name: ref.Name}, cm) != nil {
		return nil
	}
	if data, ok := cm.BinaryData[ref.Key]; ok {
		return data
	}
	if data, ok := cm.Data[ref.Key]; ok {
		return []byte(data)
	}
	return nil
}

// read reads the one result that a metric selects. The rule and the problem say why there is none, or why it cannot be used.
func read(stored []byte, metric, wantSHA256 string) (m *v1alpha1.Measurement, rule, problem string) {
	file, err := evidence.Decompress(stored, evidence.StoredBytes)
	if err != nil {
		return nil, v1alpha1.ReasonUnreadable, err.Error()
	}
	all, err := evidence.Read(bytes.NewReader(file), int64(len(file)), evidence.DefaultLimits())
	if err != nil {
		return nil, v1alpha1.ReasonUnreadable, err.Error()
	}
	if wantSHA256 != "" && wantSHA256 != all.SHA256 {
		return nil, v1alpha1.ReasonDigestMismatch, fmt.Sprintf("the file's SHA-256 is %s and spec.report.sha256 says %s", all.SHA256, wantSHA256)
	}
	result, err := all.Select(metric)
	if err != nil {
		return nil, v1alpha1.ReasonMetricNotFound, err.Error()
	}
	if m = all.Record(result, metric); m.Problem != "" {
		return m, v1alpha1.ReasonUnusable, "the result cannot be used: " + m.Problem
	}
	return m, "", ""
}
