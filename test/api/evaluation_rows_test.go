// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"maps"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fullEvaluation is an evaluation that has every field a person gives.
func fullEvaluation(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	return sample(t, "SafetyEvaluation")
}

// measuredEvaluation is stored, and its measurement recorded.
func measuredEvaluation(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	object := fullEvaluation(t)
	object.SetName("")
	object.SetGenerateName("measured-")
	stored := store(t, shared.Client, object)
	set("status.measurement", map[string]any{
		"metric": "uplift_ratio/mean", "value": "2.1", "planned": int64(8), "judged": int64(8),
		"unjudged": int64(0), "errored": int64(0), "sha256": strings.Repeat("6", 64),
	})(stored.Object)
	if err := shared.controller.Status().Update(t.Context(), stored); err != nil {
		t.Fatalf("recording a measurement: %v", err)
	}
	return stored
}

// ranEvaluation is stored, and the run of its suite has ended.
func ranEvaluation(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	object := fullEvaluation(t)
	object.SetName("")
	object.SetGenerateName("ran-")
	all(drop("spec.report"), drop("spec.subject.relation"), drop("spec.subject.tested"), set("spec.job", map[string]any{"suite": "jailbreak"}))(object.Object)
	stored := store(t, shared.Client, object)
	set("status.run", map[string]any{
		"jobName": "ran-1", "jobUID": "5d1c", "finishTime": "2026-03-01T00:00:00Z", "reason": "RunFailed", "message": "exit code 3",
	})(stored.Object)
	if err := shared.controller.Status().Update(t.Context(), stored); err != nil {
		t.Fatalf("recording a run: %v", err)
	}
	return stored
}

// revokedEvaluation is stored, and revoked.
func revokedEvaluation(severity string) func(*testing.T) *unstructured.Unstructured {
	return func(t *testing.T) *unstructured.Unstructured {
		t.Helper()
		object := fullEvaluation(t)
		object.SetName("")
		object.SetGenerateName("revoked-")
		set("spec.revocation", map[string]any{"severity": severity, "reason": "The run saw the answers."})(object.Object)
		return store(t, shared.Client, object)
	}
}

const revocationIsFixed = "the revocation of an evaluation is not taken back, only raised from Advisory to Critical; create another evaluation instead"

func advisoryRows() map[string]row {
	return map[string]row{
		"it counts again":           {drop("spec.revocation"), "spec.revocation", revocationIsFixed},
		"another reason":            {set("spec.revocation.reason", "none"), "spec.revocation", revocationIsFixed},
		"graver":                    {set("spec.revocation.severity", "Critical"), "", ""},
		"graver, for other reason":  {set("spec.revocation", map[string]any{"severity": "Critical", "reason": "All runs saw them."}), "", ""},
		"another revoker is undone": {set("spec.revocation.revokedBy", "somebody-else"), "", ""},
		"no revoker is undone":      {drop("spec.revocation.revokedBy"), "", ""},
		"another label":             {set("metadata.labels.team", "red"), "", ""},
	}
}

func criticalRows() map[string]row {
	return map[string]row{
		"it counts again": {drop("spec.revocation"), "spec.revocation", revocationIsFixed},
		"less grave":      {set("spec.revocation.severity", "Advisory"), "spec.revocation", revocationIsFixed},
		"another reason":  {set("spec.revocation.reason", "none"), "spec.revocation", revocationIsFixed},
	}
}

func evaluationRunUpdateRows() map[string]row {
	report := map[string]any{"configMap": map[string]any{"name": "r", "key": "r"}}
	return map[string]row{
		"another suite":              {set("spec.job.suite", "other"), "spec.job", evaluationIsFixed},
		"a report in place of a job": {all(drop("spec.job"), set("spec.report", report)), "spec", evaluationIsFixed},
	}
}

func evaluationRunRows() map[string]row {
	const fixed = "a run that ended does not change; create another SafetyEvaluation to run the suite again"
	return map[string]row{
		"it ended later":           {set("status.run.finishTime", "2026-03-02T00:00:00Z"), "status.run", fixed},
		"it ended otherwise":       {set("status.run.reason", "JobDeleted"), "status.run", fixed},
		"it goes on":               {drop("status.run.finishTime"), "status.run", fixed},
		"it was of another Job":    {set("status.run.jobUID", "7f2a"), "status.run", fixed},
		"it never was":             {drop("status.run"), "status", "a run that ended is not forgotten; create another SafetyEvaluation to run the suite again"},
		"another generation of it": {set("status.observedGeneration", int64(2)), "", ""},
	}
}

func evaluationRows() map[string]row {
	rows := evaluationSourceRows()
	maps.Copy(rows, revocationRows())
	maps.Copy(rows, elicitationRows())
	return rows
}

// elicitationRows are about how hard somebody says that it was tried.
func elicitationRows() map[string]row {
	const (
		tried   = "spec.elicitation."
		atLeast = "greater than or equal to "
		atMost  = "less than or equal to "
	)
	return map[string]row{
		"a record of nothing":                     {set("spec.elicitation", map[string]any{}), "spec.elicitation", "at least 1 properties"},
		"no record":                               {drop("spec.elicitation"), "", ""},
		"a variant that nobody makes":             {set(tried+"variant", "Quantised"), tried + "variant", "supported values"},
		"an aggregation that nobody computes":     {set(tried+"aggregation", "Median"), tried + "aggregation", "supported values"},
		"no trial":                                {set(tried+"trials", int64(0)), tried + "trials", atLeast + "1"},
		"more trials than anybody makes":          {set(tried+"trials", int64(1000001)), tried + "trials", atMost + "1000000"},
		"no hour":                                 {set(tried+"redTeamHours", int64(0)), tried + "redTeamHours", atLeast + "1"},
		"more hours than anybody has":             {set(tried+"redTeamHours", int64(1000001)), tried + "redTeamHours", atMost + "1000000"},
		"groups that somebody typed are replaced": {set("spec.evaluatorGroups", []any{"example:external-evaluators"}), "", ""},
	}
}

func evaluationSourceRows() map[string]row {
	const (
		tested    = "spec.subject.tested"
		match     = "should match"
		oneReport = "exactly one of configMap and lmEvalJob must be given"
		oneSource = "exactly one source must be given: report for a result that is there, or job to run a suite"
	)
	suite, itself := map[string]any{"suite": "jailbreak"}, all(drop("spec.subject.relation"), drop(tested))
	digest := "sha256:" + strings.Repeat("1", 63)
	return map[string]row{
		"something else was run, and what is not said": {drop(tested), tested, "tested must name what was run when relation is not Exact"},
		"something else was run, although the release itself is claimed": {
			set("spec.subject.relation", "Exact"), tested,
			"tested is for relations other than Exact: with Exact, what was run is artifacts",
		},
		"something else was run, and the relation is not said": {
			drop("spec.subject.relation"), tested,
			"tested is for relations other than Exact: with Exact, what was run is artifacts",
		},
		"the release itself was run":                    {all(drop("spec.subject.relation"), drop(tested)), "", ""},
		"the release itself was run, and that is said":  {all(set("spec.subject.relation", "Exact"), drop(tested)), "", ""},
		"a relation that does not exist":                {set("spec.subject.relation", "Distilled"), "spec.subject.relation", "supported values"},
		"a subject of an unknown type":                  {set("spec.subject.artifacts[0].type", "Model"), "spec.subject.artifacts[0].type", "supported values"},
		"a subject whose digest has a wrong letter":     {set("spec.subject.artifacts[0].digest", digest+"g"), "spec.subject.artifacts[0].digest", match},
		"what was run is of an unknown type":            {set(tested+"[0].type", "Model"), tested + "[0].type", "supported values"},
		"what was run has a digest with a wrong letter": {set(tested+"[0].digest", digest+"G"), tested + "[0].digest", match},
		"a subject without artifacts":                   {set("spec.subject.artifacts", []any{}), "spec.subject.artifacts", "at least 1 items"},
		"a report whose digest carries its kind":        {set("spec.report.sha256", strings.Repeat("6", 57)+"sha256:"), "spec.report.sha256", match},
		"a report whose digest is cut short":            {set("spec.report.sha256", "666666"), "spec.report.sha256", "at least 64 chars long"},
		"a report of any digest":                        {drop("spec.report.sha256"), "", ""},
		"a report that is nowhere":                      {drop("spec.report.configMap"), "spec.report", oneReport},
		"a report in two places":                        {set("spec.report.lmEvalJob", map[string]any{"name": "j"}), "spec.report", oneReport},
		"a report and a job":                            {all(set("spec.job", suite), itself), "spec", oneSource},
		"neither a report nor a job":                    {drop("spec.report"), "spec", oneSource},
		"a job":                                         {all(drop("spec.report"), set("spec.job", suite), itself), "", ""},
		"a job that runs something else":                {all(drop("spec.report"), set("spec.job", suite)), "spec.subject.relation", "a job evaluates the release itself, so relation must be Exact"},
		"a job of no suite":                             {all(drop("spec.report"), set("spec.job", map[string]any{"suite": ""}), itself), "spec.job.suite", "at least 1 chars long"},
		"evidence for no requirement":                   {drop("spec.requirement"), "spec.requirement", "Required value"},
		"evidence about no release":                     {drop("spec.subject.release"), "spec.subject.release", "Required value"},
		"an evaluator that somebody typed is replaced":  {set("spec.evaluator", strings.Repeat("e", 600)), "", ""},
		"a reach that somebody typed is replaced":       {set("spec.reach", "Namespace"), "", ""},
		"a reach that nobody has heard of":              {set("spec.reach", "Galaxy"), "", ""},
		"an evaluation without a spec":                  {drop("spec"), "spec", "Required value"},
	}
}

const evaluationIsFixed = "a SafetyEvaluation does not change once it is made; create another one instead, and revoke this one with spec.revocation if it must not count"

func evaluationUpdateRows() map[string]row {
	return map[string]row{
		"another requirement":         {set("spec.requirement", "cyber-range"), "spec.requirement", evaluationIsFixed},
		"another file":                {set("spec.report.sha256", strings.Repeat("7", 64)), "spec.report", evaluationIsFixed},
		"any file":                    {drop("spec.report.sha256"), "spec.report", evaluationIsFixed},
		"more artifacts":              {set("spec.subject.artifacts[1]", map[string]any{"type": "Adapter", "digest": "sha256:" + strings.Repeat("7", 64)}), "spec.subject", evaluationIsFixed},
		"another reach is undone":     {set("spec.reach", "Namespace"), "", ""},
		"no reach is undone":          {drop("spec.reach"), "", ""},
		"other groups are undone":     {set("spec.evaluatorGroups", []any{"example:external-evaluators"}), "", ""},
		"no groups are undone":        {drop("spec.evaluatorGroups"), "", ""},
		"it was tried harder":         {set("spec.elicitation.trials", int64(20)), "spec.elicitation", evaluationIsFixed},
		"how it was tried is dropped": {drop("spec.elicitation"), "spec", evaluationIsFixed},
		"it is revoked":               {set("spec.revocation", map[string]any{"severity": "Advisory", "reason": "contaminated"}), "", ""},
		"another label":               {set("metadata.labels.team", "red"), "", ""},
		"another evaluator is undone": {set("spec.evaluator", "somebody-else"), "", ""},
		"no evaluator is undone":      {drop("spec.evaluator"), "", ""},
	}
}

func evaluationStatusRows() map[string]row {
	const fixed = "a measurement does not change once it is recorded; create another SafetyEvaluation instead"
	return map[string]row{
		"another value":                 {set("status.measurement.value", "0.1"), "status", fixed},
		"one more sample":               {set("status.measurement.judged", int64(9)), "status", fixed},
		"a count becomes unknown":       {drop("status.measurement.errored"), "status", fixed},
		"the measurement is taken away": {drop("status.measurement"), "status", fixed},
		"another condition": {set("status.conditions", []any{map[string]any{
			"type": "Ready", "status": "True", "reason": "Measured", "message": "", "lastTransitionTime": "2026-03-01T00:00:00Z",
		}}), "", ""},
		"a measurement is of this file and of no other": {set("status.measurement.sha256", strings.Repeat("7", 64)), "status", fixed},
	}
}
