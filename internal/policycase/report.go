// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// LeastCases is the least number of cases that a policy has to have.
const LeastCases = 4

// FolderResult is what became of a policy and its cases.
type FolderResult struct {
	Folder string
	// Problems are what is wrong with the policy, its suites or its cases themselves.
	Problems []string
	Cases    []Result
}

// Wrong counts what is wrong: problems, cases that came out otherwise than expected, and what the cases do not show. Among
// the cases of a policy at least [LeastCases] are asked for, and each outcome.
func (r *FolderResult) Wrong() int {
	wrong := len(r.Problems) + len(r.missing())
	for i := range r.Cases {
		if len(r.Cases[i].Wrong) > 0 {
			wrong++
		}
	}
	return wrong
}

// Counts are the cases by their last outcome.
func (r *FolderResult) Counts() map[Outcome]int {
	counts := map[Outcome]int{}
	for i := range r.Cases {
		counts[r.Cases[i].Outcome()]++
	}
	return counts
}

func (r *FolderResult) missing() []string {
	var missing []string
	if len(r.Cases) < LeastCases {
		missing = append(missing, fmt.Sprintf("%s has %d cases: at least %d are needed", r.Folder, len(r.Cases), LeastCases))
	}
	counts := r.Counts()
	for _, outcome := range Outcomes() {
		if counts[outcome] == 0 {
			missing = append(missing, fmt.Sprintf("%s has no case that ends %s", r.Folder, outcome))
		}
	}
	return missing
}

// Print writes each case with its outcomes, what is wrong, the counts of each policy, and one last line that sums them up. It
// returns how many are wrong.
func Print(out io.Writer, results []FolderResult) int {
	cases, wrong := 0, 0
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "POLICY\tCASE\tOUTCOMES\tVERDICT")
	for i := range results {
		for j := range results[i].Cases {
			c := &results[i].Cases[j]
			verdict := "right"
			if len(c.Wrong) > 0 {
				verdict = "WRONG"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", results[i].Folder, c.Case, outcomes(c.Outcomes), verdict)
		}
	}
	w.Flush()
	for i := range results {
		r := &results[i]
		cases, wrong = cases+len(r.Cases), wrong+r.Wrong()
		r.explain(out)
		counts := r.Counts()
		fmt.Fprintf(out, "%s: %d held, %d opened, %d revoked\n", r.Folder, counts[Held], counts[Opened], counts[Revoked])
	}
	fmt.Fprintf(out, "policies: %d policies, %d cases, %d wrong\n", len(results), cases, wrong)
	return wrong
}

// explain writes what is wrong with a policy.
func (r *FolderResult) explain(out io.Writer) {
	for _, problem := range append(append([]string(nil), r.Problems...), r.missing()...) {
		fmt.Fprintf(out, "WRONG %s\n", problem)
	}
	for i := range r.Cases {
		for _, difference := range r.Cases[i].Wrong {
			fmt.Fprintf(out, "WRONG %s/%s: %s\n", r.Folder, r.Cases[i].Case, difference)
		}
	}
}

func outcomes(all []Outcome) string {
	words := make([]string, len(all))
	for i, o := range all {
		words[i] = string(o)
	}
	return strings.Join(words, " > ")
}
