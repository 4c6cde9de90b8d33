// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// document is a JSON object that was read to its end: syntax checked, no member twice at any depth.
type document struct {
	// kinds has every member at the top.
	kinds map[string]jsontext.Kind
	// sections has the values of those members that a reader asked for and that fit into the limit.
	sections map[string]jsontext.Value
	limits   Limits
}

// scanDocument reads one JSON object and nothing after it. It keeps the wanted members as they are and
// skips the others without holding them.
func scanDocument(r io.Reader, wanted map[string]bool, limits Limits) (*document, error) {
	// Samples hold whatever a model said, lone surrogates included; they are replaced, not refused.
	dec := jsontext.NewDecoder(newGuard(r, limits), jsontext.AllowInvalidUTF8(true))
	doc := &document{kinds: map[string]jsontext.Kind{}, sections: map[string]jsontext.Value{}, limits: limits}
	if token, err := dec.ReadToken(); err != nil {
		return nil, documentError(dec, "", err)
	} else if token.Kind() != '{' {
		return nil, unreadable("the document is not a JSON object")
	}
	budget := limits.SectionBytes
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return nil, documentError(dec, "", err)
		}
		name := token.String()
		doc.kinds[name] = dec.PeekKind()
		if !wanted[name] {
			if err := dec.SkipValue(); err != nil {
				return nil, documentError(dec, "", err)
			}
			continue
		}
		section, read, err := capture(dec, budget)
		if err != nil {
			return nil, documentError(dec, name, err)
		}
		if section != nil {
			budget -= read
			doc.sections[name] = section
		}
	}
	if _, err := dec.ReadToken(); err != nil { // the closing brace
		return nil, documentError(dec, "", err)
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		if err == nil {
			return nil, unreadable("the file goes on after the end of the document")
		}
		return nil, documentError(dec, "", err)
	}
	return doc, nil
}

// capture reads one value and returns a copy of it, nil if it is longer than budget, and its length.
func capture(dec *jsontext.Decoder, budget int64) (jsontext.Value, int64, error) {
	var kept bytes.Buffer
	// The decoder has seen to duplicate names.
	enc := jsontext.NewEncoder(&kept, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))
	start, depth, fits := dec.InputOffset(), dec.StackDepth(), true
	for {
		token, err := dec.ReadToken()
		if err != nil {
			return nil, 0, err
		}
		fits = fits && dec.InputOffset()-start <= budget
		if fits {
			if err := enc.WriteToken(token); err != nil {
				return nil, 0, err
			}
		}
		if dec.StackDepth() == depth {
			break
		}
	}
	read := dec.InputOffset() - start
	if !fits {
		return nil, read, nil
	}
	return bytes.TrimSuffix(kept.Bytes(), []byte("\n")), read, nil
}

// documentError turns what the decoder met into a reason, without the text around it. The section is the
// wanted member it happened in, if it was one.
func documentError(dec *jsontext.Decoder, section string, err error) error {
	if own, ok := errors.AsType[*UnreadableError](err); ok {
		return own
	}
	where := "near byte " + strconv.FormatInt(dec.InputOffset(), 10)
	if section != "" {
		where += ", in " + strconv.Quote(section)
	}
	syntax, isSyntax := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return unreadable("the document is truncated: it ends %s", where)
	case isSyntax && errors.Is(syntax, jsontext.ErrDuplicateName):
		return unreadable("an object of the document has the same member twice, %s: which one counts is not known", where)
	case isSyntax:
		return unreadable("the document is not JSON %s", where)
	}
	return unreadable("the compressed data is damaged %s", where)
}

// is reports whether the document has a member of this kind.
func (d *document) is(name string, kind jsontext.Kind) bool { return d.kinds[name] == kind }

// has reports whether the document has a member that is not null.
func (d *document) has(name string) bool {
	kind, ok := d.kinds[name]
	return ok && kind != 'n'
}

// filled reports whether the member is an object or array that is not empty.
func (d *document) filled(name string) bool {
	if !d.is(name, '{') && !d.is(name, '[') {
		return false
	}
	section, kept := d.sections[name]
	return !kept || len(section) > len("[]")
}

// decode reads a member into target, which stays as it is where the member is absent or null.
func (d *document) decode(name string, target any) error {
	if !d.has(name) {
		return nil
	}
	section, ok := d.sections[name]
	if !ok {
		return unreadable("%q is too large: with what was read before it, it exceeds %d bytes", name, d.limits.SectionBytes)
	}
	return decodeValue(name, section, target)
}

func decodeValue(name string, value jsontext.Value, target any) error {
	if len(value) == 0 {
		return nil
	}
	err := json.Unmarshal(value, target, jsontext.AllowInvalidUTF8(true))
	if err == nil {
		return nil
	}
	path := name
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		path += string(semantic.JSONPointer)
	}
	if errors.Is(err, errNotCount) {
		return unreadable("%q is %v", cut(path), errNotCount)
	}
	return unreadable("%q is not of the type the format gives it", cut(path))
}

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
