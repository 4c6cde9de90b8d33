// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/runs"
)

func digest(label string) v1alpha1.Digest {
	sum := sha256.Sum256([]byte(label))
	return v1alpha1.Digest("sha256:" + hex.EncodeToString(sum[:]))
}

// stage makes a governed namespace with a policy, a suite and a release "m1" under one name. The policy asks for what the
// suite measures, and a run of it ends with a result that meets it.
func stage(t *testing.T, name string) {
	t.Helper()
	explain(t, name)
	if err := shared.Govern(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	message := string(runs.Report{Measurement: &v1alpha1.Measurement{
		Metric: "attack/rate", Value: "0.125", Planned: new(int64(100)), Judged: new(int64(100)), Unjudged: new(int64(0)), Errored: new(int64(0)),
		EndMarker: "status is success", Format: "inspect-json", SHA256: strings.TrimPrefix(string(digest(name+" file")), "sha256:"),
	}}.Encode())
	job := &batchv1.JobTemplateSpec{}
	job.Spec.Template.Annotations = map[string]string{localcluster.TerminationMessageAnnotation: message}
	job.Spec.Template.Spec.Containers = []corev1.Container{{Name: "attack", Image: "registry.example/attack:1"}}
	raw, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []client.Object{
		&v1alpha1.SafetyPolicy{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: "Internal", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed}, {Name: "General"}},
			Levels:    []v1alpha1.Level{{Name: "L1", Requires: []string{"attack"}}},
			Requirements: []v1alpha1.Requirement{{
				Name: "attack", ValidForDays: 30, NeededFrom: "General",
				Evaluation: &v1alpha1.EvaluationCriterion{
					Metric: "attack/rate", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.2", TripAt: "0.5",
					Bound: v1alpha1.BoundPoint, MinSamples: 10, MaxUnjudgedPercent: new(int32(0)), Suite: name,
				},
			}},
		}},
		&v1alpha1.EvaluationSuite{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.EvaluationSuiteSpec{
			Protocol: v1alpha1.EvaluationProtocol{Title: "Attacks", Version: "1"}, Result: v1alpha1.SuiteResult{Path: "report.json"},
			JobTemplate: runtime.RawExtension{Raw: raw},
		}},
		&v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "m1"}, Spec: v1alpha1.ModelReleaseSpec{
			Policy: name, Model: v1alpha1.Model{Name: "m1", Version: "1"}, Level: "L1", Exposure: "General",
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Reference: "oci://registry.example/models/m1", Digest: digest(name + " weights")},
				{Name: "server", Type: v1alpha1.ArtifactServer, Reference: "registry.example/server", Digest: digest("server")},
			},
		}},
		deployment(name),
	} {
		if err := shared.Client.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

// deployment claims m1 at General with two pods.
func deployment(namespace string) *appsv1.Deployment {
	labels := map[string]string{"app": "chat", v1alpha1.LabelRelease: "m1", v1alpha1.LabelExposure: "General"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "chat"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(2)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "chat"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{
					EnableServiceLinks: new(false), AutomountServiceAccountToken: new(false),
					Containers: []corev1.Container{{
						Name: "server", Image: "registry.example/server@" + string(digest("server")),
						VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
					}},
					Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
						Image: &corev1.ImageVolumeSource{Reference: "registry.example/models/m1@" + string(digest(namespace+" weights"))},
					}}},
				},
			},
		},
	}
}

// expect runs the program and fails unless it ends with a code and says all of this.
func expect(t *testing.T, code int, says []string, args ...string) {
	t.Helper()
	got := scalegate(t, args...)
	if got.code != code {
		t.Fatalf("scalegate %s ends with %d, want %d:\n%s%s", strings.Join(args, " "), got.code, code, got.out, got.errors)
	}
	for _, say := range says {
		if !strings.Contains(got.out, say) {
			t.Errorf("scalegate %s does not say %q:\n%s%s", strings.Join(args, " "), say, got.out, got.errors)
		}
	}
}

// restartTheAPIServer returns when writes are taken again: for a while after its start, the API server's admission does not find our kinds.
func restartTheAPIServer(t *testing.T, ns string) {
	t.Helper()
	if err := shared.Restart(t.Context(), localcluster.APIServer); err != nil {
		t.Fatal(err)
	}
	release := &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "m1"}}
	eventually(t, func(ctx context.Context) error {
		return shared.Client.Patch(ctx, release, client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"probe":"x"}}}`)), client.DryRunAll)
	})
}

// TestFromHeldToReleasedAndBack is what people do with one release. It restarts the API server, so nothing runs beside it.
func TestFromHeldToReleasedAndBack(t *testing.T) {
	const ns = "acting"
	stage(t, ns)
	in := []string{"-n", ns}
	with := func(args ...string) []string { return append(args, in...) }

	expect(t, 0, []string{"m1: condition=EvidenceComplete=False"}, with("wait", "modelrelease", "m1", "--for", "condition=EvidenceComplete=False", "--timeout", "1m")...)
	expect(t, 3, []string{"Partial EvidenceMissing"}, with("wait", "modelrelease", "m1", "--timeout", "0")...)
	expect(t, 0, []string{"m1/1", "Internal", "General", "Partial", "EvidenceMissing"}, with("get", "releases", "m1")...)
	expect(t, 0, []string{"m1: exposure=Internal"}, with("wait", "modelrelease", "m1", "--for", "exposure=Internal", "--timeout", "1m")...)

	tree := begin(t, with("tree", "m1", "--watch")...)
	tree.says(t, "requirement attack")
	waiting := begin(t, with("wait", "modelrelease", "m1", "--timeout", "3m")...)
	waiting.says(t, "EvidenceMissing")
	if !shared.External() {
		restartTheAPIServer(t, ns)
	}
	expect(t, 0, []string{"created: attack by suite " + ns, "Measured: attack/rate is 0.125"}, with("evaluation", "run", "m1", "--timeout", "2m")...)
	if got := waiting.result(t, false); got.code != 0 || !strings.HasSuffix(got.out, "modelrelease.scalegate.dev/m1: Released\n") {
		t.Fatalf("waiting ends with %d:\n%s", got.code, got.out)
	}
	expect(t, 0, []string{"suite/" + ns, "0.125", "Measured"}, with("get", "evaluations")...)
	expect(t, 0, []string{"Nothing is due"}, with("evaluation", "run", "m1")...)
	eventually(t, func(ctx context.Context) error {
		if got := scalegate(t, with("tree", "m1")...); strings.Count(got.out, " Serving ") != 2 {
			return fmt.Errorf("the two pods do not serve:\n%s", got.out)
		}
		return nil
	})
	tree.says(t, " Serving ")

	expect(t, 0, []string{"2 go: 2 of Deployment chat", "all at once", "m1 revoked (server dry run)"},
		with("revoke", "m1", "--reason", "a drill", "--critical", "--dry-run=server")...)
	expect(t, 0, []string{"m1: Released"}, with("wait", "modelrelease", "m1", "--timeout", "0")...)
	expect(t, 0, []string{"reaches    the whole cluster", "m1 revoked\n"}, with("revoke", "m1", "--reason", "a drill", "--critical", "--yes")...)
	expect(t, 0, nil, with("wait", "modelrelease", "m1", "--for", "condition=Enforced", "--timeout", "1m")...)
	expect(t, 2, []string{"Revoked", "does not become Released by waiting"}, with("wait", "modelrelease", "m1")...)
	tree.says(t, "Critical, by ")
	expect(t, 0, []string{"was revoked before (Critical)", "a drill"}, with("revoke", "m1", "--reason", "again")...)

	expect(t, 0, []string{"not revoked any more"}, with("resolve", "modelrelease", "m1", "--yes")...)
	expect(t, 0, []string{"m1: Released"}, with("wait", "modelrelease", "m1", "--timeout", "1m")...)
	if got := tree.result(t, true); got.code != 0 || strings.Count(got.out, "\n--- ") < 3 {
		t.Errorf("the tree ends with %d:\n%s", got.code, got.out)
	}
	expect(t, 0, []string{"acting", "Revoked"}, "get", "decisions", "-A", "-o", "wide")
}
