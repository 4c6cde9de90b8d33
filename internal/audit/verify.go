// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Fault is what is wrong with a record or a chain.
type Fault string

const (
	// FaultRemoved means that a record is not there which there was.
	FaultRemoved Fault = "Removed"
	// FaultChanged means that a record does not say any more what it said when it was made.
	FaultChanged Fault = "Changed"
	// FaultReplaced means that a record stands in the place of another.
	FaultReplaced Fault = "Replaced"
	// FaultInserted means that there is a record which has no place in the chain.
	FaultInserted Fault = "Inserted"
	// FaultReordered means that records do not stand in the order in which they were made.
	FaultReordered Fault = "Reordered"
	// FaultForeign means that a record is about another release than its name or its place says.
	FaultForeign Fault = "Foreign"
	// FaultInput means that the input of a record cannot be read, or is not the one that its digests are of.
	FaultInput Fault = "Input"
	// FaultDecision means that from the input of a record another decision follows.
	FaultDecision Fault = "Decision"
	// FaultAhead means that there are records after the last one that the status of the release knows.
	FaultAhead Fault = "Ahead"
)

// Problem is one thing that is wrong.
type Problem struct {
	Namespace string `json:"namespace"`
	Release   string `json:"release"`
	// Sequence of the record; 0 where it is about no single one.
	Sequence int64  `json:"sequence,omitempty"`
	Fault    Fault  `json:"fault"`
	Message  string `json:"message"`
}

// Head is a record that a chain is known to have.
type Head struct {
	Namespace string `json:"namespace"`
	Release   string `json:"release"`
	Sequence  int64  `json:"sequence"`
	Digest    string `json:"digest"`
	// Source says who knows, such as "the status of the release".
	Source string `json:"source,omitempty"`
	// Last: nothing comes after it.
	Last bool `json:"-"`
}

// Chain are the records of one release.
type Chain struct {
	Namespace, Release string
	// Records by sequence, then name.
	Records []v1alpha1.GateDecision
	// Heads are the records that the chain is known to have. Without any, nothing tells whether the last records are missing.
	Heads []Head
}

// Chains puts records together by namespace and release, and gives each chain the heads that are about it. A release of which
// only a head is known has a chain without records. They are sorted by namespace and release.
func Chains(records []v1alpha1.GateDecision, heads []Head) []Chain {
	type key struct{ namespace, release string }
	all := map[key]*Chain{}
	of := func(namespace, release string) *Chain {
		k := key{namespace, release}
		if all[k] == nil {
			all[k] = &Chain{Namespace: namespace, Release: release}
		}
		return all[k]
	}
	for i := range records {
		c := of(records[i].Namespace, records[i].Spec.Release)
		c.Records = append(c.Records, records[i])
	}
	for _, h := range heads {
		c := of(h.Namespace, h.Release)
		c.Heads = append(c.Heads, h)
	}
	var chains []Chain
	for _, c := range all {
		slices.SortStableFunc(c.Records, func(a, b v1alpha1.GateDecision) int {
			return cmp.Or(cmp.Compare(a.Spec.Sequence, b.Spec.Sequence), cmp.Compare(a.Name, b.Name))
		})
		chains = append(chains, *c)
	}
	slices.SortFunc(chains, func(a, b Chain) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Release, b.Release))
	})
	return chains
}

// Last is the last record of the chain as a head; false where it has none.
func (c *Chain) Last() (Head, bool) {
	if len(c.Records) == 0 {
		return Head{}, false
	}
	last := &c.Records[len(c.Records)-1].Spec
	return Head{Namespace: c.Namespace, Release: c.Release, Sequence: last.Sequence, Digest: last.Digest}, true
}

// Verify finds what is wrong with the records of a chain, by themselves and beside each other. It decides nothing anew: see
// [Replay].
func Verify(c Chain) []Problem {
	v := verifier{chain: c}
	for i := range c.Records {
		v.record(&c.Records[i])
	}
	v.links()
	for _, h := range c.Heads {
		v.head(h)
	}
	return v.problems
}

type verifier struct {
	chain    Chain
	problems []Problem
}

func (v *verifier) add(sequence int64, fault Fault, format string, args ...any) {
	v.problems = append(v.problems, Problem{
		Namespace: v.chain.Namespace, Release: v.chain.Release, Sequence: sequence, Fault: fault, Message: fmt.Sprintf(format, args...),
	})
}

// record looks at one record by itself.
func (v *verifier) record(r *v1alpha1.GateDecision) {
	spec := &r.Spec
	if want := Name(spec.Release, spec.Sequence); r.Name != want {
		v.add(spec.Sequence, FaultForeign, "record %s says that it is number %d of release %s, whose name is %s: it was moved, or made by somebody else",
			r.Name, spec.Sequence, spec.Release, want)
	}
	if digest, err := Digest(spec); err != nil || digest != spec.Digest {
		v.add(spec.Sequence, FaultChanged, "record %s was changed after it was made: its content has not the digest %s that it names", r.Name, spec.Digest)
	}
	if spec.Input != "" {
		v.input(r)
	}
}

// input holds the input of a record against what the record says of it.
func (v *verifier) input(r *v1alpha1.GateDecision) {
	spec := &r.Spec
	data, err := decompress(spec.Input)
	if err != nil {
		v.add(spec.Sequence, FaultInput, "the input of record %s cannot be read: %v", r.Name, err)
		return
	}
	if hexSum(data) != spec.InputDigest {
		v.add(spec.Sequence, FaultInput, "the input of record %s is not the one that was decided about: it has not the digest %s", r.Name, spec.InputDigest)
	}
	d, err := parse(data)
	if err != nil {
		v.add(spec.Sequence, FaultInput, "the input of record %s cannot be read: %v", r.Name, err)
		return
	}
	switch about := d.Release; {
	case about == nil:
		v.add(spec.Sequence, FaultForeign, "the input of record %s is about no release", r.Name)
	case about.Name != spec.Release || string(about.UID) != spec.ReleaseUID || about.Namespace != r.Namespace:
		v.add(spec.Sequence, FaultForeign, "the input of record %s is about release %s/%s (%s), and the record about %s/%s (%s)",
			r.Name, about.Namespace, about.Name, about.UID, r.Namespace, spec.Release, spec.ReleaseUID)
	}
	if inputs, err := d.inputs(); err != nil || !slices.Equal(inputs, spec.Inputs) {
		v.add(spec.Sequence, FaultInput, "the inputs that record %s lists are not those that its input holds", r.Name)
	}
}

// storedLate is how much later than the one after it a record may have been stored: the clocks of API servers differ.
const storedLate = 5 * time.Minute

// links looks at each record beside the one before it.
func (v *verifier) links() {
	records := v.chain.Records
	for i := range records {
		r := &records[i]
		if i == 0 {
			v.first(r)
			continue
		}
		before := &records[i-1]
		switch step := r.Spec.Sequence - before.Spec.Sequence; {
		case step == 0:
			v.add(r.Spec.Sequence, FaultInserted, "there are two records of number %d: %s and %s", r.Spec.Sequence, before.Name, r.Name)
			continue
		case step == 2:
			v.add(before.Spec.Sequence+1, FaultRemoved, "record %s is missing", Name(r.Spec.Release, before.Spec.Sequence+1))
			continue
		case step > 2:
			v.add(before.Spec.Sequence+1, FaultRemoved, "records %s to %s are missing",
				Name(r.Spec.Release, before.Spec.Sequence+1), Name(r.Spec.Release, r.Spec.Sequence-1))
			continue
		}
		v.link(before, r)
	}
}

// first looks at the first record that there is.
func (v *verifier) first(r *v1alpha1.GateDecision) {
	switch {
	case r.Spec.Sequence > 1:
		v.add(1, FaultRemoved, "the first records are missing: the chain begins with number %d", r.Spec.Sequence)
	case r.Spec.Sequence < 1:
		v.add(r.Spec.Sequence, FaultInserted, "record %s is number %d, and a chain begins with 1", r.Name, r.Spec.Sequence)
	case r.Spec.Previous != "":
		v.add(1, FaultReplaced, "record %s is the first and names one before it: the chain was cut off and begun anew", r.Name)
	}
}

// link looks at a record and the next.
func (v *verifier) link(before, r *v1alpha1.GateDecision) {
	if r.Spec.Previous != before.Spec.Digest {
		v.add(r.Spec.Sequence, FaultReplaced, "record %s does not follow on %s: one of them was changed, exchanged or put in the place of another", r.Name, before.Name)
		return
	}
	if a, b := before.CreationTimestamp, r.CreationTimestamp; !a.IsZero() && !b.IsZero() && a.Sub(b.Time) > storedLate {
		v.add(before.Spec.Sequence, FaultReordered, "record %s was stored at %s, after %s, which follows on it, at %s: it was made anew",
			before.Name, a.UTC().Format(time.RFC3339), r.Name, b.UTC().Format(time.RFC3339))
	}
	told, status := r.Spec.PreviousEnforcedTime, before.Status.EnforcedTime
	if (told == nil) != (status == nil) || told != nil && told.Unix() != status.Unix() {
		v.add(before.Spec.Sequence, FaultChanged, "when the decision of record %s was enforced is told otherwise by record %s, which follows on it", before.Name, r.Name)
	}
}

// head looks for a record that the chain is known to have.
func (v *verifier) head(h Head) {
	records := v.chain.Records
	source := cmp.Or(h.Source, "what is known of it")
	i := slices.IndexFunc(records, func(r v1alpha1.GateDecision) bool { return r.Spec.Sequence == h.Sequence })
	switch {
	case i < 0:
		last := int64(0)
		if len(records) > 0 {
			last = records[len(records)-1].Spec.Sequence
		}
		// Between two that are there it was told above.
		if last == 0 {
			v.add(h.Sequence, FaultRemoved, "all records are missing: %s names number %d", source, h.Sequence)
		} else if last < h.Sequence {
			v.add(h.Sequence, FaultRemoved, "the last records are missing: the chain ends with number %d, and %s names number %d", last, source, h.Sequence)
		}
		return
	case !slices.ContainsFunc(records, func(r v1alpha1.GateDecision) bool { return r.Spec.Sequence == h.Sequence && r.Spec.Digest == h.Digest }):
		v.add(h.Sequence, FaultReplaced, "record %s has not the digest that %s names: it, or one before it, was changed, and the chain made anew", records[i].Name, source)
	}
	if last := records[len(records)-1].Spec.Sequence; h.Last && last > h.Sequence {
		v.add(last, FaultAhead, "the chain goes on to number %d, and %s names number %d as the last: unless that is so for a moment only, somebody else made it", last, source, h.Sequence)
	}
}
