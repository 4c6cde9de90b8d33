// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict_test

import (
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/internal/verdict"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// report has every outcome, and text that has to be escaped everywhere.
func report() *verdict.Report {
	return &verdict.Report{Command: "check", Cases: []verdict.Case{
		{Suite: "deploy/a b.yaml", Name: "Deployment serving/chat", Outcome: verdict.Pass, Summary: "it would be admitted", File: "deploy/a b.yaml", Line: 1},
		{
			Suite: "deploy/a b.yaml", Name: "ModelRelease serving/m1", Outcome: verdict.Pending, Summary: "it asks for General", File: "deploy/a b.yaml", Line: 20,
			Findings: []verdict.Finding{
				{Rule: "EvidenceMissing", Severity: verdict.SeverityWarning, Message: "requirement uplift is Missing.", Remedy: "run it", File: "deploy/a b.yaml", Line: 20},
				{Rule: "IdentityUnknown", Severity: verdict.SeverityNote, Field: "spec.role", Message: "nobody knows", File: "deploy/a b.yaml", Line: 22},
			},
		},
		{Suite: "c.yaml", Name: "SafetyEvaluation serving/e", Outcome: verdict.Inconclusive, Summary: "its file shows nothing", File: "c.yaml", Line: 3},
		{
			Suite: "c.yaml", Name: "Deployment serving/100%", Outcome: verdict.Blocked, Summary: "it would be refused", File: "c.yaml", Line: 5,
			Findings: []verdict.Finding{{
				Rule: "WorkloadMismatch", Severity: verdict.SeverityError, Field: "spec.args[0]", Message: "is \"<a & b>\", 50% ::error::\r\nof\x1b[31m it\x00", Remedy: "remove it", File: "c.yaml", Line: 9,
			}},
		},
		{
			Suite: "x:y,z.yaml", Name: "x:y,z.yaml", Outcome: verdict.Error, File: "x:y,z.yaml",
			Findings: []verdict.Finding{{Rule: "Unreadable", Severity: verdict.SeverityError, Message: "it cannot be read", File: "x:y,z.yaml"}},
		},
	}}
}

func rule(id string) verdict.Rule {
	return verdict.Rule{ID: id, Text: "What " + id + " is.", Help: "https://docs.example/" + id}
}

func TestForms(t *testing.T) {
	for name, write := range map[string]func(*strings.Builder) error{
		"report.txt":   func(b *strings.Builder) error { b.WriteString(report().Text()); return nil },
		"report.xml":   func(b *strings.Builder) error { return report().JUnit(b) },
		"report.sarif": func(b *strings.Builder) error { return report().SARIF(b, "v1.2.3", rule) },
		"report.log":   func(b *strings.Builder) error { return report().GitHub(b) },
	} {
		t.Run(name, func(t *testing.T) {
			got := &strings.Builder{}
			if err := write(got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
				t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff)
			}
		})
	}
}

// What a file says moves no cursor, breaks no line, and starts no other command.
func TestHostileText(t *testing.T) {
	log, text := &strings.Builder{}, report().Text()
	if err := report().GitHub(log); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(log.String()), "\n") {
		if strings.HasPrefix(line, "::") && !strings.HasPrefix(line, "::error ") && !strings.HasPrefix(line, "::warning ") && !strings.HasPrefix(line, "::notice ") {
			t.Errorf("a line of its own: %q", line)
		}
	}
	if strings.ContainsAny(text, "\x1b\x00\r") {
		t.Error("a control character is printed")
	}
	x := &strings.Builder{}
	if err := report().JUnit(x); err != nil {
		t.Fatal(err)
	}
	var parsed struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
	}
	if err := xml.Unmarshal([]byte(x.String()), &parsed); err != nil || parsed.Tests != 5 || parsed.Failures != 3 || parsed.Errors != 1 {
		t.Errorf("%+v: %v", parsed, err)
	}
}

// Every result names a rule that is there, at the index that it says, and a place that is relative.
func TestSARIFIsConsistent(t *testing.T) {
	b := &strings.Builder{}
	if err := report().SARIF(b, "", rule); err != nil {
		t.Fatal(err)
	}
	var log struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct{ ID, HelpURI string }
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Locations []struct {
					PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(b.String()), &log); err != nil {
		t.Fatal(err)
	}
	rules := log.Runs[0].Tool.Driver.Rules
	if len(log.Runs[0].Results) != 4 {
		t.Errorf("%d results", len(log.Runs[0].Results))
	}
	for _, r := range log.Runs[0].Results {
		if rules[r.RuleIndex].ID != r.RuleID || rules[r.RuleIndex].HelpURI == "" {
			t.Errorf("%+v", r)
		}
		if uri := r.Locations[0].PhysicalLocation.ArtifactLocation.URI; strings.ContainsAny(uri, " :") {
			t.Errorf("the place is %q", uri)
		}
	}
}

func TestTheWorstCounts(t *testing.T) {
	for name, test := range map[string]struct {
		outcomes []verdict.Outcome
		counting []verdict.Outcome
		code     int
	}{
		"nothing":                        {nil, verdict.Outcomes(), 0},
		"all pass":                       {[]verdict.Outcome{verdict.Pass}, verdict.Outcomes(), 0},
		"pending":                        {[]verdict.Outcome{verdict.Pass, verdict.Pending}, verdict.Outcomes(), 3},
		"inconclusive before pending":    {[]verdict.Outcome{verdict.Inconclusive, verdict.Pending}, verdict.Outcomes(), 4},
		"blocked before inconclusive":    {[]verdict.Outcome{verdict.Inconclusive, verdict.Blocked}, verdict.Outcomes(), 2},
		"an error before all":            {[]verdict.Outcome{verdict.Error, verdict.Blocked}, verdict.Outcomes(), 1},
		"what does not count":            {[]verdict.Outcome{verdict.Pending, verdict.Inconclusive}, []verdict.Outcome{verdict.Blocked}, 0},
		"errors always count":            {[]verdict.Outcome{verdict.Error, verdict.Pending}, []verdict.Outcome{verdict.Pending}, 1},
		"what is no outcome is an error": {[]verdict.Outcome{"", verdict.Blocked}, verdict.Outcomes(), 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := &verdict.Report{}
			for _, o := range test.outcomes {
				r.Cases = append(r.Cases, verdict.Case{Outcome: o})
			}
			if got := r.WorstOf(test.counting).ExitCode(); got != test.code {
				t.Errorf("code %d, want %d", got, test.code)
			}
		})
	}
}
