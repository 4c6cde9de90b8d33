// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheSameSeedMakesTheSamePlan(t *testing.T) {
	for seed := range uint64(20) {
		o := Options{Seed: seed, Kills: 60}
		if diff := cmp.Diff(Make(o), Make(o)); diff != "" {
			t.Fatal(diff)
		}
	}
	if cmp.Equal(Make(Options{Seed: 1, Kills: 20}), Make(Options{Seed: 2, Kills: 20})) {
		t.Error("two seeds make one plan")
	}
}

func TestAPlanKillsAsManyAsAsked(t *testing.T) {
	for _, kills := range []int{1, 15, 20, 21, 200} {
		for _, short := range []bool{false, true} {
			p := Make(Options{Seed: 7, Kills: kills, Short: short})
			if p.Kills() != kills {
				t.Errorf("%d kills, want %d", p.Kills(), kills)
			}
			if want := (kills + killsPerRound - 1) / killsPerRound; len(p.Rounds) != want {
				t.Errorf("%d kills make %d rounds, want %d", kills, len(p.Rounds), want)
			}
		}
	}
}

func TestAFullPlanHasEverything(t *testing.T) {
	processes, several, acts, kinds := map[string]bool{}, map[int]bool{}, map[Act]bool{}, map[Kind]bool{}
	for _, round := range Make(Options{Seed: 1, Kills: 200}).Rounds {
		for _, d := range round.Disturbances {
			acts[d.Act], several[len(d.Targets)] = true, true
			for _, name := range d.Targets {
				processes[name] = true
			}
			slices.Sort(d.Targets)
			if len(slices.Compact(slices.Clone(d.Targets))) != len(d.Targets) {
				t.Errorf("%v names a process twice", d)
			}
		}
		for _, change := range round.Transitions {
			kinds[change.Kind] = true
		}
	}
	if len(processes) != len(Processes()) || !several[1] || !several[2] || !several[len(Processes())] || len(acts) != 2 {
		t.Errorf("processes %v, so many at once %v, acts %v", processes, several, acts)
	}
	if len(kinds) != 12 {
		t.Errorf("only these transitions: %v", kinds)
	}
}

func TestTheShortPlanKillsEveryProcess(t *testing.T) {
	killed := map[string]bool{}
	for _, d := range Make(Options{Seed: 1, Kills: 15, Short: true}).Rounds[0].Disturbances {
		for _, name := range d.Targets {
			killed[name] = killed[name] || d.Act == Kill
		}
	}
	for _, name := range Processes() {
		if !killed[name] {
			t.Errorf("%s is not killed", name)
		}
	}
}

func TestTransitionsAreAboutWhatExists(t *testing.T) {
	for seed := range uint64(200) {
		made, failing := map[string]bool{}, map[string]string{}
		last := 0
		for _, round := range Make(Options{Seed: seed, Kills: 40}).Rounds {
			for _, change := range round.Transitions {
				last++
				of, release := change.Namespace+"/"+change.Of, change.Namespace+"/"+change.Release
				if change.Index != last {
					t.Fatalf("transition %d has the index %d", last, change.Index)
				}
				if change.Of != "" && !made[of] {
					t.Errorf("seed %d: %v is about what does not exist", seed, change)
				}
				if change.Release != "" {
					made[change.Namespace+"/"+change.Evaluation()] = true
				}
				if change.Kind == Resolve && failing[release] != change.Of {
					t.Errorf("seed %d: %v resolves what does not stand", seed, change)
				}
				if change.Kind == Fail && failing[release] != "" {
					t.Errorf("seed %d: %v while another failure stands", seed, change)
				}
				if change.Kind == Fail || change.Kind == Resolve {
					failing[release] = map[Kind]string{Fail: change.Evaluation()}[change.Kind]
				}
			}
		}
	}
}
