// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"bytes"
	"encoding/json"
	"io"
)

// bareMark surrounds what is to stand in a JSON text without quotes. It is not a character that
// the content holds.
const bareMark = "\u241f"

// encode writes a value as indented JSON with bare words, as Python's encoder may.
func encode(w io.Writer, value any) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(unquote(out.Bytes()))
	return err
}

// encodeLine writes a value as one line of JSON.
func encodeLine(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

func unquote(data []byte) []byte {
	data = bytes.ReplaceAll(data, []byte(`"`+bareMark), nil)
	return bytes.ReplaceAll(data, []byte(bareMark+`"`), nil)
}
