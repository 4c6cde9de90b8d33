// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package rehearsal_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"testing/fstest"
	"time"

	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/policycase"
	"github.com/scalegate/scalegate/internal/rehearsal"
	"github.com/scalegate/scalegate/internal/schema"
	"github.com/scalegate/scalegate/internal/verdict"
)

func kinds(t *testing.T) *schema.Kinds {
	t.Helper()
	files, err := config.Kinds()
	if err != nil {
		t.Fatal(err)
	}
	known, err := schema.Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return known
}

func shipped(t *testing.T, name string) *policycase.Folder {
	t.Helper()
	folder, err := policycase.ReadFolder(os.DirFS("../../policies"), name)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// The cases of the shipped policies are held against an API server with its admission policies by test/policies. Here each of
// them, and each expectation in it, comes out the same.
func TestTheShippedCasesComeOutAsAgainstAnAPIServer(t *testing.T) {
	folders, err := filepath.Glob("../../policies/*/policy.yaml")
	if err != nil || len(folders) < 4 {
		t.Fatalf("%d policies: %v", len(folders), err)
	}
	known, count := kinds(t), 0
	for _, path := range folders {
		folder := shipped(t, filepath.Base(filepath.Dir(path)))
		cases, err := rehearsal.Run(t.Context(), known, rehearsal.Suite{Folder: folder, Dir: folder.Name}, regexp.MustCompile(""), time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if len(cases) != len(folder.Cases) {
			t.Errorf("%s has %d cases, and %d were told", folder.Name, len(folder.Cases), len(cases))
		}
		count += len(cases)
		for _, c := range cases {
			if c.Outcome != verdict.Pass {
				t.Errorf("%s: %s: %+v", c.Name, c.Summary, c.Findings)
			}
		}
	}
	if count < 24 {
		t.Errorf("only %d cases were run", count)
	}
}

const policy = `apiVersion: scalegate.dev/v1alpha1
kind: SafetyPolicy
metadata: {name: rsp}
spec:
  exposures: [{name: Internal, withoutEvidence: Allowed}, {name: General}]
  levels: [{name: L1, requires: [uplift, sign-off]}]
  requirements:
  - name: uplift
    evaluation: {metric: uplift, direction: LowerIsSafer, clearAt: "0.2", bound: Point, minSamples: 8, maxUnjudgedPercent: 5}
    validForDays: 30
    neededFrom: General
  - name: sign-off
    approval: {quorum: [{role: ceo, count: 1}], differFrom: [Author]}
    validForDays: 30
    neededFrom: General
  roles: [{name: ceo}, {name: board}]
`

const people = `people:
- {name: safety, user: safety@lab.example, may: [Revise]}
- {name: maker, user: maker@lab.example, may: [Release, Evaluate]}
- {name: ceo, user: ceo@lab.example, signs: [ceo]}
- {name: resolver, user: resolver@lab.example, may: [Resolve]}
- {name: both, user: both@lab.example, signs: [ceo], may: [Release]}
`

const head = "title: A case.\nours: [All of it.]\nsteps:\n"

const made = `- as: maker
  release: {name: m1, model: {name: m1}, level: L1, exposure: General, artifacts: [{name: weights, type: Weights, digest: w}]}
`

func TestRightsAndStampsArePlayed(t *testing.T) {
	known := kinds(t)
	for name, test := range map[string]struct {
		steps string
		// wrong is part of what comes out otherwise; empty where nothing does.
		wrong string
	}{
		"everything is there": {steps: made + `- as: maker
  clear: {requirements: [uplift]}
- as: ceo
  approval: {decision: Approve}
- expect: {outcome: Opened, granted: General}
`},
		"who wrote the release does not approve it": {steps: `- as: both
  release: {name: m1, model: {name: m1}, level: L1, exposure: General, artifacts: [{name: weights, type: Weights, digest: w}]}
- as: maker
  clear: {requirements: [uplift]}
- as: both
  approval: {decision: Approve}
- expect: {outcome: Held, granted: Internal, requirements: {sign-off: Missing}}
`},
		"who changed the release does not approve it either": {steps: made + `- as: both
  change: {set: {exposure: Internal}}
- as: both
  change: {set: {exposure: General}}
- as: maker
  clear: {requirements: [uplift]}
- as: both
  approval: {decision: Approve}
- expect: {outcome: Held, granted: Internal, requirements: {sign-off: Missing}}
`},
		"who has no right is refused": {steps: `- as: ceo
  refused: 'User "ceo@lab.example" cannot create resource "modelreleases" in API group "scalegate.dev" in the namespace "case"'
  release: {name: m1, model: {name: m1}, level: L1, exposure: General, artifacts: [{name: weights, type: Weights, digest: w}]}
` + made + "- expect: {outcome: Held, granted: Internal}\n"},
		"a role that the signer does not hold is refused": {steps: made + `- as: ceo
  refused: signing in the role board needs the verb approve on releaseapprovals
  approval: {role: board, decision: Approve}
- expect: {outcome: Held, granted: Internal}
`},
		"who resolves may not make findings, and finds none": {
			steps: made + `- as: resolver
  resolve: {requirement: uplift, evaluation: e, reason: None.}
- expect: {outcome: Held, granted: Internal}
`, wrong: "no finding stands against uplift",
		},
		"what the kind does not take is refused": {steps: `- as: maker
  refused: spec.artifacts
  release: {name: m1, model: {name: m1}, level: L1, exposure: General, artifacts: [{name: weights, type: Weight, digest: w}]}
` + made + "- expect: {outcome: Held, granted: Internal}\n"},
		"an evaluation's spec does not change, and its measurement stays when it is revoked": {steps: made + `- as: maker
  clear: {requirements: [uplift]}
- as: maker
  revoke: {evaluation: evaluation-1, severity: Advisory, reason: The key was wrong.}
- expect: {outcome: Held, granted: Internal, requirements: {uplift: Revoked}}
`},
		"what comes out otherwise is told": {steps: made + "- expect: {outcome: Opened, granted: General}\n", wrong: "outcome is Held, want Opened"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{
				"rsp/policy.yaml": {Data: []byte(policy)}, "rsp/people.yaml": {Data: []byte(people)}, "rsp/cases/case.yaml": {Data: []byte(head + test.steps)},
			}
			folder, err := policycase.ReadFolder(files, "rsp")
			if err != nil {
				t.Fatal(err)
			}
			cases, err := rehearsal.Run(t.Context(), known, rehearsal.Suite{Folder: folder, Dir: "rsp"}, regexp.MustCompile("^rsp/case$"), time.Now())
			if err != nil || len(cases) != 1 {
				t.Fatalf("%d cases: %v", len(cases), err)
			}
			c := cases[0]
			if (c.Outcome == verdict.Pass) != (test.wrong == "") {
				t.Fatalf("%s: %+v", c.Outcome, c.Findings)
			}
			if test.wrong != "" && (!regexp.MustCompile(regexp.QuoteMeta(test.wrong)).MatchString(c.Findings[0].Message) || c.Findings[0].Line == 0) {
				t.Errorf("want %q with its line, got %+v", test.wrong, c.Findings)
			}
		})
	}
}

func TestAPolicyThatIsNotValidIsAnError(t *testing.T) {
	folder := shipped(t, "enterprise")
	folder.Policy = []byte(regexp.MustCompile(`requires: \[model-inventory,`).ReplaceAllString(string(folder.Policy), "requires: [model-inventori,"))
	cases, err := rehearsal.Run(t.Context(), kinds(t), rehearsal.Suite{Folder: folder, Dir: "policies/enterprise"}, regexp.MustCompile("^none$"), time.Now())
	if err != nil || len(cases) != 1 || cases[0].Outcome != verdict.Error || cases[0].Findings[0].File != "policies/enterprise/policy.yaml" || cases[0].Findings[0].Line < 2 {
		t.Errorf("%+v: %v", cases, err)
	}
}
