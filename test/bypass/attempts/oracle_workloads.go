// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strings"
)

// judgeWorkload: how each kind that makes pods is held at the parent, and what is refused there.
func judgeWorkload(r Request) Outcome {
	switch {
	case r.Kind.Resource == "controllerrevisions":
		return judgeRevision(r)
	case r.Way.Deletes() || r.Sub == "scale" || r.Sub == "eviction":
		return Through // Reductions are never denied; what grows is judged at the pods.
	case r.Sub == "status":
		return judgeWorkloadStatus(r)
	}
	if kind, ok := customOf(r.Kind); ok {
		return judgeCustom(r, kind)
	}
	return judgeTemplate(r)
}

// judgeTemplate is for the kinds of Kubernetes.
func judgeTemplate(r Request) Outcome {
	before, after := template(r.Old), template(r.New)
	judges := map[string]func(Request) Outcome{
		"deployments": judgeDeployment, "replicasets": judgeReplicaSet, "statefulsets": judgePartitioned,
		"daemonsets": judgeWithoutHold, "jobs": judgeJob,
	}
	judge := judges[r.Kind.Resource]
	switch {
	case after == nil:
		return Through
	case !same(before, after) && !claims(after) && asks(after):
		return Refused
	case judge == nil:
		return Through
	default:
		return judge(r)
	}
}

// template is the pod template of a workload. Nil: it has none, or the content is none.
func template(content map[string]any) map[string]any {
	for _, path := range [][]string{
		{spec, "jobTemplate", spec, "template"}, {spec, "template"},
	} {
		if found := mapAt(content, path...); found != nil {
			return found
		}
	}
	return nil
}

func marked(content map[string]any) bool {
	return mapAt(content, metadata, annotations)[heldKey] != nil
}

// judgeWorkloadStatus: there annotations change and the spec does not. The status of what keeps revisions or makes pods
// itself is its controller's; of a Deployment, only our marks are no matter of others.
func judgeWorkloadStatus(r Request) Outcome {
	changed := differing(mapAt(r.New, metadata, annotations), mapAt(r.Old, metadata, annotations), ownPrefix)
	makers := []string{"statefulsets", "daemonsets", "replicasets", "jobs"}
	switch {
	case slices.Contains(makers, r.Kind.Resource) && claims(template(r.Old)) && !kubernetes(r.Who):
		return Refused
	case r.Who.Name == controllerName && Holds(r.Kind, r.Old) && !Holds(r.Kind, r.New):
		return Lifted
	case len(changed) > 0 && r.Who.Name != controllerName:
		return Refused
	case same(r.Old["status"], r.New["status"]) && same(r.Old[metadata], r.New[metadata]):
		return Inert
	default:
		return Through
	}
}

// marksDiffer tells whether annotations of ours come, go or change.
func marksDiffer(r Request) bool {
	return len(differing(mapAt(r.New, metadata, annotations), mapAt(r.Old, metadata, annotations), ownPrefix)) > 0
}

// judgeDeployment: held when made and when its template changes, until the controller lifts it or it returns.
func judgeDeployment(r Request) Outcome {
	held, changed, remarked := marked(r.Old), !same(template(r.Old), template(r.New)), marksDiffer(r)
	switched := at(r.Old, spec, "paused") != at(r.New, spec, "paused")
	switch {
	case r.Who.Name == controllerName:
		return loosened(held && !marked(r.New))
	case !claims(template(r.New)) && held, changed && held && r.What == returns:
		return Lifted
	case claims(template(r.New)) && (changed || held && (remarked || switched)):
		return Held
	case remarked && !switched:
		return Inert // A forged mark is taken off.
	default:
		return Through
	}
}

// loosened: what claims nothing is not held.
func loosened(held bool) Outcome {
	if held {
		return Lifted
	}
	return Through
}

// judgeReplicaSet: the template of one that claims stays. Argo Rollouts rewrites metadata in them.
func judgeReplicaSet(r Request) Outcome {
	before, after := template(r.Old), template(r.New)
	switch {
	case r.Old == nil || same(before, after) || (!claims(before) && !claims(after)):
		return Through
	case r.Who.Short == argoRollouts().Short && harmlessMetadata(before, after):
		return Through
	default:
		return Refused
	}
}

// harmlessMetadata tells whether two templates differ in labels and annotations alone, and in none that matters.
func harmlessMetadata(before, after map[string]any) bool {
	notes := differing(mapAt(before, metadata, annotations), mapAt(after, metadata, annotations), "")
	return same(before[spec], after[spec]) && same(at(before, metadata, "finalizers"), at(after, metadata, "finalizers")) &&
		len(differing(mapAt(before, metadata, labels), mapAt(after, metadata, labels), ownPrefix)) == 0 &&
		!slices.ContainsFunc(notes, func(key string) bool { return actsOnRuntime(key) || strings.HasPrefix(key, ownPrefix) })
}

// judgePartitioned: a rollout by ordinals is held by its partition. What rolls out when a pod is deleted is refused.
func judgePartitioned(r Request) Outcome {
	held, changed, remarked := Holds(r.Kind, r.Old), !same(template(r.Old), template(r.New)), marksDiffer(r)
	strategy := mapAt(r.New, spec, "updateStrategy")
	touched := held && (remarked || !same(mapAt(r.Old, spec, "updateStrategy"), strategy))
	concerns := r.Old != nil && claims(template(r.New)) && (changed || touched)
	switch {
	case r.Who.Name == controllerName:
		return loosened(held && !Holds(r.Kind, r.New))
	case held && r.What == returns:
		return Lifted
	case concerns && strategy["type"] == "OnDelete":
		return judgeWithoutHold(r)
	case concerns:
		return Held
	case remarked:
		return Inert
	default:
		return Through // At creation too: its pods are held one by one, and there is no old revision to keep.
	}
}

// judgeWithoutHold: where the kind has no lossless hold, a template that is not cleared is refused as an update.
func judgeWithoutHold(r Request) Outcome {
	after := template(r.New)
	grant, cleared := r.Grants[claim(after)]
	exposure := textAt(after, metadata, labels, exposureLabel)
	kept := claim(template(r.Old)) == claim(after) && exposure == textAt(template(r.Old), metadata, labels, exposureLabel)
	switch {
	case r.Old == nil || !claims(after) || same(template(r.Old), after) && !opensByDeleting(r):
		return Through
	case cleared && digestsWithin(after, grant.Digests) && (exposure == "" || exposure == grantedExposure || kept):
		return Through // Its pods are held and matched one by one.
	default:
		return Refused
	}
}

// grantedExposure is what the cleared release is granted.
const grantedExposure = "General"

// opensByDeleting tells whether a held rollout by ordinals becomes one that goes on when somebody deletes a pod.
func opensByDeleting(r Request) bool {
	return Holds(r.Kind, r.Old) && textAt(r.New, spec, "updateStrategy", "type") == "OnDelete"
}

// judgeJob: suspended until the controller opens it. Its template may change while it is, so that is watched.
func judgeJob(r Request) Outcome {
	touchesHold := len(differing(mapAt(r.New, metadata, annotations), mapAt(r.Old, metadata, annotations), ownPrefix)) > 0 ||
		at(r.Old, spec, "suspend") != at(r.New, spec, "suspend")
	switch {
	case r.Who.Name == controllerName && Holds(r.Kind, r.Old) && !Holds(r.Kind, r.New):
		return Lifted
	case r.Who.Name != controllerName && !claims(template(r.New)) && marked(r.New) && !marked(r.Old):
		return Inert
	case r.Who.Name == controllerName:
		return Through
	case !claims(template(r.New)):
		return loosened(marked(r.Old))
	case mapAt(r.New, metadata, labels)[queueLabel] != nil:
		return loosened(marked(r.Old)) // What waits in a queue of Kueue is held there.
	case r.Old == nil, !same(template(r.Old), template(r.New)):
		return Held
	case marked(r.Old) && touchesHold:
		return Held
	default:
		return Through
	}
}

// judgeRevision: the recorded templates of StatefulSets and DaemonSets are written, and cleared away, by their controllers.
func judgeRevision(r Request) Outcome {
	recorded := r.Old
	if recorded == nil {
		recorded = r.New
	}
	kept := mapAt(recorded, "data", spec, "template")
	writers := []string{"statefulset-controller", "daemon-set-controller", "generic-garbage-collector", "namespace-controller"}
	name, found := strings.CutPrefix(r.Who.Name, "system:serviceaccount:kube-system:")
	if r.Who.Name == "system:kube-controller-manager" {
		return Through
	}
	if kept == nil || !claims(kept) && kept["$patch"] == "replace" || found && slices.Contains(writers, name) {
		return Through
	}
	return Refused
}

// Holds tells whether an object of the kind stands held.
func Holds(kind Kind, content map[string]any) bool {
	switch kind.Resource {
	case "pods":
		return gated(content)
	case "deployments":
		return marked(content) && at(content, spec, "paused") == true
	case "jobs":
		return marked(content) && at(content, spec, "suspend") == true
	case "statefulsets":
		return marked(content) && at(content, spec, "updateStrategy", "rollingUpdate", "partition") == int64(noOrdinal)
	default:
		other, _ := customOf(kind)
		return marked(content) && (other.partition != "" && same(reach(content, other.partition), []any{int64(noOrdinal)}) ||
			other.suspend != "" && other.halted(content))
	}
}

// Warns is a part of what whoever sent the attempt is told where what it became, content, is held: where to look. It is
// empty where nothing is said.
func Warns(a Attempt, content map[string]any) string {
	doors := map[string]bool{"pods": a.Way == Create || a.Base != nil, "deployments": true, "statefulsets": true, "jobs": true}
	if a.Sub != "" || !a.Ground.Governed() || a.Way.Deletes() || !doors[a.Kind.Resource] || !marked(content) && !gated(content) || kubernetes(a.Who) {
		return ""
	}
	claiming := content
	if a.Kind.Resource != "pods" {
		claiming = template(content)
	}
	return strings.TrimSpace("scalegate explain modelrelease " + claim(claiming))
}

// kubernetes tells whether it is a part of Kubernetes.
func kubernetes(who Identity) bool {
	return strings.HasPrefix(who.Name, "system:serviceaccount:kube-system:") || who.Name == "system:kube-controller-manager"
}

// noOrdinal is the partition that no ordinal reaches.
const noOrdinal = 2147483647
