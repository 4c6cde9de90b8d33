// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// ExternalEnv names the environment variable that holds the kubeconfig file
	// of an existing cluster for Open to use. KUBECONFIG is never read.
	ExternalEnv = "SCALEGATE_TEST_KUBECONFIG"
	// KeepEnv names the environment variable that, set to 1, keeps a cluster's
	// directory with its logs when the cluster is gone.
	KeepEnv = "SCALEGATE_KEEP_CLUSTER"
)

// startTimeout bounds how long one process may take to become ready, on a
// machine with cold disks and two busy cores.
const startTimeout = 2 * time.Minute

// ErrExternal is returned by what only a cluster of our own can do: killing and
// restarting its processes, and adding nodes.
var ErrExternal = errors.New("the cluster named by " + ExternalEnv + " is not ours to change")

// Options are the choices for a cluster; the zero value is right for tests.
type Options struct {
	// Output receives the progress of a first build and the reports of processes
	// that ended by themselves. Nil discards both.
	Output io.Writer
	// Production makes etcd write to disk before it answers, and every process
	// collect its garbage as often as it does by default. Tests do without; what
	// is measured needs it.
	Production bool
	// Egress lets the API server reach Services and pods through the EgressSocket alone, as one does that is outside
	// of their network. Webhooks that name a Service are called so.
	Egress bool
	// Args are further flags by process name (APIServer and so on). They come
	// last and so win over ours. The controller manager runs with an API rate of
	// its own choice here: what is measured sets --kube-api-qps=20 and
	// --kube-api-burst=30, the defaults, again.
	Args map[string][]string
}

// Cluster is a running control plane. Its methods may be called concurrently.
type Cluster struct {
	options    Options
	binaries   Binaries
	supervisor *supervisor
	admin      *rest.Config
	authority  *authority // nil for an external cluster
	external   bool
	nodes      atomic.Int64
	// etcdAddress is host:port; empty for an external cluster.
	etcdAddress string

	mu    sync.Mutex
	ports []*os.File
}

// Open uses the cluster named by SCALEGATE_TEST_KUBECONFIG when that is set, and
// otherwise does what Start does. Call Stop in either case.
func Open(ctx context.Context, options Options) (*Cluster, error) {
	file := os.Getenv(ExternalEnv)
	if file == "" {
		return Start(ctx, options)
	}
	admin, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		return nil, fmt.Errorf("reading %s=%s: %w", ExternalEnv, file, err)
	}
	admin.QPS = -1
	c, err := newCluster(ctx, options, Kubectl)
	if err != nil {
		return nil, err
	}
	c.admin, c.external = admin, true
	return c, nil
}

// Start builds the binaries if need be and starts a cluster without nodes: etcd,
// kube-apiserver, kube-controller-manager, kube-scheduler and kwok. It returns
// once all are ready and pods can be made in the namespace default. ctx bounds
// the start alone; the cluster runs until Stop, or until this process ends.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	c, err := newCluster(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := c.startControlPlane(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the local control plane: %w", err), c.Stop())
	}
	return c, nil
}

func newCluster(ctx context.Context, options Options, binaries ...string) (*Cluster, error) {
	if options.Output == nil {
		options.Output = io.Discard
	}
	built, err := Build(ctx, options.Output, binaries...)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "scalegate-cluster-")
	if err != nil {
		return nil, fmt.Errorf("making the cluster's directory: %w", err)
	}
	keep := os.Getenv(KeepEnv) == "1"
	if keep {
		fmt.Fprintf(options.Output, "%s=1: keeping %s\n", KeepEnv, dir)
	}
	s, err := newSupervisor(dir, keep, options.Output)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Cluster{options: options, binaries: built, supervisor: s}, nil
}

// Stop kills every process of the cluster, those started by Run included, waits
// until they are gone and removes the directory. It returns an *ExitError,
// joined where there are several, for each process that had ended by itself
// while it was expected to run. An external cluster itself is left as it is.
func (c *Cluster) Stop() error {
	errs := []error{c.supervisor.stop()}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, lock := range c.ports {
		errs = append(errs, lock.Close())
	}
	c.ports = nil
	return errors.Join(errs...)
}

// Err returns what Stop would report so far: an error that joins an *ExitError
// for each process that ended by itself, or nil.
func (c *Cluster) Err() error {
	return c.supervisor.failed()
}

// External reports whether this is a cluster that existed before.
func (c *Cluster) External() bool {
	return c.external
}

// Dir is the cluster's own directory; Stop removes it.
func (c *Cluster) Dir() string {
	return c.supervisor.dir
}

// LogPath is the file with the output of the named process, provided that it
// was not started with a Log of its own.
func (c *Cluster) LogPath(name string) string {
	return filepath.Join(c.supervisor.dir, "logs", name+".log")
}

// BinaryPath is the absolute path of a built binary: Etcd, APIServer,
// ControllerManager, Scheduler, Kwok or Kubectl. An external cluster comes with
// Kubectl alone.
func (c *Cluster) BinaryPath(name string) string {
	return c.binaries.Path(name)
}

// Run starts a further process under the cluster's supervision and returns once
// it is ready. It can then be killed and restarted by its name, and ends with
// the cluster. The name must differ from those of other running processes. An
// exit before it was ready is returned as an *ExitError.
func (c *Cluster) Run(ctx context.Context, name string, spec Spec) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if spec.Env == nil && c.options.Production {
		spec.Env = cleanEnv(c.supervisor.dir)
	}
	return c.supervisor.run(ctx, name, spec)
}

// Kill sends SIGKILL to the named process and returns once it is gone. It
// returns ErrExternal for the control plane of an external cluster.
func (c *Cluster) Kill(name string) error {
	if c.external && controlPlane(name) {
		return fmt.Errorf("killing %s: %w", name, ErrExternal)
	}
	return c.supervisor.kill(name)
}

// Pause sends SIGSTOP to the named process: it answers nothing and its connections stay open, until Resume, Kill or
// Restart. It returns ErrExternal for the control plane of an external cluster.
func (c *Cluster) Pause(name string) error {
	return c.signal(name, syscall.SIGSTOP)
}

// Resume sends SIGCONT to the named process. It returns ErrExternal for the control plane of an external cluster.
func (c *Cluster) Resume(name string) error {
	return c.signal(name, syscall.SIGCONT)
}

func (c *Cluster) signal(name string, signal syscall.Signal) error {
	if c.external && controlPlane(name) {
		return fmt.Errorf("sending %s to %s: %w", signal, name, ErrExternal)
	}
	return c.supervisor.signal(name, signal)
}

// Running reports whether the named process was started by this cluster and has not ended. One that is paused runs.
func (c *Cluster) Running(name string) bool {
	return c.supervisor.pid(name) != 0
}

// PID is the process id of the named process; 0 when it does not run.
func (c *Cluster) PID(name string) int {
	return c.supervisor.pid(name)
}

// Restart starts the named process again, killing it first when it runs, with
// the same flags, port and certificates, and returns once it is ready. To
// restart Kwok the API server must be up. It returns ErrExternal for the
// control plane of an external cluster.
func (c *Cluster) Restart(ctx context.Context, name string) error {
	if c.external && controlPlane(name) {
		return fmt.Errorf("restarting %s: %w", name, ErrExternal)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if name == Kwok {
		if err := c.supervisor.kill(name); err != nil {
			return err
		}
		if err := c.releaseNodes(ctx); err != nil {
			return err
		}
	}
	return c.supervisor.restart(ctx, name)
}

// releaseNodes ends the node leases of a kwok that is gone: its successor has
// another identity and would leave the nodes alone until they expire.
func (c *Cluster) releaseNodes(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	err = client.CoordinationV1().Leases("kube-node-lease").
		DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("releasing the node leases of kwok: %w", err)
	}
	return nil
}

func controlPlane(name string) bool {
	_, ok := packages()[name]
	return ok
}
