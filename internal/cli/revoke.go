// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
)

// maxReason is the longest reason of a revocation, in bytes.
const maxReason = 2048

// revokeOptions are the flags of the commands that revoke.
type revokeOptions struct {
	amending
	reason   string
	critical bool
}

func (o *revokeOptions) addTo(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.reason, "reason", "", "what turned out to be wrong, in words")
	cmd.Flags().BoolVar(&o.critical, "critical", false, "delete what serves at once; without it, what serves stays for a short grace")
	// It goes wrong only for a flag that does not exist.
	_ = cmd.MarkFlagRequired("reason")
	o.amending.addTo(cmd)
}

func (o *revokeOptions) severity() v1alpha1.RevocationSeverity {
	if o.critical {
		return v1alpha1.RevocationCritical
	}
	return v1alpha1.RevocationAdvisory
}

func (o *revokeOptions) check() error {
	if reason := strings.TrimSpace(o.reason); reason == "" || len(reason) > maxReason {
		return fmt.Errorf("--reason must say in 1 to %d bytes what turned out to be wrong", maxReason)
	}
	return nil
}

// standing tells whether a revocation that is there already says as much.
func (o *revokeOptions) standing(r *v1alpha1.Revocation) bool {
	return r != nil && (r.Severity == v1alpha1.RevocationCritical || !o.critical)
}

// spec is the change. The API server stamps who revoked it, and how far it reaches.
func (o *revokeOptions) spec() map[string]any {
	return map[string]any{"revocation": map[string]any{"severity": string(o.severity()), "reason": strings.TrimSpace(o.reason)}}
}

func newRevoke(env environment) *cobra.Command {
	flags := newFlags()
	o := &revokeOptions{amending: newAmending()}
	cmd := &cobra.Command{
		Use:   "revoke RELEASE --reason TEXT [--critical]",
		Short: "Take a release back",
		Long: `Takes a release back, whatever its evidence says: nothing is granted to it any more, nor to others with the same weights
as far as the word of whoever revokes it reaches. New pods are held from now on. With --critical what serves is deleted at
once, past PodDisruptionBudgets; without it, it stays for a short grace of the policy and then goes in waves. It shows what
would go, and asks.

A release that is revoked already is not changed, but that --critical makes an advisory revocation graver. Nothing that
cannot be read keeps it from being revoked: it is said, and then asked all the same.

A whole release is revoked. To take only its higher exposures, have somebody object to them
(scalegate approve RELEASE --role ROLE --decision object --exposure EXPOSURE --rationale TEXT), or lower its spec.exposure.
To take one result back, scalegate evaluation revoke. To take a revocation back, scalegate resolve modelrelease.

Exit codes: 0 revoked, now or before; 1 an error, or not confirmed, and nothing was changed.`,
		Example: `  scalegate revoke opus-4 -n serving --reason "the weights leaked" --critical
  scalegate revoke opus-4 -n serving --reason "the judge model was wrong" --dry-run=client
  scalegate revoke opus-4 -n serving --reason "the judge model was wrong" --dry-run=client -o yaml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeReleases(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.revokeRelease(cmd, c, args[0])
		},
	}
	flags.AddFlags(cmd.Flags())
	completeNamespaces(cmd, env, flags)
	o.addTo(cmd)
	return cmd
}

func (o *revokeOptions) revokeRelease(cmd *cobra.Command, c connection, name string) error {
	release, err := c.release(cmd.Context(), name)
	if err != nil {
		return err
	}
	program := displayName(cmd)
	if r := release.Spec.Revocation; o.standing(r) {
		fmt.Fprintf(o.narration(cmd), "ModelRelease %s was revoked before (%s), by %s: %s\nNothing was changed.\n", name, r.Severity, r.RevokedBy, printed(r.Reason))
		if o.format.value == formatText {
			return nil
		}
	} else {
		fmt.Fprint(o.narration(cmd), c.whatGoes(cmd.Context(), release, o.severity(), o.reason, program))
	}
	kind, _ := overview.KindFor("releases")
	x := amendment{
		kind: kind, object: release, spec: o.spec(), question: "Revoke it?", done: "revoked",
		apply: func(object client.Object) {
			if r, ok := object.(*v1alpha1.ModelRelease); ok {
				r.Spec.Revocation = &v1alpha1.Revocation{Severity: o.severity(), Reason: strings.TrimSpace(o.reason)}
			}
		},
		next: []string{
			"See when it holds in the cluster:", "  " + program + " wait modelrelease " + name + " --for condition=Enforced -n " + release.Namespace,
			"Taking it back needs the verb resolve:", "  " + program + " resolve modelrelease " + name + " -n " + release.Namespace,
		},
	}
	if o.standing(release.Spec.Revocation) {
		return o.print(cmd.OutOrStdout(), x, resourceName(kind, name))
	}
	return o.finish(cmd, c, x)
}

func newRevokeEvaluation(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := &revokeOptions{amending: newAmending()}
	cmd := &cobra.Command{
		Use:   "revoke NAME --reason TEXT [--critical]",
		Short: "Take a result back, so that nothing rests on it",
		Long: `Takes a result back that must not be relied on: a harness that counted falsely, a file that was forged. What rests on it
falls, and other evidence goes on to count; a result that failed counts all the same. With --critical, what serves above
what is still granted is deleted at once; without it, it stays for a short grace of the policy. It shows what would be
granted then, and asks.

The revocation of a result is never taken back: bring another evaluation instead.

Exit codes: 0 revoked, now or before; 1 an error, or not confirmed, and nothing was changed.`,
		Example:           `  scalegate evaluation revoke opus-4-bio -n serving --reason "the judge model was wrong"`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeOne(env, flags, "evaluations"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.revokeEvaluation(cmd, env, c, args[0])
		},
	}
	o.addTo(cmd)
	return cmd
}

func (o *revokeOptions) revokeEvaluation(cmd *cobra.Command, env environment, c connection, name string) error {
	e, err := c.evaluation(cmd.Context(), name)
	if err != nil {
		return err
	}
	out := o.narration(cmd)
	kind, _ := overview.KindFor("evaluations")
	x := amendment{
		kind: kind, object: e, spec: o.spec(), question: "Revoke it? It cannot be taken back.", done: "revoked",
		apply: func(object client.Object) {
			if e, ok := object.(*v1alpha1.SafetyEvaluation); ok {
				e.Spec.Revocation = &v1alpha1.Revocation{Severity: o.severity(), Reason: strings.TrimSpace(o.reason)}
			}
		},
		next: []string{"See what the release is granted without it:", fmt.Sprintf("  %s explain modelrelease %s -n %s", displayName(cmd), e.Spec.Subject.Release, e.Namespace)},
	}
	if r := e.Spec.Revocation; o.standing(r) {
		fmt.Fprintf(out, "SafetyEvaluation %s was revoked before (%s), by %s: %s\nNothing was changed.\n", name, r.Severity, r.RevokedBy, printed(r.Reason))
		if o.format.value == formatText {
			return nil
		}
		return o.print(cmd.OutOrStdout(), x, resourceName(kind, name))
	}
	text := &consequences{}
	text.line("revokes", "SafetyEvaluation %s/%s of release %s for %s, %s: %s", e.Namespace, name, e.Spec.Subject.Release, e.Spec.Requirement, o.severity(), o.reason)
	text.line("release", "%s", c.without(cmd.Context(), env, e, o.severity()))
	fmt.Fprint(out, text.String())
	return o.finish(cmd, c, x)
}

// evaluation reads one evaluation.
func (c connection) evaluation(ctx context.Context, name string) (*v1alpha1.SafetyEvaluation, error) {
	e := &v1alpha1.SafetyEvaluation{}
	err := c.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: name}, e)
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("there is no SafetyEvaluation %s in namespace %s: name another one, or its namespace with --namespace", name, c.namespace)
	case err != nil:
		return nil, fmt.Errorf("reading SafetyEvaluation %s/%s: %w", c.namespace, name, served(err))
	}
	return e, nil
}

// resolveOptions are the flags of the commands that take something back that stands against a model.
type resolveOptions struct {
	amending
	evaluation, reason string
}

func newResolve(env environment) *cobra.Command {
	cmd := newGroup("resolve", "Take back what stands against a model")
	flags := newFlags()
	flags.AddFlags(cmd.PersistentFlags())
	completeNamespaces(cmd, env, flags)
	cmd.AddCommand(newResolveRelease(env, flags), newResolveFinding(env, flags))
	return cmd
}

func newResolveRelease(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := &resolveOptions{amending: newAmending()}
	cmd := &cobra.Command{
		Use: "modelrelease NAME", Aliases: []string{"modelreleases", "mrel", "release"},
		Short: "Take the revocation of a release back",
		Long: `Takes the revocation of a release back: from then on it is granted again what its evidence reaches, and so are the others
that it was revoked for. It shows who revoked it and why, and asks.

It needs the verb resolve on modelreleases in the API group scalegate.dev, which the ClusterRole scalegate-safety-team has.

Exit codes: 0 taken back, or not revoked; 1 an error, or not confirmed, and nothing was changed.`,
		Example:           `  scalegate resolve modelrelease opus-4 -n serving`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeReleases(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.release(cmd, c, args[0])
		},
	}
	o.addTo(cmd)
	return cmd
}

func (o *resolveOptions) release(cmd *cobra.Command, c connection, name string) error {
	release, err := c.release(cmd.Context(), name)
	if err != nil {
		return err
	}
	out := o.narration(cmd)
	kind, _ := overview.KindFor("releases")
	x := amendment{
		kind: kind, object: release, spec: map[string]any{"revocation": nil}, question: "Take the revocation back?", done: "not revoked any more",
		apply: func(object client.Object) {
			if r, ok := object.(*v1alpha1.ModelRelease); ok {
				r.Spec.Revocation = nil
			}
		},
		next: []string{"See what it is granted:", "  " + displayName(cmd) + " wait modelrelease " + name + " -n " + release.Namespace},
	}
	r := release.Spec.Revocation
	if r == nil {
		fmt.Fprintf(out, "ModelRelease %s is not revoked. Nothing was changed.\n", name)
		if o.format.value == formatText {
			return nil
		}
		return o.print(cmd.OutOrStdout(), x, resourceName(kind, name))
	}
	text := &consequences{}
	text.line("revoked", "%s, by %s: %s", r.Severity, r.RevokedBy, r.Reason)
	text.line("then", "release %s/%s is granted again what its evidence reaches, and its held pods start", release.Namespace, name)
	fmt.Fprint(out, text.String())
	return o.finish(cmd, c, x)
}

func newResolveFinding(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := &resolveOptions{amending: newAmending()}
	cmd := &cobra.Command{
		Use: "adversefinding NAME --evaluation [NAMESPACE/]NAME --reason TEXT", Aliases: []string{"adversefindings", "afind", "finding"},
		Short: "Name the later result that ends an adverse finding",
		Long: `Names the evaluation that ends an adverse finding: a later one that meets the requirement, about the same artifacts. The
manager looks whether it does; scalegate get findings says what came of it. Who resolved it is stamped.

It needs the verb resolve on adversefindings in the API group scalegate.dev, which the ClusterRole scalegate-safety-team has.

Exit codes: 0 named; 1 an error, or not confirmed, and nothing was changed.`,
		Example: `  scalegate resolve adversefinding bio-0123456789abcdef --evaluation serving/opus-4-bio-2 \
    --reason "the first run had the wrong system prompt"`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeOne(env, flags, "findings"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.finding(cmd, c, args[0])
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.evaluation, "evaluation", "", "the later SafetyEvaluation that meets the requirement, with its namespace before a slash (default: --namespace)")
	f.StringVar(&o.reason, "reason", "", "what was wrong, and why it no longer is, in words")
	for _, name := range []string{"evaluation", "reason"} {
		_ = cmd.MarkFlagRequired(name)
	}
	o.addTo(cmd)
	return cmd
}

func (o *resolveOptions) finding(cmd *cobra.Command, c connection, name string) error {
	namespace, evaluation, both := strings.Cut(o.evaluation, "/")
	if !both {
		namespace, evaluation = c.namespace, o.evaluation
	}
	reason := strings.TrimSpace(o.reason)
	if namespace == "" || evaluation == "" || reason == "" {
		return errors.New("--evaluation and --reason must not be empty: name a later SafetyEvaluation that meets the requirement, and say what was wrong")
	}
	f := &v1alpha1.AdverseFinding{}
	if err := c.Get(cmd.Context(), client.ObjectKey{Name: name}, f); apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no AdverseFinding %s: see which there are with get findings", name)
	} else if err != nil {
		return fmt.Errorf("reading AdverseFinding %s: %w", name, clusterScoped(err))
	}
	kind, _ := overview.KindFor("findings")
	resolution := v1alpha1.FindingResolution{Namespace: namespace, Evaluation: evaluation, Reason: reason}
	text := &consequences{}
	text.line("finding", "%s failed with %s in evaluation %s/%s", f.Spec.Requirement, f.Spec.Evidence.Value, f.Spec.Evidence.Namespace, f.Spec.Evidence.Name)
	text.line("resolution", "evaluation %s/%s: %s", namespace, evaluation, reason)
	text.line("then", "it no longer stands, if that evaluation is later, about the same artifacts, and meets the requirement")
	fmt.Fprint(o.narration(cmd), text.String())
	return o.finish(cmd, c, amendment{
		kind: kind, object: f, question: "Resolve it?", done: "has a resolution",
		spec: map[string]any{"resolution": map[string]any{"namespace": namespace, "evaluation": evaluation, "reason": reason}},
		apply: func(object client.Object) {
			if f, ok := object.(*v1alpha1.AdverseFinding); ok {
				f.Spec.Resolution = &resolution
			}
		},
		next: []string{"See whether it took effect:", "  " + displayName(cmd) + " get findings " + name},
	})
}
