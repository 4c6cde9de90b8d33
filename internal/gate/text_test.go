// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

func TestLongMessagesAreCutBetweenCharacters(t *testing.T) {
	for shift := range 4 {
		problem := strings.Repeat("x", shift) + strings.Repeat("жé世", 400)
		in := upliftInput(list(evaluation("e", "0.1", fixture.Measuring(func(m *v1alpha1.Measurement) { m.Problem = problem }))), nil)
		got := gate.Decide(in).Requirements[0].Message
		if len(got) > 1024 || len(got) < 1018 || !utf8.ValidString(got) || !strings.HasSuffix(got, "...") {
			t.Errorf("the message has %d bytes and ends in %q", len(got), got[len(got)-8:])
		}
	}
}

func TestMessagesDoNotDependOnTheTimeOfTheDecision(t *testing.T) {
	in := gate.Input{Release: fixture.Release("m1"), Policy: rsp(), Evaluations: results("card=0.1", "bio=0.1", "jailbreak=0.1")}
	in.Now = fixture.Day(1)
	one := gate.Decide(in)
	in.Now = fixture.Day(2)
	two := gate.Decide(in)
	if one.Message != two.Message || one.Requirements[0].Message != two.Requirements[0].Message || one.Exposures[1].Message != two.Exposures[1].Message {
		t.Errorf("a day later the messages differ:\n%s\n%s", one.Message, two.Message)
	}
}

func TestDigest(t *testing.T) {
	w, s := fixture.Weights("m1"), fixture.Server("m1")
	type artifacts = []v1alpha1.SubjectArtifact
	all := gate.Digest(artifacts{w, s}, nil)
	if len(all) != 71 || !strings.HasPrefix(all, "sha256:") {
		t.Errorf("the digest is %q", all)
	}
	for name, other := range map[string]string{
		"in another order":        gate.Digest(artifacts{s, w}, nil),
		"with one of them twice":  gate.Digest(artifacts{w, s, w}, nil),
		"with all types in scope": gate.Digest(artifacts{w, s}, []v1alpha1.ArtifactType{v1alpha1.ArtifactServer, v1alpha1.ArtifactWeights}),
		"of the release":          gate.Decide(gate.Input{Release: fixture.Release("m1")}).SubjectDigest,
	} {
		if other != all {
			t.Errorf("%s the digest is %s, want %s", name, other, all)
		}
	}
	for name, other := range map[string]string{
		"of a part":                  gate.Digest(artifacts{w}, nil),
		"of one type":                gate.Digest(artifacts{w, s}, []v1alpha1.ArtifactType{v1alpha1.ArtifactWeights}),
		"of other content":           gate.Digest(artifacts{w, fixture.Server("m2")}, nil),
		"of another type":            gate.Digest(artifacts{w, {Type: v1alpha1.ArtifactAdapter, Digest: s.Digest}}, nil),
		"of types that change hands": gate.Digest(artifacts{{Type: w.Type, Digest: s.Digest}, {Type: s.Type, Digest: w.Digest}}, nil),
	} {
		if other == all {
			t.Errorf("%s the digest is the same", name)
		}
	}
	// sha256 of "Weights\x00sha256:aa\n", so that the form of the lines cannot change unseen.
	const known = "sha256:34206c50f725051b616aba0c88944fec202534097923453f258583fe78b1c14c"
	if got := gate.Digest(artifacts{{Type: v1alpha1.ArtifactWeights, Digest: "sha256:aa"}}, nil); got != known {
		t.Errorf("the digest of a known line is %s, want %s", got, known)
	}
}

func TestRevision(t *testing.T) {
	base := gate.Revision(&rsp().Spec)
	if len(base) != len("sha256:")+16 || base != gate.Revision(&rsp().Spec) {
		t.Errorf("the revision is %q and again %q", base, gate.Revision(&rsp().Spec))
	}
	if other := gate.Revision(&rsp(fixture.Undefined("ASL-4")).Spec); other == base {
		t.Errorf("another policy has the same revision %s", other)
	}
	in := gate.Input{Now: fixture.Day(1), Release: fixture.Release("m1"), Policy: rsp()}
	if got := gate.Decide(in).PolicyRevision; got != base {
		t.Errorf("a decision without a revision is made under %q, want %q", got, base)
	}
}
