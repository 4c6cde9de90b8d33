// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"bytes"
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
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// managed is a control plane with a manager of which everything is switched on, and what it tells.
type managed struct {
	*installation.Installation
	t *testing.T
	// metrics and webhook are where the manager serves.
	metrics, webhook string
	// token is that of a Prometheus, with the rights of config/prometheus.
	token string
	http  *http.Client
}

// manage starts a control plane and a manager, and brings about what testdata/scenario.yaml says.
func manage(t *testing.T) *managed {
	t.Helper()
	// The manager makes the certificate of its metrics itself.
	m := &managed{t: t, http: &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}}
	var err error
	m.Installation, err = installation.Open(t.Context(), os.Stderr)
	m.must(err)
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Error(err)
		}
	})
	m.metrics, m.webhook = freeAddress(t), freeAddress(t)
	m.must(m.StartReplica(t.Context(), installation.Manager, "--metrics-bind-address="+m.metrics, "--census-interval=1s",
		"--webhook-bind-address="+m.webhook, "--webhook-cert-dir="+certificate(t), "--shutdown-delay=0s"))
	m.must(m.Govern(t.Context(), "serving"))
	m.let()
	text := strings.ReplaceAll(string(contents(t, filepath.Join("testdata", "scenario.yaml"))), "NOW", time.Now().UTC().Format(time.RFC3339))
	path := filepath.Join(t.TempDir(), "scenario.yaml")
	m.must(os.WriteFile(path, []byte(text), 0o600))
	m.apply("-f", path)
	m.waive("patch")
	m.review()
	for name, ready := range map[string]metav1.ConditionStatus{"chat": metav1.ConditionTrue, "patch": metav1.ConditionTrue, "draft": metav1.ConditionFalse} {
		m.stands(name, ready)
	}
	return m
}

func (m *managed) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *managed) apply(args ...string) {
	m.t.Helper()
	_, err := m.Kubectl(m.t.Context(), m.Admin(), append([]string{"apply", "--server-side"}, args...)...)
	m.must(err)
}

// eventually polls until check returns nil, and fails with its last error.
func (m *managed) eventually(check func(context.Context) error) {
	m.t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(m.t.Context(), 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		m.t.Fatal(errors.Join(err, last))
	}
}

// let gives a Prometheus the rights of config/prometheus, and takes its token.
func (m *managed) let() {
	m.t.Helper()
	ctx := m.t.Context()
	m.must(client.IgnoreAlreadyExists(m.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "monitoring"}})))
	m.must(client.IgnoreAlreadyExists(m.Client.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "prometheus-k8s"}})))
	m.apply("-f", configured("rbac.yaml"))
	cfg, err := m.ServiceAccount(ctx, "monitoring", "prometheus-k8s")
	m.must(err)
	m.token = cfg.BearerToken
}

// waive sets what a release lacks aside, as people do.
func (m *managed) waive(release string) {
	m.t.Helper()
	r := &v1alpha1.ModelRelease{}
	m.eventually(func(ctx context.Context) error {
		err := m.Client.Get(ctx, client.ObjectKey{Namespace: "serving", Name: release}, r)
		if err == nil && r.Status.SubjectDigest == "" {
			err = errors.New("nobody has looked at the release")
		}
		return err
	})
	w := &v1alpha1.ReleaseWaiver{
		ObjectMeta: metav1.ObjectMeta{Namespace: "serving", Name: "attack"},
		Spec: v1alpha1.ReleaseWaiverSpec{
			Release: release, Requirements: []string{"attack"}, SubjectDigest: r.Status.SubjectDigest, PolicyRevision: r.Status.PolicyRevision,
			Exposure: "General", Reason: "the judge model is being replaced", CompensatingControls: []string{"traffic limited to staff"},
			Disclosure: "record 7", EndTime: metav1.NewTime(time.Now().Add(48 * time.Hour)),
		},
	}
	m.must(m.as("ada").Create(m.t.Context(), w))
	for _, name := range []string{"rita", "rolf"} {
		m.must(m.as(name, "rsos").Create(m.t.Context(), &v1alpha1.ReleaseApproval{
			ObjectMeta: metav1.ObjectMeta{Namespace: "serving", Name: name},
			Spec: v1alpha1.ReleaseApprovalSpec{
				Release: release, Role: "rso", Decision: v1alpha1.DecisionApprove, SubjectDigest: r.Status.SubjectDigest, PolicyRevision: r.Status.PolicyRevision,
				Exposure: "General", Rationale: "I read what there is",
				Regarding: &v1alpha1.RecordReference{Kind: v1alpha1.RecordWaiver, Name: w.Name, UID: string(w.UID)},
			},
		}))
	}
}

// as is a client of a named cluster admin.
func (m *managed) as(name string, groups ...string) client.Client {
	m.t.Helper()
	c, err := m.UserClient(name+"@example.com", append(groups, "system:masters")...)
	m.must(err)
	return c
}

// review has the webhook judge something, as the API server does.
func (m *managed) review() {
	m.t.Helper()
	const body = `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"1","kind":{"group":"","version":"v1","kind":"Pod"},"operation":"DELETE"}}`
	m.eventually(func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+m.webhook+"/validate/kinds", strings.NewReader(body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", "application/json")
		response, err := m.http.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("the webhook answers %s", response.Status)
		}
		return nil
	})
}

// stands waits until a release is Ready, or until it is not.
func (m *managed) stands(name string, ready metav1.ConditionStatus) {
	m.t.Helper()
	m.eventually(func(ctx context.Context) error {
		r := &v1alpha1.ModelRelease{}
		if err := m.Client.Get(ctx, client.ObjectKey{Namespace: "serving", Name: name}, r); err != nil {
			return err
		}
		for _, c := range r.Status.Conditions {
			if c.Type == v1alpha1.ConditionReady && c.Status == ready {
				return nil
			}
		}
		return fmt.Errorf("release %s: %+v", name, r.Status.Conditions)
	})
}

// scrape reads the metrics as a Prometheus does.
func (m *managed) scrape(ctx context.Context) (families, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+m.metrics+"/metrics", http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+m.token)
	response, err := m.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the metrics answer %s: %s", response.Status, text)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(bytes.NewReader(text))
}

// scrapes are several in a row, the first when the metrics tell all that the scenario brings about.
func (m *managed) scrapes(n int) []families {
	m.t.Helper()
	var all []families
	m.eventually(func(ctx context.Context) error {
		f, err := m.scrape(ctx)
		if err != nil {
			return err
		}
		for _, name := range []string{
			"scalegate_waiver_end_timestamp_seconds", "scalegate_evidence_end_timestamp_seconds", "scalegate_pod_held_since_timestamp_seconds",
			"scalegate_workload_held_since_timestamp_seconds", "scalegate_clearance_bytes", "scalegate_decisions_total", "scalegate_accelerator_pods",
		} {
			if f[name] == nil {
				return fmt.Errorf("the manager does not tell %s", name)
			}
		}
		if in := f["scalegate_guards_in_place"]; in == nil || in.GetMetric()[0].GetGauge().GetValue() != 1 {
			return errors.New("the guards are not in place")
		}
		all = append(all, f)
		return nil
	})
	for len(all) < n {
		f, err := m.scrape(m.t.Context())
		m.must(err)
		all = append(all, f)
	}
	return all
}

// freeAddress is one that nobody listens on now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// certificate makes a folder with one for localhost, good for a month.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(30 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, block := range map[string]*pem.Block{"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
