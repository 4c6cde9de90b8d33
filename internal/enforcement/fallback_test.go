// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// waiting is what the policy says of fallbacks, in seconds.
func waiting(seconds int32) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) { s.Policy.Spec.Fallback = &v1alpha1.PolicyFallback{WaitSeconds: &seconds} }
}

// What has to go waits until the fallback serves, and not for ever.
func TestWhatWaitsForTheFallback(t *testing.T) {
	failed := recorded(record(wAdverse, since(days(0).Add(-200*time.Second)), counting("General", 0)))
	finding, critical := refusing("", adverse(exposures()...)), refusing("", revoked(v1alpha1.RevocationCritical))
	lost := recorded(record(wLapsed, since(days(-14)), counting("General", 4)))
	over := refusing("", lapsed(days(-14)))
	without := func(change func(*enforcement.Fallback)) func(*enforcement.Scene) {
		return func(s *enforcement.Scene) {
			fallingBack(0)(s)
			change(s.Fallback)
		}
	}
	one := pod("a", "General", unexamined)
	for sentence, test := range map[string]struct {
		scene    enforcement.Scene
		decision gate.Decision
		want     []string
		reason   string
	}{
		"what a finding removes waits":            {scene(failed, one, fallingBack(0)), finding, nil, v1alpha1.ReasonAwaitingFallback},
		"while a pod of the fallback is missing":  {scene(failed, one, fallingBack(1)), finding, nil, v1alpha1.ReasonAwaitingFallback},
		"and goes when all of it is ready":        {scene(failed, one, fallingBack(2)), finding, []string{"a"}, v1alpha1.ReasonRemoving},
		"and after 300 seconds":                   {scene(failed, one, fallingBack(0), at(days(0).Add(100*time.Second))), finding, []string{"a"}, v1alpha1.ReasonRemoving},
		"or as many as the policy says":           {scene(failed, one, fallingBack(0), waiting(200)), finding, []string{"a"}, v1alpha1.ReasonRemoving},
		"which may be more":                       {scene(failed, one, fallingBack(0), waiting(900), at(days(0).Add(699*time.Second))), finding, nil, v1alpha1.ReasonAwaitingFallback},
		"no fallback, no wait":                    {scene(failed, one), finding, []string{"a"}, v1alpha1.ReasonRemoving},
		"one that is not granted is worth none":   {scene(failed, one, without(func(f *enforcement.Fallback) { f.Granted = false })), finding, []string{"a"}, v1alpha1.ReasonRemoving},
		"nor is one that asks for no pod":         {scene(failed, one, without(func(f *enforcement.Fallback) { f.Asked = 0 })), finding, []string{"a"}, v1alpha1.ReasonRemoving},
		"a Critical revocation does not wait":     {scene(recorded(record(wRevoked, severity(v1alpha1.RevocationCritical), counting("General", 0))), one, fallingBack(0)), critical, []string{"a"}, v1alpha1.ReasonRemoving},
		"nor beside a finding":                    {scene(failed, one, fallingBack(0)), refusing("", revoked(v1alpha1.RevocationCritical), adverse(exposures()...)), []string{"a"}, v1alpha1.ReasonRemoving},
		"what never was granted does not wait":    {scene(one, fallingBack(0)), finding, []string{"a"}, v1alpha1.ReasonRemoving},
		"a wave waits from its beginning on":      {scene(lost, one, fallingBack(0)), over, nil, v1alpha1.ReasonAwaitingFallback},
		"and begins then":                         {scene(lost, one, fallingBack(0), going(days(0).Add(-300*time.Second), 4)), over, []string{"a"}, v1alpha1.ReasonRemoving},
		"what is above a ceiling does not wait":   {scene(cleared(counted("General")), allowing(1), several("Job", "j", 2), fallingBack(0)), granting("General"), []string{"j1"}, v1alpha1.ReasonRemoving},
		"a freeze has nothing that waits":         {scene(lost, one, fallingBack(0)), refusing("", lapsed(days(-13))), nil, v1alpha1.ReasonFrozen},
		"nor has what serves nothing":             {scene(failed, fallingBack(0)), finding, nil, v1alpha1.ReasonEnforced},
		"a removal that waits is remembered once": {scene(lost, one, fallingBack(0), going(days(0).Add(-299*time.Second), 4)), over, nil, v1alpha1.ReasonAwaitingFallback},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, test.decision)
			var got []string
			for _, r := range plan.Removals {
				got = append(got, r.Name)
			}
			if diff := cmp.Diff(test.want, got); diff != "" || plan.Reason != test.reason {
				t.Errorf("%s: %s; removals (-want +got):\n%s", plan.Reason, plan.Message, diff)
			}
		})
	}
}

func TestWhatAwaitsTheFallbackSaysSo(t *testing.T) {
	s := scene(recorded(record(wAdverse, counting("General", 0))), pod("a", "General", unexamined), pod("b", "General", unexamined), fallingBack(1))
	got := enforcement.For(s, refusing("", adverse(exposures()...))).Message
	const want = "2 units have to go, and wait until release old serves, which has 1 of 2 pods ready, or until 2026-01-02T00:05:00Z: " +
		"exposure General was lost at 2026-01-02T00:00:00Z: a requirement failed"
	if got != want || strings.Contains(got, "%!") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
