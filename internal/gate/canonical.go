// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"
)

// CanonicalJSON is a value as JSON with sorted keys: what digests are of. An error is one of encoding/json.
func CanonicalJSON(value any) ([]byte, error) {
	data, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	c := canon{in: data, out: make([]byte, 0, len(data))}
	if err := c.value(); err != nil {
		return nil, err
	}
	return c.out, nil
}

// canon rewrites JSON that encoding/json has written, which is therefore valid and has no space between its words. What
// comes out is what encoding/json writes of the same values in maps and lists: the keys of objects sorted, of two that are the
// same the last, and every string in its one form. Numbers stay as they are.
type canon struct {
	in []byte
	// at is how much of in was read.
	at  int
	out []byte
	// members are those of the objects that are open, the innermost last.
	members []member
	// spare holds the members of an object while they are brought into order.
	spare []byte
}

// member is a key with its value, as a part of the output. The key is what it says, not how it is written.
type member struct {
	key        []byte
	start, end int
}

// value copies a value.
func (c *canon) value() error {
	switch c.in[c.at] {
	case '{':
		return c.object()
	case '[':
		return c.list()
	case '"':
		_, err := c.text()
		return err
	}
	end := c.at
	for end < len(c.in) && c.in[end] != ',' && c.in[end] != ']' && c.in[end] != '}' {
		end++
	}
	c.out = append(c.out, c.in[c.at:end]...)
	c.at = end
	return nil
}

// mark copies one mark.
func (c *canon) mark() {
	c.out = append(c.out, c.in[c.at])
	c.at++
}

func (c *canon) list() error {
	c.mark()
	for c.in[c.at] != ']' {
		if c.in[c.at] == ',' {
			c.mark()
		}
		if err := c.value(); err != nil {
			return err
		}
	}
	c.mark()
	return nil
}

// object copies the members as they come, and then brings them into order where they are not.
func (c *canon) object() error {
	first := len(c.members)
	c.mark()
	start := len(c.out)
	for c.in[c.at] != '}' {
		if c.in[c.at] == ',' {
			c.mark()
		}
		m := member{start: len(c.out)}
		var err error
		if m.key, err = c.text(); err != nil {
			return err
		}
		c.mark()
		if err = c.value(); err != nil {
			return err
		}
		m.end = len(c.out)
		c.members = append(c.members, m)
	}
	c.sort(first, start)
	c.members = c.members[:first]
	c.mark()
	return nil
}

// sort writes the members from first on, which begin at start, in order.
func (c *canon) sort(first, start int) {
	members := c.members[first:]
	ordered := true
	for i := 1; i < len(members) && ordered; i++ {
		ordered = bytes.Compare(members[i-1].key, members[i].key) < 0
	}
	if ordered {
		return
	}
	slices.SortStableFunc(members, func(a, b member) int { return bytes.Compare(a.key, b.key) })
	c.spare = append(c.spare[:0], c.out[start:]...)
	c.out = c.out[:start]
	for i, m := range members {
		if i+1 < len(members) && bytes.Equal(members[i+1].key, m.key) {
			continue
		}
		if len(c.out) > start {
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, c.spare[m.start-start:m.end-start]...)
	}
}

// text copies a string, and returns what it says. One that is written without a backslash has only that form; others are
// written anew.
func (c *canon) text() (content []byte, err error) {
	end := c.at + 1
	plain := true
	for c.in[end] != '"' {
		if c.in[end] == '\\' {
			plain = false
			end++
		}
		end++
	}
	end++
	written := c.in[c.at:end]
	c.at = end
	if plain && utf8.Valid(written) {
		c.out = append(c.out, written...)
		return written[1 : len(written)-1], nil
	}
	var s string
	if err = json.Unmarshal(written, &s); err != nil {
		return nil, err
	}
	again, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	c.out = append(c.out, again...)
	return []byte(s), nil
}
