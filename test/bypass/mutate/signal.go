// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package mutate

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/bypass/attempts"
)

// signals tell when the API server has taken up what was written before them. It learns of policies and of bindings by
// a watch of each of the four kinds, in order, so that a signal of each kind that is seen to act proves that
// everything of that kind which was written before it acts.
type signals struct {
	client client.Client
	round  int
}

const (
	signalName = "mutation-signal"
	// signalKey is the label of probes, and the annotation that mutating signals add.
	signalKey = "mutation.example/round"
)

// raise writes the signals of the next round.
func (s *signals) raise(ctx context.Context) error {
	s.round++
	round := strconv.Itoa(s.round)
	constraints := &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
		Operations: []admissionv1.OperationType{admissionv1.Create},
		Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"configmaps"}},
	}}}, ObjectSelector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: signalKey, Operator: metav1.LabelSelectorOpExists}}}}
	matching := &admissionv1.MatchResources{ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{signalKey: round}}}
	validating := metav1.ObjectMeta{Name: signalName}
	add := fmt.Sprintf("[JSONPatch{op: 'add', path: '/metadata/annotations', value: {'%s': '%s'}}]", signalKey, round)
	mutated := fmt.Sprintf("object.metadata.?annotations[?'%s'].orValue('') != '%s'", signalKey, round)
	for _, o := range []client.Object{
		&admissionv1.ValidatingAdmissionPolicy{ObjectMeta: validating, Spec: admissionv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: constraints, Validations: []admissionv1.Validation{{Expression: mutated, Message: signalText(s.round)}},
		}},
		&admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: validating, Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: signalName, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}, MatchResources: matching,
		}},
		&admissionv1.MutatingAdmissionPolicy{ObjectMeta: validating, Spec: admissionv1.MutatingAdmissionPolicySpec{
			MatchConstraints: constraints, ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
			Mutations: []admissionv1.Mutation{{PatchType: admissionv1.PatchTypeJSONPatch, JSONPatch: &admissionv1.JSONPatch{Expression: add}}},
		}},
		&admissionv1.MutatingAdmissionPolicyBinding{ObjectMeta: validating, Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{
			PolicyName: signalName, MatchResources: matching,
		}},
	} {
		if err := s.write(ctx, o); err != nil {
			return fmt.Errorf("raising a signal: %w", err)
		}
	}
	return nil
}

// write creates the object, or puts it in the place of the one that is there.
func (s *signals) write(ctx context.Context, o client.Object) error {
	err := s.client.Create(ctx, o)
	if !apierrors.IsAlreadyExists(err) {
		return err
	}
	present, ok := o.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("the copy of a %T is no object", o)
	}
	if err := s.client.Get(ctx, client.ObjectKeyFromObject(o), present); err != nil {
		return err
	}
	o.SetResourceVersion(present.GetResourceVersion())
	return s.client.Update(ctx, o)
}

func signalText(round int) string { return fmt.Sprintf("this is signal %d.", round) }

// await returns once the signals of the round act: the mutating one marks a probe, and the validating one refuses it for
// the mark.
func (s *signals) await(ctx context.Context) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = s.seen(ctx)
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

func (s *signals) seen(ctx context.Context) error {
	probe := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: attempts.Ungoverned.Namespace(), Name: signalName, Labels: map[string]string{signalKey: strconv.Itoa(s.round)},
	}}
	err := s.client.Create(ctx, probe, client.DryRunAll)
	if err != nil && strings.Contains(err.Error(), signalText(s.round)) {
		return nil
	}
	return errors.Join(err, fmt.Errorf("signal %d is not seen", s.round))
}
