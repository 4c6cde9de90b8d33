// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/simulation"
)

const simulateLong = `Says what would become of the releases of a cluster, without changing anything: under another text of a policy, with other
evidence, or when time passes. It reads with your own rights, decides as the manager does, and counts the pods that serve
now and the accelerators that they hold.

What is in the files takes the place of what the cluster has: SafetyPolicies, and evaluations with the ConfigMaps of
their result files. What people sign, they sign in the cluster: it is not known here who would, so it does not count.
Where a text weakens a policy and its rules ask for people or time, it is shown what happens at once, and what once it is
in force.

  Removes   pods that serve are deleted: an adverse finding, or a critical revocation
  Freezes   nothing new starts; what serves stays for the policy's grace, and goes then if it lapsed
  Shrinks   pods above a lower ceiling are evicted
  Opens     more may serve
  Stays     nothing changes for what serves

Exit codes:
  0  nothing would be removed, frozen or shrunk
  1  an error: nothing was simulated
  2  something would be`

func newSimulate(env environment) *cobra.Command {
	flags := newFlags()
	format := newOutput()
	x := simulating{env: env, flags: flags}
	cmd := &cobra.Command{
		Use:   "simulate -f FILE",
		Short: "Say which running releases would freeze, shrink or open under another policy",
		Long:  simulateLong,
		Example: `  # A new text of a policy, for all releases of the cluster
  scalegate simulate -f policy.yaml -A

  # What ends by itself until the first of June
  scalegate simulate -n serving --at 2026-06-01T00:00:00Z

  # The totals alone
  scalegate simulate -f policy.yaml -A -o jsonpath='{.summary}'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			result, err := x.run(cmd)
			if err != nil {
				return err
			}
			if err := format.show(cmd, result.printable()); err != nil {
				return err
			}
			if simulation.Reduces(result.Changes) {
				return exitWith(codeBlocked)
			}
			return nil
		},
	}
	flags.AddFlags(cmd.Flags())
	x.manifests.addTo(cmd)
	format.addTo(cmd)
	cmd.Flags().BoolVarP(&x.all, "all-namespaces", "A", false, "releases of all namespaces")
	cmd.Flags().StringVar(&x.at, "at", "", "time at which is decided, such as 2026-06-01T00:00:00Z; now by default")
	return cmd
}

// simulated is what a simulation found.
type simulated struct {
	// Time is when it was decided for.
	Time time.Time `json:"time"`
	// Revisions are what the texts of policies in the files would be recorded as.
	Revisions []simulation.Revision `json:"revisions,omitempty"`
	Changes   []simulation.Change   `json:"changes"`
	Totals    []simulation.Total    `json:"totals"`
	// TotalsThen are those once the revisions are in force that something waits for.
	TotalsThen []simulation.Total `json:"totalsThen,omitempty"`
	Summary    string             `json:"summary"`
	// Notes are what was not known.
	Notes []string `json:"notes,omitempty"`
}

func (s *simulated) sum() {
	s.Totals, s.TotalsThen = simulation.Totals(s.Changes), simulation.TotalsThen(s.Changes)
	s.Summary = simulation.Sentence(s.Totals)
	if s.TotalsThen != nil {
		s.Summary += "; once the revision is in force: " + simulation.Sentence(s.TotalsThen)
	}
}

func (s *simulated) printable() printable {
	p := printable{value: s, text: s.text}
	for i := range s.Changes {
		p.names = append(p.names, "modelrelease.scalegate.dev/"+s.Changes[i].Release)
	}
	return p
}

// text is a table, what the revisions need, and a line that sums up.
func (s *simulated) text(wide bool) string {
	b := &strings.Builder{}
	names := columns("Namespace", "Release", "Before", "After", "Effect", "Pods", "Accelerators", "Because", "+Serving", "+Why")
	if s.TotalsThen != nil {
		names = columns("Namespace", "Release", "Before", "After", "Effect", "Then", "Then-Effect", "Pods", "Accelerators", "Because", "+Serving", "+Why")
	}
	var rows [][]string
	for i := range s.Changes {
		rows = append(rows, s.row(&s.Changes[i]))
	}
	if len(rows) > 0 {
		// Writing to memory does not go wrong.
		_ = writeTable(b, names, rows, wide)
		b.WriteByte('\n')
	}
	for i := range s.Revisions {
		b.WriteString(revisionText(&s.Revisions[i]) + "\n")
	}
	for _, note := range s.Notes {
		b.WriteString(note + "\n")
	}
	b.WriteString(s.Summary + "\n")
	return b.String()
}

func (s *simulated) row(c *simulation.Change) []string {
	told := &c.After
	row := []string{c.Namespace, c.Release, grantText(&c.Before), grantText(&c.After.Grant), string(c.After.Effect)}
	if s.TotalsThen != nil {
		then, effect := "", ""
		if c.Then != nil {
			then, effect, told = grantText(&c.Then.Grant), string(c.Then.Effect), c.Then
		}
		if c.After.Effect != simulation.Stays {
			told = &c.After
		}
		row = append(row, then, effect)
	}
	because := strings.Join(told.Because, ",")
	if because == "" && told.Effect != simulation.Stays {
		because = brief(told.Why)
	}
	return append(row, strconv.FormatInt(told.Pods, 10), strconv.FormatInt(told.Accelerators, 10), because, strconv.FormatInt(c.Serving, 10), told.Why)
}

// grantText is an exposure with its ceiling.
func grantText(g *simulation.Grant) string {
	switch {
	case g.Exposure == "":
		return "nothing"
	case g.Ceiling != nil:
		return fmt.Sprintf("%s(%d)", g.Exposure, *g.Ceiling)
	}
	return g.Exposure
}

func revisionText(r *simulation.Revision) string {
	switch {
	case r.Record == nil && len(r.Changes) == 0:
		return fmt.Sprintf("SafetyPolicy %s: the text is the one in force.", r.Policy)
	case !r.Pending:
		return fmt.Sprintf("SafetyPolicy %s: %s, in force at once; scalegate policy diff says what it changes.", r.Policy, r.Effect)
	}
	var needs []string
	for _, part := range r.Needs {
		needs = append(needs, fmt.Sprintf("%d of role %s", part.Count, part.Role))
	}
	text := fmt.Sprintf("SafetyPolicy %s: %s, and pending", r.Policy, r.Effect)
	if len(needs) > 0 {
		text += " until it is approved by " + strings.Join(needs, " and ")
	}
	if r.Earliest != nil {
		text += ", not before " + r.Earliest.Format(time.RFC3339)
	}
	return text + "."
}
