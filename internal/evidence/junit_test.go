// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const junitMarker = "the file holds testcases: the runner writes it once, after the run"

func TestJUnitXML(t *testing.T) {
	raw := testFile(t, "junit.xml")
	row := func(selector, scale, value string, planned, judged, skipped, errored int64) Result {
		return Result{
			Selector: selector, Value: value, Scale: scale,
			Planned: &planned, Judged: &judged, Unjudged: &skipped, Errored: &errored,
		}
	}
	want := Measurement{
		Format: JUnitXML, Tool: "JUnit XML", RunID: "5f0c", Model: "lab/model-7b", ModelPin: "sha256:feed",
		Started: at("2026-10-01T08:00:00Z"), Ended: at("2026-10-01T08:00:11.5Z"),
		Finished: true, EndMarker: junitMarker, SHA256: digestOf(raw),
		Warnings: []string{"1 testcases failed at first and passed when they were run again"},
		Results: []Result{
			row("errored", "count", "1", 7, 5, 1, 1),
			row("failed", "count", "2", 7, 5, 1, 1),
			row("outer/inner/errored", "count", "0", 2, 2, 0, 0),
			row("outer/inner/failed", "count", "0", 2, 2, 0, 0),
			row("outer/inner/passRate", "0..1", "1", 2, 2, 0, 0),
			row("passRate", "0..1", "0.6", 7, 5, 1, 1),
			row("refusals/errored", "count", "1", 5, 3, 1, 1),
			row("refusals/failed", "count", "2", 5, 3, 1, 1),
			row("refusals/passRate", "0..1", "0.33333333333333333", 5, 3, 1, 1),
		},
	}
	if diff := cmp.Diff(want, mustRead(t, raw)); diff != "" {
		t.Errorf("measurement (-want +got):\n%s", diff)
	}
}

func TestJUnitOutcomes(t *testing.T) {
	for name, test := range map[string]struct{ testcase, passed, judged, skipped, errored string }{
		"an empty element passed":                        {`<testcase/>`, "1", "1", "0", "0"},
		"an element with output passed":                  {`<testcase><system-err>failure</system-err></testcase>`, "1", "1", "0", "0"},
		"a failure":                                      {`<testcase><failure/></testcase>`, "0", "1", "0", "0"},
		"a failure in another namespace":                 {`<testcase xmlns:j="urn:j"><j:failure/></testcase>`, "0", "1", "0", "0"},
		"an error":                                       {`<testcase><error/></testcase>`, "", "0", "0", "1"},
		"a failure and an error":                         {`<testcase><error/><failure/></testcase>`, "0", "1", "0", "0"},
		"a failure that was skipped":                     {`<testcase><skipped/><failure/></testcase>`, "0", "1", "0", "0"},
		"a skipped test":                                 {`<testcase><skipped message="later"/></testcase>`, "", "0", "1", "0"},
		"a disabled test":                                {`<testcase><disabled/></testcase>`, "", "0", "1", "0"},
		"a test that was not run, says an attribute":     {`<testcase status="notrun" result="suppressed"/>`, "", "0", "1", "0"},
		"a test that was run, says an attribute":         {`<testcase status="run" result="completed"/>`, "1", "1", "0", "0"},
		"a failure that only an attribute states":        {`<testcase status="FAILED"/>`, "0", "1", "0", "0"},
		"a test that an attribute says was cut off":      {`<testcase status="Timeout"/>`, "", "0", "0", "1"},
		"a test without steps, says an attribute":        {`<testcase status="undefined"/>`, "", "0", "1", "0"},
		"an error that only an attribute states":         {`<testcase status="error"/>`, "", "0", "0", "1"},
		"a test that passed when it was run again":       {`<testcase><flakyError/></testcase>`, "1", "1", "0", "0"},
		"a test that failed again":                       {`<testcase><failure/><rerunFailure/></testcase>`, "0", "1", "0", "0"},
		"a word in the output is no element":             {`<testcase><system-out>&lt;failure/&gt;</system-out></testcase>`, "1", "1", "0", "0"},
		"an element inside of another is none of a test": {`<testcase><system-out><failure/></system-out></testcase>`, "1", "1", "0", "0"},
		"a suite that broke off":                         {`<error message="setup"/>`, "", "0", "0", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := mustRead(t, []byte(`<testsuite name="s">`+test.testcase+`</testsuite>`)).Select("passRate")
			if err != nil {
				t.Fatal(err)
			}
			got := []string{r.Value, decimalOf(*r.Judged), decimalOf(*r.Unjudged), decimalOf(*r.Errored), decimalOf(*r.Planned)}
			if diff := cmp.Diff([]string{test.passed, test.judged, test.skipped, test.errored, "1"}, got); diff != "" {
				t.Errorf("value, judged, unjudged, errored, planned (-want +got):\n%s", diff)
			}
		})
	}
}

func TestJUnitUnfinished(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"no suite":                          {`<testsuites/>`, "no testcase"},
		"a suite without testcases":         {`<testsuite name="s" tests="5" failures="0"/>`, "no testcase"},
		"more failures stated than held":    {`<testsuite failures="1"><testcase/></testsuite>`, "states 1 failures and holds 0"},
		"more errors stated than held":      {`<testsuite errors="2"><testcase><error/></testcase></testsuite>`, "states 2 errors and holds 1"},
		"more failures stated at the root":  {`<testsuites failures="1"><testsuite><testcase/></testsuite></testsuites>`, "states 1 failures"},
		"errors held where failures stated": {`<testsuite failures="1"><testcase><error/></testcase></testsuite>`, "states 1 failures"},
		"a testcase within another":         {`<testsuite><testcase><testcase><failure/></testcase></testcase></testsuite>`, "within another"},
		"a testcase deep within another":    {`<testsuite><testcase><properties><testcase/></properties></testcase></testsuite>`, "within another"},
		"a number of failures without end":  {`<testsuite failures="99999999999999999999"><testcase/></testsuite>`, "failures and holds 0"},
		"failures beyond those run again":   {`<testsuite failures="3"><testcase><flakyFailure/><flakyFailure/></testcase></testsuite>`, "states 3 failures and holds 0"},
		"errors where failures were rerun":  {`<testsuite errors="1"><testcase><flakyFailure/></testcase></testsuite>`, "states 1 errors and holds 0"},
	} {
		t.Run(name, func(t *testing.T) { wantUnfinished(t, test.text, test.want) })
	}
}

// TestJUnitHeadersOff reads files whose attributes are wrong in the direction that hides nothing.
func TestJUnitHeadersOff(t *testing.T) {
	for name, test := range map[string]struct {
		text, warning string
		planned       int64
	}{
		"fewer failures stated than held":     {`<testsuite tests="1" failures="0"><testcase/><testcase><failure/></testcase></testsuite>`, "", 2},
		"elements counted in place of tests":  {`<testsuite failures="2"><testcase><failure/><failure/></testcase><testcase/></testsuite>`, "", 2},
		"no tests stated at all":              {`<testsuite tests="0"><testcase/><testcase><failure/></testcase></testsuite>`, "", 2},
		"more tests stated than held":         {`<testsuite tests="5"><testcase/><testcase/></testsuite>`, "more tests than", 5},
		"more tests stated in a suite inside": {`<testsuites><testsuite tests="3"><testcase/></testsuite><testsuite tests="1"><testcase/></testsuite></testsuites>`, "more tests than", 4},
		"attributes that are no numbers":      {`<testsuite tests="many" failures="-1" errors="1e3"><testcase/><testcase/></testsuite>`, "", 2},
		"a time without a zone":               {`<testsuite timestamp="2026-10-01T10:00:00"><testcase/><testcase/></testsuite>`, localTimes, 2},
		"runs of a test counted as tests":     {`<testsuite tests="3" failures="2"><testcase><flakyFailure/><flakyFailure/></testcase><testcase/></testsuite>`, "when they were run again", 2},
		"runs of a test that failed in each":  {`<testsuite tests="3" failures="2"><testcase><failure/><rerunFailure/></testcase><testcase/></testsuite>`, "", 2},
		"a suite whose name has a control":    {"<testsuite name=\"a\u0085b\"><testcase/><testcase/></testsuite>", "cannot be selected", 2},
		"a suite with an endless name":        {`<testsuite name="` + strings.Repeat("n", 600) + `"><testcase/><testcase/></testsuite>`, "cannot be selected", 2},
		"names of suites upon names":          {strings.Repeat(`<testsuite name="`+strings.Repeat("n", 400)+`">`, 3) + `<testcase/><testcase/>` + strings.Repeat(`</testsuite>`, 3), "cannot be selected", 2},
		"a time in words":                     {`<testsuite timestamp="Thu Oct 1 2026"><testcase/><testcase/></testsuite>`, "form that is not read", 2},
		"properties that name two models":     {`<testsuite><properties><property name="model" value="a"/><property name="Model-ID" value="b"/></properties><testcase/><testcase/></testsuite>`, "more than one model", 2},
	} {
		t.Run(name, func(t *testing.T) {
			m := mustRead(t, []byte(test.text))
			r, err := m.Select("passRate")
			if err != nil || !m.Finished || *r.Planned != test.planned {
				t.Errorf("finished %v (%s), %v, planned %v; want %d", m.Finished, m.Unfinished, err, r.Planned, test.planned)
			}
			if got := strings.Join(m.Warnings, "; "); test.warning != "" && !strings.Contains(got, test.warning) || test.warning == "" && got != "" {
				t.Errorf("warnings %q, want %q", got, test.warning)
			}
			if m.Model != "" {
				t.Errorf("model = %q, want none", m.Model)
			}
		})
	}
}

// TestJUnitElements counts testcases wherever they stand.
func TestJUnitElements(t *testing.T) {
	for name, test := range map[string]struct {
		text            string
		failed, errored string
	}{
		"a failed test within an element of another name": {`<testsuite><testcase/><group><testcase><failure/></testcase></group></testsuite>`, "1", "0"},
		"a failed test among properties":                  {`<testsuite><testcase/><properties><testcase><failure/></testcase></properties></testsuite>`, "1", "0"},
		"an element in the output of a suite":             {`<testsuite><testcase/><system-out><testcase><failure/></testcase></system-out></testsuite>`, "0", "0"},
		"an error where nothing was judged":               {`<testsuite><testcase><error/></testcase><testcase><skipped/></testcase></testsuite>`, "", "1"},
		"skipped tests alone have no number of failures":  {`<testsuite><testcase><skipped/></testcase></testsuite>`, "", ""},
	} {
		m := mustRead(t, []byte(test.text))
		failed, _ := m.Select("failed")
		errored, err := m.Select("errored")
		if err != nil || failed.Value != test.failed || errored.Value != test.errored {
			t.Errorf("%s: %q failed, %q errored, %v; want %q and %q", name, failed.Value, errored.Value, err, test.failed, test.errored)
		}
	}
}

// TestJUnitEncodings reads names in the encodings that runners declare.
func TestJUnitEncodings(t *testing.T) {
	for encoding, test := range map[string]struct{ bytes, want string }{
		"UTF-8": {"Pr\u00fcfung", "Pr\u00fcfung"}, "utf8": {"Pr\u00fcfung", "Pr\u00fcfung"}, "US-ASCII": {"Test", "Test"},
		"ISO-8859-1": {"Pr\xfcfung", "Pr\u00fcfung"}, "windows-1252": {"Pr\xfcfung \x80\x9f", "Pr\u00fcfung \u20ac\u0178"},
	} {
		m := mustRead(t, []byte(`<?xml version="1.0" encoding="`+encoding+`"?><testsuite name="`+test.bytes+`">`+strings.Repeat("<testcase/>", 300)+`</testsuite>`))
		if r, err := m.Select(test.want + "/passRate"); err != nil || r.Value != "1" || *r.Judged != 300 {
			t.Errorf("%s: %+v, %v", encoding, r, err)
		}
	}
	m := mustRead(t, []byte("<testsuite name=\"a\n b\"><testcase/></testsuite>"))
	if _, err := m.Select("a  b/passRate"); err != nil {
		t.Errorf("a line break in an attribute is not read as a space: %v", err)
	}
}

func TestJUnitTimes(t *testing.T) {
	for timestamp, want := range map[string]string{
		"2026-10-01T10:00:00Z":         "2026-10-01T10:00:00Z",
		"2026-10-01T10:00:00.5+02:00":  "2026-10-01T08:00:00.5Z",
		"2026-10-01T10:00:00.500+0200": "2026-10-01T08:00:00.5Z",
		"2026-10-01T10:00:00":          "2026-10-01T10:00:00Z",
		"2026-10-01 10:00:00":          "2026-10-01T10:00:00Z",
		"0001-01-01T00:00:00Z":         "",
		"1970-01-01T00:00:00Z":         "",
		"":                             "",
	} {
		m := mustRead(t, []byte(`<testsuite timestamp="`+timestamp+`" time="1,000.5"><testcase/></testsuite>`))
		if want == "" {
			if m.Started != nil || m.Ended != nil {
				t.Errorf("%q: started %v, ended %v; want neither", timestamp, m.Started, m.Ended)
			}
			continue
		}
		if m.Started == nil || !m.Started.Equal(*at(want)) || m.Ended == nil || m.Ended.Sub(*m.Started).Seconds() != 1000.5 {
			t.Errorf("%q: started %v, ended %v; want %s and 1000.5 s later", timestamp, m.Started, m.Ended, want)
		}
	}
}

func TestJUnitUnreadable(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"another root":                 {`<coverage><testcase/></coverage>`, "no known format"},
		"a truncated file":             {`<testsuite><testcase>`, "damaged or truncated"},
		"a document type":              {`<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase/></testsuite>`, "document type"},
		"an attribute twice":           {`<testsuite failures="1" failures="0"><testcase/></testsuite>`, "attribute twice"},
		"an encoding that is not read": {`<?xml version="1.0" encoding="UTF-32"?><testsuite><testcase/></testsuite>`, "not in UTF-8"},
		"a byte that is no ASCII":      {`<?xml version="1.0" encoding="us-ascii"?><testsuite><testcase name="t` + "\xe9" + `"/></testsuite>`, "damaged"},
		"a model without end":          {`<testsuite><properties><property name="model" value="` + strings.Repeat("m", 600) + `"/></properties><testcase/></testsuite>`, "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readText(test.text)
			wantUnreadable(t, err, test.want)
		})
	}
}

func FuzzJUnitXML(f *testing.F) { fuzzFormat(f, JUnitXML, "junit.xml") }
