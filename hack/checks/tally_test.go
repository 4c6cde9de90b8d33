// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

func TestTally(t *testing.T) {
	for name, c := range map[string]struct {
		events string
		want   string
		passed bool
	}{
		"a test without subtests is one check": {
			`{"Action":"run","Package":"p","Test":"A"}{"Action":"pass","Package":"p","Test":"A"}{"Action":"pass","Package":"p"}`,
			"x: 1 checks, 0 failed\n", true,
		},
		"a test with subtests counts by them": {
			`{"Action":"run","Package":"p","Test":"A"}{"Action":"run","Package":"p","Test":"A/b"}{"Action":"run","Package":"p","Test":"A/c"}
			 {"Action":"pass","Package":"p","Test":"A/b"}{"Action":"output","Package":"p","Test":"A/c","Output":"no\n"}{"Action":"fail","Package":"p","Test":"A/c"}
			 {"Action":"fail","Package":"p","Test":"A"}{"Action":"fail","Package":"p"}`,
			"failed: p A/c\nno\nx: 2 checks, 1 failed\n", false,
		},
		"a parent that fails by itself counts by its subtests, and the package fails": {
			`{"Action":"run","Package":"p","Test":"A"}{"Action":"run","Package":"p","Test":"A/b"}{"Action":"pass","Package":"p","Test":"A/b"}
			 {"Action":"fail","Package":"p","Test":"A"}{"Action":"output","Package":"p","Output":"FAIL\n"}{"Action":"fail","Package":"p"}`,
			"failed: p \nFAIL\nx: 2 checks, 1 failed\n", false,
		},
		"a package that does not compile is one failure": {
			`{"Action":"build-output","ImportPath":"p","Output":"undefined: y\n"}{"Action":"build-fail","ImportPath":"p"}{"Action":"fail","Package":"p"}`,
			"failed: p \nundefined: y\nx: 1 checks, 1 failed\n", false,
		},
		"what is skipped is named and not counted, and nothing checked is no pass": {
			`{"Action":"run","Package":"p","Test":"A"}{"Action":"output","Package":"p","Test":"A","Output":"no folder\n"}{"Action":"skip","Package":"p","Test":"A"}{"Action":"pass","Package":"p"}`,
			"skipped: p A\nno folder\nx: 0 checks, 0 failed\n", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := read(strings.NewReader(c.events))
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			got.report(&said, "x")
			if said.String() != c.want || got.passed() != c.passed {
				t.Errorf("it says %q and passed is %t, want %q and %t", said.String(), got.passed(), c.want, c.passed)
			}
		})
	}
}
