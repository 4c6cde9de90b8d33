// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/scalegate/scalegate/internal/report"
)

// Formats of the report, beside JSON.
const (
	formatHTML     = "html"
	formatMarkdown = "markdown"
)

// reportOptions are the flags of the command.
type reportOptions struct {
	flags   *genericclioptions.ConfigFlags
	all     bool
	file    string
	now     string
	format  choice
	version string
}

func newReport(env environment, version string) *cobra.Command {
	o := &reportOptions{
		flags: newFlags(), version: version,
		format: choice{value: formatHTML, allowed: []string{formatHTML, formatMarkdown, formatJSON}},
	}
	cmd := &cobra.Command{
		Use:   "report [RELEASE...]",
		Short: "Write a report about releases, for an auditor or a model card",
		Long: `Writes a report about the named releases, or about all in the namespace: the level of each and why it is that one, what
is granted, each requirement with its evidence and plots of the results against their bounds, what people said, what
runs and what is held, what would change it, and the decisions on record, whose chain is verified.

The decision is made anew, from what is in the cluster and with your own rights, and the report says where the cluster
is not as decided. What you may not read is named in the report, and the command then ends with 4. Where the decision
cannot be made without it, the answers are those that Scalegate recorded in the release's status. Nothing is written to
the cluster. The ClusterRole scalegate-auditor lets all be read that the report is about.

As html the report is one page that loads nothing and runs no script; it can be printed. As markdown it is text that
GitHub renders, without the plots. As json it is data: docs/reference/report.md describes the form.

Exit codes:
  0  the report is complete, and the records of decisions are intact; whatever is granted
  1  an error: no report was written
  2  the report was written, and a chain of records is not intact
  4  the report was written, and is not complete: there is something that you may not read`,
		Example: `  scalegate report opus-4 -n serving --output-file opus-4.html
  scalegate report opus-4 -n serving -o markdown > safety.md
  scalegate report -A --output-file releases.html
  scalegate report -n serving --now 2026-12-31T00:00:00Z -o json`,
		ValidArgsFunction: completeReleases(env, o.flags),
		RunE:              func(cmd *cobra.Command, args []string) error { return o.run(cmd, env, args) },
	}
	o.flags.AddFlags(cmd.Flags())
	f := cmd.Flags()
	f.BoolVarP(&o.all, "all-namespaces", "A", false, "report about the releases of all namespaces")
	f.StringVar(&o.file, "output-file", "", "file to write the report to, in place of standard output")
	f.StringVar(&o.now, "now", "", "judge the age of evidence as of this time in RFC 3339, such as 2026-12-31T00:00:00Z, in place of now")
	o.format.addTo(cmd, "output", "o", "form of the report; without it, as the name of --output-file ends")
	return cmd
}

func (o *reportOptions) run(cmd *cobra.Command, env environment, args []string) error {
	if o.all && len(args) > 0 {
		return errors.New("RELEASE is in one namespace: leave --all-namespaces out, or RELEASE")
	}
	now := env.now()
	judgedAt := now
	if o.now != "" {
		at, err := time.Parse(time.RFC3339, o.now)
		if err != nil {
			return fmt.Errorf("--now %q is no time in RFC 3339: write it as 2026-12-31T00:00:00Z", o.now)
		}
		judgedAt = at
	}
	if !cmd.Flags().Changed("output") {
		o.format.value = formatOf(o.file)
	}
	c, err := env.connect(o.flags, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	g := newReportGathering(c, judgedAt, displayName(cmd))
	in, err := g.inputs(cmd.Context(), o.all, args)
	if err != nil {
		return err
	}
	in.Generated = report.Generation{
		Time: now, JudgedAt: judgedAt, Version: o.version, Cluster: o.clusterName(), ClusterUID: g.clusterUID(cmd.Context()), By: g.user(cmd.Context()),
	}
	return o.write(cmd, report.Build(in))
}

// formatOf is the form that the end of a file's name stands for.
func formatOf(file string) string {
	switch filepath.Ext(file) {
	case ".md", ".markdown":
		return formatMarkdown
	case ".json":
		return formatJSON
	}
	return formatHTML
}

// write writes the report, and returns as an exit code what a reader has to know about it.
func (o *reportOptions) write(cmd *cobra.Command, r report.Report) error {
	render := map[string]func(io.Writer) error{formatHTML: r.HTML, formatMarkdown: r.Markdown, formatJSON: r.JSON}[o.format.value]
	var err error
	if o.file == "" {
		err = render(cmd.OutOrStdout())
	} else {
		err = writeFile(o.file, render)
	}
	if err != nil {
		return err
	}
	if !r.Complete() {
		cmd.PrintErrln("The report is not complete: it says what you may not read. The ClusterRole scalegate-auditor lets all be read.")
	}
	if !r.Intact() {
		cmd.PrintErrln("The records of decisions are not intact: the report says what is wrong.")
		return exitWith(codeBlocked)
	}
	if !r.Complete() {
		return exitWith(codeInconclusive)
	}
	return nil
}

// writeFile writes a file whole or not at all.
func writeFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return fmt.Errorf("writing --output-file: %w", err)
	}
	defer func() {
		if err != nil {
			// What goes wrong here hides nothing: the error before is the one to tell.
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if err := write(file); err != nil {
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		return fmt.Errorf("writing --output-file: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("writing --output-file: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("writing --output-file: %w", err)
	}
	return nil
}

// clusterName is the name of the cluster in the kubeconfig; empty where there is none, as inside a cluster.
func (o *reportOptions) clusterName() string {
	if o.flags.ClusterName != nil && *o.flags.ClusterName != "" {
		return *o.flags.ClusterName
	}
	config, err := o.flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return ""
	}
	current := config.CurrentContext
	if o.flags.Context != nil && *o.flags.Context != "" {
		current = *o.flags.Context
	}
	if c, ok := config.Contexts[current]; ok {
		return c.Cluster
	}
	return ""
}
