// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// LMEvalJobs are read where TrustyAI is installed.
//
// +kubebuilder:rbac:groups=trustyai.opendatahub.io,resources=lmevaljobs,verbs=get;list;watch

// lmEvalKind is the kind of TrustyAI that holds the result of lm-evaluation-harness in its status.
func lmEvalKind() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: "trustyai.opendatahub.io", Version: "v1alpha1", Kind: "LMEvalJob"}
}

// The states of an LMEvalJob that it does not leave.
const (
	lmEvalComplete  = "Complete"
	lmEvalCancelled = "Cancelled"
)

// lmEvalRows have LMEvalJobs watched where they are installed: every version of one counts, and nothing of it is kept.
func lmEvalRows() map[string]customRow {
	kind := lmEvalKind()
	row := customRow{kind: kind.GroupKind(), resource: "lmevaljobs", versions: []string{kind.Version}, whole: true}
	return map[string]customRow{row.name(): row}
}

// lmEvalJob measures the live LMEvalJob that the evaluation names, once it is complete.
func (r *SafetyEvaluationReconciler) lmEvalJob(ctx context.Context, e *v1alpha1.SafetyEvaluation, metric string) (reading, error) {
	key := client.ObjectKey{Namespace: e.Namespace, Name: e.Spec.Report.LMEvalJob.Name}
	job := &unstructured.Unstructured{}
	job.SetGroupVersionKind(lmEvalKind())
	switch err := r.Live.Get(ctx, key, job); {
	case meta.IsNoMatchError(err):
		return reading{summary: waiting(v1alpha1.ReasonLMEvalJobNotFound, fmt.Sprintf(
			"LMEvalJob %s cannot be there: the cluster has no kind LMEvalJob of %s; install TrustyAI, or bring the result file in a ConfigMap",
			key, lmEvalKind().GroupVersion()))}, nil
	case apierrors.IsNotFound(err):
		return reading{summary: waiting(v1alpha1.ReasonLMEvalJobNotFound, fmt.Sprintf(
			"LMEvalJob %s does not exist: create it, or create another SafetyEvaluation that names the right one", key))}, nil
	case err != nil:
		return reading{}, fmt.Errorf("reading LMEvalJob %s: %w", key, err)
	}
	state, _, _ := unstructured.NestedString(job.Object, "status", "state")
	why, _, _ := unstructured.NestedString(job.Object, "status", "reason")
	results, _, _ := unstructured.NestedString(job.Object, "status", "results")
	switch state {
	case lmEvalComplete:
		if results == "" {
			return reading{summary: stuck(v1alpha1.ReasonUnusable, fmt.Sprintf(
				"LMEvalJob %s is complete with reason %q and has no results: run another one, and create another SafetyEvaluation for it", key, cut(why, 40)))}, nil
		}
	case lmEvalCancelled:
		return reading{summary: stuck(v1alpha1.ReasonUnusable, fmt.Sprintf(
			"LMEvalJob %s was cancelled: run another one, and create another SafetyEvaluation for it", key))}, nil
	case "":
		return reading{summary: waiting(v1alpha1.ReasonRunning, fmt.Sprintf(
			"LMEvalJob %s has no status yet; it is read once its state is %s", key, lmEvalComplete))}, nil
	default:
		return reading{summary: waiting(v1alpha1.ReasonRunning, fmt.Sprintf(
			"LMEvalJob %s is %q; it is read once its state is %s; see: kubectl get lmevaljob -n %s %s", key, cut(state, 40), lmEvalComplete, key.Namespace, key.Name))}, nil
	}
	file, err := lmEvalFile(job)
	if err != nil {
		return reading{}, fmt.Errorf("writing LMEvalJob %s as a file: %w", key, err)
	}
	return measure(file, metric, e.Spec.Report.SHA256)
}

// lmEvalFile is an LMEvalJob as a result file: without what changes while its result does not, and with its keys sorted, so
// that the same job always gives the same bytes.
func lmEvalFile(job *unstructured.Unstructured) ([]byte, error) {
	return json.Marshal(map[string]any{
		"apiVersion": job.GetAPIVersion(), "kind": job.GetKind(),
		"metadata": map[string]any{"name": job.GetName(), "namespace": job.GetNamespace(), "uid": job.GetUID()},
		"spec":     job.Object["spec"], "status": job.Object["status"],
	})
}
