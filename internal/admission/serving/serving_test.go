// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

func TestOptions(t *testing.T) {
	sound := Options{Address: ":9443", CertificateDir: "/certificates", Secret: types.NamespacedName{Namespace: "n", Name: "s"}, DNSNames: []string{"localhost"}}
	for claim, row := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"all is said":                    {func(*Options) {}, ""},
		"certificates by somebody else":  {func(o *Options) { o.Secret, o.DNSNames = types.NamespacedName{}, nil }, ""},
		"an address without a port":      {func(o *Options) { o.Address = "localhost" }, "missing port"},
		"a port that is no number":       {func(o *Options) { o.Address = ":https" }, "from 1 to 65535"},
		"no port":                        {func(o *Options) { o.Address = ":0" }, "from 1 to 65535"},
		"no folder":                      {func(o *Options) { o.CertificateDir = "" }, "folder"},
		"a Secret without a namespace":   {func(o *Options) { o.Secret.Namespace = "" }, "namespace"},
		"a certificate without a name":   {func(o *Options) { o.DNSNames = nil }, "DNS name"},
		"a delay that is over before it": {func(o *Options) { o.ShutdownDelay = -1 }, "negative"},
	} {
		t.Run(claim, func(t *testing.T) {
			o := sound
			row.change(&o)
			if _, err := New(o); (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
		})
	}
}

// ask calls a guarded handler.
func ask(l *lifecycle) (code int, connection string) {
	w := httptest.NewRecorder()
	l.guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })).
		ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", http.NoBody))
	return w.Code, w.Header().Get("Connection")
}

func TestTheWayDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{options: Options{ShutdownDelay: 15 * time.Second}}
		check := func(when string, ready bool, code int, connection string) {
			t.Helper()
			if err := s.life.ready(); (err == nil) != ready {
				t.Errorf("%s: ready says %v", when, err)
			}
			if c, h := ask(&s.life); c != code || h != connection {
				t.Errorf("%s: %d, Connection %q", when, c, h)
			}
		}
		check("before the caches synced", false, http.StatusServiceUnavailable, "")
		ctx, signal := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- s.Run(ctx, func(running context.Context) error { return s.life.Start(running) })
		}()
		synctest.Wait()
		check("while it serves", true, http.StatusOK, "")
		signal()
		synctest.Wait()
		check("when it was asked to stop", false, http.StatusOK, "close")
		<-time.NewTimer(14 * time.Second).C
		synctest.Wait()
		check("a moment before it stops", false, http.StatusOK, "close")
		<-time.NewTimer(2 * time.Second).C
		if err := <-ended; err != nil {
			t.Error(err)
		}
		check("after the caches stopped", false, http.StatusServiceUnavailable, "close")
	})
}

func TestAManagerThatEndsByItselfIsNotWaitedFor(t *testing.T) {
	s := &Server{options: Options{ShutdownDelay: time.Hour}}
	broken := errors.New("the lease is lost")
	if err := s.Run(t.Context(), func(context.Context) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestCertificates(t *testing.T) {
	now := time.Now()
	for claim, row := range map[string]struct {
		life time.Duration
		want string
	}{
		"a year":           {365 * 24 * time.Hour, ""},
		"a day and a hour": {25 * time.Hour, ""},
		"less than a day":  {23 * time.Hour, "must be valid for more than 24h0m0s"},
		"over":             {-time.Hour, "must be valid for more than 24h0m0s"},
	} {
		t.Run(claim, func(t *testing.T) {
			c := &certificates{dir: "/certificates"}
			end := now.Add(row.life)
			c.current.Store(&tls.Certificate{Leaf: &x509.Certificate{NotAfter: end}})
			if err := c.ready(now); (err == nil) != (row.want == "") || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want %q", err, row.want)
			}
			if c.seconds() != float64(end.Unix()) {
				t.Errorf("the metric says %v", c.seconds())
			}
		})
	}
}

func TestACertificateThatComesLater(t *testing.T) {
	c := &certificates{dir: t.TempDir()}
	if err := c.ready(time.Now()); err == nil || !strings.Contains(err.Error(), "no certificate in "+c.dir) || c.seconds() != 0 {
		t.Errorf("%v, the metric says %v", err, c.seconds())
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	store(t, c.dir)
	for c.current.Load() == nil {
		select {
		case err := <-ended:
			t.Fatal(err)
		case <-time.NewTimer(10 * time.Millisecond).C:
		}
	}
	if err := c.ready(time.Now()); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// store puts a certificate of two days into a folder.
func store(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(48 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		keyFile: {Type: "EC PRIVATE KEY", Bytes: private}, certificateFile: {Type: "CERTIFICATE", Bytes: der},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
