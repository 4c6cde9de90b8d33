// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package simulation says what a change would do to what runs: another text of a policy, other evidence, or time that passes. It
// is pure, and decides by gate.Decide alone.
//
// In: for each release what the decision depends on before and after, and the pods that serve it. Out: for each what it is
// granted then, what becomes of its pods, and what is responsible.
package simulation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Effect is what becomes of a release, from the gravest to the least.
type Effect string

const (
	// Removes means that pods which serve are deleted: an adverse finding, or a critical revocation.
	Removes Effect = "Removes"
	// Freezes means that nothing new starts: pods that serve stay for the policy's grace, or for as long as nothing was revoked.
	Freezes Effect = "Freezes"
	// Shrinks means that pods above a lower ceiling are evicted.
	Shrinks Effect = "Shrinks"
	// Opens means that more may serve than before.
	Opens Effect = "Opens"
	// Stays means that nothing changes for what serves.
	Stays Effect = "Stays"
)

// Effects are all, the gravest first.
func Effects() []Effect { return []Effect{Removes, Freezes, Shrinks, Opens, Stays} }

// Serving are the pods of a release that claim one exposure.
type Serving struct {
	Exposure string
	// Pods that serve, and the accelerators that they hold.
	Pods         int64
	Accelerators int64
	// Held are pods that wait, and the accelerators that they ask for.
	Held             int64
	HeldAccelerators int64
}

// Release is one release, before and after.
type Release struct {
	Before, After gate.Input
	// InForce is what holds once a revision of the policy is in force that After still waits for; nil where it waits for none.
	InForce *gate.Input
	Serving []Serving
}

// Grant is what a release is granted.
type Grant struct {
	// Exposure is empty for none.
	Exposure string `json:"exposure,omitempty"`
	// Ceiling is the most pods that may serve it; absent without one.
	Ceiling *int32 `json:"ceiling,omitempty"`
	Reason  string `json:"reason"`
	Message string `json:"message,omitempty"`
	// EvidenceEnds is when the first of the evidence ends that it rests on.
	EvidenceEnds *time.Time `json:"evidenceEnds,omitempty"`
}

// Outcome is what becomes of a release, at one stage.
type Outcome struct {
	Grant  Grant  `json:"grant"`
	Effect Effect `json:"effect"`
	// Pods are those that the effect is about, and Accelerators what they hold: pods that are deleted, frozen or evicted, or that
	// wait and may start.
	Pods         int64 `json:"pods"`
	Accelerators int64 `json:"accelerators"`
	// Because are the requirements that are responsible, in the policy's order; empty where it is something else, which Why says.
	Because []string `json:"because,omitempty"`
	// Why says in a sentence what is responsible; empty with Stays.
	Why string `json:"why,omitempty"`
}

// Change is what becomes of one release.
type Change struct {
	Namespace string `json:"namespace"`
	Release   string `json:"release"`
	Policy    string `json:"policy"`
	Asked     string `json:"asked"`
	Serving   int64  `json:"serving"`
	Before    Grant  `json:"before"`
	// After is what happens at once, and Then what happens when the revision comes into force that it waits for; absent where
	// it waits for none.
	After Outcome  `json:"after"`
	Then  *Outcome `json:"then,omitempty"`
}

// Simulate says what becomes of a release.
func Simulate(r Release) Change {
	before := decide(&r.Before)
	c := Change{Before: grantOf(before.Decision)}
	for _, in := range []*gate.Input{&r.Before, &r.After} {
		if in.Release != nil {
			c.Namespace, c.Release, c.Policy, c.Asked = in.Release.Namespace, in.Release.Name, in.Release.Spec.Policy, in.Release.Spec.Exposure
		}
	}
	for _, s := range r.Serving {
		c.Serving += s.Pods
	}
	c.After = compare(before, decide(&r.After), r.Serving)
	if r.InForce != nil {
		outcome := compare(before, decide(r.InForce), r.Serving)
		c.Then = &outcome
	}
	return c
}

// stage is what is decided on, and what comes of it.
type stage struct {
	*gate.Decision

	in *gate.Input
}

func decide(in *gate.Input) *stage {
	d := gate.Decide(*in)
	return &stage{Decision: &d, in: in}
}

// ceiling is the most that may serve an exposure; nil for no ceiling.
func (s *stage) ceiling(exposure string) *int32 { return gate.Ceiling(s.in, s.Decision, exposure) }

func grantOf(d *gate.Decision) Grant {
	return Grant{Exposure: d.GrantedExposure, Ceiling: d.ReplicaCeiling, Reason: d.Reason, Message: d.Message, EvidenceEnds: d.EvidenceEnds}
}

// compare says what becomes of what serves when one decision takes the place of another.
func compare(before, after *stage, serving []Serving) Outcome {
	o := Outcome{Grant: grantOf(after.Decision), Effect: Stays}
	for i := range serving {
		o.note(lost(before.Decision, after.Decision, &serving[i]))
	}
	if o.Effect == Stays {
		o.note(withoutPods(before.Decision, after.Decision))
	}
	if o.Effect == Stays || o.Effect == Opens {
		o.note(overCeiling(before, after, serving))
	}
	if o.Effect == Stays {
		o.note(more(before, after, serving))
	}
	return o
}

// part is what becomes of some pods.
type part struct {
	effect       Effect
	pods         int64
	accelerators int64
	because      []string
	why          string
}

// note adds a part: the gravest effect counts, and the pods of all parts that have it.
func (o *Outcome) note(p part) {
	rank := func(e Effect) int { return slices.Index(Effects(), e) }
	switch {
	case p.effect == "" || rank(p.effect) > rank(o.Effect):
		return
	case p.effect != o.Effect:
		o.Effect, o.Pods, o.Accelerators, o.Because, o.Why = p.effect, 0, 0, nil, p.why
	}
	o.Pods, o.Accelerators = o.Pods+p.pods, o.Accelerators+p.accelerators
	for _, name := range p.because {
		if !slices.Contains(o.Because, name) {
			o.Because = append(o.Because, name)
		}
	}
	o.Why = cmp.Or(o.Why, p.why)
}

func exposureOf(d *gate.Decision, name string) *gate.ExposureResult {
	for i := range d.Exposures {
		if d.Exposures[i].Name == name {
			return &d.Exposures[i]
		}
	}
	return nil
}

func granted(d *gate.Decision, name string) bool {
	x := exposureOf(d, name)
	return x != nil && x.Granted
}

// lost is what becomes of the pods of an exposure that was granted and is not any more. What was not granted before does not
// change.
func lost(before, after *gate.Decision, s *Serving) part {
	if granted(after, s.Exposure) {
		return part{}
	}
	x := exposureOf(after, s.Exposure)
	was := exposureOf(before, s.Exposure)
	p := part{effect: Freezes, pods: s.Pods, accelerators: s.Accelerators}
	switch {
	case x == nil && was == nil:
		return part{}
	case x == nil:
		p.why = fmt.Sprintf("the policy has no exposure %s any more", s.Exposure)
		if len(after.Exposures) == 0 {
			p.why = after.Message
		}
		return p
	case removes(x) && (was == nil || !removes(was)):
		p.effect = Removes
	case was == nil || !was.Granted:
		// It was lost before, and what became of it is not changed.
		return part{}
	}
	p.because, p.why = slices.Clone(x.Blocking), x.Message
	return p
}

// removes tells whether what serves an exposure is deleted.
func removes(x *gate.ExposureResult) bool {
	return !x.Granted && (x.Adverse || x.Revoked == v1alpha1.RevocationCritical)
}

// withoutPods is what becomes of a release of which nothing serves what is lost.
func withoutPods(before, after *gate.Decision) part {
	if before.GrantedExposure == "" || granted(after, before.GrantedExposure) {
		return part{}
	}
	p := part{effect: Freezes, why: after.Message}
	if x := exposureOf(after, before.GrantedExposure); x != nil {
		p.because, p.why = slices.Clone(x.Blocking), x.Message
	}
	return p
}

// exposures are the exposure that is granted then, and those that pods claim, each once.
func exposures(after *stage, serving []Serving) []string {
	var all []string
	if after.GrantedExposure != "" {
		all = append(all, after.GrantedExposure)
	}
	for _, s := range serving {
		if !slices.Contains(all, s.Exposure) {
			all = append(all, s.Exposure)
		}
	}
	return all
}

// overCeiling is what becomes of pods above a ceiling that is lower than before.
func overCeiling(before, after *stage, serving []Serving) part {
	p := part{}
	for _, name := range exposures(after, serving) {
		most := after.ceiling(name)
		if most == nil || !granted(after.Decision, name) {
			continue
		}
		var all Serving
		for _, s := range serving {
			if s.Exposure == name {
				all.Pods, all.Accelerators = all.Pods+s.Pods, all.Accelerators+s.Accelerators
			}
		}
		over, had := max(0, all.Pods-int64(*most)), granted(before.Decision, name)
		if had && !raised(after, before, name) || !had && over == 0 {
			continue
		}
		p.effect, p.why = Shrinks, cmp.Or(p.why, fmt.Sprintf("%s has a ceiling of %d then", name, *most))
		if over > 0 {
			p.pods, p.accelerators = p.pods+over, p.accelerators+all.Accelerators*over/all.Pods
		}
	}
	return p
}

// raised tells whether the ceiling of an exposure is higher at the second stage than at the first, or is gone there.
func raised(first, second *stage, exposure string) bool {
	was, is := first.ceiling(exposure), second.ceiling(exposure)
	return was != nil && (is == nil || *is > *was)
}

// more is what may start that could not before.
func more(before, after *stage, serving []Serving) part {
	p := part{effect: Opens}
	for _, name := range exposures(after, serving) {
		switch {
		case !granted(after.Decision, name):
		case !granted(before.Decision, name):
			p.why = cmp.Or(p.why, name+" is granted then")
		case raised(before, after, name) && after.ceiling(name) == nil:
			p.why = cmp.Or(p.why, name+" has no ceiling then")
		case raised(before, after, name):
			p.why = cmp.Or(p.why, name+" has a higher ceiling then")
		}
	}
	if p.why == "" {
		return part{}
	}
	for i := range serving {
		s := &serving[i]
		opens := granted(after.Decision, s.Exposure) && (!granted(before.Decision, s.Exposure) || raised(before, after, s.Exposure))
		if n := places(after, s); opens && n > 0 {
			p.pods, p.accelerators = p.pods+n, p.accelerators+s.HeldAccelerators*n/s.Held
		}
	}
	return p
}

// places are the held pods that there is room for, beside those that serve.
func places(after *stage, s *Serving) int64 {
	if most := after.ceiling(s.Exposure); most != nil {
		return min(s.Held, max(0, int64(*most)-s.Pods))
	}
	return s.Held
}

// Total counts the releases of one effect.
type Total struct {
	Effect       Effect `json:"effect"`
	Releases     int    `json:"releases"`
	Pods         int64  `json:"pods"`
	Accelerators int64  `json:"accelerators"`
}

// Totals counts what happens at once, by effect, the gravest first; those that nothing happens to last. Effects of no release are
// left out.
func Totals(changes []Change) []Total {
	return totals(changes, func(c *Change) *Outcome { return &c.After })
}

// TotalsThen counts what happens once the pending revision is in force; nil where nothing waits for one.
func TotalsThen(changes []Change) []Total {
	if !slices.ContainsFunc(changes, func(c Change) bool { return c.Then != nil }) {
		return nil
	}
	return totals(changes, func(c *Change) *Outcome {
		if c.Then != nil {
			return c.Then
		}
		return &c.After
	})
}

func totals(changes []Change, of func(*Change) *Outcome) []Total {
	var all []Total
	for _, effect := range Effects() {
		t := Total{Effect: effect}
		for i := range changes {
			if o := of(&changes[i]); o.Effect == effect {
				t.Releases++
				t.Pods, t.Accelerators = t.Pods+o.Pods, t.Accelerators+o.Accelerators
			}
		}
		if t.Releases > 0 {
			all = append(all, t)
		}
	}
	return all
}

// Reduces tells whether anything would be removed, frozen or shrunk, at once or later.
func Reduces(changes []Change) bool {
	reduces := func(o *Outcome) bool { return o != nil && o.Effect != Opens && o.Effect != Stays }
	return slices.ContainsFunc(changes, func(c Change) bool { return reduces(&c.After) || reduces(c.Then) })
}

// Sentence is totals in words, such as "3 releases would freeze: 12 pods, 48 accelerators; 5 would stay".
func Sentence(all []Total) string {
	if len(all) == 0 {
		return "there is no release to simulate"
	}
	verbs := map[Effect]string{Removes: "would lose pods", Freezes: "would freeze", Shrinks: "would shrink", Opens: "would open", Stays: "would stay"}
	var parts []string
	for _, t := range all {
		noun := "releases"
		if t.Releases == 1 {
			noun = "release"
		}
		text := fmt.Sprintf("%d %s %s", t.Releases, noun, verbs[t.Effect])
		switch t.Effect {
		case Removes, Freezes, Shrinks:
			text += fmt.Sprintf(": %s, %s", counted(t.Pods, "pod"), counted(t.Accelerators, "accelerator"))
		case Opens:
			text += ": " + counted(t.Pods, "held pod")
		case Stays:
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

func counted(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
