// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// upliftScope is the scope digest of the requirement uplift for the release m1.
func upliftScope() string {
	return gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m1")}, nil)
}

func finding(name string, modifiers ...func(*v1alpha1.AdverseFinding)) v1alpha1.AdverseFinding {
	return fixture.Finding(name, "uplift", upliftScope(), modifiers...)
}

// about is a finding about these artifacts, with a resolution.
func about(artifacts ...v1alpha1.SubjectArtifact) v1alpha1.AdverseFinding {
	return fixture.Finding("f", "uplift", gate.Digest(artifacts, nil),
		fixture.Concerning(artifacts...), fixture.ResolvedBy(fixture.Namespace, "clear"))
}

func findings(list ...v1alpha1.AdverseFinding) []v1alpha1.AdverseFinding { return list }

func upliftInput(evaluations []v1alpha1.SafetyEvaluation, list []v1alpha1.AdverseFinding) gate.Input {
	return gate.Input{
		Now: fixture.Day(10), Release: fixture.Release("m1"), PolicyRevision: "sha256:0123456789abcdef",
		Policy:      fixture.Policy("rsp", fixture.Requiring("ASL-2", "uplift"), fixture.Defining("uplift")),
		Evaluations: evaluations, Findings: list,
	}
}

// findingCase is a set of results and findings for the requirement uplift.
type findingCase struct {
	evaluations []v1alpha1.SafetyEvaluation
	findings    []v1alpha1.AdverseFinding
	want        v1alpha1.RequirementState
	// wantNew is the evaluation that a new finding is about; empty for none.
	wantNew string
}

func (test findingCase) check(t *testing.T) {
	t.Helper()
	got := gate.Decide(upliftInput(test.evaluations, test.findings))
	if state := got.Requirements[0].State; state != test.want {
		t.Errorf("the state is %s, want %s: %s", state, test.want, got.Requirements[0].Message)
	}
	var about string
	for i := range got.NewFindings {
		about += got.NewFindings[i].Spec.Evidence.Name
	}
	if about != test.wantNew {
		t.Errorf("new findings are about %q, want %q", about, test.wantNew)
	}
}

func TestFindings(t *testing.T) {
	failing := evaluation("bad", "0.9", day(1))
	early, late := evaluation("early", "0.1", day(0)), evaluation("late", "0.1", day(3))
	resolved := fixture.ResolvedAt(fixture.Day(3))
	for name, test := range map[string]findingCase{
		"a failing result makes a finding": {
			evaluations: list(failing), want: failed, wantNew: "bad",
		},
		"of several failing results the latest makes the only finding": {
			evaluations: list(failing, evaluation("worse", "0.95", day(2)), late), want: failed, wantNew: "worse",
		},
		"a finding that stands fails without its evidence": {
			findings: findings(finding("f")), want: failed,
		},
		"a finding that stands fails against later favourable results": {
			evaluations: list(late), findings: findings(finding("f")), want: failed,
		},
		"a failing result that is no later makes no second finding while one stands": {
			evaluations: list(evaluation("old", "0.9", day(0))), findings: findings(finding("f")), want: failed,
		},
		"a later failing result makes another finding while one stands, so that deleting it is no escape": {
			evaluations: list(failing), findings: findings(finding("f")), want: failed, wantNew: "bad",
		},
		"a finding for another requirement does not matter": {
			evaluations: list(late), findings: findings(fixture.Finding("f", "other", upliftScope())), want: met,
		},
		"a resolved finding does not stand": {
			evaluations: list(late), findings: findings(finding("f", resolved)), want: met,
		},
		"a resolved finding accounts for its own evidence": {
			evaluations: list(failing, late),
			findings:    findings(finding("f", fixture.From(&failing), fixture.ResolvedAt(fixture.Day(0)))), want: met,
		},
		"a resolved finding accounts for failing results that were known before": {
			evaluations: list(failing, late), findings: findings(finding("f", resolved)), want: met,
		},
		"a resolved finding does not account for one that came in the same second": {
			evaluations: list(late, evaluation("again", "0.9", day(3))), findings: findings(finding("f", resolved)), want: failed, wantNew: "again",
		},
		"a resolved finding does not account for one that came later, however old it claims to be": {
			evaluations: list(late, evaluation("again", "0.9", day(5), fixture.Ended(fixture.Day(0)))),
			findings:    findings(finding("f", resolved)), want: failed, wantNew: "again",
		},
		"with a resolved and a standing finding the requirement fails": {
			evaluations: list(late), findings: findings(finding("f", resolved), finding("g")), want: failed,
		},
		"a failing result that is accounted for clears nothing while it is the latest": {
			evaluations: list(early, failing), findings: findings(finding("f", resolved)), want: indeterminate,
		},
		"a failing result that is accounted for clears nothing by itself": {
			evaluations: list(failing), findings: findings(finding("f", resolved)), want: indeterminate,
		},
	} {
		t.Run(name, test.check)
	}
}

func TestArtifactsOfFindings(t *testing.T) {
	failing, late := evaluation("bad", "0.9", day(1)), evaluation("late", "0.1", day(3))
	resolved := fixture.ResolvedAt(fixture.Day(3))
	for name, test := range map[string]findingCase{
		"a finding about other artifacts does not matter": {
			evaluations: list(late),
			findings:    findings(about(fixture.Weights("x"))),
			want:        met,
		},
		"a finding about artifacts that the release has only some of does not matter": {
			evaluations: list(late),
			findings:    findings(about(fixture.Weights("m1"), fixture.Safeguard("x"))),
			want:        met,
		},
		"another artifact in the scope is no escape from a finding": {
			evaluations: list(late),
			findings:    findings(fixture.Finding("f", "uplift", "sha256:of-the-release-before")),
			want:        failed,
		},
		"a finding about artifacts beyond the scope of today's policy stands": {
			evaluations: list(late),
			findings:    findings(about(fixture.Weights("m1"), fixture.Server("m1"))),
			want:        failed,
		},
		"a failure of an artifact out of scope is about something else": {
			evaluations: list(late, evaluation("bad", "0.9", day(1), fixture.About(fixture.Server("m1")))),
			want:        met,
		},
		"a failure of artifacts under another type makes a finding": {
			evaluations: list(late, evaluation("bad", "0.9", day(1), fixture.About(v1alpha1.SubjectArtifact{
				Type: v1alpha1.ArtifactWeights, Digest: fixture.Server("m1").Digest,
			}))),
			want: failed, wantNew: "bad",
		},
		"a pass of some of the release's artifacts shows nothing": {
			evaluations: list(evaluation("good", "0.1", day(1), fixture.About(v1alpha1.SubjectArtifact{
				Type: v1alpha1.ArtifactWeights, Digest: fixture.Server("m1").Digest,
			}))),
			want: missing,
		},
		"a resolved finding of another scope accounts for no failing result": {
			evaluations: list(failing, late),
			findings:    findings(fixture.Finding("f", "uplift", "sha256:of-the-release-before", resolved)),
			want:        failed, wantNew: "bad",
		},
	} {
		t.Run(name, test.check)
	}
}

// Submitting a file once more for something else silences nothing of what it says against this.
func TestAReplayDoesNotSilenceAFailure(t *testing.T) {
	bad := evaluation("bad", "0.9", day(1))
	in := upliftInput(list(bad), nil)
	in.Sightings = []gate.Sighting{gate.SightingOf(&bad), {
		SHA256: bad.Status.Measurement.SHA256, Time: bad.CreationTimestamp.Time, UID: "another",
		Artifacts: []v1alpha1.SubjectArtifact{fixture.Weights("other")},
	}}
	if got := gate.Decide(in); got.Requirements[0].State != failed || len(got.NewFindings) != 1 {
		t.Errorf("the state is %s with %d new findings: %s", got.Requirements[0].State, len(got.NewFindings), got.Requirements[0].Message)
	}
}

func TestNewFindingIsComplete(t *testing.T) {
	bad := evaluation("bad", "0.9", day(2), fixture.Ended(fixture.Day(1)))
	got := gate.Decide(upliftInput(list(bad), nil))
	want := v1alpha1.AdverseFinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: "scalegate.dev/v1alpha1", Kind: "AdverseFinding"},
		ObjectMeta: metav1.ObjectMeta{Name: got.Requirements[0].Evidence},
		Spec: v1alpha1.AdverseFindingSpec{
			Requirement: "uplift",
			ScopeDigest: upliftScope(),
			Artifacts:   []v1alpha1.SubjectArtifact{fixture.Weights("m1")},
			Evidence: v1alpha1.FindingEvidence{
				Namespace: "serving", Name: "bad", UID: string(bad.UID), Reach: v1alpha1.ReachNamespace, Policy: "rsp", PolicyRevision: "sha256:0123456789abcdef",
				Value: "0.9", SHA256: fixture.SHA256("file bad"), ResultTime: metav1.NewTime(fixture.Day(1)),
			},
		},
	}
	if diff := cmp.Diff([]v1alpha1.AdverseFinding{want}, got.NewFindings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if name := got.NewFindings[0].Name; !strings.HasPrefix(name, "uplift-") || len(name) != len("uplift-")+16 {
		t.Errorf("the finding's name is %q, want uplift- and 16 digits", name)
	}
	again := gate.Decide(upliftInput(list(bad, evaluation("later", "0.1", day(9))), nil))
	if again.NewFindings[0].Name != got.NewFindings[0].Name {
		t.Errorf("the same failing result makes findings of the names %s and %s", got.NewFindings[0].Name, again.NewFindings[0].Name)
	}
}

type resolutionCase struct {
	evaluations []v1alpha1.SafetyEvaluation
	findings    []v1alpha1.AdverseFinding
	now         int
	want        v1alpha1.RequirementState
	// wantTime is a day of the fixture's calendar; 0 when the resolution has no effect.
	wantTime    int
	wantMessage string
}

// testResolution decides with one finding, f, that names an evaluation as its resolution.
func testResolution(t *testing.T, test resolutionCase) {
	t.Helper()
	in := upliftInput(test.evaluations, test.findings)
	if test.now != 0 {
		in.Now = fixture.Day(test.now)
	}
	got := gate.Decide(in)
	if state := got.Requirements[0].State; state != test.want {
		t.Errorf("the state is %s, want %s: %s", state, test.want, got.Requirements[0].Message)
	}
	if len(got.Resolutions) != 1 {
		t.Fatalf("there are %d answers, want 1", len(got.Resolutions))
	}
	answer := got.Resolutions[0]
	if effective := test.wantTime != 0; answer.Finding != "f" || answer.Effective != effective {
		t.Errorf("the answer is %+v, want effective %v", answer, effective)
	}
	if test.wantTime != 0 && !answer.ResolvedTime.Equal(fixture.Day(test.wantTime)) {
		t.Errorf("it is resolved at %v, want %v", answer.ResolvedTime, fixture.Day(test.wantTime))
	}
	if !strings.Contains(answer.Message, test.wantMessage) {
		t.Errorf("the answer is %q, want it to say %q", answer.Message, test.wantMessage)
	}
}

// Who may say so: what failed in a namespace counts there, and elsewhere where its evaluator's word counts everywhere.
func TestReachOfAFinding(t *testing.T) {
	const here, there = fixture.Namespace, "elsewhere"
	for name, test := range map[string]struct {
		namespace string
		reach     v1alpha1.Reach
		want      v1alpha1.RequirementState
	}{
		"one of this namespace counts":                                         {here, v1alpha1.ReachNamespace, failed},
		"one of another namespace counts where it reaches everywhere":          {there, v1alpha1.ReachCluster, failed},
		"one of another namespace that reaches no further does not count":      {there, v1alpha1.ReachNamespace, met},
		"one that was made before the reach was recorded counts as it used to": {there, "", failed},
	} {
		t.Run(name, func(t *testing.T) {
			f := finding("f", fixture.Spoken(test.namespace, test.reach))
			got := gate.Decide(upliftInput(list(evaluation("late", "0.1", day(3))), findings(f)))
			if state := got.Requirements[0].State; state != test.want {
				t.Errorf("the state is %s, want %s: %s", state, test.want, got.Requirements[0].Message)
			}
		})
	}
}

func TestANewFindingReachesAsFarAsItsEvaluation(t *testing.T) {
	for stamped, want := range map[v1alpha1.Reach]v1alpha1.Reach{
		"": v1alpha1.ReachNamespace, v1alpha1.ReachNamespace: v1alpha1.ReachNamespace, v1alpha1.ReachCluster: v1alpha1.ReachCluster,
	} {
		got := gate.Decide(upliftInput(list(evaluation("bad", "0.9", fixture.Reaching(stamped))), nil))
		if len(got.NewFindings) != 1 || got.NewFindings[0].Spec.Evidence.Reach != want {
			t.Errorf("of an evaluation stamped %q the new findings are %+v, want one that reaches the %s", stamped, got.NewFindings, want)
		}
	}
}

// A failure that counts in its namespace does not stand for one that counts everywhere, be it the later one.
func TestAFailureThatCountsEverywhereIsRemembered(t *testing.T) {
	rumour, attested := evaluation("rumour", "0.9", day(5)), evaluation("attested", "0.9", day(3), fixture.Reaching(v1alpha1.ReachCluster))
	near := finding("near", fixture.From(&rumour), fixture.Spoken(fixture.Namespace, v1alpha1.ReachNamespace))
	far := finding("far", fixture.From(&attested), fixture.Spoken(fixture.Namespace, v1alpha1.ReachCluster))
	later := finding("later", fixture.From(&rumour), fixture.Spoken(fixture.Namespace, v1alpha1.ReachCluster))
	both := list(rumour, attested)
	for name, test := range map[string]findingCase{
		"it comes first": {both, nil, failed, "attested"},
		"a later one that counts here does not stand for it":   {both, findings(near), failed, "attested"},
		"the later one is remembered then":                     {both, findings(far), failed, "rumour"},
		"and then there is nothing to remember":                {both, findings(near, far), failed, ""},
		"a later one that counts everywhere does stand for it": {both, findings(later), failed, ""},
	} {
		t.Run(name, test.check)
	}
}

func TestResolutions(t *testing.T) {
	clean := evaluation("clear", "0.1", day(3))
	named := func(evaluation string) []v1alpha1.AdverseFinding {
		return findings(finding("f", fixture.ResolvedBy(fixture.Namespace, evaluation)))
	}
	for name, test := range map[string]resolutionCase{
		"a later evaluation that meets the requirement resolves the finding": {
			evaluations: list(clean), findings: named("clear"), want: met, wantTime: 3,
		},
		"it resolves although a later result is indeterminate": {
			evaluations: list(clean, evaluation("unclear", "0.3", day(4))), findings: named("clear"), want: indeterminate, wantTime: 3,
		},
		"a failing result that came after it fails all the same": {
			evaluations: list(clean, evaluation("again", "0.9", day(4))), findings: named("clear"), want: failed, wantTime: 3,
		},
		"an evaluation of the same time is not later": {
			evaluations: list(evaluation("same", "0.1")), findings: named("same"), want: failed, wantMessage: "is not later",
		},
		"an evaluation that claims an earlier end is not later": {
			evaluations: list(evaluation("old", "0.1", day(3), fixture.Ended(fixture.Day(-1)))), findings: named("old"), want: failed, wantMessage: "is not later",
		},
		"an evaluation for another requirement resolves nothing": {
			evaluations: list(fixture.Evaluation("o", "other", "0.1", day(3))), findings: named("o"), want: failed, wantMessage: "it is for requirement other",
		},
		"an evaluation of other artifacts resolves nothing": {
			evaluations: list(evaluation("x", "0.1", day(3), fixture.About(fixture.Weights("x")))), findings: named("x"), want: failed, wantMessage: "it is about other artifacts",
		},
		"an evaluation that cannot be used resolves nothing": {
			evaluations: list(evaluation("x", "0.1", day(3), fixture.Counting(2, 2, 0, 0))), findings: named("x"), want: failed, wantMessage: "2 samples were judged",
		},
		"an evaluation with a relation that is not accepted resolves nothing": {
			evaluations: list(evaluation("x", "0.1", day(3), fixture.Related(v1alpha1.RelationSimilarlySafe, fixture.Weights("x")))),
			findings:    named("x"), want: failed, wantMessage: "SimilarlySafe, is not accepted",
		},
		"an indeterminate evaluation resolves nothing": {
			evaluations: list(evaluation("x", "0.3", day(3))), findings: named("x"), want: failed, wantMessage: "it does not meet uplift",
		},
		"an evaluation that was revoked resolves nothing": {
			evaluations: list(evaluation("x", "0.1", day(3), fixture.Revoked(v1alpha1.RevocationAdvisory))),
			findings:    named("x"), want: failed, wantMessage: "it was revoked",
		},
		"an expired evaluation resolves nothing": {
			evaluations: list(clean), findings: named("clear"), now: 103, want: failed, wantMessage: "has expired",
		},
		"one resolution does not resolve another finding": {
			evaluations: list(clean),
			findings:    findings(finding("f", fixture.ResolvedBy(fixture.Namespace, "clear")), finding("g")),
			want:        failed, wantTime: 3,
		},
	} {
		t.Run(name, func(t *testing.T) { testResolution(t, test) })
	}
}

func TestTheRequirementSaysThatAResolutionNamesNothing(t *testing.T) {
	got := gate.Decide(upliftInput(nil, findings(finding("f", fixture.ResolvedBy(fixture.Namespace, "typo")))))
	if m := got.Requirements[0].Message; !strings.Contains(m, "no evaluation of that name is about release m1") {
		t.Errorf("the message is %s", m)
	}
}

func TestResolutionsThatAreNotJudged(t *testing.T) {
	clean := evaluation("clear", "0.1", day(3))
	for name, f := range map[string]v1alpha1.AdverseFinding{
		"an evaluation that is not about this release is not judged here": finding("f", fixture.ResolvedBy(fixture.Namespace, "typo")),
		"a resolution by another namespace is not judged here":            finding("f", fixture.ResolvedBy("elsewhere", "clear")),
		"a finding of other artifacts is not judged here":                 about(fixture.Weights("x")),
		"a resolution that took effect is not judged again":               finding("f", fixture.ResolvedBy(fixture.Namespace, "clear"), fixture.ResolvedAt(time.Unix(1, 0))),
		"a finding without a resolution has no answer":                    finding("f"),
	} {
		t.Run(name, func(t *testing.T) {
			if got := gate.Decide(upliftInput(list(clean), findings(f))); len(got.Resolutions) != 0 {
				t.Errorf("the answers are %+v, want none", got.Resolutions)
			}
		})
	}
}
