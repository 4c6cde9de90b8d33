// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Command inside is the first process of a local node. It starts in namespaces of its own (mount,
// network, process and IPC), makes them fit for a kubelet without a trace on the machine, and then
// carries connections to the API server out of them, and those of the API server into them. When it ends, the kernel ends every process
// of the node, containers included, and its mounts and networks are gone.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	var n node
	flag.StringVar(&n.dir, "dir", "", "directory of the node")
	flag.StringVar(&n.api, "api", "", "address of the API server, host:port on loopback")
	flag.StringVar(&n.ip, "ip", "", "address of the node")
	flag.StringVar(&n.services, "services", "", "range of the addresses of Services")
	flag.StringVar(&n.egressSocket, "egress", "", "Unix socket to connect the API server at with Services and pods; empty for none")
	flag.Parse()
	if err := n.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type node struct {
	dir, api, ip, services, egressSocket string
}

func (n node) run() error {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	if err := errors.Join(n.hideHost(), n.fakeTunables(), n.network()); err != nil {
		return err
	}
	// Programs of the node reach it where it really is, and pods, which have a loopback of their own, at the node's address.
	_, port, err := net.SplitHostPort(n.api)
	if err != nil {
		return fmt.Errorf("reading the API server's address: %w", err)
	}
	for _, address := range []string{n.api, net.JoinHostPort(n.ip, port)} {
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("listening in the API server's place: %w", err)
		}
		go n.relay(listener)
	}
	if n.egressSocket != "" {
		if err := n.egress(); err != nil {
			return err
		}
	}
	// The other side learns from this connection that the node is prepared, and from its
	// credentials which process to enter.
	ready, err := net.Dial("unix", filepath.Join(n.dir, "ready.sock"))
	if err != nil {
		return fmt.Errorf("reporting that the node is prepared: %w", err)
	}
	defer ready.Close()
	for range children {
		reap()
	}
	return nil
}

// reap collects the exit of every process that has ended and was left to this one.
func reap() {
	for {
		pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
		if pid <= 0 || err != nil {
			return
		}
	}
}

// hideHost covers the directories that container programs write to, whatever they are told, with
// empty ones of the node's own.
func (n node) hideHost() error {
	for _, path := range []string{"/run", "/var/lib", "/var/log"} {
		own := filepath.Join(n.dir, "host", path)
		if err := os.MkdirAll(own, 0o755); err != nil {
			return fmt.Errorf("covering %s: %w", path, err)
		}
		if err := bind(own, path); err != nil {
			return err
		}
	}
	return nil
}

// fakeTunables gives the kubelet the kernel settings that it would otherwise change for the whole
// machine: files of the node's own, which it reads and finds right.
func (n node) fakeTunables() error {
	tunables := map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	}
	for name, value := range tunables {
		file := filepath.Join(n.dir, "host", "sys", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return fmt.Errorf("making the tunable %s: %w", name, err)
		}
		if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
			return fmt.Errorf("making the tunable %s: %w", name, err)
		}
		if err := bind(file, filepath.Join("/proc/sys", name)); err != nil {
			return err
		}
	}
	return nil
}

func bind(source, target string) error {
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting %s over %s: %w", source, target, err)
	}
	return nil
}

// network gives the node its address, on loopback, where nothing but its own pods can reach it.
func (n node) network() error {
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", n.ip + "/32", "dev", "lo"},
		// What the node itself sends to a Service is looked up before kube-proxy sends it on to a pod, and needs a way until
		// then. What pods send is led on before, and finds no such way.
		{"rule", "add", "iif", "lo", "lookup", "100"},
		{"route", "add", n.services, "dev", "lo", "src", n.ip, "table", "100"},
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("running ip %v: %w: %s", args, err, out)
		}
	}
	// Of this network namespace alone.
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1\n"), 0o600); err != nil {
		return fmt.Errorf("forwarding between pods: %w", err)
	}
	return nil
}

func (n node) relay(listener net.Listener) {
	for {
		inner, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() {
			outer, err := net.Dial("unix", filepath.Join(n.dir, "api.sock"))
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				inner.Close()
				return
			}
			join(inner, outer)
		}()
	}
}

// join copies between two connections until either ends, and closes both.
func join(a, b net.Conn) {
	done := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		go func() {
			// A connection ends by an error as often as by an end of file: either way it is over.
			_, _ = io.Copy(pair[0], pair[1])
			done <- struct{}{}
		}()
	}
	<-done
	a.Close()
	b.Close()
}
