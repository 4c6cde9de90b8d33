// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"strconv"
	"strings"
	"unicode"
)

// joiner has no width and joins what is on both sides. Between an @ and a name, or in an address, it keeps programs that make
// links of plain text from making one.
const joiner = "\u2060"

// plainText is text as Markdown shows it: nothing in it is markup, a table's border, a link, a mention, a reference to an issue
// or a formula.
func plainText(text string) string {
	var b strings.Builder
	runes := []rune(shown(text))
	for i, r := range runes {
		next := rune(0)
		if i+1 < len(runes) {
			next = runes[i+1]
		}
		switch replacement := inMarkdown(r); {
		case replacement != "":
			b.WriteString(replacement)
		case r == '.' && endsWithWWW(runes[:i]):
			b.WriteString(joiner + ".")
		case r == ':' && (next == '/' || unicode.IsLetter(next)):
			b.WriteString(":" + joiner)
		default:
			b.WriteRune(r)
		}
	}
	return atStart(b.String())
}

// inMarkdown is what stands for a character that means something in Markdown, or to what makes links of plain text; empty
// for others.
func inMarkdown(r rune) string {
	switch r {
	case '*', '_', '[', ']', '`', '~', '{', '}':
		return "\\" + string(r)
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '&':
		return "&amp;"
	case '|', '\\', '$':
		return "&#" + strconv.Itoa(int(r)) + ";"
	case '#':
		return "\\#" + joiner
	case '@':
		return "@" + joiner
	}
	return ""
}

// endsWithWWW reports whether a dot after the text would make it the beginning of an address.
func endsWithWWW(runes []rune) bool {
	return strings.HasSuffix(strings.ToLower(string(runes)), "www")
}

// atStart keeps the first character from beginning a list, a heading or a rule.
func atStart(text string) string {
	if text == "" {
		return text
	}
	switch c := text[0]; {
	case c == '-' || c == '+' || c == '=':
		return "\\" + text
	case c >= '0' && c <= '9':
		digits := strings.TrimLeft(text, "0123456789")
		if mark, rest := cut(digits); (mark == '.' || mark == ')') && (rest == "" || rest[0] == ' ') {
			at := len(text) - len(digits)
			return text[:at] + "\\" + text[at:]
		}
	case c == ' ':
		return atStart(strings.TrimLeft(text, " "))
	}
	return text
}

// cut is the first byte of a text, and the rest; 0 of an empty one.
func cut(text string) (first byte, rest string) {
	if text == "" {
		return 0, ""
	}
	return text[0], text[1:]
}

// code is an identifier as Markdown shows it, in a code span where it can stand in one. In a table a code span cannot hold a
// vertical line, so that it is plain text there.
func code(text string) string {
	text = shown(text)
	if text == "" {
		return ""
	}
	if strings.ContainsAny(text, "`|\\") || strings.TrimSpace(text) != text {
		return plainText(text)
	}
	return "`" + text + "`"
}
