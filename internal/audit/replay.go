// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"errors"
	"fmt"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Omission is why a decision could not be made again.
type Omission string

const (
	// OmissionInput means that the input was too large to stand in the record.
	OmissionInput Omission = "InputLeftOut"
	// OmissionText means that the text of a policy is not there.
	OmissionText Omission = "PolicyTextMissing"
	// OmissionEngine means that another version of Scalegate decided, and that this one decides otherwise, or cannot read the input.
	OmissionEngine Omission = "OtherEngine"
)

// Omitted is a decision that could not be made again. Nothing is known to be wrong with it.
type Omitted struct {
	Namespace string   `json:"namespace"`
	Release   string   `json:"release"`
	Sequence  int64    `json:"sequence"`
	Omission  Omission `json:"omission"`
	Message   string   `json:"message"`
}

// Replayed is what came of making the decisions of a chain again.
type Replayed struct {
	// Same is how many came out byte for byte.
	Same     int
	Problems []Problem
	Omitted  []Omitted
}

// Replay makes each decision of a chain again from its input, and compares. texts are those of the policies, by [TextDigest];
// engine is the version that this program is of. It takes records as they are: whether they are those that were made, [Verify]
// says.
func Replay(c Chain, texts map[string]string, engine string) Replayed {
	r := replay{chain: c, texts: texts, engine: engine}
	for i := range c.Records {
		r.record(&c.Records[i])
	}
	return r.Replayed
}

type replay struct {
	Replayed
	chain  Chain
	texts  map[string]string
	engine string
}

func (r *replay) omit(record *v1alpha1.GateDecision, why Omission, message string) {
	r.Omitted = append(r.Omitted, Omitted{
		Namespace: r.chain.Namespace, Release: r.chain.Release, Sequence: record.Spec.Sequence, Omission: why, Message: message,
	})
}

func (r *replay) wrong(record *v1alpha1.GateDecision, fault Fault, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{
		Namespace: r.chain.Namespace, Release: r.chain.Release, Sequence: record.Spec.Sequence, Fault: fault, Message: fmt.Sprintf(format, args...),
	})
}

// foreign tells whether another version of Scalegate decided.
func (r *replay) foreign(record *v1alpha1.GateDecision) bool { return record.Spec.Engine != r.engine }

func (r *replay) record(record *v1alpha1.GateDecision) {
	spec := &record.Spec
	if spec.Input == "" {
		r.omit(record, OmissionInput, fmt.Sprintf("the input of record %s was too large to stand in it, and is not there to decide about", record.Name))
		return
	}
	data, err := decompress(spec.Input)
	if err == nil && hexSum(data) != spec.InputDigest {
		err = errors.New("it has not the digest that the record names")
	}
	if err != nil {
		r.wrong(record, FaultInput, "the input of record %s is not the one that was decided about: %v", record.Name, err)
		return
	}
	d, err := parse(data)
	if err != nil {
		r.unreadable(record, err)
		return
	}
	in, err := d.input(r.texts)
	if missing, ok := errors.AsType[*MissingTextError](err); ok {
		r.omit(record, OmissionText, fmt.Sprintf("record %s: %v", record.Name, missing))
		return
	}
	if err != nil {
		r.unreadable(record, err)
		return
	}
	r.compare(record, in)
}

func (r *replay) unreadable(record *v1alpha1.GateDecision, err error) {
	if r.foreign(record) {
		r.omit(record, OmissionEngine, fmt.Sprintf("record %s is of version %s, and this is %s: %v", record.Name, record.Spec.Engine, r.engine, err))
		return
	}
	r.wrong(record, FaultInput, "the input of record %s cannot be read: %v", record.Name, err)
}

// compare decides anew.
func (r *replay) compare(record *v1alpha1.GateDecision, in gate.Input) {
	d := gate.Decide(in)
	digest, err := DecisionDigest(d)
	if err != nil {
		r.wrong(record, FaultDecision, "the decision of record %s cannot be made again: %v", record.Name, err)
		return
	}
	if digest != record.Spec.DecisionDigest {
		if r.foreign(record) {
			r.omit(record, OmissionEngine, fmt.Sprintf(
				"version %s decided record %s, and this is %s, which decides otherwise: replay it with that version", record.Spec.Engine, record.Name, r.engine))
			return
		}
		r.wrong(record, FaultDecision, "from the input of record %s another decision follows: %s (%s), and the record says %s (%s)", record.Name,
			orNothing(d.GrantedExposure), d.Reason, orNothing(record.Spec.GrantedExposure), record.Spec.Reason)
		return
	}
	if field := differs(&record.Spec, in, d); field != "" {
		r.wrong(record, FaultDecision, "record %s says another %s than the decision that follows from its input", record.Name, field)
		return
	}
	r.Same++
}

func orNothing(exposure string) string {
	if exposure == "" {
		return "nothing granted"
	}
	return exposure + " granted"
}

// differs names the field in which a record does not say what was decided; empty when it does.
func differs(spec *v1alpha1.GateDecisionSpec, in gate.Input, d gate.Decision) string {
	for _, field := range []struct {
		name string
		same bool
	}{
		{"decidedTime", in.Now.Unix() == spec.DecidedTime.Unix()},
		{"policy", in.Release != nil && in.Release.Spec.Policy == spec.Policy},
		{"policyRevision", d.PolicyRevision == spec.PolicyRevision},
		{"subjectDigest", d.SubjectDigest == spec.SubjectDigest},
		{"requiredLevel", d.RequiredLevel == spec.RequiredLevel},
		{"grantedExposure", d.GrantedExposure == spec.GrantedExposure},
		{"replicaCeiling", sameCeiling(d.ReplicaCeiling, spec.ReplicaCeiling)},
		{"reason", d.Reason == spec.Reason},
		{"message", shorten(d.Message, maxMessage) == spec.Message},
	} {
		if !field.same {
			return field.name
		}
	}
	return ""
}

// TextsOf are the texts of policies that records of their revisions hold, by [TextDigest]. One whose text has not the digest
// that it names is left out, and so is what depends on it.
func TextsOf(revisions []v1alpha1.PolicyRevision) map[string]string {
	texts := map[string]string{}
	for i := range revisions {
		if spec := &revisions[i].Spec; TextDigest(spec.Text) == spec.Digest {
			texts[spec.Digest] = spec.Text
		}
	}
	return texts
}

func sameCeiling(a, b *int32) bool { return a == b || a != nil && b != nil && *a == *b }
