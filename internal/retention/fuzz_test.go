// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package retention_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// FuzzNothingIsForgotten deletes everything that may be deleted, and compares every decision with what it would have been.
func FuzzNothingIsForgotten(f *testing.F) {
	for seed := range uint64(150) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		w := newWorld(seed)
		now := fixture.Day(today)
		left, deleted := w.swept(now)
		if len(deleted) == 0 {
			return
		}
		for _, later := range []int{0, 1, 40, 400} {
			w.compare(t, fixture.Day(today+later), w.evaluations, left, plain)
		}
		w.takeAway(t, now, left)
		for i := range deleted {
			for kind, again := range w.broughtAgain(&deleted[i], now) {
				before, after := append(slices.Clone(w.evaluations), again), append(slices.Clone(left), again)
				look := enforced
				if kind == 0 {
					look = plain
				}
				w.compare(t, now.Add(2*time.Hour), before, after, look)
				w.compare(t, fixture.Day(today+200), before, after, look)
			}
		}
	})
}

// compare compares the decisions about each release as it is; and what comes of those about what it may become.
func (w *world) compare(t *testing.T, now time.Time, before, after []v1alpha1.SafetyEvaluation, look func(gate.Decision) any) {
	t.Helper()
	for i, release := range w.variants() {
		look := look
		if i%variants > 0 {
			look = enforced
		}
		want, got := look(w.decide(release, before, now)), look(w.decide(release, after, now))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s/%s of %v on %v (-with everything +after the sweep)\n%s",
				release.Namespace, release.Name, gate.Artifacts(release), now, diff)
		}
	}
}

// takeAway deletes one evaluation more, as a person may: then what went before does not let anything more be granted.
func (w *world) takeAway(t *testing.T, now time.Time, left []v1alpha1.SafetyEvaluation) {
	t.Helper()
	for i := range left {
		other := func(e v1alpha1.SafetyEvaluation) bool { return e.UID == left[i].UID }
		before, after := slices.DeleteFunc(slices.Clone(w.evaluations), other), slices.DeleteFunc(slices.Clone(left), other)
		for _, release := range w.variants() {
			want, got := w.decide(release, before, now), w.decide(release, after, now)
			for j := range got.Requirements {
				was, is := want.Requirements[j].State, got.Requirements[j].State
				if is == v1alpha1.RequirementMet && was != is || was == v1alpha1.RequirementFailed && was != is {
					t.Fatalf("without %s, %s is %s, and would be %s with everything", left[i].Name, got.Requirements[j].Name, is, was)
				}
			}
			for j := range got.Exposures {
				if got.Exposures[j].Granted && !want.Exposures[j].Granted || want.Exposures[j].Adverse && !got.Exposures[j].Adverse {
					t.Fatalf("without %s, %+v, and with everything %+v", left[i].Name, got.Exposures[j], want.Exposures[j])
				}
			}
		}
	}
}

// broughtAgain are new evaluations with the file of one that was deleted: for the same first, then for another
// requirement, another release and other artifacts.
func (w *world) broughtAgain(e *v1alpha1.SafetyEvaluation, now time.Time) []v1alpha1.SafetyEvaluation {
	if e.Status.Measurement == nil {
		return nil
	}
	var all []v1alpha1.SafetyEvaluation
	bring := func(change func(*v1alpha1.SafetyEvaluation)) {
		again := *e.DeepCopy()
		again.Name += "-again-" + strconv.Itoa(len(all))
		again.UID, again.CreationTimestamp = fixture.UID(again.Name), metav1.NewTime(now.Add(time.Hour))
		again.Spec.Job, again.Status.Run = nil, nil
		again.Spec.Report = &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: again.Name, Key: "report"}}
		change(&again)
		all = append(all, again)
	}
	bring(func(*v1alpha1.SafetyEvaluation) {})
	for i := range w.policy.Spec.Requirements {
		name := w.policy.Spec.Requirements[i].Name
		bring(func(again *v1alpha1.SafetyEvaluation) {
			again.Spec.Requirement, again.Status.Measurement.Metric = name, "scorer/"+name
		})
		bring(func(again *v1alpha1.SafetyEvaluation) {
			other := w.releases[1]
			if e.Namespace == other.Namespace {
				other = w.releases[0]
			}
			again.Spec.Requirement, again.Status.Measurement.Metric = name, "scorer/"+name
			again.Namespace, again.Spec.Subject.Release = other.Namespace, other.Name
			fixture.About(gate.Artifacts(other)...)(again)
		})
		bring(func(again *v1alpha1.SafetyEvaluation) {
			again.Spec.Requirement, again.Status.Measurement.Metric = name, "scorer/"+name
			fixture.About(fixture.Weights("m1"), fixture.Server("new"))(again)
		})
	}
	return all
}

// plain is a decision without its words.
func plain(d gate.Decision) any {
	d.Message = ""
	for i := range d.Requirements {
		d.Requirements[i].Message = ""
	}
	for i := range d.Thresholds {
		d.Thresholds[i].Message = ""
	}
	for i := range d.Exposures {
		d.Exposures[i].Message = ""
	}
	for i := range d.Resolutions {
		d.Resolutions[i].Message = ""
	}
	return d
}

// enforced is what comes of a decision. A file that is brought for something else is refused as a replay while it is
// known, and is too old once it is not; and what failed for some of a release's artifacts, and was resolved, is told
// while it is known. Which of these is why a requirement is not met makes no difference to anything.
func enforced(d gate.Decision) any {
	type exposure struct {
		Granted, Adverse bool
		Blocking         []string
	}
	type outcome struct {
		Granted, Level string
		Until          *time.Time
		Adverse        bool
		Exposures      []exposure
		States         []v1alpha1.RequirementState
		Thresholds     []v1alpha1.ThresholdState
		Findings       []v1alpha1.AdverseFinding
	}
	o := outcome{Granted: d.GrantedExposure, Level: d.RequiredLevel, Until: d.ClearedUntil, Adverse: d.Adverse, Findings: d.NewFindings}
	for _, e := range d.Exposures {
		o.Exposures = append(o.Exposures, exposure{e.Granted, e.Adverse, e.Blocking})
	}
	for _, r := range d.Requirements {
		if r.State == v1alpha1.RequirementExpired || r.State == v1alpha1.RequirementIndeterminate {
			r.State = v1alpha1.RequirementMissing
		}
		o.States = append(o.States, r.State)
	}
	for _, t := range d.Thresholds {
		o.Thresholds = append(o.Thresholds, t.State)
	}
	return o
}

// Of what the worlds hold enough is deleted, and of every kind, for the fuzzing to mean something.
func TestTheWorldsAreSwept(t *testing.T) {
	all, gone, failed, shared, runs := 0, 0, 0, 0, 0
	for seed := range uint64(400) {
		w := newWorld(seed)
		_, deleted := w.swept(fixture.Day(today))
		all += len(w.evaluations)
		gone += len(deleted)
		for i := range deleted {
			m := deleted[i].Status.Measurement
			if m != nil && m.Value == "0.9" {
				failed++
			}
			if m != nil && m.SHA256 == fixture.SHA256("shared") {
				shared++
			}
			if deleted[i].Spec.Job != nil {
				runs++
			}
		}
	}
	t.Logf("of %d evaluations %d were deleted: %d failed, %d shared their file, %d were runs", all, gone, failed, shared, runs)
	if gone < all/20 || failed < 20 || shared < 20 || runs < 20 {
		t.Errorf("of %d evaluations %d were deleted: %d failed, %d shared their file, %d were runs", all, gone, failed, shared, runs)
	}
}
