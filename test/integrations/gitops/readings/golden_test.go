// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/scalegate/scalegate/test/installation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the table of docs/gitops.md anew, from what the tools read")

// golden is an object as a reconciler reported it, and what sums it up.
type golden struct {
	name   string
	object *unstructured.Unstructured
	reason string
	// word is Ready, Reconciling or Stalled; Record for a record that has none of them.
	word string
}

// goldens are an object of every state of every kind, from the tests of the reconcilers.
func goldens(t *testing.T) []golden {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(installation.Root(), "controllers", "testdata", "states", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no golden objects: %v", err)
	}
	var all []golden
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		g := golden{name: strings.TrimSuffix(filepath.Base(file), ".yaml"), object: parse(t, text)}
		_, g.reason, _ = strings.Cut(g.name, "-")
		g.word = word(t, g.object)
		all = append(all, g)
	}
	return all
}

func parse(t *testing.T, text []byte) *unstructured.Unstructured {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(asJSON); err != nil {
		t.Fatal(err)
	}
	return u
}

func conditions(o *unstructured.Unstructured) map[string]map[string]any {
	list, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	all := map[string]map[string]any{}
	for _, item := range list {
		if c, ok := item.(map[string]any); ok {
			kind, _ := c["type"].(string)
			all[kind] = c
		}
	}
	return all
}

// word is what sums an object up, by the conditions themselves.
func word(t *testing.T, o *unstructured.Unstructured) string {
	t.Helper()
	c := conditions(o)
	switch {
	case c["Ready"] == nil:
		return "Record"
	case c["Ready"]["status"] == "True" && c["Stalled"] == nil && c["Reconciling"] == nil:
		return "Ready"
	case c["Ready"]["status"] == "False" && c["Stalled"] != nil && c["Reconciling"] == nil:
		return "Stalled"
	case c["Ready"]["status"] == "False" && c["Stalled"] == nil && c["Reconciling"] != nil:
		return "Reconciling"
	}
	t.Fatalf("%s has the conditions %v: of Reconciling and Stalled it must have one where it is not Ready, and none where it is", o.GetName(), c)
	return ""
}

// waitsForPeople are the reasons of what may wait for days, for somebody to act outside the cluster's automation.
func waitsForPeople(reason string) bool {
	return slices.Contains([]string{
		"EvidenceMissing", "EvidenceIndeterminate", "EvidenceExpired", "ApprovalMissing", "PolicyRevisionPending", "SafeguardNotInPlace",
		"Audited", "NotGoverned", "AwaitingQuorum", "CoolingOff", "ServerHeld",
	}, reason)
}

// reading is what the tools read of one object.
type reading struct {
	argo    string
	kstatus status.Status
	wait    bool
}

// expected is what they should, by what the object itself says.
func expected(g golden) reading {
	switch g.word {
	case "Ready":
		return reading{"Healthy", status.CurrentStatus, true}
	case "Stalled":
		return reading{"Degraded", status.FailedStatus, false}
	case "Record":
		return reading{"Healthy", status.CurrentStatus, false}
	}
	if waitsForPeople(g.reason) {
		return reading{"Suspended", status.InProgressStatus, false}
	}
	return reading{"Progressing", status.InProgressStatus, false}
}

func read(t *testing.T, o *unstructured.Unstructured) reading {
	t.Helper()
	health, err := ArgoCD(healthScript(t), o)
	if err != nil {
		t.Fatal(err)
	}
	if health.Message == "" {
		t.Error("Argo CD shows no message")
	}
	is, err := KStatus(o)
	if err != nil {
		t.Fatal(err)
	}
	waited, err := Waited(t.Context(), "condition=Ready", o)
	if err != nil {
		t.Fatal(err)
	}
	return reading{health.Status, is, waited}
}

func config(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{installation.Root(), "config"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func healthScript(t *testing.T) string {
	t.Helper()
	return string(config(t, "argocd", "health.lua"))
}

func healthChecks(t *testing.T) map[string]HealthCheck {
	t.Helper()
	patch := struct {
		Spec struct {
			HealthCheckExprs []HealthCheck `json:"healthCheckExprs"`
		} `json:"spec"`
	}{}
	if err := yaml.UnmarshalStrict(config(t, "flux", "health-checks.yaml"), &patch); err != nil {
		t.Fatal(err)
	}
	checks := map[string]HealthCheck{}
	for _, c := range patch.Spec.HealthCheckExprs {
		checks[c.Kind] = c
	}
	return checks
}

func TestEveryStateReadsAsItShould(t *testing.T) {
	checks := healthChecks(t)
	for _, g := range goldens(t) {
		t.Run(g.name+" is "+expected(g).argo, func(t *testing.T) {
			t.Parallel()
			want := expected(g)
			if got := read(t, g.object); got != want {
				t.Errorf("it reads as %+v, want %+v", got, want)
			}
			check, ok := checks[g.object.GetKind()]
			if !ok {
				return
			}
			if got, err := check.Read(g.object); err != nil || got != want.kstatus {
				t.Errorf("by its healthCheckExprs Flux reads %s (%v), want %s", got, err, want.kstatus)
			}
		})
	}
}

func TestConditionsAreComplete(t *testing.T) {
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			observed, found, err := unstructured.NestedInt64(g.object.Object, "status", "observedGeneration")
			if err != nil || !found || observed != g.object.GetGeneration() {
				t.Errorf("status.observedGeneration is %d (%v, %v), and the generation %d", observed, found, err, g.object.GetGeneration())
			}
			for kind, c := range conditions(g.object) {
				if c["observedGeneration"] != g.object.GetGeneration() || c["message"] == "" || c["reason"] == "" || c["lastTransitionTime"] == nil {
					t.Errorf("the condition %s is incomplete: %v", kind, c)
				}
			}
		})
	}
}

// A spec that nobody has looked at yet is never ready, whatever stands in the status of the one before.
func TestAnotherGenerationIsNotReady(t *testing.T) {
	checks := healthChecks(t)
	for _, g := range goldens(t) {
		if g.word != "Ready" {
			continue
		}
		t.Run(g.name, func(t *testing.T) {
			t.Parallel()
			o := g.object.DeepCopy()
			o.SetGeneration(o.GetGeneration() + 1)
			want := reading{"Progressing", status.InProgressStatus, false}
			if got := read(t, o); got != want {
				t.Errorf("it reads as %+v, want %+v", got, want)
			}
			if check, ok := checks[o.GetKind()]; ok {
				if got, err := check.Read(o); err != nil || got != want.kstatus {
					t.Errorf("by its healthCheckExprs Flux reads %s (%v)", got, err)
				}
			}
		})
	}
}

// Nor is one whose status is of this generation while a condition is of the one before.
func TestAnOldConditionIsNotReady(t *testing.T) {
	o := find(t, "ModelRelease-Released").DeepCopy()
	o.SetGeneration(o.GetGeneration() + 1)
	if err := unstructured.SetNestedField(o.Object, o.GetGeneration(), "status", "observedGeneration"); err != nil {
		t.Fatal(err)
	}
	health, err := ArgoCD(healthScript(t), o)
	if err != nil || health.Status != "Progressing" {
		t.Errorf("Argo CD shows %+v (%v)", health, err)
	}
	if waited, err := Waited(t.Context(), "condition=Ready", o); err != nil || waited {
		t.Errorf("kubectl wait is over: %v (%v)", waited, err)
	}
}

func find(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	for _, g := range goldens(t) {
		if g.name == name {
			return g.object
		}
	}
	t.Fatalf("there is no golden object %s", name)
	return nil
}

func TestHealthOfWhatIsOnItsWay(t *testing.T) {
	deleted := find(t, "ModelRelease-Released").DeepCopy()
	if err := unstructured.SetNestedField(deleted.Object, "2026-03-01T00:00:00Z", "metadata", "deletionTimestamp"); err != nil {
		t.Fatal(err)
	}
	automatic := find(t, "ModelRelease-EvidenceMissing").DeepCopy()
	if err := unstructured.SetNestedField(automatic.Object, "Automatic", "spec", "evaluations"); err != nil {
		t.Fatal(err)
	}
	unseen := find(t, "SafetyPolicy-InForce").DeepCopy()
	unstructured.RemoveNestedField(unseen.Object, "status")
	for sentence, o := range map[string]*unstructured.Unstructured{
		"what is being deleted is on its way out":                 deleted,
		"evidence that Scalegate itself brings is on its way":     automatic,
		"what has no status at all waits until it is looked at":   unseen,
		"and so does what has the status that the kind starts at": fresh(t, unseen),
	} {
		t.Run(sentence, func(t *testing.T) {
			if health, err := ArgoCD(healthScript(t), o); err != nil || health.Status != "Progressing" {
				t.Errorf("Argo CD shows %+v (%v)", health, err)
			}
		})
	}
}

func fresh(t *testing.T, o *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	o = o.DeepCopy()
	if err := unstructured.SetNestedField(o.Object, int64(-1), "status", "observedGeneration"); err != nil {
		t.Fatal(err)
	}
	return o
}

// Of an object that has no such condition "all of them are True" is true, and "one of them is True" is not.
func TestTheTrapOfAll(t *testing.T) {
	o := find(t, "ModelRelease-Released").DeepCopy()
	if err := unstructured.SetNestedSlice(o.Object, nil, "status", "conditions"); err != nil {
		t.Fatal(err)
	}
	trap := HealthCheck{Current: "status.conditions.filter(c, c.type == 'Ready').all(c, c.status == 'True')"}
	if got, err := trap.Read(o); err != nil || got != status.CurrentStatus {
		t.Errorf("the trap reads %s (%v): it is none any more, and the comment in config/flux is wrong", got, err)
	}
	if got, err := healthChecks(t)["ModelRelease"].Read(o); err != nil || got != status.InProgressStatus {
		t.Errorf("ours reads %s (%v)", got, err)
	}
}

// reasonRow is a row of docs/reference/reasons.md: the reason, and the conditions that carry it.
var reasonRow = regexp.MustCompile("^\\| `(\\w+)` \\| ([^|]*)\\|")

// Each reason that the documentation gives for Ready has a golden object that carries it as the documentation says.
func TestEveryDocumentedReasonHasAGoldenObject(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(installation.Root(), "docs", "reference", "reasons.md"))
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	for _, g := range goldens(t) {
		words[g.name] = g.word
	}
	var kinds []string
	for line := range strings.Lines(string(text)) {
		if heading, ok := strings.CutPrefix(strings.TrimSpace(line), "## "); ok {
			kinds = strings.Split(heading, ", ")
		}
		row := reasonRow.FindStringSubmatch(line)
		if row == nil || !strings.Contains(row[2], "Ready") {
			continue
		}
		want := "Ready"
		for _, w := range []string{"Stalled", "Reconciling"} {
			if strings.Contains(row[2], w) {
				want = w
			}
		}
		t.Run(fmt.Sprintf("%s of %s", row[1], kinds[0]), func(t *testing.T) {
			found := false
			for _, kind := range kinds {
				got, ok := words[kind+"-"+row[1]]
				found = found || ok
				if ok && got != want {
					t.Errorf("a %s of that reason is %s, and docs/reference/reasons.md says %s", kind, got, want)
				}
			}
			if !found {
				t.Errorf("no reconciler reports it in the tests of ./controllers")
			}
		})
	}
}
