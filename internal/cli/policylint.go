// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/offline"
	"github.com/scalegate/scalegate/internal/policylint"
	"github.com/scalegate/scalegate/internal/verdict"
)

func newPolicyLint() *cobra.Command {
	format := choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML, formatJUnit, formatSARIF, formatGitHub}}
	least := choice{value: string(verdict.SeverityWarning), allowed: []string{string(verdict.SeverityNote), string(verdict.SeverityWarning), string(verdict.SeverityError)}}
	var m manifests
	list := false
	cmd := &cobra.Command{
		Use:   "lint FILE...",
		Short: "Find what a policy says that is wrong, or probably not meant",
		Long: `Validates policies, and suites beside them, against their definitions and the rules in them, and looks for what is valid
and probably not meant: what can have no effect, what can never be met, and what lets through more than it seems to.
A suite that a policy names is looked for among the files where they have suites. No cluster is asked.

FILE is a file, a folder of files, or - for standard input. Other objects are passed over.

Exit codes:
  0  nothing is wrong, or only less than --fail-on says
  1  an error: something cannot be read, or is not valid
  2  something is probably not meant`,
		Example: `  scalegate policy lint policy.yaml suites/

  # Every lint, with what it looks for
  scalegate policy lint --list`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if list {
				return printLints(cmd)
			}
			if len(args) == 0 {
				return errors.New("name the files: scalegate policy lint FILE")
			}
			m.files = args
			_, known, err := shipped()
			if err != nil {
				return err
			}
			objects, unread, err := m.read(cmd)
			if err != nil {
				return err
			}
			report := offline.Load(cmd.Context(), known, objects, unread, offline.Options{}).Lint(verdict.Severity(least.value))
			if len(report.Cases) == 0 {
				return fmt.Errorf("%s has no SafetyPolicy and no EvaluationSuite", strings.Join(args, ", "))
			}
			if err := printVerdicts(cmd, format.value, &report); err != nil {
				return err
			}
			return exitWith(report.Worst().ExitCode())
		},
	}
	format.addTo(cmd, "output", "o", "how to print it")
	least.addTo(cmd, "fail-on", "", "least severity that ends with a code other than 0")
	cmd.Flags().BoolVarP(&m.recursive, "recursive", "R", false, "look into the folders below those of FILE too")
	cmd.Flags().BoolVar(&list, "list", false, "list the lints, and look at nothing")
	return cmd
}

// printLints lists what is looked for.
func printLints(cmd *cobra.Command) error {
	t := newTable(cmd.OutOrStdout(), "LINT", "SEVERITY", "LOOKS FOR")
	for _, l := range policylint.Descriptions() {
		t.row(l.Name, string(l.Severity), l.Text)
	}
	t.flush()
	return nil
}
