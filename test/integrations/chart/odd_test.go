// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// odd renders with values that are a text, without the kinds: these are much to render, and the same everywhere.
func odd(t *testing.T, r rendering, values string) ([]*unstructured.Unstructured, string) {
	t.Helper()
	must(t, yaml.UnmarshalStrict([]byte(values), &r.values))
	if r.values == nil {
		r.values = map[string]any{}
	}
	r.values["crds"] = map[string]any{"install": false}
	rendered, err := r.render()
	must(t, err)
	return objects(t, rendered.Manifest), rendered.Info.Notes
}

// Names of digits alone, and words that YAML takes for switches, are names in Kubernetes.
func TestNamesStayNames(t *testing.T) {
	t.Parallel()
	all, _ := odd(t, rendering{release: "true", namespace: "2026"}, `
serviceAccount: {name: "10"}
priorityClassName: "1"
webhook: {certificates: {provider: existingSecret, secretName: "7"}}
networkPolicy: {enabled: true}
metrics: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true}}
`)
	for _, object := range all {
		namespace, found, err := unstructured.NestedString(object.Object, "metadata", "namespace")
		if err != nil || found && namespace != "2026" && namespace != "scalegate-canary" {
			t.Errorf("%s: namespace %q, %v", name(object), namespace, err)
		}
		labels, _, err := unstructured.NestedStringMap(object.Object, "metadata", "labels")
		if err != nil || labels["app.kubernetes.io/instance"] != "true" {
			t.Errorf("%s: labels %v, %v", name(object), labels, err)
		}
		subjects, _, _ := unstructured.NestedSlice(object.Object, "subjects")
		for _, subject := range subjects {
			fields, _ := subject.(map[string]any)
			if fields["name"] != "10" && fields["name"] != "scalegate-canary" {
				t.Errorf("%s: subject %v", name(object), fields)
			}
		}
		if object.GetKind() == "Deployment" {
			pod, _, err := unstructured.NestedMap(object.Object, "spec", "template", "spec")
			if err != nil || pod["serviceAccountName"] != "10" || pod["priorityClassName"] != "1" {
				t.Errorf("the pod's account is %v, and its class %v (%v)", pod["serviceAccountName"], pod["priorityClassName"], err)
			}
			if text, err := yaml.Marshal(pod["volumes"]); err != nil || !strings.Contains(string(text), `secretName: "7"`) {
				t.Errorf("volumes: %s (%v)", text, err)
			}
		}
	}
}

func TestLabelsThatAreTakenAwayOrGivenTwice(t *testing.T) {
	t.Parallel()
	for claim, row := range map[string]struct {
		values, object, label, want string
	}{
		"labels that are taken away": {
			"{webhook: {annotations: null}, metrics: {prometheusRule: {enabled: true, labels: null}, serviceMonitor: {enabled: true, labels: null}}}",
			"PrometheusRule scalegate-system/scalegate", "app.kubernetes.io/name", "scalegate",
		},
		"the one label of the dashboard is taken away": {
			"metrics: {dashboard: {enabled: true, labels: {grafana_dashboard: null}}}",
			"ConfigMap scalegate-system/scalegate-dashboard", "grafana_dashboard", "",
		},
		"a label of every object that the dashboard has otherwise": {
			"{commonLabels: {team: a}, metrics: {dashboard: {enabled: true, labels: {team: b}}}}",
			"ConfigMap scalegate-system/scalegate-dashboard", "team", "b",
		},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			all, _ := odd(t, rendering{}, row.values)
			for _, object := range all {
				if name(object) != row.object {
					continue
				}
				if got := object.GetLabels()[row.label]; got != row.want {
					t.Errorf("the label %s is %q, want %q", row.label, got, row.want)
				}
				return
			}
			t.Errorf("%s is not rendered", row.object)
		})
	}
}

func TestNotesSpeakOfTheWebhookThatThereIs(t *testing.T) {
	t.Parallel()
	for values, want := range map[string]bool{
		"webhook: {certificates: {provider: existingSecret, secretName: mine}}":                 true,
		"webhook: {enabled: false, certificates: {provider: existingSecret, secretName: mine}}": false,
	} {
		if _, notes := odd(t, rendering{}, values); strings.Contains(notes, "waits for the Secret mine") != want {
			t.Errorf("%s: want it to be told of the Secret: %v:\n%s", values, want, notes)
		}
	}
}
