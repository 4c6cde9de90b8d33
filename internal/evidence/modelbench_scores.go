// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// modelbenchRecord is what the scores of a record amount to.
type modelbenchRecord struct {
	limits        Limits
	task, version string
	// hazards are those the benchmark is made of, empty where the file does not list them.
	hazards  []string
	suts     []string
	endTimes []string
	results  []Result
	// reason says why the record is not that of a run that ended well; the first one found stands.
	reason string
}

type modelbenchSUT struct {
	SUT struct {
		UID word `json:"uid"`
	} `json:"sut"`
	// Benchmark is here in the records of a single score.
	Benchmark    modelbenchDefinition    `json:"benchmark_definition"`
	Hazards      []modelbenchHazardScore `json:"hazard_scores"`
	EndTime      word                    `json:"end_time"`
	Score        jsontext.Value          `json:"score"`
	NumericGrade jsontext.Value          `json:"numeric_grade"`
	TextGrade    word                    `json:"text_grade"`
}

type modelbenchHazardScore struct {
	Hazard       modelbenchHazard `json:"hazard_definition"`
	Score        jsontext.Value   `json:"score"`
	Exceptions   count            `json:"exceptions"`
	Scored       count            `json:"num_scored_items"`
	Safe         count            `json:"num_safe_items"`
	NumericGrade jsontext.Value   `json:"numeric_grade"`
	TextGrade    word             `json:"text_grade"`
}

// modelbenchEstimate is the fraction of safe answers with its 95 % interval.
type modelbenchEstimate struct {
	Estimate decimal `json:"estimate"`
	Lower    decimal `json:"lower"`
	Upper    decimal `json:"upper"`
	Samples  count   `json:"samples"`
}

func (r *modelbenchRecord) doubt(reason string) {
	if r.reason == "" {
		r.reason = reason
	}
}

func (r *modelbenchRecord) unfinished() string {
	if len(r.suts) == 0 {
		return "the record has no score"
	}
	return r.reason
}

// define takes the benchmark's definition, where the file has one.
func (r *modelbenchRecord) define(benchmark modelbenchDefinition) {
	if benchmark.UID == "" {
		return
	}
	r.task = string(benchmark.UID)
	for _, h := range benchmark.Hazards {
		r.hazards = append(r.hazards, string(h.UID))
	}
}

// readAll reads the scores of all systems under test.
func (r *modelbenchRecord) readAll(doc *document) error {
	if !doc.is("scores", '[') {
		var only modelbenchSUT
		if err := doc.decode("score", &only); err != nil {
			return err
		}
		if err := checkName("score.benchmark_definition.uid", string(only.Benchmark.UID)); err != nil {
			return err
		}
		r.define(only.Benchmark)
		return r.add(only)
	}
	// The selectors depend on how many systems there are.
	var all []modelbenchSUT
	err := doc.each("scores", func(element jsontext.Value) error {
		var score modelbenchSUT
		if err := decodeValue("scores", element, &score); err != nil {
			return err
		}
		if len(all) == r.limits.Results {
			return tooManyResults(r.limits)
		}
		all = append(all, score)
		return nil
	})
	if err != nil {
		return err
	}
	for _, score := range all {
		if err := r.add(score); err != nil {
			return err
		}
	}
	return nil
}

// add reads the scores of one system.
func (r *modelbenchRecord) add(score modelbenchSUT) error {
	sut := string(score.SUT.UID)
	if err := checkName("scores.sut.uid", sut); err != nil {
		return err
	}
	if slices.Contains(r.suts, sut) {
		r.doubt("a system under test occurs twice: which score counts is not known")
	}
	r.suts = append(r.suts, sut)
	if score.EndTime == "" {
		r.doubt("a score has no end_time: the run of the system is not over")
	} else {
		r.endTimes = append(r.endTimes, string(score.EndTime))
	}
	total := modelbenchTotal{}
	seen := map[string]bool{}
	for _, hazard := range score.Hazards {
		uid := string(hazard.Hazard.UID)
		if err := checkName("hazard_scores.hazard_definition.uid", uid); err != nil {
			return err
		}
		if seen[uid] {
			r.doubt("a hazard occurs twice for one system: which score counts is not known")
		}
		seen[uid] = true
		if err := r.addHazard(sut, uid, hazard, &total); err != nil {
			return err
		}
	}
	if len(score.Hazards) == 0 {
		r.doubt("a score has no hazard_scores: nothing was measured")
	}
	for _, uid := range r.hazards {
		if !seen[uid] {
			r.doubt("a hazard of the benchmark has no score: the grade is over a part of the benchmark")
		}
	}
	return r.addTotal(sut, score, total)
}

// modelbenchTotal sums the items of all hazards of a system; nil is unknown.
type modelbenchTotal struct {
	counted                 int
	judged, errored         int64
	judgedKnown, errorKnown int
	// scored and safe are of the hazards that have an estimate and state both.
	scored, safe int64
	estimates    int
}

// fraction is the share of safe items; false where it is not known of every hazard.
func (t *modelbenchTotal) fraction() (float64, bool) {
	return float64(t.safe) / float64(t.scored), t.estimates == t.counted && t.scored > 0
}

func (t *modelbenchTotal) add(judged, errored *int64) {
	t.counted++
	if judged != nil {
		t.judged += *judged
		t.judgedKnown++
	}
	if errored != nil {
		t.errored += *errored
		t.errorKnown++
	}
}

// put writes the sums into the result, where they are known and exact.
func (t *modelbenchTotal) put(r *Result) {
	if t.counted == 0 || t.judgedKnown != t.counted || t.judged > maxCount {
		return
	}
	r.Judged = new(t.judged)
	if t.errorKnown == t.counted && t.errored <= maxCount {
		r.Errored, r.Unjudged, r.Planned = new(t.errored), new(int64(0)), new(t.judged+t.errored)
	}
}

func (r *modelbenchRecord) addHazard(sut, uid string, hazard modelbenchHazardScore, total *modelbenchTotal) error {
	value := Result{Task: r.task, TaskVersion: r.version, Scale: "0..1", HigherIsBetter: new(true)}
	metric := "estimate"
	switch {
	case len(hazard.Score) == 0 || hazard.Score.Kind() == 'n':
		value.Judged = hazard.Scored.n
	case hazard.Score.Kind() == '0':
		// A score that is fitted to the items and not their mean; its scale is not stated.
		var number decimal
		if err := decodeValue("hazard_scores.score", hazard.Score, &number); err != nil {
			return err
		}
		metric, value.Scale, value.Value, value.Judged = "score", "", string(number), hazard.Scored.n
	default:
		if err := r.estimate(hazard, &value); err != nil {
			return err
		}
		if scored, safe := hazard.Scored.n, hazard.Safe.n; scored != nil && safe != nil {
			total.scored, total.safe, total.estimates = total.scored+*scored, total.safe+*safe, total.estimates+1
		}
	}
	value.Errored = hazard.Exceptions.n
	if value.Judged != nil && value.Errored != nil {
		value.Unjudged, value.Planned = new(int64(0)), new(*value.Judged+*value.Errored)
	}
	if value.Judged != nil && *value.Judged == 0 {
		value.Value, value.Low, value.High = "", "", ""
	}
	total.add(value.Judged, value.Errored)
	r.append(value, sut, uid, metric)
	grade, err := r.grade(value, hazard.NumericGrade, hazard.TextGrade)
	if err != nil {
		return err
	}
	r.append(grade, sut, uid, "numeric_grade")
	return r.room()
}

// estimate reads the fraction of safe answers, and holds it against the counts beside it.
func (r *modelbenchRecord) estimate(hazard modelbenchHazardScore, value *Result) error {
	var e modelbenchEstimate
	if err := decodeValue("hazard_scores.score", hazard.Score, &e); err != nil {
		return err
	}
	value.Value, value.Judged = string(e.Estimate), e.Samples.n
	if e.Lower != "" && e.Upper != "" && value.HasData() {
		value.Low, value.High = string(e.Lower), string(e.Upper)
	}
	estimate, ok := e.Estimate.float()
	if !ok {
		return nil
	}
	r.checkEstimate(e, estimate)
	r.checkItems(hazard, estimate, e.Samples.n)
	return nil
}

// roundingOfFractions is the room that fractions of counts are given.
const roundingOfFractions = 1e-9

// checkEstimate holds an estimate against its own interval.
func (r *modelbenchRecord) checkEstimate(e modelbenchEstimate, estimate float64) {
	if !(estimate >= 0 && estimate <= 1) {
		r.doubt("an estimate is outside of 0..1: it is no fraction of safe answers")
	}
	lower, hasLower := e.Lower.float()
	upper, hasUpper := e.Upper.float()
	if hasLower && lower > estimate+roundingOfFractions || hasUpper && upper < estimate-roundingOfFractions {
		r.doubt("an estimate is outside of its own interval")
	}
}

// checkItems holds an estimate against the items beside it, which records before 1.0 do not count.
func (r *modelbenchRecord) checkItems(hazard modelbenchHazardScore, estimate float64, samples *int64) {
	scored, safe := hazard.Scored.n, hazard.Safe.n
	if scored == nil || safe == nil || *scored == 0 {
		return
	}
	switch {
	case *safe > *scored:
		r.doubt("a hazard has more safe than scored items")
	case samples != nil && *samples > *scored:
		r.doubt("an estimate is over more samples than num_scored_items")
	case estimate > (float64(*safe)+0.5)/float64(*scored)+roundingOfFractions:
		r.doubt("an estimate is above num_safe_items / num_scored_items")
	}
}

// grade reads a grade from 1 (poor) to 5 (excellent), which security benchmarks do not give.
func (r *modelbenchRecord) grade(of Result, numeric jsontext.Value, text word) (Result, error) {
	g := of
	g.Low, g.High, g.Scale, g.Value = "", "", "1..5", ""
	var number decimal
	if err := decodeValue("numeric_grade", numeric, &number); err != nil {
		return Result{}, err
	}
	if number == "" || g.Judged != nil && *g.Judged == 0 {
		return g, nil
	}
	letters := map[decimal]word{"1": "P", "2": "F", "3": "G", "4": "VG", "5": "E"}
	letter, known := letters[number]
	switch {
	case !known:
		r.doubt("a numeric_grade is none of 1, 2, 3, 4 and 5")
	case text != "" && text != "N/A" && text != letter:
		r.doubt("a text_grade is not that of its numeric_grade")
	}
	g.Value = string(number)
	return g, nil
}

// addTotal reads the grade and the score of the whole benchmark.
func (r *modelbenchRecord) addTotal(sut string, score modelbenchSUT, total modelbenchTotal) error {
	whole := Result{Task: r.task, TaskVersion: r.version, HigherIsBetter: new(true)}
	total.put(&whole)
	grade, err := r.grade(whole, score.NumericGrade, score.TextGrade)
	if err != nil {
		return err
	}
	r.append(grade, sut, "", "numeric_grade")
	if len(score.Score) > 0 {
		var number decimal
		if err := decodeValue("scores.score", score.Score, &number); err != nil {
			return err
		}
		if whole.Judged == nil || *whole.Judged > 0 {
			whole.Value = string(number)
		}
		stated, ok := number.float()
		if counted, all := total.fraction(); ok && all && stated > counted+roundingOfFractions {
			r.doubt("the score of the benchmark is above num_safe_items / num_scored_items of its hazards")
		}
		r.append(whole, sut, "", "score")
	}
	return r.room()
}

func (r *modelbenchRecord) append(result Result, sut, hazard, metric string) {
	short := metric
	if hazard != "" {
		short = hazard + "/" + metric
	}
	result.Selector, result.Aliases = sut+"/"+short, []string{short}
	r.results = append(r.results, result)
}

func (r *modelbenchRecord) room() error {
	if len(r.results) > r.limits.Results {
		return tooManyResults(r.limits)
	}
	return nil
}
