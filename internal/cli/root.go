// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// pluginPrefix begins the name of a program that kubectl runs as its own command.
const pluginPrefix = "kubectl-"

// New returns the root command with the commands of this package. program is the base name that the program was
// started by: as "kubectl-scalegate" it shows itself as "kubectl scalegate". version is printed by --version.
func New(program, version string) *cobra.Command {
	return newRoot(program, version, environment{connect: connect, now: time.Now, settle: settleTime})
}

// environment is what commands reach of the world.
type environment struct {
	connect connector
	now     func() time.Time
	// settle is how long an answer has to stand that ends waiting early.
	settle time.Duration
}

func newRoot(program, version string, env environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "scalegate",
		Short: "Enforces a responsible scaling policy inside Kubernetes",
		Long: `Scalegate enforces a responsible scaling policy inside Kubernetes: a model serves no further than its
safety evidence reaches.`,
		Version:       version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	if name, ok := strings.CutPrefix(program, pluginPrefix); ok {
		root.Use = program
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl " + strings.ReplaceAll(name, "_", "-")}
	}
	root.AddCommand(newGet(env), newTree(env), newWait(env), newRevoke(env), newResolve(env), newVersion(env, version))
	root.AddCommand(newExplain(env), newEvaluation(env), newApprove(env), newWaive(env), newPolicy(env), newDoctor(env), newCheck(env), newTest(env), newSimulate(env), newAudit(env, version), newReport(env, version), newReleaseHolds(env), newCollect())
	return root
}

// newGroup is a command that only has others below it. A word that is none of them is an error.
func newGroup(use, short string, aliases ...string) *cobra.Command {
	return &cobra.Command{
		Use: use, Aliases: aliases, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

// Execute runs the command, prints an error that it returns, and returns the code to end the program with: 0, 1 for
// an error, or another that the command documents.
func Execute(ctx context.Context, root *cobra.Command) int {
	err := root.ExecuteContext(ctx)
	if err == nil {
		return codePass
	}
	if ended, ok := errors.AsType[*exitError](err); ok {
		return ended.code
	}
	root.PrintErrln("Error: " + err.Error())
	return codeError
}

// displayName is how the caller starts the program.
func displayName(cmd *cobra.Command) string { return cmd.Root().DisplayName() }
