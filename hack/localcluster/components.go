// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// startAttempts bounds how often a process is given another port because
// somebody took its port between the choice and the start.
const startAttempts = 5

// pki is what the processes prove themselves with. etcd has an authority of its
// own: with the cluster's, every user with a certificate could open it.
type pki struct {
	cluster, etcd           *authority
	serving, etcdServing    keyPair
	etcdClient, accountKeys keyPair
}

func newPKI() (*pki, error) {
	var p pki
	var errs [6]error
	p.cluster, errs[0] = newAuthority("scalegate-local")
	p.etcd, errs[1] = newAuthority("scalegate-local-etcd")
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	p.serving, errs[2] = p.cluster.server(APIServer)
	p.etcdServing, errs[3] = p.etcd.server(Etcd)
	p.etcdClient, errs[4] = p.etcd.client(APIServer)
	p.accountKeys, errs[5] = serviceAccountKeys()
	return &p, errors.Join(errs[:]...)
}

// write stores the keys as files in dir, which only the user can read.
func (p *pki) write(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of certificates: %w", err)
	}
	for name, pair := range map[string]keyPair{
		"ca": p.cluster.keyPair, "etcd-ca": p.etcd.keyPair, "serving": p.serving,
		"etcd-serving": p.etcdServing, "etcd-client": p.etcdClient, "account": p.accountKeys,
	} {
		err := errors.Join(
			os.WriteFile(filepath.Join(dir, name+".crt"), pair.cert, 0o600),
			os.WriteFile(filepath.Join(dir, name+".key"), pair.key, 0o600))
		if err != nil {
			return fmt.Errorf("writing certificates: %w", err)
		}
	}
	return nil
}

// startControlPlane starts etcd and the API server one after the other, as one
// needs the other, and then the rest together.
func (c *Cluster) startControlPlane(ctx context.Context) error {
	keys, err := newPKI()
	if err != nil {
		return err
	}
	if err := keys.write(c.path("pki")); err != nil {
		return err
	}
	c.authority = keys.cluster
	err = c.startOnFreePort(ctx, Etcd, func(address string) (Spec, error) {
		c.etcdAddress = address
		return c.etcd("https://"+address, keys)
	})
	if err != nil {
		return err
	}
	err = c.startOnFreePort(ctx, APIServer, func(address string) (Spec, error) {
		admin, err := c.userConfig("https://"+address, "scalegate-admin", "system:masters")
		if err != nil {
			return Spec{}, err
		}
		c.admin = admin
		return c.apiServer(address, "https://"+c.etcdAddress)
	})
	if err != nil {
		return err
	}
	if err := c.allowKwok(ctx); err != nil {
		return err
	}
	return c.startControllers(ctx)
}

func (c *Cluster) startControllers(ctx context.Context) error {
	specs := map[string]func(string) (Spec, error){
		ControllerManager: c.controllerManager,
		Scheduler:         c.scheduler,
		Kwok:              c.kwok,
	}
	var wg sync.WaitGroup
	errs := make(chan error, len(specs)+1)
	for name, spec := range specs {
		wg.Go(func() { errs <- c.startOnFreePort(ctx, name, spec) })
	}
	wg.Go(func() { errs <- c.waitForDefaults(ctx) })
	wg.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// startOnFreePort starts a process on a loopback address that it alone will use
// for the life of the cluster.
func (c *Cluster) startOnFreePort(ctx context.Context, name string, spec func(address string) (Spec, error)) error {
	for attempt := 1; ; attempt++ {
		port, lock, err := reservePort()
		if err != nil {
			return err
		}
		c.mu.Lock()
		c.ports = append(c.ports, lock)
		c.mu.Unlock()
		s, err := spec(fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return err
		}
		if s.Path == "" {
			s.Path = c.BinaryPath(name)
		}
		s.Args = append(s.Args, c.options.Args[name]...)
		err = c.Run(ctx, name, s)
		exit, ok := errors.AsType[*ExitError](err)
		if !ok || !exit.addressInUse() || attempt == startAttempts {
			return err
		}
	}
}

func (c *Cluster) etcd(url string, keys *pki) (Spec, error) {
	args := []string{
		"--data-dir=" + c.path("etcd"),
		"--listen-client-urls=" + url,
		"--advertise-client-urls=" + url,
		"--listen-peer-urls=http://127.0.0.1:0", // the single member talks to nobody
		"--client-cert-auth=true",
		"--trusted-ca-file=" + c.path("pki/etcd-ca.crt"),
		"--cert-file=" + c.path("pki/etcd-serving.crt"),
		"--key-file=" + c.path("pki/etcd-serving.key"),
	}
	if !c.options.Production {
		args = append(args, "--unsafe-no-fsync=true")
	}
	certificate, err := tls.X509KeyPair(keys.etcdClient.cert, keys.etcdClient.key)
	if err != nil {
		return Spec{}, fmt.Errorf("reading etcd's client certificate: %w", err)
	}
	return Spec{Args: args, Ready: answersOK(url+"/health", keys.etcd.cert, certificate)}, nil
}

func (c *Cluster) apiServer(address, etcdURL string) (Spec, error) {
	_, port, _ := strings.Cut(address, ":")
	args := []string{
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + port,
		"--cert-dir=" + c.path("pki"),
		"--tls-cert-file=" + c.path("pki/serving.crt"),
		"--tls-private-key-file=" + c.path("pki/serving.key"),
		"--client-ca-file=" + c.path("pki/ca.crt"),
		"--etcd-servers=" + etcdURL,
		"--etcd-cafile=" + c.path("pki/etcd-ca.crt"),
		"--etcd-certfile=" + c.path("pki/etcd-client.crt"),
		"--etcd-keyfile=" + c.path("pki/etcd-client.key"),
		"--authorization-mode=Node,RBAC",
		"--allow-privileged=true",
		"--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.path("pki/account.crt"),
		"--service-account-signing-key-file=" + c.path("pki/account.key"),
		"--service-cluster-ip-range=" + ServiceCIDR,
		"--endpoint-reconciler-type=none",
	}
	egress, err := c.egress()
	if err != nil {
		return Spec{}, err
	}
	args = append(args, egress...)
	return Spec{Args: args, Ready: answersOK("https://"+address+"/readyz", c.authority.cert)}, nil
}

func (c *Cluster) controllerManager(address string) (Spec, error) {
	args, err := c.controllerArgs(ControllerManager, address)
	if err != nil {
		return Spec{}, err
	}
	args = append(args,
		// Pods are then made by the replicaset controller's own identity, as in
		// nearly every real cluster.
		"--use-service-account-credentials=true",
		// With the default of 20 a second, fetching a token for each of its
		// controllers alone takes four seconds.
		"--kube-api-qps=100",
		"--kube-api-burst=200",
		"--service-account-private-key-file="+c.path("pki/account.key"),
		"--root-ca-file="+c.path("pki/ca.crt"),
		"--cluster-signing-cert-file="+c.path("pki/ca.crt"),
		"--cluster-signing-key-file="+c.path("pki/ca.key"))
	return Spec{Args: args, Ready: answersOK("https://"+address+"/healthz", c.authority.cert)}, nil
}

func (c *Cluster) scheduler(address string) (Spec, error) {
	args, err := c.controllerArgs(Scheduler, address)
	if err != nil {
		return Spec{}, err
	}
	return Spec{Args: args, Ready: answersOK("https://"+address+"/healthz", c.authority.cert)}, nil
}

// controllerArgs are the flags that the controller manager and the scheduler
// share.
func (c *Cluster) controllerArgs(name, address string) ([]string, error) {
	file, err := c.componentKubeconfig(name, "system:"+name)
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(address, ":")
	return []string{
		"--kubeconfig=" + file,
		"--authentication-kubeconfig=" + file,
		"--authorization-kubeconfig=" + file,
		"--bind-address=127.0.0.1",
		"--secure-port=" + port,
		"--tls-cert-file=" + c.path("pki/serving.crt"),
		"--tls-private-key-file=" + c.path("pki/serving.key"),
		"--leader-elect=false",
	}, nil
}

// componentKubeconfig writes the kubeconfig of a component and returns its path.
func (c *Cluster) componentKubeconfig(name, user string, groups ...string) (string, error) {
	cfg, err := c.User(user, groups...)
	if err != nil {
		return "", err
	}
	file := c.path(name + ".kubeconfig")
	return file, WriteKubeconfig(file, cfg)
}

func (c *Cluster) path(name string) string {
	return filepath.Join(c.supervisor.dir, name)
}

// waitForDefaults waits for what the controller manager makes before the first
// pod is accepted: the namespace default and its service account.
func (c *Cluster) waitForDefaults(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return poll(ctx, "the service account default/default", func(ctx context.Context) error {
		if _, err := client.CoreV1().Namespaces().Get(ctx, metav1.NamespaceDefault, metav1.GetOptions{}); err != nil {
			return err
		}
		_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// answersOK returns a check that url, served under the authority ca, answers
// with status 200. Connections are not kept: after a restart the old ones lead
// nowhere.
func answersOK(url string, ca []byte, certificates ...tls.Certificate) func(context.Context) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: certificates},
	}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		body, err := io.ReadAll(io.LimitReader(resp.Body, tailBytes))
		if err != nil {
			return err
		}
		return fmt.Errorf("%s answered %s: %s", url, resp.Status, body)
	}
}

// userConfig returns the client configuration of a user with a certificate.
func (c *Cluster) userConfig(host, name string, groups ...string) (*rest.Config, error) {
	pair, err := c.authority.client(name, groups...)
	if err != nil {
		return nil, err
	}
	return &rest.Config{
		Host: host,
		QPS:  -1,
		TLSClientConfig: rest.TLSClientConfig{
			CAData: c.authority.cert, CertData: pair.cert, KeyData: pair.key,
		},
	}, nil
}
