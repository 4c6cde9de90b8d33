// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/config"
	"github.com/scalegate/scalegate/internal/guards"
)

func TestWhatCannotBePutBackIsTriedAgainEachIntervalOnly(t *testing.T) {
	n := newNest(t, Restore, parameters(), policy())
	n.fails["apply"] = errBroken
	for range 20 {
		if next := n.after(time.Second); next != n.Interval {
			t.Fatalf("looks again after %s", next)
		}
	}
	n.want("False GuardMissing", "1 of 1 could not be put back", false)
	delete(n.fails, "apply")
	if next := n.after(n.Interval); next != restoringRound {
		t.Errorf("looks again after %s though it was put back", next)
	}
	n.after(restoringRound)
	n.want("True GuardsInPlace", "", true)
}

// older is the mapper for an API server without mutating policies. It counts what a lazy mapper asks the
// API server each time: kinds that are not served.
type older struct {
	meta.RESTMapper
	misses *int
}

func (m older) RESTMapping(gk schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	if strings.HasPrefix(gk.Kind, "Mutating") {
		*m.misses++
		return nil, &meta.NoKindMatchError{GroupKind: gk, SearchedVersions: versions}
	}
	return m.RESTMapper.RESTMapping(gk, versions...)
}

type mapped struct {
	client.Client
	mapper meta.RESTMapper
}

func (m mapped) RESTMapper() meta.RESTMapper { return m.mapper }

func TestAKindThatIsNotServedIsAskedForOnceInARound(t *testing.T) {
	manifests, err := config.Admission()
	if err != nil {
		t.Fatal(err)
	}
	cm := parameters()
	if cm.Data, err = guards.Defaults(manifests); err != nil {
		t.Fatal(err)
	}
	cm.Data["controller"] = "'" + manager + "'"
	n := newNest(t, Report, cm)
	n.Manifests = manifests
	misses := 0
	n.Client = mapped{n.Client, older{n.RESTMapper(), &misses}}
	n.after(0)
	if misses != 2 {
		t.Errorf("%d look-ups for 2 kinds that are not served", misses)
	}
	n.want("False GuardMissing", "ValidatingAdmissionPolicy", false)
	for id := range n.set {
		if strings.HasPrefix(id.Kind, "Mutating") {
			t.Errorf("%s is expected of an API server that does not have the kind", id)
		}
	}
}
