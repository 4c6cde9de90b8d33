// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/cli"
	"github.com/scalegate/scalegate/test/docs/page"
	"github.com/scalegate/scalegate/test/installation"
)

// TestEveryCommandThatIsNamedExists looks at each place that shows a command of scalegate, in code font or in a block.
func TestEveryCommandThatIsNamedExists(t *testing.T) {
	root := cli.New("scalegate", "test")
	root.InitDefaultCompletionCmd()
	found := 0
	for _, p := range readable(t) {
		t.Run(p.Path, func(t *testing.T) {
			for _, code := range codes(p) {
				for _, command := range commandsIn(code.Text) {
					found++
					if problem := judge(root, command); problem != "" {
						t.Errorf("%s:%d: %q: %s", p.Path, code.Line, command, problem)
					}
				}
			}
		})
	}
	if found < 50 {
		t.Errorf("only %d commands were found; is the search broken?", found)
	}
}

// codes are the texts of a page that show commands: what is in code font, and blocks of commands and of what they print.
func codes(p *page.Page) []page.Link {
	all := append([]page.Link{}, p.Codes...)
	for i := range p.Blocks {
		b := &p.Blocks[i]
		if b.Commands() || b.Language == "text" || b.Language == "yaml" {
			text := strings.ReplaceAll(b.Text, "\\\n", " ")
			for n, line := range strings.Split(text, "\n") {
				all = append(all, page.Link{Text: line, Line: b.Line + n})
			}
		}
	}
	return all
}

// commandsIn are the commands of scalegate in a line, each without the word scalegate: where the word begins the line or
// follows a shell's sign, "kubectl", or "run".
func commandsIn(line string) []string {
	line, _, _ = strings.Cut(line, "  #")
	var all []string
	for _, found := range regexp.MustCompile(`(?:^\s*|[|;&(]\s*|kubectl |run:? |see why: |\$ )scalegate ([a-z][^|;&>)`+"`"+`]*)`).FindAllStringSubmatch(line, -1) {
		all = append(all, strings.TrimSpace(found[1]))
	}
	return all
}

// judge says what of a command does not exist, or nothing. The manager's flags are those of the program and not known here.
func judge(root *cobra.Command, command string) string {
	words := strings.Fields(command)
	if words[0] == "manager" {
		return ""
	}
	cmd, rest, err := root.Find(words)
	if err != nil || cmd == root {
		return "there is no such command"
	}
	if cmd.HasSubCommands() && len(rest) > 0 && regexp.MustCompile(`^[a-z]+$`).MatchString(rest[0]) {
		return fmt.Sprintf("%s has no command %s", cmd.CommandPath(), rest[0])
	}
	for _, word := range words {
		name, _, _ := strings.Cut(strings.Trim(word, `.,:'"[]`), "=")
		switch {
		case name == "--":
			return ""
		case strings.HasPrefix(name, "--") && longFlag(cmd, name[2:]) || name == "--help" || name == "--version":
		case strings.HasPrefix(name, "--"):
			return fmt.Sprintf("%s has no flag %s", cmd.CommandPath(), name)
		case regexp.MustCompile(`^-[a-zA-Z]$`).MatchString(name) && name != "-h" && !shorthand(cmd, name[1:]):
			return fmt.Sprintf("%s has no flag %s", cmd.CommandPath(), name)
		}
	}
	return ""
}

func longFlag(cmd *cobra.Command, name string) bool {
	return cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil
}

func shorthand(cmd *cobra.Command, name string) bool {
	return cmd.Flags().ShorthandLookup(name) != nil || cmd.InheritedFlags().ShorthandLookup(name) != nil
}

func TestJudge(t *testing.T) {
	root := cli.New("scalegate", "test")
	for name, c := range map[string]struct {
		line string
		want bool
	}{
		"a command with flags":           {"scalegate explain modelrelease m1 -n serving -o json", true},
		"a command of kubectl":           {"kubectl scalegate doctor", true},
		"a command that does not exist":  {"scalegate conjure m1", false},
		"a command below one":            {"scalegate evaluation conjure", false},
		"a flag that does not exist":     {"scalegate doctor --conjure=1", false},
		"a short flag that is not there": {"scalegate doctor -z", false},
		"a command in a pipe":            {"cat x | scalegate conjure", false},
		"a command in a message":         {"to see why: scalegate conjure m1", false},
	} {
		t.Run(name, func(t *testing.T) {
			found := commandsIn(c.line)
			if len(found) != 1 {
				t.Fatalf("the commands are %q, want one", found)
			}
			if problem := judge(root, found[0]); (problem == "") != c.want {
				t.Errorf("it says %q", problem)
			}
		})
	}
}

func TestEveryTargetOfMakeThatIsNamedExists(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(installation.Root(), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		targets[found[1]] = true
	}
	for _, p := range readable(t) {
		for _, code := range codes(p) {
			for _, found := range regexp.MustCompile(`^\s*make ([a-z][a-z0-9 -]*)`).FindAllStringSubmatch(code.Text, -1) {
				for target := range strings.FieldsSeq(found[1]) {
					if !targets[target] {
						t.Errorf("%s:%d: the Makefile has no target %s", p.Path, code.Line, target)
					}
				}
			}
		}
	}
}
