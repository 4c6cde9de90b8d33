// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// promptfooRow is the outcome of one test of one prompt by one provider.
type promptfooRow struct {
	ID            word               `json:"id"`
	PromptIdx     count              `json:"promptIdx"`
	Provider      jsontext.Value     `json:"provider"`
	Success       jsontext.Value     `json:"success"`
	FailureReason jsontext.Value     `json:"failureReason"`
	Error         jsontext.Value     `json:"error"`
	Grading       jsontext.Value     `json:"gradingResult"`
	Scores        map[string]decimal `json:"namedScores"`
	Metadata      promptfooAttack    `json:"metadata"`
	TestCase      struct {
		Metadata promptfooAttack `json:"metadata"`
	} `json:"testCase"`
}

// promptfooAttack says of a red-team test which attack it was.
type promptfooAttack struct {
	Plugin   word `json:"pluginId"`
	Strategy word `json:"strategyId"`
}

func promptfooRowMembers() []string {
	return []string{
		"id", "promptIdx", "provider", "success", "failureReason", "error", "gradingResult", "namedScores", "metadata", "testCase",
	}
}

// targets are where the members of a row are read to.
func (row *promptfooRow) targets() map[string]any {
	return map[string]any{
		"id": &row.ID, "promptIdx": &row.PromptIdx, "provider": &row.Provider, "success": &row.Success,
		"failureReason": &row.FailureReason, "error": &row.Error, "gradingResult": &row.Grading,
		"namedScores": &row.Scores, "metadata": &row.Metadata, "testCase": &row.TestCase,
	}
}

// promptfooRows adds up the rows.
type promptfooRows struct {
	prompts []promptfooPrompt
	limits  Limits
	total   tally
	groups  map[string]*promptfooGroup
	// columns counts by promptIdx; indexed is the number of rows that have one.
	columns map[int64]*tally
	indexed int64
	// reasoned is the number of rows that say why they failed.
	reasoned int64
	// ids are those of the rows, and duplicates counts those that occurred before.
	ids        distinct
	duplicates int
	// inverted counts rows that are a success against their own grading.
	inverted int
	// keys is the number of results there will be, or a few more.
	keys int
}

// promptfooGroup is what one provider did.
type promptfooGroup struct {
	tally
	id         string // of the provider, where its label is the name
	prompts    map[int64]*tally
	plugins    map[string]*tally
	strategies map[string]*tally
	named      map[string]*promptfooNamed
	columns    int
}

// promptfooNamed is one named score: a sum over the tests, which the header has, and the rows.
type promptfooNamed struct {
	stated                bool
	sum, counts, weights  mean
	perRow                mean
	rows, byWeight        float64
	header                float64
	weighted, opaque      bool
	hasCounts, hasWeights bool
}

func newPromptfooRows(prompts []promptfooPrompt, limits Limits) *promptfooRows {
	r := &promptfooRows{
		prompts: prompts, limits: limits, groups: map[string]*promptfooGroup{},
		columns: map[int64]*tally{},
	}
	for _, p := range prompts {
		if p.Provider == "" {
			continue // the rows name it, or nothing does
		}
		group := r.group(p.Provider)
		group.columns++
		for name, sum := range p.Metrics.Sums {
			r.named(group, name).state(name, sum, p.Metrics)
		}
	}
	return r
}

func (r *promptfooRows) group(provider string) *promptfooGroup {
	group, ok := r.groups[provider]
	if !ok {
		group = &promptfooGroup{
			prompts: map[int64]*tally{}, plugins: map[string]*tally{}, strategies: map[string]*tally{},
			named: map[string]*promptfooNamed{},
		}
		r.groups[provider] = group
		r.keys += 2
	}
	return group
}

func (r *promptfooRows) named(g *promptfooGroup, name string) *promptfooNamed {
	named, ok := g.named[name]
	if !ok {
		r.keys++
		named = &promptfooNamed{}
		g.named[name] = named
	}
	return named
}

// state takes in what the metrics of one prompt say of a named score.
func (n *promptfooNamed) state(name string, sum decimal, metrics promptfooMetrics) {
	n.stated = true
	n.sum.add(sum)
	if value, ok := sum.float(); ok {
		n.header += value
	}
	n.hasCounts = n.hasCounts || metrics.Counts != nil
	n.counts.add(metrics.Counts[name])
	if weight, ok := metrics.Weights[name]; ok {
		n.weighted, n.hasWeights = true, true
		n.weights.add(weight)
	}
}

// read takes one row in.
func (r *promptfooRows) read(value jsontext.Value) error {
	var row promptfooRow
	if err := decodeValue("results", value, &row); err != nil {
		return err
	}
	return r.take(row)
}

func (r *promptfooRows) take(row promptfooRow) error {
	provider, id, err := r.provider(row)
	if err != nil {
		return err
	}
	group := r.group(provider)
	if group.id == "" {
		group.id = id
	}
	outcome := row.verdict()
	if outcome == verdictPassed && row.gradedBad() {
		r.inverted++
	}
	r.total.add(outcome)
	group.add(outcome)
	if row.PromptIdx.n != nil {
		r.indexed++
		r.keys += countIn(r.columns, *row.PromptIdx.n, outcome)
		r.keys += countIn(group.prompts, *row.PromptIdx.n, outcome)
	}
	if row.FailureReason.Kind() == '0' {
		r.reasoned++
	}
	if row.ID != "" && r.ids.add(string(row.ID)) {
		r.duplicates++
	}
	if err := r.attack(group, row, outcome); err != nil {
		return err
	}
	if err := r.scores(group, row); err != nil {
		return err
	}
	if r.keys > r.limits.Results {
		return tooManyResults(r.limits)
	}
	return nil
}

// provider is the provider's name as the prompts have it, which is its label where it has one, and its id.
func (r *promptfooRows) provider(row promptfooRow) (name, id string, err error) {
	var stated struct {
		ID    word `json:"id"`
		Label word `json:"label"`
	}
	var target any = &stated
	if row.Provider.Kind() == '"' {
		target = &stated.ID
	}
	if err := decodeValue("results.provider", row.Provider, target); err != nil {
		return "", "", err
	}
	name, id = string(stated.Label), string(stated.ID)
	if name == "" {
		name = id
	}
	if n := row.PromptIdx.n; name == "" && n != nil && *n < int64(len(r.prompts)) {
		name = r.prompts[*n].Provider
	}
	if err := checkName("results.provider", name); err != nil {
		return "", "", err
	}
	return name, id, checkName("results.provider.id", id)
}

// verdict is what became of a test. Before version 3 a row that failed does not say why: one that was never
// graded and holds an error is one.
func (row promptfooRow) verdict() verdict {
	reason := string(row.FailureReason)
	switch {
	case reason == "2":
		return verdictErrored
	case row.Success.Kind() == 't':
		return verdictPassed
	case row.Success.Kind() != 'f':
		return verdictUnjudged
	case reason == "" && row.Error.Kind() == '"' && row.Grading.Kind() != '{':
		return verdictErrored
	}
	return verdictFailed
}

func (r *promptfooRows) attack(g *promptfooGroup, row promptfooRow, outcome verdict) error {
	for _, kind := range []struct {
		table         map[string]*tally
		path          string
		own, fromTest word
	}{
		{g.plugins, "results.metadata.pluginId", row.Metadata.Plugin, row.TestCase.Metadata.Plugin},
		{g.strategies, "results.metadata.strategyId", row.Metadata.Strategy, row.TestCase.Metadata.Strategy},
	} {
		name := string(kind.own)
		if name == "" {
			name = string(kind.fromTest)
		}
		if name == "" {
			continue
		}
		if err := checkName(kind.path, name); err != nil {
			return err
		}
		r.keys += 2 * countIn(kind.table, name, outcome)
	}
	return nil
}

func (r *promptfooRows) scores(g *promptfooGroup, row promptfooRow) error {
	if len(row.Scores) == 0 {
		return nil
	}
	var grading struct {
		Weights map[string]decimal `json:"namedScoreWeights"`
	}
	if row.Grading.Kind() == '{' {
		if err := decodeValue("results.gradingResult", row.Grading, &grading); err != nil {
			return err
		}
	}
	for name, score := range row.Scores {
		if err := checkName("results.namedScores", name); err != nil {
			return err
		}
		named := r.named(g, name)
		named.perRow.add(score)
		value, _ := score.float()
		weight, weighed := grading.Weights[name].float()
		named.rows += value
		named.byWeight += value * weight
		// Without the weight of this test in a weighted sum there is nothing to compare.
		named.opaque = named.opaque || named.weighted && !weighed
	}
	return nil
}

// onlyProvider is the provider of all rows, empty where there are several.
func (r *promptfooRows) onlyProvider() string {
	if len(r.groups) != 1 {
		return ""
	}
	return sortedKeys(r.groups)[0]
}

func (r *promptfooRows) results() ([]Result, error) {
	var results []Result
	for provider, group := range r.groups {
		stems := []string{provider + "/"}
		if provider == "" && len(r.groups) == 1 {
			stems[0] = "" // the first versions do not name it
		}
		if group.id != "" && group.id != provider {
			stems = append(stems, group.id+"/")
		}
		results = append(results, group.results(stems)...)
		results = append(results, group.promptResults(stems, r.prompts)...)
	}
	for _, result := range results {
		if err := checkName("results", result.Selector); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(results, bySelector)
	return results, nil
}

// results are those of one provider, whose names are stems of the selectors, with a slash at their end; the
// last form has none and selects where the file has one provider.
func (g *promptfooGroup) results(stems []string) []Result {
	named := func(tail string) (string, []string) {
		var aliases []string
		if stems[0] != "" {
			aliases = append(aliases, tail)
		}
		for _, stem := range stems[1:] {
			aliases = append(aliases, stem+tail)
		}
		return stems[0] + tail, aliases
	}
	var results []Result
	add := func(rate func(string, ...string) Result, tail string) {
		selector, aliases := named(tail)
		results = append(results, rate(selector, aliases...))
	}
	add(g.passRate, "passRate")
	if len(g.plugins) > 0 {
		add(g.failRate, "asr")
	}
	for kind, table := range map[string]map[string]*tally{"plugin/": g.plugins, "strategy/": g.strategies} {
		for name, t := range table {
			add(t.passRate, kind+name+"/passRate")
			add(t.failRate, kind+name+"/asr")
		}
	}
	for name, score := range g.named {
		selector, aliases := named("namedScore/" + name)
		results = append(results, score.result(selector, aliases, g.columns))
	}
	return results
}

// result is the mean of a named score. A sum without a number of contributions is a metric that the tool
// derived from others.
func (n *promptfooNamed) result(selector string, aliases []string, columns int) Result {
	r := Result{Selector: selector, Aliases: aliases}
	if n.perRow.n > 0 {
		r.Planned, r.Judged = new(n.perRow.n), new(n.perRow.n)
	}
	switch {
	case !n.stated:
		r.Value = n.perRow.value()
	case n.hasWeights:
		r.Value = n.sum.over(&n.weights)
	case n.counts.n > 0:
		r.Value = n.sum.over(&n.counts)
	case n.hasCounts && columns == 1:
		r.Value = n.sum.value()
	default:
		r.Value = n.perRow.value()
	}
	return r
}

// promptResults are those of each prompt, where a provider was sent several.
func (g *promptfooGroup) promptResults(stems []string, prompts []promptfooPrompt) []Result {
	if len(g.prompts) < 2 {
		return nil
	}
	var results []Result
	for index, t := range g.prompts {
		var aliases []string
		number := strconv.FormatInt(index, 10)
		for _, stem := range stems[1:] {
			aliases = append(aliases, stem+number+"/passRate")
		}
		if index < int64(len(prompts)) && prompts[index].Label != "" {
			for _, stem := range stems {
				aliases = append(aliases, stem+prompts[index].Label+"/passRate")
			}
		}
		results = append(results, t.passRate(stems[0]+number+"/passRate", aliases...))
	}
	return results
}
