// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// CacheDirEnv names the environment variable that moves the cache of built
// binaries, by default <user cache directory>/scalegate.
const CacheDirEnv = "SCALEGATE_CACHE_DIR"

// Names of the binaries that Build makes. The first five are also the names of
// the processes of a cluster; the last two are of a real node alone, and built
// only when they are named.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Kwok              = "kwok"
	Kubectl           = "kubectl"
	Kubelet           = "kubelet"
	KubeProxy         = "kube-proxy"
)

const (
	projectModule    = "github.com/scalegate/scalegate"
	versionPackage   = "k8s.io/component-base/version"
	progressInterval = 15 * time.Second
)

// Binaries is a directory of built binaries, each under its own name.
type Binaries struct {
	dir string
}

// Path returns the absolute path of the named binary.
func (b Binaries) Path(name string) string {
	return filepath.Join(b.dir, name)
}

// Build makes the named binaries, or those of a control plane when no name is
// given, and returns where they are. What the cache holds is not built again: its key is
// the hash of the pinned modules, the Go toolchain and the build flags. Processes
// that build at the same time wait for each other. Progress is written to
// progress, which may be nil; nothing is written when nothing is to be built.
func Build(ctx context.Context, progress io.Writer, names ...string) (Binaries, error) {
	if progress == nil {
		progress = io.Discard
	}
	if len(names) == 0 {
		names = []string{Etcd, APIServer, ControllerManager, Scheduler, Kubectl, Kwok}
	}
	b, err := newBuilder(ctx, progress)
	if err != nil {
		return Binaries{}, err
	}
	built := Binaries{dir: b.dir}
	missing := func(name string) bool {
		_, err := os.Stat(built.Path(name))
		return err != nil
	}
	if !slices.ContainsFunc(names, missing) {
		return built, nil
	}
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return Binaries{}, fmt.Errorf("making the cache of binaries (set %s to move it): %w", CacheDirEnv, err)
	}
	lock, err := lockFile(ctx, filepath.Join(b.dir, "lock"), func() {
		fmt.Fprintln(progress, "waiting for another process that builds the local control plane")
	})
	if err != nil {
		return Binaries{}, err
	}
	defer lock.Close()
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !missing(name) })
	return built, b.buildAll(ctx, names)
}

type builder struct {
	module   string
	dir      string
	ldflags  string
	progress io.Writer
}

func newBuilder(ctx context.Context, progress io.Writer) (*builder, error) {
	module, err := pinnedModule()
	if err != nil {
		return nil, err
	}
	gomod, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return nil, fmt.Errorf("reading the pinned modules: %w", err)
	}
	gosum, err := os.ReadFile(filepath.Join(module, "go.sum"))
	if err != nil {
		return nil, fmt.Errorf("reading the sums of the pinned modules: %w", err)
	}
	ldflags, err := versionFlags(gomod)
	if err != nil {
		return nil, err
	}
	b := &builder{module: module, ldflags: ldflags, progress: progress}
	toolchain, err := b.toolchain(ctx)
	if err != nil {
		return nil, err
	}
	cache, err := CacheDir()
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	for _, part := range [][]byte{gomod, gosum, []byte(ldflags), toolchain} {
		fmt.Fprintf(h, "%d:", len(part))
		h.Write(part)
	}
	b.dir = filepath.Join(cache, "controlplane", hex.EncodeToString(h.Sum(nil))[:20])
	return b, nil
}

func (b *builder) buildAll(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	fmt.Fprintf(b.progress, "building %s (first time only; a control plane takes about 10 minutes on 2 cores)\n",
		strings.Join(names, ", "))
	began := time.Now()
	for i, name := range names {
		at := fmt.Sprintf("[%d/%d] %s", i+1, len(names), name)
		if err := b.build(ctx, name, at, began); err != nil {
			return err
		}
	}
	fmt.Fprintf(b.progress, "built in %s: %s\n", elapsed(began), b.dir)
	return nil
}

// build compiles one binary beside its final place and renames it, so that a
// build that is interrupted leaves nothing that looks finished.
func (b *builder) build(ctx context.Context, name, at string, began time.Time) error {
	pkg, ok := packages()[name]
	if !ok {
		return fmt.Errorf("building %q: no such binary", name)
	}
	partial := filepath.Join(b.dir, "."+name+".partial")
	cmd := b.command(ctx, "build", "-ldflags", b.ldflags, "-o", partial, pkg)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the Go toolchain: %w", err)
	}
	fmt.Fprintf(b.progress, "%s, %s\n", at, elapsed(began))
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	tick := time.NewTicker(progressInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			fmt.Fprintf(b.progress, "%s, %s\n", at, elapsed(began))
		case err := <-done:
			if err != nil {
				return fmt.Errorf("building %s: %w\n%s", name, err, bytes.TrimSpace(output.Bytes()))
			}
			return os.Rename(partial, filepath.Join(b.dir, name))
		}
	}
}

// toolchain describes what compiles: the Go that the pinned module selects, and
// whether it uses a C compiler.
func (b *builder) toolchain(ctx context.Context) ([]byte, error) {
	out, err := b.command(ctx, "env", "-json", "GOVERSION", "GOOS", "GOARCH", "CGO_ENABLED").Output()
	if err != nil {
		return nil, fmt.Errorf("asking the Go toolchain for its version (is go on the PATH?): %w", err)
	}
	var env map[string]string
	if err := json.Unmarshal(out, &env); err != nil {
		return nil, fmt.Errorf("reading the Go toolchain's version: %w", err)
	}
	return json.Marshal(env)
}

// command runs go in the pinned module. GOFLAGS is set rather than emptied:
// an empty variable would let the value of `go env -w` through.
func (b *builder) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.module
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false",
		"GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH, "PWD="+b.module)
	return cmd
}

func packages() map[string]string {
	return map[string]string{
		Etcd:              "go.etcd.io/etcd/server/v3",
		APIServer:         "k8s.io/kubernetes/cmd/kube-apiserver",
		ControllerManager: "k8s.io/kubernetes/cmd/kube-controller-manager",
		Scheduler:         "k8s.io/kubernetes/cmd/kube-scheduler",
		Kubectl:           "k8s.io/kubernetes/cmd/kubectl",
		Kwok:              "sigs.k8s.io/kwok/cmd/kwok",
		Kubelet:           "k8s.io/kubernetes/cmd/kubelet",
		KubeProxy:         "k8s.io/kubernetes/cmd/kube-proxy",
	}
}

// versionFlags stamps the pinned Kubernetes version into the binaries: without
// it /version reports v0.0.0 and clients that compare versions misbehave.
func versionFlags(gomod []byte) (string, error) {
	m := regexp.MustCompile(`(?m)^\s*(?:require\s+)?k8s\.io/kubernetes\s+(v(\d+)\.(\d+)\.\S+)`).FindSubmatch(gomod)
	if m == nil {
		return "", fmt.Errorf("reading hack/controlplane/go.mod: it requires no version of k8s.io/kubernetes")
	}
	return fmt.Sprintf("-s -w -X %[1]s.gitVersion=%[2]s -X %[1]s.gitMajor=%[3]s -X %[1]s.gitMinor=%[4]s",
		versionPackage, m[1], m[2], m[3]), nil
}

// pinnedModule finds hack/controlplane. The position of this source file is
// enough unless the caller was built with -trimpath or elsewhere; then the
// working directory must be inside the project.
func pinnedModule() (string, error) {
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		dir := filepath.Join(filepath.Dir(filepath.Dir(file)), "controlplane")
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding hack/controlplane: %w", err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		gomod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(gomod), "module "+projectModule+"\n") {
			return filepath.Join(dir, "hack", "controlplane"), nil
		}
	}
	return "", fmt.Errorf("finding hack/controlplane: run this inside a checkout of %s", projectModule)
}

// CacheDir is the directory for what is built or installed once for all tests of this user. It need
// not be there yet.
func CacheDir() (string, error) {
	if dir := os.Getenv(CacheDirEnv); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", fmt.Errorf("reading %s: %w", CacheDirEnv, err)
		}
		return abs, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the user's cache directory (set %s instead): %w", CacheDirEnv, err)
	}
	return filepath.Join(dir, "scalegate"), nil
}

func elapsed(since time.Time) time.Duration {
	return time.Since(since).Round(time.Second)
}
