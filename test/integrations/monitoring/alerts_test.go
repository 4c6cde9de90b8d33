// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"
)

// Each alert fires and does not fire as config/prometheus/tests says; promtool reads the same files.
func TestAlerts(t *testing.T) {
	files, err := filepath.Glob(configured("tests", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, path := range files {
		file := readTests(t, path)
		for _, group := range ruleGroups(t).Groups {
			if !slices.Contains(file.GroupEvalOrder, group.Name) {
				t.Errorf("%s: group_eval_order lacks %s", path, group.Name)
			}
		}
		var ruleFiles []string
		for _, f := range file.RuleFiles {
			ruleFiles = append(ruleFiles, filepath.Join(filepath.Dir(path), f))
		}
		for i := range file.Tests {
			test := &file.Tests[i]
			t.Run(test.Name, func(t *testing.T) {
				firing := test.firing(t, file, ruleFiles)
				for j := range test.Alerts {
					a := &test.Alerts[j]
					got := firing[a.EvalTime][a.Alert]
					if update() {
						a.annotate(got)
					}
					fires[a.Alert], silent[a.Alert] = fires[a.Alert] || len(a.Expected) > 0, silent[a.Alert] || len(a.Expected) == 0
					slices.SortFunc(got, byLabels)
					want := slices.SortedFunc(slices.Values(a.Expected), byLabels)
					if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("%s at %s (-want +got):\n%s", a.Alert, a.EvalTime, diff)
					}
				}
			})
		}
		if update() {
			writeAnnotations(t, path, file)
		}
	}
	for name := range alertingRules(t) {
		if !fires[name] || !silent[name] {
			t.Errorf("%s: no test has it fire, or none has it silent", name)
		}
	}
}

func readTests(t *testing.T, path string) testFile {
	t.Helper()
	var file testFile
	decoder := yaml.NewDecoder(bytes.NewReader(contents(t, path)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return file
}

// annotate takes the annotations over from the alerts that fire with the same labels.
func (a *alertTest) annotate(got []expectedAlert) {
	for i := range a.Expected {
		for _, g := range got {
			if cmp.Equal(g.Labels, a.Expected[i].Labels) {
				a.Expected[i].Annotations = g.Annotations
			}
		}
	}
}

// writeAnnotations writes the annotations into the file, and leaves the rest of it as it is.
func writeAnnotations(t *testing.T, path string, file testFile) {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal(contents(t, path), &document); err != nil {
		t.Fatal(err)
	}
	tests := child(&document, "tests")
	for i, test := range file.Tests {
		for j, a := range test.Alerts {
			expected := child(child(tests.Content[i], "alert_rule_test").Content[j], "exp_alerts")
			for k, e := range a.Expected {
				var annotations yaml.Node
				if err := annotations.Encode(e.Annotations); err != nil {
					t.Fatal(err)
				}
				setChild(expected.Content[k], "exp_annotations", &annotations)
			}
		}
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	encoder.CompactSeqIndent()
	if err := encoder.Encode(&document); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// child is the value of a key of a mapping.
func child(node *yaml.Node, key string) *yaml.Node {
	if node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}

func setChild(node *yaml.Node, key string, value *yaml.Node) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			node.Content[i+1] = value
			return
		}
	}
	node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
}
