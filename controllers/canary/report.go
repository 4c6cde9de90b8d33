// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	metaac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	ac "github.com/scalegate/scalegate/api/applyconfiguration/api/v1alpha1"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/guards"
)

// runbook is where people read on.
const runbook = "docs/runbooks/guards-missing.md"

// action is what the canary was doing, in an event.
const action = "Guard"

// maxMessage is the most bytes of a message in a status or an event.
const maxMessage = 1024

// announcement is an event as a value.
type announcement struct {
	kind, reason, note string
}

// report writes the condition Guarded of every SafetyPolicy, and an event to each when the verdict
// is another than before.
func (c *Canary) report(ctx context.Context) error {
	v, since := c.known.get()
	if v.Reason == "" {
		return nil // nothing is known yet, and nothing was known before
	}
	policies := &v1alpha1.SafetyPolicyList{}
	if err := c.List(ctx, policies); err != nil {
		return fmt.Errorf("listing SafetyPolicies: %w", err)
	}
	condition := guarded(v, since, c.did)
	var errs []error
	for i := range policies.Items {
		errs = append(errs, c.reportOn(ctx, &policies.Items[i], condition))
	}
	if a, ok := announce(c.told, v, condition.Message); ok {
		for i := range policies.Items {
			c.Events.Eventf(&policies.Items[i], relatedObject(v.Object), a.kind, a.reason, action, "%s", a.note)
		}
	}
	c.told = v
	return errors.Join(errs...)
}

// guarded is the condition that a verdict makes.
func guarded(v guards.Verdict, since time.Time, did string) metav1.Condition {
	condition := metav1.Condition{
		Type: v1alpha1.ConditionGuarded, Status: metav1.ConditionFalse, Reason: v.Reason, Message: v.Message,
	}
	switch {
	case v.InPlace():
		condition.Status = metav1.ConditionTrue
		return condition
	case !v.Known():
		condition.Status = metav1.ConditionUnknown
	}
	suffix := "; since " + since.UTC().Format(time.RFC3339)
	if did != "" {
		suffix += "; " + did
	}
	suffix += "; see " + runbook
	condition.Message = cut(condition.Message, maxMessage-len(suffix)) + suffix
	return condition
}

func (c *Canary) reportOn(ctx context.Context, p *v1alpha1.SafetyPolicy, want metav1.Condition) error {
	want.ObservedGeneration, want.LastTransitionTime = p.Generation, c.Now()
	if was := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionGuarded); was != nil {
		if was.Status == want.Status {
			want.LastTransitionTime = was.LastTransitionTime
		}
		if *was == want {
			return nil
		}
	}
	apply := metaac.Condition().WithType(want.Type).WithStatus(want.Status).WithReason(want.Reason).WithMessage(want.Message).
		WithObservedGeneration(want.ObservedGeneration).WithLastTransitionTime(want.LastTransitionTime)
	object := ac.SafetyPolicy(p.Name).WithUID(p.UID).WithStatus(ac.SafetyPolicyStatus().WithConditions(apply))
	if err := c.Status().Apply(ctx, object, client.FieldOwner(Owner), client.ForceOwnership); err != nil {
		return fmt.Errorf("reporting on SafetyPolicy %s: %w", p.Name, err)
	}
	return nil
}

// announce is the event of a change of verdict: what went wrong, or that it is right again.
func announce(before, after guards.Verdict, message string) (announcement, bool) {
	if before.Reason == after.Reason && before.Object == after.Object && (after.InPlace() || before.Message == after.Message) {
		return announcement{}, false
	}
	switch {
	case after.Reason == v1alpha1.ReasonGuardsNotWatched:
		return announcement{}, false
	case !after.InPlace():
		return announcement{corev1.EventTypeWarning, after.Reason, message}, true
	case before.Reason == "":
		return announcement{}, false // all was well from the start
	}
	return announcement{corev1.EventTypeNormal, after.Reason, "again in place: " + message}, true
}

// tellUnexpected tells once of each object that looks like ours and is not.
func (c *Canary) tellUnexpected(ctx context.Context, all []guards.Difference) {
	there := map[guards.ID]bool{}
	for _, d := range all {
		if d.Fault != guards.Unexpected {
			continue
		}
		there[d.ID] = true
		if c.unexpected[d.ID] {
			continue
		}
		policies := &v1alpha1.SafetyPolicyList{}
		if err := c.List(ctx, policies); err != nil {
			delete(there, d.ID) // told of in the next round
			continue
		}
		for i := range policies.Items {
			c.Events.Eventf(&policies.Items[i], relatedObject(d.ID), corev1.EventTypeWarning, v1alpha1.ReasonGuardUnexpected, action,
				"%s, and was left alone; see %s", d, runbook)
		}
	}
	c.unexpected = there
}

// relatedObject is what an event is about beside the policy; nil for no object.
func relatedObject(id guards.ID) runtime.Object {
	if id == (guards.ID{}) {
		return nil
	}
	object := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: id.Name}}
	object.SetGroupVersionKind(admissionv1.SchemeGroupVersion.WithKind(id.Kind))
	return object
}

// cut shortens text to at most limit bytes of whole characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const more = "..."
	end := limit - len(more)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + more
}
