// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/scalegate/scalegate/test/installation"
	"sigs.k8s.io/yaml"
)

// Alerts and the dashboard have braces of their own, which Helm must not take for its.
func TestMonitoringIsWhatConfigHas(t *testing.T) {
	t.Parallel()
	read := func(name string) []byte {
		raw, err := os.ReadFile(filepath.Join(installation.Root(), "config", "prometheus", name))
		must(t, err)
		return raw
	}
	all := byName(matrix(t)["everything"].objects)
	t.Run("the alerts", func(t *testing.T) {
		var want map[string]any
		must(t, yaml.Unmarshal(read("rules.yaml"), &want))
		got := all["PrometheusRule scalegate-system/scalegate"]
		if got == nil {
			t.Fatal("the chart has no PrometheusRule")
		}
		// Numbers are of another type after JSON.
		text, err := yaml.Marshal(got.Object["spec"])
		must(t, err)
		expected, err := yaml.Marshal(want["spec"])
		must(t, err)
		if diff := gocmp.Diff(string(expected), string(text)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the dashboard", func(t *testing.T) {
		got := all["ConfigMap scalegate-system/scalegate-dashboard"]
		if got == nil {
			t.Fatal("the chart has no dashboard")
		}
		data, _ := got.Object["data"].(map[string]any)
		if diff := gocmp.Diff(string(read("dashboard/scalegate.json")), data["scalegate.json"]); diff != "" || len(data) != 1 {
			t.Errorf("%d files: %s", len(data), diff)
		}
	})
}
