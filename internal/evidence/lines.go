// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// lines is a file of JSON objects one after another, of which only the first was read. A reader that claims
// it reads all of them at least once: a damaged row is seen only then.
type lines struct {
	// first is the first row, with the sections that any reader asked for.
	first  *document
	open   opener
	limits Limits
}

// openObjects opens a file that begins with an object: one document, or lines.
func openObjects(open opener, wanted map[string]bool, limits Limits) (*file, error) {
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
	opened := &file{lines: &lines{first: doc, open: open, limits: limits}}
	if dec.PeekKind() == '{' {
		return opened, nil
	}
	if err := endOf(dec); err != nil {
		return nil, err
	}
	opened.document = doc
	return opened, nil
}

// each reads every row, keeping of each only the members named; visit gets them with the number of the row,
// counted from 1. A row is valid until visit returns, the sections it kept for good. A member that does not
// fit into the limit of sections is left out, and decode says so. What visit returns ends the reading.
func (l *lines) each(wanted []string, visit func(n int, row *document) error) error {
	r, err := l.open()
	if err != nil {
		return err
	}
	defer r.Close()
	names := make(map[string]bool, len(wanted))
	for _, name := range wanted {
		names[name] = true
	}
	dec := newDecoder(r, l.limits)
	row := newRow(l.limits)
	for n := 1; ; n++ {
		if dec.PeekKind() == jsontext.KindInvalid {
			_, err := dec.ReadToken()
			if errors.Is(err, io.EOF) && dec.StackDepth() == 0 {
				return nil
			}
			return inRow(n, documentError(dec, "", err))
		}
		row.reset()
		if err := row.scan(dec, names); err != nil {
			return inRow(n, err)
		}
		if err := visit(n, row); err != nil {
			return err
		}
	}
}

// inRow says in which row something is unreadable.
func inRow(n int, err error) error {
	if own, ok := errors.AsType[*UnreadableError](err); ok {
		return unreadable("in row %d: %s", n, own.Reason)
	}
	return err
}
