// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/chaos/plan"
	"github.com/scalegate/scalegate/test/installation"
)

// comesBack is how long a process may take to be ready again.
const comesBack = 3 * time.Minute

// keeper restarts processes that ended by themselves, as a kubelet does: a leader that lost its lease ends.
type keeper struct {
	cluster *installation.Installation
	journal *journal
	mu      sync.Mutex
	// down are those that were killed, and are not to be restarted yet.
	down map[string]bool
}

func newKeeper(cluster *installation.Installation, j *journal) *keeper {
	return &keeper{cluster: cluster, journal: j, down: map[string]bool{}}
}

// run keeps all processes running until ctx ends.
func (k *keeper) run(ctx context.Context) {
	for pass(ctx, 200*time.Millisecond) == nil {
		for _, name := range plan.Processes() {
			k.mu.Lock()
			if !k.down[name] && !k.cluster.Running(name) {
				k.journal.say("%s ended by itself and is restarted", name)
				if err := k.cluster.Restart(ctx, name); err != nil {
					k.journal.say("restarting %s: %v", name, err)
				}
			}
			k.mu.Unlock()
		}
	}
}

// expect says whether processes are to run.
func (k *keeper) expect(names []string, down bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range names {
		k.down[name] = down
	}
}

// disturb carries disturbances out, one after another.
func (r *run) disturb(ctx context.Context, all []plan.Disturbance) error {
	for _, d := range all {
		r.journal.say("%s", d)
		from := time.Now()
		act := r.kill
		if d.Act == plan.Pause {
			act = r.pause
		}
		if err := act(ctx, d); err != nil {
			return fmt.Errorf("%s: %w", d, err)
		}
		if matters(d) {
			r.stopped = append(r.stopped, span{from, time.Now()})
		}
		if slices.ContainsFunc(d.Targets, stores) && d.Act == plan.Kill {
			r.readAgain(ctx)
		}
		if err := pass(ctx, d.Then); err != nil {
			return err
		}
	}
	return nil
}

// matters tells whether a disturbance delays what somebody reads, decides or writes. A manager that is killed decides
// nothing afterwards; one that is stopped goes on with what it knew.
func matters(d plan.Disturbance) bool {
	return slices.ContainsFunc(d.Targets, func(name string) bool {
		manager := name == plan.ManagerA || name == plan.ManagerB
		return stores(name) || manager && d.Act == plan.Pause
	})
}

func stores(name string) bool { return name == localcluster.Etcd || name == localcluster.APIServer }

// readAgain reads what there is after the API server or etcd was killed. What cannot be read now, since they are not
// all there, is read with the next settling.
func (r *run) readAgain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	events, err := r.live.Read(ctx, r.watcher.Options)
	if err != nil {
		r.journal.say("reading again: %v", err)
		return
	}
	r.read = append(r.read, events...)
}

// pause stops processes for a while.
func (r *run) pause(ctx context.Context, d plan.Disturbance) error {
	var errs []error
	for _, name := range d.Targets {
		errs = append(errs, r.Pause(name))
	}
	errs = append(errs, pass(ctx, d.For))
	for _, name := range d.Targets {
		errs = append(errs, r.Resume(name))
	}
	return errors.Join(errs...)
}

// kill kills processes, and starts them again after a while in the order in which they need each other.
func (r *run) kill(ctx context.Context, d plan.Disturbance) error {
	r.keeper.expect(d.Targets, true)
	if err := each(d.Targets, r.Kill); err != nil {
		return err
	}
	r.report.Kills += len(d.Targets)
	if err := pass(ctx, d.For); err != nil {
		return err
	}
	return r.restart(ctx, d.Targets)
}

// restart starts processes: first etcd, then the API server, then the others at once.
func (r *run) restart(ctx context.Context, names []string) error {
	var others []string
	for _, name := range plan.Processes() {
		if !slices.Contains(names, name) {
			continue
		}
		if !stores(name) {
			others = append(others, name)
		} else if err := r.restartOne(ctx, name); err != nil {
			return err
		}
	}
	return each(others, func(name string) error { return r.restartOne(ctx, name) })
}

// restartOne restarts a process until it is ready.
func (r *run) restartOne(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, comesBack)
	defer cancel()
	for {
		err := r.Restart(ctx, name)
		if err == nil {
			r.keeper.expect([]string{name}, false)
			return nil
		}
		r.journal.say("restarting %s: %v", name, err)
		if pass(ctx, time.Second) != nil {
			return err
		}
	}
}
