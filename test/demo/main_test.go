// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"regexp"
	"strconv"
	"testing"
)

// The demo's checks are among the end-to-end tests.
func TestTheDemoHoldsWhatItClaims(t *testing.T) {
	var out bytes.Buffer
	err := run(t.Context(), &out)
	if err != nil || testing.Verbose() {
		t.Log(out.String())
	}
	if err != nil {
		t.Fatal(err)
	}
	last := regexp.MustCompile(`\ndemo: (\d+) checks, 0 failed\n$`).FindSubmatch(out.Bytes())
	if last == nil {
		t.Fatal("the demo does not end in its count of checks")
	}
	if n, err := strconv.Atoi(string(last[1])); err != nil || n < 15 {
		t.Errorf("%s checks, want at least 15", last[1])
	}
}
