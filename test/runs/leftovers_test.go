// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// Whoever deletes an evaluation and leaves what it owns, does not keep the model under test served.
func TestWhatADeletedEvaluationLeavesBehindGoes(t *testing.T) {
	t.Parallel()
	s := begin(t, template(endless), server("--port=8000"))
	s.evaluate()
	e := s.becomes(v1alpha1.ReasonRunning)
	s.must(s.Delete(t.Context(), e, client.PropagationPolicy(metav1.DeletePropagationOrphan)))
	s.nothingServes()
	s.wantJobs(0)
}

// Nor does whoever keeps the evaluation from being gone.
func TestAFinalizerKeepsNoModelServed(t *testing.T) {
	t.Parallel()
	s := begin(t, template(endless), server("--port=8000"))
	s.evaluate(func(e *v1alpha1.SafetyEvaluation) { e.Finalizers = []string{"example.com/keep"} })
	e := s.becomes(v1alpha1.ReasonRunning)
	s.must(s.Delete(t.Context(), e))
	s.nothingServes()
	s.wantJobs(0)
	s.must(s.Patch(t.Context(), e, client.RawPatch("application/merge-patch+json", []byte(`{"metadata": {"finalizers": null}}`))))
}

// What the API server does not accept is told where the run is.
func TestAJobThatTheAPIServerCallsInvalid(t *testing.T) {
	t.Parallel()
	s := begin(t, template(func(t *batchv1.JobTemplateSpec) {
		t.Spec.Template.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "forgotten", MountPath: "/data"}}
	}))
	s.evaluate()
	s.becomes(v1alpha1.ReasonInvalidSuite, "refuses the Job", "volumeMounts[0].name", "correct the suite")
	suite := &v1alpha1.EvaluationSuite{}
	s.must(s.Get(t.Context(), client.ObjectKey{Name: s.name}, suite))
	before := suite.DeepCopy()
	template(nil)(suite)
	s.must(s.Patch(t.Context(), suite, client.MergeFrom(before)))
	s.becomes(v1alpha1.ReasonMeasured)
}
