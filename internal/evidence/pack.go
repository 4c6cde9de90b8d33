// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// Pack makes one file of a directory, for tools whose result is one (HELM): a tar archive of its regular
// files, sorted by name, without times, owners or modes, so that the same files give the same bytes. Links
// and devices are left out. The archive is held in memory.
//
// A directory without a regular file, with more files than limits.Entries, or whose archive is larger than
// limits.FileBytes, is an [UnreadableError]; any other error is the storage's.
func Pack(fsys fs.FS, limits Limits) ([]byte, error) {
	p := packing{fsys: fsys, limits: limits}
	p.tar = tar.NewWriter(&p.out)
	// Names are visited in the order of their directories' entries, which is sorted.
	if err := fs.WalkDir(fsys, ".", p.visit); err != nil {
		if _, ok := errors.AsType[*UnreadableError](err); ok {
			return nil, err
		}
		return nil, fmt.Errorf("packing the result directory: %w", err)
	}
	if p.files == 0 {
		return nil, unreadable("the directory has no regular file")
	}
	if err := p.tar.Close(); err != nil {
		return nil, fmt.Errorf("packing the result directory: %w", err)
	}
	if err := p.checkSize(0); err != nil {
		return nil, err
	}
	return p.out.Bytes(), nil
}

type packing struct {
	fsys   fs.FS
	limits Limits
	tar    *tar.Writer
	out    bytes.Buffer
	files  int
}

func (p *packing) visit(name string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	if !entry.Type().IsRegular() {
		return nil
	}
	if p.files++; p.files > p.limits.Entries {
		return unreadable("the directory has more than %d files: name one that holds the files of one run only", p.limits.Entries)
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	if err := p.checkSize(info.Size()); err != nil {
		return err
	}
	return p.add(name, info.Size())
}

// checkSize refuses what would not fit, before it is read.
func (p *packing) checkSize(more int64) error {
	if int64(p.out.Len())+more > p.limits.FileBytes {
		return unreadable("the files of the directory have more than the %d bytes that are read: "+
			"copy those that the reader of the tool needs into a directory of their own", p.limits.FileBytes)
	}
	return nil
}

func (p *packing) add(name string, size int64) error {
	file, err := p.fsys.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	const mode = 0o644
	if err := p.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: mode}); err != nil {
		return err
	}
	// A file that grows meanwhile is refused by the writer, one that shrinks here.
	n, err := io.Copy(p.tar, file)
	if err == nil && n < size {
		err = fmt.Errorf("%s became shorter while it was read", name)
	}
	return err
}
