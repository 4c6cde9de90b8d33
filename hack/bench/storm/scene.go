// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package storm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/bench/fleet"
	"github.com/scalegate/scalegate/hack/bench/measure"
	"github.com/scalegate/scalegate/hack/bench/objects"
	"github.com/scalegate/scalegate/test/installation"
)

const (
	// pods serve each release that is revoked.
	pods = 3
	// shared is how many such releases are in a namespace.
	shared = 50
	// preparers is how many are made at a time.
	preparers = 8
)

// scene is where is measured.
type scene struct {
	*installation.Installation
	options  measure.Options
	releases int
	// each is how many releases are revoked at rest, and as many in each storm.
	each int
	// end is when the evidence of the fleet ends once the policy is edited.
	end time.Time

	metrics rest.Interface
	watched context.CancelFunc
	fleet   tally
	gone    departures
	// targets are the releases that were not revoked yet.
	targets []target
}

// target is a release that is to be revoked.
type target struct {
	key  client.ObjectKey
	pods []types.UID
}

// prepare fills the cluster, and makes what is revoked.
func (s *scene) prepare(ctx context.Context) error {
	clients, err := kubernetes.NewForConfig(s.Admin())
	if err != nil {
		return err
	}
	s.metrics = clients.RESTClient()
	if err := s.AddNodes(ctx, 4, nil); err != nil {
		return err
	}
	f := fleet.Fleet{Releases: s.releases, Evaluations: evaluations, Ended: s.end.Add(-editedDays * 24 * time.Hour)}
	if err := fleet.Seed(ctx, s.Installation, f, s.options); err != nil {
		return err
	}
	began := time.Now()
	if err := s.makeTargets(ctx, 3*s.each); err != nil {
		return err
	}
	s.options.Logf("making %d releases to revoke, with %d pods each: %v", len(s.targets), pods, time.Since(began).Round(time.Millisecond))
	ctx, s.watched = context.WithCancel(ctx)
	s.fleet.total = s.releases
	return s.watch(ctx)
}

func (s *scene) stop() { s.watched() }

// makeTargets makes releases that serve.
func (s *scene) makeTargets(ctx context.Context, n int) error {
	for at := 0; at < n; at += shared {
		namespace := targetNamespace(at)
		policy := objects.Policy(namespace)
		if err := errors.Join(s.Govern(ctx, namespace), s.Client.Create(ctx, policy)); err != nil {
			return err
		}
	}
	s.targets = make([]target, n)
	errs := make([]error, n)
	workqueue.ParallelizeUntil(ctx, preparers, n, func(at int) {
		s.targets[at].key = client.ObjectKey{Namespace: targetNamespace(at), Name: fmt.Sprintf("target-%03d", at)}
		errs[at] = s.serve(ctx, s.targets[at].key)
	})
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return err
	}
	for at := range s.targets {
		if err := s.serves(ctx, &s.targets[at]); err != nil {
			return err
		}
	}
	return nil
}

func targetNamespace(at int) string { return fmt.Sprintf("targets-%d", at/shared) }

// serve makes a release with its evidence, and the pods that serve it.
func (s *scene) serve(ctx context.Context, key client.ObjectKey) error {
	template := objects.Template(key.Name, map[string]string{v1alpha1.LabelRelease: key.Name})
	template.Spec.Volumes[0].Image.Reference = "registry.example/weights@" + string(objects.Digest(key.String()))
	for _, o := range []client.Object{
		objects.Release(key.Namespace, key.Name), objects.File(key.Namespace, key.Name), objects.Evaluation(key.Namespace, key.Name),
		&appsv1.ReplicaSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: key.Namespace, Name: key.Name},
			Spec: appsv1.ReplicaSetSpec{
				Replicas: new(int32(pods)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": key.Name}}, Template: template,
			},
		},
	} {
		if err := s.Client.Create(ctx, o); err != nil {
			return fmt.Errorf("making %T %s: %w", o, key, err)
		}
	}
	return nil
}

// serves waits until the pods of a release serve.
func (s *scene) serves(ctx context.Context, t *target) error {
	err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 3*time.Minute, true, func(ctx context.Context) (bool, error) {
		var list corev1.PodList
		if err := s.Client.List(ctx, &list, client.InNamespace(t.key.Namespace), client.MatchingLabels{v1alpha1.LabelRelease: t.key.Name}); err != nil {
			return false, err
		}
		t.pods = nil
		for i := range list.Items {
			if list.Items[i].Status.Phase == corev1.PodRunning {
				t.pods = append(t.pods, list.Items[i].UID)
			}
		}
		return len(t.pods) == pods, nil
	})
	if err != nil {
		return fmt.Errorf("waiting for the pods of %s: %w", t.key, err)
	}
	return nil
}

// between is how long is waited after a revocation until the next: what it leaves, such as replacements of its pods, is over.
const between = 100 * time.Millisecond

// revokeSome revokes n releases, one after the other, while a condition holds; nil always holds. One that was begun while it held
// counts also where it took longer: to leave out the slow ones would be to praise them.
func (s *scene) revokeSome(ctx context.Context, n int, while func() bool) (measure.Samples, error) {
	var took measure.Samples
	for range n {
		if while != nil && !while() {
			break
		}
		one, err := s.revoke(ctx)
		if err != nil {
			return took, err
		}
		took = append(took, one.Seconds())
		if err := pause(ctx, between); err != nil {
			return took, err
		}
	}
	return took, nil
}

// revoke revokes the next release, and says how long it took until the last of its pods was seen gone.
func (s *scene) revoke(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	t := s.targets[0]
	s.targets = s.targets[1:]
	release := &v1alpha1.ModelRelease{ObjectMeta: metav1.ObjectMeta{Namespace: t.key.Namespace, Name: t.key.Name}}
	patch := client.RawPatch(types.MergePatchType, []byte(`{"spec":{"revocation":{"severity":"Critical","reason":"measuring"}}}`))
	began := time.Now()
	if err := s.Client.Patch(ctx, release, patch); err != nil {
		return 0, fmt.Errorf("revoking %s: %w", t.key, err)
	}
	last, err := s.gone.all(ctx, t.pods)
	if err != nil {
		return 0, fmt.Errorf("waiting for the pods of %s to go: %w", t.key, err)
	}
	if last.Before(began) {
		return 0, fmt.Errorf("the pods of %s went before it was revoked", t.key)
	}
	return last.Sub(began), nil
}

// writes counts what was stored so far that Scalegate may write: its kinds, namespaces and events. Dry runs store nothing.
func (s *scene) writes(ctx context.Context) (float64, error) {
	text, err := s.metrics.Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, fmt.Errorf("reading the API server's metrics: %w", err)
	}
	total := 0.0
	for line := range strings.Lines(string(text)) {
		labels, isRequest := strings.CutPrefix(line, "apiserver_request_total{")
		if !isRequest || !writing(labels) {
			continue
		}
		fields := strings.Fields(labels)
		n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			return 0, fmt.Errorf("reading the API server's metrics: %w", err)
		}
		total += n
	}
	return total, nil
}

func writing(labels string) bool {
	one := func(label string, values ...string) bool {
		return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(labels, label+`="`+v+`"`) })
	}
	return one("verb", "POST", "PUT", "PATCH", "APPLY", "DELETE") && one("code", "200", "201") && one("dry_run", "") &&
		(one("group", v1alpha1.SchemeGroupVersion.Group, "events.k8s.io") || one("resource", "namespaces"))
}
