// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/scalegate/scalegate/internal/cli/explanation"
)

func newExplain(env environment) *cobra.Command {
	explain := newGroup("explain", "Say why something is granted or held")
	explain.Long = `Says why something is granted or held. A workload is held for what its release lacks: explain that release, which its
pod template names in the label scalegate.dev/release.`
	explain.Example = "  scalegate explain modelrelease small-1 -n serving"
	flags := newFlags()
	flags.AddFlags(explain.PersistentFlags())
	completeNamespaces(explain, env, flags)
	explain.AddCommand(newExplainRelease(env, flags))
	return explain
}

func newExplainRelease(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	format := choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML}}
	cmd := &cobra.Command{
		Use:     "modelrelease NAME",
		Aliases: []string{"modelreleases", "mrel", "release"},
		Short:   "Say what a release is granted and why, and what would change it",
		Long: `Decides about a release anew, from what is in the cluster now and with your own rights, and shows the answer as a
tree: the exposures, the capability thresholds with the requirements that rule them out, and what each safety level
requires. Each requirement is met, expiring (it counts for 14 days or less), missing, failed, indeterminate,
expired or revoked, with the evidence that says so and what would change it. Notes say where the cluster is not as decided.

Exit codes:
  0  the exposure asked for is granted
  1  an error: nothing was decided
  2  blocked: an adverse finding, a revocation, a level without defined safeguards, an invalid spec, or nothing required
  3  pending: evidence is missing or has expired, or the policy, or what the release was made from, does not exist
  4  inconclusive: there are results, and they show neither one nor the other`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeReleases(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			situation, err := c.gather(cmd.Context(), args[0], env.now())
			if err != nil {
				return err
			}
			situation.Program = displayName(cmd)
			return printExplanation(cmd.OutOrStdout(), format.value, explanation.Explain(situation))
		},
	}
	format.addTo(cmd, "output", "o", "how to print it")
	return cmd
}

// printExplanation prints, and returns the outcome as an exit code.
func printExplanation(out io.Writer, format string, x explanation.Explanation) error {
	var err error
	if format == formatText {
		_, err = fmt.Fprint(out, x.Text())
	} else {
		err = encode(out, format, x)
	}
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return exitWith(codeFor(x.Outcome))
}
