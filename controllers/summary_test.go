// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// day is a time of transition.
func day(n int) metav1.Time { return metav1.NewTime(fixture.Day(n)) }

// condition is one of the second generation.
func condition(kind string, status metav1.ConditionStatus, reason, message string, since metav1.Time) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: 2, LastTransitionTime: since,
	}
}

func TestSummaryConditions(t *testing.T) {
	const yes, no = metav1.ConditionTrue, metav1.ConditionFalse
	other := condition("Other", yes, "Mine", "not ours", day(0))
	for sentence, test := range map[string]struct {
		old     []metav1.Condition
		summary summary
		want    []metav1.Condition
	}{
		"what is ready neither waits nor is stuck": {
			nil, ready("Good", "all is well"),
			[]metav1.Condition{condition("Ready", yes, "Good", "all is well", day(1))},
		},
		"what waits is reconciling": {
			nil, waiting("Missing", "it is not there"),
			[]metav1.Condition{condition("Ready", no, "Missing", "it is not there", day(1)), condition("Reconciling", yes, "Missing", "it is not there", day(1))},
		},
		"what is stuck is stalled": {
			nil, stuck("Failed", "it failed"),
			[]metav1.Condition{condition("Ready", no, "Failed", "it failed", day(1)), condition("Stalled", yes, "Failed", "it failed", day(1))},
		},
		"what was stuck and waits now is no longer stalled": {
			stuck("Failed", "it failed").conditions(nil, 1, day(0)), waiting("Missing", "it is not there"),
			[]metav1.Condition{condition("Ready", no, "Missing", "it is not there", day(0)), condition("Reconciling", yes, "Missing", "it is not there", day(1))},
		},
		"what waited and is stuck now is no longer reconciling": {
			waiting("Missing", "it is not there").conditions(nil, 1, day(0)), stuck("Failed", "it failed"),
			[]metav1.Condition{condition("Ready", no, "Failed", "it failed", day(0)), condition("Stalled", yes, "Failed", "it failed", day(1))},
		},
		"what becomes ready turns at that time": {
			waiting("Missing", "it is not there").conditions(nil, 1, day(0)), ready("Good", "all is well"),
			[]metav1.Condition{condition("Ready", yes, "Good", "all is well", day(1))},
		},
		"what stays so keeps its time, with another message and generation": {
			ready("Good", "all was well").conditions(nil, 1, day(0)), ready("Good", "all is well"),
			[]metav1.Condition{condition("Ready", yes, "Good", "all is well", day(0))},
		},
		"conditions of others stay": {
			[]metav1.Condition{other}, ready("Good", "all is well"),
			[]metav1.Condition{other, condition("Ready", yes, "Good", "all is well", day(1))},
		},
		"both at once, which nobody should have written, become one": {
			[]metav1.Condition{
				condition("Reconciling", yes, "A", "a", day(0)), condition("Stalled", yes, "B", "b", day(0)),
			}, waiting("A", "a"),
			[]metav1.Condition{condition("Reconciling", yes, "A", "a", day(0)), condition("Ready", no, "A", "a", day(1))},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			before := slices.Clone(test.old)
			got := test.summary.conditions(test.old, 2, day(1))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, test.old); diff != "" {
				t.Errorf("the old conditions were changed:\n%s", diff)
			}
		})
	}
}

func TestSummaryCutsItsMessage(t *testing.T) {
	for _, s := range []summary{ready("R", strings.Repeat("é", 1000)), stuck("R", strings.Repeat("é", 1000))} {
		for _, c := range s.conditions(nil, 1, day(1)) {
			if len(c.Message) > 1024 || len(c.Message) < 1020 || !strings.HasSuffix(c.Message, "é...") {
				t.Errorf("%s has a message of %d bytes that ends in %q", c.Type, len(c.Message), c.Message[len(c.Message)-8:])
			}
		}
	}
}

func TestCut(t *testing.T) {
	for sentence, test := range map[string]struct{ text, want string }{
		"what fits stays":                  {"12345678", "12345678"},
		"what does not ends in dots":       {"123456789", "12345..."},
		"a character is not cut in two":    {"1234é6789", "1234..."},
		"what ends before the limit stays": {"1", "1"},
		"text that is not UTF-8 ends too":  {strings.Repeat("\x80", 9), "..."},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := cut(test.text, 8); got != test.want {
				t.Errorf("cut = %q, want %q", got, test.want)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add("a text of some length", 8)
	f.Add("日本語日本語", 10)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		limit = max(3, limit%2048)
		got := cut(text, limit)
		if len(got) > limit || (len(text) <= limit && got != text) || (utf8.ValidString(text) && !utf8.ValidString(got)) {
			t.Errorf("cut(%q, %d) = %q", text, limit, got)
		}
	})
}

// The applied status says everything that the status says, and nothing else.
func TestApplyConfiguration(t *testing.T) {
	status := v1alpha1.ModelReleaseStatus{
		ObservedGeneration: new(int64(3)), SubjectDigest: "sha256:1", PolicyRevision: "sha256:2", RequiredLevel: "ASL-2",
		GrantedExposure: "General", ReplicaCeiling: new(int32(4)), ClearedUntil: new(day(8)),
		Thresholds:   []v1alpha1.ThresholdStatus{{Name: "t", State: v1alpha1.ThresholdRuledOut, Message: "m"}},
		Requirements: []v1alpha1.RequirementStatus{{Name: "r", State: v1alpha1.RequirementMet, Evidence: "e", ExpiresTime: new(day(9)), Message: "m"}},
		Workloads:    []v1alpha1.WorkloadStatus{{Kind: "Pod", Name: "p", Exposure: "General", Desired: new(int32(1)), Released: new(int32(0)), Held: new(int32(1)), Reason: "R", Message: "m"}},
		Conditions:   []metav1.Condition{condition("Ready", metav1.ConditionTrue, "Released", "m", day(1))},
	}
	apply, err := applyConfiguration[ac.ModelReleaseStatusApplyConfiguration](status)
	if err != nil {
		t.Fatal(err)
	}
	back, err := applyConfiguration[v1alpha1.ModelReleaseStatus](apply)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(status, *back, cmp.Comparer(func(a, b metav1.Time) bool { return a.Equal(&b) })); diff != "" {
		t.Errorf("through the apply configuration (-want +got):\n%s", diff)
	}
	empty, err := applyConfiguration[ac.ModelReleaseStatusApplyConfiguration](v1alpha1.ModelReleaseStatus{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&ac.ModelReleaseStatusApplyConfiguration{}, empty); diff != "" {
		t.Errorf("of nothing (-want +got):\n%s", diff)
	}
	if _, err := applyConfiguration[ac.ModelReleaseStatusApplyConfiguration](func() {}); err == nil || !strings.Contains(err.Error(), "encoding a status") {
		t.Errorf("of what is no status: %v", err)
	}
	if _, err := applyConfiguration[ac.ModelReleaseStatusApplyConfiguration]("text"); err == nil || !strings.Contains(err.Error(), "apply configuration") {
		t.Errorf("of a text: %v", err)
	}
}

func TestAnnouncements(t *testing.T) {
	status := func(granted string, s summary) v1alpha1.ModelReleaseStatus {
		return v1alpha1.ModelReleaseStatus{GrantedExposure: granted, Conditions: s.conditions(nil, 1, day(0))}
	}
	later := func(s v1alpha1.ModelReleaseStatus) v1alpha1.ModelReleaseStatus {
		s.Conditions = slices.Clone(s.Conditions)
		for i := range s.Conditions {
			s.Conditions[i].Message, s.Conditions[i].ObservedGeneration = "in other words", 2
		}
		s.ClearedUntil = new(metav1.NewTime(fixture.Day(8).Add(time.Hour)))
		return s
	}
	released := status("General", ready(v1alpha1.ReasonReleased, "it is released"))
	missing := status("", waiting(v1alpha1.ReasonEvidenceMissing, "nothing yet"))
	adverse := status("", stuck(v1alpha1.ReasonAdverseFinding, "it failed"))
	holding := func(s v1alpha1.ModelReleaseStatus, name, reason string) v1alpha1.ModelReleaseStatus {
		s.Workloads = []v1alpha1.WorkloadStatus{{Kind: "Deployment", Name: name, Reason: reason, Message: "because"}}
		return s
	}
	for sentence, test := range map[string]struct {
		before, after v1alpha1.ModelReleaseStatus
		want          []announcement
	}{
		"what is first seen held is told": {
			v1alpha1.ModelReleaseStatus{}, missing,
			[]announcement{{"Normal", "EvidenceMissing", "Hold", "nothing yet"}},
		},
		"a release is told with what it grants": {
			missing, released, []announcement{
				{"Normal", "Released", "Release", "it is released"},
				{"Normal", "ExposureChanged", "Grant", "granted exposure: General, before: none"},
			},
		},
		"what only a person can change is a warning": {
			released, adverse, []announcement{
				{"Warning", "AdverseFinding", "Hold", "it failed"},
				{"Normal", "ExposureChanged", "Grant", "granted exposure: none, before: General"},
			},
		},
		"another reason is told": {
			adverse, missing, []announcement{{"Normal", "EvidenceMissing", "Hold", "nothing yet"}},
		},
		"a lower grant alone is told": {
			released, status("Internal", ready(v1alpha1.ReasonReleased, "it is released")),
			[]announcement{{"Normal", "ExposureChanged", "Grant", "granted exposure: Internal, before: General"}},
		},
		"that something of a released one is held is told, with what": {
			released, holding(released, "lab", v1alpha1.ReasonAboveCeiling),
			[]announcement{{"Normal", "AboveCeiling", "Hold", "Deployment lab: because"}},
		},
		"and told again where the reason is another": {
			holding(released, "lab", v1alpha1.ReasonAboveCeiling), holding(released, "lab", v1alpha1.ReasonWorkloadMismatch),
			[]announcement{{"Normal", "WorkloadMismatch", "Hold", "Deployment lab: because"}},
		},
		"but not where the release is held for it": {
			released, holding(adverse, "lab", v1alpha1.ReasonAdverseFinding), []announcement{
				{"Warning", "AdverseFinding", "Hold", "it failed"},
				{"Normal", "ExposureChanged", "Grant", "granted exposure: none, before: General"},
			},
		},
		"nor where it stays held": {
			holding(released, "lab", v1alpha1.ReasonAboveCeiling), holding(released, "lab", v1alpha1.ReasonAboveCeiling), nil,
		},
		"what stays so is not told again":             {released, released, nil},
		"other words, times and generations are none": {released, later(released), nil},
		"nor is what stays held":                      {adverse, later(adverse), nil},
		"a status without conditions tells nothing":   {v1alpha1.ModelReleaseStatus{}, v1alpha1.ModelReleaseStatus{}, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := announcements(test.before, test.after)
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(announcement{})); diff != "" {
				t.Errorf("announcements (-want +got):\n%s", diff)
			}
		})
	}
}

// neverBoth fails the test when conditions break the contract of kstatus.
func neverBoth(t *testing.T, conditions []metav1.Condition) {
	t.Helper()
	isReady := meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReady)
	waits := meta.FindStatusCondition(conditions, v1alpha1.ConditionReconciling)
	stalls := meta.FindStatusCondition(conditions, v1alpha1.ConditionStalled)
	switch {
	case meta.FindStatusCondition(conditions, v1alpha1.ConditionReady) == nil:
		t.Error("there is no Ready")
	case waits != nil && stalls != nil:
		t.Error("Reconciling and Stalled at once")
	case isReady != (waits == nil && stalls == nil):
		t.Errorf("Ready %v, Reconciling %v, Stalled %v", isReady, waits, stalls)
	case waits != nil && waits.Status != metav1.ConditionTrue, stalls != nil && stalls.Status != metav1.ConditionTrue:
		t.Error("Reconciling and Stalled are there only while True")
	}
}
