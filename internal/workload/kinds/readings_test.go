// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/scalegate/scalegate/internal/workload/kinds"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

// TestPublishedManifestsAreRead checks what the table makes of each: how many it asks for, the first container of each template ("-" where
// the manifest itself has none), and a text that templates or identity must hold, which names the model where the object does.
func TestPublishedManifestsAreRead(t *testing.T) {
	t.Parallel()
	for file, row := range map[string]struct {
		kind     string
		replicas int64
		first    []string
		names    string
	}{
		"deployment/gke_vllm-2-9b-it.yaml":                    {"Deployment", 1, []string{"inference-server"}, "google/gemma-2-9b-it"},
		"deployment/gke_tgi-2-9b-it.yaml":                     {"Deployment", 1, []string{"inference-server"}, "google/gemma-2-9b-it"},
		"replicaset/llm-d-modelservice_output-requester.yaml": {"ReplicaSet", 1, []string{"inference-server"}, "facebook/opt-125m"},
		"leaderworkerset/vllm_GPU_lws.yaml":                   {"LeaderWorkerSet", 2, []string{"vllm-leader", "vllm-worker"}, "meta-llama/Llama-3.1-405B-Instruct"},
		"kserve-inferenceservice/storage_hf_hf_isvc.yaml":     {"InferenceService", 1, []string{"-"}, "hf://meta-llama/Llama-2-7b-chat-hf"},
		"kserve-inferenceservice/autoscaling_autoscale_gpu.yaml": {
			"InferenceService", 1, []string{"-"}, "gs://kfserving-examples/models/tensorflow/flowers",
		},
		"kserve-llminferenceservice/01-lora-hf-cpu.yaml": {"LLMInferenceService", 1, []string{"-", "main"}, "hf://edbeeching/opt-125m-lora"},
		"kserve-llminferenceservice/llm-inference-service-dp-ep-deepseek-r1-gpu-naive.yaml": {
			"LLMInferenceService", 1, []string{"-", "main", "main"}, "hf://deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
		},
		"ray/ray-service.deepseek.yaml":                         {"RayService", 2, []string{"ray-head", "ray-worker"}, "deepseek-ai/DeepSeek-R1"},
		"ray/ray-cluster.sample.yaml":                           {"RayCluster", 1, []string{"ray-head", "ray-worker"}, "rayproject/ray"},
		"argo-rollout/rollout-canary.yaml":                      {"Rollout", 5, []string{"rollouts-demo"}, "rollouts-demo"},
		"nimservice/standalone_no-precaching_multi-llm-hf.yaml": {"NIMService", 1, []string{"-"}, "hf://meta-llama/Llama-3.2-1B-Instruct"},
		"nimservice/advanced_multi-node_multi-node-nimservice.yaml": {
			"NIMService", 1, []string{"-"}, "deepseek-r1-nimcache",
		},
		"vllm-production-stack/sample_vllmruntime.yaml": {"VLLMRuntime", 2, []string{"-"}, "meta-llama/Llama-3.1-8B-Instruct"},
		"aibrix/ai-gateway-integration_disaggregation_vllm-sim-pd-stormservice.yaml": {
			"StormService", 1, []string{"llm-engine", "routing-sidecar"}, "qwen2-7b",
		},
		"kubeai-model/gemma2-2b-cpu.yaml":        {"Model", 0, []string{"-"}, "ollama://gemma2:2b"},
		"ollama-model/ollama_v1_model.yaml":      {"Model", 1, []string{"-"}, "phi"},
		"knative-service/autoscale_service.yaml": {"Service", 1, []string{"-"}, "test_images/autoscale"},
		"jobset/gke_sax-model-server-set.yaml":   {"JobSet", 2, []string{"sax-model-server"}, "sax-model-server"},
		"job/kserve_model_weights_job.yaml":      {"Job", 1, []string{"storage-initializer"}, "hf://RedHatAI/gpt-oss-20b"},
		"job/aibrix_k8s_job_example.yaml":        {"Job", 1, []string{"batch-worker"}, "mock"},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			object := workloads.Object(t, file, row.kind)
			gv, err := schema.ParseGroupVersion(fmt.Sprint(object["apiVersion"]))
			if err != nil {
				t.Fatal(err)
			}
			kind, ok := kinds.For(schema.GroupKind{Group: gv.Group, Kind: row.kind})
			if !ok {
				t.Fatalf("no row for %s", row.kind)
			}
			templates, err := kind.TemplatesOf(object)
			if err != nil {
				t.Fatal(err)
			}
			if got := kind.ReplicasOf(object); got != row.replicas {
				t.Errorf("it asks for %d, want %d", got, row.replicas)
			}
			var first []string
			for _, template := range templates {
				first = append(first, firstContainer(template))
			}
			if diff := cmp.Diff(row.first, first); diff != "" {
				t.Errorf("the first containers of the templates (-want +got):\n%s", diff)
			}
			if text := fmt.Sprint(templates, kind.IdentityOf(object)); !strings.Contains(text, row.names) {
				t.Errorf("%s is named nowhere in %s", row.names, text)
			}
		})
	}
}

func firstContainer(template map[string]any) string {
	for _, name := range kinds.Values(template, "spec.containers[].name") {
		return fmt.Sprint(name)
	}
	return "-"
}
