// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	authentication "k8s.io/client-go/kubernetes/typed/authentication/v1"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	webhook "sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/admission"
	"github.com/scalegate/scalegate/internal/admission/serving"
	"github.com/scalegate/scalegate/internal/tracing"
)

// none is the address that serves nothing.
const none = "0"

// webhookOptions are the manager's flags about the webhook.
type webhookOptions struct {
	address             string
	certificateDir      string
	certificateSecret   string
	dnsNames            []string
	shutdownDelay       time.Duration
	mutating            bool
	workloadControllers []string
}

func (o *webhookOptions) addTo(f *pflag.FlagSet) {
	f.StringVar(&o.address, "webhook-bind-address", none, "address for the webhook over TLS, such as :9443; 0 serves none")
	f.StringVar(&o.certificateDir, "webhook-cert-dir", "", "folder with the webhook's tls.crt and tls.key; both may come later, and change")
	f.StringVar(&o.certificateSecret, "webhook-cert-secret", "",
		"Secret in the manager's own namespace, mounted at --webhook-cert-dir, that the manager keeps certificates in; "+
			"it writes their CA into the webhook configurations called "+serving.ConfigurationName+"; empty means that somebody else does both")
	f.StringSliceVar(&o.dnsNames, "webhook-dns-names", []string{"scalegate-webhook.scalegate-system.svc"},
		"names that API servers call the webhook by, for the certificates in --webhook-cert-secret")
	f.DurationVar(&o.shutdownDelay, "shutdown-delay", 15*time.Second,
		"how long the webhook goes on answering after it was asked to stop, while others notice that it is not ready")
	f.BoolVar(&o.mutating, "webhook-mutating", false,
		"serve /mutate as well, for API servers without mutating admission policies")
	f.StringSliceVar(&o.workloadControllers, "workload-controllers", []string{"system:serviceaccount:kube-system:replicaset-controller"},
		"user names that make pods from ReplicaSets, for --webhook-mutating; the same as in the admission policies")
}

// server is the webhook's; nil when none is to be served. Own is the manager's namespace; empty means the one that its
// pod runs in.
func (o *webhookOptions) server(own string) (*serving.Server, error) {
	if o.address == none {
		return nil, nil //nolint:nilnil // none is an answer, and not an error
	}
	secret := types.NamespacedName{Namespace: own, Name: o.certificateSecret}
	if secret.Name != "" && own == "" {
		namespace, err := os.ReadFile("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
		if err != nil {
			return nil, fmt.Errorf("finding the namespace of --webhook-cert-secret; outside of a pod give it with --leader-election-namespace: %w", err)
		}
		secret.Namespace = strings.TrimSpace(string(namespace))
	}
	return serving.New(serving.Options{
		Address: o.address, CertificateDir: o.certificateDir, Secret: secret, DNSNames: o.dnsNames,
		ShutdownDelay: o.shutdownDelay, Mutating: o.mutating,
	})
}

// +kubebuilder:rbac:groups=apps,resources=deployments;replicasets;statefulsets,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=replicationcontrollers,verbs=get;list;watch

// setUp serves the webhook's handlers.
func (o *webhookOptions) setUp(ctx context.Context, mgr ctrl.Manager, s *serving.Server, tracer *tracing.Tracer) error {
	self, err := whoami(ctx, mgr.GetConfig())
	if err != nil {
		return err
	}
	// Handlers read what is watched already, and never start a watch.
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	for _, object := range []client.Object{
		&v1alpha1.SafetyPolicy{}, &v1alpha1.ModelRelease{}, &v1alpha1.SafetyEvaluation{}, &v1alpha1.AdverseFinding{},
		namespace, &appsv1.Deployment{}, &appsv1.ReplicaSet{}, &appsv1.StatefulSet{}, &corev1.ReplicationController{},
	} {
		if _, err := mgr.GetCache().GetInformer(ctx, object, cache.BlockUntilSynced(false)); err != nil {
			return fmt.Errorf("watching %T for the webhook: %w", object, err)
		}
	}
	rights, err := authorization.NewForConfig(mgr.GetConfig())
	if err != nil {
		return fmt.Errorf("making a client that asks for rights: %w", err)
	}
	options := admission.Options{
		Cache: mgr.GetCache(), Scheme: mgr.GetScheme(), Now: time.Now,
		Controller: self, Mutating: o.mutating, WorkloadControllers: o.workloadControllers,
		Attests: admission.Attests(rights.SubjectAccessReviews()),
	}
	handlers := map[string]webhook.Handler{
		"/validate/kinds":     admission.NewKinds(options),
		"/validate/workloads": admission.NewWorkloads(options),
	}
	if o.mutating {
		handlers["/mutate"] = admission.NewHolds(options)
	}
	for path, handler := range handlers {
		handlers[path] = tracer.Handler(path, handler)
	}
	return s.SetupWithManager(mgr, handlers)
}

// whoami asks the API server by which name it knows the manager.
func whoami(ctx context.Context, cfg *rest.Config) (string, error) {
	c, err := authentication.NewForConfig(cfg)
	if err != nil {
		return "", fmt.Errorf("asking who the manager is: %w", err)
	}
	review, err := c.SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("asking who the manager is: %w", err)
	}
	return review.Status.UserInfo.Username, nil
}
