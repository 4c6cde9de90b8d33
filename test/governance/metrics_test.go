// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// measured waits until the manager's metrics have a line.
func (s *scenario) measured(line string) {
	s.t.Helper()
	reader := shared.metricsReader(s)
	s.eventually(func(ctx context.Context) error {
		text, err := reader.read(ctx)
		if err != nil {
			return err
		}
		if !slices.Contains(strings.Split(text, "\n"), line) {
			return fmt.Errorf("the metrics have no line %s", line)
		}
		return nil
	})
}

// metricsReader reads the manager's metrics as somebody who may.
type metricsReader struct {
	url, token string
	client     http.Client
}

func (b *bed) metricsReader(s *scenario) *metricsReader {
	s.t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "metrics"}}
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "governance-test-metrics"},
		Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}},
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "governance-test-metrics-" + s.ns},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: s.ns, Name: account.Name}},
	}
	for _, o := range []client.Object{account, role, binding} {
		s.must(client.IgnoreAlreadyExists(s.Create(s.t.Context(), o)))
	}
	cfg, err := b.ServiceAccount(s.t.Context(), s.ns, account.Name)
	s.must(err)
	return &metricsReader{
		url: "https://" + b.metrics + "/metrics", token: cfg.BearerToken,
		// The manager makes its certificate itself.
		client: http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}},
	}
}

func (m *metricsReader) read(ctx context.Context) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url, http.NoBody)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+m.token)
	response, err := m.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("the metrics answer %s: %s", response.Status, text)
	}
	return string(text), err
}
