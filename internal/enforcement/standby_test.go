// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement_test

import (
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
)

// fallback is the release "b", which is granted something, with the Deployment "spare".
func fallback(ready int32, as ...func(*enforcement.Parent)) func(*enforcement.Scene) {
	return func(s *enforcement.Scene) {
		var of enforcement.Scene
		deployment("spare", "General", unexamined, as...)(&of)
		s.Fallback = &enforcement.Fallback{Release: "b", Granted: true, Ready: ready, Asked: 3, Parents: of.Parents}
	}
}

// served3 is what the release "m1" serves with three pods of General that are ready.
func served3(s *enforcement.Scene) {
	servedAs("d", "r", "General", 3, 0, asking(3))(s)
	for i := range s.Pods {
		s.Pods[i].Ready = true
	}
}

// wasGranted remembers a grant of General.
func wasGranted(s *enforcement.Scene) { s.Memory.Granted = "General" }

func TestFallbackIsBroughtUp(t *testing.T) {
	up := []enforcement.Scale{sized("Deployment", "spare", 3, "0/3/m1")}
	failed := refusing(v1alpha1.ReasonAdverseFinding, adverse(exposures()...))
	for sentence, test := range map[string]scaled{
		"where a requirement fails": {
			scene(wasGranted, served3, fallback(0, asking(0, "", "3"))), failed, up,
		},
		"by what is missing to its number": {
			scene(wasGranted, served3, fallback(1, asking(1, "", "3"))), failed, []enforcement.Scale{sized("Deployment", "spare", 3, "1/3/m1")},
		},
		"not where it has as many": {
			scene(wasGranted, served3, fallback(3, asking(3, "", "3"))), failed, nil,
		},
		"not where it names no number": {
			scene(wasGranted, served3, fallback(0, asking(0))), failed, nil,
		},
		"not where its number is none": {
			scene(wasGranted, served3, fallback(0, asking(0, "", "three"))), failed, nil,
		},
		"not where something else scales it": {
			scene(wasGranted, served3, fallback(0, asking(0, "", "3"), func(p *enforcement.Parent) { p.Scalable = false })), failed, nil,
		},
		"not where nothing is granted to it": {
			scene(wasGranted, served3, fallback(0, asking(0, "", "3")), func(s *enforcement.Scene) { s.Fallback.Granted = false }), failed, nil,
		},
		"not where the release never was granted anything": {
			scene(fallback(0, asking(0, "", "3"))), failed, nil,
		},
		"not while what serves is only frozen": {
			scene(wasGranted, served3, fallback(0, asking(0, "", "3"))), refusing(v1alpha1.ReasonEvidenceMissing), nil,
		},
		"once": {
			scene(wasGranted, served3, fallback(0, asking(3, "0/3/m1", "3"))), failed, nil,
		},
		"not again where somebody scaled it meanwhile": {
			scene(wasGranted, served3, fallback(0, asking(1, "0/3/m1", "3"))), failed, nil,
		},
		"for two releases, and each is noted": {
			scene(wasGranted, served3, fallback(0, asking(3, "0/3/m0", "3"))), failed, []enforcement.Scale{sized("Deployment", "spare", 3, "0/3/m0,m1")},
		},
		"not above what its own release is granted, and it is noted": {
			scene(wasGranted, served3, fallback(0, asking(2, "5/2", "3"))), failed, []enforcement.Scale{sized("Deployment", "spare", 2, "5/2/m1")},
		},
		"not while growth is withheld": {
			scene(wasGranted, withheld, served3, fallback(0, asking(0, "", "3"))), failed, nil,
		},
	} {
		t.Run(sentence, test.check)
	}
}

func TestFallbackGoesBack(t *testing.T) {
	back := []enforcement.Scale{sized("Deployment", "spare", 0, "")}
	unready := func(n int) func(*enforcement.Scene) {
		return func(s *enforcement.Scene) {
			for i := range n {
				s.Pods[i].Ready = false
			}
		}
	}
	up := fallback(3, asking(3, "0/3/m1", "3"))
	for sentence, test := range map[string]scaled{
		"when the release answers again":             {scene(served3, up), granting("General"), back},
		"not before all of it does":                  {scene(served3, up, unready(1)), granting("General"), nil},
		"when it has as many as the fallback has":    {scene(served3, fallback(2, asking(2, "0/2/m1", "2")), unready(1)), granting("General"), back},
		"not while nothing of it answers":            {scene(served3, fallback(0, asking(3, "0/3/m1", "3")), unready(3)), granting("General"), nil},
		"when the release asks for nothing any more": {scene(up), granting("General"), back},
		"not while the release has only got its replicas back": {
			scene(servedAs("d", "r", "General", 0, 0, asking(0, "3/0")), up), granting("General"), []enforcement.Scale{sized("Deployment", "d", 3, "")},
		},
		"not where it was brought up for another": {scene(served3, fallback(3, asking(3, "0/3/m0", "3"))), granting("General"), nil},
		"not while another needs it, and this one is struck off": {
			scene(served3, fallback(3, asking(3, "0/3/m0,m1", "3"))), granting("General"), []enforcement.Scale{sized("Deployment", "spare", 3, "0/3/m0")},
		},
		"not where somebody scaled it meanwhile, and that is forgotten": {
			scene(served3, fallback(3, asking(2, "0/3/m1", "3"))), granting("General"), []enforcement.Scale{sized("Deployment", "spare", 2, "")},
		},
		"not where its own release limits it: that stays": {
			scene(served3, fallback(2, asking(2, "5/2/m1", "3"))), granting("General"), []enforcement.Scale{sized("Deployment", "spare", 2, "5/2")},
		},
		"not where it never was brought up": {scene(served3, fallback(3, asking(3, "", "3"))), granting("General"), nil},
	} {
		t.Run(sentence, test.check)
	}
}

// What its own release plans for a fallback that was brought up: it stays up, as far as the ceiling reaches.
func TestFallbackUnderItsOwnRelease(t *testing.T) {
	for sentence, test := range map[string]scaled{
		"it stays up": {scene(servedAs("d", "r", "General", 3, 0, asking(3, "0/3/m0", "3"))), granting("General"), nil},
		"it goes down to its ceiling, and stays marked": {
			scene(limiting, served(2, 1, asking(3, "0/3/m0", "3"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 2, "0/2/m0")},
		},
		"it comes back up with its ceiling": {
			scene(limiting, servedAs("d", "r", "General", 2, 0, asking(2, "0/2/m0", "3"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 3, "0/3/m0")},
		},
		"what somebody scaled stays": {scene(servedAs("d", "r", "General", 1, 0, asking(1, "0/3/m0", "3"))), granting("General"), nil},
		"what somebody scaled above its ceiling is that person's wish": {
			scene(limiting, served(2, 4, asking(6, "0/3/m0", "3"))), granting("General"), []enforcement.Scale{sized("Deployment", "d", 2, "6/2/m0")},
		},
	} {
		t.Run(sentence, test.check)
	}
}
