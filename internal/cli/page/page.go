// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package page writes text for a terminal, in lines that its words let break.
package page

import (
	"strings"
	"unicode/utf8"
)

// Width is the column at which text is broken. Commands are not, so that they can be copied.
const Width = 110

// Page is a text in the making. The zero value is an empty one.
type Page struct{ strings.Builder }

// Wrap writes text in lines of at most Width columns where its words allow: the first behind first, and the others
// behind rest.
func (p *Page) Wrap(first, rest, text string) {
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > Width {
			p.Line(line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	p.Line(line)
}

// Line writes a line, without spaces at its end.
func (p *Page) Line(text string) {
	p.WriteString(strings.TrimRight(text, " "))
	p.WriteByte('\n')
}
