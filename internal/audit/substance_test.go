// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// immaterial are the fields of a decision and of its parts that make it no other one.
var immaterial = map[string]bool{
	"Message": true, "ClearedUntil": true, "EvidenceEnds": true, "RecheckAfter": true, "Expires": true, "Change": true, "End": true,
	"NewFindings": true, "Resolutions": true,
}

// filled is a decision with something in every field.
func filled() gate.Decision {
	at := fixture.Day(1)
	return gate.Decision{
		PolicyRevision: "r1", PendingPolicyRevision: "r2", SubjectDigest: "s", RequiredLevel: "l", GrantedExposure: "g", Reason: "why",
		ReplicaCeiling: new(int32(3)), ClearedUntil: &at, EvidenceEnds: &at,
		Thresholds:   []gate.ThresholdResult{{Name: "t", State: "Open", RaisesTo: "l", Unmet: []string{"q", "r"}}},
		Requirements: []gate.RequirementResult{{Name: "q", State: "Met", Evidence: "e", Expires: &at}},
		Exposures:    []gate.ExposureResult{{Name: "x", RequiredLevel: "l", Lapsed: &at, Revoked: "Critical", Reason: "why", Blocking: []string{"q", "r"}}},
		Records:      []gate.RecordResult{{Kind: "k", Name: "n", Reason: "why", End: &at}},
	}
}

// changes calls visit after each single change of a value, with what was changed, and takes the change back.
func changes(v reflect.Value, path string, visit func(path string)) {
	before := reflect.ValueOf(v.Interface())
	try := func(value any, how string) {
		v.Set(reflect.ValueOf(value).Convert(v.Type()))
		visit(path + how)
		v.Set(before)
	}
	switch v.Kind() {
	case reflect.String:
		try(v.String()+"!", "")
		try("", " emptied")
	case reflect.Bool:
		try(!v.Bool(), "")
	case reflect.Pointer:
		try(reflect.Zero(v.Type()).Interface(), " taken away")
		if number, is := reflect.TypeAssert[*int32](v); is {
			try(new(*number+1), "")
		}
	case reflect.Slice:
		try(reflect.Append(v, v.Index(0)).Interface(), " with one more")
		try(reflect.Zero(v.Type()).Interface(), " taken away")
		changes(v.Index(0), path+"[0]", visit)
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; !immaterial[name] {
				changes(v.Field(i), path+"."+name, visit)
			}
		}
	}
}

func TestSubstanceHasEveryFieldThatMatters(t *testing.T) {
	d := filled()
	base := audit.Substance(d)
	if base == (audit.Essence{}) || base != audit.Substance(filled()) {
		t.Fatalf("the same decision has the substance %x and then %x", base, audit.Substance(filled()))
	}
	seen, n := map[audit.Essence]string{base: "nothing"}, 0
	changes(reflect.ValueOf(&d).Elem(), "decision", func(path string) {
		n++
		s := audit.Substance(d)
		if other, twice := seen[s]; twice {
			t.Errorf("a change of %s is no other decision than one of %s", path, other)
		}
		seen[s] = path
	})
	if n < 50 || audit.Substance(d) != base {
		t.Errorf("%d changes were tried, and the decision is the same: %t", n, audit.Substance(d) == base)
	}
}

func TestSubstanceIsNotAboutHowItIsSaid(t *testing.T) {
	base := audit.Substance(filled())
	for name, change := range map[string]func(*gate.Decision){
		"messages": func(d *gate.Decision) { d.Message, d.Requirements[0].Message, d.Exposures[0].Message = "a", "b", "c" },
		"times": func(d *gate.Decision) {
			later := fixture.Day(2)
			d.ClearedUntil, d.EvidenceEnds, d.RecheckAfter, d.Requirements[0].Expires, d.Records[0].End = &later, nil, time.Hour, nil, &later
			d.Exposures[0].Lapsed = &later
		},
		"empty lists": func(d *gate.Decision) { d.NewFindings, d.Resolutions = nil, []gate.Resolution{{Finding: "f"}} },
	} {
		t.Run(name, func(t *testing.T) {
			d := filled()
			change(&d)
			if audit.Substance(d) != base {
				t.Error("it is another decision")
			}
		})
	}
	ordered, mixed := filled(), filled()
	ordered.Records = []gate.RecordResult{{Kind: "a", Name: "a"}, {Kind: "a", Name: "b"}, {Kind: "b", Name: "a"}}
	mixed.Records = []gate.RecordResult{{Kind: "b", Name: "a"}, {Kind: "a", Name: "b"}, {Kind: "a", Name: "a"}}
	if audit.Substance(ordered) != audit.Substance(mixed) {
		t.Error("the order of records makes another decision")
	}
	if mixed.Records[0].Kind != "b" {
		t.Error("the records of the decision were sorted")
	}
}

func TestSubstanceKeepsTextsApart(t *testing.T) {
	one, other := filled(), filled()
	one.PolicyRevision, one.PendingPolicyRevision = "ab", "c"
	other.PolicyRevision, other.PendingPolicyRevision = "a", "bc"
	if audit.Substance(one) == audit.Substance(other) {
		t.Error("what one text ends with may begin the next")
	}
	one, other = filled(), filled()
	one.Thresholds[0].Unmet, other.Thresholds[0].Unmet = []string{"a", "b"}, []string{"a\x01b"}
	if audit.Substance(one) == audit.Substance(other) {
		t.Error("two texts are one")
	}
}

func TestSubstanceIsFrugal(t *testing.T) {
	d := gate.Decide(input(fixture.Evaluation("e1", "attack", "0.1")))
	if objects := testing.AllocsPerRun(100, func() { audit.Substance(d) }); objects > 0 {
		t.Errorf("it allocates %v times, want none for a decision of the usual size", objects)
	}
}

// An essence that was written is read again; what was not written by it is that of none.
func TestEssencesAreRead(t *testing.T) {
	some := audit.Substance(gate.Decision{Reason: "Some"})
	for sentence, test := range map[string]struct {
		text string
		want audit.Essence
	}{
		"what was written":        {some.String(), some},
		"that of none":            {audit.Essence{}.String(), audit.Essence{}},
		"too short":               {some.String()[2:], audit.Essence{}},
		"too long":                {some.String() + "00", audit.Essence{}},
		"no hexadecimal in it":    {"zz" + some.String()[2:], audit.Essence{}},
		"none at the end of much": {some.String()[:62] + "zz", audit.Essence{}},
	} {
		t.Run(sentence, func(t *testing.T) {
			if got := audit.ParseEssence(test.text); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
