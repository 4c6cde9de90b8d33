// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// promptfoo reads what promptfoo writes with --output or export as JSON or YAML: the results of versions 1
// to 3 and those before them, with the configuration around them or bare. The rows are the truth; the statistics are held
// against them.
type promptfoo struct{}

func (promptfoo) name() Format { return Promptfoo }

func (promptfoo) sections() []string {
	return []string{"evalId", "metadata", "stats", "version", "timestamp"}
}

func (promptfoo) claims(f *file) bool {
	if f.lines != nil && isPromptfooRow(f.lines.first) {
		return true
	}
	if f.document == nil {
		return false
	}
	_, ok := promptfooRoot(f.document)
	return ok
}

func isPromptfooRow(row *document) bool {
	return row.is("promptIdx", '0') && row.is("testIdx", '0') && (row.is("success", 't') || row.is("success", 'f')) && row.has("provider")
}

// promptfooRoot is the path of the results with a dot at its end: "results." or, where they stand bare, "".
func promptfooRoot(doc *document) (string, bool) {
	switch {
	case doc.is("results.stats", '{') && (doc.is("results.results", '[') || doc.is("results.prompts", '[') || doc.has("evalId")):
		return "results.", true
	case doc.is("stats", '{') && doc.is("results", '[') && (doc.is("table", '{') || doc.is("prompts", '[')):
		return "", true
	case doc.is("stats.successes", '0') && doc.is("results", '[') && doc.is("table", '['):
		return "", true // before versions were counted
	}
	return "", false
}

// promptfooSummary is what stands beside the rows.
type promptfooSummary struct {
	root      string
	version   word
	timestamp string
	stats     promptfooStats
	prompts   []promptfooPrompt
}

type promptfooStats struct {
	Successes count   `json:"successes"`
	Failures  count   `json:"failures"`
	Errors    count   `json:"errors"`
	Duration  decimal `json:"durationMs"`
}

// promptfooPrompt is one column of the results: a prompt sent to a provider.
type promptfooPrompt struct {
	Raw      string           `json:"raw"`
	Label    string           `json:"label"`
	Display  string           `json:"display"`
	Provider string           `json:"provider"`
	Metrics  promptfooMetrics `json:"metrics"`
}

type promptfooMetrics struct {
	Passes  count              `json:"testPassCount"`
	Fails   count              `json:"testFailCount"`
	Errors  count              `json:"testErrorCount"`
	Sums    map[string]decimal `json:"namedScores"`
	Counts  map[string]decimal `json:"namedScoresCount"`
	Weights map[string]decimal `json:"namedScoreWeights"`
}

func (promptfoo) measure(f *file) (Measurement, error) {
	if f.lines != nil && isPromptfooRow(f.lines.first) {
		return measurePromptfooLines(f.lines)
	}
	doc := f.document
	summary, err := promptfooHeader(doc)
	if err != nil {
		return Measurement{}, err
	}
	rows := newPromptfooRows(summary.prompts, doc.limits)
	if err := doc.each(summary.root+"results", rows.read); err != nil {
		return Measurement{}, err
	}
	m := Measurement{Tool: "promptfoo", Model: rows.onlyProvider()}
	if err := promptfooIdentity(&m, doc, summary); err != nil {
		return Measurement{}, err
	}
	if m.Results, err = rows.results(); err != nil {
		return Measurement{}, err
	}
	m.finish("stats: the tool writes the file once, after the run", rows.unfinished(summary))
	return m, nil
}

// measurePromptfooLines reads the rows alone, which the tool writes one by one as JSON Lines.
func measurePromptfooLines(l *lines) (Measurement, error) {
	rows := newPromptfooRows(nil, l.limits)
	err := l.each(promptfooRowMembers(), func(_ int, line *document) error {
		var row promptfooRow
		targets := row.targets()
		for _, name := range promptfooRowMembers() {
			if err := line.decode(name, targets[name]); err != nil {
				return err
			}
		}
		return rows.take(row)
	})
	if err != nil {
		return Measurement{}, err
	}
	m := Measurement{Tool: "promptfoo", Model: rows.onlyProvider()}
	if m.Results, err = rows.results(); err != nil {
		return Measurement{}, err
	}
	m.finish("", "JSON Lines of promptfoo do not say whether the run ended: let it write JSON, with --output results.json")
	return m, nil
}

func promptfooHeader(doc *document) (promptfooSummary, error) {
	var s promptfooSummary
	s.root, _ = promptfooRoot(doc)
	parts, err := doc.parts(strings.TrimSuffix(s.root, "."), "version", "timestamp", "stats")
	if err != nil {
		return s, err
	}
	var at word
	for name, target := range map[string]any{"version": &s.version, "timestamp": &at, "stats": &s.stats} {
		if err := decodeValue(s.root+name, parts[name], target); err != nil {
			return s, err
		}
	}
	s.timestamp = string(at)
	path := s.root + "prompts"
	if !doc.is(path, '[') {
		path = s.root + "table.head.prompts"
	}
	err = doc.each(path, func(value jsontext.Value) error {
		if len(s.prompts) == doc.limits.Results {
			return tooManyResults(doc.limits)
		}
		var prompt promptfooPrompt
		if value.Kind() == '"' { // the prompt itself, in the first versions
			s.prompts = append(s.prompts, prompt)
			return nil
		}
		if err := decodeValue(path, value, &prompt); err != nil {
			return err
		}
		if err := checkName(path+".provider", prompt.Provider); err != nil {
			return err
		}
		prompt.Label = promptfooLabel(prompt)
		prompt.Raw, prompt.Display = "", ""
		s.prompts = append(s.prompts, prompt)
		return nil
	})
	return s, err
}

// promptfooLabel is a prompt's own name; where it has none the tool puts the prompt itself there, which
// must not get into messages.
func promptfooLabel(p promptfooPrompt) string {
	const longest = 80
	label := p.Label
	if label == "" {
		label = p.Display
	}
	if label == p.Raw || strings.Contains(label, "{{") || len(label) > longest || checkName("label", label) != nil {
		return ""
	}
	return label
}

func promptfooIdentity(m *Measurement, doc *document, s promptfooSummary) error {
	var metadata struct {
		Version word `json:"promptfooVersion"`
	}
	var id word
	if err := doc.decode("evalId", &id); err != nil {
		return err
	}
	if doc.is("metadata", '{') {
		if err := doc.decode("metadata", &metadata); err != nil {
			return err
		}
	}
	m.RunID, m.ToolVersion = string(id), string(metadata.Version)
	if err := checkNames(namedText{"evalId", m.RunID}, namedText{"metadata.promptfooVersion", m.ToolVersion}); err != nil {
		return err
	}
	if s.version != "" && s.version != "1" && s.version != "2" && s.version != "3" {
		m.Warnings = append(m.Warnings, "the version of the results is none of those known, 1 to 3")
	}
	return promptfooTimes(m, s)
}

// promptfooTimes reads when the evaluation began, and its end where the statistics say how long it took.
func promptfooTimes(m *Measurement, s promptfooSummary) error {
	if err := setTimes(m, namedText{s.root + "timestamp", s.timestamp}, namedText{}); err != nil {
		return err
	}
	const longest = 10 * 365 * 24 * 3600 * 1000
	took, ok := seconds(word(s.stats.Duration), longest)
	// Up to version 2 the time is that of the writing, which has no duration beside it.
	if m.Started != nil && ok && s.stats.Duration != "" {
		m.Ended = new(m.Started.Add(time.Duration(took * float64(time.Millisecond))))
	}
	return nil
}

// unfinished says why the file is not the whole of a run, or nothing.
func (r *promptfooRows) unfinished(s promptfooSummary) string {
	switch {
	case r.total.planned() == 0:
		return "no test was run: " + s.root + "results has no rows"
	case r.duplicates > 0:
		return fmt.Sprintf("%sresults has %d rows with the id of another row: which one counts is not known", s.root, r.duplicates)
	case r.inverted > 0:
		return fmt.Sprintf("%sresults has %d rows that are a success although their grading failed: the file contradicts itself", s.root, r.inverted)
	}
	if reason := r.against(s.root+"stats", r.total, s.stats.Successes, s.stats.Failures, s.stats.Errors); reason != "" {
		return reason
	}
	for i, prompt := range s.prompts {
		column, ok := r.columns[int64(i)]
		if !ok {
			if r.indexed != r.total.planned() {
				break // rows before version 3 do not say which prompt they belong to
			}
			column = &tally{}
		}
		path := s.root + "prompts[" + strconv.Itoa(i) + "].metrics"
		if reason := r.against(path, *column, prompt.Metrics.Passes, prompt.Metrics.Fails, prompt.Metrics.Errors); reason != "" {
			return reason
		}
	}
	return r.namedContradiction()
}

// against compares what the rows hold with counts stated elsewhere in the file. Files before errors were
// told apart count them as failures.
func (r *promptfooRows) against(path string, rows tally, successes, failures, errors count) string {
	if successes.n != nil && *successes.n != rows.passed {
		return fmt.Sprintf("%s counts %d passed tests, the rows hold %d: the file contradicts itself", path, *successes.n, rows.passed)
	}
	if failures.n == nil {
		return ""
	}
	stated, held := *failures.n, rows.planned()-rows.passed
	if errors.n != nil {
		stated += *errors.n
	}
	if stated != held {
		return fmt.Sprintf("%s counts %d failed tests and errors, the rows hold %d: the file contradicts itself", path, stated, held)
	}
	if errors.n != nil && r.reasoned == r.total.planned() && *failures.n > rows.failed {
		return fmt.Sprintf("%s counts %d failed tests, the rows hold %d: the file contradicts itself", path, *failures.n, rows.failed)
	}
	return ""
}

// namedContradiction compares the sums of named scores with those of the rows, where the rows say enough.
func (r *promptfooRows) namedContradiction() string {
	for _, provider := range sortedKeys(r.groups) {
		group := r.groups[provider]
		for _, name := range sortedKeys(group.named) {
			named := group.named[name]
			if !named.stated || named.opaque || named.derived() {
				continue
			}
			held, stated := named.rows, named.header
			if named.weighted {
				held = named.byWeight
			}
			if differ(held, stated, 1e-6*(1+math.Abs(stated))) {
				return fmt.Sprintf("the sum of the named score %q of %q is not that of the rows: the file contradicts itself",
					cut(name), cut(provider))
			}
		}
	}
	return ""
}

// derived reports whether the tool computed the score from others (derivedMetrics): the rows do not have it,
// and nothing was counted for it.
func (n *promptfooNamed) derived() bool {
	return n.perRow.n == 0 && n.counts.n == 0 && n.weights.n == 0
}

// gradedBad reports whether the assertions of a row failed, by its grading.
func (row *promptfooRow) gradedBad() bool {
	var grading struct {
		Pass jsontext.Value `json:"pass"`
	}
	return row.Grading.Kind() == '{' && decodeValue("results.gradingResult", row.Grading, &grading) == nil && grading.Pass.Kind() == 'f'
}

func sortedKeys[V any](table map[string]V) []string {
	keys := make([]string, 0, len(table))
	for key := range table {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
