// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
)

// The groups that an autoscaler reads, of resources and of what is outside of the cluster.
const (
	resourceMetrics = "metrics.k8s.io"
	externalMetrics = "external.metrics.k8s.io"
)

// meter answers what autoscalers ask of metrics servers. The API server hands their requests on to it.
type meter struct {
	mutex sync.Mutex
	// loads are what each pod that runs uses, or how long the queue outside is, by namespace.
	loads map[string]int
}

// newMeter registers a meter with the API server until the test is over.
func newMeter(t *testing.T) *meter {
	t.Helper()
	m := &meter{loads: map[string]int{}}
	mux := http.NewServeMux()
	for group, resource := range map[string]string{resourceMetrics: "pods", externalMetrics: "any"} {
		mux.HandleFunc("GET /apis/"+group+"/v1beta1", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, metav1.APIResourceList{
				TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: group + "/v1beta1",
				APIResources: []metav1.APIResource{{Name: resource, Kind: "Metrics", Namespaced: true, Verbs: metav1.Verbs{"get", "list"}}},
			})
		})
	}
	mux.HandleFunc("GET /apis/"+resourceMetrics+"/v1beta1/namespaces/{namespace}/pods", m.pods)
	mux.HandleFunc("GET /apis/"+externalMetrics+"/v1beta1/namespaces/{namespace}/{metric}", m.external)
	server := httptest.NewTLSServer(mux)
	t.Cleanup(server.Close)
	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	service := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: metav1.NamespaceDefault, Name: "meter"},
		Spec:       corev1.ServiceSpec{Type: corev1.ServiceTypeExternalName, ExternalName: "localhost"},
	}
	register(t, service)
	for _, group := range []string{resourceMetrics, externalMetrics} {
		served := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": map[string]any{"name": "v1beta1." + group},
			"spec": map[string]any{
				"group": group, "version": "v1beta1", "groupPriorityMinimum": int64(100), "versionPriority": int64(100), "insecureSkipTLSVerify": true,
				"service": map[string]any{"namespace": service.Namespace, "name": service.Name, "port": int64(port)},
			},
		}}
		register(t, served)
		available(t, served)
	}
	return m
}

// register makes an object until the test is over.
func register(t *testing.T, o client.Object) {
	t.Helper()
	if err := shared.Client.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := shared.Client.Delete(context.Background(), o); err != nil {
			t.Error(err)
		}
	})
}

// available waits until the API server hands requests on.
func available(t *testing.T, o *unstructured.Unstructured) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		if err := shared.Client.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return false, err
		}
		conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
		last = fmt.Errorf("%s is not available: %v", o.GetName(), conditions)
		for _, c := range conditions {
			if fields, _ := c.(map[string]any); fields["type"] == "Available" && fields["status"] == "True" {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		t.Fatal(errors.Join(err, last))
	}
}

// load sets what each pod of a namespace uses, in mebibytes, or how long its queue is.
func (m *meter) load(namespace string, n int) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.loads[namespace] = n
}

func (m *meter) loadOf(namespace string) int {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	return m.loads[namespace]
}

// pods answers for those that run, as a metrics server does.
func (m *meter) pods(w http.ResponseWriter, r *http.Request) {
	namespace := r.PathValue("namespace")
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	var pods corev1.PodList
	if err == nil {
		err = shared.Client.List(r.Context(), &pods, client.InNamespace(namespace), client.MatchingLabelsSelector{Selector: selector})
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	items := []any{}
	for _, pod := range pods.Items {
		if pod.Status.Phase != corev1.PodRunning {
			continue
		}
		items = append(items, map[string]any{
			"metadata":  map[string]any{"namespace": namespace, "name": pod.Name, "labels": pod.Labels},
			"timestamp": time.Now().UTC().Format(time.RFC3339), "window": "1s",
			"containers": []any{map[string]any{"name": "server", "usage": map[string]any{"memory": fmt.Sprintf("%dMi", m.loadOf(namespace))}}},
		})
	}
	answer(w, map[string]any{"kind": "PodMetricsList", "apiVersion": resourceMetrics + "/v1beta1", "metadata": map[string]any{}, "items": items})
}

// external answers how long the queue of a namespace is.
func (m *meter) external(w http.ResponseWriter, r *http.Request) {
	answer(w, map[string]any{"kind": "ExternalMetricValueList", "apiVersion": externalMetrics + "/v1beta1", "metadata": map[string]any{}, "items": []any{map[string]any{
		"metricName": r.PathValue("metric"), "metricLabels": map[string]any{}, "timestamp": time.Now().UTC().Format(time.RFC3339),
		"value": strconv.Itoa(m.loadOf(r.PathValue("namespace"))),
	}}})
}

func answer(w http.ResponseWriter, content any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(content); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// onOurs skips a test on a cluster that is not ours to change: its API server would not reach the meter.
func onOurs(t *testing.T) {
	t.Helper()
	if shared.External() {
		t.Skip("the cluster that " + localcluster.ExternalEnv + " names cannot reach this process")
	}
}
