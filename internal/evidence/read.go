// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// file is an opened result file: exactly one of its fields is set.
type file struct {
	document *document
	archive  *archive
}

// format reads one format. Implementations hold no state.
type format interface {
	// name is the format's, for messages and the Measurement.
	name() Format
	// sections are the top-level members that claims and measure read of a JSON document.
	sections() []string
	// claims reports whether the content has the format's own marks. It claims narrowly: a look-alike
	// must fall through.
	claims(*file) bool
	// measure reads a file it claims. Format and SHA256 are the caller's to set.
	measure(*file) (Measurement, error)
}

// Read measures one result file of size bytes, within the limits. A file that no reader or more than one
// reader claims, that is damaged, truncated or contradicts itself, or that exceeds a limit, is an
// [UnreadableError]; any other error is the storage's. The same bytes give the same Measurement.
func Read(r io.ReaderAt, size int64, limits Limits) (Measurement, error) {
	formats := []format{inspectJSON{}, inspectArchive{}, lmEval{}, lmEvalLegacy{}}
	src := &source{r: r, size: size}
	m, err := readFile(src, limits, formats)
	if src.err != nil {
		return Measurement{}, fmt.Errorf("reading the result file: %w", src.err)
	}
	if err != nil {
		return Measurement{}, err
	}
	return m, nil
}

func readFile(src *source, limits Limits, formats []format) (Measurement, error) {
	if src.size <= 0 {
		return Measurement{}, unreadable("the file is empty")
	}
	if src.size > limits.FileBytes {
		return Measurement{}, unreadable("the file has %d bytes; at most %d are read", src.size, limits.FileBytes)
	}
	opened, digest, err := open(src, limits, formats)
	if err != nil {
		return Measurement{}, err
	}
	var claiming []format
	var names []string
	for _, f := range formats {
		if f.claims(opened) {
			claiming = append(claiming, f)
			names = append(names, string(f.name()))
		}
	}
	switch len(claiming) {
	case 0:
		return Measurement{}, unknownContent()
	case 1:
	default:
		return Measurement{}, unreadable("the content has the marks of more than one format: %s", strings.Join(names, ", "))
	}
	m, err := claiming[0].measure(opened)
	if err != nil {
		return Measurement{}, err
	}
	m.Format, m.SHA256 = claiming[0].name(), digest
	return m, nil
}

func unknownContent() error {
	return unreadable("the content is of no known format; known are Inspect AI logs (.json, .eval) " +
		"and lm-evaluation-harness results (results_*.json)")
}

// open recognises the container and returns what is in it, and the digest of the whole file.
func open(src *source, limits Limits, formats []format) (*file, string, error) {
	digest := sha256.New()
	whole := bufio.NewReaderSize(io.TeeReader(io.NewSectionReader(src, 0, src.size), digest), guardBuffer)
	switch container, err := sniff(whole); {
	case err != nil:
		return nil, "", err
	case container == zipFile:
		opened, err := openArchive(src, limits, formats)
		if err != nil {
			return nil, "", err
		}
		if _, err := io.Copy(io.Discard, whole); err != nil {
			return nil, "", err
		}
		return &file{archive: opened}, hex.EncodeToString(digest.Sum(nil)), nil
	case container == jsonFile:
		doc, err := scanDocument(whole, wanted(formats), limits)
		if err != nil {
			return nil, "", err
		}
		return &file{document: doc}, hex.EncodeToString(digest.Sum(nil)), nil
	}
	return nil, "", unknownContent()
}

// wanted are the members that any reader asks for: which reader it will be is known only at the end.
func wanted(formats []format) map[string]bool {
	names := map[string]bool{}
	for _, f := range formats {
		for _, name := range f.sections() {
			names[name] = true
		}
	}
	return names
}

type container int

const (
	unknownFile container = iota
	zipFile
	jsonFile
)

// sniff looks at the first bytes, and skips a UTF-8 byte order mark, which some editors put before JSON.
func sniff(r *bufio.Reader) (container, error) {
	const window = 512
	head, err := r.Peek(window)
	if err != nil && err != io.EOF {
		return unknownFile, err
	}
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return zipFile, nil
	}
	if mark := []byte("\uFEFF"); bytes.HasPrefix(head, mark) {
		if _, err := r.Discard(len(mark)); err != nil {
			return unknownFile, err
		}
		head = head[len(mark):]
	}
	if bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("{")) {
		return jsonFile, nil
	}
	return unknownFile, nil
}

// source is the storage below, up to size. It remembers an error of the storage, so that it is not taken
// for one of the content; a position the content makes up is the end of the file.
type source struct {
	r    io.ReaderAt
	size int64
	err  error
}

// ReadAt implements io.ReaderAt.
func (s *source) ReadAt(p []byte, offset int64) (int, error) {
	if offset < 0 || offset >= s.size {
		return 0, io.EOF
	}
	inside := p[:min(int64(len(p)), s.size-offset)]
	n, err := s.r.ReadAt(inside, offset)
	switch {
	case n < len(inside):
		if s.err == nil {
			s.err = err
		}
		return n, err
	case n < len(p):
		return n, io.EOF
	}
	return n, nil
}

// checkName refuses a name of the file that must not go into statuses and messages.
func checkName(path, name string) error {
	const longest = 512
	if len(name) > longest {
		return unreadable("%q is longer than %d bytes", cut(path), longest)
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return unreadable("%q holds control characters", cut(path))
	}
	return nil
}
