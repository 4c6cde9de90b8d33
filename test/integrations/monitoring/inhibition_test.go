// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"slices"
	"strings"
	"testing"

	alertmanager "github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"
)

// inhibition is a rule of Alertmanager: an alert that its targets match is silent while one that its sources match fires, and
// the labels in Equal are the same on both. One that is missing on both is the same too. An alert that both match silences
// nothing that both match.
type inhibition struct {
	Sources []string `json:"source_matchers"`
	Targets []string `json:"target_matchers"`
	Equal   []string `json:"equal"`
}

func (i inhibition) silences(t *testing.T, source, target model.LabelSet) bool {
	t.Helper()
	sources, targets := matchers(t, i.Sources), matchers(t, i.Targets)
	if !sources.Matches(source) || !targets.Matches(target) || targets.Matches(source) && sources.Matches(target) {
		return false
	}
	return !slices.ContainsFunc(i.Equal, func(name string) bool { return source[model.LabelName(name)] != target[model.LabelName(name)] })
}

// matchers are read as Alertmanager reads them.
func matchers(t *testing.T, texts []string) alertmanager.Matchers {
	t.Helper()
	var all alertmanager.Matchers
	for _, text := range texts {
		m, err := alertmanager.ParseMatcher(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func inhibitions(t *testing.T) []inhibition {
	t.Helper()
	var config struct {
		Rules []inhibition `json:"inhibit_rules"`
	}
	if err := yaml.Unmarshal(contents(t, configured("alertmanager.yaml")), &config); err != nil {
		t.Fatal(err)
	}
	return config.Rules
}

// intended are the alerts ScalegateHoldIntended that fire while something of every kind is held.
func intended(t *testing.T) []model.LabelSet {
	t.Helper()
	path := configured("tests", "holds.yaml")
	file := readTests(t, path)
	var all []model.LabelSet
	for _, firing := range file.Tests[0].firing(t, file, []string{plainRules()}) {
		for _, alert := range firing["ScalegateHoldIntended"] {
			all = append(all, labelSet(alert.Labels, "ScalegateHoldIntended"))
		}
	}
	if len(all) == 0 {
		t.Fatal("nothing is held")
	}
	return all
}

func labelSet(named map[string]string, name string) model.LabelSet {
	set := model.LabelSet{"alertname": model.LabelValue(name)}
	for k, v := range named {
		set[model.LabelName(k)] = model.LabelValue(v)
	}
	return set
}

// The usual alerts about what is held are silent, and all others are heard. Their labels are those that the alerts of
// kubernetes-mixin have, as kube-prometheus installs them.
func TestTheUsualAlertsAreSilentOnlyWhileAHoldIsMeant(t *testing.T) {
	tests := map[string]struct {
		alert  string
		labels string
		silent bool
	}{
		"a held pod that is not ready":                       {"KubePodNotReady", "namespace=serving,pod=p1", true},
		"a held pod whose container waits":                   {"KubeContainerWaiting", "namespace=serving,pod=p1,container=server,reason=ContainerCreating", true},
		"a pod that is not held":                             {"KubePodNotReady", "namespace=serving,pod=p2", false},
		"a pod of the same name elsewhere":                   {"KubePodNotReady", "namespace=web,pod=p1", false},
		"a held pod that crashes":                            {"KubePodCrashLooping", "namespace=serving,pod=p1,container=server", false},
		"a held Deployment without its replicas":             {"KubeDeploymentReplicasMismatch", "namespace=serving,deployment=chat,job=kube-state-metrics", true},
		"a held Deployment that does not roll out":           {"KubeDeploymentRolloutStuck", "namespace=serving,deployment=chat", true},
		"a Deployment that is not held":                      {"KubeDeploymentReplicasMismatch", "namespace=serving,deployment=web", false},
		"a Deployment with the name of a held StatefulSet":   {"KubeDeploymentReplicasMismatch", "namespace=serving,deployment=db", false},
		"a held StatefulSet without its replicas":            {"KubeStatefulSetReplicasMismatch", "namespace=serving,statefulset=db", true},
		"a held StatefulSet that is not rolled out":          {"KubeStatefulSetUpdateNotRolledOut", "namespace=serving,statefulset=db", true},
		"a held DaemonSet that does not roll out":            {"KubeDaemonSetRolloutStuck", "namespace=serving,daemonset=each", true},
		"a held Job that is not complete":                    {"KubeJobNotCompleted", "namespace=serving,job_name=batch", true},
		"a Job that is not held":                             {"KubeJobNotCompleted", "namespace=serving,job_name=nightly", false},
		"an autoscaler of a held Deployment":                 {"KubeHpaReplicasMismatch", "namespace=serving,horizontalpodautoscaler=scale-chat", true},
		"an autoscaler of another Deployment":                {"KubeHpaMaxedOut", "namespace=serving,horizontalpodautoscaler=scale-web", false},
		"an alert of the same name without the label":        {"KubeDeploymentReplicasMismatch", "namespace=serving", false},
		"an alert of Scalegate's about the held release":     {"ScalegateReleaseStalled", "namespace=serving,release=m1", false},
		"the alert that silences":                            {"ScalegateHoldIntended", "namespace=serving,deployment=chat", false},
		"a Deployment of the namespace that is out of quota": {"KubeQuotaExceeded", "namespace=serving,resource=pods", false},
	}
	sources, rules := intended(t), inhibitions(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			named := map[string]string{}
			for pair := range strings.SplitSeq(tt.labels, ",") {
				k, v, _ := strings.Cut(pair, "=")
				named[k] = v
			}
			target := labelSet(named, tt.alert)
			silent := slices.ContainsFunc(rules, func(i inhibition) bool {
				return slices.ContainsFunc(sources, func(source model.LabelSet) bool { return i.silences(t, source, target) })
			})
			if silent != tt.silent {
				t.Errorf("silent = %v", silent)
			}
		})
	}
}

// Nothing is silent while nothing is held.
func TestEveryInhibitionAsksForTheLabelsThatItCompares(t *testing.T) {
	for _, i := range inhibitions(t) {
		for _, name := range i.Equal {
			if name != "namespace" && !slices.ContainsFunc(i.Sources, func(m string) bool { return m == name+`=~".+"` }) {
				t.Errorf("%v: two alerts that both lack %s would be taken for equal", i, name)
			}
		}
	}
}
