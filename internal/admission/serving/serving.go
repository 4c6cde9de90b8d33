// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package serving

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/open-policy-agent/cert-controller/pkg/rotator"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/internal/tracing"
)

// ConfigurationName is the name of the ValidatingWebhookConfiguration, and of the MutatingWebhookConfiguration
// where there is one.
const ConfigurationName = "scalegate"

// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingwebhookconfigurations;mutatingwebhookconfigurations,verbs=get;list;watch
// +kubebuilder:rbac:groups=admissionregistration.k8s.io,resources=validatingwebhookconfigurations;mutatingwebhookconfigurations,resourceNames=scalegate,verbs=update

// Options say where and how the webhook is served.
type Options struct {
	// Address is host:port to listen on; an empty host is every address.
	Address string
	// CertificateDir is the folder with tls.crt and tls.key. Both may come later, and change.
	CertificateDir string
	// Secret is the Secret, mounted at CertificateDir, that the manager writes certificates to, with their CA
	// into the webhook configurations. An empty name leaves both to somebody else.
	Secret types.NamespacedName
	// DNSNames are the names that clients call the webhook by: at least one with a Secret.
	DNSNames []string
	// ShutdownDelay is how long the webhook goes on after it was asked to stop.
	ShutdownDelay time.Duration
	// Mutating says that there is a MutatingWebhookConfiguration whose CA is to be kept as well.
	Mutating bool
}

// Server is the webhook of one manager.
type Server struct {
	options      Options
	life         lifecycle
	certificates certificates
	server       webhook.Server
}

// New makes a server. An error names the option that cannot be used.
func New(o Options) (*Server, error) {
	host, port, err := net.SplitHostPort(o.Address)
	if err != nil {
		return nil, fmt.Errorf("reading the webhook's address %q: %w", o.Address, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return nil, fmt.Errorf("reading the webhook's address %q: the port must be from 1 to 65535", o.Address)
	}
	switch {
	case o.CertificateDir == "":
		return nil, errors.New("the webhook needs a folder for its certificate")
	case o.Secret.Name != "" && o.Secret.Namespace == "":
		return nil, errors.New("the namespace of the certificate's Secret is not known")
	case o.Secret.Name != "" && len(o.DNSNames) == 0:
		return nil, errors.New("a certificate needs at least one DNS name")
	case o.ShutdownDelay < 0:
		return nil, fmt.Errorf("the shutdown delay %s is negative", o.ShutdownDelay)
	}
	s := &Server{options: o, certificates: certificates{dir: o.CertificateDir}}
	s.server = webhook.NewServer(webhook.Options{
		Host: host, Port: int(number),
		TLSOpts: []func(*tls.Config){func(c *tls.Config) {
			c.MinVersion = tls.VersionTLS12
			// API servers speak HTTP/1.1 with a Service, so that they spread calls over its endpoints.
			c.NextProtos = []string{"http/1.1"}
			c.GetCertificate = s.certificates.get
		}},
	})
	return s, nil
}

// WebhookServer is what the manager is made with.
func (s *Server) WebhookServer() webhook.Server { return s.server }

// SetupWithManager serves the handlers, each at its path, and lets the manager's readiness depend on it.
func (s *Server) SetupWithManager(mgr ctrl.Manager, handlers map[string]admission.Handler) error {
	for path, handler := range handlers {
		mgr.GetWebhookServer().Register(path, s.life.guard(&admission.Webhook{Handler: handler, WithContextFunc: tracing.Continue}))
	}
	if err := errors.Join(mgr.Add(&s.life), mgr.Add(&s.certificates)); err != nil {
		return fmt.Errorf("adding the webhook: %w", err)
	}
	if err := s.rotate(mgr); err != nil {
		return fmt.Errorf("adding the webhook's certificates: %w", err)
	}
	ends := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "scalegate_webhook_certificate_end_timestamp_seconds",
		Help: "When the webhook's certificate ends, in seconds since 1970; 0 while there is none.",
	}, s.certificates.seconds)
	ready := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "scalegate_webhook_ready", Help: "1 while the replica's webhook answers: its caches have synced and its certificate is good, else 0.",
	}, s.readiness)
	if err := errors.Join(metrics.Registry.Register(ends), metrics.Registry.Register(ready)); err != nil {
		return fmt.Errorf("adding the webhook's metrics: %w", err)
	}
	return mgr.AddReadyzCheck("webhook", s.ready)
}

// ready reports whether requests should come to this replica.
func (s *Server) ready(r *http.Request) error {
	if err := s.life.ready(); err != nil {
		return err
	}
	if err := s.certificates.ready(time.Now()); err != nil {
		return err
	}
	return s.server.StartedChecker()(r)
}

// readiness is 1 while requests should come here, else 0.
func (s *Server) readiness() float64 {
	if s.life.ready() != nil || s.certificates.ready(time.Now()) != nil || s.server.StartedChecker()(nil) != nil {
		return 0
	}
	return 1
}

// rotate lets the leader keep the certificates in the Secret, and the CA in the webhook configurations.
func (s *Server) rotate(mgr ctrl.Manager) error {
	if s.options.Secret.Name == "" {
		return nil
	}
	configurations := []rotator.WebhookInfo{{Name: ConfigurationName, Type: rotator.Validating}}
	if s.options.Mutating {
		configurations = append(configurations, rotator.WebhookInfo{Name: ConfigurationName, Type: rotator.Mutating})
	}
	return rotator.AddRotator(mgr, &rotator.CertRotator{
		SecretKey:             s.options.Secret,
		CertDir:               s.options.CertificateDir,
		CAName:                "scalegate-webhook-ca",
		CAOrganization:        "scalegate",
		DNSName:               s.options.DNSNames[0],
		ExtraDNSNames:         s.options.DNSNames[1:],
		IsReady:               make(chan struct{}),
		Webhooks:              configurations,
		FieldOwner:            "scalegate-webhook-certificates",
		RequireLeaderElection: true,
	})
}

// Run starts the manager, and stops it some time after ctx ends: until then it goes on answering, and the
// caches that it answers from live.
func (s *Server) Run(ctx context.Context, start func(context.Context) error) error {
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	forget := context.AfterFunc(ctx, func() {
		ctrl.LoggerFrom(ctx).Info("Going on to answer before stopping", "delay", s.options.ShutdownDelay.String())
		s.life.drain(s.options.ShutdownDelay)
		stop()
	})
	defer forget()
	return start(running)
}
