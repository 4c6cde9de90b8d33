// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package offline_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/offline"
	"github.com/scalegate/scalegate/internal/verdict"
)

func TestNoMoreThanTheCeilingIsAdmitted(t *testing.T) {
	x, whole := newTools(t), base(t)
	_, workload, _ := strings.Cut(whole, "apiVersion: apps/v1\n")
	second := "---\napiVersion: apps/v1\n" + strings.Replace(workload, "name: assistant", "name: other", 1)
	for name, test := range map[string]struct {
		most, text, of string
		outcome        verdict.Outcome
		says           string
	}{
		"as many as may serve":              {"3", whole, deployment, verdict.Pass, ""},
		"more than may serve":               {"2", whole, deployment, verdict.Blocked, "with it 3 pods claim General of ModelRelease m1, and no more than 2 may serve it"},
		"more by a second workload":         {"4", whole + second, "Deployment serving/other", verdict.Blocked, "with it 6 pods claim General"},
		"as many by two workloads":          {"6", whole + second, "Deployment serving/other", verdict.Pass, ""},
		"more of an exposure below the one": {"9", strings.Replace(strings.Replace(whole, "release: m1\n", "release: m1\n        scalegate.dev/exposure: Internal\n", 1), "replicas: 3", "replicas: 5", 1), deployment, verdict.Blocked, "with it 5 pods claim Internal"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(test.text, "{name: General}", "{name: General, maxReplicas: "+test.most+"}", 1)
			r := x.judge(t, text, day, offline.Options{})
			c := caseOf(t, &r, test.of)
			if c.Outcome != test.outcome || (len(c.Findings) > 0) != (test.says != "") {
				t.Fatalf("want %s: %+v", test.outcome, c)
			}
			if test.says == "" {
				return
			}
			if f := c.Findings[0]; c.Summary != "it would be held in part" || f.Rule != v1alpha1.ReasonAboveCeiling || f.Field != "spec.replicas" || !strings.Contains(f.Message, test.says) {
				t.Errorf("%+v", c)
			}
			if c := caseOf(t, &r, release); !strings.HasSuffix(c.Summary, "as it asks, for no more than "+test.most) {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestObjectsWhoseNamesAreMadeAreNoDuplicates(t *testing.T) {
	x, whole := newTools(t), base(t)
	made := strings.NewReplacer("metadata: {name: uplift, ", "metadata: {generateName: uplift-, ", "metadata: {name: uplift-expert, ", "metadata: {generateName: uplift-, ").Replace(whole)
	r := x.judge(t, made, day, offline.Options{})
	if r.Worst() != verdict.Pass {
		t.Errorf("%+v", r)
	}
	for _, name := range []string{"SafetyEvaluation serving/uplift-(1)", "SafetyEvaluation serving/uplift-(2)"} {
		if c := caseOf(t, &r, name); !strings.HasPrefix(c.Summary, "its file says") {
			t.Errorf("%+v", c)
		}
	}
	r = x.judge(t, strings.Replace(whole, "  name: assistant\n", "", 1), day, offline.Options{})
	if c := caseOf(t, &r, "Deployment serving/"); c.Outcome != verdict.Error || c.Findings[0].Field != "metadata.name" {
		t.Errorf("without a name: %+v", c)
	}
}

func TestAClaimThatIsNoTextIsRefused(t *testing.T) {
	x := newTools(t)
	text := strings.NewReplacer("scalegate.dev/release: m1", "scalegate.dev/release: 12", `        resources: {limits: {nvidia.com/gpu: "1"}}`+"\n", "").Replace(base(t))
	r := x.judge(t, text, day, offline.Options{})
	c := caseOf(t, &r, deployment)
	if c.Outcome != verdict.Blocked || c.Findings[0].Line != lineOf(text, "release: 12") || c.Findings[0].Message != "12 is no text" {
		t.Errorf("%+v", c)
	}
}

func TestALabelOfAManifestCountsBeforeThatOfTheCluster(t *testing.T) {
	x, whole := newTools(t), strings.Replace(base(t), "scalegate.dev/release: m1", "scalegate.dev/release: m2", 1)
	stored := func(labels map[string]string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "serving", Labels: labels}}
	}
	for name, test := range map[string]struct {
		text    string
		stored  map[string]string
		outcome verdict.Outcome
	}{
		"the manifest begins to enforce":            {whole, nil, verdict.Blocked},
		"the manifest ends auditing":                {whole, map[string]string{v1alpha1.LabelGate: v1alpha1.GateAudited}, verdict.Blocked},
		"the manifest says nothing of the gate":     {strings.Replace(whole, ", labels: {scalegate.dev/gate: enforced}", "", 1), map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}, verdict.Blocked},
		"the manifest audits what was enforced":     {strings.Replace(whole, "gate: enforced", "gate: audited", 1), map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}, verdict.Pass},
		"neither the manifest nor the cluster does": {strings.Replace(whole, ", labels: {scalegate.dev/gate: enforced}", "", 1), nil, verdict.Pass},
	} {
		t.Run(name, func(t *testing.T) {
			r := x.judge(t, test.text, day, offline.Options{}, stored(test.stored))
			if c := caseOf(t, &r, deployment); c.Outcome != test.outcome {
				t.Errorf("want %s: %+v", test.outcome, c)
			}
		})
	}
}
