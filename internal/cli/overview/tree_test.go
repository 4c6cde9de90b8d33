// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package overview_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/overview"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/guards"
)

var update = flag.Bool("update", false, "write the transcripts in testdata anew")

// golden compares text with a transcript.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
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
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff)
	}
}

func said(kind string, isTrue bool, reason, message string) metav1.Condition {
	c := metav1.Condition{
		Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: message, ObservedGeneration: 1,
		LastTransitionTime: metav1.NewTime(fixture.Day(5)),
	}
	if isTrue {
		c.Status = metav1.ConditionTrue
	}
	return c
}

// pod is a pod of a Deployment.
func pod(deployment, suffix, release string, modifiers ...func(*corev1.Pod)) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: fixture.Namespace, Name: deployment + "-5d9c-" + suffix, CreationTimestamp: metav1.NewTime(fixture.Day(8)),
			Labels: map[string]string{v1alpha1.LabelRelease: release, "pod-template-hash": "5d9c"},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: deployment + "-5d9c", UID: "rs", Controller: new(true),
			}},
		},
		Spec: corev1.PodSpec{NodeName: "node-1"},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue},
		}},
	}
	for _, modify := range modifiers {
		modify(p)
	}
	return p
}

func heldPod(p *corev1.Pod) {
	p.Spec.NodeName, p.Status = "", corev1.PodStatus{Phase: corev1.PodPending}
	p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}}
	p.Annotations = map[string]string{v1alpha1.AnnotationHoldReason: "EvidenceMissing: see modelrelease m1"}
}

func workload(kind, name, exposure, reason string, desired, released, held int32) v1alpha1.WorkloadStatus {
	return v1alpha1.WorkloadStatus{Kind: kind, Name: name, Exposure: exposure, Reason: reason, Desired: &desired, Released: &released, Held: &held}
}

// releases are two in a namespace under one policy, and one elsewhere under a policy that is gone.
func releases() overview.Facts {
	policy := fixture.Policy("rsp", fixture.Defining("bio"), fixture.Defining("card"), fixture.Defining("sign-off"),
		fixture.Raising("CBRN-3", "ASL-3", "bio"), fixture.Requiring("ASL-2", "card", "sign-off"), fixture.Requiring("ASL-3", "jailbreaks"))
	policy.Status = v1alpha1.SafetyPolicyStatus{
		Revision:   "sha256:be8aabd0bc26f0f3",
		Conditions: []metav1.Condition{said("Ready", true, "InForce", ""), said("Covered", false, "Ungoverned", "")},
	}
	weak := fixture.Policy("weak")
	m1 := fixture.Release("m1", func(r *v1alpha1.ModelRelease) {
		r.Spec.Model.Version = "20260101"
		r.Status = v1alpha1.ModelReleaseStatus{
			ObservedGeneration: new(int64(1)), RequiredLevel: "ASL-2", GrantedExposure: "Internal",
			Conditions: []metav1.Condition{
				said("Ready", false, "EvidenceMissing", "General is not granted"), said("Reconciling", true, "EvidenceMissing", ""), said("Enforced", true, "Enforced", ""),
			},
			Thresholds: []v1alpha1.ThresholdStatus{
				{Name: "CBRN-3", State: v1alpha1.ThresholdOpen, Message: "bio is Missing"}, {Name: "CYBER-2", State: v1alpha1.ThresholdRuledOut},
			},
			Requirements: []v1alpha1.RequirementStatus{
				{Name: "bio", State: v1alpha1.RequirementMissing, Message: "No result counts"},
				{Name: "card", State: v1alpha1.RequirementMet, Evidence: "card-1", ExpiresTime: new(metav1.NewTime(fixture.Day(20)))},
				{Name: "sign-off", State: v1alpha1.RequirementWaived, Evidence: "w1", ExpiresTime: new(metav1.NewTime(fixture.Day(15))), Message: "Set aside by ReleaseWaiver w1"},
				{Name: "jailbreaks", State: v1alpha1.RequirementMissing, Message: "not asked for at this level"},
			},
			Workloads: []v1alpha1.WorkloadStatus{
				workload("Deployment", "chat", "General", "ExposureNotGranted", 3, 1, 2), workload("Deployment", "staff", "Internal", "", 1, 1, 0),
				workload("JobSet", "batch", "", "", 2, 2, 0), workload("Pod", "notebook", "Internal", "", 1, 1, 0),
			},
		}
	})
	free := fixture.Release("free", func(r *v1alpha1.ModelRelease) {
		r.Status = v1alpha1.ModelReleaseStatus{
			ObservedGeneration: new(int64(1)), RequiredLevel: "ASL-2", GrantedExposure: "General",
			Conditions:   []metav1.Condition{said("Ready", true, "Released", "")},
			Requirements: []v1alpha1.RequirementStatus{{Name: "card", State: v1alpha1.RequirementMet, Evidence: "card-2", ExpiresTime: new(metav1.NewTime(fixture.Day(90))), Alert: v1alpha1.AlertReached}},
		}
	})
	revoked := fixture.Release("gone", fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachCluster), fixture.Governed("lost"), func(r *v1alpha1.ModelRelease) {
		r.Namespace = "research"
		r.Status = v1alpha1.ModelReleaseStatus{
			ObservedGeneration: new(int64(1)), Conditions: []metav1.Condition{said("Ready", false, "Revoked", ""), said("Stalled", true, "Revoked", "")},
		}
	})
	return overview.Facts{
		At: overview.At{Now: fixture.Day(10), Program: "scalegate"}, MostPods: 10,
		Policies: []*v1alpha1.SafetyPolicy{weak, policy}, Releases: []*v1alpha1.ModelRelease{m1, revoked, free},
	}
}

// scenery is a namespace with all that a tree shows.
func scenery() overview.Facts {
	f := releases()
	running := fixture.Evaluation("bio-run", "bio", "", fixture.Unread(), func(e *v1alpha1.SafetyEvaluation) {
		e.Spec.Report, e.Spec.Job = nil, &v1alpha1.JobSource{Suite: "bio-suite"}
		e.Status.Conditions = []metav1.Condition{said("Ready", false, "Running", "attempt 1 runs"), said("Reconciling", true, "Running", "")}
	})
	card := fixture.Evaluation("card-1", "card", "0.05", func(e *v1alpha1.SafetyEvaluation) {
		e.Status.Conditions = []metav1.Condition{said("Ready", true, "Measured", "")}
	})
	counts := []metav1.Condition{said("Ready", true, "Counts", "")}
	shown := fixture.Shown{Subject: "sha256:" + fixture.SHA256("m1"), Revision: "sha256:be8aabd0bc26f0f3"}
	waiver := fixture.Waiver("w1", "sign-off", shown, func(w *v1alpha1.ReleaseWaiver) { w.Status.Conditions = counts })
	of := func(name string, modifiers ...func(*v1alpha1.ReleaseApproval)) *v1alpha1.ReleaseApproval {
		a := fixture.Approval(name, "rso", shown, modifiers...)
		return &a
	}
	counting := func(a *v1alpha1.ReleaseApproval) { a.Status.Conditions = counts }
	void := func(a *v1alpha1.ReleaseApproval) {
		a.Status.Conditions = []metav1.Condition{said("Ready", false, "NotInRole", "")}
	}
	determination := fixture.Determination("d1", "CBRN-3", v1alpha1.ConclusionRuledOut, shown)
	f.Evaluations = []*v1alpha1.SafetyEvaluation{&running, &card}
	f.Approvals = []*v1alpha1.ReleaseApproval{
		of("rita", counting), of("zoe", void), of("otto", counting, fixture.Saying(v1alpha1.DecisionObject)), of("rita-w", counting, fixture.RegardingWaiver(&waiver)),
	}
	f.Waivers, f.Determinations = []*v1alpha1.ReleaseWaiver{&waiver}, []*v1alpha1.ReleaseDetermination{&determination}
	f.Pods = []*corev1.Pod{
		pod("chat", "bbbbb", "m1", heldPod), pod("chat", "ccccc", "m1", heldPod), pod("chat", "aaaaa", "m1"),
		pod("staff", "aaaaa", "m1", func(p *corev1.Pod) {
			p.Status.Conditions = nil
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "server", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}}}
		}),
		pod("batch", "x", "m1", func(p *corev1.Pod) {
			p.Labels["jobset.sigs.k8s.io/jobset-name"] = "batch"
			p.Status.Phase = corev1.PodSucceeded
		}),
		pod("x", "x", "m1", func(p *corev1.Pod) { p.Name, p.OwnerReferences = "notebook", nil }),
		pod("set", "0", "m1", heldPod, func(p *corev1.Pod) {
			p.Name, p.OwnerReferences[0].Kind, p.OwnerReferences[0].Name = "set-0", "StatefulSet", "set"
		}),
		pod("bio-run", "job", "m1", func(p *corev1.Pod) {
			p.Labels[v1alpha1.LabelEvaluation] = "bio-run"
			p.Spec.NodeName, p.Status = "", corev1.PodStatus{Phase: corev1.PodPending, Conditions: []corev1.PodCondition{
				{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Message: "0/20 nodes are available: insufficient nvidia.com/gpu."},
			}}
		}),
		pod("stray", "aaaaa", "nobody", heldPod),
	}
	return f
}

func drawn(f overview.Facts, style overview.Style) string {
	return strings.Join(overview.Draw(overview.Tree(f), style), "\n") + "\n"
}

func TestTree(t *testing.T) {
	many := scenery()
	for i := range 30 {
		modify := func(*corev1.Pod) {}
		if i%10 == 9 {
			modify = heldPod
		}
		many.Pods = append(many.Pods, pod("staff", fmt.Sprintf("p%02d", i), "m1", modify))
	}
	many.MostPods = 4
	for name, tc := range map[string]struct {
		facts overview.Facts
		style overview.Style
	}{
		"tree":        {scenery(), overview.Style{}},
		"tree-wide":   {scenery(), overview.Style{Width: 160}},
		"tree-narrow": {scenery(), overview.Style{Width: 72}},
		"tree-colour": {scenery(), overview.Style{Width: 120, Colour: true}},
		"tree-many":   {many, overview.Style{Width: 120}},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name+".txt", drawn(tc.facts, tc.style)) })
	}
}

func TestOnlyTheCanaryMayClaimAReleaseThatDoesNotExist(t *testing.T) {
	for sentence, test := range map[string]struct {
		namespace string
		want      int
	}{
		"a team's pod that claims no release that exists is shown": {fixture.Namespace, 1},
		"the pod that Scalegate keeps held is not":                 {guards.Canary, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			held := pod("chat", "a", "absent")
			held.Namespace = test.namespace
			if got := len(overview.Tree(overview.Facts{At: scenery().At, Pods: []*corev1.Pod{held}})); got != test.want {
				t.Errorf("%d lines at the root, want %d", got, test.want)
			}
		})
	}
}

func TestOrderDoesNotShowInTheTree(t *testing.T) {
	turned := scenery()
	slices.Reverse(turned.Policies)
	slices.Reverse(turned.Releases)
	slices.Reverse(turned.Evaluations)
	slices.Reverse(turned.Approvals)
	slices.Reverse(turned.Pods)
	if diff := cmp.Diff(drawn(scenery(), overview.Style{}), drawn(turned, overview.Style{})); diff != "" {
		t.Error(diff)
	}
}

func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	facts := scenery()
	facts.Releases[0].Status.Conditions[0].Reason = "証拠がありません" + strings.Repeat("長", 60)
	facts.Waivers[0].Spec.Requester = "e\u0301va\u200b\u202e@example.com 🚀"
	for _, colour := range []bool{false, true} {
		for width := 1; width < 200; width++ {
			for _, line := range overview.Draw(overview.Tree(facts), overview.Style{Width: width, Colour: colour}) {
				if got := overview.Columns(plain(line)); got > max(width, 40) {
					t.Fatalf("width %d: %d columns: %q", width, got, line)
				}
			}
		}
	}
}

func TestColourChangesNothingElse(t *testing.T) {
	for _, width := range []int{40, 80, 120, 0} {
		var got []string
		for _, line := range overview.Draw(overview.Tree(scenery()), overview.Style{Width: width, Colour: true}) {
			got = append(got, strings.TrimRight(plain(line), " "))
		}
		if diff := cmp.Diff(overview.Draw(overview.Tree(scenery()), overview.Style{Width: width}), got); diff != "" {
			t.Errorf("width %d: %s", width, diff)
		}
	}
}

func TestNothingOfTheClusterIsObeyedByTheTerminal(t *testing.T) {
	facts := scenery()
	facts.Waivers[0].Spec.Requester = "\x1b[2J\x1b]0;title\x07\r\nmallory\u202e"
	for _, line := range overview.Draw(overview.Tree(facts), overview.Style{Width: 200}) {
		if strings.ContainsAny(line, "\x1b\x07\r\n\u202e") {
			t.Errorf("%q", line)
		}
	}
}

func TestCut(t *testing.T) {
	for name, tc := range map[string]struct {
		text    string
		columns int
		want    string
	}{
		"what fits stays":                          {"abc", 3, "abc"},
		"what does not fit is shortened":           {"abcd", 3, "ab…"},
		"a wide character takes two columns":       {"日本語", 5, "日本…"},
		"half of a wide character is left out":     {"日本語", 4, "日…"},
		"a mark belongs to what is before it":      {"e\u0301e\u0301e\u0301", 2, "e\u0301…"},
		"one column":                               {"abc", 1, "…"},
		"no column":                                {"abc", 0, ""},
		"an emoji takes two columns":               {"🚀🚀", 3, "🚀…"},
		"what is combined is as wide as its first": {"e\u0301", 1, "e\u0301"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := overview.Cut(tc.text, tc.columns); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// plain is text without colours.
func plain(text string) string {
	var out strings.Builder
	for text != "" {
		before, rest, found := strings.Cut(text, "\x1b[")
		out.WriteString(before)
		if !found {
			break
		}
		_, text, _ = strings.Cut(rest, "m")
	}
	return out.String()
}
