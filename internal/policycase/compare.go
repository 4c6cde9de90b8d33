// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// compare decides about a release and compares the decision with what is expected.
func (w *world) compare(ctx context.Context, want *Expectation) (Outcome, []string, error) {
	// A revision comes into force, and a finding is made, also when only time went by.
	if err := w.settle(ctx); err != nil {
		return "", nil, err
	}
	release, err := w.of(ctx, want.Release)
	if err != nil {
		return "", nil, err
	}
	in, d, err := w.decide(ctx, release.Name)
	if err != nil {
		return "", nil, err
	}
	outcome := w.outcome(&in, &d)
	var wrong differences
	wrong.text("outcome", string(want.Outcome), string(outcome))
	wrong.text("granted", want.Granted, d.GrantedExposure)
	if want.Reason != "" {
		wrong.text("reason", want.Reason, d.Reason)
	}
	if want.RequiredLevel != "" {
		wrong.text("requiredLevel", want.RequiredLevel, d.RequiredLevel)
	}
	if want.Adverse != nil && *want.Adverse != d.Adverse {
		wrong.add("adverse is %v, want %v", d.Adverse, *want.Adverse)
	}
	if !strings.Contains(d.Message, want.Says) {
		wrong.add("the message does not say %q", want.Says)
	}
	wrong.states(want, &d)
	if len(wrong) > 0 {
		wrong = append(wrong, "  the gate says: "+d.Message)
	}
	return outcome, wrong, nil
}

// outcome sums a decision up, beside the best that expectations saw before.
func (w *world) outcome(in *gate.Input, d *gate.Decision) Outcome {
	name := in.Release.Name
	granted, asked := -1, -1
	for i := range d.Exposures {
		if d.Exposures[i].Name == in.Release.Spec.Exposure {
			asked = i
		}
		if d.Exposures[i].Granted {
			granted = i
		}
	}
	before := w.best[name]
	w.best[name] = max(before, granted)
	switch {
	case granted >= 0 && granted == asked:
		return Opened
	case granted < before:
		return Revoked
	}
	return Held
}

// differences are sentences about what is otherwise than expected.
type differences []string

func (d *differences) add(format string, args ...any) { *d = append(*d, fmt.Sprintf(format, args...)) }

func (d *differences) text(what, want, got string) {
	if want != got {
		d.add("%s is %s, want %s", what, cmp.Or(got, "none"), cmp.Or(want, "none"))
	}
}

// states compares thresholds, requirements and alerts by name.
func (d *differences) states(want *Expectation, got *gate.Decision) {
	thresholds := map[string]v1alpha1.ThresholdState{}
	for _, t := range got.Thresholds {
		thresholds[t.Name] = t.State
	}
	for _, name := range slices.Sorted(maps.Keys(want.Thresholds)) {
		d.text("threshold "+name, string(want.Thresholds[name]), string(thresholds[name]))
	}
	requirements, alerts := map[string]gate.RequirementResult{}, []string{}
	for _, r := range got.Requirements {
		requirements[r.Name] = r
		if r.Alert {
			alerts = append(alerts, r.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want.Requirements)) {
		if r := requirements[name]; r.State != want.Requirements[name] {
			d.add("requirement %s is %s, want %s: %s", name, cmp.Or(string(r.State), "none"), want.Requirements[name], r.Message)
		}
	}
	if want.Alerts != nil {
		slices.Sort(alerts)
		d.text("alerts", strings.Join(slices.Sorted(slices.Values(want.Alerts)), ", "), strings.Join(alerts, ", "))
	}
}
