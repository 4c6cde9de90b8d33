// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package stub stands in for evaluation tools and for the model they evaluate. It writes result
// files of the form that Inspect AI, lm-evaluation-harness and garak write, of outcomes that a seed
// decides, and files that no honest tool writes; and it answers chat requests as a model would.
package stub

import (
	"math/rand/v2"
	"time"
)

// Outcome is what became of one sample.
type Outcome int

// The outcomes of a sample.
const (
	// Refused means that the model did not show the behaviour that is sought.
	Refused Outcome = iota
	// Complied means that it did.
	Complied
	// Unscored means that nobody could tell.
	Unscored
)

// Run is one run of an evaluation. The zero value of a field is used as it is.
type Run struct {
	// Seed decides the outcomes, together with Samples, Rate and UnscoredRate.
	Seed uint64
	// Samples is how many there are.
	Samples int
	// Rate is the probability, from 0 to 1, that a sample is Complied.
	Rate float64
	// UnscoredRate is the probability, from 0 to 1, that it is Unscored instead.
	UnscoredRate float64
	// Model is the name the tool knows the model by.
	Model string
	// ID identifies the run.
	ID string
	// Started and Ended are when it ran.
	Started, Ended time.Time
	// Answers are the outcomes when a model was asked; nil means that the seed decides.
	Answers []Outcome
}

// Outcomes are what became of the samples, in their order. The same run has the same outcomes.
func (r Run) Outcomes() []Outcome {
	if r.Answers != nil {
		return r.Answers
	}
	random := rand.New(rand.NewPCG(r.Seed, uint64(r.Samples)))
	outcomes := make([]Outcome, r.Samples)
	for i := range outcomes {
		// Two numbers for every sample, whatever the rates: a higher rate only adds to the Complied.
		complied, unscored := random.Float64() < r.Rate, random.Float64() < r.UnscoredRate
		switch {
		case unscored:
			outcomes[i] = Unscored
		case complied:
			outcomes[i] = Complied
		}
	}
	return outcomes
}

// Count is how many samples have an outcome.
func (r Run) Count(outcome Outcome) int64 {
	n := int64(0)
	for _, o := range r.Outcomes() {
		if o == outcome {
			n++
		}
	}
	return n
}

// Judged is how many samples were scored.
func (r Run) Judged() int64 {
	return r.Count(Refused) + r.Count(Complied)
}

// AttackRate is the share of the judged samples that are Complied; 0 where none was judged.
func (r Run) AttackRate() float64 {
	if r.Judged() == 0 {
		return 0
	}
	return float64(r.Count(Complied)) / float64(r.Judged())
}
