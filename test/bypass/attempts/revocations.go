// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

// reaches is what is tried to make evidence count in the whole cluster.
func (c *catalogue) reaches() {
	who := revokers()
	typed := func(what, reach string, more Change) attack {
		return attack{
			number: "D15", what: what, kind: evaluationKind(), ways: creates(), who: who,
			base: func() map[string]any { return safetyEvaluation("new") }, change: both(put(reach, spec, "reach"), more),
		}
	}
	later := func(what, on string, change Change, removes bool) attack {
		return attack{number: "D15", what: what, kind: evaluationKind(), on: on, change: change, who: who, removes: removes}
	}
	ordered := attack{
		number: "D15", what: "a run that is to count everywhere", kind: evaluationKind(), ways: creates(), who: who,
		base: func() map[string]any { return ordered("new") }, change: put("Cluster", spec, "reach"),
	}
	inName := func(i Identity, reach string) attack {
		a := typed("evidence of "+i.Short+" in one's own name, that reaches the "+reach, reach, evaluatedBy(i))
		a.who = []Identity{i}
		return a
	}
	c.add(
		ordered,
		typed("evidence that is to count everywhere", "Cluster", nil), typed("evidence that is to count here alone", "Namespace", nil),
		later("evidence that counts everywhere afterwards", "evidence", put("Cluster", spec, "reach"), false),
		later("evidence that counts nowhere in particular", "evidence", drop(spec, "reach"), true),
		later("evidence of an attestor that counts here alone", "attested", put("Namespace", spec, "reach"), false),
		later("evidence of an attestor that counts nowhere in particular", "attested", drop(spec, "reach"), true),
		later("an ordinary label on evidence of an attestor", "attested", label("team", "x"), false),
	)
	for what, change := range map[string]Change{
		"an ordinary label on evidence from before": label("team", "x"), "evidence from before that is to count everywhere": put("Cluster", spec, "reach"),
		"evidence from before that is to count here alone": put("Namespace", spec, "reach"),
	} {
		a := later(what, "unstamped", change, false)
		a.grounds = []Ground{Misspelt}
		c.add(a)
	}
	for _, i := range []Identity{tenant(), evaluator(), attestor(), namedAttestor(), resolver()} {
		c.add(inName(i, "Cluster"), inName(i, "Namespace"))
	}
}

// revoking is the change that revokes, with the stamps that somebody types; empty ones are left off.
func revoking(severity, by, reach string) Change {
	return func(content map[string]any) {
		revoke(content, severity)
		if by != "" {
			put(by, spec, "revocation", "revokedBy")(content)
		}
		if reach != "" {
			put(reach, spec, "revocation", "reach")(content)
		}
	}
}

// revocations is what is tried with a revocation that is new.
func (c *catalogue) revocations() {
	for _, on := range []struct {
		kind Kind
		name string
		base func() map[string]any
	}{
		{releaseKind(), spareRelease, func() map[string]any { return modelRelease("new", "Low") }},
		{evaluationKind(), "evidence", func() map[string]any { return safetyEvaluation("new") }},
	} {
		add := func(what string, who []Identity, change Change) {
			c.add(
				attack{number: "D16", what: what, kind: on.kind, on: on.name, change: change, who: who},
				attack{number: "D16", what: what + ", as it is made", kind: on.kind, base: on.base, change: change, ways: creates(), who: who},
			)
		}
		add("a revocation", revokers(), revoking("Critical", "", ""))
		add("a revocation in another's name", revokers(), revoking("Advisory", "somebody", ""))
		add("a revocation that is to count everywhere", revokers(), revoking("Critical", "", "Cluster"))
		add("a revocation that is to count here alone", revokers(), revoking("Critical", "", "Namespace"))
		for _, i := range []Identity{tenant(), attestor(), namedAttestor()} {
			own := []Identity{i}
			add("a revocation in the name of "+i.Short, own, revoking("Critical", i.Name, ""))
			add("a revocation in the name of "+i.Short+", for the cluster", own, revoking("Critical", i.Name, "Cluster"))
			add("a revocation in the name of "+i.Short+", for the namespace", own, revoking("Critical", i.Name, "Namespace"))
		}
	}
	// With every stamp of an evaluation typed as it has to be, the revocation alone decides.
	whole := both(evaluatedBy(evaluator()), put("Namespace", spec, "reach"))
	for what, change := range map[string]Change{
		"evidence that is revoked as it is made, with all its stamps":       revoking("Critical", evaluator().Name, ""),
		"evidence that is revoked as it is made, in another's name":         revoking("Critical", "somebody", ""),
		"evidence that is revoked as it is made, with a reach too many":     revoking("Critical", evaluator().Name, "Namespace"),
		"evidence that is revoked as it is made, without a name of its own": revoking("Critical", "", ""),
	} {
		c.add(attack{number: "D16", what: what, kind: evaluationKind(), ways: creates(), who: []Identity{evaluator()},
			base: func() map[string]any { return safetyEvaluation("new") }, change: both(whole, change)})
	}
}

// revokedReleases is what is tried to weaken the revocation of a release, and what may be done to one all the same.
func (c *catalogue) revokedReleases() {
	for _, on := range []string{revokedRelease, warnedRelease, doubtedRelease} {
		with := func(what string, change Change, removes bool) attack {
			return attack{number: "D16", what: what, kind: releaseKind(), on: on, change: change, who: revokers(), removes: removes}
		}
		firstArtifact := func(change Change) Change {
			return func(content map[string]any) { change(listAt(content, spec, "artifacts")[0]) }
		}
		c.add(
			with("take a revocation back", drop(spec, "revocation"), true),
			with("a revocation of a lower severity", put("Advisory", spec, "revocation", "severity"), false),
			with("a revocation that is graver", put("Critical", spec, "revocation", "severity"), false),
			with("a revocation for another reason", put("A mistake of ours.", spec, "revocation", "reason"), false),
			with("another's name in a revocation", put("somebody", spec, "revocation", "revokedBy"), false),
			with("no name in a revocation", drop(spec, "revocation", "revokedBy"), true),
			with("a revocation that counts everywhere afterwards", put("Cluster", spec, "revocation", "reach"), false),
			with("a revocation that counts here alone afterwards", put("Namespace", spec, "revocation", "reach"), false),
			with("a revocation that counts nowhere in particular", drop(spec, "revocation", "reach"), true),
			with("a revocation with its stamps, made graver", both(put("Critical", spec, "revocation", "severity"), put(attestor().Name, spec, "revocation", "revokedBy"), put("Cluster", spec, "revocation", "reach")), false),
			with("another digest in a revoked release", firstArtifact(put("sha256:"+digest("other weights"), "digest")), false),
			with("another type in a revoked release", firstArtifact(put("Adapter", "type")), false),
			with("one artifact more in a revoked release", append1(map[string]any{
				"name": "adapter", "type": "Adapter", "digest": "sha256:" + digest("adapter"),
			}, spec, "artifacts"), false),
			with("a revoked release that asks for less", put("High", spec, "level"), false),
			with("an ordinary label on a revoked release", label("team", "x"), false),
			attack{number: "D16", what: "delete a revoked release", kind: releaseKind(), on: on, ways: only(Delete, DeleteCollection), who: revokers()},
			attack{number: "E7", what: "a revoked release without a spec", kind: releaseKind(), on: on, change: drop(spec), ways: only(Put), who: []Identity{clusterAdmin()}},
		)
	}
	c.add(attack{number: "D16", what: "another digest in a release that is not revoked", kind: releaseKind(), on: spareRelease, ways: only(Merge, Put),
		change: func(content map[string]any) {
			listAt(content, spec, "artifacts")[0]["digest"] = "sha256:" + digest("other weights")
		}})
}

// revokedEvaluations is the same for evaluations, whose revocations nobody takes back.
func (c *catalogue) revokedEvaluations() {
	with := func(what string, change Change, removes bool) attack {
		return attack{number: "D16", what: what, kind: evaluationKind(), on: "evidence-revoked", change: change, who: revokers(), removes: removes}
	}
	c.add(
		with("take a revocation back", drop(spec, "revocation"), true),
		with("a revocation that is graver", put("Critical", spec, "revocation", "severity"), false),
		with("a revocation for another reason", put("A mistake of ours.", spec, "revocation", "reason"), false),
		with("another's name in a revocation", put("somebody", spec, "revocation", "revokedBy"), false),
		with("no name in a revocation", drop(spec, "revocation", "revokedBy"), true),
		with("a revocation that counts everywhere afterwards", put("Cluster", spec, "revocation", "reach"), false),
		with("an ordinary label on evidence that is revoked", label("team", "x"), false),
		attack{number: "D16", what: "delete evidence that is revoked", kind: evaluationKind(), on: "evidence-revoked", ways: only(Delete), who: people()},
	)
}
