// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
	"github.com/scalegate/scalegate/internal/runs"
)

// heartbeat is how often it is said that something goes on of which nothing else is to be said.
const heartbeat = time.Minute

// evalWatchOptions are the flags of what watches evaluations.
type evalWatchOptions struct {
	timeout time.Duration
	logs    bool
}

func (o *evalWatchOptions) addTo(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&o.timeout, "timeout", 0, "how long to watch, as 90m or 6h; 0 watches until it ends")
	cmd.Flags().BoolVar(&o.logs, "logs", false, "show what the evaluation writes to its log, too")
}

func newEvaluationWatch(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	o := &evalWatchOptions{}
	cmd := &cobra.Command{
		Use:   "watch NAME...",
		Short: "Watch evaluations until they have a result",
		Long: `Watches evaluations until each has a result or cannot have one. A line tells of each change: what it waits for, the state
of its pods, and how long it has been running; after a minute without one, that it goes on. With --logs what the evaluation
itself writes follows behind its name.

An interrupt ends the watching alone: the run goes on.

Exit codes:
  0  every result is measured, whatever it says
  1  an error, such as an evaluation that does not exist or was deleted
  2  blocked: a run failed or cannot begin, or a result was revoked
  3  pending: it was interrupted, or --timeout is over, and the runs go on
  4  inconclusive: there is a result, and it cannot be used`,
		Example:           `  scalegate evaluation watch opus-4-bio-0a1b2c3d4e -n serving --logs`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeEvaluations(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return o.follow(cmd, env, c, args)
		},
	}
	o.addTo(cmd)
	return cmd
}

func completeEvaluations(env environment, flags *genericclioptions.ConfigFlags) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		kind, _ := overview.KindFor("evaluations")
		return completeNames(cmd, env, flags, kind, args)
	}
}

// evalWatch is one run of what watches evaluations.
type evalWatch struct {
	*evalWatchOptions
	connection
	now   func() time.Time
	names []string
	out   io.Writer
	// mutex is held while something is written: logs are written from elsewhere.
	mutex sync.Mutex
	// said is what was last said of each, and saidAt when.
	said   map[string]string
	saidAt time.Time
	// seen are those that were there, ended those that have ended, with their codes.
	seen  map[string]bool
	ended map[string]int
	// tailed are the containers whose logs are shown.
	tailed map[string]bool
	logs   sync.WaitGroup
}

func (o *evalWatchOptions) follow(cmd *cobra.Command, env environment, c connection, names []string) error {
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	w := &evalWatch{
		evalWatchOptions: o, connection: c, now: env.now, names: slices.Compact(slices.Sorted(slices.Values(names))), out: cmd.OutOrStdout(),
		said: map[string]string{}, seen: map[string]bool{}, ended: map[string]int{}, tailed: map[string]bool{}, saidAt: env.now(),
	}
	if len(w.names) == 0 {
		return errNoNames
	}
	watcher, err := c.watcher()
	if err != nil {
		return err
	}
	kind, _ := overview.KindFor("evaluations")
	in := client.InNamespace(c.namespace)
	evaluations, err := watcher.follow(ctx, watched{object: kind.New(), list: kind.NewList, options: []client.ListOption{in}})
	if err != nil {
		return fmt.Errorf("watching %s: %w", kind.Resource, unreadable(kind, err))
	}
	// Who may not read pods is told of the evaluations alone.
	pods, err := watcher.follow(ctx, watched{
		object: &corev1.Pod{}, list: func() client.ObjectList { return &corev1.PodList{} }, options: []client.ListOption{in, client.HasLabels{v1alpha1.LabelEvaluation}},
	})
	if err != nil {
		pods = nil
	}
	err = w.loop(ctx, watcher, evaluations, pods)
	cancel()
	w.logs.Wait()
	if err != nil || len(w.ended) == len(w.names) {
		return err
	}
	w.say("It goes on. Watch it again with:\n  %s evaluation watch %s -n %s", displayName(cmd), strings.Join(w.unfinished(), " "), c.namespace)
	return exitWith(codePending)
}

func (w *evalWatch) unfinished() []string {
	return slices.DeleteFunc(slices.Clone(w.names), func(name string) bool { _, ended := w.ended[name]; return ended })
}

// loop watches until all ended, time is over or it is interrupted; the error has the exit code once all ended.
func (w *evalWatch) loop(ctx context.Context, watcher *watcher, evaluations, pods cache.Store) error {
	var over <-chan time.Time
	if w.timeout > 0 {
		timer := time.NewTimer(w.timeout)
		defer timer.Stop()
		over = timer.C
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		if err := w.look(ctx, evaluations, objectsIn[*corev1.Pod](pods)); err != nil {
			return err
		}
		if len(w.ended) == len(w.names) {
			return exitWith(w.worst())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-over:
			return nil
		case <-beat.C:
			w.goesOn()
		case now := <-watcher.lost:
			if now.err != nil {
				w.say("%s  The API server does not answer; trying again: %v", w.clock(), now.err)
			} else {
				w.say("%s  The API server answers again", w.clock())
			}
		case <-watcher.changed:
		}
	}
}

// worst is the code of all: one that is blocked outweighs one that is inconclusive.
func (w *evalWatch) worst() int {
	worst := codePass
	for _, code := range w.ended {
		if code == codeBlocked || worst == codePass {
			worst = code
		}
	}
	return worst
}

func (w *evalWatch) look(ctx context.Context, evaluations cache.Store, pods []*corev1.Pod) error {
	for _, name := range w.unfinished() {
		o, exists, err := evaluations.GetByKey(w.namespace + "/" + name)
		if err != nil {
			return fmt.Errorf("looking for evaluation %s: %w", name, err)
		}
		e, ok := o.(*v1alpha1.SafetyEvaluation)
		switch {
		case !exists || !ok:
			if w.seen[name] {
				return fmt.Errorf("SafetyEvaluation %s was deleted while it was watched", name)
			}
			if _, err := w.evaluation(ctx, name); err != nil {
				return err
			}
			continue
		}
		w.seen[name] = true
		w.tell(e, podsFor(e, pods))
		if w.logsWanted() {
			w.tail(ctx, e, podsFor(e, pods))
		}
		if at := evaluationStanding(e); at.code != codePending {
			w.ended[name] = at.code
		}
	}
	return nil
}

// podsFor are the pods of an evaluation, in the order of their names.
func podsFor(e *v1alpha1.SafetyEvaluation, pods []*corev1.Pod) []*corev1.Pod {
	label := runs.EvaluationLabel(e.Name)
	var all []*corev1.Pod
	for _, pod := range pods {
		if pod.Labels[v1alpha1.LabelEvaluation] == label {
			all = append(all, pod)
		}
	}
	slices.SortFunc(all, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// tell says where an evaluation stands, where that is news.
func (w *evalWatch) tell(e *v1alpha1.SafetyEvaluation, pods []*corev1.Pod) {
	at := evaluationStanding(e)
	text := at.state
	if at.reason != "" && at.reason != at.state {
		text = at.reason
	}
	var states []string
	for _, pod := range pods {
		states = append(states, pod.Name+" "+podPhase(pod))
	}
	key := text + strings.Join(states, ",")
	if w.said[e.Name] == key {
		return
	}
	w.said[e.Name], w.saidAt = key, w.now()
	if at.message != "" {
		text += ": " + at.message
	}
	if len(states) > 0 && at.code == codePending {
		text += "; " + strings.Join(states, ", ")
	}
	w.say("%s  %s  %s%s", w.clock(), e.Name, printed(text), w.elapsed(e))
}

// podPhase is what a pod does, in a few words.
func podPhase(pod *corev1.Pod) string {
	switch {
	case pod.DeletionTimestamp != nil:
		return "ends"
	case slices.ContainsFunc(pod.Spec.SchedulingGates, func(g corev1.PodSchedulingGate) bool { return g.Name == v1alpha1.SchedulingGate }):
		return "is held"
	case pod.Spec.NodeName == "" && pod.Status.Phase == corev1.PodPending:
		return "waits for a node"
	case pod.Status.Phase == corev1.PodPending:
		for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses) {
			switch {
			case s.State.Running != nil:
				return "runs " + s.Name
			case s.State.Waiting != nil:
				return "waits: " + s.Name + " " + s.State.Waiting.Reason
			}
		}
	}
	return "is " + string(pod.Status.Phase)
}

func (w *evalWatch) elapsed(e *v1alpha1.SafetyEvaluation) string {
	run := e.Status.Run
	if run == nil || run.StartTime.IsZero() {
		return ""
	}
	end := w.now()
	if !run.FinishTime.IsZero() {
		end = run.FinishTime.Time
	}
	return " (" + duration.HumanDuration(end.Sub(run.StartTime.Time)) + ")"
}

func (w *evalWatch) goesOn() {
	if quiet := w.now().Sub(w.saidAt); quiet >= heartbeat {
		w.say("%s  %s: unchanged for %s", w.clock(), strings.Join(w.unfinished(), ", "), duration.HumanDuration(quiet))
	}
}

func (w *evalWatch) clock() string { return w.now().UTC().Format(time.TimeOnly) }

func (w *evalWatch) say(format string, args ...any) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	fmt.Fprintf(w.out, format+"\n", args...)
}
