// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package watcher looks at a cluster with Scalegate on it from outside, and says what must never be seen there. It
// knows pods, clearances, and evidence, and has its own short reading of the policy that a run of chaos uses. It knows
// neither the controllers nor the engine.
//
// What was written, in which order and by whom it takes from the audit log of the API server, which a watch cannot give
// once the API server is killed; what that log lost it reads itself. Moments are those of the API server, and the
// order is that of resourceVersions.
package watcher

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// The invariants.
const (
	// UnevaluatedStarts: a pod began to serve though the evidence about its release was not there.
	UnevaluatedStarts = "nothing unevaluated starts"
	// ClearedAgainstEvidence: a clearance was written, renewed or left against the evidence, or beyond its end.
	ClearedAgainstEvidence = "no clearance against the evidence"
	// FrozenGrows: more serve after a grant was lost than before.
	FrozenGrows = "what is frozen does not grow"
	// FailedServes: what failed or was revoked as Critical serves though everything settled.
	FailedServes = "what failed is gone"
	// AboveCeiling: a pod was opened above the ceiling and what rollouts may have beside it.
	AboveCeiling = "a ceiling holds"
	// ApprovedTaken: Scalegate removed a pod that serves without a cause.
	ApprovedTaken = "what is approved is not taken down"
	// UngovernedTouched: Scalegate wrote something in a namespace that it does not govern.
	UngovernedTouched = "an ungoverned namespace is not touched"
	// NotReached: everything settled, and what is asked for and allowed does not serve.
	NotReached = "what is asked for and allowed serves"
	// HeldSilently: a pod is held, and its own reason, its release's or an event's cannot be read.
	HeldSilently = "no pod is held without a reason"
)

// Violation is something that must not be seen.
type Violation struct {
	// Invariant is the name of what was violated.
	Invariant string
	// Time when it was seen, of the API server.
	Time time.Time
	// Object, as resource namespace/name.
	Object string
	// Seen is what was seen, and Evidence what the evidence said.
	Seen, Evidence string
}

// String says all of it in one line.
func (v Violation) String() string {
	return fmt.Sprintf("%s: %s: %s at %s; evidence: %s",
		v.Invariant, v.Object, v.Seen, v.Time.UTC().Format("15:04:05.000"), v.Evidence)
}

// Options say what is watched.
type Options struct {
	// Controller is the user name of Scalegate.
	Controller string
	// Governed are the namespaces that are enforced, and Ungoverned is one that is not.
	Governed   []string
	Ungoverned string
	// Bound is how long what was written may be based on what was true before, beside the time during which somebody
	// who reads, writes or answers was stopped.
	Bound time.Duration
}

// span is a time during which somebody was stopped.
type span struct{ from, to time.Time }

// ceiling is the ceiling from a moment on; nil for none.
type ceiling struct {
	from time.Time
	most *int32
}

// policy is what matters of a policy.
type policy struct {
	valid    time.Duration
	ceilings []ceiling
	// lapse and advisory are the graces, and keeps is that nothing is removed after the first.
	lapse, advisory time.Duration
	keeps           bool
}

// Watcher judges what it is told. It is not safe for use by several goroutines at once.
type Watcher struct {
	Options
	// now is the time of the write that is judged, later than or equal to those of all before.
	now time.Time
	// at is the resourceVersion of the last write that had one.
	at uint64
	// seen are the resourceVersions of the objects that were read, by what an event says of them.
	seen map[string]uint64
	// waiting are events that are too new to be judged.
	waiting    []Event
	stopped    []span
	files      map[string]string
	releases   map[string]*release
	policies   map[string]*policy
	clearances map[string][]clearance
	pods       map[string]*pod
	running    map[string][]count
	violations []Violation
}

// New watches a cluster in which nothing happened yet.
func New(o Options) *Watcher {
	return &Watcher{
		Options: o, seen: map[string]uint64{}, files: map[string]string{}, releases: map[string]*release{}, policies: map[string]*policy{},
		clearances: map[string][]clearance{}, pods: map[string]*pod{}, running: map[string][]count{},
	}
}

// Stopped tells the watcher that somebody who reads, writes or answers was stopped, or gone, for a while. It has to be
// told before it takes what was written then.
func (w *Watcher) Stopped(from, to time.Time) {
	w.stopped = append(w.stopped, span{from, to})
	slices.SortFunc(w.stopped, func(a, b span) int { return a.from.Compare(b.from) })
	merged := w.stopped[:1]
	for _, s := range w.stopped[1:] {
		last := &merged[len(merged)-1]
		if s.from.After(last.to) {
			merged = append(merged, s)
		} else if s.to.After(last.to) {
			last.to = s.to
		}
	}
	w.stopped = merged
}

// before is the moment from which on until t nobody was stopped for as long as the bound.
func (w *Watcher) before(t time.Time) time.Time {
	left := w.Bound
	for _, s := range slices.Backward(w.stopped) {
		if !s.from.Before(t) {
			continue
		}
		if calm := t.Sub(s.to); calm >= left {
			break
		} else if calm > 0 {
			left -= calm
		}
		t = s.from
	}
	return t.Add(-left)
}

// after is the moment until which from t on nobody was stopped for as long as the bound.
func (w *Watcher) after(t time.Time) time.Time {
	left := w.Bound
	for _, s := range w.stopped {
		if !s.to.After(t) {
			continue
		}
		if calm := s.from.Sub(t); calm >= left {
			break
		} else if calm > 0 {
			left -= calm
		}
		t = s.to
	}
	return t.Add(left)
}

// Violations are those seen so far.
func (w *Watcher) Violations() []Violation { return w.violations }

func (w *Watcher) violated(invariant, object, seen, evidence string) {
	w.violations = append(w.violations, Violation{
		Invariant: invariant, Time: w.now, Object: object, Seen: seen, Evidence: evidence,
	})
}

func (w *Watcher) governs(namespace string) bool { return slices.Contains(w.Governed, namespace) }

// release is what is known about a release.
func (w *Watcher) release(namespace, name string) *release {
	key := namespace + "/" + name
	if w.releases[key] == nil {
		w.releases[key] = &release{evaluations: map[string]*evaluation{}}
	}
	return w.releases[key]
}

// policy of a namespace, which has its name.
func (w *Watcher) policy(namespace string) *policy {
	if w.policies[namespace] == nil {
		w.policies[namespace] = &policy{}
	}
	return w.policies[namespace]
}

// moments are those from one time to another at which a release may come to stand differently.
func (w *Watcher) moments(namespace, name string, from, to time.Time) []time.Time {
	p := w.policy(namespace)
	return w.release(namespace, name).moments(from, to, p.valid, p.valid+p.lapse)
}

// standing of a release at a moment.
func (w *Watcher) standing(namespace, name string, t time.Time) Standing {
	return w.release(namespace, name).at(t, w.policy(namespace).valid)
}

// says is how a release stood from a moment on, in words.
func (w *Watcher) says(namespace, name string, from time.Time) string {
	var all []string
	for _, t := range w.moments(namespace, name, from, w.now) {
		s := w.standing(namespace, name, t)
		text := t.UTC().Format("15:04:05.000 ") + string(s.State)
		if s.State == Approved {
			text += s.Until.UTC().Format(" until 15:04:05")
		}
		all = append(all, text)
	}
	return fmt.Sprintf("release %s/%s was %s", namespace, name, strings.Join(all, ", "))
}

// over tells whether the grace of what stands so is over at t, so that it may be removed.
func (p *policy) over(s Standing, t time.Time) bool {
	switch s.State {
	case Adverse, Critical:
		return true
	case Advisory:
		return s.Harsher || !t.Before(s.Since.Add(p.advisory-slack))
	case Lapsed:
		return s.Harsher || !p.keeps && !t.Before(s.Since.Add(p.lapse))
	case Absent:
		return s.Harsher || !p.keeps && !s.Ended.IsZero() && !t.Before(s.Ended.Add(p.lapse))
	case Approved:
	}
	return false
}

// observe takes a policy as it is now.
func (p *policy) observe(spec *v1alpha1.SafetyPolicySpec, now time.Time) {
	const day = 24 * time.Hour
	p.lapse, p.advisory, p.keeps = 14*day, day, false
	if l := spec.Lapse; l != nil {
		if l.GraceDays != nil {
			p.lapse = time.Duration(*l.GraceDays) * day
		}
		if l.AdvisoryGraceSeconds != nil {
			p.advisory = time.Duration(*l.AdvisoryGraceSeconds) * time.Second
		}
		p.keeps = l.Then == v1alpha1.LapseKeep
	}
	p.valid = time.Duration(spec.Requirements[0].ValidForDays) * day
	p.ceilings = append(p.ceilings, ceiling{from: now, most: spec.Exposures[0].MaxReplicas})
}

// ceiling is the highest, or the lowest, ceiling from a moment on; nil for none.
func (p *policy) ceiling(from time.Time, highest bool) *int32 {
	var most *int32
	for i, c := range p.ceilings {
		last := i == len(p.ceilings)-1
		if !last && !p.ceilings[i+1].from.After(from) {
			continue
		}
		switch {
		case highest && c.most == nil:
			return nil
		case c.most == nil:
		case most == nil, highest == (*c.most > *most):
			most = c.most
		}
	}
	return most
}
