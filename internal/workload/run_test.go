// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"testing"
)

const runTemplate = `{
  "metadata": {"labels": {"scalegate.dev/evaluation": "e"}, "annotations": {"run.oci.handler": "suite"}},
  "spec": {
    "restartPolicy": "Never", "dnsPolicy": "ClusterFirst", "securityContext": {}, "schedulerName": "default-scheduler",
    "terminationGracePeriodSeconds": 30, "automountServiceAccountToken": false,
    "initContainers": [{"name": "evaluate", "image": "registry.example/tool:1", "args": ["--limit", "100"],
      "resources": {"limits": {"nvidia.com/gpu": "1"}}, "volumeMounts": [{"name": "results", "mountPath": "/results"}]}],
    "containers": [{"name": "collect", "image": "registry.example/scalegate:1", "imagePullPolicy": "IfNotPresent",
      "volumeMounts": [{"name": "results", "mountPath": "/results", "readOnly": true}]}],
    "volumes": [{"name": "results", "emptyDir": {}}]}}`

// runObjects are the template, and a pod of it as an API server, a scheduler and a queue leave it.
func runObjects(tb testing.TB) (template, pod map[string]any) {
	tb.Helper()
	for _, into := range []*map[string]any{&template, &pod} {
		if err := json.Unmarshal([]byte(runTemplate), into); err != nil {
			tb.Fatal(err)
		}
	}
	edit(tb, pod, "metadata.name", "e-x7k2p")
	edit(tb, pod, "metadata.annotations.queue", "batch")
	for field, value := range map[string]any{
		"nodeName": "node-1", "serviceAccountName": "default", "serviceAccount": "default", "enableServiceLinks": true, "priority": float64(0),
		"preemptionPolicy": "PreemptLowerPriority", "nodeSelector": map[string]any{"pool": "batch"},
		"tolerations":      []any{map[string]any{"key": "node.kubernetes.io/not-ready", "operator": "Exists"}},
		"imagePullSecrets": []any{map[string]any{"name": "registry"}}, "schedulingGates": []any{map[string]any{"name": "scalegate.dev/hold"}},
	} {
		edit(tb, pod, "spec."+field, value)
	}
	edit(tb, pod, "spec.containers[0].imagePullPolicy", "Always")
	edit(tb, pod, "spec.initContainers[0].resources.requests", map[string]any{"cpu": "1"})
	return template, pod
}

func TestMatchRunLetsPassWhatIsSetOnTheWay(t *testing.T) {
	template, pod := runObjects(t)
	if m := MatchRun(template, pod); m != nil {
		t.Error(m)
	}
}

func TestMatchRunRefusesWhatRunsSomethingElse(t *testing.T) {
	sidecar := map[string]any{"name": "proxy", "image": "registry.example/proxy:1"}
	for sentence, row := range map[string]struct {
		path  string
		value any
		field string
	}{
		"another image":                       {"spec.initContainers[0].image", "registry.example/tool:2", "spec.initContainers[evaluate].image"},
		"another image that reads the result": {"spec.containers[0].image", "registry.example/tool:1", "spec.containers[collect].image"},
		"another argument":                    {"spec.initContainers[0].args", []any{"--limit", "1"}, "spec.initContainers[evaluate].args"},
		"a command":                           {"spec.initContainers[0].command", []any{"sh"}, "spec.initContainers[evaluate].command"},
		"a variable":                          {"spec.containers[0].env", []any{map[string]any{"name": "A", "value": "b"}}, "spec.containers[collect].env"},
		"a mount that can be written":         {"spec.containers[0].volumeMounts", []any{map[string]any{"name": "results", "mountPath": "/results"}}, "spec.containers[collect].volumeMounts"},
		"another volume":                      {"spec.volumes", []any{map[string]any{"name": "results", "hostPath": map[string]any{"path": "/tmp"}}}, "spec.volumes"},
		"a device":                            {"spec.initContainers[0].resources.claims", []any{map[string]any{"name": "gpu"}}, "spec.initContainers[evaluate].resources.claims"},
		"another name of a container":         {"spec.initContainers[0].name", "other", "spec.initContainers[other].name"},
		"one container more":                  {"spec.containers[1]", sidecar, "spec.containers[proxy]"},
		"one container less":                  {"spec.initContainers", []any{}, "spec.initContainers[0]"},
		"an ephemeral container":              {"spec.ephemeralContainers", []any{sidecar}, "spec.ephemeralContainers[proxy]"},
		"a token of the API":                  {"spec.automountServiceAccountToken", true, "spec.automountServiceAccountToken"},
		"the network of the node":             {"spec.hostNetwork", true, "spec.hostNetwork"},
		"a field that nobody knows yet":       {"spec.invented", "x", "spec.invented"},
		"another handler of the runtime":      {"metadata.annotations", map[string]any{"run.oci.handler": "wasm"}, "metadata.annotations[run.oci.handler]"},
		"a kernel parameter of the runtime":   {"metadata.annotations", map[string]any{"io.katacontainers.config.x": "y"}, "metadata.annotations[io.katacontainers.config.x]"},
		"no spec at all":                      {"spec", nil, "spec"},
	} {
		t.Run(sentence, func(t *testing.T) {
			template, pod := runObjects(t)
			edit(t, pod, row.path, row.value)
			m := MatchRun(template, pod)
			if m == nil || m.Field != row.field {
				t.Errorf("%v, want a mismatch at %s", m, row.field)
			}
		})
	}
}

func TestMatchRunOnlyReads(t *testing.T) {
	template, pod := runObjects(t)
	before, _ := runObjects(t)
	MatchRun(template, pod)
	text, err := json.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(want) {
		t.Errorf("the template was changed to %s", text)
	}
}
