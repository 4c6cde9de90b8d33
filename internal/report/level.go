// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// level is the safety level, and why it is required.
func (b *builder) level() {
	l := Level{Declared: b.Input.Release.Spec.Level, Required: b.Decision.RequiredLevel}
	for i := range b.x.Thresholds {
		t := &b.x.Thresholds[i]
		l.Thresholds = append(l.Thresholds, Threshold{
			Name: t.Name, Domain: t.Domain, State: string(t.State), RaisesTo: t.RaisesTo, Counts: t.Counts,
			RuledOutBy: t.RuledOutBy, Requires: t.Requires, Message: t.Message,
		})
	}
	if b.Input.Policy == nil {
		// What the status says is all there is, where the policy may not be read.
		for _, t := range b.Decision.Thresholds {
			l.Thresholds = append(l.Thresholds, Threshold{Name: t.Name, State: string(t.State), RaisesTo: t.RaisesTo, Message: t.Message})
		}
	}
	for _, of := range b.x.Levels {
		if of.Undefined {
			l.Undefined = append(l.Undefined, of.Name)
		}
	}
	l.Because = b.because(&l)
	b.out.Level = l
}

// because says why the level is required: what the release declares, and what each threshold does to it.
func (b *builder) because(l *Level) []string {
	first := "The release declares " + l.Declared + "."
	switch l.Required {
	case "":
		first += " Which level it needs cannot be told."
	case l.Declared:
		first += " Nothing raises it further."
	default:
		first += " It needs " + l.Required + "."
	}
	all := []string{first}
	for _, a := range b.out.DerivedFrom {
		all = append(all, "It was made from "+a+", and needs at least that level.")
	}
	for i := range l.Thresholds {
		all = append(all, b.thresholdText(&l.Thresholds[i]))
	}
	for _, name := range l.Undefined {
		all = append(all, "Nobody has said yet what "+name+" requires: only a new revision of the policy opens it.")
	}
	return all
}

// thresholdText says what a threshold does, and by what evidence.
func (b *builder) thresholdText(t *Threshold) string {
	name := t.Name
	if t.Domain != "" {
		name += " (" + t.Domain + ")"
	}
	by := b.evidenceOf(t.RuledOutBy)
	for _, d := range b.Input.Determinations {
		if d.Spec.Release == b.Input.Release.Name && b.counts(kindDetermination, d.Name) && slices.ContainsFunc(d.Spec.Thresholds, func(of v1alpha1.DeterminedThreshold) bool {
			return of.Name == t.Name && string(of.Conclusion) == t.State
		}) {
			by = append(by, "determination "+d.Name)
		}
	}
	evidence := ""
	if len(by) > 0 {
		evidence = ": " + strings.Join(by, "; ")
	}
	switch {
	case t.State == string(v1alpha1.ThresholdRuledOut):
		return name + " is ruled out, so that it does not raise the level" + to(t.RaisesTo) + evidence + "."
	case t.State == string(v1alpha1.ThresholdReached):
		return name + " is reached, and raises the level" + to(t.RaisesTo) + evidence + "."
	case t.Counts:
		return name + " is open, and raises the level" + to(t.RaisesTo) + " until it is ruled out" + evidence + "."
	case t.RaisesTo == "":
		return name + " is open" + evidence + "."
	}
	return name + " is open, and would raise the level" + to(t.RaisesTo) + " at a higher exposure only" + evidence + "."
}

func to(level string) string {
	if level == "" {
		return ""
	}
	return " to " + level
}

// evidenceOf says of each requirement how it stands, and by what.
func (b *builder) evidenceOf(names []string) []string {
	var all []string
	for _, name := range names {
		for i := range b.Decision.Requirements {
			q := &b.Decision.Requirements[i]
			if q.Name != name {
				continue
			}
			text := name + " is " + string(q.State)
			if q.Evidence != "" {
				text += " by " + q.Evidence
			}
			all = append(all, text)
		}
	}
	return all
}
