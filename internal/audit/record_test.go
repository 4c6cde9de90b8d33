// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/test/audit/walk"
)

// input is a release whose level needs "attack", on Day(1), with the evidence given.
func input(evaluations ...v1alpha1.SafetyEvaluation) gate.Input {
	policy := fixture.Policy("rsp", fixture.Defining("attack"), fixture.Requiring("ASL-2", "attack"))
	return gate.Input{
		Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: policy, PolicyRevision: gate.Revision(&policy.Spec), Evaluations: evaluations,
	}
}

// recordOf is the record of the decision about an input.
func recordOf(t *testing.T, after audit.Link, in gate.Input) *v1alpha1.GateDecision {
	t.Helper()
	r, err := audit.New(after, in, gate.Decide(in), "v1")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// linkTo is a link to the record of the decision about an input.
func linkTo(t *testing.T, in gate.Input) audit.Link {
	t.Helper()
	texts, err := audit.Texts(in)
	if err != nil {
		t.Fatal(err)
	}
	return audit.LinkTo(recordOf(t, audit.Link{}, in), texts)
}

func TestARecordSaysWhatWasDecided(t *testing.T) {
	in := input(fixture.Evaluation("e1", "attack", "0.1"))
	first := recordOf(t, audit.Link{}, input())
	first.Status.EnforcedTime = &metav1.Time{Time: fixture.Day(1).Add(time.Second)}
	texts, err := audit.Texts(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Now = in.Now.Add(90 * time.Minute)
	d := gate.Decide(in)
	got := recordOf(t, audit.LinkTo(first, texts), in)
	encoding, compressed := encoded(t, in)
	want := &v1alpha1.GateDecision{
		ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Namespace, Name: "m1-00000002"},
		Spec: v1alpha1.GateDecisionSpec{
			Release: "m1", ReleaseUID: string(fixture.UID("m1")), Sequence: 2, Previous: first.Spec.Digest,
			PreviousEnforcedTime: first.Status.EnforcedTime, DecidedTime: metav1.NewTime(in.Now), Policy: "rsp",
			PolicyRevision: in.PolicyRevision, SubjectDigest: d.SubjectDigest, RequiredLevel: "ASL-2", GrantedExposure: "General",
			Reason: v1alpha1.ReasonEvidenceComplete, Message: d.Message, Inputs: encoding.Inputs, Input: compressed,
			InputDigest: fmt.Sprintf("%x", sha256.Sum256(encoding.JSON)), DecisionDigest: fmt.Sprintf("%x", sha256.Sum256([]byte(decisionJSON(t, d)))),
			Causes: []string{
				"SafetyEvaluation e1 appeared", "requirement attack: Missing -> Met",
				"granted: nothing -> General", "reason: EvidenceMissing -> EvidenceComplete",
			},
			Engine: "v1",
		},
	}
	if want.Spec.Digest, err = audit.Digest(&want.Spec); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestTheFirstRecord(t *testing.T) {
	got := recordOf(t, audit.Link{}, input()).Spec
	if got.Sequence != 1 || got.Previous != "" || got.PreviousEnforcedTime != nil {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff([]string{"the first decision about the release"}, got.Causes); diff != "" {
		t.Error(diff)
	}
}

func TestALargeInputIsLeftOut(t *testing.T) {
	in := input()
	for i := range 6000 {
		in.Evaluations = append(in.Evaluations, fixture.Evaluation(fmt.Sprintf("evaluation-%d", i), "attack", "0.1"))
	}
	got := recordOf(t, audit.Link{}, in).Spec
	if got.Input != "" || len(got.InputDigest) != 64 || len(got.Inputs) != audit.MaxInputs {
		t.Errorf("an input of %d bytes, digest %q, %d objects", len(got.Input), got.InputDigest, len(got.Inputs))
	}
}

func TestCauses(t *testing.T) {
	passed := fixture.Evaluation("e1", "attack", "0.1")
	for name, test := range map[string]struct {
		before gate.Input
		change func(*gate.Input)
		want   []string
	}{
		"time ended evidence": {input(passed), func(in *gate.Input) { in.Now = fixture.Day(200) }, []string{
			"time: requirement attack: Met -> Expired", "granted: General -> nothing", "reason: EvidenceComplete -> EvidenceExpired",
		}},
		"an evaluation was revoked": {input(passed), func(in *gate.Input) {
			in.Evaluations = []v1alpha1.SafetyEvaluation{*passed.DeepCopy()}
			fixture.Revoked(v1alpha1.RevocationCritical)(&in.Evaluations[0])
		}, []string{
			"SafetyEvaluation e1 changed", "requirement attack: Met -> Revoked",
			"granted: General -> nothing", "reason: EvidenceComplete -> Revoked",
		}},
		"an evaluation was deleted": {input(passed), func(in *gate.Input) { in.Evaluations = nil }, []string{
			"SafetyEvaluation e1 is gone", "requirement attack: Met -> Missing",
			"granted: General -> nothing", "reason: EvidenceComplete -> EvidenceMissing",
		}},
		"the policy was revised": {input(passed), func(in *gate.Input) {
			in.Policy = in.Policy.DeepCopy()
			fixture.Requiring("ASL-2", "card")(in.Policy)
			in.PolicyRevision = gate.Revision(&in.Policy.Spec)
		}, []string{
			"the policy is now revision " + revised() + "; it was " + input().PolicyRevision,
			"requirement card: not asked -> Missing", "granted: General -> nothing", "reason: EvidenceComplete -> EvidenceMissing",
		}},
		"the policy is gone": {input(passed), func(in *gate.Input) { in.Policy, in.PolicyRevision = nil, "" }, []string{
			"SafetyPolicy rsp is gone", "granted: General -> nothing", "reason: EvidenceComplete -> PolicyNotFound",
		}},
		"the release was made anew": {input(passed), func(in *gate.Input) {
			in.Release = in.Release.DeepCopy()
			in.Release.UID = "another"
		}, []string{"ModelRelease m1 was deleted and made anew", "ModelRelease m1 changed"}},
		"the release is of other artifacts": {input(passed), func(in *gate.Input) {
			in.Release = fixture.Release("m1", fixture.Of(fixture.Weights("m2")))
		}, []string{
			"the release is now of other artifacts: " + gate.Digest([]v1alpha1.SubjectArtifact{fixture.Weights("m2")}, nil),
			"ModelRelease m1 changed", "requirement attack: Met -> Missing",
			"granted: General -> nothing", "reason: EvidenceComplete -> EvidenceMissing",
		}},
		"a safeguard was looked at": {input(passed), func(in *gate.Input) {
			in.Safeguards = []gate.SafeguardFact{{Requirement: "images", Type: v1alpha1.SafeguardImagesPinned, State: v1alpha1.SafeguardBroken}}
		}, []string{"what was seen of safeguard images/ImagesPinned appeared"}},
	} {
		t.Run(name, func(t *testing.T) {
			after := test.before
			test.change(&after)
			got := recordOf(t, linkTo(t, test.before), after).Spec.Causes
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
		})
	}
}

// revised is the revision of the policy that needs "card" too.
func revised() string {
	p := input().Policy
	fixture.Requiring("ASL-2", "card")(p)
	return gate.Revision(&p.Spec)
}

func TestCausesWhereTheDecisionBeforeIsNotKnown(t *testing.T) {
	after := input(fixture.Evaluation("e1", "attack", "0.1"))
	unread := linkTo(t, input())
	unread.Decision = nil
	gone := linkTo(t, input())
	gone.Past = audit.Past{}
	other := linkTo(t, input())
	other.Record.Spec.Engine = "v0"
	for name, test := range map[string]struct {
		after audit.Link
		want  []string
	}{
		"it cannot be made again": {unread, []string{
			"SafetyEvaluation e1 appeared", "granted: nothing -> General", "reason: EvidenceMissing -> EvidenceComplete",
		}},
		"its record is not there": {gone, []string{"the record of the decision before is not there"}},
		"another version made it": {other, []string{
			"Scalegate is now version v1; it was v0", "SafetyEvaluation e1 appeared", "requirement attack: Missing -> Met",
			"granted: nothing -> General", "reason: EvidenceMissing -> EvidenceComplete",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, recordOf(t, test.after, after).Spec.Causes); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCausesAreBounded(t *testing.T) {
	after := input()
	for i := range 100 {
		after.Evaluations = append(after.Evaluations, fixture.Evaluation(fmt.Sprintf("%03d-%s", i, strings.Repeat("ü", 300)), "attack", "0.1"))
	}
	got := recordOf(t, linkTo(t, input()), after).Spec.Causes
	if len(got) != 32 || got[31] != "and 72 more" {
		t.Errorf("%d causes, the last %q", len(got), got[len(got)-1])
	}
	for _, cause := range got {
		if len(cause) > 512 || !strings.HasSuffix(strings.ToValidUTF8(cause, "�"), cause[len(cause)-3:]) {
			t.Errorf("a cause of %d bytes: %q", len(cause), cause)
		}
	}
}

func TestSubstance(t *testing.T) {
	passed := fixture.Evaluation("e1", "attack", "0.1")
	base := audit.Substance(gate.Decide(input(passed)))
	for name, test := range map[string]struct {
		change func(*gate.Input)
		same   bool
	}{
		"a grant is renewed an hour later":              {func(in *gate.Input) { in.Now = in.Now.Add(time.Hour) }, true},
		"something changed that no decision depends on": {func(in *gate.Input) { in.Release.Labels = map[string]string{"team": "x"} }, true},
		"evidence ended":                                {func(in *gate.Input) { in.Now = fixture.Day(200) }, false},
		"a later evaluation decides": {func(in *gate.Input) {
			in.Evaluations = append(in.Evaluations, fixture.Evaluation("e2", "attack", "0.1", fixture.At(fixture.Day(1))))
		}, false},
		"another exposure is asked for":            {func(in *gate.Input) { in.Release.Spec.Exposure = "Internal" }, false},
		"the revision changed and nothing by that": {func(in *gate.Input) { in.PolicyRevision = "sha256:0123456789abcdef" }, false},
		"the release was revoked": {func(in *gate.Input) {
			fixture.Recalled(v1alpha1.RevocationAdvisory, v1alpha1.ReachNamespace)(in.Release)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := input(passed)
			test.change(&in)
			if same := audit.Substance(gate.Decide(in)) == base; same != test.same {
				t.Errorf("the same decision: %v", same)
			}
		})
	}
}

// Where nobody can read the text in force, nothing is granted: that is a decision like others, and made again like others.
func TestADecisionUnderATextThatNobodyReadsIsMadeAgain(t *testing.T) {
	in := walk.New(1, fixture.Namespace, "m1").Input()
	in.InForce = &v1alpha1.SafetyPolicy{}
	in.InForce.Name = in.Policy.Name
	d := gate.Decide(in)
	record, err := audit.New(audit.Link{}, in, d, "v1")
	if err != nil {
		t.Fatal(err)
	}
	text, err := audit.Text(&in.Policy.Spec)
	if err != nil {
		t.Fatal(err)
	}
	got := audit.Replay(audit.Chain{Records: []v1alpha1.GateDecision{*record}}, map[string]string{audit.TextDigest(text): text}, "v1")
	if got.Same != 1 || d.GrantedExposure != "" {
		t.Errorf("%q is granted, and again: %+v", d.GrantedExposure, got)
	}
}
