// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Pods in the shapes that projects publish, with digests where those have tags.

const vllmShape = `{
"metadata": {"labels": {"app": "gemma-server", "ai.gke.io/inference-server": "vllm"}},
"spec": {"enableServiceLinks": false, "nodeSelector": {"cloud.google.com/gke-accelerator": "nvidia-l4"},
 "containers": [{"name": "inference-server", "image": "registry.example/vllm-openai@sha256:SERVER",
  "resources": {"limits": {"cpu": "4", "nvidia.com/gpu": "2"}, "requests": {"cpu": "4", "nvidia.com/gpu": "2"}},
  "command": ["python3", "-m", "vllm.entrypoints.openai.api_server"],
  "args": ["--model=$(MODEL_ID)", "--tensor-parallel-size=2", "--host=0.0.0.0", "--port=8000"],
  "env": [{"name": "MODEL_ID", "value": "/models/gemma"},
   {"name": "HUGGING_FACE_HUB_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf-secret", "key": "hf_api_token"}}}],
  "startupProbe": {"httpGet": {"path": "/health", "port": 8000}, "failureThreshold": 240},
  "volumeMounts": [{"mountPath": "/dev/shm", "name": "dshm"}, {"mountPath": "/models/gemma", "name": "model"}]}],
 "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory"}},
  {"name": "model", "image": {"reference": "registry.example/gemma@sha256:WEIGHTS"}}]}}`

const disaggregatedShape = `{
"metadata": {"labels": {"llm-d.ai/inference-serving": "true", "llm-d.ai/role": "decode"}},
"spec": {"enableServiceLinks": false, "serviceAccountName": "pd",
 "initContainers": [{"name": "routing-proxy", "image": "registry.example/routing@sha256:MESH", "restartPolicy": "Always",
  "args": ["--port=8000", "--vllm-port=8200", "--connector=nixlv2"], "ports": [{"containerPort": 8000}], "resources": {},
  "securityContext": {"allowPrivilegeEscalation": false, "runAsNonRoot": true}}],
 "containers": [{"name": "vllm", "image": "registry.example/cuda@sha256:SERVER",
  "command": ["vllm", "serve"],
  "args": ["/model-cache/opt", "--port", "8200", "--served-model-name", "facebook/opt-125m", "--enforce-eager",
   "--kv-transfer-config", "{\"kv_connector\":\"NixlConnector\", \"kv_role\":\"kv_both\"}"],
  "env": [{"name": "CUDA_VISIBLE_DEVICES", "value": "0"}, {"name": "UCX_TLS", "value": "cuda_ipc,cuda_copy,tcp"},
   {"name": "VLLM_NIXL_SIDE_CHANNEL_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
   {"name": "VLLM_NIXL_SIDE_CHANNEL_PORT", "value": "5600"}, {"name": "HF_HOME", "value": "/hf"}],
  "ports": [{"containerPort": 8200, "protocol": "TCP"}, {"containerPort": 5600, "protocol": "TCP"}],
  "resources": {"limits": {"cpu": "16", "memory": "16Gi", "nvidia.com/gpu": "1"}},
  "volumeMounts": [{"name": "model", "mountPath": "/model-cache/opt"}, {"name": "scratch", "mountPath": "/hf"}]}],
 "volumes": [{"name": "metrics-volume", "emptyDir": {}}, {"name": "scratch", "emptyDir": {"sizeLimit": "20Gi"}},
  {"name": "model", "image": {"reference": "registry.example/opt@sha256:WEIGHTS"}}]}}`

const launcherShape = `{
"metadata": {"labels": {"ai.gke.io/inference-server": "text-generation-inference"}},
"spec": {"enableServiceLinks": false,
 "containers": [{"name": "tgi", "image": "registry.example/tgi@sha256:SERVER",
  "env": [{"name": "MODEL_ID", "value": "/data/gemma"}, {"name": "NUM_SHARD", "value": "2"}, {"name": "PORT", "value": "8080"}],
  "resources": {"limits": {"nvidia.com/gpu": "2"}},
  "volumeMounts": [{"mountPath": "/dev/shm", "name": "dshm"}, {"mountPath": "/data", "name": "model"}]}],
 "volumes": [{"name": "dshm", "emptyDir": {"medium": "Memory"}},
  {"name": "model", "image": {"reference": "registry.example/gemma@sha256:WEIGHTS"}}]}}`

func TestPublishedShapesMatchOnceTheyArePinned(t *testing.T) {
	secret := func(name string) v1alpha1.ServingEnvVar {
		return v1alpha1.ServingEnvVar{Name: name, Source: v1alpha1.EnvSecret}
	}
	for name, row := range map[string]struct {
		shape   string
		serving v1alpha1.ServingContainer
	}{
		"vLLM as a module with its model in a variable": {vllmShape, v1alpha1.ServingContainer{
			Container: "inference-server", Command: []string{"python3", "-m", "vllm.entrypoints.openai.api_server"},
			Args:       []string{"--model=$(MODEL_ID)", "--tensor-parallel-size=<gpus>", "--host=0.0.0.0", "--port=8000"},
			Env:        []v1alpha1.ServingEnvVar{literal("MODEL_ID", "/models/gemma"), secret("HUGGING_FACE_HUB_TOKEN")},
			FreeValues: []v1alpha1.FreeValue{{Name: "gpus", Pattern: "1|2|4|8"}},
		}},
		"vLLM for decoding behind a routing sidecar": {disaggregatedShape, v1alpha1.ServingContainer{
			Container: "vllm", Artifact: "server", Command: []string{"vllm", "serve"},
			Args: []string{"/model-cache/opt", "--port", "8200", "--served-model-name", "facebook/opt-125m", "--enforce-eager",
				"--kv-transfer-config", `{"kv_connector":"NixlConnector", "kv_role":"kv_both"}`},
			Env: []v1alpha1.ServingEnvVar{literal("CUDA_VISIBLE_DEVICES", "0"), literal("UCX_TLS", "cuda_ipc,cuda_copy,tcp"),
				{Name: "VLLM_NIXL_SIDE_CHANNEL_HOST"}, literal("VLLM_NIXL_SIDE_CHANNEL_PORT", "5600"), literal("HF_HOME", "/hf")},
		}},
		"TGI with everything in variables": {launcherShape, v1alpha1.ServingContainer{
			Container: "tgi", Env: []v1alpha1.ServingEnvVar{literal("MODEL_ID", "/data/gemma"), literal("NUM_SHARD", "2"), literal("PORT", "8080")},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			d := Declared{
				Artifacts: []v1alpha1.Artifact{artifact("weights", v1alpha1.ArtifactWeights, weightsDigit), artifact("server", v1alpha1.ArtifactServer, serverDigit)},
				Serving:   []v1alpha1.ServingContainer{row.serving},
				Companions: []v1alpha1.Companion{
					{Name: "routing-proxy", Image: pinned("registry.example/routing", meshDigit)},
				},
			}
			if m := MatchTemplate(d, decode(t, row.shape)); m != nil {
				t.Errorf("mismatch: %s", m)
			}
			object := decode(t, row.shape)
			edit(t, object, "spec.containers[0].image", "registry.example/server:v1")
			wantField(t, MatchTemplate(d, object), "spec.containers["+row.serving.Container+"].image")
		})
	}
}
