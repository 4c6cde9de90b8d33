// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func newEvaluation(env environment) *cobra.Command {
	evaluation := newGroup("evaluation", "Bring, run, watch and revoke evidence about a release", "evaluations", "seval")
	flags := newFlags()
	flags.AddFlags(evaluation.PersistentFlags())
	evaluation.AddCommand(newImport(env, flags), newEvaluationRun(env, flags), newEvaluationWatch(env, flags), newRevokeEvaluation(env, flags))
	completeNamespaces(evaluation, env, flags)
	return evaluation
}

func newImport(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := newImportOptions()
	cmd := &cobra.Command{
		Use:   "import FILE --release NAME --requirement NAME",
		Short: "Import the result file of an evaluation tool",
		Long: `Reads the result file of an evaluation tool (Inspect AI, lm-evaluation-harness, garak, promptfoo, JUnit XML, SARIF and
more), shows what was measured and how it would be judged now, and stores it as a SafetyEvaluation with the file,
compressed, in a ConfigMap that it owns. The file is stored whole or not at all. A directory, which some tools leave,
is stored as one archive.

Evidence is never refused for what it says: a run that failed the requirement or did not end is imported as well.
The file must be readable and hold exactly the one result that the requirement's metric names. A failing result
becomes an AdverseFinding, and pods that serve above what is still granted are deleted; --dry-run=client says so
before. Importing the same file again changes nothing.

Exit codes: 0 imported, now or before, whatever the result says; 1 an error, and nothing was imported.`,
		Example: `  scalegate evaluation import logs/bio.eval --release opus-4 --requirement bio-uplift -n serving
  scalegate evaluation import results_2026.json --release opus-4 --requirement bio-uplift --dry-run=client -o yaml
  scalegate evaluation import logs/raw.eval --release opus-4 --requirement bio-uplift \
    --relation HelpfulOnlyVariant --tested Weights=sha256:...`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			run := importRun{
				connection: c, options: &o, env: env, program: displayName(cmd), out: cmd.OutOrStdout(), narration: cmd.OutOrStdout(),
			}
			if o.format.value != formatText {
				run.narration = cmd.ErrOrStderr()
			}
			return run.run(cmd.Context(), args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.release, "release", "", "name of the ModelRelease that was evaluated")
	f.StringVar(&o.requirement, "requirement", "", "name of the requirement, in the release's policy, that the result is for")
	f.StringVar(&o.name, "name", "", "name of the SafetyEvaluation (default: from release, requirement and file)")
	f.StringArrayVar(&o.tested, "tested", nil, "artifact that was run, as TYPE=sha256:DIGEST; once for each, for another relation than Exact")
	f.StringArrayVar(&o.elicitation, "elicitation", nil, "how hard the evaluation tried, as KEY=VALUE; once for each of "+strings.Join(elicitationKeys(), ", "))
	o.relation.addTo(cmd, "relation", "", "relation of what was run to the release")
	o.dryRun.addTo(cmd, "dry-run", "", "stop short of storing anything")
	o.format.addTo(cmd, "output", "o", "how to print the objects")
	for _, name := range []string{"release", "requirement"} {
		// It goes wrong only for a flag that does not exist.
		_ = cmd.MarkFlagRequired(name)
	}
	completePolicyOf(cmd, env, flags, "requirement", requirementNames)
	releases := completeReleases(env, flags)
	_ = cmd.RegisterFlagCompletionFunc("release", func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return releases(cmd, nil, typed)
	})
	return cmd
}

// importRun is one run of the import command.
type importRun struct {
	connection
	options *importOptions
	env     environment
	// program is how the caller starts this one.
	program string
	// out is for the objects, narration for what a person reads.
	out, narration io.Writer
}

func (r *importRun) run(ctx context.Context, path string) error {
	file, err := readReport(path)
	if err != nil {
		return err
	}
	situation, err := r.gather(ctx, r.options.release, r.env.now())
	if err != nil {
		return err
	}
	requirement, err := r.requirement(situation.Input.Policy, situation.Input.Release)
	if err != nil {
		return err
	}
	metric := requirement.Metric()
	result, err := file.selectResult(metric, requirement.Name, situation.Input.Policy.Name)
	if err != nil {
		return err
	}
	if err := file.compress(); err != nil {
		return err
	}
	objects, err := r.options.objects(situation.Input.Release, file)
	if err != nil {
		return err
	}
	objects.metric = metric
	judged := judge(situation, objects.evaluation, requirement, file.measurement.Record(result, metric))
	if err := judged.print(r.narration); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	for _, sentence := range situation.Unread {
		fmt.Fprintf(r.narration, "%-10s %s\n", "note", sentence)
	}
	return r.finish(ctx, objects, file)
}

// finish stores the objects, unless it is a dry run, and prints them.
func (r *importRun) finish(ctx context.Context, objects imported, file *resultFile) error {
	var options []client.CreateOption
	suffix := ""
	switch r.options.dryRun.value {
	case dryRunClient:
		suffix = " (dry run)"
	case dryRunServer:
		options, suffix = append(options, client.DryRunAll), " (server dry run)"
	}
	outcome := storedNew
	if r.options.dryRun.value != dryRunClient {
		var err error
		if outcome, err = r.store(ctx, objects, options...); err != nil {
			return err
		}
	}
	if r.options.format.value != formatText {
		return objects.print(r.out, r.options.format.value)
	}
	evaluation := "safetyevaluation.scalegate.dev/" + objects.evaluation.Name
	switch outcome {
	case storedBefore:
		fmt.Fprintf(r.out, "%s exists: the file is already imported%s\n", evaluation, suffix)
		return nil
	case storedFile:
		fmt.Fprintf(r.out, "%s exists and waited for its file\n", evaluation)
	case storedNew:
		fmt.Fprintf(r.out, "%s created%s\n", evaluation, suffix)
	}
	fmt.Fprintf(r.out, "configmap/%s created%s: %d bytes, %d compressed\n", objects.file.Name, suffix, file.size, len(file.stored))
	return nil
}

func (r *importRun) requirement(policy *v1alpha1.SafetyPolicy, release *v1alpha1.ModelRelease) (*v1alpha1.Requirement, error) {
	if policy == nil {
		return nil, fmt.Errorf("SafetyPolicy %s of release %s does not exist, so nobody knows what the requirement asks for: create the policy first",
			release.Spec.Policy, release.Name)
	}
	var names []string
	for i := range policy.Spec.Requirements {
		requirement := &policy.Spec.Requirements[i]
		if requirement.Name == r.options.requirement && requirement.Evaluation == nil {
			return nil, fmt.Errorf("--requirement %s of SafetyPolicy %s asks for no evaluation, so no result can meet it: see %s explain modelrelease %s for what does",
				r.options.requirement, policy.Name, r.program, release.Name)
		}
		if requirement.Name == r.options.requirement {
			return requirement, nil
		}
		if requirement.Evaluation != nil {
			names = append(names, requirement.Name)
		}
	}
	return nil, fmt.Errorf("--requirement %s is not a requirement of SafetyPolicy %s; it has: %s",
		r.options.requirement, policy.Name, strings.Join(names, ", "))
}

// print prints the objects, to be stored elsewhere or read by a program.
func (o imported) print(out io.Writer, format string) error {
	// The client takes the kind off what it stored.
	o.evaluation.SetGroupVersionKind(v1alpha1.SchemeGroupVersion.WithKind("SafetyEvaluation"))
	o.file.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	objects := []client.Object{o.evaluation, o.file}
	for _, object := range objects {
		object.SetManagedFields(nil)
	}
	switch format {
	case formatJSON:
		return encode(out, format, map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	case formatName:
		_, err := fmt.Fprintf(out, "safetyevaluation.scalegate.dev/%s\nconfigmap/%s\n", o.evaluation.Name, o.file.Name)
		return err
	}
	for i, object := range objects {
		if i > 0 {
			if _, err := io.WriteString(out, "---\n"); err != nil {
				return err
			}
		}
		if err := encode(out, format, object); err != nil {
			return err
		}
	}
	return nil
}
