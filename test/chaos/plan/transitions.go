// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Kind is a kind of transition.
type Kind string

// The kinds of transition.
const (
	// Open brings a passing result that is valid for long.
	Open Kind = "open"
	// Brief brings a passing result that ends after Life.
	Brief Kind = "brief"
	// Doubt brings a result that neither clears nor fails.
	Doubt Kind = "doubt"
	// Fail brings a failing result.
	Fail Kind = "fail"
	// Resolve brings a later passing result, and names it in the finding of the failing result Of.
	Resolve Kind = "resolve"
	// RevokeEvaluation revokes the evaluation Of.
	RevokeEvaluation Kind = "revoke-evaluation"
	// RevokeRelease revokes the release, or raises the severity.
	RevokeRelease Kind = "revoke-release"
	// Reinstate takes the revocation of the release back.
	Reinstate Kind = "reinstate"
	// Scale sets the replicas of a workload to Number.
	Scale Kind = "scale"
	// Rollout gives the template of a workload another label.
	Rollout Kind = "rollout"
	// Ceiling sets the ceiling of the namespace's policy to Number; 0 takes it away.
	Ceiling Kind = "ceiling"
	// DeletePod deletes one of the pods of a workload: that of index Number, modulo how many there are.
	DeletePod Kind = "delete-pod"
)

// Transition is one change in the cluster.
type Transition struct {
	// Index counts the transitions of a plan from 1.
	Index int
	Kind  Kind
	// After is how long it waits after the one before.
	After     time.Duration
	Namespace string
	// Release that it is about; empty where it is about a workload or a policy.
	Release string
	// Workload that it is about.
	Workload string
	// Of is the name of an evaluation that exists.
	Of       string
	Severity v1alpha1.RevocationSeverity
	Number   int32
	// Life is how long a Brief result counts.
	Life time.Duration
}

// Evaluation is the name of the evaluation that the transition makes.
func (t Transition) Evaluation() string {
	return fmt.Sprintf("%s-%s-%d", t.Release, t.Kind, t.Index)
}

// String says what changes.
func (t Transition) String() string {
	text := []string{strconv.Itoa(t.Index), string(t.Kind), t.Namespace}
	for _, part := range []string{t.Release, t.Workload, t.Of, string(t.Severity)} {
		if part != "" {
			text = append(text, part)
		}
	}
	if t.Life > 0 {
		text = append(text, t.Life.String())
	}
	if t.Workload != "" || t.Kind == Ceiling {
		text = append(text, strconv.Itoa(int(t.Number)))
	}
	return strings.Join(text, " ")
}

// The namespaces.
const (
	// Ungoverned is the one that no gate governs.
	Ungoverned = "west"
)

// Governed are the namespaces that are governed. Each has a policy of its own name.
func Governed() []string { return []string{"north", "east", "south"} }

// Releases of every governed namespace.
func Releases() []string { return []string{"m1", "m2"} }

// Workload is a workload of every namespace.
type Workload struct {
	Name, Release string
	// Stateful: a StatefulSet, and else a Deployment.
	Stateful bool
}

// Workloads of every namespace. Those of the ungoverned one claim the same releases, which do not exist there.
func Workloads() []Workload {
	return []Workload{
		{Name: "web", Release: "m1"}, {Name: "api", Release: "m1"},
		{Name: "chat", Release: "m2"}, {Name: "set", Release: "m2", Stateful: true},
	}
}

// Replicas are the replicas of each workload at the beginning.
const Replicas = 2

// largest is more than any workload has replicas, and than any ceiling allows.
const largest = 6

// evidence is what the plan knows of the evidence about one release, so that it asks for nothing impossible.
type evidence struct {
	namespace, release string
	// passes are passing results of long validity that may be revoked.
	passes []string
	// failing is the evaluation whose finding stands.
	failing string
	// shadowed: a result that cannot be revoked is later than any brief one could be.
	shadowed bool
	revoked  v1alpha1.RevocationSeverity
}

type world struct {
	rand     *rand.Rand
	short    bool
	made     int
	releases []*evidence
}

func newWorld(r *rand.Rand, short bool) *world {
	w := &world{rand: r, short: short}
	for _, namespace := range Governed() {
		for _, release := range Releases() {
			w.releases = append(w.releases, &evidence{namespace: namespace, release: release})
		}
	}
	return w
}

// next is one more transition. The first ones open every release.
func (w *world) next() Transition {
	t := Transition{Index: w.made + 1, After: between(w.rand, 100, 1500)}
	if w.short {
		t.After = between(w.rand, 50, 700)
	}
	w.made++
	switch {
	case w.made <= len(w.releases):
		w.evidence(&t, w.releases[w.made-1], Open)
	case w.rand.IntN(2) == 0:
		w.evidence(&t, w.releases[w.rand.IntN(len(w.releases))], "")
	default:
		w.workload(&t)
	}
	return t
}

// workload changes what is asked for.
func (w *world) workload(t *Transition) {
	namespaces := append(Governed(), Ungoverned)
	t.Namespace = namespaces[w.rand.IntN(len(namespaces))]
	t.Kind = []Kind{Scale, Scale, Rollout, Rollout, DeletePod, DeletePod, DeletePod, Ceiling, Ceiling}[w.rand.IntN(9)]
	if t.Kind == Ceiling && t.Namespace == Ungoverned {
		t.Kind = Scale
	}
	if t.Kind == Ceiling {
		t.Number = int32(w.rand.IntN(largest))
		return
	}
	workloads := Workloads()
	t.Workload = workloads[w.rand.IntN(len(workloads))].Name
	if t.Number = int32(t.Index); t.Kind != Rollout {
		t.Number = int32(w.rand.IntN(100))
	}
	if t.Kind == Scale {
		t.Number %= largest
	}
}

// evidence changes what is known about a release; kind may be empty.
func (w *world) evidence(t *Transition, e *evidence, kind Kind) {
	t.Namespace, t.Release = e.namespace, e.release
	if kind == "" {
		kinds := e.possible()
		kind = kinds[w.rand.IntN(len(kinds))]
	}
	t.Kind = kind
	switch kind {
	case Open:
		e.passes = append(e.passes, t.Evaluation())
	case Brief:
		t.Life = between(w.rand, 4000, 15_000)
	case Doubt:
		e.passes, e.shadowed = nil, true
	case Fail:
		e.passes, e.shadowed, e.failing = nil, true, t.Evaluation()
	case Resolve:
		t.Of, e.failing = e.failing, ""
	case RevokeEvaluation:
		t.Of, t.Severity = e.passes[len(e.passes)-1], w.severity()
		e.passes = e.passes[:len(e.passes)-1]
	case RevokeRelease:
		t.Severity = v1alpha1.RevocationCritical
		if e.revoked == "" {
			t.Severity = w.severity()
		}
		e.revoked = t.Severity
	case Reinstate:
		e.revoked = ""
	case Scale, Rollout, Ceiling, DeletePod:
	}
}

func (w *world) severity() v1alpha1.RevocationSeverity {
	if w.rand.IntN(2) == 0 {
		return v1alpha1.RevocationAdvisory
	}
	return v1alpha1.RevocationCritical
}

// possible are the kinds of transition that mean something now, each as often as it is likely.
func (e *evidence) possible() []Kind {
	all := []Kind{Open}
	if len(e.passes) == 0 {
		all = append(all, Open, Open)
		if !e.shadowed {
			all = append(all, Brief, Brief, Brief)
		}
	} else {
		all = append(all, RevokeEvaluation, RevokeEvaluation)
	}
	if e.failing == "" {
		all = append(all, Fail, Doubt)
	} else {
		all = append(all, Resolve, Resolve, Resolve, Resolve)
	}
	switch e.revoked {
	case "":
		all = append(all, RevokeRelease)
	case v1alpha1.RevocationAdvisory:
		all = append(all, RevokeRelease, Reinstate, Reinstate, Reinstate)
	case v1alpha1.RevocationCritical:
		all = append(all, Reinstate, Reinstate, Reinstate, Reinstate)
	}
	return all
}
