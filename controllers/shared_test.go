// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
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
	finding := new(fixture.Finding("f", "attack", "sha256:0"))
	c := newCluster(t, recalled, finding)
	live := listening{c.api, c}
	s := newSharing(live, c.api)
	clock := time.Now()
	s.now = func() time.Time { return clock }
	look := func(want int) {
		t.Helper()
		c.log = nil
		for range 100 {
			var findings v1alpha1.AdverseFindingList
			var revoked v1alpha1.ModelReleaseList
			if err := s.List(t.Context(), &findings); err != nil {
				t.Fatal(err)
			}
			if err := s.List(t.Context(), &revoked, client.MatchingFields{indexReleaseRevocation: "Critical"}); err != nil {
				t.Fatal(err)
			}
			if len(findings.Items) != len(listOf[*v1alpha1.AdverseFindingList](c).Items) || len(revoked.Items) != 1 {
				t.Fatalf("%d findings, %d revoked releases", len(findings.Items), len(revoked.Items))
			}
			findings.Items[0].Name, revoked.Items[0].Name = "changed", "by who got it"
		}
		if len(c.log) != want {
			t.Errorf("%d live lists, want %d: %q", len(c.log), want, c.log)
		}
	}
	look(2)
	clock = clock.Add(sharedFor - 1)
	look(0)
	clock = clock.Add(1)
	look(2)
	if err := c.api.Create(t.Context(), new(fixture.Finding("g", "attack", "sha256:1"))); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(1)
	look(1)
	r := recalled.DeepCopy()
	if err := c.api.Get(t.Context(), client.ObjectKeyFromObject(recalled), r); err != nil {
		t.Fatal(err)
	}
	r.Generation++
	if err := c.api.Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(1)
	look(1)
}

func listOf[L client.ObjectList](c *cluster) L {
	c.t.Helper()
	var list L
	kind, ok := any(&v1alpha1.AdverseFindingList{}).(L)
	if !ok {
		c.t.Fatalf("%T", list)
	}
	if err := c.api.List(context.Background(), kind); err != nil {
		c.t.Fatal(err)
	}
	return kind
}

// A cache that lags behind what was listed makes it be listed again, and what concerns one release is never shared.
func TestWhatIsNotShared(t *testing.T) {
	c := newCluster(t, new(fixture.Finding("f", "attack", "sha256:0"))).lagging()
	s := newSharing(listening{c.api, c}, c.cache)
	for range 3 {
		if err := s.List(t.Context(), &v1alpha1.AdverseFindingList{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 {
		if err := s.List(t.Context(), &v1alpha1.SafetyEvaluationList{}, client.InNamespace(fmt.Sprint("n", i))); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(c.log, ", "); strings.Count(got, "AdverseFindingList") != 3 || strings.Count(got, "SafetyEvaluationList") != 3 {
		t.Errorf("listed live: %s", got)
	}
}
