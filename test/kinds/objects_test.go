// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/scalegate/scalegate/api/v1alpha1"
	table "github.com/scalegate/scalegate/internal/workload/kinds"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

// subject is a published manifest of a kind, and what can be done to it.
type subject struct {
	group, kind, file string
	// from is the kind of the manifest where none of this kind is published, and at is where its spec goes in this kind.
	from, at string
	// asks says that the manifest as published asks for an accelerator where its parent shows it.
	asks bool
	// ask makes it ask for one; nil where the manifest does already, or where the kind shows none.
	ask func(object map[string]any)
	// scale is the path of a count; empty where there is none.
	scale string
	// change makes its pods run something else; nil is an environment variable of the first containers.
	change func(object map[string]any)
	// model names another model without changing a template; nil where the kind has no such field.
	model func(object map[string]any)
}

func subjects() []subject {
	return []subject{
		{group: "leaderworkerset.x-k8s.io", kind: "LeaderWorkerSet", file: "leaderworkerset/vllm_GPU_lws.yaml", asks: true, scale: "spec.replicas"},
		{
			group: "jobset.x-k8s.io", kind: "JobSet", file: "jobset/gke_sax-model-server-set.yaml", asks: true,
		},
		{
			group: "argoproj.io", kind: "Rollout", file: "argo-rollout/rollout-canary.yaml", scale: "spec.replicas",
			ask: limit("spec.template.spec.containers[]"), model: put("spec.workloadRef", map[string]any{"kind": "Deployment", "name": "other"}),
		},
		{group: "serving.knative.dev", kind: "Service", file: "knative-service/autoscale_service.yaml", ask: limit("spec.template.spec.containers[]")},
		{
			group: "serving.kserve.io", kind: "InferenceService", file: "kserve-inferenceservice/storage_hf_hf_isvc.yaml", asks: true,
			scale: "spec.predictor.minReplicas", change: put("spec.predictor.model.storageUri", "hf://example/other"),
		},
		{
			group: "serving.kserve.io", kind: "LLMInferenceService", file: "kserve-llminferenceservice/01-lora-hf-cpu.yaml", scale: "spec.replicas",
			ask: limit("spec.template.containers[]"), change: put("spec.template.terminationGracePeriodSeconds", int64(7)),
			model: put("spec.model.uri", "hf://example/other"),
		},
		{
			group: "ray.io", kind: "RayService", file: "ray/ray-service.llm-serve.yaml", scale: "spec.rayClusterConfig.workerGroupSpecs[].maxReplicas",
			asks: true, model: put("spec.serveConfigV2", "applications: []"),
		},
		{
			group: "ray.io", kind: "RayCluster", file: "ray/ray-cluster.sample.yaml", scale: "spec.workerGroupSpecs[].maxReplicas",
			ask: limit("spec.workerGroupSpecs[].template.spec.containers[]"),
		},
		{
			group: "apps.nvidia.com", kind: "NIMService", file: "nimservice/standalone_no-precaching_multi-llm-hf.yaml", asks: true,
			scale: "spec.replicas", change: put("spec.env", []any{map[string]any{"name": "NIM_MODEL_NAME", "value": "hf://example/other"}}),
			model: put("spec.storage.nimCache.name", "other"),
		},
		{
			group: "production-stack.vllm.ai", kind: "VLLMRuntime", file: "vllm-production-stack/sample_vllmruntime.yaml", asks: true,
			scale: "spec.deploymentConfig.replicas", change: put("spec.vllmConfig.extraArgs", []any{"--revision=other"}),
			model: put("spec.model.modelURL", "example/other"),
		},
		{
			group: "kubeai.org", kind: "Model", file: "kubeai-model/gemma2-2b-cpu.yaml", scale: "spec.replicas",
			ask: put("spec.resourceProfile", "nvidia-gpu-l4:1"), change: put("spec.args", []any{"--revision=other"}),
			model: put("spec.url", "hf://example/other"),
		},
		{
			group: "orchestration.aibrix.ai", kind: "StormService", scale: "spec.replicas",
			file: "aibrix/ai-gateway-integration_disaggregation_vllm-sim-pd-stormservice.yaml",
			ask:  limit("spec.template.spec.roles[].template.spec.containers[]"),
		},
		// Of these no manifest is published; each is made of another's.
		{
			group: "orchestration.aibrix.ai", kind: "RoleSet", from: "StormService", at: "",
			file: "aibrix/ai-gateway-integration_disaggregation_vllm-sim-pd-stormservice.yaml", scale: "spec.roles[].replicas",
			ask: limit("spec.roles[].template.spec.containers[]"),
		},
		{
			group: "orchestration.aibrix.ai", kind: "RayClusterFleet", file: "ray/ray-cluster.sample.yaml", from: "RayCluster", at: "spec.template.spec",
			ask: limit("spec.template.spec.headGroupSpec.template.spec.containers[]"), scale: "spec.replicas",
		},
		{
			group: "ray.io", kind: "RayJob", file: "ray/ray-cluster.sample.yaml", from: "RayCluster", at: "spec.rayClusterSpec",
			ask: limit("spec.rayClusterSpec.headGroupSpec.template.spec.containers[]"), model: put("spec.entrypoint", "python other.py"),
		},
		{
			group: "serving.knative.dev", kind: "Configuration", file: "knative-service/autoscale_service.yaml", from: "Service", at: "spec",
			ask: limit("spec.template.spec.containers[]"),
		},
	}
}

func (s subject) row(t *testing.T) table.Kind {
	t.Helper()
	row, ok := table.For(schema.GroupKind{Group: s.group, Kind: s.kind})
	if !ok {
		t.Fatalf("the table has no %s", s.kind)
	}
	return row
}

// published is the manifest as it is, but for its namespace and name.
func (s subject) published(t *testing.T, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	kind := s.kind
	if s.from != "" {
		kind = s.from
	}
	object := &unstructured.Unstructured{Object: workloads.Object(t, s.file, kind)}
	if s.from != "" {
		object.SetGroupVersionKind(s.row(t).GVKs()[0])
		s.wrap(object.Object)
	}
	object.SetNamespace(namespace)
	object.SetName(name)
	return object
}

// wrap puts the spec of another kind where this one has it.
func (s subject) wrap(object map[string]any) {
	spec := fields(object["spec"])
	if s.at == "" {
		object["spec"] = table.Values(spec, "template.spec")[0]
		return
	}
	object["spec"] = map[string]any{}
	edit(object, s.at, func(parent map[string]any, key string) { parent[key] = spec })
	if s.kind == "RayClusterFleet" {
		selector := map[string]any{"matchLabels": map[string]any{"fleet": "a"}}
		put("spec.selector", selector)(object)
		put("spec.template.metadata.labels", selector["matchLabels"])(object)
	}
}

// claiming is the manifest with a claim where the table says that it reaches the pods, and with images by digest.
func (s subject) claiming(t *testing.T, namespace, name, release string) *unstructured.Unstructured {
	t.Helper()
	object := s.published(t, namespace, name)
	s.claim(t, object, release)
	s.pin(t, object)
	return object
}

// claim sets or, with no release, takes off every claim.
func (s subject) claim(t *testing.T, object *unstructured.Unstructured, release string) {
	t.Helper()
	for _, template := range s.row(t).Templates {
		path := template.Path + ".metadata.labels"
		if template.Form != table.PodTemplateSpec {
			path = template.Labels[len(template.Labels)-1]
			if strings.HasPrefix(path, ".") {
				path = template.Path + path
			}
		}
		if len(table.Values(object.Object, template.Path)) == 0 {
			continue
		}
		edit(object.Object, path, func(parent map[string]any, key string) {
			labels, _ := parent[key].(map[string]any)
			if labels == nil {
				labels = map[string]any{}
			}
			labels[v1alpha1.LabelRelease] = release
			if release == "" {
				delete(labels, v1alpha1.LabelRelease)
			}
			parent[key] = labels
		})
	}
}

// pin names every image by the digest that the release cleared has.
func (s subject) pin(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	row := s.row(t)
	for _, path := range row.Images {
		if len(table.Values(object.Object, path)) > 0 {
			edit(object.Object, path, func(parent map[string]any, key string) { parent[key] = "model@sha256:" + digest() })
		}
	}
	templates, err := row.TemplatesOf(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range templates {
		for _, list := range []string{"spec.containers[]", "spec.initContainers[]"} {
			for _, container := range table.Values(template, list) {
				if at := fields(container); at["image"] != nil {
					at["image"] = "registry.example/model@sha256:" + digest()
				}
			}
		}
	}
}

// changed makes the pods of an object run something else.
func (s subject) changed(object *unstructured.Unstructured, value string) {
	if s.change != nil {
		s.change(object.Object)
		return
	}
	for _, path := range []string{
		"spec.template.spec.containers[]", "spec.leaderWorkerTemplate.workerTemplate.spec.containers[]",
		"spec.replicatedJobs[].template.spec.template.spec.containers[]", "spec.template.spec.roles[].template.spec.containers[]",
		"spec.rayClusterConfig.headGroupSpec.template.spec.containers[]", "spec.headGroupSpec.template.spec.containers[]",
		"spec.template.spec.headGroupSpec.template.spec.containers[]", "spec.rayClusterSpec.headGroupSpec.template.spec.containers[]",
		"spec.roles[].template.spec.containers[]",
	} {
		for _, container := range table.Values(object.Object, path) {
			fields(container)["env"] = []any{map[string]any{"name": "CHANGED", "value": value}}
		}
	}
}

// limit makes containers ask for an accelerator.
func limit(containers string) func(map[string]any) {
	return func(object map[string]any) {
		edit(object, containers+".resources.limits", func(parent map[string]any, key string) {
			parent[key] = map[string]any{"nvidia.com/gpu": "1"}
		})
	}
}

func put(path string, value any) func(map[string]any) {
	return func(object map[string]any) {
		edit(object, path, func(parent map[string]any, key string) { parent[key] = value })
	}
}

// edit calls do for every place that a path leads to, and makes the objects on the way that are missing.
func edit(object map[string]any, path string, do func(parent map[string]any, key string)) {
	step, rest, more := strings.Cut(path, ".")
	name, items := strings.CutSuffix(step, "[]")
	switch {
	case !more:
		do(object, name)
	case items:
		list, _ := object[name].([]any)
		for _, item := range list {
			edit(fields(item), rest, do)
		}
	default:
		next, ok := object[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[name] = next
		}
		edit(next, rest, do)
	}
}

// fields are those of an object; none of anything else.
func fields(value any) map[string]any {
	object, _ := value.(map[string]any)
	return object
}

// expose sets the exposure beside every claim.
func (s subject) expose(t *testing.T, object *unstructured.Unstructured, exposure string) {
	t.Helper()
	eachClaim(object.Object, func(labels map[string]any) { labels[v1alpha1.LabelExposure] = exposure })
}

// eachClaim calls do for every map that has a claim.
func eachClaim(value any, do func(labels map[string]any)) {
	switch v := value.(type) {
	case map[string]any:
		if _, claims := v[v1alpha1.LabelRelease]; claims {
			do(v)
		}
		for key := range v {
			if key != "managedFields" {
				eachClaim(v[key], do)
			}
		}
	case []any:
		for i := range v {
			eachClaim(v[i], do)
		}
	}
}

// tag names the first image by a tag; false when there is none.
func (s subject) tag(t *testing.T, object *unstructured.Unstructured) bool {
	t.Helper()
	row := s.row(t)
	for _, path := range row.Images {
		if len(table.Values(object.Object, path)) > 0 {
			edit(object.Object, path, func(parent map[string]any, key string) { parent[key] = "v1" })
			return true
		}
	}
	templates, err := row.TemplatesOf(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	for _, template := range templates {
		for _, container := range table.Values(template, "spec.containers[]") {
			if at := fields(container); at["image"] != nil {
				at["image"] = "registry.example/model:v1"
				return true
			}
		}
	}
	return false
}

func deleted(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	if err := shared.owner.Delete(context.WithoutCancel(t.Context()), object); err != nil {
		t.Errorf("deleting: %v", err)
	}
}
