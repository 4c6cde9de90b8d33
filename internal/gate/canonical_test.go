// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"bytes"
	"encoding/json"
	"testing"
)

// throughMaps is canonical JSON made the long way.
func throughMaps(t *testing.T, value any) []byte {
	t.Helper()
	data, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var tree any
	if err := decoder.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func FuzzCanonicalJSON(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, `null`, `true`, `-1.50e+07`, `""`, `{"b":1,"a":2}`, `{"b":{"d":[1,{"z":null,"y":[]}],"c":2},"a":{}}`,
		`{"a":1,"a":2}`, `{"a":{"b":1},"a":{"c":2},"\u0061":3}`, `{"\u00e9":1,"z":2,"é":3}`, `["\/","\u003c","<","\u2028","\ufffd","\u0000","\\\"","\ud800","😀"]`,
		`[ 1 , { "b" : 2 , "a" : [ ] } ]`, "[\"\xff\"]", `{"":0,"\"":1," ":2,"aa":3,"a":4,"B":5}`, `[0.0,1e400,100000000000000000000]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		var tree any
		if err := json.Unmarshal(data, &tree); err != nil {
			return
		}
		for _, value := range []any{json.RawMessage(data), tree, string(data), map[string]string{string(data): "b", "a": string(data)}} {
			got, err := CanonicalJSON(value)
			if err != nil {
				t.Fatal(err)
			}
			if want := throughMaps(t, value); !bytes.Equal(got, want) {
				t.Errorf("%s becomes\n%s\nwant\n%s", data, got, want)
			}
		}
	})
}

func TestWhatIsNoJSON(t *testing.T) {
	if got, err := CanonicalJSON(func() {}); err == nil {
		t.Errorf("a function becomes %s", got)
	}
}
