// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/enforcement"
)

// unanswering is a client of an API server that never answers some calls.
type unanswering struct {
	client.Client
	// evictions and findings are not answered.
	evictions, findings bool
}

func (u unanswering) SubResource(name string) client.SubResourceClient {
	if u.evictions && name == "eviction" {
		return silence{}
	}
	return u.Client.SubResource(name)
}

func (u unanswering) Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error {
	if u.findings {
		<-ctx.Done()
		return fmt.Errorf("posting: %w", ctx.Err())
	}
	return u.Client.Create(ctx, o, opts...)
}

// silence answers nothing.
type silence struct{ client.SubResourceClient }

func (silence) Create(ctx context.Context, _, _ client.Object, _ ...client.SubResourceCreateOption) error {
	<-ctx.Done()
	return fmt.Errorf("posting: %w", ctx.Err())
}

// without makes the reconciler of a cluster one that is not answered.
func (c *cluster) without(u unanswering) {
	u.Client = cached{c.live(), c}
	c.reconciler = &ModelReleaseReconciler{Client: u, Live: c.live(), Events: c, Now: c.now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts()}
}

// A client that is asked to wait by the API server waits, longer than an eviction may take. That is a refusal, and no error; and
// where evictions are asked for once, it is one at once.
func TestAnEvictionThatIsToWaitIsRefused(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Retry-After", "10")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	defer server.Close()
	once := &rest.Config{Host: server.URL}
	once.Wrap(AskOnce)
	for sentence, test := range map[string]struct {
		config  *rest.Config
		atLeast time.Duration
		atMost  time.Duration
	}{
		"by a client that waits":     {&rest.Config{Host: server.URL}, evictionTime, time.Hour},
		"by one that asks only once": {once, 0, evictionTime - time.Second},
	} {
		t.Run(sentence, func(t *testing.T) {
			asked.Store(0)
			r := &ModelReleaseReconciler{Client: podClient(t, test.config)}
			removal := enforcement.Removal{PodRef: enforcement.PodRef{Name: "p", UID: "p"}, Evict: true}
			var did done
			began := time.Now()
			err := r.removeAll(t.Context(), "serving", []enforcement.Removal{removal}, &did)
			if err != nil || did.refused != 1 || len(did.removals) > 0 || asked.Load() != 1 {
				t.Errorf("error %v, refused %d, removed %v, asked %d times", err, did.refused, did.removals, asked.Load())
			}
			if took := time.Since(began); took < test.atLeast || took > test.atMost {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// podClient is a client that knows pods and no discovery.
func podClient(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), policyv1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(corev1.SchemeGroupVersion.WithKind("Pod"), meta.RESTScopeNamespace)
	api, err := client.New(config, client.Options{Scheme: scheme, Mapper: mapper})
	if err != nil {
		t.Fatal(err)
	}
	return api
}

// Evictions that nobody answers keep nothing from being opened, and the status is written all the same: by it they turn into
// deletions.
func TestEvictionsThatAreNotAnsweredKeepNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := fleetOf(t, 400).on(115, 0)
		c.without(unanswering{evictions: true})
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		got, err := c.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(release())})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > evictionsTime {
			t.Errorf("it took %v", took)
		}
		if got.RequeueAfter == 0 || got.RequeueAfter > evictAgain {
			t.Errorf("asks again after %v", got.RequeueAfter)
		}
		if status := read(c, release()).Status; status.Removal == nil {
			t.Errorf("the removal is not remembered: %+v", status)
		}
	})
}

func TestWhatIsGivenDoesNotWaitForEvictions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"), running(waits))
		c.without(unanswering{evictions: true})
		pod := read(c, running())
		plan := enforcement.Plan{
			Opens:    []enforcement.PodRef{{Name: "p", UID: pod.UID, ResourceVersion: pod.ResourceVersion}},
			Removals: []enforcement.Removal{{PodRef: enforcement.PodRef{Name: "q", UID: "q"}, Evict: true}},
		}
		did, err := c.reconciler.act(t.Context(), &course{key: client.ObjectKeyFromObject(release()), plan: plan, decided: time.Now()})
		if err != nil || did.refused != 1 {
			t.Errorf("error %v, refused %d", err, did.refused)
		}
		if diff := cmp.Diff([]string{"patch Pod p"}, c.take()); diff != "" {
			t.Errorf("did (-want +got):\n%s", diff)
		}
	})
}

// A finding that cannot be written, since nobody answers, keeps what failed from serving no longer than a moment.
func TestAFindingThatIsNotAnsweredKeepsNothingServing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, served(result("0.9"))...)
		c.without(unanswering{findings: true})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		if _, err := c.reconciler.Reconcile(ctx, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(release())}); err == nil {
			t.Error("no error")
		}
		if _, ok := c.hasClearance(); ok || !slices.Contains(c.log, "delete Pod p") {
			t.Errorf("it did %q", c.log)
		}
	})
}

// A held workload that nobody answers for, as where the webhook that converts its kind is away, keeps nothing else from being
// done.
func TestReconcileGoesOnWithoutAnAnswer(t *testing.T) {
	var sets []*unstructured.Unstructured
	for _, name := range []string{"one", "two", "three"} {
		set := leaderWorkerSet(name, "m1")
		set.SetAnnotations(map[string]string{v1alpha1.AnnotationHeld: "partition=0"})
		sets = append(sets, set)
	}
	w := newWorld(t, sets...)
	w.install("LeaderWorkerSet", "v1")
	w.eventually("they are seen", func() bool { return len(w.names()) == 3 })
	c := newCluster(t, waitingWorld()...)
	live := c.live()
	c.reconciler = &ModelReleaseReconciler{
		Client: cached{live, c}, Live: unconverted{live}, Events: c, Now: now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(), kinds: w.kinds,
	}
	c.mustReconcile()
	c.wantLog("patch Namespace serving", "patch Deployment d", "patch Pod p", "apply ModelRelease m1",
		"event NotLookedAt ModelRelease m1", "event ExposureChanged ModelRelease m1", "event Released Deployment d")
}

// unconverted is a client of an API server that waits for a webhook when it is asked for a LeaderWorkerSet.
type unconverted struct{ client.Client }

func (u unconverted) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if o.GetObjectKind().GroupVersionKind().Kind != "LeaderWorkerSet" {
		return u.Client.Get(ctx, key, o, opts...)
	}
	<-ctx.Done()
	return fmt.Errorf("getting: %w", ctx.Err())
}
