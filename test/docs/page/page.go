// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package page reads the Markdown of the documentation as far as its tests need it: fenced blocks with what a comment
// before them says about running them, headings, links, and text in code font.
//
// A comment that begins with "docs-test:" and stands right before a fenced block says what becomes of the block:
//
//	<!-- docs-test: skip REASON -->      it is not run, and listed with its reason
//	<!-- docs-test: exit N -->           its last command ends with this code
//	<!-- docs-test: until -->            it is run again until it succeeds and prints what the next block says
//	<!-- docs-test: as USER GROUP... --> it is run as this user
//	<!-- docs-test: file NAME -->        it is the content of this file
//	<!-- docs-test: prints -->           what the block of commands before it prints
//
// Others stand by themselves:
//
//	<!-- docs-test: own cluster -->      the page runs on a control plane of its own, with Scalegate and its manager
//	<!-- docs-test: empty cluster -->    the same without Scalegate, which the page installs
//	<!-- docs-test: with NAME=VALUE -->  NAME, as a whole word in a command, stands for VALUE
//	<!-- docs-test: setup COMMANDS -->   commands that are run and not shown, on one line or several
package page

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Shell is the language of blocks whose commands are run.
const Shell = "sh"

// Cluster says which control plane a page runs on.
type Cluster int

// Clusters, from the cheapest to the dearest.
const (
	// Shared is a control plane with Scalegate that all such pages share.
	Shared Cluster = iota
	// Own is a control plane with Scalegate for this page alone.
	Own
	// Empty is a control plane for this page alone, without Scalegate.
	Empty
)

// Page is one file of Markdown.
type Page struct {
	// Path is relative to the root of the repository, with slashes.
	Path    string
	Cluster Cluster
	// Words stand in commands for other words.
	Words map[string]string
	// Blocks are the fenced blocks and the commands of setup comments, in order.
	Blocks []Block
	// Anchors are the names by which links reach headings.
	Anchors []string
	// Links are the targets of links and images, without those in code.
	Links []Link
	// Codes are the texts in code font outside of fenced blocks.
	Codes []Link
}

// Link is the target of a link, or another text, and its line.
type Link struct {
	Text string
	Line int
}

// Block is a fenced block, or the commands of a setup comment.
type Block struct {
	// Line is that of the first line of the text, from 1.
	Line     int
	Language string
	Text     string
	// Hidden is true for a setup comment.
	Hidden bool
	// Skip is why the block is not run; empty when it is.
	Skip string
	// Exit is the code its last command ends with.
	Exit int
	// Until is true when it is run again until it says what it should.
	Until bool
	// As is a user and the groups of it; empty is a cluster admin.
	As []string
	// File is the name of the file that the block is the content of; empty is none.
	File string
	// Prints is true when the block is what the commands before it print.
	Prints bool
}

// Commands says whether the block holds commands.
func (b *Block) Commands() bool { return b.Language == Shell }

// First is the first line of the text.
func (b *Block) First() string {
	first, _, _ := strings.Cut(b.Text, "\n")
	return first
}

// Command is the first line that is no comment of a shell; the first of all where there is none.
func (b *Block) Command() string {
	for line := range strings.Lines(b.Text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return b.First()
}

// Read reads a page. An error names the file, the line and what is wrong with a comment or a block.
func Read(path, content string) (*Page, error) {
	r := &reader{page: &Page{Path: path, Words: map[string]string{}}, lines: strings.Split(content, "\n")}
	for r.next < len(r.lines) {
		r.step()
	}
	r.flush()
	if r.pending != nil {
		r.fail(r.pendingLine, "the comment is followed by no block")
	}
	return r.page, errors.Join(r.errs...)
}

// reader goes through the lines of a page.
type reader struct {
	page  *Page
	lines []string
	next  int
	errs  []error
	// paragraph are the lines of text that were read and not yet looked through; the last one is before next.
	paragraph []string
	// pending is what comments say about the block that follows them.
	pending     *Block
	pendingLine int
}

func (r *reader) fail(line int, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d: %s", r.page.Path, line, fmt.Sprintf(format, args...)))
}

// step reads a block, a comment or a line of text.
func (r *reader) step() {
	line := r.lines[r.next]
	trimmed := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(trimmed, "```"), strings.HasPrefix(trimmed, "~~~"):
		r.flush()
		r.fence(trimmed, len(line)-len(strings.TrimLeft(line, " ")))
	case strings.HasPrefix(trimmed, "<!--"):
		r.flush()
		r.comment(trimmed)
	default:
		if r.pending != nil && trimmed != "" {
			r.fail(r.pendingLine, "the comment is followed by no block")
			r.pending = nil
		}
		r.text(line)
		r.next++
	}
}

// fence reads a fenced block.
func (r *reader) fence(opening string, indent int) {
	marker := opening[:len(opening)-len(strings.TrimLeft(opening, opening[:1]))]
	b := Block{Line: r.next + 2, Language: strings.TrimSpace(opening[len(marker):])}
	var text []string
	for r.next++; ; r.next++ {
		if r.next == len(r.lines) {
			r.fail(b.Line-1, "the block does not end")
			return
		}
		line := r.lines[r.next]
		if strings.TrimSpace(line) == marker {
			r.next++
			break
		}
		text = append(text, line[min(indent, len(line)-len(strings.TrimLeft(line, " "))):])
	}
	b.Text = strings.Join(append(text, ""), "\n")
	r.add(b)
}

// add adds a block, with what the comments before it say.
func (r *reader) add(b Block) {
	if p := r.pending; p != nil {
		b.Skip, b.Exit, b.Until, b.As, b.File, b.Prints = p.Skip, p.Exit, p.Until, p.As, p.File, p.Prints
		r.pending = nil
	}
	if problem := r.problem(&b); problem != "" {
		r.fail(b.Line-1, "%s", problem)
	}
	r.page.Blocks = append(r.page.Blocks, b)
}

// problem says what is wrong with a block, or nothing.
func (r *reader) problem(b *Block) string {
	runs := b.Exit != 0 || b.Until || len(b.As) > 0
	switch {
	case b.Language == "":
		return "the block names no language: sh for commands that are run, text for what they print, or another"
	case slices.Contains([]string{"bash", "shell", "console", "shell-session"}, b.Language):
		return "commands are in blocks of the language sh, and what they print in blocks of the language text"
	case !b.Commands() && runs:
		return "only commands are run: the language is " + b.Language + " and not sh"
	case b.Commands() && (b.Prints || b.File != ""):
		return "what is printed, and files, are not in the language sh"
	case b.Commands() && strings.HasPrefix(strings.TrimSpace(b.Text), "$ "):
		return "commands stand without a prompt, so that they can be copied"
	case b.Prints && b.Skip == "" && !r.printed():
		return "no commands stand before what they print"
	}
	return ""
}

// printed says whether the block before is one of commands that are shown, or what they print.
func (r *reader) printed() bool {
	if len(r.page.Blocks) == 0 {
		return false
	}
	last := r.page.Blocks[len(r.page.Blocks)-1]
	return last.Prints || last.Commands() && !last.Hidden
}

// comment reads a comment of one or more lines.
func (r *reader) comment(first string) {
	line, text := r.next+1, first
	for !strings.Contains(text, "-->") {
		r.next++
		if r.next == len(r.lines) {
			r.fail(line, "the comment does not end")
			return
		}
		text += "\n" + r.lines[r.next]
	}
	r.next++
	text, after, _ := strings.Cut(strings.TrimPrefix(text, "<!--"), "-->")
	directive, ours := strings.CutPrefix(strings.TrimSpace(text), "docs-test:")
	if !ours {
		return
	}
	if strings.TrimSpace(after) != "" {
		r.fail(line, "nothing stands after the comment on its line")
	}
	word, rest, _ := strings.Cut(strings.TrimSpace(directive), " ")
	if i := strings.Index(word, "\n"); i >= 0 {
		word, rest = word[:i], word[i+1:]+" "+rest
	}
	rest = strings.TrimSpace(rest)
	if !r.alone(line, word, rest) {
		if r.pending == nil {
			r.pending, r.pendingLine = &Block{}, line
		}
		r.about(line, word, rest)
	}
}

// alone takes a comment that stands by itself.
func (r *reader) alone(line int, word, rest string) bool {
	switch {
	case word == "own" && rest == "cluster":
		r.page.Cluster = Own
	case word == "empty" && rest == "cluster":
		r.page.Cluster = Empty
	case word == "with":
		for pair := range strings.FieldsSeq(rest) {
			name, value, ok := strings.Cut(pair, "=")
			if !ok || name == "" {
				r.fail(line, "%q is not NAME=VALUE", pair)
			}
			r.page.Words[name] = value
		}
	case word == "setup":
		pending := r.pending
		r.pending = nil
		r.add(Block{Line: line, Language: Shell, Text: rest + "\n", Hidden: true})
		r.pending = pending
	default:
		return false
	}
	return true
}

// about takes a comment about the block that follows.
func (r *reader) about(line int, word, rest string) {
	needsRest := slices.Contains([]string{"skip", "exit", "as", "file"}, word)
	if needsRest == (rest == "") {
		r.fail(line, "after %q stands %q", word, rest)
		return
	}
	switch word {
	case "skip":
		r.pending.Skip = rest
	case "exit":
		code, err := strconv.Atoi(rest)
		if err != nil || code < 1 || code > 255 {
			r.fail(line, "%q is no exit code from 1 to 255", rest)
		}
		r.pending.Exit = code
	case "until":
		r.pending.Until = true
	case "as":
		r.pending.As = strings.Fields(rest)
	case "file":
		r.pending.File = rest
	case "prints":
		r.pending.Prints = true
	default:
		r.fail(line, "%q is none of the words that a comment for this test begins with", word)
	}
}

// Substitute puts the words of the page into commands: whole words, so that NAME does not change NAMESPACE.
func (p *Page) Substitute(commands string) string {
	words := slices.SortedFunc(maps.Keys(p.Words), func(a, b string) int { return len(b) - len(a) })
	for _, word := range words {
		commands = replaceWord(commands, word, p.Words[word])
	}
	return commands
}

func replaceWord(text, word, value string) string {
	var out strings.Builder
	for {
		i := strings.Index(text, word)
		if i < 0 {
			return out.String() + text
		}
		end := i + len(word)
		if i > 0 && wordByte(text[i-1]) || end < len(text) && wordByte(text[end]) {
			out.WriteString(text[:end])
		} else {
			out.WriteString(text[:i] + value)
		}
		text = text[end:]
	}
}

func wordByte(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
