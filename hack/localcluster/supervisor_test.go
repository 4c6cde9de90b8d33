// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// crashEnv makes the test binary the process that TestCrash kills.
const crashEnv = "SCALEGATE_TEST_CRASH_DIR"

func testSupervisor(t *testing.T) *supervisor {
	t.Helper()
	s, err := newSupervisor(filepath.Join(t.TempDir(), "cluster"), false, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func sh(script string) Spec {
	return Spec{Path: "sh", Args: []string{"-c", script}}
}

// fileExists is a readiness check; the path is relative to the supervisor's
// directory, in which its processes run.
func (s *supervisor) fileExists(name string) func(context.Context) error {
	return func(context.Context) error {
		_, err := os.Stat(filepath.Join(s.dir, name))
		return err
	}
}

func TestProcessesAreKilledAndRestartedByName(t *testing.T) {
	s := testSupervisor(t)
	spec := sh("echo run >>runs; exec sleep 60")
	spec.Ready = s.fileExists("runs")
	if err := s.run(t.Context(), "worker", spec); err != nil {
		t.Fatal(err)
	}
	first := s.pid("worker")
	if err := s.run(t.Context(), "worker", spec); err == nil {
		t.Error("a second process of the same name was started")
	}
	if err := s.kill("worker"); err != nil {
		t.Fatal(err)
	}
	if s.pid("worker") != 0 || running(t, first) {
		t.Error("the process still runs after kill returned")
	}
	if err := os.Remove(filepath.Join(s.dir, "runs")); err != nil {
		t.Fatal(err)
	}
	if err := s.restart(t.Context(), "worker"); err != nil {
		t.Fatal(err)
	}
	second := s.pid("worker")
	if second == first || !running(t, second) {
		t.Errorf("restart left process %d running, want another than %d", second, first)
	}
	if err := s.kill("nobody"); err == nil {
		t.Error("killing an unknown name succeeded")
	}
	if err := s.failed(); err != nil {
		t.Errorf("a kill that was asked for is reported as unexpected: %v", err)
	}
}

func TestUnexpectedExitIsReportedWithTheTailOfItsLog(t *testing.T) {
	var output bytes.Buffer
	s, err := newSupervisor(filepath.Join(t.TempDir(), "cluster"), false, &output)
	if err != nil {
		t.Fatal(err)
	}
	spec := sh("touch up; until [ -e go ]; do sleep 0.01; done; echo out of cheese >&2; exit 3")
	spec.Ready = s.fileExists("up")
	if err := s.run(t.Context(), "worker", spec); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the exit to be noticed", func() bool { return s.failed() != nil })
	err = s.stop()
	exit, ok := errors.AsType[*ExitError](err)
	if !ok {
		t.Fatalf("stop returned %v, want an ExitError", err)
	}
	if exit.Name != "worker" || exit.Tail != "out of cheese" || !strings.Contains(output.String(), "exit status 3") {
		t.Errorf("exit = %+v, reported as %q", exit, output.String())
	}
}

func TestExitBeforeReadyIsReturned(t *testing.T) {
	s := testSupervisor(t)
	spec := sh("echo earlier run; echo listen: address already in use >&2; exit 1")
	spec.Ready = s.fileExists("never")
	err := s.run(t.Context(), "worker", spec)
	exit, ok := errors.AsType[*ExitError](err)
	if !ok || !exit.addressInUse() {
		t.Fatalf("run returned %v, want an ExitError about the address", err)
	}
	spec = sh("echo quiet; exit 1")
	spec.Ready = s.fileExists("never")
	err = s.run(t.Context(), "worker", spec)
	if exit, ok = errors.AsType[*ExitError](err); !ok || exit.Tail != "quiet" {
		t.Fatalf("run returned %v, want the output of the last run alone", err)
	}
}

func TestNotReadyInTimeSaysWhatWasMissing(t *testing.T) {
	s := testSupervisor(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	spec := sh("echo still warming up; exec sleep 60")
	spec.Ready = s.fileExists("never")
	err := s.run(ctx, "worker", spec)
	if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, os.ErrNotExist) ||
		!strings.Contains(err.Error(), "still warming up") {
		t.Errorf("run returned %v", err)
	}
	if pid := s.pid("worker"); pid != 0 {
		t.Errorf("process %d was left running", pid)
	}
}

func TestStopEndsGrandchildrenAndRemovesTheDirectory(t *testing.T) {
	s := testSupervisor(t)
	spec := sh("sleep 60 & echo $! >grandchild; mv grandchild pid; wait")
	spec.Ready = s.fileExists("pid")
	if err := s.run(t.Context(), "parent", spec); err != nil {
		t.Fatal(err)
	}
	grandchild := readPID(t, filepath.Join(s.dir, "pid"))
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	waitGone(t, grandchild)
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
	if err := s.run(t.Context(), "late", sh("exit 0")); err == nil {
		t.Error("a process was started after stop")
	}
}

func TestStopWithoutTheReaperStillLeavesNothing(t *testing.T) {
	s, err := newSupervisor(filepath.Join(t.TempDir(), "cluster"), false, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.run(t.Context(), "worker", sh("exec sleep 60")); err != nil {
		t.Fatal(err)
	}
	pid := s.pid("worker")
	if err := s.reaper.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := s.stop(); err == nil {
		t.Error("stop did not report the lost reaper")
	}
	if running(t, pid) {
		t.Error("the process survived")
	}
	if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestKeptDirectoryOutlivesStop(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	s, err := newSupervisor(dir, true, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.run(t.Context(), "worker", sh("exec sleep 60")); err != nil {
		t.Fatal(err)
	}
	pid := s.pid("worker")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if running(t, pid) {
		t.Error("the process survived")
	}
	if _, err := os.Stat(filepath.Join(dir, "logs", "worker.log")); err != nil {
		t.Errorf("the log is gone: %v", err)
	}
}

// TestCrash kills a process that supervises others with SIGKILL, which lets it
// clean up nothing, and sees its processes and its directory gone.
func TestCrash(t *testing.T) {
	if dir := os.Getenv(crashEnv); dir != "" {
		superviseUntilKilled(t, dir)
	}
	dir := filepath.Join(t.TempDir(), "cluster")
	cmd := exec.Command(os.Args[0], "-test.run=^TestCrash$")
	cmd.Env = append(os.Environ(), crashEnv+"="+dir)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("reading the pids: %v", err)
	}
	var pids []int
	for field := range strings.FieldsSeq(line) {
		pid, err := strconv.Atoi(field)
		if err != nil || !running(t, pid) {
			t.Fatalf("the child printed %q, want the pids of running processes", line)
		}
		pids = append(pids, pid)
	}
	if len(pids) != 4 {
		t.Fatalf("the child printed %q, want 4 pids", line)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
	for _, pid := range pids {
		waitGone(t, pid)
	}
	eventually(t, "the directory to be removed", func() bool {
		_, err := os.Stat(dir)
		return errors.Is(err, os.ErrNotExist)
	})
}

func superviseUntilKilled(t *testing.T, dir string) {
	t.Helper()
	s, err := newSupervisor(dir, false, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	// One ignores signals, one keeps writing into the directory.
	for name, script := range map[string]string{
		"deaf":   "trap '' TERM INT HUP; while :; do sleep 1; done",
		"writer": "while :; do echo more >>data; done",
	} {
		if err := s.run(t.Context(), name, sh(script)); err != nil {
			t.Fatal(err)
		}
	}
	fmt.Println(s.pid("deaf"), s.pid("writer"), s.anchor.Process.Pid, s.reaper.Process.Pid)
	select {}
}

func readPID(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// running reports whether the process can still do anything: one that is dead
// and waits to be collected cannot.
func running(t *testing.T, pid int) bool {
	t.Helper()
	if err := syscall.Kill(pid, 0); err != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !errors.Is(err, os.ErrNotExist)
	}
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return !bytes.HasPrefix(state, []byte("Z"))
}

func waitGone(t *testing.T, pid int) {
	t.Helper()
	eventually(t, fmt.Sprintf("process %d to be gone", pid), func() bool { return !running(t, pid) })
}

func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := poll(ctx, what, func(context.Context) error {
		if check() {
			return nil
		}
		return errors.New("not yet")
	})
	if err != nil {
		t.Fatal(err)
	}
}
