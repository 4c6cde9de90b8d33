// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
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

// A Job that a finalizer keeps would keep its pod, and the model served.
func TestNoFinalizerKeepsAServer(t *testing.T) {
	t.Parallel()
	s := begin(t, template(endless), server("--port=8000"))
	s.evaluate()
	e := s.becomes(v1alpha1.ReasonRunning)
	pod, job := s.server()
	for _, o := range []client.Object{job, pod} {
		err := s.Patch(t.Context(), o, client.RawPatch("application/merge-patch+json", []byte(`{"metadata": {"finalizers": ["example.com/keep"]}}`)))
		if !apierrors.IsForbidden(err) {
			t.Errorf("a finalizer on %T: %v", o, err)
		}
	}
	s.must(s.Delete(t.Context(), e))
	s.nothingServes()
	s.wantJobs(0)
}

// Who may reach the model is said until its pod is gone, whoever takes it away.
func TestTheFenceStandsLast(t *testing.T) {
	t.Parallel()
	with := func(how metav1.DeletionPropagation) func(*scenario, *v1alpha1.SafetyEvaluation) {
		return func(s *scenario, e *v1alpha1.SafetyEvaluation) {
			s.must(s.Delete(s.t.Context(), e, client.PropagationPolicy(how)))
		}
	}
	for name, end := range map[string]func(*scenario, *v1alpha1.SafetyEvaluation){
		"background": with(metav1.DeletePropagationBackground),
		"foreground": (*scenario).endInTheForeground,
		"orphan":     with(metav1.DeletePropagationOrphan),
		"kept": func(s *scenario, e *v1alpha1.SafetyEvaluation) {
			patch := func(finalizers string) {
				s.must(s.Patch(s.t.Context(), e, client.RawPatch("application/merge-patch+json", []byte(`{"metadata": {"finalizers": `+finalizers+`}}`))))
			}
			patch(`["example.com/keep"]`)
			s.must(s.Delete(s.t.Context(), e))
			s.nothingServes()
			patch(`null`)
		},
		"namespace": func(s *scenario, _ *v1alpha1.SafetyEvaluation) {
			s.must(s.Delete(s.t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.name}}))
		},
		"job": func(s *scenario, _ *v1alpha1.SafetyEvaluation) {
			_, job := s.server()
			s.must(s.Delete(s.t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationBackground)))
			s.becomes(v1alpha1.ReasonServerFailed, "was deleted while the suite ran")
		},
		"job-orphan": func(s *scenario, _ *v1alpha1.SafetyEvaluation) {
			_, job := s.server()
			s.must(s.Delete(s.t.Context(), job, client.PropagationPolicy(metav1.DeletePropagationOrphan)))
			s.becomes(v1alpha1.ReasonServerFailed, "was deleted while the suite ran")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t, template(endless), server("--port=8000"))
			s.evaluate()
			e := s.becomes(v1alpha1.ReasonRunning)
			pod, job := s.server()
			server, fence := s.watch(&corev1.PodList{}, pod.Name), s.watch(&networkingv1.NetworkPolicyList{}, job.Name)
			end(s, e)
			s.nothingServes()
			if pod, policy := s.departs(server), s.departs(fence); pod >= policy {
				t.Errorf("the pod was gone at %d, and its NetworkPolicy at %d", pod, policy)
			}
		})
	}
}

// endInTheForeground deletes an evaluation that has to wait for something else that it owns: without that, nothing of its own holds
// it, and the garbage collector deletes as in the background.
func (s *scenario) endInTheForeground(e *v1alpha1.SafetyEvaluation) {
	s.t.Helper()
	kind := v1alpha1.SchemeGroupVersion.WithKind("SafetyEvaluation")
	kept := s.ownedBy(e, "kept", kind)
	kept.Finalizers = []string{"example.com/keep"}
	s.must(s.Create(s.t.Context(), kept))
	// The garbage collector learns of ConfigMaps in their order: once it has taken one that nobody owns, it knows of the other.
	gone := s.ownedBy(&v1alpha1.SafetyEvaluation{ObjectMeta: metav1.ObjectMeta{Name: "gone", UID: "gone"}}, "collected", kind)
	s.must(s.Create(s.t.Context(), gone))
	s.eventually(func(ctx context.Context) error {
		if err := s.Get(ctx, client.ObjectKeyFromObject(gone), &corev1.ConfigMap{}); !apierrors.IsNotFound(err) {
			return errors.Join(err, errors.New("the garbage collector has not taken what nobody owns"))
		}
		return nil
	})
	s.must(s.Delete(s.t.Context(), e, client.PropagationPolicy(metav1.DeletePropagationForeground)))
	s.nothingServes()
	s.must(s.Get(s.t.Context(), client.ObjectKeyFromObject(e), e))
	s.must(s.Patch(s.t.Context(), kept, client.RawPatch("application/merge-patch+json", []byte(`{"metadata": {"finalizers": null}}`))))
}

// ownedBy is a ConfigMap that an object controls.
func (s *scenario) ownedBy(owner client.Object, name string, kind schema.GroupVersionKind) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Namespace: s.name, Name: name, OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(owner, kind)},
	}}
}

// watch follows the object of that name in the namespace of the scenario.
func (s *scenario) watch(list client.ObjectList, name string) watch.Interface {
	s.t.Helper()
	c, err := client.NewWithWatch(shared.Admin(), client.Options{Scheme: s.Scheme()})
	s.must(err)
	w, err := c.Watch(s.t.Context(), list, client.InNamespace(s.name), client.MatchingFields{"metadata.name": name})
	s.must(err)
	s.t.Cleanup(w.Stop)
	return w
}

// departs waits until the object that is watched is gone, and returns the version of the cluster's store that it was at then.
func (s *scenario) departs(w watch.Interface) uint64 {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			s.t.Fatal("nothing is told of its end")
		case event, open := <-w.ResultChan():
			o, ok := event.Object.(client.Object)
			if !open || !ok {
				s.t.Fatalf("the watch ends: %+v", event)
			}
			if event.Type == watch.Deleted {
				version, err := strconv.ParseUint(o.GetResourceVersion(), 10, 64)
				s.must(err)
				return version
			}
		}
	}
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
