// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/internal/fixture"
)

// answers is a transport that answers with a status, and remembers the tokens it saw.
type answers struct {
	status int
	seen   []string
}

// RoundTrip answers.
func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.seen = append(a.seen, r.Header.Get("Authorization"))
	return &http.Response{StatusCode: a.status, Body: http.NoBody}, nil
}

func TestTheTokenIsRenewedInTimeAndWhenItIsNotTaken(t *testing.T) {
	now, made := fixture.Day(1), 0
	var fails error
	issuer := fake.NewClientBuilder().WithScheme(scheme.Scheme).WithInterceptorFuncs(interceptor.Funcs{
		SubResourceCreate: func(_ context.Context, _ client.Client, sub string, account, o client.Object, _ ...client.SubResourceCreateOption) error {
			request, ok := o.(*authenticationv1.TokenRequest)
			if !ok || sub != "token" || account.GetNamespace() != Namespace || account.GetName() != Account {
				t.Errorf("asked for %s of %s/%s", sub, account.GetNamespace(), account.GetName())
				return nil
			}
			made++
			request.Status.Token = fmt.Sprintf("token-%d", made)
			request.Status.ExpirationTimestamp = metav1.NewTime(now.Add(100 * time.Second))
			return fails
		},
	}).Build()
	next := &answers{status: http.StatusOK}
	sends := &transport{next: next, tokens: &tokens{manager: issuer, now: func() metav1.Time { return metav1.NewTime(now) }}}
	send := func() error {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://example.com", nil)
		must(t, err)
		response, err := sends.RoundTrip(request)
		if err == nil {
			err = response.Body.Close()
		}
		if request.Header.Get("Authorization") != "" {
			t.Error("the request itself was changed")
		}
		return err
	}
	must(t, send())
	now = now.Add(79 * time.Second)
	must(t, send())
	now = now.Add(2 * time.Second) // less than a fifth is left
	next.status = http.StatusUnauthorized
	must(t, send())
	next.status = http.StatusOK
	must(t, send())
	want := []string{"Bearer token-1", "Bearer token-1", "Bearer token-2", "Bearer token-3"}
	if fmt.Sprint(next.seen) != fmt.Sprint(want) {
		t.Errorf("sent with %q, want %q", next.seen, want)
	}
	now, fails = now.Add(time.Hour), errBroken
	if err := send(); err == nil || len(next.seen) != len(want) {
		t.Errorf("sent without a token: %v", err)
	}
}
