// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// document is a JSON object that was read to its end: syntax checked, no member twice at any depth.
type document struct {
	// kinds has every member at the top.
	kinds map[string]jsontext.Kind
	// inner has the members of those that are objects, as "a.b"; nil for a row of lines.
	inner map[string]jsontext.Kind
	// sections has the values of those members that a reader asked for and that fit into the limit.
	sections map[string]jsontext.Value
	// yaml says that the document was written as YAML.
	yaml bool
	// open opens the document again; nil for a row of lines, of which only the sections are left.
	open   opener
	limits Limits
	// innerBytes counts what the names in inner take.
	innerBytes int
}

func newDocument(open opener, limits Limits) *document {
	return &document{
		kinds: map[string]jsontext.Kind{}, inner: map[string]jsontext.Kind{}, sections: map[string]jsontext.Value{},
		open: open, limits: limits,
	}
}

// newRow is a document for the rows of lines, one after another.
func newRow(limits Limits) *document {
	return &document{kinds: map[string]jsontext.Kind{}, sections: map[string]jsontext.Value{}, limits: limits}
}

// reset empties a row for the next one.
func (d *document) reset() {
	clear(d.kinds)
	clear(d.sections)
}

// newDecoder decodes JSON within the limits.
func newDecoder(r io.Reader, limits Limits) *jsontext.Decoder {
	// Samples hold whatever a model said, lone surrogates included; they are replaced, not refused.
	return jsontext.NewDecoder(newGuard(r, limits), jsontext.AllowInvalidUTF8(true))
}

// scanDocument reads one JSON object and nothing after it. It keeps the wanted members as they are and
// skips the others without holding them.
func scanDocument(open opener, wanted map[string]bool, limits Limits) (*document, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	dec := newDecoder(r, limits)
	doc := newDocument(open, limits)
	if err := doc.scan(dec, wanted); err != nil {
		return nil, err
	}
	return doc, endOf(dec)
}

// nestedDocument reads one JSON object that a file has within a string.
func nestedDocument(text string, wanted map[string]bool, limits Limits) (*document, error) {
	return scanDocument(func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }, wanted, limits)
}

// endOf refuses what follows the end of a document.
func endOf(dec *jsontext.Decoder) error {
	_, err := dec.ReadToken()
	switch {
	case err == nil:
		return unreadable("the file goes on after the end of the document")
	case errors.Is(err, io.EOF):
		return nil
	}
	return documentError(dec, "", err)
}

// scan reads one JSON object into an empty document.
func (d *document) scan(dec *jsontext.Decoder, wanted map[string]bool) error {
	if token, err := dec.ReadToken(); err != nil {
		return documentError(dec, "", err)
	} else if token.Kind() != '{' {
		return unreadable("the document is not a JSON object")
	}
	budget := d.limits.SectionBytes
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return documentError(dec, "", err)
		}
		name := token.String()
		d.kinds[name] = dec.PeekKind()
		if !wanted[name] {
			if err := d.skip(dec, name); err != nil {
				return documentError(dec, "", err)
			}
			continue
		}
		section, read, err := d.keep(dec, name, budget)
		if err != nil {
			return documentError(dec, name, err)
		}
		if section != nil {
			budget -= read
			d.sections[name] = section
		}
	}
	if _, err := dec.ReadToken(); err != nil { // the closing brace
		return documentError(dec, "", err)
	}
	return nil
}

// skip reads one value and holds nothing of it, save the names of an object's members.
func (d *document) skip(dec *jsontext.Decoder, member string) error {
	if d.inner == nil || dec.PeekKind() != '{' {
		return dec.SkipValue()
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := d.note(member, token.String(), dec.PeekKind()); err != nil {
			return err
		}
		if err := dec.SkipValue(); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// keep is capture for a member of the document: it notes the names of an object's members too.
func (d *document) keep(dec *jsontext.Decoder, member string, budget int64) (jsontext.Value, int64, error) {
	if d.inner == nil || dec.PeekKind() != '{' {
		return capture(dec, budget, nil)
	}
	return capture(dec, budget, func(name string, kind jsontext.Kind) error { return d.note(member, name, kind) })
}

func (d *document) note(member, name string, kind jsontext.Kind) error {
	path := member + "." + name
	if d.innerBytes += len(path) + nameOverhead; d.innerBytes > d.limits.NameBytes {
		return unreadable("the members of the document have more than %d bytes of member names", d.limits.NameBytes)
	}
	d.inner[path] = kind
	return nil
}

// capture reads one value and returns a copy of it, nil if it is longer than budget, and its length. Where
// note is set it gets the members of an object with their kinds.
func capture(dec *jsontext.Decoder, budget int64, note func(string, jsontext.Kind) error) (jsontext.Value, int64, error) {
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
		if note != nil && dec.StackDepth() == depth+1 {
			if _, length := dec.StackIndex(depth + 1); length%2 == 1 {
				if err := note(token.String(), dec.PeekKind()); err != nil {
					return nil, 0, err
				}
			}
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

// kind is that of a member at the top, or of a member "a.b" of one that is an object. A member at the top
// goes before one that reads the same.
func (d *document) kind(name string) (jsontext.Kind, bool) {
	kind, ok := d.kinds[name]
	if !ok {
		kind, ok = d.inner[name]
	}
	return kind, ok
}

// is reports whether the document has a member of this kind.
func (d *document) is(name string, kind jsontext.Kind) bool {
	found, ok := d.kind(name)
	return ok && found == kind
}

// has reports whether the document has a member that is not null.
func (d *document) has(name string) bool {
	kind, ok := d.kind(name)
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

// field is a member and what it is decoded into.
type field struct {
	name   string
	target any
}

// decodeAll decodes members until one cannot be.
func (d *document) decodeAll(fields ...field) error {
	for _, f := range fields {
		if err := d.decode(f.name, f.target); err != nil {
			return err
		}
	}
	return nil
}

// inMember says in which member something nested is unreadable.
func inMember(name string, err error) error {
	if own, ok := errors.AsType[*UnreadableError](err); ok {
		return unreadable("in %q: %s", name, own.Reason)
	}
	return err
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
