// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import "time"

// defaultFallbackWait is that of the API, in seconds.
const defaultFallbackWait = 300

// awaits tells whether what has to go since some time waits for the fallback, and until when at the latest.
func (e enforcement) awaits(since time.Time) (until time.Time, waits bool) {
	f := e.scene.Fallback
	if f == nil || !f.Granted || f.Asked < 1 || f.Ready >= f.Asked {
		return time.Time{}, false
	}
	wait := int32(defaultFallbackWait)
	if p := e.scene.Policy; p != nil && p.Spec.Fallback != nil {
		wait = or(p.Spec.Fallback.WaitSeconds, wait)
	}
	until = since.Add(time.Duration(wait) * time.Second)
	return until, e.scene.Now.Before(until)
}
