// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
)

// Guards says whether what is decided is also obeyed.
type Guards interface {
	// InPlace is true when the admission objects were lately seen as installed and acting. When it
	// is false, nothing new may be cleared or opened, and the text says why, for people.
	InPlace() (bool, string)
	// Looked is true once this process has looked at them.
	Looked() bool
	// Changes gets something whenever the guards come to be in place, so that what waited for it is
	// looked at again.
	Changes() <-chan event.GenericEvent
}

// Ready joins what a ModelReleaseReconciler asks: nothing is given while the guards are not in place, nor in a namespace
// where they have not settled.
func Ready(guards Guards, settling *Settling) func(*metav1.PartialObjectMetadata, time.Time) Withheld {
	return func(ns *metav1.PartialObjectMetadata, now time.Time) Withheld {
		unsettled := settling.Ready(ns, now) // asked in any case: the first question starts its clock
		if ok, why := guards.InPlace(); !ok {
			return Withheld{
				Withheld: enforcement.Withheld{Reason: v1alpha1.ReasonGuardsNotInPlace, Message: why}, Since: unsettled.Since,
				Unknown: !guards.Looked(),
			}
		}
		return unsettled
	}
}
