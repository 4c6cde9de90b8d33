// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/scalegate/scalegate/internal/cli"
)

const (
	cliFolder = "docs/reference/cli/"
	cliIndex  = cliFolder + "README.md"
)

const cliHead = `# Commands

Each command with its flags, generated from the program by ''make generate''; ''scalegate COMMAND --help'' says the same. What the
commands are for, what they print and which rights they need is in [Command line](../cli.md).

Every command that reaches a cluster takes [kubectl's flags](#flags-of-kubectl) for that. ''scalegate manager'', which runs the operator, is
not listed here: ''scalegate manager --help''.

| Command | |
| --- | --- |
`

// commandPages is a page for each command that does something, and one that lists them.
func commandPages() map[string]string {
	root := cli.New("scalegate", "")
	pages, connecting := map[string]string{}, pflag.NewFlagSet("", pflag.ContinueOnError)
	var index strings.Builder
	index.WriteString(strings.ReplaceAll(cliHead, "''", "`"))
	for _, cmd := range leaves(root) {
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "_") + ".md"
		pages[cliFolder+name] = commandPage(cmd)
		fmt.Fprintf(&index, "| [%s](%s) | %s |\n", cmd.CommandPath(), name, escape(cmd.Short))
		own, others := split(cmd)
		if own.HasFlags() && others.HasFlags() {
			connecting.AddFlagSet(others)
		}
	}
	if connecting.HasFlags() {
		index.WriteString("\n## Flags of kubectl\n" + flagTable(connecting))
	}
	pages[cliIndex] = index.String()
	return pages
}

// leaves are the commands that are run, sorted by their names.
func leaves(cmd *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() || sub.Name() == "help" {
			continue
		}
		if sub.HasAvailableSubCommands() {
			all = append(all, leaves(sub)...)
		} else {
			all = append(all, sub)
		}
	}
	slices.SortFunc(all, func(a, b *cobra.Command) int { return strings.Compare(a.CommandPath(), b.CommandPath()) })
	return all
}

func commandPage(cmd *cobra.Command) string {
	var b strings.Builder
	long := cmd.Long
	if long == "" {
		long = cmd.Short
	}
	fmt.Fprintf(&b, "# %s\n\n%s\n\n```text\n%s\n```\n", cmd.CommandPath(), prose(long), cmd.UseLine())
	if len(cmd.Aliases) > 0 {
		fmt.Fprintf(&b, "\nAliases: `%s`.\n", strings.Join(cmd.Aliases, "`, `"))
	}
	if cmd.Example != "" {
		fmt.Fprintf(&b, "\n## Examples\n\n<!-- docs-test: skip an example of the command's help -->\n```sh\n%s\n```\n", unindent(cmd.Example))
	}
	own, connecting := split(cmd)
	if own.HasFlags() {
		b.WriteString("\n## Flags\n" + flagTable(own))
	}
	if connecting.HasFlags() {
		b.WriteString("\nBeside these, [kubectl's flags](README.md#flags-of-kubectl) for reaching a cluster.\n")
	}
	b.WriteString("\nAll commands: [Commands](README.md).\n")
	return b.String()
}

// split parts the flags that reach a cluster, as kubectl has them, from the others.
func split(cmd *cobra.Command) (own, connecting *pflag.FlagSet) {
	own, connecting = pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	cmd.InitDefaultHelpFlag()
	kubectl := []string{
		"as", "as-group", "as-uid", "as-user-extra", "cache-dir", "certificate-authority", "client-certificate", "client-key", "cluster", "context",
		"disable-compression", "insecure-skip-tls-verify", "kubeconfig", "namespace",
		"proxy-url", "request-timeout", "server", "tls-server-name", "token", "user",
	}
	add := func(f *pflag.Flag) {
		switch {
		case f.Hidden || f.Name == "help" || own.Lookup(f.Name) != nil || connecting.Lookup(f.Name) != nil:
		case slices.Contains(kubectl, f.Name):
			connecting.AddFlag(f)
		default:
			own.AddFlag(f)
		}
	}
	cmd.Flags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)
	return own, connecting
}

func flagTable(flags *pflag.FlagSet) string {
	var b strings.Builder
	b.WriteString("\n| Flag | Value | Default | |\n| --- | --- | --- | --- |\n")
	flags.VisitAll(func(f *pflag.Flag) {
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		value, usage := pflag.UnquoteUsage(f)
		fallback := ""
		if f.DefValue != "" && f.DefValue != "[]" && f.DefValue != "false" && !strings.Contains(f.DefValue, "/.kube/") {
			fallback = "`" + f.DefValue + "`"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, escape(value), escape(fallback), escape(usage))
	})
	return b.String()
}

// prose is the text of a command for Markdown: lines that are indented stay as they are, in a block.
func prose(text string) string {
	var out []string
	inside := false
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		indented := strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "\t")
		switch {
		case indented && !inside:
			if n := len(out); n > 0 && out[n-1] != "" {
				out = append(out, "")
			}
			out = append(out, "```text")
		case !indented && inside:
			out = append(out, "```", "")
		}
		if inside && !indented && line == "" {
			inside = false
			continue
		}
		inside = indented
		if !indented {
			line = angle(line)
		}
		out = append(out, line)
	}
	if inside {
		out = append(out, "```")
	}
	return strings.Join(out, "\n")
}

func angle(text string) string { return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(text) }

func escape(text string) string {
	return strings.ReplaceAll(angle(strings.Join(strings.Fields(text), " ")), "|", `\|`)
}

// unindent takes away the spaces that all lines begin with.
func unindent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	least := -1
	for _, line := range lines {
		if indent := len(line) - len(strings.TrimLeft(line, " ")); strings.TrimSpace(line) != "" && (least < 0 || indent < least) {
			least = indent
		}
	}
	for i, line := range lines {
		lines[i] = line[min(max(least, 0), len(line)):]
	}
	return strings.Join(lines, "\n")
}
