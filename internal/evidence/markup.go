// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/xml"
	"errors"
	"io"
)

// markup is an XML document that was read to its end: one root, well formed, without a document type, and
// no attribute twice.
type markup struct {
	// root is the local name of the root element.
	root   string
	open   opener
	limits Limits
}

func openMarkup(open opener, size int64, limits Limits) (*markup, error) {
	if size > limits.MarkupBytes {
		return nil, unreadable("the XML document has %d bytes; at most %d are read", size, limits.MarkupBytes)
	}
	m := &markup{open: open, limits: limits}
	depth := 0
	err := m.each(func(token xml.Token) error {
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 && m.root != "" {
				return unreadable("the XML document has more than one root element")
			}
			if m.root == "" {
				m.root = t.Name.Local
			}
			depth++
		case xml.EndElement:
			depth--
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if m.root == "" {
		return nil, unreadable("the XML document has no element")
	}
	return m, nil
}

// each reads the document and calls visit for its tokens, which are valid until visit returns.
func (m *markup) each(visit func(xml.Token) error) error {
	dec := m.decoder()
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return markupError(err)
		}
		if err := visit(token); err != nil {
			return err
		}
	}
}

// decoder decodes the document from its beginning, strictly, with the bounds of the limits. Its errors are
// for markupError.
func (m *markup) decoder() *xml.Decoder {
	r, err := m.open()
	if err != nil {
		return xml.NewTokenDecoder(noTokens{err})
	}
	raw := xml.NewDecoder(r)
	raw.Strict = true
	raw.CharsetReader = charsetReader
	return xml.NewTokenDecoder(&markupTokens{raw: raw, depthLeft: m.limits.Depth})
}

// markupError turns an error of a decoder into a reason, without the text around it.
func markupError(err error) error {
	if own, ok := errors.AsType[*UnreadableError](err); ok {
		return own
	}
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return unreadable("the XML document is damaged or truncated at line %d", syntax.Line)
	}
	return unreadable("the XML document is not in UTF-8, or damaged")
}

type noTokens struct{ err error }

// Token implements xml.TokenReader.
func (n noTokens) Token() (xml.Token, error) { return nil, n.err }

// markupTokens refuses what a strict decoder lets through: document types, deep nesting and attributes
// that occur twice.
type markupTokens struct {
	raw       *xml.Decoder
	depthLeft int
}

// Token implements xml.TokenReader.
func (m *markupTokens) Token() (xml.Token, error) {
	token, err := m.raw.RawToken()
	if err != nil {
		return token, err
	}
	switch t := token.(type) {
	case xml.Directive:
		return nil, unreadable("the XML document has a document type, which is not read")
	case xml.StartElement:
		if m.depthLeft--; m.depthLeft < 0 {
			return nil, unreadable("the XML document is nested too deeply")
		}
		seen := make(map[xml.Name]bool, len(t.Attr))
		for _, a := range t.Attr {
			if seen[a.Name] {
				return nil, unreadable("an element of the XML document has the same attribute twice: which one counts is not known")
			}
			seen[a.Name] = true
		}
	case xml.EndElement:
		m.depthLeft++
	}
	return token, nil
}
