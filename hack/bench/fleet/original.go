// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/gate"
	"github.com/scalegate/scalegate/test/installation"
)

// original is the first release with all that belongs to it, as the API server stores it when the manager is done with it.
type original struct {
	namespace corev1.Namespace
	// release and evidence are JSON as it is stored, of which a copy has other names, UIDs and digests.
	release  string
	evidence []evidence
	// decision is the record that the release names.
	decision v1alpha1.DecisionReference
	record   v1alpha1.GateDecision
	// read is what the decision on record was made of.
	read gate.Input
	// cleared is the clearance of the release.
	cleared clearance.Clearance
}

// evidence is one evaluation, and the file that it was read from.
type evidence struct {
	evaluation string
	// uid and sum, the SHA-256 of the file, are what a copy has another of.
	uid, sum string
	file     corev1.ConfigMap
}

// load reads the original back, once its decision holds.
func (s *seed) load(ctx context.Context) error {
	namespace, name := Namespace(0), Release(0)
	if err := s.loadDecision(ctx, namespace, name); err != nil {
		return err
	}
	if err := s.Kill(installation.Manager); err != nil {
		return err
	}
	var err error
	if err := s.loadStored(ctx, namespaceKey(namespace), &s.namespace); err != nil {
		return err
	}
	if s.cleared, err = clearance.Parse(s.namespace.Annotations[clearance.Key(name)]); err != nil {
		return fmt.Errorf("reading the clearance of the first release: %w", err)
	}
	for n := range s.Evaluations {
		e, err := s.loadEvidence(ctx, namespace, Evaluation(name, n))
		if err != nil {
			return err
		}
		s.evidence = append(s.evidence, e)
	}
	return s.loadInput(ctx)
}

// loadDecision waits until the record that the release names says since when the decision holds, which is the last that the
// manager writes.
func (s *seed) loadDecision(ctx context.Context, namespace, name string) error {
	return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		stored, err := s.store.get(ctx, storageKey("modelreleases", namespace, name))
		if err != nil {
			return false, err
		}
		release := v1alpha1.ModelRelease{}
		if err := json.Unmarshal(stored, &release); err != nil || release.Status.Decision == nil {
			return false, err
		}
		content, err := s.store.get(ctx, storageKey("gatedecisions", namespace, audit.Name(name, release.Status.Decision.Sequence)))
		if err != nil {
			return false, err
		}
		s.release, s.decision, s.record = string(stored), *release.Status.Decision, v1alpha1.GateDecision{}
		err = json.Unmarshal(content, &s.record)
		return s.record.Status.EnforcedTime != nil && s.record.Spec.Digest == s.decision.Digest, err
	})
}

func (s *seed) loadEvidence(ctx context.Context, namespace, name string) (evidence, error) {
	var e evidence
	content, err := s.store.get(ctx, storageKey("safetyevaluations", namespace, name))
	if err != nil {
		return e, err
	}
	var evaluation v1alpha1.SafetyEvaluation
	if err := json.Unmarshal(content, &evaluation); err != nil {
		return e, err
	}
	e.evaluation, e.uid, e.sum = string(content), string(evaluation.UID), evaluation.Status.Measurement.SHA256
	return e, s.loadStored(ctx, fileKey(namespace, name), &e.file)
}

// loadInput reads what the decision on record was made of.
func (s *seed) loadInput(ctx context.Context) error {
	policy := &v1alpha1.SafetyPolicy{}
	if err := s.Client.Get(ctx, client.ObjectKey{Name: Policy}, policy); err != nil {
		return err
	}
	texts, err := audit.Texts(gate.Input{Policy: policy})
	if err != nil {
		return err
	}
	if s.read, err = audit.Decode(s.record.Spec.Input, texts); err != nil {
		return err
	}
	if again := audit.Substance(gate.Decide(s.read)).String(); again != s.decision.Substance {
		return fmt.Errorf("the decision about the first release comes out as %s and is stored as %s", again, s.decision.Substance)
	}
	return nil
}

// loadStored reads an object of Kubernetes.
func (s *seed) loadStored(ctx context.Context, key string, into runtime.Object) error {
	content, err := s.store.get(ctx, key)
	if err != nil {
		return err
	}
	_, _, err = storedAsProtobuf().Decode(content, nil, into)
	return err
}

// storedAsProtobuf is how the API server stores the kinds of Kubernetes.
func storedAsProtobuf() *protobuf.Serializer {
	scheme := installation.Scheme()
	return protobuf.NewSerializer(scheme, scheme)
}

// storageKey is where the API server keeps one of our kinds.
func storageKey(plural, namespace, name string) string {
	return strings.Join([]string{"/registry", v1alpha1.SchemeGroupVersion.Group, plural, namespace, name}, "/")
}

func fileKey(namespace, name string) string { return "/registry/configmaps/" + namespace + "/" + name }

func namespaceKey(name string) string { return "/registry/namespaces/" + name }
