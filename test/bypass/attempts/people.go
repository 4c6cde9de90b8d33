// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "slices"

// signers are all kinds of users who might sign, each wrong one among them.
func signers() []Identity {
	return slices.Concat([]Identity{
		approver(), boundApprover(), otherApprover(), approverElsewhere(), releaseApprover(), policyApprover(), tenant(), namespaceAdmin(), clusterAdmin(), gitOps(),
		evaluator(), safetyTeam(), attestor(), resolver(), controller(), kubeSystem("generic-garbage-collector"), kubeSystem("namespace-controller"),
	}, forged(), lookalikes()[:2])
}

// takers are all kinds of users who might take away what somebody signed.
func takers() []Identity {
	all := []Identity{secondApprover(), approver(), boundApprover()}
	for _, resource := range BreaksResources() {
		all = append(all, breaker(resource))
	}
	return slices.Concat(all, signers())
}

// peoples is what is tried on what people sign.
func (c *catalogue) peoples() {
	c.signatures()
	c.signed()
	c.unsigned()
	c.records()
	c.authors()
	c.policyAuthors()
}

// signatures are made in a role that is not held, in another's name, or by Scalegate itself.
func (c *catalogue) signatures() {
	for _, on := range []struct {
		kind  Kind
		field string
		base  func(role, decision string) map[string]any
	}{
		{approvalKind(), "approver", func(role, decision string) map[string]any { return releaseApproval("new", role, decision) }},
		{policyApprovalKind(), "approver", func(role, decision string) map[string]any { return policyApproval("bypass-new", role, decision) }},
	} {
		with := func(number, what, role, decision string, change Change, who ...Identity) attack {
			if who == nil {
				who = signers()
			}
			a := attack{number: number, what: what, kind: on.kind, ways: creates(), who: who, change: change, base: func() map[string]any { return on.base(role, decision) }}
			if !on.kind.Namespaced {
				a.grounds = []Ground{Enforced}
			}
			return a
		}
		unnamed := func(content map[string]any) {
			both(drop(metadata, "name"), put("new-", metadata, "generateName"))(content)
		}
		mine := func(content map[string]any) { inOwnName(approver())(content) }
		named := with("G1", "an approval that the API server names", officerRole, "Approve", unnamed, approver(), clusterAdmin())
		named.ways = only(Create)
		c.add(
			with("G1", "an approval", officerRole, "Approve", nil), with("G1", "an objection", officerRole, "Object", nil),
			with("G1", "an approval in another role", boardRole, "Approve", nil), with("G1", "an approval in a role that is not there", "nobody", "Approve", nil),
			named,
			with("G2", "an approval in another's name", officerRole, "Approve", put("somebody", spec, "approver")),
			with("G2", "an approval in the name of who holds the role", officerRole, "Approve", mine),
			with("G2", "an approval in other groups", officerRole, "Approve", put([]any{"bypass:officers"}, spec, "approverGroups")),
			with("G2", "an approval in no group", officerRole, "Approve", both(inOwnName(approver()), put([]any{}, spec, "approverGroups")), approver()),
			with("G2", "an approval in one group less", officerRole, "Approve", both(inOwnName(approver()), put([]any{"system:authenticated"}, spec, "approverGroups")), approver()),
			with("G2", "an approval in one group more", officerRole, "Approve", both(inOwnName(approver()), append1("bypass:officers", spec, "approverGroups")), approver()),
			with("G2", "an approval in one's own name and another's groups", officerRole, "Approve", both(put(approver().Name, spec, "approver"), put(groupsOf(safetyTeam()), spec, "approverGroups")), approver()),
			with("G2", "an approval in another's name and one's own groups", officerRole, "Approve", both(inOwnName(approver()), put("somebody", spec, "approver")), approver()),
			attack{number: "E7", what: "an approval without a spec", kind: on.kind, ways: only(Create), who: []Identity{approver()}, grounds: []Ground{Enforced},
				base: func() map[string]any { return object(on.kind, "bypass-new") }},
		)
	}
	for _, on := range []struct {
		kind  Kind
		field string
		base  func() map[string]any
	}{
		{waiverKind(), "requester", func() map[string]any { return releaseWaiver("new") }},
		{determinationKind(), "author", func() map[string]any { return releaseDetermination("new", "RuledOut") }},
	} {
		with := func(what string, change Change, who ...Identity) attack {
			if who == nil {
				who = slices.Concat([]Identity{tenant()}, signers())
			}
			return attack{number: "G2", what: what, kind: on.kind, ways: creates(), who: who, change: change, base: on.base}
		}
		c.add(
			with("one that does not say whose it is", nil), with("one in another's name", put("somebody", spec, on.field)),
			with("one in Scalegate's name", put(controllerName, spec, on.field)), with("one in one's own name", put(tenant().Name, spec, on.field), tenant()),
			attack{number: "E7", what: "one without a spec", kind: on.kind, ways: only(Create), who: []Identity{clusterAdmin()}, grounds: []Ground{Enforced},
				base: func() map[string]any { return object(on.kind, "new") }},
		)
	}
}

// signed is what is tried on what stands signed: other words, other names, and taking it away.
func (c *catalogue) signed() {
	for _, on := range []struct {
		kind  Kind
		name  string
		other Change
	}{
		{approvalKind(), "approved", put("Object", spec, "decision")}, {approvalKind(), "objected", put("Approve", spec, "decision")},
		{policyApprovalKind(), "bypass-approved", put(int64(2), spec, "sequence")}, {policyApprovalKind(), "bypass-objected", put("Approve", spec, "decision")},
		{waiverKind(), "waived", put("2028-01-01T00:00:00Z", spec, "endTime")},
		{determinationKind(), "judged-reached", put([]any{map[string]any{"name": "T-1", "conclusion": "RuledOut"}}, spec, "thresholds")},
		{determinationKind(), "judged-out", put([]any{map[string]any{"name": "T-1", "conclusion": "Reached"}}, spec, "thresholds")},
	} {
		grounds := []Ground{Enforced, Audited, Ungoverned}
		if !on.kind.Namespaced {
			grounds = grounds[:1]
		}
		writers := []Identity{clusterAdmin(), gitOps(), safetyTeam(), controller(), approver(), tenant(), namespaceAdmin(), boundApprover()}
		field := signedKinds()[on.kind]
		with := func(number, what string, change Change, removes bool) attack {
			return attack{number: number, what: what, kind: on.kind, on: on.name, change: change, who: writers, grounds: grounds, removes: removes}
		}
		c.add(
			with("D7", "other words afterwards", on.other, false), with("G2", "another's name afterwards", put("somebody", spec, field), false),
			with("G2", "no name afterwards", drop(spec, field), true), with("D6", "an ordinary label", label("team", "x"), false),
			with("D6", "a finalizer", put([]any{"bypass.example/stay"}, metadata, "finalizers"), false),
			with("D5", "an owner", owned("v1", "ConfigMap", "00000000-0000-4000-8000-000000000009"), false),
			attack{number: "E7", what: "one without a spec afterwards", kind: on.kind, on: on.name, change: drop(spec), ways: only(Put), who: []Identity{clusterAdmin()}, grounds: grounds[:1]},
			attack{number: "G3", what: "take away what was signed", kind: on.kind, on: on.name, ways: only(Delete, DeleteCollection), who: takers(), grounds: grounds},
		)
		if field == "approver" {
			c.add(
				with("G2", "other groups afterwards", put([]any{"bypass:officers"}, spec, "approverGroups"), false),
				with("G2", "no groups afterwards", drop(spec, "approverGroups"), true),
			)
		}
	}
	for _, left := range LeavingRecords() {
		c.add(attack{number: "R15", what: "take it away in a namespace that goes", kind: left.Kind, on: left.Name, ways: only(Delete, DeleteCollection),
			who: []Identity{kubeSystem("namespace-controller"), clusterAdmin(), tenant()}, grounds: []Ground{Leaving}})
	}
}

// unsigned is what was made before it was stamped: nobody signs it later.
func (c *catalogue) unsigned() {
	for kind, field := range map[Kind]string{approvalKind(): "approver", waiverKind(): "requester"} {
		for what, change := range map[string]Change{
			"an ordinary label on what nobody signed": label("team", "x"), "a name on what nobody signed": put("somebody", spec, field),
		} {
			c.add(attack{number: "G2", what: what, kind: kind, on: "unsigned", change: change, who: []Identity{clusterAdmin(), approver(), safetyTeam()}, grounds: []Ground{Misspelt}})
		}
		c.add(attack{number: "G3", what: "take away what nobody signed", kind: kind, on: "unsigned", ways: only(Delete, DeleteCollection), who: takers(), grounds: []Ground{Misspelt}})
	}
	c.add(attack{number: "G2", what: "groups on what nobody signed", kind: approvalKind(), on: "unsigned", change: put([]any{"bypass:officers"}, spec, "approverGroups"),
		who: []Identity{clusterAdmin(), approver()}, grounds: []Ground{Misspelt}})
}

// records are forged, changed or taken away.
func (c *catalogue) records() {
	for _, on := range []struct {
		kind    Kind
		name    string
		grounds []Ground
		base    func() map[string]any
		other   Change
	}{
		{decisionKind(), "signed-1", nil, func() map[string]any { return gateDecision("new-1") }, put("Cleared", spec, "reason")},
		{policyRevisionKind(), "bypass-gone-1", []Ground{Enforced}, func() map[string]any { return policyRevision("bypass-gone-2") }, put("Neutral", spec, "effect")},
	} {
		writers := []Identity{clusterAdmin(), gitOps(), safetyTeam(), controller(), tenant(), namespaceAdmin()}
		c.add(
			attack{number: "G4", what: "make a record", kind: on.kind, base: on.base, ways: creates(), who: takers(), grounds: on.grounds},
			attack{number: "G4", what: "another record afterwards", kind: on.kind, on: on.name, change: on.other, who: writers, grounds: on.grounds},
			attack{number: "G4", what: "take a record away", kind: on.kind, on: on.name, ways: only(Delete, DeleteCollection), who: takers(), grounds: on.grounds},
			attack{number: "D6", what: "an ordinary label", kind: on.kind, on: on.name, change: label("team", "x"), who: writers, grounds: on.grounds},
			attack{number: "D5", what: "an owner", kind: on.kind, on: on.name, change: owned("v1", "ConfigMap", "00000000-0000-4000-8000-000000000009"), who: writers, grounds: on.grounds},
		)
	}
}

// authors is what is tried so that one's own release does not look it.
func (c *catalogue) authors() {
	who := revokers()
	with := func(number, what string, change Change, removes bool) attack {
		return attack{number: number, what: what, kind: releaseKind(), on: spareRelease, change: change, who: who, removes: removes}
	}
	made := func(what string, change Change, who ...Identity) attack {
		return attack{number: "G5", what: what, kind: releaseKind(), base: func() map[string]any { return modelRelease("new", "High") }, change: change, ways: creates(), who: who}
	}
	for what, change := range map[string]Change{
		"another policy": put(unused, spec, "policy"), "another level": put("Low", spec, "level"), "another exposure": put("Public", spec, "exposure"),
		"something else to serve": put([]any{map[string]any{"container": "server"}}, spec, "serving"),
		"other artifacts":         put([]any{map[string]any{"name": "weights", "type": "Weights", "digest": "sha256:" + digest("others")}}, spec, "artifacts"),
		"another origin":          put(map[string]any{"release": clearedRelease}, spec, "derivedFrom"),
		"automatic evaluations":   put("Automatic", spec, "evaluations"), "another name of its model": put("other", spec, "model", "name"),
	} {
		number := "G5"
		if what == "another policy" {
			number = "G7"
		}
		c.add(with(number, what, change, what == "other artifacts"))
		for _, on := range []string{"unauthored", "crowded"} {
			a := with(number, what+" of a release that is "+on, change, what == "other artifacts")
			a.on, a.grounds, a.who = on, []Ground{Misspelt}, []Identity{clusterAdmin(), safetyTeam(), {Short: "an author of it", Name: "author-3", Groups: []string{GroupWide}}}
			c.add(a)
		}
	}
	for what, change := range map[string]Change{"another author": put([]any{"somebody"}, spec, "authors"), "an ordinary label": label("team", "x")} {
		a := with("G5", what+" of a release from before there were any", change, false)
		a.on, a.grounds = "unauthored", []Ground{Misspelt}
		c.add(a)
	}
	c.add(
		with("G5", "other authors", put([]any{"somebody"}, spec, "authors"), false), with("G5", "no authors", drop(spec, "authors"), true),
		with("G5", "one more author", append1("somebody", spec, "authors"), false),
		with("G5", "another level, and no authors", both(put("Low", spec, "level"), drop(spec, "authors")), true),
		with("G5", "another level, and other authors", both(put("Low", spec, "level"), put([]any{"somebody"}, spec, "authors")), false),
		made("a release that says who made it", nil, who...), made("a release that somebody else made", put([]any{"somebody"}, spec, "authors"), who...),
		made("a release that somebody else made as well", put([]any{tenant().Name, "somebody"}, spec, "authors"), tenant()),
		made("a release in one's own name", put([]any{tenant().Name}, spec, "authors"), tenant()),
	)
	for _, i := range []Identity{clusterAdmin(), resolver()} {
		own := with("G5", "another level, in the name of "+i.Short+" as well", both(put("Low", spec, "level"), append1(i.Name, spec, "authors")), false)
		own.who = []Identity{i}
		moved := with("G7", "another policy, in the name of "+i.Short+" as well", both(put(unused, spec, "policy"), append1(i.Name, spec, "authors")), false)
		moved.who = []Identity{i}
		c.add(own, moved)
	}
}

// policyAuthors is what is tried so that one's own change of a policy does not look it.
func (c *catalogue) policyAuthors() {
	who := slices.Concat([]Identity{clusterAdmin(), gitOps(), safetyTeam(), approver(), controller()}, forged())
	longer := put(int64(3600), spec, "clearanceSeconds")
	with := func(what, on string, change Change, removes bool) attack {
		return attack{number: "G6", what: what, kind: policyKind(), on: on, change: change, who: who, removes: removes, grounds: []Ground{Enforced}}
	}
	made := func(what string, change Change, who ...Identity) attack {
		return attack{number: "G6", what: what, kind: policyKind(), change: change, who: who, ways: creates(), grounds: []Ground{Enforced},
			base: func() map[string]any { return safetyPolicy("bypass-new") }}
	}
	for _, on := range []string{policyName, "bypass-unauthored"} {
		c.add(
			with("another policy in another's name", on, both(longer, annotate(authorKey, "somebody")), false),
			with("another's name alone", on, annotate(authorKey, "somebody"), false), with("no name any more", on, unannotate(authorKey), true),
			with("another policy without a name", on, both(longer, unannotate(authorKey)), true), with("an ordinary label", on, label("team", "x"), false),
			with("an ordinary annotation", on, annotate("example.com/note", "x"), false),
		)
		own := with("another policy in one's own name", on, both(longer, annotate(authorKey, clusterAdmin().Name)), false)
		own.who = []Identity{clusterAdmin()}
		c.add(own)
	}
	c.add(
		made("a policy", nil, who...), made("a policy in another's name", annotate(authorKey, "somebody"), who...),
		made("a policy in one's own name", annotate(authorKey, clusterAdmin().Name), clusterAdmin()),
		made("a policy with an annotation", annotate("example.com/note", "x"), clusterAdmin()),
	)
}
