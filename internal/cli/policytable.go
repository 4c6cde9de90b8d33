// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// table writes rows in columns. What goes wrong shows when the buffer behind it is written.
type table struct{ columns *tabwriter.Writer }

func newTable(out io.Writer, header ...string) table {
	t := table{columns: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	t.row(header...)
	return t
}

func (t table) row(cells ...string) {
	fmt.Fprintln(t.columns, strings.Join(cells, "\t"))
}

func (t table) flush() { _ = t.columns.Flush() }

// longestCell is how much of a value a table shows; the data has all.
const longestCell = 40

// brief is a value for a cell.
func brief(value string) string {
	if value == "" {
		return "-"
	}
	if runes := []rune(value); len(runes) > longestCell {
		return string(runes[:longestCell-3]) + "..."
	}
	return value
}

func newLines(data []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(data)) }
