// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// sarif reads SARIF 2.1.0: findings, which have no denominator. A run without an array of results was not a
// scan without findings.
type sarif struct{}

func (sarif) name() Format { return SARIF }

func (sarif) sections() []string { return []string{"$schema", "version"} }

func (sarif) claims(f *file) bool {
	if f.document == nil {
		return false
	}
	version, schema := sarifMarks(f.document)
	_, runs := f.document.kinds["runs"]
	return runs && version == sarifVersion || strings.Contains(strings.ToLower(schema), "sarif") && (runs || version != "")
}

const sarifVersion = "2.1.0"

func sarifMarks(doc *document) (version, schema string) {
	var v, s word
	// What is not a text is no mark.
	if doc.decode("version", &v) != nil || doc.decode("$schema", &s) != nil {
		return "", ""
	}
	return string(v), string(s)
}

func (sarif) measure(f *file) (Measurement, error) {
	doc := f.document
	if version, _ := sarifMarks(doc); version != sarifVersion {
		return Measurement{}, unreadable("\"version\" of the SARIF log is not %s: convert the log", sarifVersion)
	}
	log := sarifLog{limits: doc.limits, tools: map[string]*sarifCounts{}}
	if err := log.readHeaders(doc); err != nil {
		return Measurement{}, err
	}
	if err := log.readResults(doc); err != nil {
		return Measurement{}, err
	}
	m := Measurement{Tool: "SARIF", Started: log.started, Ended: log.ended, Warnings: log.warnings()}
	if len(log.tools) == 1 && log.runs[0].tool != "" {
		m.Tool, m.ToolVersion = log.runs[0].tool, log.runs[0].version
	}
	if len(log.runs) == 1 {
		m.RunID = log.runs[0].guid
	}
	m.Model, m.ModelPin = onlyKey(log.models), onlyKey(log.pins)
	var err error
	if m.Results, err = log.results(); err != nil {
		return Measurement{}, err
	}
	m.finish("results is an array, and no invocation says that it failed", log.unfinished())
	return m, nil
}

// sarifLog adds up a file.
type sarifLog struct {
	limits Limits
	runs   []*sarifRun
	tools  map[string]*sarifCounts
	// elsewhere says that the file has results outside of its runs.
	elsewhere      bool
	guids          distinct
	repeated       bool
	models, pins   map[string]bool
	started, ended *time.Time
	// local says that a time had no zone, oddTime that one was in no known form.
	local, oddTime bool
	// oddLevels counts findings with a level that the standard does not know.
	oddLevels int64
}

// sarifCounts are the findings of one tool in all of its runs.
type sarifCounts struct {
	// unscanned says that a run of the tool has no array of results.
	unscanned                    bool
	objects, findings, dismissed int64
	// marked are the results that carry suppressions, whether these are in force or not.
	marked, notifications int64
	levels, rules         map[string]int64
}

// results that count: see [Measurement.Select].
func (c *sarifCounts) results(prefix string) []Result {
	var results []Result
	add := func(tail string, n int64) {
		r := Result{Selector: prefix + tail, Scale: scaleCount, Errored: new(c.notifications)}
		if !c.unscanned {
			r.Value = decimalOf(n)
		}
		results = append(results, r)
	}
	add("results", c.objects)
	add("findings", c.findings)
	add("suppressed", c.dismissed)
	add("withSuppressions", c.marked)
	for _, level := range sarifLevels() {
		add("findings/"+level, c.levels[level])
	}
	for rule, n := range c.rules {
		add("rule/"+rule, n)
	}
	return results
}

func (c *sarifCounts) merge(other *sarifCounts) {
	c.unscanned = c.unscanned || other.unscanned
	c.objects += other.objects
	c.findings += other.findings
	c.dismissed += other.dismissed
	c.marked += other.marked
	c.notifications += other.notifications
	for level, n := range other.levels {
		c.levels[level] += n
	}
	for rule, n := range other.rules {
		c.rules[rule] += n
	}
}

func newSARIFCounts() *sarifCounts {
	return &sarifCounts{levels: map[string]int64{}, rules: map[string]int64{}}
}

// sarifLevels are in the order of severity.
func sarifLevels() []string { return []string{"none", "note", "warning", "error"} }

func (l *sarifLog) results() ([]Result, error) {
	total := newSARIFCounts()
	for _, counts := range l.tools {
		total.merge(counts)
	}
	if len(l.tools) == 0 {
		return nil, nil
	}
	results := total.results("")
	if len(l.tools) > 1 {
		for tool, counts := range l.tools {
			results = append(results, counts.results(tool+"/")...)
		}
	}
	if len(results) > l.limits.Results {
		return nil, tooManyResults(l.limits)
	}
	slices.SortStableFunc(results, bySelector)
	return results, nil
}

func (l *sarifLog) unfinished() string {
	if len(l.runs) == 0 {
		return "runs is empty: nothing was scanned"
	}
	if l.elsewhere {
		return "results are in inlineExternalProperties, which is not read: inline them into their runs"
	}
	if l.repeated {
		return "two runs have the same automationDetails.guid: which one counts is not known"
	}
	for i, run := range l.runs {
		switch {
		case run.external:
			return fmt.Sprintf("runs[%d] has its results or invocations in other files (externalPropertyFileReferences): inline them", i)
		case run.resultsKind != '[':
			return fmt.Sprintf("runs[%d].results is missing: nothing was scanned, which is not the same as no findings", i)
		case run.failed:
			return fmt.Sprintf("runs[%d].invocations says that the tool failed (executionSuccessful is false)", i)
		}
	}
	return ""
}

func (l *sarifLog) warnings() []string {
	var warnings []string
	if l.local {
		warnings = append(warnings, localTimes)
	}
	var notifications int64
	for _, counts := range l.tools {
		notifications += counts.notifications
	}
	if notifications > 0 {
		warnings = append(warnings, fmt.Sprintf("the tool reported %d errors of its own", notifications))
	}
	if l.oddTime {
		warnings = append(warnings, "an invocation states its time in a form that is not read")
	}
	if l.oddLevels > 0 {
		warnings = append(warnings, fmt.Sprintf("%d findings have a level that SARIF does not know; they count as errors", l.oddLevels))
	}
	if len(l.models) > 1 {
		warnings = append(warnings, "the runs name more than one model")
	}
	return warnings
}

// readHeaders reads of each run what stands beside its results.
func (l *sarifLog) readHeaders(doc *document) error {
	l.models, l.pins = map[string]bool{}, map[string]bool{}
	err := doc.stream("runs", func(dec *jsontext.Decoder) error {
		return elements(dec, "runs", func() error {
			run := &sarifRun{}
			if len(l.runs) == l.limits.Results {
				return tooManyResults(l.limits)
			}
			err := members(dec, "runs", func(name string) error {
				if name == "results" {
					run.resultsKind = dec.PeekKind()
					return nil
				}
				target, wanted := run.target(name)
				if !wanted {
					return nil
				}
				value, err := held(dec, "runs."+name, l.limits)
				if err != nil {
					return err
				}
				return decodeValue("runs."+name, value, target)
			})
			if err != nil {
				return err
			}
			l.runs = append(l.runs, run)
			return l.finishHeader(run)
		})
	})
	if err != nil {
		return err
	}
	return doc.each("inlineExternalProperties", func(value jsontext.Value) error {
		var part struct {
			Results []jsontext.Value `json:"results"`
		}
		if err := decodeValue("inlineExternalProperties", value, &part); err != nil {
			return err
		}
		l.elsewhere = l.elsewhere || len(part.Results) > 0
		return nil
	})
}

func (l *sarifLog) finishHeader(run *sarifRun) error {
	if err := run.finish(); err != nil {
		return err
	}
	counts, ok := l.tools[run.tool]
	if !ok {
		counts = newSARIFCounts()
		l.tools[run.tool] = counts
	}
	counts.unscanned = counts.unscanned || run.resultsKind != '['
	counts.notifications += run.notifications
	for _, component := range run.components {
		for _, rule := range component.Rules {
			counts.rules[string(rule.ID)] += 0
		}
	}
	if len(counts.rules) > l.limits.Results {
		return tooManyResults(l.limits)
	}
	l.repeated = l.repeated || run.guid != "" && l.guids.add(run.guid)
	if run.Properties.Model != "" {
		l.models[string(run.Properties.Model)] = true
	}
	if run.Properties.Digest != "" {
		l.pins[string(run.Properties.Digest)] = true
	}
	l.times(run)
	return nil
}

// times takes in when a run began and ended: the earliest and the latest of its invocations.
func (l *sarifLog) times(run *sarifRun) {
	for _, invocation := range run.Invocations {
		start, end := l.time(string(invocation.Start)), l.time(string(invocation.End))
		if start != nil && (l.started == nil || start.Before(*l.started)) {
			l.started = start
		}
		if end != nil && (l.ended == nil || end.After(*l.ended)) {
			l.ended = end
		}
	}
}

// time reads a time; what is none is left out, with a warning.
func (l *sarifLog) time(text string) *time.Time {
	at, local, err := pythonTime("runs.invocations", text)
	l.local, l.oddTime = l.local || local, l.oddTime || err != nil
	if err != nil {
		return nil
	}
	return at
}

// readResults counts the results of each run.
func (l *sarifLog) readResults(doc *document) error {
	at := -1
	return doc.stream("runs", func(dec *jsontext.Decoder) error {
		return elements(dec, "runs", func() error {
			at++
			return members(dec, "runs", func(name string) error {
				if name != "results" {
					return nil
				}
				return elements(dec, "runs.results", func() error {
					value, err := held(dec, "runs.results", l.limits)
					if err != nil {
						return err
					}
					return l.count(l.runs[at], value)
				})
			})
		})
	})
}
