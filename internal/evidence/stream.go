// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// eachMember calls visit for the members of an object in their order; for an absent or null value never.
func eachMember(name string, object jsontext.Value, visit func(string, jsontext.Value) error) error {
	return each(name, object, '{', visit)
}

// eachElement calls visit for the elements of an array in their order; for an absent or null value never.
func eachElement(name string, array jsontext.Value, visit func(jsontext.Value) error) error {
	return each(name, array, '[', func(_ string, value jsontext.Value) error { return visit(value) })
}

func each(name string, container jsontext.Value, kind jsontext.Kind, visit func(string, jsontext.Value) error) error {
	if len(container) == 0 || container.Kind() == 'n' {
		return nil
	}
	if container.Kind() != kind {
		return unreadable("%q is not of the type the format gives it", cut(name))
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(container), jsontext.AllowInvalidUTF8(true))
	if _, err := dec.ReadToken(); err != nil {
		return documentError(dec, name, err)
	}
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		member := ""
		if kind == '{' {
			token, err := dec.ReadToken()
			if err != nil {
				return documentError(dec, name, err)
			}
			member = token.String()
		}
		value, err := dec.ReadValue()
		if err != nil {
			return documentError(dec, name, err)
		}
		if err := visit(member, value); err != nil {
			return err
		}
	}
	return nil
}

// each reads the document again and calls visit for the elements of the array at a path of member names
// joined by dots; for an absent or null one never. It holds one element at a time, and one larger than the
// limit of sections is unreadable. What visit returns ends the reading.
func (d *document) each(path string, visit func(element jsontext.Value) error) error {
	return d.walk(path, '[', func(_ string, element jsontext.Value) error { return visit(element) })
}

// eachNamed is each for the members of the object at a path, which may end in ".*" to say so.
func (d *document) eachNamed(path string, visit func(name string, value jsontext.Value) error) error {
	return d.walk(strings.TrimSuffix(path, ".*"), '{', visit)
}

func (d *document) walk(path string, kind jsontext.Kind, visit func(string, jsontext.Value) error) error {
	segments := strings.Split(path, ".")
	open := d.open
	if open == nil { // a row: its sections are what is left
		section := d.sections[segments[0]]
		if len(section) == 0 {
			return nil
		}
		segments = segments[1:]
		open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(section)), nil }
	}
	w := walker{path: path, kind: kind, limits: d.limits, visit: visit}
	return w.walk(open, segments)
}

// walker streams one array or object of a document that was scanned before.
type walker struct {
	path   string
	kind   jsontext.Kind
	limits Limits
	visit  func(string, jsontext.Value) error
}

func (w walker) walk(open opener, segments []string) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	dec := newDecoder(r, w.limits)
	for _, name := range segments {
		if found, err := descend(dec, name); err != nil || !found {
			return w.failure(dec, err)
		}
	}
	switch dec.PeekKind() {
	case 'n':
		return nil
	case w.kind:
	default:
		return unreadable("%q is not of the type the format gives it", cut(w.path))
	}
	if _, err := dec.ReadToken(); err != nil {
		return w.failure(dec, err)
	}
	for dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		name := ""
		if w.kind == '{' {
			token, err := dec.ReadToken()
			if err != nil {
				return w.failure(dec, err)
			}
			name = token.String()
		}
		value, _, err := capture(dec, w.limits.SectionBytes, nil)
		if err != nil {
			return w.failure(dec, err)
		}
		if value == nil {
			return unreadable("%q holds a value of more than %d bytes", cut(w.path), w.limits.SectionBytes)
		}
		if err := w.visit(name, value); err != nil {
			return err
		}
	}
	return nil
}

func (w walker) failure(dec *jsontext.Decoder, err error) error {
	if err == nil {
		return nil
	}
	return documentError(dec, w.path, err)
}

// descend moves the decoder to the value of a member of the object that comes next, if there is one.
func descend(dec *jsontext.Decoder, name string) (bool, error) {
	if dec.PeekKind() != '{' {
		return false, nil
	}
	if _, err := dec.ReadToken(); err != nil {
		return false, err
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return false, err
		}
		if token.String() == name {
			return true, nil
		}
		if err := dec.SkipValue(); err != nil {
			return false, err
		}
	}
	return false, nil
}
