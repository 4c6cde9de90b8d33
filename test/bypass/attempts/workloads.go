// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "slices"

// workloads is what is tried at the parents of pods.
func (c *catalogue) workloads() {
	for _, kind := range []Kind{
		deploymentKind(), replicaSetKind(), statefulSetKind(), daemonSetKind(), jobKind(), cronJobKind(), controllerKind(),
	} {
		who := people()
		create := func(what, release string, change Change) attack {
			return attack{number: "A3", what: what, kind: kind, base: made(kind, release), change: change, ways: creates(), who: who}
		}
		c.add(
			create("one that claims an uncleared release", heldRelease, nil),
			create("one that claims a cleared release", clearedRelease, nil),
			create("one that claims nothing", "", nil),
			create("one with a note", heldRelease, annotate("example.com/note", "x")),
			create("one without annotations", heldRelease, drop(metadata, annotations)),
			create("one with an accelerator that claims nothing", "", eachTemplate(limit(gpu))),
			create("one with an accelerator that claims", heldRelease, eachTemplate(limit(gpu))),
			create("one with a mark, typed by hand", clearedRelease, annotate(heldKey, "resume")),
			create("one with a cleared template, typed by hand", clearedRelease, annotate(clearedTextKey, "text")),
			create("one with a mark that claims nothing", "", annotate(heldKey, "resume")),
		)
	}
	c.deployments()
	c.replicaSets()
	c.withoutHold()
	c.remembered()
	c.customs()
	c.others()
	c.scales()
	c.removals()
}

// eachTemplate applies the change to the pod template, wherever the kind has it.
func eachTemplate(change Change) Change {
	return func(content map[string]any) {
		if found := template(content); found != nil {
			change(found)
		}
	}
}

// newArgs is another template: what the server is told.
func newArgs() Change {
	return eachTemplate(firstContainer(put([]any{"--model=/other"}, "args")))
}

func (c *catalogue) deployments() {
	outside := slices.Concat(people(), forged(), []Identity{safetyTeam(), kubeSystem("deployment-controller"), argoRollouts()})
	on := func(number, what, fixture string, change Change) attack {
		return attack{number: number, what: what, kind: deploymentKind(), on: fixture, change: change}
	}
	governed := []Ground{Enforced}
	c.add(
		attack{number: "A3", what: "resume", kind: deploymentKind(), on: heldWeb, change: put(false, spec, "paused"), who: outside, grounds: governed},
		attack{number: "A3", what: "take the mark off", kind: deploymentKind(), on: heldWeb, change: unannotate(heldKey), who: outside, grounds: governed, removes: true},
		attack{number: "A3", what: "take mark and pause off", kind: deploymentKind(), on: heldWeb, who: outside, grounds: governed, removes: true,
			change: both(unannotate(heldKey), drop(spec, "paused"))},
		attack{number: "A3", what: "lift the hold as Scalegate", kind: deploymentKind(), on: heldWeb, who: []Identity{controller()}, grounds: governed, removes: true,
			change: both(unannotate(heldKey), drop(spec, "paused"))},
		attack{number: "A3", what: "another mark", kind: deploymentKind(), on: heldWeb, change: annotate(heldKey, "over"), grounds: governed},
		attack{number: "A3", what: "a cleared template, typed by hand", kind: deploymentKind(), on: heldWeb, change: annotate(clearedTextKey, "text"), grounds: governed},
		on("A3", "another template of a held one", heldWeb, newArgs()),
		on("A3", "another template of a large one", "large", newArgs()),
		on("A3", "another template of a large one, and one typed by hand", "large", both(newArgs(), annotate(clearedTextKey, "text"))),
		on("A3", "a mark of one that its author paused, claiming nothing", "idle-web", annotate(heldKey, "resume")),
		on("A3", "another template, paused by its author", openWeb, both(newArgs(), put(true, spec, "paused"))),
		on("A3", "a label of one that its author paused", "paused-web", label("team", "x")),
		attack{number: "A3", what: "resume one that its author paused", kind: deploymentKind(), on: "paused-web", change: put(false, spec, "paused"), grounds: governed},
		attack{number: "A3", what: "another mark of one that its author paused", kind: deploymentKind(), on: "paused-web", change: annotate(heldKey, "over"), grounds: governed},
		attack{number: "A3", what: "its author's mark, as paused", kind: deploymentKind(), on: heldWeb, change: annotate(heldKey, "paused"), grounds: governed},
		attack{number: "A3", what: "its author's mark", kind: deploymentKind(), on: "paused-web", change: annotate(heldKey, "resume"), grounds: governed},
		on("A3", "more replicas of a held one", heldWeb, put(int64(5), spec, "replicas")),
		on("A3", "no replicas of a held one", heldWeb, put(int64(0), spec, "replicas")),
		on("E11", "an ordinary label, as GitOps re-applies", heldWeb, label("team", "serving")),
		on("A3", "another template of an open one", openWeb, newArgs()),
		on("A3", "another image of an open one", openWeb, eachTemplate(firstContainer(put(image("swapped"), "image")))),
		on("B2", "claim another release", openWeb, eachTemplate(label(claimLabel, heldRelease))),
		on("A3", "an ordinary label of an open one", openWeb, label("team", "serving")),
		on("A3", "more replicas of an open one", openWeb, put(int64(5), spec, "replicas")),
		on("A3", "pause an open one", openWeb, put(true, spec, "paused")),
		on("A3", "a mark, typed by hand", openWeb, annotate(heldKey, "resume")),
		on("A3", "a cleared template, typed by hand, of an open one", openWeb, annotate(clearedTextKey, "text")),
		on("B2", "claim a release afterwards", plainWeb, eachTemplate(label(claimLabel, heldRelease))),
		on("F3", "an accelerator afterwards", plainWeb, eachTemplate(limit(gpu))),
		on("A3", "another template, claiming nothing", plainWeb, newArgs()),
		attack{number: "B2", what: "claim nothing any more", kind: deploymentKind(), on: openWeb, change: eachTemplate(unlabel(claimLabel)), removes: true},
		attack{number: "F3", what: "claim nothing any more, with an accelerator", kind: deploymentKind(), on: openWeb, removes: true,
			change: eachTemplate(both(unlabel(claimLabel), limit(gpu)))},
		attack{number: "E11", what: returns, kind: deploymentKind(), on: returnedWeb, change: eachTemplate(firstContainer(drop("args"))), grounds: governed, removes: true},
	)
	status := func(what string, change Change) attack {
		who := slices.Concat(mighty(), []Identity{controller()})
		return attack{number: "A9", what: what, kind: deploymentKind(), sub: "status", on: heldWeb, change: change, who: who}
	}
	c.add(
		status("another mark by /status", annotate(heldKey, "paused")),
		status("a cleared template by /status", annotate(clearedTextKey, "text")),
		status("replicas to come back to by /status", annotate(ownPrefix+"scaled-replicas", "9/1")),
		status("replicas to stand by with by /status", annotate(ownPrefix+"standby-replicas", "9")),
		status("an ordinary annotation by /status", annotate("example.com/note", "x")),
		status("other replicas by /status", put(int64(9), spec, "replicas")),
		attack{number: "A9", what: "take the mark off by /status", kind: deploymentKind(), sub: "status", on: heldWeb, change: unannotate(heldKey),
			who: slices.Concat(mighty(), []Identity{controller()}), grounds: governed, removes: true},
		attack{number: "A9", what: "a status", kind: deploymentKind(), sub: "status", on: heldWeb, change: put(int64(2), "status", "collisionCount"),
			who: []Identity{kubeSystem("deployment-controller")}, ways: only(Merge, Put)},
	)
}

func (c *catalogue) replicaSets() {
	outside := slices.Concat(people(), forged(), []Identity{safetyTeam(), kubeSystem("deployment-controller"), replicaSets(), controller()})
	for _, on := range []string{clearedSet, heldSet} {
		c.add(
			attack{number: "A3", what: "another template", kind: replicaSetKind(), on: on, change: newArgs(), who: outside},
			attack{number: "A3", what: "a template that claims another release", kind: replicaSetKind(), on: on, change: eachTemplate(label(claimLabel, "other"))},
			attack{number: "A3", what: "metadata of the template", kind: replicaSetKind(), on: on, change: eachTemplate(label("team", "x")), who: outside},
			attack{number: "A3", what: "metadata of the template, as Argo Rollouts does", kind: replicaSetKind(), on: on, change: eachTemplate(label("role", "stable")), who: []Identity{argoRollouts()}},
			attack{number: "A3", what: "no annotation for a runtime in the template, as Argo Rollouts", kind: replicaSetKind(), on: on, removes: true,
				change: eachTemplate(unannotate("run.oci.handler")), who: []Identity{argoRollouts()}},
			attack{number: "A3", what: "another template as Argo Rollouts", kind: replicaSetKind(), on: on, change: newArgs(), who: []Identity{argoRollouts()}},
			attack{number: "B2", what: "another claim as Argo Rollouts", kind: replicaSetKind(), on: on, change: eachTemplate(label(claimLabel, "other")), who: []Identity{argoRollouts()}},
			attack{number: "A4", what: "another number of replicas", kind: replicaSetKind(), on: on, change: put(int64(4), spec, "replicas")},
			attack{number: "A4", what: "adopted by another owner", kind: replicaSetKind(), on: on, change: owned("apps/v1", "Deployment", "00000000-0000-4000-8000-000000000007")},
			attack{number: "A3", what: "an ordinary label", kind: replicaSetKind(), on: on, change: label("team", "x")},
			attack{number: "A9", what: "another template by /status", kind: replicaSetKind(), sub: "status", on: on, change: newArgs(), who: mighty()},
			attack{number: "A9", what: "a status", kind: replicaSetKind(), sub: "status", on: on, change: put(int64(77), "status", "observedGeneration"), who: []Identity{replicaSets()}, ways: only(Merge, Put)},
		)
		c.add(attack{number: "A3", what: "claim nothing any more", kind: replicaSetKind(), on: on, change: eachTemplate(unlabel(claimLabel)), removes: true})
		for what, change := range map[string]Change{
			"an ordinary annotation": annotate("example.com/note", "x"), "an annotation for a runtime": annotate("run.oci.handler", "x"),
			"an annotation of Scalegate": annotate(heldKey, "x"), "a label of Scalegate that is new": label("scalegate.dev/new", "x"),
			"another exposure": label(exposureLabel, "Public"), "a finalizer": put([]any{"bypass.example/stay"}, metadata, "finalizers"),
			"an annotation that gives devices": annotate("cdi.k8s.io/gpu", "nvidia.com/gpu=0"),
		} {
			c.add(attack{number: "A3", what: what + " in the template, as Argo Rollouts", kind: replicaSetKind(), on: on, change: eachTemplate(change), who: []Identity{argoRollouts()}})
		}
		c.add(attack{number: "A3", what: "claim nothing any more, as Argo Rollouts", kind: replicaSetKind(), on: on, change: eachTemplate(unlabel(claimLabel)), removes: true, who: []Identity{argoRollouts()}})
	}
	c.add(
		attack{number: "A3", what: "another template, claiming nothing", kind: replicaSetKind(), on: plainSet, change: newArgs()},
		attack{number: "A3", what: "claim a release afterwards", kind: replicaSetKind(), on: plainSet, change: eachTemplate(label(claimLabel, clearedRelease))},
		attack{number: "F3", what: "an accelerator afterwards", kind: replicaSetKind(), on: plainSet, change: eachTemplate(limit(gpu))},
	)
}

// others are the kinds whose pods are opened one by one.
func (c *catalogue) others() {
	c.add(
		attack{number: "A3", what: "another template", kind: statefulSetKind(), on: "open-set", change: newArgs()},
		attack{number: "A3", what: "another template of one that deletes roll out", kind: statefulSetKind(), on: "open-set",
			change: both(newArgs(), put(map[string]any{"type": "OnDelete"}, spec, "updateStrategy")), ways: only(Merge, Put, JSON)},
		attack{number: "A3", what: "another template and a partition of 0", kind: statefulSetKind(), on: "open-set",
			change: both(newArgs(), put(int64(0), spec, "updateStrategy", "rollingUpdate", "partition"))},
		attack{number: "A3", what: "a mark, typed by hand", kind: statefulSetKind(), on: "open-set", change: annotate(heldKey, "partition=0")},
		attack{number: "A3", what: "another template of a large one", kind: statefulSetKind(), on: "large", change: newArgs()},
		attack{number: "A3", what: "another template of a large one, and one typed by hand", kind: statefulSetKind(), on: "large",
			change: both(newArgs(), annotate(clearedTextKey, "text"))},
		attack{number: "A3", what: "another template, and no annotations", kind: statefulSetKind(), on: "open-set", change: both(newArgs(), drop(metadata, annotations)), removes: true},
		attack{number: "A3", what: "another exposure, held by its partition", kind: statefulSetKind(), on: "open-set", change: eachTemplate(label(exposureLabel, "Public"))},
		attack{number: "A3", what: "another template under a partition of the author's", kind: statefulSetKind(), on: "open-set",
			change: both(newArgs(), put(int64(2), spec, "updateStrategy", "rollingUpdate", "partition"))},
		attack{number: "A3", what: "another template under a rollout of the author's", kind: statefulSetKind(), on: "open-set",
			change: both(newArgs(), put(map[string]any{"partition": int64(1), "maxUnavailable": int64(2)}, spec, "updateStrategy", "rollingUpdate"))},
		attack{number: "A3", what: "another template under the partition of a hold", kind: statefulSetKind(), on: "open-set",
			change: both(newArgs(), put(int64(noOrdinal), spec, "updateStrategy", "rollingUpdate", "partition"))},
		attack{number: "A3", what: "another mark of a held one", kind: statefulSetKind(), on: "stalled-set", change: annotate(heldKey, "over"), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "more replicas", kind: statefulSetKind(), on: "open-set", change: put(int64(3), spec, "replicas")},
		attack{number: "A3", what: "an ordinary label", kind: statefulSetKind(), on: "open-set", change: label("team", "x")},
		attack{number: "A3", what: "another template, claiming nothing", kind: statefulSetKind(), on: "plain-set", change: newArgs()},
		attack{number: "B2", what: "claim a release afterwards", kind: statefulSetKind(), on: "plain-set", change: eachTemplate(label(claimLabel, heldRelease))},
		attack{number: "F3", what: "an accelerator afterwards", kind: statefulSetKind(), on: "plain-set", change: eachTemplate(limit(gpu))},
		attack{number: "A9", what: "a mark by /status", kind: statefulSetKind(), sub: "status", on: "open-set", change: annotate(heldKey, "partition=0"), who: mighty()},
		attack{number: "A9", what: "a status", kind: statefulSetKind(), sub: "status", on: "open-set", change: put("open-set-0", "status", "currentRevision"),
			who: []Identity{kubeSystem("statefulset-controller")}, ways: only(Merge, Put)},
		attack{number: "A3", what: "an uncleared template", kind: daemonSetKind(), on: "open-set", change: eachTemplate(firstContainer(put(image("swapped"), "image")))},
		attack{number: "A3", what: "claim an uncleared release", kind: daemonSetKind(), on: "open-set", change: eachTemplate(label(claimLabel, heldRelease))},
		attack{number: "A3", what: "an uncleared template of an uncleared one", kind: daemonSetKind(), on: "held-set", change: newArgs()},
		attack{number: "A3", what: "an ordinary label", kind: daemonSetKind(), on: "open-set", change: label("team", "x")},
		attack{number: "A3", what: "an ordinary label of a held one", kind: daemonSetKind(), on: "held-set", change: label("team", "x")},
		attack{number: "A3", what: "an uncleared template, held by its partition", kind: statefulSetKind(), on: "open-set", change: eachTemplate(firstContainer(put(image("swapped"), "image")))},
		attack{number: "A3", what: "claim an uncleared release", kind: statefulSetKind(), on: "open-set", change: eachTemplate(label(claimLabel, heldRelease))},
		attack{number: "A3", what: "another template, claiming nothing", kind: daemonSetKind(), on: "plain-set", change: newArgs()},
		attack{number: "F3", what: "an accelerator afterwards", kind: daemonSetKind(), on: "plain-set", change: eachTemplate(limit(gpu))},
		attack{number: "A9", what: "a mark by /status", kind: daemonSetKind(), sub: "status", on: "open-set", change: annotate(heldKey, "resume"), who: mighty()},
		attack{number: "A3", what: "start a held run", kind: jobKind(), on: "held-run", change: put(false, spec, "suspend"), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "start one that its author suspended", kind: jobKind(), on: "suspended-run", change: put(false, spec, "suspend"), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "another mark of one that its author suspended", kind: jobKind(), on: "suspended-run", change: annotate(heldKey, "over"), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "its author's mark", kind: jobKind(), on: "suspended-run", change: annotate(heldKey, "resume"), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "a mark of one that its author suspended, claiming nothing", kind: jobKind(), on: "idle-run", change: annotate(heldKey, "resume")},
		attack{number: "A3", what: "a label of one that its author suspended", kind: jobKind(), on: "suspended-run", change: label("team", "x")},
		attack{number: "A3", what: "claim nothing any more", kind: jobKind(), on: "suspended-run", change: eachTemplate(unlabel(claimLabel)), removes: true, grounds: []Ground{Enforced}},
		attack{number: "A3", what: "an ordinary label of one that waits", kind: jobKind(), on: "waiting-run", change: label("team", "x")},
		attack{number: "A3", what: "another template of one that waits", kind: jobKind(), on: "waiting-run", change: eachTemplate(annotate("x", "y"))},
		attack{number: "A3", what: "start one that waits", kind: jobKind(), on: "waiting-run", change: put(false, spec, "suspend")},
		attack{number: "A3", what: "start one with another template", kind: jobKind(), on: "waiting-run", change: both(eachTemplate(annotate("x", "y")), put(false, spec, "suspend"))},
		attack{number: "A3", what: "into a queue of Kueue", kind: jobKind(), on: "held-run", change: label(queueLabel, "queue"), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "claim nothing any more", kind: jobKind(), on: "held-run", change: eachTemplate(unlabel(claimLabel)), removes: true, grounds: []Ground{Enforced}},
		attack{number: "A3", what: "one that its author suspended, with a mark, claiming nothing", kind: jobKind(), ways: creates(),
			change: annotate(heldKey, "resume"), base: func() map[string]any {
				content := workload(jobKind(), "new", "")
				put(true, spec, "suspend")(content)
				return content
			}},
		attack{number: "A3", what: "a held run without a claim, and paused", kind: deploymentKind(), on: "paused-web", change: eachTemplate(unlabel(claimLabel)), removes: true, grounds: []Ground{Enforced}},
		attack{number: "A3", what: "a held run without a claim", kind: deploymentKind(), on: heldWeb, change: eachTemplate(unlabel(claimLabel)), removes: true, grounds: []Ground{Enforced}},
		attack{number: "A3", what: "start a held run as Scalegate", kind: jobKind(), on: "held-run", change: put(false, spec, "suspend"), grounds: []Ground{Enforced}, who: []Identity{controller()}},
		attack{number: "A3", what: "take the mark off", kind: jobKind(), on: "held-run", change: unannotate(heldKey), grounds: []Ground{Enforced}, removes: true},
		attack{number: "A3", what: "another template while it is suspended", kind: jobKind(), on: "held-run", change: eachTemplate(annotate("x", "y")), grounds: []Ground{Enforced}},
		attack{number: "B2", what: "another claim while it is suspended", kind: jobKind(), on: "held-run", change: eachTemplate(label(claimLabel, "other")), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "an ordinary label", kind: jobKind(), on: "held-run", change: label("team", "x")},
		attack{number: "A3", what: "one in a queue of Kueue", kind: jobKind(), ways: creates(), base: func() map[string]any {
			content := workload(jobKind(), "new", heldRelease)
			label(queueLabel, "queue")(content)
			return content
		}},
		attack{number: "A3", what: "suspend one that claims nothing", kind: jobKind(), on: "plain-run", change: put(true, spec, "suspend")},
		attack{number: "F3", what: "an accelerator afterwards", kind: cronJobKind(), on: "plain-runs", change: eachTemplate(limit(gpu))},
		attack{number: "A3", what: "its author's mark, as paused", kind: jobKind(), on: "held-run", change: annotate(heldKey, "paused"), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "another schedule", kind: cronJobKind(), on: "held-runs", change: put("0 1 1 1 *", spec, "schedule")},
		attack{number: "A3", what: "another template", kind: cronJobKind(), on: "held-runs", change: newArgs()},
		attack{number: "F3", what: "an accelerator afterwards", kind: controllerKind(), on: "plain-rc", change: eachTemplate(limit(gpu))},
		attack{number: "A3", what: "another template", kind: controllerKind(), on: "held-rc", change: newArgs()},
	)
}

// wideOnly leaves out those whose rights do not reach.
func wideOnly(who []Identity) []Identity {
	return slices.DeleteFunc(slices.Clone(who), func(i Identity) bool { return !slices.Contains(i.Groups, GroupWide) })
}

// fixtureName names a fixture among those of its kind.
type fixtureName struct {
	kind Kind
	name string
}

// scales changes the number of replicas where nothing but the number is sent.
func (c *catalogue) scales() {
	scaled := []fixtureName{
		{deploymentKind(), heldWeb}, {deploymentKind(), openWeb}, {replicaSetKind(), heldSet}, {replicaSetKind(), clearedSet},
		{statefulSetKind(), "held-set"}, {statefulSetKind(), "open-set"}, {controllerKind(), "held-rc"},
	}
	for _, o := range customs() {
		if o.scale {
			scaled = append(scaled, fixtureName{o.kind, "lacking"})
		}
	}
	who := slices.Concat(people(), []Identity{kubeSystem("horizontal-pod-autoscaler"), wide("keda", "system:serviceaccount:keda:keda-operator"), replicaSets()})
	for _, on := range scaled {
		who, custom := who, !builtin(on.kind)
		if custom {
			who = wideOnly(who)
		}
		c.add(
			// Kubernetes takes no apply of the scale of a custom kind.
			attack{number: "A1", what: "more of " + on.kind.Resource + " " + on.name, kind: on.kind, sub: "scale", on: on.name, change: put(int64(7), spec, "replicas"), who: who, removes: custom},
			attack{number: "A1", what: "none of " + on.kind.Resource + " " + on.name, kind: on.kind, sub: "scale", on: on.name, change: put(int64(0), spec, "replicas"), who: who, removes: custom},
		)
	}
}

// removals are never refused.
func (c *catalogue) removals() {
	who := slices.Concat(people(), []Identity{controller(), kubeSystem("generic-garbage-collector"), kubeSystem("namespace-controller"), foreignAccount()})
	removed := []fixtureName{
		{deploymentKind(), heldWeb}, {deploymentKind(), openWeb}, {replicaSetKind(), heldSet}, {replicaSetKind(), clearedSet},
		{statefulSetKind(), "held-set"}, {daemonSetKind(), "open-set"}, {jobKind(), "held-run"}, {cronJobKind(), "held-runs"},
		{controllerKind(), "held-rc"}, {configMapKind(), "settings"},
	}
	for _, o := range customs() {
		removed = append(removed, fixtureName{o.kind, "lacking"})
	}
	for _, on := range removed {
		who := who
		if !builtin(on.kind) {
			who = wideOnly(who)
		}
		c.add(
			attack{number: "A4", what: "delete " + on.name, kind: on.kind, on: on.name, ways: only(Delete), who: who},
			attack{number: "A11", what: "delete all like " + on.name, kind: on.kind, on: on.name, ways: only(DeleteCollection), who: who},
		)
	}
}
