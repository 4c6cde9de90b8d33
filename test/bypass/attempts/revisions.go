// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "slices"

// remembered is what workload controllers remember: revisions, and the status that names them.
func (c *catalogue) remembered() {
	kcm := wide("kube-controller-manager", "system:kube-controller-manager")
	keepers := []Identity{
		kubeSystem("statefulset-controller"), kubeSystem("daemon-set-controller"), kubeSystem("generic-garbage-collector"),
		kubeSystem("namespace-controller"), kcm,
	}
	others := slices.Concat(wideOnly(people()), forged(), []Identity{kubeSystem("deployment-controller"), safetyTeam()})
	for _, who := range [][]Identity{others, keepers} {
		with := func(what string, base func() map[string]any) attack {
			return attack{number: "R8", what: what, kind: revisionKind(), base: base, ways: creates(), who: who}
		}
		c.add(
			attack{number: "R8", what: "another number in a recorded template", kind: revisionKind(), on: "revision", change: put(int64(7), "revision"), who: who},
			attack{number: "R8", what: "a recorded template away", kind: revisionKind(), on: "revision", ways: only(Delete, DeleteCollection), who: who},
			attack{number: "R8", what: "a recorded template that claims nothing away", kind: revisionKind(), on: "plain-revision", ways: only(Delete), who: who},
			with("a recorded template of one's own", revision(clearedRelease, "")),
			with("a recorded template of one's own, as they are written", revision(clearedRelease, "replace")),
			with("a recorded template that claims nothing", revision("", "replace")),
			with("a recorded template that is merged and claims nothing", revision("", "")),
			with("a revision of something else", func() map[string]any {
				content := revision("", "")()
				content["data"] = map[string]any{"dataset": "v1"}
				return content
			}),
		)
	}
	for _, kind := range []Kind{statefulSetKind(), daemonSetKind(), replicaSetKind(), jobKind()} {
		held, plain, count := "held-set", "plain-set", []string{"status", "observedGeneration"}
		if kind == jobKind() {
			held, plain, count = "held-run", "plain-run", []string{"status", "active"}
		}
		status := func(what, on string, change Change, who ...Identity) attack {
			return attack{number: "A9", what: what, kind: kind, sub: "status", on: on, change: change, who: who, ways: only(Merge, Put)}
		}
		makers := []Identity{
			kubeSystem("statefulset-controller"), kubeSystem("daemon-set-controller"), replicaSets(), kubeSystem("job-controller"), kcm,
		}
		c.add(
			status("a status of its controller's", held, put(int64(0), count...), makers...),
			status("a status, typed by hand", held, put(int64(0), count...), slices.Concat(mighty(), []Identity{controller()})...),
			status("a note by /status", held, annotate("example.com/note", "x"), mighty()...),
			status("a note by /status, as its controller", held, annotate("example.com/note", "x"), makers...),
			status("a note by /status, claiming nothing", plain, annotate("example.com/note", "x"), mighty()...),
		)
	}
}

// revision is the body of a recorded template; patch says how it goes over the present one.
func revision(release, patch string) func() map[string]any {
	return func() map[string]any {
		content := object(revisionKind(), "forged")
		content["revision"] = int64(9)
		recorded := podTemplate("open-set", release)
		if patch != "" {
			recorded["$patch"] = patch
		}
		content["data"] = map[string]any{spec: map[string]any{"template": recorded}}
		return content
	}
}

// parameters is what the manager puts admission policies back with.
func (c *catalogue) parameters() {
	who := slices.Concat([]Identity{clusterAdmin(), gitOps(), safetyTeam(), controller()}, forged())
	name := "scalegate-admission-parameters"
	with := func(name string) func() map[string]any {
		return func() map[string]any {
			content := object(configMapKind(), name)
			content["data"] = map[string]any{"controller": "'somebody'"}
			return content
		}
	}
	c.add(
		attack{number: "C10", what: "parameters of the admission policies", kind: configMapKind(), on: name, change: put("'somebody'", "data", "controller"), who: who, grounds: []Ground{Home}},
		attack{number: "C10", what: "parameters of the admission policies, made anew", kind: configMapKind(), base: with(name), ways: only(Create), who: who, grounds: []Ground{Home}},
		attack{number: "C10", what: "a ConfigMap of the same name elsewhere", kind: configMapKind(), base: with(name), ways: creates(), who: who, grounds: []Ground{Enforced, Ungoverned}},
		attack{number: "C10", what: "another ConfigMap beside them", kind: configMapKind(), base: with("other"), ways: creates(), who: who, grounds: []Ground{Home}},
	)
}
