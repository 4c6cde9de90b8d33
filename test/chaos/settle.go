// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/chaos/plan"
	"github.com/scalegate/scalegate/test/chaos/watcher"
)

// settles is how long everything may take to be as it should once every process runs: a new leader, backing off after
// errors, removals in waves, rollouts.
const settles = 3 * time.Minute

// settle waits until everything is as it should be, and returns what is not in the end. Every process runs.
func (r *run) settle(ctx context.Context) ([]watcher.Violation, error) {
	r.journal.say("settling")
	began := time.Now()
	for _, s := range r.stopped {
		r.watcher.Stopped(s.from, s.to)
	}
	r.stopped = nil
	deadline := time.Now().Add(settles)
	var left []watcher.Violation
	for {
		err := again(ctx, comesBack, "looking at the cluster", func(ctx context.Context) (err error) {
			if left, err = r.look(ctx); err != nil || len(left) == 0 {
				return err
			}
			return r.nudge(ctx)
		})
		if err != nil {
			return nil, err
		}
		// What was written last has to be judged before anything can be settled.
		all := r.judged.After(began)
		if all && len(left) == 0 || time.Now().After(deadline) {
			r.journal.say("settled, but for %d", len(left))
			for _, v := range left {
				r.journal.say("left: %s", v)
			}
			return left, nil
		}
		if len(left) > 0 {
			r.journal.say("not settled yet, by %d: %s", len(left), left[0])
		}
		if err := pass(ctx, time.Second); err != nil {
			return nil, err
		}
	}
}

// nudge changes each pod on a node that has not changed since the last call, although it is being deleted or is not
// ready yet. kwok plays the kubelets and loses such pods: one that was killed between a pod's binding and its next stage
// looks at all pods when it begins, but passes over those whose node's lease it has just taken and not seen yet. It looks
// at a pod again when that changes. A kubelet would have come back to it.
func (r *run) nudge(ctx context.Context) error {
	list := &corev1.PodList{}
	if err := r.Client.List(ctx, list); err != nil {
		return fmt.Errorf("listing pods: %w", err)
	}
	waits := map[types.UID]string{}
	var errs []error
	for i := range list.Items {
		p := &list.Items[i]
		if p.Spec.NodeName == "" || p.DeletionTimestamp == nil && watcher.IsReady(p) {
			continue
		}
		if waits[p.UID] = p.ResourceVersion; r.waits[p.UID] != p.ResourceVersion {
			continue
		}
		r.journal.say("kwok forgot %s/%s", p.Namespace, p.Name)
		patch := fmt.Sprintf(`{"metadata":{"annotations":{"example.com/nudged":%q}}}`, time.Now().Format(time.RFC3339Nano))
		errs = append(errs, client.IgnoreNotFound(r.Client.Patch(ctx, p, client.RawPatch(types.MergePatchType, []byte(patch)))))
	}
	r.waits = waits
	return errors.Join(errs...)
}

// look lets the watcher judge what was written, and says what is not as it should be at this moment.
func (r *run) look(ctx context.Context) ([]watcher.Violation, error) {
	if err := r.judge(ctx); err != nil {
		return nil, err
	}
	var left []watcher.Violation
	for _, namespace := range append(plan.Governed(), plan.Ungoverned) {
		scene, err := r.live.Scene(ctx, namespace)
		if err != nil {
			return nil, err
		}
		left = append(left, r.watcher.Unsettled(scene, time.Now())...)
	}
	return left, nil
}

// inFlight is how long after a write another one that came before it may still come to the log.
const inFlight = time.Second

// judge lets the watcher judge what was written, but for the newest.
func (r *run) judge(ctx context.Context) error {
	before, until := len(r.watcher.Violations()), time.Now().Add(-inFlight)
	read, err := r.live.Read(ctx, r.watcher.Options)
	if err != nil {
		return err
	}
	written, err := r.log.Read()
	if err != nil {
		return fmt.Errorf("reading what was written: %w", err)
	}
	r.watcher.Take(slices.Concat(written, r.read, read), until)
	r.read, r.judged = nil, until
	for _, v := range r.watcher.Violations()[before:] {
		r.journal.say("violation: %s", v)
	}
	return nil
}
