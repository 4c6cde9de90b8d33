// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/doctor"
	"github.com/scalegate/scalegate/internal/guards"
	"github.com/scalegate/scalegate/internal/probes"
)

// probe tries, as the caller and by dry runs, what the guards of the set must refuse or hold, and whether the webhook answers.
func (x *inspection) probe(ctx context.Context, set guards.Set) error {
	sender, err := x.whoami(ctx)
	if err != nil {
		return err
	}
	// What the probes log is for a manager.
	ctx = log.IntoContext(ctx, logr.Discard())
	p := &probes.Probes{Client: x.Client, Sender: sender, ReadOnly: true, Holds: x.holds}
	x.facts.Probes = p.Probe(ctx, set)
	for i := range x.facts.Probes {
		x.facts.Probes[i].Detail = asCaller(x.facts.Probes[i].Detail)
	}
	outcome, detail := probes.Webhook(ctx, x.Client)
	x.facts.WebhookProbe = guards.Result{Outcome: outcome, Detail: asCaller(detail)}
	return nil
}

// asCaller says to the caller what is said of the canary.
func asCaller(detail string) string {
	return strings.NewReplacer("the canary has no right to it: is config/canary applied?", "you have no right to it", "the sender holds", "you hold").Replace(detail)
}

// whoami is the user that the API server knows the caller as. What it answers has the API server's time, to the second.
func (x *inspection) whoami(ctx context.Context) (string, error) {
	review, sent := &authenticationv1.SelfSubjectReview{}, x.clock()
	if err := x.Create(ctx, review); err != nil {
		if _, answered := errors.AsType[*apierrors.StatusError](err); answered || meta.IsNoMatchError(err) {
			// It does not say, which is told: the sender and the clock are not known.
			return "", nil
		}
		return "", fmt.Errorf("asking the API server who this is: %w", err)
	}
	if at := review.CreationTimestamp; !at.IsZero() {
		x.facts.Clock = doctor.Clock{Known: true, Server: at.Time, Sent: sent, Received: x.clock()}
	}
	return review.Status.UserInfo.Username, nil
}

// holds asks whether the caller holds a right of Scalegate's own.
func (x *inspection) holds(ctx context.Context, right probes.Right) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: v1alpha1.Group, Verb: right.Verb, Resource: right.Resource, Namespace: right.Namespace, Name: right.Name,
		},
	}}
	err := x.Create(ctx, review)
	return review.Status.Allowed, err
}

// readCertificates finds out when the webhook's certificates end: that of its authority, from its configuration, and where it may be
// read its own, from its Secret.
func (x *inspection) readCertificates(ctx context.Context) error {
	if x.facts.Webhook == nil {
		return nil
	}
	for i := range x.facts.Webhook.Webhooks {
		w := &x.facts.Webhook.Webhooks[i]
		x.certificate("authority of webhook "+w.Name, w.ClientConfig.CABundle)
	}
	secret := &corev1.Secret{}
	err := x.Get(ctx, client.ObjectKey{Namespace: doctor.SystemNamespace, Name: doctor.CertificateSecret}, secret)
	if err == nil {
		x.certificate("Secret "+doctor.CertificateSecret, secret.Data[corev1.TLSCertKey])
		return nil
	}
	if apierrors.IsForbidden(err) {
		x.facts.CertificatesUnread = "you may not read Secret " + doctor.CertificateSecret + " in " + doctor.SystemNamespace
		return nil
	}
	return client.IgnoreNotFound(err)
}

// certificate notes when the first of some certificates ends.
func (x *inspection) certificate(name string, data []byte) {
	var end time.Time
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err == nil && (end.IsZero() || parsed.NotAfter.Before(end)) {
			end = parsed.NotAfter
		}
	}
	if !end.IsZero() {
		x.facts.Certificates = append(x.facts.Certificates, doctor.Certificate{Name: name, End: end})
	}
}

// readSchemas compares the definitions of the kinds with those that this program was built with.
func (x *inspection) readSchemas() error {
	_, known, err := shipped()
	if err != nil {
		return err
	}
	for i := range x.facts.Kinds {
		crd := &x.facts.Kinds[i]
		if !known.Same(crd, v1alpha1.SchemeGroupVersion.Version) {
			x.facts.OtherSchemas = append(x.facts.OtherSchemas, crd.Name)
		}
	}
	return nil
}
