// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"fmt"
	"strings"
	"unicode"
)

// Text is the report for a person: a line for each case, its findings below it, and a line that counts. Colour is for the
// caller to add.
func (r *Report) Text() string {
	b := &strings.Builder{}
	for i := range r.Cases {
		c := &r.Cases[i]
		fmt.Fprintf(b, "%-13s%s", strings.ToUpper(string(c.Outcome)), plain(c.Name))
		if at := place(c.File, c.Line); at != "" {
			fmt.Fprintf(b, " (%s)", at)
		}
		b.WriteByte('\n')
		if c.Summary != "" {
			fmt.Fprintf(b, "    %s\n", plain(c.Summary))
		}
		for j := range c.Findings {
			f := &c.Findings[j]
			fmt.Fprintf(b, "    %-8s %s %s\n", f.Severity, f.Rule, plain(f.placed(c)))
		}
	}
	if len(r.Cases) > 0 {
		b.WriteByte('\n')
	}
	var counts []string
	for _, o := range Outcomes() {
		if n := r.Count(o); n > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", n, strings.ToLower(string(o))))
		}
	}
	if len(counts) == 0 {
		counts = []string{"nothing was judged"}
	}
	fmt.Fprintf(b, "%s: %s\n", r.Command, strings.Join(counts, ", "))
	return b.String()
}

// placed is the finding's text, with its place where that is not the case's.
func (f *Finding) placed(c *Case) string {
	if f.Line > 0 && (f.File != c.File || f.Line != c.Line) {
		return place(f.File, f.Line) + " " + f.text()
	}
	return f.text()
}

func place(file string, line int) string {
	switch {
	case file == "":
		return ""
	case line <= 0:
		return plain(file)
	}
	return fmt.Sprintf("%s:%d", plain(file), line)
}

// plain is text in which nothing moves the cursor or breaks the line: names and messages repeat what files say.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}
