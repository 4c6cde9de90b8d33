// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"log/slog"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
	"helm.sh/helm/v4/pkg/action"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/kube"
	v1 "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
)

// releaseName is what the tests call the release.
const releaseName = "scalegate"

// noNodes keeps the manager's pods from running, and the Service from having endpoints: the manager is a process of the test,
// and a simulated pod would answer no webhook.
func noNodes() map[string]any {
	return map[string]any{"nodeSelector": map[string]any{"example.com/none": "true"}}
}

// helm is a configuration of Helm for a cluster admin and Scalegate's namespace.
func helm(t *testing.T) *action.Configuration {
	t.Helper()
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, localcluster.WriteKubeconfig(kubeconfig, shared.Admin()))
	flags := genericclioptions.NewConfigFlags(true)
	namespace := installation.Namespace
	flags.KubeConfig, flags.Namespace = &kubeconfig, &namespace
	flags.WithWrapConfigFn(func(cfg *rest.Config) *rest.Config {
		cfg.QPS = -1
		cfg.WarningHandlerWithContext = rest.NoWarnings{}
		return cfg
	})
	cfg := action.NewConfiguration(action.ConfigurationSetLogger(slog.DiscardHandler))
	must(t, cfg.Init(flags, installation.Namespace, "secret"))
	return cfg
}

// install installs a chart as helm install --create-namespace does.
func install(t *testing.T, c *chart.Chart) *v1.Release {
	t.Helper()
	i := action.NewInstall(helm(t))
	i.ReleaseName, i.Namespace, i.CreateNamespace = releaseName, installation.Namespace, true
	i.WaitStrategy, i.Timeout = kube.HookOnlyStrategy, time.Minute
	released, err := i.RunWithContext(t.Context(), c, noNodes())
	must(t, err)
	one, ok := released.(*v1.Release)
	if !ok {
		t.Fatalf("Helm released a %T", released)
	}
	return one
}

// upgrade upgrades to a chart as helm upgrade --cleanup-on-fail does, with further values.
func upgrade(t *testing.T, c *chart.Chart, force bool, values map[string]any) error {
	t.Helper()
	u := action.NewUpgrade(helm(t))
	u.Namespace, u.ForceConflicts, u.CleanupOnFail = installation.Namespace, force, true
	u.WaitStrategy, u.Timeout = kube.HookOnlyStrategy, time.Minute
	all := noNodes()
	maps.Copy(all, values)
	_, err := u.RunWithContext(t.Context(), releaseName, c, all)
	return err
}

// uninstall uninstalls as helm uninstall does, and returns what Helm says.
func uninstall(t *testing.T) string {
	t.Helper()
	u := action.NewUninstall(helm(t))
	u.WaitStrategy, u.Timeout = kube.HookOnlyStrategy, time.Minute
	response, err := u.Run(releaseName)
	must(t, err)
	return response.Info
}
