// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/test/bypass/attempts"
	"github.com/scalegate/scalegate/test/installation"
)

// some is the share of the attempts that are made with every change; make bypass makes all.
var some = Share{Alive: 20, Dead: 3}

// TestSomeOfEverything looks for a row, a phrase, a sender, a way or a ground of which no attempt is among some.
func TestSomeOfEverything(t *testing.T) {
	parts := func(all []attempts.Attempt) map[string]bool {
		found := map[string]bool{}
		for _, a := range all {
			for _, part := range []string{a.Number, a.What, a.Who.Short, string(a.Way), string(a.Ground), a.Kind.Resource + "/" + a.Sub} {
				found[part] = true
			}
		}
		return found
	}
	if diff := cmp.Diff(parts(attempts.All()), parts(every(some.Dead, attempts.All()))); diff != "" {
		t.Errorf("-all +some\n%s", diff)
	}
}

func TestNoWayAround(t *testing.T) {
	// make bypass makes all of them.
	report, err := Run(t.Context(), os.Stderr, some)
	if err != nil {
		t.Fatal(err)
	}
	report.Print(os.Stderr)
	if !report.OK() {
		t.Errorf("%d attempts, %d of them legitimate: %d got through and %d were wrongly refused", report.Attempts(), report.Legitimate,
			report.Through(), report.WronglyRefused())
	}
}

// TestEveryNumberIsExplained compares the numbers of the attempts with those of the page that explains them.
func TestEveryNumberIsExplained(t *testing.T) {
	text, err := os.ReadFile(installation.Root() + "/docs/reference/bypass.md")
	if err != nil {
		t.Fatal(err)
	}
	var explained, tried []string
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) == 5 && strings.TrimSpace(cells[3]) == "suite" {
			explained = append(explained, strings.TrimSpace(cells[1]))
		}
	}
	for _, a := range attempts.All() {
		tried = append(tried, a.Number)
	}
	for _, numbers := range []*[]string{&explained, &tried} {
		slices.Sort(*numbers)
		*numbers = slices.Compact(*numbers)
	}
	if diff := cmp.Diff(tried, explained); diff != "" {
		t.Errorf("docs/reference/bypass.md and the catalogue differ (-catalogue +page)\n%s", diff)
	}
}

func TestLeavesAreWhatDiffers(t *testing.T) {
	before := map[string]any{"a": int64(1), "gone": "x", "list": []any{"p", "q"}, "same": map[string]any{"b": true}}
	after := map[string]any{"a": int64(2), "list": []any{"p", "r", "s"}, "same": map[string]any{"b": true}, "new": map[string]any{}}
	var got []string
	for _, leaf := range leaves(before, after) {
		got = append(got, strings.Join(leaf.path, "."))
		if !leaf.in(after) || leaf.in(before) {
			t.Errorf("%v: it is in what has it: %t, in what has it not: %t", leaf.path, leaf.in(after), leaf.in(before))
		}
	}
	if diff := cmp.Diff([]string{"a", "gone", "list.1", "list.2"}, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
