// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"encoding/json"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/freeing"
	"github.com/scalegate/scalegate/internal/workload/kinds"
)

// TestReleaseHoldsIsNoWayAround sends the very writes that scalegate release-holds sends, and no trial before them, while the
// policies are in place: the API server decides, and not the command.
func TestReleaseHoldsIsNoWayAround(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	bare := pod(ns)
	must(t, shared.Client.Create(t.Context(), bare))
	must(t, shared.Client.Create(t.Context(), deployment(ns, "web")))
	run := job(ns)
	must(t, shared.Client.Create(t.Context(), run))
	tenant := makeTenant(t, ns)
	for _, held := range []struct{ group, kind, name string }{
		{"", "Pod", bare.Name}, {"apps", "Deployment", "web"}, {"batch", "Job", run.Name},
	} {
		kind, _ := kinds.For(schema.GroupKind{Group: held.group, Kind: held.kind})
		read := func(t *testing.T) *unstructured.Unstructured {
			t.Helper()
			o := &unstructured.Unstructured{}
			o.SetGroupVersionKind(kind.GVKs()[0])
			must(t, shared.Client.Get(t.Context(), client.ObjectKey{Namespace: ns, Name: held.name}, o))
			return o
		}
		for who, as := range map[string]client.Client{"a tenant with edit": tenant, "a cluster admin": shared.Client} {
			t.Run("a "+held.kind+" stays held to "+who, func(t *testing.T) {
				write := freeing.Next(kind, read(t), nil)
				content, err := json.Marshal(write.Content)
				must(t, err)
				err = as.Patch(t.Context(), read(t), client.RawPatch(write.Type, content))
				if held.kind == "Pod" {
					must(t, refusal(err, "only Scalegate lifts the hold"))
				} else {
					must(t, err) // it is taken, and changes nothing
				}
				after := read(t)
				if hold, still := freeing.Of(kind, after, nil); !still || hold.HeldBy[0] == "mark" {
					t.Errorf("it is free: %v", after.Object["spec"])
				}
			})
		}
	}
}
