// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/scalegate/scalegate/test/installation"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml"
)

// decode reads the objects of a kind out of files of manifests.
func decode[T any](t *testing.T, kind string, paths ...string) []T {
	t.Helper()
	var all []T
	for _, path := range paths {
		reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(contents(t, path))))
		for {
			text, err := reader.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			var of metav1.TypeMeta
			if err := strict.Unmarshal(text, &of); err != nil {
				t.Fatal(err)
			}
			if of.Kind != kind {
				continue
			}
			var o T
			if err := strict.UnmarshalStrict(text, &o); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			all = append(all, o)
		}
	}
	return all
}

// serviceMonitor is what ours has of one.
type serviceMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`

	Spec struct {
		Selector  metav1.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port            string         `json:"port"`
			Scheme          string         `json:"scheme"`
			HonorLabels     bool           `json:"honorLabels"`
			BearerTokenFile string         `json:"bearerTokenFile"`
			TLSConfig       map[string]any `json:"tlsConfig"`
		} `json:"endpoints"`
	} `json:"spec"`
}

// The ServiceMonitor finds the Service, the Service finds the manager's pods, and each names a port that the next has.
func TestPrometheusFindsTheManager(t *testing.T) {
	monitors := decode[serviceMonitor](t, "ServiceMonitor", configured("servicemonitor.yaml"))
	services := decode[corev1.Service](t, "Service", configured("service.yaml"))
	managers := decode[appsv1.Deployment](t, "Deployment", installation.Root()+"/config/manager/manager.yaml")
	if len(monitors) != 1 || len(services) != 1 || len(managers) != 1 {
		t.Fatalf("%d ServiceMonitors, %d Services, %d Deployments", len(monitors), len(services), len(managers))
	}
	monitor, service, manager := monitors[0], services[0], managers[0]
	selector, err := metav1.LabelSelectorAsSelector(&monitor.Spec.Selector)
	if err != nil {
		t.Fatal(err)
	}
	if monitor.Namespace != service.Namespace || !selector.Matches(labels.Set(service.Labels)) {
		t.Error("the ServiceMonitor does not find the Service")
	}
	if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(manager.Spec.Template.Labels)) || service.Namespace != manager.Namespace {
		t.Error("the Service does not find the pods of the manager")
	}
	endpoint := monitor.Spec.Endpoints[0]
	if !slices.ContainsFunc(service.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == endpoint.Port }) {
		t.Errorf("the Service has no port %s", endpoint.Port)
	}
	container := manager.Spec.Template.Spec.Containers[0]
	if !slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.Name == service.Spec.Ports[0].TargetPort.String() }) {
		t.Errorf("the manager has no port %s", service.Spec.Ports[0].TargetPort.String())
	}
	if !endpoint.HonorLabels || endpoint.Scheme != "https" || endpoint.BearerTokenFile == "" {
		t.Errorf("the endpoint is %+v: without honorLabels the labels namespace and pod of metrics about others are lost", endpoint)
	}
	if !slices.ContainsFunc(container.Args, func(a string) bool { return strings.HasPrefix(a, "--metrics-bind-address=:") }) {
		t.Error("the manager serves no metrics")
	}
	if webhook := decode[corev1.Service](t, "Service", installation.Root()+"/config/webhook/service.yaml"); len(webhook) == 1 && selector.Matches(labels.Set(webhook[0].Labels)) {
		t.Errorf("the ServiceMonitor finds the Service of the webhook too: %v", slices.Sorted(maps.Keys(webhook[0].Labels)))
	}
}
