// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/fixture"
	table "github.com/scalegate/scalegate/internal/workload/kinds"
	"github.com/scalegate/scalegate/test/kinds/workloads"
)

// TestManyTemplatesAreJudgedWithinTheBudget holds a policy's cost against the API server's limit: past it everything would be refused.
func TestManyTemplatesAreJudgedWithinTheBudget(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	s := subjectOf("RayCluster")
	object := s.claiming(t, governed, "many", waiting)
	groups := table.Values(object.Object, "spec.workerGroupSpecs[]")
	for i := range 100 {
		group := runtime.DeepCopyJSON(fields(groups[0]))
		group["groupName"] = fmt.Sprintf("group-%d", i)
		groups = append(groups, group)
	}
	put("spec.workerGroupSpecs", groups)(object.Object)
	made(t, object)
	put("spec.workerGroupSpecs[].maxReplicas", int64(9))(object.Object)
	must(t, shared.owner.Update(t.Context(), object))
	edit(object.Object, "spec.workerGroupSpecs[].template.spec.priorityClassName", func(parent map[string]any, key string) { parent[key] = "high" })
	refused(t, shared.owner.Update(t.Context(), object, client.DryRunAll), "release waiting is not cleared")
}

// TestTakingAwayIsNeverRefused removes parts of an object whose release is not cleared.
func TestTakingAwayIsNeverRefused(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	for sentence, row := range map[string]struct {
		kind  string
		add   func(object map[string]any)
		after func(object map[string]any)
	}{
		"a group of workers": {"RayCluster", nil, put("spec.workerGroupSpecs", []any{})},
		"the canary of an InferenceService": {"InferenceService", put("spec.canary", []any{map[string]any{
			"trafficPercent": int64(10), "predictor": map[string]any{"labels": map[string]any{"scalegate.dev/release": waiting}},
		}}), func(object map[string]any) { delete(fields(object["spec"]), "canary") }},
		"the traffic of a canary": {"InferenceService", put("spec.predictor.canaryTrafficPercent", int64(50)), nil},
		"an adapter of a Model": {
			"Model", adapters("a", "b"),
			adapters("b"),
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := subjectOf(row.kind)
			object := s.claiming(t, governed, "less-"+fixture.SHA256(sentence)[:6], waiting)
			if row.add != nil {
				row.add(object.Object)
			}
			made(t, object)
			if row.after == nil {
				put("spec.predictor.canaryTrafficPercent", int64(0))(object.Object)
			} else {
				row.after(object.Object)
			}
			must(t, shared.owner.Update(t.Context(), object))
		})
	}
}

// TestEveryPlaceOfAModelIsSeen adds something uncleared in each of the places that an object has for it.
func TestEveryPlaceOfAModelIsSeen(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	gpu := map[string]any{"resources": map[string]any{"limits": map[string]any{"nvidia.com/gpu": "1"}}}
	for sentence, row := range map[string]struct {
		kind   string
		change func(object map[string]any)
		words  string
	}{
		"another framework":      {"InferenceService", put("spec.predictor.tensorflow", map[string]any{"storageUri": "gs://example/other"}), "is not cleared"},
		"a canary":               {"InferenceService", put("spec.canary", []any{map[string]any{"trafficPercent": int64(1), "predictor": map[string]any{"minReplicas": int64(1)}}}), "is not cleared"},
		"workers of a predictor": {"InferenceService", put("spec.predictor.workerSpec.pipelineParallelSize", int64(2)), "is not cleared"},
		"a prefill workload":     {"LLMInferenceService", put("spec.prefill", map[string]any{"template": map[string]any{"containers": []any{map[string]any{"name": "main", "resources": gpu["resources"]}}}}), "claims no release"},
		"a LoRA adapter":         {"LLMInferenceService", put("spec.model.lora.adapters", []any{map[string]any{"name": "x", "uri": "hf://example/x"}}), "is not cleared"},
		"a configuration":        {"LLMInferenceService", put("spec.baseRefs", []any{map[string]any{"name": "other"}}), "is not cleared"},
		"an adapter of a Model":  {"Model", adapters("a"), "is not cleared"},
		"the image of a Model":   {"Model", put("spec.image", "registry.example/other:v1"), "is not cleared"},
		"a sidecar of a runtime": {"VLLMRuntime", put("spec.deploymentConfig.sidecarConfig.command", []any{"other"}), "is not cleared"},
		"the storage of a NIM":   {"NIMService", put("spec.storage.nimCache.profile", "other"), "is not cleared"},
		"a field taken away":     {"InferenceService", func(object map[string]any) { delete(fields(fields(object["spec"])["predictor"]), "hostNetwork") }, "is not cleared"},
		"another role":           {"StormService", put("spec.template.spec.roles[].template.spec.hostNetwork", true), "is not cleared"},
		"an annotation":          {"Rollout", put("spec.template.metadata.annotations", map[string]any{"example.com/restarted": "now"}), "is not cleared"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := subjectOf(row.kind)
			object := s.claiming(t, governed, "sees-"+fixture.SHA256(sentence)[:6], waiting)
			if row.kind == "InferenceService" {
				object.SetLabels(map[string]string{"scalegate.dev/release": waiting})
				put("spec.predictor.hostNetwork", true)(object.Object)
			}
			made(t, object)
			row.change(object.Object)
			refused(t, shared.owner.Update(t.Context(), object, client.DryRunAll), row.words)
		})
	}
}

// TestWhatRanBeforeMayScale governs a namespace in which every kind asks for accelerators and claims nothing.
func TestWhatRanBeforeMayScale(t *testing.T) {
	t.Parallel()
	workloads.Folder(t)
	const late = "kinds-late"
	must(t, shared.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: late}}))
	objects := map[string]*unstructured.Unstructured{}
	for _, s := range subjects() {
		object := s.published(t, late, s.name(t))
		if s.ask != nil {
			s.ask(object.Object)
		}
		objects[s.kind+s.group] = made(t, object)
	}
	must(t, shared.Client.Patch(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: late}},
		client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"scalegate.dev/gate":"enforced"}}}`))))
	probe := subjectOf("NIMService").published(t, late, "probe")
	must(t, wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		return apierrors.IsForbidden(shared.owner.Create(ctx, probe.DeepCopy(), client.DryRunAll)), nil
	}))
	for _, s := range subjects() {
		t.Run(s.kind, func(t *testing.T) {
			object := objects[s.kind+s.group]
			if s.scale != "" {
				put(s.scale, int64(7))(object.Object)
			}
			object.SetAnnotations(map[string]string{"example.com/team": "a"})
			must(t, shared.owner.Update(t.Context(), object))
			workers := map[string]string{"RayService": "spec.rayClusterConfig.workerGroupSpecs[]", "RayCluster": "spec.workerGroupSpecs[]"}
			if path := workers[s.kind]; path != "" { // Their heads ask for nothing.
				edit(object.Object, path+".template.spec.priorityClassName", func(parent map[string]any, key string) { parent[key] = "high" })
			} else {
				s.changed(object, "1")
			}
			refused(t, shared.owner.Update(t.Context(), object, client.DryRunAll), "claims no release")
		})
	}
}

// adapters makes a Model of KubeAI serve adapters, which takes vLLM.
func adapters(names ...string) func(object map[string]any) {
	list := []any{}
	for _, name := range names {
		list = append(list, map[string]any{"name": name, "url": "hf://example/" + name})
	}
	return func(object map[string]any) {
		put("spec.engine", "VLLM")(object)
		put("spec.url", "hf://example/base")(object)
		put("spec.adapters", list)(object)
	}
}
