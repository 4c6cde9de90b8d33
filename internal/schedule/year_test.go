// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/schedule"
)

// year is a release that is looked at whenever something finishes, and whenever the schedule asks to be.
type year struct {
	*situation
	t      *testing.T
	random *rand.Rand
	// ends are when the runs that go on will end, by name.
	ends map[string]time.Time
	// outcomes are what runs come to, at random: a value, "" for none that is usable, "-" for no measurement.
	outcomes []string
	names    sets.Set[string]
	// revises: the release gets other artifacts now and then.
	revises bool
	// lapses count how often a requirement was seen that is expired and needed.
	lapses int
}

func newYear(t *testing.T, seed uint64, requirements int, outcomes ...string) *year {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	policy := fixture.Policy("rsp")
	suites := sets.New[string]()
	for i := range requirements {
		name := "r" + strconv.Itoa(i)
		suites.Insert(name + "-suite")
		fixture.Defining(name, measuredBy(name+"-suite"), fixture.ValidFor(1+int32(random.IntN(200))))(policy)
		if level := random.IntN(3); level < 2 {
			fixture.Requiring([]string{"ASL-2", "ASL-3"}[level], name)(policy)
		}
	}
	fixture.Raising("T1", "ASL-3", "r0", "r"+strconv.Itoa(min(1, requirements-1)))(policy)
	fixture.Raising("T2", "ASL-3", "r"+strconv.Itoa(random.IntN(requirements)))(policy)
	s := begin(0)
	s.Policy, s.suites = policy, suites
	s.Release.UID = types.UID(strconv.FormatUint(seed, 10))
	return &year{situation: s, t: t, random: random, ends: map[string]time.Time{}, outcomes: outcomes, names: sets.New[string]()}
}

// live goes through a year, and returns how many runs there were.
func (y *year) live() int {
	y.t.Helper()
	for y.Now.Before(fixture.Day(365)) {
		plan := y.look()
		next := fixture.Day(365)
		if !plan.Next.IsZero() && plan.Next.Before(next) {
			next = plan.Next
		}
		for _, end := range y.ends {
			if end.Before(next) {
				next = end
			}
		}
		if !next.After(y.Now) {
			y.t.Fatalf("the year stands still at %v: next %v", y.Now, plan.Next)
		}
		y.quiet(next)
		y.Now = next
		for name, end := range y.ends {
			if !end.After(y.Now) {
				y.finish(name)
			}
		}
		if y.revises && y.random.IntN(60) == 0 {
			weights := fixture.Weights("v" + strconv.Itoa(y.random.IntN(3)))
			fixture.Of(weights, fixture.Server("m1"))(y.Release)
		}
	}
	return y.names.Len()
}

// look does what is due, and checks that nothing is due any more then.
func (y *year) look() schedule.Plan {
	y.t.Helper()
	plan := y.due()
	d := gate.Decide(y.Input)
	y.Findings = append(y.Findings, d.NewFindings...)
	// The release asks for the last of the exposures.
	blocking := d.Exposures[len(d.Exposures)-1].Blocking
	for i := range d.Requirements {
		if r := &d.Requirements[i]; r.State == v1alpha1.RequirementExpired && slices.Contains(blocking, r.Name) {
			y.lapses++
		}
	}
	for _, order := range plan.Orders {
		if y.names.Has(order.Name) {
			y.t.Fatalf("%s is made twice", order.Name)
		}
		y.names.Insert(order.Name)
		for i := range d.Requirements {
			if r := &d.Requirements[i]; r.Name == order.Requirement && r.State == v1alpha1.RequirementFailed {
				y.t.Fatalf("%s failed and is run", r.Name)
			}
		}
		e := order.Evaluation(y.Release)
		e.UID, e.CreationTimestamp = fixture.UID(order.Name), metav1.NewTime(y.Now)
		y.Evaluations = append(y.Evaluations, *e)
		y.ends[order.Name] = y.Now.Add(time.Minute + time.Duration(y.random.IntN(150))*time.Minute)
	}
	if len(y.ends) > schedule.MostUnfinished {
		y.t.Fatalf("%d run at once", len(y.ends))
	}
	if len(plan.Orders) == 0 {
		return plan
	}
	again := y.due()
	if len(again.Orders) > 0 {
		y.t.Fatalf("asked again: %v after %v", again.Orders, plan.Orders)
	}
	return again
}

// quiet checks that between now and then nothing comes to be due by itself.
func (y *year) quiet(then time.Time) {
	y.t.Helper()
	now := y.Now
	for _, at := range []time.Time{now.Add(then.Sub(now) / 2), then.Add(-time.Second)} {
		if at.Before(now) {
			continue
		}
		y.Now = at
		if plan := y.due(); len(plan.Orders) > 0 {
			y.t.Fatalf("due at %v, between %v and %v: %v", at, now, then, plan.Orders)
		}
	}
	y.Now = now
}

func (y *year) finish(name string) {
	delete(y.ends, name)
	outcome := y.outcomes[y.random.IntN(len(y.outcomes))]
	for i := range y.Evaluations {
		e := &y.Evaluations[i]
		if e.Name != name {
			continue
		}
		e.Status.Run = &v1alpha1.EvaluationRun{FinishTime: &metav1.Time{Time: y.Now}}
		if outcome == "-" {
			e.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue}}
			return
		}
		made := fixture.Evaluation(name, e.Spec.Requirement, outcome)
		e.Status.Measurement = made.Status.Measurement
		if y.random.IntN(2) == 0 {
			e.Status.Measurement.EndTime = &metav1.Time{Time: y.Now.Add(-time.Minute)}
		}
	}
}

func TestAYearIsBounded(t *testing.T) {
	for name, test := range map[string]struct {
		requirements int
		outcomes     []string
		revises      bool
		// most is how many runs a requirement has for one set of artifacts, beside those that its validity asks for.
		most int
		// steady: nothing that is needed ever expires.
		steady bool
	}{
		"every run clears":                            {requirements: 6, outcomes: []string{"0.1"}, steady: true},
		"every run clears, and the artifacts change":  {requirements: 6, outcomes: []string{"0.1"}, revises: true},
		"every run lies between the bounds":           {requirements: 6, outcomes: []string{"0.3"}},
		"every run breaks":                            {requirements: 1, outcomes: []string{"-"}, most: 8 + 366},
		"every run is unusable":                       {requirements: 1, outcomes: []string{""}, most: 8 + 366},
		"every run fails":                             {requirements: 6, outcomes: []string{"0.9"}, revises: true},
		"runs come to this and that":                  {requirements: 6, outcomes: []string{"0.1", "0.1", "0.1", "0.3", "-", ""}, revises: true, most: 366},
		"runs come to this and that, and seldom fail": {requirements: 6, outcomes: []string{"0.1", "0.1", "0.1", "0.1", "0.3", "-", "", "0.9"}, revises: true, most: 366},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(3) {
				y := newYear(t, seed, test.requirements, test.outcomes...)
				y.revises = test.revises
				got := y.live()
				bound := 0
				for i := range y.Policy.Spec.Requirements {
					// At the earliest it is renewed when three quarters of its validity are over. Three sets of artifacts
					// share the year, and each begins anew.
					each := 365*4/3/int(y.Policy.Spec.Requirements[i].ValidForDays) + 2
					bound += 3 * (each + test.most)
				}
				if got == 0 || got > bound {
					t.Errorf("seed %d: %d runs in a year, the bound is %d", seed, got, bound)
				}
				if test.steady && y.lapses > 0 {
					t.Errorf("seed %d: %d times a requirement was expired", seed, y.lapses)
				}
			}
		})
	}
}
