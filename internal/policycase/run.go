// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package policycase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/gate"
)

// Result is what became of a case.
type Result struct {
	// Case is the name of its file, and Title its title.
	Case, Title string
	// Outcomes of its expectations as the gate gave them, in their order.
	Outcomes []Outcome
	// Wrong are the differences from what is expected, with their lines; empty when there are none.
	Wrong []string
}

// Outcome is the last; empty where the case did not come so far.
func (r *Result) Outcome() Outcome {
	if len(r.Outcomes) == 0 {
		return ""
	}
	return r.Outcomes[len(r.Outcomes)-1]
}

// Run takes the steps of a case. What cannot be done is wrong as well, and ends the case; an error says that the store could
// not be asked.
func Run(ctx context.Context, store Store, place Place, folder *Folder, c *Case) (Result, error) {
	w := &world{
		store: store, place: place, people: map[string]Person{}, file: c.File,
		now: place.Start.UTC().Truncate(time.Second), born: map[types.UID]time.Time{}, best: map[string]int{}, releases: c.releases(),
	}
	for _, p := range folder.People {
		w.people[p.Name] = p
	}
	result := Result{Case: c.File, Title: c.Title}
	if err := w.adopt(ctx, folder); err != nil {
		return result, err
	}
	for i := range c.Steps {
		step := &c.Steps[i]
		if step.Expect != nil {
			w.pass(step.After)
			outcome, wrong, err := w.compare(ctx, step.Expect)
			if err != nil {
				return result, fmt.Errorf("line %d: %w", step.Line, err)
			}
			result.Outcomes = append(result.Outcomes, outcome)
			for _, each := range wrong {
				result.Wrong = append(result.Wrong, fmt.Sprintf("line %d: %s", step.Line, each))
			}
			continue
		}
		err := w.take(ctx, step)
		if err == nil && step.bringsEvidence() {
			err = w.settle(ctx)
		}
		if ctx.Err() != nil {
			return result, ctx.Err()
		}
		if err != nil {
			result.Wrong = append(result.Wrong, fmt.Sprintf("line %d: %v", step.Line, err))
			return result, nil
		}
	}
	return result, nil
}

// bringsEvidence reports whether a finding may come of a step, or a finding or a revision be settled by it.
func (s *Step) bringsEvidence() bool {
	return s.Approval == nil && s.Waiver == nil && s.Determination == nil && s.Safeguards == nil && s.Revoke == nil
}

// world is the working state of one case.
type world struct {
	store  Store
	place  Place
	people map[string]Person
	// file names the case, so that its digests are its own.
	file string
	// releases that the case makes, in their order.
	releases []string
	now      time.Time
	// born is when each object was made, by the time of the case.
	born map[types.UID]time.Time
	// best is the index of the highest exposure that an expectation saw granted, by release.
	best map[string]int
	// made counts objects, so that each has a name.
	made      int
	revisions revisions
}

func (w *world) pass(after Duration) { w.now = w.now.Add(max(time.Duration(after), time.Second)) }

// key names an object of the case's namespace.
func (w *world) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: w.place.Namespace, Name: name}
}

// name is a name for an object that the case gives none.
func (w *world) name(given, kind string) string {
	if given != "" {
		return given
	}
	w.made++
	return fmt.Sprintf("%s-%d", strings.ToLower(kind), w.made)
}

// adopt makes the case's own copy of the policy, by the first person who may.
func (w *world) adopt(ctx context.Context, folder *Folder) error {
	policy := &v1alpha1.SafetyPolicy{}
	if err := yaml.UnmarshalStrict(folder.Policy, policy); err != nil {
		return fmt.Errorf("reading the policy of %s: %w", folder.Name, err)
	}
	policy.Name = w.place.Policy
	author := slices.IndexFunc(folder.People, func(p Person) bool { return slices.Contains(p.May, MayRevise) })
	if author < 0 {
		return fmt.Errorf("nobody in people.yaml of %s may %s", folder.Name, MayRevise)
	}
	if err := w.store.Create(ctx, folder.People[author], policy); err != nil {
		return fmt.Errorf("making the policy: %w", err)
	}
	return w.revise(ctx, policy)
}

// create makes an object as a person, at the time of the case.
func (w *world) create(ctx context.Context, as Person, object Object) error {
	if err := w.store.Create(ctx, as, object); err != nil {
		return &answerError{err: err}
	}
	w.born[object.GetUID()] = w.now
	return nil
}

// update changes an object as a person.
func (w *world) update(ctx context.Context, as Person, object Object) error {
	if err := w.store.Update(ctx, as, object); err != nil {
		return &answerError{err: err}
	}
	return nil
}

// answerError is what the store answers to a person: a refusal, and no slip of the case itself.
type answerError struct{ err error }

func (e *answerError) Error() string { return e.err.Error() }

func (e *answerError) Unwrap() error { return e.err }

// take lets the people of a step do what it says, one after another.
func (w *world) take(ctx context.Context, step *Step) error {
	w.pass(step.After)
	if step.Safeguards != nil {
		return w.see(ctx, step.Safeguards)
	}
	for i, name := range step.As {
		if i > 0 {
			w.pass(0)
		}
		err := w.act(ctx, step, w.people[name])
		_, answered := errors.AsType[*answerError](err)
		switch {
		case step.Refused == "" && err != nil:
			return fmt.Errorf("%s: %w", name, err)
		case step.Refused != "" && err == nil:
			return fmt.Errorf("%s was let through, and should have been refused: %s", name, step.Refused)
		case step.Refused != "" && !answered:
			return fmt.Errorf("%s was not refused, the step is wrong: %w", name, err)
		case step.Refused != "" && !strings.Contains(err.Error(), step.Refused):
			return fmt.Errorf("%s was refused with other words than %q: %w", name, step.Refused, err)
		}
	}
	return nil
}

// act does what a step says, as a person.
func (w *world) act(ctx context.Context, step *Step, as Person) error {
	switch {
	case step.Release != nil:
		return w.release(ctx, as, step.Release)
	case step.Evaluation != nil:
		return w.evaluate(ctx, as, step.Evaluation)
	case step.Clear != nil:
		return w.clear(ctx, as, step.Clear)
	case step.Approval != nil:
		return w.approve(ctx, as, step.Approval)
	case step.Waiver != nil:
		return w.waive(ctx, as, step.Waiver)
	case step.Determination != nil:
		return w.determine(ctx, as, step.Determination)
	case step.Change != nil:
		return w.change(ctx, as, step.Change)
	case step.Revoke != nil:
		return w.revoke(ctx, as, step.Revoke)
	case step.Resolve != nil:
		return w.resolve(ctx, as, step.Resolve)
	case step.Policy != nil:
		return w.amend(ctx, as, step.Policy)
	case step.PolicyApproval != nil:
		return w.vote(ctx, as, step.PolicyApproval)
	}
	return errors.New("the step does nothing")
}

// decide asks the gate about a release at the time of the case.
func (w *world) decide(ctx context.Context, release string) (gate.Input, gate.Decision, error) {
	in, err := w.store.Input(ctx, w.key(release), w.now)
	if err != nil {
		return in, gate.Decision{}, fmt.Errorf("reading what the decision about %s depends on: %w", release, err)
	}
	w.shift(&in)
	return in, gate.Decide(in), nil
}

// settle does what the controller would do now: it brings revisions into force, and records findings and their resolutions.
func (w *world) settle(ctx context.Context) error {
	if err := w.enforce(ctx); err != nil {
		return err
	}
	for _, release := range w.releases {
		if _, there := w.best[release]; !there {
			continue
		}
		_, d, err := w.decide(ctx, release)
		if err != nil {
			return err
		}
		for i := range d.NewFindings {
			if err := w.store.Make(ctx, &d.NewFindings[i]); err != nil {
				return fmt.Errorf("making a finding: %w", err)
			}
			w.born[d.NewFindings[i].UID] = w.now
		}
		for _, r := range d.Resolutions {
			if err := w.settleFinding(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}
