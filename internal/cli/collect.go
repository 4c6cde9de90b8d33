// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/evidence"
	"github.com/scalegate/scalegate/internal/runs"
)

// collectOptions are the flags of the collect command.
type collectOptions struct {
	directory, path, metric, terminationLog string
	messageBytes                            int
}

func newCollect() *cobra.Command {
	var o collectOptions
	cmd := &cobra.Command{
		Use:   "collect --directory DIRECTORY --path PATH --metric SELECTOR",
		Short: "Read the result file of an evaluation inside its pod",
		Long: `Finds the one result file of an evaluation that a suite has run, reads it, and writes what was measured to the
termination log of its container, where the manager finds it. The manager puts this command into the pods of
suites; run by hand it shows what would be read, on standard output.

Exit codes: 0 something could be said about the file, even that it cannot be read; 1 the termination log could not be
written.`,
		Example: `  scalegate collect --directory logs --path '*.eval' --metric attack_success/accuracy --termination-log /dev/null`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.directory, "directory", "", "directory that the evaluation left its results in")
	f.StringVar(&o.path, "path", "", "path of the result below the directory; *, ? and [...] stand for characters of a name")
	f.StringVar(&o.metric, "metric", "", "selector of the result that the requirement asks for")
	f.StringVar(&o.terminationLog, "termination-log", "/dev/termination-log", "file that the report is written to")
	f.IntVar(&o.messageBytes, "message-bytes", runs.MaxMessageBytes, "the most that the report may have, in bytes")
	for _, name := range []string{"directory", "path", "metric"} {
		// It goes wrong only for a flag that does not exist.
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

// run writes the report to the termination log, and for people to out.
func (o *collectOptions) run(out io.Writer) error {
	message := o.report().EncodeWithin(o.messageBytes)
	if err := os.WriteFile(o.terminationLog, message, 0o644); err != nil {
		return fmt.Errorf("writing the report to --termination-log: %w", err)
	}
	// The log of the container is for people alone, and may be closed.
	_, _ = fmt.Fprintf(out, "%s\n", message)
	return nil
}

// report is what can be said about the result.
func (o *collectOptions) report() runs.Report {
	root, err := os.OpenRoot(o.directory)
	if err != nil {
		return storageReport("the results directory", err)
	}
	defer root.Close()
	found, err := findResult(root, o.path)
	if err != nil {
		return failedReport(err)
	}
	read, err := readResult(root, found)
	if err != nil {
		return failedReport(err)
	}
	result, err := read.Select(o.metric)
	if err != nil {
		return runs.Report{Reason: v1alpha1.ReasonMetricNotFound, Message: err.Error()}
	}
	return runs.Report{Measurement: read.Record(result, o.metric)}
}

// collectError is a result that cannot be read, for a reason that a report gives.
type collectError struct{ reason, message string }

func (e *collectError) Error() string { return e.message }

// failedReport says why a result was not read.
func failedReport(err error) runs.Report {
	if e, ok := errors.AsType[*collectError](err); ok {
		return runs.Report{Reason: e.reason, Message: e.message}
	}
	if e, ok := errors.AsType[*evidence.UnreadableError](err); ok {
		return runs.Report{Reason: v1alpha1.ReasonUnreadable, Message: e.Reason}
	}
	return storageReport("the result", err)
}

// storageReport says what is wrong with the storage. An error of the operating system alone is told: a path may hold
// names that the evaluation chose.
func storageReport(what string, err error) runs.Report {
	switch {
	case errors.Is(err, fs.ErrPermission):
		return runs.Report{Reason: v1alpha1.ReasonUnreadable, Message: fmt.Sprintf(
			"%s may not be read by user %d, which reads results: have the evaluation make it readable for others (umask 022), or set runAsUser of its container or fsGroup of its pod in the suite",
			what, os.Getuid())}
	case errors.Is(err, fs.ErrNotExist):
		return runs.Report{Reason: v1alpha1.ReasonResultMissing, Message: what + " does not exist"}
	}
	cause := "an error of the file system"
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		cause = number.Error()
	}
	return runs.Report{Reason: v1alpha1.ReasonUnreadable, Message: fmt.Sprintf("reading %s: %s", what, cause)}
}
