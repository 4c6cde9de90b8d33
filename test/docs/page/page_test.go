// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package page_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/test/docs/page"
)

// fences are written with ”' here.
func markdown(text string) string { return strings.ReplaceAll(text, "'''", "```") }

func TestRead(t *testing.T) {
	got, err := page.Read("docs/a.md", markdown(`# A `+"`b`"+` page: one

<!-- docs-test: own cluster -->
<!-- docs-test: with NS=serving REL=m1 -->
<!-- docs-test: setup
kubectl create namespace NS
-->
See [here](b.md#two), `+"`[not](c.md)`"+` and `+"`scalegate\nexplain`"+` [there](d.md).

<!-- docs-test: exit 2 -->
<!-- docs-test: as ada safety -->
'''sh
scalegate explain modelrelease REL -n NS
'''

<!-- docs-test: prints -->
'''text
one ... two
'''

- <!-- another comment -->
  <!-- docs-test: file p.yaml -->
  '''yaml
  a:
    b: c
  '''

## One
## One
`))
	if err != nil {
		t.Fatal(err)
	}
	want := &page.Page{
		Path:    "docs/a.md",
		Cluster: page.Own,
		Words:   map[string]string{"NS": "serving", "REL": "m1"},
		Anchors: []string{"a-b-page-one", "one", "one-1"},
		Links:   []page.Link{{"b.md#two", 8}, {"d.md", 9}},
		Codes:   []page.Link{{"b", 1}, {"[not](c.md)", 8}, {"scalegate explain", 8}},
		Blocks: []page.Block{
			{Line: 5, Language: page.Shell, Text: "kubectl create namespace NS\n", Hidden: true},
			{Line: 14, Language: page.Shell, Text: "scalegate explain modelrelease REL -n NS\n", Exit: 2, As: []string{"ada", "safety"}},
			{Line: 19, Language: "text", Text: "one ... two\n", Prints: true},
			{Line: 25, Language: "yaml", Text: "a:\n  b: c\n", File: "p.yaml"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what was read (-want +got):\n%s", diff)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a block without a language":                 {"'''\nls\n'''", "a.md:1: the block names no language"},
		"commands in another language":               {"'''bash\nls\n'''", "a.md:1: commands are in blocks of the language sh"},
		"commands with a prompt":                     {"'''sh\n$ ls\n'''", "a.md:1: commands stand without a prompt"},
		"a block without an end":                     {"'''sh\nls\n", "a.md:1: the block does not end"},
		"a comment before text":                      {"<!-- docs-test: until -->\n\ntext", "a.md:1: the comment is followed by no block"},
		"a comment at the end":                       {"<!-- docs-test: until -->", "a.md:1: the comment is followed by no block"},
		"a comment without an end":                   {"<!-- docs-test: until", "a.md:1: the comment does not end"},
		"an unknown word":                            {"<!-- docs-test: jump -->\n'''sh\nls\n'''", `"jump" is none of the words`},
		"a skip without a reason":                    {"<!-- docs-test: skip -->\n'''sh\nls\n'''", `a.md:1: after "skip" stands ""`},
		"an exit code that is none":                  {"<!-- docs-test: exit 0 -->\n'''sh\nls\n'''", `"0" is no exit code`},
		"an exit code of what is not run":            {"<!-- docs-test: exit 2 -->\n'''yaml\na: b\n'''", "only commands are run: the language is yaml"},
		"something printed with nothing before it":   {"<!-- docs-test: prints -->\n'''text\na\n'''", "no commands stand before what they print"},
		"a word that stands for nothing":             {"<!-- docs-test: with NS -->", `"NS" is not NAME=VALUE`},
		"text after a comment, which would be taken": {"<!-- docs-test: until --> ls", "nothing stands after the comment"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := page.Read("a.md", markdown(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestSubstituteTakesWholeWords(t *testing.T) {
	p := &page.Page{Words: map[string]string{"NS": "serving", "NAME": "m1"}}
	if got, want := p.Substitute(`-n NS $NS NAMESPACE NAME=NS.x`), `-n serving $serving NAMESPACE m1=serving.x`; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}

func TestSays(t *testing.T) {
	printed := "NAME   READY\nm1     True    3s\nm2     False   4s\n"
	for name, c := range map[string]struct{ block, missing string }{
		"all lines, with other spaces":   {"NAME READY\nm1 True 3s\n", ""},
		"something left out in a line":   {"m1 True ...\n", ""},
		"a word that stands for nothing": {"NAME ... READY ...\nm1 ... True 3s\n", ""},
		"lines left out":                 {"NAME READY\n...\nm2 ... 4s\n", ""},
		"lines in another order":         {"m2 False 4s\nm1 True 3s\n", "m1 True 3s"},
		"part of a line":                 {"m1 True\n", "m1 True"},
		"a dot is a dot":                 {"m. True 3s\n", "m. True 3s"},
		"nothing has to be printed":      {"\n...\n", ""},
		"the same line twice, not once":  {"NAME READY\nNAME READY\n", "NAME READY"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := page.Says(printed, c.block); got != c.missing {
				t.Errorf("the missing line is %q, want %q", got, c.missing)
			}
		})
	}
}
