// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

const logStart = `{"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}, "plan": {}, "results": {"total_samples": 2, ` +
	`"completed_samples": 2, "scores": [{"name": "s", "scorer": "s", "metrics": {"accuracy": {"value": 0.5}}}]}`

func TestHostile(t *testing.T) {
	nested := strings.Repeat("[", 1<<20)
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return strings.TrimSuffix(b.String(), ",")
	}
	lmEnd := `}, "versions": {}, "configs": {}, "n-samples": {}}`
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"nested without end":           {[]byte(logStart + `, "samples": ` + nested), "nested deeper"},
		"nested in the results":        {[]byte(`{"results": ` + nested), "nested deeper"},
		"a string without end":         {[]byte(logStart + `, "samples": "` + strings.Repeat("x", 17<<20)), "longer than"},
		"a huge name":                  {[]byte(logStart + `, "` + strings.Repeat("x", 9<<20) + `": 1}`), "member names"},
		"a million names":              {[]byte(logStart + `, "samples": {` + many(`"%d":1,`, 1e6) + `}}`), "member names"},
		"a million members at the top": {[]byte(logStart + `, ` + many(`"%d":1,`, 1e6) + `}`), "member names"},
		"a million scores": {[]byte(`{"status": "success", "eval": {"task": "t", "model": "m"}, "plan": {}, "results": {"scores": [` +
			many(`{"a":"%d"},`, 1e6) + `]}}`), "too large"},
		"small scores, many": {[]byte(`{"status": "success", "eval": {"task": "t", "model": "m"}, "plan": {}, "results": {"scores": [` +
			strings.Repeat(`{},`, 1e6) + `{}]}}`), "more than 20000 results"},
		"many metrics of one score": {[]byte(`{"status": "success", "eval": {"task": "t", "model": "m"}, "plan": {}, "results": {"scores": [{"metrics": {` +
			many(`"%d":{},`, 50_000) + `}}]}}`), "more than 20000 results"},
		"many tasks":               {[]byte(`{"results": {` + many(`"%d":{"a,b":1},`, 50_000) + lmEnd), "more than 20000 results"},
		"many metrics of one task": {[]byte(`{"results": {"a": {` + many(`"%d,b":1,`, 50_000) + `}` + lmEnd), "more than 20000 results"},
		"a large part of another member": {[]byte(`{"status": "success", "plan": {}, "stats": {"x": "` + strings.Repeat("x", 9<<20) +
			`"}, "eval": {"task": "t", "model": "m"}}`), "too large"},
		"a name of a kilobyte":         {[]byte(strings.Replace(logStart, `"name": "s"`, `"name": "`+strings.Repeat("x", 1024)+`"`, 1) + "}"), "longer than 512"},
		"a zip bomb":                   {zipOf(t, entry{inspectHeader, logStart + `, "samples": "` + strings.Repeat("x", 65<<20), zip.Deflate}), "at most"},
		"a zip bomb that lies":         {lying(t, zip.Deflate), "damaged"},
		"a Zstandard bomb that lies":   {lying(t, zstd.ZipMethodWinZip), "in the entry header.json"},
		"a Zstandard window of 16 MiB": {hugeWindow(t), "damaged"},
		"a method nobody knows":        {unknownMethod(t), "ZIP method 99"},
		"a name that leads outside":    {zipOf(t, entry{inspectHeader, logStart + "}", zip.Store}, entry{"a/../../b", "", zip.Store}), "leads outside"},
		"an absolute name":             {zipOf(t, entry{inspectHeader, logStart + "}", zip.Store}, entry{"/etc/passwd", "", zip.Store}), "leads outside"},
		"an archive of many entries":   {manyEntries(t, 110_000), "directory is larger"},
		"a duplicate in the header":    {zipOf(t, entry{inspectHeader, logStart + `, "status": "error"}`, zip.Deflate}), "same member twice"},
		"a header of something else":   {zipOf(t, entry{inspectHeader, `{"a": 1}`, zip.Deflate}), "not the header"},
		"a header that is a list":      {zipOf(t, entry{inspectHeader, `[]`, zip.Deflate}), "not a JSON object"},
		"a journal of something else":  {zipOf(t, entry{inspectJournal, `{"a": 1}`, zip.Deflate}), "not the start"},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := readBytes(test.file)
			wantUnreadable(t, err, test.want)
			if len(err.Error()) > 600 || strings.Contains(err.Error(), "xxxxxxxx") && !strings.Contains(test.want, "512") {
				t.Errorf("the reason has %d bytes or text of the file: %.700s", len(err.Error()), err)
			}
			t.Logf("%d bytes in %v", len(test.file), time.Since(start))
		})
	}
	small := DefaultLimits()
	small.FileBytes = 10
	_, err := Read(strings.NewReader(logStart+"}"), int64(len(logStart)+1), small)
	wantUnreadable(t, err, "at most 10 are read")
}

// TestGroupsOfGroups walks the most costly tables of groups that fit into the limits.
func TestGroupsOfGroups(t *testing.T) {
	var results, groups strings.Builder
	for i := range 15_000 {
		fmt.Fprintf(&results, `"%d":{"a,b":1},`, i)
		fmt.Fprintf(&groups, `"%d":["%d"],`, i, i+1)
	}
	file := `{"results": {` + strings.TrimSuffix(results.String(), ",") + `}, "group_subtasks": {` +
		strings.TrimSuffix(groups.String(), ",") + `}, "versions": {}, "configs": {}, "n-samples": {"15000": {"effective": 7}}}`
	start := time.Now()
	m, err := readText(file)
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for _, r := range m.Results {
		if r.Judged != nil {
			known++
		}
	}
	t.Logf("%d of %d counts known after %v", known, len(m.Results), time.Since(start))
	if known == 0 || known == len(m.Results) {
		t.Errorf("%d of %d counts known: the walk has no bound, or no room", known, len(m.Results))
	}
}

// lying is an archive whose directory says that an entry is small.
func lying(t *testing.T, method uint16) []byte {
	t.Helper()
	raw := zipOf(t, entry{inspectHeader, logStart + `, "samples": "` + strings.Repeat("xyz ", 5<<20) + `"}`, method})
	central := bytes.Index(raw, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(raw[central+24:], 100)
	return raw
}

func hugeWindow(t *testing.T) []byte {
	t.Helper()
	// Magic number, no content size or checksum, a window of 2^24 bytes, one empty last block.
	frame := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x70, 0x01, 0x00, 0x00}
	return rawEntry(t, inspectHeader, frame, nil)
}

func unknownMethod(t *testing.T) []byte {
	t.Helper()
	raw := zipOf(t, entry{inspectHeader, logStart + "}", zip.Store})
	central := bytes.Index(raw, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint16(raw[central+10:], 99)
	return raw
}

func manyEntries(t *testing.T, n int) []byte {
	t.Helper()
	entries := make([]entry, n)
	for i := range entries {
		entries[i] = entry{name: fmt.Sprintf("samples/%030d.json", i), method: zip.Store}
	}
	return zipOf(t, entries...)
}

func mustZstd(tb testing.TB, content []byte) []byte {
	tb.Helper()
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return enc.EncodeAll(content, nil)
}
