// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"strconv"
	"strings"
)

// Mismatch is the first place where a pod or template differs from what its release
// declares. A nil *Mismatch means that everything matched.
type Mismatch struct {
	// Field is the path of the field in the pod or template, list items by their name where
	// they have one, such as spec.containers[server].args[2]. Where the declaration itself
	// cannot be used it begins with "ModelRelease spec.".
	Field string
	// Problem says what is wrong with the field; it continues a sentence that the field began.
	Problem string
	// Remedy says what to change, as an imperative without a full stop.
	Remedy string
}

// String gives the mismatch as one sentence without a full stop.
func (m *Mismatch) String() string {
	if m == nil {
		return "matches"
	}
	return m.Field + " " + m.Problem + "; " + m.Remedy
}

// Container is the name of the container that the field belongs to; empty when it belongs to none.
func (m *Mismatch) Container() string {
	for _, list := range []string{"spec.containers[", "spec.initContainers["} {
		if rest, ok := strings.CutPrefix(m.Field, list); ok {
			name, _, _ := strings.Cut(rest, "]")
			return name
		}
	}
	return ""
}

// ForeignContainer reports whether the mismatch is that a container runs an image that is neither an
// artifact of the release nor a companion of the policy, and not what such an image does.
func (m *Mismatch) ForeignContainer() bool {
	return m.Container() != "" && strings.HasSuffix(m.Field, "].image")
}

// doesNotName begins the problem of a pod that does not name an artifact.
const doesNotName = "does not name artifact"

// OnlyUnnamed reports whether all is as declared but that an artifact of the model is not named by its digest. Of pods
// that serve as one unit, one may name it for all: the workers of a group load what their leader tells them.
func (m *Mismatch) OnlyUnnamed() bool {
	return m.Field == "spec" && strings.HasPrefix(m.Problem, doesNotName)
}

func mismatch(field, remedy, problem string, args ...any) *Mismatch {
	return &Mismatch{Field: field, Problem: fmt.Sprintf(problem, args...), Remedy: remedy}
}

// maxQuoted is how many bytes of somebody's text a message repeats: three of them and the
// sentence around still fit a condition's message.
const maxQuoted = 100

// quote shows text of unknown length and content inside a message.
func quote(text string) string {
	if len(text) > maxQuoted {
		text = strings.ToValidUTF8(text[:maxQuoted], "") + "..."
	}
	return strconv.Quote(text)
}

func item(list, name string) string { return list + "[" + name + "]" }

func index(list string, i int) string { return item(list, strconv.Itoa(i)) }
