// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Two replicas are replaced three times under load, one after another and the new one first. failurePolicy is
// Fail for once, so that every failed call fails a request.
func TestARollingUpdateFailsNoCall(t *testing.T) {
	s := begin(t)
	s.failurePolicy(admissionv1.Fail)
	var calls, failures atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	for range 3 {
		load.Go(func() {
			for ctx.Err() == nil {
				err := shared.Client.Create(context.WithoutCancel(ctx), deployment(s.ns, "m1", "General"), client.DryRunAll)
				calls.Add(1)
				if err != nil {
					failures.Add(1)
					t.Errorf("call %d: %v", calls.Load(), err)
				}
			}
		})
	}
	var leaving []*replica
	for range 3 {
		for i := range shared.replicas {
			old := shared.replicas[i]
			r, err := shared.start(shared.certificates, shared.args...)
			s.must(err)
			shared.replicas[i] = r
			s.must(r.awaitReady(t.Context()))
			shared.service.add(r)
			s.must(old.terminate())
			leaving = append(leaving, old)
		}
	}
	for _, old := range leaving {
		s.must(old.ended(t.Context()))
		shared.service.remove(old)
		if code := old.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("a replica ended with %d", code)
		}
	}
	stop()
	load.Wait()
	t.Logf("%d calls during %d replacements, %d failed", calls.Load(), len(leaving), failures.Load())
	if calls.Load() < 100 {
		t.Errorf("only %d calls were made", calls.Load())
	}
}

// failurePolicy changes what becomes of a workload that the webhook does not answer about, until the test ends.
func (s *scenario) failurePolicy(policy admissionv1.FailurePolicyType) {
	s.Helper()
	set := func(ctx context.Context, policy admissionv1.FailurePolicyType) error {
		c, err := shared.configuration(ctx)
		if err != nil {
			return err
		}
		for i := range c.Webhooks {
			c.Webhooks[i].FailurePolicy = &policy
		}
		return shared.Client.Update(ctx, c)
	}
	s.must(set(s.Context(), policy))
	s.Cleanup(func() {
		if err := set(context.WithoutCancel(s.Context()), admissionv1.Ignore); err != nil {
			s.Error(err)
		}
	})
}

// A second signal ends what is about to stop.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	s := &scenario{T: t, client: shared.Client}
	r, err := shared.start(shared.certificates, "--shutdown-delay=10m")
	s.must(err)
	t.Cleanup(r.kill)
	s.must(r.awaitReady(t.Context()))
	s.must(r.terminate())
	s.must(poll(t.Context(), func(ctx context.Context) error {
		if err := r.ready(ctx); err == nil {
			return errors.New("it is still ready")
		}
		return nil
	}))
	select {
	case <-r.done:
		t.Fatal("it stopped before its delay")
	default:
	}
	s.must(r.presents(1))
	s.must(r.terminate())
	s.must(r.ended(t.Context()))
}
