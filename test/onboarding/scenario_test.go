// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package onboarding

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// scenario is a namespace without a gate, and a policy of its own under its name.
type scenario struct {
	t  *testing.T
	ns string
	client.Client
}

func begin(t *testing.T) *scenario {
	t.Helper()
	s := &scenario{t: t, ns: strings.ToLower(strings.TrimPrefix(t.Name(), "Test")), Client: shared.Client}
	s.must(s.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}))
	t.Cleanup(s.explainFailure)
	t.Cleanup(s.leave)
	s.eventually(func(ctx context.Context) error {
		return s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "default"}, &corev1.ServiceAccount{})
	})
	return s
}

// leave takes the pods away that would be ungoverned for the tests that follow.
func (s *scenario) leave() {
	err := s.Delete(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}})
	if err != nil {
		s.t.Error(err)
	}
}

func (s *scenario) explainFailure() {
	if !s.t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "namespace", s.ns, "-o", "yaml"}, {"get", "modelreleases,safetypolicies", "-n", s.ns, "-o", "yaml"},
		{"get", "deployments,statefulsets,jobs,replicasets,pods", "-n", s.ns, "-o", "wide"}, {"get", "events", "-n", s.ns},
	} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), args...)
		s.t.Logf("kubectl %v: %s %v", args, out, err)
	}
	if log, err := os.ReadFile(shared.LogPath(installation.Manager)); err == nil {
		s.t.Logf("the manager's log ends in:\n%s", log[max(0, len(log)-8000):])
	}
}

func (s *scenario) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// eventually polls until check returns nil, and fails with its last error.
func (s *scenario) eventually(check func(context.Context) error) {
	s.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(s.t.Context(), 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		s.t.Fatal(errors.Join(err, last))
	}
}

// policy asks for nothing where open, and otherwise for evidence that nobody brings.
func (s *scenario) policy(open bool, change ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	s.t.Helper()
	p := &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: s.ns},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: "General", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed}},
			Levels:    []v1alpha1.Level{{Name: "L1"}},
		},
	}
	if !open {
		p.Spec.Levels[0].Requires = []string{"attack"}
		p.Spec.Requirements = []v1alpha1.Requirement{{
			Name: "attack", ValidForDays: 30,
			Evaluation: &v1alpha1.EvaluationCriterion{
				Metric: "attack/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05",
				Bound: v1alpha1.BoundPoint, MinSamples: 1, MaxUnjudgedPercent: new(int32(0)),
			},
		}}
	}
	for _, c := range change {
		c(p)
	}
	s.must(s.Create(s.t.Context(), p))
	s.t.Cleanup(func() { s.must(s.Delete(context.Background(), p)) })
	return p
}

func digest(label string) string {
	sum := sha256.Sum256([]byte(label))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// release is m1, whose server is run by its image alone.
func (s *scenario) release() {
	s.t.Helper()
	r := &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "m1"},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: s.ns, Model: v1alpha1.Model{Name: "m1"}, Level: "L1", Exposure: "General",
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: v1alpha1.Digest(digest("weights"))},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: v1alpha1.Digest(digest("server"))},
			},
		},
	}
	s.must(s.Create(s.t.Context(), r))
}

// template serves m1 as it is declared, on one accelerator. release is what it claims; empty for nothing.
func template(app, release string) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{
			EnableServiceLinks: new(false), AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(0)),
			Containers: []corev1.Container{{
				Name: "server", Image: "registry.example/server@" + digest("server"),
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
				Resources:    corev1.ResourceRequirements{Limits: corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "registry.example/m1@" + digest("weights")},
			}}},
		},
	}
	if release != "" {
		t.Labels[v1alpha1.LabelRelease] = release
	}
	return t
}

func (s *scenario) deployment(name, release string, replicas int32, change ...func(*appsv1.Deployment)) *appsv1.Deployment {
	s.t.Helper()
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}, Template: template(name, release),
		},
	}
	for _, c := range change {
		c(d)
	}
	s.must(s.Create(s.t.Context(), d))
	return d
}

// label sets the gate; empty takes it off.
func (s *scenario) label(gate string) {
	s.t.Helper()
	value := `null`
	if gate != "" {
		value = `"` + gate + `"`
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}
	s.must(s.Patch(s.t.Context(), ns, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"`+v1alpha1.LabelGate+`":`+value+`}}}`))))
}

// gated waits until the API server holds the namespace for enforced: a pod that claims a release comes back held.
func (s *scenario) gated() {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		t := template("probe", "probe")
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, GenerateName: "probe-", Labels: t.Labels}, Spec: t.Spec}
		err := s.Create(ctx, pod, client.DryRunAll)
		if err == nil && len(pod.Spec.SchedulingGates) == 0 {
			return errors.New("a pod that claims a release is not held")
		}
		return err
	})
}

// pods are those of an app that are not going, by name.
func (s *scenario) pods(ctx context.Context, app string) ([]corev1.Pod, error) {
	var list corev1.PodList
	err := s.List(ctx, &list, client.InNamespace(s.ns), client.MatchingLabels{"app": app})
	return slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return p.DeletionTimestamp != nil }), err
}

// counts waits until so many pods of an app run and so many are held.
func (s *scenario) counts(app string, running, held int) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		pods, err := s.pods(ctx, app)
		r, h := 0, 0
		for i := range pods {
			switch {
			case len(pods[i].Spec.SchedulingGates) > 0:
				h++
			case pods[i].Status.Phase == corev1.PodRunning:
				r++
			}
		}
		if err != nil || r != running || h != held {
			return errors.Join(err, fmt.Errorf("%d pods of %s run and %d are held, want %d and %d", r, app, h, running, held))
		}
		return nil
	})
}

// enforced waits until the condition Enforced of m1 has the reason and says what is given: the first that has the reason
// may be of a cache that lacks a workload.
func (s *scenario) enforced(reason, says string) {
	s.t.Helper()
	s.eventually(func(ctx context.Context) error {
		var r v1alpha1.ModelRelease
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: "m1"}, &r); err != nil {
			return err
		}
		c := meta.FindStatusCondition(r.Status.Conditions, v1alpha1.ConditionEnforced)
		if c == nil || c.Reason != reason || !strings.Contains(c.Message, says) {
			return fmt.Errorf("Enforced of m1 is %+v, want %s: %q", c, reason, says)
		}
		return nil
	})
}

// doctor runs `scalegate doctor` as cluster admin, and returns what it prints and its exit code.
func (s *scenario) doctor(args ...string) (out string, code int) {
	s.t.Helper()
	return doctor(s.t, args...)
}
