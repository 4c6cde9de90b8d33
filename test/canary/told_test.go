// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/controllers/canary"
	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/test/bypass/meddling"
)

// history collects the values of the condition Guarded, each once in a row, until the test ends.
func history(t *testing.T) func() []string {
	t.Helper()
	watching, err := client.NewWithWatch(shared.Admin(), client.Options{Scheme: shared.Client.Scheme()})
	must(t, err)
	w, err := watching.Watch(t.Context(), &v1alpha1.SafetyPolicyList{}, client.MatchingFields{"metadata.name": shared.policy.Name})
	must(t, err)
	t.Cleanup(w.Stop)
	var seen []string
	return func() []string {
		for {
			select {
			case e := <-w.ResultChan():
				p, ok := e.Object.(*v1alpha1.SafetyPolicy)
				if !ok {
					return append(seen, fmt.Sprintf("%v", e.Object))
				}
				c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionGuarded)
				if c == nil {
					continue
				}
				now := string(c.Status) + " " + c.Reason
				if len(seen) == 0 || seen[len(seen)-1] != now {
					seen = append(seen, now)
				}
			default:
				return seen
			}
		}
	}
}

// told waits for an event about the policy with this reason and with this text in its note.
func told(t *testing.T, kind, reason, text string) {
	t.Helper()
	eventually(t, func(ctx context.Context) error {
		events := &eventsv1.EventList{}
		if err := shared.Client.List(ctx, events); err != nil {
			return err
		}
		for _, e := range events.Items {
			if e.Regarding.Kind == "SafetyPolicy" && e.Regarding.Name == shared.policy.Name &&
				e.Type == kind && e.Reason == reason && strings.Contains(e.Note, text) {
				return nil
			}
		}
		return fmt.Errorf("no event %s, %s with %q", kind, reason, text)
	})
}

// The manager waits for guards in memory, people read the condition and the event, alerts the metric.
func TestAMissingPolicyIsTold(t *testing.T) {
	begin(t)
	seen := history(t)
	const name = "scalegate-hold-pods"
	before := value(t, "scalegate_guard_restorations_total", guards.KindMutatingPolicy)
	must(t, shared.Client.Delete(t.Context(), &admissionv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}}))
	eventually(t, func(context.Context) error {
		if got := strings.Join(seen(), ", "); got != "True GuardsInPlace, False GuardMissing, True GuardsInPlace" {
			return errors.New(got)
		}
		return nil
	})
	told(t, corev1.EventTypeWarning, v1alpha1.ReasonGuardMissing, "MutatingAdmissionPolicy "+name+" is missing; since ")
	told(t, corev1.EventTypeWarning, v1alpha1.ReasonGuardMissing, "; put back; see docs/runbooks/guards-missing.md")
	told(t, corev1.EventTypeNormal, v1alpha1.ReasonGuardsInPlace, "again in place")
	if after := value(t, "scalegate_guard_restorations_total", guards.KindMutatingPolicy); after != before+1 {
		t.Errorf("restorations counted: %v, before %v", after, before)
	}
	must(t, shared.await(t.Context(), metav1.ConditionTrue, v1alpha1.ReasonGuardsInPlace))
	if value(t, "scalegate_guards_in_place", "") != 1 {
		t.Error("the gauge is not 1 again")
	}
}

// Every object is as installed, and something else takes back what one of them does.
func TestAGuardWithoutEffectIsTold(t *testing.T) {
	begin(t)
	before := value(t, "scalegate_canary_probe_failures_total", "1")
	target := meddling.Target{Namespace: canary.Namespace, Group: "apps", Resource: "deployments"}
	webhook, ok := meddling.Webhook(t, target, meddling.Patch{Op: "add", Path: "/spec/paused", Value: false}).(*admissionv1.MutatingWebhookConfiguration)
	if !ok {
		t.Fatal("the webhook is none")
	}
	// Without this the hold, which is invoked again, has the last word.
	webhook.Webhooks[0].ReinvocationPolicy = new(admissionv1.IfNeededReinvocationPolicy)
	must(t, shared.Client.Create(t.Context(), webhook))
	err := shared.await(t.Context(), metav1.ConditionFalse, v1alpha1.ReasonGuardIneffective)
	_, why := shared.canary.InPlace()
	must(t, errors.Join(shared.Client.Delete(t.Context(), webhook), err))
	if !strings.Contains(why, "a Deployment that claims a release is paused and marked: it came back as it was sent") {
		t.Errorf("the reason is %q", why)
	}
	told(t, corev1.EventTypeWarning, v1alpha1.ReasonGuardIneffective, "does not act")
	if after := value(t, "scalegate_canary_probe_failures_total", "1"); after <= before {
		t.Errorf("failed probes counted: %v, before %v", after, before)
	}
	must(t, shared.await(t.Context(), metav1.ConditionTrue, v1alpha1.ReasonGuardsInPlace))
}

// What somebody made with our prefix, or bound to our policy, is told of and left alone.
func TestWhatIsNotOursIsToldAndLeft(t *testing.T) {
	begin(t)
	for _, name := range []string{"scalegate-lookalike", "borrowed"} {
		binding := &admissionv1.ValidatingAdmissionPolicyBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
				PolicyName: "scalegate-warn-held", ValidationActions: []admissionv1.ValidationAction{admissionv1.Audit},
			},
		}
		must(t, shared.Client.Create(t.Context(), binding))
		told(t, corev1.EventTypeWarning, v1alpha1.ReasonGuardUnexpected, "ValidatingAdmissionPolicyBinding "+name+" is none of Scalegate's")
		must(t, shared.await(t.Context(), metav1.ConditionTrue, v1alpha1.ReasonGuardsInPlace))
		must(t, shared.Client.Delete(t.Context(), binding))
	}
}

// Other parameters become other policies: an upgrade is not undone.
func TestParametersAreFollowed(t *testing.T) {
	begin(t)
	cm := parameters()
	must(t, shared.Client.Get(t.Context(), client.ObjectKeyFromObject(cm), cm))
	installed := cm.Data["accelerators"]
	set := func(value string) {
		patch := fmt.Sprintf(`{"data":{"accelerators":%q}}`, value)
		must(t, shared.Client.Patch(t.Context(), cm, client.RawPatch(types.MergePatchType, []byte(patch))))
	}
	policy := &admissionv1.ValidatingAdmissionPolicy{}
	stands := func(value string) {
		eventually(t, func(ctx context.Context) error {
			if err := shared.Client.Get(ctx, client.ObjectKey{Name: "scalegate-require-claims"}, policy); err != nil {
				return err
			}
			for _, v := range policy.Spec.Variables {
				if v.Name == "accelerators" && v.Expression == value {
					return nil
				}
			}
			return errors.New("the policy has other accelerators")
		})
	}
	set("['example.com/gpu']")
	stands("['example.com/gpu']")
	set("request.userInfo.username") // no literal: what was last good stands
	eventually(t, func(context.Context) error {
		if good, why := shared.canary.InPlace(); good {
			return errors.New("still in place: " + why)
		}
		return nil
	})
	stands("['example.com/gpu']")
	set(installed)
	stands(installed)
	must(t, shared.await(t.Context(), metav1.ConditionTrue, v1alpha1.ReasonGuardsInPlace))
}
