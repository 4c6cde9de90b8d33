// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spf13/cobra"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/selection"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/controllers"
	"github.com/scalegate/scalegate/internal/tracing"
)

// fieldOwner is the name under which Scalegate applies and patches.
const fieldOwner = "scalegate"

// managerOptions are the manager's flags.
type managerOptions struct {
	kubeconfig     string
	metricsAddress string
	// metricsCertificates is a folder; empty: the manager makes a certificate itself.
	metricsCertificates string
	probesAddress       string
	// profilesAddress serves what a profiler asks for; empty for nothing.
	profilesAddress string
	leaderElect     bool
	namespace       string
	webhook         webhookOptions
	guards          guardOptions
	onboarding      onboardingOptions
	telemetry       telemetryOptions
	collectorImage  string
	// argocd are the namespaces of the Applications that may be woken.
	argocd []string
	// safeguards is how often is looked at safeguards of which no event tells.
	safeguards time.Duration
	// begun is called when the start is over.
	begun func()
}

func managerCommand() *cobra.Command {
	var o managerOptions
	cmd := &cobra.Command{
		Use:   "manager",
		Short: "Run the operator",
		Long: "Run the operator: it decides about every ModelRelease, writes clearances, lifts holds and reports.\n" +
			"It must run as the service account that the admission policies name as the controller.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runManager(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.kubeconfig, "kubeconfig", "", "kubeconfig file; empty means the cluster that the manager runs in")
	f.StringVar(&o.metricsAddress, "metrics-bind-address", "0", "address for metrics over TLS, such as :8443; 0 serves none")
	f.StringVar(&o.metricsCertificates, "metrics-cert-dir", "",
		"folder with tls.crt and tls.key for the metrics; both are read again when they change; empty: the manager makes a certificate itself, which nobody can check")
	f.StringVar(&o.probesAddress, "health-probe-bind-address", "0", "address for /healthz and /readyz, such as :8081; 0 serves none")
	f.StringVar(&o.profilesAddress, "pprof-bind-address", "",
		"address for profiles of the process in the format of pprof, such as 127.0.0.1:6060; anybody who reaches it reads them; empty serves none")
	f.BoolVar(&o.leaderElect, "leader-elect", false, "let one of several replicas act, and the others stand by")
	f.StringVar(&o.namespace, "leader-election-namespace", "", "namespace of the lease; empty means the manager's own")
	f.StringVar(&o.collectorImage, "collector-image", "",
		"image of Scalegate for the containers that read the results of evaluations; empty means that of the manager's own container, found by POD_NAME and POD_NAMESPACE")
	f.StringSliceVar(&o.argocd, "argocd-namespaces", nil,
		"namespaces of Argo CD's Applications that may be synced again once the release that they wait for is released; none for none. Needs the rights in config/argocd/wake-up")
	f.DurationVar(&o.safeguards, "safeguard-period", controllers.DefaultSafeguardPeriod,
		"how often to look at safeguards of which no event tells: rights, claims and the other pods of a namespace")
	o.webhook.addTo(f)
	o.guards.addFlags(f)
	o.onboarding.addFlags(f)
	o.telemetry.addTo(f)
	return cmd
}

// runManager runs until ctx ends.
func runManager(ctx context.Context, o managerOptions) error {
	o.begun = startSmall()
	tracer, err := o.telemetry.start(ctx)
	if err != nil {
		return err
	}
	return errors.Join(o.run(ctx, tracer), tracer.Stop(ctx))
}

// garbageAtStart is how much garbage there may be beside what is in use before it is collected, in percent, while the manager
// starts; 100 is Go's default. Whoever sets GOGC decides himself.
const garbageAtStart = 50

// longestStart is when a start counts as over in any case: a replica that stands by looks at no release.
const longestStart = 10 * time.Minute

// startSmall keeps the memory of a start small: to read everything takes many times the memory of what is kept, which lies among
// it then, and a container has to have room for the most. What it returns ends that, and gives back what the start took:
// the next collection of a manager at rest is far.
func startSmall() (begun func()) {
	usual := func() {}
	if os.Getenv("GOGC") == "" {
		percent := debug.SetGCPercent(garbageAtStart)
		usual = func() { debug.SetGCPercent(percent) }
	}
	begun = sync.OnceFunc(func() {
		usual()
		debug.FreeOSMemory()
	})
	time.AfterFunc(longestStart, begun)
	return begun
}

// run makes the manager and runs it until ctx ends.
func (o managerOptions) run(ctx context.Context, tracer *tracing.Tracer) error {
	cfg, err := restConfig(o.kubeconfig)
	if err != nil {
		return err
	}
	options, err := o.manager()
	if err != nil {
		return err
	}
	webhook, err := o.webhook.server(o.namespace)
	if err != nil {
		return err
	}
	if webhook != nil {
		options.WebhookServer = webhook.WebhookServer()
	}
	mgr, err := ctrl.NewManager(cfg, options)
	if err != nil {
		return fmt.Errorf("making the manager: %w", err)
	}
	guards, err := o.guards.setUp(mgr)
	if err != nil {
		return err
	}
	settling := &controllers.Settling{}
	if err := o.controllers(ctx, mgr, guards, settling, tracer); err != nil {
		return err
	}
	if err := o.onboarding.setUp(mgr, settling); err != nil {
		return err
	}
	if webhook == nil {
		return mgr.Start(ctx)
	}
	if err := o.webhook.setUp(ctx, mgr, webhook, tracer); err != nil {
		return err
	}
	return webhook.Run(ctx, mgr.Start)
}

func restConfig(kubeconfig string) (*rest.Config, error) {
	var cfg *rest.Config
	var err error
	if kubeconfig == "" {
		cfg, err = rest.InClusterConfig()
	} else {
		cfg, err = clientcmd.BuildConfigFromFlags("", kubeconfig)
	}
	if err != nil {
		return nil, fmt.Errorf("finding the cluster: %w", err)
	}
	// The API server's own fairness limits us; a limit of the client's would only delay a revocation.
	cfg.QPS = -1
	cfg.Wrap(controllers.AskOnce)
	return cfg, nil
}

func (o managerOptions) manager() (ctrl.Options, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		v1alpha1.AddToScheme, corev1.AddToScheme, appsv1.AddToScheme, batchv1.AddToScheme, admissionv1.AddToScheme,
		authenticationv1.AddToScheme, autoscalingv2.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
		rbacv1.AddToScheme, storagev1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return ctrl.Options{}, err
		}
	}
	claims, err := labels.NewRequirement(v1alpha1.LabelRelease, selection.Exists, nil)
	if err != nil {
		return ctrl.Options{}, err
	}
	kept := controllers.Cached()
	kept[&corev1.Pod{}] = cache.ByObject{Label: labels.NewSelector().Add(*claims)}
	return ctrl.Options{
		Scheme: scheme,
		NewClient: func(cfg *rest.Config, options client.Options) (client.Client, error) {
			c, err := client.New(cfg, options)
			if err != nil {
				return nil, err
			}
			return client.WithFieldOwner(c, fieldOwner), nil
		},
		NewCache: controllers.NewCache,
		Cache: cache.Options{
			// A read of what nobody watches is a mistake of ours, and not a new watch.
			ReaderFailOnMissingInformer: true,
			DefaultTransform:            controllers.Lean(),
			ByObject:                    kept,
		},
		Metrics: server.Options{
			BindAddress: o.metricsAddress, SecureServing: true, CertDir: o.metricsCertificates,
			FilterProvider: filters.WithAuthenticationAndAuthorization,
		},
		HealthProbeBindAddress:        o.probesAddress,
		PprofBindAddress:              o.profilesAddress,
		LeaderElection:                o.leaderElect,
		LeaderElectionID:              "scalegate.scalegate.dev",
		LeaderElectionNamespace:       o.namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 new(controllers.LeaseDuration),
		RenewDeadline:                 new(controllers.RenewDeadline),
		RetryPeriod:                   new(controllers.RetryPeriod),
		Controller: config.Controller{
			EnableWarmup:          new(true),
			ReconciliationTimeout: 30 * time.Second,
		},
	}, nil
}

// collector finds the image that reads results.
func (o managerOptions) collector(mgr ctrl.Manager) *controllers.Collector {
	return &controllers.Collector{
		Image: o.collectorImage, Live: mgr.GetAPIReader(),
		Pod: types.NamespacedName{Namespace: os.Getenv("POD_NAMESPACE"), Name: os.Getenv("POD_NAME")},
	}
}

// controllers sets up everything that reconciles.
func (o managerOptions) controllers(ctx context.Context, mgr ctrl.Manager, guards controllers.Guards, settling *controllers.Settling, tracer *tracing.Tracer) error {
	if err := controllers.Index(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	ready := controllers.Ready(guards, settling)
	fleet, err := measure(mgr)
	if err != nil {
		return err
	}
	heads, err := controllers.Heads(mgr)
	if err != nil {
		return err
	}
	for _, r := range []interface{ SetupWithManager(ctrl.Manager) error }{
		&controllers.SafetyPolicyReconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("scalegate"), Now: metav1.Now,
		},
		&controllers.PolicyApprovalReconciler{Client: mgr.GetClient(), Now: metav1.Now},
		&controllers.EvaluationSuiteReconciler{Client: mgr.GetClient(), Now: metav1.Now},
		&controllers.SafetyEvaluationReconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Collector: o.collector(mgr),
			Events: mgr.GetEventRecorder("scalegate"), Now: metav1.Now,
		},
		&controllers.ModelReleaseReconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(),
			Events: mgr.GetEventRecorder("scalegate"), Now: metav1.Now,
			Ready: ready, Readied: guards.Changes(), Metrics: fleet, Tracer: tracer, Heads: heads, Engine: version, SafeguardPeriod: o.safeguards,
			Begun: o.begun,
		},
		&controllers.AutomaticReconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("scalegate"), Now: metav1.Now,
			Identity: func(ctx context.Context) (string, error) { return whoami(ctx, mgr.GetConfig()) },
		},
		&controllers.RetentionReconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("scalegate"), Now: metav1.Now,
		},
		&controllers.ArgoCDReconciler{
			Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("scalegate"), Namespaces: o.argocd,
		},
		&controllers.KueueReconciler{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Now: metav1.Now, Ready: ready},
	} {
		if err := r.SetupWithManager(mgr); err != nil {
			return fmt.Errorf("setting up %T: %w", r, err)
		}
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	return mgr.AddReadyzCheck("ping", healthz.Ping)
}
