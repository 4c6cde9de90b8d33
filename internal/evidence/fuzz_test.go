// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"archive/zip"
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plain is the form that the documentation of Result.Value promises.
var plain = regexp.MustCompile(`^(-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?)?$`)

func FuzzRead(f *testing.F) {
	for _, name := range []string{"inspect.json", "inspect_v1.json", "lmeval.json", "lmeval_legacy.json", "lookalike.json"} {
		text := testFile(f, name)
		f.Add(text)
		f.Add(zipOf(f, entry{inspectHeader, string(text), zip.Store}))
	}
	f.Add([]byte(logStart + "}"))
	f.Add(zipOf(f, entry{inspectJournal, logStart + "}", zip.Store}))
	f.Add(zipOf(f, entry{inspectHeader, logStart + "}", 93}))
	f.Add(zipOf(f, entry{inspectHeader, logStart + "}", zip.Deflate}, entry{inspectHeader, "{}", zip.Store}))
	f.Fuzz(func(t *testing.T, file []byte) {
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
	})
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
	if len(m.Results) > DefaultLimits().Results || len(m.Model) > 512 || len(m.RunID) > 512 {
		t.Fatalf("%d results, model of %d bytes", len(m.Results), len(m.Model))
	}
	for _, r := range m.Results {
		for _, value := range []string{r.Value, r.StandardError} {
			if !plain.MatchString(value) || len(value) > 70 {
				t.Fatalf("%q has the value %q", r.Selector, value)
			}
		}
		if strings.HasPrefix(r.StandardError, "-") || r.Judged != nil && *r.Judged == 0 && r.HasData() {
			t.Fatalf("result = %+v", r)
		}
		for _, n := range []*int64{r.Planned, r.Judged, r.Unjudged, r.Errored} {
			if n != nil && (*n < 0 || *n > 2*maxCount) {
				t.Fatalf("%q has the count %d", r.Selector, *n)
			}
		}
	}
}
