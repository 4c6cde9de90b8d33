// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package retention_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/retention"
)

// result is one for "attack" of a day, whose file claims that day; it counts for 100 days.
func result(name, value string, day int, modifiers ...func(*v1alpha1.SafetyEvaluation)) v1alpha1.SafetyEvaluation {
	return fixture.Evaluation(name, "attack", value, append([]func(*v1alpha1.SafetyEvaluation){
		fixture.At(fixture.Day(day)), fixture.Ended(fixture.Day(day)),
	}, modifiers...)...)
}

func unclaimed(e *v1alpha1.SafetyEvaluation) { e.Status.Measurement.EndTime = nil }

// sameFile gives an evaluation the file of "old".
func sameFile(e *v1alpha1.SafetyEvaluation) { e.Status.Measurement.SHA256 = fixture.SHA256("file old") }

func runOf(id string) func(*v1alpha1.SafetyEvaluation) {
	return fixture.Measuring(func(m *v1alpha1.Measurement) { m.RunID = id })
}

func elsewhere(e *v1alpha1.SafetyEvaluation) { e.Namespace = "elsewhere" }

// broken is a run that ended without a measurement.
func broken(name string, day int) v1alpha1.SafetyEvaluation {
	return result(name, "", day, fixture.Run(fixture.Day(day)), fixture.Unmeasured(v1alpha1.ReasonRunFailed))
}

func list(evaluations ...v1alpha1.SafetyEvaluation) []v1alpha1.SafetyEvaluation { return evaluations }

func about(e v1alpha1.SafetyEvaluation, modifiers ...func(*v1alpha1.AdverseFinding)) v1alpha1.AdverseFinding {
	return fixture.Finding("f", "attack", gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil),
		append([]func(*v1alpha1.AdverseFinding){fixture.From(&e)}, modifiers...)...)
}

// testCase is a set of evaluations, and those of them that may go on day 300, by name.
type testCase struct {
	evaluations []v1alpha1.SafetyEvaluation
	// elsewhere are those of other releases.
	elsewhere []v1alpha1.SafetyEvaluation
	findings  []v1alpha1.AdverseFinding
	change    func(*retention.Input)
	want      []string
}

func (test testCase) run(t *testing.T) {
	t.Helper()
	in := retention.Input{
		Now: fixture.Day(300), Release: fixture.Release("m1"),
		Policy: fixture.Policy("rsp", fixture.Defining("attack"), func(p *v1alpha1.SafetyPolicy) {
			p.Spec.Retention = &v1alpha1.Retention{EvaluationDays: 30}
		}),
		Evaluations: test.evaluations, Sharing: append(list(test.elsewhere...), test.evaluations...),
		Findings: test.findings, LongestDays: 100,
	}
	if test.change != nil {
		test.change(&in)
	}
	var got []string
	for _, choice := range retention.Expendable(in) {
		got = append(got, choice.Evaluation.Name)
		if choice.Successor == nil || choice.Since.IsZero() {
			t.Errorf("choice %+v", choice)
		}
	}
	if diff := cmp.Diff(test.want, got); diff != "" {
		t.Errorf("expendable (-want +got)\n%s", diff)
	}
}

func TestWhatIsOld(t *testing.T) {
	old, latest := result("old", "0.1", 0), result("latest", "0.1", 180)
	for name, test := range map[string]testCase{
		"what is old and was followed":               {evaluations: list(old, latest), want: []string{"old"}},
		"the latest stays, however old":              {evaluations: list(old)},
		"it stays for as long as the policy says":    {evaluations: list(old, latest), change: func(in *retention.Input) { in.Now = fixture.Day(129) }},
		"counted from the end of its validity":       {evaluations: list(old, result("latest", "0.1", 120)), change: func(in *retention.Input) { in.Now = fixture.Day(131) }, want: []string{"old"}},
		"or from when another took its place":        {evaluations: list(result("old", "0.3", 0), latest), change: func(in *retention.Input) { in.Now = fixture.Day(209) }},
		"and then it goes":                           {evaluations: list(result("old", "0.3", 0), latest), change: func(in *retention.Input) { in.Now = fixture.Day(210) }, want: []string{"old"}},
		"nothing without a retention":                {evaluations: list(old, latest), change: func(in *retention.Input) { in.Policy.Spec.Retention = nil }},
		"nothing without a policy":                   {evaluations: list(old, latest), change: func(in *retention.Input) { in.Policy = nil }},
		"nothing without the release":                {evaluations: list(old, latest), change: func(in *retention.Input) { in.Release = nil }},
		"nothing without the time":                   {evaluations: list(old, latest), change: func(in *retention.Input) { in.Now = time.Time{} }},
		"nothing of a release that is being deleted": {evaluations: list(old, latest), change: func(in *retention.Input) { in.Release.DeletionTimestamp = &metav1.Time{Time: in.Now} }},
		"nothing of a requirement that is gone":      {evaluations: list(old, latest), change: func(in *retention.Input) { in.Policy.Spec.Requirements[0].Name = "other" }},
		"nothing of one that cannot be judged":       {evaluations: list(old, latest), change: func(in *retention.Input) { in.Policy.Spec.Requirements[0].Evaluation.ClearAt = "" }},
		"nothing measured under another metric":      {evaluations: list(result("old", "0.1", 0, fixture.Measuring(func(m *v1alpha1.Measurement) { m.Metric = "x" })), latest)},
		"what another evaluation about other artifacts followed stays": {
			evaluations: list(old, result("latest", "0.1", 180, fixture.About(fixture.Weights("new")))),
		},
		"what one followed that cannot be used stays": {
			evaluations: list(old, result("latest", "NaN", 180)),
		},
		"what one followed that was revoked stays": {
			evaluations: list(old, result("latest", "0.1", 180, fixture.Revoked(v1alpha1.RevocationAdvisory))),
		},
		"what was revoked goes when another followed it": {
			evaluations: list(result("old", "0.1", 0, fixture.Revoked(v1alpha1.RevocationCritical)), latest), want: []string{"old"},
		},
		"what was revoked stays while nothing followed it, for it is why something is refused": {
			evaluations: list(result("old", "0.1", 0, fixture.Revoked(v1alpha1.RevocationCritical))),
		},
		"what one followed that is being deleted stays": {
			evaluations: list(old, result("latest", "0.1", 180, func(e *v1alpha1.SafetyEvaluation) { e.DeletionTimestamp = &metav1.Time{Time: fixture.Day(200)} })),
		},
		"what claims no time stays: brought again it would be new": {
			evaluations: list(result("old", "0.1", 0, unclaimed), latest),
		},
		"what claims a time that another policy lets count stays": {
			evaluations: list(old, latest), change: func(in *retention.Input) { in.LongestDays = 301 },
		},
		"and goes when none does any more": {
			evaluations: list(old, latest), change: func(in *retention.Input) { in.LongestDays = 300 }, want: []string{"old"},
		},
		"what claims to be later than it was known stays": {
			evaluations: list(result("old", "0.1", 0, fixture.Ended(fixture.Day(0).Add(time.Minute))), latest),
		},
		"what lies over a clear result goes after it": {
			evaluations: list(old, result("between", "0.3", 1), latest), want: []string{"old"},
		},
		"a file that cannot be used goes as well":   {evaluations: list(result("old", "NaN", 0), latest), want: []string{"old"}},
		"so does a run that came to nothing":        {evaluations: list(broken("old", 0), latest), want: []string{"old"}},
		"while it is the last of its kind it stays": {evaluations: list(old, broken("latest", 180))},
		"a file that was not read stays: it may be yet": {
			evaluations: list(result("old", "", 0, fixture.Unmeasured(v1alpha1.ReasonMetricNotFound)), result("older", "", 0, fixture.Unread()), latest),
		},
		"of several the oldest are first": {
			evaluations: list(latest, result("b", "0.1", 1), result("c", "0.1", 0), result("a", "0.1", 1)), want: []string{"c", "a", "b"},
		},
	} {
		t.Run(name, test.run)
	}
}

func TestFilesThatAreShared(t *testing.T) {
	old, latest := result("old", "0.1", 0), result("latest", "0.1", 180)
	for name, test := range map[string]testCase{
		"a file that was brought for something else since stays known": {
			evaluations: list(old, latest), elsewhere: list(result("x", "0.1", 10, sameFile, elsewhere, fixture.About(fixture.Weights("x")))),
		},
		"a file that was brought again since stays known": {
			evaluations: list(old, latest), elsewhere: list(result("x", "0.1", 10, sameFile, elsewhere)),
		},
		"a file that an older one has for the same goes": {
			evaluations: list(result("old", "0.1", 0, unclaimed), latest),
			elsewhere:   list(result("x", "0.1", -1, sameFile, elsewhere)), want: []string{"old"},
		},
		"but not for something else": {
			evaluations: list(old, latest), elsewhere: list(result("x", "0.1", -1, sameFile, elsewhere, fixture.About(fixture.Weights("m1")))),
		},
		"a run that another file is of stays known": {
			evaluations: list(result("old", "0.1", 0, runOf("r")), latest), elsewhere: list(result("x", "0.1", 10, runOf("r"), elsewhere)),
		},
	} {
		t.Run(name, test.run)
	}
}

func TestWhatFailed(t *testing.T) {
	old, latest := result("old", "0.1", 0), result("latest", "0.1", 180)
	failed := result("failed", "0.9", 0)
	for name, test := range map[string]testCase{
		"what failed stays while no finding remembers it": {evaluations: list(failed, latest)},
		"what failed goes when one does": {
			evaluations: list(failed, latest), findings: []v1alpha1.AdverseFinding{about(failed)}, want: []string{"failed"},
		},
		"resolved or not": {
			evaluations: list(failed, latest), want: []string{"failed"},
			findings: []v1alpha1.AdverseFinding{about(failed, fixture.ResolvedBy(fixture.Namespace, "latest"), fixture.ResolvedAt(fixture.Day(180)))},
		},
		"a finding of another does not do": {
			evaluations: list(failed, latest), findings: []v1alpha1.AdverseFinding{about(result("later", "0.9", 1))},
		},
		"nor one about more than the requirement is about now": {
			evaluations: list(failed, latest),
			findings:    []v1alpha1.AdverseFinding{about(failed, fixture.Concerning(fixture.Weights("m1"), fixture.Server("m1")))},
		},
		"what failed among fewer artifacts than the release has stays shown": {
			evaluations: list(failed, latest), findings: []v1alpha1.AdverseFinding{about(failed)},
			change: func(in *retention.Input) {
				in.Policy.Spec.Requirements[0].Scope = append(in.Policy.Spec.Requirements[0].Scope, v1alpha1.ArtifactSafeguard)
				fixture.Of(fixture.Weights("m1"), fixture.Safeguard("new"))(in.Release)
			},
		},
		"what failed over a clear result about other artifacts stays: a release may have both": {
			evaluations: list(result("clear", "0.1", -1, fixture.About(fixture.Weights("new"))), failed, latest),
			findings:    []v1alpha1.AdverseFinding{about(failed)},
		},
		"what failed a short time ago stays, though an older one has its file": {
			evaluations: list(result("failed", "0.9", 250, sameFile), result("latest", "0.1", 260)),
			elsewhere:   list(result("x", "0.9", 240, sameFile, elsewhere)), findings: []v1alpha1.AdverseFinding{about(failed)},
		},
		"and goes when it is long ago": {
			evaluations: list(result("failed", "0.9", 250, sameFile), result("latest", "0.1", 260)), want: []string{"failed"},
			elsewhere: list(result("x", "0.9", 240, sameFile, elsewhere)), findings: []v1alpha1.AdverseFinding{about(failed)},
			change: func(in *retention.Input) { in.Now = fixture.Day(350) },
		},
		"what a resolution names stays": {
			evaluations: list(old, latest), findings: []v1alpha1.AdverseFinding{about(failed, fixture.ResolvedBy(fixture.Namespace, "old"))},
		},
		"a namesake in another namespace does not matter": {
			evaluations: list(old, latest), findings: []v1alpha1.AdverseFinding{about(failed, fixture.ResolvedBy("elsewhere", "old"))}, want: []string{"old"},
		},
	} {
		t.Run(name, test.run)
	}
}
