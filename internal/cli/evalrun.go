// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
	"github.com/scalegate/scalegate/internal/schedule"
)

// runOptions are the flags of the command that runs suites.
type runOptions struct {
	requirements   []string
	suite          string
	detach         bool
	dryRun, format choice
	watch          evalWatchOptions
}

func newEvaluationRun(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := &runOptions{
		dryRun: choice{value: dryRunNone, allowed: []string{dryRunNone, dryRunClient, dryRunServer}},
		format: choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML, formatName}},
	}
	cmd := &cobra.Command{
		Use:   "run RELEASE [--requirement NAME]... [--suite NAME]",
		Short: "Run suites against a release, and watch them",
		Long: `Runs suites against a release in its namespace, as Scalegate does by itself for a release with spec.evaluations Automatic:
it creates a SafetyEvaluation for each requirement, and the manager makes the Job. Without --requirement and --suite, these
are the requirements that are missing or about to expire, are in the way of the exposure asked for, and name a suite.
--suite alone picks those that are measured by it; with --requirement it is the suite of a requirement that names none.

Where a run of the same requirement is on its way for the same artifacts, that one is watched and none is made. Another
run does not undo a failed one: a finding stands until somebody resolves it.

It is watched until it ends, as evaluation watch does. An interrupt ends the watching alone: the run goes on.

Exit codes:
  0  every result is measured, whatever it says; with --detach, everything was created; or nothing is due
  1  an error
  2  blocked: a run failed or cannot begin
  3  pending: it was interrupted, or --timeout is over, and the runs go on
  4  inconclusive: there is a result, and it cannot be used`,
		Example: `  scalegate evaluation run opus-4 -n serving
  scalegate evaluation run opus-4 -n serving --requirement bio-uplift --logs
  scalegate evaluation run opus-4 -n serving --suite jailbreak --detach
  scalegate evaluation run opus-4 -n serving --requirement bio-uplift --dry-run=client -o yaml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeReleases(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.run(cmd, env, c, args[0])
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.requirements, "requirement", nil, "requirement to run a suite for; once for each")
	f.StringVar(&o.suite, "suite", "", "suite to run")
	f.BoolVar(&o.detach, "detach", false, "do not watch what was created")
	o.dryRun.addTo(cmd, "dry-run", "", "stop short of storing anything")
	o.format.addTo(cmd, "output", "o", "how to print the objects; all but text implies --detach")
	o.watch.addTo(cmd)
	completePolicyOf(cmd, env, flags, "requirement", requirementNames)
	completeKind(cmd, env, flags, "suite", "suites")
	return cmd
}

func (o *runOptions) run(cmd *cobra.Command, env environment, c connection, name string) error {
	ctx := cmd.Context()
	s, err := c.gather(ctx, name, env.now())
	if err != nil {
		return err
	}
	if s.Input.Policy == nil {
		return fmt.Errorf("SafetyPolicy %s of release %s does not exist, so nothing is known to be run: create the policy first", s.Input.Release.Spec.Policy, name)
	}
	in := schedule.Input{Gate: s.Input, Decision: s.Decision}
	if in.Suites, err = c.suites(ctx); err != nil {
		return err
	}
	in.Evaluator, in.EvaluatorGroups = c.whoami(ctx)
	out := cmd.OutOrStdout()
	if o.format.value != formatText {
		out = cmd.ErrOrStderr()
	}
	asked, err := o.asked(in)
	if err != nil {
		return err
	}
	var names []string
	var made []client.Object
	for _, a := range asked {
		if a.Why != "" {
			fmt.Fprintf(out, "A favourable result for %s would not count: %s.\n", a.Order.Requirement, printed(a.Why))
		}
		if a.UnderWay != nil {
			fmt.Fprintf(out, "%s is on its way already, as SafetyEvaluation %s\n", a.Order.Requirement, a.UnderWay.Name)
			names = append(names, a.UnderWay.Name)
			continue
		}
		e, err := o.create(ctx, c, a.Order.Evaluation(s.Input.Release))
		if err != nil {
			return err
		}
		names, made = append(names, a.Order.Name), append(made, e)
		fmt.Fprintf(out, "safetyevaluation.%s/%s created%s: %s by suite %s\n", v1alpha1.Group, a.Order.Name, o.suffix(), a.Order.Requirement, a.Order.Suite)
	}
	if len(asked) == 0 {
		fmt.Fprintf(out, "Nothing is due for release %s: name a requirement with --requirement to run its suite all the same.\n", name)
	}
	if o.format.value != formatText {
		return o.print(cmd, made)
	}
	if o.detach || o.dryRun.value != dryRunNone || len(names) == 0 {
		return nil
	}
	return o.watch.follow(cmd, env, c, names)
}

func (o *runOptions) suffix() string {
	return map[string]string{dryRunClient: " (dry run)", dryRunServer: " (server dry run)"}[o.dryRun.value]
}

func (o *runOptions) create(ctx context.Context, c connection, e *v1alpha1.SafetyEvaluation) (*v1alpha1.SafetyEvaluation, error) {
	e.Labels = map[string]string{labelManagedBy: managedBy}
	var options []client.CreateOption
	switch o.dryRun.value {
	case dryRunClient:
		return e, nil
	case dryRunServer:
		options = append(options, client.DryRunAll)
	}
	// Whoever sees the same gives the same name: what is there already is what was to be made.
	if err := c.Create(ctx, e, options...); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, fmt.Errorf("creating SafetyEvaluation %s: %w", e.Name, served(err))
	}
	return e, nil
}

func (o *runOptions) print(cmd *cobra.Command, made []client.Object) error {
	kind, _ := overview.KindFor("evaluations")
	if o.format.value == formatName {
		for _, e := range made {
			if _, err := fmt.Fprintln(cmd.OutOrStdout(), resourceName(kind, e.GetName())); err != nil {
				return err
			}
		}
		return nil
	}
	return encode(cmd.OutOrStdout(), o.format.value, dataOf(kind, made, len(made) == 1))
}

// asked is what is to be run: what the flags name, and without them what is due.
func (o *runOptions) asked(in schedule.Input) ([]schedule.Asked, error) {
	policy := in.Gate.Policy
	var all []schedule.Asked
	if len(o.requirements) == 0 && o.suite == "" {
		automatic := in
		automatic.Gate.Release = in.Gate.Release.DeepCopy()
		automatic.Gate.Release.Spec.Evaluations = v1alpha1.EvaluationsAutomatic
		plan := schedule.Due(automatic)
		for _, order := range plan.Orders {
			all = append(all, schedule.Asked{Order: order})
		}
		for _, absent := range plan.Absent {
			return nil, fmt.Errorf("EvaluationSuite %s of requirement %s does not exist: create it, or name other requirements with --requirement", absent.Suite, absent.Requirement)
		}
		return all, nil
	}
	wanted := o.requirements
	if len(wanted) == 0 {
		for i := range policy.Spec.Requirements {
			if r := &policy.Spec.Requirements[i]; r.Suite() == o.suite {
				wanted = append(wanted, r.Name)
			}
		}
		if len(wanted) == 0 {
			return nil, fmt.Errorf("no requirement of SafetyPolicy %s is measured by suite %s: name the requirement with --requirement", policy.Name, o.suite)
		}
	}
	for _, name := range wanted {
		a, err := o.one(in, name)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}

// one is what is to be run for one requirement.
func (o *runOptions) one(in schedule.Input, name string) (schedule.Asked, error) {
	policy := in.Gate.Policy
	i := slices.IndexFunc(policy.Spec.Requirements, func(r v1alpha1.Requirement) bool { return r.Name == name })
	if i < 0 {
		return schedule.Asked{}, fmt.Errorf("SafetyPolicy %s has no requirement %s; it has: %s", policy.Name, name, strings.Join(requirementNames(&policy.Spec), ", "))
	}
	r := &policy.Spec.Requirements[i]
	suite := r.Suite()
	switch {
	case r.Evaluation == nil:
		return schedule.Asked{}, fmt.Errorf("requirement %s asks for no evaluation: see what it asks for with explain modelrelease %s", name, in.Gate.Release.Name)
	case suite == "" && o.suite == "":
		return schedule.Asked{}, fmt.Errorf("requirement %s names no suite: name one with --suite, or import a result with evaluation import", name)
	case suite != "" && o.suite != "" && suite != o.suite:
		return schedule.Asked{}, fmt.Errorf("requirement %s is measured by suite %s, and a result of %s would not count: leave --suite out", name, suite, o.suite)
	case suite == "":
		suite = o.suite
	}
	if !in.Suites.Has(suite) {
		return schedule.Asked{}, fmt.Errorf("there is no EvaluationSuite %s; there are: %s", suite, strings.Join(sets.List(in.Suites), ", "))
	}
	return schedule.Ask(in, r, suite), nil
}

// suites are the names of those that there are.
func (c connection) suites(ctx context.Context) (sets.Set[string], error) {
	kind, _ := overview.KindFor("suites")
	objects, err := c.listAll(ctx, kind)
	if err != nil {
		return nil, err
	}
	names := sets.New[string]()
	for _, o := range objects {
		names.Insert(o.GetName())
	}
	return names, nil
}

// whoami is the user that the API server takes the caller for; empty where it does not say.
func (c connection) whoami(ctx context.Context) (name string, groups []string) {
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.Create(ctx, review); err != nil {
		return "", nil
	}
	return review.Status.UserInfo.Username, review.Status.UserInfo.Groups
}

// errNoNames is what a caller gets who names nothing.
var errNoNames = errors.New("name an evaluation: see which there are with get evaluations")
