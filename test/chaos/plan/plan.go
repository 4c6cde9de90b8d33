// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan says what happens in a run of chaos: which processes are killed or stopped, and what changes in the
// cluster meanwhile. All of it comes from a seed and nothing else.
package plan

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/scalegate/scalegate/hack/localcluster"
)

// The replicas of the manager, as processes.
const (
	ManagerA = "scalegate-manager-a"
	ManagerB = "scalegate-manager-b"
)

// Processes are all that are killed and stopped, in the order in which they need each other.
func Processes() []string {
	return []string{
		localcluster.Etcd, localcluster.APIServer, localcluster.ControllerManager, localcluster.Scheduler,
		localcluster.Kwok, ManagerA, ManagerB,
	}
}

// Options are the choices for a plan.
type Options struct {
	// Seed decides everything that happens.
	Seed uint64
	// Kills is how many processes are killed; at least 1.
	Kills int
	// Short keeps everything brief, so that a run fits into continuous integration.
	Short bool
}

// Plan is what happens, round by round. After each round everything runs again and has to settle.
type Plan struct {
	Rounds []Round
}

// Round is what happens at the same time: the disturbances one after another, and beside them the transitions.
type Round struct {
	Disturbances []Disturbance
	Transitions  []Transition
}

// Act is what is done to processes.
type Act string

// The acts.
const (
	// Kill sends SIGKILL, and starts the processes again later.
	Kill Act = "kill"
	// Pause sends SIGSTOP, and SIGCONT later.
	Pause Act = "pause"
)

// Disturbance is one thing done to some processes at once.
type Disturbance struct {
	Act     Act
	Targets []string
	// For is how long they are gone or stopped, and Then how long they have until the next disturbance.
	For, Then time.Duration
}

// String says what is done to which processes, and for how long.
func (d Disturbance) String() string {
	return fmt.Sprintf("%s %s for %s, then wait %s", d.Act, strings.Join(d.Targets, ", "), d.For, d.Then)
}

// killsPerRound is after how many kills everything has to settle.
const killsPerRound = 20

// Make makes the plan. The same options make the same plan.
func Make(o Options) Plan {
	processes := rand.New(rand.NewPCG(o.Seed, 1))
	changes := newWorld(rand.New(rand.NewPCG(o.Seed, 2)), o.Short)
	var p Plan
	for left := o.Kills; left > 0; {
		kills := min(left, killsPerRound)
		left -= kills
		round := Round{Disturbances: disturbances(processes, kills, o.Short)}
		for range transitionsFor(round.Disturbances, o.Short) {
			round.Transitions = append(round.Transitions, changes.next())
		}
		p.Rounds = append(p.Rounds, round)
	}
	return p
}

// Kills is how many processes the plan kills.
func (p Plan) Kills() int {
	n := 0
	for _, round := range p.Rounds {
		for _, d := range round.Disturbances {
			if d.Act == Kill {
				n += len(d.Targets)
			}
		}
	}
	return n
}

// Transitions is how many there are.
func (p Plan) Transitions() int {
	n := 0
	for _, round := range p.Rounds {
		n += len(round.Transitions)
	}
	return n
}

// transitionsFor is how many transitions take about as long as the disturbances. In a short run the first ones open
// everything, and there must be some left.
func transitionsFor(all []Disturbance, short bool) int {
	if short {
		return 3 * len(all)
	}
	return 6 * len(all)
}

// disturbances kill so many processes.
func disturbances(r *rand.Rand, kills int, short bool) []Disturbance {
	var all []Disturbance
	for kills > 0 {
		d := Disturbance{Act: Kill, Then: between(r, 300, 2500)}
		if short {
			d.Then = between(r, 100, 1200)
		}
		if r.IntN(4) == 0 {
			d.Act = Pause
		}
		d.Targets = targets(r)
		if d.Act == Kill {
			d.Targets = d.Targets[:min(len(d.Targets), kills)]
			kills -= len(d.Targets)
		}
		d.For = lasts(r, d.Act, short)
		all = append(all, d)
	}
	return all
}

// targets are one process or several, now and then all.
func targets(r *rand.Rand) []string {
	all := Processes()
	n := 1
	switch roll := r.IntN(100); {
	case roll < 65:
	case roll < 85:
		n = 2
	case roll < 95:
		n = 3
	default:
		n = len(all)
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:n]
}

// lasts is how long a disturbance takes: now and then longer than the lease of the leader.
func lasts(r *rand.Rand, act Act, short bool) time.Duration {
	switch {
	case short:
		return between(r, 0, 1200)
	case r.IntN(12) == 0:
		return between(r, 16_000, 22_000)
	case act == Pause:
		return between(r, 300, 5000)
	}
	return between(r, 0, 3000)
}

func between(r *rand.Rand, low, high int) time.Duration {
	return time.Duration(low+r.IntN(high-low)) * time.Millisecond
}

// Print writes the plan, a line for each thing that happens.
func (p Plan) Print(out io.Writer) {
	for i, round := range p.Rounds {
		fmt.Fprintf(out, "round %d\n", i+1)
		for _, d := range round.Disturbances {
			fmt.Fprintf(out, "  %s\n", d)
		}
		for _, t := range round.Transitions {
			fmt.Fprintf(out, "  %s, %s after the one before\n", t, t.After)
		}
	}
}
