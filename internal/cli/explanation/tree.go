// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"strings"
	"unicode/utf8"

	"github.com/scalegate/scalegate/internal/cli/page"
)

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

// writer is text being written.
type writer struct{ page.Page }

// tree writes the nodes, each line of which starts with prefix.
func (p *writer) tree(nodes []node, prefix string) {
	for i := range nodes {
		n := &nodes[i]
		branch, below := "├─ ", "│  "
		if i == len(nodes)-1 {
			branch, below = "└─ ", "   "
		}
		p.Wrap(prefix+branch, prefix+below+"  ", n.text)
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

func (p *writer) detail(prefix string, d detail) {
	first := prefix + padded(d.label)
	if d.verbatim {
		p.Line(first + d.text)
		return
	}
	p.Wrap(first, prefix+padded(""), d.text)
}

func padded(label string) string {
	return label + strings.Repeat(" ", max(1, labelWidth-utf8.RuneCountInString(label)))
}

// heading starts a part of the page.
func (p *writer) heading(text string) {
	p.Line("")
	p.Line(text)
}
