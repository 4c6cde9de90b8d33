// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Style is how a tree is drawn.
type Style struct {
	// Width is the most columns of a line; 0 is without end. Below 40, 40.
	Width int
	// Colour uses the terminal's colours.
	Colour bool
}

const (
	// leastWidth is the narrowest that a tree is drawn.
	leastWidth = 40
	// gap is between columns.
	gap = 2
	// leastInfo is how much of a line is kept for what else there is to say.
	leastInfo = 20
	// widestName is how wide the first column gets where there is room for all.
	widestName = 72
)

// Colours, as a terminal takes them.
const (
	reset  = "\x1b[0m"
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
)

// line is a row before its columns are laid out.
type line struct {
	stem string
	node *Node
}

// Draw gives the lines of a tree, with a heading. No line is wider than the style says, and what the cluster says cannot
// move the cursor.
func Draw(nodes []Node, style Style) []string {
	var lines []line
	flatten(nodes, "", true, &lines)
	name, state, age := len("NAME"), len("STATE"), len("AGE")
	for _, l := range lines {
		name = max(name, Columns(l.stem+l.label()))
		state = max(state, Columns(l.node.State))
		age = max(age, Columns(l.node.Age))
	}
	name = min(name, widestName)
	if style.Width > 0 {
		style.Width = max(style.Width, leastWidth)
		// A narrow terminal shows less of names before it shows nothing of what there is to say.
		state = min(state, max(style.Width/4, 8))
		name = min(name, max(style.Width-state-age-leastInfo-3*gap, style.Width*2/5))
	}
	text := make([]string, 0, len(lines)+1)
	text = append(text, style.row(bold, name, state, age, "NAME", "STATE", "AGE", "INFO"))
	for _, l := range lines {
		text = append(text, style.draw(l, name, state, age))
	}
	return text
}

func (l line) label() string {
	if l.node.Sign == SignNone {
		return l.node.Name
	}
	return string(l.node.Sign) + " " + l.node.Name
}

// flatten walks the tree; the roots have no branches before them.
func flatten(nodes []Node, prefix string, roots bool, lines *[]line) {
	for i := range nodes {
		branch, below := "├─", "│ "
		switch {
		case roots:
			branch, below = "", ""
		case i == len(nodes)-1:
			branch, below = "└─", "  "
		}
		*lines = append(*lines, line{stem: prefix + branch, node: &nodes[i]})
		flatten(nodes[i].Children, prefix+below, false, lines)
	}
}

// row lays four cells out, all in one colour.
func (s Style) row(colour string, name, state, age int, cells ...string) string {
	text := fit(cells[0], name) + strings.Repeat(" ", gap) + fit(cells[1], state) + strings.Repeat(" ", gap) +
		fit(cells[2], age) + strings.Repeat(" ", gap) + cells[3]
	text = strings.TrimRight(s.clip(text), " ")
	if s.Colour {
		return colour + text + reset
	}
	return text
}

// draw lays a node out, its sign and state in their colour.
func (s Style) draw(l line, name, state, age int) string {
	plain := []string{fit(l.stem+l.label(), name), fit(l.node.State, state), fit(l.node.Age, age), clean(l.node.Info)}
	space := strings.Repeat(" ", gap)
	if !s.Colour {
		return strings.TrimRight(s.clip(strings.Join(plain, space)), " ")
	}
	colour := l.node.Sign.colour()
	head := plain[0]
	if mark := string(l.node.Sign); mark != "" && strings.HasPrefix(head, l.stem+mark) {
		head = dim + l.stem + reset + colour + mark + reset + strings.TrimPrefix(head, l.stem+mark)
	}
	used := name + state + age + 3*gap
	info := plain[3]
	if s.Width > 0 {
		info = Cut(info, s.Width-used)
	}
	return strings.TrimRight(head+space+colour+plain[1]+reset+space+dim+plain[2]+reset+space+info, " ")
}

func (s Sign) colour() string {
	switch s {
	case SignGood:
		return green
	case SignBad:
		return red
	case SignTime, SignDoubt:
		return yellow
	case SignMissing:
		return cyan
	case SignNeutral, SignNone:
	}
	return dim
}

func (s Style) clip(text string) string {
	if s.Width == 0 {
		return text
	}
	return Cut(text, s.Width)
}

// fit makes text exactly so many columns wide.
func fit(text string, columns int) string {
	text = Cut(clean(text), columns)
	return text + strings.Repeat(" ", max(0, columns-Columns(text)))
}

// Cut shortens text to so many columns of a terminal, and says that it did.
func Cut(text string, columns int) string {
	if Columns(text) <= columns {
		return text
	}
	if columns < 1 {
		return ""
	}
	used, end := 0, 0
	for at, r := range text {
		w := columnsOfRune(r)
		if used+w > columns-1 {
			break
		}
		used += w
		end = at + len(string(r))
	}
	return text[:end] + "…"
}

// clean is text without what a terminal would obey, on one line.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		case unicode.Is(unicode.Cf, r):
			// Marks that turn the direction of writing, and others that nobody sees.
			return -1
		}
		return r
	}, text)
}

// Columns is how many columns of a terminal text takes.
func Columns(text string) int {
	n := 0
	for _, r := range text {
		n += columnsOfRune(r)
	}
	return n
}

func columnsOfRune(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
		return 2
	}
	return 1
}
