// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"io"
)

// isTar looks for the mark that every tar header since 1988 has.
func isTar(head []byte) bool {
	const at = 257
	return len(head) >= at+5 && string(head[at:at+5]) == "ustar"
}

// openCompressed opens a gzip file, which must hold a tar archive: a single compressed file is
// decompressed by whoever stored it so.
func openCompressed(src *source, wanted map[string]bool, limits Limits) (*file, error) {
	open := func() (io.ReadCloser, error) {
		r, err := gzip.NewReader(bufio.NewReader(io.NewSectionReader(src, 0, src.size)))
		if err != nil {
			return nil, unreadable("the gzip header is damaged")
		}
		return &inflated{Reader: r, left: limits.FileBytes, most: limits.FileBytes}, nil
	}
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	head := make([]byte, 512)
	if _, err := io.ReadFull(r, head); err != nil || !isTar(head) {
		return nil, unreadable("the gzip file holds no tar archive; decompress it first")
	}
	opened, err := openTar(open, wanted, limits)
	return &file{archive: opened}, err
}

// inflated bounds what comes out of a gzip file.
type inflated struct {
	*gzip.Reader
	left, most int64
}

// Read implements io.Reader.
func (i *inflated) Read(p []byte) (int, error) {
	n, err := i.Reader.Read(p)
	if i.left -= int64(n); i.left < 0 {
		return 0, unreadable("the gzip data holds more than the %d bytes that are read", i.most)
	}
	return n, err
}

// openTar walks a tar archive to its end. Links, devices and sparse files are left out: an entry that a
// reader asks for is then not there.
func openTar(open opener, wanted map[string]bool, limits Limits) (*archive, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	counted := &ended{r: r}
	entries := tar.NewReader(counted)
	a := newArchive(wanted, limits)
	for n := 0; ; n++ {
		header, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, tarError(err)
		}
		if n == limits.Entries {
			return nil, unreadable("the tar file has more than %d entries", limits.Entries)
		}
		if leadsOutside(header.Name) {
			return nil, unreadable("the archive has an entry whose name leads outside of it")
		}
		if header.Typeflag != tar.TypeReg || header.PAXRecords["GNU.sparse.major"] != "" {
			continue
		}
		entry := entryFile{size: uint64(header.Size), open: func() (io.ReadCloser, error) { return openTarEntry(open, n) }}
		if err := a.add(header.Name, entry); err != nil {
			return nil, err
		}
	}
	if counted.ended {
		return nil, unreadable("the tar file is truncated: its end mark is missing")
	}
	if err := onlyZeros(counted); err != nil {
		return nil, err
	}
	return a.finish(), nil
}

// onlyZeros reads the padding after the end mark, and with it the checksum of compressed data.
func onlyZeros(r io.Reader) error {
	rest := make([]byte, guardBuffer)
	for {
		n, err := r.Read(rest)
		for _, b := range rest[:n] {
			if b != 0 {
				return unreadable("the tar file goes on after its end mark")
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return tarError(err)
		}
	}
}

// openTarEntry walks to the entry of that number, counted from 0.
func openTarEntry(open opener, n int) (io.ReadCloser, error) {
	r, err := open()
	if err != nil {
		return nil, err
	}
	entries := tar.NewReader(r)
	for ; n >= 0; n-- {
		if _, err := entries.Next(); err != nil {
			return nil, errors.Join(tarError(err), r.Close())
		}
	}
	return &tarEntry{Reader: entries, under: r}, nil
}

type tarEntry struct {
	*tar.Reader
	under io.Closer
}

// Close closes what the archive is read from.
func (e *tarEntry) Close() error { return e.under.Close() }

func tarError(err error) error {
	if own, ok := errors.AsType[*UnreadableError](err); ok {
		return own
	}
	return unreadable("the tar file is damaged or truncated")
}

// ended notes whether its reader was read to the end.
type ended struct {
	r     io.Reader
	ended bool
}

// Read implements io.Reader.
func (e *ended) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.ended = e.ended || n == 0 && errors.Is(err, io.EOF)
	return n, err
}
