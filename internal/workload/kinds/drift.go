// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Drift is a kind, or a part of one, that changes which model answers without a new pod.
type Drift struct {
	Group string
	// Versions are all versions, the preferred one first.
	Versions []string
	Kind     string
	Resource string
	// Shows are the paths that say which other model it is. An object with nothing at any of them changes nothing.
	Shows []string
	// What it does, in a phrase that follows the object's name: "loads a LoRA adapter into running pods".
	What string
	// Digested says that what is shown is text that counts by its content: its SHA-256 stands for it, in the form of a
	// pinned reference, "serveConfigV2@sha256:<64 digits>".
	Digested bool
	// Everywhere says that its operator looks for the pods in every namespace.
	Everywhere bool

	// selector is the path of a label selector of pods.
	selector string
	// label is a pod label whose value stands at the path from.
	label, from string
	// pool is the path of the name of an InferencePool, whose selector has the pods.
	pool string
	// own says that the object claims releases itself.
	own bool
}

// Targets are the pods whose answers a Drift changes: in the object's namespace, unless the Drift says Everywhere.
type Targets struct {
	// Selector selects the pods; it selects nothing when only Pool or Releases name them.
	Selector labels.Selector
	// Pool is the InferencePool whose selector has the pods; empty when it is not by pool.
	Pool string
	// Releases are what the object itself claims.
	Releases []string
}

// GroupKind is the kind without its version.
func (d Drift) GroupKind() schema.GroupKind {
	return schema.GroupKind{Group: d.Group, Kind: d.Kind}
}

// GVKs are the kind in each of its versions, the preferred one first.
func (d Drift) GVKs() []schema.GroupVersionKind {
	gvks := make([]schema.GroupVersionKind, len(d.Versions))
	for i, version := range d.Versions {
		gvks[i] = d.GroupKind().WithVersion(version)
	}
	return gvks
}

// Paths are where the object says which pods it is about.
func (d Drift) Paths() []string {
	return slices.DeleteFunc([]string{d.selector, d.from, d.pool}, func(path string) bool { return path == "" })
}

// Shown are the values that say which other model it is: strings as they are or by
// their digest, everything else as JSON. Empty when the
// object changes nothing.
func (d Drift) Shown(object map[string]any) []string {
	var shown []string
	for _, path := range d.Shows {
		for _, value := range Values(object, path) {
			switch v := value.(type) {
			case nil:
			case string:
				if v != "" {
					shown = append(shown, d.text(path, v))
				}
			default:
				if text, err := json.Marshal(v); err == nil && string(text) != "[]" && string(text) != "{}" {
					shown = append(shown, string(text))
				}
			}
		}
	}
	return shown
}

// text is what is shown of a text at a path.
func (d Drift) text(path, value string) string {
	if !d.Digested {
		return value
	}
	return fmt.Sprintf("%s@sha256:%x", path[strings.LastIndex(path, ".")+1:], sha256.Sum256([]byte(value)))
}

// Targets are the pods that the object changes. An error names the field that cannot be read.
func (d Drift) Targets(object map[string]any) (Targets, error) {
	targets := Targets{Selector: labels.Nothing(), Pool: first(object, d.pool)}
	if d.own {
		if kind, ok := For(d.GroupKind()); ok {
			targets.Releases = kind.Claims(object)
		}
	}
	if value := first(object, d.from); d.label != "" && value != "" {
		targets.Selector = labels.SelectorFromSet(labels.Set{d.label: value})
	}
	if d.selector == "" {
		return targets, nil
	}
	for _, value := range Values(object, d.selector) {
		selector, err := asSelector(value)
		if err != nil {
			return Targets{}, fmt.Errorf("reading %s of a %s: %w", d.selector, d.Kind, err)
		}
		targets.Selector = selector
	}
	return targets, nil
}

func first(object map[string]any, path string) string {
	if path == "" {
		return ""
	}
	for _, value := range Values(object, path) {
		if text, ok := value.(string); ok {
			return text
		}
	}
	return ""
}

func asSelector(value any) (labels.Selector, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var selector metav1.LabelSelector
	if err := json.Unmarshal(text, &selector); err != nil {
		return nil, err
	}
	return metav1.LabelSelectorAsSelector(&selector)
}

// Drifts are the kinds that change the answering model without a new pod. The slice is the caller's.
func Drifts() []Drift {
	return slices.Concat(adapterDrifts(), ownDrifts())
}

// adapterDrifts are objects beside the workload.
func adapterDrifts() []Drift {
	return []Drift{
		{
			Group: "model.aibrix.ai", Versions: []string{"v1alpha1"}, Kind: "ModelAdapter", Resource: "modeladapters",
			Shows: []string{"spec.artifactURL"}, What: "loads a LoRA adapter into running pods", selector: "spec.podSelector",
		},
		{
			Group: "model.aibrix.ai", Versions: []string{"v1alpha1"}, Kind: "ModelClaim", Resource: "modelclaims",
			Shows: []string{"spec.modelName", "spec.artifactURL"}, What: "starts another model in running pods", selector: "spec.podSelector",
		},
		// The operator looks for the pods in every namespace, so one of these also counts for governed pods elsewhere.
		{
			Group: "production-stack.vllm.ai", Versions: []string{"v1alpha1"}, Kind: "LoraAdapter", Resource: "loraadapters",
			Shows: []string{"spec.adapterSource"}, What: "loads a LoRA adapter into running pods", label: "model", from: "spec.baseModel",
			Everywhere: true,
		},
		{
			Group: "serving.kserve.io", Versions: []string{"v1alpha1"}, Kind: "TrainedModel", Resource: "trainedmodels",
			Shows: []string{"spec.model.storageUri"}, What: "loads a model into the running pods of an InferenceService",
			label: "serving.kserve.io/inferenceservice", from: "spec.inferenceService",
		},
		{
			Group: "llm-d.ai", Versions: []string{"v1alpha2"}, Kind: "InferenceModelRewrite", Resource: "inferencemodelrewrites",
			Shows: []string{"spec.rules"}, What: "sends requests for one model name to another", pool: "spec.poolRef.name",
		},
		{
			Group: "inference.networking.x-k8s.io", Versions: []string{"v1alpha2"}, Kind: "InferenceModelRewrite", Resource: "inferencemodelrewrites",
			Shows: []string{"spec.rules"}, What: "sends requests for one model name to another", pool: "spec.poolRef.name",
		},
	}
}

// ownDrifts are parts of workloads themselves.
func ownDrifts() []Drift {
	return []Drift{
		{
			Group: "kubeai.org", Versions: []string{"v1"}, Kind: "Model", Resource: "models", Shows: []string{"spec.adapters"},
			What: "loads adapters into its running pods", label: "model", from: "metadata.name", own: true,
		},
		{
			Group: "ray.io", Versions: []string{"v1", "v1alpha1"}, Kind: "RayService", Resource: "rayservices",
			Shows: []string{"spec.serveConfigV2"}, What: "names its models in serveConfigV2, which is applied to running pods", Digested: true, own: true,
		},
		{
			Group: "serving.kserve.io", Versions: []string{"v1alpha2", "v1alpha1"}, Kind: "LLMInferenceService", Resource: "llminferenceservices",
			Shows: []string{"spec.model.lora.adapters"}, What: "serves LoRA adapters, each a model of its own", own: true,
		},
	}
}
