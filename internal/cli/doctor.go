// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/cli/doctor"
)

func newDoctor(env environment) *cobra.Command {
	flags := newFlags()
	format := choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML}}
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check the installation, what is governed, and who has the rights to go around it",
		Long: `Looks at the cluster with your own rights and changes nothing: whether kinds, admission policies, webhook, its
certificates and the manager are in place; whether each ring of the enforcement acts, by dry runs that have to be
refused or held; which namespaces have a gate and where pods ask for an accelerator without one; what in
namespaces with a gate claims no release, runs without a clearance or would be held; and who holds the rights that
go around the gate. Those who may do everything are told once.

With --namespace it looks at the contents of that namespace alone, and at installation and rights all the same.
What you may not read is reported as not looked at.

Exit codes:
  0  nothing failed; there may be things to look at
  1  an error: the cluster could not be looked at
  2  something failed: what Scalegate promises does not hold`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// What the API server warns of is what the dry runs provoke.
			c, err := env.connect(flags, io.Discard)
			if err != nil {
				return err
			}
			x := inspection{
				connection: c, clock: env.now,
				facts: doctor.Facts{Now: env.now(), Program: displayName(cmd), Namespace: *flags.Namespace, Unread: map[doctor.Source]string{}},
			}
			if err := x.read(cmd.Context()); err != nil {
				return err
			}
			return printReport(cmd, format.value, doctor.Examine(&x.facts))
		},
	}
	flags.AddFlags(cmd.Flags())
	format.addTo(cmd, "output", "o", "how to print it")
	return cmd
}

// printReport prints, and returns what was found as an exit code.
func printReport(cmd *cobra.Command, format string, r doctor.Report) error {
	var err error
	if format == formatText {
		_, err = fmt.Fprint(cmd.OutOrStdout(), r.Text())
	} else {
		err = encode(cmd.OutOrStdout(), format, r)
	}
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return exitWith(r.ExitCode())
}
