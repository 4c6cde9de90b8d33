// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"cmp"
	"fmt"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// progress counts, while a plan is made, the units that have to go.
type progress struct {
	// going have to go now or in their turn, and waiting when the fallback serves, or at until.
	going, waiting int32
	until          time.Time
	// message is why the first of them has to.
	message string
}

func (p *progress) goes(units int32, why string) {
	p.going += units
	p.message = cmp.Or(p.message, why)
}

func (p *progress) waits(units int32, until time.Time, why string) {
	p.waiting, p.until = p.waiting+units, until
	p.message = cmp.Or(p.message, why)
}

// departing says what has to go, or what was lost and stays; empty where neither is.
func (e enforcement) departing(plan *Plan) (reason, message string) {
	var leaving int32
	for _, u := range e.units {
		leaving += u.leaving()
	}
	frozen := ""
	if e.record != nil {
		for _, s := range e.record.Serving {
			if e.serving(s.Exposure) > 0 {
				frozen = cmp.Or(frozen, s.Exposure)
			}
		}
	}
	p := e.progress
	switch {
	case p.waiting > 0 && p.going == 0:
		f := e.scene.Fallback
		return v1alpha1.ReasonAwaitingFallback, fmt.Sprintf(
			"%d units have to go, and wait until release %s serves, which has %d of %d pods ready, or until %s: %s",
			p.waiting, f.Release, f.Ready, f.Asked, stamp(p.until), p.message)
	case p.going > 0 && plan.Removal != nil:
		return v1alpha1.ReasonRemoving, fmt.Sprintf(
			"%d units have to go and %d are on their way, at most %d at once; they are evicted until %s, and deleted then: %s",
			p.going, leaving, e.atOnce(*plan.Removal.Units), stamp(e.evictedUntil(plan.Removal)), p.message)
	case p.going > 0:
		return v1alpha1.ReasonRemoving, fmt.Sprintf("%d units have to go at once and %d are on their way: %s", p.going, leaving, p.message)
	case frozen != "":
		return v1alpha1.ReasonFrozen, e.frozen(frozen)
	case leaving > 0 && e.record != nil && e.record.EnforcedTime == nil:
		return v1alpha1.ReasonRemoving, fmt.Sprintf("the last %d units are on their way out: %s", leaving, e.why())
	}
	return "", ""
}

// why says what was lost, since when, and for which cause.
func (e enforcement) why() string {
	if e.record == nil {
		return "a requirement failed, or it was revoked"
	}
	return e.whyLost(e.record.Exposure)
}

// whyLost is the same of one exposure.
func (e enforcement) whyLost(exposure string) string {
	lost := e.lostNow(exposure)
	because := causes(lost.Cause, lost.Severity)
	if e.satisfied() && lost.Cause == v1alpha1.WithdrawalAbsent {
		because = "the release asks for less"
	}
	return fmt.Sprintf("exposure %s was lost at %s: %s", exposure, stamp(lost.Time.Time), because)
}

func causes(cause v1alpha1.WithdrawalCause, severity v1alpha1.RevocationSeverity) string {
	switch cause {
	case v1alpha1.WithdrawalAdverse:
		return "a requirement failed"
	case v1alpha1.WithdrawalRevoked:
		return "revoked, " + string(severity)
	case v1alpha1.WithdrawalLapsed:
		return "evidence ended"
	case v1alpha1.WithdrawalAbsent:
	}
	return "something is missing, ambiguous or undefined that was there"
}

// frozen says of a lost exposure what stays, what is replaced until when, what happens then, and what ends it.
func (e enforcement) frozen(exposure string) string {
	served, _ := e.servedOf(exposure)
	end, l := e.graceOf(exposure), e.lossOf(exposure)
	removes := l.cause == v1alpha1.WithdrawalRevoked || l.cause == v1alpha1.WithdrawalLapsed && e.lapse().Then != v1alpha1.LapseKeep
	then := "what serves stays, and none is replaced"
	switch replaced := served > 0 && e.replaced(exposure); {
	case replaced && removes:
		then = fmt.Sprintf("until %s what ends is replaced, up to %d units in all, and what serves is evicted then", stamp(end.Time), served)
	case replaced:
		then = fmt.Sprintf("until %s what ends is replaced, up to %d units in all, and none is then; what serves stays", stamp(end.Time), served)
	case removes && end != nil:
		then = fmt.Sprintf("none is replaced, and what serves is evicted from %s on", stamp(end.Time))
	}
	ends := "the exposure is granted again: see the other conditions for what is missing"
	if e.satisfied() {
		ends = "nothing serves it any more, or it is asked for and granted again"
	}
	return fmt.Sprintf("%s; of exposure %s %d units serve, and nothing grows: %s; it ends when %s",
		e.whyLost(exposure), exposure, e.serving(exposure), then, ends)
}
