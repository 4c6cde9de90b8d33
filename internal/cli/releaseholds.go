// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/internal/freeing"
)

// releaseHoldsOptions are the flags of the release-holds command.
type releaseHoldsOptions struct {
	format                             *output
	everywhere, all, yes, evenGoverned bool
	// named are the objects to release, as RESOURCE/NAME.
	named []string
}

func newReleaseHolds(env environment) *cobra.Command {
	flags := newFlags()
	o := releaseHoldsOptions{format: newOutput()}
	cmd := &cobra.Command{
		Use:   "release-holds [RESOURCE/NAME...]",
		Short: "List what Scalegate holds, and release it where Scalegate is gone",
		Long: `Lists what is held: pods with Scalegate's scheduling gate; Deployments, StatefulSets, Jobs, LeaderWorkerSets and JobSets
that it paused, suspended or scaled; and Workloads of Kueue that wait for it. It reads the objects alone, so it works with the
manager dead, and with Scalegate's kinds and admission policies removed.

With names, or with --all, it releases them: what is Scalegate's is taken off, and each goes on as its author had it. What an
author had paused stays paused; a Deployment that was scaled down has its former replicas. It writes with your own rights, and
tries every write first without storing it. While the admission policies are in place the API server refuses this in a
namespace with a gate, whoever asks: then the command says which step is missing, and nothing is changed. It is for after
uninstalling, or after the gate was taken off a namespace.

A namespace that is still labelled scalegate.dev/gate=enforced is left alone unless --governed is given: what is held there was
not shown to be safe as far as it wants to serve, and would serve all the same.

Exit codes:
  0  listed; or everything that was to be released is released
  1  an error, or it was not confirmed: nothing was changed
  2  something that was to be released stays held: it is said what and why`,
		Example: `  # What is held in the namespace serving
  scalegate release-holds -n serving
  # After the gate was taken off it: let everything go on
  scalegate release-holds --all -n serving
  # After Scalegate was uninstalled, in all namespaces, those that still have the label included
  scalegate release-holds --all -A --governed --yes
  # One Deployment
  scalegate release-holds deployments.apps/chat -n serving`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			o.named = args
			if err := o.validate(); err != nil {
				return err
			}
			if o.everywhere {
				c.namespace = ""
			}
			return o.run(cmd.Context(), cmd, c, env.now())
		},
	}
	flags.AddFlags(cmd.Flags())
	o.format.addTo(cmd)
	f := cmd.Flags()
	f.BoolVarP(&o.everywhere, "all-namespaces", "A", false, "look at all namespaces")
	f.BoolVar(&o.all, "all", false, "release everything that is held, and remove what else Scalegate left")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	f.BoolVar(&o.evenGoverned, "governed", false, "release in namespaces that still have the gate, too: what was not evaluated serves")
	return cmd
}

func (o *releaseHoldsOptions) validate() error {
	switch {
	case o.all && len(o.named) > 0:
		return errors.New("--all and names exclude each other: --all releases everything")
	case o.everywhere && len(o.named) > 0:
		return errors.New("names are of one namespace: leave --all-namespaces out, and give --namespace")
	case !o.releasing() && (o.yes || o.evenGoverned):
		return errors.New("--yes and --governed are for releasing: say --all, or name what to release")
	}
	for _, name := range o.named {
		if kind, rest, ok := strings.Cut(name, "/"); !ok || kind == "" || rest == "" {
			return fmt.Errorf("%q is not RESOURCE/NAME, such as deployments.apps/chat; the command without names lists them", name)
		}
	}
	return nil
}

func (o *releaseHoldsOptions) releasing() bool { return o.all || len(o.named) > 0 }

func (o *releaseHoldsOptions) run(ctx context.Context, cmd *cobra.Command, c connection, now time.Time) error {
	r := newHolding(c, now)
	if err := r.read(ctx); err != nil {
		return err
	}
	for _, note := range r.notes {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	if !o.releasing() {
		return o.list(cmd, r)
	}
	selected, err := o.selected(r.holds)
	if err != nil {
		return err
	}
	if !o.evenGoverned {
		selected = r.leaveGoverned(selected)
	}
	r.rehearse(ctx, selected)
	willing := slices.DeleteFunc(slices.Clone(selected), func(h *hold) bool { return h.outcome != outcomeHeld })
	if len(willing) > 0 || o.all && r.left.any() {
		if err := o.confirm(cmd, r, willing); err != nil {
			return err
		}
	}
	r.release(ctx, willing)
	if o.all {
		r.tidy(ctx)
	}
	return o.report(ctx, cmd, r)
}

// selected are the holds that the arguments name.
func (o *releaseHoldsOptions) selected(holds []*hold) ([]*hold, error) {
	if o.all {
		return holds, nil
	}
	var chosen []*hold
	for _, name := range o.named {
		i := slices.IndexFunc(holds, func(h *hold) bool { return h.answersTo(name) })
		if i < 0 {
			return nil, fmt.Errorf("%s is not held by Scalegate: the command without names lists what is", name)
		}
		if !slices.Contains(chosen, holds[i]) { // it may have two names
			chosen = append(chosen, holds[i])
		}
	}
	return chosen, nil
}

// answersTo tells whether a name as people write it names an object: the resource with or without its group, or the kind.
func (h *hold) answersTo(name string) bool {
	resource, object, _ := strings.Cut(name, "/")
	short, _, _ := strings.Cut(h.Resource, ".")
	return object == h.Name && slices.Contains([]string{h.Resource, short, strings.ToLower(h.Kind)}, strings.ToLower(resource))
}

// confirm has a person type where it is done, unless --yes was given.
func (o *releaseHoldsOptions) confirm(cmd *cobra.Command, r *holding, willing []*hold) error {
	if o.yes {
		return nil
	}
	word, where := r.namespace, "namespace "+r.namespace
	if word == "" {
		word, where = "all", "all namespaces"
	}
	out := o.format.narration(cmd)
	for _, h := range willing {
		fmt.Fprintf(out, "%s in %s %s\n", h, h.Namespace, h.Then)
	}
	fmt.Fprintf(out, "\nThis releases %s in %s. Nobody judges them any more. Type %q to go on: ", count(len(willing), "object"), where, word)
	line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) || strings.TrimSpace(line) != word {
		return fmt.Errorf("not confirmed, so nothing was changed: type %s, or say --yes", word)
	}
	return nil
}

// holdsReport is what programs read.
type holdsReport struct {
	Holds []holdRow `json:"holds"`
	// NotLookedAt says what could not be read.
	NotLookedAt []string `json:"notLookedAt,omitempty"`
	// Left is what Scalegate wrote elsewhere, and holds nothing.
	Left leftovers `json:"left"`
}

type holdRow struct {
	freeing.Hold `json:",inline"`
	Outcome      outcome `json:"outcome"`
	Message      string  `json:"message,omitempty"`
}

func (r *holding) printable(columns []column, row func(*hold) []string) printable {
	report := holdsReport{Holds: []holdRow{}, NotLookedAt: r.notes, Left: r.left}
	p := printable{columns: columns, none: "Scalegate holds nothing here."}
	for _, h := range r.holds {
		report.Holds = append(report.Holds, holdRow{Hold: h.Hold, Outcome: h.outcome, Message: h.message})
		p.rows, p.names = append(p.rows, row(h)), append(p.names, h.String())
	}
	p.value = report
	return p
}

// list prints what is held.
func (o *releaseHoldsOptions) list(cmd *cobra.Command, r *holding) error {
	err := o.format.show(cmd, r.printable(columns("namespace", "object", "held by", "since", "release", "+if released", "why"),
		func(h *hold) []string {
			since := ""
			if h.Since != nil {
				since = h.Since.UTC().Format(time.RFC3339)
			}
			return []string{h.Namespace, h.String(), strings.Join(h.HeldBy, ", "), since, strings.Join(h.Releases, ","), h.Then, h.Why}
		}))
	if err != nil || !o.format.people() {
		return err
	}
	for _, line := range r.advice(displayName(cmd)) {
		fmt.Fprintln(cmd.OutOrStdout(), line)
	}
	return nil
}

// report prints what became of everything, and returns whether something stays held as an exit code.
func (o *releaseHoldsOptions) report(ctx context.Context, cmd *cobra.Command, r *holding) error {
	if o.all {
		// Pods that were made meanwhile are looked for as well.
		r.lookAgain(ctx)
	} else {
		r.holds = slices.DeleteFunc(r.holds, func(h *hold) bool { return !slices.ContainsFunc(o.named, h.answersTo) })
	}
	stays := slices.DeleteFunc(slices.Clone(r.holds), func(h *hold) bool { return h.outcome == outcomeReleased })
	err := o.format.show(cmd, r.printable(columns("namespace", "object", "outcome", "and"), func(h *hold) []string {
		text := h.Then
		if h.outcome != outcomeReleased {
			text = h.message
		}
		return []string{h.Namespace, h.String(), string(h.outcome), text}
	}))
	if err != nil {
		return err
	}
	for _, line := range r.steps(ctx, stays, displayName(cmd)) {
		fmt.Fprintln(cmd.ErrOrStderr(), line)
	}
	if len(stays) > 0 || o.all && len(r.notes) > 0 {
		return exitWith(codeBlocked)
	}
	return nil
}

// count is "1 pod" or "3 pods".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
