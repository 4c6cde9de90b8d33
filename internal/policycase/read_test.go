// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/scalegate/scalegate/internal/policycase"
)

func TestWhatCannotBeReadNamesItsLine(t *testing.T) {
	const right = `title: A case.
sources: [{title: A text, uri: "https://lab.example", date: "2026-01", standing: Primary}]
facts: [Something.]
ours: [The rest.]
steps:
- as: maker
  after: 3d
  release:
    name: m1
    level: ASL-2
    exposure: General
    artifacts:
    - {name: weights, type: Weights, digest: m1}
- as: maker
  evaluation:
    requirement: uplift
    figures: Ours
    measured: {value: "1", judged: 8}
- expect: {outcome: Held, granted: Evaluation}
`
	if _, err := policycase.ReadCase("case", []byte(right)); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"an unknown field of a case":            {`ours:`, "hours: 3\nours:", `line 4: unknown field "hours"; known are facts, ours,`},
		"an unknown field of a step":            {`after: 3d`, `afterwards: 3d`, `line 7: unknown field "afterwards"`},
		"an unknown field of a spec":            {`level: ASL-2`, `levels: ASL-2`, `line 10: unknown field "levels"`},
		"an unknown field of a list's item":     {`type: Weights`, `kind: Weights`, `line 13: unknown field "kind"`},
		"a number for a word":                   {`requirement: uplift`, `requirement: 3`, `line 16: number is no string`},
		"a word for a number":                   {`judged: 8`, `judged: many`, `line 18: string is no int64`},
		"a list for a word":                     {`name: m1`, `name: [m1]`, `line 9:`},
		"a word for a list":                     {`ours: [The rest.]`, `ours: The rest.`, `line 4: a list is needed`},
		"a field that comes twice":              {`    level: ASL-2`, "    level: ASL-2\n    level: ASL-3", `line 11: "level" is given twice`},
		"a duration that is none":               {`after: 3d`, `after: three days`, `line 7: "three days" is no duration`},
		"a negative duration":                   {`after: 3d`, `after: -3h`, `line 7: "-3h" is no duration`},
		"a step that does nothing":              {"- expect: {", "- note: nothing\n- expect: {", "line 19: a step does exactly one thing, and this one does 0"},
		"a step that does two things":           {`- expect: {outcome`, "- as: maker\n  clear: {requirements: [uplift]}\n  expect: {outcome: Held, granted: Evaluation}\n- expect: {outcome", "line 19: a step does exactly one thing, and this one does 2"},
		"a step that nobody does":               {"- as: maker\n  evaluation", "- evaluation", "line 14: as is missing"},
		"an outcome that is not known":          {`outcome: Held`, `outcome: Open`, "line 19: outcome must be one of"},
		"figures of which nobody knows whence":  {`    figures: Ours`, ``, "line 14: an evaluation needs"},
		"an end without an expectation":         {`- expect: {outcome: Held, granted: Evaluation}`, ``, "the last of steps must expect something"},
		"facts without a source":                {`sources: [{title: A text, uri: "https://lab.example", date: "2026-01", standing: Primary}]`, ``, "sources are missing"},
		"a source without a standing":           {`, standing: Primary`, ``, "a source needs title, uri, date such as"},
		"a source of no date":                   {`date: "2026-01"`, `date: "last year"`, "a source needs title, uri, date such as"},
		"a case that does not say what is ours": {`ours: [The rest.]`, ``, "ours is missing"},
		"a second document":                     {"- as: maker\n  evaluation", "---\n- as: maker\n  evaluation", "line 14: the file holds a second document"},
		"a requirement without a state":         {`granted: Evaluation}`, `granted: Evaluation, requirements: {upflit: }}`, "line 19: requirements names upflit and no state"},
		"a threshold without a state":           {`granted: Evaluation}`, `granted: Evaluation, thresholds: {CBRN-3: ""}}`, "line 19: thresholds names CBRN-3 and no state"},
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(right, test.from) {
				t.Fatalf("the case does not have %q", test.from)
			}
			_, err := policycase.ReadCase("case", []byte(strings.Replace(right, test.from, test.to, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got: %v", test.want, err)
			}
		})
	}
}

func TestFiguresAreNotReportedWithoutASource(t *testing.T) {
	const text = `title: A case.
ours: [All of it.]
steps:
- as: maker
  evaluation: {requirement: uplift, figures: Reported, measured: {value: "1", judged: 8}}
- expect: {outcome: Held, granted: Evaluation}
`
	const want = "line 4: figures are Reported, and the case has no sources"
	if _, err := policycase.ReadCase("case", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("want %q, got: %v", want, err)
	}
}

func TestAFolderThatCannotBeRead(t *testing.T) {
	for name, test := range map[string]struct{ file, text, want string }{
		"somebody who is not there":   {"rsp/cases/case.yaml", strings.Replace(start, "as: ceo", "as: nobody", 1) + "- expect: {outcome: Held, granted: Evaluation}\n", `rsp/cases/case.yaml: line 6: nobody in people.yaml is called "nobody"`},
		"a right that is not known":   {"rsp/people.yaml", "people: [{name: a, user: a, may: [Everything]}]", `a may "Everything", which is not known`},
		"somebody who is there twice": {"rsp/people.yaml", "people: [{name: a, user: a}, {name: a, user: b}]", "the person a is there twice"},
		"somebody without a user":     {"rsp/people.yaml", "people: [{name: a}]", "each person needs a name and a user"},
		"a file that is empty":        {"rsp/cases/case.yaml", "", "rsp/cases/case.yaml: the file is empty"},
		"a file that is no YAML":      {"rsp/cases/case.yaml", "a: b: c", "rsp/cases/case.yaml: reading YAML"},
		"a case that nothing reads":   {"rsp/cases/case.yml", start, "rsp/cases/case.yml: nothing reads it"},
		"a case in a folder below":    {"rsp/cases/old/case.yaml", start, "rsp/cases/old: nothing reads it"},
		"a policy and something more": {"rsp/policy.yaml", policy + "---\nkind: Secret\n", "rsp/policy.yaml: line 28: the file holds a second document"},
		"a suite and something more":  {"rsp/suites/s.yaml", "a: b\n---\nc: d\n", "rsp/suites/s.yaml: line 2: the file holds a second document"},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"rsp/policy.yaml": {Data: []byte(policy)}, "rsp/people.yaml": {Data: []byte(people)}}
			files[test.file] = &fstest.MapFile{Data: []byte(test.text)}
			if _, err := policycase.ReadFolder(files, "rsp"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("want %q, got: %v", test.want, err)
			}
		})
	}
}
