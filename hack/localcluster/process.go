// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	pollInterval = 50 * time.Millisecond
	tailBytes    = 2048
)

// Spec says how a process is started under a cluster's supervision.
type Spec struct {
	// Path is the program: an absolute path, or a name to be found on the PATH.
	Path string
	// Args are its arguments, without the program's own name.
	Args []string
	// Env is its whole environment. When nil it is PATH, and HOME and TMPDIR
	// inside the cluster's directory: nothing of the caller's leaks in.
	Env []string
	// Log is the file that its output is appended to; empty means
	// <cluster directory>/logs/<name>.log.
	Log string
	// Ready is polled until it returns nil; the process then counts as started.
	// When nil it counts as started at once.
	Ready func(context.Context) error
	// MayEnd: that it ends by itself, once it was ready, is no failure of the cluster. Whoever starts it asks
	// Running and restarts it, as a kubelet does with a container.
	MayEnd bool
}

// ExitError is the end of a process that nobody had asked for.
type ExitError struct {
	// Name is the name under which the process ran.
	Name string
	// Log is the file that holds its output.
	Log string
	// Tail is the end of that output, at most 2 KiB, of the last run alone.
	Tail string
	// Err is how it ended; nil when it exited with status 0.
	Err error
}

// Error says which process ended, how, and shows the end of its output.
func (e *ExitError) Error() string {
	how := "exit status 0"
	if e.Err != nil {
		how = e.Err.Error()
	}
	return fmt.Sprintf("%s ended unexpectedly (%s); the end of its log %s:\n%s", e.Name, how, e.Log, e.Tail)
}

// Unwrap returns how the process ended.
func (e *ExitError) Unwrap() error {
	return e.Err
}

// addressInUse reports whether the process could not listen because somebody
// else already does.
func (e *ExitError) addressInUse() bool {
	return strings.Contains(e.Tail, "address already in use")
}

// process is one run of a Spec. Except for done, what changes after the start
// is guarded by the supervisor's mutex.
type process struct {
	name   string
	spec   Spec
	cmd    *exec.Cmd
	offset int64 // where this run's output begins in the log
	done   chan struct{}
	exit   error
	ready  bool
	killed bool
}

func startProcess(name string, spec Spec, dir string, group int) (*process, error) {
	if spec.Log == "" {
		spec.Log = filepath.Join(dir, "logs", name+".log")
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the log of %s: %w", name, err)
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return nil, fmt.Errorf("reading the log of %s: %w", name, err)
	}
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Dir = dir
	cmd.Env = spec.Env
	if cmd.Env == nil {
		cmd.Env = append(cleanEnv(dir), collectSeldom)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: group}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	return &process{name: name, spec: spec, cmd: cmd, offset: info.Size(), done: make(chan struct{})}, nil
}

// cleanEnv is the environment of processes that do not bring their own. HOME
// keeps caches of one cluster, such as kubectl's of discovery, out of another
// that is given the same port later.
func cleanEnv(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}
}

// collectSeldom is for processes that soon end: a fifth of the processor time of a test would go to collecting their garbage.
const collectSeldom = "GOGC=400"

// waitReady polls until the process is ready, has ended, or ctx is done.
func (p *process) waitReady(ctx context.Context) error {
	if p.spec.Ready == nil {
		return nil
	}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		err := p.tryReady(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return p.exitError()
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s to be ready: %w; last answer: %w; the end of its log %s:\n%s",
				p.name, ctx.Err(), err, p.spec.Log, p.tail())
		case <-tick.C:
		}
	}
}

func (p *process) tryReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return p.spec.Ready(ctx)
}

// kill ends the process and waits until it is gone.
func (p *process) kill() {
	// The only error is that it has ended already.
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (p *process) exited() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// exitError describes the end of a process that is gone.
func (p *process) exitError() *ExitError {
	return &ExitError{Name: p.name, Log: p.spec.Log, Tail: p.tail(), Err: p.exit}
}

// tail returns the end of what this run has written.
func (p *process) tail() string {
	data, err := os.ReadFile(p.spec.Log)
	if err != nil {
		return err.Error()
	}
	data = data[min(int64(len(data)), p.offset):]
	if len(data) > tailBytes {
		data = data[len(data)-tailBytes:]
		if _, whole, ok := bytes.Cut(data, []byte("\n")); ok {
			data = whole
		}
	}
	return strings.TrimSpace(string(data))
}

// poll calls check until it returns nil or ctx is done, and then returns what
// was missing last.
func poll(ctx context.Context, what string, check func(context.Context) error) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	last := errors.New("no answer")
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w; last: %w", what, ctx.Err(), last)
		case <-tick.C:
		}
	}
}
