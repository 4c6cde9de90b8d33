// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/scalegate/scalegate/test/bypass/attempts"
	"github.com/scalegate/scalegate/test/installation"
)

// Report is what came of the whole suite.
type Report struct {
	// Attempts is the number of distinct attempts; Legitimate how many of them must go through.
	Attempts, Legitimate int
	// Passes say in a line each what was made when.
	Passes []string
	// Offenders are those that did not end as the oracle says.
	Offenders []Result
	// Astray are the stories of which something else came.
	Astray []StoryResult
}

// Through are the offenders that got past Scalegate.
func (r Report) Through() int { return len(r.Offenders) + len(r.Astray) - r.WronglyRefused() }

// WronglyRefused are the offenders that Scalegate was to let pass.
func (r Report) WronglyRefused() int {
	n := 0
	for _, offender := range r.Offenders {
		if offender.Want.Legitimate() {
			n++
		}
	}
	for _, story := range r.Astray {
		if story.Want().Legitimate() {
			n++
		}
	}
	return n
}

// Every says how many attempts are made with the manager alive: all, or every so many. What holds then is mostly what
// holds with it dead, when all are made in any case.
type Every int

// All of them.
const All Every = 1

// of are those of the attempts that are made.
func (e Every) of(all []attempts.Attempt) []attempts.Attempt {
	var some []attempts.Attempt
	for i := 0; i < len(all); i += max(int(e), 1) {
		some = append(some, all[i])
	}
	return some
}

// Run makes every attempt on a control plane of its own: with the manager alive, where some may be left out, and with it dead.
func Run(ctx context.Context, log io.Writer, every Every) (report Report, err error) {
	b, err := NewBench(ctx, log)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	if err := b.checkServed(ctx); err != nil {
		return Report{}, err
	}
	all := attempts.All()
	alive := slices.DeleteFunc(slices.Clone(all), func(a attempts.Attempt) bool { return a.Ground == attempts.Ended })
	if err := b.pass(ctx, "with the manager alive", every.of(alive), &report); err != nil {
		return report, err
	}
	if err := errors.Join(b.tell(ctx, "with the manager alive", &report), b.Silence(ctx)); err != nil {
		return report, err
	}
	if err := b.pass(ctx, "with the manager dead", all, &report); err != nil {
		return report, err
	}
	if err := b.tell(ctx, "with the manager dead", &report); err != nil {
		return report, err
	}
	if err := b.Unmutate(ctx); err != nil {
		return report, err
	}
	if err := b.pass(ctx, "with the mutating policies gone as well", attempts.Unmutated(all), &report); err != nil {
		return report, err
	}
	report.count(all)
	return report, nil
}

// Silence kills the manager, and puts in place what only holds while nobody withdraws it.
func (b *Bench) Silence(ctx context.Context) error {
	if err := b.Kill(installation.Manager); err != nil {
		return err
	}
	return errors.Join(b.writeEnded(ctx), b.serveOn(ctx))
}

// Unmutate takes the mutating policies away for good, and returns when they act no more.
func (b *Bench) Unmutate(ctx context.Context) error {
	b.unmutated = true
	bindings := append([]string{"delete", "mutatingadmissionpolicybindings", "scalegate-hold-pods", "scalegate-stamp-resolver", "scalegate-stamp-revoker"}, attempts.StampBindings()...)
	if _, err := b.Kubectl(ctx, b.Admin(), bindings...); err != nil {
		return err
	}
	probes := slices.DeleteFunc(attempts.Unmutated(attempts.All()), func(a attempts.Attempt) bool {
		telling := []string{"a bare pod that claims an uncleared release", "evidence in another's name", "resolve a finding in another's name", "a revocation in another's name",
			"an approval in another's name", "a release that somebody else made", "another policy in another's name"}
		return a.Who.Short != attempts.SafetyTeam().Short || a.Ground != attempts.Enforced || !slices.Contains(telling, a.What)
	})
	return b.until(ctx, func(ctx context.Context) error {
		results, err := b.Try(ctx, probes)
		for _, result := range results {
			if !result.Met {
				err = errors.Join(err, fmt.Errorf("%s: %s, and not yet %s", result.Attempt, result.Got, result.Want))
			}
		}
		return err
	})
}

func (r *Report) count(all []attempts.Attempt) {
	keys := map[string]bool{}
	for _, a := range all {
		keys[a.Key()] = true
	}
	for _, story := range attempts.Stories() {
		keys[story.Key()] = true
	}
	r.Attempts = len(keys)
}

// pass makes the attempts, several at a time.
func (b *Bench) pass(ctx context.Context, name string, all []attempts.Attempt, report *Report) error {
	began := time.Now()
	b.forget()
	results, err := b.Try(ctx, all)
	if err != nil {
		return err
	}
	legitimate := map[string]bool{}
	for _, result := range results {
		if !result.Met {
			report.Offenders = append(report.Offenders, result)
		}
		if result.Want.Legitimate() && result.Ground.Governed() {
			legitimate[result.Key()] = true
		}
	}
	report.Legitimate = max(report.Legitimate, len(legitimate))
	report.Passes = append(report.Passes, fmt.Sprintf("%s: %d sent in %s", name, len(results), time.Since(began).Round(time.Second)))
	b.say("%s", report.Passes[len(report.Passes)-1])
	return nil
}

// Try makes the attempts, several at a time, and returns what came of each, in their order.
func (b *Bench) Try(ctx context.Context, all []attempts.Attempt) ([]Result, error) {
	results, errs := make([]Result, len(all)), make([]error, len(all))
	var wg sync.WaitGroup
	next := make(chan int)
	for range 2 * runtime.NumCPU() {
		wg.Go(func() {
			for i := range next {
				results[i], errs[i] = b.try(ctx, all[i])
			}
		})
	}
	for i := range all {
		next <- i
	}
	close(next)
	wg.Wait()
	return results, errors.Join(errs...)
}
