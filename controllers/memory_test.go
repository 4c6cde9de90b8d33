// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// What was granted last is the higher of what the status and the clearance say. Only of the first it is known to which
// artifacts: a release whose status could not be written for a while may have been of others.
func TestWhatWasGrantedLast(t *testing.T) {
	const subject = "sha256:subject"
	for sentence, test := range map[string]struct {
		status, clearance string
		granted, subject  string
	}{
		"as the status says":                  {"Internal", "", "Internal", subject},
		"as both say":                         {"Internal", "Internal", "Internal", subject},
		"a lower clearance was lowered first": {"Internal", "Evaluation", "Internal", subject},
		"a higher clearance came first, nobody knows for which artifacts": {"Internal", "General", "General", ""},
		"nor where the status says nothing":                               {"", "General", "General", ""},
		"nothing was":                                                     {"", "", "", ""},
	} {
		t.Run(sentence, func(t *testing.T) {
			in := gate.Input{Release: fixture.Release("m1"), Policy: fixture.Policy("rsp")}
			in.Release.Status = v1alpha1.ModelReleaseStatus{GrantedExposure: test.status, SubjectDigest: subject}
			annotations := map[string]string{}
			if test.clearance != "" {
				c := clearance.Clearance{End: time.Unix(1e9, 0), Since: time.Unix(9e8, 0), Exposure: test.clearance, Mode: clearance.Counted}
				annotations[clearance.Key("m1")] = c.String()
			}
			if m := memory(in, annotations); m.Granted != test.granted || m.Subject != test.subject {
				t.Errorf("granted %q to %q, want %q to %q", m.Granted, m.Subject, test.granted, test.subject)
			}
		})
	}
}
