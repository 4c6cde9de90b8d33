// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// requests are what a transition asks of the API server: how often it reads live, and what it writes.
type requests struct {
	reads  int
	writes string
}

// asked are the requests since the last time, events aside: the writes by verb and kind, in the order in which they began.
func (c *cluster) asked() requests {
	var order []string
	counts := map[string]int{}
	for _, line := range c.all {
		words := strings.Fields(line)
		if words[0] == "event" {
			continue
		}
		what := strings.Join(words[:len(words)-1], " ")
		if counts[what]++; counts[what] == 1 {
			order = append(order, what)
		}
	}
	for i, what := range order {
		order[i] = fmt.Sprintf("%d %s", counts[what], what)
	}
	got := requests{len(c.reads), strings.Join(order, ", ")}
	c.all, c.reads = nil, nil
	return got
}

// events are how many events were told since the last time.
func (c *cluster) events() int {
	told := len(c.notes)
	c.notes = nil
	return told
}

// waitingPods is a namespace in which so many pods of one ReplicaSet wait for their release.
func waitingPods(n int, evidence ...client.Object) []client.Object {
	all := append([]client.Object{governed(v1alpha1.GateEnforced), demanding(), release(), replicaSet()}, evidence...)
	for i := range n {
		all = append(all, running(waits, renamed(fmt.Sprintf("p%d", i))))
	}
	return all
}

// What a transition costs the API server is its pods, and a number that does not grow with anything. The numbers do not
// depend on the machine: one that grows is a change that somebody wants to know of.
func TestATransitionAsksNoMoreOfTheAPIServerThanItMust(t *testing.T) {
	for name, test := range map[string]struct {
		objects func(pods int) []client.Object
		// change is what happens after the first look; nil: the first look is what is measured.
		change func(*cluster)
		// reads are the most, however many pods there are.
		reads int
		// writes has the number of pods in the place of N.
		writes string
		// events are the most, however many pods there are.
		events int
	}{
		"pods begin to wait": {
			objects: func(n int) []client.Object { return waitingPods(n) },
			reads:   12, writes: "1 create GateDecision, 1 apply ModelRelease, 1 patch status of GateDecision, N note Pod", events: 2,
		},
		"the first grant": {
			objects: func(n int) []client.Object { return waitingPods(n) },
			change:  func(c *cluster) { c.put(result("0.1")) },
			reads:   14,
			writes:  "1 create GateDecision, 1 patch Namespace, N patch Pod, 1 apply ModelRelease", events: 2,
		},
		"pods are born free, or open": {
			objects: func(n int) []client.Object { return servedPods(n) },
			reads:   13, writes: "1 create GateDecision, 1 apply ModelRelease, 1 patch status of GateDecision", events: 2,
		},
		"a critical revocation": {
			objects: servedPods,
			change: func(c *cluster) {
				c.edit(release(), func(r *v1alpha1.ModelRelease) {
					r.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationCritical, Reason: "x"}
				})
			},
			reads:  15,
			writes: "1 patch Namespace, N delete Pod, 1 create GateDecision, 1 apply ModelRelease", events: 4,
		},
		"nothing": {objects: servedPods, change: func(*cluster) {}},
		"another result of the same kind": {
			objects: servedPods,
			change: func(c *cluster) {
				e := result("0.1")
				e.Name, e.UID = "e0", "e0"
				c.put(e)
			},
			reads: 12, writes: "1 create GateDecision, 1 apply ModelRelease, 1 patch status of GateDecision",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pods := range []int{1, readOneByOne + 1, 60} {
				c := newCluster(t, test.objects(pods)...)
				if test.change != nil {
					c.mustReconcile()
					c.mustReconcile()
					c.asked()
					c.events()
					test.change(c)
				}
				c.mustReconcile()
				got := c.asked()
				if got.reads > test.reads {
					t.Errorf("with %d pods: %d live reads, want at most %d", pods, got.reads, test.reads)
				}
				if want := strings.ReplaceAll(test.writes, "N ", fmt.Sprintf("%d ", pods)); got.writes != want {
					t.Errorf("with %d pods: writes %q, want %q", pods, got.writes, want)
				}
				if told := c.events(); pods > announcedEach && told > test.events {
					t.Errorf("with %d pods: %d events, want at most %d", pods, told, test.events)
				}
				c.mustReconcile()
				c.mustReconcile()
				c.asked()
				c.mustReconcile()
				if rest := c.asked(); rest != (requests{}) {
					t.Errorf("with %d pods, afterwards: %+v, want nothing", pods, rest)
				}
			}
		})
	}
}

// servedPods is a namespace in which so many pods of one ReplicaSet serve.
func servedPods(n int) []client.Object {
	all := []client.Object{
		governed(v1alpha1.GateEnforced, clearance.Key("m1"), standing().String()), demanding(), release(), result("0.1"), replicaSet(),
	}
	for i := range n {
		all = append(all, running(renamed(fmt.Sprintf("p%d", i))))
	}
	return all
}

// put adds an object to the API server.
func (c *cluster) put(o client.Object) {
	c.t.Helper()
	o = copied(c.t, o)
	o.SetGeneration(1)
	if err := c.api.Create(c.t.Context(), o); err != nil {
		c.t.Fatal(err)
	}
}

// edit changes a release at the API server.
func (c *cluster) edit(r *v1alpha1.ModelRelease, change func(*v1alpha1.ModelRelease)) {
	c.t.Helper()
	r = read(c, r)
	change(r)
	r.Generation++
	if err := c.api.Update(c.t.Context(), r); err != nil {
		c.t.Fatal(err)
	}
}
