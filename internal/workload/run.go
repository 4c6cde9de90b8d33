// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
)

// MatchRun compares the pod of a Job, as the API server holds it, with the pod template of the Job. It returns nil when the
// pod runs what the template says and nothing else, else the first field that does not. Scheduling, priority and
// amounts of resources may differ, since the scheduler, queues and namespaces set them. A field that this version
// does not know has to be the same. Both are only read; they have the shape that encoding/json or an unstructured client
// gives them.
func MatchRun(template, pod map[string]any) *Mismatch {
	want, _ := template["spec"].(map[string]any)
	got, _ := pod["spec"].(map[string]any)
	if got == nil {
		return mismatch("spec", "delete the pod: its Job makes another", "is missing")
	}
	if found := sameRunMap("spec", want, got, setOnRunPods); found != nil {
		return found
	}
	for _, list := range []string{"initContainers", "containers", "ephemeralContainers"} {
		if found := sameRunContainers("spec."+list, want[list], got[list]); found != nil {
			return found
		}
	}
	metadata, _ := pod["metadata"].(map[string]any)
	notes, _ := metadata["annotations"].(map[string]any)
	wanted, _ := template["metadata"].(map[string]any)
	declared, _ := wanted["annotations"].(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(notes)) {
		if steersRuntime(key) && !reflect.DeepEqual(notes[key], declared[key]) {
			return notAsTemplate(item("metadata.annotations", key))
		}
	}
	return nil
}

// setOnRunPods tells whether a field of the pod's spec is set on the way from a template to a pod by the API server, the
// scheduler or a queue, without changing what runs. Containers are compared one by one.
func setOnRunPods(field string) bool {
	switch field {
	case "containers", "initContainers", "ephemeralContainers",
		"nodeName", "nodeSelector", "affinity", "tolerations", "schedulingGates", "schedulerName", "topologySpreadConstraints",
		"priority", "priorityClassName", "preemptionPolicy", "overhead", "resources", "schedulingGroup",
		"serviceAccount", "serviceAccountName", "imagePullSecrets", "enableServiceLinks", "activeDeadlineSeconds":
		return true
	}
	return false
}

// setOnRunContainers is setOnRunPods for the fields of a container.
func setOnRunContainers(field string) bool {
	return field == "resources" || field == "imagePullPolicy"
}

func sameRunContainers(path string, want, got any) *Mismatch {
	wanted, _ := want.([]any)
	found, _ := got.([]any)
	for i := range found {
		container, _ := found[i].(map[string]any)
		field := itemName(path, i, found[i])
		if i >= len(wanted) {
			return notAsTemplate(field)
		}
		declared, _ := wanted[i].(map[string]any)
		if m := sameRunMap(field, declared, container, setOnRunContainers); m != nil {
			return m
		}
		if m := sameRunClaims(field, declared, container); m != nil {
			return m
		}
	}
	if len(found) < len(wanted) {
		return notAsTemplate(path + "[" + strconv.Itoa(len(found)) + "]")
	}
	return nil
}

// sameRunClaims compares the devices that a container is given by claims, which are no amount.
func sameRunClaims(path string, want, got map[string]any) *Mismatch {
	claims := func(container map[string]any) any {
		resources, _ := container["resources"].(map[string]any)
		return resources["claims"]
	}
	if !reflect.DeepEqual(claims(want), claims(got)) {
		return notAsTemplate(path + ".resources.claims")
	}
	return nil
}

// sameRunMap compares the fields of two objects but those that are set on the way.
func sameRunMap(path string, want, got map[string]any, set func(field string) bool) *Mismatch {
	keys := maps.Clone(got)
	if keys == nil {
		keys = map[string]any{}
	}
	maps.Copy(keys, want)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !set(key) && !reflect.DeepEqual(want[key], got[key]) {
			return notAsTemplate(join(path, key))
		}
	}
	return nil
}

func notAsTemplate(field string) *Mismatch {
	return mismatch(field, "find out what changed it on its way here, and keep that away from the pods of evaluations",
		"is not as in the template of the evaluation's Job")
}
