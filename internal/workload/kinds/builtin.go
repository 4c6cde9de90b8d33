// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

func podTemplate(path string) []Template {
	return []Template{{Path: path, Form: PodTemplateSpec}}
}

// builtin are the kinds of Kubernetes itself. Their guards are written by hand, in config/admission.
func builtin() []Kind {
	return []Kind{
		{
			Group: "apps", Versions: []string{"v1"}, Kind: "Deployment", Resource: "deployments", Scale: true,
			Replicas: []string{"spec.replicas"}, DefaultReplicas: 1, Templates: podTemplate("spec.template"),
			Hold: HoldPause, HoldPath: "spec.paused",
		},
		{
			Group: "apps", Versions: []string{"v1"}, Kind: "StatefulSet", Resource: "statefulsets", Scale: true,
			Replicas: []string{"spec.replicas"}, DefaultReplicas: 1, Templates: podTemplate("spec.template"),
			Hold: HoldPartition, HoldPath: "spec.updateStrategy.rollingUpdate.partition", Pods: true,
		},
		// The template of a ReplicaSet that claims a release never changes.
		{
			Group: "apps", Versions: []string{"v1"}, Kind: "ReplicaSet", Resource: "replicasets", Scale: true,
			Replicas: []string{"spec.replicas"}, DefaultReplicas: 1, Templates: podTemplate("spec.template"), Pods: true,
		},
		{
			Group: "apps", Versions: []string{"v1"}, Kind: "DaemonSet", Resource: "daemonsets",
			Templates: podTemplate("spec.template"), Pods: true,
		},
		{
			Group: "batch", Versions: []string{"v1"}, Kind: "Job", Resource: "jobs",
			Replicas: []string{"spec.parallelism"}, DefaultReplicas: 1, Templates: podTemplate("spec.template"),
			Hold: HoldSuspend, HoldPath: "spec.suspend", Pods: true,
		},
		// Each of its Jobs is held on its own.
		{
			Group: "batch", Versions: []string{"v1"}, Kind: "CronJob", Resource: "cronjobs",
			Replicas: []string{"spec.jobTemplate.spec.parallelism"}, DefaultReplicas: 1,
			Templates: podTemplate("spec.jobTemplate.spec.template"),
		},
		{
			Group: "", Versions: []string{"v1"}, Kind: "ReplicationController", Resource: "replicationcontrollers", Scale: true,
			Replicas: []string{"spec.replicas"}, DefaultReplicas: 1, Templates: podTemplate("spec.template"), Pods: true,
		},
		{
			Group: "", Versions: []string{"v1"}, Kind: "Pod", Resource: "pods", DefaultReplicas: 1,
			Templates: []Template{{Form: Whole}},
		},
	}
}
