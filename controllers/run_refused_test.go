// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/runs"
)

// What the API server refuses is tried again, and the evaluation says why it stands still.
func TestWhatTheAPIServerRefuses(t *testing.T) {
	quota := apierrors.NewForbidden(schema.GroupResource{Group: "batch", Resource: "jobs"}, "", errors.New("exceeded quota: jobs"))
	invalid := apierrors.NewInvalid(schema.GroupKind{Group: "batch", Kind: "Job"}, "", field.ErrorList{
		field.NotFound(field.NewPath("spec.template.spec.initContainers[0].volumeMounts[0].name"), "data")})
	server := runs.ServerName(unrun())
	for sentence, test := range map[string]struct {
		suite   []func(*v1alpha1.EvaluationSuite)
		fails   string
		with    error
		reason  string
		stalled bool
		says    []string
	}{
		"a Job by a quota":        {fails: "create Job ", with: quota, reason: v1alpha1.ReasonRunRefused, says: []string{"refuses the Job of suite attack-suite", "exceeded quota: jobs"}},
		"a Job that is not valid": {fails: "create Job ", with: invalid, reason: v1alpha1.ReasonInvalidSuite, stalled: true, says: []string{"volumeMounts[0].name", "correct the suite"}},
		"a Job by a webhook":      {fails: "create Job ", with: apierrors.NewBadRequest("no such queue"), reason: v1alpha1.ReasonRunRefused, says: []string{"no such queue"}},
		"a server by a policy":    {suite: aServer(), fails: "create Job " + server, with: quota, reason: v1alpha1.ReasonRunRefused, says: []string{"refuses the Job"}},
		"a Service":               {suite: aServer(), fails: "create Service " + server, with: quota, reason: v1alpha1.ReasonRunRefused, says: []string{"refuses the Service"}},
		"a name that is taken": {
			suite: aServer(), fails: "create Job " + server, with: apierrors.NewAlreadyExists(schema.GroupResource{Group: "batch", Resource: "jobs"}, server),
			reason: v1alpha1.ReasonRunRefused, says: []string{"refuses the Job", "already exists", "tried again"},
		},
		"a broken connection is no no": {fails: "create Job ", with: errBroken, reason: v1alpha1.ReasonQueued, says: []string{"is about to run"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, suiteWorld(test.suite...)...)
			c.fails[test.fails] = test.with
			v := &evaluator{c: c}
			for range 2 {
				if _, err := v.reconcile(now().Time); !errors.Is(err, test.with) {
					t.Errorf("error %v", err)
				}
			}
			e := read(c, unrun())
			is := readyOf(e)
			if is.Reason != test.reason || meta.IsStatusConditionTrue(e.Status.Conditions, v1alpha1.ConditionStalled) != test.stalled {
				t.Errorf("conditions = %+v", e.Status.Conditions)
			}
			for _, part := range test.says {
				if !strings.Contains(is.Message, part) {
					t.Errorf("message %q does not say %q", is.Message, part)
				}
			}
			if e.Status.Run == nil || !e.Status.Run.FinishTime.IsZero() {
				t.Errorf("run = %+v", e.Status.Run)
			}
			delete(c.fails, test.fails)
			if len(test.suite) == 0 {
				if v.must(); len(c.jobs()) != 1 {
					t.Errorf("%d Jobs once it is not refused any more", len(c.jobs()))
				}
			}
		})
	}
}

func aServer() []func(*v1alpha1.EvaluationSuite) {
	return []func(*v1alpha1.EvaluationSuite){fixture.Serving()}
}
