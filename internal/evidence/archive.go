// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// archive is a ZIP file whose directory has been read. No entry is ever written anywhere.
type archive struct {
	entries map[string]*zip.File
	wanted  map[string]bool
	limits  Limits
}

func openArchive(src *source, limits Limits, formats []format) (*archive, error) {
	directory := &bounded{src: src, left: limits.DirectoryBytes}
	r, err := zip.NewReader(directory, src.size)
	if directory.left < 0 {
		return nil, unreadable("the ZIP directory is larger than %d bytes", limits.DirectoryBytes)
	}
	if err != nil {
		return nil, unreadable("the ZIP directory is damaged or truncated")
	}
	directory.open = true
	if len(r.File) > limits.Entries {
		return nil, unreadable("the ZIP file has more than %d entries", limits.Entries)
	}
	r.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor(
		zstd.WithDecoderMaxWindow(limits.WindowBytes),
		zstd.WithDecoderMaxMemory(uint64(limits.EntryBytes)),
	))
	a := &archive{entries: make(map[string]*zip.File, len(r.File)), wanted: wanted(formats), limits: limits}
	for _, entry := range r.File {
		if path.IsAbs(entry.Name) || slices.Contains(strings.Split(entry.Name, "/"), "..") {
			return nil, unreadable("the ZIP file has an entry whose name leads outside of it")
		}
		// A name may occur again when an entry was rewritten in place: the last one counts.
		a.entries[entry.Name] = entry
	}
	return a, nil
}

func (a *archive) has(name string) bool { return a.entries[name] != nil }

// document reads an entry that is a JSON object.
func (a *archive) document(name string) (*document, error) {
	entry := a.entries[name]
	// The size is the directory's word, and the reader of the entry holds the content to it.
	if entry.UncompressedSize64 > uint64(a.limits.EntryBytes) {
		return nil, unreadable("the entry %s has %d bytes; at most %d are read",
			name, entry.UncompressedSize64, a.limits.EntryBytes)
	}
	content, err := entry.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, unreadable("the entry %s is compressed with ZIP method %d; 0, 8 and %d are read",
			name, entry.Method, zstd.ZipMethodWinZip)
	}
	if err != nil {
		return nil, unreadable("the entry %s is damaged", name)
	}
	defer content.Close()
	doc, err := scanDocument(content, a.wanted, a.limits)
	if own, ok := errors.AsType[*UnreadableError](err); ok {
		return nil, unreadable("in the entry %s: %s", name, own.Reason)
	}
	return doc, err
}

// bounded limits the bytes read to open an archive: the number of entries it states is no limit to those
// it has.
type bounded struct {
	src  io.ReaderAt
	left int64
	open bool // from here on, entries are read
}

// ReadAt implements io.ReaderAt.
func (b *bounded) ReadAt(p []byte, offset int64) (int, error) {
	if !b.open {
		if b.left -= int64(len(p)); b.left < 0 {
			return 0, io.ErrUnexpectedEOF
		}
	}
	return b.src.ReadAt(p, offset)
}
