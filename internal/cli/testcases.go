// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/policycase"
	"github.com/scalegate/scalegate/internal/rehearsal"
	"github.com/scalegate/scalegate/internal/verdict"
)

const testLong = `Runs the cases that test a policy, without a cluster. A case is a release, its evidence and what people sign, step by step,
and what the gate must say. Rights, roles and identities are those of people.yaml; what is made is validated against the
definitions of the kinds. What admission policies refuse beyond that needs an API server, and is not known here.

DIR is a folder with policy.yaml, people.yaml, cases/*.yaml and suites/*.yaml, or a folder of such folders; the current
one by default.

Exit codes:
  0  every case came out as expected
  1  an error: a policy, a suite or a case cannot be read, or is not valid
  2  a case came out otherwise than expected, or with --require-tests there is none`

func newTest(env environment) *cobra.Command {
	format := choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML, formatJUnit, formatSARIF, formatGitHub}}
	x := rehearsing{env: env}
	cmd := &cobra.Command{
		Use:   "test [DIR...]",
		Short: "Run the cases that test a policy, without a cluster",
		Long:  testLong,
		Example: `  # All policies of a folder
  scalegate test policies/

  # Those cases of one whose name begins with claude
  scalegate test policies/anthropic-rsp --run '/claude'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				args = []string{"."}
			}
			report, err := x.run(cmd.Context(), args)
			if err != nil {
				return err
			}
			if err := printVerdicts(cmd, format.value, &report); err != nil {
				return err
			}
			return exitWith(report.Worst().ExitCode())
		},
	}
	format.addTo(cmd, "output", "o", "how to print it")
	cmd.Flags().StringVar(&x.filter, "run", "", "run only cases of which FOLDER/CASE matches this regular expression")
	cmd.Flags().BoolVar(&x.required, "require-tests", false, "a policy without a case that runs is wrong")
	return cmd
}

// rehearsing is one run of the command.
type rehearsing struct {
	env      environment
	filter   string
	required bool
}

func (x *rehearsing) run(ctx context.Context, dirs []string) (verdict.Report, error) {
	report := verdict.Report{Command: "test"}
	filter, err := regexp.Compile(x.filter)
	if err != nil {
		return report, fmt.Errorf("--run is no regular expression: %w", err)
	}
	_, known, err := shipped()
	if err != nil {
		return report, err
	}
	for _, dir := range dirs {
		folders, err := foldersOf(dir)
		if err != nil {
			return report, err
		}
		for _, folder := range folders {
			read, err := policycase.ReadFolder(os.DirFS(folder), ".")
			if err != nil {
				report.Cases = append(report.Cases, unreadableFolder(folder, err))
				continue
			}
			read.Name = nameOf(folder)
			cases, err := rehearsal.Run(ctx, known, rehearsal.Suite{Folder: read, Dir: filepath.ToSlash(folder)}, filter, x.env.now())
			if err != nil {
				return report, err
			}
			if x.required && len(cases) == 0 {
				cases = []verdict.Case{{
					Suite: read.Name, Name: read.Name, Outcome: verdict.Blocked, Summary: "no case of it was run", File: filepath.ToSlash(folder),
					Findings: []verdict.Finding{{
						Rule: rehearsal.RuleNoCases, Severity: verdict.SeverityError, Message: "no case tests the policy", Remedy: "write one in its folder cases, or choose another --run",
					}},
				}}
			}
			report.Cases = append(report.Cases, cases...)
		}
	}
	return report, nil
}

// foldersOf are the folder itself where it has a policy, or else those below it that have one.
func foldersOf(dir string) ([]string, error) {
	if _, err := os.Stat(filepath.Join(dir, "policy.yaml")); err == nil {
		return []string{dir}, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("looking for policies: %w", err)
	}
	var all []string
	for _, entry := range entries {
		below := filepath.Join(dir, entry.Name())
		switch _, err := os.Stat(filepath.Join(below, "policy.yaml")); {
		case !entry.IsDir():
		case err == nil:
			all = append(all, below)
		case errors.Is(err, fs.ErrNotExist):
			if _, err := os.Stat(filepath.Join(below, "cases")); err == nil {
				return nil, fmt.Errorf("%s has cases and no policy.yaml: add it, or correct its name", below)
			}
		default:
			return nil, fmt.Errorf("looking for policies: %w", err)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("neither %s nor a folder in it has a policy.yaml: name the folder of a policy", dir)
	}
	return all, nil
}

// nameOf is the name of a folder, also of the current one.
func nameOf(folder string) string {
	if whole, err := filepath.Abs(folder); err == nil {
		return filepath.Base(whole)
	}
	return filepath.Base(folder)
}

func unreadableFolder(folder string, err error) verdict.Case {
	return verdict.Case{
		Suite: nameOf(folder), Name: nameOf(folder), Outcome: verdict.Error, Summary: "it cannot be read", File: filepath.ToSlash(folder),
		Findings: []verdict.Finding{{Rule: rehearsal.RuleInvalid, Severity: verdict.SeverityError, Message: err.Error(), File: filepath.ToSlash(folder)}},
	}
}
