// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/csv"
	"errors"
	"io"
	"unicode/utf8"
)

// table is a CSV file of which only the header was read. A reader that claims it reads all rows at least
// once: a damaged one is seen only then.
type table struct {
	// header has at least two cells, no two of them the same.
	header []string
	open   opener
	limits Limits
}

// openTable opens a file whose first line can be a CSV header, and is nil for any other.
func openTable(open opener, limits Limits) (*table, error) {
	t := &table{open: open, limits: limits}
	err := t.records(func(_ int, row []string) error {
		t.header = row
		return errStop
	})
	if errors.Is(err, errStop) && isHeader(t.header) {
		return t, nil
	}
	if _, ok := errors.AsType[*UnreadableError](err); ok || err == nil || errors.Is(err, errStop) {
		return nil, nil
	}
	return nil, err
}

func isHeader(cells []string) bool {
	seen := map[string]bool{}
	for _, cell := range cells {
		if seen[cell] || !utf8.ValidString(cell) {
			return false
		}
		seen[cell] = true
	}
	return len(cells) >= 2
}

var errStop = errors.New("stop")

// each calls visit for the rows below the header, numbered from 1. Every row has as many cells as the
// header. A row is valid until visit returns. What visit returns ends the reading.
func (t *table) each(visit func(n int, row []string) error) error {
	return t.records(func(n int, row []string) error {
		if n == 0 {
			return nil
		}
		return visit(n, row)
	})
}

func (t *table) records(visit func(n int, row []string) error) error {
	r, err := t.open()
	if err != nil {
		return err
	}
	defer r.Close()
	bounded := &recordBound{r: r, most: t.limits.StringBytes}
	records := csv.NewReader(bounded)
	records.ReuseRecord = false
	for n := 0; ; n++ {
		bounded.read = 0
		row, err := records.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if own, ok := errors.AsType[*UnreadableError](err); ok {
			return own
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			return unreadable("the table is not CSV at line %d, or the line has another number of cells than the header", parse.Line)
		}
		if err != nil {
			return err
		}
		if err := visit(n, row); err != nil {
			return err
		}
	}
}

// recordBound bounds the bytes read for one record.
type recordBound struct {
	r          io.Reader
	read, most int
}

// Read implements io.Reader.
func (b *recordBound) Read(p []byte) (int, error) {
	if b.read > b.most {
		return 0, unreadable("a row of the table is longer than %d bytes", b.most)
	}
	n, err := b.r.Read(p)
	b.read += n
	return n, err
}
