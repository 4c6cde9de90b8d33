// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

type tarred struct {
	name, body string
	kind       byte
}

func tarOf(tb testing.TB, entries ...tarred) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range entries {
		header := &tar.Header{Name: e.name, Size: int64(len(e.body)), Mode: 0o600, Typeflag: e.kind}
		if e.kind == tar.TypeSymlink {
			header.Linkname, header.Size = e.body, 0
		}
		if err := w.WriteHeader(header); err != nil {
			tb.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := io.WriteString(w, e.body); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(tb testing.TB, raw []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(raw); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func TestTar(t *testing.T) {
	raw := tarOf(t, tarred{name: "./run/a.json", body: `{"v": 1}`}, tarred{name: "run/", kind: tar.TypeDir},
		tarred{name: "run/sub/b.json", body: `[1, 2]`}, tarred{name: "run/c.json", body: "run/a.json", kind: tar.TypeSymlink},
		tarred{name: "run/a.json", body: `{"v": 2}`})
	for name, file := range map[string][]byte{"tar": raw, "tar.gz": gzipped(t, raw)} {
		t.Run(name, func(t *testing.T) {
			a := mustOpen(t, file, "v").archive
			if diff := cmp.Diff([]string{"a.json", "sub/b.json"}, a.names()); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
			doc, err := a.document("a.json")
			if err != nil || string(doc.sections["v"]) != "2" {
				t.Errorf("document = %+v, %v; want the last of that name", doc, err)
			}
			if l, err := a.list("run/sub/b.json"); err != nil || l.length != 2 {
				t.Errorf("list = %+v, %v", l, err)
			}
			if a.has("c.json") || a.has("run/c.json") || a.has("d.json") {
				t.Error("a link or an absent entry is there")
			}
			_, err = a.document("d.json")
			wantUnreadable(t, err, "no entry d.json")
			_, err = a.document("sub/b.json")
			wantUnreadable(t, err, "in the entry sub/b.json: the document is not a JSON object")
		})
	}
}

func TestDamagedTar(t *testing.T) {
	raw := tarOf(t, tarred{name: "a", body: "x"})
	limits := DefaultLimits()
	limits.Entries, limits.FileBytes = 1, 1<<20
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"without an end mark":          {raw[:1024], "its end mark is missing"},
		"cut in an entry":              {raw[:700], "truncated"},
		"something after the end":      {append(bytes.Clone(raw), 'x'), "goes on"},
		"a name that leads outside":    {tarOf(t, tarred{name: "../a", body: "x"}), "leads outside"},
		"an absolute name":             {tarOf(t, tarred{name: "/a", body: "x"}), "leads outside"},
		"too many entries":             {tarOf(t, tarred{name: "a"}, tarred{name: "b"}), "more than 1 entries"},
		"compressed, cut":              {cutShort(gzipped(t, raw), 5), "damaged"},
		"compressed, no tar":           {gzipped(t, []byte(`{"a": 1}`)), "holds no tar archive"},
		"compressed, a bomb":           {gzipped(t, tarOf(t, tarred{name: "a", body: strings.Repeat("x", 2<<20)})), "more than the 1048576 bytes"},
		"a header of gzip and no more": {[]byte("\x1f\x8b\x08\x00"), "gzip header is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := openFile(&source{r: bytes.NewReader(test.file), size: int64(len(test.file))}, nil, limits)
			wantUnreadable(t, err, test.want)
		})
	}
}

func TestPack(t *testing.T) {
	dir := fstest.MapFS{
		"stats.json":      {Data: []byte(`[]`)},
		"b/run_spec.json": {Data: []byte(`{"v": 1}`)},
		"link":            {Data: []byte("stats.json"), Mode: fs.ModeSymlink | 0o777},
		"b/empty/nothing": {Data: nil},
	}
	raw, err := Pack(dir, DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	again, err := Pack(dir, DefaultLimits())
	if err != nil || !bytes.Equal(raw, again) {
		t.Errorf("packed twice: %v, equal %t", err, bytes.Equal(raw, again))
	}
	a := mustOpen(t, raw, "v").archive
	if diff := cmp.Diff([]string{"b/empty/nothing", "b/run_spec.json", "stats.json"}, a.names()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if doc, err := a.document("b/run_spec.json"); err != nil || string(doc.sections["v"]) != "1" {
		t.Errorf("document = %+v, %v", doc, err)
	}
	small, few := DefaultLimits(), DefaultLimits()
	small.FileBytes, few.Entries = 3000, 2
	_, err = Pack(dir, small)
	wantUnreadable(t, err, "more than the 3000 bytes")
	_, err = Pack(dir, few)
	wantUnreadable(t, err, "more than 2 files")
	_, err = Pack(fstest.MapFS{}, DefaultLimits())
	wantUnreadable(t, err, "no regular file")
	_, err = Pack(failingFS{dir}, DefaultLimits())
	if _, ok := errors.AsType[*UnreadableError](err); ok || err == nil {
		t.Errorf("error = %v, want that of the storage", err)
	}
}

type failingFS struct{ fstest.MapFS }

func (failingFS) Open(string) (fs.File, error) { return nil, io.ErrNoProgress }

func cutShort(raw []byte, by int) []byte { return raw[:len(raw)-by] }
