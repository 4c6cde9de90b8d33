// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

// form is what a place of a custom kind holds.
type form uint8

const (
	// whole is a pod template: metadata and spec.
	whole form = iota
	// inlined is the spec of a pod among other fields.
	inlined
	// built is none of these: the operator makes the pod from fields of its own.
	built
)

// spot is one place of a custom kind that pods are made from. Paths have points between names, and [] after a list.
type spot struct {
	path string
	form form
	// claims are the paths of label maps that reach the pods, later ones over earlier; a leading point starts at the spot.
	claims []string
	// more are fields beside the containers that become one each.
	more []string
	// free are fields that change no pod.
	free []string
}

// custom is a kind of others: what Scalegate must know of it.
type custom struct {
	kind  Kind
	spots []spot
	// names are paths, besides the spots, that say which model it is; images those of image references.
	names, images []string
	// asking are changes by which it asks for an accelerator outside of its spots.
	asking map[string]Change
	// partition is the path of the partition that holds an update; suspend that of the switch that holds a start.
	partition, suspend string
	// inverse says that the switch stands at true for what runs; anyTime that what runs is held as well, which loses nothing there.
	inverse, anyTime bool
	// unguarded says that another object is refused where it asks for an accelerator and claims nothing.
	unguarded bool
	// fails says that what waits is failed for good, so that it is refused at creation already.
	fails bool
	// scale says that it has the subresource.
	scale bool
	// other is a second version, or empty.
	other string
}

func theirs(group, version, resource, kind string) Kind {
	return Kind{group, version, resource, kind, true}
}

// head and workers are the templates of a Ray cluster.
func rayCluster(at string) []spot {
	return []spot{{path: at + ".headGroupSpec.template"}, {path: at + ".workerGroupSpecs[].template"}}
}

// customs are the kinds of others that the design names.
func customs() []custom {
	return append(groupsOfPods(), servers()...)
}

func groupsOfPods() []custom {
	return []custom{
		{
			kind: groupKind(), scale: true, partition: "spec.rolloutStrategy.rollingUpdateConfiguration.partition",
			spots: []spot{{path: "spec.leaderWorkerTemplate.leaderTemplate"}, {path: "spec.leaderWorkerTemplate.workerTemplate"}},
		},
		{
			kind: theirs("jobset.x-k8s.io", "v1alpha2", "jobsets", "JobSet"), suspend: "spec.suspend",
			spots: []spot{{path: "spec.replicatedJobs[].template.spec.template"}},
		},
		{
			kind: theirs("kueue.x-k8s.io", "v1beta1", "workloads", "Workload"), suspend: "spec.active", inverse: true, anyTime: true, unguarded: true,
			spots: []spot{{path: "spec.podSets[].template"}},
		},
		{
			kind: rolloutKind(), scale: true, spots: []spot{{path: "spec.template"}},
			names: []string{"spec.workloadRef.apiVersion", "spec.workloadRef.kind", "spec.workloadRef.name"},
		},
		{kind: theirs("serving.knative.dev", "v1", "services", "Service"), fails: true, spots: []spot{{path: "spec.template"}}},
		{kind: theirs("serving.knative.dev", "v1", "configurations", "Configuration"), fails: true, spots: []spot{{path: "spec.template"}}},
		{
			kind: theirs("ray.io", "v1", "rayservices", "RayService"), other: "v1alpha1", names: []string{"spec.serveConfigV2"},
			spots: rayCluster("spec.rayClusterConfig"),
		},
		{kind: theirs("ray.io", "v1", "rayclusters", "RayCluster"), other: "v1alpha1", spots: rayCluster("spec")},
		{
			kind: theirs("ray.io", "v1", "rayjobs", "RayJob"), other: "v1alpha1", names: []string{"spec.entrypoint", "spec.runtimeEnvYAML", "spec.clusterSelector"},
			spots: append(rayCluster("spec.rayClusterSpec"), spot{path: "spec.submitterPodTemplate"}),
		},
		{kind: theirs("orchestration.aibrix.ai", "v1alpha1", "rayclusterfleets", "RayClusterFleet"), scale: true, spots: rayCluster("spec.template.spec")},
		{
			kind: theirs("orchestration.aibrix.ai", "v1alpha1", "stormservices", "StormService"), scale: true,
			spots: []spot{{path: "spec.template.spec.roles[].template"}},
		},
		{kind: theirs("orchestration.aibrix.ai", "v1alpha1", "rolesets", "RoleSet"), spots: []spot{{path: "spec.roles[].template"}}},
	}
}

// servers are the kinds that are about model servers alone.
func servers() []custom {
	scaling := []string{"minReplicas", "maxReplicas", "scaleTarget", "scaleMetric", "scaleMetricType", "autoScaling", "canaryTrafficPercent"}
	frameworks := []string{
		"model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm", "paddle",
	}
	part := func(path string, more ...string) spot {
		return spot{path: path, form: inlined, claims: []string{"metadata.labels", ".labels"}, more: more, free: scaling}
	}
	canary := part("spec.canary[].predictor", frameworks...)
	canary.claims = []string{"metadata.labels", "spec.predictor.labels", ".labels"}
	worker := spot{path: "spec.predictor.workerSpec", form: inlined, claims: []string{"metadata.labels", "spec.predictor.labels"}}
	serving, prefill := []string{"spec.labels"}, []string{"spec.prefill.labels"}
	return []custom{
		{
			kind:  theirs("serving.kserve.io", "v1beta1", "inferenceservices", "InferenceService"),
			spots: []spot{part("spec.predictor", frameworks...), worker, part("spec.transformer"), part("spec.explainer", "art"), canary},
		},
		{
			kind:  theirs("serving.kserve.io", "v1alpha2", "llminferenceservices", "LLMInferenceService"),
			other: "v1alpha1", names: []string{"spec.model.uri", "spec.model.name", "spec.model.lora.adapters", "spec.baseRefs", "spec.storageInitializer"},
			spots: []spot{
				{path: "spec", form: built, claims: serving}, {path: "spec.template", form: inlined, claims: serving},
				{path: "spec.worker", form: inlined, claims: serving}, {path: "spec.prefill", form: built, claims: prefill},
				{path: "spec.prefill.template", form: inlined, claims: prefill}, {path: "spec.prefill.worker", form: inlined, claims: prefill},
			},
		},
		nimService(),
		{
			kind:  theirs("production-stack.vllm.ai", "v1alpha1", "vllmruntimes", "VLLMRuntime"),
			scale: true, spots: []spot{{path: "spec", form: built, claims: []string{"metadata.labels"}}},
			names: []string{
				"spec.model", "spec.vllmConfig", "spec.lmCacheConfig", "spec.storageConfig", "spec.deploymentConfig.image",
				"spec.deploymentConfig.sidecarConfig", "spec.deploymentConfig.resources", "spec.deploymentConfig.runtimeClass",
			},
			images: []string{"spec.deploymentConfig.image.name", "spec.deploymentConfig.sidecarConfig.image.name"},
			asking: map[string]Change{
				"a GPU":                   put("1", spec, "deploymentConfig", "resources", "gpu"),
				"the runtime class of it": put("nvidia", spec, "deploymentConfig", "runtimeClass"),
			},
		},
		{
			kind: theirs("kubeai.org", "v1", "models", "Model"), scale: true, spots: []spot{{path: "spec", form: built, claims: []string{"metadata.labels"}}},
			names: []string{
				"spec.url", "spec.adapters", "spec.engine", "spec.args", "spec.env", "spec.envFrom", "spec.files", "spec.resourceProfile",
				"spec.cacheProfile", "spec.image",
			},
			images: []string{"spec.image"},
			asking: map[string]Change{
				"a profile of GPUs": put("nvidia-gpu-l4:1", spec, "resourceProfile"), "a profile of TPUs": put("google-tpu-v5e:1", spec, "resourceProfile"),
			},
		},
	}
}

func nimService() custom {
	return custom{
		kind:  theirs("apps.nvidia.com", "v1alpha1", "nimservices", "NIMService"),
		spots: []spot{{path: "spec", form: built, claims: []string{"spec.labels"}, more: []string{""}}},
		names: []string{
			"spec.image", "spec.command", "spec.args", "spec.env", "spec.storage", "spec.inferencePlatform", "spec.multiNode", "spec.initContainers",
			"spec.sidecarContainers", "spec.draResources", "spec.runtimeClassName",
		},
		images: []string{"spec.image.tag", "spec.initContainers[].image.tag", "spec.sidecarContainers[].image.tag"},
		asking: map[string]Change{
			"a DRA claim":             put([]any{map[string]any{"resourceClaimName": "gpu"}}, spec, "draResources"),
			"several nodes":           put(map[string]any{"size": int64(2)}, spec, "multiNode"),
			"the runtime class of it": put("nvidia", spec, "runtimeClassName"),
			"a GPU":                   put(map[string]any{gpu: "1"}, spec, "resources", "limits"),
			"a variable of it":        put([]any{map[string]any{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}}, spec, "env"),
		},
	}
}
