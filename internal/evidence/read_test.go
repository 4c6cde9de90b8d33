// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestUnknownContent(t *testing.T) {
	for name, content := range map[string]string{
		"an empty object":                 `{}`,
		"an array":                        `[{"results": {}}]`,
		"lines of JSON":                   `{"row": 1}` + "\n" + `{"row": 2}`,
		"text":                            "accuracy: 1.0",
		"only space":                      "   \n",
		"a look-alike of lm-eval":         string(testFile(t, "lookalike.json")),
		"results of no kind":              `{"results": {}, "versions": {}}`,
		"results that are an array":       `{"results": [], "versions": {}, "configs": {}, "n-samples": {}}`,
		"an Inspect log without a plan":   `{"status": "success", "eval": {"task": "a", "model": "b"}, "results": {}}`,
		"an Inspect log without a model":  `{"status": "success", "eval": {"task": "a"}, "plan": {}, "results": {}}`,
		"an Inspect log without a status": `{"eval": {"task": "a", "model": "b"}, "plan": {}, "results": {}}`,
		"members in another case":         `{"Status": "success", "Eval": {"task": "a", "model": "b"}, "Plan": {}}`,
		"an archive of something else":    string(zipOf(t, entry{"HEADER.json", "{}", zip.Store})),
		"an empty archive":                "PK\x05\x06" + strings.Repeat("\x00", 18),
		"UTF-16":                          "\xff\xfe{\x00}\x00",
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(content)
			if err == nil {
				t.Fatalf("read as %s", m.Format)
			}
			wantUnreadable(t, err, "of no known format")
		})
	}
	_, err := readText("")
	wantUnreadable(t, err, "empty")
}

func TestTwoReadersClaim(t *testing.T) {
	_, err := readText(`{"status": "success", "eval": {"task": "a", "model": "b"}, "plan": {},
		"results": {}, "versions": {}, "configs": {}, "n-samples": {}}`)
	wantUnreadable(t, err, "more than one format: inspect-json, lm-eval")
}

func TestEnvelope(t *testing.T) {
	log := string(testFile(t, "inspect_v1.json"))
	want := mustRead(t, []byte(log))
	for name, content := range map[string]string{
		"a byte order mark":         "\uFEFF" + log,
		"space around the document": "\n\t " + log + " \r\n\n",
		"another order of members":  strings.Replace(strings.Replace(log, `"status": "success",`, "", 1), `"plan"`, `"status": "success", "plan"`, 1),
		"members that are unknown":  strings.Replace(log, `"plan"`, `"future": [{"a": NaN}], "plan"`, 1),
		"a lone surrogate":          strings.Replace(log, `"plan"`, `"samples": ["\ud800"], "plan"`, 1),
		"bytes that are not UTF-8":  strings.Replace(log, `"plan"`, "\"samples\": [\"\xff\"], \"plan\"", 1),
	} {
		t.Run(name, func(t *testing.T) {
			want := want
			want.SHA256 = digestOf([]byte(content))
			if diff := cmp.Diff(want, mustRead(t, []byte(content))); diff != "" {
				t.Errorf("measurement (-want +got):\n%s", diff)
			}
		})
	}
	for name, content := range map[string]string{
		"text after the document":     log + "x",
		"a document after the first":  log + log,
		"a brace after the document":  log + "}",
		"a NUL after the document":    log + "\x00",
		"a second byte order mark":    "\uFEFF\uFEFF" + log,
		"a comment in the document":   strings.Replace(log, `"plan"`, `/* */ "plan"`, 1),
		"a comma before the brace":    strings.TrimSuffix(strings.TrimSpace(log), "}") + ",}",
		"single quotes":               strings.Replace(log, `"plan"`, `'plan'`, 1),
		"an infinity with a plus":     strings.Replace(log, `0.75`, `+Infinity`, 1),
		"a NaN in another case":       strings.Replace(log, `0.75`, `nan`, 1),
		"a NaN glued to a number":     strings.Replace(log, `0.75`, `0.75NaN`, 1),
		"a line break in a string":    strings.Replace(log, "older", "old\ner", 1),
		"a number with a leading nil": strings.Replace(log, `0.75`, `00.75`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			m, err := readText(content)
			if err == nil {
				t.Fatalf("read: %+v", m)
			}
			if _, ok := errors.AsType[*UnreadableError](err); !ok {
				t.Errorf("error = %v, want UnreadableError", err)
			}
		})
	}
}

// TestTruncated cuts each kind of file at every byte: no part of one is a measurement.
func TestTruncated(t *testing.T) {
	header := testFile(t, "inspect_v1.json")
	for name, whole := range map[string][]byte{
		"inspect": bytes.TrimSpace(header),
		"lm-eval": bytes.TrimSpace(testFile(t, "lmeval.json")),
		"legacy":  bytes.TrimSpace(testFile(t, "lmeval_legacy.json")),
		"archive": zipOf(t, entry{inspectHeader, string(header), zip.Deflate}),
		"zstd":    zipOf(t, entry{inspectHeader, string(header), 93}),
		"journal": zipOf(t, entry{inspectJournal, string(header), zip.Deflate}),
	} {
		t.Run(name, func(t *testing.T) {
			mustRead(t, whole)
			for n := range whole {
				m, err := readBytes(whole[:n])
				if _, ok := errors.AsType[*UnreadableError](err); !ok {
					t.Fatalf("the first %d of %d bytes: %+v, %v; want UnreadableError", n, len(whole), m, err)
				}
			}
		})
	}
}

// TestDamagedArchive changes each byte of an archive: it reads the same, or not at all.
func TestDamagedArchive(t *testing.T) {
	header := string(testFile(t, "inspect_v1.json"))
	for _, method := range []uint16{zip.Deflate, 93} {
		whole := zipOf(t, entry{inspectHeader, header, method})
		want := mustRead(t, whole)
		for i := range whole {
			damaged := bytes.Clone(whole)
			damaged[i] ^= 0x5a
			m, err := readBytes(damaged)
			if err == nil {
				m.SHA256 = want.SHA256
				if diff := cmp.Diff(want, m); diff != "" {
					t.Fatalf("method %d, byte %d (-want +got):\n%s", method, i, diff)
				}
			} else if _, ok := errors.AsType[*UnreadableError](err); !ok {
				t.Fatalf("method %d, byte %d: %v, want UnreadableError", method, i, err)
			}
		}
	}
}

var errDisk = errors.New("disk on fire")

// failing is a file that cannot be read beyond its first bytes.
type failing struct{ good []byte }

func (f failing) ReadAt(p []byte, offset int64) (int, error) {
	if offset+int64(len(p)) > int64(len(f.good)) {
		return 0, errDisk
	}
	return copy(p, f.good[offset:]), nil
}

func TestStorageErrorIsNotTheFiles(t *testing.T) {
	log := testFile(t, "inspect.json")
	for name, r := range map[string]io.ReaderAt{
		"at once": failing{}, "in a document": failing{append([]byte("{"), bytes.Repeat([]byte(" "), guardBuffer)...)},
		"in an archive": failing{append([]byte("PK\x03\x04"), make([]byte, guardBuffer)...)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(r, 1<<20, DefaultLimits())
			if !errors.Is(err, errDisk) {
				t.Errorf("error = %v, want %v", err, errDisk)
			}
		})
	}
	t.Run("shorter than it was said to be", func(t *testing.T) {
		_, err := Read(bytes.NewReader(log), int64(len(log))+1, DefaultLimits())
		if _, ok := errors.AsType[*UnreadableError](err); err == nil || ok {
			t.Errorf("error = %v, want one of the storage", err)
		}
	})
}

func TestDecompress(t *testing.T) {
	log := testFile(t, "inspect.json")
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write(log); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, stored := range map[string][]byte{"compressed": packed.Bytes(), "plain": log} {
		got, err := Decompress(stored, int64(len(log)))
		if err != nil || !bytes.Equal(got, log) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(log))
		}
	}
	for name, test := range map[string]struct {
		stored []byte
		want   string
	}{
		"a byte too many":  {packed.Bytes(), "more than the"},
		"cut in the data":  {packed.Bytes()[:packed.Len()/2], "truncated"},
		"cut in the end":   {packed.Bytes()[:packed.Len()-1], "truncated"},
		"cut in the start": {packed.Bytes()[:5], "header is damaged"},
		"text after it":    {append(bytes.Clone(packed.Bytes()), "text after the end"...), "damaged"},
	} {
		limit := int64(len(log))
		if name == "a byte too many" {
			limit--
		}
		if name == "text after it" {
			limit += 100
		}
		_, err := Decompress(test.stored, limit)
		t.Run(name, func(t *testing.T) { wantUnreadable(t, err, test.want) })
	}
}

func TestPlainDecimal(t *testing.T) {
	for number, want := range map[string]string{
		"0": "0", "-0": "0", "0.0": "0", "-0.0e5": "0", "0e999999999999999999999": "0",
		"1": "1", "-1": "-1", "10": "10", "1.50": "1.5", "-0.25": "-0.25", "100e-2": "1", "12.5e1": "125", "1E+3": "1000",
		"1e-05": "0.00001", "0.0001e2": "0.01", "0.38108974358974373": "0.38108974358974373",
		"9007199254740993": "9007199254740993",
		"1e63":             "1" + strings.Repeat("0", 63), "1e64": "", "1e999": "", "-1e999": "", "1e99999999999999999999": "",
		"1e-64": "0." + strings.Repeat("0", 63) + "1", "1e-99999999999999999999": "",
		"1e-65": "0." + strings.Repeat("0", 63) + "1", "1.1125369292536313e-308": "0." + strings.Repeat("0", 63) + "1",
		"-1e-308": "-0." + strings.Repeat("0", 63) + "1", "1.25e-63": "0." + strings.Repeat("0", 62) + "13",
		"9.99e-63": "0." + strings.Repeat("0", 61) + "1", "1.999e-62": "0." + strings.Repeat("0", 61) + "2",
		"1e-999999999": "", strings.Repeat("7", 64): strings.Repeat("7", 64), strings.Repeat("7", 65): "",
		"0." + strings.Repeat("3", 65): "", "3." + strings.Repeat("3", 64): "",
	} {
		if got := plainDecimal(number); got != want {
			t.Errorf("plainDecimal(%s) = %q, want %q", number, got, want)
		}
	}
}
