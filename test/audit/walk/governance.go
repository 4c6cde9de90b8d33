// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package walk

import (
	"slices"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// policy has requirements of each sort.
func policy() *v1alpha1.SafetyPolicy {
	p := fixture.Policy("rsp",
		fixture.Roles("rso", "ceo", "board"), fixture.Waiving("rso", "ceo"), fixture.Determining("rso", "ceo"),
		fixture.Defining("bio", fixture.ValidFor(40)), fixture.Defining("cyber", fixture.ValidFor(60), fixture.NeededFrom("General")),
		fixture.Defining("card", fixture.Scoped()), fixture.Defining("signed", fixture.Signing("rso", "ceo"), fixture.NeededFrom("General"), fixture.ValidFor(50)),
		fixture.Defining("images", checking), fixture.Requiring("ASL-2", "card"), fixture.Requiring("ASL-3", "signed", "images"),
		fixture.Raising("CBRN-3", "ASL-3", "bio"), fixture.Raising("Cyber-3", "ASL-3", "cyber"))
	return p
}

func checking(r *v1alpha1.Requirement) {
	r.Evaluation, r.Scope, r.ValidForDays = nil, nil, 0
	r.Check = &v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardImagesPinned}
}

// govern sets the text of the policy.
func (w *Walk) govern(p *v1alpha1.SafetyPolicy) {
	w.in.Policy, w.in.PolicyRevision = p, gate.Revision(&p.Spec)
	w.policies = append(w.policies, p)
}

// revise changes the policy. Some changes have to wait until they are in force.
func (w *Walk) revise() {
	before, p := w.in.Policy, w.in.Policy.DeepCopy()
	switch w.rand.IntN(5) {
	case 0:
		p.Spec.Requirements[0].Evaluation.ClearAt = v1alpha1.Decimal(w.pick("0.2", "0.18", "0.12"))
	case 1:
		p.Spec.Requirements[1].ValidForDays = int32(30 + w.rand.IntN(60))
	case 2:
		p.Spec.Levels[0].Requires = [][]string{{"card"}, {"card", "images"}, {"card", "signed"}, nil}[w.rand.IntN(4)]
	case 3:
		p.Spec.Exposures[0].MaxReplicas = new(int32(1 + w.rand.IntN(4)))
	case 4:
		p.Spec.ClearanceSeconds = new(int32(3600 * (1 + w.rand.IntN(48))))
	}
	p.Generation++
	if gate.Revision(&p.Spec) == w.in.PolicyRevision {
		return
	}
	w.govern(p)
	if w.in.InForce == nil && w.rand.IntN(2) == 0 {
		w.in.InForce, w.in.InForceRevision = before, gate.Revision(&before.Spec)
	} else if w.in.InForce == nil {
		w.in.PriorRevisions = newest(append(w.in.PriorRevisions, gate.Revision(&before.Spec)))
	}
}

// comeIntoForce lets the text that waits be in force.
func (w *Walk) comeIntoForce() {
	if w.in.InForce != nil {
		w.in.InForce, w.in.InForceRevision, w.in.PriorRevisions = nil, "", nil
	}
}

// sign lets somebody say something about the release, a waiver or a determination.
func (w *Walk) sign() {
	role := w.pick("rso", "ceo", "board")
	person := w.pick("anna", "bela", "carla")
	a := fixture.Approval(person, role, w.shown())
	a.ObjectMeta = w.meta(w.name("approval"))
	a.Spec.Release = w.in.Release.Name
	a.Spec.Exposure = w.pick("Internal", "General", "General")
	a.Spec.Decision = v1alpha1.ApprovalDecision(w.pick("Approve", "Approve", "Approve", "Approve", "Object", "Acknowledge"))
	switch n := w.rand.IntN(3); {
	case n == 1 && len(w.in.Waivers) > 0:
		fixture.RegardingWaiver(&w.in.Waivers[w.rand.IntN(len(w.in.Waivers))])(&a)
	case n == 2 && len(w.in.Determinations) > 0:
		fixture.RegardingDetermination(&w.in.Determinations[w.rand.IntN(len(w.in.Determinations))])(&a)
	}
	w.in.Approvals = newest(append(w.in.Approvals, a))
}

// waive asks for a waiver.
func (w *Walk) waive() {
	made := fixture.Waiver("w", w.pick("card", "signed", "images", "cyber"), w.shown())
	made.ObjectMeta = w.meta(w.name("waiver"))
	made.Spec.Release = w.in.Release.Name
	made.Spec.EndTime = metav1.NewTime(w.in.Now.Add(time.Duration(1+w.rand.IntN(40)) * 24 * time.Hour))
	w.in.Waivers = newest(append(w.in.Waivers, made))
}

// determine judges a threshold.
func (w *Walk) determine() {
	conclusion := v1alpha1.Conclusion(w.pick("RuledOut", "RuledOut", "Reached"))
	made := fixture.Determination("d", w.pick("CBRN-3", "Cyber-3"), conclusion, w.shown())
	made.ObjectMeta = w.meta(w.name("determination"))
	made.Spec.Release = w.in.Release.Name
	w.in.Determinations = append(w.in.Determinations, made)
	w.in.Determinations = w.in.Determinations[max(0, len(w.in.Determinations)-2):]
}

// look sees a safeguard as it is.
func (w *Walk) look() {
	state := v1alpha1.SafeguardState(w.pick("InPlace", "InPlace", "Broken", "Unknown"))
	w.in.Safeguards = []gate.SafeguardFact{{Requirement: "images", Type: v1alpha1.SafeguardImagesPinned, State: state, Message: "pod p-" + strconv.Itoa(w.made)}}
}

// change revises the release: what it asks for, what it is made of or from, or all of it.
func (w *Walk) change() {
	r := w.in.Release
	r.Generation++
	switch w.rand.IntN(6) {
	case 0, 1, 2:
		r.Spec.Exposure = w.pick("Evaluation", "Internal", "General", "General")
	case 3:
		fixture.Of(fixture.Weights(w.pick("m1", "m2")), fixture.Server(r.Name))(r)
	case 4:
		w.derive()
	case 5:
		r.UID, r.Generation, r.CreationTimestamp = fixture.UID(w.name("release")), 1, metav1.NewTime(w.in.Now)
	}
}

// derive makes the release one that was made from another, or from none.
func (w *Walk) derive() {
	w.in.Release.Spec.DerivedFrom, w.in.Ancestors, w.in.LostAncestor = nil, nil, ""
	switch w.rand.IntN(5) {
	case 0:
		base := fixture.Release("base", fixture.Declared(w.pick("ASL-2", "ASL-3")), fixture.Of(fixture.Weights("base")))
		base.Namespace = w.in.Release.Namespace
		w.in.Ancestors = []v1alpha1.ModelRelease{*base}
		fixture.DerivedFrom("base")(w.in.Release)
	case 1:
		fixture.DerivedFrom("lost")(w.in.Release)
		w.in.LostAncestor = "lost"
	}
}

// Disturb changes, at random, what of an input no decision depends on: labels, statuses that tell of decisions, the order of
// lists.
func (w *Walk) Disturb(in *gate.Input) {
	in.Release.Labels = map[string]string{"team": w.name("team")}
	in.Release.Annotations = map[string]string{"note": w.name("note")}
	in.Release.ResourceVersion = strconv.Itoa(w.made)
	in.Release.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: w.name("manager")}}
	in.Release.Status.GrantedExposure = w.pick("", "Internal", "General")
	in.Release.Status.Requirements = []v1alpha1.RequirementStatus{{Name: "bio", State: v1alpha1.RequirementMet}}
	in.Policy = in.Policy.DeepCopy()
	in.Policy.Annotations, in.Policy.Status.Revision = map[string]string{"author": w.name("author")}, w.name("revision")
	for i := range in.Evaluations {
		e := &in.Evaluations[i]
		e.Labels, e.ResourceVersion = map[string]string{"pipeline": w.name("pipeline")}, strconv.Itoa(w.made)
		if m := e.Status.Measurement; m != nil {
			m.Warnings = []string{w.name("warning")}
			e.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Message: w.name("message")}}
		}
	}
	for i := range in.Approvals {
		in.Approvals[i].Labels = map[string]string{"form": w.name("form")}
	}
	slices.Reverse(in.Evaluations)
	slices.Reverse(in.Sightings)
	slices.Reverse(in.Findings)
	slices.Reverse(in.Approvals)
	slices.Reverse(in.Waivers)
	slices.Reverse(in.Determinations)
}
