// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/scalegate/scalegate/test/installation"
	"sigs.k8s.io/yaml"
)

// update writes what is derived anew, instead of comparing it.
func update() bool { return *updated }

var updated = flag.Bool("update", false, "write config/prometheus/plain, and the annotations in config/prometheus/tests, anew")

func configured(path ...string) string {
	return filepath.Join(append([]string{installation.Root(), "config", "prometheus"}, path...)...)
}

// contents of a file.
func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// plainRules is the file for a Prometheus without its operator.
func plainRules() string { return configured("plain", "rules.yaml") }

// expressions are what Prometheus reads expressions with.
func expressions() parser.Parser { return parser.NewParser(parser.Options{}) }

// ruleGroups are the groups of the PrometheusRule.
func ruleGroups(t *testing.T) *rulefmt.RuleGroups {
	t.Helper()
	var object struct {
		Kind string
		Spec map[string]any
	}
	if err := yaml.Unmarshal(contents(t, configured("rules.yaml")), &object); err != nil {
		t.Fatal(err)
	}
	if object.Kind != "PrometheusRule" {
		t.Fatalf("rules.yaml is a %s", object.Kind)
	}
	spec, err := yaml.Marshal(object.Spec)
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(spec, false, model.UTF8Validation, expressions(), promslog.NewNopLogger())
	if len(errs) > 0 {
		t.Fatalf("Prometheus refuses the rules: %v", errs)
	}
	return groups
}

// alertingRules are the alerts by name.
func alertingRules(t *testing.T) map[string]rulefmt.Rule {
	t.Helper()
	alerts := map[string]rulefmt.Rule{}
	for _, group := range ruleGroups(t).Groups {
		for _, rule := range group.Rules {
			if rule.Alert == "" {
				continue
			}
			if _, twice := alerts[rule.Alert]; twice {
				t.Errorf("%s is there twice", rule.Alert)
			}
			alerts[rule.Alert] = rule
		}
	}
	return alerts
}

// The rules for a Prometheus without its operator are those of the PrometheusRule.
func TestThePlainRulesAreTheSame(t *testing.T) {
	var object struct{ Spec map[string]any }
	if err := yaml.Unmarshal(contents(t, configured("rules.yaml")), &object); err != nil {
		t.Fatal(err)
	}
	spec, err := yaml.Marshal(object.Spec)
	if err != nil {
		t.Fatal(err)
	}
	want := append([]byte("# The rules of ../rules.yaml for a Prometheus without its operator. Written by: go test ./monitoring -update, in test/integrations.\n"), spec...)
	if update() {
		if err := os.WriteFile(plainRules(), want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := contents(t, plainRules()); !bytes.Equal(want, got) {
		t.Errorf("plain/rules.yaml (-want +got); write it anew with -update:\n%s", cmp.Diff(string(want), string(got)))
	}
}
