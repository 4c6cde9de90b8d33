// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package kinds

// groups are the general-purpose kinds that make groups of pods, or roll them out in their own way.
func groups() []Kind {
	return []Kind{
		// LeaderWorkerSet makes a StatefulSet of leaders and one of workers for each group. leaderTemplate may be absent: then
		// the worker template is the leader's too.
		{
			Group: "leaderworkerset.x-k8s.io", Versions: []string{"v1"}, Kind: "LeaderWorkerSet", Resource: "leaderworkersets",
			Scale: true, Replicas: []string{"spec.replicas"}, DefaultReplicas: 1,
			Templates: []Template{
				{Path: "spec.leaderWorkerTemplate.leaderTemplate", Form: PodTemplateSpec},
				{Path: "spec.leaderWorkerTemplate.workerTemplate", Form: PodTemplateSpec},
			},
			Hold: HoldPartition, HoldPath: "spec.rolloutStrategy.rollingUpdateConfiguration.partition",
			Unit:     []string{"leaderworkerset.sigs.k8s.io/name", "leaderworkerset.sigs.k8s.io/group-index"},
			UnitSize: "spec.leaderWorkerTemplate.size",
		},
		{
			Group: "jobset.x-k8s.io", Versions: []string{"v1alpha2"}, Kind: "JobSet", Resource: "jobsets",
			Replicas: []string{"spec.replicatedJobs[].replicas"}, DefaultReplicas: 1,
			Templates: podTemplate("spec.replicatedJobs[].template.spec.template"),
			Hold:      HoldSuspend, HoldPath: "spec.suspend",
			Unit: []string{"jobset.sigs.k8s.io/jobset-name", "jobset.sigs.k8s.io/replicatedjob-name", "jobset.sigs.k8s.io/job-index"},
		},
		// A Rollout's pause is no lossless hold: a paused canary does not scale, and a paused blue-green rollout makes
		// preview pods. With workloadRef the template and its claim are another object's.
		{
			Group: "argoproj.io", Versions: []string{"v1alpha1"}, Kind: "Rollout", Resource: "rollouts", Scale: true,
			Replicas: []string{"spec.replicas"}, DefaultReplicas: 1, Templates: podTemplate("spec.template"),
			Identity:   []string{"spec.workloadRef.apiVersion", "spec.workloadRef.kind", "spec.workloadRef.name"},
			References: "spec.workloadRef",
		},
		// The labels of the template are copied to the Revision, its Deployment and its pods. A Revision whose pods are
		// held past its progress deadline is failed for good.
		{
			Group: "serving.knative.dev", Versions: []string{"v1"}, Kind: "Service", Resource: "services", DefaultReplicas: 1,
			Templates: podTemplate("spec.template"), RefuseCreate: true,
		},
		{
			Group: "serving.knative.dev", Versions: []string{"v1"}, Kind: "Configuration", Resource: "configurations", DefaultReplicas: 1,
			Templates: podTemplate("spec.template"), RefuseCreate: true,
		},
	}
}
