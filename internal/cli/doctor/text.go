// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// width is the column at which text is broken.
	width = 110
	// nameWidth is the width of the column of names.
	nameWidth = 15
	// shown is how many items of a check are shown as text; the data has all.
	shown = 10
)

// Text is the report for a person: plain text without colours.
func (r Report) Text() string {
	p := &page{}
	p.line("Scalegate, " + r.scope())
	part := ""
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Part != part {
			part = c.Part
			p.line("")
			p.line(part)
		}
		p.check(c)
	}
	p.line("")
	if slices.ContainsFunc(r.Checks, func(c Check) bool { return strings.HasPrefix(c.What, notLookedAt) }) {
		p.line("What was not looked at shows to somebody who may read it, such as a cluster admin.")
	}
	p.line(fmt.Sprintf("%s: %d OK, %d to look at, %d failed",
		counted(len(r.Checks), "check", "checks"), r.Count(OK), r.Count(Warn), r.Count(Fail)))
	return p.String()
}

func (r Report) scope() string {
	if r.Namespace == "" {
		return "in all namespaces"
	}
	return "in namespace " + r.Namespace + " alone"
}

// page is text being written.
type page struct{ strings.Builder }

func (p *page) check(c *Check) {
	head := fmt.Sprintf("  %-5s %-*s", c.Status, nameWidth, c.Name)
	p.wrap(head, strings.Repeat(" ", utf8.RuneCountInString(head)), c.What)
	const inner = "        "
	for i, item := range c.Items {
		if i == shown && len(c.Items) > shown+1 {
			p.line(fmt.Sprintf("%s- and %d more; -o json shows all", inner, len(c.Items)-shown))
			break
		}
		p.wrap(inner+"- ", inner+"  ", item)
	}
	for _, about := range [][2]string{{"why", c.Why}, {"remedy", c.Remedy}} {
		if about[1] != "" {
			label := fmt.Sprintf("%s%-7s ", inner, about[0])
			p.wrap(label, strings.Repeat(" ", len(label)), about[1])
		}
	}
}

// wrap writes text in lines of at most width columns where its words allow: the first behind first, and the others
// behind rest.
func (p *page) wrap(first, rest, text string) {
	line, empty := first, true
	for word := range strings.FieldsSeq(text) {
		if !empty && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			p.line(line)
			line, empty = rest, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	p.line(line)
}

func (p *page) line(text string) {
	p.WriteString(strings.TrimRight(text, " "))
	p.WriteByte('\n')
}
