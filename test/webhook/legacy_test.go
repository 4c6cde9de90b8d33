// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// What is shipped is taken as it is. The webhook's configuration has another name here, so that it is not merged with
// the one that these tests run with.
func TestTheInstallationsAreAccepted(t *testing.T) {
	s := &scenario{T: t, client: shared.Client}
	for _, folder := range []string{"webhook", "default", "legacy"} {
		out, err := shared.Kubectl(t.Context(), shared.Admin(), "kustomize", filepath.Join(installation.Root(), "config", folder))
		s.must(err)
		documents := strings.Split(string(out), "\n---\n")
		for i, document := range documents {
			if strings.Contains(document, "WebhookConfiguration\n") {
				documents[i] = strings.Replace(document, "  name: scalegate\n", "  name: shipped\n", 1)
			}
		}
		ok, shown := s.kubectl([]byte(strings.Join(documents, "\n---\n")), "apply", "--server-side", "--force-conflicts", "--validate=strict",
			"--dry-run=server", "-f", "-")
		s.taken(ok, shown, "validatingwebhookconfiguration.admissionregistration.k8s.io/shipped")
	}
}

// legacy starts an API server that serves no mutating admission policies, as those before 1.36, with config/legacy on it.
func legacy(t *testing.T) *bed {
	t.Helper()
	const policies = "admissionregistration.k8s.io/v1/mutatingadmissionpolicies=false,admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings=false"
	cluster, err := localcluster.Start(t.Context(), localcluster.Options{Output: os.Stderr, Args: map[string][]string{
		localcluster.APIServer: {"--runtime-config=" + policies, "--disable-admission-plugins=MutatingAdmissionPolicy"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	b := &bed{Installation: &installation.Installation{Cluster: cluster}, binary: shared.binary}
	t.Cleanup(func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
	if b.Client, err = installation.Client(cluster.Admin()); err != nil {
		t.Fatal(err)
	}
	if err := b.prepare(t.Context(), "legacy", "--webhook-mutating"); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAnAPIServerWithoutMutatingPolicies(t *testing.T) {
	b := legacy(t)
	s := &scenario{T: t, ns: "legacy", client: b.Client}
	s.must(b.Govern(t.Context(), s.ns))
	s.must(s.client.Create(t.Context(), policy(s.ns, func(p *v1alpha1.SafetyPolicy) { p.Spec.TrustedMutators = []string{"scalegate"} })))
	s.must(s.client.Create(t.Context(), release(s.ns, "m1", s.ns)))

	waits := deployment(s.ns, "m1", "General")
	waits.Name = "waits"
	s.must(s.client.Create(t.Context(), waits))
	if !waits.Spec.Paused || waits.Annotations[v1alpha1.AnnotationHeld] != v1alpha1.HeldResume {
		t.Errorf("it is not held: %v %v", waits.Spec.Paused, waits.Annotations)
	}
	s.must(s.client.Create(t.Context(), deployment(s.ns, "m1", "Trial")))
	free := func(other string) string {
		var name string
		s.must(poll(t.Context(), func(ctx context.Context) (err error) {
			name, err = bornFree(ctx, b.Client, s.ns, other)
			return err
		}))
		return name
	}
	first := free("")
	stamped := &v1alpha1.SafetyEvaluation{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "e1"},
		Spec: v1alpha1.SafetyEvaluationSpec{
			Subject:     v1alpha1.EvaluationSubject{Release: "m1", Artifacts: []v1alpha1.SubjectArtifact{{Type: v1alpha1.ArtifactWeights, Digest: v1alpha1.Digest(digest("m1"))}}},
			Requirement: "uplift", Report: &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: "r", Key: "r"}},
		},
	}
	s.must(s.client.Create(t.Context(), stamped))
	if stamped.Spec.Evaluator != "scalegate-admin" || stamped.Spec.Reach != v1alpha1.ReachCluster {
		t.Errorf("the evaluator is %q and his word reaches the %q", stamped.Spec.Evaluator, stamped.Spec.Reach)
	}
	s.revokesHere(b)

	b.scaleDown()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "bare"}}
	pod.Labels, pod.Spec = template("m1", "General").Labels, template("m1", "General").Spec
	if err := s.client.Create(t.Context(), pod); err == nil || !strings.Contains(err.Error(), "neither held nor made by a cleared owner") {
		t.Errorf("without the webhook an uncleared pod met %v", err)
	}
	s.must(s.client.Delete(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: first}}))
	if second := free(first); second == first {
		t.Error("the cleared pod did not come back")
	}
}

// revokesHere revokes a release as somebody who may write releases and holds no virtual verb: the webhook asks for his
// rights, and stamps what the validating policies take.
func (s *scenario) revokesHere(b *bed) {
	s.Helper()
	s.must(s.client.Create(s.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "jane"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "scalegate-edit"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: "jane"}},
	}))
	jane, err := b.UserClient("jane")
	s.must(err)
	s.must(poll(s.Context(), func(ctx context.Context) error {
		revoked := release(s.ns, "m2", s.ns)
		revoked.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationCritical, Reason: "The weights leaked.", Reach: v1alpha1.ReachCluster}
		if err := jane.Create(ctx, revoked, client.DryRunAll); err != nil {
			return err // The right to write releases is not in force yet.
		}
		if r := revoked.Spec.Revocation; r.RevokedBy != "jane" || r.Reach != v1alpha1.ReachNamespace {
			s.Errorf("it is revoked by %q, for the %q", r.RevokedBy, r.Reach)
		}
		return nil
	}))
}

// bornFree is the name of a pod, other than one, of the Deployment web that was never held: its owner is the live
// ReplicaSet, and the release's clearance lets it be born free.
func bornFree(ctx context.Context, c client.Client, ns, other string) (string, error) {
	var sets appsv1.ReplicaSetList
	var pods corev1.PodList
	if err := errors.Join(c.List(ctx, &sets, client.InNamespace(ns)), c.List(ctx, &pods, client.InNamespace(ns))); err != nil {
		return "", err
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		if p.Name != other && p.DeletionTimestamp == nil && len(p.Spec.SchedulingGates) == 0 && p.Labels[v1alpha1.LabelExposure] == "Trial" {
			return p.Name, nil
		}
	}
	return "", fmt.Errorf("of %d pods of %d ReplicaSets none is free", len(pods.Items), len(sets.Items))
}
