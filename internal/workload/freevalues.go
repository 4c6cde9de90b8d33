// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

const (
	// maxPatternInstructions bounds one compiled pattern: room for a few hundred characters
	// with classes and repetitions, not for megabytes from one line.
	maxPatternInstructions = 4000
	// maxFreeText is the longest live string, in bytes, that a pattern is tried on.
	maxFreeText = 8192
	// maxPattern is the longest pattern in bytes; the API allows no longer one.
	maxPattern = 128
)

// freeValues are the patterns of the values that a workload may choose, by name, each
// rewritten so that it stands for itself inside a longer expression.
type freeValues map[string]string

// parseFreeValues reads the patterns of a declaration.
func parseFreeValues(s *v1alpha1.ServingContainer) (freeValues, *Mismatch) {
	free := make(freeValues, len(s.FreeValues))
	for _, v := range s.FreeValues {
		pattern, problem := standalone(v.Pattern)
		if problem != "" {
			field := item(item("ModelRelease spec.serving", s.Container)+".freeValues", v.Name) + ".pattern"
			return nil, mismatch(field, "write a short RE2 regular expression", "is %s, which %s", quote(v.Pattern), problem)
		}
		free[v.Name] = pattern
	}
	return free, nil
}

// standalone compiles a pattern by itself and writes it anew from its syntax tree: a text
// such as a)|(?:b, or an open \Q, could otherwise take in what stands around it.
func standalone(pattern string) (rewritten, problem string) {
	if len(pattern) > maxPattern {
		return "", "is longer than 128 bytes"
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return "", "is not a regular expression in RE2 syntax: " + err.Error()
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil || len(program.Inst) > maxPatternInstructions {
		return "", "stands for too many repetitions"
	}
	return "(?:" + tree.String() + ")", ""
}

// match compares a live string with a declared one, in which <name> stands for a free value
// of that name; where no such value is declared it is just text. The same name may stand
// for different values in different places.
func (f freeValues) match(field, declared, live string) (text, *Mismatch) {
	expression, chosen := f.expression(declared)
	if !chosen {
		if declared == live {
			return text{value: live, field: field}, nil
		}
		return text{}, mismatch(field, "use the declared text, or have the release declare this one",
			"is %s, and the release declares %s", quote(live), quote(declared))
	}
	const remedy = "choose values that match spec.serving[].freeValues of the release"
	if len(live) > maxFreeText {
		return text{}, mismatch(field, remedy, "is longer than 8192 bytes")
	}
	if strings.ContainsFunc(live, isControl) && !strings.ContainsFunc(declared, isControl) {
		return text{}, mismatch(field, remedy, "is %s, and free values contain no control characters", quote(live))
	}
	pattern, err := regexp.Compile(`\A` + expression + `\z`)
	if err != nil {
		return text{}, mismatch(field, "shorten the patterns in spec.serving[].freeValues of the release",
			"has patterns that cannot be used together: %s", quote(err.Error()))
	}
	if !pattern.MatchString(live) {
		return text{}, mismatch(field, remedy, "is %s, and the release declares %s", quote(live), quote(declared))
	}
	return text{value: live, field: field, free: true}, nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// expression writes the declared string as a regular expression, and says whether it
// contains a free value at all.
func (f freeValues) expression(declared string) (expression string, chosen bool) {
	var out strings.Builder
	rest := declared
	for {
		before, after, opened := strings.Cut(rest, "<")
		out.WriteString(regexp.QuoteMeta(before))
		if !opened {
			return out.String(), chosen
		}
		name, tail, closed := strings.Cut(after, ">")
		if pattern, known := f[name]; closed && known {
			out.WriteString(pattern)
			chosen = true
			rest = tail
			continue
		}
		out.WriteString("<")
		rest = after
	}
}
