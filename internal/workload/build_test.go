// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"testing"

	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func hexOf(digit string) string { return strings.Repeat(digit, 64) }

func pinned(repository, digit string) string { return repository + "@sha256:" + hexOf(digit) }

// Digits of the fixture's digests.
const (
	weightsDigit, serverDigit, guardDigit, adapterDigit, meshDigit, otherDigit = "a", "b", "c", "d", "e", "f"
)

func artifact(name string, t v1alpha1.ArtifactType, digit string) v1alpha1.Artifact {
	return v1alpha1.Artifact{Name: name, Type: t, Digest: v1alpha1.Digest("sha256:" + hexOf(digit))}
}

func literal(name, value string) v1alpha1.ServingEnvVar {
	return v1alpha1.ServingEnvVar{Name: name, Value: new(value)}
}

// declaration is what the fixture's pods match.
func declaration() Declared {
	return Declared{
		Artifacts: []v1alpha1.Artifact{
			artifact("weights", v1alpha1.ArtifactWeights, weightsDigit),
			artifact("server", v1alpha1.ArtifactServer, serverDigit),
			artifact("guard", v1alpha1.ArtifactSafeguard, guardDigit),
			artifact("tone", v1alpha1.ArtifactAdapter, adapterDigit),
		},
		Serving: []v1alpha1.ServingContainer{
			{
				Container: "server", Artifact: "server",
				Command: []string{"vllm", "serve"},
				Args: []string{
					"/models/opus", "--port", "<port>", "--served-model-name=$(SERVED_NAME)",
					"--enable-lora", "--lora-modules", "tone=/adapters/tone", "--tensor-parallel-size=2",
				},
				Env: []v1alpha1.ServingEnvVar{
					literal("SERVED_NAME", "opus"), literal("HF_HOME", "/model-cache"), {Name: "POD_IP"},
					{Name: "HF_TOKEN", Source: v1alpha1.EnvSecret}, literal("VLLM_LOGGING_LEVEL", "<level>"),
				},
				FreeValues: []v1alpha1.FreeValue{{Name: "port", Pattern: `[1-9][0-9]{3,4}`}, {Name: "level", Pattern: `INFO|DEBUG`}},
			},
			{Container: "guard", Artifact: "guard", Command: []string{"/guard"}, Args: []string{"--listen=/run/guard/guard.sock"}},
		},
		Companions: []v1alpha1.Companion{{Name: "mesh", Image: pinned("registry.example/mesh", meshDigit)}},
	}
}

// templateText is a pod of the usual shape: a server with its weights and an adapter in
// image volumes, a guard as a sidecar, a check that uses the guard's own entry point, and a
// companion with volumes of its own.
const templateText = `{
"metadata": {"labels": {"app": "opus", "scalegate.dev/release": "opus-4"}, "annotations": {"prometheus.io/scrape": "true"}},
"spec": {
  "enableServiceLinks": false,
  "terminationGracePeriodSeconds": 120,
  "nodeSelector": {"accelerator": "large"},
  "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
  "initContainers": [
    {"name": "guard", "image": "registry.example/guard@sha256:GUARD", "restartPolicy": "Always",
     "command": ["/guard"], "args": ["--listen=/run/guard/guard.sock"],
     "startupProbe": {"tcpSocket": {"port": 7000}},
     "volumeMounts": [{"name": "sockets", "mountPath": "/run/guard"}]},
    {"name": "check", "image": "registry.example/guard@sha256:GUARD"}],
  "containers": [
    {"name": "server", "image": "registry.example/vllm:v1@sha256:SERVER",
     "command": ["vllm", "serve"],
     "args": ["/models/opus", "--port", "8000", "--served-model-name=$(SERVED_NAME)",
       "--enable-lora", "--lora-modules", "tone=/adapters/tone", "--tensor-parallel-size=2"],
     "env": [{"name": "HF_HOME", "value": "/model-cache"}, {"name": "SERVED_NAME", "value": "opus"},
       {"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
       {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hub", "key": "token"}}},
       {"name": "VLLM_LOGGING_LEVEL", "value": "INFO"}],
     "ports": [{"name": "http", "containerPort": 8000, "protocol": "TCP"}],
     "resources": {"limits": {"cpu": "8", "memory": "64Gi", "nvidia.com/gpu": "2"}, "requests": {"cpu": "8"}},
     "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 5},
     "lifecycle": {"preStop": {"sleep": {"seconds": 15}}},
     "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"], "add": ["IPC_LOCK"]}},
     "terminationMessagePath": "/dev/termination-log", "imagePullPolicy": "IfNotPresent",
     "volumeMounts": [{"name": "weights", "mountPath": "/models/opus", "readOnly": true},
       {"name": "tone", "mountPath": "/adapters/tone"}, {"name": "shm", "mountPath": "/dev/shm"},
       {"name": "hub", "mountPath": "/model-cache"}, {"name": "sockets", "mountPath": "/run/guard"}]},
    {"name": "mesh", "image": "registry.example/mesh@sha256:MESH", "args": ["proxy", "sidecar"],
     "env": [{"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
     "lifecycle": {"postStart": {"exec": {"command": ["agent", "wait"]}}},
     "resources": {"requests": {"cpu": "100m"}},
     "volumeMounts": [{"name": "mesh-ca", "mountPath": "/var/run/mesh"}, {"name": "mesh-token", "mountPath": "/var/run/token"},
       {"name": "mesh-data", "mountPath": "/var/lib/mesh"}]}],
  "volumes": [
    {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "8Gi"}},
    {"name": "hub", "emptyDir": {}}, {"name": "sockets", "emptyDir": {}},
    {"name": "weights", "image": {"reference": "registry.example/models/opus@sha256:WEIGHTS", "pullPolicy": "IfNotPresent"}},
    {"name": "tone", "image": {"reference": "registry.example/adapters/tone@sha256:ADAPTER"}},
    {"name": "mesh-data", "emptyDir": {}}, {"name": "mesh-ca", "configMap": {"name": "mesh-ca"}},
    {"name": "mesh-token", "projected": {"sources": [{"serviceAccountToken": {"audience": "mesh", "path": "token"}}]}}]
}}`

func decode(tb testing.TB, data string) map[string]any {
	tb.Helper()
	digests := strings.NewReplacer("WEIGHTS", hexOf(weightsDigit), "SERVER", hexOf(serverDigit), "GUARD", hexOf(guardDigit),
		"ADAPTER", hexOf(adapterDigit), "MESH", hexOf(meshDigit))
	var object map[string]any
	if err := utiljson.Unmarshal([]byte(digests.Replace(data)), &object); err != nil {
		tb.Fatalf("decoding the fixture: %v", err)
	}
	return object
}

func template(tb testing.TB) map[string]any {
	tb.Helper()
	return decode(tb, templateText)
}

const tokenVolume = `{"name": "kube-api-access-x7k2p", "projected": {"defaultMode": 420, "sources": [
  {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
  {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
  {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]}}]}}`

const tokenMount = `{"name": "kube-api-access-x7k2p", "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}`

// pod is the fixture's template as a cluster would run it.
func pod(tb testing.TB) map[string]any {
	tb.Helper()
	p := template(tb)
	p["apiVersion"], p["kind"] = "v1", "Pod"
	p["status"] = map[string]any{"phase": "Running", "somethingNew": true}
	edit(tb, p, "metadata.name", "opus-7d9c-x2x4l")
	edit(tb, p, "metadata.namespace", "serving")
	edit(tb, p, "metadata.uid", "11111111-2222-3333-4444-555555555555")
	edit(tb, p, "metadata.managedFields", []any{map[string]any{"manager": "kubelet", "fieldsV1": map[string]any{"f:status": map[string]any{}}}})
	edit(tb, p, "spec.nodeName", "node-1")
	edit(tb, p, "spec.schedulerName", "default-scheduler")
	edit(tb, p, "spec.priority", int64(0))
	edit(tb, p, "spec.preemptionPolicy", "PreemptLowerPriority")
	edit(tb, p, "spec.serviceAccountName", "default")
	for _, condition := range []string{"not-ready", "unreachable"} {
		edit(tb, p, "spec.tolerations[+]", map[string]any{"key": "node.kubernetes.io/" + condition, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": int64(300)})
	}
	edit(tb, p, "spec.volumes[+]", decode(tb, tokenVolume))
	for _, path := range []string{"spec.containers[server]", "spec.containers[mesh]", "spec.initContainers[guard]", "spec.initContainers[check]"} {
		edit(tb, p, path+".volumeMounts[+]", decode(tb, tokenMount))
	}
	return p
}

// absent, as a value of edit, removes the field.
type absent struct{}

// edit sets the field at a path such as spec.containers[server].args[2]; [+] adds an item,
// and what is missing on the way is made.
func edit(tb testing.TB, object map[string]any, path string, value any) {
	tb.Helper()
	updated, ok := put(object, segments(path), value).(map[string]any)
	if !ok {
		tb.Fatalf("editing %s: no object is left", path)
	}
	maps.Copy(object, updated)
}

// segments splits a path at its dots and brackets; names in brackets may hold dots.
func segments(path string) []string {
	var parts []string
	for path != "" {
		if path[0] == '[' {
			end := strings.IndexByte(path, ']')
			parts = append(parts, path[:end])
			path = strings.TrimPrefix(path[end+1:], ".")
			continue
		}
		end := strings.IndexAny(path, ".[")
		if end < 0 {
			end = len(path)
		}
		parts = append(parts, path[:end])
		path = strings.TrimPrefix(path[end:], ".")
	}
	return parts
}

func put(object any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	name, isItem := strings.CutPrefix(path[0], "[")
	if !isItem {
		fields, _ := object.(map[string]any)
		if fields == nil {
			fields = make(map[string]any)
		}
		inner := put(fields[name], path[1:], value)
		if _, gone := inner.(absent); gone {
			delete(fields, name)
		} else {
			fields[name] = inner
		}
		return fields
	}
	items, _ := object.([]any)
	at := position(items, name)
	if at == len(items) {
		return append(items, put(nil, path[1:], value))
	}
	inner := put(items[at], path[1:], value)
	if _, gone := inner.(absent); gone {
		return append(items[:at:at], items[at+1:]...)
	}
	items[at] = inner
	return items
}

// position finds an item by its name or number; one that is not there is past the end.
func position(items []any, name string) int {
	for i, element := range items {
		fields, _ := element.(map[string]any)
		if fields["name"] == name || strconv.Itoa(i) == name {
			return i
		}
	}
	return len(items)
}

// asJSON parses a value written in a test's row.
func asJSON(tb testing.TB, data string) any {
	tb.Helper()
	var value any
	if err := json.Unmarshal([]byte(data), &value); err != nil {
		tb.Fatalf("decoding %s: %v", data, err)
	}
	return value
}
