// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import "regexp"

// excuse is a clause without which the policies do the same, and why.
type excuse struct {
	// clause matches what Clause.String gives.
	clause *regexp.Regexp
	// why no request can tell the difference.
	why string
}

// excused returns why a clause makes no difference; ok is false when it should make one.
func excused(clause Clause) (why string, ok bool) {
	for _, e := range excuses() {
		if e.clause.MatchString(clause.String()) {
			return e.why, true
		}
	}
	return "", false
}

func excuses() []excuse {
	return append(kindExcuses(), []excuse{
		{
			regexp.MustCompile(`variables\.old\w+: always the second branch of: \(oldObject == null\) \? (\[\]|"") : `),
			"An optional field of null is none, so the second branch is as empty as the first; a text is made only where there is an old object to hold back.",
		},
		{
			regexp.MustCompile(`variables\.changed: always the second branch of: \(variables\.templates == variables\.oldTemplates\)`),
			"A shortcut: where all templates are the same, none is left over.",
		},
		{
			regexp.MustCompile(`scalegate-guard-extensions validations\[0\]: without: request\.operation == "UPDATE"`),
			"At DELETE there is no object, so reading its spec is an error, which refuses unless the verb is held.",
		},
		{
			regexp.MustCompile(`scalegate-guard-run-objects validations\[8\]: without: !variables\.updatedPod$`),
			"Nothing but a pod says how containers ended, and the API server lets no pod say so at its creation.",
		},
		{
			regexp.MustCompile(`scalegate-hold-\w+ variables\.returned: without: (variables\.wasHeld|"scalegate\.dev/cleared-template" in .*)$`),
			"The text stands only beside the mark, since both are taken off wherever nothing is held; reading a text that is not there is an error.",
		},
		{
			regexp.MustCompile(`scalegate-stamp-identities mutations\[0\]: without: variables\.resolver != ""`),
			"A sender always has a name.",
		},
		{
			regexp.MustCompile(`scalegate-require-claims variables\.oldTemplate: always the second branch of: \(oldObject == null\)`),
			"An error in it refuses at creation what asks and claims nothing, as the rule does; for nothing else is it needed.",
		},
		{
			regexp.MustCompile(`variables\.asksForAccelerator: (without: size\(c\.\?resources\.claims|without: c\.\?resources\.(limits|requests)|exists and all exchanged: (c\.\?resources\.requests|variables\.accelerators))`),
			"Kubernetes takes the claim of a container only where the pod lists it, and of an accelerator only a request that is its limit.",
		},
		{
			regexp.MustCompile(`without: variables\.(labels == variables\.oldLabels|annotations == variables\.oldAnnotations)$|scalegate-guard-(pods|namespaces) validations\[\d\]: without: k in variables\.old(Labels|Annotations)$`),
			"A shortcut where nothing changed; and reading what is not there is an error, which refuses.",
		},
		{
			regexp.MustCompile(`scalegate-hold-pods mutations\[0\]: without: variables\.annotations\[\?"scalegate\.dev/hold-reason"\]`),
			"A shortcut: the note that would be put there is there.",
		},
		{
			regexp.MustCompile(`scalegate-hold-statefulsets mutations\[0\]: without: variables\.partition < 0`),
			"Kubernetes takes no partition below 0, whoever writes it.",
		},
		{
			regexp.MustCompile(`scalegate-stamp-identities mutations\[0\]: (without: !?has\(object\.spec\)$|always the second branch of: !has\(object\.spec\) \?)`),
			"An error of the mutation refuses what the schema refuses too.",
		},
		{
			regexp.MustCompile(`scalegate-guard-objects variables\.resolves: without: variables\.resource == "adversefindings"|` +
				`scalegate-stamp-identities (mutations\[0\]: without: (variables\.field == ""|!\(variables\.field in .*|variables\.kind != "(safetyevaluations|modelreleases)")$|` +
				`mutations\[0\]: always the second branch of: \(?variables\.kind != "modelreleases"|variables\.field: always the second branch of: \(?variables\.kind == "modelreleases")`),
			"The API server prunes a field that the kind does not have.",
		},
	}...)
}

// kindExcuses are those of the policy of the custom kinds.
func kindExcuses() []excuse {
	return []excuse{
		{
			regexp.MustCompile(`scalegate-guard-kinds validations\[1\]: exists and all exchanged: variables\.templates`),
			"The kinds that ask outside of templates have one spot: any is all.",
		},
		{
			regexp.MustCompile(`scalegate-guard-kinds variables\.sameModel: without: oldObject != null`),
			"At creation every template is a changed one.",
		},
		{
			regexp.MustCompile(`scalegate-guard-kinds variables\.cleared: without: `),
			"What has no clearance is refused by another validation of the same policy.",
		},
		{
			regexp.MustCompile(`scalegate-guard-kinds variables\.place: `),
			"It stands in messages alone; tests hold their words.",
		},
		{
			regexp.MustCompile(`scalegate-guard-kinds variables\.(templates|oldTemplates): always the first branch of: \(variables\.kind == "rolesets\.orchestration\.aibrix\.ai"\)`),
			"The last kind of the table: no other is left.",
		},
		{
			regexp.MustCompile(`scalegate-guard-kinds variables\.(images|asks|oldIdentities): always the first branch of: \(variables\.kind == "models\.kubeai\.org"\)|` +
				`scalegate-guard-kinds variables\.fields: always the first branch of: `),
			"The kinds that are left have no such fields; and where nothing names the model, what named it is not asked.",
		},
	}
}
