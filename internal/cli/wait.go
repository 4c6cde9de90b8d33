// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
)

// settleTime is how long an answer that ends waiting early has to stand from when the command began: what somebody did a
// moment before, such as resolving a finding, may not have reached the status yet.
const settleTime = 2 * time.Second

// waitOptions are the flags of the wait commands.
type waitOptions struct {
	flags    *genericclioptions.ConfigFlags
	targets  []string
	timeout  time.Duration
	failFast bool
	format   *output
}

func newWait(env environment) *cobra.Command {
	cmd := newGroup("wait", "Wait until a release or an evaluation is as far as it should be")
	flags := newFlags()
	flags.AddFlags(cmd.PersistentFlags())
	completeNamespaces(cmd, env, flags)
	cmd.AddCommand(newWaitRelease(env, flags), newWaitEvaluation(env, flags))
	return cmd
}

func newWaitRelease(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := &waitOptions{flags: flags, format: newOutput()}
	cmd := &cobra.Command{
		Use: "modelrelease NAME", Aliases: []string{"modelreleases", "mrel", "release"},
		Short: "Wait until a release is granted what it asks for, or cannot be",
		Long: `Waits until a release is as far as --for says, and ends early where waiting does not help. A line tells of each change
of its state. Only a status about the release as it is now counts.

--for may be given several times, and then all have to hold:
  Released                the exposure asked for is granted, and holds in the cluster (the default)
  exposure=NAME           this exposure or a higher one is granted, and that holds in the cluster
  condition=TYPE[=VALUE]  a condition has the status True, or VALUE
  create                  the release exists; without it, a release that does not exist is an error
  delete                  the release does not exist any more

Waiting for Released, exposure or condition=Ready ends early where the release is Stalled, so that only another spec or a
person's act helps, and where a result shows neither one nor the other and no other one is on its way.
--fail-fast=false waits on all the same.

The connection to the API server may break, and a watch may end: it goes on where it was.

Exit codes:
  0  what --for says holds
  1  an error, such as a release that does not exist or was deleted
  2  blocked: the release is Stalled
  3  pending: time ran out, or it was interrupted, and what is missing may still come
  4  inconclusive: there are results, and they show neither one nor the other`,
		Example: `  scalegate wait modelrelease opus-4 -n serving --timeout 30m
  scalegate wait modelrelease opus-4 -n serving --for create --for exposure=Internal
  scalegate wait modelrelease opus-4 -n serving --for condition=Enforced`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeReleases(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, env, args[0], releaseSubject{})
		},
	}
	o.addTo(cmd, env, "Released")
	return cmd
}

func newWaitEvaluation(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := &waitOptions{flags: flags, format: newOutput()}
	cmd := &cobra.Command{
		Use: "safetyevaluation NAME", Aliases: []string{"safetyevaluations", "seval", "evaluation"},
		Short: "Wait until an evaluation has a result, or cannot have one",
		Long: `Waits until an evaluation is as far as --for says, and ends early where waiting does not help. A line tells of each
change of its state.

--for may be given several times, and then all have to hold:
  Measured                a usable measurement is recorded, whatever it says (the default)
  condition=TYPE[=VALUE]  a condition has the status True, or VALUE
  create                  the evaluation exists; without it, one that does not exist is an error
  delete                  the evaluation does not exist any more

What the measurement means for the release, explain modelrelease says.

Exit codes:
  0  what --for says holds
  1  an error, such as an evaluation that does not exist or was deleted
  2  blocked: the run failed or cannot begin, or the result was revoked
  3  pending: time ran out, or it was interrupted
  4  inconclusive: there is a result, and it cannot be used`,
		Example: `  scalegate wait safetyevaluation opus-4-bio -n serving --timeout 6h
  scalegate evaluation watch opus-4-bio -n serving --logs`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeOne(env, flags, "evaluations"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd, env, args[0], evaluationSubject{})
		},
	}
	o.addTo(cmd, env, "Measured")
	return cmd
}

func (o *waitOptions) addTo(cmd *cobra.Command, env environment, usual string) {
	f := cmd.Flags()
	f.StringArrayVar(&o.targets, "for", []string{usual}, "what to wait for; once for each that has to hold")
	f.DurationVar(&o.timeout, "timeout", 30*time.Minute, "how long to wait, as 90s or 2h; 0 looks once")
	f.BoolVar(&o.failFast, "fail-fast", true, "end as soon as waiting does not help")
	o.format.addTo(cmd)
	_ = cmd.RegisterFlagCompletionFunc("for", func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		words, _ := suggest(cmd, env, o.flags, func(ctx context.Context, c connection) ([]string, error) { return exposuresFor(ctx, c, args) })
		return append([]string{usual, "create", "delete", "condition="}, words...), cobra.ShellCompDirectiveNoFileComp
	})
}

// subject is what is waited for: a kind, with what its states mean.
type subject interface {
	kind() string
	// target reads a --for of the kind's own; false when it is none.
	target(c connection, text string) (target, bool)
	// look says where an object stands. beside are the objects that have a say in it.
	look(o client.Object, beside []*v1alpha1.SafetyEvaluation) standing
}

// target is one thing that has to hold.
type target struct {
	text string
	// reached tells whether an object is so far; not asked while there is none.
	reached func(context.Context, client.Object) (bool, error)
	// ends is whether a stalled object can no longer reach it.
	ends bool
}

// standing is where an object stands.
type standing struct {
	// state, reason and message for people.
	state, reason, message string
	// code is what waiting ends with where the target is not reached: codePending while something may still come.
	code int
}

// waiting is one run of a wait command.
type waiting struct {
	*waitOptions
	connection
	subject
	cmd  *cobra.Command
	now  func() time.Time
	name string
	// targets all have to hold, once it is created where create says so; remove waits until it is gone.
	targets        []target
	create, remove bool
	// seen is whether the object was there, uid which one it was, and last what was told of it.
	seen bool
	uid  types.UID
	last string
	// settled gets something when an answer may end it early; isSettled is whether it may.
	settled   <-chan time.Time
	isSettled bool
}

func (o *waitOptions) run(cmd *cobra.Command, env environment, name string, s subject) error {
	c, err := env.connect(o.flags, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	w := &waiting{waitOptions: o, connection: c, subject: s, cmd: cmd, now: env.now, name: name, isSettled: env.settle == 0}
	if err := w.read(); err != nil {
		return err
	}
	if !w.isSettled {
		timer := time.NewTimer(env.settle)
		defer timer.Stop()
		w.settled = timer.C
	}
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	return w.follow(ctx)
}

// read reads what is waited for.
func (w *waiting) read() error {
	for _, text := range w.waitOptions.targets {
		switch kind, value, _ := strings.Cut(text, "="); {
		case text == "create":
			w.create = true
		case text == "delete":
			w.remove = true
		case kind == "condition" && value != "":
			w.targets = append(w.targets, conditionTarget(text, value))
		default:
			t, known := w.target(w.connection, text)
			if !known {
				return fmt.Errorf("--for %q is nothing that can be waited for: see --help for what can", text)
			}
			w.targets = append(w.targets, t)
		}
	}
	if w.remove && (w.create || len(w.targets) > 0) {
		return errors.New("--for delete cannot be combined: nothing else holds once it is gone")
	}
	return nil
}

// follow watches until it ends.
func (w *waiting) follow(ctx context.Context) error {
	watcher, err := w.watcher()
	if err != nil {
		return err
	}
	kind, _ := overview.KindFor(w.kind())
	in := client.InNamespace(w.namespace)
	store, err := watcher.follow(ctx, watched{object: kind.New(), list: kind.NewList, options: []client.ListOption{in}})
	if err != nil {
		return fmt.Errorf("watching %s: %w", kind.Resource, unreadable(kind, err))
	}
	evaluations := w.beside(ctx, watcher, in)
	timeout := time.NewTimer(w.timeout)
	defer timeout.Stop()
	for {
		var object client.Object
		if o, exists, err := store.GetByKey(w.namespace + "/" + w.name); err == nil && exists {
			object, _ = o.(client.Object)
		}
		done, at, err := w.examine(ctx, object, objectsIn[*v1alpha1.SafetyEvaluation](evaluations))
		if done || err != nil {
			return err
		}
		if w.timeout == 0 {
			return w.end(object, at, "is not there yet")
		}
		select {
		case <-ctx.Done():
			return w.end(object, at, "is left alone")
		case <-timeout.C:
			return w.end(object, at, "is not there after "+w.timeout.String())
		case <-w.settled:
			w.isSettled = true
		case now := <-watcher.lost:
			w.tellOfConnection(now.err)
		case <-watcher.changed:
		}
	}
}

// beside follows the evaluations, where they have a say. Who may read releases and no evaluations waits a little longer.
func (w *waiting) beside(ctx context.Context, watcher *watcher, in client.ListOption) cache.Store {
	kind, _ := overview.KindFor("evaluations")
	if w.kind() == "evaluations" {
		return nil
	}
	store, err := watcher.follow(ctx, watched{object: kind.New(), list: kind.NewList, options: []client.ListOption{in}})
	if err != nil {
		return nil
	}
	return store
}

// examine looks at the object, nil where there is none, and tells whether waiting is over.
func (w *waiting) examine(ctx context.Context, object client.Object, beside []*v1alpha1.SafetyEvaluation) (done bool, at standing, err error) {
	if object == nil {
		return w.absent()
	}
	if w.remove && w.seen && w.uid != object.GetUID() {
		// Another one has its name by now.
		return true, at, w.succeed(nil)
	}
	w.seen, w.uid = true, object.GetUID()
	at = w.look(object, beside)
	w.say(at)
	if w.remove {
		return false, standing{code: codePending}, nil
	}
	missing, ends, err := w.unreached(ctx, object)
	switch {
	case err != nil:
		return true, at, err
	case missing == "":
		return true, at, w.succeed(object)
	case !ends || at.code == codePass:
		// What is stalled may still get there, and what is missing is never a pass.
		at.code = codePending
	case w.failFast && at.code != codePending && w.isSettled:
		return true, at, w.end(object, at, "does not become "+missing+" by waiting")
	}
	return false, at, nil
}

// unreached is the last target that an object has not reached, empty for none; ends where it can no longer reach one of them.
func (w *waiting) unreached(ctx context.Context, object client.Object) (missing string, ends bool, err error) {
	for _, t := range w.targets {
		reached, err := t.reached(ctx, object)
		if err != nil {
			return "", false, err
		}
		if !reached {
			missing, ends = t.text, ends || t.ends
		}
	}
	return missing, ends, nil
}

// absent is what there is to do while the object does not exist.
func (w *waiting) absent() (done bool, at standing, err error) {
	kind, _ := overview.KindFor(w.kind())
	switch {
	case w.remove:
		return true, at, w.succeed(nil)
	case w.create:
		w.say(standing{state: "Absent", reason: "it does not exist yet"})
		return false, standing{code: codePending}, nil
	case w.seen:
		return true, at, fmt.Errorf("%s %s was deleted while it was waited for", kind.Name, w.name)
	}
	return true, at, fmt.Errorf("there is no %s %s in namespace %s: name another one, its namespace with --namespace, or wait for it with --for create",
		kind.Name, w.name, w.namespace)
}

// say tells people where the object stands, where that is news.
func (w *waiting) say(at standing) {
	key := at.state + " " + at.reason
	if key == w.last {
		return
	}
	w.last = key
	line := strings.TrimSpace(key)
	if at.message != "" {
		line += ": " + at.message
	}
	fmt.Fprintf(w.format.narration(w.cmd), "%s  %s\n", w.now().UTC().Format(time.TimeOnly), printed(line))
}

func (w *waiting) tellOfConnection(err error) {
	out := w.cmd.ErrOrStderr()
	if err != nil {
		fmt.Fprintf(out, "%s  The API server does not answer; trying again: %v\n", w.now().UTC().Format(time.TimeOnly), err)
		return
	}
	fmt.Fprintf(out, "%s  The API server answers again\n", w.now().UTC().Format(time.TimeOnly))
}

// succeed says that what was waited for holds.
func (w *waiting) succeed(object client.Object) error {
	texts := slices.DeleteFunc(slices.Clone(w.waitOptions.targets), func(text string) bool { return text == "create" && len(w.targets) > 0 })
	return w.print(object, strings.Join(texts, ", "))
}

// end says that it does not hold, and why no longer is waited.
func (w *waiting) end(object client.Object, at standing, why string) error {
	if err := w.print(object, why); err != nil {
		return err
	}
	return exitWith(at.code)
}

func (w *waiting) print(object client.Object, what string) error {
	kind, _ := overview.KindFor(w.kind())
	name := resourceName(kind, w.name)
	p := printable{text: func(bool) string { return name + ": " + what + "\n" }, names: []string{name}, value: map[string]any{}}
	if object != nil {
		object, _ = object.DeepCopyObject().(client.Object)
		p.value = dataOf(kind, []client.Object{object}, true)
	}
	return w.format.show(w.cmd, p)
}
