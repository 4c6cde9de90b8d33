// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// endless is a log of any size, made as it is read: a start, one sample many times, an end.
type endless struct {
	start, sample, end []byte
	samples            int64
}

func (e endless) size() int64 {
	return int64(len(e.start)+len(e.end)) + e.samples*int64(len(e.sample))
}

func (e endless) ReadAt(p []byte, offset int64) (int, error) {
	total := 0
	for len(p) > 0 && offset < e.size() {
		var from []byte
		middle := offset - int64(len(e.start))
		switch {
		case middle < 0:
			from = e.start[offset:]
		case middle < e.samples*int64(len(e.sample)):
			from = e.sample[middle%int64(len(e.sample)):]
		default:
			from = e.end[middle-e.samples*int64(len(e.sample)):]
		}
		n := copy(p, from)
		p, offset, total = p[n:], offset+int64(n), total+n
	}
	if len(p) > 0 {
		return total, io.EOF
	}
	return total, nil
}

// bigLog is a log of about megabytes MB, most of it samples with texts, numbers and NaN.
func bigLog(megabytes int64) endless {
	sample := `{"id": 1, "epoch": 1, "input": "` + strings.Repeat(`What is \"it\"?\n`, 400) + `", "events": [` +
		strings.Repeat(`{"timestamp": "2026-10-05T09:00:00Z", "value": -1.5e3, "nan": NaN, "list": [1, 2, 3, null, true]}, `, 40) + `0]}, `
	e := endless{start: []byte(logStart + `, "samples": [`), sample: []byte(sample), end: []byte(`0], "reductions": []}`)}
	e.samples = megabytes << 20 / int64(len(sample))
	return e
}

// bigReport is a garak report of about megabytes MB, most of it attempts with their outputs.
func bigReport(tb testing.TB, megabytes int64) endless {
	tb.Helper()
	start, end, _ := bytes.Cut(testFile(tb, "garak.report.jsonl"), []byte(`{"entry_type": "attempt"`))
	_, end, _ = bytes.Cut(end, []byte("\n"))
	output := `{"text": "` + strings.Repeat(`I cannot do \"that\".\n`, 60) + `", "lang": "en"}, `
	attempt := `{"entry_type": "attempt", "uuid": "1", "seq": 0, "status": 2, "probe_classname": "jail.Plain", "prompt": {"turns": [` +
		strings.Repeat(output, 2) + `{}]}, "outputs": [` + strings.Repeat(output, 5) + `{}], "detector_results": {"words.Harm": [` +
		strings.Repeat("0.0, NaN, ", 5) + "null]}, \"notes\": {}}\n"
	e := endless{start: start, sample: []byte(attempt), end: end}
	e.samples = megabytes << 20 / int64(len(attempt))
	return e
}

// bigArchive is an Inspect log of about megabytes MB in an archive on disk, a sample an entry, stored so that
// its size is that of its samples.
func bigArchive(tb testing.TB, megabytes int) *os.File {
	tb.Helper()
	file, err := os.Create(filepath.Join(tb.TempDir(), "log.eval"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { file.Close() })
	w := zip.NewWriter(file)
	add := func(name string, body []byte) {
		entry, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := entry.Write(body); err != nil {
			tb.Fatal(err)
		}
	}
	const each = 100 << 10
	sample := bytes.Repeat([]byte("0123456789abcdef"), each/16)
	for i := range megabytes << 20 / each {
		add(fmt.Sprintf("samples/%d_epoch_1.json", i), sample)
	}
	add(inspectHeader, []byte(logStart+"}"))
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return file
}

// large is a file of about 200 MB as one of the tools writes it.
type large struct {
	name string
	r    io.ReaderAt
	size int64
	want Format
}

func largeFiles(tb testing.TB) []large {
	tb.Helper()
	const megabytes = 200
	log, report, archive := bigLog(megabytes), bigReport(tb, megabytes), bigArchive(tb, megabytes)
	info, err := archive.Stat()
	if err != nil {
		tb.Fatal(err)
	}
	return []large{
		{"inspect-json-200MB", log, log.size(), InspectJSON},
		{"inspect-eval-200MB", archive, info.Size(), InspectEval},
		{"garak-200MB", report, report.size(), GarakReport},
	}
}

// peakReader notes the most heap in use while it is read.
type peakReader struct {
	io.ReaderAt
	reads int
	peak  uint64
}

func (p *peakReader) ReadAt(b []byte, offset int64) (int, error) {
	if p.reads++; p.reads%16 == 0 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		p.peak = max(p.peak, stats.HeapInuse)
	}
	return p.ReaderAt.ReadAt(b, offset)
}

// TestLargeFilesStream reads files of 200 MB in less than 64 MiB, that of this test and its input included.
func TestLargeFilesStream(t *testing.T) {
	for _, file := range largeFiles(t) {
		t.Run(file.name, func(t *testing.T) {
			runtime.GC()
			r := &peakReader{ReaderAt: file.r}
			start := time.Now()
			m, err := Read(r, file.size, DefaultLimits())
			took := time.Since(start)
			if err != nil || !m.Finished || len(m.Results) == 0 || m.Format != file.want {
				t.Fatalf("Read = %+v, %v", m, err)
			}
			t.Logf("%d bytes in %v, %.0f MB/s, at most %d KiB of heap in use",
				file.size, took.Round(time.Millisecond), float64(file.size)/1e6/took.Seconds(), r.peak>>10)
			if r.peak == 0 || r.peak > 64<<20 {
				t.Errorf("the heap grew to %d bytes, want at most 64 MiB", r.peak)
			}
		})
	}
}

func TestLongestStringStreams(t *testing.T) {
	log := bigLog(1)
	log.sample = []byte(`"` + strings.Repeat("x", DefaultLimits().StringBytes) + `", `)
	log.samples = 5
	runtime.GC()
	r := &peakReader{ReaderAt: log}
	if _, err := Read(r, log.size(), DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d KiB of heap at most", r.peak>>10)
	// This test holds the string once, and the decoder twice while its buffer grows.
	if r.peak > 96<<20 {
		t.Errorf("the heap grew to %d bytes, want at most 96 MiB", r.peak)
	}
}

func BenchmarkRead(b *testing.B) {
	header := []byte(logStart + "}")
	raw := rawEntry(b, inspectHeader, mustZstd(b, header), header)
	files := []large{
		{name: "inspect-eval", r: bytes.NewReader(raw), size: int64(len(raw))},
	}
	for _, name := range seedFiles(b) {
		content := testFile(b, name)
		if m, err := readBytes(content); err == nil {
			files = append(files, large{name: name, r: bytes.NewReader(content), size: int64(len(content)), want: m.Format})
		}
	}
	for _, file := range append(files, largeFiles(b)...) {
		b.Run(file.name, func(b *testing.B) {
			b.SetBytes(file.size)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(file.r, file.size, DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestCostliestText opens the texts whose containers allocate most, each within the limits. What is
// allocated in all, garbage included, is never less than what is held at one time.
func TestCostliestText(t *testing.T) {
	limits := DefaultLimits()
	fill := func(start, repeated, end string, size int64) string {
		return start + strings.Repeat(repeated, (int(size)-len(start)-len(end))/len(repeated)) + end
	}
	for name, test := range map[string]struct {
		text string
		most uint64 // MiB
		want string // of the refusal, where there is one
	}{
		"YAML of many values":        {"a: [" + strings.Repeat("1,", limits.YAMLValues-10) + "1]\n", 112, ""},
		"YAML of one long value":     {fill("a: ", "x", "\n", limits.YAMLBytes), 112, ""},
		"YAML nested without end":    {"a: " + strings.Repeat("[", limits.YAMLValues/2), 32, "not YAML"},
		"YAML of indented sequences": {"a:\n " + strings.Repeat("- ", limits.YAMLValues/2) + "1\n", 32, "not YAML"},
		"XML of one long text":       {fill("<a>", "x", "</a>", limits.MarkupBytes), 112, ""},
		"XML of one long attribute":  {fill(`<a b="`, "x", `"/>`, limits.MarkupBytes), 112, ""},
		"an object of many members":  {`{"a": {` + names(100_000) + `}}`, 112, ""},
		"a member of 8 MiB":          {fill(`{"a": "`, "x", `"}`, limits.SectionBytes), 112, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			f, err := openBytes([]byte(test.text), "a")
			runtime.ReadMemStats(&after)
			if test.want != "" {
				wantUnreadable(t, err, test.want)
			} else if err != nil || f == nil {
				t.Fatal(err)
			}
			allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%d KiB of text, %d MiB allocated", len(test.text)>>10, allocated)
			if allocated > test.most {
				t.Errorf("%d MiB allocated, want at most %d", allocated, test.most)
			}
		})
	}
}
