// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localnode

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"text/template"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/hack/localcluster"
)

//go:embed config
var configs embed.FS

// overlayMagic is the type of an overlay file system, which cannot hold another.
const overlayMagic = 0x794c7630

// settings are what the files in config are filled with.
type settings struct {
	Dir, Cgroup, NodeIP, PodCIDR, PluginDir, Pause, Snapshotter, Name string
}

func (n *Node) settings() (settings, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(n.dir, &fs); err != nil {
		return settings{}, fmt.Errorf("reading the file system of %s: %w", n.dir, err)
	}
	snapshotter := "overlayfs"
	if fs.Type == overlayMagic {
		snapshotter = "native"
	}
	return settings{
		Dir: n.dir, Cgroup: n.cgroup, NodeIP: nodeIP, PodCIDR: podCIDR, PluginDir: pluginDir,
		Pause: n.options.Pause, Snapshotter: snapshotter, Name: n.Name(),
	}, nil
}

// configure fills a file of config and writes it to the node's directory; it returns its path.
func (n *Node) configure(name string) (string, error) {
	values, err := n.settings()
	if err != nil {
		return "", err
	}
	text, err := template.ParseFS(configs, "config/"+name)
	if err != nil {
		return "", fmt.Errorf("reading the template of %s: %w", name, err)
	}
	var filled bytes.Buffer
	if err := text.Execute(&filled, values); err != nil {
		return "", fmt.Errorf("filling %s: %w", name, err)
	}
	file := n.path(filepath.Join("config", name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return file, os.WriteFile(file, filled.Bytes(), 0o600)
}

// kubeconfig writes a kubeconfig of a user and returns its path.
func (n *Node) kubeconfig(name, user string, groups ...string) (string, error) {
	cfg, err := n.cluster.User(user, groups...)
	if err != nil {
		return "", err
	}
	file := n.path(name + ".kubeconfig")
	return file, localcluster.WriteKubeconfig(file, cfg)
}

func (n *Node) startContainerd(ctx context.Context) error {
	file, err := n.configure("containerd.toml")
	if err != nil {
		return err
	}
	if _, err := n.configure("cni/ptp.conflist"); err != nil {
		return err
	}
	ready := func(ctx context.Context) error {
		return exec.CommandContext(ctx, "ctr", "--address", n.path("containerd.sock"), "version").Run()
	}
	return n.run(ctx, Containerd, ready, "containerd", "--config", file)
}

// importImages hands the archives to containerd, under the namespace that kubelets use.
func (n *Node) importImages(ctx context.Context) error {
	for _, archive := range n.options.Images {
		// --no-unpack would leave the work to the first container that needs it.
		ctr := exec.CommandContext(ctx, "ctr", "--address", n.path("containerd.sock"), "--namespace", "k8s.io",
			"images", "import", archive)
		if out, err := ctr.CombinedOutput(); err != nil {
			return fmt.Errorf("importing %s: %w: %s", archive, err, out)
		}
	}
	return nil
}

func (n *Node) startKubelet(ctx context.Context) error {
	file, err := n.configure("kubelet.yaml")
	if err != nil {
		return err
	}
	if _, err := n.configure("resolv.conf"); err != nil {
		return err
	}
	kubeconfig, err := n.kubeconfig(Kubelet, "system:node:"+n.Name(), "system:nodes")
	if err != nil {
		return err
	}
	return n.run(ctx, Kubelet, nil, n.built.Path(localcluster.Kubelet),
		"--config="+file, "--kubeconfig="+kubeconfig, "--hostname-override="+n.Name(), "--node-ip="+nodeIP,
		"--root-dir="+n.path("kubelet"), "--cert-dir="+n.path("kubelet/pki"))
}

func (n *Node) startKubeProxy(ctx context.Context) error {
	// The file names its kubeconfig, so that must be there first.
	if _, err := n.kubeconfig(KubeProxy, "system:kube-proxy"); err != nil {
		return err
	}
	file, err := n.configure("kube-proxy.yaml")
	if err != nil {
		return err
	}
	return n.run(ctx, KubeProxy, nil, n.built.Path(localcluster.KubeProxy), "--config="+file)
}

func (n *Node) startNameserver(ctx context.Context) error {
	binary, err := n.compile(ctx, "nameserver")
	if err != nil {
		return err
	}
	kubeconfig, err := n.kubeconfig(Nameserver, "scalegate:nameserver", "system:masters")
	if err != nil {
		return err
	}
	return n.run(ctx, Nameserver, nil, binary,
		"-listen="+net.JoinHostPort(nodeIP, "53"), "-kubeconfig="+kubeconfig)
}

// publishAPI leads the Service "kubernetes" to the node, which carries connections on to the API server: pods find it there.
func (n *Node) publishAPI(ctx context.Context) error {
	api, err := url.Parse(n.cluster.Admin().Host)
	if err != nil {
		return fmt.Errorf("reading the API server's address: %w", err)
	}
	port, err := strconv.ParseInt(api.Port(), 10, 32)
	if err != nil {
		return fmt.Errorf("reading the API server's port: %w", err)
	}
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "kubernetes", Labels: map[string]string{discoveryv1.LabelServiceName: "kubernetes"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{nodeIP}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
		Ports:       []discoveryv1.EndpointPort{{Name: new("https"), Port: new(int32(port))}},
	}
	if _, err := n.client.DiscoveryV1().EndpointSlices(metav1.NamespaceDefault).Create(ctx, slice, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("publishing the API server to pods: %w", err)
	}
	return nil
}

// compile builds a command of this package's folder and returns its path.
func (n *Node) compile(ctx context.Context, name string) (string, error) {
	_, file, _, _ := runtime.Caller(0)
	return n.path(name), Compile(ctx, filepath.Join(filepath.Dir(file), name), n.path(name))
}

// Compile builds the command in a folder of this module as a static binary, fit for an image that
// holds nothing else.
func Compile(ctx context.Context, folder, binary string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	build.Dir = folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", folder, err, out)
	}
	return nil
}
