// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// writeCertificate puts a certificate into a folder in one step each, as a mounted Secret changes.
func writeCertificate(dir string, certificate, key []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for name, data := range map[string][]byte{"tls.key": key, "tls.crt": certificate} {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && string(old) == string(data) {
			continue
		}
		if err := os.WriteFile(path+".new", data, 0o600); err != nil {
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	return nil
}

// selfSigned makes a certificate for localhost that lives for so long.
func selfSigned(serial int64, life time.Duration) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(life), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}), nil
}

// presents checks the certificate that a replica shows.
func (r *replica) presents(serial int64) error {
	connection, err := tls.Dial("tcp", r.address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err
	}
	defer connection.Close()
	if got := connection.ConnectionState().PeerCertificates[0].SerialNumber.Int64(); got != serial {
		return fmt.Errorf("it shows the certificate %d, not %d", got, serial)
	}
	return nil
}

func TestGivenCertificates(t *testing.T) {
	s := &scenario{T: t, client: shared.Client}
	dir := filepath.Join(t.TempDir(), "given")
	give := func(serial int64, life time.Duration) {
		t.Helper()
		certificate, key, err := selfSigned(serial, life)
		s.must(err)
		s.must(writeCertificate(dir, certificate, key))
	}
	r, err := shared.start(dir)
	s.must(err)
	t.Cleanup(r.kill)
	says := func(want string) {
		t.Helper()
		s.must(poll(t.Context(), func(ctx context.Context) error {
			if err := r.ready(ctx); (err == nil) != (want == "") {
				return errors.Join(err, fmt.Errorf("want %q", want))
			}
			return nil
		}))
	}
	says("no certificate yet")
	give(1, time.Hour)
	s.must(poll(t.Context(), func(context.Context) error { return r.presents(1) }))
	says("an hour is not enough")
	give(2, 48*time.Hour)
	s.must(poll(t.Context(), func(context.Context) error { return r.presents(2) }))
	says("")
}

// The manager renews what somebody takes away, and replicas and API server follow.
func TestManagedCertificates(t *testing.T) {
	s := begin(t)
	c, err := shared.configuration(t.Context())
	s.must(err)
	before := string(c.Webhooks[0].ClientConfig.CABundle)
	if before == "" || before != string(c.Webhooks[1].ClientConfig.CABundle) {
		t.Fatalf("caBundle: %q", before)
	}
	key := &corev1.Secret{}
	s.must(s.client.Get(t.Context(), client.ObjectKey{Namespace: installation.Namespace, Name: secret}, key))
	key.Data = nil
	s.must(s.client.Update(t.Context(), key))
	s.must(poll(t.Context(), func(ctx context.Context) error {
		if c, err = shared.configuration(ctx); err != nil || string(c.Webhooks[0].ClientConfig.CABundle) == before {
			return errors.Join(err, errors.New("the CA is the old one"))
		}
		return nil
	}))
	s.must(poll(t.Context(), func(context.Context) error {
		for range 4 {
			if ok, shown := s.apply(typed("SafetyPolicy", policy("pointless", pointless)), "--dry-run=server"); ok {
				return fmt.Errorf("the webhook does not answer: %s", shown)
			}
		}
		return nil
	}))
}

// The certificate of a webhook that nobody renewed has expired. The API server does not ask it any more, and what it would
// have explained is held without it. The webhook of the test stands beside the one that works.
func TestAnExpiredCertificateHoldsEverything(t *testing.T) {
	s := begin(t)
	certificate, key, err := selfSigned(1, -time.Minute)
	s.must(err)
	dir := filepath.Join(t.TempDir(), "expired")
	s.must(writeCertificate(dir, certificate, key))
	r, err := shared.start(dir)
	s.must(err)
	t.Cleanup(r.kill)
	s.must(poll(t.Context(), func(context.Context) error { return r.presents(1) }))
	if err := r.ready(t.Context()); err == nil {
		t.Error("a replica with an expired certificate is ready")
	}
	working, err := shared.configuration(t.Context())
	s.must(err)
	expired := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: metav1.ObjectMeta{Name: "expired"}, Webhooks: working.Webhooks}
	url := "https://" + r.address + "/validate/"
	for i := range expired.Webhooks {
		w := &expired.Webhooks[i]
		name, _, _ := strings.Cut(w.Name, ".")
		w.ClientConfig = admissionv1.WebhookClientConfig{URL: new(url + name), CABundle: certificate}
		w.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: s.ns}}
		w.FailurePolicy = new(admissionv1.Fail)
	}
	s.must(s.client.Create(t.Context(), expired))
	t.Cleanup(func() {
		if err := s.client.Delete(context.WithoutCancel(t.Context()), expired); err != nil {
			t.Error(err)
		}
	})
	s.must(poll(t.Context(), func(ctx context.Context) error {
		err := s.client.Create(ctx, deployment(s.ns, "m1", "General"), client.DryRunAll)
		if err == nil || !strings.Contains(err.Error(), "certificate has expired") {
			return errors.Join(err, errors.New("the API server does not mind the certificate"))
		}
		return nil
	}))
	for i := range expired.Webhooks {
		expired.Webhooks[i].FailurePolicy = new(admissionv1.Ignore)
	}
	s.must(s.client.Update(t.Context(), expired))
	s.must(poll(t.Context(), func(ctx context.Context) error {
		return s.client.Create(ctx, deployment(s.ns, "m1", "General"), client.DryRunAll)
	}))
	d := deployment(s.ns, "m1", "General")
	s.must(s.client.Create(t.Context(), d))
	if !d.Spec.Paused || d.Annotations[v1alpha1.AnnotationHeld] == "" {
		t.Errorf("the Deployment is not held: %v %v", d.Spec.Paused, d.Annotations)
	}
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "bare"}}
	pod.Labels, pod.Spec = template("m1", "General").Labels, template("m1", "General").Spec
	s.must(s.client.Create(t.Context(), pod))
	if len(pod.Spec.SchedulingGates) == 0 {
		t.Error("the pod is not held")
	}
	ok, shown := s.kubectl(nil, "scale", "deployment/web", "-n", s.ns, "--replicas=0")
	s.taken(ok, shown)
}
