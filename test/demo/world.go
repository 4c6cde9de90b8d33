// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// namespace is where the models serve.
const namespace = "serving"

//go:embed manifests logs
var files embed.FS

// model is one model of the story. Digests are examples, and content-free.
type model struct {
	Release, Weights, Server, Guard string
	Argument                        string // of the server, one more than the release declares
}

func sonnet() model { return newModel("sonnet-4", "1") }

func opus() model { return newModel("opus-4", "2") }

func newModel(release, digit string) model {
	digest := func(d string) string { return "sha256:" + strings.Repeat(d, 64) }
	return model{Release: release, Weights: digest(digit), Server: digest("a"), Guard: digest("b")}
}

// world is the cluster and the people in it.
type world struct {
	*narrator
	*installation.Installation
	scalegate string // path of the binary
	argocd    *gitops
}

// newWorld starts a control plane with Scalegate on it, a governed namespace, and people.
func newWorld(ctx context.Context, n *narrator) (*world, error) {
	n.chapter("A Kubernetes of our own")
	n.say("Starting etcd, kube-apiserver, kube-controller-manager, kube-scheduler and simulated nodes,\n" +
		"and installing Scalegate: its kinds, its rights, its admission policies, its manager.")
	i, err := installation.Start(ctx, n.out)
	if err != nil {
		return nil, err
	}
	w := &world{narrator: n, Installation: i}
	if err := w.populate(ctx); err != nil {
		return nil, errors.Join(err, i.Stop())
	}
	n.say("Ready after %.1f s. The namespace %s carries the label scalegate.dev/gate=enforced.",
		time.Since(n.begun).Seconds(), namespace)
	return w, nil
}

func (w *world) populate(ctx context.Context) (err error) {
	if err := w.AddNodes(ctx, 3, nil); err != nil {
		return err
	}
	if err := w.StartManager(ctx); err != nil {
		return err
	}
	if w.scalegate, err = w.Build(ctx); err != nil {
		return err
	}
	if err := w.Govern(ctx, namespace); err != nil {
		return err
	}
	for _, name := range []string{"access.yaml", "policy.yaml"} {
		if _, err := w.apply(ctx, w.Admin(), name, model{}); err != nil {
			return err
		}
	}
	for _, m := range []model{sonnet(), opus()} {
		if _, err := w.apply(ctx, w.Admin(), "release.yaml", m); err != nil {
			return err
		}
	}
	w.argocd, err = newGitops(ctx, w)
	return err
}

func (w *world) end() {
	w.argocd.stop()
	if err := w.Stop(); err != nil {
		fmt.Fprintln(w.out, err)
	}
}

// as is the configuration of a user of the demo; "admin" is a cluster admin who does not impersonate.
func (w *world) as(user string) (*rest.Config, error) {
	if user == "admin" {
		return w.User(user, "system:masters")
	}
	return w.User(user)
}

// apply applies a manifest and returns the warnings that the API server gave.
func (w *world) apply(ctx context.Context, cfg *rest.Config, name string, m model, flags ...string) (warnings string, err error) {
	manifest, err := render("manifests/"+name, m)
	if err != nil {
		return "", err
	}
	result, err := w.RunKubectl(ctx, localcluster.KubectlCall{
		Config: cfg, Args: append([]string{"apply", "--server-side", "-f", "-"}, flags...), Stdin: bytes.NewReader(manifest),
	})
	return string(result.Stderr), err
}

// kubectl runs kubectl as a user.
func (w *world) kubectl(ctx context.Context, user string, args ...string) error {
	cfg, err := w.as(user)
	if err != nil {
		return err
	}
	_, err = w.Kubectl(ctx, cfg, args...)
	return err
}

// cli runs the scalegate command as a user, and shows what it printed.
func (w *world) cli(ctx context.Context, user string, args ...string) error {
	cfg, err := w.as(user)
	if err != nil {
		return err
	}
	kubeconfig := filepath.Join(w.Dir(), user+".kubeconfig")
	if err := localcluster.WriteKubeconfig(kubeconfig, cfg); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, w.scalegate, append(args, "-n", namespace)...)
	cmd.Env = []string{"KUBECONFIG=" + kubeconfig}
	cmd.Dir = w.Dir()
	out, err := cmd.CombinedOutput()
	w.show("scalegate "+strings.Join(args, " "), string(out))
	return err
}

// result is one result file of the story.
type result struct {
	File, ID, Scorer     string
	Value, StandardError string
	Samples              int
	Age                  time.Duration // since the run ended
	Release              string
}

// Started and Ended are the times that the file claims.
func (r result) Started() string { return r.ended().Add(-10 * time.Minute).Format(time.RFC3339) }

// Ended is when the run ended, in RFC 3339.
func (r result) Ended() string { return r.ended().Format(time.RFC3339) }

// StartedUnix is when the run began, in seconds.
func (r result) StartedUnix() int64 { return r.ended().Add(-10 * time.Minute).Unix() }

func (r result) ended() time.Time { return time.Now().UTC().Add(-r.Age) }

// bring writes a result file and imports it as the evaluator.
func (w *world) bring(ctx context.Context, m model, requirement string, r result) error {
	r.Release = m.Release
	content, err := render("logs/"+r.File, r)
	if err != nil {
		return err
	}
	name := r.ID + ".json"
	if err := os.WriteFile(filepath.Join(w.Dir(), name), content, 0o600); err != nil {
		return err
	}
	return w.cli(ctx, "evaluator", "evaluation", "import", name, "--release", m.Release, "--requirement", requirement, "--name", r.ID)
}

// get reads an object of the namespace.
func (w *world) get(ctx context.Context, name string, o client.Object) error {
	return w.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, o)
}

func render(name string, data any) ([]byte, error) {
	t, err := template.ParseFS(files, name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
