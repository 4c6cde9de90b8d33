// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bypass tries to get past the admission policies of config/admission on a real control
// plane. The manager does not run: what holds here holds in the API server alone. Where a row
// needs the controller's consent, the test takes the controller's place and gives it.
package bypass

import (
	"context"
	"errors"
	"flag"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/installation"
)

// bed is what every test of the package runs on: one cluster, a namespace each.
type bed struct {
	*installation.Installation
	// controller acts as Scalegate's own service account.
	controller client.Client
	// replicaSets acts as the controller manager does when it makes the pods of ReplicaSets.
	replicaSets client.Client
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(installation.Main(m, shared.open, func() error { return shared.Stop() }))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if !b.External() {
		if err := b.AddNodes(ctx, 2, nil); err != nil {
			return err
		}
	}
	controller, err := b.ServiceAccount(ctx, installation.Namespace, installation.ServiceAccount)
	if err != nil {
		return err
	}
	if b.controller, err = quiet(controller); err != nil {
		return err
	}
	if b.Client, err = quiet(b.Admin()); err != nil {
		return err
	}
	if b.replicaSets, err = b.as("system:serviceaccount:kube-system:replicaset-controller"); err != nil {
		return err
	}
	return b.waitForGuards(ctx)
}

// as returns a client that acts as another identity, which only impersonation reaches.
func (b *bed) as(user string, groups ...string) (client.Client, error) {
	cfg := b.Admin()
	cfg.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: groups}
	cfg.WarningHandler = rest.NoWarnings{}
	// Asking the API server for its kinds once is enough for all.
	return client.New(cfg, client.Options{Scheme: b.Client.Scheme(), Mapper: b.Client.RESTMapper()})
}

// quiet returns a client that does not log the warnings of the API server: nearly every pod here
// is held, and what the warnings say has tests of its own.
func quiet(cfg *rest.Config) (client.Client, error) {
	cfg.WarningHandler = rest.NoWarnings{}
	return installation.Client(cfg)
}

// waitForGuards returns once the policies that Govern does not wait for are in force. An API
// server takes new ones up in its own time.
func (b *bed) waitForGuards(ctx context.Context) error {
	if err := b.Govern(ctx, "guards"); err != nil {
		return err
	}
	probes := []func(context.Context) error{
		func(ctx context.Context) error {
			d := deployment("guards", "web")
			if err := b.Client.Create(ctx, d, client.DryRunAll); err != nil || d.Spec.Paused {
				return err
			}
			return errors.New("the Deployment of the probe is not held")
		},
		func(ctx context.Context) error {
			claimless := template()
			unclaim(&claimless)
			onServer(func(c *corev1.Container) { c.Resources.Limits = amount("nvidia.com/gpu") })(&claimless)
			return refusal(b.Client.Create(ctx, parents()["DaemonSet"]("guards", claimless), client.DryRunAll), accelerator)
		},
		func(ctx context.Context) error {
			j := job("guards")
			if err := b.Client.Create(ctx, j, client.DryRunAll); err != nil || jobState(j) == heldJob {
				return err
			}
			return errors.New("the Job of the probe is not held")
		},
		func(ctx context.Context) error {
			return refusal(b.Client.Create(ctx, revision("guards", claimingRevision), client.DryRunAll), byControllersAlone)
		},
		func(ctx context.Context) error {
			return refusal(b.Client.Create(ctx, namespace("probe", map[string]string{clearanceKey: "v1"}), client.DryRunAll), "by Scalegate alone")
		},
		func(ctx context.Context) error {
			return refusal(b.Client.Create(ctx, finding("probe"), client.DryRunAll), "by Scalegate alone")
		},
		func(ctx context.Context) error {
			e := evaluation("guards", "probe")
			if err := b.Client.Create(ctx, e, client.DryRunAll); err != nil || e.Spec.Evaluator != "" {
				return err
			}
			return errors.New("the evaluation of the probe is not stamped")
		},
	}
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		last = nil
		for _, probe := range probes {
			last = errors.Join(last, probe(ctx))
		}
		return last == nil, nil
	})
	return errors.Join(err, last)
}
