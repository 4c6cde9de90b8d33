// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestTheChartOnARealNode goes from nothing to a model that serves. Each step stands on the one before.
func TestTheChartOnARealNode(t *testing.T) {
	if shared.Cluster == nil {
		t.Skipf("containers are run by `make node-e2e` alone, as root (%s=1)", enabledEnv)
	}
	t.Cleanup(func() { explainFailure(t) })
	for _, step := range []struct {
		claim string
		shows func(*testing.T)
	}{
		{"the chart is installed, and two replicas of our image are ready under the restricted pod security", install},
		{"the API server reaches the webhook by its Service", askWebhook},
		{"the demo's Deployment is held, and no container of it runs", holdDemo},
		{"another replica acts when the pod of the one that acted is deleted", handOver},
		{"evidence releases it, and the kubelet runs its containers", releaseDemo},
	} {
		if !t.Run(step.claim, step.shows) {
			return
		}
	}
}

// install installs the chart as helm install --wait does, into a namespace that admits restricted pods alone.
func install(t *testing.T) {
	t.Helper()
	must(t, shared.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: installation.Namespace, Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}))
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, localcluster.WriteKubeconfig(kubeconfig, shared.Admin()))
	flags := genericclioptions.NewConfigFlags(true)
	flags.KubeConfig, flags.Namespace, flags.CacheDir = &kubeconfig, new(installation.Namespace), new(t.TempDir())
	config := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	must(t, config.Init(flags, installation.Namespace, "secret"))
	chart, err := loader.Load(filepath.Join(installation.Root(), "charts", "scalegate"))
	must(t, err)
	repository, tag, _ := strings.Cut(image, ":")
	run := action.NewInstall(config)
	run.ReleaseName, run.Namespace, run.Timeout, run.WaitStrategy = "scalegate", installation.Namespace, 4*time.Minute, kube.StatusWatcherStrategy
	if _, err := run.RunWithContext(t.Context(), chart, map[string]any{
		"image":   map[string]any{"repository": repository, "tag": tag, "pullPolicy": "Never"},
		"webhook": map[string]any{"shutdownDelaySeconds": 1}, // one API server learns quickly that a replica goes
	}); err != nil {
		t.Fatal(err)
	}
	pods := managers(t)
	for i := range pods {
		pod := &pods[i]
		if pod.Spec.Containers[0].Image != image || pod.Status.Phase != corev1.PodRunning || pod.Spec.NodeName != shared.node.Name() {
			t.Errorf("pod %s runs %s, is %s, on %s", pod.Name, pod.Spec.Containers[0].Image, pod.Status.Phase, pod.Spec.NodeName)
		}
	}
	if len(pods) != 2 {
		t.Errorf("%d pods of the manager are ready, want 2", len(pods))
	}
	root := pods[0].DeepCopy()
	root.ObjectMeta = metav1.ObjectMeta{Namespace: installation.Namespace, Name: "root"}
	root.Spec.SecurityContext = nil
	root.Spec.Containers[0].SecurityContext = nil
	if err := shared.Client.Create(t.Context(), root, client.DryRunAll); !apierrors.IsForbidden(err) {
		t.Errorf("the same pod without its security contexts: %v, want the namespace to refuse it", err)
	}
}

// managers are the manager's pods that are ready and not going.
func managers(t *testing.T) []corev1.Pod {
	t.Helper()
	var all corev1.PodList
	must(t, shared.Client.List(t.Context(), &all, client.InNamespace(installation.Namespace),
		client.MatchingLabels{"app.kubernetes.io/component": "controller-manager"}))
	var ready []corev1.Pod
	for _, pod := range all.Items {
		for _, c := range pod.Status.Conditions {
			if c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue && pod.DeletionTimestamp == nil {
				ready = append(ready, pod)
			}
		}
	}
	return ready
}

// askWebhook sends a policy that the webhook alone refuses. Where it is not reached, the policy is taken.
func askWebhook(t *testing.T) {
	t.Helper()
	policy := &v1alpha1.SafetyPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "pointless"},
		Spec: v1alpha1.SafetyPolicySpec{
			Exposures:  []v1alpha1.Exposure{{Name: "General", WithoutEvidence: v1alpha1.WithoutEvidenceAllowed}},
			Levels:     []v1alpha1.Level{{Name: "L1"}},
			Thresholds: []v1alpha1.CapabilityThreshold{{Name: "T1", Domain: "cyber", RaisesTo: "L1", RuledOutBy: []string{"r"}}},
			Requirements: []v1alpha1.Requirement{{Name: "r", ValidForDays: 30, Evaluation: &v1alpha1.EvaluationCriterion{
				Metric: "a/accuracy", Direction: v1alpha1.LowerIsSafer, ClearAt: "0.05", Bound: v1alpha1.BoundPoint, MinSamples: 1, MaxUnjudgedPercent: new(int32(0)),
			}}},
		},
	}
	// The manager writes the CA into the webhook's configuration once it has a certificate.
	eventually(t, func(ctx context.Context) error {
		err := shared.Client.Create(ctx, policy.DeepCopy(), client.DryRunAll)
		if err == nil {
			return errors.New("the API server takes the policy: the webhook was not asked")
		}
		if want := `admission webhook "kinds.scalegate.dev" denied the request`; !strings.Contains(err.Error(), want) {
			return fmt.Errorf("%w; want it to say %q", err, want)
		}
		return nil
	})
}

// leader is who holds the manager's lease: the name of its pod, up to the first underscore.
func leader(ctx context.Context) (string, error) {
	var lease coordinationv1.Lease
	if err := shared.Client.Get(ctx, client.ObjectKey{Namespace: installation.Namespace, Name: "scalegate.scalegate.dev"}, &lease); err != nil {
		return "", err
	}
	if lease.Spec.HolderIdentity == nil {
		return "", errors.New("nobody holds the lease")
	}
	pod, _, _ := strings.Cut(*lease.Spec.HolderIdentity, "_")
	return pod, nil
}

// handOver deletes the pod of the replica that acts.
func handOver(t *testing.T) {
	t.Helper()
	first, err := leader(t.Context())
	must(t, err)
	must(t, shared.Client.Delete(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: installation.Namespace, Name: first}}))
	eventually(t, func(ctx context.Context) error {
		next, err := leader(ctx)
		if err != nil || next == "" || next == first {
			return errors.Join(err, fmt.Errorf("%q acts, which is %q still", next, first))
		}
		return nil
	})
	eventually(t, func(ctx context.Context) error {
		var d appsv1.Deployment
		err := shared.Client.Get(ctx, client.ObjectKey{Namespace: installation.Namespace, Name: "scalegate-controller-manager"}, &d)
		if d.Status.ReadyReplicas != 2 {
			err = errors.Join(err, fmt.Errorf("%d replicas are ready, want 2 again", d.Status.ReadyReplicas))
		}
		return err
	})
}

// explainFailure shows what stood in the cluster when a test failed.
func explainFailure(t *testing.T) {
	t.Helper()
	if !t.Failed() {
		return
	}
	for _, args := range [][]string{
		{"get", "pods", "-A", "-o", "wide"}, {"get", "events", "-A"}, {"get", "deployments,leases,endpointslices,services", "-A", "-o", "wide"},
		{"get", "modelreleases,safetyevaluations", "-A", "-o", "yaml"}, {"get", "pods", "-n", installation.Namespace, "-o", "yaml"},
	} {
		out, err := shared.Kubectl(context.Background(), shared.Admin(), args...)
		t.Logf("kubectl %v: %s %v", args, out, err)
	}
	logs, err := filepath.Glob(filepath.Join(shared.node.PodLogs(), "*", "manager", "*.log"))
	if err != nil {
		t.Log(err)
	}
	for _, name := range logs {
		log, err := os.ReadFile(name)
		t.Logf("%s ends in: %s %v", name, log[max(0, len(log)-6000):], err)
	}
}
