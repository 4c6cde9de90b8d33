// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/scalegate/scalegate/internal/fixture"
)

// column is a heading of kubectl get and what stands below it.
type column struct{ head, value string }

// shown is an object with a status, and what kubectl get shows of it.
type shown struct {
	shortName string
	object    func(*testing.T) *unstructured.Unstructured
	// columns are those of kubectl get between NAME and AGE, and wide those that -o wide adds behind it.
	columns, wide []column
	// ages are the columns with the age of something; nil: that of the object.
	ages []column
}

func allShown() map[string]shown {
	all := map[string]shown{
		"SafetyPolicy": {
			shortName: "spol",
			object: reported("SafetyPolicy", map[string]any{
				"revision": "sha256:0123456789abcdef", "observedGeneration": int64(1), "conditions": ready("True", "InForce"),
			}),
			columns: []column{{"VERSION", "2.2"}, {"REVISION", "sha256:0123456789abcdef"}, {"READY", "True"}},
		},
		"ModelRelease": {
			shortName: "mrel",
			object: reported("ModelRelease", map[string]any{
				"requiredLevel": "ASL-3", "grantedExposure": "Internal", "observedGeneration": int64(1),
				"conditions": ready("False", "EvidenceMissing"),
			}),
			columns: []column{
				{"MODEL", "example-model"}, {"POLICY", "example-rsp"}, {"LEVEL", "ASL-3"}, {"ASKED", "General"},
				{"GRANTED", "Internal"}, {"READY", "False"}, {"REASON", "EvidenceMissing"},
			},
			wide: []column{{"MESSAGE", "in a sentence"}},
		},
		"SafetyEvaluation": {
			shortName: "seval",
			object: reported("SafetyEvaluation", map[string]any{
				"observedGeneration": int64(1), "conditions": ready("True", "Measured"),
				"measurement": map[string]any{"metric": "uplift_ratio/mean", "value": "2.1", "judged": int64(12), "sha256": strings.Repeat("6", 64)},
			}),
			columns: []column{
				{"RELEASE", "example-model"}, {"REQUIREMENT", "bio-uplift"}, {"VALUE", "2.1"}, {"SAMPLES", "12"},
				{"READY", "True"}, {"REASON", "Measured"},
			},
			wide: []column{{"MESSAGE", "in a sentence"}},
		},
		"AdverseFinding": {
			shortName: "afind",
			object:    reportedFinding,
			columns: []column{
				{"REQUIREMENT", "bio-uplift"}, {"VALUE", "0.9"}, {"EVALUATION", "failed"}, {"NAMESPACE", "serving"}, {"RESOLVED", "True"},
			},
		},
		"GateDecision": {
			shortName: "gdec", object: enforced, ages: []column{{"DECIDED", "<age>"}, {"ENFORCED", "<age>"}},
			columns: []column{{"RELEASE", "example-model"}, {"SEQUENCE", "2"}, {"GRANTED", "Internal"}, {"REASON", "EvidenceMissing"}},
			wide:    []column{{"CAUSE", `["SafetyEvaluation bio-uplift-2026-03 came"]`}, {"DIGEST", fixture.SHA256("record")}},
		},
		"PolicyRevision": {
			shortName: "prev",
			object: func(t *testing.T) *unstructured.Unstructured {
				t.Helper()
				stored := inForce(t)
				set("status.conditions", ready("True", "InForce"))(stored.Object)
				if err := shared.controller.Status().Update(t.Context(), stored); err != nil {
					t.Fatal(err)
				}
				return stored
			},
			columns: []column{
				{"POLICY", "example-rsp"}, {"SEQUENCE", "2"}, {"REVISION", "sha256:0123456789abcdef"}, {"EFFECT", "Weakening"}, {"AUTHOR", "alice"},
				{"INFORCE", "True"}, {"REASON", "InForce"},
			},
			wide: []column{{"MESSAGE", "in a sentence"}},
		},
	}
	maps.Copy(all, signedShown())
	return all
}

// signedShown are the kinds that people sign.
func signedShown() map[string]shown {
	counts := map[string]any{"observedGeneration": int64(1), "conditions": ready("True", "Counts")}
	state, words := []column{{"READY", "True"}, {"REASON", "Counts"}}, []column{{"MESSAGE", "in a sentence"}}
	return map[string]shown{
		"ReleaseApproval": {
			shortName: "rappr", object: reported("ReleaseApproval", counts), wide: words,
			columns: append([]column{
				{"RELEASE", "example-model"}, {"ROLE", "responsible-scaling-officer"}, {"DECISION", "Approve"}, {"EXPOSURE", "General"}, {"APPROVER", "scalegate-admin"},
			}, state...),
		},
		"ReleaseWaiver": {
			shortName: "rwaiv", object: reported("ReleaseWaiver", counts), wide: words,
			columns: append([]column{
				{"RELEASE", "example-model"}, {"REQUIREMENTS", `["jailbreak-resistance"]`}, {"PATH", "Standard"}, {"ENDS", "2026-04-01T00:00:00Z"},
			}, state...),
		},
		"ReleaseDetermination": {
			shortName: "rdet", object: reported("ReleaseDetermination", counts), wide: words,
			columns: append([]column{{"RELEASE", "example-model"}, {"AUTHOR", "scalegate-admin"}}, state...),
		},
		"PolicyApproval": {
			shortName: "pappr", object: reported("PolicyApproval", counts), wide: nil,
			columns: append([]column{
				{"POLICY", "example-rsp"}, {"REVISION", "sha256:0123456789abcdef"}, {"ROLE", "chief-executive"}, {"DECISION", "Approve"}, {"APPROVER", "scalegate-admin"},
			}, state...),
		},
	}
}

func ready(status, reason string) []any {
	return []any{condition("Ready", status, reason)}
}

func condition(kind, status, reason string) map[string]any {
	return map[string]any{
		"type": kind, "status": status, "reason": reason, "message": "in a sentence", "lastTransitionTime": "2026-03-01T00:00:00Z",
	}
}

// reported stores a sample and writes its status as the controller does.
func reported(kind string, status map[string]any) func(*testing.T) *unstructured.Unstructured {
	return func(t *testing.T) *unstructured.Unstructured {
		t.Helper()
		object := sample(t, kind)
		object.SetName("shown")
		stored := store(t, shared.Client, object)
		set("status", status)(stored.Object)
		if err := shared.controller.Status().Update(t.Context(), stored); err != nil {
			t.Fatal(err)
		}
		return stored
	}
}

func reportedFinding(t *testing.T) *unstructured.Unstructured {
	t.Helper()
	stored := resolvedFinding(t)
	set("status.conditions", []any{condition("Resolved", "True", "Resolved")})(stored.Object)
	if err := shared.controller.Status().Update(t.Context(), stored); err != nil {
		t.Fatal(err)
	}
	return stored
}

func TestKubectlGetShowsWhatTheColumnsPromise(t *testing.T) {
	for kind, want := range allShown() {
		t.Run(kind, func(t *testing.T) {
			object := want.object(t)
			ages := want.ages
			if ages == nil {
				ages = []column{{"AGE", "<age>"}}
			}
			columns := slices.Concat([]column{{"NAME", object.GetName()}}, want.columns, ages)
			if diff := gocmp.Diff(columns, tableOf(t, want.shortName, object), gocmp.AllowUnexported(column{})); diff != "" {
				t.Errorf("kubectl get %s (-want +got):\n%s", want.shortName, diff)
			}
			columns = append(columns, want.wide...)
			if diff := gocmp.Diff(columns, tableOf(t, want.shortName, object, "-o", "wide"), gocmp.AllowUnexported(column{})); diff != "" {
				t.Errorf("kubectl get %s -o wide (-want +got):\n%s", want.shortName, diff)
			}
		})
	}
}

// tableOf reads the table that kubectl get prints of one object. The age is left out: it grows.
func tableOf(t *testing.T, resource string, object *unstructured.Unstructured, more ...string) []column {
	t.Helper()
	args := append([]string{"get", resource, object.GetName(), "-n", cmp.Or(object.GetNamespace(), namespace)}, more...)
	out, err := shared.Kubectl(t.Context(), shared.Admin(), args...)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 {
		t.Fatalf("want a heading and a line, got:\n%s", out)
	}
	gap := regexp.MustCompile(` {2,}`)
	heads, values := gap.Split(strings.TrimSpace(lines[0]), -1), gap.Split(strings.TrimSpace(lines[1]), -1)
	if len(heads) != len(values) {
		t.Fatalf("a column is empty:\n%s", out)
	}
	var columns []column
	for i, head := range heads {
		if slices.Contains([]string{"AGE", "DECIDED", "ENFORCED"}, head) && regexp.MustCompile(`^[0-9]+[smhdy]([0-9]+[smhd])?$`).MatchString(values[i]) {
			values[i] = "<age>"
		}
		columns = append(columns, column{head, values[i]})
	}
	return columns
}

func TestOneWordGetsEveryKind(t *testing.T) {
	var want []string
	for kind, one := range allShown() {
		if kind == "GateDecision" {
			continue // The one that is shown has a namespace of its own.
		}
		want = append(want, strings.ToLower(kind)+".scalegate.dev/"+one.object(t).GetName())
	}
	out, err := shared.Kubectl(t.Context(), shared.Admin(), "get", "scalegate", "-n", namespace, "-o", "name")
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	for _, object := range want {
		if !slices.Contains(got, object) {
			t.Errorf("kubectl get scalegate does not show %s:\n%s", object, out)
		}
	}
}
