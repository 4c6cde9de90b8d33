// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
)

// policy has an exposure, Trial, that needs no evidence, and one, General, that needs a result nobody has.
func policy(name string, change ...func(*v1alpha1.SafetyPolicy)) *v1alpha1.SafetyPolicy {
	p := &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures: []v1alpha1.Exposure{{Name: "Trial", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed}, {Name: "General"}},
			Levels:    []v1alpha1.Level{{Name: "L1", Requires: []string{"uplift"}}, {Name: "L2"}},
			Requirements: []v1alpha1.Requirement{{
				Name: "uplift", NeededFrom: "General", ValidForDays: 30,
				Evaluation: &v1alpha1.EvaluationCriterion{
					Metric: "uplift/mean", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.1",
					Bound: v1alpha1.BoundPoint, MinSamples: 10, MaxUnjudgedPercent: new(int32(1)),
				},
			}},
		},
	}
	for _, c := range change {
		c(p)
	}
	return p
}

// pointless adds a threshold that raises to the level that everybody has.
func pointless(p *v1alpha1.SafetyPolicy) {
	p.Spec.Thresholds = []v1alpha1.CapabilityThreshold{{Name: "T1", RaisesTo: "L1", RuledOutBy: []string{"uplift"}}}
}

func denies(p *v1alpha1.SafetyPolicy) { p.Spec.OnUncleared = v1alpha1.DenyUncleared }

func digest(label string) string {
	sum := sha256.Sum256([]byte(label))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func release(ns, name, policy string) *v1alpha1.ModelRelease {
	return &v1alpha1.ModelRelease{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name},
		Spec: v1alpha1.ModelReleaseSpec{
			Policy: policy, Model: v1alpha1.Model{Name: name},
			Artifacts: []v1alpha1.Artifact{
				{Name: "weights", Type: v1alpha1.ArtifactWeights, Digest: v1alpha1.Digest(digest(name))},
				{Name: "server", Type: v1alpha1.ArtifactServer, Digest: v1alpha1.Digest(digest("server"))},
			},
			Level: "L1", Exposure: "General",
		},
	}
}

// template serves a release as it is declared.
func template(release, exposure string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{
			"app": "web", v1alpha1.LabelRelease: release, v1alpha1.LabelExposure: exposure,
		}},
		Spec: corev1.PodSpec{
			EnableServiceLinks: new(false), AutomountServiceAccountToken: new(false), TerminationGracePeriodSeconds: new(int64(0)),
			Containers: []corev1.Container{{
				Name: "server", Image: "registry.example/server@" + digest("server"),
				VolumeMounts: []corev1.VolumeMount{{Name: "weights", MountPath: "/models", ReadOnly: true}},
			}},
			Volumes: []corev1.Volume{{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: "registry.example/models@" + digest(release)},
			}}},
		},
	}
}

func selector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": "web"}}
}

func deployment(ns, release, exposure string) *appsv1.Deployment {
	return &appsv1.Deployment{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"},
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "web"},
		Spec:       appsv1.DeploymentSpec{Replicas: new(int32(1)), Selector: selector(), Template: template(release, exposure)},
	}
}

// scenario is a governed namespace with a policy and a release "m1" of its own.
type scenario struct {
	*testing.T
	ns     string
	client client.Client
}

func begin(t *testing.T, change ...func(*v1alpha1.SafetyPolicy)) *scenario {
	t.Helper()
	name := strings.ToLower(strings.NewReplacer("Test", "", "/", "-", "_", "-").Replace(t.Name()))
	s := &scenario{T: t, ns: strings.Trim(name[:min(len(name), 40)], "-"), client: shared.Client}
	s.must(shared.Govern(t.Context(), s.ns))
	s.must(s.client.Create(t.Context(), policy(s.ns, change...)))
	s.must(s.client.Create(t.Context(), release(s.ns, "m1", s.ns)))
	s.sees("m1")
	return s
}

// sees waits until the webhook's cache has a release of the namespace, in every replica: a claim of it is then known.
func (s *scenario) sees(release string) {
	s.Helper()
	s.must(poll(s.Context(), func(ctx context.Context) error {
		for range 2 * len(shared.replicas) {
			d := deployment(s.ns, release, "General")
			d.Name = "probe"
			if _, warnings := s.apply(d, "--dry-run=server"); !strings.Contains(warnings, "is not granted the exposure") {
				return context.DeadlineExceeded
			}
		}
		return nil
	}))
}

func (s *scenario) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// apply sends objects by kubectl, as a person; it returns whether they were taken, and what kubectl showed.
func (s *scenario) apply(object any, args ...string) (bool, string) {
	s.Helper()
	manifest, err := yaml.Marshal(object)
	s.must(err)
	return s.kubectl(manifest, append([]string{"apply", "-f", "-"}, args...)...)
}

func (s *scenario) kubectl(stdin []byte, args ...string) (bool, string) {
	s.Helper()
	result, err := shared.RunKubectl(s.Context(), localcluster.KubectlCall{Config: shared.Admin(), Args: args, Stdin: bytes.NewReader(stdin)})
	return err == nil, string(result.Stdout) + string(result.Stderr)
}

func (s *scenario) taken(ok bool, shown string, parts ...string) {
	s.Helper()
	if !ok {
		s.Errorf("refused:\n%s", shown)
	}
	s.shows(shown, parts)
}

func (s *scenario) refused(ok bool, shown string, parts ...string) {
	s.Helper()
	if ok {
		s.Errorf("taken:\n%s", shown)
	}
	s.shows(shown, parts)
}

func (s *scenario) shows(shown string, parts []string) {
	s.Helper()
	for _, part := range parts {
		if !strings.Contains(shown, part) {
			s.Errorf("%q is not in:\n%s", part, shown)
		}
	}
}

// silent fails when the webhook said something.
func (s *scenario) silent(shown string) {
	s.Helper()
	if strings.Contains(shown, "is not cleared") || strings.Contains(shown, "scalegate.dev\" denied") {
		s.Errorf("the webhook spoke:\n%s", shown)
	}
}
