// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// cluster is a started cluster and what the tests ask of it.
type cluster struct {
	*Cluster
	client kubernetes.Interface
}

func start(t *testing.T) cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	began := time.Now()
	c, err := Start(t.Context(), Options{Output: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %s", time.Since(began).Round(10*time.Millisecond))
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Error(err)
		}
	})
	return cluster{Cluster: c, client: client(t, c.Admin())}
}

func client(t *testing.T, cfg *rest.Config) kubernetes.Interface {
	t.Helper()
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestCluster runs everything that one cluster can show on one cluster. What
// kills its processes comes last.
func TestCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "somebody-elses"))
	c := start(t)
	if err := c.AddNodes(t.Context(), 2, nil); err != nil {
		t.Fatal(err)
	}
	t.Run("it reports the pinned version", c.testVersion)
	t.Run("a Deployment's pods run", c.testDeployment)
	t.Run("pods are made by the replicaset controller's own identity", c.testIdentity)
	t.Run("a deleted pod is gone at once and replaced", c.testDelete)
	t.Run("a pod with a scheduling gate waits", c.testGated)
	t.Run("a Job completes", c.testJob)
	t.Run("a Job told to go on runs until it may complete", c.testLongJob)
	t.Run("a pod ends as its annotations say", c.testAnnotations)
	t.Run("a user has no rights but those granted", c.testUser)
	t.Run("a service account's token works", c.testServiceAccount)
	t.Run("kubectl reads its input and says why it failed", c.testKubectl)
	t.Run("another process runs under supervision", c.testRun)
	t.Run("an existing cluster is used when its file is named, and left alone", c.testExternal)
	t.Run("a second cluster runs beside it", c.testSecond)
	t.Run("processes come back after SIGKILL", c.testRestart)
}

func (c cluster) testVersion(t *testing.T) {
	gomod, err := os.ReadFile(filepath.Join("..", "controlplane", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version, err := c.client.Discovery().ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(gomod), "k8s.io/kubernetes "+version.GitVersion) {
		t.Errorf("the API server is %s, not what hack/controlplane/go.mod pins", version.GitVersion)
	}
}

func (c cluster) testDeployment(t *testing.T) {
	c.deploy(t, "web", 3)
	for _, pod := range c.pods(t, "app=web") {
		status := pod.Status.ContainerStatuses
		if len(status) != 1 || status[0].ImageID != "registry.example/web:1" || status[0].State.Running == nil {
			t.Errorf("%s: container statuses %+v", pod.Name, status)
		}
		if init := pod.Status.InitContainerStatuses; len(init) != 1 || init[0].State.Terminated == nil {
			t.Errorf("%s: init container statuses %+v", pod.Name, init)
		}
		if pod.Status.PodIP == "" || pod.Spec.NodeName == "" {
			t.Errorf("%s: address %q, node %q", pod.Name, pod.Status.PodIP, pod.Spec.NodeName)
		}
	}
}

// testIdentity lets the API server itself write down who makes a pod.
func (c cluster) testIdentity(t *testing.T) {
	const stamp = `[JSONPatch{op: "add", path: "/metadata/annotations", value: {"made-by": request.userInfo.username}}]`
	policy := &admissionv1.MutatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "stamp"},
		Spec: admissionv1.MutatingAdmissionPolicySpec{
			MatchConstraints: &admissionv1.MatchResources{ResourceRules: []admissionv1.NamedRuleWithOperations{{
				RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Create},
					Rule: admissionv1.Rule{
						APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"},
					},
				},
			}}},
			MatchConditions: []admissionv1.MatchCondition{
				{Name: "unannotated", Expression: "!has(object.metadata.annotations)"},
			},
			FailurePolicy:      new(admissionv1.Fail),
			ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
			Mutations: []admissionv1.Mutation{{
				PatchType: admissionv1.PatchTypeJSONPatch,
				JSONPatch: &admissionv1.JSONPatch{Expression: stamp},
			}},
		},
	}
	binding := &admissionv1.MutatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "stamp"},
		Spec:       admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: "stamp"},
	}
	policies := c.client.AdmissionregistrationV1()
	_, policyErr := policies.MutatingAdmissionPolicies().Create(t.Context(), policy, metav1.CreateOptions{})
	_, bindingErr := policies.MutatingAdmissionPolicyBindings().Create(t.Context(), binding, metav1.CreateOptions{})
	if err := errors.Join(policyErr, bindingErr); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the policy to be in force", func() bool {
		probe, err := c.client.CoreV1().Pods("default").Create(t.Context(), newPod("probe", nil),
			metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err == nil && probe.Annotations["made-by"] == "scalegate-admin"
	})
	c.deploy(t, "stamped", 1)
	got := c.pods(t, "app=stamped")[0].Annotations["made-by"]
	if want := "system:serviceaccount:kube-system:replicaset-controller"; got != want {
		t.Errorf("the pod was made by %q, want %q", got, want)
	}
	if err := policies.MutatingAdmissionPolicyBindings().Delete(t.Context(), "stamp", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func (c cluster) testDelete(t *testing.T) {
	old := c.pods(t, "app=web")[0]
	began := time.Now()
	if err := c.client.CoreV1().Pods("default").Delete(t.Context(), old.Name, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pod to be gone", func() bool {
		_, err := c.client.CoreV1().Pods("default").Get(t.Context(), old.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err)
	})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("deleting took %s", took)
	}
	c.waitReady(t, "web", 3)
}

func (c cluster) testGated(t *testing.T) {
	pod := newPod("gated", nil)
	pod.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "scalegate.dev/hold"}}
	c.create(t, pod)
	// A pod made later that runs shows that the gated one was passed over.
	c.create(t, newPod("ungated", nil))
	c.waitPhase(t, "ungated", corev1.PodRunning)
	if got := c.waitPhase(t, "gated", corev1.PodPending); got.Spec.NodeName != "" {
		t.Errorf("the gated pod is on the node %s", got.Spec.NodeName)
	}
}

func (c cluster) testJob(t *testing.T) {
	c.job(t, "plain", nil)
	c.waitJob(t, "plain", batchv1.JobComplete)
	c.job(t, "broken", map[string]string{ExitCodeAnnotation: "7"})
	c.waitJob(t, "broken", batchv1.JobFailed)
}

func (c cluster) testLongJob(t *testing.T) {
	c.job(t, "long", map[string]string{CompleteAnnotation: "false"})
	c.job(t, "short", nil)
	c.waitJob(t, "short", batchv1.JobComplete)
	eventually(t, "the long job's pod to run", func() bool {
		pods := c.pods(t, "batch.kubernetes.io/job-name=long")
		return len(pods) == 1 && pods[0].Status.Phase == corev1.PodRunning
	})
	pod := c.pods(t, "batch.kubernetes.io/job-name=long")[0]
	pod.Annotations[CompleteAnnotation] = "true"
	if _, err := c.client.CoreV1().Pods("default").Update(t.Context(), &pod, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	c.waitJob(t, "long", batchv1.JobComplete)
}

func (c cluster) testAnnotations(t *testing.T) {
	message := `{"metric": "uplift: 2.1", "note": "it's \"fine\" {{ .x }} <b> & 100%", "n": 3}`
	tests := map[string]struct {
		annotations map[string]string
		wantPhase   corev1.PodPhase
		wantCode    int32
		wantMessage string
	}{
		"an exit code fails it, and JSON arrives as text": {
			annotations: map[string]string{ExitCodeAnnotation: "3", TerminationMessageAnnotation: message},
			wantPhase:   corev1.PodFailed, wantCode: 3, wantMessage: message,
		},
		"exit code 0 succeeds": {
			annotations: map[string]string{ExitCodeAnnotation: "0", TerminationMessageAnnotation: "true"},
			wantPhase:   corev1.PodSucceeded, wantMessage: "true",
		},
		"complete succeeds": {
			annotations: map[string]string{CompleteAnnotation: "true"},
			wantPhase:   corev1.PodSucceeded,
		},
		"the end of a long message is kept": {
			annotations: map[string]string{CompleteAnnotation: "true", TerminationMessageAnnotation: "x" + strings.Repeat("y", 4096)},
			wantPhase:   corev1.PodSucceeded, wantMessage: strings.Repeat("y", 4096),
		},
		"a message alone ends nothing": {
			annotations: map[string]string{TerminationMessageAnnotation: message},
			wantPhase:   corev1.PodRunning,
		},
	}
	n := 0
	for name, tt := range tests {
		n++
		pod := newPod(fmt.Sprintf("annotated-%d", n), tt.annotations)
		t.Run(name, func(t *testing.T) {
			c.create(t, pod)
			got := c.waitPhase(t, pod.Name, tt.wantPhase)
			state := got.Status.ContainerStatuses[0].State.Terminated
			if tt.wantPhase == corev1.PodRunning {
				if state != nil {
					t.Errorf("terminated: %+v", state)
				}
				return
			}
			if state == nil || state.ExitCode != tt.wantCode || state.Message != tt.wantMessage {
				t.Errorf("terminated = %+v, want exit code %d and message %q", state, tt.wantCode, tt.wantMessage)
			}
		})
	}
}

func (c cluster) testRun(t *testing.T) {
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := WriteKubeconfig(kubeconfig, c.Admin()); err != nil {
		t.Fatal(err)
	}
	const name = "watcher"
	err := c.Run(t.Context(), name, Spec{
		Path: c.BinaryPath(Kubectl),
		Args: []string{"--kubeconfig", kubeconfig, "get", "namespaces", "--watch", "-o", "name"},
		Ready: func(context.Context) error {
			log, err := os.ReadFile(c.LogPath(name))
			if err == nil && !strings.Contains(string(log), "namespace/default") {
				err = errors.New("it has not listed the namespaces")
			}
			return err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(name); err != nil {
		t.Fatal(err)
	}
	if err := c.Restart(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	if err := c.Kill(name); err != nil {
		t.Fatal(err)
	}
}

func (c cluster) testExternal(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := WriteKubeconfig(file, c.Admin()); err != nil {
		t.Fatal(err)
	}
	t.Setenv(ExternalEnv, file)
	external, err := Open(t.Context(), Options{Output: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	if !external.External() || external.Admin().Host != c.Admin().Host {
		t.Errorf("opened %s, want %s", external.Admin().Host, c.Admin().Host)
	}
	for what, err := range map[string]error{
		"Kill":     external.Kill(APIServer),
		"Restart":  external.Restart(t.Context(), Etcd),
		"AddNodes": external.AddNodes(t.Context(), 1, nil),
	} {
		if !errors.Is(err, ErrExternal) {
			t.Errorf("%s returned %v, want ErrExternal", what, err)
		}
	}
	if err := external.Run(t.Context(), "ours", sh("exec sleep 60")); err != nil {
		t.Errorf("running a process of our own beside it: %v", err)
	}
	user, err := external.User("nils", "auditors")
	if err != nil {
		t.Fatal(err)
	}
	out, err := external.Kubectl(t.Context(), user, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}{.status.userInfo.groups}")
	if want := `nils["auditors","system:authenticated"]`; err != nil || string(out) != want {
		t.Errorf("whoami = %s, %v, want %s", out, err, want)
	}
	if err := external.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := c.client.Discovery().ServerVersion(); err != nil {
		t.Errorf("stopping the external cluster stopped its API server: %v", err)
	}
}

func TestStartThatFailsSaysWhyAndLeavesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a control plane")
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	_, err := Start(t.Context(), Options{Args: map[string][]string{APIServer: {"--no-such-flag"}}})
	exit, ok := errors.AsType[*ExitError](err)
	if !ok || exit.Name != APIServer || !strings.Contains(exit.Tail, "unknown flag: --no-such-flag") {
		t.Errorf("Start returned %v", err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) != 0 {
		t.Errorf("%v, %v left in the temporary directory", left, err)
	}
}

func (c cluster) testSecond(t *testing.T) {
	second := start(t)
	if second.Admin().Host == c.Admin().Host || second.Dir() == c.Dir() {
		t.Fatalf("both clusters are at %s in %s", second.Admin().Host, second.Dir())
	}
	if _, err := second.client.AppsV1().Deployments("default").Get(t.Context(), "web", metav1.GetOptions{}); !apierrors.IsNotFound(err) {
		t.Errorf("the second cluster sees the first one's objects: %v", err)
	}
	stranger := c.Admin()
	stranger.Host = second.Admin().Host
	stranger.Insecure, stranger.CAData = true, nil
	_, err := client(t, stranger).CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{})
	if !apierrors.IsUnauthorized(err) {
		t.Errorf("the second cluster accepts the first one's admin: %v", err)
	}
}

func (c cluster) testRestart(t *testing.T) {
	host := c.Admin().Host
	for _, name := range []string{Etcd, APIServer, ControllerManager, Scheduler, Kwok} {
		if err := c.Kill(name); err != nil {
			t.Fatal(err)
		}
		if name == APIServer {
			if _, err := c.client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{}); err == nil {
				t.Error("the API server answers after it was killed")
			}
		}
		began := time.Now()
		if err := c.Restart(t.Context(), name); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s restarted in %s", name, time.Since(began).Round(10*time.Millisecond))
	}
	if c.Admin().Host != host {
		t.Errorf("the API server moved from %s to %s", host, c.Admin().Host)
	}
	began := time.Now()
	c.waitReady(t, "web", 3)
	c.deploy(t, "after", 2)
	t.Logf("a Deployment ran %s after the restarts", time.Since(began).Round(10*time.Millisecond))
}
