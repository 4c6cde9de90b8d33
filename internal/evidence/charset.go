// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

var errCharset = errors.New("not an encoding that is read")

// charsetReader decodes the encodings besides UTF-8 that runners of tests declare in XML: those of one byte
// for each character.
func charsetReader(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf8", "ascii", "us-ascii":
		return input, nil // whatever is no UTF-8 in it is refused
	case "iso-8859-1", "latin1":
		return &singleByteReader{input: input}, nil
	case "windows-1252", "cp1252":
		return &singleByteReader{input: input, upper: []rune(windows1252)}, nil
	}
	return nil, errCharset
}

// windows1252 are the characters 0x80 to 0x9f of that encoding.
const windows1252 = "\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f" +
	"\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178"

// singleByteReader turns each byte into the character of that number, but for those that upper has.
type singleByteReader struct {
	input io.Reader
	upper []rune
	// pending is what was decoded and not read yet.
	pending []byte
	buffer  [1024]byte
}

// Read implements io.Reader.
func (s *singleByteReader) Read(p []byte) (int, error) {
	if len(s.pending) == 0 {
		n, err := s.input.Read(s.buffer[:])
		if n == 0 {
			return 0, err
		}
		decoded := s.pending[:0]
		for _, b := range s.buffer[:n] {
			decoded = utf8.AppendRune(decoded, s.character(b))
		}
		s.pending = decoded
	}
	n := copy(p, s.pending)
	s.pending = s.pending[n:]
	return n, nil
}

func (s *singleByteReader) character(b byte) rune {
	if at := int(b) - 0x80; at >= 0 && at < len(s.upper) {
		return s.upper[at]
	}
	return rune(b)
}
