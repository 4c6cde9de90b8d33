// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bufio"
	"errors"
	"io"
)

const (
	guardBuffer = 64 << 10
	// longestConstant is that of "-Infinity".
	longestConstant = 9
	// nameOverhead is what remembering a member name costs besides its bytes.
	nameOverhead = 64
	// maxRun bounds a number and the space between two tokens, both of which a decoder has to hold.
	maxRun = 64 << 10
)

// guard stands between a file and the JSON decoder. It replaces the constants NaN, Infinity and
// -Infinity, which Python writes and JSON does not know, with null wherever they occur outside strings;
// all other bytes pass unchanged. And it refuses, with an [UnreadableError], what would make the decoder hold
// much: deep nesting, long strings, long runs between tokens, and objects with too many names.
//
// It works on lexical units alone and leaves it to the decoder to refuse what is not JSON.
type guard struct {
	src    *bufio.Reader
	limits Limits

	ready []byte // to be handed out
	used  int    // bytes of src that ready stands for
	err   error

	inString, escaped bool
	isName            bool // the string is a member's name
	length            int  // of the string, or of the run between tokens

	objects    []bool // for each open container: is it an object
	expectName bool
	// held counts, for each depth, what the decoder remembers of names there. The decoder lets go of them
	// when the next object opens at the same depth, not when one closes.
	held      []int
	heldTotal int
}

func newGuard(r io.Reader, limits Limits) *guard {
	return &guard{src: bufio.NewReaderSize(r, guardBuffer), limits: limits}
}

// Read implements io.Reader.
func (g *guard) Read(p []byte) (int, error) {
	for len(g.ready) == 0 {
		if g.err != nil {
			return 0, g.err
		}
		g.advance()
	}
	n := copy(p, g.ready)
	g.ready = g.ready[n:]
	return n, nil
}

// advance makes ready the longest known run of bytes that pass, or one replacement.
func (g *guard) advance() {
	// Never more than is buffered, so this cannot block or fall short.
	if _, err := g.src.Discard(g.used); err != nil {
		g.err = err
		return
	}
	g.used = 0
	if _, err := g.src.Peek(1); err != nil {
		g.err = err
		return
	}
	chunk, _ := g.src.Peek(g.src.Buffered())
	n, constant, err := g.scan(chunk)
	if err != nil {
		g.err = err
		return
	}
	if n > 0 || !constant {
		g.ready, g.used = chunk[:n], n
		return
	}
	word, err := g.src.Peek(longestConstant)
	if err != nil && !errors.Is(err, io.EOF) {
		g.err = err
		return
	}
	if size := constantSize(word); size > 0 {
		g.ready, g.used = []byte("null"), size
		g.length = 0
		return
	}
	g.ready, g.used = word[:1], 1
	g.err = g.run()
}

// run counts a byte of a number, a literal or the space between tokens.
func (g *guard) run() error {
	if g.length++; g.length > maxRun {
		return unreadable("more than %d bytes between two tokens of the document", maxRun)
	}
	return nil
}

func constantSize(word []byte) int {
	for _, constant := range [...]string{"NaN", "Infinity", "-Infinity"} {
		if len(word) >= len(constant) && string(word[:len(constant)]) == constant {
			return len(constant)
		}
	}
	return 0
}

// scan returns how many bytes of the chunk pass, and whether it stopped where a constant may begin.
func (g *guard) scan(chunk []byte) (n int, constant bool, err error) {
	for i := 0; i < len(chunk); {
		if g.inString {
			n, err := g.scanString(chunk[i:])
			if err != nil {
				return 0, false, err
			}
			i += n
			continue
		}
		switch c := chunk[i]; c {
		case '-', 'N', 'I':
			// The sign of a number is far more frequent than that of an infinity.
			if c != '-' || i+1 == len(chunk) || chunk[i+1] == 'I' {
				return i, true, nil
			}
			if err := g.run(); err != nil {
				return 0, false, err
			}
		case '"', '{', '[', '}', ']', ',', ':':
			g.length = 0
			if err := g.structure(c); err != nil {
				return 0, false, err
			}
		default:
			if err := g.run(); err != nil {
				return 0, false, err
			}
		}
		i++
	}
	return len(chunk), false, nil
}

// scanString consumes bytes of a string, and its end if that is in the chunk.
func (g *guard) scanString(chunk []byte) (int, error) {
	i := 0
	if g.escaped {
		g.escaped = false
		i = 1
	}
	for i < len(chunk) && chunk[i] != '"' {
		if chunk[i] == '\\' {
			i++
		}
		i++
	}
	if i > len(chunk) {
		g.escaped, i = true, len(chunk)
	}
	if g.length += i; g.length > g.limits.StringBytes {
		return 0, unreadable("a string of the document is longer than %d bytes", g.limits.StringBytes)
	}
	if i == len(chunk) {
		return i, nil
	}
	g.inString = false
	return i + 1, g.endString()
}

func (g *guard) endString() error {
	size := g.length
	g.length = 0
	if !g.isName {
		return nil
	}
	g.isName, g.expectName = false, false
	cost := size + nameOverhead
	g.held[len(g.objects)-1] += cost
	if g.heldTotal += cost; g.heldTotal > g.limits.NameBytes {
		return unreadable("the objects of the document have more than %d bytes of member names", g.limits.NameBytes)
	}
	return nil
}

func (g *guard) structure(c byte) error {
	depth := len(g.objects)
	switch c {
	case '"':
		g.inString = true
		g.isName = g.expectName
	case '{', '[':
		if depth == g.limits.Depth {
			return unreadable("the document is nested deeper than %d levels", g.limits.Depth)
		}
		g.open(c == '{')
	case '}', ']':
		if depth > 0 {
			g.objects = g.objects[:depth-1]
		}
		g.expectName = false
	case ',':
		g.expectName = depth > 0 && g.objects[depth-1]
	case ':':
		g.expectName = false
	}
	return nil
}

func (g *guard) open(object bool) {
	g.objects = append(g.objects, object)
	g.expectName = object
	if len(g.held) < len(g.objects) {
		g.held = append(g.held, 0)
	}
	if object {
		level := &g.held[len(g.objects)-1]
		g.heldTotal -= *level
		*level = 0
	}
}
