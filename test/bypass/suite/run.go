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
	// Legitimate is how many of the attempts must go through.
	Legitimate int
	// made are the keys of those that were made.
	made map[string]bool
	// Passes say in a line each what was made when.
	Passes []string
	// Offenders are those that did not end as the oracle says.
	Offenders []Result
	// Astray are the stories of which something else came.
	Astray []StoryResult
}

// Attempts is the number of distinct attempts and stories that were made.
func (r Report) Attempts() int { return len(r.made) + len(attempts.Stories()) }

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

// Share says how many of the attempts are made: of those of one kind every so many, and at least one.
type Share struct {
	// Alive is about those with the manager alive: what holds then is mostly what holds with it dead.
	Alive int
	// Dead is about those with the manager dead, and with the mutating policies gone as well.
	Dead int
}

// All of them.
func All() Share { return Share{Alive: 1, Dead: 1} }

// every takes every so many attempts with the same row of the threat catalogue and the same phrase, which differ by who sends
// them, where and how. Where it begins differs from one to the next, so that no sender and no way is left out of all.
func every(n int, all []attempts.Attempt) []attempts.Attempt {
	type group struct{ number, what string }
	seen := map[group]int{}
	first := map[group]int{}
	var some []attempts.Attempt
	for _, a := range all {
		g := group{a.Number, a.What}
		if _, begun := first[g]; !begun {
			first[g] = len(first) % n
		}
		if seen[g]%n == first[g] || seen[g] == 0 {
			some = append(some, a)
		}
		seen[g]++
	}
	return some
}

// Run makes the attempts on a control plane of its own: with the manager alive, and with it dead.
func Run(ctx context.Context, log io.Writer, share Share) (report Report, err error) {
	b, err := NewBench(ctx, log)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, b.Stop()) }()
	report.made = map[string]bool{}
	if err := b.checkServed(ctx); err != nil {
		return Report{}, err
	}
	all := attempts.All()
	alive := slices.DeleteFunc(slices.Clone(all), func(a attempts.Attempt) bool { return a.Ground == attempts.Ended })
	if err := b.pass(ctx, "with the manager alive", every(share.Alive, alive), &report); err != nil {
		return report, err
	}
	if err := errors.Join(b.tell(ctx, "with the manager alive", &report), b.Silence(ctx)); err != nil {
		return report, err
	}
	if err := b.pass(ctx, "with the manager dead", every(share.Dead, all), &report); err != nil {
		return report, err
	}
	if err := b.tell(ctx, "with the manager dead", &report); err != nil {
		return report, err
	}
	if err := b.Unmutate(ctx); err != nil {
		return report, err
	}
	if err := b.pass(ctx, "with the mutating policies gone as well", every(share.Dead, attempts.Unmutated(all)), &report); err != nil {
		return report, err
	}
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
	if _, err := b.Kubectl(ctx, b.Admin(), "delete", "mutatingadmissionpolicybindings", "scalegate-hold-pods", attempts.StampBinding); err != nil {
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
		report.made[result.Key()] = true
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
