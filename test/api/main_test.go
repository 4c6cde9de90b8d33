// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package api holds the kinds of Scalegate, as config/crd gives them to a real API server, to
// what they promise to the people who write them: which mistakes are refused and in which
// words, what kubectl explains and shows, and that nothing is unbounded. The manager does not
// run; where its consent is needed, the tests take its place.
package api

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := shared.open(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := shared.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.Open(ctx, os.Stderr); err != nil {
		return err
	}
	if b.controller, err = b.ControllerClient(ctx); err != nil {
		return err
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	return client.IgnoreAlreadyExists(b.Client.Create(ctx, ns))
}
