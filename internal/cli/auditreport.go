// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/cli/page"
)

// auditReport is what the commands print.
type auditReport struct {
	// Chains are the releases that were looked at.
	Chains []auditedChain `json:"chains"`
	// Heads are the last records, for a later verify to be held against. A chain in which something is wrong has none.
	Heads []audit.Head `json:"heads,omitempty"`
}

// auditedChain is what was found of one release.
type auditedChain struct {
	Namespace string `json:"namespace"`
	Release   string `json:"release"`
	Records   int    `json:"records"`
	// First and Last are the sequences of the first record and of the last; absent where there is none.
	First int64 `json:"first,omitempty"`
	Last  int64 `json:"last,omitempty"`
	// Same is how many decisions came out the same; absent where none was made again.
	Same     *int            `json:"same,omitempty"`
	Problems []audit.Problem `json:"problems,omitempty"`
	Omitted  []audit.Omitted `json:"omitted,omitempty"`
}

// verified verifies what was read.
func verified(found auditObjects) auditReport {
	r := auditReport{Chains: []auditedChain{}}
	for _, c := range audit.Chains(found.records, found.heads) {
		of := auditedChainOf(c)
		of.Problems = audit.Verify(c)
		r.Chains = append(r.Chains, of)
		if last, ok := c.Last(); ok && len(of.Problems) == 0 {
			r.Heads = append(r.Heads, last)
		}
	}
	return r
}

// replayed makes the decisions of what was read again.
func replayed(found auditObjects, version string) auditReport {
	r := auditReport{Chains: []auditedChain{}}
	texts := audit.TextsOf(found.revisions)
	for _, c := range audit.Chains(found.records, nil) {
		of, again := auditedChainOf(c), audit.Replay(c, texts, version)
		of.Same, of.Problems, of.Omitted = &again.Same, again.Problems, again.Omitted
		r.Chains = append(r.Chains, of)
	}
	return r
}

func auditedChainOf(c audit.Chain) auditedChain {
	of := auditedChain{Namespace: c.Namespace, Release: c.Release, Records: len(c.Records)}
	if n := len(c.Records); n > 0 {
		of.First, of.Last = c.Records[0].Spec.Sequence, c.Records[n-1].Spec.Sequence
	}
	return of
}

// grew tells whether all that is wrong may be that a record was made while the cluster was read.
func (r *auditReport) grew() bool {
	ahead, other := false, false
	for _, c := range r.Chains {
		for _, p := range c.Problems {
			ahead, other = ahead || p.Fault == audit.FaultAhead, other || p.Fault != audit.FaultAhead
		}
	}
	return ahead && !other
}

// exitCode is codeBlocked where something is wrong, and codePending where something could not be looked at.
func (r *auditReport) exitCode() int {
	switch {
	case slices.ContainsFunc(r.Chains, func(c auditedChain) bool { return len(c.Problems) > 0 }):
		return codeBlocked
	case slices.ContainsFunc(r.Chains, func(c auditedChain) bool { return len(c.Omitted) > 0 }):
		return codePending
	}
	return codePass
}

// text is the report for a terminal.
func (r *auditReport) text() string {
	if len(r.Chains) == 0 {
		return "There are no records of decisions.\n"
	}
	var p page.Page
	r.table(&p)
	records, problems, omitted := 0, 0, 0
	for _, c := range r.Chains {
		records, problems, omitted = records+c.Records, problems+len(c.Problems), omitted+len(c.Omitted)
		for _, x := range c.Problems {
			p.Wrap("✗ ", "  ", fmt.Sprintf("%s/%s %s: %s", x.Namespace, x.Release, x.Fault, x.Message))
		}
		for _, x := range c.Omitted {
			p.Wrap("? ", "  ", fmt.Sprintf("%s/%s %s: %s", x.Namespace, x.Release, x.Omission, x.Message))
		}
	}
	last := fmt.Sprintf("%s of %s: %s", counted(records, "record"), counted(len(r.Chains), "release"), counted(problems, "problem"))
	if r.Chains[0].Same != nil {
		last += fmt.Sprintf(", %s not made again", counted(omitted, "decision"))
	}
	p.Line(last)
	return p.String()
}

func (r *auditReport) table(p *page.Page) {
	var lines strings.Builder
	w := tabwriter.NewWriter(&lines, 0, 0, 3, ' ', 0)
	again := r.Chains[0].Same != nil
	head := "NAMESPACE\tRELEASE\tRECORDS\tFIRST\tLAST\tPROBLEMS"
	if again {
		head = "NAMESPACE\tRELEASE\tRECORDS\tSAME\tNOT MADE AGAIN\tPROBLEMS"
	}
	rows := []string{head}
	for _, c := range r.Chains {
		middle := fmt.Sprintf("%s\t%s", sequence(c.First), sequence(c.Last))
		if again {
			middle = fmt.Sprintf("%d\t%d", *c.Same, len(c.Omitted))
		}
		rows = append(rows, fmt.Sprintf("%s\t%s\t%d\t%s\t%d", c.Namespace, c.Release, c.Records, middle, len(c.Problems)))
	}
	for _, row := range rows {
		// It goes wrong only where the builder does, which does not.
		_, _ = io.WriteString(w, row+"\n")
	}
	_ = w.Flush()
	for line := range strings.Lines(lines.String()) {
		p.Line(strings.TrimSuffix(line, "\n"))
	}
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// sequence is a number, or that there is none.
func sequence(n int64) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// printAudit prints, and returns what was found as an exit code.
func printAudit(cmd *cobra.Command, format string, r auditReport) error {
	var err error
	if format == formatText {
		_, err = fmt.Fprint(cmd.OutOrStdout(), r.text())
	} else {
		err = encode(cmd.OutOrStdout(), format, r)
	}
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return exitWith(r.exitCode())
}
