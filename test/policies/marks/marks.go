// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package marks reads where the values of a shipped policy come from. Each line of a policy that states a value ends in a
// mark:
//
//	# STATED <document>, <where in it>, <date>         the text of the framework says so
//	# STATED(card) <document>, <where in it>, <date>   a system or model card does
//	# STATED(post) <document>, <where in it>, <date>   an announcement does
//	# OURS <why>                                       nobody but us
//
// Documents are listed with their dates at the head of the file, after the line "# SOURCES":
//
//	#   <document> | <title> | <date>
package marks

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Mark says where the value of a line comes from.
type Mark struct {
	Line int
	// Stated: a document says so. Otherwise the value is ours.
	Stated bool
	// Document is its short name, and Date its date; empty for what is ours.
	Document, Date string
	// Why is where in the document it stands, or why it is ours.
	Why string
}

// Marks are those of a file.
type Marks struct {
	// All in the order of their lines.
	All []Mark
	// Problems are lines without a mark that need one, and marks that cannot be read.
	Problems []string
}

// Read reads the marks of a policy.
func Read(data []byte) (Marks, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil {
		return Marks{}, fmt.Errorf("reading YAML: %w", err)
	}
	r := reader{lines: strings.Split(string(data), "\n"), needed: map[int]bool{}}
	r.readSources()
	r.need(&document, "")
	for i, line := range r.lines {
		r.readLine(i+1, line)
	}
	slices.SortFunc(r.marks.All, func(a, b Mark) int { return cmp.Compare(a.Line, b.Line) })
	return r.marks, nil
}

// reader is the working state of one reading.
type reader struct {
	lines []string
	// sources are the dates of documents.
	sources map[string]string
	// needed are the lines with a value.
	needed map[int]bool
	marks  Marks
}

func (r *reader) problem(line int, format string, args ...any) {
	r.marks.Problems = append(r.marks.Problems, fmt.Sprintf("line %d: ", line)+fmt.Sprintf(format, args...))
}

// readSources reads the list at the head of the file.
func (r *reader) readSources() {
	r.sources = map[string]string{}
	listed := false
	for i, line := range r.lines {
		text, comment := strings.CutPrefix(line, "#")
		if !comment {
			return
		}
		if text == " SOURCES" {
			listed = true
			continue
		}
		if !listed {
			continue
		}
		parts := strings.Split(text, "|")
		if len(parts) != 3 {
			r.problem(i+1, "a source is written: #   document | title | date")
			continue
		}
		r.sources[strings.TrimSpace(parts[0])] = strings.TrimSpace(parts[2])
	}
}

// need notes the lines of all values, but for those that say what the file is.
func (r *reader) need(node *yaml.Node, path string) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			r.need(node.Content[i+1], path+"."+node.Content[i].Value)
		}
	case yaml.ScalarNode:
		if path != ".apiVersion" && path != ".kind" {
			r.needed[node.Line] = true
		}
	case yaml.DocumentNode, yaml.SequenceNode:
		for _, item := range node.Content {
			r.need(item, path)
		}
	case yaml.AliasNode:
		r.problem(node.Line, "an alias has no mark of its own: write the value")
	}
}

// readLine reads the mark of a line.
func (r *reader) readLine(number int, line string) {
	stated := regexp.MustCompile(`\S # STATED(\((?:card|post)\))? (.+), (\d{4}-\d{2}(?:-\d{2})?)$`)
	// A line that only opens a block needs none; one that it has is to be right all the same.
	meant := regexp.MustCompile(`(?i)\S +# *(stated|ours)\b`)
	ours := regexp.MustCompile(`\S # OURS (\S.{3,})$`)
	switch {
	case stated.MatchString(line):
		parts := stated.FindStringSubmatch(line)
		name, where, found := strings.Cut(parts[2], ", ")
		date, known := r.sources[name]
		switch {
		case !found || where == "":
			r.problem(number, "the mark must say where in %q it stands", name)
		case !known:
			r.problem(number, "the document %q is not among the sources at the head of the file", name)
		case date != parts[3]:
			r.problem(number, "%q is of %s by the list of sources, and of %s by the mark", name, date, parts[3])
		}
		r.marks.All = append(r.marks.All, Mark{Line: number, Stated: true, Document: name, Date: parts[3], Why: where})
	case ours.MatchString(line):
		r.marks.All = append(r.marks.All, Mark{Line: number, Why: ours.FindStringSubmatch(line)[1]})
	case r.needed[number]:
		r.problem(number, "it states a value and has no mark: end it in # STATED document, where, date or # OURS why: %s", strings.TrimSpace(line))
	case meant.MatchString(line):
		r.problem(number, "the mark cannot be read: write # STATED document, where, date or # OURS why: %s", strings.TrimSpace(line))
	}
}
