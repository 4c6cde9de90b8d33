// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// signedPolicy is one whose level ASL-2 needs an rso to approve; an rso and a ceo may waive.
func signedPolicy() *v1alpha1.SafetyPolicy {
	return fixture.Policy("rsp",
		fixture.Roles("rso", "ceo"), fixture.Defining("sign-off", fixture.Signing("rso")), fixture.Requiring("ASL-2", "sign-off"), fixture.Waiving("rso", "ceo"))
}

// waivable is as demanding, and an rso and a ceo may waive.
func waivable() *v1alpha1.SafetyPolicy {
	return demanding(fixture.Roles("rso", "ceo"), fixture.Waiving("rso", "ceo"), fixture.Determining("rso"))
}

// shownUnder is what people were shown of m1 under a policy.
func shownUnder(p *v1alpha1.SafetyPolicy) fixture.Shown {
	return fixture.Shown{Subject: gate.Digest(gate.Artifacts(release()), nil), Revision: gate.Revision(&p.Spec)}
}

func approvalOf(name, role string, p *v1alpha1.SafetyPolicy, modifiers ...func(*v1alpha1.ReleaseApproval)) *v1alpha1.ReleaseApproval {
	return new(fixture.Approval(name, role, shownUnder(p), modifiers...))
}

// waiverOf is the waiver "w" of what the release is evaluated for.
func waiverOf(p *v1alpha1.SafetyPolicy, modifiers ...func(*v1alpha1.ReleaseWaiver)) *v1alpha1.ReleaseWaiver {
	return new(fixture.Waiver("w", "attack", shownUnder(p), modifiers...))
}

// inBrief is the condition Ready with what stands beside it, in a word each.
func inBrief(conditions []metav1.Condition) string {
	var all []string
	for _, c := range conditions {
		all = append(all, brief(c))
	}
	return strings.Join(all, ", ")
}

func TestReconcileSaysOfEachRecordWhetherItCounts(t *testing.T) {
	p := signedPolicy()
	counts := approvalOf("rita", "rso", p)
	other := approvalOf("carl", "ceo", p)
	waits := waiverOf(p, func(w *v1alpha1.ReleaseWaiver) { w.Spec.Requirements = []string{"sign-off"} })
	judged := new(fixture.Determination("d", "CBRN-3", v1alpha1.ConclusionRuledOut, shownUnder(p)))
	elsewhere := approvalOf("ede", "rso", p, func(a *v1alpha1.ReleaseApproval) { a.Spec.Release = "m2" })
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), p, counts, other, waits, judged, elsewhere).on(2, 0)
	c.mustReconcile()
	for object, want := range map[client.Object]string{
		counts:    "Ready=True Counts",
		other:     "Ready=False NotInRole, Stalled=True NotInRole",
		waits:     "Ready=False ApprovalMissing, Reconciling=True ApprovalMissing",
		judged:    "Ready=False NotAllowed, Stalled=True NotAllowed",
		elsewhere: "",
	} {
		x := recordOf(read(c, object))
		if got := inBrief(x.status.Conditions); got != want {
			t.Errorf("%s %s is %q, want %q", x.kind, x.GetName(), got, want)
		}
		if want != "" && (x.status.ObservedGeneration == nil || *x.status.ObservedGeneration != x.GetGeneration()) {
			t.Errorf("%s %s was observed at generation %v", x.kind, x.GetName(), x.status.ObservedGeneration)
		}
	}
	if r := read(c, release()); r.Status.GrantedExposure != "General" {
		t.Errorf("granted is %q: %+v", r.Status.GrantedExposure, r.Status.Requirements)
	}
	c.idle()
}

// recordOf is the record that an object is.
func recordOf(o client.Object) record {
	var in gate.Input
	switch o := o.(type) {
	case *v1alpha1.ReleaseApproval:
		in.Approvals = append(in.Approvals, *o)
	case *v1alpha1.ReleaseWaiver:
		in.Waivers = append(in.Waivers, *o)
	case *v1alpha1.ReleaseDetermination:
		in.Determinations = append(in.Determinations, *o)
	}
	return recordsIn(&in)[0]
}

func TestRecordsOfAReleaseThatDoesNotExist(t *testing.T) {
	p := waivable()
	a, w := approvalOf("rita", "rso", p), waiverOf(p)
	d := new(fixture.Determination("d", "CBRN-3", v1alpha1.ConclusionReached, shownUnder(p)))
	c := newCluster(t, governed(v1alpha1.GateEnforced), p, a, w, d)
	c.mustReconcile()
	for _, object := range []client.Object{a, w, d} {
		x := recordOf(read(c, object))
		if got, want := inBrief(x.status.Conditions), "Ready=False ReleaseNotFound, Reconciling=True ReleaseNotFound"; got != want {
			t.Errorf("%s is %q, want %q", x.kind, got, want)
		}
	}
	c.idle()
	c.fails["cached list ReleaseWaiverList"] = errBroken
	if _, err := c.reconcile(); !errors.Is(err, errBroken) {
		t.Errorf("error = %v", err)
	}
}

// What a status is made from may be old. It is not stored then, nothing is told of it, and it is tried again.
func TestReconcileStoresNoStatusOverALaterOne(t *testing.T) {
	p := waivable()
	w := waiverOf(p)
	approvals := []*v1alpha1.ReleaseApproval{
		approvalOf("rita", "rso", p, fixture.RegardingWaiver(w)), approvalOf("carl", "ceo", p, fixture.RegardingWaiver(w)),
	}
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), p, w, approvals[0], approvals[1]).on(2, 0)
	c.mustReconcile()
	c.take()
	stale := read(c, waiverOf(p)).DeepCopy()
	later := stale.DeepCopy()
	later.Labels = map[string]string{"seen": "later"}
	if err := c.api.Update(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	stale.Status = v1alpha1.RecordStatus{}
	objects := []client.Object{read(c, governed(v1alpha1.GateEnforced)), read(c, release()), p, stale}
	for _, a := range approvals {
		objects = append(objects, read(c, a))
	}
	lag := newCluster(t, objects...)
	c.cache = lag.api
	after := c.mustReconcile().RequeueAfter
	if after == 0 || after > time.Second {
		t.Errorf("it is tried again after %s", after)
	}
	for _, line := range c.take("event") {
		if strings.Contains(line, v1alpha1.ReasonWaiverInEffect) {
			t.Errorf("told again: %s", line)
		}
	}
}

func TestAWaiverIsLoud(t *testing.T) {
	p := waivable()
	w := waiverOf(p)
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), p, w,
		approvalOf("rita", "rso", p, fixture.RegardingWaiver(w)), approvalOf("carl", "ceo", p, fixture.RegardingWaiver(w))).on(2, 0)
	c.mustReconcile()
	r := read(c, release())
	waived := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionWaived)
	if waived == nil || waived.Reason != v1alpha1.ReasonWaiverInEffect || r.Status.GrantedExposure != "General" {
		t.Fatalf("granted is %q, and Waived is %+v", r.Status.GrantedExposure, waived)
	}
	for _, want := range []string{"ReleaseWaiver w", "attack", "General", "2026-01-16T00:00:00Z", "requester@example.com"} {
		if !strings.Contains(waived.Message, want) {
			t.Errorf("the condition Waived does not say %q: %s", want, waived.Message)
		}
	}
	registry := stated(t, c)
	if got := gathered(t, registry)["scalegate_waivers_active Standard rsp"]; got.value != 1 {
		t.Errorf("%v waivers are active", got.value)
	}
	if told := c.take("event"); !slices.Contains(told, "event WaiverInEffect ModelRelease m1") {
		t.Errorf("events: %q", told)
	}
	c.idle()

	c.on(15, time.Second).mustReconcile()
	r = read(c, release())
	if waived := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionWaived); waived != nil || r.Status.GrantedExposure == "General" {
		t.Errorf("the waiver ended, granted is %q, and Waived is %+v", r.Status.GrantedExposure, waived)
	}
	if told := c.take("event"); !slices.Contains(told, "event Ended ModelRelease m1") {
		t.Errorf("events: %q", told)
	}
	if got := gathered(t, registry)["scalegate_waivers_active Standard rsp"]; got.value != 0 {
		t.Errorf("%v waivers are active", got.value)
	}
}

func TestAReviewIsOwedAndOverdue(t *testing.T) {
	p := waivable()
	w := waiverOf(p, fixture.BreakingGlass())
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), p, w, approvalOf("rita", "rso", p, fixture.RegardingWaiver(w))).on(1, time.Hour)
	c.mustReconcile()
	reviewed := func() string {
		c := meta.FindStatusCondition(read(c, w).Status.Conditions, v1alpha1.ConditionReviewed)
		if c == nil {
			return ""
		}
		return brief(*c)
	}
	if got := reviewed(); got != "Reviewed=False ReviewOwed" {
		t.Errorf("while it counts the waiver is %q", got)
	}
	r := read(c, release())
	waived := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionWaived)
	if waived == nil || waived.Reason != v1alpha1.ReasonBreakGlassInEffect || !strings.Contains(waived.Message, "review by somebody in role ceo is owed until 2026-01-05T00:00:00Z") {
		t.Errorf("Waived is %+v", waived)
	}
	registry := stated(t, c)
	after := c.on(2, 0).mustReconcile().RequeueAfter
	if after == 0 || after > 3*24*time.Hour {
		t.Errorf("the review is looked at again after %s", after)
	}
	c.take()
	for _, hours := range []time.Duration{0, 1} {
		c.on(4, hours*time.Hour).mustReconcile()
	}
	if got := reviewed(); got != "Reviewed=False ReviewOverdue" {
		t.Errorf("after three days the waiver is %q", got)
	}
	var told int
	for _, line := range c.take("event") {
		if line == "event ReviewOverdue ModelRelease m1" {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times that the review is overdue", told)
	}
	if got := gathered(t, registry)["scalegate_waiver_reviews_overdue rsp"]; got.value != 1 {
		t.Errorf("%v reviews are overdue", got.value)
	}
	for _, a := range []*v1alpha1.ReleaseApproval{
		approvalOf("requester", "ceo", p, fixture.RegardingWaiver(w), fixture.Saying(v1alpha1.DecisionAcknowledge)),
		approvalOf("rolf", "rso", p, fixture.RegardingWaiver(w), fixture.Saying(v1alpha1.DecisionAcknowledge)),
	} {
		if err := c.api.Create(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	c.mustReconcile()
	if got := reviewed(); got != "Reviewed=False ReviewOverdue" {
		t.Errorf("who asked for it, or is in another role, reviewed it: %q", got)
	}
	if err := c.api.Create(t.Context(), approvalOf("cleo", "ceo", p, fixture.RegardingWaiver(w), fixture.Saying(v1alpha1.DecisionAcknowledge))); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	if got := reviewed(); got != "Reviewed=True ReviewMade" {
		t.Errorf("reviewed, and the waiver is %q", got)
	}
}

func TestRecordThatCannotBeWrittenIsTriedAgain(t *testing.T) {
	p := signedPolicy()
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), p, approvalOf("rita", "rso", p)).on(2, 0)
	c.fails["apply ReleaseApproval rita"] = errBroken
	if _, err := c.reconcile(); !errors.Is(err, errBroken) {
		t.Errorf("error = %v", err)
	}
	// What was decided is in force all the same.
	if r := read(c, release()); r.Status.GrantedExposure != "General" {
		t.Errorf("granted is %q", r.Status.GrantedExposure)
	}
}

func TestAnnouncementsOfRecords(t *testing.T) {
	counts := v1alpha1.RecordStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonCounts}}}
	over := v1alpha1.RecordStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonEnded, Message: "it ended"}}}
	p := waivable()
	objection := func(regarding *v1alpha1.ReleaseWaiver) *v1alpha1.ReleaseApproval {
		a := approvalOf("carl", "ceo", p, fixture.Saying(v1alpha1.DecisionObject))
		if regarding != nil {
			fixture.RegardingWaiver(regarding)(a)
		}
		return a
	}
	for sentence, test := range map[string]struct {
		object        client.Object
		before, after v1alpha1.RecordStatus
		want          []announcement
	}{
		"a waiver that begins to count": {waiverOf(p), over, counts, []announcement{{corev1.EventTypeWarning, v1alpha1.ReasonWaiverInEffect, "Waive",
			"ReleaseWaiver w sets attack aside up to exposure General until 2026-01-16T00:00:00Z, asked for by requester@example.com, for the reason: the judge model is being replaced"}}},
		"a waiver that counts on": {waiverOf(p), counts, counts, nil},
		"a waiver that ends":      {waiverOf(p), counts, over, []announcement{{corev1.EventTypeNormal, v1alpha1.ReasonEnded, "Waive", "ReleaseWaiver w does not count any more: it ended"}}},
		"an objection": {objection(nil), v1alpha1.RecordStatus{}, counts, []announcement{{corev1.EventTypeWarning, v1alpha1.ReasonObjected, "Object",
			"carl@example.com objects as ceo to the release from exposure General on, in ReleaseApproval carl: the report was read"}}},
		"an objection to a waiver": {objection(waiverOf(p)), v1alpha1.RecordStatus{}, counts, []announcement{{corev1.EventTypeWarning, v1alpha1.ReasonObjected, "Object",
			"carl@example.com objects as ceo to ReleaseWaiver w, in ReleaseApproval carl: the report was read"}}},
		"an approval": {approvalOf("carl", "ceo", p), v1alpha1.RecordStatus{}, counts, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			x := recordOf(test.object)
			x.status = test.before
			if diff := cmp.Diff(test.want, recordAnnouncements(&x, test.after), cmp.AllowUnexported(announcement{})); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAlertsAreToldOnce(t *testing.T) {
	with := func(evidence string, alert v1alpha1.RequirementAlert) v1alpha1.ModelReleaseStatus {
		return v1alpha1.ModelReleaseStatus{Requirements: []v1alpha1.RequirementStatus{{Name: "attack", Evidence: evidence, Alert: alert, Message: "near the bound"}}}
	}
	told := []announcement{{corev1.EventTypeWarning, v1alpha1.ReasonAlertThresholdReached, "Warn", "requirement attack: near the bound"}}
	for sentence, test := range map[string]struct {
		before, after v1alpha1.ModelReleaseStatus
		want          []announcement
	}{
		"no alert":                     {with("e1", ""), with("e1", ""), nil},
		"an alert begins":              {v1alpha1.ModelReleaseStatus{}, with("e1", v1alpha1.AlertReached), told},
		"an alert goes on":             {with("e1", v1alpha1.AlertReached), with("e1", v1alpha1.AlertReached), nil},
		"a later result alerts again":  {with("e1", v1alpha1.AlertReached), with("e2", v1alpha1.AlertReached), told},
		"a later result ends an alert": {with("e1", v1alpha1.AlertReached), with("e2", ""), nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			if diff := cmp.Diff(test.want, alertAnnouncements(test.before, test.after), cmp.AllowUnexported(announcement{})); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRecordsWakeTheirReleases(t *testing.T) {
	p := waivable()
	w := waiverOf(p)
	c := newCluster(t, release(), fixture.Release("m2"), fixture.Release("m3", func(r *v1alpha1.ModelRelease) { r.Namespace = "elsewhere" }))
	wake := wakes{cached{c.live(), c}}
	missing := approvalOf("a", "rso", p, func(a *v1alpha1.ReleaseApproval) { a.Spec.Release = "gone" })
	for sentence, test := range map[string]struct {
		names []types.NamespacedName
		err   error
		want  []string
	}{
		"an approval wakes its release":                              wokenBy(wake.releasesOfApproval(t.Context(), approvalOf("a", "rso", p)))("serving/m1"),
		"an approval wakes a release that does not exist":            wokenBy(wake.releasesOfApproval(t.Context(), missing))("serving/gone"),
		"an approval of a waiver wakes every release of a namespace": wokenBy(wake.releasesOfApproval(t.Context(), approvalOf("a", "rso", p, fixture.RegardingWaiver(w))))("serving/m1", "serving/m2"),
		"a waiver wakes every release of its namespace":              wokenBy(wake.releasesOfWaiver(t.Context(), w))("serving/m1", "serving/m2"),
		"a determination wakes every release of its namespace": wokenBy(wake.releasesOfDetermination(t.Context(),
			new(fixture.Determination("d", "CBRN-3", v1alpha1.ConclusionReached, shownUnder(p)))))("serving/m1", "serving/m2"),
	} {
		var got []string
		for _, name := range test.names {
			got = append(got, name.String())
		}
		slices.Sort(got)
		if test.err != nil || !slices.Equal(test.want, got) {
			t.Errorf("%s: %q, %v, want %q", sentence, got, test.err, test.want)
		}
	}
	c.fails["cached list ModelReleaseList"] = errBroken
	if _, err := wake.releasesOfWaiver(t.Context(), w); !errors.Is(err, errBroken) {
		t.Errorf("error = %v", err)
	}
	for i, find := range []func() ([]types.NamespacedName, error){
		func() ([]types.NamespacedName, error) { return wake.releasesOfApproval(t.Context(), &corev1.Pod{}) },
		func() ([]types.NamespacedName, error) { return wake.releasesOfWaiver(t.Context(), &corev1.Pod{}) },
		func() ([]types.NamespacedName, error) {
			return wake.releasesOfDetermination(t.Context(), &corev1.Pod{})
		},
	} {
		if names, err := find(); err == nil {
			t.Errorf("%d: a pod wakes %v", i, names)
		}
	}
}

type woken = struct {
	names []types.NamespacedName
	err   error
	want  []string
}

func wokenBy(names []types.NamespacedName, err error) func(want ...string) woken {
	return func(want ...string) woken { return woken{names, err, want} }
}

func TestTheEndOfWhatPeopleSaidIsToldInItsOwnWords(t *testing.T) {
	end := fixture.Day(20)
	q := func(name, evidence string, state v1alpha1.RequirementState, act gate.Act) gate.RequirementResult {
		return gate.RequirementResult{Name: name, Evidence: evidence, State: state, Expires: &end, Change: gate.Change{Act: act}}
	}
	for sentence, test := range map[string]struct {
		requirements []gate.RequirementResult
		records      []gate.RecordResult
		want         string
	}{
		"a result":    {requirements: []gate.RequirementResult{q("attack", "e1", v1alpha1.RequirementMet, gate.ActRenew)}, want: "attack (SafetyEvaluation e1); bring another result before"},
		"an approval": {requirements: []gate.RequirementResult{q("sign-off", "rita", v1alpha1.RequirementMet, gate.ActApprove)}, want: "sign-off (ReleaseApproval rita); have it approved anew before"},
		"a waiver":    {requirements: []gate.RequirementResult{q("attack", "w", v1alpha1.RequirementWaived, gate.ActEvaluate)}, want: "attack (ReleaseWaiver w); bring another result before"},
		"both": {
			requirements: []gate.RequirementResult{q("attack", "e1", v1alpha1.RequirementMet, gate.ActRenew), q("sign-off", "rita", v1alpha1.RequirementMet, gate.ActApprove)},
			want:         "attack (SafetyEvaluation e1), sign-off (ReleaseApproval rita); bring another result before, and have it approved anew",
		},
		"a determination": {records: []gate.RecordResult{{Kind: kindDetermination, Name: "d", Counts: true, End: &end}}, want: "ReleaseDetermination d; bring another result before"},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := endsSoon(gate.Decision{GrantedExposure: "General", EvidenceEnds: &end, Requirements: test.requirements, Records: test.records})
			if want := "at 2026-01-21T00:00:00Z evidence ends that exposure General rests on: " + test.want + ", or nothing of it grows from then on"; got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
		})
	}
}
