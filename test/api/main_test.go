// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api holds the kinds of Scalegate, as config/crd gives them to a real API server, to
// what they promise to the people who write them: which mistakes are refused and in which
// words, what kubectl explains and shows, and that nothing is unbounded. The manager does not
// run; where its consent is needed, the tests take its place.
package api

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/test/installation"
)

// namespace is where the tests make namespaced objects. Its gate is not enforced: what is
// tested here holds in every namespace.
const namespace = "api-test"

// bed is what every test of the package runs on: one cluster.
type bed struct {
	*installation.Installation
	// controller acts as Scalegate's own service account, which alone writes status and findings.
	controller client.Client
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
	if b.controller, err = b.ControllerClient(ctx); err != nil {
		return err
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if err := b.Client.Create(ctx, ns); client.IgnoreAlreadyExists(err) != nil {
		return err
	}
	return b.waitForStamps(ctx)
}

// waitForStamps waits until the policies that stamp identities are in force. They need the
// schema of the kind, which the API server looks up every five seconds; until then it refuses
// what they match.
func (b *bed) waitForStamps(ctx context.Context) error {
	evaluation, err := readSample("SafetyEvaluation")
	if err != nil {
		return err
	}
	err = untilKnown(ctx, func(ctx context.Context) error {
		return b.Client.Create(ctx, evaluation.DeepCopy(), client.DryRunAll)
	})
	if err != nil {
		return fmt.Errorf("waiting for evaluators to be stamped: %w", err)
	}
	probe, err := buildFinding("bio-uplift-probe")
	if err != nil {
		return err
	}
	if err := b.controller.Create(ctx, probe); err != nil {
		return err
	}
	if err := untilKnown(ctx, func(ctx context.Context) error { return b.resolve(ctx, probe) }); err != nil {
		return fmt.Errorf("waiting for resolvers to be stamped: %w", err)
	}
	return b.Client.Delete(ctx, probe)
}

// untilKnown repeats try while the API server does not know the kind everywhere yet.
func untilKnown(ctx context.Context, try func(context.Context) error) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		err := try(ctx)
		if err != nil && strings.Contains(err.Error(), "There can be a delay") {
			return false, nil
		}
		return err == nil, err
	})
}
