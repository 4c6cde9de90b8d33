// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

// rayTemplates are the templates of a RayClusterSpec.
func rayTemplates(cluster string) []Template {
	return []Template{
		{Path: cluster + ".headGroupSpec.template", Form: PodTemplateSpec},
		{Path: cluster + ".workerGroupSpecs[].template", Form: PodTemplateSpec},
	}
}

// ray are the kinds of KubeRay, and AIBrix's fleet of its clusters. Their suspend deletes every pod, so it is no hold.
// A Ray cluster serves as one: its head has the API, its workers the model.
func ray() []Kind {
	unit := []string{"ray.io/cluster"}
	return []Kind{
		{
			Group: "ray.io", Versions: []string{"v1", "v1alpha1"}, Kind: "RayService", Resource: "rayservices",
			Replicas:  []string{"spec.rayClusterConfig.workerGroupSpecs[].replicas"},
			Templates: rayTemplates("spec.rayClusterConfig"),
			// Text that is applied to running pods: which model it names shows nowhere else.
			Identity: []string{"spec.serveConfigV2"},
			Unit:     unit,
		},
		{
			Group: "ray.io", Versions: []string{"v1", "v1alpha1"}, Kind: "RayCluster", Resource: "rayclusters",
			Replicas:  []string{"spec.workerGroupSpecs[].replicas"},
			Templates: rayTemplates("spec"),
			Unit:      unit, Pods: true,
		},
		{
			Group: "ray.io", Versions: []string{"v1", "v1alpha1"}, Kind: "RayJob", Resource: "rayjobs",
			Replicas: []string{"spec.rayClusterSpec.workerGroupSpecs[].replicas"},
			Templates: append(rayTemplates("spec.rayClusterSpec"),
				Template{Path: "spec.submitterPodTemplate", Form: PodTemplateSpec}),
			Identity: []string{"spec.entrypoint", "spec.runtimeEnvYAML", "spec.clusterSelector"},
			Unit:     unit,
		},
		{
			Group: "orchestration.aibrix.ai", Versions: []string{"v1alpha1"}, Kind: "RayClusterFleet", Resource: "rayclusterfleets",
			Scale: true, Replicas: []string{"spec.replicas"}, DefaultReplicas: 1,
			Templates: rayTemplates("spec.template.spec"),
			Unit:      unit,
		},
	}
}
