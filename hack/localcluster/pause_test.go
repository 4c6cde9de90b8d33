// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// state is the letter that the kernel gives the process: T is stopped.
func state(t *testing.T, pid int) string {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return after[:1]
}

func TestAPausedProcessGoesOnWhenItIsResumed(t *testing.T) {
	s := testSupervisor(t)
	c := &Cluster{supervisor: s}
	spec := sh("touch up; while :; do sleep 0.01; [ ! -e go ] || touch went; done")
	spec.Ready = s.fileExists("up")
	if err := s.run(t.Context(), "worker", spec); err != nil {
		t.Fatal(err)
	}
	pid := s.pid("worker")
	if err := c.Pause("worker"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the process to stop", func() bool { return state(t, pid) == "T" })
	if !c.Running("worker") {
		t.Error("a paused process is said not to run")
	}
	if err := os.WriteFile(filepath.Join(s.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "went")); err == nil {
		t.Error("a paused process went on")
	}
	if err := c.Resume("worker"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the process to go on", func() bool { return s.fileExists("went")(t.Context()) == nil })
}

func TestAPausedProcessIsKilledAndRestarted(t *testing.T) {
	s := testSupervisor(t)
	c := &Cluster{supervisor: s}
	if err := s.run(t.Context(), "worker", sh("exec sleep 60")); err != nil {
		t.Fatal(err)
	}
	first := s.pid("worker")
	if err := errors.Join(c.Pause("worker"), c.Restart(t.Context(), "worker")); err != nil {
		t.Fatal(err)
	}
	if second := s.pid("worker"); second == first || state(t, second) == "T" {
		t.Errorf("process %d runs after %d was paused and restarted, in state %s", second, first, state(t, second))
	}
	if err := errors.Join(c.Kill("worker"), c.Pause("worker"), c.Resume("worker")); err != nil {
		t.Errorf("a process that is gone cannot be paused and resumed: %v", err)
	}
	if c.Running("worker") {
		t.Error("a killed process is said to run")
	}
	if err := c.Pause("nobody"); err == nil {
		t.Error("pausing an unknown name succeeded")
	}
}

func TestTheControlPlaneOfAnotherClusterIsNotPaused(t *testing.T) {
	c := &Cluster{supervisor: testSupervisor(t), external: true}
	for _, err := range []error{c.Pause(APIServer), c.Resume(Etcd)} {
		if !errors.Is(err, ErrExternal) {
			t.Errorf("got %v, want that the cluster is not ours", err)
		}
	}
}

func TestAProcessThatMayEndIsNoFailure(t *testing.T) {
	s := testSupervisor(t)
	c := &Cluster{supervisor: s}
	spec := sh("exec sleep 60")
	spec.MayEnd = true
	if err := s.run(t.Context(), "worker", spec); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.pid("worker"), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end to be noticed", func() bool { return !c.Running("worker") })
	if err := s.restart(t.Context(), "worker"); err != nil {
		t.Fatal(err)
	}
	if err := s.failed(); err != nil {
		t.Errorf("the end is reported as a failure: %v", err)
	}
}
