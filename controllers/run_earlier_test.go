// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// A run whose server an earlier version made, as a pod of its own, goes on, wherever it was.
func TestARunWithTheServerOfAnEarlierVersionGoesOn(t *testing.T) {
	for sentence, measures := range map[string]bool{"before its Job is made": false, "while its Job runs": true} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, suiteWorld(fixture.Serving())...)
			v := &evaluator{c: c}
			v.must()
			server := c.servers()[0]
			if err := c.api.Delete(t.Context(), &server); err != nil {
				t.Fatal(err)
			}
			pod := podOf(&server, "")
			pod.OwnerReferences = server.OwnerReferences
			c.serve(pod)
			if measures {
				v.must()
				e := read(c, unrun())
				e.Status.Run.ServerUID = ""
				c.updateStatus(e)
			}
			c.log = nil
			v.must()
			c.progress()
			v.must()
			if left := c.serverParts(); len(left) != 0 || readyOf(read(c, unrun())).Reason != v1alpha1.ReasonMeasured || len(c.jobs()) != 1 {
				t.Errorf("left of the server: %q; ready = %+v; %q", left, readyOf(read(c, unrun())), c.log)
			}
			if slices.ContainsFunc(c.log, func(did string) bool { return did == "create Job "+server.Name }) {
				t.Errorf("it is served twice: %q", c.log)
			}
		})
	}
}
