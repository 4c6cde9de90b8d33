// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package node installs Scalegate as people do: the image of make image and the Helm chart, on a real node, where a kubelet
// runs the manager's pods and the API server reaches the webhook by its Service.
//
// It runs only when it is asked to (make node-e2e), as root: it starts containers, and so asks more of a machine than a
// plain go test should.
package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/hack/localnode"
	"github.com/scalegate/scalegate/test/installation"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const enabledEnv = "SCALEGATE_NODE_E2E"

// image is what make image is told to call its image here.
const image = "localhost/scalegate/manager:node"

// bed is a cluster with one real node, and nothing of Scalegate on it.
type bed struct {
	installation.Installation
	node *localnode.Node
	// digests of the images that stand for the demo's model, by repository.
	digests map[string]string
}

var shared bed

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(enabledEnv) != "1" {
		os.Exit(m.Run())
	}
	if missing := localnode.Missing(); len(missing) > 0 {
		fmt.Fprintln(os.Stderr, "this machine cannot run a node:\n  "+strings.Join(missing, "\n  "))
		os.Exit(1)
	}
	os.Exit(installation.Main(m, shared.open, shared.close))
}

func (b *bed) open(ctx context.Context) (err error) {
	if b.Cluster, err = localcluster.Start(ctx, localnode.ClusterOptions(os.Stderr)); err != nil {
		return err
	}
	if b.Client, err = installation.Client(b.Admin()); err == nil {
		err = b.startNode(ctx)
	}
	if err != nil {
		return errors.Join(err, b.close())
	}
	return nil
}

func (b *bed) close() error {
	if b.Cluster == nil {
		return nil
	}
	err := b.Stop()
	if b.node != nil {
		err = errors.Join(err, b.node.Close())
	}
	return err
}

// startNode starts a node that has Scalegate's image and those of the demo's model, and says that it has accelerators.
func (b *bed) startNode(ctx context.Context) error {
	release := filepath.Join(b.Dir(), "scalegate-image.tar")
	making := exec.CommandContext(ctx, "go", "run", "./hack/image/build",
		"-version=node", "-platforms=linux/"+runtime.GOARCH, "-reference="+image, "-archive="+release, "-sbom="+filepath.Join(b.Dir(), "sbom.json"))
	making.Dir = installation.Root()
	if out, err := making.CombinedOutput(); err != nil {
		return fmt.Errorf("making the image: %w\n%s", err, out)
	}
	pause := localnode.Image{Repository: "localhost/scalegate/pause", Binary: filepath.Join(b.Dir(), "pause")}
	if err := localnode.Compile(ctx, filepath.Join(installation.Root(), "hack", "localnode", "pause"), pause.Binary); err != nil {
		return err
	}
	archives := []string{release}
	b.digests = map[string]string{}
	// The model's images hold a program that waits: what matters is whether a kubelet runs it.
	for repository, user := range map[string]string{
		pause.Repository: "", "registry.example/server": "65532:65532", "registry.example/guard": "65532:65532", "registry.example/models/sonnet-4": "65532:65532",
	} {
		archive := filepath.Join(b.Dir(), strings.ReplaceAll(repository, "/", "-")+".tar")
		digest, err := localnode.WriteImage(archive, localnode.Image{Repository: repository, Binary: pause.Binary, User: user})
		if err != nil {
			return err
		}
		b.digests[repository] = digest
		archives = append(archives, archive)
	}
	var err error
	b.node, err = localnode.Start(ctx, b.Cluster, localnode.Options{Name: "real-1", Output: os.Stderr, Pause: pause.Reference(), Images: archives})
	if err != nil {
		return err
	}
	// A kubelet keeps extended resources that it does not know.
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: b.node.Name()}}
	return b.Client.Status().Patch(ctx, node, client.RawPatch(types.MergePatchType, []byte(`{"status":{"capacity":{"nvidia.com/gpu":"8"}}}`)))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually tries until it works, for at most a minute.
func eventually(t *testing.T, try func(context.Context) error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = try(ctx)
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(errors.Join(err, last))
	}
}
