// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// summary says in sentences what the rest of the report shows.
func (b *builder) summary() []string {
	r := b.out
	all := []string{
		fmt.Sprintf("%s asks to serve %s under policy %s, and declares level %s.", r.Model, r.Exposure.Asked, r.PolicyName, r.Level.Declared),
		b.grantText(),
	}
	if b.OtherTime {
		all = append(all, "That is as of "+date(b.Input.Now)+", by what is in the cluster today: what stands there was not compared with it.")
	}
	if rev := r.Revocation; rev != nil {
		text := fmt.Sprintf("%s was revoked (%s)", rev.Of, rev.Severity)
		if rev.By != "" {
			text += " by " + rev.By
		}
		all = append(all, text+": "+strings.TrimSuffix(rev.Reason, ".")+".")
	}
	if text := b.blockedText(); text != "" {
		all = append(all, text)
	}
	all = append(all, b.levelText())
	for i := range r.Waivers {
		if w := &r.Waivers[i]; w.Counts {
			all = append(all, fmt.Sprintf("Waiver %s sets %s aside up to %s, until %s.", w.Name, listed(w.Requirements), w.Exposure, orNever(w.EndTime)))
		}
	}
	if n := standing(r.Findings); n > 0 {
		all = append(all, fmt.Sprintf("%s against it.", counted(n, "adverse finding stands", "adverse findings stand")))
	}
	if text := workloadText(r.Workloads); text != "" {
		all = append(all, text)
	}
	return append(all, recordsText(&r.Records))
}

// grantText says what is granted, since when and until when.
func (b *builder) grantText() string {
	e := &b.out.Exposure
	text := "Nothing is granted"
	switch e.Granted {
	case "":
	case e.Asked:
		text = "This is granted"
	default:
		text = "Less is granted: " + e.Granted
	}
	if e.SinceTime != nil {
		text += ", since " + date(*e.SinceTime)
	}
	if e.Granted == "" {
		return text + "."
	}
	if e.Ceiling != nil {
		text += ", to at most " + counted(int(*e.Ceiling), "serving unit", "serving units") + " at a time"
	}
	text += "."
	if e.EvidenceEndTime != nil {
		text += " The first of the evidence that it rests on ends on " + date(*e.EvidenceEndTime) + "."
	}
	return text
}

// blockedText says which requirements keep the exposure asked for from being granted, by their states.
func (b *builder) blockedText() string {
	e := &b.out.Exposure
	if e.Granted == e.Asked {
		return ""
	}
	i := slices.IndexFunc(e.All, func(a ExposureAnswer) bool { return a.Asked })
	if i < 0 || len(e.All[i].Blocking) == 0 {
		return strings.TrimSuffix(b.out.Message, ".") + "."
	}
	byState := map[string][]string{}
	var states []string
	for _, name := range e.All[i].Blocking {
		state := "Undefined"
		for j := range b.out.Requirements {
			if q := &b.out.Requirements[j]; q.Name == name {
				state = q.State
			}
		}
		if byState[state] == nil {
			states = append(states, state)
		}
		byState[state] = append(byState[state], name)
	}
	var parts []string
	for _, state := range states {
		parts = append(parts, stateWords(state, byState[state]))
	}
	return fmt.Sprintf("%s is refused because %s.", e.Asked, listed(parts))
}

// stateWords says what is the matter with requirements.
func stateWords(state string, names []string) string {
	is := "is"
	if len(names) > 1 {
		is = "are"
	}
	subject := listed(names)
	switch v1alpha1.RequirementState(state) {
	case v1alpha1.RequirementFailed:
		return subject + " failed"
	case v1alpha1.RequirementMissing:
		return "nothing counts for " + subject
	case v1alpha1.RequirementIndeterminate:
		return subject + " " + is + " shown neither way"
	case v1alpha1.RequirementExpired:
		return subject + " " + is + " out of date"
	case v1alpha1.RequirementRevoked:
		return "the result for " + subject + " was revoked"
	case v1alpha1.RequirementObjected:
		return "somebody objects to " + subject
	case v1alpha1.RequirementBroken:
		return subject + " " + is + " not in place"
	case v1alpha1.RequirementMet, v1alpha1.RequirementWaived:
	}
	return subject + " " + is + " " + state
}

func (b *builder) levelText() string {
	l := &b.out.Level
	var raising []string
	for i := range l.Thresholds {
		if t := &l.Thresholds[i]; t.Counts && t.RaisesTo == l.Required {
			state := "open"
			if t.State == string(v1alpha1.ThresholdReached) {
				state = "reached"
			}
			raising = append(raising, t.Name+" is "+state)
		}
	}
	switch {
	case l.Required == "":
		return "Which level it needs cannot be told."
	case l.Required == l.Declared:
		return fmt.Sprintf("It needs %s, the level that it declares.", l.Required)
	case len(raising) > 0:
		return fmt.Sprintf("It needs %s, above the level that it declares, because %s.", l.Required, listed(raising))
	}
	return fmt.Sprintf("It needs %s, above the level that it declares.", l.Required)
}

func workloadText(all []Workload) string {
	var desired, released, held int32
	for i := range all {
		add := func(sum *int32, n *int32) {
			if n != nil {
				*sum += *n
			}
		}
		add(&desired, all[i].Desired)
		add(&released, all[i].Released)
		add(&held, all[i].Held)
	}
	if len(all) == 0 {
		return "No workload claims it."
	}
	return fmt.Sprintf("%s it and %s for %s: %d released, %d held.", counted(len(all), "workload claims", "workloads claim"),
		plural(len(all), "asks", "ask"), counted(int(desired), "pod", "pods"), released, held)
}

func recordsText(r *Records) string {
	switch {
	case !r.Read:
		return "The records of decisions could not be read."
	case len(r.Entries) == 0 && r.Intact:
		return "No decision is on record yet."
	case r.Intact:
		return fmt.Sprintf("%s on record, in an unbroken chain.", counted(len(r.Entries), "decision is", "decisions are"))
	}
	return fmt.Sprintf("%s on record, and something is wrong with the chain: see there.", counted(len(r.Entries), "decision is", "decisions are"))
}

func standing(all []Finding) int {
	n := 0
	for i := range all {
		if all[i].Standing {
			n++
		}
	}
	return n
}

func counted(n int, one, many string) string { return fmt.Sprintf("%d %s", n, plural(n, one, many)) }

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// listed joins words as a sentence does.
func listed(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

func date(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

func orNever(t *time.Time) string {
	if t == nil {
		return "no end"
	}
	return date(*t)
}
