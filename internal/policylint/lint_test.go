// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policylint_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/policylint"
	"github.com/scalegate/scalegate/internal/verdict"
)

const sound = `
spec:
  exposures:
  - {name: Internal, withoutEvidence: Allowed}
  - {name: General}
  levels:
  - {name: L1, requires: [uplift]}
  - {name: L2, requires: [sign-off, jailbreaks]}
  thresholds:
  - {name: CBRN, raisesTo: L2, ruledOutBy: [uplift-expert]}
  requirements:
  - name: uplift
    evaluation: {metric: a, suite: uplift, direction: LowerIsSafer, clearAt: "0.2", alertAt: "0.1", alertValidForDays: 30, bound: Point, minSamples: 100}
    validForDays: 183
    neededFrom: General
  - name: uplift-expert
    evaluation: {metric: b, direction: LowerIsSafer, clearAt: "0.2", bound: Reported95, minSamples: 1}
    independence: Independent
    validForDays: 183
    neededFrom: General
  - name: jailbreaks
    evaluation: {metric: c, direction: LowerIsSafer, clearAt: "0.2", bound: Wilson95, minSamples: 100}
    validForDays: 91
    neededFrom: General
  - name: sign-off
    approval: {quorum: [{role: officer, count: 1}], notifyBefore: [board], differFrom: [Author]}
    validForDays: 365
    neededFrom: General
  roles: [{name: officer}, {name: board}]
  independentEvaluators: {groups: [partners]}
  waivers: {quorum: [{role: officer, count: 2}], maxDays: 30}
  lapse: {graceDays: 14}
  clearanceSeconds: 86400
  revisions: {quorum: [{role: officer, count: 1}]}
`

func read(t *testing.T, text string) *v1alpha1.SafetyPolicy {
	t.Helper()
	policy := &v1alpha1.SafetyPolicy{}
	if err := yaml.UnmarshalStrict([]byte(text), policy); err != nil {
		t.Fatal(err)
	}
	return policy
}

func TestEachLint(t *testing.T) {
	suite := &v1alpha1.EvaluationSuite{}
	suite.Name = "uplift"
	if problems := policylint.Lint(read(t, sound), []*v1alpha1.EvaluationSuite{suite}); len(problems) > 0 {
		t.Fatalf("a sound policy has problems: %+v", problems)
	}
	rows := map[string]struct{ from, to, field string }{
		"RaisesToLowestLevel":  {"raisesTo: L2", "raisesTo: L1", "spec.thresholds[0].raisesTo"},
		"ExposureNeverGranted": {"- {name: Internal, withoutEvidence: Allowed}", "- {name: Internal}", "spec.exposures[0]"},
		"ExposureRefusedAtLevel": {
			"  - {name: L1, requires: [uplift]}\n  - {name: L2, requires: [sign-off, jailbreaks]}\n  thresholds:\n  - {name: CBRN, raisesTo: L2, ruledOutBy: [uplift-expert]}\n",
			"  - {name: L1}\n  - {name: L2, requires: [sign-off, jailbreaks]}\n", "spec.exposures[1]",
		},
		"LevelAboveUndefined":         {"- {name: L1, requires: [uplift]}", "- {name: L1, requires: [uplift]}\n  - {name: L0, state: Undefined}", "spec.levels[2]"},
		"LevelAddsNothing":            {"- {name: L2, requires: [sign-off, jailbreaks]}", "- {name: L2, requires: [sign-off, jailbreaks]}\n  - {name: L3}", "spec.levels[2]"},
		"RequirementUnused":           {"requires: [sign-off, jailbreaks]", "requires: [sign-off]", "spec.requirements[2]"},
		"RequirementRulesOutItsLevel": {"ruledOutBy: [uplift-expert]", "ruledOutBy: [uplift-expert, jailbreaks]", "spec.thresholds[0].ruledOutBy[1]"},
		"NeededFromWithoutEffect":     {"ruledOutBy: [uplift-expert]}", "ruledOutBy: [uplift-expert, early]}", "spec.requirements[1].neededFrom"},
		"ThresholdNeverRuledOut":      {"independence: Independent", "independence: Independent\n    standing: Saturated", "spec.thresholds[0].ruledOutBy[0]"},
		"NobodyIndependent":           {"  independentEvaluators: {groups: [partners]}\n", "", "spec.requirements[1].independence"},
		"AuthorApproves":              {", differFrom: [Author]", "", "spec.requirements[3].approval"},
		"RoleUnused":                  {", notifyBefore: [board]", "", "spec.roles[1]"},
		"QuorumTooLarge":              {"waivers: {quorum: [{role: officer, count: 2}]", "waivers: {quorum: [{role: officer, count: 8}, {role: board, count: 8}]", "spec.waivers.quorum"},
		"WaiverOutlivesEvidence":      {"maxDays: 30", "maxDays: 366", "spec.waivers.maxDays"},
		"GraceOutlivesEvidence":       {"graceDays: 14", "graceDays: 92", "spec.lapse.graceDays"},
		"ClearanceExtreme":            {"clearanceSeconds: 86400", "clearanceSeconds: 60", "spec.clearanceSeconds"},
		"EvidenceNeverRenewed":        {"validForDays: 365", "validForDays: 3650", "spec.requirements[3].validForDays"},
		"AlertWithoutEffect":          {"alertValidForDays: 30", "alertValidForDays: 183", "spec.requirements[0].evaluation.alertValidForDays"},
		"OneSampleDecides":            {"bound: Point, minSamples: 100", "bound: Point, minSamples: 1", "spec.requirements[0].evaluation.minSamples"},
		"RevisionsUnguarded":          {"  revisions: {quorum: [{role: officer, count: 1}]}\n", "", "spec"},
		"NamesDifferInCase":           {"- {name: General}", "- {name: General}\n  - {name: internal}", "spec.exposures[2].name"},
		"SuiteMissing":                {"suite: uplift", "suite: uplifts", "spec.requirements[0].evaluation.suite"},
	}
	early := "\n  - name: early\n    evaluation: {metric: d, direction: LowerIsSafer, clearAt: \"0.2\", bound: Wilson95, minSamples: 100}\n    validForDays: 91"
	for _, l := range policylint.Descriptions() {
		t.Run(l.Name, func(t *testing.T) {
			row, tested := rows[l.Name]
			if !tested || !strings.Contains(sound, row.from) {
				t.Fatalf("no row tests it: %+v", row)
			}
			text := strings.Replace(sound, row.from, row.to, 1)
			if strings.Contains(row.to, "early") {
				text = strings.Replace(text, "  requirements:", "  requirements:"+early, 1)
				row.field = "spec.requirements[2].neededFrom"
			}
			for _, p := range policylint.Lint(read(t, text), []*v1alpha1.EvaluationSuite{suite}) {
				if p.Lint == l.Name {
					if p.Field != row.field || p.Message == "" || p.Remedy == "" || p.Severity != l.Severity {
						t.Errorf("%+v, want it at %s", p, row.field)
					}
					return
				}
			}
			t.Error("it is not found")
		})
	}
}

// What is shipped gives no false alarm: only that results of some requirements are recorded and decide nothing, which is meant.
func TestTheShippedPoliciesAreQuiet(t *testing.T) {
	names, err := filepath.Glob("../../policies/*/policy.yaml")
	if err != nil || len(names) < 4 {
		t.Fatalf("%d policies: %v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var suites []*v1alpha1.EvaluationSuite
		files, err := filepath.Glob(filepath.Join(filepath.Dir(name), "suites", "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			suite := &v1alpha1.EvaluationSuite{}
			if err := yaml.UnmarshalStrict(text, suite); err != nil {
				t.Fatal(err)
			}
			suites = append(suites, suite)
		}
		for _, p := range policylint.Lint(read(t, string(data)), suites) {
			if p.Severity != verdict.SeverityNote {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
}
