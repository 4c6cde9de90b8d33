// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// Clearances that were written in the same moment are renewed one after the other, none after the half of its time, and each of
// them when its release is looked at for that.
func TestRenewalsAreSpread(t *testing.T) {
	const (
		releases = 10000
		lease    = 7 * 24 * time.Hour
	)
	began := fixture.Day(0)
	end := began.Add(lease)
	perMinute := map[time.Duration]int{}
	for i := range releases {
		c := course{}
		c.in.Now, c.scene.Spread = began, spread(types.UID(fmt.Sprintf("2b1f-%d", i)))
		c.plan.Clearance.End = &end
		after := recheck(&c)
		if after > lease/2 || after < lease/2-lease/8 {
			t.Fatalf("renewed after %v", after)
		}
		perMinute[after.Truncate(time.Minute)]++
		at := began.Add(after + time.Second)
		have, want := clearance.Clearance{End: end, Exposure: "General", Since: began}, clearance.Clearance{End: at.Add(lease), Exposure: "General", Since: began}
		if !clearance.Needed(have.String(), want, at, c.scene.Spread) {
			t.Fatalf("it is not renewed after %v", after)
		}
	}
	for minute, n := range perMinute {
		if n > 50 {
			t.Errorf("%d are renewed in the minute after %v", n, minute)
		}
	}
	if a := types.UID("2b1f-1"); spread(a) != spread(a) || spread(a) == spread("2b1f-2") {
		t.Error("the spread is not that of the release")
	}
}
