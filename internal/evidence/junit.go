// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// junitXML reads JUnit XML as test runners of all languages write it. The elements are counted; what the
// attributes of a suite claim is only held against them.
type junitXML struct{}

func (junitXML) name() Format { return JUnitXML }

func (junitXML) sections() []string { return nil }

func (junitXML) claims(f *file) bool {
	return f.markup != nil && (f.markup.root == "testsuites" || f.markup.root == "testsuite")
}

func (junitXML) measure(f *file) (Measurement, error) {
	report := junitReport{limits: f.markup.limits, suites: map[string]*tally{}, models: map[string]bool{}, pins: map[string]bool{}}
	if err := f.markup.each(report.visit); err != nil {
		return Measurement{}, err
	}
	m := Measurement{Tool: "JUnit XML", RunID: report.runID, Model: onlyKey(report.models), ModelPin: onlyKey(report.pins)}
	m.Started, m.Ended = report.started, report.ended
	m.Warnings = report.warnings()
	if 3*(len(report.suites)+1) > report.limits.Results {
		return Measurement{}, tooManyResults(report.limits)
	}
	if report.total.planned() > 0 {
		m.Results = report.results()
	}
	m.finish("the file holds testcases: the runner writes it once, after the run", report.unfinished())
	return m, nil
}

// onlyKey is the one key of a set, empty where there are none or several.
func onlyKey(set map[string]bool) string {
	if len(set) != 1 {
		return ""
	}
	return sortedKeys(set)[0]
}

// junitReport adds up a file while it is read.
type junitReport struct {
	limits Limits
	// open are the suites around the current position, the root first.
	open []*junitSuite
	// test is the testcase around the current position; depth is that of the elements below it.
	test  *junitTest
	depth int

	total  tally
	suites map[string]*tally
	// flaky counts testcases that passed only when they were run again.
	flaky        int64
	contradicted string
	// missing counts tests that a suite states and does not hold: of the innermost suites, and of the root.
	missing, missingAtRoot int64

	runID          string
	models, pins   map[string]bool
	started, ended *time.Time
	// local says that a time had no zone, oddTime that one was in no known form, unnamed that a suite has a name
	// that no selector can have.
	local, oddTime, unnamed bool
}

// junitSuite is an open testsuite or the testsuites around it.
type junitSuite struct {
	name  string // with those of the suites around it
	outer bool   // it has suites inside
	// What the attributes claim; nil where they do not.
	tests, failures, errors *int64
	// What the elements hold, the suites inside included. Elements of a testcase may be counted by a
	// runner where the testcases are meant, so both are known.
	held, elements junitCount
}

type junitCount struct{ tests, failures, errors int64 }

func (c *junitCount) add(other junitCount) {
	c.tests += other.tests
	c.failures += other.failures
	c.errors += other.errors
}

// junitTest is an open testcase.
type junitTest struct {
	failures, errors int64 // elements
	// reruns counts the elements about other runs of the test; some runners count these as tests and failures.
	reruns                  junitCount
	skipped, flaky          bool
	statedFail, statedError bool // by an attribute
}

func (r *junitReport) visit(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return r.start(t)
	case xml.EndElement:
		return r.end(t)
	}
	return nil
}

func (r *junitReport) start(e xml.StartElement) error {
	name := e.Name.Local
	if r.test != nil && name == "testcase" && r.contradicted == "" {
		r.contradicted = "a testcase stands within another: which outcome belongs to which is not known"
	}
	switch {
	case r.depth > 0:
		r.depth++
	case r.test != nil:
		r.depth++
		r.test.child(name)
	case name == "testsuites", name == "testsuite":
		return r.openSuite(e)
	case name == "testcase":
		r.test = newJUnitTest(e)
	case name == "property":
		return r.property(attribute(e, "name"), attribute(e, "value"))
	case name == "error", name == "failure":
		// A suite that broke off before its tests, in the place of one of them.
		r.count(junitCount{errors: 1}, junitCount{errors: 1}, verdictErrored)
		r.depth++
	case name == "system-out", name == "system-err":
		r.depth++
	}
	// Any other element is looked into: a testcase counts wherever it stands.
	return nil
}

func (r *junitReport) end(e xml.EndElement) error {
	switch name := e.Name.Local; {
	case r.depth > 0:
		r.depth--
	case r.test != nil:
		r.endTest()
	case name == "testsuites", name == "testsuite":
		r.closeSuite()
	}
	return nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// attributeCount is a count of the attributes; nil where there is none that is a number. One that is too large
// to be meant stays a large one.
func attributeCount(e xml.StartElement, name string) *int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(attribute(e, name)), 10, 64)
	if errors.Is(err, strconv.ErrRange) && n > 0 {
		err = nil
	}
	if err != nil || n < 0 {
		return nil
	}
	return new(min(n, maxCount))
}

func (r *junitReport) openSuite(e xml.StartElement) error {
	suite := &junitSuite{
		tests: attributeCount(e, "tests"), failures: attributeCount(e, "failures"), errors: attributeCount(e, "errors"),
	}
	if len(r.open) == 0 {
		r.runID = attribute(e, "uuid")
		if err := checkName("testsuites.uuid", r.runID); err != nil {
			return err
		}
	} else {
		around := r.open[len(r.open)-1]
		around.outer = true
		suite.name = around.name
	}
	if e.Name.Local == "testsuite" {
		suite.name = r.suiteName(suite.name, attribute(e, "name"))
	}
	r.open = append(r.open, suite)
	r.times(e)
	return nil
}

// maxSuitePath bounds the names of nested suites.
const maxSuitePath = 1024

// suiteName is the name of a suite with those around it. A suite without a name, or with one that no selector
// can have, counts in the suite around it.
func (r *junitReport) suiteName(around, name string) string {
	name = strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(name) // as XML has attributes read
	if name == "" {
		return around
	}
	full := name
	if around != "" {
		full = around + "/" + name
	}
	if checkName("testsuite.name", name) != nil || len(full) > maxSuitePath {
		r.unnamed = true
		return around
	}
	return full
}

// times takes in when a suite ran.
func (r *junitReport) times(e xml.StartElement) {
	text := strings.TrimSpace(attribute(e, "timestamp"))
	if text == "" {
		return
	}
	at, local, ok := junitTime(text)
	if !ok {
		r.oddTime = true
		return
	}
	// The zero time of a language that has one means that nobody set it.
	if at.Year() <= 1970 {
		return
	}
	r.local = r.local || local
	const longest = 10 * 365 * 24 * 3600
	end := *at
	took := strings.ReplaceAll(attribute(e, "time"), ",", "")
	if duration, ok := seconds(word(took), longest); ok {
		end = at.Add(time.Duration(duration * float64(time.Second)))
	}
	if r.started == nil || at.Before(*r.started) {
		r.started = at
	}
	if r.ended == nil || end.After(*r.ended) {
		r.ended = &end
	}
}

// junitTime reads a timestamp in the forms that runners write.
func junitTime(text string) (at *time.Time, local, ok bool) {
	if at, local, err := pythonTime("testsuite.timestamp", text); err == nil {
		return at, local, true
	}
	t, err := time.Parse("2006-01-02T15:04:05Z0700", text)
	return new(t.UTC()), false, err == nil
}

// property takes in a property of a suite that names the model or its digest.
func (r *junitReport) property(name, value string) error {
	key := strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == '.' || c == ' ' {
			return -1
		}
		return c
	}, strings.ToLower(name))
	var set map[string]bool
	switch key {
	case "model", "modelid", "modelname":
		set = r.models
	case "modeldigest", "modelsha", "modelsha256", "modelrevision":
		set = r.pins
	default:
		return nil
	}
	if err := checkName("property "+key, value); err != nil {
		return err
	}
	if value != "" && len(set) < 3 {
		set[value] = true
	}
	return nil
}

// count adds what one testcase held to the suite around it, and to the totals.
func (r *junitReport) count(held, elements junitCount, v verdict) {
	r.total.add(v)
	if len(r.open) == 0 {
		return
	}
	suite := r.open[len(r.open)-1]
	suite.held.add(held)
	suite.elements.add(elements)
	countIn(r.suites, suite.name, v)
}

// closeSuite holds the attributes of a suite against what it held.
func (r *junitReport) closeSuite() {
	suite := r.open[len(r.open)-1]
	r.open = r.open[:len(r.open)-1]
	for _, claim := range []struct {
		name           string
		stated         *int64
		held, elements int64
	}{
		{"failures", suite.failures, suite.held.failures, suite.elements.failures},
		{"errors", suite.errors, suite.held.errors, suite.elements.errors},
	} {
		if claim.stated != nil && *claim.stated > max(claim.held, claim.elements) && r.contradicted == "" {
			r.contradicted = fmt.Sprintf("a suite states %d %s and holds %d: the file contradicts itself, or a part of it is missing",
				*claim.stated, claim.name, claim.held)
		}
	}
	r.noteMissing(suite)
	if len(r.open) > 0 {
		outer := r.open[len(r.open)-1]
		outer.held.add(suite.held)
		outer.elements.add(suite.elements)
	}
}

func (r *junitReport) noteMissing(suite *junitSuite) {
	held := max(suite.held.tests, suite.elements.tests)
	if suite.tests == nil || *suite.tests <= held {
		return
	}
	gap := *suite.tests - held
	if len(r.open) == 0 {
		r.missingAtRoot = gap
	}
	if !suite.outer && r.missing < maxCount {
		r.missing += gap
	}
}

func (r *junitReport) unfinished() string {
	if r.total.planned() == 0 {
		return "the file holds no testcase: nothing was run"
	}
	return r.contradicted
}

func (r *junitReport) warnings() []string {
	var warnings []string
	if r.local {
		warnings = append(warnings, localTimes)
	}
	if r.oddTime {
		warnings = append(warnings, "a suite states its time in a form that is not read")
	}
	if r.flaky > 0 {
		warnings = append(warnings, fmt.Sprintf("%d testcases failed at first and passed when they were run again", r.flaky))
	}
	if r.missing+r.missingAtRoot > 0 {
		warnings = append(warnings, "a suite states more tests than it holds testcases")
	}
	if r.unnamed {
		warnings = append(warnings, "a suite has a name that cannot be selected; it counts in what is around it")
	}
	if len(r.models) > 1 {
		warnings = append(warnings, "the properties name more than one model")
	}
	return warnings
}

func (r *junitReport) results() []Result {
	r.total.stated = r.total.planned() + max(r.missing, r.missingAtRoot)
	results := []Result{r.total.passRate("passRate"), r.total.failures("failed"), r.total.errors("errored")}
	for name, t := range r.suites {
		if name != "" {
			results = append(results, t.passRate(name+"/passRate"), t.failures(name+"/failed"), t.errors(name+"/errored"))
		}
	}
	slices.SortStableFunc(results, bySelector)
	return results
}
