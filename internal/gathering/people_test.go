// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gathering_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/internal/gathering"
)

var shown = fixture.Shown{Subject: gate.Digest(gate.Artifacts(fixture.Release("m1")), nil), Revision: "sha256:0123456789abcdef"}

func approval(name string, modifiers ...func(*v1alpha1.ReleaseApproval)) client.Object {
	a := fixture.Approval(name, "rso", shown, modifiers...)
	return &a
}

func waiver(name string, modifiers ...func(*v1alpha1.ReleaseWaiver)) *v1alpha1.ReleaseWaiver {
	w := fixture.Waiver(name, "card", shown, modifiers...)
	return &w
}

func determination(name string, modifiers ...func(*v1alpha1.ReleaseDetermination)) *v1alpha1.ReleaseDetermination {
	d := fixture.Determination(name, "CBRN-3", v1alpha1.ConclusionReached, shown, modifiers...)
	return &d
}

func TestRecords(t *testing.T) {
	others := shown
	others.Subject = "sha256:" + fixture.SHA256("others")
	ofM2 := func(w *v1alpha1.ReleaseWaiver) { w.Spec.Release = "m2" }
	ofOthers := func(w *v1alpha1.ReleaseWaiver) { w.Spec.Release, w.Spec.SubjectDigest = "m2", others.Subject }
	about := func(w *v1alpha1.ReleaseWaiver, release string) func(*v1alpha1.ReleaseApproval) {
		return func(a *v1alpha1.ReleaseApproval) {
			fixture.RegardingWaiver(w)(a)
			a.Spec.Release = release
		}
	}
	same, urgent, far := waiver("same", ofM2), waiver("urgent", ofOthers, fixture.BreakingGlass()), waiver("far", ofOthers)
	judged := determination("judged", func(d *v1alpha1.ReleaseDetermination) { d.Spec.Release = "m2" })
	for name, test := range map[string]struct {
		objects                           []client.Object
		approvals, waivers, determination []string
	}{
		"nobody said anything": {},
		"approvals of the release are found, and of no other": {
			objects: []client.Object{
				approval("a"), approval("b", func(a *v1alpha1.ReleaseApproval) { a.Spec.Release = "m2" }),
				approval("c", func(a *v1alpha1.ReleaseApproval) { a.Namespace = "elsewhere" }),
			},
			approvals: []string{"a"},
		},
		"waivers of the release and of its artifacts under another name are found, with what regards them": {
			objects:   []client.Object{waiver("own"), same, far, approval("a"), approval("b", about(same, "m2")), approval("c", about(far, "m2"))},
			approvals: []string{"a", "b"}, waivers: []string{"own", "same"},
		},
		"waivers for an emergency are found of the whole namespace, and of no other": {
			objects: []client.Object{
				urgent, waiver("there", fixture.BreakingGlass(), func(w *v1alpha1.ReleaseWaiver) { w.Namespace = "elsewhere" }), approval("a", about(urgent, "m2")),
			},
			approvals: []string{"a"}, waivers: []string{"urgent"},
		},
		"what regards a later waiver of the same name is not about that one": {
			objects: []client.Object{same, approval("a", about(same, "m2"), func(a *v1alpha1.ReleaseApproval) { a.Spec.Regarding.UID = "another" })},
			waivers: []string{"same"},
		},
		"determinations of the release and of its artifacts are found": {
			objects: []client.Object{
				determination("own"), judged,
				determination("far", func(d *v1alpha1.ReleaseDetermination) { d.Spec.Release, d.Spec.SubjectDigest = "m2", others.Subject }),
				approval("a", fixture.RegardingDetermination(judged), func(a *v1alpha1.ReleaseApproval) { a.Spec.Release = "m2" }),
			},
			approvals: []string{"a"}, determination: []string{"judged", "own"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := store(t, interceptor.Funcs{}, append(test.objects, fixture.Release("m1"))...)
			in, err := gathering.Source{Reader: c, Cache: c}.Input(t.Context(), m1, fixture.Day(1))
			if err != nil {
				t.Fatal(err)
			}
			for kind, pair := range map[string][2][]string{
				"approvals":      {test.approvals, namesOf(in.Approvals, func(a v1alpha1.ReleaseApproval) string { return a.Name })},
				"waivers":        {test.waivers, namesOf(in.Waivers, func(w v1alpha1.ReleaseWaiver) string { return w.Name })},
				"determinations": {test.determination, namesOf(in.Determinations, func(d v1alpha1.ReleaseDetermination) string { return d.Name })},
			} {
				if diff := cmp.Diff(pair[0], pair[1]); diff != "" {
					t.Errorf("%s (-want +got)\n%s", kind, diff)
				}
			}
		})
	}
}

func namesOf[T any](all []T, name func(T) string) []string {
	var names []string
	for _, x := range all {
		names = append(names, name(x))
	}
	slices.Sort(names)
	return names
}

func TestRecordsThatCannotBeListedDecideNothing(t *testing.T) {
	for what, fails := range map[string]func(client.ObjectList) bool{
		"listing the approvals":      func(l client.ObjectList) bool { _, is := l.(*v1alpha1.ReleaseApprovalList); return is },
		"listing the waivers":        func(l client.ObjectList) bool { _, is := l.(*v1alpha1.ReleaseWaiverList); return is },
		"listing the determinations": func(l client.ObjectList) bool { _, is := l.(*v1alpha1.ReleaseDeterminationList); return is },
	} {
		t.Run(what, func(t *testing.T) {
			c := store(t, interceptor.Funcs{List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if fails(list) {
					return errors.New("connection refused")
				}
				return c.List(ctx, list, opts...)
			}}, fixture.Release("m1"))
			_, err := gathering.Source{Reader: c, Cache: c}.Input(t.Context(), m1, fixture.Day(1))
			if err == nil || !strings.Contains(err.Error(), what) {
				t.Errorf("error = %v, want one about %s", err, what)
			}
		})
	}
}
