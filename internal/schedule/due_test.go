// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package schedule_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/schedule"
)

const hour = time.Hour

func automatic(r *v1alpha1.ModelRelease) { r.Spec.Evaluations = v1alpha1.EvaluationsAutomatic }

func measuredBy(suite string) func(*v1alpha1.Requirement) {
	return func(r *v1alpha1.Requirement) { r.Evaluation.Suite = suite }
}

// standard is a policy whose level ASL-2 needs "attack", and whose level ASL-3, which "bio" rules out, needs "harm"; a
// result for each counts for 100 days, so that it is renewed within its last 14.
func standard(modifiers ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	return fixture.Policy("rsp", append([]func(*v1alpha1.SafetyPolicy){
		fixture.Defining("attack", measuredBy("attack-suite")),
		fixture.Defining("bio", measuredBy("bio-suite")),
		fixture.Defining("harm", measuredBy("harm-suite")),
		fixture.Requiring("ASL-2", "attack"), fixture.Requiring("ASL-3", "harm"),
		fixture.Raising("CBRN-3", "ASL-3", "bio"),
	}, modifiers...)...)
}

// situation is a case in the making.
type situation struct {
	gate.Input
	suites sets.Set[string]
}

func begin(day int, evaluations ...v1alpha1.SafetyEvaluation) *situation {
	return &situation{
		Input: gate.Input{
			Now: fixture.Day(day), Release: fixture.Release("m1", automatic), Policy: standard(), Evaluations: evaluations,
		},
		suites: sets.New("attack-suite", "bio-suite", "harm-suite", "other-suite"),
	}
}

func (s *situation) due() schedule.Plan {
	s.PolicyRevision = gate.Revision(&s.Policy.Spec)
	s.Sightings = nil
	for i := range s.Evaluations {
		s.Sightings = append(s.Sightings, gate.SightingOf(&s.Evaluations[i]))
	}
	return schedule.Due(schedule.Input{Gate: s.Input, Decision: gate.Decide(s.Input), Suites: s.suites})
}

func (s *situation) with(change func(*situation)) *situation {
	change(s)
	return s
}

func ordered(p schedule.Plan) []string {
	var names []string
	for _, o := range p.Orders {
		names = append(names, o.Requirement)
	}
	return names
}

// imported is a result that was brought on a day.
func imported(requirement, value string, day int) v1alpha1.SafetyEvaluation {
	return fixture.Evaluation(requirement+"-imported", requirement, value, fixture.At(fixture.Day(day)))
}

// run is a suite that was run for the requirement from midnight to one o'clock of a day.
func run(name, requirement, value string, day int, modifiers ...func(*v1alpha1.SafetyEvaluation)) v1alpha1.SafetyEvaluation {
	return fixture.Evaluation(name, requirement, value, append([]func(*v1alpha1.SafetyEvaluation){
		fixture.At(fixture.Day(day)), fixture.Run(fixture.Day(day).Add(hour)),
		func(e *v1alpha1.SafetyEvaluation) { e.Spec.Job.Suite = requirement + "-suite" },
	}, modifiers...)...)
}

// broken is a run that ended without a measurement.
func broken(name, requirement string, day int) v1alpha1.SafetyEvaluation {
	return run(name, requirement, "", day, fixture.Unmeasured(v1alpha1.ReasonRunFailed))
}

// unfinished is a run that goes on.
func unfinished(e *v1alpha1.SafetyEvaluation) {
	e.Status.Measurement = nil
	e.Status.Run.FinishTime = nil
}

func ofSuite(name string) func(*v1alpha1.SafetyEvaluation) {
	return func(e *v1alpha1.SafetyEvaluation) { e.Spec.Job.Suite = name }
}

// testCase is a situation, and the requirements for which something is due in it.
type testCase struct {
	in     *situation
	want   []string
	absent []schedule.Absence
}

func (test testCase) run(t *testing.T) {
	t.Helper()
	got := test.in.due()
	if diff := cmp.Diff(test.want, ordered(got)); diff != "" {
		t.Errorf("due (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(test.absent, got.Absent); diff != "" {
		t.Errorf("absent (-want +got)\n%s", diff)
	}
}

func TestWhatIsNeeded(t *testing.T) {
	for name, test := range map[string]testCase{
		"what is missing for the exposure, and what would rule its threshold out": {
			in: begin(1), want: []string{"attack", "bio", "harm"},
		},
		"what is not needed while its threshold is ruled out is left": {
			in: begin(1, imported("bio", "0.1", 0)), want: []string{"attack"},
		},
		"what only a higher exposure needs is left": {
			in: begin(1).with(func(s *situation) {
				s.Policy = standard(fixture.Defining("extra", measuredBy("attack-suite"), fixture.NeededFrom("General")), fixture.Requiring("ASL-2", "extra"))
				s.Release.Spec.Exposure = "Internal"
			}),
			want: []string{"attack", "bio", "harm"},
		},
		"nothing for a release that does not ask": {
			in: begin(1).with(func(s *situation) { s.Release.Spec.Evaluations = v1alpha1.EvaluationsManual }),
		},
		"nothing for a release that is being deleted": {
			in: begin(1).with(func(s *situation) { s.Release.DeletionTimestamp = &metav1.Time{Time: fixture.Day(1)} }),
		},
		"nothing without a policy":     {in: begin(1).with(func(s *situation) { s.Policy = &v1alpha1.SafetyPolicy{} })},
		"nothing for an unknown level": {in: begin(1).with(func(s *situation) { s.Release.Spec.Level = "ASL-9" })},
		"nothing that no suite is named for": {
			in:   begin(1, imported("bio", "0.1", 0)).with(func(s *situation) { s.Policy.Spec.Requirements[0].Evaluation.Suite = "" }),
			want: nil,
		},
		"a suite that does not exist is told and not run": {
			in:     begin(1, imported("bio", "0.1", 0)).with(func(s *situation) { s.suites = sets.New("other-suite") }),
			absent: []schedule.Absence{{Requirement: "attack", Suite: "attack-suite"}},
		},
		"nothing that the release has no artifact for": {
			in: begin(1).with(func(s *situation) { fixture.Of(fixture.Server("m1"))(s.Release) }),
		},
		"nothing that the policy cannot judge": {
			in: begin(1, imported("bio", "0.1", 0)).with(func(s *situation) { s.Policy.Spec.Requirements[0].Evaluation.ClearAt = "9" }),
		},
	} {
		t.Run(name, test.run)
	}
}

func TestWhatIsThere(t *testing.T) {
	for name, test := range map[string]testCase{
		"what has expired":        {in: begin(101, imported("bio", "0.1", 50), imported("attack", "0.1", 0)), want: []string{"attack"}},
		"what failed is left":     {in: begin(1, imported("bio", "0.1", 0), imported("attack", "0.9", 0))},
		"what is met is left":     {in: begin(1, imported("bio", "0.1", 0), imported("attack", "0.1", 0))},
		"what ends is renewed":    {in: begin(94, imported("bio", "0.1", 90), imported("attack", "0.1", 0)), want: []string{"attack"}},
		"what rules out as well":  {in: begin(94, imported("bio", "0.1", 0), imported("attack", "0.1", 90)), want: []string{"bio"}},
		"but not two weeks early": {in: begin(85, imported("bio", "0.1", 80), imported("attack", "0.1", 0))},
		"what ends and is not needed is left": {
			in: begin(94, imported("bio", "0.1", 90), imported("attack", "0.1", 90), imported("harm", "0.1", 0)),
		},
		"of two that suffice and end together both are renewed": {
			in:   begin(94, imported("bio", "0.1", 0), imported("attack", "0.1", 90), imported("harm", "0.1", 0)),
			want: []string{"bio", "harm"},
		},
		"a file that cannot be used is no answer": {
			in:   begin(1, imported("bio", "0.1", 0), fixture.Evaluation("typo", "attack", "NaN")),
			want: []string{"attack"},
		},
		"a result between the bounds is an answer, whoever brought it": {
			in: begin(80, imported("bio", "0.1", 0), imported("attack", "0.3", 0)),
		},
		"what was revoked is run again": {
			in:   begin(2, imported("bio", "0.1", 0), run("r", "attack", "0.1", 1, fixture.Revoked(v1alpha1.RevocationAdvisory))),
			want: []string{"attack"},
		},
		"also soon after it was, whatever came to nothing before": {
			in: begin(2, imported("bio", "0.1", 0), broken("a", "attack", 1), broken("b", "attack", 1), broken("c", "attack", 1),
				run("r", "attack", "0.1", 1, fixture.Run(fixture.Day(2)), ofSuite("attack-suite"), fixture.Revoked(v1alpha1.RevocationAdvisory))),
			want: []string{"attack"},
		},
		"until it grows old": {
			in: begin(94, imported("bio", "0.1", 90), imported("attack", "0.3", 0)), want: []string{"attack"},
		},
	} {
		t.Run(name, test.run)
	}
}

func TestWhatRuns(t *testing.T) {
	for name, test := range map[string]testCase{
		"what runs is not run twice": {
			in: begin(1, imported("bio", "0.1", 0), run("r", "attack", "", 0, unfinished)),
		},
		"what runs for other artifacts in scope is run for these": {
			in:   begin(1, imported("bio", "0.1", 0), run("r", "attack", "", 0, unfinished, fixture.About(fixture.Weights("old"), fixture.Server("m1")))),
			want: []string{"attack"},
		},
		"what runs for other artifacts outside the scope is not run twice": {
			in: begin(1, imported("bio", "0.1", 0), run("r", "attack", "", 0, unfinished, fixture.About(fixture.Weights("m1"), fixture.Server("old")))),
		},
		"unless it will never begin": {
			in: begin(1, imported("bio", "0.1", 0), run("r", "attack", "", 0, unfinished,
				fixture.About(fixture.Weights("m1"), fixture.Server("old")), fixture.Unmeasured(v1alpha1.ReasonSubjectMismatch))),
			want: []string{"attack"},
		},
		"what waits for its suite to be corrected is not asked for again": {
			in: begin(1, imported("bio", "0.1", 0), run("r", "attack", "", 0, unfinished, fixture.Unmeasured(v1alpha1.ReasonInvalidSuite))),
		},
		"what waits under a suite that the policy names no more is replaced": {
			in: begin(1, imported("bio", "0.1", 0), run("r", "attack", "", 0, unfinished, ofSuite("other-suite"),
				fixture.Unmeasured(v1alpha1.ReasonSuiteMismatch))),
			want: []string{"attack"},
		},
		"a report that waits for its file keeps nothing waiting": {
			in:   begin(1, imported("bio", "0.1", 0), fixture.Evaluation("r", "attack", "", fixture.Unread())),
			want: []string{"attack"},
		},
		"runs of other artifacts count for nothing": {
			in: begin(1, imported("bio", "0.1", 0),
				run("r", "attack", "", 1, fixture.Unmeasured(v1alpha1.ReasonRunFailed), fixture.About(fixture.Weights("old"), fixture.Server("m1")))),
			want: []string{"attack"},
		},
	} {
		t.Run(name, test.run)
	}
}

func TestRunsWithoutAResultAreRepeatedEverLessOften(t *testing.T) {
	var evaluations []v1alpha1.SafetyEvaluation
	end := fixture.Day(0).Add(hour)
	for i, want := range []time.Duration{
		10 * time.Minute, 20 * time.Minute, 40 * time.Minute, 80 * time.Minute, 160 * time.Minute, 320 * time.Minute,
		640 * time.Minute, 1280 * time.Minute, 24 * hour, 24 * hour, 24 * hour,
	} {
		e := broken(string(rune('a'+i)), "attack", 0)
		e.CreationTimestamp = metav1.NewTime(fixture.Day(0).Add(time.Duration(i) * time.Second))
		evaluations = append(evaluations, e)
		s := begin(0, append(slices.Clone(evaluations), imported("bio", "0.1", 0))...)
		s.Now = end.Add(want - time.Second)
		got := s.due()
		if len(got.Orders) > 0 || !got.Next.Equal(end.Add(want)) {
			t.Errorf("%d runs, a second early: %v, next %v, want %v", i+1, ordered(got), got.Next, end.Add(want))
		}
		s.Now = end.Add(want)
		if got := ordered(s.due()); !slices.Equal(got, []string{"attack"}) {
			t.Errorf("%d runs, %v later: %v", i+1, want, got)
		}
	}
}

func TestARenewalThatComesToNothingIsRepeatedSoon(t *testing.T) {
	old := []v1alpha1.SafetyEvaluation{imported("bio", "0.1", 90)}
	for i := range 9 {
		old = append(old, broken(string(rune('a'+i)), "attack", 0))
	}
	old = append(old, run("good", "attack", "0.1", 0))
	s := begin(98, append(old, broken("renewal", "attack", 97))...)
	end := fixture.Day(97).Add(hour)
	s.Now = end.Add(9 * time.Minute)
	if got := s.due(); len(got.Orders) > 0 || !got.Next.Equal(end.Add(10*time.Minute)) {
		t.Errorf("%v, next %v", ordered(got), got.Next)
	}
	s.Now = end.Add(10 * time.Minute)
	if got := ordered(s.due()); !slices.Equal(got, []string{"attack"}) {
		t.Errorf("due %v", got)
	}
}

func TestFourAtOnce(t *testing.T) {
	policy := fixture.Policy("rsp")
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		fixture.Defining(name, measuredBy(name+"-suite"))(policy)
		fixture.Requiring("ASL-2", name)(policy)
	}
	s := begin(1)
	s.Policy = policy
	s.suites = sets.New("a-suite", "b-suite", "c-suite", "d-suite", "e-suite", "f-suite")
	if got := ordered(s.due()); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("at first: %v", got)
	}
	s.Evaluations = []v1alpha1.SafetyEvaluation{
		run("a", "a", "", 0, unfinished), run("b", "b", "", 0, unfinished), broken("c", "c", 0),
		run("d", "d", "", 0, unfinished, fixture.Unmeasured(v1alpha1.ReasonInvalidSuite)),
	}
	s.Now = fixture.Day(0).Add(hour)
	if got := ordered(s.due()); !slices.Equal(got, []string{"e", "f"}) {
		t.Errorf("beside two: %v", got)
	}
	s.suites.Delete("b-suite")
	s.Evaluations = append(s.Evaluations, run("x", "none", "", 0, unfinished, ofSuite("e-suite")), run("y", "none", "", 0, unfinished, ofSuite("e-suite")))
	if got := ordered(s.due()); !slices.Equal(got, []string{"e"}) {
		t.Errorf("beside three: %v", got)
	}
}

func TestNamesOfOrders(t *testing.T) {
	first := begin(1).due().Orders[0]
	for name, change := range map[string]func(*situation){
		"another artifact": func(s *situation) { fixture.Of(fixture.Weights("m1"), fixture.Server("new"))(s.Release) },
		"another suite":    func(s *situation) { s.Policy.Spec.Requirements[0].Evaluation.Suite = "other-suite" },
		"a run before it": func(s *situation) {
			s.Evaluations = []v1alpha1.SafetyEvaluation{broken("r", "attack", -9)}
		},
	} {
		if got := begin(1).with(change).due().Orders[0]; got.Name == first.Name {
			t.Errorf("%s: the name is the same, %s", name, got.Name)
		}
	}
	if got := begin(70).due().Orders[0]; got.Name != first.Name {
		t.Errorf("later: %s, before %s", got.Name, first.Name)
	}
	if diff := cmp.Diff(gate.Artifacts(fixture.Release("m1")), first.Artifacts); diff != "" {
		t.Error(diff)
	}
	for _, release := range []string{"m1", strings.Repeat("a.", 31) + "b", strings.Repeat("a", 50) + "." + strings.Repeat("b", 12)} {
		for _, requirement := range []string{"attack", strings.Repeat("r", 48)} {
			s := begin(1)
			s.Release.Name = release
			s.Policy = fixture.Policy("rsp", fixture.Defining(requirement, measuredBy("attack-suite")), fixture.Requiring("ASL-2", requirement))
			name := s.due().Orders[0].Name
			if problems := append(validation.IsDNS1123Subdomain(name), validation.IsValidLabelValue(name)...); len(problems) > 0 {
				t.Errorf("%s: %v", name, problems)
			}
		}
	}
}

func TestAnOrderAsAnObject(t *testing.T) {
	s := begin(1)
	order := s.due().Orders[0]
	e := order.Evaluation(s.Release)
	want := v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Namespace, Name: order.Name},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject:     v1alpha1.EvaluationSubject{Release: "m1", Artifacts: []v1alpha1.SubjectArtifact{fixture.Server("m1"), fixture.Weights("m1")}},
			Requirement: "attack", Job: &v1alpha1.JobSource{Suite: "attack-suite"},
		},
	}
	if diff := cmp.Diff(&want, e); diff != "" {
		t.Error(diff)
	}
}

// Evidence that was brought for many releases on one day is renewed over a week.
func TestManyDoNotRenewAtOnce(t *testing.T) {
	const releases = 2000
	days := map[int]int{}
	for i := range releases {
		s := begin(1, imported("bio", "0.1", 0), imported("attack", "0.1", 0))
		s.Release.UID = fixture.UID(strings.Repeat("x", i%7) + string(rune('a'+i%26)) + time.Duration(i).String())
		next := s.due().Next
		days[int(next.Sub(fixture.Day(0))/(24*hour))]++
	}
	// The earlier of two renewals, each somewhere in seven days.
	for day, n := range days {
		if day < 86 || day > 92 || n > releases*3/10 {
			t.Errorf("%d of %d begin on day %d: %v", n, releases, day, days)
		}
	}
	if len(days) < 6 {
		t.Errorf("they begin on %v", days)
	}
}
