// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package watcher

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// chapter is a history, and the invariants that it violates.
type chapter struct {
	tell func(*story)
	want []string
}

// judged tells each history to a watcher of its own.
func judged(t *testing.T, chapters map[string]chapter) {
	t.Helper()
	for name, row := range chapters {
		t.Run(name, func(t *testing.T) {
			s := tell(t)
			row.tell(s)
			if diff := cmp.Diff(row.want, s.seen()); diff != "" {
				t.Errorf("%s\n%v", diff, s.w.Violations())
			}
		})
	}
}

func TestPodsThatAreBornFree(t *testing.T) {
	judged(t, map[string]chapter{
		"a release is approved, cleared, serves, and heals": {tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.open("a")
			s.born("b", false)
			s.remove(replicas, "a")
			s.born("c", false)
		}},
		"a pod is born free without a clearance": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.born("a", false)
		}},
		"a pod is born free of another owner than the cleared one": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, "22222222-0000-4000-8000-000000000000")
			s.born("a", false)
		}},
		"a pod is born free under a counted clearance": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour)
			s.born("a", false)
		}},
		"a pod is born free after the end of the clearance": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Minute, set)
			s.wait(time.Minute)
			s.born("a", false)
		}},
		"a pod is born free a moment after the withdrawal": {tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.withdraw()
			s.born("a", false)
		}},
		"a pod is born free long after the withdrawal": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.withdraw()
			s.wait(10 * time.Second)
			s.born("a", false)
		}},
	})
}

func TestGatesThatAreLifted(t *testing.T) {
	judged(t, map[string]chapter{
		"a gate is lifted before there is evidence": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.open("a")
		}},
		"a gate is lifted before the result was read": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.events = s.events[:len(s.events)-1]
			s.open("a")
		}},
		"somebody else lifts a gate": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.born("a", true)
			s.lift(person, "a")
		}},
		"a gate is lifted a moment after the failure": {tell: func(s *story) {
			s.pass("good")
			s.born("a", true)
			s.fail()
			s.lift(scalegate, "a")
		}},
		"a gate is lifted long after the failure": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.born("a", true)
			s.fail()
			s.wait(10 * time.Second)
			s.lift(scalegate, "a")
		}},
		"a gate is lifted long after the failure, by somebody who was stopped meanwhile": {tell: func(s *story) {
			s.pass("good")
			s.born("a", true)
			s.fail()
			s.w.Stopped(s.now, s.now.Add(10*time.Second))
			s.wait(10 * time.Second)
			s.lift(scalegate, "a")
		}},
		"a gate is lifted after the release was revoked": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.born("a", true)
			s.release(v1alpha1.RevocationCritical)
			s.wait(10 * time.Second)
			s.lift(scalegate, "a")
		}},
		"a gate is lifted after the revocation was taken back": {tell: func(s *story) {
			s.pass("good")
			s.release(v1alpha1.RevocationCritical)
			s.wait(10 * time.Second)
			s.release("")
			s.open("a")
		}},
	})
}

func TestEvidenceThatChanges(t *testing.T) {
	judged(t, map[string]chapter{
		"a gate is lifted for a result that is older than one that says nothing": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.result("doubt", 0.12, time.Second)
			s.pass("good")
			s.wait(10 * time.Second)
			s.open("a")
		}},
		"a later result that passes does not resolve a failure": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.fail()
			s.result("rerun", 0.01, 0)
			s.wait(10 * time.Second)
			s.open("a")
		}},
		"a resolution that names a later result that passes does": {tell: func(s *story) {
			s.fail()
			s.result("rerun", 0.01, 0)
			s.resolve("bad", "rerun", false)
			s.open("a")
		}},
		"a resolution that names an earlier result does not": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.pass("good")
			s.fail()
			s.resolve("bad", "good", false)
			s.wait(10 * time.Second)
			s.open("a")
		}},
		"an earlier result counts again once the later one is revoked": {tell: func(s *story) {
			s.pass("good")
			s.result("better", 0.01, time.Second)
			s.revoke("better", v1alpha1.RevocationCritical)
			s.wait(10 * time.Second)
			s.open("a")
		}},
		"Scalegate removes what a result that says nothing froze": {want: []string{ApprovedTaken}, tell: func(s *story) {
			s.pass("good")
			s.open("a")
			s.result("doubt", 0.12, time.Second)
			s.wait(10 * time.Second)
			s.remove(scalegate, "a")
		}},
	})
}

func TestClearances(t *testing.T) {
	judged(t, map[string]chapter{
		"a clearance without evidence": {want: []string{ClearedAgainstEvidence}, tell: func(s *story) {
			s.clear(time.Hour, set)
		}},
		"a clearance that outlasts the evidence": {want: []string{ClearedAgainstEvidence}, tell: func(s *story) {
			s.brief(time.Minute)
			s.clear(time.Hour, set)
		}},
		"a clearance that somebody else wrote": {want: []string{ClearedAgainstEvidence}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.events[len(s.events)-1].User = person
		}},
		"a clearance that is renewed a moment after the failure": {tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.fail()
			s.clear(time.Hour, set)
		}},
		"a clearance that is renewed long after the failure": {want: []string{ClearedAgainstEvidence}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.fail()
			s.wait(10 * time.Second)
			s.clear(time.Hour, set)
		}},
		"a clearance that stands long after the failure, unchanged": {tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.fail()
			s.wait(10 * time.Second)
			s.ns.Labels = map[string]string{"touched": "yes"}
			s.write(person, "patch", "namespaces", s.ns)
		}},
		"a clearance that comes back a moment after it was withdrawn": {want: []string{ClearedAgainstEvidence}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.fail()
			s.withdraw()
			s.clear(time.Hour, set)
		}},
		"a clearance that comes back from somebody who was stopped": {want: []string{ClearedAgainstEvidence}, tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.fail()
			s.withdraw()
			s.w.Stopped(s.now.Add(-10*time.Second), s.now.Add(10*time.Second))
			s.wait(10 * time.Second)
			s.clear(time.Hour, set)
		}},
		"a clearance that comes back with evidence": {tell: func(s *story) {
			s.pass("good")
			s.clear(time.Hour, set)
			s.revoke("good", v1alpha1.RevocationAdvisory)
			s.withdraw()
			s.pass("again")
			s.clear(time.Hour, set)
		}},
	})
}

func TestWhatIsFrozen(t *testing.T) {
	judged(t, map[string]chapter{
		"what is frozen is replaced": {tell: func(s *story) {
			s.brief(15 * time.Second)
			s.open("a", "b")
			s.wait(30 * time.Second)
			s.remove(person, "a")
			s.open("c")
		}},
		"what is frozen grows": {want: []string{FrozenGrows}, tell: func(s *story) {
			s.brief(15 * time.Second)
			s.open("a", "b")
			s.wait(30 * time.Second)
			s.open("c")
		}},
		"what is frozen grows after its clearance was withdrawn": {want: []string{FrozenGrows}, tell: func(s *story) {
			s.brief(15 * time.Second)
			s.clear(10*time.Second, set)
			s.open("a", "b")
			s.wait(30 * time.Second)
			s.withdraw()
			s.wait(10 * time.Second)
			s.open("c")
		}},
		"a pod that was being deleted when the grant was lost is replaced": {tell: func(s *story) {
			s.brief(15 * time.Second)
			s.open("a", "b")
			s.pods["a"].DeletionTimestamp, s.pods["a"].DeletionGracePeriodSeconds = new(metav1.Now()), new(int64(30))
			s.remove(person, "a")
			s.wait(30 * time.Second)
			s.open("c")
		}},
		"a pod that was gone long before the grant was lost is replaced": {want: []string{FrozenGrows}, tell: func(s *story) {
			s.brief(time.Minute)
			s.open("a", "b")
			s.remove(person, "a")
			s.wait(2 * time.Minute)
			s.open("c")
		}},
		"what is frozen is replaced after the grace": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.change(func(p *v1alpha1.SafetyPolicySpec) { p.Lapse = &v1alpha1.Lapse{GraceDays: new(int32(0))} })
			s.brief(15 * time.Second)
			s.open("a", "b")
			s.wait(30 * time.Second)
			s.remove(person, "a")
			s.open("c")
		}},
		"what was never granted is no lapse": {want: []string{UnevaluatedStarts}, tell: func(s *story) {
			s.result("old", 0.01, 31*day)
			s.wait(10 * time.Second)
			s.open("a")
		}},
	})
}

func TestCeilings(t *testing.T) {
	judged(t, map[string]chapter{
		"as many as the ceiling allows": {tell: func(s *story) {
			s.pass("good")
			s.ceiling(2)
			s.open("a", "b")
			s.remove(person, "a")
			s.open("c")
		}},
		"one more than the ceiling allows": {want: []string{AboveCeiling}, tell: func(s *story) {
			s.pass("good")
			s.ceiling(2)
			s.open("a", "b", "c")
		}},
		"one more than the ceiling that was lowered a moment ago": {tell: func(s *story) {
			s.pass("good")
			s.ceiling(3)
			s.wait(time.Minute)
			s.open("a", "b")
			s.ceiling(2)
			s.open("c")
		}},
		"one more than the ceiling that was lowered long ago": {want: []string{AboveCeiling}, tell: func(s *story) {
			s.pass("good")
			s.ceiling(3)
			s.open("a", "b")
			s.ceiling(2)
			s.wait(10 * time.Second)
			s.open("c")
		}},
		"a successor above the ceiling": {tell: func(s *story) {
			s.pass("good")
			s.ceiling(2)
			s.open("a", "b")
			s.born("c", true).Labels["pod-template-hash"] = "b"
			s.lift(scalegate, "c")
		}},
		"two successors above the ceiling": {want: []string{AboveCeiling}, tell: func(s *story) {
			s.pass("good")
			s.ceiling(2)
			s.open("a", "b")
			for _, name := range []string{"c", "d"} {
				s.born(name, true).Labels["pod-template-hash"] = "b"
				s.lift(scalegate, name)
			}
		}},
	})
}
