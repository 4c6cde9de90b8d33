// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/hack/localcluster"
	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/yaml"
)

// helmPatience is how long Helm waits for what is not to become ready.
const helmPatience = 2 * time.Second

// helm is Helm 4's client in one namespace.
func helm(t *testing.T, namespace string) *kube.Client {
	t.Helper()
	cfg, err := shared.User("helm", "system:masters")
	must(t, err)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, localcluster.WriteKubeconfig(kubeconfig, cfg))
	flags := genericclioptions.NewConfigFlags(false)
	flags.KubeConfig, flags.Namespace = &kubeconfig, &namespace
	return kube.New(flags)
}

// install makes objects as helm install does: by server-side apply that forces nothing.
func install(t *testing.T, client *kube.Client, objects ...*unstructured.Unstructured) kube.ResourceList {
	t.Helper()
	var text bytes.Buffer
	for _, o := range objects {
		one, err := yaml.Marshal(o.Object)
		must(t, err)
		text.WriteString("---\n")
		text.Write(one)
	}
	list, err := client.Build(&text, true)
	must(t, err)
	result, err := client.Create(list, kube.ClientCreateOptionServerSideApply(true, false))
	must(t, err)
	return result.Created
}

// waits is what helm --wait ends with.
func waits(t *testing.T, client *kube.Client, strategy kube.WaitStrategy, list kube.ResourceList, patience time.Duration) error {
	t.Helper()
	waiter, err := client.GetWaiter(strategy)
	must(t, err)
	return waiter.Wait(list, patience)
}

// Both waiters of Helm pass over a paused Deployment, so what makes a chart wait is the ModelRelease in it; and that only
// with the waiter that knows kstatus.
func TestHelmWaits(t *testing.T) {
	t.Parallel()
	const namespace = "helm"
	must(t, shared.Govern(t.Context(), namespace))
	repo := repository{namespace: namespace, rate: "0.01", time: time.Now().Add(-time.Minute)}
	admin, client := shared.as(t, "admin"), helm(t, namespace)
	install(t, client, repo.files(t, "policy")...)
	workload := install(t, client, named(t, repo.files(t, "workloads"), "Deployment", "chat"))
	gate := install(t, client, repo.files(t, "release")...)
	hasReason(t, admin, release(namespace), "EvidenceMissing")
	chart := append(append(kube.ResourceList{}, workload...), gate...)
	for sentence, test := range map[string]struct {
		strategy kube.WaitStrategy
		list     kube.ResourceList
		want     string
	}{
		"the legacy waiter takes a held Deployment for ready":               {kube.LegacyStrategy, workload, ""},
		"the waiter that knows kstatus passes over a held Deployment":       {kube.StatusWatcherStrategy, workload, ""},
		"the legacy waiter does not look at a ModelRelease":                 {kube.LegacyStrategy, chart, ""},
		"the waiter that knows kstatus waits for a ModelRelease in a chart": {kube.StatusWatcherStrategy, chart, "ModelRelease/helm/m1 not ready. status: InProgress"},
	} {
		t.Run(sentence, func(t *testing.T) {
			err := waits(t, client, test.strategy, test.list, helmPatience)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("it ends with %v, want %q", err, test.want)
			}
		})
	}
	t.Run("it is over once the release is released", func(t *testing.T) {
		install(t, client, repo.files(t, "evidence")...)
		must(t, waits(t, client, kube.StatusWatcherStrategy, chart, time.Minute))
	})
	t.Run("and fails where the release is refused", func(t *testing.T) {
		refused := named(t, repo.files(t, "release"), "ModelRelease", "m1")
		refused.SetName("refused")
		must(t, unstructured.SetNestedField(refused.Object, "Everybody", "spec", "exposure"))
		list := install(t, client, refused)
		err := waits(t, client, kube.StatusWatcherStrategy, list, time.Minute)
		if err == nil || !strings.Contains(err.Error(), "ModelRelease/helm/refused not ready. status: Failed") {
			t.Errorf("it ends with %v", err)
		}
	})
}
