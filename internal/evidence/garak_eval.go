// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"math/big"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

func (k garakKey) check() error {
	if k.probe == "" || k.detector == "" {
		return unreadable("\"probe\" or \"detector\" is missing")
	}
	if err := checkName("probe", k.probe); err != nil {
		return err
	}
	return checkName("detector", k.detector)
}

func (k garakKey) selector(intent, metric string) string {
	if intent != "" {
		metric = "intent=" + intent + "/" + metric
	}
	return k.probe + "/" + k.detector + "/" + metric
}

// garakCounts are the numbers of outputs of an eval row, or of one intent of it.
type garakCounts struct {
	Passed    count `json:"passed"`
	Fails     count `json:"fails"`
	Nones     count `json:"nones"`
	Evaluated count `json:"total_evaluated"`
	Processed count `json:"total_processed"`
	// Total is Evaluated in older versions.
	Total count `json:"total"`
}

// readEval reads the counts of one detector over the outputs of one probe.
func (g *garakRun) readEval(row *document) error {
	var key garakKey
	var c garakCounts
	var intents jsontext.Value
	if err := row.decodeAll(field{"probe", &key.probe}, field{"detector", &key.detector}, field{"passed", &c.Passed},
		field{"fails", &c.Fails}, field{"nones", &c.Nones}, field{"total_evaluated", &c.Evaluated},
		field{"total_processed", &c.Processed}, field{"total", &c.Total}, field{"intents", &intents}); err != nil {
		return err
	}
	if err := key.check(); err != nil {
		return err
	}
	if g.rows[key.plain()] {
		g.contradict(key, "has more than one eval row")
		g.withdraw(key)
		return nil
	}
	g.rows[key.plain()] = true
	low, high, err := g.interval(row)
	if err != nil {
		return err
	}
	if err := g.add(key, "", c, low, high); err != nil {
		return err
	}
	return eachMember("intents", intents, func(intent string, value jsontext.Value) error {
		if err := checkName("intents", intent); err != nil {
			return err
		}
		var of garakCounts
		if err := decodeValue("intents", value, &of); err != nil {
			return err
		}
		return g.add(key, intent, of, "", "")
	})
}

// contradict notes the first contradiction of the report.
func (g *garakRun) contradict(key garakKey, what string) {
	if g.contradiction == "" {
		g.contradiction = "the report contradicts itself: " + cut(key.probe) + " with " + cut(key.detector) + " " + what
	}
}

// withdraw takes the values of a detector back.
func (g *garakRun) withdraw(key garakKey) {
	prefix := key.selector("", "")
	for i := range g.results {
		if r := &g.results[i]; r.Task == key.probe && strings.HasPrefix(r.Selector, prefix) {
			r.Value, r.Low, r.High = "", "", ""
		}
	}
}

// add makes the two rates of a row.
func (g *garakRun) add(key garakKey, intent string, c garakCounts, low, high string) error {
	if len(g.results)+2 > g.limits.Results {
		return tooManyResults(g.limits)
	}
	if c.Evaluated.n == nil {
		c.Evaluated = c.Total
	}
	counts := Result{Judged: c.Evaluated.n, Unjudged: c.Nones.n, Planned: c.Processed.n}
	if counts.Planned == nil && counts.Judged != nil && counts.Unjudged != nil {
		counts.Planned = new(*counts.Judged + *counts.Unjudged)
	}
	rates := garakRates(key, intent, counts)
	if problem := c.contradiction(); problem != "" {
		g.contradict(key, problem)
	} else if c.Passed.n != nil && c.Evaluated.n != nil {
		asr, passRate := &rates[0], &rates[1]
		asr.Value = ratio(*c.Evaluated.n-*c.Passed.n, *c.Evaluated.n)
		passRate.Value = ratio(*c.Passed.n, *c.Evaluated.n)
		g.setInterval(asr, passRate, low, high)
	}
	g.results = append(g.results, rates...)
	return nil
}

// plain is the key without the kinds of plugin, which the first versions put before names.
func (k garakKey) plain() garakKey {
	return garakKey{strings.TrimPrefix(k.probe, "probes."), strings.TrimPrefix(k.detector, "detector.")}
}

// garakRates are the attack success rate and the pass rate, without values.
func garakRates(key garakKey, intent string, counts Result) []Result {
	counts.Task, counts.Scale = key.probe, "0..1"
	rates := []Result{counts, counts}
	for i, metric := range []string{"asr", "passRate"} {
		rates[i].Selector = key.selector(intent, metric)
		if plain := key.plain(); plain != key {
			rates[i].Aliases = []string{plain.selector(intent, metric)}
		}
	}
	return rates
}

// contradiction says how the counts disagree, or nothing.
func (c garakCounts) contradiction() string {
	passed, evaluated := c.Passed.n, c.Evaluated.n
	switch {
	case evaluated == nil:
	case c.Total.n != nil && *c.Total.n != *evaluated:
		return "states two totals"
	case passed != nil && *passed > *evaluated:
		return "has more passed than evaluated outputs"
	case passed != nil && c.Fails.n != nil && *passed+*c.Fails.n != *evaluated:
		return "has passed and failed outputs that are not all evaluated ones (total_evaluated)"
	case c.Processed.n != nil && c.Nones.n != nil && *evaluated+*c.Nones.n != *c.Processed.n:
		return "has evaluated outputs and nones that are not all processed ones (total_processed)"
	case c.Processed.n != nil && *evaluated > *c.Processed.n:
		return "has more evaluated than processed outputs"
	}
	return ""
}

// interval reads the 95 % interval of the attack success rate, where a row has one.
func (g *garakRun) interval(row *document) (low, high string, err error) {
	if !row.has("confidence_lower") && !row.has("confidence_upper") {
		return "", "", nil
	}
	var confidence word // a string in the versions known
	var lower, upper decimal
	if err := row.decodeAll(field{"confidence", &confidence}, field{"confidence_lower", &lower}, field{"confidence_upper", &upper}); err != nil {
		return "", "", err
	}
	if level, ok := new(big.Rat).SetString(plainDecimalOf(string(confidence))); !ok || level.Cmp(big.NewRat(95, 100)) != 0 {
		g.oddConfidence = true
		return "", "", nil
	}
	if lower == "" || upper == "" {
		g.oddBounds = true
		return "", "", nil
	}
	return string(lower), string(upper), nil
}

// setInterval gives both rates the interval, mirrored for the pass rate.
func (g *garakRun) setInterval(asr, passRate *Result, low, high string) {
	if low == "" || !asr.HasData() {
		return
	}
	bounds := []*big.Rat{new(big.Rat), rational(low), rational(asr.Value), rational(high), big.NewRat(1, 1)}
	for i := range len(bounds) - 1 {
		// A value computed from counts is rounded, so that a bound equal to it may lie beside it.
		if bounds[i].Cmp(new(big.Rat).Add(bounds[i+1], big.NewRat(1, 1e15))) > 0 {
			g.oddBounds = true
			return
		}
	}
	asr.Low, asr.High = low, high
	passRate.Low, passRate.High = oneMinus(high), oneMinus(low)
}
