// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localnode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/scalegate/scalegate/hack/localcluster"
)

// Names of the node's processes, by which a test can kill and restart them.
const (
	First      = "node"
	Containerd = "containerd"
	Kubelet    = "kubelet"
	KubeProxy  = "kube-proxy"
	Nameserver = "nameserver"
)

// Addresses inside the node's own network namespace; they lead nowhere outside it.
const (
	nodeIP  = "10.243.0.1"
	podCIDR = "10.244.0.0/24"
)

const readyTimeout = 2 * time.Minute

// Options are the choices for a node.
type Options struct {
	// Name of the node.
	Name string
	// Output receives the progress of a first build. Nil discards it.
	Output io.Writer
	// Pause is the reference of the image that holds a pod's namespaces; it must be among Images.
	Pause string
	// Images are archives made by WriteImage.
	Images []string
}

// Node is a running node.
type Node struct {
	cluster *localcluster.Cluster
	client  kubernetes.Interface
	options Options
	dir     string
	cgroup  string
	pid     int
	sockets []net.Listener
	built   localcluster.Binaries
}

// Start adds a node to a cluster and returns once pods can be scheduled to it. It ends with the
// cluster; Close frees what this process holds of it. The cluster's kwok must not manage it: see
// ClusterOptions. ctx bounds the start alone.
func Start(ctx context.Context, cluster *localcluster.Cluster, options Options) (*Node, error) {
	n := &Node{cluster: cluster, options: options, dir: filepath.Join(cluster.Dir(), "node")}
	if n.options.Output == nil {
		n.options.Output = io.Discard
	}
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the node %s: %w", options.Name, err), n.Close())
	}
	return n, nil
}

// ClusterOptions are options for a cluster that real nodes are added to: kwok leaves alone every
// node that is not labelled for it, and the API server reaches Services and pods by way of the node.
func ClusterOptions(output io.Writer) localcluster.Options {
	return localcluster.Options{
		Output: output,
		Egress: true,
		Args: map[string][]string{localcluster.Kwok: {
			"--manage-all-nodes=false", "--manage-nodes-with-label-selector=test.scalegate.dev/simulated=true",
		}},
	}
}

// Close stops carrying connections between the node and the API server.
func (n *Node) Close() error {
	var errs []error
	for _, socket := range n.sockets {
		errs = append(errs, socket.Close())
	}
	n.sockets = nil
	return errors.Join(errs...)
}

// Name is the name of the node.
func (n *Node) Name() string {
	return n.options.Name
}

// PodLogs is the directory of the pods' logs, laid out as in /var/log/pods.
func (n *Node) PodLogs() string {
	return n.path("host/var/log/pods")
}

func (n *Node) path(name string) string {
	return filepath.Join(n.dir, name)
}

func (n *Node) start(ctx context.Context) (err error) {
	if missing := Missing(); len(missing) > 0 {
		return fmt.Errorf("this machine cannot run one: %s", strings.Join(missing, "; "))
	}
	if err := os.MkdirAll(n.dir, 0o755); err != nil {
		return fmt.Errorf("making its directory: %w", err)
	}
	if n.built, err = localcluster.Build(ctx, n.options.Output, localcluster.Kubelet, localcluster.KubeProxy); err != nil {
		return err
	}
	if n.client, err = kubernetes.NewForConfig(n.cluster.Admin()); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if n.cgroup, err = n.cluster.MakeCgroup(); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		n.startFirst, n.startContainerd, n.importImages, n.startKubelet, n.startKubeProxy, n.startNameserver, n.publishAPI, n.waitReady,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// startFirst makes the node's namespaces.
func (n *Node) startFirst(ctx context.Context) error {
	binary, err := n.compile(ctx, "inside")
	if err != nil {
		return err
	}
	api, err := url.Parse(n.cluster.Admin().Host)
	if err != nil {
		return fmt.Errorf("reading the API server's address: %w", err)
	}
	if err := n.carry(api.Host); err != nil {
		return err
	}
	ready, err := n.listen("ready.sock")
	if err != nil {
		return err
	}
	pid := make(chan int, 1)
	go func() { pid <- firstPeer(ready) }()
	return n.cluster.Run(ctx, First, localcluster.Spec{
		Path: "unshare",
		Args: []string{"--mount", "--net", "--pid", "--ipc", "--fork", "--kill-child", "--mount-proc", "--",
			binary, "-dir", n.dir, "-api", api.Host, "-ip", nodeIP, "-services", localcluster.ServiceCIDR,
			"-egress", n.cluster.EgressSocket()},
		Ready: func(context.Context) error {
			select {
			case n.pid = <-pid:
				if n.pid == 0 {
					return errors.New("the node's first process is not known")
				}
				return nil
			default:
				return errors.New("the node is not prepared")
			}
		},
	})
}

// run starts a process in the node's namespaces, which is killed when the one that entered them
// is. ready is polled until it returns nil; nil counts as ready at once.
func (n *Node) run(ctx context.Context, name string, ready func(context.Context) error, command ...string) error {
	args := []string{"--target", strconv.Itoa(n.pid), "--mount", "--net", "--pid", "--ipc", "--",
		"setpriv", "--pdeathsig", "KILL", "--"}
	return n.cluster.Run(ctx, name, localcluster.Spec{Path: "nsenter", Args: append(args, command...), Ready: ready})
}

// waitReady waits until the node is Ready and free of taints.
func (n *Node) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		node, err := n.client.CoreV1().Nodes().Get(ctx, n.Name(), metav1.GetOptions{})
		state := "it is not registered"
		if err == nil {
			state = unready(node)
		}
		if state == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the node: %w; last: %s; see %s", ctx.Err(), state, n.cluster.LogPath(Kubelet))
		case <-tick.C:
		}
	}
}

// unready says what keeps pods from a node; nothing when they can run.
func unready(node *corev1.Node) string {
	if len(node.Spec.Taints) > 0 {
		return "it has the taint " + node.Spec.Taints[0].Key
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			if condition.Status == corev1.ConditionTrue {
				return ""
			}
			return condition.Message
		}
	}
	return "it has not said that it is ready"
}
