// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal is the master side of a pseudo-terminal, with what was written to it.
type terminal struct {
	master, slave *os.File
	mutex         sync.Mutex
	written       strings.Builder
}

func openTerminal(t *testing.T, columns, rows uint16) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this machine gives no pseudo-terminal: %v", err)
	}
	var number, unlocked uint32
	for request, value := range map[uintptr]*uint32{syscall.TIOCGPTN: &number, syscall.TIOCSPTLCK: &unlocked} {
		if err := control(master, request, unsafe.Pointer(value)); err != nil {
			t.Skipf("this machine gives no pseudo-terminal: %v", err)
		}
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine gives no pseudo-terminal: %v", err)
	}
	term := &terminal{master: master, slave: slave}
	t.Cleanup(func() { _ = errors.Join(slave.Close(), master.Close()) })
	term.resize(t, columns, rows)
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			term.mutex.Lock()
			term.written.Write(buffer[:n])
			term.mutex.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return term
}

func control(file *os.File, request uintptr, value unsafe.Pointer) error {
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(value)); errno != 0 {
		return errno
	}
	return nil
}

func (x *terminal) resize(t *testing.T, columns, rows uint16) {
	t.Helper()
	size := [4]uint16{rows, columns}
	if err := control(x.master, syscall.TIOCSWINSZ, unsafe.Pointer(&size)); err != nil {
		t.Fatal(err)
	}
}

func (x *terminal) text() string {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	return x.written.String()
}

// frames are what was drawn, each as its lines.
func (x *terminal) frames() [][]string {
	var frames [][]string
	for i, frame := range strings.Split(x.text(), "\x1b[H") {
		if whole, _, drawn := strings.Cut(frame, "\x1b[J"); i > 0 && drawn {
			// The terminal puts a carriage return of its own before each line feed.
			frames = append(frames, strings.Split(strings.NewReplacer("\x1b[K", "", "\r", "").Replace(whole), "\n"))
		}
	}
	return frames
}

// TestTreeOnATerminal watches a tree on a terminal that becomes smaller, and leaves it as it was.
func TestTreeOnATerminal(t *testing.T) {
	t.Parallel()
	stage(t, "terminal")
	term := openTerminal(t, 120, 30)
	cmd := shared.command(context.WithoutCancel(t.Context()), "tree", "-n", "terminal", "--watch")
	cmd.Env = append(cmd.Env, "NO_COLOR=1", "TERM=xterm")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = term.slave, term.slave, term.slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { _ = cmd.Process.Kill() })

	shows := func(columns, rows int, words ...string) {
		t.Helper()
		eventually(t, func(context.Context) error {
			frames := term.frames()
			if len(frames) == 0 {
				return fmt.Errorf("nothing is drawn: %q", term.text())
			}
			last := frames[len(frames)-1]
			for _, word := range words {
				if !strings.Contains(strings.Join(last, "\n"), word) {
					return fmt.Errorf("%q does not show:\n%s", word, strings.Join(last, "\n"))
				}
			}
			if len(last) > rows {
				return fmt.Errorf("%d lines on %d rows", len(last), rows)
			}
			for _, line := range last {
				if n := len([]rune(line)); n > columns {
					return fmt.Errorf("a line of %d on %d columns: %s", n, columns, line)
				}
			}
			return nil
		})
	}
	shows(120, 30, "scalegate tree in namespace terminal", "ModelRelease terminal/m1", "Partial", "Deployment chat")
	term.resize(t, 60, 8)
	shows(60, 8, "ModelRelease", "more lines")
	expect(t, 0, nil, "evaluation", "run", "m1", "-n", "terminal", "--timeout", "2m")
	term.resize(t, 100, 40)
	shows(100, 40, "Released", " Serving ")

	if _, err := term.master.WriteString("\x03"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ends with %v", err)
		}
	case <-ctx.Done():
		t.Fatal("it does not end upon an interrupt")
	}
	eventually(t, func(context.Context) error {
		text := term.text()
		if !strings.HasPrefix(text, "\x1b[?1049h\x1b[?25l") || !strings.Contains(text, "\x1b[?25h\x1b[?1049lNAME") {
			return fmt.Errorf("the terminal is not left as it was: %q", text[max(0, len(text)-400):])
		}
		return nil
	})
	if strings.Contains(term.text(), "\x1b[3") {
		t.Error("there is colour in spite of NO_COLOR")
	}
}
