// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	met           = v1alpha1.RequirementMet
	failed        = v1alpha1.RequirementFailed
	missing       = v1alpha1.RequirementMissing
	indeterminate = v1alpha1.RequirementIndeterminate
	expired       = v1alpha1.RequirementExpired
	revoked       = v1alpha1.RequirementRevoked
)

type requirementCase struct {
	requirement []func(*v1alpha1.Requirement)
	release     []func(*v1alpha1.ModelRelease)
	// policy changes the policy; nil leaves it.
	policy      func(*v1alpha1.SafetyPolicy)
	evaluations []v1alpha1.SafetyEvaluation
	sightings   []gate.Sighting
	// now is in days of the fixture's calendar; 10 where it is zero.
	now          int
	want         v1alpha1.RequirementState
	wantEvidence string
	// wantExpires is a day of the fixture's calendar; not looked at where it is zero.
	wantExpires int
	wantMessage string
}

// testRequirement decides about the release m1 under a policy whose one requirement is uplift.
func testRequirement(t *testing.T, test requirementCase) {
	t.Helper()
	in := gate.Input{
		Now:     fixture.Day(10),
		Release: fixture.Release("m1", test.release...),
		Policy: fixture.Policy("rsp", fixture.Requiring("ASL-2", "uplift"),
			fixture.Defining("uplift", test.requirement...)),
		PolicyRevision: "sha256:0123456789abcdef",
		Evaluations:    test.evaluations,
		Sightings:      test.sightings,
	}
	if test.now != 0 {
		in.Now = fixture.Day(test.now)
	}
	if test.policy != nil {
		test.policy(in.Policy)
	}
	got := gate.Decide(in).Requirements[0]
	if got.State != test.want {
		t.Errorf("the state is %s, want %s: %s", got.State, test.want, got.Message)
	}
	if test.want != failed && got.Evidence != test.wantEvidence {
		t.Errorf("the evidence is %q, want %q", got.Evidence, test.wantEvidence)
	}
	if test.wantExpires != 0 && (got.Expires == nil || !got.Expires.Equal(fixture.Day(test.wantExpires))) {
		t.Errorf("it expires %v, want %v", got.Expires, fixture.Day(test.wantExpires))
	}
	if !strings.Contains(got.Message, test.wantMessage) {
		t.Errorf("the message is %q, want it to say %q", got.Message, test.wantMessage)
	}
}

func evaluation(name, value string, modifiers ...func(*v1alpha1.SafetyEvaluation)) v1alpha1.SafetyEvaluation {
	return fixture.Evaluation(name, "uplift", value, modifiers...)
}

func list(evaluations ...v1alpha1.SafetyEvaluation) []v1alpha1.SafetyEvaluation { return evaluations }

func day(n int) func(*v1alpha1.SafetyEvaluation) { return fixture.At(fixture.Day(n)) }

func requirement(modifiers ...func(*v1alpha1.Requirement)) []func(*v1alpha1.Requirement) {
	return modifiers
}

func TestSubjectOfAResult(t *testing.T) {
	weights, server := fixture.Weights("m1"), fixture.Server("m1")
	all := requirement(fixture.Scoped())
	for name, test := range map[string]requirementCase{
		"a result about the same artifacts counts": {
			evaluations: list(evaluation("e", "0.1")), want: met, wantEvidence: "e",
		},
		"what is outside the scope may differ": {
			evaluations: list(evaluation("e", "0.1", fixture.About(weights, fixture.Server("other")))), want: met, wantEvidence: "e",
		},
		"what is outside the scope may be absent": {
			evaluations: list(evaluation("e", "0.1", fixture.About(weights))), want: met, wantEvidence: "e",
		},
		"other artifacts in scope do not count, and are counted": {
			evaluations: list(evaluation("e", "0.1", fixture.About(fixture.Weights("other"))), evaluation("f", "0.9", fixture.About(server))),
			want:        missing, wantMessage: "Not counted because they are about other artifacts: 2.",
		},
		"a failing result about other artifacts fails nothing": {
			evaluations: list(evaluation("e", "0.9", fixture.About(fixture.Weights("other")))), want: missing,
		},
		"one artifact too many in scope is another subject": {
			evaluations: list(evaluation("e", "0.1", fixture.About(weights, fixture.Weights("other")))), want: missing,
		},
		"one artifact too few in scope is another subject": {
			requirement: all, evaluations: list(evaluation("e", "0.1", fixture.About(weights))), want: missing,
		},
		"order and repetition make no other subject": {
			requirement: all, evaluations: list(evaluation("e", "0.1", fixture.About(server, weights, server))), want: met, wantEvidence: "e",
		},
		"the same digest as another type is another artifact": {
			requirement: all,
			evaluations: list(evaluation("e", "0.1", fixture.About(weights, v1alpha1.SubjectArtifact{Type: v1alpha1.ArtifactAdapter, Digest: server.Digest}))),
			want:        missing,
		},
		"nothing in scope is no match, and says what is lacking": {
			requirement: requirement(fixture.Scoped(v1alpha1.ArtifactSafeguard, v1alpha1.ArtifactAdapter)),
			evaluations: list(evaluation("e", "0.1")),
			want:        indeterminate, wantMessage: "(Safeguard and Adapter); add it to spec.artifacts",
		},
		"a result for another requirement does not count": {
			evaluations: list(fixture.Evaluation("e", "other", "0.1")), want: missing,
		},
		"a result that names another release does not count": {
			evaluations: list(evaluation("e", "0.1", fixture.For("m2"))), want: missing,
		},
		"a result of another namespace does not count": {
			evaluations: list(evaluation("e", "0.1", func(e *v1alpha1.SafetyEvaluation) { e.Namespace = "elsewhere" })), want: missing,
		},
		"nothing at all is missing": {
			want: missing, wantMessage: "Run or import an evaluation",
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

func TestRelationOfAResult(t *testing.T) {
	variant := fixture.Related(v1alpha1.RelationHelpfulOnlyVariant, fixture.Weights("variant"))
	accepting := requirement(fixture.Accepting(v1alpha1.RelationHelpfulOnlyVariant))
	for name, test := range map[string]requirementCase{
		"Exact in words is as good as omitted": {
			evaluations: list(evaluation("e", "0.1", fixture.Related(v1alpha1.RelationExact))), want: met, wantEvidence: "e",
		},
		"a favourable result with a relation that is not accepted does not count": {
			evaluations: list(evaluation("e", "0.1", variant)), want: missing, wantMessage: "which the requirement does not accept: 1.",
		},
		"an indeterminate result with a relation that is not accepted does not count": {
			evaluations: list(evaluation("e", "0.1"), evaluation("v", "0.3", variant, day(2))), want: met, wantEvidence: "e",
		},
		"a favourable result with an accepted relation counts": {
			requirement: accepting, evaluations: list(evaluation("e", "0.1", variant)), want: met, wantEvidence: "e",
		},
		"another relation than the accepted one does not count": {
			requirement: requirement(fixture.Accepting(v1alpha1.RelationEarlierSnapshot)), evaluations: list(evaluation("e", "0.1", variant)), want: missing,
		},
		"a failing result counts with a relation that is not accepted": {
			evaluations: list(evaluation("e", "0.1", day(2)), evaluation("v", "0.9", variant)), want: failed,
		},
		"a failing result counts with an accepted relation": {
			requirement: accepting, evaluations: list(evaluation("v", "0.9", variant)), want: failed,
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

func TestUseOfAResult(t *testing.T) {
	measuring := func(modify func(*v1alpha1.Measurement)) []v1alpha1.SafetyEvaluation {
		return list(evaluation("e", "0.1", fixture.Measuring(modify)))
	}
	for name, test := range map[string]requirementCase{
		"without a measurement nothing is known": {
			evaluations: list(evaluation("e", "", fixture.Unmeasured(v1alpha1.ReasonUnreadable))),
			want:        indeterminate, wantEvidence: "e", wantMessage: "no measurement is recorded (Unreadable)",
		},
		"what is not read yet answers nothing": {
			evaluations: list(evaluation("e", "", fixture.Unread())),
			want:        missing, wantMessage: "Evaluation e is not read yet: no measurement is recorded yet.",
		},
		"what is not read yet changes nothing": {
			evaluations: list(evaluation("e", "0.1"), evaluation("f", "", day(2), fixture.Unread())),
			want:        met, wantEvidence: "e", wantMessage: "Evaluation f is not read yet",
		},
		"a claimed start in the future is refused": {
			evaluations: measuring(func(m *v1alpha1.Measurement) { m.StartTime = &metav1.Time{Time: fixture.Day(9)} }),
			want:        indeterminate, wantEvidence: "e", wantMessage: "claims an end in the future",
		},
		"a problem is quoted": {
			evaluations: measuring(func(m *v1alpha1.Measurement) { m.Problem = "two results match: a, b" }),
			want:        indeterminate, wantEvidence: "e", wantMessage: "two results match: a, b",
		},
		"another metric than the policy's is no answer": {
			evaluations: measuring(func(m *v1alpha1.Measurement) { m.Metric = "scorer/old" }),
			want:        indeterminate, wantEvidence: "e", wantMessage: "it measured scorer/old, and the policy asks for scorer/uplift",
		},
		"without an end marker the run may be a part": {
			evaluations: measuring(func(m *v1alpha1.Measurement) { m.EndMarker = "" }),
			want:        indeterminate, wantEvidence: "e", wantMessage: "nothing in the file shows that the run ended well",
		},
		"an absent value is no data": {
			evaluations: measuring(func(m *v1alpha1.Measurement) { m.Value = "" }),
			want:        indeterminate, wantEvidence: "e", wantMessage: "no finite number",
		},
		"NaN is no data": {
			evaluations: list(evaluation("e", "NaN")), want: indeterminate, wantEvidence: "e", wantMessage: "no finite number",
		},
		"minus infinity is no data, however safe it looks": {
			evaluations: list(evaluation("e", "-Inf")), want: indeterminate, wantEvidence: "e", wantMessage: "no finite number",
		},
		"a reported interval needs a standard error above zero": {
			requirement: requirement(fixture.Bounded(v1alpha1.BoundReported95)),
			evaluations: measuring(func(m *v1alpha1.Measurement) { m.StandardError = "0.0" }),
			want:        indeterminate, wantEvidence: "e", wantMessage: "can use bound Wilson95",
		},
		"the interval and not the value is judged": {
			requirement: requirement(fixture.Bounded(v1alpha1.BoundWilson95)),
			evaluations: list(evaluation("e", "0.15")), want: indeterminate, wantEvidence: "e", wantMessage: "95% interval 0.09306 to 0.2328",
		},
		"a failing result that cannot be used fails nothing": {
			evaluations: list(evaluation("e", "0.9", fixture.Counting(3, 3, 0, 0))), want: indeterminate, wantEvidence: "e",
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

func TestCountsOfAResult(t *testing.T) {
	counting := func(planned, judged, unjudged, errored int64) []v1alpha1.SafetyEvaluation {
		return list(evaluation("e", "0.1", fixture.Counting(planned, judged, unjudged, errored)))
	}
	for name, test := range map[string]requirementCase{
		"an unknown number of judged samples is below every minimum": {
			evaluations: counting(100, -1, 0, 0), want: indeterminate, wantEvidence: "e", wantMessage: "the number of judged samples is unknown",
		},
		"as many samples as the minimum are enough": {
			evaluations: counting(10, 10, 0, 0), want: met, wantEvidence: "e",
		},
		"one sample below the minimum is not enough": {
			evaluations: counting(9, 9, 0, 0), want: indeterminate, wantEvidence: "e", wantMessage: "9 samples were judged; at least 10",
		},
		"an unjudged share at the bound is allowed": {
			evaluations: counting(100, 90, 4, 6), want: met, wantEvidence: "e",
		},
		"an unjudged share above the bound is too much": {
			evaluations: counting(100, 89, 5, 6), want: indeterminate, wantEvidence: "e", wantMessage: "11 of 100 planned samples",
		},
		"the share is of the plan, where that is larger than what ended": {
			evaluations: counting(1000, 89, 11, 0), want: met, wantEvidence: "e",
		},
		"a stated plan below what ended is not believed": {
			evaluations: counting(5, 95, 10, 0), want: met, wantEvidence: "e",
		},
		"without a stated plan what ended is the plan": {
			evaluations: counting(-1, 89, 11, 0), want: indeterminate, wantEvidence: "e", wantMessage: "11 of 100",
		},
		"an unknown number of unjudged samples is an unknown share": {
			evaluations: counting(100, 100, -1, 0), want: indeterminate, wantEvidence: "e", wantMessage: "without a judgement is unknown",
		},
		"an unknown number of errors is an unknown share": {
			evaluations: counting(100, 100, 0, -1), want: indeterminate, wantEvidence: "e", wantMessage: "without a judgement is unknown",
		},
		"an unknown share is allowed where the policy sets no bound": {
			requirement: requirement(fixture.Sampled(10, 100)), evaluations: counting(-1, 100, -1, -1), want: met, wantEvidence: "e",
		},
		"an unknown number of judged samples is refused where the policy sets no bound on the others": {
			requirement: requirement(fixture.Sampled(1, 100)), evaluations: counting(-1, -1, -1, -1), want: indeterminate, wantEvidence: "e",
		},
		"a negative count is absurd": {
			evaluations: list(evaluation("e", "0.1", fixture.Measuring(func(m *v1alpha1.Measurement) { m.Errored = new(int64(-1)) }))),
			want:        indeterminate, wantEvidence: "e", wantMessage: "negative",
		},
		"a count beyond all bounds is absurd": {
			requirement: requirement(fixture.Sampled(1, 100)), evaluations: counting(1<<62, 1<<62, 1<<62, 1<<62),
			want: indeterminate, wantEvidence: "e", wantMessage: "beyond all bounds",
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

func TestAgeOfAResult(t *testing.T) {
	for name, test := range map[string]requirementCase{
		"age counts from when the API server stored it": {
			evaluations: list(evaluation("e", "0.1", day(3))), want: met, wantEvidence: "e", wantExpires: 103,
		},
		"a claimed end makes it older": {
			evaluations: list(evaluation("e", "0.1", day(3), fixture.Ended(fixture.Day(1)))), want: met, wantEvidence: "e", wantExpires: 101,
		},
		"where no end is claimed the claimed start makes it older": {
			evaluations: list(evaluation("e", "0.1", day(3), fixture.Measuring(func(m *v1alpha1.Measurement) {
				m.StartTime = &metav1.Time{Time: fixture.Day(1)}
			}))), want: met, wantEvidence: "e", wantExpires: 101,
		},
		"a claimed end a little later makes it no younger": {
			evaluations: list(evaluation("e", "0.1", day(3), fixture.Ended(fixture.Day(3).Add(5*time.Minute)))), want: met, wantEvidence: "e", wantExpires: 103,
		},
		"a claimed end in the future is refused": {
			evaluations: list(evaluation("e", "0.1", day(3), fixture.Ended(fixture.Day(3).Add(5*time.Minute+time.Second)))),
			want:        indeterminate, wantEvidence: "e", wantMessage: "claims an end in the future",
		},
		"what was never stored has no age": {
			evaluations: list(evaluation("e", "0.1", func(e *v1alpha1.SafetyEvaluation) { e.CreationTimestamp = metav1.Time{} })),
			want:        indeterminate, wantEvidence: "e", wantMessage: "its age is unknown",
		},
		"it counts to the second before its end": {
			evaluations: list(evaluation("e", "0.1", fixture.At(fixture.Day(0).Add(time.Second)))), now: 100, want: met, wantEvidence: "e",
		},
		"it has expired at its end": {
			evaluations: list(evaluation("e", "0.1")), now: 100, want: expired, wantEvidence: "e", wantExpires: 100, wantMessage: "run or import a new evaluation",
		},
		"an indeterminate result does not expire": {
			evaluations: list(evaluation("e", "0.3")), now: 1000, want: indeterminate, wantEvidence: "e",
		},
		"a failing result does not expire": {
			evaluations: list(evaluation("e", "0.9")), now: 1000, want: failed,
		},
		"a validity beyond the API's longest is cut to it": {
			requirement: requirement(fixture.ValidFor(1 << 30)), evaluations: list(evaluation("e", "0.1")), want: met, wantEvidence: "e", wantExpires: 3650,
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

func TestLatestResult(t *testing.T) {
	for name, test := range map[string]requirementCase{
		"the later favourable result decides": {
			evaluations: list(evaluation("a", "0.3"), evaluation("b", "0.1", day(1))), want: met, wantEvidence: "b",
		},
		"the later indeterminate result decides": {
			evaluations: list(evaluation("a", "0.1"), evaluation("b", "0.3", day(1))), want: indeterminate, wantEvidence: "b", wantMessage: "neither wholly below 0.2 nor wholly above 0.5",
		},
		"later means the run and not the import": {
			evaluations: list(evaluation("a", "0.1", day(5)), evaluation("b", "0.3", day(8), fixture.Ended(fixture.Day(4)))), want: met, wantEvidence: "a",
		},
		"at the same time the worse counts": {
			evaluations: list(evaluation("a", "0.1"), evaluation("b", "0.3")), want: indeterminate, wantEvidence: "b",
		},
		"of equals the first by name counts": {
			evaluations: list(evaluation("b", "0.1"), evaluation("a", "0.15")), want: met, wantEvidence: "a",
		},
		"a failing result fails, whatever comes later": {
			evaluations: list(evaluation("a", "0.9"), evaluation("b", "0.1", day(1))), want: failed, wantMessage: "failed with 0.9 in evaluation serving/a",
		},
		"what cannot be used replaces nothing and is mentioned": {
			evaluations: list(evaluation("a", "0.1"), evaluation("b", "NaN", day(1))), want: met, wantEvidence: "a", wantExpires: 100,
			wantMessage: "Evaluation b changes nothing, for it cannot be used: the file has no finite number",
		},
		"what cannot be used extends nothing": {
			evaluations: list(evaluation("a", "0.1"), evaluation("b", "0.1", day(5), fixture.Counting(3, 3, 0, 0))), now: 101, want: expired, wantEvidence: "a",
		},
		"of what cannot be used the newest is told": {
			evaluations: list(evaluation("a", "NaN"), evaluation("c", "", day(2), fixture.Unmeasured("Unreadable")), evaluation("b", "NaN", day(1))),
			want:        indeterminate, wantEvidence: "c", wantMessage: "cannot be used there are 3.",
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

func TestSightings(t *testing.T) {
	weights, other := fixture.Weights("m1"), fixture.Weights("other")
	seen := func(file, run string, at time.Time, artifacts ...v1alpha1.SubjectArtifact) []gate.Sighting {
		return []gate.Sighting{{SHA256: file, RunID: run, Artifacts: artifacts, Time: at, UID: "another"}}
	}
	file, run := fixture.SHA256("file e"), "run-1"
	e := list(evaluation("e", "0.1", day(5), fixture.Measuring(func(m *v1alpha1.Measurement) { m.RunID = run })))
	variant := list(evaluation("e", "0.1", day(5), fixture.Related(v1alpha1.RelationEarlierSnapshot, other)))
	accepting := requirement(fixture.Accepting(v1alpha1.RelationEarlierSnapshot))
	for name, test := range map[string]requirementCase{
		"the same file seen before keeps its first time": {
			evaluations: e, sightings: seen(file, "", fixture.Day(2), weights), want: met, wantEvidence: "e", wantExpires: 102,
		},
		"the same file seen later changes nothing": {
			evaluations: e, sightings: seen(file, "", fixture.Day(7), weights), want: met, wantEvidence: "e", wantExpires: 105,
		},
		"the same run seen before keeps its first time": {
			evaluations: e, sightings: seen("", run, fixture.Day(2), weights), want: met, wantEvidence: "e", wantExpires: 102,
		},
		"the same run about other artifacts is another thing": {
			evaluations: e, sightings: seen("", run, fixture.Day(2), other), want: met, wantEvidence: "e", wantExpires: 105,
		},
		"runs without an identifier are not the same": {
			evaluations: list(evaluation("e", "0.1", day(5))), sightings: seen("", "", fixture.Day(2), weights), want: met, wantEvidence: "e", wantExpires: 105,
		},
		"another file is another thing": {
			evaluations: e, sightings: seen(fixture.SHA256("x"), "", fixture.Day(2), other), want: met, wantEvidence: "e", wantExpires: 105,
		},
		"the same file submitted before for other artifacts is a replay": {
			evaluations: e, sightings: seen(file, "", fixture.Day(2), other), want: indeterminate, wantEvidence: "e", wantMessage: "the same file was submitted for other artifacts",
		},
		"in the same second either may be the replay": {
			evaluations: e, sightings: seen(file, "", fixture.Day(5), other), want: indeterminate, wantEvidence: "e",
		},
		"a replay elsewhere later takes nothing from the original": {
			evaluations: e, sightings: seen(file, "", fixture.Day(6), other), want: met, wantEvidence: "e", wantExpires: 105,
		},
		"artifacts outside the scope make no replay": {
			evaluations: e, sightings: seen(file, "", fixture.Day(2), weights, fixture.Server("other")), want: met, wantEvidence: "e", wantExpires: 102,
		},
		"its own sighting changes nothing": {
			evaluations: e, sightings: []gate.Sighting{gate.SightingOf(&e[0])}, want: met, wantEvidence: "e", wantExpires: 105,
		},
		"the original of a related result is no replay, and gives its age": {
			requirement: accepting, evaluations: variant, sightings: seen(file, "", fixture.Day(2), other), want: met, wantEvidence: "e", wantExpires: 102,
		},
		"a related result whose file was of something else is a replay": {
			requirement: accepting, evaluations: variant, sightings: seen(file, "", fixture.Day(2), fixture.Weights("third")), want: indeterminate, wantEvidence: "e",
		},
		"a file that was related evidence before is a replay as exact evidence": {
			evaluations: e,
			sightings:   []gate.Sighting{{SHA256: file, Artifacts: e[0].Spec.Subject.Artifacts, Tested: variant[0].Spec.Subject.Tested, Time: fixture.Day(1)}},
			want:        indeterminate, wantEvidence: "e",
		},
		"an old run that is imported again expires with the first": {
			evaluations: e, sightings: seen(file, "", fixture.Day(-200), weights), want: expired, wantEvidence: "e", wantExpires: -100,
		},
	} {
		t.Run(name, func(t *testing.T) { testRequirement(t, test) })
	}
}

func TestCriterionThatCannotBeApplied(t *testing.T) {
	for name, test := range map[string]struct {
		modify      func(*v1alpha1.Requirement)
		wantMessage string
	}{
		"clearAt on the unsafe side of tripAt": {fixture.Judging(v1alpha1.LowerIsSafer, "0.5", "0.2"), "safe side of tripAt"},
		"the same when higher is safer":        {fixture.Judging(v1alpha1.HigherIsSafer, "0.2", "0.5"), "safe side of tripAt"},
		"clearAt that is no number":            {fixture.Judging(v1alpha1.LowerIsSafer, "NaN", ""), "evaluation.clearAt"},
		"tripAt that is no number":             {fixture.Judging(v1alpha1.LowerIsSafer, "0.5", "much"), "evaluation.tripAt"},
		"no direction":                         {fixture.Judging("", "0.5", ""), "evaluation.direction"},
		"no bound":                             {fixture.Bounded(""), "evaluation.bound"},
		"an unjudged share above everything":   {fixture.Sampled(1, 101), "evaluation.maxUnjudgedPercent"},
		"an unjudged share below zero":         {fixture.Sampled(1, -1), "evaluation.maxUnjudgedPercent"},
	} {
		t.Run(name, func(t *testing.T) {
			testRequirement(t, requirementCase{
				requirement: requirement(test.modify), evaluations: list(evaluation("e", "0.1")),
				want: indeterminate, wantMessage: test.wantMessage,
			})
		})
	}
	t.Run("an absent unjudged share allows none", func(t *testing.T) {
		testRequirement(t, requirementCase{
			requirement: requirement(func(r *v1alpha1.Requirement) { r.Evaluation.MaxUnjudgedPercent = nil }),
			evaluations: list(evaluation("e", "0.1", fixture.Counting(1000, 999, 1, 0))),
			want:        indeterminate, wantEvidence: "e", wantMessage: "at most 0% of the planned ones may",
		})
	})
	t.Run("a requirement that is defined twice is met by nothing", func(t *testing.T) {
		got := gate.Decide(gate.Input{
			Now: fixture.Day(1), Release: fixture.Release("m1"),
			Policy:      fixture.Policy("rsp", fixture.Requiring("ASL-2", "uplift"), fixture.Defining("uplift"), fixture.Defining("uplift")),
			Evaluations: list(evaluation("e", "0.1")),
		})
		if len(got.Requirements) != 1 || got.Requirements[0].State != indeterminate || got.GrantedExposure != "" {
			t.Errorf("the requirements are %+v", got.Requirements)
		}
	})
}
