// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// webhooksLabel is on the namespaces that the webhooks are called for.
const webhooksLabel = "bench.scalegate.dev/webhooks"

// webhooks is the floor: a mutating and a validating webhook that allow everything, in a process of their own.
type webhooks struct {
	address string
	// certificate is the one that they serve with, which is its own authority, as PEM.
	certificate []byte
}

// startWebhooks starts them under the supervision of a cluster.
func startWebhooks(ctx context.Context, cluster *localcluster.Cluster) (*webhooks, error) {
	program := filepath.Join(installation.Root(), "bin", "bench", "floor")
	if err := localcluster.Program(ctx, installation.Root(), "./hack/bench/floor", program); err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	w := &webhooks{address: address}
	dir := filepath.Join(cluster.Dir(), "webhooks")
	if err := w.writeCertificate(dir); err != nil {
		return nil, fmt.Errorf("writing the webhooks' certificate: %w", err)
	}
	err = cluster.Run(ctx, "floor-webhooks", localcluster.Spec{
		Path: program, Args: []string{"webhook", address, dir},
		Ready: func(ctx context.Context) error {
			_, err := w.calls(ctx)
			return err
		},
	})
	return w, err
}

// freeAddress is an address of the machine itself that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

func (w *webhooks) writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	w.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	return errors.Join(
		os.MkdirAll(dir, 0o700),
		os.WriteFile(filepath.Join(dir, "tls.crt"), w.certificate, 0o600),
		os.WriteFile(filepath.Join(dir, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
	)
}

// calls is how often each of the two was called.
type calls struct{ mutating, validating int64 }

// calls asks them how often they were called.
func (w *webhooks) calls(ctx context.Context) (calls, error) {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(w.certificate)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+w.address+"/calls", http.NoBody)
	if err != nil {
		return calls{}, err
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return calls{}, fmt.Errorf("asking the webhooks: %w", err)
	}
	defer response.Body.Close()
	var c calls
	if _, err := fmt.Fscan(response.Body, &c.mutating, &c.validating); err != nil {
		return calls{}, fmt.Errorf("reading how often the webhooks were called: %w", err)
	}
	return c, nil
}

// configure has the API server of a plane call them for pods and Deployments that are created in the labelled namespaces.
func (w *webhooks) configure(ctx context.Context, p *plane) error {
	rules := []admissionregistrationv1.RuleWithOperations{
		w.created("", "pods"), w.created("apps", "deployments"),
	}
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{webhooksLabel: "called"}}
	mutating := &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "bench"},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: "mutate.bench.scalegate.dev", Rules: rules, NamespaceSelector: selector, ClientConfig: w.client("/mutate"),
			FailurePolicy: new(admissionregistrationv1.Fail), SideEffects: new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}
	validating := &admissionregistrationv1.ValidatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "bench"},
		Webhooks: []admissionregistrationv1.ValidatingWebhook{{
			Name: "validate.bench.scalegate.dev", Rules: rules, NamespaceSelector: selector, ClientConfig: w.client("/validate"),
			FailurePolicy: new(admissionregistrationv1.Fail), SideEffects: new(admissionregistrationv1.SideEffectClassNone),
			AdmissionReviewVersions: []string{"v1"},
		}},
	}
	for _, o := range []client.Object{mutating, validating} {
		if err := p.Client.Create(ctx, o); err != nil {
			return fmt.Errorf("configuring the webhooks: %w", err)
		}
	}
	return nil
}

func (w *webhooks) created(group, resource string) admissionregistrationv1.RuleWithOperations {
	return admissionregistrationv1.RuleWithOperations{
		Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
		Rule: admissionregistrationv1.Rule{
			APIGroups: []string{group}, APIVersions: []string{"v1"}, Resources: []string{resource},
		},
	}
}

func (w *webhooks) client(path string) admissionregistrationv1.WebhookClientConfig {
	return admissionregistrationv1.WebhookClientConfig{URL: new("https://" + w.address + path), CABundle: w.certificate}
}
