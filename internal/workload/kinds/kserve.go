// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

// scaling are the fields that KServe puts beside an inlined PodSpec and that change no pod. Shares of traffic are among them: taking
// traffic from a canary must always work.
func scaling() []string {
	return []string{"minReplicas", "maxReplicas", "scaleTarget", "scaleMetric", "scaleMetricType", "autoScaling", "canaryTrafficPercent"}
}

// frameworks are the fields of a predictor that each hold one container.
func frameworks() []string {
	return []string{
		"model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm", "paddle",
	}
}

// component is one inlined PodSpec of an InferenceService. Its pods get the labels of the InferenceService and, over them, its own.
func component(path string, containers ...string) Template {
	return Template{
		Path: path, Form: PodSpec, Labels: []string{"metadata.labels", ".labels"}, Containers: containers, Free: scaling(),
	}
}

// canary is a predictor beside the stable one. KServe merges it over the stable one, labels included.
func canary() Template {
	t := component("spec.canary[].predictor", frameworks()...)
	t.Labels = []string{"metadata.labels", "spec.predictor.labels", ".labels"}
	return t
}

// kserve are the kinds of KServe. Its stop annotation is no hold: it takes the old model down.
func kserve() []Kind {
	return []Kind{
		{
			Group: "serving.kserve.io", Versions: []string{"v1beta1"}, Kind: "InferenceService", Resource: "inferenceservices",
			Replicas: []string{
				"spec.predictor.minReplicas", "spec.transformer.minReplicas", "spec.explainer.minReplicas", "spec.canary[].predictor.minReplicas",
			},
			DefaultReplicas: 1,
			Templates: []Template{
				component("spec.predictor", frameworks()...),
				{Path: "spec.predictor.workerSpec", Form: PodSpec, Labels: []string{"metadata.labels", "spec.predictor.labels"}},
				component("spec.transformer"),
				component("spec.explainer", "art"),
				canary(),
			},
			// The model is named inside of the inlined PodSpecs, which are compared whole.
		},
		// Two label maps reach the pods, one for each of the two workloads. Templates may be empty, and are then filled in from the
		// configurations that baseRefs names.
		{
			Group: "serving.kserve.io", Versions: []string{"v1alpha2", "v1alpha1"}, Kind: "LLMInferenceService", Resource: "llminferenceservices",
			Replicas: []string{"spec.replicas", "spec.prefill.replicas"}, DefaultReplicas: 1,
			Templates: []Template{
				{Path: "spec", Form: Built, Labels: []string{"spec.labels"}},
				{Path: "spec.template", Form: PodSpec, Labels: []string{"spec.labels"}},
				{Path: "spec.worker", Form: PodSpec, Labels: []string{"spec.labels"}},
				{Path: "spec.prefill", Form: Built, Labels: []string{"spec.prefill.labels"}},
				{Path: "spec.prefill.template", Form: PodSpec, Labels: []string{"spec.prefill.labels"}},
				{Path: "spec.prefill.worker", Form: PodSpec, Labels: []string{"spec.prefill.labels"}},
			},
			Identity: []string{"spec.model.uri", "spec.model.name", "spec.model.lora.adapters[]", "spec.baseRefs[]", "spec.storageInitializer"},
		},
	}
}
