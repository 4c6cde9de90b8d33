// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// file is an opened result file. One field is set, save for two cases: a file of exactly one JSON object is
// a document and lines of one row, and text that is neither JSON nor XML may be both YAML (document) and
// a table.
type file struct {
	document *document
	list     *list
	lines    *lines
	archive  *archive
	markup   *markup
	table    *table
}

// format reads one format. Implementations hold no state.
type format interface {
	// name is the format's, for messages and the Measurement.
	name() Format
	// sections are the top-level members that claims and measure want whole, of a JSON document or of the
	// first row of JSON Lines. What may grow with the number of samples is streamed instead.
	sections() []string
	// claims reports whether the content has the format's own marks. It claims narrowly: a look-alike
	// must fall through.
	claims(*file) bool
	// measure reads a file it claims. Format and SHA256 are the caller's to set.
	measure(*file) (Measurement, error)
}

// formats are all the readers. Their order is that of messages: exactly one may claim a file.
func formats() []format {
	return []format{
		inspectJSON{}, inspectArchive{}, lmEval{}, lmEvalLegacy{},
		promptfoo{}, junitXML{}, sarif{}, helm{}, jailbreakArtifact{}, jailbreakEvaluation{},
		deepEval{}, harmBench{}, strongReject{},
		garakReport{}, garakHitlog{}, garakDigest{}, neutral{}, lmEvalJob{},
		nemoBundle{}, nemoLegacy{}, nemoRows{}, openAIEvals{}, pyrit{}, modelbench{}, simpleEvals{},
	}
}

// Read measures one result file of size bytes, within the limits. A file that no reader or more than one
// reader claims, that is damaged, truncated or contradicts itself, or that exceeds a limit, is an
// [UnreadableError]; any other error is the storage's. The same bytes give the same Measurement. The file
// is read more than once: its bytes must not change meanwhile.
func Read(r io.ReaderAt, size int64, limits Limits) (Measurement, error) {
	src := &source{r: r, size: size}
	m, err := readFile(src, limits, formats())
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
	opened, err := openFile(src, wanted(formats), limits)
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
		return Measurement{}, unknownContent(formats)
	case 1:
	default:
		return Measurement{}, unreadable("the content has the marks of more than one format: %s", strings.Join(names, ", "))
	}
	m, err := claiming[0].measure(opened)
	if err != nil {
		return Measurement{}, err
	}
	m.Format = claiming[0].name()
	if m.SHA256, err = src.digest(); err != nil {
		return Measurement{}, err
	}
	return m, nil
}

func unknownContent(formats []format) error {
	var names []string
	for _, f := range formats {
		names = append(names, string(f.name()))
	}
	return unreadable("the content is of no known format; known are %s", strings.Join(names, ", "))
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

// opener opens the same bytes from their beginning, as often as it is called.
type opener func() (io.ReadCloser, error)

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

// from opens the file at an offset.
func (s *source) from(offset int64) opener {
	return func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(s, offset, s.size-offset)), nil
	}
}

// digest is the SHA-256 of the whole file, in hex.
func (s *source) digest() (string, error) {
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, io.NewSectionReader(s, 0, s.size), make([]byte, guardBuffer)); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
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
