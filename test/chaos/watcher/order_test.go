// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// again adds the answer to a request that changed nothing: the object is as it was, and so is its resourceVersion.
func (s *story) again(e Event) {
	s.now = s.now.Add(time.Second)
	e.Received, e.Answered = s.now.Add(-10*time.Millisecond), s.now
	s.events = append(s.events, e)
}

// last is the write before.
func (s *story) last() Event { return s.events[len(s.events)-1] }

// A request that changes nothing is answered late with the resourceVersion of an older write.
func TestARequestThatChangesNothing(t *testing.T) {
	judged(t, map[string]chapter{
		"evidence that came, ended and came again before it": {tell: func(s *story) {
			s.pass("first")
			s.ceiling(4)
			ceiling := s.last()
			s.revoke("first", v1alpha1.RevocationCritical)
			s.brief(12 * time.Second)
			s.clear(8*time.Second, set)
			s.open("a")
			s.wait(10 * time.Second)
			s.withdraw()
			s.wait(20 * time.Second)
			s.result("second", 0.01, 30*day-12*time.Second)
			s.clear(8*time.Second, set)
			s.open("b")
			s.wait(30 * time.Second)
			s.again(ceiling)
		}},
		"a clearance that outlasted its evidence by far before it": {want: []string{ClearedAgainstEvidence}, tell: func(s *story) {
			s.pass("good")
			s.ceiling(4)
			ceiling := s.last()
			s.fail()
			s.wait(20 * time.Second)
			s.clear(time.Hour, set)
			s.again(ceiling)
		}},
		"a clearance that was withdrawn, as it was before": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			clearance := s.last()
			s.fail()
			s.withdraw()
			s.wait(20 * time.Second)
			s.seen()
			s.again(clearance)
			s.born("a", false)
		}},
		"Scalegate's in a namespace that it does not govern": {want: []string{UngovernedTouched}, tell: func(s *story) {
			p := s.born("a", false)
			p.Namespace = "wild"
			s.events[len(s.events)-1] = *s.write(replicas, "patch", "pods", p)
			s.events = s.events[:len(s.events)-1]
			e := s.last()
			e.User = scalegate
			s.again(e)
		}},
	})
}

// A write that was stored while the API server was killed is made again by a client, and answered much later.
func TestARequestThatIsMadeAgain(t *testing.T) {
	judged(t, map[string]chapter{
		"evidence came and ended before the answer": {tell: func(s *story) {
			s.pass("first")
			s.revoke("first", v1alpha1.RevocationCritical)
			s.wait(20 * time.Second)
			s.ceiling(4)
			ceiling := s.last()
			s.events = s.events[:len(s.events)-1]
			s.brief(12 * time.Second)
			s.clear(8*time.Second, set)
			s.open("a")
			s.wait(30 * time.Second)
			s.again(ceiling)
		}},
	})
}

func TestWhatIsTooNewIsJudgedLater(t *testing.T) {
	s := tell(t)
	s.pass("good")
	s.ceiling(1)
	s.wait(10 * time.Second)
	s.open("a")
	calm := s.now
	s.remove(person, "a")
	removal := s.last()
	s.events = s.events[:len(s.events)-1]
	s.open("b")
	s.w.Take(s.events, calm)
	// The line of the removal comes late.
	s.w.Take([]Event{removal}, s.now)
	if all := s.w.Violations(); len(all) > 0 {
		t.Errorf("seen: %v", all)
	}
	if n := s.w.count("lab", "m1", (*pod).serves); n != 1 {
		t.Errorf("%d pods serve, want 1", n)
	}
}
