// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// openZip reads the directory of a ZIP file.
func openZip(src *source, wanted map[string]bool, limits Limits) (*archive, error) {
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
	a := newArchive(wanted, limits)
	for _, f := range r.File {
		if strings.HasSuffix(f.Name, "/") {
			if leadsOutside(f.Name) {
				return nil, unreadable("the archive has an entry whose name leads outside of it")
			}
			continue
		}
		if err := a.add(f.Name, entryFile{size: f.UncompressedSize64, open: func() (io.ReadCloser, error) { return openEntry(f) }}); err != nil {
			return nil, err
		}
	}
	return a.finish(), nil
}

func openEntry(f *zip.File) (io.ReadCloser, error) {
	content, err := f.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return nil, unreadable("the entry %s is compressed with ZIP method %d; 0, 8 and %d are read",
			cut(f.Name), f.Method, zstd.ZipMethodWinZip)
	}
	if err != nil {
		return nil, unreadable("the entry %s is damaged", cut(f.Name))
	}
	return content, nil
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
