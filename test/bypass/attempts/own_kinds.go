// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"slices"
	"strconv"
)

// namespaces is what is tried on what says who is governed, and on what clears.
func (c *catalogue) namespaces() {
	outside := slices.Concat([]Identity{clusterAdmin(), gitOps(), safetyTeam(), replicaSets(), kubeSystem("namespace-controller")}, forged())
	everybody := slices.Concat(outside, []Identity{controller()})
	text := "v1|2999-01-01T00:00:00Z|General|free|00000000-0000-4000-8000-000000000001|" + digest("server") + "|2026-01-01T00:00:00Z"
	for _, sub := range []string{"", "status", "finalize"} {
		ways := []Way{Merge, Put, JSON, Strategic, Apply}
		if sub == "finalize" {
			ways = only(Put)
		}
		with := func(number, what string, change Change, removes bool) attack {
			w := ways
			if removes {
				w = slices.DeleteFunc(slices.Clone(ways), func(way Way) bool { return way == Apply })
			}
			if sub != "" {
				what += " by /" + sub
			}
			return attack{number: number, what: what, kind: namespaceKind(), sub: sub, on: "namespace", change: change, ways: w, who: everybody}
		}
		c.add(
			with("A9", "a clearance, typed by hand", annotate(clearancePrefix+"mine", text), false),
			with("A9", "a clearance that is taken away", unannotate(clearancePrefix+clearedRelease), true),
			with("A9", "a clearance that is longer", annotate(clearancePrefix+clearedRelease, text), false),
			with("B1", "the gate off", unlabel(gateLabel), true),
			with("B1", "the gate audited", label(gateLabel, "audited"), false),
			with("B1", "the gate enforced", label(gateLabel, "enforced"), false),
			with("B1", "a gate that is misspelt", label(gateLabel, "Enforced"), false),
			with("B1", "every pod must claim", label(claimsLabel, "all"), false),
			with("B1", "a claims word that is misspelt", label(claimsLabel, "everything"), false),
			with("B1", "an exemption", annotate(exemptKey, "Ours."), false),
			with("B1", "an ordinary label", label("team", "x"), false),
			with("B1", "an ordinary label away", unlabel("example.com/kept"), true),
			with("B1", "an ordinary label from audited to enforced", label("example.com/mode", "enforced"), false),
			with("B1", "an ordinary annotation away", unannotate("example.com/kept"), true),
			with("B1", "another ordinary annotation", annotate("example.com/kept", "y"), false),
			with("B1", "an ordinary annotation", annotate("example.com/note", "x"), false),
			with("R15", "a finalizer", put([]any{"bypass.example/stay"}, metadata, "finalizers"), false),
			with("R15", "an owner", owned("v1", "ConfigMap", "00000000-0000-4000-8000-000000000009"), false),
		)
	}
	loosened := with2(namespaceKind(), "B1", everybody)
	for _, ground := range []Ground{EnforcedAll, Audited, Ungoverned, Exempt} {
		for what, change := range map[string]Change{
			"an ordinary label": label("team", "x"), "an ordinary label away": unlabel("example.com/kept"),
			"the gate enforced": label(gateLabel, "enforced"), "the gate audited": label(gateLabel, "audited"), "the gate off": unlabel(gateLabel),
			"the gate enforced, and a label": both(label(gateLabel, "enforced"), label("team", "x")),
			"an exemption":                   annotate(exemptKey, "Ours."), "an exemption away": unannotate(exemptKey),
			"an ordinary annotation": annotate("example.com/note", "x"),
		} {
			c.add(loosened(what+" of "+string(ground), change, []Ground{ground}))
		}
	}
	c.add(
		loosened("pods need claim no more", unlabel(claimsLabel), []Ground{EnforcedAll}),
		loosened("claims of another word", label(claimsLabel, "some"), []Ground{EnforcedAll}),
		attack{number: "R15", what: "the finalizers of its spec", kind: namespaceKind(), sub: "finalize", on: "namespace", ways: only(Put), who: everybody,
			change: put([]any{"kubernetes", "bypass.example/stay"}, spec, "finalizers")},
		attack{number: "A4", what: "delete the namespace", kind: namespaceKind(), on: "namespace", ways: only(Delete), who: outside},
	)
	for what, change := range map[string]Change{
		"an ordinary label of a misspelt one": label("team", "x"), "a gate that is spelled right": label(gateLabel, "enforced"),
		"claims that are spelled right": label(claimsLabel, "all"), "another misspelt gate": label(gateLabel, "on"), "another misspelt word of claims": label(claimsLabel, "some"),
	} {
		c.add(attack{number: "B1", what: what, kind: namespaceKind(), on: "namespace", change: change, ways: only(Merge, Put), who: everybody, grounds: []Ground{Misspelt}})
	}
	c.crowds(everybody)
	for what, change := range map[string]Change{
		"a namespace": nil, "a namespace that is governed": label(gateLabel, "enforced"), "a namespace that is audited": label(gateLabel, "audited"),
		"a namespace with a clearance":             annotate(clearancePrefix+"mine", text),
		"a namespace with a gate that is misspelt": label(gateLabel, "on"),
		"a namespace that is exempt":               annotate(exemptKey, "Ours."),
		"a namespace with claims misspelt":         label(claimsLabel, "every"),
	} {
		c.add(attack{number: "B1", what: what, kind: namespaceKind(), ways: creates(), change: change, who: everybody, grounds: []Ground{Ungoverned},
			base: func() map[string]any { return object(namespaceKind(), "bypass-new") }})
	}
}

// crowds puts so much on a namespace that nothing more fits.
func (c *catalogue) crowds(who []Identity) {
	many := func(key string) Change {
		return func(content map[string]any) {
			for i := range MostNotes + 1 {
				put("x", metadata, key, "example.com/n"+strconv.Itoa(i))(content)
			}
		}
	}
	with := func(what string, change Change, grounds ...Ground) attack {
		return attack{number: "E10", what: what, kind: namespaceKind(), on: "namespace", change: change, ways: only(Merge, Put), who: who, grounds: grounds}
	}
	for _, key := range []string{labels, annotations} {
		c.add(
			with("too many "+key, many(key), Enforced, Ungoverned),
			with("one more of its "+key, put("x", metadata, key, "example.com/more"), Crowded),
			with("another of its "+key, put("y", metadata, key, "example.com/kept"), Crowded),
			with("one less of its "+key, drop(metadata, key, "example.com/kept"), Crowded),
		)
	}
	c.add(with("a clearance where there is no room", annotate(clearancePrefix+clearedRelease, "v1"), Crowded))
}

// elsewhere serves our kinds from somewhere else.
func (c *catalogue) elsewhere() {
	kind := Kind{"apiregistration.k8s.io", "v1", "apiservices", "APIService", false}
	who := slices.Concat([]Identity{clusterAdmin(), gitOps(), safetyTeam(), controller()}, forged())
	base := func(group string, service bool) func() map[string]any {
		return func() map[string]any {
			content := object(kind, "v9."+group)
			content[spec] = map[string]any{"group": group, "version": "v9", "groupPriorityMinimum": int64(1000), "versionPriority": int64(1)}
			if service {
				put(map[string]any{"namespace": "default", "name": "mine", "port": int64(443)}, spec, "service")(content)
				put(true, spec, "insecureSkipTLSVerify")(content)
			}
			return content
		}
	}
	served := func(what, group string, service bool) attack {
		return attack{number: "A14", what: what, kind: kind, base: base(group, service), ways: creates(), who: who, grounds: []Ground{Enforced}}
	}
	mine := both(put(map[string]any{"namespace": "default", "name": "mine", "port": int64(443)}, spec, "service"), put(true, spec, "insecureSkipTLSVerify"))
	c.add(
		served("our group, served from elsewhere", ownGroup, true), served("our group, served as it is", ownGroup, false),
		served("another group, served from elsewhere", "example.com", true),
		attack{number: "A14", what: "our version, served from elsewhere", kind: kind, on: "v1alpha1." + ownGroup, change: mine, who: who, ways: only(Merge, Put), grounds: []Ground{Enforced}},
		attack{number: "A14", what: "an ordinary label on our version", kind: kind, on: "v1alpha1." + ownGroup, change: label("team", "x"), who: who, ways: only(Merge, Put), grounds: []Ground{Enforced}},
	)
}

// with2 is an attack on the kind that only removes or changes a word.
func with2(kind Kind, number string, who []Identity) func(string, Change, []Ground) attack {
	return func(what string, change Change, grounds []Ground) attack {
		return attack{number: number, what: what, kind: kind, on: "namespace", change: change, who: who, grounds: grounds, removes: true}
	}
}

// ownKinds is what is tried on Scalegate's own objects.
func (c *catalogue) ownKinds() {
	c.evidence()
	c.findings()
	c.reaches()
	c.revocations()
	c.revokedReleases()
	c.revokedEvaluations()
	c.peoples()
	writers := slices.Concat([]Identity{clusterAdmin(), gitOps(), safetyTeam()}, forged())
	condition := append1(map[string]any{
		"type": "Ready", "status": "True", "reason": "Cleared", "message": "By hand.", "lastTransitionTime": "2026-01-01T00:00:00Z",
	}, "status", "conditions")
	for _, on := range []struct {
		kind Kind
		name string
	}{
		{policyKind(), policyName}, {releaseKind(), heldRelease}, {evaluationKind(), "evidence"}, {suiteKind(), suiteName}, {findingKind(), "bypass-standing"},
		{approvalKind(), "approved"}, {waiverKind(), "waived"}, {determinationKind(), "judged-reached"}, {policyApprovalKind(), "bypass-approved"},
		{policyRevisionKind(), "bypass-gone-1"}, {decisionKind(), "signed-1"},
	} {
		grounds := []Ground{Enforced, Audited, Ungoverned}
		if !on.kind.Namespaced {
			grounds = grounds[:1]
		}
		change := func(content map[string]any) {
			if on.kind == decisionKind() {
				put("2026-01-03T00:00:00Z", "status", "enforcedTime")(content)
				return
			}
			if len(listAt(content, "status", "conditions")) == 0 {
				condition(content)
				return
			}
			put("By hand.", "message")(listAt(content, "status", "conditions")[0])
		}
		c.add(
			attack{number: "D1", what: "a status, typed by hand", kind: on.kind, sub: "status", on: on.name, change: change, who: writers, grounds: grounds},
			attack{number: "D1", what: "a status of Scalegate's", kind: on.kind, sub: "status", on: on.name, change: change, who: []Identity{controller()}, grounds: grounds},
		)
		if signedKinds()[on.kind] == "" && on.kind != decisionKind() && on.kind != policyRevisionKind() {
			c.add(
				attack{number: "D6", what: "an ordinary label", kind: on.kind, on: on.name, change: label("team", "x"), who: writers, grounds: grounds},
				attack{number: "D6", what: "a finalizer", kind: on.kind, on: on.name, change: put([]any{"bypass.example/stay"}, metadata, "finalizers"), who: writers, grounds: grounds},
			)
		}
	}
	deletes := slices.Concat(writers, []Identity{controller(), kubeSystem("generic-garbage-collector")})
	cluster := []Ground{Enforced}
	c.add(
		attack{number: "D6", what: "delete a policy in use", kind: policyKind(), on: policyName, ways: only(Delete, DeleteCollection), who: deletes, grounds: cluster},
		attack{number: "D6", what: "delete a policy that nobody uses", kind: policyKind(), on: unused, ways: only(Delete, DeleteCollection), who: deletes, grounds: cluster},
		attack{number: "D6", what: "delete a release that serves", kind: releaseKind(), on: clearedRelease, ways: only(Delete, DeleteCollection), who: slices.Concat(people(), deletes)},
		attack{number: "D6", what: "delete a release whose workloads are held", kind: releaseKind(), on: heldRelease, ways: only(Delete, DeleteCollection), who: slices.Concat(people(), deletes)},
		attack{number: "R15", what: "delete a release that serves in a namespace that goes", kind: releaseKind(), on: "leaving", ways: only(Delete, DeleteCollection),
			who: slices.Concat(people(), []Identity{kubeSystem("namespace-controller")}), grounds: []Ground{Leaving}},
		attack{number: "D6", what: "delete a release without workloads", kind: releaseKind(), on: spareRelease, ways: only(Delete, DeleteCollection), who: slices.Concat(people(), deletes)},
		attack{number: "D7", what: "a release that asks for less", kind: releaseKind(), on: spareRelease, change: put("Low", spec, "level")},
		attack{number: "D7", what: "a policy with a longer lease", kind: policyKind(), on: policyName, change: put(int64(3600), spec, "clearanceSeconds"), who: writers, grounds: cluster},
		attack{number: "D6", what: "make a release", kind: releaseKind(), ways: creates(), base: func() map[string]any { return modelRelease("new", "High") }},
		attack{number: "D6", what: "make a suite", kind: suiteKind(), ways: creates(), base: func() map[string]any { return evaluationSuite("bypass-new") }, who: writers, grounds: cluster},
		attack{number: "D6", what: "delete a suite", kind: suiteKind(), on: suiteName, ways: only(Delete, DeleteCollection), who: writers, grounds: cluster},
		attack{number: "D6", what: "make a policy", kind: policyKind(), ways: creates(), base: func() map[string]any { return safetyPolicy("bypass-new") }, who: writers, grounds: cluster},
	)
	c.boundController()
	c.elsewhere()
	c.definitions()
}

func (c *catalogue) evidence() {
	base := func() map[string]any { return safetyEvaluation("new") }
	who := slices.Concat(people(), []Identity{evaluator(), safetyTeam(), controller()})
	c.add(
		attack{number: "D2", what: "evidence that does not say whose", kind: evaluationKind(), base: base, ways: creates(), who: who},
		attack{number: "D2", what: "a run that is ordered", kind: evaluationKind(), base: func() map[string]any { return ordered("new") }, ways: creates(), who: who},
		attack{number: "D2", what: "evidence in another's name", kind: evaluationKind(), base: base, ways: creates(), who: who, change: put("somebody", spec, "evaluator")},
		attack{number: "D2", what: "evidence in Scalegate's name", kind: evaluationKind(), base: base, ways: creates(), who: people(), change: put(controllerName, spec, "evaluator")},
		attack{number: "E7", what: "evidence without a spec", kind: evaluationKind(), base: func() map[string]any { return object(evaluationKind(), "new") }, ways: only(Create), who: people()},
		attack{number: "D2", what: "evidence in one's own name", kind: evaluationKind(), base: base, ways: creates(), who: []Identity{evaluator()}, change: put(evaluator().Name, spec, "evaluator")},
		attack{number: "D2", what: "evidence in one's own name, with its reach", kind: evaluationKind(), base: base, ways: creates(), who: []Identity{evaluator()},
			change: both(evaluatedBy(evaluator()), put("Namespace", spec, "reach"))},
		attack{number: "D2", what: "evidence in one's own name and another's groups", kind: evaluationKind(), base: base, ways: creates(), who: []Identity{evaluator()},
			change: both(evaluatedBy(evaluator()), append1("bypass:institute", spec, "evaluatorGroups"), put("Namespace", spec, "reach"))},
		attack{number: "D2", what: "evidence in one's own name and fewer groups", kind: evaluationKind(), base: base, ways: creates(), who: []Identity{evaluator()},
			change: both(evaluatedBy(evaluator()), put([]any{"system:authenticated"}, spec, "evaluatorGroups"), put("Namespace", spec, "reach"))},
		attack{number: "D2", what: "evidence in another's name and one's own groups", kind: evaluationKind(), base: base, ways: creates(), who: []Identity{evaluator()},
			change: both(evaluatedBy(evaluator()), put("somebody", spec, "evaluator"), put("Namespace", spec, "reach"))},
		attack{number: "D2", what: "evidence in another's groups", kind: evaluationKind(), base: base, ways: creates(), who: who, change: put([]any{"bypass:institute"}, spec, "evaluatorGroups")},
		attack{number: "D2", what: "other groups afterwards", kind: evaluationKind(), on: "evidence", change: put([]any{"bypass:institute"}, spec, "evaluatorGroups"), who: who},
		attack{number: "D2", what: "no groups afterwards", kind: evaluationKind(), on: "evidence", change: drop(spec, "evaluatorGroups"), who: who, removes: true},
		attack{number: "D2", what: "groups of evidence from before", kind: evaluationKind(), on: "unstamped", change: put([]any{"bypass:institute"}, spec, "evaluatorGroups"), who: who, grounds: []Ground{Misspelt}},
		attack{number: "D2", what: "another author afterwards", kind: evaluationKind(), on: "evidence", change: put("somebody", spec, "evaluator"), who: who},
		attack{number: "D7", what: "another requirement afterwards", kind: evaluationKind(), on: "evidence", change: put("other", spec, "requirement"), who: who},
		attack{number: "D6", what: "delete evidence", kind: evaluationKind(), on: "evidence", ways: only(Delete, DeleteCollection), who: people()},
	)
}

func (c *catalogue) findings() {
	who := slices.Concat([]Identity{clusterAdmin(), gitOps(), safetyTeam(), controller()}, forged())
	base := func() map[string]any { return finding("bypass-new") }
	with := func(number, what, on string, change Change) attack {
		return attack{number: number, what: what, kind: findingKind(), on: on, change: change, who: who, grounds: []Ground{Enforced}}
	}
	made := func(what string, change Change) attack {
		return attack{number: "D4", what: what, kind: findingKind(), base: base, change: change, ways: creates(), who: who, grounds: []Ground{Enforced}}
	}
	deleted := func(what, on string) attack {
		return attack{number: "D6", what: what, kind: findingKind(), on: on, ways: only(Delete, DeleteCollection), who: who, grounds: []Ground{Enforced}}
	}
	for key, value := range map[string]string{"namespace": "other", "evaluation": "another", "reason": "Run 42 has it repaired as well; the range was misconfigured."} {
		c.add(attack{number: "R7", what: "another " + key + " in a colleague's resolution", kind: findingKind(), on: "bypass-pending",
			change: put(value, spec, "resolution", key), who: []Identity{secondTrusted()}, grounds: []Ground{Enforced}})
	}
	c.add(
		made("make a finding", nil), made("make a finding that is resolved", put(resolution(""), spec, "resolution")),
		with("R7", "resolve a finding", "bypass-standing", put(resolution(""), spec, "resolution")),
		attack{number: "R7", what: "resolve a finding in one's own name", kind: findingKind(), on: "bypass-standing", change: put(resolution(safetyTeam().Name), spec, "resolution"),
			who: []Identity{safetyTeam()}, grounds: []Ground{Enforced}},
		with("R7", "resolve a finding in another's name", "bypass-standing", put(resolution("somebody"), spec, "resolution")),
		attack{number: "R7", what: "take a resolution back that has no effect yet", kind: findingKind(), on: "bypass-pending", change: drop(spec, "resolution"),
			who: who, grounds: []Ground{Enforced}, removes: true},
		with("R7", "an ordinary label on a finding that is about to be resolved", "bypass-pending", label("team", "x")),
		attack{number: "R7", what: "an ordinary label on a colleague's resolution", kind: findingKind(), on: "bypass-pending", change: label("team", "x"),
			who: []Identity{secondTrusted()}, grounds: []Ground{Enforced}},
		attack{number: "E7", what: "a finding without a spec", kind: findingKind(), on: "bypass-pending", change: drop(spec), ways: only(Put), who: []Identity{safetyTeam()}, grounds: []Ground{Enforced}},
		deleted("delete a finding that stands", "bypass-standing"), deleted("delete a finding that is resolved", "bypass-resolved"),
		attack{number: "E7", what: "a finding that never had a spec", kind: findingKind(), base: func() map[string]any { return object(findingKind(), "bypass-new") },
			ways: only(Create), who: []Identity{safetyTeam()}, grounds: []Ground{Enforced}},
		attack{number: "D7", what: "take a resolution back", kind: findingKind(), on: "bypass-resolved", change: drop(spec, "resolution"), who: who, grounds: []Ground{Enforced}, removes: true},
	)
}

// boundController is the controller's own account with the rights that it is given: it writes no evidence and no policy.
func (c *catalogue) boundController() {
	who := []Identity{boundController()}
	c.add(
		attack{number: "E4", what: "evidence by the controller's account", kind: evaluationKind(), base: func() map[string]any { return safetyEvaluation("new") }, ways: only(Create), who: who},
		attack{number: "E4", what: "a policy by the controller's account", kind: policyKind(), base: func() map[string]any { return safetyPolicy("bypass-new") }, ways: only(Create), who: who, grounds: []Ground{Enforced}},
		attack{number: "E4", what: "another policy by the controller's account", kind: policyKind(), on: policyName, change: label("team", "x"), ways: only(Merge), who: who, grounds: []Ground{Enforced}},
		attack{number: "E4", what: "a release by the controller's account", kind: releaseKind(), base: func() map[string]any { return modelRelease("new", "Low") }, ways: only(Create), who: who},
		attack{number: "E4", what: "a pod by the controller's account", kind: podKind(), base: birth(heldRelease), ways: only(Create), who: who},
		attack{number: "E4", what: "a Deployment by the controller's account", kind: deploymentKind(), base: made(deploymentKind(), heldRelease), ways: only(Create), who: who},
		attack{number: "E4", what: "a finding deleted by the controller's account", kind: findingKind(), on: "bypass-standing", ways: only(Delete), who: who, grounds: []Ground{Enforced}},
	)
}

// definitions take a kind away, or a part of it.
func (c *catalogue) definitions() {
	who := slices.Concat([]Identity{clusterAdmin(), gitOps(), safetyTeam(), controller()}, forged())
	unserved := func(content map[string]any) { listAt(content, spec, "versions")[0]["served"] = false }
	loosened := func(content map[string]any) {
		version := listAt(content, spec, "versions")[0]
		put(map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}, "schema", "openAPIV3Schema")(version)
		delete(version, "selectableFields")
	}
	cluster := []Ground{Enforced}
	for _, name := range []string{"safetypolicies", "modelreleases", "safetyevaluations", "evaluationsuites", "adversefindings", "releaseapprovals", "releasewaivers",
		"releasedeterminations", "policyapprovals", "policyrevisions", "gatedecisions"} {
		on := name + "." + ownGroup
		c.add(
			attack{number: "C12", what: "delete a kind of ours", kind: definitionKind(), on: on, ways: only(Delete), who: who, grounds: cluster},
			attack{number: "C12", what: "a kind of ours that is not served", kind: definitionKind(), on: on, change: unserved, ways: only(Merge, Put), who: who, grounds: cluster},
			attack{number: "C12", what: "a kind of ours without its rules", kind: definitionKind(), on: on, change: loosened, ways: only(Merge, Put), who: who, grounds: cluster},
			attack{number: "C12", what: "an ordinary label on a kind of ours", kind: definitionKind(), on: on, change: label("team", "x"), who: who, grounds: cluster},
		)
	}
	other := "rollouts.argoproj.io"
	c.add(
		attack{number: "C12", what: "delete a kind of others", kind: definitionKind(), on: other, ways: only(Delete), who: who, grounds: cluster},
		attack{number: "C12", what: "a kind of others with another schema", kind: definitionKind(), on: other, change: loosened, who: who, ways: only(Merge, Put), grounds: cluster},
	)
}

// All is the whole catalogue.
func All() []Attempt {
	c := &catalogue{}
	c.births()
	c.keeping()
	c.connects()
	c.workloads()
	c.namespaces()
	c.ownKinds()
	c.parameters()
	c.runs()
	c.legacy()
	c.innocent()
	return c.all
}

// legacy is what was there before: it may go on as it is, and no further.
func (c *catalogue) legacy() {
	for _, old := range Legacy() {
		with := func(what string, change Change) attack {
			return attack{number: "F3", what: what, kind: old.Kind, on: old.Name, change: change, ways: only(Merge, Put), who: []Identity{clusterAdmin(), gitOps()}, grounds: []Ground{Enforced}}
		}
		c.add(with("an ordinary label of what was there before", label("team", "x")))
		if o, ok := customOf(old.Kind); ok {
			c.add(
				with("another template of what was there before", eachOf(o, newArgsOfTemplate())),
				with("an exposure of what was there before", o.claim("Public", exposureLabel)),
				with("another model of what was there before", o.firstRenamed()),
			)
			continue
		}
		c.add(with("another template of what was there before", newArgs()))
	}
}

// innocent is what has nothing to do with Scalegate.
func (c *catalogue) innocent() {
	who := slices.Concat(people(), []Identity{controller(), foreignAccount()})
	c.add(
		attack{number: "A3", what: "other settings", kind: configMapKind(), on: "settings", change: put("other", "data", "model"), who: who},
		attack{number: "A3", what: "another ConfigMap", kind: configMapKind(), ways: creates(), who: who, base: func() map[string]any { return object(configMapKind(), "new") }},
		attack{number: "F5", what: "a Service for other pods", kind: serviceKind(), on: "web", change: put("other", spec, "selector", "app"), who: who},
		attack{number: "A3", what: "a template that nothing makes pods from", kind: templateKind(), ways: creates(), who: []Identity{clusterAdmin()}, base: func() map[string]any {
			content := object(templateKind(), "new")
			content["template"] = podTemplate("new", heldRelease)
			return content
		}},
	)
}
