// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/report"
)

// reported is what the command writes as JSON.
func reported(t *testing.T, got result) report.Report {
	t.Helper()
	var r report.Report
	if err := json.Unmarshal([]byte(got.out), &r); err != nil {
		t.Fatalf("%v: %+v", err, got)
	}
	return r
}

func TestReportSaysWhatWasReadAndByWhom(t *testing.T) {
	system := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: metav1.NamespaceSystem, UID: fixture.UID("cluster")}}
	got := run(t, cluster(t, nil, world(system)...), "report", "m1", "-n", "serving", "--cluster", "east", "-o", "json")
	r := reported(t, got)
	if got.code != 0 || got.errors != "" {
		t.Errorf("got %d, %q", got.code, got.errors)
	}
	if g := r.Generated; g.ClusterUID != string(fixture.UID("cluster")) || g.Cluster != "east" || g.Version != "v1.2.3" || !g.Time.Equal(fixture.Day(10)) {
		t.Errorf("made by %+v", g)
	}
	m1 := r.Releases[0]
	if len(r.Releases) != 1 || m1.Name != "m1" || m1.Basis != report.BasisDecided || m1.Outcome != "Pending" || len(m1.Requirements) != 3 {
		t.Errorf("got %+v", m1)
	}
	if card := m1.Requirements[1]; card.State != "Met" || len(card.Results) != 1 || !card.Results[0].Decides {
		t.Errorf("card is %+v", card)
	}
}

func TestReportJudgesAsOfAnotherTime(t *testing.T) {
	got := run(t, cluster(t, nil, world()...), "report", "m1", "-n", "serving", "-o", "json", "--now", fixture.Day(300).Format("2006-01-02T15:04:05Z07:00"))
	r := reported(t, got)
	if card := r.Releases[0].Requirements[1]; card.State != "Expired" || !r.Generated.JudgedAt.Equal(fixture.Day(300)) || !r.Generated.Time.Equal(fixture.Day(10)) {
		t.Errorf("card is %s as of %v, made %v", card.State, r.Generated.JudgedAt, r.Generated.Time)
	}
}

func TestReportNamesWhatMayNotBeRead(t *testing.T) {
	for name, test := range map[string]struct {
		refuse refusal
		unseen string
		basis  report.Basis
	}{
		"findings": {func(verb string, o any, _ string) error {
			if _, ok := o.(*v1alpha1.AdverseFindingList); ok {
				return forbidden(verb, "adversefindings")
			}
			return nil
		}, "You may not read adverse findings", report.BasisRecorded},
		"the policy": {func(verb string, o any, _ string) error {
			if _, ok := o.(*v1alpha1.SafetyPolicy); ok {
				return forbidden(verb, "safetypolicies")
			}
			return nil
		}, "You may not read its policy", report.BasisRecorded},
		"evaluations elsewhere": {func(verb string, o any, namespace string) error {
			if _, ok := o.(*v1alpha1.SafetyEvaluationList); ok && namespace == "" {
				return forbidden(verb, "safetyevaluations")
			}
			return nil
		}, "You may not list evaluations of other namespaces", report.BasisDecided},
		"records": {func(verb string, o any, _ string) error {
			if _, ok := o.(*v1alpha1.GateDecisionList); ok {
				return forbidden(verb, "gatedecisions")
			}
			return nil
		}, "You may not list the records of decisions", report.BasisDecided},
		"the namespace": {func(verb string, o any, _ string) error {
			if _, ok := o.(*metav1.PartialObjectMetadata); ok {
				return forbidden(verb, "namespaces")
			}
			return nil
		}, "You may not read namespace serving", report.BasisDecided},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, cluster(t, test.refuse, world()...), "report", "m1", "-n", "serving", "-o", "json")
			m1 := reported(t, got).Releases[0]
			if got.code != 4 || !strings.Contains(strings.Join(m1.Unseen, " "), test.unseen) || m1.Basis != test.basis {
				t.Errorf("got %d, %s, %q", got.code, m1.Basis, m1.Unseen)
			}
			if !strings.Contains(got.errors, "scalegate-auditor") {
				t.Errorf("told %q", got.errors)
			}
			for _, form := range []string{"html", "markdown"} {
				if text := run(t, cluster(t, test.refuse, world()...), "report", "m1", "-n", "serving", "-o", form).out; !strings.Contains(text, test.unseen) {
					t.Errorf("%s does not say so", form)
				}
			}
		})
	}
}

// Where the decision cannot be made anew, what the status says is told, and not that nothing is known.
func TestReportTellsWhatWasRecorded(t *testing.T) {
	objects := world()
	for _, o := range objects {
		if r, ok := o.(*v1alpha1.ModelRelease); ok {
			r.Status = v1alpha1.ModelReleaseStatus{
				GrantedExposure: "Internal", RequiredLevel: "ASL-3", PolicyRevision: "sha256:0123456789abcdef",
				Conditions:   []metav1.Condition{{Type: v1alpha1.ConditionEvidenceComplete, Reason: v1alpha1.ReasonEvidenceMissing, Message: "General is not granted"}},
				Requirements: []v1alpha1.RequirementStatus{{Name: "card", State: v1alpha1.RequirementMet, Evidence: "card-1"}},
				Thresholds:   []v1alpha1.ThresholdStatus{{Name: "CBRN-3", State: v1alpha1.ThresholdOpen, Message: "bio is Missing"}},
			}
		}
	}
	refuse := func(verb string, o any, _ string) error {
		switch o.(type) {
		case *v1alpha1.SafetyPolicy, *v1alpha1.AdverseFindingList, *v1alpha1.PolicyRevisionList:
			return forbidden(verb, "cluster-scoped kinds")
		}
		return nil
	}
	m1 := reported(t, run(t, cluster(t, refuse, objects...), "report", "m1", "-n", "serving", "-o", "json")).Releases[0]
	if m1.Exposure.Granted != "Internal" || m1.Level.Required != "ASL-3" || m1.Reason != v1alpha1.ReasonEvidenceMissing || len(m1.Level.Thresholds) != 1 {
		t.Errorf("got %+v", m1)
	}
	if len(m1.Requirements) != 1 || m1.Requirements[0].State != "Met" {
		t.Errorf("requirements %+v", m1.Requirements)
	}
}

func namespaced(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

func TestReportVerifiesTheChain(t *testing.T) {
	got := run(t, cluster(t, nil, append(objects(t, unchanged), namespaced("serving"))...), "report", "-n", "serving", "-o", "json")
	if r := reported(t, got); !r.Releases[0].Records.Intact || r.Releases[0].Records.HeadSequence != 8 || got.code != 0 {
		t.Errorf("untouched: %d, %+v", got.code, r.Releases[0].Records.Problems)
	}
	first := func(records []v1alpha1.GateDecision) []v1alpha1.GateDecision { return records[:5] }
	cut := run(t, cluster(t, nil, append(objects(t, first), namespaced("serving"))...), "report", "-n", "serving", "-o", "json")
	if r := reported(t, cut); r.Releases[0].Records.Intact || cut.code != 2 || !strings.Contains(cut.errors, "not intact") {
		t.Errorf("cut off: %+v", cut)
	}
}

func TestReportAboutSeveral(t *testing.T) {
	other := fixture.Release("m2", fixture.Governed("rsp"))
	other.Namespace = "elsewhere"
	c := cluster(t, nil, world(other, namespaced("elsewhere"))...)
	all := reported(t, run(t, c, "report", "-A", "-o", "json"))
	if len(all.Releases) != 2 || all.Releases[0].Namespace != "elsewhere" || all.Releases[1].Namespace != "serving" {
		t.Errorf("got %+v", all.Releases)
	}
	if twice := reported(t, run(t, c, "report", "m1", "m1", "-n", "serving", "-o", "json")); len(twice.Releases) != 1 {
		t.Errorf("a release that is named twice is told %d times", len(twice.Releases))
	}
}

func TestReportWritesAFile(t *testing.T) {
	dir := t.TempDir()
	c := cluster(t, nil, world()...)
	for name, begin := range map[string]string{"r.html": "<!DOCTYPE html>", "r.md": "# Safety report", "r.json": "{", "r": "<!DOCTYPE html>"} {
		got := run(t, c, "report", "m1", "-n", "serving", "--output-file", filepath.Join(dir, name))
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || got.code != 0 || got.out != "" || !strings.HasPrefix(string(data), begin) {
			t.Errorf("%s: %+v, %v, %.40q", name, got, err, data)
		}
	}
	if got := run(t, c, "report", "m1", "-n", "serving", "-o", "json", "--output-file", filepath.Join(dir, "forced.html")); got.code != 0 {
		t.Errorf("got %+v", got)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "forced.html")); err != nil || !json.Valid(data) {
		t.Errorf("-o is not asked for more than the name of the file: %v", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 5 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestReportRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		objects []client.Object
		args    []string
		want    string
	}{
		"a release that is not there":        {world(), []string{"report", "typo", "-n", "serving"}, "there is no ModelRelease typo in namespace serving"},
		"a namespace without releases":       {world(), []string{"report", "-n", "elsewhere"}, "there is no ModelRelease in namespace elsewhere"},
		"a cluster without releases":         {nil, []string{"report", "-A"}, "there is no ModelRelease in any namespace"},
		"a release in all namespaces":        {world(), []string{"report", "-A", "m1"}, "RELEASE is in one namespace"},
		"a time that is none":                {world(), []string{"report", "m1", "-n", "serving", "--now", "tomorrow"}, "--now \"tomorrow\" is no time in RFC 3339"},
		"a form that is none":                {world(), []string{"report", "m1", "-n", "serving", "-o", "pdf"}, "it must be one of html, markdown, json"},
		"a file in a folder that is not one": {world(), []string{"report", "m1", "-n", "serving", "--output-file", "missing/r.html"}, "writing --output-file"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := run(t, cluster(t, nil, test.objects...), test.args...); got.code != 1 || !strings.Contains(got.errors, test.want) {
				t.Errorf("got %+v, want %q", got, test.want)
			}
		})
	}
}
