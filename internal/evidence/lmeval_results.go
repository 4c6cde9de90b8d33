// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxGroupSteps is far above the groups of any real benchmark.
const maxGroupSteps = 1_000_000

type sampleCount struct {
	Original  count `json:"original"`
	Effective count `json:"effective"`
}

// lmEvalTables are the parts of a file that say more about the rows of results.
type lmEvalTables struct {
	samples  map[string]sampleCount
	versions map[string]word
	better   map[string]map[string]jsontext.Value
	subtasks map[string][]string
	// counted tells the files that have sample counts, whose metrics all name a filter.
	counted bool
	// steps bounds the walk through groups of groups, all together.
	steps int
}

func lmEvalResults(doc *document) ([]Result, error) {
	tables := lmEvalTables{counted: doc.has("n-samples"), steps: maxGroupSteps}
	for _, section := range []struct {
		name   string
		target any
	}{
		{"n-samples", &tables.samples},
		{"versions", &tables.versions},
		{"higher_is_better", &tables.better},
		{"group_subtasks", &tables.subtasks},
	} {
		if err := doc.decode(section.name, section.target); err != nil {
			return nil, err
		}
	}
	for _, task := range slices.Sorted(maps.Keys(tables.samples)) {
		n := tables.samples[task]
		if n.Original.n != nil && n.Effective.n != nil && *n.Effective.n > *n.Original.n {
			return nil, unreadable("\"n-samples\" of %q: effective is %d, more than original, %d",
				cut(task), *n.Effective.n, *n.Original.n)
		}
	}
	var results []Result
	// Groups are repeated among the results by some versions, with the same values.
	for _, name := range []string{"results", "groups"} {
		found, err := tables.read(doc, name, doc.limits.Results-len(results))
		if err != nil {
			return nil, err
		}
		results = append(results, found...)
	}
	slices.SortStableFunc(results, bySelector)
	return mergeEqual(results)
}

// mergeEqual drops repetitions of sorted results, and refuses two values, or numbers of samples, for one key.
func mergeEqual(results []Result) ([]Result, error) {
	var merged []Result
	for _, r := range results {
		if len(merged) == 0 || merged[len(merged)-1].Selector != r.Selector {
			merged = append(merged, r)
			continue
		}
		if last := merged[len(merged)-1]; last.Task != r.Task || !sameReading(last, r) {
			return nil, unreadable("%q has two values in the file", cut(r.Selector))
		}
	}
	return merged, nil
}

// read makes results of one table of tasks.
func (t *lmEvalTables) read(doc *document, section string, room int) ([]Result, error) {
	var table jsontext.Value
	if err := doc.decode(section, &table); err != nil {
		return nil, err
	}
	var results []Result
	err := eachMember(section, table, func(task string, row jsontext.Value) error {
		if err := checkName(section, task); err != nil {
			return err
		}
		common := Result{Task: task, TaskVersion: string(t.versions[task])}
		common.Judged = t.judged(task)
		common.Planned = common.Judged
		if err := checkName("versions", common.TaskVersion); err != nil {
			return err
		}
		found, err := t.readRow(section, common, row)
		if err != nil {
			return err
		}
		if len(results)+len(found) > room {
			return tooManyResults(doc.limits)
		}
		results = append(results, found...)
		return nil
	})
	return results, err
}

// readRow makes results of the metrics of one task.
func (t *lmEvalTables) readRow(section string, common Result, row jsontext.Value) ([]Result, error) {
	cells := map[string]jsontext.Value{}
	filtered := t.counted
	err := eachMember(section, row, func(key string, value jsontext.Value) error {
		if err := checkName(section, key); err != nil {
			return err
		}
		cells[key] = value.Clone()
		filtered = filtered || strings.Contains(key, ",")
		return nil
	})
	if err != nil {
		return nil, err
	}
	var results []Result
	for _, key := range slices.Sorted(maps.Keys(cells)) {
		value := cells[key]
		metric, filter, hasFilter := strings.Cut(key, ",")
		if filtered != hasFilter || (!filtered && value.Kind() != '0' && value.Kind() != 'n') {
			continue // a name or a count of the row, not a metric
		}
		if base, ok := strings.CutSuffix(metric, "_stderr"); ok {
			if _, of := cells[joinKey(base, filter, hasFilter)]; of {
				continue
			}
		}
		r := common
		r.Selector = r.Task + "/" + key
		r.HigherIsBetter = t.higherIsBetter(r.Task, metric)
		if err := readCell(section, value, cells[joinKey(metric+"_stderr", filter, hasFilter)], &r); err != nil {
			return nil, err
		}
		results = append(results, r)
	}
	return results, nil
}

// readCell reads the value of a metric and its standard error, which may be absent, into the result.
func readCell(section string, value, stderr jsontext.Value, r *Result) error {
	number, err := cellNumber(section, value)
	if err != nil {
		return err
	}
	deviation, err := cellNumber(section, stderr)
	if err != nil {
		return err
	}
	if deviation.negative() {
		return unreadable("the standard error of %q is negative", cut(r.Selector))
	}
	if r.Judged == nil || *r.Judged > 0 {
		r.Value = string(number)
	}
	if r.HasData() {
		r.StandardError = string(deviation)
	}
	return nil
}

// cellNumber is a number, which the tool writes as a text where the metric made it with 32 bits; "" for any
// other text, such as "N/A".
func cellNumber(section string, value jsontext.Value) (decimal, error) {
	var text word
	err := decodeValue(section, value, &text)
	return numberIn(text), err
}

func joinKey(metric, filter string, hasFilter bool) string {
	if !hasFilter {
		return metric
	}
	return metric + "," + filter
}

func (t *lmEvalTables) higherIsBetter(task, metric string) *bool {
	switch t.better[task][metric].Kind() {
	case 't':
		return new(true)
	case 'f':
		return new(false)
	}
	return nil
}

// judged is the number of samples of a task, or of all tasks of a group, each of them once; nil where one
// of them is not stated.
func (t *lmEvalTables) judged(name string) *int64 {
	if n, ok := t.samples[name]; ok {
		return n.Effective.n
	}
	seen := map[string]bool{name: true}
	pending := slices.Clone(t.subtasks[name])
	if len(pending) == 0 {
		return nil
	}
	var sum int64
	for len(pending) > 0 {
		next := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if t.steps--; t.steps < 0 {
			return nil
		}
		if seen[next] {
			continue
		}
		seen[next] = true
		n, leaf := t.samples[next]
		switch {
		case leaf && n.Effective.n != nil:
			if sum += *n.Effective.n; sum > maxCount {
				return nil
			}
		case !leaf && len(t.subtasks[next]) > 0:
			pending = append(pending, t.subtasks[next]...)
		default:
			return nil
		}
	}
	return &sum
}
