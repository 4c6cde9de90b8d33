// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
)

func fromText(text string) opener {
	return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

func openBytes(raw []byte, wanted ...string) (*file, error) {
	names := map[string]bool{}
	for _, name := range wanted {
		names[name] = true
	}
	return openFile(&source{r: bytes.NewReader(raw), size: int64(len(raw))}, names, DefaultLimits())
}

func mustOpen(t *testing.T, raw []byte, wanted ...string) *file {
	t.Helper()
	f, err := openBytes(raw, wanted...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestContainerIsRecognised(t *testing.T) {
	tarFile := tarOf(t, tarred{name: "a", body: "x"})
	for name, test := range map[string]struct {
		content []byte
		want    string
	}{
		"an object is a document and lines of one row":  {[]byte(` {"a": 1}`), "document lines"},
		"two objects are lines":                         {[]byte("{\"a\": 1}\n{\"a\": 2}\n"), "lines"},
		"an array is a list":                            {[]byte(`[1]`), "list"},
		"an array after a byte order mark is a list":    {[]byte("\uFEFF[1]"), "list"},
		"an element is markup":                          {[]byte("<a/>"), "markup"},
		"an element after a declaration is markup":      {[]byte(`<?xml version="1.0"?><a/>`), "markup"},
		"a tar file is an archive":                      {tarFile, "archive"},
		"a compressed tar file is an archive":           {gzipped(t, tarFile), "archive"},
		"a mapping in YAML is a document":               {[]byte("# run\n---\na: 1\n"), "document"},
		"a header of two cells is a table":              {[]byte("a,b\n1,2\n"), "table"},
		"a header of one cell is nothing":               {[]byte("a\n1\n"), ""},
		"a header with the same cell twice is nothing":  {[]byte("a,a\n1,2\n"), ""},
		"a header that is no text is nothing":           {[]byte("a\xff,b\n"), ""},
		"prose with a comma can be taken for a table":   {[]byte("well, no\n"), "table"},
		"a sequence in YAML is nothing":                 {[]byte("- a\n- b\n"), ""},
		"a key before a comma is a table":               {[]byte("a: x,b\n1,2\n"), "table"},
		"a quoted key in YAML begins a document":        {[]byte("\"a b\":\n  - 1\n"), "document"},
		"a time of day is no key of a mapping":          {[]byte("12:30:15,x\n"), "table"},
		"an address is no key of a mapping":             {[]byte("http://host/,x\n"), "table"},
		"a document with an indented first key is YAML": {[]byte("\n\na: 1\n"), "document"},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, test.content)
			var got []string
			for _, c := range []struct {
				name string
				set  bool
			}{
				{"document", f.document != nil}, {"list", f.list != nil}, {"lines", f.lines != nil},
				{"archive", f.archive != nil}, {"markup", f.markup != nil}, {"table", f.table != nil},
			} {
				if c.set {
					got = append(got, c.name)
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("opened as %q, want %q", got, test.want)
			}
		})
	}
}

func TestDocumentKinds(t *testing.T) {
	doc := mustOpen(t, []byte(`{"a": {"b": [1], "c": null, "d": {"e": 1}}, "w": {"x": "", "y": {"z": 1}}, "f.g": 1, "f": {"g": ""}, "n": null}`), "w").document
	for name, want := range map[string]jsontext.Kind{
		"a": '{', "a.b": '[', "a.c": 'n', "a.d": '{', "w.x": '"', "w.y": '{', "f.g": '0', "n": 'n',
	} {
		if !doc.is(name, want) {
			t.Errorf("%q is not %v", name, want)
		}
	}
	for _, name := range []string{"a.d.e", "w.y.z", "z", "a.c", "n", "z.b"} {
		if doc.has(name) {
			t.Errorf("%q is there", name)
		}
	}
	if got := string(doc.sections["w"]); got != `{"x":"","y":{"z":1}}` {
		t.Errorf("section = %s", got)
	}
}

func TestDocumentEach(t *testing.T) {
	text := `{"other": [0], "r": {"skip": {"r": [9]}, "rows": [1, {"a": [2]}, "x"], "named": {"a": 1, "b": [2]}}, "none": null, "empty": []}`
	doc := mustOpen(t, []byte(text), "r").document
	row := newRow(DefaultLimits())
	if err := row.scan(newDecoder(strings.NewReader(text), DefaultLimits()), map[string]bool{"r": true}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"r.rows": `1 {"a":[2]} "x"`, "r.named.*": `a=1 b=[2]`, "none": "", "empty": "", "absent": "", "r.absent": "",
		"r.rows.deeper": "",
	} {
		for name, from := range map[string]*document{"the file": doc, "a row": row} {
			if name == "a row" && !strings.HasPrefix(path, "r.") {
				continue
			}
			got, err := walked(from, path)
			if err != nil || got != want {
				t.Errorf("%s of %s: %q, %v; want %q", path, name, got, err, want)
			}
		}
	}
	for _, path := range []string{"r", "r.named", "r.rows.*"} {
		_, err := walked(doc, path)
		wantUnreadable(t, err, "not of the type")
	}
	stop := errors.New("enough")
	if err := doc.each("r.rows", func(jsontext.Value) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error = %v, want that of visit", err)
	}
}

// walked joins what each or eachNamed visits.
func walked(doc *document, path string) (string, error) {
	var got []string
	if strings.HasSuffix(path, ".*") {
		err := doc.eachNamed(path, func(name string, v jsontext.Value) error {
			got = append(got, name+"="+string(v))
			return nil
		})
		return strings.Join(got, " "), err
	}
	err := doc.each(path, func(v jsontext.Value) error {
		got = append(got, string(v))
		return nil
	})
	return strings.Join(got, " "), err
}

func TestStreamedValueTooLarge(t *testing.T) {
	limits := DefaultLimits()
	limits.SectionBytes = 100
	doc, err := scanDocument(fromText(`{"rows": ["`+strings.Repeat("x", 200)+`"]}`), nil, limits)
	if err != nil {
		t.Fatal(err)
	}
	wantUnreadable(t, doc.each("rows", func(jsontext.Value) error { return nil }), `"rows" holds a value of more than 100 bytes`)
	limits.NameBytes = 2000
	_, err = scanDocument(fromText(`{"a": {`+names(20)+`}, "b": {`+names(20)+`}}`), nil, limits)
	wantUnreadable(t, err, "more than 2000 bytes of member names")
}

func names(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"n%d": 1,`, i)
	}
	return strings.TrimSuffix(b.String(), ",")
}

func TestLines(t *testing.T) {
	f := mustOpen(t, []byte("\n{\"k\": \"a\", \"big\": [1, 2], \"v\": NaN}\n\n{\"v\": 2}\r\n{}\n"), "k")
	if !f.lines.first.is("k", '"') || f.document != nil {
		t.Errorf("first = %+v", f.lines.first)
	}
	var got []string
	err := f.lines.each([]string{"k", "v"}, func(n int, row *document) error {
		got = append(got, fmt.Sprintf("%d:%s:%s:%t", n, row.sections["k"], row.sections["v"], row.has("big")))
		return nil
	})
	want := []string{`1:"a":null:true`, "2:null:2:false", "3:null:null:false"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, rows (-want +got):\n%s", err, diff)
	}
	for name, test := range map[string]struct{ text, want string }{
		"a row that is cut":             {"{\"a\": 1}\n{\"a\":", "in row 2: the document is truncated"},
		"a row that is a number":        {"{\"a\": 1}\n{\"a\": 1}\n3", "in row 3: the document is not a JSON object"},
		"a row with a member twice":     {"{\"a\": 1}\n{\"b\": {\"a\": 1, \"a\": 2}}", "in row 2: an object of the document has the same member twice"},
		"text after the rows":           {"{\"a\": 1}\n{\"a\": 1}\nx", "in row 3: the document is not JSON"},
		"a row that nests without end":  {"{\"a\": 1}\n{\"a\": \"" + strings.Repeat("x", 128<<10) + "\"}\n{\"a\": " + strings.Repeat("[", 1000), "nested deeper"},
		"a wanted member that is large": {"{\"k\": 1}\n{\"k\": \"" + strings.Repeat("x", 9<<20) + "\"}", `"k" is too large`},
	} {
		t.Run(name, func(t *testing.T) {
			f := mustOpen(t, []byte(test.text))
			err := f.lines.each([]string{"k"}, func(_ int, row *document) error {
				var k any
				return row.decode("k", &k)
			})
			wantUnreadable(t, err, test.want)
		})
	}
}

func TestList(t *testing.T) {
	l := mustOpen(t, []byte(` [{"a": 1}, 2, "x"] `)).list
	var got []string
	err := l.each(func(v jsontext.Value) error {
		got = append(got, string(v))
		return nil
	})
	if diff := cmp.Diff([]string{`{"a":1}`, "2", `"x"`}, got); diff != "" || err != nil || string(l.first) != `{"a":1}` || l.length != 3 {
		t.Errorf("%v, list %+v (-want +got):\n%s", err, l, diff)
	}
	if l := mustOpen(t, []byte(`[]`)).list; l.first != nil || l.length != 0 {
		t.Errorf("empty list = %+v", l)
	}
	for text, want := range map[string]string{
		`[1`: "truncated", `[1]]`: "not JSON", `[1] [2]`: "goes on", `[1,]`: "not JSON", `[{"a":1,"a":2}]`: "same member twice",
	} {
		_, err := openBytes([]byte(text))
		wantUnreadable(t, err, want)
	}
}

func TestMarkup(t *testing.T) {
	m := mustOpen(t, []byte(`<?xml version="1.0" encoding="UTF-8"?><!-- c --><s:suite xmlns:s="u" a="1" b="2"><c>t&lt;</c><d/></s:suite>`)).markup
	var got []string
	err := m.each(func(token xml.Token) error {
		if start, ok := token.(xml.StartElement); ok {
			got = append(got, start.Name.Local)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"suite", "c", "d"}, got); diff != "" || err != nil || m.root != "suite" {
		t.Errorf("%v, root %q (-want +got):\n%s", err, m.root, diff)
	}
	for name, test := range map[string]struct{ text, want string }{
		"a document type":        {`<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>`, "document type"},
		"an unknown entity":      {`<a>&x;</a>`, "damaged or truncated at line 1"},
		"an element left open":   {"<a>\n<b></b>", "damaged or truncated at line"},
		"elements that cross":    {"<a><b></a></b>", "damaged or truncated"},
		"two roots":              {"<a/><b/>", "more than one root"},
		"no element":             {"<!-- a -->", "no element"},
		"an attribute twice":     {`<a b="1" b="2"/>`, "same attribute twice"},
		"another encoding":       {`<?xml version="1.0" encoding="UTF-16"?><a/>`, "not in UTF-8"},
		"bytes that are no text": {"<a>\xff</a>", "damaged"},
		"nesting without end":    {strings.Repeat("<a>", 1000), "nested too deeply"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openBytes([]byte(test.text))
			wantUnreadable(t, err, test.want)
		})
	}
	limits := DefaultLimits()
	_, err = openMarkup(fromText("<a/>"), limits.MarkupBytes+1, limits)
	wantUnreadable(t, err, "at most")
}

func TestTable(t *testing.T) {
	tab := mustOpen(t, []byte("a,b\r\n1,\"x\n,y\"\n,2\n")).table
	var got [][]string
	err := tab.each(func(n int, row []string) error {
		got = append(got, append([]string{fmt.Sprint(n)}, row...))
		return nil
	})
	if diff := cmp.Diff([][]string{{"1", "1", "x\n,y"}, {"2", "", "2"}}, got); diff != "" || err != nil {
		t.Errorf("%v, rows (-want +got):\n%s", err, diff)
	}
	for text, want := range map[string]string{
		"a,b\n1\n":      "not CSV at line 2",
		"a,b\n1,\"2\n":  "not CSV at line",
		"a,b\n1,2\"3\n": "not CSV at line 2",
		"a,b\n1,\"" + strings.Repeat("x", 17<<20): "longer than",
	} {
		err := mustOpen(t, []byte(text)).table.each(func(int, []string) error { return nil })
		wantUnreadable(t, err, want)
	}
}

func TestYAML(t *testing.T) {
	text := "a: 80.0\nb: .nan\nc: [1, 0x10, -.inf, 1_000, 1e3, +1]\nd: &x {e: yes, f: true, g: ~}\nh: *x\ni: 2026-01-02\nj: '1'\nk: |\n  x\n  y\n1: one\n"
	doc := mustOpen(t, []byte(text), "a", "b", "c", "d", "h", "i", "j", "k", "1").document
	if !doc.yaml {
		t.Error("the document does not say that it is YAML")
	}
	want := map[string]string{
		"a": "80.0", "b": "null", "c": "[1,16,null,1000,1e3,1]", "d": `{"e":"yes","f":true,"g":null}`,
		"h": `{"e":"yes","f":true,"g":null}`, "i": `"2026-01-02"`, "j": `"1"`, "k": `"x\ny\n"`, "1": `"one"`,
	}
	got := map[string]string{}
	for name, value := range doc.sections {
		got[name] = string(value)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sections (-want +got):\n%s", diff)
	}
	bomb := "a: &a [1,1,1,1,1,1,1,1,1,1]\n"
	for c := 'b'; c < 'h'; c++ {
		bomb += fmt.Sprintf("%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*%c,", c-1), 10), ","))
	}
	for name, test := range map[string]struct{ text, want string }{
		"a key twice":             {"a: 1\na: 2\n", "twice at line 2"},
		"a key twice below":       {"a:\n  b: 1\n  b: 2\n", "twice at line 3"},
		"a bomb of aliases":       {bomb, "aliases written out"},
		"an alias of itself":      {"a: &a [*a]\n", "nested deeper"},
		"a merge":                 {"a: &a {b: 1}\nc:\n  <<: *a\n", "not a plain name"},
		"a key that is a list":    {"a: 1\n[b]: 2\n", "not a plain name"},
		"a type of its own":       {"a: !!python/object:os.system {}\n", "type of its own"},
		"another type of its own": {"a: !x 1\n", "type of its own"},
		"bytes in base64":         {"a: !!binary aGk=\n", "type of its own"},
		"two documents":           {"a: 1\n---\nb: 1\n", "goes on after"},
		"a tab for a space":       {"a:\n\t- 1\n", "not YAML"},
		"cut in a quoted text":    {"a: \"x\n", "not YAML"},
		"a million values":        {"a: [" + strings.Repeat("1,", 1e6) + "1]\n", "separators"},
		"too many bytes":          {"a: " + strings.Repeat("x", 5<<20), "at most"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openBytes([]byte(test.text))
			wantUnreadable(t, err, test.want)
		})
	}
}
