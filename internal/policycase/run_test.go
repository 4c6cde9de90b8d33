// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/internal/policycase"
)

const policy = `
apiVersion: scalegate.dev/v1alpha1
kind: SafetyPolicy
metadata: {name: rsp}
spec:
  exposures:
  - {name: Evaluation, withoutEvidence: Allowed}
  - {name: General}
  levels:
  - {name: ASL-2, requires: [sign-off]}
  - {name: ASL-3, requires: [pinned]}
  thresholds:
  - {name: CBRN-3, raisesTo: ASL-3, ruledOutBy: [uplift]}
  requirements:
  - name: uplift
    evaluation: {metric: trial/ratio, direction: LowerIsSafer, clearAt: "2.8", tripAt: "5.0", alertAt: "2.0", bound: Reported95, minSamples: 8, maxUnjudgedPercent: 5}
    validForDays: 183
    neededFrom: General
  - name: sign-off
    approval: {quorum: [{role: ceo, count: 1}], differFrom: [Author]}
    validForDays: 365
    neededFrom: General
  - name: pinned
    check: {type: ImagesPinned}
    neededFrom: General
  roles: [{name: ceo}, {name: board}]
  revisions: {quorum: [{role: board, count: 1}], coolOffSeconds: 86400}
`

const people = `
people:
- {name: safety, user: safety@lab.example, may: [Revise]}
- {name: maker, user: maker@lab.example, may: [Release]}
- {name: ceo, user: ceo@lab.example, signs: [ceo]}
- {name: board, user: board@lab.example, signs: [board]}
`

const start = `title: A case.
ours: [All of it.]
steps:
- as: maker
  release: {name: m1, model: {name: m1}, level: ASL-2, exposure: General, artifacts: [{name: weights, type: Weights, digest: m1}]}
- as: ceo
  approval: {decision: Approve}
`

// runCase runs one case against a store in memory.
func runCase(t *testing.T, text string) policycase.Result {
	t.Helper()
	files := fstest.MapFS{
		"rsp/policy.yaml": {Data: []byte(policy)}, "rsp/people.yaml": {Data: []byte(people)}, "rsp/cases/case.yaml": {Data: []byte(text)},
	}
	folder, err := policycase.ReadFolder(files, "rsp")
	if err != nil {
		t.Fatal(err)
	}
	place := policycase.Place{Namespace: "case", Policy: "rsp-case", Start: time.Now()}
	result, err := policycase.Run(t.Context(), newMemory(t), place, folder, &folder.Cases[0])
	if err != nil {
		t.Fatal(err)
	}
	return result
}

const measured = `
- as: maker
  evaluation: {requirement: uplift, figures: Ours, measured: {value: "%", intervalLow: "%", intervalHigh: "%", judged: 8}}
`

func measure(value string) string {
	return strings.TrimPrefix(strings.ReplaceAll(measured, "%", value), "\n")
}

func TestWhatACaseShows(t *testing.T) {
	for name, test := range map[string]struct {
		steps string
		want  []policycase.Outcome
	}{
		"what is missing holds, and opens when it is there": {
			steps: `- expect: {outcome: Held, granted: Evaluation, requiredLevel: ASL-3, thresholds: {CBRN-3: Open}, requirements: {pinned: Indeterminate}}
- as: maker
  clear: {requirements: [uplift]}
- expect: {outcome: Opened, granted: General, requiredLevel: ASL-2, reason: EvidenceComplete, thresholds: {CBRN-3: RuledOut}, alerts: []}
`, want: []policycase.Outcome{policycase.Held, policycase.Opened},
		},
		"an alert opens": {
			steps: measure("2.5") + `- expect: {outcome: Opened, granted: General, alerts: [uplift]}
`, want: []policycase.Outcome{policycase.Opened},
		},
		"a check opens": {
			steps: `- safeguards: {all: InPlace}
- expect: {outcome: Opened, granted: General, requiredLevel: ASL-3, requirements: {pinned: Met}}
`, want: []policycase.Outcome{policycase.Opened},
		},
		"time alone withdraws": {
			steps: measure("1") + `- expect: {outcome: Opened, granted: General}
- after: 184d
  expect: {outcome: Revoked, granted: Evaluation, requirements: {uplift: Expired}, adverse: false}
`, want: []policycase.Outcome{policycase.Opened, policycase.Revoked},
		},
		"a failure withdraws, stays when it is measured anew, and goes with the weights": {
			steps: measure("1") + `- expect: {outcome: Opened, granted: General}
` + measure("6") + `- expect: {outcome: Revoked, granted: Evaluation, thresholds: {CBRN-3: Reached}, requirements: {uplift: Failed}}
` + measure("1.5") + `- expect: {outcome: Revoked, granted: Evaluation, requirements: {uplift: Failed}}
- as: maker
  change: {set: {"artifacts[weights].digest": others}}
- as: ceo
  approval: {decision: Approve}
` + measure("1.25") + `- expect: {outcome: Opened, granted: General}
`, want: []policycase.Outcome{policycase.Opened, policycase.Revoked, policycase.Revoked, policycase.Opened},
		},
		"a weaker policy opens after its quorum and its cool-off": {
			steps: measure("3") + `- as: safety
  policy: {set: {"requirements[uplift].evaluation.clearAt": "4"}}
- as: ceo
  approval: {decision: Approve}
- expect: {outcome: Held, granted: Evaluation}
- as: board
  policyApproval: {decision: Approve}
- after: 23h
  expect: {outcome: Held, granted: Evaluation}
- after: 2h
  expect: {outcome: Opened, granted: General}
`, want: []policycase.Outcome{policycase.Held, policycase.Held, policycase.Opened},
		},
		"what is refused is expected to be": {
			steps: `- as: board
  refused: may not approve
  approval: {role: ceo, decision: Approve}
- expect: {outcome: Held, granted: Evaluation}
`, want: []policycase.Outcome{policycase.Held},
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := runCase(t, start+test.steps)
			if len(result.Wrong) > 0 {
				t.Errorf("wrong: %s", strings.Join(result.Wrong, "\n"))
			}
			if diff := cmp.Diff(test.want, result.Outcomes); diff != "" {
				t.Errorf("outcomes (-want +got)\n%s", diff)
			}
		})
	}
}

func TestAWrongExpectationIsReported(t *testing.T) {
	for name, test := range map[string]struct{ steps, want string }{
		"another exposure":     {`- expect: {outcome: Held, granted: General}`, "line 8: granted is Evaluation, want General"},
		"another outcome":      {`- expect: {outcome: Opened, granted: Evaluation}`, "line 8: outcome is Held, want Opened"},
		"none granted":         {`- expect: {outcome: Held, granted: ""}`, "line 8: granted is Evaluation, want none"},
		"another reason":       {`- expect: {outcome: Held, granted: Evaluation, reason: Revoked}`, "line 8: reason is "},
		"another level":        {`- expect: {outcome: Held, granted: Evaluation, requiredLevel: ASL-2}`, "line 8: requiredLevel is ASL-3, want ASL-2"},
		"another threshold":    {`- expect: {outcome: Held, granted: Evaluation, thresholds: {CBRN-3: RuledOut}}`, "line 8: threshold CBRN-3 is Open, want RuledOut"},
		"an unknown threshold": {`- expect: {outcome: Held, granted: Evaluation, thresholds: {CBRN-9: Open}}`, "line 8: threshold CBRN-9 is none, want Open"},
		"another state":        {`- expect: {outcome: Held, granted: Evaluation, requirements: {uplift: Met}}`, "line 8: requirement uplift is Missing, want Met"},
		"an alert":             {`- expect: {outcome: Held, granted: Evaluation, alerts: [uplift]}`, "line 8: alerts is none, want uplift"},
		"adverse":              {`- expect: {outcome: Held, granted: Evaluation, adverse: true}`, "line 8: adverse is false, want true"},
		"other words":          {`- expect: {outcome: Held, granted: Evaluation, says: all is well}`, "line 8: the message does not say"},
		"a refusal that does not come": {
			"- as: ceo\n  refused: no\n  approval: {decision: Approve}\n- expect: {outcome: Held, granted: Evaluation}",
			"line 8: ceo was let through, and should have been refused",
		},
		"a refusal in other words": {
			"- as: board\n  refused: elsewhere\n  approval: {role: ceo, decision: Approve}\n- expect: {outcome: Held, granted: Evaluation}",
			"line 8: board was refused with other words",
		},
		"a slip of the case is no refusal": {
			"- as: ceo\n  refused: upflit\n  clear: {requirements: [upflit]}\n- expect: {outcome: Held, granted: Evaluation}",
			`line 8: ceo was not refused, the step is wrong: the policy has no requirement "upflit"`,
		},
		"a refusal that nobody expects": {
			"- as: board\n  approval: {role: ceo, decision: Approve}\n- expect: {outcome: Held, granted: Evaluation}",
			"line 8: board: board@lab.example may not approve in role ceo",
		},
		"a requirement that the policy does not have": {
			"- as: maker\n  clear: {requirements: [upflit]}\n- expect: {outcome: Held, granted: Evaluation}", `line 8: maker: the policy has no requirement "upflit"`,
		},
		"a path that the policy does not have": {
			"- as: safety\n  policy: {set: {\"requirements[upflit].validForDays\": 3}}\n- expect: {outcome: Held, granted: Evaluation}",
			"line 8: safety: requirements[upflit].validForDays: requirements has no item upflit",
		},
		"a field that the policy does not have": {
			"- as: safety\n  policy: {set: {\"lapse.graceDay\": 3}}\n- expect: {outcome: Held, granted: Evaluation}", `unknown field "graceDay"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := runCase(t, start+test.steps+"\n")
			if all := strings.Join(result.Wrong, "\n"); !strings.Contains(all, test.want) {
				t.Errorf("want %q, got:\n%s", test.want, all)
			}
			var text strings.Builder
			results := []policycase.FolderResult{{Folder: "rsp", Cases: []policycase.Result{result}}}
			if wrong := policycase.Print(&text, results); wrong == 0 || !strings.Contains(text.String(), test.want) {
				t.Errorf("the report counts %d wrong:\n%s", wrong, text.String())
			}
		})
	}
}

func TestTheReportCountsWhatIsMissing(t *testing.T) {
	right := func(name string, outcome policycase.Outcome) policycase.Result {
		return policycase.Result{Case: name, Outcomes: []policycase.Outcome{outcome}}
	}
	four := []policycase.Result{
		right("a", policycase.Held), right("b", policycase.Opened), right("c", policycase.Revoked), right("d", policycase.Held),
	}
	for name, test := range map[string]struct {
		result policycase.FolderResult
		wrong  int
		want   string
	}{
		"four cases with each outcome are right": {policycase.FolderResult{Folder: "rsp", Cases: four}, 0, "rsp: 2 held, 1 opened, 1 revoked\npolicies: 1 policies, 4 cases, 0 wrong\n"},
		"three cases are too few":                {policycase.FolderResult{Folder: "rsp", Cases: four[:3]}, 1, "WRONG rsp has 3 cases"},
		"an outcome that no case ends with": {
			policycase.FolderResult{Folder: "rsp", Cases: append(four[:2:2], right("x", policycase.Held), right("y", policycase.Held))}, 1, "WRONG rsp has no case that ends Revoked",
		},
		"a problem of the policy": {policycase.FolderResult{Folder: "rsp", Cases: four, Problems: []string{"policy.yaml: no"}}, 1, "WRONG policy.yaml: no"},
	} {
		t.Run(name, func(t *testing.T) {
			var text strings.Builder
			if wrong := policycase.Print(&text, []policycase.FolderResult{test.result}); wrong != test.wrong || !strings.Contains(text.String(), test.want) {
				t.Errorf("%d wrong, want %d, and %q in:\n%s", wrong, test.wrong, test.want, text.String())
			}
		})
	}
}
