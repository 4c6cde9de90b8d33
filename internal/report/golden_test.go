// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the reports in testdata, and the generated part of docs/reference/report.md, anew")

// written is what a renderer writes.
func written(tb testing.TB, render func(io.Writer) error) string {
	tb.Helper()
	var out bytes.Buffer
	if err := render(&out); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

func TestAFleetIsReported(t *testing.T) {
	r := Build(fleet(t))
	for name, render := range map[string]func(io.Writer) error{"fleet.html": r.HTML, "fleet.md": r.Markdown, "fleet.json": r.JSON} {
		t.Run(name, func(t *testing.T) {
			golden(t, filepath.Join("testdata", name), written(t, render))
		})
	}
}

// golden compares text with a file.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff)
	}
}
