// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package verdict

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Error   *junitProblem `xml:"error,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as JUnit XML: a suite for each suite, a case for each case. What is blocked, pending or inconclusive
// is a failure, and what cannot be judged an error.
func (r *Report) JUnit(out io.Writer) error {
	all := junitSuites{Name: "scalegate " + r.Command}
	for _, name := range r.suites() {
		suite := junitSuite{Name: clean(name)}
		for i := range r.Cases {
			if r.Cases[i].Suite == name {
				suite.add(&r.Cases[i])
			}
		}
		all.Tests, all.Failures, all.Errors = all.Tests+suite.Tests, all.Failures+suite.Failures, all.Errors+suite.Errors
		all.Suites = append(all.Suites, suite)
	}
	if _, err := io.WriteString(out, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(out)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return fmt.Errorf("encoding as XML: %w", err)
	}
	_, err := io.WriteString(out, "\n")
	return err
}

func (s *junitSuite) add(c *Case) {
	made := junitCase{Class: s.Name, Name: clean(c.Name), File: clean(c.File), Line: c.Line}
	lines := []string{}
	first := c.Summary
	for i := range c.Findings {
		f := &c.Findings[i]
		lines = append(lines, fmt.Sprintf("%s %s %s %s", place(f.File, f.Line), f.Severity, f.Rule, plain(f.text())))
		if first == "" {
			first = f.text()
		}
	}
	text := clean(strings.Join(lines, "\n"))
	problem := &junitProblem{Message: clean(plain(first)), Type: string(c.Outcome), Text: text}
	s.Tests++
	switch c.Outcome {
	case Pass:
		made.Output = text
	case Blocked, Pending, Inconclusive:
		made.Failure = problem
		s.Failures++
	case Error:
		made.Error = problem
		s.Errors++
	}
	s.Cases = append(s.Cases, made)
}

// clean takes away what XML 1.0 cannot hold.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r >= ' ' && r != 0xFFFE && r != 0xFFFF {
			return r
		}
		return -1
	}, strings.ToValidUTF8(text, "?"))
}
