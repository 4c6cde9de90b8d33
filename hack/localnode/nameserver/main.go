// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Command nameserver answers the names of Services, <name>.<namespace>.svc.cluster.local, with
// their cluster addresses, as a cluster's DNS does. It knows no other name and asks no other server.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// domain is where the names of Services end.
const domain = ".svc.cluster.local."

func main() {
	listen := flag.String("listen", "", "UDP address to listen on")
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of a user who may get Services")
	flag.Parse()
	if err := run(*listen, *kubeconfig); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, kubeconfig string) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	conn, err := net.ListenPacket("udp", listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	defer conn.Close()
	s := server{client: client}
	packet := make([]byte, 1500)
	for {
		n, peer, err := conn.ReadFrom(packet)
		if err != nil {
			return fmt.Errorf("reading a question: %w", err)
		}
		answer, err := s.answer(context.Background(), packet[:n])
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		if _, err := conn.WriteTo(answer, peer); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}

type server struct {
	client kubernetes.Interface
}

// answer returns the answer to a message with one question.
func (s server) answer(ctx context.Context, message []byte) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(message)
	if err != nil {
		return nil, fmt.Errorf("reading a message: %w", err)
	}
	question, err := parser.Question()
	if err != nil {
		return nil, fmt.Errorf("reading a question: %w", err)
	}
	address, code := s.lookUp(ctx, question.Name.String())
	reply := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true, RCode: code,
			RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{question},
	}
	if code == dnsmessage.RCodeSuccess && question.Type == dnsmessage.TypeA {
		reply.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: question.Class, TTL: 1},
			Body:   &dnsmessage.AResource{A: address.As4()},
		}}
	}
	return reply.Pack()
}

func (s server) lookUp(ctx context.Context, name string) (netip.Addr, dnsmessage.RCode) {
	rest, ok := strings.CutSuffix(strings.ToLower(name), domain)
	parts := strings.Split(rest, ".")
	if !ok || len(parts) != 2 {
		return netip.Addr{}, dnsmessage.RCodeNameError
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	service, err := s.client.CoreV1().Services(parts[1]).Get(ctx, parts[0], metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return netip.Addr{}, dnsmessage.RCodeNameError
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return netip.Addr{}, dnsmessage.RCodeServerFailure
	}
	address, err := netip.ParseAddr(service.Spec.ClusterIP)
	if err != nil || !address.Is4() {
		return netip.Addr{}, dnsmessage.RCodeNameError
	}
	return address, dnsmessage.RCodeSuccess
}
