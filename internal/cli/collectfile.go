// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"io/fs"
	"os"
	"syscall"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/evidence"
)

// maxPackedBytes is the most that a result which is a directory may have: unlike a file, it is held in memory.
const maxPackedBytes = 48 << 20

// unblocked opens files below a root. A pipe that takes the place of a file does not block.
type unblocked struct{ root *os.Root }

// Open implements fs.FS.
func (u unblocked) Open(name string) (fs.File, error) { return u.open(name) }

func (u unblocked) open(name string) (*os.File, error) {
	return u.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// readResult reads the file or the directory of that name.
func readResult(root *os.Root, name string) (evidence.Measurement, error) {
	file, err := unblocked{root}.open(name)
	if err != nil {
		return evidence.Measurement{}, err
	}
	defer file.Close()
	before, err := file.Stat()
	switch {
	case err != nil:
		return evidence.Measurement{}, err
	case before.IsDir():
		return readDirectory(root, name)
	case !before.Mode().IsRegular():
		return evidence.Measurement{}, &collectError{v1alpha1.ReasonUnreadable,
			"the result is neither a file nor a directory: have the evaluation write a file"}
	}
	m, err := evidence.Read(file, before.Size(), evidence.DefaultLimits())
	if err != nil {
		return m, err
	}
	after, err := file.Stat()
	if err != nil {
		return m, err
	}
	if after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return m, &collectError{v1alpha1.ReasonUnreadable,
			"the result changed while it was read: something that runs beside the evaluation still writes it"}
	}
	return m, nil
}

func readDirectory(root *os.Root, name string) (evidence.Measurement, error) {
	below, err := root.OpenRoot(name)
	if err != nil {
		return evidence.Measurement{}, err
	}
	defer below.Close()
	limits := evidence.DefaultLimits()
	limits.FileBytes = min(limits.FileBytes, maxPackedBytes)
	packed, err := evidence.Pack(unblocked{below}, limits)
	if err != nil {
		return evidence.Measurement{}, err
	}
	return evidence.Read(bytes.NewReader(packed), int64(len(packed)), limits)
}
