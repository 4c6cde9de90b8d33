// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package enforcement

import (
	"slices"
	"strconv"
	"strings"
)

// Scaled is what a workload that Scalegate scaled remembers: the annotation scalegate.dev/scaled-replicas. Its text is
// WISH/OURS, or WISH/OURS/RELEASE,RELEASE where it is a fallback that was brought up.
type Scaled struct {
	// Wish are the replicas that its author wants, and Ours those that Scalegate set. Neither is below 0.
	Wish, Ours int32
	// For are the releases that it was brought up for, sorted; nil when it was not.
	For []string
}

// ParseScaled reads the annotation; false when it is absent, or is no text that String makes.
func ParseScaled(text string) (Scaled, bool) {
	parts := strings.SplitN(text, "/", 3)
	if len(parts) < 2 {
		return Scaled{}, false
	}
	wish, err := strconv.ParseInt(parts[0], 10, 32)
	ours, other := strconv.ParseInt(parts[1], 10, 32)
	if err != nil || other != nil {
		return Scaled{}, false
	}
	s := Scaled{Wish: int32(wish), Ours: int32(ours)}
	if len(parts) == 3 {
		s.For = strings.Split(parts[2], ",")
	}
	if s.String() != text || s.Wish < 0 || s.Ours < 0 || slices.Contains(s.For, "") || !slices.IsSorted(s.For) {
		return Scaled{}, false
	}
	return s, true
}

// String is the value of the annotation.
func (s Scaled) String() string {
	text := strconv.Itoa(int(s.Wish)) + "/" + strconv.Itoa(int(s.Ours))
	if len(s.For) > 0 {
		text += "/" + strings.Join(s.For, ",")
	}
	return text
}

// remember is what the annotation becomes: nothing where there is no way back to remember.
func (s Scaled) remember() string {
	if s.Wish == s.Ours && len(s.For) == 0 {
		return ""
	}
	return s.String()
}

// with is the same for one release more.
func (s Scaled) with(release string) Scaled {
	s.For = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(s.For), release))))
	return s
}

// without is the same for one release less.
func (s Scaled) without(release string) Scaled {
	s.For = slices.DeleteFunc(slices.Clone(s.For), func(name string) bool { return name == release })
	return s
}
