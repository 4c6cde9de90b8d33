// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"testing"
	"time"
)

// A write that the API server stored while it was killed is not in its log.
func TestWhatTheLogLostIsReadLater(t *testing.T) {
	lost := func(s *story) Event {
		e := s.events[len(s.events)-1]
		s.events = s.events[:len(s.events)-1]
		return Event{Answered: s.now, Verb: VerbRead, Resource: e.Resource, Namespace: e.Namespace, Name: e.Name, RV: e.RV, Object: e.Object}
	}
	judged(t, map[string]chapter{
		"a clearance, and a pod that was born under it": {tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			read := lost(s)
			s.born("a", false)
			s.events = append(s.events, read)
		}},
		"a gate that was lifted": {tell: func(s *story) {
			s.pass("good")
			s.open("a")
			s.events = append(s.events, lost(s))
		}},
		"a gate that was lifted, as a write of the kubelet shows": {tell: func(s *story) {
			s.pass("good")
			s.open("a")
			lost(s)
			s.write("kubelet", "patch", "pods", s.pods["a"]).Subresource = "status"
		}},
		"a gate that was lifted without evidence, as a write of the kubelet shows": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.open("a")
			lost(s)
			s.write("kubelet", "patch", "pods", s.pods["a"]).Subresource = "status"
		}},
		"a gate that was lifted without evidence": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.open("a")
			s.events = append(s.events, lost(s))
		}},
		"a gate that was lifted long after the result failed": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.fail()
			s.wait(20 * time.Second)
			s.open("a")
			s.events = append(s.events, lost(s))
		}},
		"a pod that was born free without a clearance or evidence": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.born("a", false)
			s.events = append(s.events, lost(s))
		}},
		"a pod that is gone makes room": {tell: func(s *story) {
			s.pass("good")
			s.ceiling(1)
			s.open("a")
			s.rv++
			s.events = append(s.events, Event{Answered: s.now, Verb: VerbList, Resource: "pods", Namespace: "lab", RV: uint64(s.rv)})
			s.open("b")
		}},
	})
}

func TestTheBoundCountsOnlyWhileNobodyIsStopped(t *testing.T) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	for name, row := range map[string]struct {
		stopped       [][2]int
		t             int
		before, after int
	}{
		"nobody was stopped":                {nil, 100, 95, 105},
		"stopped long before and after":     {[][2]int{{10, 20}, {200, 210}}, 100, 95, 105},
		"stopped until a moment before":     {[][2]int{{80, 98}}, 100, 77, 105},
		"stopped meanwhile":                 {[][2]int{{90, 110}}, 100, 85, 115},
		"stopped twice, with calm between":  {[][2]int{{80, 90}, {92, 98}}, 100, 79, 105},
		"stopped by several at once":        {[][2]int{{90, 96}, {92, 99}, {93, 94}}, 100, 86, 105},
		"stopped a moment later, and again": {[][2]int{{101, 103}, {104, 110}}, 100, 95, 113},
	} {
		t.Run(name, func(t *testing.T) {
			w := New(Options{Bound: 5 * time.Second})
			for _, s := range row.stopped {
				w.Stopped(at(s[0]), at(s[1]))
			}
			if got := w.before(at(row.t)); !got.Equal(at(row.before)) {
				t.Errorf("before: %s, want %s", got, at(row.before))
			}
			if got := w.after(at(row.t)); !got.Equal(at(row.after)) {
				t.Errorf("after: %s, want %s", got, at(row.after))
			}
		})
	}
}
