// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// GitHub writes a workflow command for each finding, so that GitHub shows it beside the line; and for a case that did not pass
// and has none, one for the case. Last comes a line that counts, for people who read the log.
func (r *Report) GitHub(out io.Writer) error {
	b := &strings.Builder{}
	for i := range r.Cases {
		c := &r.Cases[i]
		for j := range c.Findings {
			f := &c.Findings[j]
			command(b, f.Severity, annotation{f.File, f.Line, c.Name + ": " + f.Rule, f.text()})
		}
		if c.Outcome != Pass && len(c.Findings) == 0 {
			command(b, SeverityError, annotation{c.File, c.Line, c.Name + ": " + string(c.Outcome), c.Summary})
		}
	}
	fmt.Fprintf(b, "%s: %d cases, %d passed\n", r.Command, len(r.Cases), r.Count(Pass))
	_, err := io.WriteString(out, b.String())
	return err
}

type annotation struct {
	file    string
	line    int
	title   string
	message string
}

func command(b *strings.Builder, severity Severity, a annotation) {
	name := "error"
	switch severity {
	case SeverityWarning:
		name = "warning"
	case SeverityNote:
		name = "notice"
	case SeverityError:
	}
	var properties []string
	if a.file != "" {
		properties = append(properties, "file="+property(a.file))
		if a.line > 0 {
			properties = append(properties, fmt.Sprintf("line=%d", a.line))
		}
	}
	properties = append(properties, "title="+property(a.title))
	fmt.Fprintf(b, "::%s %s::%s\n", name, strings.Join(properties, ","), data(a.message))
}

// data escapes the message of a workflow command. What moves a cursor in a log is taken away.
func data(text string) string {
	text = strings.Map(func(r rune) rune {
		if r != '\n' && r != '\r' && !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(strings.ToValidUTF8(text, "?"))
}

// property escapes a property of a workflow command.
func property(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(data(text))
}
