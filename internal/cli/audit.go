// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
)

// auditOptions are the flags of the commands about records.
type auditOptions struct {
	flags   *genericclioptions.ConfigFlags
	all     bool
	files   []string
	against string
	format  choice
	// texts: the texts of policies are needed.
	texts bool
}

func newAudit(env environment, version string) *cobra.Command {
	group := newGroup("audit", "Check the records of decisions")
	flags := newFlags()
	flags.AddFlags(group.PersistentFlags())
	group.AddCommand(newAuditVerify(env, flags), newAuditReplay(env, flags, version))
	return group
}

func newAuditVerify(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := newAuditOptions(flags)
	cmd := &cobra.Command{
		Use:   "verify [RELEASE]",
		Short: "Find records of decisions that were removed, changed or put in",
		Long: `Looks at the GateDecisions of a release, or of all in a namespace, by themselves and beside each other: whether each is
what it was when it was made, follows on the one before, and is about the release that it is named after; and whether
the last ones are there, as far as somebody knows them. The status of the release does; and so does an earlier
"verify -o json", kept where nobody can write who can write to the cluster, and given with --against.

With -f it looks at exported GateDecisions, and at ModelReleases beside them, and needs no cluster.

Exit codes:
  0  nothing is wrong
  1  an error: the records could not be read
  2  something is wrong`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeReleases(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := o.verify(cmd, env, args)
			if err != nil {
				return err
			}
			return printAudit(cmd, o.format.value, report)
		},
	}
	o.addTo(cmd)
	cmd.Flags().StringVar(&o.against, "against", "", "what an earlier verify printed with -o json: its last records must still be there")
	return cmd
}

func newAuditReplay(env environment, flags *genericclioptions.ConfigFlags, version string) *cobra.Command {
	o := newAuditOptions(flags)
	o.texts = true
	cmd := &cobra.Command{
		Use:   "replay [RELEASE]",
		Short: "Make decisions again from their records, and compare",
		Long: `Makes each decision of a release, or of all in a namespace, again from the input in its record and the texts of policies in
PolicyRevisions, and compares the result byte for byte. It takes records as they are: whether they are those that were
made, "verify" says. A decision of another version of Scalegate that comes out otherwise is told apart, and so is one
whose input or policy is not there.

With -f it looks at exported GateDecisions and PolicyRevisions, and needs no cluster.

Exit codes:
  0  every decision came out the same
  1  an error: the records could not be read
  2  something is wrong
  3  nothing is wrong, and some decisions could not be made again`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeReleases(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			found, err := o.read(cmd, env, args)
			if err != nil {
				return err
			}
			return printAudit(cmd, o.format.value, replayed(found, version))
		},
	}
	o.addTo(cmd)
	return cmd
}

func newAuditOptions(flags *genericclioptions.ConfigFlags) *auditOptions {
	return &auditOptions{flags: flags, format: choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML}}}
}

func (o *auditOptions) addTo(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVarP(&o.all, "all-namespaces", "A", false, "look at the records of all namespaces")
	f.StringArrayVarP(&o.files, "filename", "f", nil, "file, or directory of files, with exported objects as YAML or JSON, - for standard input; may be repeated")
	o.format.addTo(cmd, "output", "o", "how to print it")
}

// auditObjects is what the commands look at.
type auditObjects struct {
	// in is the namespace that was read; empty for files.
	in        string
	records   []v1alpha1.GateDecision
	revisions []v1alpha1.PolicyRevision
	heads     []audit.Head
}

// verifyTries is how often a cluster is read where records came between two reads.
const verifyTries = 3

// verify reads and verifies. Where records came to be while it read, it reads again.
func (o *auditOptions) verify(cmd *cobra.Command, env environment, args []string) (auditReport, error) {
	known, err := readHeads(o.against)
	if err != nil {
		return auditReport{}, err
	}
	for try := 1; ; try++ {
		found, err := o.read(cmd, env, args)
		if err != nil {
			return auditReport{}, err
		}
		found.heads = append(found.heads, o.ofInterest(known, found, args)...)
		if r := verified(found); try == verifyTries || !r.grew() {
			return r, nil
		}
	}
}

// ofInterest are the heads of an earlier export that are about what is looked at.
func (o *auditOptions) ofInterest(known []audit.Head, found auditObjects, args []string) []audit.Head {
	var all []audit.Head
	for _, h := range known {
		if len(args) > 0 && h.Release != args[0] || !o.all && len(o.files) == 0 && h.Namespace != found.in {
			continue
		}
		all = append(all, h)
	}
	return all
}

// read reads the objects, from files or from the cluster.
func (o *auditOptions) read(cmd *cobra.Command, env environment, args []string) (auditObjects, error) {
	if o.all && len(args) > 0 {
		return auditObjects{}, errors.New("RELEASE is in one namespace: leave --all-namespaces out, or RELEASE")
	}
	var found auditObjects
	var err error
	if len(o.files) > 0 {
		found, err = readAuditFiles(o.files, cmd.InOrStdin())
		if err != nil {
			return found, err
		}
		found.narrow(*o.flags.Namespace, args)
	} else if found, err = o.readCluster(cmd, env, args); err != nil {
		return found, err
	}
	if len(args) > 0 && len(found.records)+len(found.heads) == 0 {
		return found, fmt.Errorf("there is no record of a release %s: name another one, or its namespace with --namespace", args[0])
	}
	return found, nil
}

func (o *auditOptions) readCluster(cmd *cobra.Command, env environment, args []string) (auditObjects, error) {
	c, err := env.connect(o.flags, cmd.ErrOrStderr())
	if err != nil {
		return auditObjects{}, err
	}
	var where []client.ListOption
	if !o.all {
		where = append(where, client.InNamespace(c.namespace))
	}
	found := auditObjects{in: c.namespace}
	ctx := cmd.Context()
	// The heads first: a record that is made in between is behind them, and not missing.
	releases, err := c.releases(ctx, where...)
	if err != nil {
		return found, fmt.Errorf("listing releases: %w", served(err))
	}
	for i := range releases {
		if len(args) == 0 || releases[i].Name == args[0] {
			found.addHead(&releases[i])
		}
	}
	if len(args) > 0 {
		where = append(where, client.MatchingFields{"spec.release": args[0]})
	}
	if found.records, err = c.decisions(ctx, where...); err != nil {
		return found, fmt.Errorf("listing records: %w", served(err))
	}
	if !o.texts {
		return found, nil
	}
	revisions := &v1alpha1.PolicyRevisionList{}
	if err := c.List(ctx, revisions); err != nil {
		return found, fmt.Errorf("listing revisions of policies: %w", clusterScoped(err))
	}
	found.revisions = revisions.Items
	return found, nil
}

func (c connection) decisions(ctx context.Context, where ...client.ListOption) ([]v1alpha1.GateDecision, error) {
	var all []v1alpha1.GateDecision
	next := ""
	for {
		page := &v1alpha1.GateDecisionList{}
		options := append([]client.ListOption{client.Limit(pageSize), client.Continue(next)}, where...)
		if err := c.List(ctx, page, options...); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if next = page.Continue; next == "" {
			return all, nil
		}
	}
}

// addHead notes the record that the status of a release names.
func (f *auditObjects) addHead(r *v1alpha1.ModelRelease) {
	if d := r.Status.Decision; d != nil {
		f.heads = append(f.heads, audit.Head{
			Namespace: r.Namespace, Release: r.Name, Sequence: d.Sequence, Digest: d.Digest, Source: "the status of the release", Last: true,
		})
	}
}
