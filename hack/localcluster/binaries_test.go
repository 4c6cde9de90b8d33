// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestVersionFlags(t *testing.T) {
	tests := map[string]struct {
		gomod, want string
	}{
		"in a block": {
			gomod: "require (\n\tk8s.io/kubernetes v1.40.3 // indirect\n)\n",
			want: "-s -w -X k8s.io/component-base/version.gitVersion=v1.40.3" +
				" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=40",
		},
		"on a line of its own": {
			gomod: "require k8s.io/kubernetes v1.37.0-rc.1\n",
			want: "-s -w -X k8s.io/component-base/version.gitVersion=v1.37.0-rc.1" +
				" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=37",
		},
		"a tool line is no requirement": {gomod: "tool k8s.io/kubernetes/cmd/kubectl\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := versionFlags([]byte(tt.gomod))
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("versionFlags = %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestCacheIsIndependentOfTheCallersGoFlags(t *testing.T) {
	want, err := newBuilder(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "-mod=mod -trimpath")
	t.Setenv("GOWORK", filepath.Join(t.TempDir(), "go.work"))
	t.Setenv("GOOS", "plan9")
	got, err := newBuilder(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.dir != want.dir {
		t.Errorf("the cache is %s, want %s", got.dir, want.dir)
	}
}

func TestConcurrentBuildsBuildOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles etcd")
	}
	t.Setenv(CacheDirEnv, t.TempDir())
	t.Setenv("GOFLAGS", "-mod=mod")
	var outputs [3]bytes.Buffer
	var wg sync.WaitGroup
	for i := range outputs {
		wg.Go(func() {
			built, err := Build(t.Context(), &outputs[i], Etcd)
			if err != nil {
				t.Error(err)
				return
			}
			if info, err := os.Stat(built.Path(Etcd)); err != nil || info.Mode()&0o111 == 0 {
				t.Errorf("etcd is not a program: %v", err)
			}
		})
	}
	wg.Wait()
	builds := 0
	for i := range outputs {
		builds += strings.Count(outputs[i].String(), "[1/1] etcd, 0s")
	}
	if builds != 1 {
		t.Errorf("etcd was built %d times, want once:\n%v", builds, &outputs)
	}
}

func TestBuildRefusesAnUnknownName(t *testing.T) {
	t.Setenv(CacheDirEnv, t.TempDir())
	if _, err := Build(t.Context(), nil, "cloud-controller-manager"); err == nil || !strings.Contains(err.Error(), `"cloud-controller-manager"`) {
		t.Errorf("Build returned %v", err)
	}
}

func TestLockFileWaitsForItsHolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	held, err := lockFile(t.Context(), path, func() { t.Error("nobody holds the lock") })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := lockFile(ctx, path, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("a held lock: %v", err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := lockFile(t.Context(), path, func() { t.Error("the lock was not released") })
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestReservedPortsDiffer(t *testing.T) {
	t.Setenv(CacheDirEnv, t.TempDir())
	var ports []int
	for range 50 {
		port, lock, err := reservePort()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := lock.Close(); err != nil {
				t.Error(err)
			}
		})
		if slices.Contains(ports, port) {
			t.Fatalf("port %d was reserved twice", port)
		}
		ports = append(ports, port)
	}
}

// TestLostPort starts a program that finds its port taken once, as when another
// process binds it between the choice and the start.
func TestLostPort(t *testing.T) {
	t.Setenv(CacheDirEnv, t.TempDir())
	bin := t.TempDir()
	script := `#!/bin/sh
echo "$1" >>ports
[ $(wc -l <ports) -gt 1 ] || { echo "listen tcp $1: bind: address already in use" >&2; exit 1; }
touch up
exec sleep 60`
	if err := os.WriteFile(filepath.Join(bin, Etcd), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	c := &Cluster{binaries: Binaries{dir: bin}, supervisor: testSupervisor(t)}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := c.startOnFreePort(ctx, Etcd, func(address string) (Spec, error) {
		return Spec{Args: []string{address}, Ready: c.supervisor.fileExists("up")}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(c.Dir(), "ports"))
	if err != nil {
		t.Fatal(err)
	}
	ports := strings.Fields(string(data))
	if len(ports) != 2 || ports[0] == ports[1] {
		t.Errorf("it was started on %v, want two different ports", ports)
	}
	if err := c.Stop(); err != nil {
		t.Error(fmt.Errorf("a port lost at the start is reported as an unexpected exit: %w", err))
	}
}
