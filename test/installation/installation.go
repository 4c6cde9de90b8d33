// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package installation is a local control plane with Scalegate on it, as the tests and the demo
// use it: kinds, rights and admission policies from config/, and the manager as a process of its
// own under its own service account, so that it can be killed.
package installation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
)

// Namespace is where Scalegate itself lives.
const Namespace = "scalegate-system"

// ServiceAccount is the identity of the controller in Namespace.
const ServiceAccount = "scalegate-controller-manager"

// Installation is a cluster with Scalegate installed and, after StartManager, running.
type Installation struct {
	*localcluster.Cluster
	// Client acts as cluster admin.
	Client client.Client
}

// Open starts a control plane, or takes the one that SCALEGATE_TEST_KUBECONFIG names, installs
// Scalegate on it and waits until its kinds are served. The manager does not run yet.
func Open(ctx context.Context, log io.Writer) (*Installation, error) {
	return OpenWith(ctx, localcluster.Options{Output: log})
}

// OpenWith is as Open, for a control plane of these options where one is started.
func OpenWith(ctx context.Context, options localcluster.Options) (*Installation, error) {
	cluster, err := localcluster.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	return on(ctx, cluster)
}

// Start is as Open, and always starts a control plane of its own.
func Start(ctx context.Context, log io.Writer) (*Installation, error) {
	return StartWith(ctx, localcluster.Options{Output: log})
}

// StartWith is as Start, for a control plane of these options.
func StartWith(ctx context.Context, options localcluster.Options) (*Installation, error) {
	cluster, err := localcluster.Start(ctx, options)
	if err != nil {
		return nil, err
	}
	return on(ctx, cluster)
}

func on(ctx context.Context, cluster *localcluster.Cluster) (i *Installation, err error) {
	i = &Installation{Cluster: cluster}
	if i.Client, err = Client(cluster.Admin()); err == nil {
		err = i.install(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return i, nil
}

// Root is the folder of the module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(filepath.Dir(filepath.Dir(file)))
}

// Scheme knows the kinds of Kubernetes and of Scalegate.
func Scheme() *kruntime.Scheme {
	s := kruntime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(s), v1alpha1.AddToScheme(s)); err != nil {
		panic(err)
	}
	return s
}

// Client returns a client of the kinds in Scheme that acts as cfg says. Warnings are not shown: a
// test that wants them asks kubectl.
func Client(cfg *rest.Config) (client.Client, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.WarningHandlerWithContext = rest.NoWarnings{}
	return client.New(cfg, client.Options{Scheme: Scheme()})
}

// ControllerClient returns a client that acts as the controller.
func (i *Installation) ControllerClient(ctx context.Context) (client.Client, error) {
	cfg, err := i.ServiceAccount(ctx, Namespace, ServiceAccount)
	if err != nil {
		return nil, err
	}
	return Client(cfg)
}

// UserClient returns a client that acts as a named user.
func (i *Installation) UserClient(name string, groups ...string) (client.Client, error) {
	cfg, err := i.User(name, groups...)
	if err != nil {
		return nil, err
	}
	return Client(cfg)
}

// Govern makes a namespace whose gate is enforced, and waits until that is in force.
func (i *Installation) Govern(ctx context.Context, name string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   name,
		Labels: map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced},
	}}
	if err := i.Client.Create(ctx, ns); err != nil {
		return err
	}
	if err := i.waitForServiceAccount(ctx, name); err != nil {
		return err
	}
	return i.waitForGate(ctx, name)
}

// Reinstall installs Scalegate as Open does, after a test took it away.
func (i *Installation) Reinstall(ctx context.Context) error {
	return i.install(ctx)
}

func (i *Installation) install(ctx context.Context) error {
	apply := []string{"apply", "--server-side", "--field-manager=installation", "-k"}
	for _, folder := range []string{"crd", "admission", "rbac", "canary"} {
		if folder == "admission" {
			if err := i.makeNamespace(ctx); err != nil {
				return err
			}
		}
		path := filepath.Join(Root(), "config", folder)
		if _, err := i.Kubectl(ctx, i.Admin(), append(apply, path)...); err != nil {
			return fmt.Errorf("installing %s: %w", folder, err)
		}
	}
	if _, err := i.Kubectl(ctx, i.Admin(), "wait", "--for=condition=Established", "--timeout=60s",
		"crd/adversefindings.scalegate.dev", "crd/evaluationsuites.scalegate.dev", "crd/gatedecisions.scalegate.dev",
		"crd/modelreleases.scalegate.dev", "crd/policyapprovals.scalegate.dev", "crd/policyrevisions.scalegate.dev",
		"crd/releaseapprovals.scalegate.dev", "crd/releasedeterminations.scalegate.dev", "crd/releasewaivers.scalegate.dev",
		"crd/safetyevaluations.scalegate.dev", "crd/safetypolicies.scalegate.dev"); err != nil {
		return fmt.Errorf("waiting for the kinds: %w", err)
	}
	return i.waitForStamps(ctx)
}

// waitForStamps waits until the policies that stamp identities are in force: the API server looks
// the schema of a new kind up every five seconds, and until then refuses what they match.
func (i *Installation) waitForStamps(ctx context.Context) error {
	return poll(ctx, func(ctx context.Context) (bool, error) {
		err := i.Client.Create(ctx, &v1alpha1.SafetyEvaluation{
			ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: "probe"},
			Spec: v1alpha1.SafetyEvaluationSpec{
				Subject: v1alpha1.EvaluationSubject{Release: "probe", Artifacts: []v1alpha1.SubjectArtifact{
					{Type: v1alpha1.ArtifactWeights, Digest: v1alpha1.Digest("sha256:" + strings.Repeat("0", 64))},
				}},
				Requirement: "probe",
				Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: "probe", Key: "probe"}},
			},
		}, client.DryRunAll)
		if err != nil && strings.Contains(err.Error(), "There can be a delay") {
			return false, nil
		}
		return err == nil, err
	})
}

func (i *Installation) makeNamespace(ctx context.Context) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}}
	return client.IgnoreAlreadyExists(i.Client.Create(ctx, ns))
}

func (i *Installation) waitForServiceAccount(ctx context.Context, namespace string) error {
	return poll(ctx, func(ctx context.Context) (bool, error) {
		err := i.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "default"}, &corev1.ServiceAccount{})
		return err == nil, client.IgnoreNotFound(err)
	})
}

// waitForGate probes the gate by a dry run: a pod that asks for an accelerator and claims nothing
// must be refused, and one that claims a release must come back held.
func (i *Installation) waitForGate(ctx context.Context, namespace string) error {
	return poll(ctx, func(ctx context.Context) (bool, error) {
		unclaimed := probe(namespace, nil)
		unclaimed.Spec.Containers[0].Resources.Limits = corev1.ResourceList{"nvidia.com/gpu": resource.MustParse("1")}
		err := i.Client.Create(ctx, unclaimed, client.DryRunAll)
		if !apierrors.IsForbidden(err) {
			return false, client.IgnoreAlreadyExists(err)
		}
		claimed := probe(namespace, map[string]string{v1alpha1.LabelRelease: "probe"})
		if err := i.Client.Create(ctx, claimed, client.DryRunAll); err != nil {
			return false, client.IgnoreNotFound(ignoreForbidden(err))
		}
		return len(claimed.Spec.SchedulingGates) > 0, nil
	})
}

func probe(namespace string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "probe-", Labels: labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "probe", Image: "probe"}}},
	}
}

func ignoreForbidden(err error) error {
	if apierrors.IsForbidden(err) {
		return nil
	}
	return err
}

func poll(ctx context.Context, done func(context.Context) (bool, error)) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, done)
}
