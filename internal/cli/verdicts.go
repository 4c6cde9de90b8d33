// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/offline"
	"github.com/scalegate/scalegate/internal/verdict"
)

// Formats of reports for pipelines.
const (
	formatJUnit  = "junit"
	formatSARIF  = "sarif"
	formatGitHub = "github"
)

// printVerdicts prints a report in a format for pipelines.
func printVerdicts(cmd *cobra.Command, format string, r *verdict.Report) error {
	out := cmd.OutOrStdout()
	var err error
	switch format {
	case formatJSON, formatYAML:
		err = encode(out, format, verdictData{Report: r, Outcome: r.Worst()})
	case formatJUnit:
		err = r.JUnit(out)
	case formatSARIF:
		err = r.SARIF(out, cmd.Root().Version, offline.Rule)
	case formatGitHub:
		err = r.GitHub(out)
	default:
		_, err = fmt.Fprint(out, r.Text())
	}
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// verdictData is a report as data.
type verdictData struct {
	*verdict.Report

	// Outcome is the worst of all cases.
	Outcome verdict.Outcome `json:"outcome"`
}

// outcomes is a flag that takes words for outcomes.
type outcomes struct{ counting []verdict.Outcome }

// String implements pflag.Value.
func (o *outcomes) String() string {
	words := make([]string, len(o.counting))
	for i, each := range o.counting {
		words[i] = strings.ToLower(string(each))
	}
	return strings.Join(words, ",")
}

// Type implements pflag.Value.
func (o *outcomes) Type() string { return "strings" }

// Set implements pflag.Value.
func (o *outcomes) Set(value string) error {
	var all []verdict.Outcome
	for word := range strings.SplitSeq(value, ",") {
		i := slices.IndexFunc(failing(), func(each verdict.Outcome) bool { return strings.EqualFold(string(each), strings.TrimSpace(word)) })
		if i < 0 {
			return fmt.Errorf("%q is none of blocked, inconclusive, pending, error", word)
		}
		all = append(all, failing()[i])
	}
	o.counting = all
	return nil
}

// failing are the outcomes that a command may end with another code than 0 for.
func failing() []verdict.Outcome {
	return []verdict.Outcome{verdict.Blocked, verdict.Inconclusive, verdict.Pending, verdict.Error}
}

// addTo adds the flag --fail-on, which names all outcomes at first.
func (o *outcomes) addTo(cmd *cobra.Command) {
	o.counting = failing()
	cmd.Flags().Var(o, "fail-on", "outcomes that end with a code other than 0; errors always do")
}
