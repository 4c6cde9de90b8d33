// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/scalegate/scalegate/internal/verdict"
)

// offlineRun runs a command that must reach no cluster.
func offlineRun(t *testing.T, in string, args ...string) (out, errs string, code int) {
	t.Helper()
	root := newRoot("scalegate", "v1.2.3", environment{
		connect: func(*genericclioptions.ConfigFlags, io.Writer) (connection, error) {
			return connection{}, errors.New("the cluster was asked")
		},
		now: func() time.Time { return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) },
	})
	var stdout, stderr bytes.Buffer
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetIn(strings.NewReader(in))
	root.SetArgs(args)
	code = Execute(t.Context(), root)
	return stdout.String(), stderr.String(), code
}

const manifestsOfAll = "../offline/testdata/base.yaml"

func TestCheck(t *testing.T) {
	data, err := os.ReadFile(manifestsOfAll)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(data)
	held := strings.Replace(whole, `args: ["--model=/models"]
        resources`, `args: ["--model=/other"]
        resources`, 1)
	pending := strings.Replace(whole, "    requirement: uplift\n", "    requirement: uplift-expert\n", 1)
	folder := t.TempDir()
	for name, text := range map[string]string{
		"all.yaml": whole, "notes.txt": "no manifest", "kustomization.yaml": "resources: [all.yaml]", "below/more.yml": "kind: [\n",
	} {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		in   string
		args []string
		code int
		// says is in what is printed, or in the error.
		says string
	}{
		"a file that passes":              {"", []string{"-f", manifestsOfAll}, 0, "check: 7 pass"},
		"standard input":                  {whole, []string{"-f", "-"}, 0, "(stdin:33)"},
		"a folder, and not those below":   {"", []string{"-f", folder}, 0, "check: 7 pass"},
		"a folder with those below":       {"", []string{"-f", folder, "-R"}, 1, "more.yml:1"},
		"a kustomization":                 {"", []string{"-k", folder}, 0, "check: 7 pass"},
		"a mismatch":                      {held, []string{"-f", "-"}, 2, "WorkloadMismatch"},
		"a mismatch that does not count":  {held, []string{"-f", "-", "--fail-on", "pending"}, 0, "WorkloadMismatch"},
		"something missing":               {pending, []string{"-f", "-"}, 3, "EvidenceMissing"},
		"something missing, not counting": {pending, []string{"-f", "-", "--fail-on", "blocked,inconclusive"}, 0, "EvidenceMissing"},
		"later":                           {whole, []string{"-f", "-", "--now", "2027-06-01T00:00:00Z"}, 3, "EvidenceExpired"},
		"without a gate":                  {strings.ReplaceAll(held, "namespace: serving", "namespace: lab"), []string{"-f", "-", "--gate", "none"}, 0, "namespace lab has no gate"},
		"no file":                         {"", nil, 1, "name the manifests: --filename FILE"},
		"a file that is not there":        {"", []string{"-f", "nowhere.yaml"}, 1, "nowhere.yaml"},
		"an empty folder":                 {"", []string{"-f", t.TempDir()}, 1, "has no .yaml, .yml or .json file"},
		"a time that is none":             {"", []string{"-f", manifestsOfAll, "--now", "tomorrow"}, 1, `"tomorrow" is no time`},
		"an outcome that is none":         {"", []string{"-f", manifestsOfAll, "--fail-on", "sadness"}, 1, `"sadness" is none of blocked`},
		"the cluster, where it is asked":  {"", []string{"-f", manifestsOfAll, "--from-cluster"}, 1, "the cluster was asked"},
		"for GitHub":                      {held, []string{"-f", "-", "-o", "github"}, 2, "::error file=stdin,line="},
		"as SARIF":                        {held, []string{"-f", "-", "-o", "sarif"}, 2, `"helpUri": "https://github.com/scalegate/scalegate/blob/main/docs/reference/check.md#rules"`},
		"as JUnit":                        {held, []string{"-f", "-", "-o", "junit"}, 2, `<testsuites name="scalegate check" tests="7" failures="1" errors="0">`},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := offlineRun(t, test.in, append([]string{"check"}, test.args...)...)
			if code != test.code || !strings.Contains(out+errs, test.says) {
				t.Errorf("code %d, want %d with %q:\n%s%s", code, test.code, test.says, out, errs)
			}
		})
	}
}

func TestCheckAsData(t *testing.T) {
	out, errs, code := offlineRun(t, "", "check", "-f", manifestsOfAll, "-o", "json")
	var got struct {
		Command string
		Outcome verdict.Outcome
		Cases   []verdict.Case
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("code %d: %v: %s", code, err, errs)
	}
	if got.Command != "check" || got.Outcome != verdict.Pass || len(got.Cases) != 7 || got.Cases[0].Name != "SafetyPolicy rsp" || got.Cases[0].Line != 1 {
		t.Errorf("%+v", got)
	}
}

func TestPolicyLint(t *testing.T) {
	data, err := os.ReadFile(manifestsOfAll)
	if err != nil {
		t.Fatal(err)
	}
	policy, _, _ := strings.Cut(string(data), "---\n")
	odd := strings.Replace(policy, ", differFrom: [Author]", "", 1)
	for name, test := range map[string]struct {
		in   string
		args []string
		code int
		says string
	}{
		"a sound policy":              {policy, []string{"-"}, 0, "lint: 1 pass"},
		"an odd one":                  {odd, []string{"-"}, 2, "AuthorApproves stdin:23 spec.requirements[2].approval"},
		"an odd one that is let pass": {odd, []string{"-", "--fail-on", "error"}, 0, "AuthorApproves"},
		"one that is not valid":       {strings.Replace(policy, "levels:", "level:", 1), []string{"-"}, 1, "UnknownField"},
		"what is shipped":             {"", []string{"../../policies", "-R"}, 0, " pass\n"},
		"no policy":                   {"kind: Pod\napiVersion: v1\n", []string{"-"}, 1, "has no SafetyPolicy"},
		"nothing":                     {"", nil, 1, "name the files"},
		"the list":                    {"", []string{"--list"}, 0, "RaisesToLowestLevel"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := offlineRun(t, test.in, append([]string{"policy", "lint"}, test.args...)...)
			if code != test.code || !strings.Contains(out+errs, test.says) {
				t.Errorf("code %d, want %d with %q:\n%s%s", code, test.code, test.says, out, errs)
			}
		})
	}
}

func TestAFolderMayBeALink(t *testing.T) {
	link := filepath.Join(t.TempDir(), "policies")
	target, err := filepath.Abs("../../policies")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	out, errs, code := offlineRun(t, "", "policy", "lint", link, "-R")
	if want := link + string(filepath.Separator); code != 0 || !strings.Contains(out, "("+want) || strings.Contains(out, want+string(filepath.Separator)) {
		t.Errorf("code %d:\n%s%s", code, out, errs)
	}
}

func TestPolicyTest(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		code int
		says string
	}{
		"some cases of a policy":   {[]string{"../../policies/enterprise", "--run", "/break"}, 0, "test: 1 pass"},
		"all cases of all":         {[]string{"../../policies", "--run", "held$"}, 0, "anthropic-rsp/claude-opus-4-held"},
		"none, and that is wrong":  {[]string{"../../policies/enterprise", "--run", "none$", "--require-tests"}, 2, "NoCases"},
		"none, and that is well":   {[]string{"../../policies/enterprise", "--run", "none$"}, 0, "nothing was judged"},
		"no policy":                {[]string{t.TempDir()}, 1, "has a policy.yaml: name the folder of a policy"},
		"no expression":            {[]string{"../../policies", "--run", "["}, 1, "--run is no regular expression"},
		"a case as JUnit":          {[]string{"../../policies/enterprise", "--run", "/break", "-o", "junit"}, 0, `<testsuite name="enterprise" tests="1" failures="0" errors="0">`},
		"a folder that is no more": {[]string{"nowhere"}, 1, "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			out, errs, code := offlineRun(t, "", append([]string{"test"}, test.args...)...)
			if code != test.code || !strings.Contains(out+errs, test.says) {
				t.Errorf("code %d, want %d with %q:\n%s%s", code, test.code, test.says, out, errs)
			}
		})
	}
}
