// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"fmt"
	"testing"

	"github.com/scalegate/scalegate/internal/fixture"
)

func TestTableSpreadsTheTextsThatOccur(t *testing.T) {
	for name, text := range map[string]func(int) string{
		"digests":                   func(i int) string { return fixture.SHA256(fmt.Sprint(i)) },
		"names with a number last":  func(i int) string { return fmt.Sprintf("evaluation-%d", i) },
		"names with a number first": func(i int) string { return fmt.Sprintf("%d-evaluation", i) },
		"short names":               func(i int) string { return fmt.Sprintf("r%d", i) },
	} {
		t.Run(name, func(t *testing.T) {
			const n = 200
			table := newTable(nil, n)
			for i := range n {
				table.add(text(i), i)
			}
			steps := 0
			for i := range n {
				found := false
				for at := table.first(text(i)); at >= 0; at = table.next(at) {
					steps++
					found = found || at == i
				}
				if !found {
					t.Errorf("%s is not found", text(i))
				}
			}
			if steps > 3*n {
				t.Errorf("%d texts take %d steps to find, want at most 3 each", n, steps)
			}
		})
	}
}
