// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"reflect"
	"slices"
	"strings"
)

// againstRuns tells whether an attempt touches what evaluations run on in a way that nobody, or only others, may. It is so
// in every namespace.
func againstRuns(r Request) bool {
	return overstepped(r) || forgesRun(r) || strips(r) || steersJob(r) || steersPod(r) || opensNetwork(r)
}

// runKinds are those of which evaluations have some.
func runKind(kind Kind) bool {
	return slices.Contains([]Kind{podKind(), jobKind(), serviceKind(), networkKind()}, kind)
}

func evaluationOf(content map[string]any) any {
	return mapAt(content, metadata, labels)[evaluationLabel]
}

// overstepped: the controller makes these kinds for evaluations alone, and takes away no other but pods. That it makes no pods
// is for its role to say.
func overstepped(r Request) bool {
	if r.Who.Name != controllerName || !runKind(r.Kind) || r.Kind == podKind() || r.Sub != "" {
		return false
	}
	switch {
	case r.Way.Deletes():
		return evaluationOf(r.Old) == nil
	case r.Old == nil:
		return evaluationOf(r.New) == nil
	default:
		return false
	}
}

// forgesRun: what has the label is made by the controller for an evaluation, and pods by their maker for a Job.
func forgesRun(r Request) bool {
	binding := r.Sub == "binding" || r.Kind == bindingKind()
	if evaluationOf(r.New) == nil || !binding && (r.Old != nil || !runKind(r.Kind)) {
		return false
	}
	controlled := func(kind, group string) bool {
		return slices.ContainsFunc(listAt(r.New, metadata, "ownerReferences"), func(o map[string]any) bool {
			version, _ := o["apiVersion"].(string)
			found, _, _ := strings.Cut(version, "/")
			return o["controller"] == true && o["kind"] == kind && found == group
		})
	}
	maker := slices.Contains([]string{"system:serviceaccount:kube-system:job-controller", "system:kube-controller-manager"}, r.Who.Name)
	ordered := r.Who.Name == controllerName && r.Kind != podKind() && controlled("SafetyEvaluation", ownGroup)
	return !ordered && (!maker || !controlled("Job", "batch"))
}

// strips: an object does not become an evaluation's, or leave it, keeps its owner unless it is cleared away, and gets no
// other; a Job and a pod get no finalizer.
func strips(r Request) bool {
	if r.Old == nil || !r.Way.Updates() || !runKind(r.Kind) || !slices.Contains([]string{"", "status"}, r.Sub) {
		return false
	}
	before, after := evaluationOf(r.Old), evaluationOf(r.New)
	if before != after || before == nil {
		return before != after
	}
	kept, _ := at(r.Old, metadata, "finalizers").([]any)
	keeps, _ := at(r.New, metadata, "finalizers").([]any)
	serves := r.Kind == podKind() || r.Kind == jobKind()
	if serves && slices.ContainsFunc(keeps, func(f any) bool { return !slices.Contains(kept, f) }) {
		return true
	}
	clears := slices.ContainsFunc(collectors(), func(i Identity) bool { return i.Name == r.Who.Name })
	disowned := !same(at(r.Old, metadata, "ownerReferences"), at(r.New, metadata, "ownerReferences"))
	return disowned && (!clears || adopted(r))
}

// adopted tells whether an owner comes, or comes to control.
func adopted(r Request) bool {
	before := listAt(r.Old, metadata, "ownerReferences")
	return slices.ContainsFunc(listAt(r.New, metadata, "ownerReferences"), func(owner map[string]any) bool {
		return !slices.ContainsFunc(before, func(old map[string]any) bool {
			return !slices.ContainsFunc([]string{"uid", "controller"}, func(key string) bool { return owner[key] != old[key] })
		})
	})
}

// steersJob: the pods of a Job become an evaluation's only where Scalegate made it so, and run as its suite says.
func steersJob(r Request) bool {
	before, after := template(r.Old), template(r.New)
	if r.Kind != jobKind() || r.Sub != "" || r.Way.Deletes() || evaluationOf(before) == nil && evaluationOf(after) == nil {
		return false
	}
	if r.Old == nil {
		return r.Who.Name != controllerName
	}
	return len(differing(mapAt(after, metadata, labels), mapAt(before, metadata, labels), ownPrefix)) > 0 || steered(before, after) || retimed(r)
}

// retimed tells whether a Job comes to be tried otherwise, or to go at another time.
func retimed(r Request) bool {
	return slices.ContainsFunc([]string{"parallelism", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished", "podReplacementPolicy"},
		func(key string) bool { return !same(at(r.Old, spec, key), at(r.New, spec, key)) })
}

// letGo tells whether a Job would not know its pod any more.
func letGo(r Request) bool {
	before, after := mapAt(r.Old, metadata, labels), mapAt(r.New, metadata, labels)
	return slices.ContainsFunc([]string{"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"},
		func(key string) bool { return before[key] != after[key] })
}

// steered tells whether annotations come by which a runtime changes what runs.
func steered(before, after map[string]any) bool {
	notes := mapAt(after, metadata, annotations)
	return slices.ContainsFunc(differing(notes, mapAt(before, metadata, annotations), ""), func(key string) bool {
		return notes[key] != nil && actsOnRuntime(key)
	})
}

// steersPod: what an evaluation's pod runs stays, and how it ended is for its node to say.
func steersPod(r Request) bool {
	if r.Kind != podKind() || r.Old == nil || !r.Way.Updates() || evaluationOf(r.Old) == nil {
		return false
	}
	switch r.Sub {
	case "":
		return !same(images(r.Old), images(r.New)) || steered(r.Old, r.New) || letGo(r)
	case "ephemeralcontainers":
		return len(listAt(r.Old, spec, "ephemeralContainers")) != len(listAt(r.New, spec, "ephemeralContainers"))
	case "status":
		ended := func(content map[string]any) []any {
			return []any{at(content, "status", "containerStatuses"), at(content, "status", "initContainerStatuses")}
		}
		return steered(r.Old, r.New) || letGo(r) || !slices.Contains(r.Who.Groups, nodesGroup) && !reflect.DeepEqual(ended(r.Old), ended(r.New))
	default:
		return false
	}
}

// opensNetwork: the Service and the NetworkPolicy of an evaluation stay as they are while it does.
func opensNetwork(r Request) bool {
	if r.Kind != serviceKind() && r.Kind != networkKind() || r.Old == nil || evaluationOf(r.Old) == nil {
		return false
	}
	clears := slices.ContainsFunc(collectors(), func(i Identity) bool { return i.Name == r.Who.Name })
	if r.Way.Deletes() {
		return !clears && r.Who.Name != controllerName && !r.Who.Trusted()
	}
	hurried := outlives(r.Old) && !outlives(r.New) && !clears
	return hurried || !same(r.Old[spec], r.New[spec])
}

// outlives tells whether an object waits for what it owns when it is deleted.
func outlives(content map[string]any) bool {
	there, _ := at(content, metadata, "finalizers").([]any)
	return slices.Contains(there, any(waitsForOwned))
}
