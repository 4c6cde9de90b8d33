// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package localcluster

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// tokenSeconds is the life of a service account token: longer than any test
// run, so that none has to renew it.
const tokenSeconds = 24 * 60 * 60

// Admin returns a configuration with every right (group system:masters), or
// that of the kubeconfig file for an external cluster. It does not limit its
// own rate. Each call returns a fresh copy.
func (c *Cluster) Admin() *rest.Config {
	return rest.CopyConfig(c.admin)
}

// User returns a configuration that authenticates as the named user in groups,
// without any right of its own but those of RBAC: by a client certificate, or by
// impersonation on an external cluster.
func (c *Cluster) User(name string, groups ...string) (*rest.Config, error) {
	if name == "" {
		return nil, fmt.Errorf("making a user: the name is empty")
	}
	if c.external {
		cfg := c.Admin()
		cfg.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: groups}
		return cfg, nil
	}
	return c.userConfig(c.admin.Host, name, groups...)
}

// ServiceAccount returns a configuration with a token of a service account that
// exists, valid for a day or until the account is deleted.
func (c *Cluster) ServiceAccount(ctx context.Context, namespace, name string) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(c.admin)
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	request := &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenSeconds))},
	}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("requesting a token for the service account %s/%s: %w", namespace, name, err)
	}
	cfg := rest.AnonymousClientConfig(c.admin)
	cfg.QPS = -1
	cfg.BearerToken = token.Status.Token
	return cfg, nil
}

// WriteKubeconfig writes cfg to path, readable by the user alone and with
// certificates and tokens inside: the file works on its own.
func WriteKubeconfig(path string, cfg *rest.Config) error {
	self := rest.CopyConfig(cfg)
	if err := rest.LoadTLSFiles(self); err != nil {
		return fmt.Errorf("reading the certificates for %s: %w", path, err)
	}
	const name = "scalegate-local"
	out := clientcmdapi.NewConfig()
	out.CurrentContext = name
	out.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	out.Clusters[name] = &clientcmdapi.Cluster{
		Server:                   self.Host + self.APIPath,
		TLSServerName:            self.ServerName,
		InsecureSkipTLSVerify:    self.Insecure,
		CertificateAuthorityData: self.CAData,
	}
	out.AuthInfos[name] = &clientcmdapi.AuthInfo{
		ClientCertificateData: self.CertData,
		ClientKeyData:         self.KeyData,
		Token:                 self.BearerToken,
		TokenFile:             self.BearerTokenFile,
		Username:              self.Username,
		Password:              self.Password,
		Impersonate:           self.Impersonate.UserName,
		ImpersonateUID:        self.Impersonate.UID,
		ImpersonateGroups:     self.Impersonate.Groups,
		ImpersonateUserExtra:  self.Impersonate.Extra,
		Exec:                  self.ExecProvider,
		AuthProvider:          self.AuthProvider,
	}
	if err := clientcmd.WriteToFile(*out, path); err != nil {
		return fmt.Errorf("writing the kubeconfig %s: %w", path, err)
	}
	return nil
}
