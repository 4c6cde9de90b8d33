// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/offline"
	"github.com/scalegate/scalegate/internal/schema"
	"github.com/scalegate/scalegate/internal/verdict"
)

const checkLong = `Judges manifests as Scalegate would if they were applied, without a cluster: what each release would be granted and why
no more, and whether each workload would be admitted, held or refused. Scalegate's own objects are validated against
their definitions, with the rules in them; policies are linted; result files in ConfigMaps beside their evaluations are
read.

What manifests cannot say is not known, and never passes: who wrote a release, who brings evidence and who signs, since
the API server stamps that; checks of the cluster; evaluations that run there. A requirement that needs it is pending.
Nor are findings and revocations known that stand in the cluster. With --from-cluster what the manifests lack is read
there, with your own rights, and nothing is written.

Namespaces that are not among the manifests are taken for enforced; --gate says otherwise.

Exit codes, the worst of all objects in the order of this list:
  1  an error: something cannot be read, or is not valid
  2  blocked: something would be held or refused, and only a change helps
  4  inconclusive: there are results, and they show neither one nor the other
  3  pending: something is missing or cannot be known here, and may still come
  0  every release would be granted what it asks for, and every workload admitted`

func newCheck(env environment) *cobra.Command {
	flags := newFlags()
	format := choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML, formatJUnit, formatSARIF, formatGitHub}}
	gate := choice{value: v1alpha1.GateEnforced, allowed: []string{v1alpha1.GateEnforced, v1alpha1.GateAudited, gateNone}}
	x := checking{env: env, flags: flags, gate: &gate}
	var failOn outcomes
	cmd := &cobra.Command{
		Use:   "check -f FILE",
		Short: "Say what manifests would come to, without a cluster",
		Long:  checkLong,
		Example: `  # Everything of a repository, in a pull request
  scalegate check -f deploy/ -R -o github

  # What an overlay builds, as a report for a test summary; what may still come does not fail the job
  scalegate check -k overlays/production -o junit --fail-on blocked,inconclusive > check.xml

  # With the evidence and the policies that the cluster has
  scalegate check -f release.yaml --from-cluster`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			report, err := x.run(cmd)
			if err != nil {
				return err
			}
			if err := printVerdicts(cmd, format.value, &report); err != nil {
				return err
			}
			return exitWith(report.WorstOf(failOn.counting).ExitCode())
		},
	}
	flags.AddFlags(cmd.Flags())
	x.manifests.addTo(cmd)
	format.addTo(cmd, "output", "o", "how to print it")
	gate.addTo(cmd, "gate", "", "gate of namespaces that are not among the manifests")
	failOn.addTo(cmd)
	cmd.Flags().StringVar(&x.now, "now", "", "time of the judgement, such as 2026-03-01T00:00:00Z; now by default")
	cmd.Flags().BoolVar(&x.fromCluster, "from-cluster", false, "read what the manifests lack from the cluster")
	return cmd
}

// gateNone is the word for a namespace without a gate.
const gateNone = "none"

// checking is one run of the command.
type checking struct {
	env         environment
	flags       *genericclioptions.ConfigFlags
	manifests   manifests
	gate        *choice
	now         string
	fromCluster bool
}

func (x *checking) run(cmd *cobra.Command) (verdict.Report, error) {
	now, err := timeOf(x.now, x.env)
	if err != nil {
		return verdict.Report{}, err
	}
	law, known, err := shipped()
	if err != nil {
		return verdict.Report{}, err
	}
	objects, unread, err := x.manifests.read(cmd)
	if err != nil {
		return verdict.Report{}, err
	}
	set := offline.Load(cmd.Context(), known, objects, unread, offline.Options{Namespace: namespaceOf(x.flags), Gate: x.gate.value})
	if x.fromCluster {
		if err := x.adopt(cmd, set); err != nil {
			return verdict.Report{}, err
		}
	}
	return set.Judge(cmd.Context(), law, now)
}

// adopt reads what the manifests lack.
func (x *checking) adopt(cmd *cobra.Command, set *offline.Set) error {
	c, err := x.env.connect(x.flags, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	world, err := c.world(cmd.Context(), set.Namespaces())
	if err != nil {
		return err
	}
	set.Adopt(world...)
	return nil
}

// shipped are the definitions and the admission policies that this program was built with.
func shipped() (*offline.Law, *schema.Kinds, error) {
	files, err := config.Kinds()
	if err != nil {
		return nil, nil, err
	}
	known, err := schema.Read(files)
	if err != nil {
		return nil, nil, err
	}
	if files, err = config.Admission(); err != nil {
		return nil, nil, err
	}
	law, err := offline.NewLaw(files)
	return law, known, err
}

// timeOf is the time that a flag says, or now.
func timeOf(flag string, env environment) (time.Time, error) {
	if flag == "" {
		return env.now(), nil
	}
	at, err := time.Parse(time.RFC3339, flag)
	if err != nil {
		return at, fmt.Errorf("%q is no time: write it as 2026-03-01T00:00:00Z", flag)
	}
	return at, nil
}
