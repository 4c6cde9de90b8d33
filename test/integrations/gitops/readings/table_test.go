// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/scalegate/scalegate/test/installation"
)

// page is where the table is.
func page() string { return filepath.Join(installation.Root(), "docs", "gitops.md") }

const (
	tableBegins = "<!-- readings:begin -->\n"
	tableEnds   = "<!-- readings:end -->\n"
)

// row is a line of the table: what is read alike, of one kind.
type row struct {
	kind string
	reading
}

// order is that of the lines of a kind.
func (r row) order() int {
	return slices.Index([]string{"Healthy", "Suspended", "Progressing", "Degraded"}, r.argo)
}

// table is what is read of every golden object, with the reasons in the last column.
func table(t *testing.T) string {
	t.Helper()
	reasons := map[row][]string{}
	for _, g := range goldens(t) {
		r := row{g.object.GetKind(), read(t, g.object)}
		reasons[r] = append(reasons[r], "`"+g.reason+"`")
	}
	rows := make([]row, 0, len(reasons))
	for r := range reasons {
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.order(), b.order())) })
	var text strings.Builder
	text.WriteString("| Kind | Argo CD | Flux, Helm, Kargo | `kubectl wait --for=condition=Ready` | Reasons |\n| --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		slices.Sort(reasons[r])
		over := "waits"
		if r.wait {
			over = "is over"
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s | %s |\n", r.kind, r.argo, r.kstatus, over, strings.Join(reasons[r], ", "))
	}
	return text.String()
}

// The documentation says what each tool shows. With -update it is written anew.
func TestTheTableInTheDocumentation(t *testing.T) {
	text, err := os.ReadFile(page())
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), tableBegins)
	written, after, closed := strings.Cut(rest, tableEnds)
	if !found || !closed {
		t.Fatalf("%s has no place for the table: the lines %q and %q", page(), tableBegins, tableEnds)
	}
	want := table(t)
	if *update {
		if err := os.WriteFile(page(), []byte(before+tableBegins+want+tableEnds+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(want, written); diff != "" {
		t.Errorf("the table in docs/gitops.md is not what the tools read; run go test ./gitops/readings -update in test/integrations (-want +got):\n%s", diff)
	}
}
