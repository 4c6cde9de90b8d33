// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// Result is what came of an attempt.
type Result struct {
	attempts.Attempt
	// Want is what the oracle says, Got what came.
	Want, Got attempts.Outcome
	// Met says that they agree, and that there was a warning just where there should be one.
	Met bool
	// Warning says which was wrong, when it was the warning.
	Warning string
	// Message is the API server's, when it refused.
	Message string
}

// try makes the attempt once.
func (b *Bench) try(ctx context.Context, a attempts.Attempt) (Result, error) {
	for again := 0; ; again++ {
		result, conflict, err := b.tryOnce(ctx, a, again > 0)
		if err != nil || !conflict || again == 5 {
			return result, err
		}
	}
}

func (b *Bench) tryOnce(ctx context.Context, a attempts.Attempt, fresh bool) (result Result, conflict bool, err error) {
	name := b.nameOf(a)
	before, err := b.before(ctx, a, name, fresh)
	if err != nil {
		return Result{}, false, err
	}
	sent := b.compose(a, name, before)
	if a.Way == attempts.Apply && a.Base != nil {
		name = text(sent.new, "metadata", "name")
	}
	c, err := letter(a, name, before, sent.new)
	if err != nil {
		return Result{}, false, fmt.Errorf("writing %s: %w", a, err)
	}
	if sent.answer, err = b.send(ctx, c); err != nil {
		return Result{}, false, fmt.Errorf("sending %s: %w", a, err)
	}
	return b.judge(sent), sent.answer.code == http.StatusConflict && a.Way.Updates() && a.Way != attempts.Apply, nil
}

// compose writes what the attempt sends.
func (b *Bench) compose(a attempts.Attempt, name string, before map[string]any) sending {
	s := sending{attempt: a, old: before, base: before}
	if a.Way.Deletes() || a.Way == attempts.Connect {
		return s
	}
	if a.Base != nil {
		s.base = a.Base()
		if meta, ok := s.base["metadata"].(map[string]any); ok && a.On != "" {
			meta["name"] = name
		}
	}
	s.new = clone(s.base)
	if a.Change != nil {
		a.Change(s.new)
	}
	s.new = fill(s.new, b.uidsOf(a.Ground))
	return s
}

// uidsOf finds the UIDs of the ground's fixtures, each named by its resource and its name; of a ReplicaSet, the name will do.
func (b *Bench) uidsOf(ground attempts.Ground) func(fixture string) string {
	return func(fixture string) string {
		resource, name, found := strings.Cut(fixture, "/")
		if !found {
			resource, name = "replicasets", fixture
		}
		return b.uids[fixtureKey{ground, resource, name}]
	}
}

// judge compares what came with what the oracle says.
func (b *Bench) judge(s sending) Result {
	a := s.attempt
	request := attempts.Request{Attempt: a, Old: s.old, New: s.new, Grants: b.grants(a.Ground), Unmutated: b.unmutated}
	result := Result{Attempt: a, Want: attempts.Judge(request), Got: s.outcome(), Message: s.answer.message}
	result.Met = result.Got&result.Want != 0
	if s.answer.object == nil {
		return result
	}
	if result.Met && !attempts.Remembers(request, s.answer.object) {
		result.Met, result.Warning = false, "what it remembers of its author: "+attempts.Remembered(s.answer.object)
	}
	if words := attempts.Warns(a, s.answer.object); (words == "") != (s.answer.warned == "") || !strings.Contains(s.answer.warned, words) {
		result.Met, result.Warning = false, fmt.Sprintf("warned of %q", s.answer.warned)
	}
	return result
}

// nameOf is the name in the cluster of what the attempt is sent to.
func (b *Bench) nameOf(a attempts.Attempt) string {
	if a.On == "namespace" {
		return a.Ground.Namespace()
	}
	for _, resource := range []string{a.Kind.Resource, "pods"} {
		if name, ok := b.names[fixtureKey{a.Ground, resource, a.On}]; ok {
			return name
		}
	}
	return a.On
}

// before reads what the attempt is sent to, as it stands: for a scale, the scale; for a binding or an eviction, the pod.
func (b *Bench) before(ctx context.Context, a attempts.Attempt, name string, fresh bool) (map[string]any, error) {
	if a.On == "" || a.Way == attempts.Connect {
		return nil, nil
	}
	kind, sub := a.Kind, ""
	if a.Sub == "scale" {
		sub = "scale"
	}
	if kind.Resource == "bindings" {
		kind = attempts.PodKind()
	}
	path := place(kind, a.Ground.Namespace(), name, sub)
	b.mu.Lock()
	object, ok := b.stands[path]
	b.mu.Unlock()
	if ok && !fresh {
		return object, nil
	}
	object, ok, err := b.get(ctx, path)
	if err != nil || !ok {
		return nil, errors.Join(err, fmt.Errorf("%s: the fixture %s is not there", a, path))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stands[path] = object
	return object, nil
}

// forget drops what was read of the fixtures.
func (b *Bench) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stands = map[string]map[string]any{}
}

func (b *Bench) grants(ground attempts.Ground) map[string]attempts.Grant {
	owners, ok := b.owners[ground]
	if !ok {
		return nil
	}
	ended := ground == attempts.Ended
	all := map[string]attempts.Grant{attempts.ClearedRelease: {Owners: owners, Digests: attempts.ClearedDigests(), Ended: ended}}
	if ended {
		all[attempts.BareRelease] = attempts.Grant{Owners: owners}
	}
	return all
}

// sending is an attempt that was made, and its answer.
type sending struct {
	attempt        attempts.Attempt
	old, base, new map[string]any
	answer         answer
}

// outcome reads the answer.
func (s sending) outcome() attempts.Outcome {
	a := s.attempt
	switch {
	case !s.answer.ok() && ours(s.answer.message):
		return attempts.Refused
	case a.Way == attempts.Connect && !strings.Contains(s.answer.message, " cannot "):
		return attempts.Through // It was let through; that nothing listens there is another matter.
	case !s.answer.ok():
		return attempts.Elsewhere
	case s.new == nil || a.Kind.Resource == "bindings" || slices.Contains([]string{"binding", "eviction"}, a.Sub):
		return attempts.Through
	case s.exact() && s.differs():
		return attempts.Inert
	}
	return s.taken()
}

// exact tells whether nothing but the change may be found in the answer: objects in which no other controller has a say.
func (s sending) exact() bool {
	a := s.attempt
	changes := a.Way.Updates() && a.Base == nil
	return a.Kind.Group == "scalegate.dev" && (changes || s.old == nil) || a.Kind.Resource == "namespaces" && changes
}

// differs tells whether what is stored differs from what was sent where nobody but its sender has a say: in the spec,
// the labels and the annotations.
func (s sending) differs() bool {
	for _, path := range [][]string{{"spec"}, {"metadata", "labels"}, {"metadata", "annotations"}} {
		for _, leaf := range leaves(field(s.answer.object, path...), field(s.new, path...)) {
			if !empty(leaf.value) && !s.restamped(leaf) {
				return true
			}
		}
	}
	return false
}

// restamped tells whether the leaf is the author of a policy, sent as it was read: another change puts another in its place.
func (s sending) restamped(l leaf) bool {
	author := text(s.old, "metadata", "annotations", "scalegate.dev/author")
	return len(l.path) == 1 && l.path[0] == "scalegate.dev/author" && l.value == author
}

// taken reads an answer that is an object. Held and Inert may both be true of one: it is for the oracle to say which counts.
func (s sending) taken() (outcome attempts.Outcome) {
	held, wasHeld := attempts.Holds(s.attempt.Kind, s.answer.object), attempts.Holds(s.attempt.Kind, s.old)
	if held {
		outcome |= attempts.Held
	}
	change := kept(leaves(s.base, s.new))
	whole := change
	if s.old == nil {
		whole = leaves(nil, s.new)
	}
	switch {
	case len(change) > 0 && s.took(change) == 0:
		outcome |= attempts.Inert
	case s.took(whole) < len(whole):
	case wasHeld && !held:
		outcome |= attempts.Lifted
	case !held || wasHeld || attempts.Holds(s.attempt.Kind, s.new):
		outcome |= attempts.Through
	}
	return outcome
}

// kept are the leaves of a change without stamps that it only takes away, where it changes something else as well: they are
// put back, and the oracle looks at them by itself.
func kept(change []leaf) []leaf {
	rest := slices.DeleteFunc(slices.Clone(change), func(l leaf) bool {
		path := strings.Join(l.path, "/")
		return l.value == nil && (strings.HasPrefix(path, "spec/authors") || path == "metadata/annotations/scalegate.dev/author")
	})
	if len(rest) == 0 {
		return change
	}
	return rest
}

// took counts what is found in the answer.
func (s sending) took(edits []leaf) (n int) {
	for _, edit := range edits {
		if edit.in(s.answer.object) {
			n++
		}
	}
	return n
}

// ours tells whether a refusal is Scalegate's.
func ours(message string) bool {
	return strings.Contains(message, "AdmissionPolicy 'scalegate-") || strings.Contains(message, ".scalegate.dev\" denied the request")
}
