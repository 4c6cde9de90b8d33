// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package attempts

import "slices"

// judgeNamespace: clearances are the controller's and it touches nothing else; weakening the gate needs a verb;
// a gate is spelled right.
func judgeNamespace(r Request) Outcome {
	oldNotes, notes := mapAt(r.Old, metadata, annotations), mapAt(r.New, metadata, annotations)
	ours := r.Who.Name == controllerName
	clears := len(differing(notes, oldNotes, clearancePrefix)) > 0
	exempts := notes[exemptKey] != nil && oldNotes[exemptKey] != notes[exemptKey]
	switch {
	case r.Way.Deletes():
		return Through
	case r.Sub == "" && r.Old != nil && !same(r.New[spec], r.Old[spec]) && !ours:
		return Inert // The finalizers of a Namespace's spec change through /finalize alone.
	case !ours && crowds(r), clears && !ours, ours && beyondClearances(r), misspelt(r), exempts && textAt(r.New, metadata, labels, gateLabel) != "":
		return Refused
	case (weakens(r) || exempts) && !r.Who.Trusted():
		return Refused
	default:
		return Through
	}
}

// crowds tells whether a governed namespace comes to have too much for the controller to write to it.
func crowds(r Request) bool {
	return slices.ContainsFunc([]string{labels, annotations}, func(key string) bool {
		before, after := len(mapAt(r.Old, metadata, key)), len(mapAt(r.New, metadata, key))
		return after > MostNotes && after > before
	}) && textAt(r.New, metadata, labels, gateLabel) != ""
}

// beyondClearances tells whether anything changes that is no business of the controller's.
func beyondClearances(r Request) bool {
	oldNotes, notes := mapAt(r.Old, metadata, annotations), mapAt(r.New, metadata, annotations)
	relabelled := len(differing(mapAt(r.New, metadata, labels), mapAt(r.Old, metadata, labels), "")) > 0
	return r.Old == nil || relabelled && !begins(r) || !same(r.New[spec], r.Old[spec]) ||
		len(differing(notes, oldNotes, "")) > len(differing(notes, oldNotes, clearancePrefix)) ||
		!same(at(r.New, metadata, "finalizers"), at(r.Old, metadata, "finalizers")) ||
		!same(at(r.New, metadata, "ownerReferences"), at(r.Old, metadata, "ownerReferences"))
}

// begins tells whether a gate that was audited is enforced from now on, and no other label changes.
func begins(r Request) bool {
	changed := differing(mapAt(r.New, metadata, labels), mapAt(r.Old, metadata, labels), "")
	return len(changed) == 1 && changed[0] == gateLabel &&
		textAt(r.Old, metadata, labels, gateLabel) == "audited" && textAt(r.New, metadata, labels, gateLabel) == "enforced"
}

// weakens tells whether a Namespace is guarded less than before.
func weakens(r Request) bool {
	rank := func(content map[string]any) int {
		return slices.Index([]string{"audited", "enforced"}, textAt(content, metadata, labels, gateLabel))
	}
	all := func(content map[string]any) bool { return textAt(content, metadata, labels, claimsLabel) == "all" }
	return rank(r.New) < rank(r.Old) || (all(r.Old) && !all(r.New))
}

func misspelt(r Request) bool {
	for key, words := range map[string][]string{gateLabel: {"audited", "enforced"}, claimsLabel: {"all"}} {
		value, has := mapAt(r.New, metadata, labels)[key]
		word, _ := value.(string)
		if has && !slices.Contains(words, word) && value != mapAt(r.Old, metadata, labels)[key] {
			return true
		}
	}
	return false
}
