// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

// servers are the kinds of operators that are about model servers alone. None has a hold that keeps the old model: scaling to
// zero, their only one, takes it down.
func servers() []Kind {
	return []Kind{
		// spec.labels are merged over the operator's own labels on the pods. The LeaderWorkerSet of a multi-node NIM gets them on its leader
		// alone: its workers claim nothing, and are refused where they ask for an accelerator.
		{
			Group: "apps.nvidia.com", Versions: []string{"v1alpha1"}, Kind: "NIMService", Resource: "nimservices",
			Replicas: []string{"spec.replicas"}, DefaultReplicas: 1,
			Templates: []Template{{Path: "spec", Form: Built, Labels: []string{"spec.labels"}, Containers: []string{""}}},
			Images:    []string{"spec.image.tag", "spec.initContainers[].image.tag", "spec.sidecarContainers[].image.tag"},
			Identity: []string{
				"spec.image", "spec.command", "spec.args", "spec.env", "spec.storage", "spec.inferencePlatform", "spec.multiNode",
				"spec.initContainers[]", "spec.sidecarContainers[]", "spec.draResources[]", "spec.runtimeClassName",
			},
			Accelerators: []string{
				"size(o.?spec.draResources.orValue([])) > 0", "o.?spec.multiNode.hasValue()",
				"o.?spec.runtimeClassName.orValue('').startsWith('nvidia')",
			},
		},
		// The labels of the VLLMRuntime itself are copied to the pods, and to the selector of its Deployment: a claim is set when
		// it is made, since a selector does not change.
		{
			Group: "production-stack.vllm.ai", Versions: []string{"v1alpha1"}, Kind: "VLLMRuntime", Resource: "vllmruntimes", Scale: true,
			Replicas: []string{"spec.deploymentConfig.replicas"}, DefaultReplicas: 1,
			Templates: []Template{{Path: "spec", Form: Built, Labels: []string{"metadata.labels"}}},
			Images:    []string{"spec.deploymentConfig.image.name", "spec.deploymentConfig.sidecarConfig.image.name"},
			Identity: []string{
				"spec.model", "spec.vllmConfig", "spec.lmCacheConfig", "spec.storageConfig", "spec.deploymentConfig.image",
				"spec.deploymentConfig.sidecarConfig", "spec.deploymentConfig.resources", "spec.deploymentConfig.runtimeClass",
			},
			Accelerators: []string{
				"!(o.?spec.deploymentConfig.resources.gpu.orValue('') in ['', '0'])",
				"o.?spec.deploymentConfig.runtimeClass.orValue('').startsWith('nvidia')",
			},
		},
		// The labels of the Model itself are copied to its pods, except where KubeAI sets the same key. What a resourceProfile asks
		// for is in the operator's configuration; its shipped profiles say it in their names.
		{
			Group: "kubeai.org", Versions: []string{"v1"}, Kind: "Model", Resource: "models", Scale: true,
			Replicas:  []string{"spec.replicas"},
			Templates: []Template{{Path: "spec", Form: Built, Labels: []string{"metadata.labels"}}},
			Images:    []string{"spec.image"},
			Identity: []string{
				"spec.url", "spec.adapters[]", "spec.engine", "spec.args", "spec.env", "spec.envFrom", "spec.files", "spec.resourceProfile",
				"spec.cacheProfile", "spec.image",
			},
			Accelerators: []string{"o.?spec.resourceProfile.orValue('').matches('gpu|tpu')"},
			Pods:         true,
		},
		{
			Group: "orchestration.aibrix.ai", Versions: []string{"v1alpha1"}, Kind: "StormService", Resource: "stormservices", Scale: true,
			Replicas: []string{"spec.replicas"}, DefaultReplicas: 1,
			Templates: podTemplate("spec.template.spec.roles[].template"),
			Unit:      []string{"storm-service-name", "roleset-name"},
		},
		{
			Group: "orchestration.aibrix.ai", Versions: []string{"v1alpha1"}, Kind: "RoleSet", Resource: "rolesets",
			Replicas: []string{"spec.roles[].replicas"}, DefaultReplicas: 1,
			Templates: podTemplate("spec.roles[].template"),
			Unit:      []string{"roleset-name"},
			Pods:      true,
		},
		// The CRD prunes the labels of its pod template, and the operator copies no others: nothing that is written here reaches the pods.
		// A claim has to be put on its Deployment by a mutating policy. A changed spec.image makes no new pod, and every server of
		// a namespace can serve what its shared store holds.
		{
			Group: "ollama.ayaka.io", Versions: []string{"v1"}, Kind: "Model", Resource: "models",
			Replicas: []string{"spec.replicas"}, DefaultReplicas: 1,
			Templates: []Template{{Path: "spec", Form: Built}},
			Identity:  []string{"spec.image", "spec.extraEnv", "spec.extraEnvFrom"},
		},
	}
}
