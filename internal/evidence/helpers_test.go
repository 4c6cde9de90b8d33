// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func readBytes(raw []byte) (Measurement, error) {
	return Read(bytes.NewReader(raw), int64(len(raw)), DefaultLimits())
}

func readText(text string) (Measurement, error) { return readBytes([]byte(text)) }

func mustRead(t *testing.T, raw []byte) Measurement {
	t.Helper()
	m, err := readBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func testFile(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

func digestOf(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// wantUnreadable fails unless err is an UnreadableError whose reason holds the words.
func wantUnreadable(t *testing.T, err error, words string) {
	t.Helper()
	u, ok := errors.AsType[*UnreadableError](err)
	if !ok {
		t.Fatalf("error = %v, want UnreadableError", err)
	}
	if words == "" || !strings.Contains(u.Reason, words) {
		t.Errorf("reason = %q, want it to say %q", u.Reason, words)
	}
}

// at is a time of the test files.
func at(text string) *time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return new(t.UTC())
}

type entry struct {
	name, body string
	method     uint16
}

// zipOf makes an archive of the entries in their order, duplicates included.
func zipOf(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	w.RegisterCompressor(zstd.ZipMethodWinZip, zstd.ZipCompressor())
	for _, e := range entries {
		body, err := w.CreateHeader(&zip.FileHeader{Name: e.name, Method: e.method})
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.WriteString(body, e.body); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}

// rawEntry makes an archive of one entry from bytes that are compressed with Zstandard already.
func rawEntry(tb testing.TB, name string, compressed, content []byte) []byte {
	tb.Helper()
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	body, err := w.CreateRaw(&zip.FileHeader{
		Name: name, Method: zstd.ZipMethodWinZip, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(len(compressed)), UncompressedSize64: uint64(len(content)),
	})
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := body.Write(compressed); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return file.Bytes()
}
