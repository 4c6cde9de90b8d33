// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// text reads a line outside of blocks and comments.
func (r *reader) text(line string) {
	heading, ok := headingOf(line)
	if ok {
		r.page.Anchors = append(r.page.Anchors, r.unused(Slug(heading)))
	}
	if strings.TrimSpace(line) == "" {
		r.flush()
	}
	r.paragraph = append(r.paragraph, line)
	if ok {
		r.next++
		r.flush()
		r.next--
	}
}

// flush looks through the lines of a paragraph for links and text in code font, which may go over the end of a line.
func (r *reader) flush() {
	first := r.next - len(r.paragraph) + 1
	text := strings.Join(r.paragraph, "\n")
	r.paragraph = nil
	plain := &strings.Builder{}
	for i, part := range strings.Split(text, "`") {
		if i%2 == 0 {
			plain.WriteString(part)
			continue
		}
		line := first + strings.Count(plain.String(), "\n")
		r.page.Codes = append(r.page.Codes, Link{strings.Join(strings.Fields(part), " "), line})
		plain.WriteString("code" + strings.Repeat("\n", strings.Count(part, "\n")))
	}
	for _, link := range links().FindAllStringSubmatchIndex(plain.String(), -1) {
		group := 2
		if link[2] < 0 {
			group = 4
		}
		r.page.Links = append(r.page.Links, Link{plain.String()[link[group]:link[group+1]], first + strings.Count(plain.String()[:link[group]], "\n")})
	}
}

// links matches the target of a link or image, in Markdown or as HTML.
func links() *regexp.Regexp {
	return regexp.MustCompile(`\]\(([^()\s]+)(?:\s"[^"]*")?\)|<(?:img|source|a)\s[^>]*(?:src|srcset|href)="([^"]+)"`)
}

func headingOf(line string) (string, bool) {
	rest := strings.TrimLeft(line, "#")
	if depth := len(line) - len(rest); depth < 1 || depth > 6 || !strings.HasPrefix(rest, " ") {
		return "", false
	}
	return strings.TrimSpace(rest), true
}

// Slug is the name by which a link reaches a heading, as forges make it: small letters, without punctuation, with hyphens for
// spaces.
func Slug(heading string) string {
	heading = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	var b strings.Builder
	for _, c := range strings.ToLower(strings.ReplaceAll(heading, "`", "")) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case c == '-', c == '_', unicode.IsLetter(c), unicode.IsDigit(c):
			b.WriteRune(c)
		}
	}
	return b.String()
}

// unused is the slug, or the slug with the first number that no heading before has.
func (r *reader) unused(slug string) string {
	candidate := slug
	for i := 1; slices.Contains(r.page.Anchors, candidate); i++ {
		candidate = slug + "-" + strconv.Itoa(i)
	}
	return candidate
}

// Says compares what was printed with the lines of a block: each occurs, in order, and "..." stands for anything, within
// a line and as a line of its own. Runs of spaces are equal to one space. It returns the first line that does not occur, or
// nothing.
func Says(printed, block string) (missing string) {
	lines := strings.Split(printed, "\n")
	for want := range strings.SplitSeq(strings.TrimRight(block, "\n"), "\n") {
		if w := strings.TrimSpace(want); w == "" || w == "..." {
			continue
		}
		pattern := pattern(want)
		i := slices.IndexFunc(lines, func(line string) bool { return pattern.MatchString(" " + single(line) + " ") })
		if i < 0 {
			return want
		}
		lines = lines[i+1:]
	}
	return ""
}

// pattern matches a line of a block. "..." as a word of its own may also stand for nothing.
func pattern(want string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(" " + single(want) + " ")
	quoted = strings.ReplaceAll(quoted, ` \.\.\. `, ` (?:.* )?`)
	quoted = strings.ReplaceAll(quoted, `\.\.\.`, `.*`)
	return regexp.MustCompile("^" + quoted + "$")
}

// single has one space for each run of spaces and tabs, and none at the ends.
func single(line string) string { return strings.Join(strings.Fields(line), " ") }
