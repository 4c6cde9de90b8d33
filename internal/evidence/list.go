// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import "github.com/go-json-experiment/json/jsontext"

// list is a JSON array that was read to its end.
type list struct {
	// first is the first element, nil if there is none or it does not fit into the limit of sections.
	first jsontext.Value
	// length is the number of elements.
	length int64
	open   opener
	limits Limits
}

// scanList reads one JSON array and nothing after it, holding its first element.
func scanList(open opener, limits Limits) (*list, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	dec := newDecoder(r, limits)
	l := &list{open: open, limits: limits}
	if token, err := dec.ReadToken(); err != nil {
		return nil, documentError(dec, "", err)
	} else if token.Kind() != '[' {
		return nil, unreadable("the document is not a JSON array")
	}
	for dec.PeekKind() != ']' {
		if l.length == 0 {
			l.first, _, err = capture(dec, limits.SectionBytes, nil)
		} else {
			err = dec.SkipValue()
		}
		if err != nil {
			return nil, documentError(dec, "", err)
		}
		l.length++
	}
	if _, err := dec.ReadToken(); err != nil { // the closing bracket
		return nil, documentError(dec, "", err)
	}
	return l, endOf(dec)
}

// each calls visit for the elements in their order. An element larger than the limit of sections is
// unreadable. What visit returns ends the reading.
func (l *list) each(visit func(element jsontext.Value) error) error {
	w := walker{path: "the list", kind: '[', limits: l.limits}
	w.visit = func(_ string, element jsontext.Value) error { return visit(element) }
	return w.walk(l.open, nil)
}
