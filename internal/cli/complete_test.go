// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

func TestCompletion(t *testing.T) {
	t.Parallel()
	other := fixture.Policy("other", fixture.Roles("ceo"), fixture.Defining("speed"), func(p *v1alpha1.SafetyPolicy) { p.Spec.Exposures = p.Spec.Exposures[:1] })
	waiver := fixture.Waiver("w1", "bio", fixture.Shown{})
	objects := suited(fixture.Release("m2", fixture.Governed("other")), runningEvaluation("run-1"), runningEvaluation("run-2"), other, &waiver)
	refuse := func(verb string, _ any, _ string) error { return forbidden(verb, "these") }
	for name, tc := range map[string]struct {
		refuse refusal
		args   []string
		want   string
	}{
		"kinds":                          {nil, []string{"get", ""}, "releases evaluations policies revisions suites findings approvals waivers determinations decisions"},
		"names of a kind":                {nil, []string{"get", "releases", "-n", "serving", ""}, "m1 m2"},
		"names that are not there yet":   {nil, []string{"get", "releases", "m1", "-n", "serving", ""}, "m2"},
		"names of what has no namespace": {nil, []string{"get", "suites", ""}, "bio-suite card-suite"},
		"namespaces":                     {nil, []string{"get", "releases", "-n", ""}, "serving"},
		"releases":                       {nil, []string{"tree", "-n", "serving", ""}, "m1 m2"},
		"one release":                    {nil, []string{"tree", "m1", "-n", "serving", ""}, ""},
		"releases of a subcommand":       {nil, []string{"wait", "modelrelease", "-n", "serving", ""}, "m1 m2"},
		"evaluations":                    {nil, []string{"evaluation", "watch", "run-1", "-n", "serving", ""}, "run-2"},
		"what to wait for":               {nil, []string{"wait", "modelrelease", "m1", "-n", "serving", "--for", ""}, "Released create delete condition= exposure=Evaluation exposure=General exposure=Internal"},
		"requirements of the release":    {nil, []string{"evaluation", "run", "m2", "-n", "serving", "--requirement", ""}, "speed"},
		"requirements of the release that is named": {nil, []string{"evaluation", "import", "f", "-n", "serving", "--release", "m2", "--requirement", ""}, "speed"},
		"requirements of all":                       {nil, []string{"waive", "-n", "serving", "--requirement", ""}, "bio card hand sign-off speed"},
		"roles":                                     {nil, []string{"approve", "m1", "-n", "serving", "--role", ""}, "rso"},
		"exposures":                                 {nil, []string{"approve", "m2", "-n", "serving", "--exposure", ""}, "Evaluation"},
		"waivers":                                   {nil, []string{"approve", "m1", "-n", "serving", "--waiver", ""}, "w1"},
		"forms of output":                           {nil, []string{"get", "releases", "-o", ""}, "table wide json yaml name jsonpath="},
		"nothing, where nothing may be read":        {refuse, []string{"get", "releases", "-n", "serving", ""}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, cluster(t, tc.refuse, objects...), append([]string{"__complete"}, tc.args...)...)
			lines := strings.Split(strings.TrimSpace(got.out), "\n")
			if last := lines[len(lines)-1]; last != ":4" {
				t.Errorf("the shell is told %s, and not to offer no files", last)
			}
			if words := strings.Join(lines[:len(lines)-1], " "); words != tc.want {
				t.Errorf("got %q, want %q", words, tc.want)
			}
		})
	}
}

func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := run(t, cluster(t, nil), "completion", shell)
		if got.code != codePass || !strings.Contains(got.out, "__complete") {
			t.Errorf("%s: code %d, %d bytes", shell, got.code, len(got.out))
		}
	}
}
