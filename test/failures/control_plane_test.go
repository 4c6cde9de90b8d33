// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
)

// The API server is killed and started again. The first pod that it takes is judged as if nothing had been, what is
// cleared heals, and what came meanwhile takes effect.
func TestTheAPIServerIsRestarted(t *testing.T) {
	s := begin(t, managed.alone(t))
	s.serve("good", "web", 2)
	s.serve("doomed", "old", 2)
	s.release("waiting")
	s.must(s.Create(t.Context(), s.pod("before", "waiting")))
	saw := s.watch()

	s.must(s.bed.Kill(localcluster.APIServer))
	restarted := make(chan error, 1)
	go func() { restarted <- s.bed.Restart(t.Context(), localcluster.APIServer) }()
	first := s.pod("first", "waiting")
	s.eventually(func(ctx context.Context) error { return client.IgnoreAlreadyExists(s.Create(ctx, first)) })
	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(first), first))
	if !isHeld(first) {
		t.Error("the first pod that the API server took is not held")
	}
	s.must(<-restarted)
	s.deleteAll("web")
	s.counts("web", 2, 0)
	saw.nothing(t, "waiting")

	s.evaluate("fail", "doomed", 0.9, anHourAgo())
	s.eventually(s.nothingServes("doomed"))
	s.evaluate("pass", "waiting", 0.01, anHourAgo())
	s.counts("before", 1, 0)
	s.counts("first", 1, 0)
	s.serve("later", "later", 1)
	if removed := saw.removedOf("good"); len(removed) != 2 {
		t.Errorf("two pods of the good release were deleted here, and went: %v", removed)
	}
}

// etcd answers in pulses: it stands still for longer than it runs, as on a disk that is far too slow. Everything takes
// longer, and nothing is decided otherwise.
func TestEtcdIsSlow(t *testing.T) {
	s := begin(t, managed.alone(t))
	s.serve("good", "web", 2)
	s.serve("doomed", "old", 2)
	s.release("waiting")
	s.deployment("new", "waiting", 2)
	s.release("never")
	s.must(s.Create(t.Context(), s.pod("never", "never")))
	saw := s.watch()

	quicken := s.slow(localcluster.Etcd, 400*time.Millisecond, 100*time.Millisecond)
	persist := func(do func(context.Context) error) {
		t.Helper()
		s.eventually(func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			return do(ctx)
		})
	}
	persist(func(ctx context.Context) error {
		return s.tryEvaluate(ctx, "fail", "doomed", inspectLog(s.ns+"/fail", 0.9, anHourAgo()))
	})
	persist(func(ctx context.Context) error {
		return s.tryEvaluate(ctx, "pass", "waiting", inspectLog(s.ns+"/pass", 0.01, anHourAgo()))
	})
	held := s.pod("slow", "never")
	persist(func(ctx context.Context) error { return client.IgnoreAlreadyExists(s.Create(ctx, held)) })
	s.eventually(s.nothingServes("doomed"))
	s.counts("new", 2, 0)
	quicken()

	s.must(s.Get(t.Context(), client.ObjectKeyFromObject(held), held))
	if !isHeld(held) {
		t.Error("a pod that was made while etcd was slow is not held")
	}
	s.is("waiting", v1alpha1.ConditionReady, v1alpha1.ReasonReleased)
	saw.nothing(t, "never")
	saw.nothing(t, "good")
	s.serve("later", "later", 1)
}

// slow stops a process again and again, for still of every still+moving, until the function that it returns is called.
func (s *scenario) slow(process string, still, moving time.Duration) (quicken func()) {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	done := make(chan error, 1)
	go func() {
		for ctx.Err() == nil {
			if err := s.bed.Pause(process); err != nil {
				done <- err
				return
			}
			pulse(ctx, still)
			if err := s.bed.Resume(process); err != nil {
				done <- err
				return
			}
			pulse(ctx, moving)
		}
		done <- nil
	}()
	called := false
	quicken = func() {
		if called {
			return
		}
		called = true
		stop()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	}
	s.t.Cleanup(quicken)
	return quicken
}

// pulse is how long one state lasts: the length is what the test is about, and nothing waits for its end.
func pulse(ctx context.Context, length time.Duration) {
	_ = wait.PollUntilContextTimeout(ctx, length, length, false, func(context.Context) (bool, error) { return false, nil })
}
