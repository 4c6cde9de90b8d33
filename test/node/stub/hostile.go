// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package stub

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Sizes of files that are too large to be read.
const (
	bombBytes   = 2 << 30
	sparseBytes = 1 << 30
	deepLevels  = 100_000
)

// Hostile are files and what is no file that an evaluation may leave where its result is expected,
// by what they are. Each function makes one at a path in a directory that is there; the run is a
// result that it may resemble.
func Hostile() map[string]func(path string, r Run) error {
	return map[string]func(string, Run) error{
		// A log whose header unpacks to far more than any log has.
		"zip-bomb": func(path string, _ Run) error { return writeFile(path, writeBomb) },
		// A log nested deeper than a reader's stack.
		"deep": func(path string, _ Run) error {
			return writeFile(path, func(w io.Writer) error {
				_, err := io.WriteString(w, `{"version":2,"status":"success","eval":`+strings.Repeat(`{"a":`, deepLevels))
				return err
			})
		},
		// A good log that lies outside the results directory.
		"symlink": func(path string, r Run) error {
			// Containers of a pod share this directory as well as the results.
			outside := filepath.Join("/dev/shm", filepath.Base(path)+".outside")
			if err := writeFile(outside, r.WriteInspect); err != nil {
				return err
			}
			return os.Symlink(outside, path)
		},
		// A file of whoever reads the results.
		"symlink-host": func(path string, _ Run) error { return os.Symlink("/etc/hosts", path) },
		// A file that never ends, since nobody writes to it.
		"fifo": func(path string, _ Run) error { return syscall.Mkfifo(path, 0o644) },
		// A log whose writer was cut off.
		"truncated": func(path string, r Run) error {
			return rewrite(path, r, func(log []byte) []byte { return log[:len(log)/2] })
		},
		// A log without a value.
		"nan": func(path string, r Run) error {
			return rewrite(path, r, func(log []byte) []byte {
				return bytes.ReplaceAll(log, fmt.Appendf(nil, `"value": %v`, r.AttackRate()), []byte(`"value": NaN`))
			})
		},
		// A log that says two things of the same.
		"duplicate-keys": func(path string, r Run) error {
			return rewrite(path, r, func(log []byte) []byte {
				return bytes.Replace(log, []byte(`"status": "success"`), []byte(`"status": "error", "status": "success"`), 1)
			})
		},
		// A file that takes no room and would take a gibibyte to read.
		"sparse": func(path string, _ Run) error {
			if err := writeFile(path, func(io.Writer) error { return nil }); err != nil {
				return err
			}
			return os.Truncate(path, sparseBytes)
		},
	}
}

// rewrite makes a file of a good log that change has been at.
func rewrite(path string, r Run, change func([]byte) []byte) error {
	var log bytes.Buffer
	if err := r.WriteInspect(&log); err != nil {
		return err
	}
	changed := change(log.Bytes())
	return writeFile(path, func(w io.Writer) error {
		_, err := w.Write(changed)
		return err
	})
}

// writeBomb writes an archive with one entry that unpacks to bombBytes of spaces. The packed form of
// one block is repeated: packing all of it would take as long as the reader is kept from unpacking it.
func writeBomb(w io.Writer) error {
	const blockBytes = 1 << 20
	block := bytes.Repeat([]byte(" "), blockBytes)
	var packed bytes.Buffer
	deflate, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return err
	}
	if _, err := deflate.Write(block); err != nil {
		return err
	}
	// A flush ends on a whole byte, so that blocks can follow each other.
	if err := deflate.Flush(); err != nil {
		return err
	}
	one := bytes.Clone(packed.Bytes())
	packed.Reset()
	sum := crc32.NewIEEE()
	for range bombBytes / blockBytes {
		packed.Write(one)
		sum.Write(block)
	}
	packed.Write([]byte{1, 0, 0, 0xff, 0xff}) // an empty last block
	archive := zip.NewWriter(w)
	out, err := archive.CreateRaw(&zip.FileHeader{
		Name: "header.json", Method: zip.Deflate, CRC32: sum.Sum32(),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: bombBytes,
	})
	if err != nil {
		return err
	}
	if _, err := packed.WriteTo(out); err != nil {
		return err
	}
	return archive.Close()
}

// Pad writes a garak report of the run that is blown up to at least size bytes by attempts.
func (r Run) Pad(w io.Writer, size int64) error {
	filler := strings.Repeat("filler ", 1<<15)
	for written := int64(0); written < size; {
		row := r.garakAttempt(0, Refused)
		row["outputs"] = []object{message(filler)}
		counted := &counter{w: w}
		if err := encodeLine(counted, row); err != nil {
			return err
		}
		written += counted.n
	}
	return r.WriteGarak(w)
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

func writeFile(path string, write func(io.Writer) error) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
