// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/cli/explanation"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// asl2 is a policy with a threshold that raises to ASL-3, a requirement of each level, and one that General alone needs.
func asl2(modifiers ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	return fixture.Policy("rsp", append([]func(*v1alpha1.SafetyPolicy){
		func(p *v1alpha1.SafetyPolicy) {
			p.Spec.Source = &v1alpha1.PolicySource{Title: "Responsible Scaling Policy", Version: "2.2", EffectiveDate: "2025-05-14"}
		},
		fixture.Defining("bio", fixture.NeededFrom("Internal")),
		fixture.Defining("card", fixture.ValidFor(30)),
		fixture.Defining("refusals", fixture.NeededFrom("General"), fixture.Judging(v1alpha1.HigherIsSafer, "0.9", "0.5"),
			fixture.Bounded(v1alpha1.BoundWilson95)),
		fixture.Defining("jailbreaks", fixture.Scoped(), fixture.Accepting(v1alpha1.RelationEarlierSnapshot)),
		fixture.Raising("CBRN-3", "ASL-3", "bio"),
		fixture.Requiring("ASL-2", "card", "refusals"),
		fixture.Requiring("ASL-3", "jailbreaks"),
	}, modifiers...)...)
}

func ruledOut() []v1alpha1.SafetyEvaluation {
	return []v1alpha1.SafetyEvaluation{
		fixture.Evaluation("bio-1", "bio", "0.1", fixture.Ended(fixture.Day(-1)), fixture.Measuring(func(m *v1alpha1.Measurement) {
			m.StandardError, m.RunID, m.Model = "0.03", "run-81Lf", "labs/m1"
			m.Warnings = []string{"the log was edited after the run"}
		})),
		fixture.Evaluation("card-1", "card", "0.05"),
		fixture.Evaluation("refusals-1", "refusals", "0.99"),
	}
}

// governed is the situation of a release in a namespace that is enforced, with the status of a manager that is up to date.
func governed(in gate.Input) explanation.Situation {
	d := gate.Decide(in)
	in.Release = in.Release.DeepCopy()
	in.Release.Status = v1alpha1.ModelReleaseStatus{
		ObservedGeneration: new(in.Release.Generation), PolicyRevision: d.PolicyRevision,
		RequiredLevel: d.RequiredLevel, GrantedExposure: d.GrantedExposure,
		Conditions: []metav1.Condition{
			{Type: v1alpha1.ConditionEvidenceComplete, Reason: d.Reason},
			{Type: v1alpha1.ConditionEnforced, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonEnforced},
		},
	}
	for _, r := range d.Requirements {
		in.Release.Status.Requirements = append(in.Release.Status.Requirements, v1alpha1.RequirementStatus{Name: r.Name, State: r.State})
	}
	s := explanation.Situation{
		Input: in, Decision: d, Program: "scalegate",
		Namespace: explanation.Namespace{Known: true, Gate: v1alpha1.GateEnforced},
	}
	if d.ClearedUntil != nil {
		s.Namespace.Clearance = clearance.Clearance{End: *d.ClearedUntil, Exposure: d.GrantedExposure, Mode: clearance.Free}.String()
	}
	return s
}

func input(release *v1alpha1.ModelRelease, policy *v1alpha1.SafetyPolicy, evaluations ...v1alpha1.SafetyEvaluation) gate.Input {
	return gate.Input{Now: fixture.Day(10), Release: release, Policy: policy, Evaluations: evaluations}
}

func running(s explanation.Situation, workloads ...v1alpha1.WorkloadStatus) explanation.Situation {
	s.Input.Release.Status.Workloads = workloads
	return s
}

func weights(label string) string {
	return gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights(label)}, nil)
}

func situations() map[string]explanation.Situation {
	m1 := func(modifiers ...func(*v1alpha1.ModelRelease)) *v1alpha1.ModelRelease {
		return fixture.Release("m1", modifiers...)
	}
	held := v1alpha1.WorkloadStatus{
		Kind: "Deployment", Name: "chat", Exposure: "General", Desired: new(int32(3)), Released: new(int32(0)), Held: new(int32(3)),
		Reason: v1alpha1.ReasonExposureNotGranted, Message: "General is not granted to the release; its rollout is held.",
	}
	serving := held
	serving.Released, serving.Held, serving.Reason, serving.Message = new(int32(3)), new(int32(0)), "", ""

	adverse := input(m1(), asl2(), ruledOut()...)
	adverse.Findings = []v1alpha1.AdverseFinding{fixture.Finding("bio-0123456789abcdef", "bio", weights("m1"), fixture.ResolvedBy(fixture.Namespace, "card-1"))}
	expired := input(m1(), asl2(), ruledOut()...)
	expired.Now = fixture.Day(35)

	indeterminate := ruledOut()
	indeterminate[1] = fixture.Evaluation("card-1", "card", "0.3")
	indeterminate[2] = fixture.Evaluation("refusals-1", "refusals", "0.99", fixture.Counting(100, -1, -1, -1))

	behind := governed(input(m1(), asl2(), ruledOut()...))
	behind.Input.Release.Generation = 2
	behind.Input.Release.Status.GrantedExposure = "Internal"
	behind.Input.Release.Status.Requirements[2].State = v1alpha1.RequirementMissing
	behind.Input.Release.Status.Conditions[1] = metav1.Condition{
		Type: v1alpha1.ConditionEnforced, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonWorkloadMismatch, Message: "Deployment chat runs another image",
	}
	behind.Namespace.Clearance = clearance.Clearance{End: fixture.Day(9), Exposure: "Internal", Mode: clearance.Counted}.String()
	behind.Unread = []string{"You may not list evaluations of other namespaces."}
	behind.Program = "kubectl scalegate"

	ungoverned := governed(input(m1(), asl2(), append(ruledOut(), fixture.Evaluation("bio-2", "bio", "0.7", fixture.At(fixture.Day(5))))...))
	ungoverned.Namespace = explanation.Namespace{Known: true}
	ungoverned.Input.Release.Status = v1alpha1.ModelReleaseStatus{ObservedGeneration: new(int64(-1))}

	withdrawn := ruledOut()
	fixture.Revoked(v1alpha1.RevocationAdvisory)(&withdrawn[1])
	recalled := input(m1(), asl2(), ruledOut()...)
	elsewhere := fixture.Release("m7", fixture.Of(fixture.Weights("m1")), fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachCluster))
	elsewhere.Namespace = "lab"
	recalled.Revoked = []v1alpha1.ModelRelease{*elsewhere}
	tuned := input(m1(fixture.DerivedFrom("m0")), asl2(), ruledOut()[1:]...)
	tuned.Ancestors = []v1alpha1.ModelRelease{*fixture.Release("m0", fixture.DerivedFrom("base"), fixture.Declared("ASL-3")), *fixture.Release("base")}
	tuned.Findings = []v1alpha1.AdverseFinding{fixture.Finding("jailbreaks-0123456789abcdef", "jailbreaks", weights("base"),
		fixture.Concerning(fixture.Weights("base")), fixture.Spoken(fixture.Namespace, v1alpha1.ReachNamespace))}
	orphan := input(m1(fixture.DerivedFrom("m0")), asl2(), ruledOut()...)
	orphan.Ancestors, orphan.LostAncestor = []v1alpha1.ModelRelease{*fixture.Release("m0", fixture.DerivedFrom("base"))}, "base"

	all := map[string]explanation.Situation{
		"evidence-revoked":  running(governed(input(m1(), asl2(), withdrawn...)), serving),
		"release-revoked":   governed(input(m1(fixture.Recalled(v1alpha1.RevocationAdvisory, v1alpha1.ReachNamespace)), asl2(), ruledOut()...)),
		"weights-revoked":   governed(recalled),
		"made-from-another": governed(tuned),
		"parent-missing":    governed(orphan),

		"cleared":         running(governed(input(m1(), asl2(), ruledOut()...)), serving),
		"threshold-open":  running(governed(input(m1(), asl2(), ruledOut()[1:]...)), held),
		"adverse-finding": governed(adverse),
		"expired":         running(governed(expired), serving),
		"expiring":        governed(gate.Input{Now: fixture.Day(26), Release: m1(), Policy: asl2(), Evaluations: ruledOut()}),
		"policy-missing":  governed(input(m1(), nil, ruledOut()...)),
		"level-invalid":   governed(input(m1(fixture.Declared("ASL-9")), asl2(), ruledOut()...)),
		"level-undefined": governed(input(m1(), asl2(fixture.Undefined("ASL-4"), fixture.Raising("CYBER-4", "ASL-4", "cyber")), ruledOut()...)),
		"partly-granted":  running(governed(input(m1(), asl2(), ruledOut()[:2]...)), held),
		"indeterminate":   governed(input(m1(), asl2(), indeterminate...)),
		"manager-behind":  behind,
		"not-governed":    ungoverned,
	}
	for _, more := range []map[string]explanation.Situation{approvalSituations(), waiverSituations(), judgementSituations(), clusterSituations()} {
		maps.Copy(all, more)
	}
	return all
}

func TestTranscripts(t *testing.T) {
	for name, situation := range situations() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".txt")
			got := explanation.Explain(situation).Text()
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("the transcript differs (go test -update writes it anew):\n%s", diff)
			}
		})
	}
}

func TestEveryTranscriptHasASituation(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := situations()
	for _, file := range files {
		if _, ok := all[strings.TrimSuffix(filepath.Base(file), ".txt")]; !ok {
			t.Errorf("%s is the transcript of nothing", file)
		}
	}
}

func TestOutcomeFollowsFromTheDecision(t *testing.T) {
	want := map[string]explanation.Outcome{
		"cleared": explanation.Granted, "expiring": explanation.Granted, "manager-behind": explanation.Granted,
		"adverse-finding": explanation.Blocked, "level-invalid": explanation.Blocked, "not-governed": explanation.Blocked,
		"evidence-revoked": explanation.Blocked, "release-revoked": explanation.Blocked, "weights-revoked": explanation.Blocked, "made-from-another": explanation.Blocked, "parent-missing": explanation.Pending,
		"threshold-open": explanation.Pending, "expired": explanation.Pending, "policy-missing": explanation.Pending, "level-undefined": explanation.Pending, "partly-granted": explanation.Pending,
		"indeterminate": explanation.Inconclusive,
		"approved":      explanation.Granted, "waived": explanation.Granted, "break-glass": explanation.Granted, "determined": explanation.Granted, "alert": explanation.Granted,
		"approval-missing": explanation.Pending, "approval-ended": explanation.Pending, "waiver-asked-for": explanation.Pending, "safeguard-broken": explanation.Pending, "policy-pending": explanation.Pending,
		"independence-and-elicitation": explanation.Pending, "determined-reached": explanation.Pending,
		"determination-asked-for": explanation.Inconclusive,
		"objected":                explanation.Blocked,
	}
	got := map[string]explanation.Outcome{}
	for name, situation := range situations() {
		got[name] = explanation.Explain(situation).Outcome
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOrderOfWhatWasReadDoesNotShow(t *testing.T) {
	for name, situation := range situations() {
		turned := situation
		turned.Input.Evaluations = slices.Clone(turned.Input.Evaluations)
		slices.Reverse(turned.Input.Evaluations)
		turned.Decision = gate.Decide(turned.Input)
		if diff := cmp.Diff(explanation.Explain(situation).Text(), explanation.Explain(turned).Text()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestLinesAreBroken(t *testing.T) {
	for name, situation := range situations() {
		for line := range strings.Lines(explanation.Explain(situation).Text()) {
			text := strings.TrimRight(line, "\n")
			if columns := len([]rune(text)); columns > 110 && !strings.Contains(text, "kubectl") && !strings.Contains(text, "scalegate ") {
				t.Errorf("%s: %d columns: %s", name, columns, text)
			}
			if text != strings.TrimRight(text, " ") {
				t.Errorf("%s: ends in blanks: %q", name, text)
			}
		}
	}
}
