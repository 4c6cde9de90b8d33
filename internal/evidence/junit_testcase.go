// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/xml"
	"strings"
)

// newJUnitTest reads what the attributes of a testcase say. Most runners leave the outcome to the elements
// inside; some say it here, and some only here.
func newJUnitTest(e xml.StartElement) *junitTest {
	test := &junitTest{}
	for _, name := range []string{"status", "result"} {
		switch strings.ToLower(attribute(e, name)) {
		case "failed", "failure", "fail", "regression":
			test.statedFail = true
		case "error", "errored", "broken", "aborted", "cancelled", "canceled", "timeout", "timedout":
			test.statedError = true
		case "skipped", "disabled", "ignored", "notrun", "not_run", "suppressed", "pending",
			"undefined", "untested", "inconclusive", "todo":
			test.skipped = true
		}
	}
	return test
}

// child takes in an element of a testcase. Those of Maven's Surefire say what happened in the other runs of
// the same test: rerunFailure beside a failure that stood, flakyFailure where the test passed in the end.
func (t *junitTest) child(name string) {
	switch name {
	case "failure":
		t.failures++
	case "error":
		t.errors++
	case "skipped", "disabled", "ignored":
		t.skipped = true
	case "flakyFailure":
		t.reruns.failures++
		t.flaky = true
	case "flakyError":
		t.reruns.errors++
		t.flaky = true
	case "rerunFailure":
		t.reruns.failures++
	case "rerunError":
		t.reruns.errors++
	}
}

// verdict is the worst of what was said.
func (t *junitTest) verdict() verdict {
	switch {
	case t.failures > 0:
		return verdictFailed
	case t.errors > 0:
		return verdictErrored
	case t.statedFail:
		return verdictFailed
	case t.statedError:
		return verdictErrored
	case t.skipped:
		return verdictUnjudged
	}
	return verdictPassed
}

// endTest counts the testcase that ends.
func (r *junitReport) endTest() {
	test := r.test
	r.test = nil
	outcome := test.verdict()
	held, elements := junitCount{tests: 1}, junitCount{tests: 1, failures: test.failures, errors: test.errors}
	elements.add(test.reruns)
	elements.tests += test.reruns.failures + test.reruns.errors
	if outcome == verdictFailed || test.failures > 0 {
		held.failures = 1
	}
	if outcome == verdictErrored || test.errors > 0 {
		held.errors = 1
	}
	if test.flaky && outcome == verdictPassed {
		r.flaky++
	}
	r.count(held, elements, outcome)
}

// failures is the number of samples that failed, no data where none was judged.
func (t *tally) failures(selector string) Result { return t.number(selector, t.failed) }

// errors is the number of samples that ended in an error, no data where none did and none was judged.
func (t *tally) errors(selector string) Result { return t.number(selector, t.errored) }

func (t *tally) number(selector string, n int64) Result {
	r := t.counted(selector)
	r.Scale = scaleCount
	if t.judged() > 0 || n > 0 {
		r.Value = decimalOf(n)
	}
	return r
}
