// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

// Limits bounds what one file may cost. Every field must be set; start from [DefaultLimits].
type Limits struct {
	// FileBytes is the largest file read, as stored.
	FileBytes int64
	// EntryBytes is the most that is read out of one archive entry, uncompressed.
	EntryBytes int64
	// DirectoryBytes is the most that is read to find an archive's entries.
	DirectoryBytes int64
	// Entries is the largest number of entries in an archive.
	Entries int
	// WindowBytes is the largest Zstandard window a decompressor may ask for.
	WindowBytes uint64
	// Depth is the deepest nesting of a JSON document.
	Depth int
	// StringBytes is the longest JSON string, escapes included.
	StringBytes int
	// NameBytes bounds the member names that duplicate detection remembers at one time: the names of
	// each open object, each with 64 bytes for its bookkeeping.
	NameBytes int
	// SectionBytes bounds the parts of a JSON document that are kept to be read, all together.
	SectionBytes int64
	// MarkupBytes is the largest XML document read.
	MarkupBytes int64
	// YAMLBytes is the largest YAML document read, and YAMLValues bounds the values in it, aliases written out.
	YAMLBytes  int64
	YAMLValues int
	// Results is the largest number of results in a file.
	Results int
}

// DefaultLimits holds for the logs the supported tools write in practice: hundreds of megabytes of
// samples, which are skipped, around a few megabytes of results. Reading within them takes less than
// 64 MiB of memory for the files of an honest tool.
func DefaultLimits() Limits {
	const mib = 1 << 20
	return Limits{
		FileBytes:      512 * mib,
		EntryBytes:     64 * mib,
		DirectoryBytes: 8 * mib,
		Entries:        100_000,
		WindowBytes:    8 * mib,
		Depth:          512,
		StringBytes:    16 * mib,
		NameBytes:      8 * mib,
		SectionBytes:   8 * mib,
		MarkupBytes:    16 * mib,
		YAMLBytes:      2 * mib,
		YAMLValues:     200_000,
		Results:        20_000,
	}
}
