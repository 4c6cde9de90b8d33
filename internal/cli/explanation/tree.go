// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"strings"
	"unicode/utf8"
)

// width is the column at which text is broken. Commands are not, so that they can be copied.
const width = 110

// node is a line of a tree with lines about it and nodes below.
type node struct {
	text     string
	details  []detail
	children []node
}

// detail is a labelled line about a node.
type detail struct {
	label, text string
	// verbatim text is not broken.
	verbatim bool
}

// labelWidth is the width of the column of labels.
const labelWidth = 11

// page is text being written.
type page struct{ strings.Builder }

// tree writes the nodes, each line of which starts with prefix.
func (p *page) tree(nodes []node, prefix string) {
	for i := range nodes {
		n := &nodes[i]
		branch, below := "├─ ", "│  "
		if i == len(nodes)-1 {
			branch, below = "└─ ", "   "
		}
		p.wrap(prefix+branch, prefix+below+"  ", n.text)
		inner := prefix + below
		for _, d := range n.details {
			stem := inner
			if len(n.children) > 0 {
				stem += "│ "
			} else {
				stem += "  "
			}
			p.detail(stem, d)
		}
		p.tree(n.children, inner)
	}
}

func (p *page) detail(prefix string, d detail) {
	first := prefix + padded(d.label)
	if d.verbatim {
		p.line(first + d.text)
		return
	}
	p.wrap(first, prefix+padded(""), d.text)
}

func padded(label string) string {
	return label + strings.Repeat(" ", max(1, labelWidth-utf8.RuneCountInString(label)))
}

// wrap writes text in lines of at most width columns where its words allow: the first behind first, and the
// others behind rest.
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

// heading starts a part of the page.
func (p *page) heading(text string) {
	p.line("")
	p.line(text)
}
