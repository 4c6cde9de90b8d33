// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package clearance is the Namespace annotation that lets pods of a release be born free: what
// it grants, its lease, its reading and writing.
//
// The admission policies read the same text inside the API server, so its form is a contract:
// seven fields between bars,
//
//	v1|END|EXPOSURE|free or counted|OWNER,OWNER|DIGEST,DIGEST|SINCE
//
// where END and SINCE are times in RFC 3339 and UTC, OWNER the UID of a ReplicaSet and DIGEST the
// 64 hexadecimal digits of an image digest. Owners and digests are sorted, so that the same grant
// is the same text.
package clearance

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// NamespaceBudget is the most bytes, keys and values together, that the clearances of one
// Namespace may take. Its annotations as a whole are limited to 256 KiB by the API server.
const NamespaceBudget = 32 << 10

// version is the first field of the text.
const version = "v1"

// Mode says whether pods of cleared owners may be born free.
type Mode string

const (
	// Free means that pods of the named owners are born free.
	Free Mode = "free"
	// Counted means that every pod is born held, and opened by the controller.
	Counted Mode = "counted"
)

// Clearance is what one release may do in one Namespace.
type Clearance struct {
	// End is when the clearance ends unless it is renewed; whole seconds.
	End time.Time
	// Exposure is the granted exposure.
	Exposure string
	// Mode says whether pods may be born free.
	Mode Mode
	// Owners are the UIDs of the ReplicaSets whose pods may be born free. Empty with Counted.
	Owners []types.UID
	// Digests are the image digests that a pod born free may carry, as 64 hexadecimal digits each.
	Digests []string
	// Since is when the release was first cleared here, whole seconds. Pods that are older were not
	// born free.
	Since time.Time
}

// Key is the annotation that holds the clearance of a release.
func Key(release string) string {
	return v1alpha1.AnnotationClearancePrefix + release
}

// Release is the release that an annotation key clears; false for any other key.
func Release(key string) (string, bool) {
	return strings.CutPrefix(key, v1alpha1.AnnotationClearancePrefix)
}

// String is the annotation's value.
func (c Clearance) String() string {
	owners := make([]string, len(c.Owners))
	for i, uid := range c.Owners {
		owners[i] = string(uid)
	}
	return strings.Join([]string{
		version,
		c.End.UTC().Format(time.RFC3339),
		c.Exposure,
		string(c.Mode),
		joinSet(owners),
		joinSet(c.Digests),
		c.Since.UTC().Format(time.RFC3339),
	}, "|")
}

// Parse reads an annotation's value. An error means that the value is not one of ours; the
// admission policies clear nothing for such a value.
func Parse(value string) (Clearance, error) {
	fields := strings.Split(value, "|")
	if len(fields) != 7 || fields[0] != version {
		return Clearance{}, errors.New("a clearance has seven fields and starts with v1")
	}
	end, err := time.Parse(time.RFC3339, fields[1])
	if err != nil {
		return Clearance{}, fmt.Errorf("parsing the end of a clearance: %w", err)
	}
	since, err := time.Parse(time.RFC3339, fields[6])
	if err != nil {
		return Clearance{}, fmt.Errorf("parsing the beginning of a clearance: %w", err)
	}
	mode := Mode(fields[3])
	if mode != Free && mode != Counted {
		return Clearance{}, fmt.Errorf("a clearance is free or counted, not %q", fields[3])
	}
	c := Clearance{End: end, Exposure: fields[2], Mode: mode, Digests: splitSet(fields[5]), Since: since}
	for _, uid := range splitSet(fields[4]) {
		c.Owners = append(c.Owners, types.UID(uid))
	}
	return c, nil
}

// Renewed is the share of a lease that is left when it is renewed: between a half and five eighths, as spread says, from 0 to
// 1. Leases that began together and have different spreads are renewed one after the other, in an eighth of their length, and
// none later than at its half.
func Renewed(spread float64) float64 {
	return 0.5 + min(max(spread, 0), 1)/8
}

// Needed tells whether the present value must be replaced by want: it grants something else, it
// is not one of ours, or less of its lease is left than [Renewed] says. A lease that merely grew longer by
// the passing of time is left alone, so that an idle controller writes nothing.
func Needed(present string, want Clearance, now time.Time, spread float64) bool {
	have, err := Parse(present)
	if err != nil {
		return true
	}
	end := have.End
	have.End = want.End
	if have.String() != want.String() || end.After(want.End) {
		return true
	}
	return want.End.After(end) && float64(end.Sub(now)) < float64(want.End.Sub(now))*Renewed(spread)
}

// Size is the bytes that the clearances among annotations take.
func Size(annotations map[string]string) int {
	total := 0
	for key, value := range annotations {
		if _, ok := Release(key); ok {
			total += len(key) + len(value)
		}
	}
	return total
}

// Fits tells whether the clearances still fit the budget once key holds value.
func Fits(annotations map[string]string, key, value string) bool {
	others := maps.Clone(annotations)
	delete(others, key)
	return Size(others)+len(key)+len(value) <= NamespaceBudget
}

func joinSet(items []string) string {
	sorted := slices.Sorted(slices.Values(items))
	return strings.Join(slices.Compact(sorted), ",")
}

func splitSet(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
