// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
)

// testFile is a file of unit tests in the format of promtool, as far as ours use it.
type testFile struct {
	RuleFiles          []string       `yaml:"rule_files"`
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	GroupEvalOrder     []string       `yaml:"group_eval_order"`
	Tests              []unitTest     `yaml:"tests"`
}

type unitTest struct {
	Name        string         `yaml:"name"`
	Interval    model.Duration `yaml:"interval"`
	InputSeries []inputSeries  `yaml:"input_series"`
	Alerts      []alertTest    `yaml:"alert_rule_test"`
}

type inputSeries struct {
	Series string `yaml:"series"`
	Values string `yaml:"values"`
}

type alertTest struct {
	EvalTime model.Duration  `yaml:"eval_time"`
	Alert    string          `yaml:"alertname"`
	Expected []expectedAlert `yaml:"exp_alerts"`
}

type expectedAlert struct {
	Labels      map[string]string `yaml:"exp_labels"`
	Annotations map[string]string `yaml:"exp_annotations"`
}

// firing are the alerts that fire at each of the times that a test asks about: by time, and then by name.
func (u unitTest) firing(t *testing.T, file testFile, ruleFiles []string) map[model.Duration]map[string][]expectedAlert {
	t.Helper()
	suite, err := promqltest.NewLazyLoader(u.loading(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true, Parser: expressions()})
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	suite.SubqueryInterval = time.Duration(file.EvaluationInterval)
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:    rules.EngineQueryFunc(suite.QueryEngine(), suite.Storage()),
		AppendableV2: suite.Storage(), Context: t.Context(), Parser: expressions(), Logger: promslog.NewNopLogger(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	groups, errs := manager.LoadGroups(time.Duration(u.Interval), labels.EmptyLabels(), "", nil, false, ruleFiles...)
	if len(errs) > 0 {
		t.Fatalf("loading the rules: %v", errs)
	}
	ordered := slices.SortedFunc(maps.Values(groups), func(a, b *rules.Group) int {
		return slices.Index(file.GroupEvalOrder, a.Name()) - slices.Index(file.GroupEvalOrder, b.Name())
	})
	step := time.Duration(file.EvaluationInterval)
	all := map[model.Duration]map[string][]expectedAlert{}
	for at := time.Duration(0); at <= u.last(); at += step {
		now := time.Unix(0, 0).UTC().Add(at)
		suite.WithSamplesTill(now, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
			for _, group := range ordered {
				group.Eval(suite.Context(), now)
				for _, rule := range group.Rules() {
					if err := rule.LastError(); err != nil {
						t.Fatalf("%s at %s: %v", rule.Name(), at, err)
					}
				}
			}
		})
		if u.asksAt(model.Duration(at)) {
			all[model.Duration(at)] = firingNow(ordered)
		}
	}
	return all
}

func firingNow(groups []*rules.Group) map[string][]expectedAlert {
	firing := map[string][]expectedAlert{}
	for _, group := range groups {
		for _, rule := range group.AlertingRules() {
			for _, alert := range rule.ActiveAlerts() {
				if alert.State != rules.StateFiring {
					continue
				}
				named := alert.Labels.Map()
				delete(named, labels.AlertName)
				firing[rule.Name()] = append(firing[rule.Name()], expectedAlert{named, alert.Annotations.Map()})
			}
		}
	}
	return firing
}

// loading are the series in the language of Prometheus's own tests.
func (u unitTest) loading() string {
	var text strings.Builder
	fmt.Fprintf(&text, "load %s\n", time.Duration(u.Interval))
	for _, s := range u.InputSeries {
		fmt.Fprintf(&text, "  %s %s\n", s.Series, s.Values)
	}
	return text.String()
}

func (u unitTest) last() time.Duration {
	var last model.Duration
	for _, a := range u.Alerts {
		last = max(last, a.EvalTime)
	}
	return time.Duration(last)
}

func (u unitTest) asksAt(at model.Duration) bool {
	return slices.ContainsFunc(u.Alerts, func(a alertTest) bool { return a.EvalTime == at })
}

// byLabels orders alerts, for comparing.
func byLabels(a, b expectedAlert) int {
	return strings.Compare(fmt.Sprint(a.Labels), fmt.Sprint(b.Labels))
}
