// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/scalegate/scalegate/internal/monitoring"
	"github.com/scalegate/scalegate/test/installation"
)

// A manager on a control plane tells what is documented, and every query of ours runs on that.
func TestWhatAManagerTells(t *testing.T) {
	told := manage(t).scrapes(6)
	t.Run("metrics.md lists every metric, with its type, labels and meaning", func(t *testing.T) { isDocumented(t, told[len(told)-1]) })
	t.Run("metrics.md lists nothing else", func(t *testing.T) { nothingElse(t, told[len(told)-1]) })
	t.Run("every metric that a rule or the dashboard reads is there", func(t *testing.T) { everyMetricExists(t, told[len(told)-1]) })
	t.Run("every rule runs on it", func(t *testing.T) { everyRuleRuns(t, told) })
	t.Run("names follow the conventions", func(t *testing.T) { namesFollow(t, told[len(told)-1]) })
	everyQueryAnswers(t, told)
}

// documentedMetric is a row of metrics.md.
type documentedMetric struct {
	kind, help string
	// labels by name, with the values that it may have where the page lists them.
	labels map[string][]string
}

func documentedMetrics(t *testing.T) map[string]documentedMetric {
	t.Helper()
	label := regexp.MustCompile("`(\\w+)`(?: \\(([^)]*)\\))?")
	rows := map[string]documentedMetric{}
	for line := range strings.SplitSeq(string(contents(t, documented("reference", "metrics.md"))), "\n") {
		cells := strings.Split(line, " | ")
		name, ok := strings.CutPrefix(cells[0], "| `")
		if !ok || len(cells) != 5 {
			continue
		}
		row := documentedMetric{kind: cells[1], help: strings.TrimSuffix(cells[4], " |"), labels: map[string][]string{}}
		for _, m := range label.FindAllStringSubmatch(cells[2], -1) {
			var values []string
			for v := range strings.SplitSeq(m[2], ", ") {
				if v == "or empty" {
					v = ""
				}
				values = append(values, v)
			}
			if m[2] == "" {
				values = nil
			}
			row.labels[m[1]] = values
		}
		rows[strings.TrimSuffix(name, "`")] = row
	}
	if len(rows) < 30 {
		t.Fatalf("metrics.md has %d rows", len(rows))
	}
	return rows
}

func isDocumented(t *testing.T, told families) {
	t.Helper()
	rows := documentedMetrics(t)
	for name, family := range told {
		if !strings.HasPrefix(name, "scalegate_") {
			continue
		}
		row, ok := rows[name]
		if !ok {
			t.Errorf("metrics.md lacks %s", name)
			continue
		}
		if kind := strings.ToLower(family.GetType().String()); kind != row.kind {
			t.Errorf("%s is a %s, and metrics.md says %s", name, kind, row.kind)
		}
		if family.GetHelp() != row.help {
			t.Errorf("%s says of itself\n%s\nand metrics.md\n%s", name, family.GetHelp(), row.help)
		}
		for _, metric := range family.GetMetric() {
			sameLabels(t, name, metric, row)
		}
	}
}

func sameLabels(t *testing.T, name string, metric *dto.Metric, row documentedMetric) {
	t.Helper()
	if len(metric.GetLabel()) != len(row.labels) {
		t.Errorf("%s has the labels %v, and metrics.md says %v", name, metric.GetLabel(), row.labels)
	}
	for _, l := range metric.GetLabel() {
		values, ok := row.labels[l.GetName()]
		if !ok || values != nil && !slices.Contains(values, l.GetValue()) {
			t.Errorf("%s has %s=%q, and metrics.md says %v", name, l.GetName(), l.GetValue(), row.labels)
		}
	}
}

// nothingElse: what is documented is told, or is described where it is made: the scenario does not bring everything about.
func nothingElse(t *testing.T, told families) {
	t.Helper()
	described := described(t)
	for name, row := range documentedMetrics(t) {
		if told[name] != nil {
			continue
		}
		if text, ok := described[name]; ok {
			labels := make([]string, 0, len(row.labels))
			for l := range row.labels {
				labels = append(labels, l)
			}
			for _, l := range labels {
				if !strings.Contains(text, l) {
					t.Errorf("%s has no label %s: %s", name, l, text)
				}
			}
			if !strings.Contains(text, fmt.Sprintf("%q", row.help)) {
				t.Errorf("metrics.md says of %s\n%s\nand it is\n%s", name, row.help, text)
			}
			continue
		}
		if !slices.Contains(unseen(), name) {
			t.Errorf("metrics.md lists %s, which nobody tells", name)
		}
		made(t, name, row.help)
	}
}

// unseen are the metrics that a manager registers and that have no sample before something happens: a withdrawal that is over,
// a custom kind that is installed.
func unseen() []string {
	return []string{"scalegate_withdrawal_enforced_seconds", "scalegate_kind_unreadable"}
}

// made looks for the name and the meaning of a metric in the code of the controllers.
func made(t *testing.T, name, help string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(installation.Root(), "controllers", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), fmt.Sprintf("%q", name)) && strings.Contains(string(text), fmt.Sprintf("%q", help)) {
			return
		}
	}
	t.Errorf("no controller makes %s with the meaning %q", name, help)
}

// described are the metrics about objects, as they describe themselves.
func described(t *testing.T) map[string]string {
	t.Helper()
	channel := make(chan *prometheus.Desc)
	go func() {
		monitoring.NewState(nil, logr.Discard()).Describe(channel)
		close(channel)
	}()
	all := map[string]string{}
	name := regexp.MustCompile(`fqName: "(\w+)"`)
	for d := range channel {
		if m := name.FindStringSubmatch(d.String()); m != nil {
			all[m[1]] = d.String()
		}
	}
	return all
}

func everyMetricExists(t *testing.T, told families) {
	t.Helper()
	known := map[string]bool{}
	for name := range told {
		for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
			known[name+suffix] = true
		}
	}
	for name := range documentedMetrics(t) {
		known[name], known[name+"_bucket"] = true, true
	}
	// kube-state-metrics tells it, and not the manager.
	known["kube_horizontalpodautoscaler_info"] = true
	var expressions []string
	for _, group := range ruleGroups(t).Groups {
		for _, rule := range group.Rules {
			expressions = append(expressions, rule.Expr)
			if rule.Record != "" {
				known[rule.Record] = true
			}
		}
	}
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			expressions = append(expressions, query(target.Expr))
		}
	}
	for _, expr := range expressions {
		for _, name := range selected(t, expr) {
			if !known[name] {
				t.Errorf("nobody tells %s, which is read by\n%s", name, expr)
			}
		}
	}
}

func everyRuleRuns(t *testing.T, told []families) {
	t.Helper()
	loader, begin, end := stored(t, told)
	for _, group := range ruleGroups(t).Groups {
		for _, rule := range group.Rules {
			answers, text := answered(t, loader, rule.Expr, true, begin, end)
			switch {
			case rule.Record != "" && answers == 0:
				t.Errorf("%s records nothing", rule.Record)
			case rule.Labels["severity"] == "critical" && answers > 0:
				t.Errorf("%s would fire where all is well:\n%s", rule.Alert, text)
			case rule.Alert == "ScalegateHoldIntended" && answers != 3:
				t.Errorf("%d holds are meant, want those of the Deployment, of the pod and of the canary:\n%s", answers, text)
			}
		}
	}
}

func namesFollow(t *testing.T, told families) {
	t.Helper()
	for name, family := range told {
		if !strings.HasPrefix(name, "scalegate_") {
			continue
		}
		counter := family.GetType() == dto.MetricType_COUNTER
		if counter != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, family.GetType())
		}
		if family.GetType() == dto.MetricType_HISTOGRAM && !strings.HasSuffix(name, "_seconds") {
			t.Errorf("the histogram %s has no unit", name)
		}
		if strings.Contains(name, "timestamp") && !strings.HasSuffix(name, "_timestamp_seconds") {
			t.Errorf("%s is a time without its unit", name)
		}
	}
}
