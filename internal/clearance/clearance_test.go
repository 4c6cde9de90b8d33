// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package clearance

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func granted(change func(*Clearance)) Clearance {
	c := Clearance{
		End:      now.Add(8 * time.Hour),
		Exposure: "General",
		Mode:     Free,
		Owners:   []types.UID{"aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"},
		Digests:  []string{strings.Repeat("a", 64), strings.Repeat("b", 64)},
		Since:    now.Add(-time.Hour),
	}
	if change != nil {
		change(&c)
	}
	return c
}

func TestAClearanceReadsAsItWasWritten(t *testing.T) {
	for name, want := range map[string]Clearance{
		"free, with owners":             granted(nil),
		"counted, without owners":       granted(func(c *Clearance) { c.Mode, c.Owners = Counted, nil }),
		"without owners and digests":    granted(func(c *Clearance) { c.Owners, c.Digests = nil, nil }),
		"an end in another time zone":   granted(func(c *Clearance) { c.End = c.End.In(time.FixedZone("", 3600)).UTC() }),
		"an exposure with dots, dashes": granted(func(c *Clearance) { c.Exposure = "Trusted-Partners.v2" }),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Parse(want.String())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheSameGrantIsTheSameText(t *testing.T) {
	one := granted(nil)
	other := granted(func(c *Clearance) {
		c.Owners = []types.UID{c.Owners[1], c.Owners[0], c.Owners[1]}
		c.Digests = []string{c.Digests[1], c.Digests[0]}
	})
	if one.String() != other.String() {
		t.Errorf("%s differs from %s", one, other)
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	for name, value := range map[string]string{
		"nothing":            "",
		"too few fields":     "v1|2026-03-01T12:00:00Z|General|free||",
		"another version":    "v2|2026-03-01T12:00:00Z|General|free|||2026-03-01T12:00:00Z",
		"an end that is not": "v1|tomorrow|General|free|||2026-03-01T12:00:00Z",
		"no beginning":       "v1|2026-03-01T12:00:00Z|General|free|||",
		"an unknown mode":    "v1|2026-03-01T12:00:00Z|General|open|||2026-03-01T12:00:00Z",
		"an eighth field":    granted(nil).String() + "|",
	} {
		t.Run(name, func(t *testing.T) {
			if c, err := Parse(value); err == nil {
				t.Errorf("read %q as %v", value, c)
			}
		})
	}
}

func TestAClearanceIsWrittenOnlyWhenNeeded(t *testing.T) {
	for name, row := range map[string]struct {
		present string
		want    bool
	}{
		"the same grant with most of its lease left":      {granted(func(c *Clearance) { c.End = now.Add(5 * time.Hour) }).String(), false},
		"the same grant with less than half of its lease": {granted(func(c *Clearance) { c.End = now.Add(3 * time.Hour) }).String(), true},
		"a lease that is longer than it may be":           {granted(func(c *Clearance) { c.End = now.Add(9 * time.Hour) }).String(), true},
		"another owner":                                   {granted(func(c *Clearance) { c.Owners = c.Owners[:1] }).String(), true},
		"another beginning":                               {granted(func(c *Clearance) { c.Since = now }).String(), true},
		"another digest":                                  {granted(func(c *Clearance) { c.Digests = c.Digests[:1] }).String(), true},
		"another mode":                                    {granted(func(c *Clearance) { c.Mode = Counted }).String(), true},
		"nothing yet":                                     {"", true},
		"a value that is not of ours":                     {"forever", true},
		"the very same text, unedited":                    {granted(nil).String(), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Needed(row.present, granted(nil), now, 0); got != row.want {
				t.Errorf("needed: %v, want %v", got, row.want)
			}
		})
	}
}

func TestTheBudgetCountsEveryClearanceOnce(t *testing.T) {
	value := strings.Repeat("x", 10<<10)
	annotations := map[string]string{
		Key("one"):   value,
		Key("two"):   value,
		"note/other": strings.Repeat("y", 100<<10),
	}
	if !Fits(annotations, Key("two"), value) {
		t.Error("replacing a clearance by one of the same size does not fit")
	}
	if !Fits(annotations, Key("three"), value) {
		t.Error("a third clearance of 10 KiB does not fit into 32 KiB")
	}
	annotations[Key("three")] = value
	if Fits(annotations, Key("four"), value) {
		t.Error("a fourth clearance of 10 KiB fits into 32 KiB")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(granted(nil).String())
	f.Add("v1|2026-03-01T12:00:00+01:00||free|,||2026-03-01T12:00:00Z")
	f.Fuzz(func(t *testing.T, value string) {
		c, err := Parse(value)
		if err != nil {
			return
		}
		again, err := Parse(c.String())
		if err != nil {
			t.Fatalf("%q is read, and not read again as %q: %v", value, c, err)
		}
		if c.String() != again.String() {
			t.Errorf("%q became %q", c, again)
		}
	})
}
