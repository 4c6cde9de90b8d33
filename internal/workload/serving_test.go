// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func freeValuesOf(t *testing.T, patterns map[string]string) freeValues {
	t.Helper()
	s := v1alpha1.ServingContainer{Container: "server"}
	for name, pattern := range patterns {
		s.FreeValues = append(s.FreeValues, v1alpha1.FreeValue{Name: name, Pattern: pattern})
	}
	free, m := parseFreeValues(&s)
	if m != nil {
		t.Fatalf("parseFreeValues: %s", m)
	}
	return free
}

func TestFreeValues(t *testing.T) {
	patterns := map[string]string{"n": `[0-9]+`, "either": `a|b`, "words": `aa|bb`, "any": `.*`, "lines": `(?s).*`, "opened": `\Qx`, "anchored": `^x$`}
	for name, row := range map[string]struct {
		declared, live string
		want           bool
	}{
		"the whole string is free":                        {"<n>", "42", true},
		"a value between literals":                        {"--port=<n>,x", "--port=42,x", true},
		"literals that are special in expressions":        {"a.b(<n>)*", "a.b(1)*", true},
		"a literal dot is a dot":                          {"a.b<n>", "aXb1", false},
		"two values next to each other":                   {"<n><either>", "12b", true},
		"the same name for two values":                    {"<n>:<n>", "1:2", true},
		"alternatives do not reach over the literals":     {"x=<either>", "x=a", true},
		"alternatives do not drop the literal before":     {"x=<either>", "b", false},
		"alternatives do not drop the literal after":      {"<either>=x", "a", false},
		"words do not drop the literal before":            {"x=<words>", "bb", false},
		"words do not drop the literal after":             {"<words>=x", "aa", false},
		"something before the value":                      {"<n>", "x42", false},
		"something after the value":                       {"<n>", "42x", false},
		"an empty value that the pattern refuses":         {"--x=<n>", "--x=", false},
		"a line break at the end":                         {"<n>", "42\n", false},
		"a line break where a pattern takes all":          {"<lines>", "4\n2", false},
		"a line break that the release declares":          {"a\n<lines>", "a\n2", true},
		"a NUL":                                           {"<lines>", "4\x002", false},
		"a name that is not declared is text":             {"<other>", "<other>", true},
		"a name that is not declared takes no value":      {"<other>", "42", false},
		"an angle bracket that never closes":              {"<n", "<n", true},
		"a bracket before a value":                        {"<<n>", "<4", true},
		"a value that looks like another placeholder":     {"<any>", "<n>", true},
		"a quotation that the pattern opens ends with it": {"<opened>-<n>", "x-1", true},
		"a quotation does not swallow what follows":       {"<opened>-<n>", "x)-(?:[0-9]+", false},
		"anchors inside a pattern":                        {"<anchored>", "x", true},
		"a text longer than is tried":                     {"<any>", strings.Repeat("x", maxFreeText+1), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, m := freeValuesOf(t, patterns).match("spec.x", row.declared, row.live)
			if got := m == nil; got != row.want {
				t.Errorf("%q for %q: matches %t, want %t (%s)", row.live, row.declared, got, row.want, m)
			}
		})
	}
}

func TestAPatternThatCannotBeUsedIsTheReleasesMismatch(t *testing.T) {
	for name, pattern := range map[string]string{
		"an open bracket":                  `[a`,
		"brackets that close an outer one": `a)|(?:.*`,
		"a look-ahead":                     `(?=x)`,
		"a back-reference":                 `(a)\1`,
		"too long":                         strings.Repeat("a", 129),
		"too many repetitions":             `(a{100}){100}`,
		"a program of megabytes":           strings.Repeat(`\pL`, 20) + `{1000}(\pL\pN){900}(\pL\pN){900}(\pL\pN){900}`,
	} {
		t.Run(name, func(t *testing.T) {
			d := declaration()
			d.Serving[0].FreeValues[0].Pattern = pattern
			wantField(t, MatchTemplate(d, template(t)), "ModelRelease spec.serving[server].freeValues[port].pattern")
		})
	}
}

func TestExpand(t *testing.T) {
	env := map[string]variable{
		"A": {text: text{value: "alpha"}, literal: true}, "E": {text: text{value: ""}, literal: true},
		"F": {text: text{value: "free", free: true}, literal: true}, "S": {},
	}
	for name, row := range map[string]struct {
		in      string
		want    text
		refused bool
	}{
		"a plain text":                        {in: "x", want: text{value: "x"}},
		"a reference":                         {in: "--a=$(A)!", want: text{value: "--a=alpha!"}},
		"two references":                      {in: "$(A)$(E)$(A)", want: text{value: "alphaalpha"}},
		"an escaped reference":                {in: "$$(A)", want: text{value: "$(A)"}},
		"an escaped dollar before one":        {in: "$$$(A)", want: text{value: "$alpha"}},
		"a dollar at the end":                 {in: "x$", want: text{value: "x$"}},
		"two dollars at the end":              {in: "x$$", want: text{value: "x$"}},
		"a reference that is not closed":      {in: "$(A", want: text{value: "$(A"}},
		"a variable as a shell writes it":     {in: "$A ${A}", want: text{value: "$A ${A}"}},
		"the value of a free variable":        {in: "$(F)", want: text{value: "free", free: true}},
		"an unknown variable":                 {in: "$(X)", refused: true},
		"a variable from a Secret":            {in: "$(S)", refused: true},
		"a reference without a name":          {in: "$()", refused: true},
		"a reference inside another":          {in: "$(A$(A))", refused: true},
		"a value is not expanded once more":   {in: "$$(A)$(A)", want: text{value: "$(A)alpha"}},
		"an unknown one after a known one":    {in: "$(A)$(X)", refused: true},
		"an escaped unknown one stays a text": {in: "$$(X)", want: text{value: "$(X)"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, m := expand(text{value: row.in}, env)
			if (m != nil) != row.refused {
				t.Fatalf("expand(%q): %s, want refused %t", row.in, m, row.refused)
			}
			if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(text{})); diff != "" {
				t.Errorf("expand(%q) (-want +got):\n%s", row.in, diff)
			}
		})
	}
}

func TestAVariableExpandsFromThoseBeforeIt(t *testing.T) {
	d := declaration()
	d.Serving[0].Env = append(d.Serving[0].Env, literal("GREETING", "hello $(SERVED_NAME)"))
	after := template(t)
	edit(t, after, "spec.containers[server].env[+]", map[string]any{"name": "GREETING", "value": "hello $(SERVED_NAME)"})
	if m := MatchTemplate(d, after); m != nil {
		t.Errorf("after the one it refers to: %s", m)
	}
	before := template(t)
	edit(t, before, "spec.containers[server].env[0]", map[string]any{"name": "GREETING", "value": "hello $(SERVED_NAME)"})
	edit(t, before, "spec.containers[server].env[+]", map[string]any{"name": "HF_HOME", "value": "/model-cache"})
	wantField(t, MatchTemplate(d, before), "spec.containers[server].env[GREETING].value")
}

func TestPrograms(t *testing.T) {
	for name, row := range map[string]struct {
		argv    []string
		refused bool
	}{
		"a server":                               {argv: []string{"vllm", "serve"}},
		"a shell":                                {argv: []string{"sh", "-c", "vllm serve x"}, refused: true},
		"a shell by its path":                    {argv: []string{"/bin/bash", "-lc", "x"}, refused: true},
		"a shell in busybox":                     {argv: []string{"busybox", "sh", "-c", "x"}, refused: true},
		"a shell behind an init process":         {argv: []string{"tini", "--", "/bin/sh", "-c", "x"}, refused: true},
		"an environment of its own":              {argv: []string{"env", "MODEL_ID=x", "server"}, refused: true},
		"a server behind an init process":        {argv: []string{"tini", "--", "server"}},
		"a Python module":                        {argv: []string{"python3", "-u", "-m", "vllm.entrypoints.openai.api_server"}},
		"a Python script":                        {argv: []string{"/usr/bin/python3.12", "/app/serve.py", "-c", "x"}},
		"Python code":                            {argv: []string{"python3", "-c", "import x"}, refused: true},
		"Python code after another option":       {argv: []string{"python3", "-uc", "import x"}, refused: true},
		"Python code from standard input":        {argv: []string{"python3", "-"}, refused: true},
		"Perl code":                              {argv: []string{"perl", "-e", "x"}, refused: true},
		"Node code":                              {argv: []string{"node", "--eval", "x"}, refused: true},
		"a word that is an interpreter's name":   {argv: []string{"server", "--role", "node", "--port", "1"}},
		"a server that fetches models by itself": {argv: []string{"/bin/ollama", "serve"}, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := &container{}
			for _, a := range row.argv {
				c.argv = append(c.argv, text{value: a, field: "spec.x"})
			}
			if m := checkProgram(c); (m != nil) != row.refused {
				t.Errorf("%q: %s, want refused %t", row.argv, m, row.refused)
			}
		})
	}
}
