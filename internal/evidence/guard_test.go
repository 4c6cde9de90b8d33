// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
)

// tokens matches, from left to right, strings (the last may have no end) and constants.
var tokens = regexp.MustCompile(`(?s)"(?:[^"\\]|\\.)*(?:"|\\?\z)|-?Infinity|NaN`)

// replaced is what the guard makes of a text, by another way.
func replaced(text []byte) []byte {
	return tokens.ReplaceAllFunc(text, func(token []byte) []byte {
		if token[0] == '"' {
			return token
		}
		return []byte("null")
	})
}

func TestGuardReplacesConstants(t *testing.T) {
	for text, want := range map[string]string{
		`NaN`:                           `null`,
		`[NaN,-Infinity, Infinity ]`:    `[null,null, null ]`,
		`{"NaN": "a -Infinity b"}`:      `{"NaN": "a -Infinity b"}`,
		`["\"NaN", NaN]`:                `["\"NaN", null]`,
		`["\\", NaN, "\\\"", Infinity]`: `["\\", null, "\\\"", null]`,
		`["-", -1, -I, In, Na, N]`:      `["-", -1, -I, In, Na, N]`,
		`-`:                             `-`,
		`"NaN`:                          `"NaN`,
		`-NaN`:                          `-null`,
		`--Infinity`:                    `-null`,
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"whole":        func(r io.Reader) io.Reader { return r },
			"byte by byte": iotest.OneByteReader,
			"data and end": iotest.DataErrReader,
		} {
			got, err := io.ReadAll(newGuard(wrap(strings.NewReader(text)), DefaultLimits()))
			if err != nil || string(got) != want {
				t.Errorf("%s, %s: %q, %v; want %q", text, how, got, err, want)
			}
		}
	}
}

// TestGuardAtBufferEdges lays each kind of token over the edge of the buffer, at every offset.
func TestGuardAtBufferEdges(t *testing.T) {
	const text = `NaN,"\\\"NaN",-Infinity,"NaN\\",Infinity,-1,"Infinity"`
	for lead := guardBuffer - len(text) - 1; lead <= guardBuffer+1; lead++ {
		input := []byte(`"` + strings.Repeat("x", lead-3) + `",` + text)
		got, err := io.ReadAll(newGuard(bytes.NewReader(input), DefaultLimits()))
		if err != nil || !bytes.Equal(got, replaced(input)) {
			t.Fatalf("at %d: %v, ends %q", lead, err, got[max(0, len(got)-len(text)):])
		}
	}
}

func TestGuardBounds(t *testing.T) {
	limits := DefaultLimits()
	limits.Depth, limits.StringBytes, limits.NameBytes = 4, 10, 1000
	names := func(n int) string { return strings.Repeat(`"abc":1,`, n) }
	for name, test := range map[string]struct{ text, want string }{
		"as deep as allowed":                                  {`[[[[]]]]`, ""},
		"deeper than allowed":                                 {`[[[[[]]]]]`, "nested deeper than 4"},
		"brackets in strings":                                 {`["[[[[[["]`, ""},
		"a string as long as allowed":                         {`"0123456789"`, ""},
		"a string longer than allowed":                        {`"01234567890"`, "longer than 10 bytes"},
		"a string without an end":                             {`"` + strings.Repeat("x", 100), "longer than 10 bytes"},
		"a run of spaces":                                     {strings.Repeat(" ", maxRun+1), "between two tokens"},
		"a number of many digits":                             {strings.Repeat("1", maxRun+1), "between two tokens"},
		"a run of signs":                                      {strings.Repeat("-", maxRun+1), "between two tokens"},
		"a run of halves of constants":                        {strings.Repeat("N", maxRun+1), "between two tokens"},
		"as many names as allowed":                            {`{` + names(14), ""},
		"more names than allowed":                             {`{` + names(15), "member names"},
		"many values are no names":                            {`[` + strings.Repeat(`"abc",`, 100), ""},
		"names of closed objects go":                          {`[` + strings.Repeat(`{`+names(10)+`},`, 10), ""},
		"names of nested objects add up":                      {`{"a":{` + names(8) + `"b":{` + names(8), "member names"},
		"names linger at a depth until the next object there": {`[{"a":{` + names(10) + `}},[[` + `]], {` + names(10), "member names"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := io.Copy(io.Discard, newGuard(strings.NewReader(test.text), limits))
			if test.want != "" {
				wantUnreadable(t, err, test.want)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func FuzzNaNFilter(f *testing.F) {
	for _, seed := range []string{`[NaN]`, `{"a\"NaN": -Infinity}`, `"\`, `-Infinit`, `"\\"NaN`, "\"\xff\\\"Infinity"} {
		f.Add([]byte(seed), uint16(0))
		f.Add([]byte(seed), uint16(guardBuffer-4))
	}
	f.Fuzz(func(t *testing.T, text []byte, lead uint16) {
		limits := DefaultLimits()
		input := append(bytes.Repeat([]byte(`,`), int(lead)), text...)
		whole, err := io.ReadAll(newGuard(bytes.NewReader(input), limits))
		if err == nil && !bytes.Equal(whole, replaced(input)) {
			t.Fatalf("got %q, want %q", whole[lead:], replaced(input)[lead:])
		}
		pieces, errPieces := io.ReadAll(newGuard(iotest.HalfReader(bytes.NewReader(input)), limits))
		if (err == nil) != (errPieces == nil) || err == nil && !bytes.Equal(whole, pieces) {
			t.Fatalf("read whole: %v; in pieces: %v, %q", err, errPieces, pieces[lead:])
		}
	})
}
