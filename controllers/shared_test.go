// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// Releases that are decided in a row share what is listed of the whole cluster, for a moment and while the cache shows the same.
func TestWhatIsListedOfTheWholeClusterIsShared(t *testing.T) {
	recalled := fixture.Release("m9", fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachCluster))
	c := newCluster(t, recalled)
	s := newSharing(listening{c.api, c}, c.api)
	clock := time.Now()
	s.now = func() time.Time { return clock }
	look := func(want, found int) {
		t.Helper()
		c.log = nil
		for range 100 {
			for severity, n := range map[v1alpha1.RevocationSeverity]int{v1alpha1.RevocationCritical: found, v1alpha1.RevocationAdvisory: 0} {
				revoked := revokedIn(t, s, severity)
				if len(revoked) != n {
					t.Fatalf("%d revoked releases", len(revoked))
				}
				for i := range revoked {
					revoked[i].Name = "changed by who got it"
				}
			}
		}
		if len(c.log) != want {
			t.Errorf("%d live lists, want %d: %q", len(c.log), want, c.log)
		}
	}
	look(2, 1)
	clock = clock.Add(sharedFor - 1)
	look(0, 1)
	clock = clock.Add(1)
	look(2, 1)
	r := recalled.DeepCopy()
	if err := c.api.Get(t.Context(), client.ObjectKeyFromObject(recalled), r); err != nil {
		t.Fatal(err)
	}
	r.Generation++
	if err := c.api.Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(1)
	look(1, 1)
}

func revokedIn(t *testing.T, reader client.Reader, severity v1alpha1.RevocationSeverity) []v1alpha1.ModelRelease {
	t.Helper()
	var revoked v1alpha1.ModelReleaseList
	if err := reader.List(t.Context(), &revoked, client.MatchingFields{indexReleaseRevocation: string(severity)}); err != nil {
		t.Fatal(err)
	}
	return revoked.Items
}

// A revocation that becomes graver after the Advisory ones were listed anew is in the list of the Critical ones, though the
// cache does not show it yet and that list is none too old by itself.
func TestARevocationThatBecomesGraverIsNotMissed(t *testing.T) {
	advised := fixture.Release("m9", fixture.Recalled(v1alpha1.RevocationAdvisory, v1alpha1.ReachCluster))
	c := newCluster(t, advised)
	c.cache = c.hold([]client.Object{advised})
	s := newSharing(c.api, c.cache)
	clock := time.Now()
	s.now = func() time.Time {
		clock = clock.Add(time.Millisecond)
		return clock
	}
	look := func() int {
		return len(revokedIn(t, s, v1alpha1.RevocationAdvisory)) + len(revokedIn(t, s, v1alpha1.RevocationCritical))
	}
	if n := look(); n != 1 {
		t.Fatalf("%d are revoked", n)
	}
	c.edit(advised, func(r *v1alpha1.ModelRelease) { r.Spec.Revocation.Severity = v1alpha1.RevocationCritical })
	// The Critical ones were listed a moment after the Advisory ones, and are to be listed again a moment later.
	clock = s.kept[v1alpha1.RevocationAdvisory].began.Add(sharedFor)
	if n := look(); n != 1 {
		t.Errorf("%d are revoked, want 1", n)
	}
}

// A cache that lags behind what was listed makes it be listed again, and what concerns one release is never shared, nor are
// findings: an evaluation that is gone when the evaluations are listed left its finding before it went.
func TestWhatIsNotShared(t *testing.T) {
	c := newCluster(t, fixture.Release("m9", fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachCluster))).lagging()
	s := newSharing(listening{c.api, c}, c.cache)
	for range 3 {
		revokedIn(t, s, v1alpha1.RevocationCritical)
		for _, list := range []client.ObjectList{&v1alpha1.AdverseFindingList{}, &v1alpha1.SafetyEvaluationList{}} {
			if err := s.List(t.Context(), list); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := strings.Join(c.log, ", ")
	for _, kind := range []string{"ModelReleaseList", "AdverseFindingList", "SafetyEvaluationList"} {
		if strings.Count(got, kind) != 3 {
			t.Errorf("listed live: %s", got)
		}
	}
}
