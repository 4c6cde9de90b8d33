// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// members reads the object that comes next, or null, which has none. At the value of each member visit is
// called: it reads the value whole, or leaves it to be skipped. The path is for messages.
func members(dec *jsontext.Decoder, path string, visit func(name string) error) error {
	return inside(dec, path, '{', func() error {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		start := dec.InputOffset()
		if err := visit(name); err != nil || dec.InputOffset() != start {
			return err
		}
		return dec.SkipValue()
	})
}

// elements is members for an array; visit must read each element.
func elements(dec *jsontext.Decoder, path string, visit func() error) error {
	return inside(dec, path, '[', visit)
}

func inside(dec *jsontext.Decoder, path string, kind jsontext.Kind, next func() error) error {
	switch dec.PeekKind() {
	case kind:
	case 'n':
		_, err := dec.ReadToken()
		return err
	case jsontext.KindInvalid:
		_, err := dec.ReadToken()
		return err
	default:
		return unreadable("%q is not of the type the format gives it", cut(path))
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		if err := next(); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// held reads one value and returns a copy of it; one larger than the limit of sections is unreadable.
func held(dec *jsontext.Decoder, path string, limits Limits) (jsontext.Value, error) {
	value, _, err := capture(dec, limits.SectionBytes, nil)
	if err == nil && value == nil {
		return nil, unreadable("%q holds a value of more than %d bytes", cut(path), limits.SectionBytes)
	}
	return value, err
}

// parts reads the document again for some members of the object at a path of member names joined by dots,
// "" for the top. An absent member, and every member of what is no object, is absent from the answer.
func (d *document) parts(path string, wanted ...string) (map[string]jsontext.Value, error) {
	found := map[string]jsontext.Value{}
	err := d.stream(path, func(dec *jsontext.Decoder) error {
		if dec.PeekKind() != '{' {
			return nil
		}
		left := len(wanted)
		err := members(dec, path, func(name string) error {
			for _, w := range wanted {
				if w != name {
					continue
				}
				value, err := held(dec, path+"."+name, d.limits)
				found[name] = value
				if left--; left == 0 && err == nil {
					return errStop
				}
				return err
			}
			return nil
		})
		return err
	})
	return found, err
}

// stream reads the document again up to the value at a path of member names joined by dots, "" for the top,
// and leaves it to read to read that value, or a part of it. Where there is no such value read is not called.
// read ends early with errStop, which is no error.
func (d *document) stream(path string, read func(*jsontext.Decoder) error) error {
	r, err := d.open()
	if err != nil {
		return err
	}
	defer r.Close()
	dec := newDecoder(r, d.limits)
	if path != "" {
		for name := range strings.SplitSeq(path, ".") {
			if found, err := descend(dec, name); err != nil {
				return documentError(dec, path, err)
			} else if !found {
				return nil
			}
		}
	}
	if err := read(dec); err != nil && !errors.Is(err, errStop) {
		return documentError(dec, path, err)
	}
	return nil
}
