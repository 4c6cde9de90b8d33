// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// anchorScript keeps the process group alive: a group without a member cannot
// be joined, and its number could be given to strangers. It outlives the pipe
// so that the reaper always finds the group it is to kill.
const anchorScript = `cat >/dev/null; exec sleep 60`

// reaperScript waits until the supervising process is gone, in whatever way,
// then kills the group $1, removes the cgroups that the file $3 lists, and
// removes the directory $2 unless that is empty. Removal is repeated because a
// process that is just dying may still write, and holds its cgroup.
const reaperScript = `cat >/dev/null
kill -9 "-$1" 2>/dev/null
remove() {
	if [ -f "$3" ]; then
		while read -r cgroup; do
			[ ! -d "$cgroup" ] || find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
			[ ! -d "$cgroup" ] || return 1
		done <"$3"
	fi
	[ -n "$2" ] || return 0
	rm -rf -- "$2" 2>/dev/null
	[ ! -e "$2" ]
}
n=0
while [ $n -lt 100 ]; do
	remove "$@" && exit 0
	n=$((n + 1))
	sleep 0.1
done
exit 1`

// cgroupList is the file in a supervisor's directory that lists the cgroups to
// remove with it, one path a line.
const cgroupList = "cgroups"

// supervisor starts processes that share one process group and one directory,
// and guarantees that neither outlives the calling process. The guarantee hangs
// on a pipe and not on a parent-death signal: those fire when the thread ends
// that started the child, and Go programs end threads at will.
type supervisor struct {
	dir    string
	keep   bool
	output io.Writer
	pipe   *os.File // closing it, or dying, sets the reaper off
	anchor *exec.Cmd
	reaper *exec.Cmd

	mu        sync.Mutex
	processes map[string]*process
	failures  []error
	stopped   bool
}

// newSupervisor takes over dir, which stop removes unless keep is set.
// Unexpected exits are reported on output.
func newSupervisor(dir string, keep bool, output io.Writer) (*supervisor, error) {
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o700); err != nil {
		return nil, fmt.Errorf("making the log directory: %w", err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("making the reaper's pipe: %w", err)
	}
	defer read.Close()
	s := &supervisor{dir: dir, keep: keep, output: output, pipe: write, processes: map[string]*process{}}
	s.anchor = exec.Command("sh", "-c", anchorScript)
	s.anchor.Stdin, s.anchor.Dir = read, "/"
	s.anchor.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.anchor.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the process group: %w", err), write.Close())
	}
	remove := dir
	if keep {
		remove = ""
	}
	s.reaper = exec.Command("sh", "-c", reaperScript, "reaper",
		strconv.Itoa(s.anchor.Process.Pid), remove, filepath.Join(dir, cgroupList))
	s.reaper.Stdin, s.reaper.Dir = read, "/"
	s.reaper.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.reaper.Start(); err != nil {
		err = errors.Join(fmt.Errorf("starting the reaper: %w", err), write.Close(), s.anchor.Process.Kill())
		_ = s.anchor.Wait() // it was just killed: its exit status says nothing
		return nil, err
	}
	return s, nil
}

// stop kills every process by the same path as a crash of the caller would,
// waits until they are gone and the directory with them, and returns the exits
// that nobody had asked for. Stopping twice is harmless.
func (s *supervisor) stop() error {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return nil
	}
	s.stopped = true
	processes := s.processes
	s.processes = map[string]*process{}
	s.mu.Unlock()
	errs := []error{s.failed(), s.pipe.Close()}
	if err := s.reaper.Wait(); err != nil {
		// Somebody has killed the reaper, or it gave up: do its work here.
		errs = append(errs, fmt.Errorf("waiting for the reaper: %w", err),
			syscall.Kill(-s.anchor.Process.Pid, syscall.SIGKILL))
		if !s.keep {
			errs = append(errs, os.RemoveAll(s.dir))
		}
	}
	_ = s.anchor.Wait() // the reaper has killed it: its exit status says nothing
	for _, p := range processes {
		<-p.done
	}
	return errors.Join(errs...)
}

// failed returns the exits so far that nobody had asked for, or nil.
func (s *supervisor) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.failures...)
}

// run starts a process under name and waits until it is ready. A process of
// that name must not be running.
func (s *supervisor) run(ctx context.Context, name string, spec Spec) error {
	p, err := s.start(name, spec)
	if err != nil {
		return err
	}
	if err := p.waitReady(ctx); err != nil {
		p.kill()
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p.ready = true
	if p.exited() && !p.killed {
		return p.exitError()
	}
	return nil
}

func (s *supervisor) start(name string, spec Spec) (*process, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, fmt.Errorf("starting %s: the cluster has been stopped", name)
	}
	if old, ok := s.processes[name]; ok && !old.exited() {
		return nil, fmt.Errorf("starting %s: a process of that name is running", name)
	}
	p, err := startProcess(name, spec, s.dir, s.anchor.Process.Pid)
	if err != nil {
		return nil, err
	}
	s.processes[name] = p
	go func() {
		err := p.cmd.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		p.exit = err
		close(p.done)
		if p.ready && !p.killed && !p.spec.MayEnd && !s.stopped {
			failure := p.exitError()
			s.failures = append(s.failures, failure)
			fmt.Fprintln(s.output, failure)
		}
	}()
	return p, nil
}

// kill sends SIGKILL to the named process and waits until it is gone. Killing
// one that has ended already is no error.
func (s *supervisor) kill(name string) error {
	_, err := s.end(name)
	return err
}

// restart starts the named process again as it was started first, killing it
// before that when it still runs.
func (s *supervisor) restart(ctx context.Context, name string) error {
	spec, err := s.end(name)
	if err != nil {
		return err
	}
	return s.run(ctx, name, spec)
}

func (s *supervisor) end(name string) (Spec, error) {
	s.mu.Lock()
	p, ok := s.processes[name]
	if ok {
		p.killed = true
	}
	s.mu.Unlock()
	if !ok {
		return Spec{}, fmt.Errorf("killing %s: no such process", name)
	}
	p.kill()
	return p.spec, nil
}

// signal sends a signal to the named process. One that has ended already gets none, which is no error.
func (s *supervisor) signal(name string, signal syscall.Signal) error {
	s.mu.Lock()
	p, ok := s.processes[name]
	s.mu.Unlock()
	if !ok {
		return fmt.Errorf("sending %s to %s: no such process", signal, name)
	}
	if err := p.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("sending %s to %s: %w", signal, name, err)
	}
	return nil
}

// pid returns the process id of the named process, 0 when it is not running.
func (s *supervisor) pid(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.processes[name]; ok && !p.exited() {
		return p.cmd.Process.Pid
	}
	return 0
}
