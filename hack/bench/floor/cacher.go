// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/floors"
)

// cachedKinds are those that the manager's cache has something of. CRDs, of which it keeps the names, are left out, and
// so are the kinds of which it keeps those with a label of its own alone: Services, Secrets and ServiceAccounts.
func cachedKinds() []client.Object {
	return []client.Object{
		&v1alpha1.ModelRelease{}, &v1alpha1.SafetyPolicy{}, &v1alpha1.PolicyRevision{}, &v1alpha1.PolicyApproval{},
		&v1alpha1.SafetyEvaluation{}, &v1alpha1.EvaluationSuite{}, &v1alpha1.AdverseFinding{}, &v1alpha1.ReleaseApproval{},
		&v1alpha1.ReleaseWaiver{}, &v1alpha1.ReleaseDetermination{},
		&appsv1.Deployment{}, &appsv1.ReplicaSet{}, &appsv1.StatefulSet{}, &batchv1.Job{}, &corev1.Pod{}, &corev1.Namespace{},
		&corev1.ConfigMap{}, &networkingv1.NetworkPolicy{},
		&admissionv1.MutatingWebhookConfiguration{}, &admissionv1.MutatingAdmissionPolicy{}, &admissionv1.MutatingAdmissionPolicyBinding{},
		&admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{},
	}
}

// cluster is how a cluster is reached, with no limit of a client's, and all kinds that are cached.
func cluster(kubeconfig string) (*rest.Config, *runtime.Scheme, error) {
	s := runtime.NewScheme()
	cfg, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, nil, fmt.Errorf("finding the cluster: %w", err)
	}
	cfg.QPS = -1
	return cfg, s, errors.Join(scheme.AddToScheme(s), v1alpha1.AddToScheme(s))
}

// cacher caches those kinds in full, with a controller of releases that reads each from the cache and does nothing about it.
func cacher(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("cacher", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig file")
	profiles := flags.String("pprof-bind-address", "", "address for profiles")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg, s, err := cluster(*kubeconfig)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: s, Metrics: server.Options{BindAddress: "0"}, PprofBindAddress: *profiles,
	})
	if err != nil {
		return err
	}
	b := ctrl.NewControllerManagedBy(mgr).For(&v1alpha1.ModelRelease{}).WithOptions(controller.Options{MaxConcurrentReconciles: 8})
	err = b.Complete(reconcile.Func(func(ctx context.Context, r reconcile.Request) (reconcile.Result, error) {
		return reconcile.Result{}, client.IgnoreNotFound(mgr.GetClient().Get(ctx, r.NamespacedName, &v1alpha1.ModelRelease{}))
	}))
	if err != nil {
		return err
	}
	for _, kind := range cachedKinds() {
		if _, err := mgr.GetCache().GetInformer(ctx, kind); err != nil {
			return fmt.Errorf("caching %T: %w", kind, err)
		}
	}
	go tellSynced(ctx, mgr)
	return mgr.Start(ctx)
}

// tellSynced tells whoever started this program when its caches have everything.
func tellSynced(ctx context.Context, mgr ctrl.Manager) {
	if mgr.GetCache().WaitForCacheSync(ctx) {
		fmt.Println(floors.Synced)
	}
}
