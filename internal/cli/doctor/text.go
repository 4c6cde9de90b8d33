// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/scalegate/scalegate/internal/cli/page"
)

const (
	// nameWidth is the width of the column of names.
	nameWidth = 15
	// shown is how many items of a check are shown as text; the data has all.
	shown = 10
)

// Text is the report for a person: plain text without colours.
func (r Report) Text() string {
	p := &writer{}
	p.Line("Scalegate, " + r.scope())
	part := ""
	for i := range r.Checks {
		c := &r.Checks[i]
		if c.Part != part {
			part = c.Part
			p.Line("")
			p.Line(part)
		}
		p.check(c)
	}
	p.Line("")
	if slices.ContainsFunc(r.Checks, func(c Check) bool { return strings.HasPrefix(c.What, notLookedAt) }) {
		p.Line("What was not looked at shows to somebody who may read it, such as a cluster admin.")
	}
	p.Line(fmt.Sprintf("%s: %d OK, %d to look at, %d failed",
		counted(len(r.Checks), "check", "checks"), r.Count(OK), r.Count(Warn), r.Count(Fail)))
	return p.String()
}

func (r Report) scope() string {
	if r.Namespace == "" {
		return "in all namespaces"
	}
	return "in namespace " + r.Namespace + " alone"
}

// writer is text being written.
type writer struct{ page.Page }

func (p *writer) check(c *Check) {
	head := fmt.Sprintf("  %-5s %-*s", c.Status, nameWidth, c.Name)
	p.Wrap(head, strings.Repeat(" ", utf8.RuneCountInString(head)), c.What)
	const inner = "        "
	for i, item := range c.Items {
		if i == shown && len(c.Items) > shown+1 {
			p.Line(fmt.Sprintf("%s- and %d more; -o json shows all", inner, len(c.Items)-shown))
			break
		}
		p.Wrap(inner+"- ", inner+"  ", item)
	}
	for _, about := range [][2]string{{"why", c.Why}, {"remedy", c.Remedy}} {
		if about[1] != "" {
			label := fmt.Sprintf("%s%-7s ", inner, about[0])
			p.Wrap(label, strings.Repeat(" ", len(label)), about[1])
		}
	}
}
