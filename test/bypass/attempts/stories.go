// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "strings"

// Story is an attempt whose effect shows only when Kubernetes acts on it: nothing of it is a dry run. A workload is made
// in the ground enforced, or one that stands is used; it may be scaled, or lose a pod; then its pods are looked at.
type Story struct {
	Number, What string
	// Who makes the workload, and Then scales it or deletes its pod.
	Who, Then Identity
	Kind      Kind
	// On names the fixture that is used. Empty: the workload is made.
	On string
	// Object is made; its pods carry the label app with its name.
	Object map[string]any
	// Pods is how many pods there are in the end.
	Pods int
	// Scale is the number of replicas that is sent through /scale; 0: none is sent.
	Scale int64
	// Lose says that one of its pods is deleted; Adopt that a pod made by hand comes under its selector.
	Lose, Adopt bool
}

// Key is what makes a story an attempt of its own.
func (s Story) Key() string {
	return strings.Join([]string{s.Number, s.What, s.Kind.APIVersion(), s.Kind.Resource, s.On, s.Who.Name, s.Then.Name}, "|")
}

// Want is what must have become of the pods: all held, or none.
func (s Story) Want() Outcome {
	if s.On == healingSet || !claims(template(s.Object)) {
		return Through
	}
	return Held
}

// healingSet is a ReplicaSet that is cleared and on which nothing else is tried.
const healingSet = "healing-set"

// Stories are all of them.
func Stories() []Story {
	hpa, people := kubeSystem("horizontal-pod-autoscaler"), []Identity{tenant(), clusterAdmin(), gitOps()}
	var stories []Story
	made := func(s Story, name, release string, replicas int64) {
		s.Object = workload(s.Kind, name, release)
		if replicas >= 0 {
			put(replicas, spec, "replicas")(s.Object)
		}
		stories = append(stories, s)
	}
	for _, who := range people {
		suffix := "-by-" + who.Name[strings.LastIndex(who.Name, ":")+1:]
		made(Story{Number: "A3", What: "a ReplicaSet of its own", Who: who, Kind: replicaSetKind(), Pods: 2}, "story-set"+suffix, heldRelease, 2)
		made(Story{Number: "A1", What: "a ReplicaSet at zero, scaled", Who: who, Then: hpa, Kind: replicaSetKind(), Pods: 2, Scale: 2}, "story-scaled"+suffix, heldRelease, 0)
	}
	made(Story{Number: "A3", What: "a StatefulSet", Who: tenant(), Kind: statefulSetKind(), Pods: 1}, "story-stateful", heldRelease, 2)
	made(Story{Number: "A3", What: "a DaemonSet", Who: tenant(), Kind: daemonSetKind(), Pods: 1}, "story-daemon", heldRelease, -1)
	made(Story{Number: "A3", What: "a ReplicationController", Who: tenant(), Kind: controllerKind(), Pods: 2}, "story-rc", heldRelease, 2)
	made(Story{Number: "A3", What: "a Deployment that claims nothing", Who: tenant(), Kind: deploymentKind(), Pods: 2}, "story-plain", "", 2)
	made(Story{Number: "A3", What: "a StatefulSet that claims nothing", Who: tenant(), Kind: statefulSetKind(), Pods: 2}, "story-plain-stateful", "", 2)
	made(Story{Number: "A4", What: "a pod that a ReplicaSet adopts", Who: tenant(), Kind: replicaSetKind(), Pods: 1, Adopt: true}, "story-adopting", heldRelease, 1)
	return append(stories,
		Story{Number: "A1", What: "a cleared ReplicaSet, scaled", Then: hpa, Kind: replicaSetKind(), On: healingSet, Pods: 2, Scale: 2},
		Story{Number: "A4", What: "a cleared ReplicaSet that lost a pod", Then: tenant(), Kind: replicaSetKind(), On: healingSet, Pods: 2, Scale: 2, Lose: true},
	)
}

// StoryPod is the pod that is to be adopted by the story's workload.
func (s Story) StoryPod() map[string]any {
	name := textAt(s.Object, metadata, "name")
	content := pod(name+"-by-hand", heldRelease)
	label("app", name)(content)
	return content
}
