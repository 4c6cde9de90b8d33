// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/admission/measured"
	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/test/installation"
)

// The namespaces of each control plane.
const (
	// plainNamespace has no label of ours: ungoverned where Scalegate is installed.
	plainNamespace = "bench-plain"
	// webhooksNamespace is the one that the pair of webhooks is called for.
	webhooksNamespace = "bench-webhooks"
	// governedNamespace has one clearance, fullNamespace as many as fit, ownersNamespace one with as many owners as fit.
	governedNamespace = "bench-governed"
	fullNamespace     = "bench-full"
	ownersNamespace   = "bench-owners"
)

// replicaSetController is who makes the pods of Deployments, and in kube-system.
const replicaSetController = "replicaset-controller"

// plane is one of the two control planes. Scalegate is installed on one of them at a time.
type plane struct {
	*installation.Installation
	// pods acts as the replicaset controller, and admin as cluster admin, both as controllers do: in protobuf, without a
	// limit of their own.
	pods, admin *kubernetes.Clientset
}

// startPlane starts a control plane, makes the namespaces, and stops what would work in them.
func startPlane(ctx context.Context, options measure.Options) (*plane, error) {
	cluster, err := localcluster.Start(ctx, localcluster.Options{Output: options.Log, Production: true})
	if err != nil {
		return nil, err
	}
	p := &plane{Installation: &installation.Installation{Cluster: cluster}}
	if err := p.prepare(ctx); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}
	return p, nil
}

func (p *plane) prepare(ctx context.Context) error {
	cfg, err := p.ServiceAccount(ctx, metav1.NamespaceSystem, replicaSetController)
	if err != nil {
		return err
	}
	if p.pods, err = kubernetes.NewForConfig(asControllersDo(cfg)); err != nil {
		return err
	}
	if p.admin, err = kubernetes.NewForConfig(asControllersDo(p.Admin())); err != nil {
		return err
	}
	if p.Client, err = installation.Client(p.Admin()); err != nil {
		return err
	}
	governed := map[string]string{v1alpha1.LabelGate: v1alpha1.GateEnforced}
	for name, labels := range map[string]map[string]string{
		plainNamespace: nil, webhooksNamespace: {webhooksLabel: "called"},
		governedNamespace: governed, fullNamespace: governed, ownersNamespace: governed,
	} {
		if err := p.makeNamespace(ctx, name, labels); err != nil {
			return err
		}
	}
	// What these would do with the pods that are made is not measured.
	for _, process := range []string{localcluster.ControllerManager, localcluster.Scheduler, localcluster.Kwok} {
		if err := p.Kill(process); err != nil {
			return err
		}
	}
	return nil
}

func asControllersDo(cfg *rest.Config) *rest.Config {
	cfg.ContentType, cfg.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	cfg.QPS = -1
	cfg.WarningHandlerWithContext = rest.NoWarnings{}
	return cfg
}

func (p *plane) makeNamespace(ctx context.Context, name string, labels map[string]string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	if err := p.Client.Create(ctx, ns); err != nil {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: "default"}}
	return client.IgnoreAlreadyExists(p.Client.Create(ctx, account))
}

// install installs Scalegate, and writes the clearances as its controller does.
func (p *plane) install(ctx context.Context) error {
	if err := p.Reinstall(ctx); err != nil {
		return err
	}
	controller, err := p.ControllerClient(ctx)
	if err != nil {
		return err
	}
	for namespace, annotations := range map[string]map[string]string{
		governedNamespace: measured.One(), fullNamespace: measured.AsManyAsFit(), ownersNamespace: measured.OneOfManyOwners(),
	} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		if err := p.Client.Get(ctx, client.ObjectKeyFromObject(ns), ns); err != nil {
			return err
		}
		before := ns.DeepCopy()
		ns.Annotations = annotations
		if err := controller.Patch(ctx, ns, client.MergeFrom(before)); err != nil {
			return fmt.Errorf("writing the clearances of %s: %w", namespace, err)
		}
	}
	return nil
}

// uninstall takes the admission policies away.
func (p *plane) uninstall(ctx context.Context) error {
	api := p.admin.AdmissionregistrationV1()
	deletions := []func(context.Context, metav1.DeleteOptions, metav1.ListOptions) error{
		api.MutatingAdmissionPolicyBindings().DeleteCollection, api.ValidatingAdmissionPolicyBindings().DeleteCollection,
		api.MutatingAdmissionPolicies().DeleteCollection, api.ValidatingAdmissionPolicies().DeleteCollection,
	}
	for _, all := range deletions {
		if err := all(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
			return fmt.Errorf("deleting the admission policies: %w", err)
		}
	}
	return nil
}

// eventually asks until it is so: policies and webhooks are in force about a second after they were written.
func eventually(ctx context.Context, so func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 200*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		last = so(ctx)
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}
