// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

// plain is the form that the documentation of Result.Value promises.
var plain = regexp.MustCompile(`^(-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?)?$`)

func FuzzRead(f *testing.F) {
	for _, name := range seedFiles(f) {
		text := testFile(f, name)
		f.Add(text)
		f.Add(zipOf(f, entry{inspectHeader, string(text), zip.Store}))
		f.Add(tarOf(f, tarred{name: "run/stats.json", body: "[]"}, tarred{name: "run/run_spec.json", body: string(text)}))
	}
	f.Add(gzipped(f, tarOf(f, tarred{name: "stats.json", body: "[]"})))
	f.Add([]byte(logStart + "}"))
	f.Add(zipOf(f, entry{inspectJournal, logStart + "}", zip.Store}))
	f.Add(zipOf(f, entry{inspectHeader, logStart + "}", 93}))
	f.Add(zipOf(f, entry{inspectHeader, logStart + "}", zip.Deflate}, entry{inspectHeader, "{}", zip.Store}))
	f.Fuzz(checkReading)
}

func FuzzInspect(f *testing.F) { fuzzFormat(f, InspectJSON, "inspect.json", "inspect_v1.json") }

// FuzzInspectHeader changes the header of an archive, and not the archive around it.
func FuzzInspectHeader(f *testing.F) {
	f.Add(testFile(f, "inspect.json"), zip.Deflate)
	f.Add(testFile(f, "inspect_v1.json"), uint16(93))
	f.Fuzz(func(t *testing.T, header []byte, method uint16) {
		if method != 93 {
			method = zip.Deflate
		}
		checkReading(t, zipOf(t, entry{inspectHeader, string(header), method}))
	})
}

func FuzzLMEval(f *testing.F) { fuzzFormat(f, LMEval, "lmeval.json") }

func FuzzLMEvalLegacy(f *testing.F) { fuzzFormat(f, LMEvalLegacy, "lmeval_legacy.json") }

// fuzzFormat fuzzes one format from files of testdata, which must be read as that format: a seed that no
// reader claims would try nothing.
func fuzzFormat(f *testing.F, format Format, seeds ...string) {
	f.Helper()
	for _, name := range seeds {
		raw := testFile(f, name)
		m, err := readBytes(raw)
		if err != nil || m.Format != format {
			f.Fatalf("%s is read as %q, %v; want %s", name, m.Format, err, format)
		}
		f.Add(raw)
	}
	f.Fuzz(checkReading)
}

// seedFiles are all result files of testdata.
func seedFiles(tb testing.TB) []string {
	tb.Helper()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		tb.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names
}

// checkReading holds for every file: two readings agree, and both a refusal and a measurement keep the
// promises of the documentation.
func checkReading(t *testing.T, file []byte) {
	t.Helper()
	m, err := readBytes(file)
	again, errAgain := readBytes(file)
	if diff := cmp.Diff(m, again); diff != "" || (err == nil) != (errAgain == nil) {
		t.Fatalf("two readings differ: %v, %v\n%s", err, errAgain, diff)
	}
	if err != nil {
		checkRefusal(t, m, err, errAgain)
		return
	}
	checkMeasurement(t, file, m)
}

func checkRefusal(t *testing.T, m Measurement, err, again error) {
	t.Helper()
	if _, ok := errors.AsType[*UnreadableError](err); !ok {
		t.Fatalf("error = %v, want Unreadable: the storage is sound", err)
	}
	if err.Error() != again.Error() || len(err.Error()) > 2048 {
		t.Fatalf("reasons: %v; %v", err, again)
	}
	if diff := cmp.Diff(Measurement{}, m); diff != "" {
		t.Fatalf("an unreadable file has a measurement:\n%s", diff)
	}
}

func checkMeasurement(t *testing.T, file []byte, m Measurement) {
	t.Helper()
	if m.SHA256 != digestOf(file) || m.Format == "" || m.Tool == "" {
		t.Fatalf("measurement = %+v", m)
	}
	if m.Finished != (m.EndMarker != "") || m.Finished == (m.Unfinished != "") {
		t.Fatalf("finished %v, end marker %q, unfinished %q", m.Finished, m.EndMarker, m.Unfinished)
	}
	if len(m.Results) > DefaultLimits().Results || len(m.Warnings) > 100 {
		t.Fatalf("%d results, %d warnings", len(m.Results), len(m.Warnings))
	}
	for _, text := range append([]string{m.Tool, m.ToolVersion, m.Task, m.RunID, m.Model, m.ModelPin, m.Limit}, m.Warnings...) {
		checkText(t, text)
	}
	checkText(t, m.EndMarker)
	checkText(t, m.Unfinished)
	for i, r := range m.Results {
		if i > 0 && m.Results[i-1].Selector > r.Selector {
			t.Fatalf("%q comes after %q", r.Selector, m.Results[i-1].Selector)
		}
		checkResult(t, r)
	}
}

// checkText fails for what must not get into a status or message.
func checkText(t *testing.T, text string) {
	t.Helper()
	// Selectors join a few names of at most 512 bytes; sentences quote at most one or two.
	if len(text) > 4*512 || strings.ContainsFunc(text, unicode.IsControl) {
		t.Fatalf("a text of %d bytes: %.600q", len(text), text)
	}
}

func checkResult(t *testing.T, r Result) {
	t.Helper()
	for _, text := range append([]string{r.Selector, r.Task, r.TaskVersion, r.Scale}, r.Aliases...) {
		checkText(t, text)
	}
	for _, value := range []string{r.Value, r.StandardError, r.Low, r.High} {
		if !plain.MatchString(value) || len(value) > 70 {
			t.Fatalf("%q has the value %q", r.Selector, value)
		}
	}
	if strings.HasPrefix(r.StandardError, "-") || r.Judged != nil && *r.Judged == 0 && r.HasData() {
		t.Fatalf("result = %+v", r)
	}
	if (r.Low == "") != (r.High == "") || r.Low != "" && !r.HasData() {
		t.Fatalf("%q has the value %q and the interval [%q, %q]", r.Selector, r.Value, r.Low, r.High)
	}
	for _, n := range []*int64{r.Planned, r.Judged, r.Unjudged, r.Errored} {
		if n != nil && (*n < 0 || *n > 2*maxCount) {
			t.Fatalf("%q has the count %d", r.Selector, *n)
		}
	}
}
