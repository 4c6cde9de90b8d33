// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"sync"
	"time"

	"github.com/scalegate/scalegate/internal/guards"
)

// state is what the canary knows. Reconcilers ask for it while the canary looks.
type state struct {
	mu      sync.Mutex
	verdict guards.Verdict
	// since is when the verdict's reason was reached.
	since time.Time
	// seen is when the guards were last seen in place; zero for never.
	seen time.Time
	// settles is until when an ineffective guard is not told of.
	settles time.Time
}

func (s *state) set(v guards.Verdict, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.Reason != s.verdict.Reason {
		s.since = now
	}
	s.verdict = v
	if v.InPlace() {
		s.seen = now
	}
}

// get returns the verdict, and since when its reason stands.
func (s *state) get() (guards.Verdict, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.verdict, s.since
}

func (s *state) settle(until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settles = until
}

func (s *state) isSettling(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	// Guards that were last seen in place settle nothing: one that stops to act is told of at once.
	return now.Before(s.settles) && !s.verdict.InPlace()
}

func (s *state) seenWithin(d time.Duration, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.seen.IsZero() && now.Sub(s.seen) <= d
}

// everSeen is true once the guards were seen in place.
func (s *state) everSeen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.seen.IsZero()
}
