// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// openAIMembers are the members of a row that are read; data only where it is a verdict.
func openAIMembers() []string {
	return []string{"spec", "final_report", "run_id", "event_id", "sample_id", "type", "data", "created_at"}
}

// openAILog is what the rows of a log amount to. The tool may write the final report before the last events.
type openAILog struct {
	runID                   string
	specs, reports, events  int
	report                  jsontext.Value
	otherRun, repeatedEvent bool
	eventIDs                numbers
	seen, judged, errored   distinct
	// matches and correct are of events of type match, accuracies of those of type metrics.
	matches, correct int64
	accuracies       int64
	accuracySum      float64
	lastTime         string
}

type openAIVerdict struct {
	Correct  jsontext.Value `json:"correct"`
	Accuracy jsontext.Value `json:"accuracy"`
}

func (l *openAILog) read(n int, row *document) error {
	if err := l.readRow(row); err != nil {
		return inRow(n, err)
	}
	return nil
}

func (l *openAILog) readRow(row *document) error {
	var runID word
	if err := row.decode("run_id", &runID); err != nil {
		return err
	}
	if runID != "" && l.runID == "" {
		l.runID = string(runID)
	}
	l.otherRun = l.otherRun || runID != "" && string(runID) != l.runID
	_, isSpec := row.kinds["spec"]
	_, isReport := row.kinds["final_report"]
	switch {
	case isSpec:
		l.specs++
	case isReport:
		if row.has("final_report") {
			l.reports++
		}
		return row.decode("final_report", &l.report)
	case row.is("type", '"'):
		return l.readEvent(row)
	}
	return nil
}

func (l *openAILog) readEvent(row *document) error {
	var kind, sample, at word
	var eventID count
	if err := row.decodeAll(
		field{"type", &kind}, field{"event_id", &eventID}, field{"sample_id", &sample},
		field{"created_at", &at},
	); err != nil {
		return err
	}
	l.events++
	if eventID.n != nil && l.eventIDs.add(*eventID.n) {
		l.repeatedEvent = true
	}
	if at != "" {
		l.lastTime = string(at)
	}
	if sample != "" {
		l.seen.add(string(sample))
	}
	switch kind {
	case "match", "metrics":
		l.judged.add(string(sample))
		return l.readVerdict(string(kind), row)
	case "error":
		l.errored.add(string(sample))
	}
	return nil
}

func (l *openAILog) readVerdict(kind string, row *document) error {
	var verdict openAIVerdict
	if err := row.decode("data", &verdict); err != nil {
		return err
	}
	if kind == "match" {
		l.matches++
		if truth(verdict.Correct) == 1 {
			l.correct++
		}
		return nil
	}
	if accuracy := truth(verdict.Accuracy); accuracy >= 0 {
		l.accuracies++
		l.accuracySum += accuracy
	}
	return nil
}

// truth is a boolean or a number as a number, -1 where the value is neither.
func truth(value jsontext.Value) float64 {
	if len(value) == 0 {
		return -1
	}
	switch value.Kind() {
	case 't':
		return 1
	case 'f':
		return 0
	case '0':
		if number, err := strconv.ParseFloat(string(value), 64); err == nil && number >= 0 {
			return number
		}
	}
	return -1
}

// unfinished says why the log is not that of one run that ended well, or nothing.
func (l *openAILog) unfinished() string {
	switch {
	case l.specs > 1:
		return "the file has the specs of several runs: give each run a file of its own"
	case l.otherRun:
		return "the rows are of several run ids: give each run a file of its own"
	case l.reports == 0:
		return "there is no final_report: the run is still going, or it broke off"
	case l.reports > 1:
		return "the file has several final reports: which one counts is not known"
	case l.events == 0:
		return "there is a final_report and no event: the events were not written to the end"
	case l.repeatedEvent:
		return "an event_id occurs twice: rows were added or repeated after the run"
	case l.eventIDs.beyond:
		return "there are event ids above 16777215: whether an event is repeated is not known"
	case l.contradicted():
		return "the accuracy of the final_report is not that of the events of the log"
	}
	return ""
}

// contradicted reports whether the reported accuracy is neither that of the matches nor the mean of the
// accuracies among the metrics, where the log has such events.
func (l *openAILog) contradicted() bool {
	var report struct {
		Accuracy decimal `json:"accuracy"`
	}
	if decodeValue("final_report", l.report, &report) != nil {
		return false
	}
	stated, ok := report.Accuracy.float()
	if !ok || l.matches+l.accuracies == 0 {
		return false
	}
	const rounding = 1e-6
	matches := float64(l.correct) / float64(l.matches)
	metrics := l.accuracySum / float64(l.accuracies)
	return differ(stated, matches, rounding) && differ(stated, metrics, rounding)
}

// results are the numbers of the final report.
func (l *openAILog) results(limits Limits, task string) ([]Result, error) {
	common := Result{Task: task}
	if len(l.judged.seen) > 0 {
		common.Judged = l.judged.count()
		common.Errored = known(l.errored.without(&l.judged))
		common.Unjudged = known(l.seen.without(&l.judged, &l.errored))
	}
	var results []Result
	err := eachNumber("final_report", l.report, func(key string, value decimal) error {
		if len(results) == limits.Results {
			return tooManyResults(limits)
		}
		r := common
		r.Selector, r.Value = key, string(value)
		results = append(results, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return pairDeviation(results)
}

// known is a count that the rows prove to be above zero; that none was seen proves nothing.
func known(n *int64) *int64 {
	if n == nil || *n == 0 {
		return nil
	}
	return n
}

// pairDeviation makes the bootstrapped deviation, whose name the tool misspells, that of the accuracy.
func pairDeviation(results []Result) ([]Result, error) {
	slices.SortStableFunc(results, bySelector)
	accuracy := slices.IndexFunc(results, func(r Result) bool { return r.Selector == "accuracy" })
	deviation := slices.IndexFunc(results, func(r Result) bool {
		return r.Selector == "boostrap_std" || r.Selector == "bootstrap_std"
	})
	if accuracy < 0 || deviation < 0 || !results[accuracy].HasData() {
		return results, nil
	}
	if decimal(results[deviation].Value).negative() {
		return nil, unreadable("the standard error of \"final_report/accuracy\" is negative")
	}
	results[accuracy].StandardError = results[deviation].Value
	return results, nil
}

// eachNumber visits the numbers and the absent numbers (null, NaN) of nested objects, under their joined keys.
// Whatever else there is, is passed over.
func eachNumber(path string, object jsontext.Value, visit func(key string, value decimal) error) error {
	const deepest = 4
	var walk func(prefix []string, object jsontext.Value) error
	walk = func(prefix []string, object jsontext.Value) error {
		return eachMember(path, object, func(name string, value jsontext.Value) error {
			keys := append(slices.Clone(prefix), name)
			switch value.Kind() {
			case '{':
				if len(keys) == deepest {
					return nil
				}
				return walk(keys, value.Clone())
			case '0', 'n':
				key := strings.Join(keys, "/")
				if err := checkName(path, key); err != nil {
					return err
				}
				var number decimal
				if err := decodeValue(path, value, &number); err != nil {
					return err
				}
				return visit(key, number)
			}
			return nil
		})
	}
	return walk(nil, object)
}
