// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

// withoutHold changes the templates of what has no lossless hold: DaemonSets, and StatefulSets whose pods are replaced
// when somebody deletes them.
func (c *catalogue) withoutHold() {
	volume := func(reference string) Change {
		return func(template map[string]any) {
			for _, v := range listAt(template, spec, "volumes") {
				put(reference, "image", "reference")(v)
			}
		}
	}
	initial := func(reference string) Change {
		return append1(map[string]any{"name": "first", "image": reference}, spec, "initContainers")
	}
	for what, change := range map[string]Change{
		"other arguments":                      newArgsOfTemplate(),
		"another image":                        firstContainer(put(image("swapped"), "image")),
		"an image by tag":                      firstContainer(put("registry.example/server:latest", "image")),
		"a cleared digest as a tag":            firstContainer(put("registry.example/server:"+digest("server"), "image")),
		"an init container":                    initial(image("swapped")),
		"an init container of a cleared image": initial(image("server")),
		"other weights":                        volume(image("other weights")),
		"an ordinary volume":                   append1(map[string]any{"name": "scratch", "emptyDir": map[string]any{}}, spec, "volumes"),
		"an uncleared release":                 label(claimLabel, heldRelease),
		"the granted exposure":                 label(exposureLabel, grantedExposure),
		"another exposure":                     label(exposureLabel, "Public"),
		"nobody's release":                     label(claimLabel, "nobody"),
	} {
		c.add(
			attack{number: "A3", what: what + " where nothing holds", kind: daemonSetKind(), on: "open-set", change: eachTemplate(change)},
			attack{number: "A3", what: what + " where nothing holds", kind: statefulSetKind(), on: "deleting-set", change: eachTemplate(change)},
		)
	}
	c.add(
		attack{number: "A3", what: "other arguments under the exposure that it had", kind: daemonSetKind(), on: "exposed-set", change: newArgs()},
		attack{number: "A3", what: "another release under the exposure that it had", kind: daemonSetKind(), on: "exposed-set", change: eachTemplate(label(claimLabel, clearedRelease)), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "another release with an exposure", kind: daemonSetKind(), on: "exposed-elsewhere",
			change: eachTemplate(both(label(claimLabel, clearedRelease), serverAlone)), removes: true},
		attack{number: "A3", what: "no exposure any more", kind: daemonSetKind(), on: "exposed-set", change: eachTemplate(unlabel(exposureLabel)), removes: true},
		attack{number: "A3", what: "an ordinary label of an uncleared one where nothing holds", kind: statefulSetKind(), on: "deleting-lacking", change: label("team", "x")},
		attack{number: "A3", what: "roll out when pods are deleted", kind: statefulSetKind(), on: "held-set", change: put(map[string]any{"type": "OnDelete"}, spec, "updateStrategy"), ways: only(Merge, Put, JSON)},
		attack{number: "A3", what: "an ordinary label where nothing holds", kind: statefulSetKind(), on: "deleting-set", change: label("team", "x")},
		attack{number: "A3", what: "a held rollout that goes on when pods are deleted", kind: statefulSetKind(), on: "stalled-set",
			change: put(map[string]any{"type": "OnDelete"}, spec, "updateStrategy"), ways: only(Merge, Put, JSON)},
		attack{number: "A3", what: "another partition", kind: statefulSetKind(), on: "stalled-set", change: put(int64(0), spec, "updateStrategy", "rollingUpdate", "partition"), grounds: []Ground{Enforced}},
		attack{number: "A3", what: "take the mark off", kind: statefulSetKind(), on: "stalled-set", change: unannotate(heldKey), grounds: []Ground{Enforced}, removes: true},
		attack{number: "A3", what: "take mark and rollout off", kind: statefulSetKind(), on: "stalled-set", grounds: []Ground{Enforced}, removes: true,
			change: both(unannotate(heldKey), drop(spec, "updateStrategy", "rollingUpdate"))},
		attack{number: "A3", what: "more replicas of a held one", kind: statefulSetKind(), on: "stalled-set", change: put(int64(3), spec, "replicas")},
		attack{number: "A3", what: "lift the hold as Scalegate", kind: statefulSetKind(), on: "stalled-set", removes: true, grounds: []Ground{Enforced}, who: []Identity{controller()},
			change: both(unannotate(heldKey), put(int64(0), spec, "updateStrategy", "rollingUpdate", "partition"))},
		attack{number: "E11", what: returns, kind: statefulSetKind(), on: "stalled-set", change: eachTemplate(firstContainer(put(image("server"), "image"))), grounds: []Ground{Enforced}},
	)
	for _, release := range []string{"short", "future", clearedRelease} {
		c.add(attack{number: "E3", what: "claim " + release + ", whose clearance is none", kind: daemonSetKind(), on: "open-set",
			change: eachTemplate(label(claimLabel, release)), grounds: []Ground{Ended}})
	}
}

// serverAlone leaves a template with the cleared image and nothing else.
func serverAlone(template map[string]any) {
	drop(spec, "volumes")(template)
	firstContainer(drop("volumeMounts"))(template)
}

// newArgsOfTemplate is what newArgs does to a template.
func newArgsOfTemplate() Change { return firstContainer(put([]any{"--model=/other"}, "args")) }
