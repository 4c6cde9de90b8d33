// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// undoTimeout bounds how long a half-made import may take to be undone.
const undoTimeout = 10 * time.Second

// stored is what became of the objects.
type stored string

const (
	// storedNew: both were created.
	storedNew stored = "created"
	// storedFile: the evaluation was there and waited for its file, which was created.
	storedFile stored = "completed"
	// storedBefore: both were there.
	storedBefore stored = "already imported"
)

// store creates the evaluation, and then its file, which it owns: deleting the evaluation deletes the file with it.
// Until the file is there the manager waits for it. Where the file cannot be created the evaluation is deleted
// again. Importing twice is no error and changes nothing.
func (c connection) store(ctx context.Context, o imported, options ...client.CreateOption) (stored, error) {
	result := storedNew
	err := c.Create(ctx, o.evaluation, options...)
	if apierrors.IsAlreadyExists(err) {
		result = storedFile
		err = c.adopt(ctx, o)
	}
	if err != nil {
		return "", fmt.Errorf("creating SafetyEvaluation %s: %w", o.evaluation.Name, served(err))
	}
	o.file.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: v1alpha1.SchemeGroupVersion.String(), Kind: "SafetyEvaluation",
		Name: o.evaluation.Name, UID: o.evaluation.UID,
	}}
	err = c.Create(ctx, o.file, options...)
	switch {
	case err == nil:
		return result, nil
	case apierrors.IsAlreadyExists(err) && result == storedFile:
		return storedBefore, nil
	case apierrors.IsAlreadyExists(err):
		err = fmt.Errorf("creating ConfigMap %s: one of that name exists, perhaps of an evaluation that is just being deleted: try again, or give another --name: %w", o.file.Name, err)
	default:
		err = fmt.Errorf("creating ConfigMap %s: %w", o.file.Name, err)
	}
	if result == storedNew && !dry(options) {
		err = errors.Join(err, c.undo(ctx, o.evaluation))
	}
	return "", err
}

func dry(options []client.CreateOption) bool {
	return len((&client.CreateOptions{}).ApplyOptions(options).DryRun) > 0
}

// adopt takes the evaluation that has the name already for the one to create, when it says the same.
func (c connection) adopt(ctx context.Context, o imported) error {
	existing := &v1alpha1.SafetyEvaluation{}
	if err := c.Get(ctx, client.ObjectKeyFromObject(o.evaluation), existing); err != nil {
		return fmt.Errorf("it exists, and reading it: %w", err)
	}
	have, want := existing.Spec.DeepCopy(), o.evaluation.Spec.DeepCopy()
	// The API server stamps the evaluator; and an omitted relation is Exact.
	have.Evaluator, want.Evaluator = "", ""
	for _, subject := range []*v1alpha1.EvaluationSubject{&have.Subject, &want.Subject} {
		if subject.Relation == "" {
			subject.Relation = v1alpha1.RelationExact
		}
	}
	switch {
	case existing.DeletionTimestamp != nil:
		return errors.New("one of that name is being deleted: try again when it is gone, or give another --name")
	case !equality.Semantic.DeepEqual(have, want):
		return fmt.Errorf("one of that name exists and says something else (compare: kubectl get safetyevaluation %s -n %s -o yaml); give another --name",
			existing.Name, existing.Namespace)
	case existing.Status.Measurement != nil && existing.Status.Measurement.Metric != o.metric:
		return fmt.Errorf("one of that name measured %s, and the policy asks for %s now; give another --name to have the file read again",
			existing.Status.Measurement.Metric, o.metric)
	}
	existing.DeepCopyInto(o.evaluation)
	return nil
}

// undo deletes an evaluation that was created without its file, even when the caller has given up meanwhile.
func (c connection) undo(ctx context.Context, e *v1alpha1.SafetyEvaluation) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
	defer cancel()
	err := c.Delete(ctx, e, client.Preconditions{UID: &e.UID})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("deleting SafetyEvaluation %s again, which waits for its file (import once more to complete it, or delete it yourself): %w", e.Name, err)
	}
	return nil
}
