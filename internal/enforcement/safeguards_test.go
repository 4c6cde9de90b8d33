// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/fixture"
)

const breaks = "sandboxed (RuntimeClass): Pod a: spec.runtimeClassName is not set: set it to one of gvisor"

// unguarded matches, and would break a safeguard.
var unguarded = enforcement.Verdict{Examined: true, Unguarded: breaks}

// What would break a safeguard is neither opened, lifted nor cleared; what serves beside it is left alone.
func TestWhatWouldBreakASafeguardStaysHeld(t *testing.T) {
	s := scene(
		deployment("d", "General", unguarded, marked(v1alpha1.HeldResume)), within("d-1", "Deployment", "d"), within("d-2", "Deployment", "d"),
		replicaSet("d-1", "General", matching), replicaSet("d-2", "General", unguarded),
		pod("a", "General", unguarded, held), pod("b", "General", matching, held), pod("c", "General", matching),
	)
	plan := enforcement.For(s, granting("General"))
	if diff := cmp.Diff([]string{"b"}, names(plan.Opens)); diff != "" || len(plan.Lifts) > 0 || len(plan.Removals) > 0 {
		t.Errorf("opens (-want +got):\n%s\nlifts %+v, removes %+v", diff, plan.Lifts, plan.Removals)
	}
	cleared, err := clearance.Parse(plan.Clearance.Write)
	if err != nil {
		t.Fatal(err)
	}
	for _, rs := range s.ReplicaSets {
		if has := strings.Contains(plan.Clearance.Write, string(rs.UID)); has != (rs.Name == "d-1") {
			t.Errorf("the clearance has %s: %v: %+v", rs.Name, has, cleared)
		}
	}
	if plan.Reason != v1alpha1.ReasonSafeguardNotInPlace || !strings.Contains(plan.Message, breaks) {
		t.Errorf("%s: %s", plan.Reason, plan.Message)
	}
	var told []string
	for _, w := range plan.Workloads {
		if w.Reason != "" {
			told = append(told, w.Kind+" "+w.Name+" "+w.Reason+" "+w.Message)
		}
	}
	if diff := cmp.Diff([]string{
		"Deployment d SafeguardNotInPlace " + breaks, "Pod a SafeguardNotInPlace " + breaks,
	}, told); diff != "" {
		t.Errorf("workloads (-want +got):\n%s", diff)
	}
}

// A pod says which safeguard it would break. It is written again only where that changes.
func TestNotesOfSafeguards(t *testing.T) {
	long := unguarded
	long.Unguarded = strings.Repeat("ä", 300)
	for sentence, test := range map[string]struct {
		verdict enforcement.Verdict
		note    string
		want    []string
	}{
		"it is told":                    {unguarded, "", []string{"SafeguardNotInPlace: " + breaks}},
		"it is told already":            {unguarded, "SafeguardNotInPlace: " + breaks, nil},
		"another was told":              {unguarded, "SafeguardNotInPlace: another", []string{"SafeguardNotInPlace: " + breaks}},
		"what it runs is another thing": {enforcement.Verdict{Examined: true, Mismatch: "m", Unguarded: breaks}, "WorkloadMismatch: x", nil},
		"much of it is cut":             {long, "", []string{"SafeguardNotInPlace: " + strings.Repeat("ä", 117)}},
		"what was cut is told already":  {long, "SafeguardNotInPlace: " + strings.Repeat("ä", 117), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(scene(pod("a", "General", test.verdict, held, noted(test.note))), granting("General"))
			var got []string
			for _, n := range plan.Notes {
				got = append(got, n.Text)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || len(plan.Opens) > 0 {
				t.Errorf("notes (-want +got):\n%s\nopens %v", diff, plan.Opens)
			}
		})
	}
}

// A pod of a unit that would break a safeguard keeps the unit from beginning.
func TestAUnitWaitsForItsSafeguards(t *testing.T) {
	plan := enforcement.For(scene(
		pod("a", "General", unguarded, held, inUnit("g", 2)), pod("b", "General", matching, held, inUnit("g", 2)),
	), granting("General"))
	if len(plan.Opens) > 0 || len(plan.Notes) != 2 {
		t.Fatalf("opens %v, notes %v", plan.Opens, plan.Notes)
	}
	for _, n := range plan.Notes {
		if !strings.HasPrefix(n.Text, v1alpha1.ReasonSafeguardNotInPlace+": ") {
			t.Errorf("note %+v", n)
		}
	}
}

// Where nothing refuses an exposure but pods that serve and break a safeguard, a rollout that breaks none goes on, by no
// more than its surge; and no other does.
func TestARolloutMendsWhatServes(t *testing.T) {
	refused := refusing(v1alpha1.ReasonSafeguardNotInPlace)
	served := recorded(record(wAbsent, since(days(-1)), counting("General", 2), counting("Evaluation", 2)))
	mended := func(s *enforcement.Scene) { s.Mended = map[string]bool{"General": true, "Evaluation": true} }
	waits := deployment("d", "General", matching, marked(v1alpha1.HeldResume))
	for sentence, test := range map[string]struct {
		scene enforcement.Scene
		lifts int
		opens []string
	}{
		"the parent is lifted":                    {scene(served, mended, waits), 1, nil},
		"one that would break one is not":         {scene(served, mended, deployment("d", "General", unguarded, marked(v1alpha1.HeldResume))), 0, nil},
		"nor where something else refuses":        {scene(served, waits), 0, nil},
		"nor where nothing was granted before":    {scene(mended, waits), 0, nil},
		"nor once the grace is over":              {scene(recorded(record(wAbsent, since(days(-20)), counting("General", 2))), mended, waits), 0, nil},
		"a successor is opened above what served": {scene(served, mended, rollsOut("d"), several("ReplicaSet", "d-1", 2), several("ReplicaSet", "d-2", 1, held)), 0, []string{"d-20"}},
		"and none where something else refuses":   {scene(served, rollsOut("d"), several("ReplicaSet", "d-1", 2), several("ReplicaSet", "d-2", 1, held)), 0, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, refused)
			if diff := cmp.Diff(test.opens, names(plan.Opens)); diff != "" || len(plan.Lifts) != test.lifts {
				t.Errorf("lifts %d, opens (-want +got):\n%s", len(plan.Lifts), diff)
			}
			if plan.Clearance.Write != "" || len(plan.Removals) > 0 {
				t.Errorf("clears %q, removes %v", plan.Clearance.Write, plan.Removals)
			}
		})
	}
}

// What runs and would break a safeguard if it began now is not taken for changed.
func TestASafeguardRemovesNothing(t *testing.T) {
	s := scene(cleared(free(fixture.UID("d-1"))), replicaSet("d-1", "General", matching), pod("a", "General", unguarded, owned("ReplicaSet", "d-1")))
	if plan := enforcement.For(s, granting("General")); len(plan.Removals) > 0 {
		t.Errorf("removes %v", plan.Removals)
	}
}
