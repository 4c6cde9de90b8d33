// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"fmt"
	"slices"
	"strings"

	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// decided waits until the release is granted an exposure, "" for none, for a reason, and returns it.
func (s *scenario) decided(exposure, reason string) *v1alpha1.ModelRelease {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{}
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: m1}, r); err != nil {
			return err
		}
		c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionEvidenceComplete)
		if c == nil || c.ObservedGeneration != r.Generation || c.Reason != reason || r.Status.GrantedExposure != exposure {
			return fmt.Errorf("granted is %q with %+v, want %q for %s", r.Status.GrantedExposure, c, exposure, reason)
		}
		return nil
	})
	return r
}

// explained waits until nothing is granted for the reason, and the message of a requirement has the text.
func (s *scenario) explained(reason, name, text string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: m1}, r); err != nil {
			return err
		}
		c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionEvidenceComplete)
		if q := requirement(r, name); c == nil || c.Reason != reason || r.Status.GrantedExposure != "" || !strings.Contains(q.Message, text) {
			return fmt.Errorf("granted is %q with %+v, and %s says %q: want nothing granted for %s, and a word of %q",
				r.Status.GrantedExposure, c, name, q.Message, reason, text)
		}
		return nil
	})
}

// requirement is how the status of a release has one.
func requirement(r *v1alpha1.ModelRelease, name string) v1alpha1.RequirementStatus {
	for _, q := range r.Status.Requirements {
		if q.Name == name {
			return q
		}
	}
	return v1alpha1.RequirementStatus{}
}

// stands waits until a requirement has a state.
func (s *scenario) stands(name string, state v1alpha1.RequirementState) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: m1}, r); err != nil {
			return err
		}
		if q := requirement(r, name); q.State != state {
			return fmt.Errorf("requirement %s is %+v, want %s", name, q, state)
		}
		return nil
	})
}

// recorded waits until the condition Ready of what a person made has a reason, and returns its message.
func (s *scenario) recorded(o client.Object, reason string) string {
	s.t.Helper()
	return s.condition(o, v1alpha1.ConditionReady, reason)
}

// condition waits until a condition has a reason, and returns its message.
func (s *scenario) condition(o client.Object, kind, reason string) string {
	s.t.Helper()
	var message string
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		c := meta.FindStatusCondition(conditionsOf(o), kind)
		if c == nil || c.Reason != reason {
			return fmt.Errorf("%s of %s is %+v, want %s", kind, o.GetName(), c, reason)
		}
		message = c.Message
		return nil
	})
	return message
}

func conditionsOf(o client.Object) []metav1.Condition {
	switch o := o.(type) {
	case *v1alpha1.ReleaseApproval:
		return o.Status.Conditions
	case *v1alpha1.ReleaseWaiver:
		return o.Status.Conditions
	case *v1alpha1.ReleaseDetermination:
		return o.Status.Conditions
	case *v1alpha1.ModelRelease:
		return o.Status.Conditions
	case *v1alpha1.SafetyPolicy:
		return o.Status.Conditions
	case *v1alpha1.PolicyRevision:
		return o.Status.Conditions
	case *v1alpha1.PolicyApproval:
		return o.Status.Conditions
	case *v1alpha1.SafetyEvaluation:
		return o.Status.Conditions
	}
	return nil
}

// answered waits until the manager said whether a record counts.
func (s *scenario) answered(o client.Object) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		if meta.FindStatusCondition(conditionsOf(o), v1alpha1.ConditionReady) == nil {
			return fmt.Errorf("nobody looked at %s", o.GetName())
		}
		return nil
	})
}

// evaluation is one of the scenario, by name.
func (s *scenario) evaluation(name string) *v1alpha1.SafetyEvaluation {
	return &v1alpha1.SafetyEvaluation{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name}}
}

// read waits until the result of an evaluation was read.
func (s *scenario) read(name string) {
	s.t.Helper()
	s.recorded(s.evaluation(name), v1alpha1.ReasonMeasured)
}

// told waits for an event of the release with a reason, and with these words in its note.
func (s *scenario) told(reason string, words ...string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		var all eventsv1.EventList
		if err := s.List(ctx, &all, client.InNamespace(s.ns)); err != nil {
			return err
		}
		var notes []string
		for i := range all.Items {
			e := &all.Items[i]
			if e.Regarding.Kind != "ModelRelease" || e.Reason != reason {
				continue
			}
			notes = append(notes, e.Note)
			if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(e.Note, word) }) {
				return nil
			}
		}
		return fmt.Errorf("no event %s has the words %q: %q", reason, words, notes)
	})
}
