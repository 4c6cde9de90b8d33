// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook runs the webhook as it is deployed: two replicas of the manager, with certificates of their
// own making, behind a forwarder that plays the Service. Each test has a namespace and policies of its own.
package webhook

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/admission/serving"
	"github.com/scalegate/scalegate/test/installation"
)

// secret is where the manager keeps its certificates.
const secret = "scalegate-webhook-certificates"

// bed is what every test of the package runs on.
type bed struct {
	*installation.Installation
	binary     string
	kubeconfig string
	// certificates is where the Secret is mounted.
	certificates string
	// args are the replicas' further arguments.
	args         []string
	service      *forwarder
	replicas     []*replica
	stopMounting context.CancelFunc
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	os.Exit(installation.Main(m, shared.open, shared.close))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Start(ctx, os.Stderr); err != nil {
		return err
	}
	if err := b.prepare(ctx, "webhook"); err != nil {
		return errors.Join(err, b.close())
	}
	return nil
}

// prepare installs a folder of config and serves the webhook with further arguments.
func (b *bed) prepare(ctx context.Context, folder string, args ...string) (err error) {
	b.args = append([]string{"--webhook-cert-secret=" + secret, "--webhook-dns-names=localhost"}, args...)
	if b.service, err = newForwarder(); err != nil {
		return err
	}
	if err := b.install(ctx, folder); err != nil {
		return err
	}
	if b.binary, err = b.Build(ctx); err != nil {
		return err
	}
	cfg, err := b.ServiceAccount(ctx, installation.Namespace, installation.ServiceAccount)
	if err != nil {
		return err
	}
	b.kubeconfig = filepath.Join(b.Dir(), "manager.kubeconfig")
	if err := localcluster.WriteKubeconfig(b.kubeconfig, cfg); err != nil {
		return err
	}
	b.certificates = filepath.Join(b.Dir(), "certificates")
	mounting, stop := context.WithCancel(context.WithoutCancel(ctx))
	b.stopMounting = stop
	go b.mount(mounting)
	return b.scaleUp(ctx)
}

// scaleUp starts both replicas, and waits until the webhook answers.
func (b *bed) scaleUp(ctx context.Context) error {
	for range 2 {
		r, err := b.start(b.certificates, b.args...)
		if err != nil {
			return err
		}
		b.replicas = append(b.replicas, r)
	}
	for _, r := range b.replicas {
		if err := r.awaitReady(ctx); err != nil {
			return err
		}
		b.service.add(r)
	}
	return b.awaitAnswers(ctx)
}

// scaleDown ends every replica by SIGKILL.
func (b *bed) scaleDown() {
	for _, r := range b.replicas {
		b.service.remove(r)
		r.kill()
	}
	b.replicas = nil
}

func (b *bed) close() error {
	b.scaleDown()
	if b.service != nil {
		b.service.close()
	}
	if b.stopMounting != nil {
		b.stopMounting()
	}
	return b.Stop()
}

// install applies a folder of config, with the webhook at the forwarder's address.
func (b *bed) install(ctx context.Context, folder string) error {
	out, err := b.Kubectl(ctx, b.Admin(), "kustomize", filepath.Join(installation.Root(), "config", folder))
	if err != nil {
		return err
	}
	for document := range strings.SplitSeq(string(out), "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			return fmt.Errorf("reading config/%s: %w", folder, err)
		}
		if object.GetKind() == "Deployment" {
			// The replicas are processes of the tests.
			continue
		}
		if strings.HasSuffix(object.GetKind(), "WebhookConfiguration") {
			if err := b.address(object); err != nil {
				return err
			}
		}
		if err := client.IgnoreAlreadyExists(b.Client.Create(ctx, object)); err != nil {
			return fmt.Errorf("creating %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	return nil
}

// address puts the forwarder's URL in the place of the Service.
func (b *bed) address(configuration *unstructured.Unstructured) error {
	webhooks, _, err := unstructured.NestedSlice(configuration.Object, "webhooks")
	if err != nil {
		return err
	}
	for _, w := range webhooks {
		fields, ok := w.(map[string]any)
		if !ok {
			return fmt.Errorf("%s has a webhook that is not an object", configuration.GetName())
		}
		path, _, err := unstructured.NestedString(fields, "clientConfig", "service", "path")
		if err != nil {
			return err
		}
		fields["clientConfig"] = map[string]any{"url": "https://localhost:" + b.service.port() + path}
	}
	return unstructured.SetNestedSlice(configuration.Object, webhooks, "webhooks")
}

// mount plays the kubelet: it keeps the folder as the Secret is.
func (b *bed) mount(ctx context.Context) {
	err := wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		s := &corev1.Secret{}
		key := client.ObjectKey{Namespace: installation.Namespace, Name: secret}
		if err := b.Client.Get(ctx, key, s); err != nil || len(s.Data) == 0 {
			return false, nil
		}
		return false, writeCertificate(b.certificates, s.Data["tls.crt"], s.Data["tls.key"])
	})
	if ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "mounting the Secret:", err)
	}
}

// awaitAnswers waits until the API server reaches the webhook: only it says that a threshold has no effect.
func (b *bed) awaitAnswers(ctx context.Context) error {
	return poll(ctx, func(ctx context.Context) error {
		err := b.Client.Create(ctx, policy("probe", pointless), client.DryRunAll)
		if err == nil || !strings.Contains(err.Error(), "kinds.scalegate.dev") {
			return errors.Join(err, errors.New("the webhook does not answer yet"))
		}
		return nil
	})
}

func (b *bed) configuration(ctx context.Context) (*admissionv1.ValidatingWebhookConfiguration, error) {
	c := &admissionv1.ValidatingWebhookConfiguration{}
	return c, b.Client.Get(ctx, client.ObjectKey{Name: serving.ConfigurationName}, c)
}

// poll asks until there is no error, and returns the last one after half a minute.
func poll(ctx context.Context, ask func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = ask(ctx)
		return last == nil, nil
	})
	return errors.Join(err, last)
}
