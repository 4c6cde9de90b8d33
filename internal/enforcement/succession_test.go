// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"fmt"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
)

// surging is a Deployment of some pods, which may have so many more while it rolls out.
func surging(pods, surge int32) func(*enforcement.Parent) {
	return func(p *enforcement.Parent) { p.Pods, p.Surge = &pods, surge }
}

// numbered gives a ReplicaSet the number that its Deployment has for it.
func numbered(n int64) func(*enforcement.ReplicaSet) {
	return func(r *enforcement.ReplicaSet) { r.Revision = n }
}

// rollsOut is the Deployment name of 2 pods with the ReplicaSets name-1 and name-2, of which the second is current.
func rollsOut(name string, modifiers ...func(*enforcement.Parent)) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		deployment(name, "Evaluation", unexamined, append([]func(*enforcement.Parent){surging(2, 1)}, modifiers...)...)(s)
		for i := range 2 {
			set := fmt.Sprintf("%s-%d", name, i+1)
			replicaSet(set, "Evaluation", matching, numbered(int64(i+1)))(s)
			within(set, "Deployment", name)(s)
		}
	}
}

func TestSuccessorsAboveTheCeiling(t *testing.T) {
	older := func(n int) func(*enforcement.Scene) { return several("ReplicaSet", "d-1", n) }
	newer := func(n int, modifiers ...func(*enforcement.Pod)) func(*enforcement.Scene) {
		return several("ReplicaSet", "d-2", n, modifiers...)
	}
	paused := func(p *enforcement.Parent) { p.Paused = true }
	for sentence, test := range map[string]opening{
		"a rollout at the ceiling gets its surge": {scene(rollsOut("d"), older(2), newer(2, held)), []string{"d-20"}},
		"and no more while it has it":             {scene(rollsOut("d"), older(2), newer(1), pod("d-29", "Evaluation", matching, held, owned("ReplicaSet", "d-2"))), nil},
		"an older pod that went makes room for the next": {
			scene(rollsOut("d"), older(1), newer(1), pod("d-29", "Evaluation", matching, held, owned("ReplicaSet", "d-2"))), []string{"d-29"},
		},
		"a larger surge is as many":                           {scene(rollsOut("d", surging(2, 2)), older(2), newer(3, held)), []string{"d-20", "d-21"}},
		"but no more than there are older pods that serve":    {scene(rollsOut("d", surging(1, 9)), older(1), several("Job", "j", 1), newer(3, held)), []string{"d-20"}},
		"an older pod that is held or gone is nobody's cover": {scene(rollsOut("d"), several("Job", "j", 2), several("ReplicaSet", "d-1", 1, held), several("ReplicaSet", "d-1", 1, gone), newer(1, held)), nil},
		"without older pods it is no rollout":                 {scene(rollsOut("d"), newer(2), pod("d-29", "Evaluation", matching, held, owned("ReplicaSet", "d-2"))), nil},
		"an older one that is held gets nothing above":        {scene(rollsOut("d"), older(2), pod("d-19", "Evaluation", matching, held, owned("ReplicaSet", "d-1"))), nil},
		"one that differs gets nothing":                       {scene(rollsOut("d"), older(2), pod("d-29", "Evaluation", differing, held, owned("ReplicaSet", "d-2"))), nil},
		"one that deletes first gets nothing":                 {scene(rollsOut("d", surging(2, 0)), older(2), newer(1, held)), nil},
		"one that is paused gets nothing":                     {scene(rollsOut("d", paused), older(2), newer(1, held)), nil},
		"one that is held gets nothing":                       {scene(rollsOut("d", marked(v1alpha1.HeldResume)), older(2), newer(1, held)), nil},
		"a way back is a rollout too":                         {scene(rollsOut("d"), func(s *enforcement.Scene) { s.ReplicaSets[0].Revision = 3 }, several("ReplicaSet", "d-2", 2), several("ReplicaSet", "d-1", 1, held)), []string{"d-10"}},
		"without numbers nobody knows who succeeds":           {scene(rollsOut("d"), func(s *enforcement.Scene) { s.ReplicaSets[0].Revision, s.ReplicaSets[1].Revision = 0, 0 }, older(2), newer(1, held)), nil},
		"with the same number twice neither":                  {scene(rollsOut("d"), func(s *enforcement.Scene) { s.ReplicaSets[0].Revision = 2 }, older(2), newer(1, held)), nil},
		"a Deployment that claims another release has none":   {scene(rollsOut("d"), func(s *enforcement.Scene) { s.Parents = nil }, older(2), newer(1, held)), nil},
		"older pods of another exposure are nobody's cover":   {scene(rollsOut("d"), several("Job", "j", 2), pod("x", "Internal", matching, owned("ReplicaSet", "d-1")), newer(1, held)), nil},
		"what other Deployments have covers nothing":          {scene(rollsOut("d"), several("ReplicaSet", "e-1", 2), newer(1, held)), nil},
		"two that roll out have a surge each":                 {scene(rollsOut("d", surging(1, 1)), rollsOut("e", surging(1, 1)), older(1), newer(2, held), several("ReplicaSet", "e-1", 1), several("ReplicaSet", "e-2", 2, held)), []string{"d-20", "e-20"}},
		"one does not take the surge of another": {
			scene(rollsOut("d", surging(1, 1)), rollsOut("e", surging(1, 1)), older(1), newer(1), several("ReplicaSet", "e-1", 1),
				pod("d-29", "Evaluation", matching, held, owned("ReplicaSet", "d-2"))), nil,
		},
		"nor when it took a free place just before": {
			scene(allowing(3), rollsOut("d"), rollsOut("e"), older(1), several("ReplicaSet", "e-1", 1), newer(3, held)), []string{"d-20", "d-21"},
		},
		"one that has fewer places than it asks for has no larger surge": {
			scene(allowing(4), rollsOut("d", surging(4, 1)), several("Job", "j", 3), older(1), newer(1),
				pod("d-29", "Evaluation", matching, held, owned("ReplicaSet", "d-2"))), nil,
		},
		"one that has fewer places than it asks for has no surge of one that is paused": {
			scene(allowing(4), rollsOut("d", surging(4, 1)), rollsOut("e", surging(2, 2), paused), older(1), newer(3, held), several("Job", "j", 1),
				several("ReplicaSet", "e-1", 2)), []string{"d-20"},
		},
		"a free place that it takes counts": {scene(allowing(3), rollsOut("d"), older(2), newer(3, held)), []string{"d-20"}},
		"the oldest successor comes first": {
			scene(rollsOut("d"), older(2), pod("d-21", "Evaluation", matching, held, made(fixture.Day(9)), owned("ReplicaSet", "d-2")),
				pod("d-22", "Evaluation", matching, held, made(fixture.Day(8)), owned("ReplicaSet", "d-2"))), []string{"d-22"},
		},
		"all surges together are no more than the ceiling":      {scene(allowing(1), rollsOut("d", surging(9, 9)), older(4), newer(9, held)), nil},
		"a successor takes a free place before an older sister": {scene(rollsOut("d"), older(1), pod("d-19", "Evaluation", matching, held, made(fixture.Day(1)), owned("ReplicaSet", "d-1")), newer(1, held)), []string{"d-20"}},
		"nothing above the ceiling while growth is withheld":    {scene(rollsOut("d"), withheld, older(2), newer(2, held)), nil},
	} {
		t.Run(sentence, test.check)
	}
}

// What a rollout has above the ceiling is not removed for that, and what is more than that is.
func TestRemovalsInARollout(t *testing.T) {
	stands := cleared(counted("General"))
	for sentence, test := range map[string]removing{
		"the surge stays": {
			scene(stands, rollsOut("d"), several("ReplicaSet", "d-1", 2), several("ReplicaSet", "d-2", 1)), granting("General"), nil,
		},
		"the surge stays while the rollout is paused": {
			scene(stands, rollsOut("d", func(p *enforcement.Parent) { p.Paused = true }), several("ReplicaSet", "d-1", 2), several("ReplicaSet", "d-2", 1)), granting("General"), nil,
		},
		"a lowered ceiling takes what is more than it and the surge": {
			scene(stands, allowing(1), rollsOut("d"), several("ReplicaSet", "d-1", 2), several("ReplicaSet", "d-2", 1)), granting("General"),
			[]enforcement.Removal{shrunk("d-11", 1)},
		},
		"a way back while two roll out takes nothing": {
			scene(stands, allowing(4), rollsOut("d", surging(4, 1)), rollsOut("e", surging(2, 2)), func(s *enforcement.Scene) { s.ReplicaSets[2].Revision = 3 },
				several("ReplicaSet", "d-1", 1), several("ReplicaSet", "d-2", 1), several("Job", "j", 1), several("ReplicaSet", "e-1", 2)), granting("General"), nil,
		},
		"a rollout that is over has no surge": {
			scene(stands, rollsOut("d"), several("ReplicaSet", "d-2", 3)), granting("General"), []enforcement.Removal{shrunk("d-22", 2)},
		},
	} {
		t.Run(sentence, test.check)
	}
}

// cluster plays the part of the controllers of Deployments and ReplicaSets, in the arithmetic of a rolling update.
type cluster struct {
	t       *testing.T
	scene   enforcement.Scene
	ceiling int
	made    int
	// ready: what serves is ready at once. A rollout whose pods never are stops.
	ready bool
}

func (c *cluster) count(set string, is func(enforcement.Pod) bool) int {
	n := 0
	for _, p := range c.scene.Pods {
		if p.Owner.Name == set && is(p) {
			n++
		}
	}
	return n
}

func all(enforcement.Pod) bool { return true }

func serves(p enforcement.Pod) bool { return !p.Held }

// scale makes or deletes pods of a ReplicaSet; of those that it deletes the held ones first.
func (c *cluster) scale(set string, to int) {
	for c.count(set, all) < to {
		c.made++
		pod(fmt.Sprintf("pod%d", c.made), "Evaluation", matching, held, made(fixture.Day(c.made)), owned("ReplicaSet", set))(&c.scene)
	}
	for c.count(set, all) > to {
		victim := -1
		for i, p := range c.scene.Pods {
			if p.Owner.Name == set && (victim < 0 || p.Held && !c.scene.Pods[victim].Held) {
				victim = i
			}
		}
		c.scene.Pods = append(c.scene.Pods[:victim:victim], c.scene.Pods[victim+1:]...)
	}
}

// roll is one look of the Deployment controller.
func (c *cluster) roll(name string, pods, surge, unavailable int) {
	old, next := name+"-1", name+"-2"
	total := c.count(old, all) + c.count(next, all)
	if grow := min(pods+surge-total, pods-c.count(next, all)); grow > 0 {
		c.scale(next, c.count(next, all)+grow)
		return
	}
	fresh := c.count(next, serves)
	if !c.ready {
		fresh = 0
	}
	least := pods - unavailable
	spare := total - least - (c.count(next, all) - fresh)
	if unhealthy := min(c.count(old, all)-c.count(old, serves), max(spare, 0)); unhealthy > 0 {
		c.scale(old, c.count(old, all)-unhealthy)
	}
	if less := min(c.count(old, serves)+fresh-least, c.count(old, all), max(spare, 0)); less > 0 {
		c.scale(old, c.count(old, all)-less)
	}
}

// enforce carries a plan out, and checks the bound.
func (c *cluster) enforce(surge int) {
	c.t.Helper()
	plan := enforcement.For(c.scene, granting("General"))
	if len(plan.Removals) > 0 {
		c.t.Fatalf("a rollout has %+v removed", plan.Removals)
	}
	for _, open := range plan.Opens {
		for i := range c.scene.Pods {
			if c.scene.Pods[i].Name == open.Name {
				c.scene.Pods[i].Held = false
			}
		}
	}
	serving := 0
	for _, p := range c.scene.Pods {
		if !p.Held {
			serving++
		}
	}
	if serving > c.ceiling+surge {
		c.t.Fatalf("%d serve, with a ceiling of %d and a surge of %d", serving, c.ceiling, surge)
	}
}

// Whatever its strategy, a Deployment whose pods all have places rolls out, also beside others; and whatever it does, no
// more serve than the ceiling and the surge.
func TestRolloutsAtTheCeilingFinish(t *testing.T) {
	for pods := 1; pods <= 6; pods++ {
		for surge := range pods + 1 {
			for unavailable := range pods + 1 {
				if surge+unavailable == 0 {
					continue
				}
				c := &cluster{t: t, ceiling: 2*pods + 1, ready: true}
				c.scene = scene(cleared(counted("General")), allowing(int32(c.ceiling)), several("StatefulSet", "other", 1),
					rollsOut("d", surging(int32(pods), int32(surge))), rollsOut("e", surging(int32(pods), int32(surge))))
				c.scale("d-1", pods)
				c.scale("e-1", pods)
				c.enforce(0)
				for range 8 * pods {
					c.roll("d", pods, surge, unavailable)
					c.enforce(2 * surge)
					c.roll("e", pods, surge, unavailable)
					c.enforce(2 * surge)
				}
				if c.count("d-2", serves) != pods || c.count("e-2", serves) != pods || c.count("d-1", all)+c.count("e-1", all) > 0 {
					t.Errorf("%d pods, surge %d, unavailable %d: %d and %d of the new serve, %d and %d old are left", pods, surge, unavailable,
						c.count("d-2", serves), c.count("e-2", serves), c.count("d-1", all), c.count("e-1", all))
				}
			}
		}
	}
}

// A rollout whose pods are never ready has its surge, once, and what other workloads have stays theirs.
func TestARolloutThatStopsHasItsSurgeOnce(t *testing.T) {
	c := &cluster{t: t, ceiling: 6}
	c.scene = scene(cleared(counted("General")), allowing(6), several("StatefulSet", "other", 2), several("Job", "waits", 2, held), rollsOut("d", surging(4, 1)))
	c.scale("d-1", 4)
	for i := range c.scene.Pods {
		c.scene.Pods[i].Held = c.scene.Pods[i].Owner.Name == "waits"
	}
	for range 20 {
		c.roll("d", 4, 1, 0)
		c.enforce(1)
	}
	if c.count("d-1", serves) != 4 || c.count("d-2", serves) != 1 || c.count("other", serves) != 2 {
		t.Errorf("%d old, %d new and %d others serve", c.count("d-1", serves), c.count("d-2", serves), c.count("other", serves))
	}
}
