// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// replica is one process of the manager that serves the webhook.
type replica struct {
	cmd  *exec.Cmd
	log  string
	done chan struct{}
	// address of the webhook, and probes of the readiness probe.
	address, probes string
}

// replicasStarted numbers the logs.
var replicasStarted atomic.Int32

// start starts a replica with certificates in a folder. It is not ready yet.
func (b *bed) start(certificates string, args ...string) (*replica, error) {
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	r := &replica{
		address: "localhost:" + ports[0], probes: "http://127.0.0.1:" + ports[1] + "/readyz", done: make(chan struct{}),
		log: filepath.Join(b.Dir(), fmt.Sprintf("replica-%d.log", replicasStarted.Add(1))),
	}
	out, err := os.Create(r.log)
	if err != nil {
		return nil, err
	}
	r.cmd = exec.Command(b.binary, append([]string{
		"manager", "--kubeconfig", b.kubeconfig, "--leader-elect", "--leader-election-namespace=scalegate-system",
		"--webhook-bind-address=" + r.address, "--webhook-cert-dir=" + certificates,
		"--health-probe-bind-address=127.0.0.1:" + ports[1], "--shutdown-delay=3s",
	}, args...)...)
	r.cmd.Stdout, r.cmd.Stderr = out, out
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(r.done)
		_ = r.cmd.Wait()
		_ = out.Close()
	}()
	return r, nil
}

// freePorts are ports that nobody listened on a moment ago, below those that the kernel gives to outgoing connections:
// any of these may be taken before the replica listens.
func freePorts(n int) ([]string, error) {
	var ports []string
	for range 100 {
		port := strconv.Itoa(10000 + rand.IntN(10000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err != nil {
			continue
		}
		defer l.Close() //nolint:gocritic // all are held until all are known
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, errors.New("no port from 10000 to 20000 is free")
}

// ready asks the readiness probe.
func (r *replica) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.probes, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, err := io.ReadAll(response.Body)
		return errors.Join(err, fmt.Errorf("not ready: %s", text))
	}
	return nil
}

func (r *replica) awaitReady(ctx context.Context) error {
	if err := poll(ctx, r.ready); err != nil {
		log, _ := os.ReadFile(r.log)
		return fmt.Errorf("waiting for a replica: %w; its log ends in:\n%s", err, log[max(0, len(log)-4000):])
	}
	return nil
}

// terminate asks the replica to stop, as a kubelet does.
func (r *replica) terminate() error { return r.cmd.Process.Signal(syscall.SIGTERM) }

// ended waits until the replica has stopped by itself.
func (r *replica) ended(ctx context.Context) error {
	// The delay, and the time that a manager gives what it runs to end.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	select {
	case <-r.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for a replica to stop: %w", ctx.Err())
	}
}

// kill ends the replica at once.
func (r *replica) kill() {
	_ = r.cmd.Process.Kill()
	<-r.done
}

// notices is how long it takes until a Service knows that an endpoint became ready, or no longer is.
const notices = time.Second

// forwarder plays the Service: new connections go to ready replicas in turn, and what a connection was opened to
// it stays with.
type forwarder struct {
	listener net.Listener
	mu       sync.Mutex
	backends []*backend
	turn     int
	stop     context.CancelFunc
}

type backend struct {
	*replica
	ready  atomic.Bool
	cancel context.CancelFunc
}

func newForwarder() (*forwarder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &forwarder{listener: l, stop: stop}
	go f.accept(ctx)
	return f, nil
}

func (f *forwarder) port() string {
	_, port, _ := net.SplitHostPort(f.listener.Addr().String())
	return port
}

func (f *forwarder) close() {
	f.stop()
	_ = f.listener.Close()
}

// add makes a ready replica an endpoint, and follows its readiness from then on.
func (f *forwarder) add(r *replica) {
	ctx, cancel := context.WithCancel(context.Background())
	b := &backend{replica: r, cancel: cancel}
	b.ready.Store(true)
	f.mu.Lock()
	f.backends = append(f.backends, b)
	f.mu.Unlock()
	go b.follow(ctx)
}

// follow takes a replica out some time after it stopped being ready.
func (b *backend) follow(ctx context.Context) {
	_ = wait.PollUntilContextCancel(ctx, 100*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		return b.replica.ready(ctx) != nil, nil
	})
	late := time.NewTimer(notices)
	defer late.Stop()
	select {
	case <-ctx.Done():
	case <-late.C:
	}
	b.ready.Store(false)
}

func (f *forwarder) remove(r *replica) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, b := range f.backends {
		if b.replica == r {
			b.cancel()
			f.backends = append(f.backends[:i:i], f.backends[i+1:]...)
			return
		}
	}
}

// next is the address of the replica whose turn it is; empty when none is ready.
func (f *forwarder) next() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range f.backends {
		f.turn++
		if b := f.backends[f.turn%len(f.backends)]; b.ready.Load() {
			return b.address
		}
	}
	return ""
}

func (f *forwarder) accept(ctx context.Context) {
	for {
		in, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.forward(ctx, in)
	}
}

func (f *forwarder) forward(ctx context.Context, in net.Conn) {
	defer in.Close()
	address := f.next()
	if address == "" {
		return
	}
	var d net.Dialer
	out, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return
	}
	defer out.Close()
	var both sync.WaitGroup
	for from, to := range map[net.Conn]net.Conn{in: out, out: in} {
		both.Go(func() {
			_, _ = io.Copy(to, from)
			// The other half may still have something to say.
			if half, ok := to.(*net.TCPConn); ok {
				_ = half.CloseWrite()
			}
		})
	}
	both.Wait()
}
