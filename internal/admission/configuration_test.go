// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// The webhook is asked about every kind of the table and its scale, and about no other workload.
func TestTheConfigurationHasEveryKind(t *testing.T) {
	text, err := os.ReadFile("../../config/webhook/configuration.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var configuration admissionv1.ValidatingWebhookConfiguration
	if err := yaml.UnmarshalStrict(text, &configuration); err != nil {
		t.Fatal(err)
	}
	var asked, want []string
	for _, w := range configuration.Webhooks {
		if *w.FailurePolicy != admissionv1.Ignore || *w.SideEffects != admissionv1.SideEffectClassNone || *w.TimeoutSeconds != 3 {
			t.Errorf("%s: failurePolicy %s, sideEffects %s, timeoutSeconds %d", w.Name, *w.FailurePolicy, *w.SideEffects, *w.TimeoutSeconds)
		}
		if w.Name != "workloads.scalegate.dev" {
			continue
		}
		for _, rule := range w.Rules {
			for _, resource := range rule.Resources {
				asked = append(asked, rule.APIGroups[0]+"/"+resource)
			}
		}
	}
	for _, k := range kinds.All() {
		want = append(want, k.Group+"/"+k.Resource)
		if k.Scale {
			want = append(want, k.Group+"/"+k.Resource+"/scale")
		}
	}
	slices.Sort(asked)
	slices.Sort(want)
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("config/webhook/configuration.yaml and the table of kinds differ (-table +configuration):\n%s", diff)
	}
}
