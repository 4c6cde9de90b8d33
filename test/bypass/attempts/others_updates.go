// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strings"
)

func (c *catalogue) customUpdates(o custom) {
	who := []Identity{clusterAdmin()}
	one := func(what, on string, change Change) attack {
		return attack{number: "A3", what: what, kind: o.kind, on: on, change: change, ways: only(Merge), who: who, grounds: []Ground{Enforced}}
	}
	c.add(
		one("other arguments under the exposure that it had", "exposed", eachOf(o, newArgsOfTemplate())),
		one("another model under the exposure that it had", "exposed", o.firstRenamed()),
		one("an ordinary label", "exposed", label("team", "x")),
		one("another release under an exposure", "exposed-lacking", o.claim(clearedRelease, claimLabel)),
	)
	for _, release := range []string{"short", "future", clearedRelease} {
		claim := one("claim "+release+" under a clearance that is none, or has ended", "plain", o.claim(release, claimLabel))
		claim.grounds = []Ground{Ended}
		c.add(claim)
	}
	for _, on := range []string{"cleared", "lacking", "plain"} {
		every, claiming := one("an ordinary label", on, label("team", "x")), one("claim the uncleared release", on, o.claim(heldRelease, claimLabel))
		every.ways, every.grounds = nil, nil
		claiming.ways, claiming.grounds, claiming.who = nil, nil, []Identity{clusterAdmin(), gitOps(), safetyTeam(), controller(), foreignAccount()}
		c.add(
			every, one("a field that changes no pod", on, put("x", spec, "example")),
			one("claim the cleared release", on, o.claim(clearedRelease, claimLabel)),
			claiming,
			one("claim nobody's release", on, o.claim("nobody", claimLabel)),
			one("the granted exposure", on, o.claim(grantedExposure, exposureLabel)),
			one("another exposure", on, o.claim("Public", exposureLabel)),
		)
		for _, s := range o.spots {
			c.spotUpdates(o, s, on, who)
		}
		for _, path := range o.names {
			c.add(one("another "+path, on, o.renamed(path)))
		}
		c.namedImages(o, on, who)
	}
}

// bareUpdates changes which model it is where templates say nothing.
func (c *catalogue) bareUpdates(o custom) {
	for _, fixture := range o.bare() {
		c.add(attack{number: "A3", what: "an ordinary label", kind: o.kind, on: fixture.Name, change: label("team", "x"), ways: only(Merge),
			who: []Identity{clusterAdmin()}, grounds: []Ground{Enforced}})
		for _, path := range o.names {
			c.add(attack{number: "A3", what: "another " + path, kind: o.kind, on: fixture.Name, change: o.renamed(path), ways: only(Merge),
				who: []Identity{clusterAdmin()}, grounds: []Ground{Enforced}})
		}
	}
}

// spotUpdates changes one spot.
func (c *catalogue) spotUpdates(o custom, s spot, on string, who []Identity) {
	changes := map[string]Change{
		"other arguments":                      newArgsOfTemplate(),
		"another image":                        firstContainer(put(image("swapped"), "image")),
		"an image by tag":                      firstContainer(put("registry.example/server:latest", "image")),
		"a cleared digest as a tag":            firstContainer(put("registry.example/server:"+digest("server"), "image")),
		"an init container":                    append1(map[string]any{"name": "first", "image": image("swapped")}, spec, "initContainers"),
		"an init container of a cleared image": append1(map[string]any{"name": "first", "image": image("server")}, spec, "initContainers"),
		"an init container without an image":   append1(map[string]any{"name": "first"}, spec, "initContainers"),
		"other weights": append1(map[string]any{
			"name": "other", "image": map[string]any{"reference": image("other weights")},
		}, spec, "volumes"),
		"an ordinary volume": append1(map[string]any{"name": "scratch", "emptyDir": map[string]any{}}, spec, "volumes"),
		"a GPU":              limit(gpu),
	}
	for _, field := range s.free {
		changes["another "+field], changes["no "+field] = put(int64(2), spec, field), drop(spec, field)
	}
	for _, field := range s.more {
		changes["another "+field] = put(map[string]any{"image": image("swapped")}, spec, field)
		changes["a cleared "+field] = put(map[string]any{"image": image("server")}, spec, field)
	}
	if s.form == whole {
		changes["an ordinary annotation of the pods"] = annotate("example.com/note", "x")
		changes["an ordinary label of the pods"] = label("team", "x")
		changes["an annotation that gives devices"] = annotate("cdi.k8s.io/gpu", "nvidia.com/gpu=0")
		changes["claim the uncleared release"] = label(claimLabel, heldRelease)
	}
	for what, change := range changes {
		if s.form != built {
			c.add(attack{number: "A3", what: what + " at " + s.path, kind: o.kind, on: on, change: s.inSpot(change), ways: only(Merge), who: who, grounds: []Ground{Enforced}})
		}
	}
	if s.form == inlined && slices.Contains(s.claims, ".labels") {
		claim := s.inSpot(put(map[string]any{claimLabel: heldRelease}, spec, labels))
		c.add(attack{number: "B2", what: "claim the uncleared release at " + s.path, kind: o.kind, on: on, change: claim, ways: only(Merge), who: who, grounds: []Ground{Enforced}})
	}
	c.add(attack{number: "A3", what: "take away " + s.path, kind: o.kind, on: on, change: o.without(s), ways: only(Merge), who: who, grounds: []Ground{Enforced}})
}

// without takes a spot away.
func (o custom) without(s spot) Change {
	path, _, list := strings.Cut(s.path, "[]")
	keys := strings.Split(path, ".")
	if !list {
		return drop(keys...)
	}
	return put([]any{}, keys...)
}

// firstRenamed names another model at the first path, where there is one.
func (o custom) firstRenamed() Change {
	if len(o.names) == 0 {
		return put("x", spec, "example")
	}
	return o.renamed(o.names[0])
}

// renamed names another model at a path.
func (o custom) renamed(path string) Change {
	keys := strings.Split(path, ".")
	if many(keys[len(keys)-1]) {
		return put([]any{map[string]any{"name": "other"}}, keys...)
	}
	switch keys[len(keys)-1] {
	case "image", "model", "vllmConfig", "lmCacheConfig", "storageConfig", "sidecarConfig", "resources", "storage", "clusterSelector", "storageInitializer":
		if path == "spec.image" && len(o.images) == 1 {
			return put(image("server"), keys...)
		}
		return put(map[string]any{"example": "other"}, keys...)
	default:
		return put("other", keys...)
	}
}

// namedImages are images outside of spots.
func (c *catalogue) namedImages(o custom, on string, who []Identity) {
	for _, path := range o.images {
		for what, reference := range map[string]string{
			"another image": image("swapped"), "a cleared image": image("server"), "an image by tag": "registry.example/server:latest",
			"a cleared digest as a tag": "registry.example/server:" + digest("server"),
		} {
			change := func(content map[string]any) { o.place(content, path, reference) }
			c.add(attack{number: "R9", what: what + " at " + path, kind: o.kind, on: on, change: change, ways: only(Merge), who: who, grounds: []Ground{Enforced}})
		}
	}
}

// customHolds is what is tried on the holds of those kinds that have one.
func (c *catalogue) customHolds(o custom) {
	if o.partition == "" && o.suspend == "" {
		return
	}
	who := []Identity{clusterAdmin(), gitOps(), safetyTeam(), controller(), foreignAccount()}
	path := strings.Split(o.partition+o.suspend, ".")
	if o.suspend != "" {
		c.add(
			attack{number: "A3", what: "an ordinary label of one that waits", kind: o.kind, on: "idle", change: label("team", "x"), who: who},
			attack{number: "A3", what: "another template of one that waits", kind: o.kind, on: "idle", change: eachOf(o, newArgsOfTemplate()), who: who},
			attack{number: "A3", what: "a mark of one that waits, claiming nothing", kind: o.kind, on: "idle-plain", change: annotate(heldKey, "resume"), who: who},
			attack{number: "A3", what: "claim nothing any more, of one that its author suspended", kind: o.kind, on: "idle-lacking", change: o.unclaimed(),
				who: who, removes: true, grounds: []Ground{Enforced}},
			attack{number: "A3", what: "start one that waits", kind: o.kind, on: "idle", change: put(o.inverse, path...), who: who},
			attack{number: "A3", what: "suspend one that runs", kind: o.kind, on: "cleared", change: put(!o.inverse, path...), who: who},
			attack{number: "A3", what: "start one with another template", kind: o.kind, on: "idle", who: who,
				change: both(eachOf(o, newArgsOfTemplate()), put(o.inverse, path...))},
		)
	}
	on := "lacking"
	value := any(o.inverse)
	if o.partition != "" {
		on, value = "stalled", int64(0)
	}
	with := func(what string, change Change, removes bool) attack {
		return attack{number: "A3", what: what, kind: o.kind, on: on, change: change, removes: removes, who: who, grounds: []Ground{Enforced}}
	}
	if o.partition != "" {
		group := eachOf(o, firstContainer(put(image("server"), "image")))
		c.add(
			attack{number: "A3", what: "another template of a large one", kind: o.kind, on: "large", change: eachOf(o, newArgsOfTemplate()), ways: only(Merge, Put), who: who[:2]},
			attack{number: "A3", what: "another template of a large one, and one typed by hand", kind: o.kind, on: "large", ways: only(Merge, Put), who: who[:2],
				change: both(eachOf(o, newArgsOfTemplate()), annotate(clearedTextKey, "text"))},
			attack{number: "A3", what: "another template, and no annotations", kind: o.kind, on: "cleared", ways: only(Merge, Put), who: who[:2],
				change: both(eachOf(o, newArgsOfTemplate()), drop(metadata, annotations))},
			attack{number: "A3", what: "another template, and a rollout of its author's", kind: o.kind, on: "cleared", ways: only(Merge, Put), who: who[:2],
				change: both(eachOf(o, newArgsOfTemplate()), func(content map[string]any) {
					o.place(content, o.partition, int64(1))
					put(int64(2), append(path[:len(path)-1:len(path)-1], "maxUnavailable")...)(content)
				})},
			attack{number: "A3", what: "a mark under the partition of a hold, claiming nothing", kind: o.kind, on: "unreached", ways: only(Merge, Put), who: who[:2],
				change: annotate(heldKey, "partition=1")},
			attack{number: "A3", what: "another partition of the author's", kind: o.kind, on: on, change: put(int64(3), path...), who: who[:2], grounds: []Ground{Enforced}},
			attack{number: "A3", what: "another template under a partition of the author's", kind: o.kind, on: "cleared", who: who[:2],
				change: both(eachOf(o, newArgsOfTemplate()), func(content map[string]any) { o.place(content, o.partition, int64(2)) })},
			attack{number: "A3", what: "another template under the partition of a hold", kind: o.kind, on: "cleared", who: who[:2],
				change: both(eachOf(o, newArgsOfTemplate()), func(content map[string]any) { o.place(content, o.partition, int64(noOrdinal)) })},
		)
		c.add(attack{number: "E11", what: returns, kind: o.kind, on: on, change: group, ways: only(Merge, Put), who: who[:2], grounds: []Ground{Enforced}})
	}
	c.add(
		with("let it go on", put(value, path...), false),
		with("take the mark off", unannotate(heldKey), true),
		with("take mark and hold off", both(unannotate(heldKey), put(value, path...)), true),
		with("another mark", annotate(heldKey, "over"), false),
		with("its author's mark, as paused", annotate(heldKey, "paused"), false),
		with("its author's mark, as resume", annotate(heldKey, "resume"), false),
		with("claim nothing any more", o.unclaimed(), true),
		with("claim nothing any more, and no rollout", both(o.unclaimed(), drop(spec, "rolloutStrategy")), true),
		with("into a queue of Kueue", label(queueLabel, "queue"), false),
		with("a cleared template, typed by hand", annotate(clearedTextKey, "text"), false),
		attack{number: "A3", what: "an ordinary label of a held one", kind: o.kind, on: on, change: label("team", "x"), who: who[:2], grounds: []Ground{Enforced}},
		attack{number: "A3", what: "a mark, typed by hand", kind: o.kind, on: "plain", change: annotate(heldKey, "resume"), who: who[:2]},
		attack{number: "A3", what: "one in a queue of Kueue", kind: o.kind, ways: creates(), who: who[:2], base: func() map[string]any {
			content := o.object("new", heldRelease)
			label(queueLabel, "queue")(content)
			return content
		}},
	)
}

// unclaimed takes the claims off.
func (o custom) unclaimed() Change { return eachOf(o, unlabel(claimLabel)) }

// eachOf applies the change at every spot.
func eachOf(o custom, change Change) Change {
	return func(content map[string]any) {
		for _, s := range o.spots {
			s.inSpot(change)(content)
		}
	}
}
