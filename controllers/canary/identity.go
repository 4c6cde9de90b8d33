// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package canary

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/guards"
)

// Namespace is where the canary tries; config/canary makes it.
const Namespace = guards.Canary

// Account is the service account in Namespace that the canary tries as, and the name of
// what it made there.
const Account = guards.Canary

// tokenSeconds is the life that tokens of the canary are asked for.
const tokenSeconds = 3600

// ActingClient returns a client that acts as the canary's service account, by tokens that manager
// asks for when the last one nears its end. The manager's own credentials are not used.
func ActingClient(cfg *rest.Config, manager client.Client, now func() metav1.Time) (client.Client, error) {
	source := &tokens{manager: manager, now: now}
	own := rest.AnonymousClientConfig(cfg)
	own.QPS = -1
	own.UserAgent = "scalegate-canary"
	// Half of what it sends is meant to be refused, and the other half to be warned of.
	own.WarningHandlerWithContext = rest.NoWarnings{}
	own.Wrap(func(next http.RoundTripper) http.RoundTripper { return &transport{next: next, tokens: source} })
	c, err := client.New(own, client.Options{Scheme: manager.Scheme(), Mapper: manager.RESTMapper()})
	if err != nil {
		return nil, fmt.Errorf("making the canary's client: %w", err)
	}
	return client.WithFieldOwner(c, Owner), nil
}

// Identity returns the user name by which the API server knows whoever c acts as.
func Identity(c client.Client) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		review := &authenticationv1.SelfSubjectReview{}
		if err := c.Create(ctx, review); err != nil {
			return "", fmt.Errorf("asking the API server who this is: %w", err)
		}
		return review.Status.UserInfo.Username, nil
	}
}

// tokens keeps the canary's token.
type tokens struct {
	manager client.Client
	now     func() metav1.Time

	mu    sync.Mutex
	token string
	renew time.Time
}

// get returns a token with at least a fifth of its life left.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now().Time
	if t.token != "" && now.Before(t.renew) {
		return t.token, nil
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, Name: Account}}
	request := &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenSeconds))},
	}
	if err := t.manager.SubResource("token").Create(ctx, account, request); err != nil {
		return "", fmt.Errorf("asking for a token of service account %s/%s: %w", Namespace, Account, err)
	}
	t.token = request.Status.Token
	t.renew = now.Add(request.Status.ExpirationTimestamp.Sub(now) * 4 / 5)
	return t.token, nil
}

// drop forgets a token that was not taken, for example because the account was made anew.
func (t *tokens) drop(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.token == token {
		t.token = ""
	}
}

// transport sends requests with the canary's token.
type transport struct {
	next   http.RoundTripper
	tokens *tokens
}

// RoundTrip adds the token to a copy of the request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	token, err := t.tokens.get(r.Context())
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+token)
	response, err := t.next.RoundTrip(r)
	if err == nil && response.StatusCode == http.StatusUnauthorized {
		t.tokens.drop(token)
	}
	return response, err
}
