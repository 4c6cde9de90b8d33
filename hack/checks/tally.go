// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is one line of go test -json; see `go doc cmd/test2json`.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// tally counts what became of the tests that have no subtests.
type tally struct {
	passes int
	// failures are what failed, with what it printed, in the order in which it ended.
	failures []failure
	skipped  []string
}

type failure struct{ name, output string }

// read reads the events of go test -json until they end.
func read(r io.Reader) (*tally, error) {
	t := &tally{}
	output, parents := map[string]string{}, map[string]bool{}
	for lines := json.NewDecoder(r); ; {
		var e event
		if err := lines.Decode(&e); errors.Is(err, io.EOF) {
			return t, nil
		} else if err != nil {
			return t, fmt.Errorf("reading what go test says: %w", err)
		}
		name := e.Package + e.ImportPath + " " + e.Test
		switch e.Action {
		case "run":
			if i := strings.LastIndex(name, "/"); strings.Contains(e.Test, "/") {
				parents[name[:i]] = true
			}
		case "output", "build-output":
			output[name] += e.Output
		case "pass", "fail", "skip", "build-fail":
			t.end(e, name, parents[name], output[name])
			delete(output, name)
		}
	}
}

// end counts what ended. What has subtests counts by them; a package that fails without a test that did, as when it does not
// compile or panics, counts as one.
func (t *tally) end(e event, name string, parent bool, output string) {
	isTest := e.Test != ""
	switch {
	case e.Action == "build-fail", e.Action == "fail" && !parent && (isTest || len(t.failures) == 0):
		t.failures = append(t.failures, failure{name, output})
	case !isTest || parent:
	case e.Action == "pass":
		t.passes++
	case e.Action == "skip":
		t.skipped = append(t.skipped, name+"\n"+output)
	}
}

// passed says that something was checked, and that nothing failed.
func (t *tally) passed() bool { return t.passes > 0 && len(t.failures) == 0 }

func (t *tally) report(w io.Writer, name string) {
	for _, s := range t.skipped {
		fmt.Fprintf(w, "skipped: %s", s)
	}
	for _, f := range t.failures {
		fmt.Fprintf(w, "failed: %s\n%s", f.name, f.output)
	}
	fmt.Fprintf(w, "%s: %d checks, %d failed\n", name, t.passes+len(t.failures), len(t.failures))
}
