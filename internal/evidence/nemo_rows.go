// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"maps"
	"slices"
)

// maxProblems bounds the problems of one list: each is held until the end.
const maxProblems = 250_000

// nemoRows reads the list of problems (results.jsonl) that NeMo Evaluator writes beside a bundle.
type nemoRows struct{}

func (nemoRows) name() Format { return NeMoRows }

func (nemoRows) sections() []string { return nil }

func (nemoRows) claims(f *file) bool {
	if f.lines == nil || !f.lines.first.is("problem_idx", '0') {
		return false
	}
	return f.lines.first.is("reward", '0') || f.lines.first.is("reward", 'n')
}

// nemoProblem is what the repeats of one problem amount to.
type nemoProblem struct {
	rewards mean
	missing bool
	// seen has a bit for each of the first 64 repeats.
	seen uint64
}

type nemoTally struct {
	problems map[int64]*nemoProblem
	// repeated says that a repeat of a problem occurs twice, unclear that it cannot be told.
	repeated, unclear bool
}

func (t *nemoTally) read(n int, row *document) error {
	var index, repeat count
	var reward decimal
	if err := row.decodeAll(
		field{"problem_idx", &index}, field{"repeat", &repeat}, field{"reward", &reward},
	); err != nil {
		return inRow(n, err)
	}
	if index.n == nil {
		return inRow(n, unreadable("\"problem_idx\" is missing"))
	}
	problem := t.problems[*index.n]
	if problem == nil {
		if len(t.problems) == maxProblems {
			return unreadable("the list has more than %d problems: read the bundle (eval-*.json) beside it", maxProblems)
		}
		problem = &nemoProblem{}
		t.problems[*index.n] = problem
	}
	t.note(problem, repeat)
	problem.rewards.add(reward)
	problem.missing = problem.missing || reward == ""
	return nil
}

func (t *nemoTally) note(problem *nemoProblem, repeat count) {
	var n int64
	if repeat.n != nil {
		n = *repeat.n
	}
	if n >= 64 {
		t.unclear = true
		return
	}
	bit := uint64(1) << n
	t.repeated = t.repeated || problem.seen&bit != 0
	problem.seen |= bit
}

func (nemoRows) measure(f *file) (Measurement, error) {
	tally := nemoTally{problems: map[int64]*nemoProblem{}}
	if err := f.lines.each([]string{"problem_idx", "repeat", "reward"}, tally.read); err != nil {
		return Measurement{}, err
	}
	var unjudged int64
	var whole mean
	// The order makes the roundings the same each time.
	for _, index := range slices.Sorted(maps.Keys(tally.problems)) {
		problem := tally.problems[index]
		if problem.missing {
			unjudged++
			continue
		}
		whole.add(decimal(problem.rewards.value()))
	}
	r := Result{
		Selector: "mean_reward", Value: whole.value(), Judged: new(whole.n), Unjudged: &unjudged, Planned: new(whole.n + unjudged),
	}
	m := Measurement{Tool: "nemo-evaluator", Results: []Result{r}}
	switch {
	case tally.repeated:
		m.finish("", "a repeat of a problem occurs twice: rows were added or repeated after the run")
	default:
		m.finish("", "a list of problems has no end marker, so a part of it looks like the whole: read the bundle "+
			"(eval-*.json) beside it")
	}
	if tally.unclear {
		m.Warnings = append(m.Warnings, "repeats from the 64th on are not told apart")
	}
	return m, nil
}
