// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

type inspectScores struct {
	TotalSamples     count          `json:"total_samples"`
	CompletedSamples count          `json:"completed_samples"`
	EarlyStopping    jsontext.Value `json:"early_stopping"`
	Scores           jsontext.Value `json:"scores"`
	// Version 1 of the format had one scorer.
	Scorer  jsontext.Value `json:"scorer"`
	Metrics jsontext.Value `json:"metrics"`
}

type inspectScore struct {
	Name            string         `json:"name"`
	Scorer          string         `json:"scorer"`
	Reducer         string         `json:"reducer"`
	ScoredSamples   count          `json:"scored_samples"`
	UnscoredSamples count          `json:"unscored_samples"`
	Metrics         jsontext.Value `json:"metrics"`
}

// inspectResults reads the results of all scores, and whether one of them is over a group of the samples.
func inspectResults(doc *document, eval inspectEval) (results []Result, grouped bool, err error) {
	var stated inspectScores
	if err := doc.decode("results", &stated); err != nil {
		return nil, false, err
	}
	scores, err := inspectScoreList(stated, doc.limits)
	if err != nil {
		return nil, false, err
	}
	for _, score := range scores {
		counts, err := inspectCounts(stated, score, eval.Config.Epochs)
		if err != nil {
			return nil, false, err
		}
		counts.Task, counts.TaskVersion = eval.Task, string(eval.TaskVersion)
		found, inGroups, err := scoreResults(score, counts)
		if err != nil {
			return nil, false, err
		}
		grouped = grouped || inGroups
		if results = append(results, found...); len(results) > doc.limits.Results {
			return nil, false, tooManyResults(doc.limits)
		}
	}
	slices.SortStableFunc(results, bySelector)
	return results, grouped, nil
}

func tooManyResults(limits Limits) error {
	return unreadable("the file has more than %d results", limits.Results)
}

func bySelector(a, b Result) int { return cmp.Compare(a.Selector, b.Selector) }

// inspectScoreList reads the scores of either version of the format.
func inspectScoreList(stated inspectScores, limits Limits) ([]inspectScore, error) {
	var scores []inspectScore
	if len(stated.Scorer) > 0 && stated.Scorer.Kind() != 'n' {
		if len(stated.Scores) > 0 && stated.Scores.Kind() != 'n' {
			return nil, unreadable("results has both \"scorer\" and \"scores\", of two versions of the format")
		}
		score := inspectScore{Metrics: stated.Metrics}
		var scorer struct {
			Name string `json:"name"`
		}
		var target any = &scorer
		if stated.Scorer.Kind() == '"' {
			target = &scorer.Name
		}
		if err := decodeValue("results.scorer", stated.Scorer, target); err != nil {
			return nil, err
		}
		score.Name, score.Scorer = scorer.Name, scorer.Name
		return append(scores, score), nil
	}
	err := eachElement("results.scores", stated.Scores, func(value jsontext.Value) error {
		if len(scores) == limits.Results {
			return tooManyResults(limits)
		}
		var score inspectScore
		if err := decodeValue("results.scores", value, &score); err != nil {
			return err
		}
		// The value is the decoder's and its bytes change when the next one is read.
		score.Metrics = score.Metrics.Clone()
		scores = append(scores, score)
		return nil
	})
	return scores, err
}

// inspectCounts brings the counts of a log into one unit, the independent sample: total and completed
// samples count each epoch, scored and unscored ones do not, except where a metric runs over the epochs.
// Rounding goes against the run: fewer judged, more planned and errored. A sample that is neither scored nor
// unscored nor errored is one that the scorer passed over: nobody judged it.
func inspectCounts(stated inspectScores, score inspectScore, configured count) (Result, error) {
	epochs := int64(1)
	if configured.n != nil {
		epochs = *configured.n
	}
	if epochs == 0 {
		return Result{}, unreadable("\"eval.config.epochs\" is 0")
	}
	counts, err := inspectTotals(stated, epochs)
	if err != nil {
		return Result{}, err
	}
	scored, unscored := score.ScoredSamples.n, score.UnscoredSamples.n
	if scored == nil {
		counts.Unjudged = unscored
		return counts, nil
	}
	sum := *scored
	if unscored != nil {
		sum += *unscored
	}
	total := stated.TotalSamples.n
	if total != nil && sum > *total {
		return Result{}, unreadable("results.scores: %d samples scored and unscored, more than total_samples, %d", sum, *total)
	}
	counts.Judged, counts.Unjudged = scored, unscored
	if total != nil && sum > *counts.Planned {
		counts.Judged = new(*scored / epochs)
		if unscored != nil {
			counts.Unjudged = new(ceilDiv(*unscored, epochs))
		}
	}
	if counts.Unjudged != nil && counts.Planned != nil && counts.Errored != nil {
		counts.Unjudged = new(max(*counts.Unjudged, *counts.Planned-*counts.Judged-*counts.Errored))
	}
	return counts, nil
}

// inspectTotals are the counts of all samples of a log, whatever became of them in a score.
func inspectTotals(stated inspectScores, epochs int64) (Result, error) {
	var counts Result
	total, completed := stated.TotalSamples.n, stated.CompletedSamples.n
	if total != nil {
		counts.Planned = new(ceilDiv(*total, epochs))
	}
	if completed != nil {
		counts.Judged = new(*completed / epochs)
	}
	if total == nil || completed == nil {
		return counts, nil
	}
	if *completed > *total {
		return Result{}, unreadable("results.completed_samples is %d, more than total_samples, %d", *completed, *total)
	}
	// With early stopping the gap is samples that were not needed.
	if early := stated.EarlyStopping; len(early) == 0 || early.Kind() == 'n' {
		counts.Errored = new(ceilDiv(*total-*completed, epochs))
	}
	return counts, nil
}

func ceilDiv(n, by int64) int64 { return (n + by - 1) / by }

// scoreResults makes a result of each metric of a score, all with the score's counts but those over a group.
func scoreResults(score inspectScore, counts Result) (results []Result, inGroups bool, err error) {
	if score.Name == "" {
		score.Name = score.Scorer
	}
	for _, name := range []string{score.Name, score.Scorer, score.Reducer} {
		if err := checkName("results.scores", name); err != nil {
			return nil, false, err
		}
	}
	values, grouped, err := inspectMetrics(score)
	if err != nil {
		return nil, false, err
	}
	deviation := standardErrorOfMean(values)
	if deviation.negative() {
		return nil, false, unreadable("\"results.scores.metrics.stderr\" is negative")
	}
	for name, value := range values {
		r := counts
		if grouped[name] {
			// A value over some of the samples; the log counts those of the whole score only.
			r.Planned, r.Judged, r.Unjudged, r.Errored = nil, nil, nil, nil
			inGroups = true
		}
		r.Selector, r.Aliases = scoreSelectors(score, name)
		if r.Judged == nil || *r.Judged > 0 {
			// A metric over no samples is 0 or NaN, depending on the metric.
			r.Value = string(value)
		}
		if r.HasData() && (name == "accuracy" || name == "mean") {
			r.StandardError = string(deviation)
		}
		results = append(results, r)
	}
	return results, inGroups, nil
}

// inspectMetrics are the values of a score's metrics, and which of them are over a group of the samples.
func inspectMetrics(score inspectScore) (values map[string]decimal, grouped map[string]bool, err error) {
	values, grouped = map[string]decimal{}, map[string]bool{}
	err = eachMember("results.scores.metrics", score.Metrics, func(name string, value jsontext.Value) error {
		var metric struct {
			Value decimal        `json:"value"`
			Group jsontext.Value `json:"group"`
		}
		if err := checkName("results.scores.metrics", name); err != nil {
			return err
		}
		if err := decodeValue("results.scores.metrics", value, &metric); err != nil {
			return err
		}
		values[name] = metric.Value
		grouped[name] = len(metric.Group) > 0 && metric.Group.Kind() != 'n'
		return nil
	})
	return values, grouped, err
}

// standardErrorOfMean is the value of the metric stderr, which is that of the scores' mean: it says nothing
// about a deviation or a maximum beside it. With several of them it is not known which one is meant.
func standardErrorOfMean(values map[string]decimal) decimal {
	for name := range values {
		suffix, ok := strings.CutPrefix(name, "stderr")
		if ok && suffix != "" && strings.Trim(suffix, "0123456789") == "" {
			return ""
		}
	}
	return values["stderr"]
}

// scoreSelectors are the full selector of a metric and its shorter forms: see [Measurement.Select].
func scoreSelectors(score inspectScore, metric string) (string, []string) {
	var stems []string
	if score.Scorer == "" || score.Scorer == score.Name {
		stems = []string{score.Name + "/" + metric}
	} else {
		stems = []string{
			score.Scorer + "/" + score.Name + "/" + metric,
			score.Name + "/" + metric,
			score.Scorer + "/" + metric,
		}
	}
	var selectors []string
	if score.Reducer != "" {
		for _, stem := range stems {
			selectors = append(selectors, stem+"/"+score.Reducer)
		}
	}
	selectors = append(selectors, stems...)
	return selectors[0], selectors[1:]
}
