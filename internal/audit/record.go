// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/base64"
	"fmt"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

const (
	// MaxInput is how large a compressed input may be to stand in its record, in bytes.
	MaxInput = 262144
	// maxEngine and maxMessage are how long the API lets these be.
	maxEngine  = 63
	maxMessage = 1024
)

// Name is that of a record: the release's, a dash, and the sequence with at least 8 digits.
func Name(release string, sequence int64) string { return fmt.Sprintf("%s-%08d", release, sequence) }

// Link is what a record follows on. The zero Link is before the first.
type Link struct {
	// Sequence and Digest are those of the record.
	v1alpha1.DecisionReference
	// Past is what that record says.
	Past
}

// LinkTo is the link to a record. texts are those of policies, by [TextDigest]; those that are not there keep its decision
// from being made again, and so some causes from being told.
func LinkTo(record *v1alpha1.GateDecision, texts map[string]string) Link {
	return Link{
		DecisionReference: v1alpha1.DecisionReference{Sequence: record.Spec.Sequence, Digest: record.Spec.Digest},
		Past:              Past{Record: record, Decision: again(record, texts)},
	}
}

// again makes the decision of a record again; nil where that cannot be done, or the engine of another version decided it.
func again(record *v1alpha1.GateDecision, texts map[string]string) *gate.Decision {
	if record.Spec.Input == "" {
		return nil
	}
	in, err := Decode(record.Spec.Input, texts)
	if err != nil {
		return nil
	}
	d := gate.Decide(in)
	if digest, err := DecisionDigest(d); err != nil || digest != record.Spec.DecisionDigest {
		return nil
	}
	return &d
}

// Texts are those of the policies of an input, by [TextDigest].
func Texts(in gate.Input) (map[string]string, error) {
	texts := map[string]string{}
	for _, p := range []*v1alpha1.SafetyPolicy{in.Policy, in.InForce} {
		if p == nil {
			continue
		}
		text, err := Text(&p.Spec)
		if err != nil {
			return nil, err
		}
		texts[TextDigest(text)] = text
	}
	return texts, nil
}

// New is the record of a decision, which follows on another one. The input has a release. engine is the version of Scalegate
// that decided. It goes wrong only for an input that no API server stores.
func New(after Link, in gate.Input, d gate.Decision, engine string) (*v1alpha1.GateDecision, error) {
	encoding, err := Encode(in)
	if err != nil {
		return nil, err
	}
	spec := v1alpha1.GateDecisionSpec{
		Release: in.Release.Name, ReleaseUID: string(in.Release.UID), Sequence: after.Sequence + 1, Previous: after.Digest,
		DecidedTime: metav1.NewTime(in.Now.UTC().Truncate(time.Second)), Policy: in.Release.Spec.Policy,
		PolicyRevision: d.PolicyRevision, SubjectDigest: d.SubjectDigest, RequiredLevel: d.RequiredLevel,
		GrantedExposure: d.GrantedExposure, ReplicaCeiling: d.ReplicaCeiling, Reason: d.Reason,
		Message: shorten(d.Message, maxMessage), Inputs: encoding.Inputs, InputDigest: encoding.Digest, Engine: shorten(engine, maxEngine),
	}
	if spec.Input, err = encoding.Compress(); err != nil {
		return nil, err
	}
	if base64.StdEncoding.DecodedLen(len(spec.Input)) > MaxInput {
		spec.Input = ""
	}
	if spec.DecisionDigest, err = DecisionDigest(d); err != nil {
		return nil, err
	}
	spec.Causes = []string{"the first decision about the release"}
	if after.Sequence > 0 {
		spec.Causes = Causes(after.Past, encoding.Inputs, &spec, d)
	}
	if after.Record != nil {
		spec.PreviousEnforcedTime = after.Record.Status.EnforcedTime.DeepCopy()
	}
	if spec.Digest, err = Digest(&spec); err != nil {
		return nil, err
	}
	return &v1alpha1.GateDecision{
		ObjectMeta: metav1.ObjectMeta{Namespace: in.Release.Namespace, Name: Name(spec.Release, spec.Sequence)}, Spec: spec,
	}, nil
}

// Digest is that of a record: the SHA-256 of its spec without the field digest as JSON with sorted keys, in lower-case
// hexadecimal.
func Digest(spec *v1alpha1.GateDecisionSpec) (string, error) {
	bare := *spec
	bare.Digest = ""
	data, err := gate.CanonicalJSON(bare)
	if err != nil {
		return "", fmt.Errorf("writing a record down: %w", err)
	}
	return hexSum(data), nil
}

// shorten cuts text to at most limit bytes of whole characters.
func shorten(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const more = "..."
	end := limit - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
