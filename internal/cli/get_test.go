// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// observed is the status that the manager left on a release five days after it was made, with these conditions: Ready, the
// progress beside it, and Enforced. An empty progress leaves that condition off.
func observed(ready, progress, enforced metav1.Condition, more ...func(*v1alpha1.ModelRelease)) func(*v1alpha1.ModelRelease) {
	return func(r *v1alpha1.ModelRelease) {
		r.Status.ObservedGeneration = new(r.Generation)
		for _, c := range []metav1.Condition{ready, progress, enforced} {
			if c.Type == "" {
				continue
			}
			c.ObservedGeneration = r.Generation
			c.LastTransitionTime = metav1.NewTime(fixture.Day(5))
			r.Status.Conditions = append(r.Status.Conditions, c)
		}
		for _, modify := range more {
			modify(r)
		}
	}
}

func said(kind string, isTrue bool, reason string) metav1.Condition {
	c := metav1.Condition{Type: kind, Status: metav1.ConditionFalse, Reason: reason, Message: "because of " + reason, ObservedGeneration: 1}
	if isTrue {
		c.Status = metav1.ConditionTrue
	}
	return c
}

// Progress of a release, and what became of it, as the manager says it.
func readyIs(isTrue bool, reason string) metav1.Condition {
	return said(v1alpha1.ConditionReady, isTrue, reason)
}
func stalledBy(reason string) metav1.Condition { return said(v1alpha1.ConditionStalled, true, reason) }
func awaiting(reason string) metav1.Condition {
	return said(v1alpha1.ConditionReconciling, true, reason)
}
func enforcedIs(isTrue bool, reason string) metav1.Condition {
	return said(v1alpha1.ConditionEnforced, isTrue, reason)
}

func grantedTo(exposure string) func(*v1alpha1.ModelRelease) {
	return func(r *v1alpha1.ModelRelease) {
		r.Status.GrantedExposure, r.Status.ClearedUntil = exposure, new(metav1.NewTime(fixture.Day(12)))
	}
}

func with(kind, name, exposure, reason string, desired, released, held int32) func(*v1alpha1.ModelRelease) {
	return func(r *v1alpha1.ModelRelease) {
		w := v1alpha1.WorkloadStatus{Kind: kind, Name: name, Exposure: exposure, Desired: &desired, Released: &released, Held: &held, Reason: reason}
		if reason != "" {
			w.Message = "because of " + reason
		}
		r.Status.Workloads = append(r.Status.Workloads, w)
	}
}

// standings are releases in every state.
func standings() []client.Object {
	release := func(name string, modifiers ...func(*v1alpha1.ModelRelease)) client.Object {
		return fixture.Release(name, modifiers...)
	}
	elsewhere := func(r *v1alpha1.ModelRelease) { r.Namespace = "research" }
	return []client.Object{
		release("released", observed(readyIs(true, "Released"), metav1.Condition{}, enforcedIs(true, "Enforced"),
			grantedTo("General"), with("Deployment", "chat", "General", "", 3, 3, 0), with("Deployment", "batch", "Internal", "", 1, 1, 0))),
		release("partial", observed(readyIs(false, "EvidenceMissing"), awaiting("EvidenceMissing"), enforcedIs(true, "Enforced"),
			grantedTo("Internal"), with("Deployment", "chat", "General", "ExposureNotGranted", 2, 0, 2), with("Deployment", "staff", "Internal", "", 1, 1, 0))),
		release("pending", observed(readyIs(false, "ApprovalMissing"), awaiting("ApprovalMissing"), enforcedIs(true, "Enforced"))),
		release("held", observed(readyIs(false, "AdverseFinding"), stalledBy("AdverseFinding"), enforcedIs(true, "Enforced"))),
		release("frozen", observed(readyIs(false, "EvidenceExpired"), awaiting("EvidenceExpired"), enforcedIs(true, "Frozen"),
			with("StatefulSet", "chat", "General", "EvidenceExpired", 4, 3, 1))),
		release("removing", observed(readyIs(false, "EvidenceExpired"), awaiting("EvidenceExpired"), enforcedIs(false, "Removing"))),
		release("revoked", fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachNamespace),
			observed(readyIs(false, "Revoked"), stalledBy("Revoked"), enforcedIs(false, "Removing"))),
		release("mismatch", observed(readyIs(false, "WorkloadMismatch"), stalledBy("WorkloadMismatch"), enforcedIs(false, "WorkloadMismatch"), grantedTo("General"))),
		release("audited", observed(readyIs(false, "Audited"), awaiting("Audited"), enforcedIs(false, "Audited"), grantedTo("General"))),
		release("ungoverned", elsewhere, observed(readyIs(false, "NotGoverned"), awaiting("NotGoverned"), enforcedIs(false, "NotGoverned"), grantedTo("General"))),
		release("no-policy", elsewhere, observed(readyIs(false, "PolicyNotFound"), awaiting("PolicyNotFound"), enforcedIs(true, "Enforced"))),
		release("new", elsewhere),
		release("changed", elsewhere, func(r *v1alpha1.ModelRelease) { r.Generation = 1 },
			observed(readyIs(true, "Released"), metav1.Condition{}, enforcedIs(true, "Enforced"), grantedTo("General")),
			func(r *v1alpha1.ModelRelease) { r.Generation = 2 }),
	}
}

func TestGet(t *testing.T) {
	rejected := fixture.Evaluation("broken-1", "bio", "", fixture.Unread(), func(e *v1alpha1.SafetyEvaluation) {
		e.Status.Conditions = []metav1.Condition{said("Ready", false, "Unreadable"), said("Stalled", true, "Unreadable")}
	})
	running := fixture.Evaluation("bio-run", "bio", "", fixture.Unread(), func(e *v1alpha1.SafetyEvaluation) {
		e.Spec.Report, e.Spec.Job = nil, &v1alpha1.JobSource{Suite: "bio-suite"}
		e.Status.Conditions = []metav1.Condition{said("Ready", false, "Running"), said("Reconciling", true, "Running")}
	})
	revoked := fixture.Evaluation("card-0", "card", "0.1", fixture.Revoked(v1alpha1.RevocationAdvisory))
	finding := fixture.Finding("bio-0123456789abcdef", "bio", "0123")
	shown := fixture.Shown{Subject: "sha256:" + fixture.SHA256("m1"), Revision: "sha256:0000000000000000"}
	approval, waiver := fixture.Approval("rita", "rso", shown), fixture.Waiver("w1", "card", shown)
	suite := fixture.Suite("bio-suite", fixture.Serving())
	everything := append(standings(), world(&rejected, &running, &revoked, &finding, &approval, &waiver, suite,
		decisionOf("m1", 10), decisionOf("m1", 9), decisionOf("a1", 1))...)
	for name, args := range map[string][]string{
		"get-releases":      {"-n", "serving"},
		"get-releases-all":  {"releases", "-A"},
		"get-releases-wide": {"mrel", "-A", "-o", "wide"},
		"get-two":           {"release", "revoked", "held", "-n", "serving"},
		"get-slash":         {"modelreleases.scalegate.dev/held", "-n", "serving", "-o", "wide"},
		"get-names":         {"releases", "-n", "research", "-o", "name"},
		"get-evaluations":   {"evaluations", "-n", "serving", "-o", "wide"},
		"get-policies":      {"policies"},
		"get-suites":        {"suites"},
		"get-findings":      {"findings", "-o", "wide"},
		"get-approvals":     {"approvals", "-n", "serving"},
		"get-waivers":       {"waivers", "-n", "serving"},
		"get-decisions":     {"decisions", "-n", "serving", "-o", "wide"},
		"get-json":          {"release", "held", "-n", "serving", "-o", "json"},
		"get-list-yaml":     {"waivers", "-n", "serving", "-o", "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, cluster(t, nil, everything...), append([]string{"get"}, args...)...)
			if got.code != codePass || got.errors != "" {
				t.Fatalf("code %d, errors %q", got.code, got.errors)
			}
			golden(t, name+".txt", got.out)
		})
	}
}

func decisionOf(release string, sequence int64) *v1alpha1.GateDecision {
	return &v1alpha1.GateDecision{
		ObjectMeta: metav1.ObjectMeta{Namespace: fixture.Namespace, Name: release + "-" + strings.Repeat("x", int(sequence))},
		Spec: v1alpha1.GateDecisionSpec{
			Release: release, Sequence: sequence, Reason: "EvidenceMissing", DecidedTime: metav1.NewTime(fixture.Day(8)),
			Causes: []string{"SafetyEvaluation card-1 is new", "time passed"},
		},
	}
}

func TestGetRefuses(t *testing.T) {
	tests := map[string]struct {
		args   []string
		refuse refusal
		want   string
	}{
		"a kind that is not ours": {args: []string{"pods"}, want: `"pods" is none of Scalegate's kinds: name one of releases, evaluations, policies, revisions, suites, findings, approvals, waivers, determinations, decisions`},
		"a name that is not there": {
			args: []string{"releases", "m2", "-n", "serving"},
			want: "there is no ModelRelease m2 in namespace serving: see which there are with get releases",
		},
		"a name in all namespaces":   {args: []string{"releases", "m1", "-A"}, want: "leave --all-namespaces out"},
		"a name and labels":          {args: []string{"releases", "m1", "-n", "serving", "-l", "a=b"}, want: "leave it out where you name some"},
		"labels that cannot be read": {args: []string{"releases", "-n", "serving", "-l", "a==="}, want: "reading --selector"},
		"a namespace that may not be read": {
			args: []string{"releases", "-A"}, want: "the cluster's own role view grants it in a namespace",
			refuse: func(verb string, object any, namespace string) error {
				if _, ok := object.(*v1alpha1.ModelReleaseList); ok && namespace == "" {
					return forbidden(verb, "modelreleases")
				}
				return nil
			},
		},
		"policies that may not be read": {
			args: []string{"policies"}, want: "the ClusterRole scalegate-reader grants it",
			refuse: func(verb string, object any, _ string) error {
				if _, ok := object.(*v1alpha1.SafetyPolicyList); ok {
					return forbidden(verb, "safetypolicies")
				}
				return nil
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := run(t, cluster(t, tc.refuse, world()...), append([]string{"get"}, tc.args...)...)
			if got.code != codeError || !strings.Contains(got.errors, tc.want) || got.out != "" {
				t.Errorf("got %+v, want an error with %q", got, tc.want)
			}
		})
	}
}

func TestGetOfNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want result
	}{
		"says so, beside the data":   {[]string{"get", "waivers", "-n", "serving"}, result{errors: "No releasewaivers found in namespace serving.\n"}},
		"says so of all namespaces":  {[]string{"get", "waivers", "-A"}, result{errors: "No releasewaivers found.\n"}},
		"by labels that nothing has": {[]string{"get", "-l", "a=b", "-A"}, result{errors: "No modelreleases found.\n"}},
		"is an empty list": {[]string{"get", "waivers", "-n", "serving", "-o", "json"}, result{
			out: "{\n    \"kind\": \"ReleaseWaiverList\",\n    \"apiVersion\": \"scalegate.dev/v1alpha1\",\n    \"metadata\": {},\n    \"items\": []\n}\n",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t, cluster(t, nil, world()...), tc.args...); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
