// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"strings"
	"unicode"
)

// tidy makes text from elsewhere fit to be printed: what is not UTF-8 becomes a question mark, and a control character
// a space. It leaves nothing empty that was not.
func tidy(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
}

// presentable reports whether text is as tidy and shorten leave it.
func presentable(text string, limit int) bool {
	return len(text) <= limit && tidy(text) == text
}

// shorten cuts text to at most limit bytes of whole characters.
func shorten(text string, limit int) string {
	const more = "..."
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:max(limit-len(more), 0)], "") + more
}

// isDecimal reports whether text is a plain decimal number that the API holds: a sign, digits, and a fraction.
func isDecimal(text string) bool {
	whole, fraction, pointed := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return len(text) <= longestDecimal && isDigits(whole) && (!pointed || isDigits(fraction))
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
