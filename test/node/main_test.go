// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node runs suites as real containers: Scalegate on a control plane of its own, whose one
// node is a kubelet with containerd, and evaluators that stand in for the tools. What the containers
// do is real: they are killed for memory and time, and their termination messages are read.
package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localnode"
	"github.com/scalegate/scalegate/test/installation"
)

// enabledEnv names the environment variable that, set to 1, has these tests run. They take over more
// of a machine than a plain `go test` should: see hack/localnode.
const enabledEnv = "SCALEGATE_NODE_E2E"

// bed is what every test of the package runs on.
type bed struct {
	*installation.Installation
	node *localnode.Node
	// owner is a cluster admin by RBAC, who does not impersonate.
	owner client.Client
	// evaluator is the image of the stand-in for tools and model; its digest is that of the manifest.
	evaluator       localnode.Image
	evaluatorDigest string
	// weights is an image that stands for a model's weights.
	weights       localnode.Image
	weightsDigest string
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(enabledEnv) != "1" {
		os.Exit(m.Run()) // each test says why it is skipped
	}
	if missing := localnode.Missing(); len(missing) > 0 {
		fmt.Fprintln(os.Stderr, "node-e2e: SKIPPED, which is not passed: no container ran. What is missing:")
		for _, what := range missing {
			fmt.Fprintln(os.Stderr, "  -", what)
		}
		fmt.Fprintln(os.Stderr, "hack/node-packages installs the packages on Debian and its kin.")
		os.Exit(1)
	}
	os.Exit(installation.Main(m, shared.open, shared.close))
}

// needNode skips a test that needs the node where there is none.
func needNode(t *testing.T) {
	t.Helper()
	if shared.Installation == nil {
		t.Skipf("containers are run by `make node-e2e` alone, as root (%s=1)", enabledEnv)
	}
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Installation, err = installation.StartWith(ctx, localnode.ClusterOptions(os.Stderr)); err != nil {
		return err
	}
	err = b.startNode(ctx)
	if err != nil {
		return errors.Join(err, b.close())
	}
	return nil
}

func (b *bed) startNode(ctx context.Context) error {
	pause := localnode.Image{Repository: "localhost/scalegate/pause", Binary: filepath.Join(b.Dir(), "pause")}
	// It holds the same binary as pause: it does nothing, for as long as its pod runs.
	b.weights = localnode.Image{Repository: "localhost/scalegate/weights", Binary: filepath.Join(b.Dir(), "weights"), User: "65532:65532"}
	b.evaluator = localnode.Image{
		Repository: "localhost/scalegate/evaluator", Binary: filepath.Join(b.Dir(), "evaluator"), User: "65532:65532",
	}
	// The manager runs the same binary: Build finds it where it would put its own.
	collector := localnode.Image{
		Repository: "localhost/scalegate/scalegate", Binary: filepath.Join(b.Dir(), "scalegate"), User: "65532:65532",
	}
	digests := map[string]string{}
	var archives []string
	for _, build := range []struct {
		folder string
		image  localnode.Image
	}{
		{filepath.Join(installation.Root(), "hack", "localnode", "pause"), pause},
		{filepath.Join(installation.Root(), "hack", "localnode", "pause"), b.weights},
		{filepath.Join(installation.Root(), "test", "node", "evaluator"), b.evaluator},
		{installation.Root(), collector},
	} {
		if err := localnode.Compile(ctx, build.folder, build.image.Binary); err != nil {
			return err
		}
		archive := build.image.Binary + ".tar"
		digest, err := localnode.WriteImage(archive, build.image)
		if err != nil {
			return err
		}
		digests[build.image.Repository] = digest
		archives = append(archives, archive)
	}
	b.evaluatorDigest, b.weightsDigest = digests[b.evaluator.Repository], digests[b.weights.Repository]
	var err error
	b.node, err = localnode.Start(ctx, b.Cluster, localnode.Options{
		Name: "real-1", Output: os.Stderr, Pause: pause.Reference(), Images: archives,
	})
	if err != nil {
		return err
	}
	if b.owner, err = b.UserClient("owner", "system:masters"); err != nil {
		return err
	}
	return b.StartManager(ctx, "--collector-image="+collector.Repository+"@"+digests[collector.Repository])
}

func (b *bed) close() error {
	if b.Installation == nil {
		return nil
	}
	err := b.Stop()
	if b.node != nil {
		err = errors.Join(err, b.node.Close())
	}
	return err
}
