// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
	"github.com/scalegate/scalegate/internal/gate"
)

// noted is what a pod says already.
func noted(text string) func(*enforcement.Pod) {
	return func(p *enforcement.Pod) { p.Note = text }
}

// A held pod says why it is held, and is written only when the reason changes.
func TestNotes(t *testing.T) {
	missing := refusing(v1alpha1.ReasonEvidenceMissing)
	lost := recorded(record(wLapsed, since(days(-1)), counting("General", 1)))
	lapse := refusing("", lapsed(days(-1)))
	for sentence, test := range map[string]struct {
		scene    enforcement.Scene
		decision gate.Decision
		// want are "NAME REASON" of each note.
		want []string
	}{
		"what the decision says":                        {scene(pod("a", "General", unexamined, held)), missing, []string{"a EvidenceMissing"}},
		"an exposure above the granted one":             {scene(pod("a", "General", unexamined, held)), granting("Internal"), []string{"a ExposureNotGranted"}},
		"a finding":                                     {scene(pod("a", "General", unexamined, held)), refusing("", adverse("General")), []string{"a AdverseFinding"}},
		"a revocation":                                  {scene(pod("a", "General", unexamined, held)), refusing("", revoked(v1alpha1.RevocationCritical)), []string{"a Revoked"}},
		"a pod that differs":                            {scene(pod("a", "General", differing, held)), granting("General"), []string{"a WorkloadMismatch"}},
		"one that waits for one that differs":           {scene(pod("a", "General", matching, held, inUnit("g", 2)), pod("b", "General", differing, held, inUnit("g", 2))), granting("General"), []string{"a WorkloadMismatch", "b WorkloadMismatch"}},
		"no place":                                      {scene(allowing(0), pod("a", "Evaluation", matching, held)), granting("General"), []string{"a AboveCeiling"}},
		"growth is withheld":                            {scene(withheld, pod("a", "General", matching, held)), granting("General"), []string{"a GuardsNotInPlace"}},
		"a freeze in which as many serve as did":        {scene(lost, pod("a", "General", matching), pod("b", "General", matching, held)), lapse, []string{"b Frozen"}},
		"a freeze in which it would be opened":          {scene(lost, pod("b", "General", differing, held)), lapse, []string{"b WorkloadMismatch"}},
		"a freeze while growth is withheld":             {scene(lost, withheld, pod("b", "General", matching, held)), lapse, []string{"b GuardsNotInPlace"}},
		"the grace is over":                             {scene(lost, pod("b", "General", matching, held)), refusing("", lapsed(days(-14))), []string{"b EvidenceExpired"}},
		"nobody has looked":                             {scene(pod("a", "General", unexamined, held)), granting("General"), []string{"a NotLookedAt"}},
		"nobody has looked, and nobody knows of places": {scene(pod("a", "Internal", unexamined, held)), granting("General"), []string{"a NotLookedAt"}},
		"one that says so already":                      {scene(pod("a", "General", unexamined, held, noted("EvidenceMissing: see elsewhere"))), missing, nil},
		"one that says another reason":                  {scene(pod("a", "General", unexamined, held, noted("EvidenceMissingToo: x"))), missing, []string{"a EvidenceMissing"}},
		"one that is born held says it when it must":    {scene(pod("a", "General", unexamined, held, noted("NotLookedAt: x"))), missing, []string{"a EvidenceMissing"}},
		"none on what is opened, serves or is gone":     {scene(pod("a", "General", matching, held), pod("b", "General", matching), pod("c", "General", matching, held, gone)), granting("General"), nil},
		"none on what is removed":                       {scene(rolling(enforcement.Rollout{Revision: "2"}), pod("a", "General", unexamined, held, ofRevision("s", "1", 0))), missing, nil},
		"none where the namespace is not enforced":      {scene(gated(v1alpha1.GateAudited), pod("a", "General", unexamined, held)), missing, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			plan := enforcement.For(test.scene, test.decision)
			var got []string
			for _, n := range plan.Notes {
				reason, text, _ := strings.Cut(n.Text, ": ")
				got = append(got, n.Name+" "+reason)
				if n.PodRef != ref(n.Name) || !strings.HasSuffix(text, "see kubectl describe modelrelease m1") || !strings.HasPrefix(text, "release m1, exposure ") {
					t.Errorf("note %+v", n)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

// Names are as long as they may be; a note is not.
func TestNotesAreBounded(t *testing.T) {
	s := scene(pod("a", strings.Repeat("e", 63), unexamined, held))
	s.ReleaseName = strings.Repeat("r", 63)
	notes := enforcement.For(s, refusing("A"+strings.Repeat("b", 62))).Notes
	if len(notes) != 1 || len(notes[0].Text) > 256 {
		t.Errorf("notes %+v", notes)
	}
}

// While many pods go, those in their place are not written to; that ends when they should be gone, whether they are or not.
func TestNotesWaitForWhatCloses(t *testing.T) {
	until := func(end time.Time) func(*enforcement.Pod) {
		return func(p *enforcement.Pod) { p.Ending, p.Gone, p.Ends = true, true, end }
	}
	soon := now().Add(20 * time.Second)
	for sentence, test := range map[string]struct {
		going    int
		how      []func(*enforcement.Pod)
		decision gate.Decision
		// waits: there is no note.
		waits bool
		// again is when there is, at the latest.
		again time.Duration
	}{
		"few are on their way out":              {19, []func(*enforcement.Pod){until(soon)}, refusing(v1alpha1.ReasonEvidenceMissing), false, 0},
		"many are on their way out":             {20, []func(*enforcement.Pod){until(soon)}, refusing(v1alpha1.ReasonEvidenceMissing), true, 20 * time.Second},
		"many should be gone by now":            {20, []func(*enforcement.Pod){until(now())}, refusing(v1alpha1.ReasonEvidenceMissing), false, 0},
		"many are deleted by the same plan":     {20, nil, refusing("", revoked(v1alpha1.RevocationCritical)), true, 0},
		"many go in their own time":             {20, []func(*enforcement.Pod){until(now().Add(time.Hour))}, refusing(v1alpha1.ReasonEvidenceMissing), false, 0},
		"as many stay":                          {20, nil, refusing(v1alpha1.ReasonEvidenceMissing), false, 0},
		"few are deleted by the same plan":      {19, nil, refusing("", revoked(v1alpha1.RevocationCritical)), false, 0},
		"many of which nobody says when":        {20, []func(*enforcement.Pod){until(time.Time{})}, refusing(v1alpha1.ReasonEvidenceMissing), false, 0},
		"many serve, and nothing is on its way": {20, nil, granting("Internal"), false, 0},
	} {
		t.Run(sentence, func(t *testing.T) {
			pods := []func(*enforcement.Scene){pod("held", "General", unexamined, held)}
			for i := range test.going {
				pods = append(pods, pod(fmt.Sprintf("p%d", i), "General", matching, test.how...))
			}
			plan := enforcement.For(scene(pods...), test.decision)
			if waits := len(plan.Notes) == 0; waits != test.waits {
				t.Errorf("%d notes, want that they wait to be %v", len(plan.Notes), test.waits)
			}
			if test.again != 0 && plan.Again != test.again {
				t.Errorf("again in %s, want %s", plan.Again, test.again)
			}
		})
	}
}
