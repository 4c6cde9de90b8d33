// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policies_test

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/scalegate/scalegate/internal/policycase"
	"github.com/scalegate/scalegate/test/installation"
	"github.com/scalegate/scalegate/test/policies"
)

// bed is what the tests run on: one control plane.
var bed *policies.Bed

func TestMain(m *testing.M) {
	flag.Parse()
	open := func(ctx context.Context) (err error) {
		bed, err = policies.Open(ctx, os.Stderr)
		return err
	}
	os.Exit(installation.Main(m, open, func() error { return bed.Stop() }))
}

func TestTheShippedPolicies(t *testing.T) {
	folders, err := policies.ReadFolders(os.DirFS("../../policies"), ".")
	if err != nil {
		t.Fatal(err)
	}
	results, err := bed.Run(t.Context(), folders)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if wrong := policycase.Print(&text, results); wrong > 0 || len(results) < 4 {
		t.Errorf("%d of %d policies are wrong:\n%s", wrong, len(results), text.String())
	}
}

// What a shipped policy gets wrong is seen: each of these is one change of a folder that is right.
func TestWhatIsWrongIsSeen(t *testing.T) {
	shipped, err := os.ReadFile("../../policies/enterprise/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	suite, err := os.ReadFile("../../policies/enterprise/suites/enterprise-honesty.yaml")
	if err != nil {
		t.Fatal(err)
	}
	people, err := os.ReadFile("../../policies/enterprise/people.yaml")
	if err != nil {
		t.Fatal(err)
	}
	held, err := os.ReadFile("../../policies/enterprise/cases/break-glass.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ file, from, to, want string }{
		"a neededFrom that has no effect": {
			"policy.yaml", `ruledOutBy: [personal-data-extraction]`, `ruledOutBy: [personal-data-extraction, honesty]`, "requirement personal-data-extraction says a later neededFrom than honesty",
		},
		"an expectation that does not say why": {
			"cases/break-glass.yaml", `granted: Sandbox, requirements: {model-inventory: Missing, images-pinned: Met}}`, `granted: Sandbox}`, "Held, and the expectation does not say why",
		},
		"a field that the API does not have": {"policy.yaml", `  lapse:`, "  lapses: 1 # OURS a slip\n  lapse:", `unknown field "spec.lapses"`},
		"a level that names no requirement":  {"policy.yaml", `requires: [model-inventory,`, `requires: [model-inventori,`, "levels[].requires names a requirement"},
		"a value without a mark":             {"policy.yaml", ` # OURS once a year`, ``, "has no mark"},
		"a suite that is not shipped":        {"policy.yaml", `suite: enterprise-honesty`, `suite: enterprise-candour`, "names suite enterprise-candour, which is not in suites"},
		"a suite that cannot be run":         {"suites/enterprise-honesty.yaml", `backoffLimit: 1`, `completions: 2`, "completions"},
		"a suite with a field in another case": {
			"suites/enterprise-honesty.yaml", `readySeconds:`, `readyseconds:`, `unknown field "spec.server.readyseconds"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{
				"enterprise/policy.yaml": {Data: shipped}, "enterprise/people.yaml": {Data: people},
				"enterprise/suites/enterprise-honesty.yaml": {Data: suite}, "enterprise/cases/break-glass.yaml": {Data: held},
			}
			changed := files["enterprise/"+test.file]
			if !strings.Contains(string(changed.Data), test.from) {
				t.Fatalf("%s does not have %q", test.file, test.from)
			}
			changed.Data = []byte(strings.Replace(string(changed.Data), test.from, test.to, 1))
			folder, err := policycase.ReadFolder(files, "enterprise")
			if err != nil {
				t.Fatal(err)
			}
			if problems := strings.Join(bed.Validate(t.Context(), folder), "\n"); !strings.Contains(problems, test.want) {
				t.Errorf("want %q among the problems:\n%s", test.want, problems)
			}
		})
	}
}
