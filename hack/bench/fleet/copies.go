// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package fleet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/util/workqueue"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/objects"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/audit"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/gate"
)

// copiers is how many namespaces are written at a time.
const copiers = 4

// copyAll writes every release but the first, with its evidence, its record and its clearance. Nobody reads meanwhile: an API server
// would read each key as it comes, which takes it most of the time, and for large fleets more memory than there is.
func (s *seed) copyAll(ctx context.Context) error {
	readers := []string{localcluster.ControllerManager, localcluster.Scheduler, localcluster.APIServer}
	for _, name := range readers {
		if err := s.Kill(name); err != nil {
			return err
		}
	}
	count := (s.Releases + PerNamespace - 1) / PerNamespace
	copying, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	workqueue.ParallelizeUntil(copying, copiers, count, func(at int) {
		if err := s.copyNamespace(copying, at*PerNamespace); err != nil {
			stop(err)
		}
	})
	if err := context.Cause(copying); err != nil {
		return err
	}
	var errs []error
	for _, name := range slices.Backward(readers) {
		errs = append(errs, s.Restart(ctx, name))
	}
	return errors.Join(errs...)
}

// copyNamespace writes the namespace of a release and of those that share it.
func (s *seed) copyNamespace(ctx context.Context, first int) error {
	namespace := s.namespace.DeepCopy()
	if first > 0 {
		namespace.Name, namespace.UID = Namespace(first), uuid.NewUUID()
		namespace.Labels[corev1.LabelMetadataName] = namespace.Name
		delete(namespace.Annotations, clearance.Key(Release(0)))
	}
	var pairs []pair
	for number := max(first, 1); number < min(first+PerNamespace, s.Releases); number++ {
		c := replica{original: &s.original, namespace: namespace.Name, name: Release(number), number: number}
		if err := c.make(); err != nil {
			return fmt.Errorf("copying release %d: %w", number, err)
		}
		namespace.Annotations[clearance.Key(c.name)] = c.clearance()
		pairs = append(pairs, c.pairs...)
	}
	stored, err := encode(namespace)
	if err != nil {
		return err
	}
	return s.store.put(ctx, append([]pair{{Key: []byte(namespaceKey(namespace.Name)), Value: stored}}, pairs...))
}

// replica is a copy of the original in the making.
type replica struct {
	*original
	namespace, name string
	number          int
	// renamed are what the original has, each followed by what the copy has instead.
	renamed []string
	pairs   []pair
	input   gate.Input
}

// make makes the pairs to be stored. Evidence comes first, as a release without it would be held if somebody looked.
func (c *replica) make() error {
	c.input = c.read
	c.input.Evaluations, c.input.Sightings = nil, nil
	c.renamed = []string{
		Namespace(0), c.namespace, Release(0), c.name, string(c.read.Release.UID), string(uuid.NewUUID()),
		c.weights(Namespace(0), Release(0)), c.weights(c.namespace, c.name),
	}
	for n := range c.evidence {
		if err := c.evidenceOf(n); err != nil {
			return err
		}
	}
	release := &v1alpha1.ModelRelease{}
	if err := json.Unmarshal([]byte(c.rename(c.release)), release); err != nil {
		return err
	}
	return c.decide(release)
}

// weights is the digest, in hexadecimal, of the one artifact that no other release has.
func (c *replica) weights(namespace, name string) string {
	return strings.TrimPrefix(string(objects.Release(namespace, name).Spec.Artifacts[0].Digest), "sha256:")
}

func (c *replica) rename(text string) string { return strings.NewReplacer(c.renamed...).Replace(text) }

// evidenceOf adds one evaluation, which was read from a file of its own, of another run.
func (c *replica) evidenceOf(n int) error {
	e := &c.evidence[n]
	name := Evaluation(c.name, n)
	file := e.file.DeepCopy()
	file.Namespace, file.Name, file.UID = c.namespace, name, uuid.NewUUID()
	var sum [sha256.Size]byte
	for key, text := range file.Data {
		file.Data[key] = c.rename(text)
		sum = sha256.Sum256([]byte(file.Data[key]))
	}
	stored, err := encode(file)
	if err != nil {
		return err
	}
	c.renamed = append(c.renamed, e.uid, string(uuid.NewUUID()), e.sum, hex.EncodeToString(sum[:]))
	evaluation := c.rename(e.evaluation)
	c.pairs = append(c.pairs,
		pair{Key: []byte(fileKey(c.namespace, name)), Value: stored},
		pair{Key: []byte(storageKey("safetyevaluations", c.namespace, name)), Value: []byte(evaluation)})
	c.input.Evaluations = append(c.input.Evaluations, v1alpha1.SafetyEvaluation{})
	return json.Unmarshal([]byte(evaluation), &c.input.Evaluations[n])
}

// decide adds the release with its record, as the manager would decide.
func (c *replica) decide(release *v1alpha1.ModelRelease) error {
	c.input.Release = release
	decision := gate.Decide(c.input)
	record, err := audit.New(audit.Link{}, c.input, decision, c.record.Spec.Engine)
	if err != nil {
		return err
	}
	record.TypeMeta, record.Status, record.UID = c.record.TypeMeta, c.record.Status, uuid.NewUUID()
	record.Generation, record.CreationTimestamp, record.ManagedFields = c.record.Generation, c.record.CreationTimestamp, c.record.ManagedFields
	release.Status.SubjectDigest = record.Spec.SubjectDigest
	release.Status.Decision = &v1alpha1.DecisionReference{
		Sequence: record.Spec.Sequence, Digest: record.Spec.Digest, Substance: audit.Substance(decision).String(),
	}
	return errors.Join(
		c.add(storageKey("gatedecisions", c.namespace, record.Name), record),
		c.add(storageKey("modelreleases", c.namespace, c.name), release))
}

func (c *replica) add(key string, object any) error {
	content, err := json.Marshal(object)
	c.pairs = append(c.pairs, pair{Key: []byte(key), Value: content})
	return err
}

// clearance is that of the original for other weights.
func (c *replica) clearance() string {
	cleared := c.cleared
	cleared.Digests = slices.Clone(cleared.Digests)
	for at := range cleared.Digests {
		cleared.Digests[at] = c.rename(cleared.Digests[at])
	}
	slices.Sort(cleared.Digests)
	return cleared.String()
}

func encode(object runtime.Object) ([]byte, error) {
	var stored bytes.Buffer
	if err := storedAsProtobuf().Encode(object, &stored); err != nil {
		return nil, fmt.Errorf("encoding %T: %w", object, err)
	}
	return stored.Bytes(), nil
}
