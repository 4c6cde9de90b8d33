// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/log"
)

const (
	certificateFile = "tls.crt"
	keyFile         = "tls.key"
	// leastValidity is how long a certificate must still be valid for the replica to be ready.
	leastValidity = 24 * time.Hour
)

// certificates is the certificate in a folder, whenever it comes and whenever it changes.
type certificates struct {
	dir     string
	current atomic.Pointer[tls.Certificate]
}

// Start waits for the certificate and then follows its changes, until ctx ends.
func (c *certificates) Start(ctx context.Context) error {
	var watcher *certwatcher.CertWatcher
	said := false
	err := wait.PollUntilContextCancel(ctx, time.Second, true, func(ctx context.Context) (bool, error) {
		var err error
		if watcher, err = certwatcher.New(filepath.Join(c.dir, certificateFile), filepath.Join(c.dir, keyFile)); err != nil && !said {
			log.FromContext(ctx).Info("Waiting for the webhook's certificate", "folder", c.dir, "problem", err.Error())
			said = true
		}
		return err == nil, nil
	})
	if err != nil {
		return nil //nolint:nilerr // ctx ended before there was a certificate: nothing is left to do
	}
	watcher.RegisterCallback(func(certificate tls.Certificate) {
		c.current.Store(&certificate)
		log.FromContext(ctx).Info("Serving the webhook with a certificate", "notAfter", notAfter(&certificate))
	})
	return watcher.Start(ctx)
}

// NeedLeaderElection is false: every replica answers.
func (*certificates) NeedLeaderElection() bool { return false }

// get is for tls.Config.
func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if certificate := c.current.Load(); certificate != nil {
		return certificate, nil
	}
	return nil, fmt.Errorf("there is no certificate in %s yet", c.dir)
}

// ready is nil while the certificate lives for longer than leastValidity.
func (c *certificates) ready(now time.Time) error {
	certificate, err := c.get(nil)
	if err != nil {
		return err
	}
	if end := notAfter(certificate); end.Sub(now) <= leastValidity {
		return fmt.Errorf("the certificate in %s ends at %s, and must be valid for more than %s",
			c.dir, end.UTC().Format(time.RFC3339), leastValidity)
	}
	return nil
}

// seconds is the end of the certificate in Unix time; 0 without one.
func (c *certificates) seconds() float64 {
	certificate := c.current.Load()
	if certificate == nil {
		return 0
	}
	return float64(notAfter(certificate).Unix())
}

// notAfter is the end of the leaf; the zero time when it could not be read.
func notAfter(certificate *tls.Certificate) time.Time {
	if certificate.Leaf == nil {
		return time.Time{}
	}
	return certificate.Leaf.NotAfter
}
