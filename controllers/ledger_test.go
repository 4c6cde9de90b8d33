// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
)

// crowd are so many units of one pod each, named from a first number on.
func crowd(first, n int) [][]types.UID {
	var all [][]types.UID
	for i := range n {
		all = append(all, []types.UID{types.UID(fmt.Sprintf("pod-%d", first+i))})
	}
	return all
}

// request asks a ledger for units at a time.
type request struct {
	policy  string
	after   time.Duration
	percent int32
	serving [][]types.UID
	units   [][]types.UID
	// want are how many may go, and again when more may, from the beginning; 0 where nothing waits.
	want  int
	again time.Duration
}

func TestLedger(t *testing.T) {
	for sentence, requests := range map[string][]request{
		"a part of what serves may go, rounded up": {
			{percent: 10, serving: crowd(0, 15), units: crowd(0, 5), want: 2, again: time.Hour},
		},
		"one may always go": {
			{percent: 1, serving: crowd(0, 3), units: crowd(0, 3), want: 1, again: time.Hour},
			{percent: 1, units: crowd(9, 1), want: 0, again: time.Hour},
		},
		"all may at 100 percent": {
			{percent: 100, serving: crowd(0, 7), units: crowd(0, 7), want: 7},
		},
		"what was taken counts as having served, so the part does not shrink with what serves": {
			{percent: 50, serving: crowd(0, 8), units: crowd(0, 2), want: 2},
			{after: time.Minute, percent: 50, serving: crowd(2, 6), units: crowd(2, 4), want: 2, again: time.Hour},
		},
		"what was taken and serves still is not counted twice": {
			{percent: 50, serving: crowd(0, 4), units: crowd(0, 4), want: 2, again: time.Hour},
			{after: time.Minute, percent: 50, serving: crowd(0, 4), units: crowd(2, 2), want: 0, again: time.Hour},
		},
		"what was asked for already may be asked for again": {
			{percent: 25, serving: crowd(0, 4), units: crowd(0, 2), want: 1, again: time.Hour},
			{after: time.Minute, percent: 25, serving: crowd(0, 4), units: crowd(0, 1), want: 1},
		},
		"the hour slides": {
			{percent: 50, serving: crowd(0, 4), units: crowd(0, 1), want: 1},
			{after: 30 * time.Minute, percent: 50, serving: crowd(1, 3), units: crowd(1, 2), want: 1, again: time.Hour},
			{after: time.Hour - time.Second, percent: 50, serving: crowd(2, 2), units: crowd(2, 1), want: 0, again: time.Hour},
			{after: time.Hour, percent: 50, serving: crowd(2, 2), units: crowd(2, 2), want: 1, again: 90 * time.Minute},
		},
		"policies have a limit each": {
			{policy: "a", percent: 50, serving: crowd(0, 2), units: crowd(0, 2), want: 1, again: time.Hour},
			{policy: "b", percent: 50, serving: crowd(5, 2), units: crowd(5, 2), want: 1, again: time.Hour},
		},
		"several releases share that of their policy": {
			{percent: 50, serving: crowd(0, 4), units: crowd(0, 1), want: 1},
			{percent: 50, serving: crowd(0, 4), units: crowd(2, 2), want: 1, again: time.Hour},
		},
		"a group counts once, and is known by any of its pods": {
			{percent: 50, serving: [][]types.UID{{"a", "b"}, {"c", "d"}}, units: [][]types.UID{{"a", "b"}, {"c"}}, want: 1, again: time.Hour},
			{percent: 50, serving: [][]types.UID{{"c", "d"}}, units: [][]types.UID{{"b"}}, want: 1},
		},
		"nothing is asked for": {{percent: 10, serving: crowd(0, 5)}},
	} {
		t.Run(sentence, func(t *testing.T) {
			var l ledger
			for i, q := range requests {
				may, again := l.take(allowance{policy: q.policy, percent: q.percent, serving: q.serving, now: fixture.Day(0).Add(q.after)}, q.units)
				var got int
				for at, ok := range may {
					if ok {
						got++
					}
					if want := at < q.want; ok != want {
						t.Errorf("request %d: unit %d may go: %v", i, at, ok)
					}
				}
				var want time.Time
				if q.again != 0 {
					want = fixture.Day(0).Add(q.again)
				}
				if got != q.want || !again.Equal(want) {
					t.Errorf("request %d: %d of %d may go, again at %v; want %d, %v", i, got, len(q.units), again, q.want, want)
				}
			}
		})
	}
}

// Whoever asks first gets it, and several at a time get no more than one by one.
func TestLedgerOfSeveralAtATime(t *testing.T) {
	var l ledger
	var went atomic.Int64
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			may, _ := l.take(allowance{policy: "rsp", percent: 25, serving: crowd(0, 40), now: fixture.Day(0)}, crowd(i, 1))
			if may[0] {
				went.Add(1)
			}
		})
	}
	all.Wait()
	if went.Load() != 10 {
		t.Errorf("%d of 40 may go, want a quarter", went.Load())
	}
}

func TestUnitsOfRemovals(t *testing.T) {
	sized := func(name, key string, size int32) enforcement.Pod {
		return enforcement.Pod{Name: name, UID: types.UID(name), Unit: enforcement.Unit{Key: key, Size: size}}
	}
	pods := []enforcement.Pod{sized("a", "g", 2), sized("b", "", 0), sized("c", "g", 2), sized("d", "h", 0), sized("e", "h", 0), sized("f", "", 0), sized("s", "", 0)}
	removals := []enforcement.Removal{}
	for _, pod := range pods {
		removal := enforcement.Removal{PodRef: enforcement.PodRef{Name: pod.Name, UID: pod.UID}, Reason: "AdverseFinding"}
		removal.Unlimited = pod.Name == "f"
		if pod.Name == "s" {
			removal.Reason = "Superseded"
		}
		removals = append(removals, removal)
	}
	units, of := unitsOf(pods, removals)
	if diff := cmp.Diff([][]types.UID{{"a", "c"}, {"b"}, {"d"}, {"e"}}, units); diff != "" {
		t.Errorf("units (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[types.UID]int{"a": 0, "c": 0, "b": 1, "d": 2, "e": 3}, of); diff != "" {
		t.Errorf("unit of each pod (-want +got):\n%s", diff)
	}
}
