// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package chaos kills and stops every process of a cluster with Scalegate on it, again and again, while evidence comes,
// ends, fails and is revoked, and while workloads are scaled and rolled out. A watcher of its own says what was seen
// that must not be.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/chaos/plan"
	"github.com/scalegate/scalegate/test/chaos/watcher"
	"github.com/scalegate/scalegate/test/installation"
)

// Options are the choices for a run.
type Options struct {
	plan.Options
	// Out is told how the run goes on.
	Out io.Writer
}

// Report is what came of a run.
type Report struct {
	// Seed makes the same plan again.
	Seed uint64
	// Kills and Transitions are how many there were.
	Kills, Transitions int
	Violations         []watcher.Violation
	// Dir holds what is needed to understand a violation: a journal, the audit log, and the logs of the processes.
	Dir string
}

// OK tells whether nothing was seen that must not be.
func (r *Report) OK() bool { return len(r.Violations) == 0 }

// shown is how many violations are printed.
const shown = 40

// Print writes the violations, and in the end one line that counts.
func (r *Report) Print(out io.Writer) {
	for i, v := range r.Violations {
		if i == shown {
			fmt.Fprintf(out, "chaos: and %d more\n", len(r.Violations)-shown)
			break
		}
		fmt.Fprintf(out, "chaos: VIOLATION %s\n", v)
	}
	if !r.OK() {
		fmt.Fprintf(out, "chaos: seed %d; journal and logs are in %s\n", r.Seed, r.Dir)
	}
	fmt.Fprintf(out, "chaos: %d kills, %d transitions, %d violations\n", r.Kills, r.Transitions, len(r.Violations))
}

// bound is how long a write may be based on what was true before, while nobody is stopped: the time that a reconciler
// takes from its live reads to its writes, on two cores that do much else.
const bound = 10 * time.Second

// run is one run.
type run struct {
	*installation.Installation
	options Options
	live    watcher.Live
	watcher *watcher.Watcher
	log     watcher.Log
	journal *journal
	dir     string
	// stopped, and read: what the watcher is told with the next settling. They belong to the disturber meanwhile.
	stopped []span
	read    []watcher.Event
	// judged is until when what was written was judged.
	judged time.Time
	// waits are the resourceVersions of the pods that waited for kwok at the last look.
	waits  map[types.UID]string
	keeper *keeper
	ended  map[string]time.Time
	report Report
}

type span struct{ from, to time.Time }

// Run carries a plan out on a control plane of its own. An error means that it could not be carried out to its end.
func Run(ctx context.Context, o Options) (report Report, err error) {
	dir, err := os.MkdirTemp("", "scalegate-chaos-")
	if err != nil {
		return Report{}, fmt.Errorf("making a folder for the journal: %w", err)
	}
	r := &run{options: o, dir: dir, ended: map[string]time.Time{}, report: Report{Seed: o.Seed, Dir: dir}}
	defer func() {
		if err == nil && report.OK() {
			err = os.RemoveAll(dir)
		}
	}()
	if err := r.open(ctx); err != nil {
		return r.report, err
	}
	err = r.rounds(ctx)
	r.report.Violations = append(r.watcher.Violations(), r.report.Violations...)
	if err != nil || !r.report.OK() {
		err = errors.Join(err, r.keepLogs())
	}
	// What ended by itself was restarted, and is in the journal.
	_ = r.Stop()
	return r.report, errors.Join(err, r.journal.file.Close())
}

// open starts the control plane with its audit log, and both replicas of the manager.
func (r *run) open(ctx context.Context) error {
	var err error
	if r.journal, err = newJournal(filepath.Join(r.dir, "journal.log")); err != nil {
		return err
	}
	policy := filepath.Join(r.dir, "audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(watcher.AuditPolicy(plan.Ungoverned)), 0o600); err != nil {
		return fmt.Errorf("writing the audit policy: %w", err)
	}
	r.log.Path = filepath.Join(r.dir, "audit.log")
	r.Installation, err = installation.StartWith(ctx, localcluster.Options{
		Output: r.journal,
		Args: map[string][]string{localcluster.APIServer: {
			"--audit-policy-file=" + policy, "--audit-log-path=" + r.log.Path, "--audit-log-maxsize=1000000",
		}},
	})
	if err != nil {
		return err
	}
	client, err := dynamic.NewForConfig(r.Admin())
	if err != nil {
		return errors.Join(fmt.Errorf("making a client: %w", err), r.Stop())
	}
	r.live = watcher.Live{Client: client}
	r.watcher = watcher.New(watcher.Options{
		Controller: "system:serviceaccount:" + installation.Namespace + ":" + installation.ServiceAccount,
		Governed:   plan.Governed(), Ungoverned: plan.Ungoverned, Bound: bound,
	})
	if err := r.furnish(ctx); err != nil {
		return errors.Join(err, r.Stop())
	}
	return nil
}

// furnish makes nodes, namespaces and what is in them, and starts the managers.
func (r *run) furnish(ctx context.Context) error {
	err := together(
		func() error { return r.AddNodes(ctx, nodes, nil) },
		func() error { return r.makeWorld(ctx) },
		func() error {
			_, err := r.Build(ctx)
			return err
		})
	if err != nil {
		return err
	}
	for _, name := range []string{plan.ManagerA, plan.ManagerB} {
		if err := r.StartReplica(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// rounds carries the rounds out, and settles after each. The first settling is before all of them.
func (r *run) rounds(ctx context.Context) error {
	p := plan.Make(r.options.Options)
	fmt.Fprintf(r.options.Out, "chaos: seed %d: %d kills, %d transitions\n", r.options.Seed, p.Kills(), p.Transitions())
	r.keeper = newKeeper(r.Installation, r.journal)
	ctx, cancel := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		r.keeper.run(ctx)
	}()
	defer func() {
		cancel()
		<-kept
	}()
	for i, round := range p.Rounds {
		began := time.Now()
		if err := r.round(ctx, round); err != nil {
			return err
		}
		lasted, began := time.Since(began), time.Now()
		left, err := r.settle(ctx)
		if err != nil {
			return err
		}
		r.report.Violations = append(r.report.Violations, left...)
		fmt.Fprintf(r.options.Out, "chaos: round %d of %d took %.0fs and settled in %.0fs: %d kills, %d transitions, %d violations so far\n",
			i+1, len(p.Rounds), lasted.Seconds(), time.Since(began).Seconds(), r.report.Kills, r.report.Transitions,
			len(r.report.Violations)+len(r.watcher.Violations()))
		if len(left) > 0 {
			return nil // what does not settle would only be seen again
		}
	}
	return nil
}

// round disturbs processes, and changes the cluster meanwhile.
func (r *run) round(ctx context.Context, round plan.Round) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	both := func(do func(context.Context) error) func() error {
		return func() error {
			err := do(ctx)
			if err != nil {
				cancel(err)
			}
			return err
		}
	}
	return together(
		both(func(ctx context.Context) error { return r.disturb(ctx, round.Disturbances) }),
		both(func(ctx context.Context) error { return r.change(ctx, round.Transitions) }))
}

// keepLogs copies the logs of all processes beside the journal.
func (r *run) keepLogs() error {
	var errs []error
	for _, name := range plan.Processes() {
		log, err := os.ReadFile(r.LogPath(name))
		if err == nil {
			err = os.WriteFile(filepath.Join(r.dir, name+".log"), log, 0o600)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
