// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"errors"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
)

// archive is a ZIP or tar file whose directory has been read. No entry is ever written anywhere.
type archive struct {
	entries map[string]entryFile
	// prefix is the directory that all entries are in, with its slash, or empty.
	prefix string
	wanted map[string]bool
	limits Limits
}

// entryFile is one regular file of an archive.
type entryFile struct {
	size uint64
	open opener
}

func newArchive(wanted map[string]bool, limits Limits) *archive {
	return &archive{entries: map[string]entryFile{}, wanted: wanted, limits: limits}
}

// add takes an entry in. A name may occur again when an entry was rewritten in place: the last one counts.
func (a *archive) add(name string, entry entryFile) error {
	if leadsOutside(name) {
		return unreadable("the archive has an entry whose name leads outside of it")
	}
	a.entries[strings.TrimPrefix(name, "./")] = entry
	return nil
}

func leadsOutside(name string) bool {
	return path.IsAbs(name) || slices.Contains(strings.Split(name, "/"), "..")
}

// finish is called when all entries are in.
func (a *archive) finish() *archive {
	first := true
	for name := range a.entries {
		directory := name[:strings.LastIndexByte(name, '/')+1]
		if first {
			a.prefix, first = directory, false
			continue
		}
		for !strings.HasPrefix(name, a.prefix) {
			a.prefix = a.prefix[:strings.LastIndexByte(strings.TrimSuffix(a.prefix, "/"), '/')+1]
		}
	}
	return a
}

// find looks for a name as the archive has it, then below the directory that all entries are in.
func (a *archive) find(name string) (entryFile, bool) {
	entry, ok := a.entries[name]
	if !ok {
		entry, ok = a.entries[a.prefix+name]
	}
	return entry, ok
}

func (a *archive) has(name string) bool {
	_, ok := a.find(name)
	return ok
}

// names are those of all entries, without the directory that all are in, sorted.
func (a *archive) names() []string {
	names := make([]string, 0, len(a.entries))
	for name := range maps.Keys(a.entries) {
		names = append(names, strings.TrimPrefix(name, a.prefix))
	}
	slices.Sort(names)
	return names
}

// document reads an entry that is a JSON object.
func (a *archive) document(name string) (*document, error) {
	open, err := a.opener(name)
	if err != nil {
		return nil, err
	}
	doc, err := scanDocument(open, a.wanted, a.limits)
	return doc, inEntry(name, err)
}

// list reads an entry that is a JSON array.
func (a *archive) list(name string) (*list, error) {
	open, err := a.opener(name)
	if err != nil {
		return nil, err
	}
	l, err := scanList(open, a.limits)
	return l, inEntry(name, err)
}

func (a *archive) opener(name string) (opener, error) {
	entry, ok := a.find(name)
	if !ok {
		return nil, unreadable("the archive has no entry %s", name)
	}
	// The size is the directory's word, and the reader of the entry holds the content to it.
	if entry.size > uint64(a.limits.EntryBytes) {
		return nil, unreadable("the entry %s has %d bytes; at most %d are read", name, entry.size, a.limits.EntryBytes)
	}
	return func() (io.ReadCloser, error) {
		content, err := entry.open()
		return content, inEntry(name, err)
	}, nil
}

// inEntry says in which entry something is unreadable.
func inEntry(name string, err error) error {
	if own, ok := errors.AsType[*UnreadableError](err); ok && !strings.Contains(own.Reason, "the entry "+name) {
		return unreadable("in the entry %s: %s", name, own.Reason)
	}
	return err
}
