// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/internal/gate"
)

// shift moves the objects of an input from the time at which the store stamped them to the time of the case.
func (w *world) shift(in *gate.Input) {
	if in.Release != nil {
		w.date(in.Release)
	}
	for i := range in.Ancestors {
		w.date(&in.Ancestors[i])
	}
	for i := range in.Revoked {
		w.date(&in.Revoked[i])
	}
	for i := range in.Evaluations {
		w.date(&in.Evaluations[i])
	}
	for i := range in.Sightings {
		if at, known := w.born[in.Sightings[i].UID]; known {
			in.Sightings[i].Time = at
		}
	}
	for i := range in.Findings {
		w.date(&in.Findings[i])
	}
	for i := range in.Approvals {
		w.date(&in.Approvals[i])
	}
	for i := range in.Waivers {
		w.date(&in.Waivers[i])
	}
	for i := range in.Determinations {
		w.date(&in.Determinations[i])
	}
}

// date gives an object of the case its time. Others keep theirs.
func (w *world) date(object Object) {
	if at, known := w.born[object.GetUID()]; known {
		object.SetCreationTimestamp(metav1.NewTime(at))
	}
}

// later is a time after now, or nil for no duration.
func (w *world) later(after Duration) *metav1.Time {
	if after == 0 {
		return nil
	}
	return &metav1.Time{Time: w.now.Add(time.Duration(after))}
}
