// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"errors"
	"io"
)

// openFile recognises the container by its first bytes, and opens it.
func openFile(src *source, wanted map[string]bool, limits Limits) (*file, error) {
	const window = 16 << 10 // room for a licence in front of YAML
	head := make([]byte, min(window, src.size))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		opened, err := openZip(src, wanted, limits)
		return &file{archive: opened}, err
	case isTar(head):
		opened, err := openTar(src.from(0), wanted, limits)
		return &file{archive: opened}, err
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return openCompressed(src, wanted, limits)
	}
	text := src.from(0)
	// Some editors put a byte order mark before a text.
	if mark := []byte("\uFEFF"); bytes.HasPrefix(head, mark) {
		head, text = head[len(mark):], src.from(int64(len(mark)))
	}
	return openText(text, bytes.TrimLeft(head, " \t\r\n"), src.size, contents{wanted, limits})
}

// contents is what the text containers are opened with.
type contents struct {
	wanted map[string]bool
	limits Limits
}

func openText(text opener, head []byte, size int64, c contents) (*file, error) {
	switch {
	case bytes.HasPrefix(head, []byte("{")):
		return openObjects(text, c.wanted, c.limits)
	case bytes.HasPrefix(head, []byte("[")):
		opened, err := scanList(text, c.limits)
		return &file{list: opened}, err
	case bytes.HasPrefix(head, []byte("<")):
		opened, err := openMarkup(text, size, c.limits)
		return &file{markup: opened}, err
	}
	return openPlain(text, head, size, c)
}

// openPlain opens what is neither JSON nor XML: YAML, or a table, or either.
func openPlain(text opener, head []byte, size int64, c contents) (*file, error) {
	table, err := openTable(text, c.limits)
	if err != nil || !looksLikeYAML(head) {
		return &file{table: table}, err
	}
	doc, err := openYAML(text, size, c.wanted, c.limits)
	if _, ok := errors.AsType[*UnreadableError](err); ok && table != nil {
		return &file{table: table}, nil // a header whose first cell has a colon
	}
	return &file{document: doc, table: table}, err
}
