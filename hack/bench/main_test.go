// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestChoose(t *testing.T) {
	for name, test := range map[string]struct {
		letters, want string
		refused       bool
	}{
		"no letters are all parts":       {letters: "", want: "abcdef"},
		"one letter is that part":        {letters: "d", want: "d"},
		"several come in their order":    {letters: "fb", want: "fb"},
		"a letter that is none":          {letters: "g", refused: true},
		"a letter that is none, later":   {letters: "ag", refused: true},
		"a letter twice is a part once":  {letters: "aa", want: "a"},
		"letters between commas are not": {letters: "a,b", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			parts, err := choose(test.letters)
			if (err != nil) != test.refused {
				t.Fatalf("the error is %v", err)
			}
			got := ""
			for _, p := range parts {
				got += p.letter
				if p.about == "" || p.measure == nil {
					t.Errorf("part %s says or measures nothing", p.letter)
				}
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
