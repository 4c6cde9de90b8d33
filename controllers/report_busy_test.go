// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// busy makes somebody write to the release before each of the next statuses that the manager writes.
func (c *cluster) busy(times int, change func(*v1alpha1.ModelRelease)) {
	live := interceptor.NewClient(clientWithWatch{c.live(), c.api}, interceptor.Funcs{
		SubResourceApply: func(ctx context.Context, api client.Client, name string, o runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			if times--; times >= 0 {
				r := read(c, release())
				change(r)
				status := r.Status
				if err := c.api.Update(ctx, r); err != nil {
					return err
				}
				r.Status = status
				if err := c.api.Status().Update(ctx, r); err != nil {
					return err
				}
			}
			return api.SubResource(name).Apply(ctx, o, opts...)
		},
	})
	c.reconciler = &ModelReleaseReconciler{
		Client: cached{live, c}, Live: c.live(), Events: c, Now: c.now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(),
	}
}

// clientWithWatch writes with one client, and watches with another.
type clientWithWatch struct {
	client.Client
	watches client.WithWatch
}

func (w clientWithWatch) Watch(ctx context.Context, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error) {
	return w.watches.Watch(ctx, list, opts...)
}

// Whoever writes to a release again and again keeps its status from being stored no more than its pods from being removed: what
// the status remembers is when a wait ends.
func TestReconcileReportsOnABusyRelease(t *testing.T) {
	c := newCluster(t, served(result("0.9"))...)
	n := 0
	c.busy(3, func(r *v1alpha1.ModelRelease) {
		n++
		r.Annotations = map[string]string{"example.com/beat": fixture.SHA256(string(rune('a' + n)))}
	})
	c.mustReconcile()
	if w := read(c, release()).Status.Withdrawal; w == nil || w.Cause != v1alpha1.WithdrawalAdverse {
		t.Errorf("withdrawal = %+v", w)
	}
}

// A status that somebody else wrote meanwhile is not written over.
func TestReconcileLeavesAnotherStatus(t *testing.T) {
	c := newCluster(t, served(result("0.9"))...)
	c.busy(1, func(r *v1alpha1.ModelRelease) { r.Status.GrantedExposure = "Evaluation" })
	if got := c.mustReconcile(); got.RequeueAfter == 0 {
		t.Error("it is not tried again")
	}
	if status := read(c, release()).Status; status.Withdrawal != nil || status.GrantedExposure != "Evaluation" {
		t.Errorf("status = %+v", status)
	}
}

// What was written last is remembered until the cache shows it: a release may come back to the status that the cache still
// has, and no event of ours would tell that the last one is another.
func TestReconcileReportsOverWhatTheCacheDoesNotShowYet(t *testing.T) {
	for sentence, test := range map[string]struct {
		// answered: the API server answered when the status was written that the cache does not show.
		answered bool
		// stored: it was stored.
		stored bool
	}{
		"a status that was written":                                 {true, true},
		"one that was stored, and nobody answered":                  {false, true},
		"one that was not stored is none that the cache could lack": {false, false},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, governed(v1alpha1.GateEnforced), demanding(), release(), result("0.1"))
			c.mustReconcile()
			c.mustReconcile()
			before, workload := read(c, release()), heldDeployment(otherImage)
			if err := c.api.Create(t.Context(), workload); err != nil {
				t.Fatal(err)
			}
			c.lose(test.answered, test.stored)
			_, err := c.reconcile()
			if (err == nil) != test.answered {
				t.Fatalf("error = %v", err)
			}
			if err := c.api.Delete(t.Context(), workload); err != nil {
				t.Fatal(err)
			}
			c.lagging(read(c, governed("")), demanding(), before, result("0.1"))
			got := c.mustReconcile()
			if soon := got.RequeueAfter != 0 && got.RequeueAfter <= time.Second; soon != test.stored {
				t.Errorf("it is looked at again after %v", got.RequeueAfter)
			}
			c.cache = c.api
			c.mustReconcile()
			if got := reasonOf(read(c, release()).Status, v1alpha1.ConditionReady); got != v1alpha1.ReasonReleased {
				t.Errorf("Ready is %s", got)
			}
			if got := c.mustReconcile(); got.RequeueAfter != 0 && got.RequeueAfter <= time.Second {
				t.Errorf("what is reported is looked at again after %v", got.RequeueAfter)
			}
		})
	}
}

// lose makes the next status that the manager writes not be answered, or not stored.
func (c *cluster) lose(answered, stored bool) {
	once := true
	live := interceptor.NewClient(clientWithWatch{c.live(), c.api}, interceptor.Funcs{
		SubResourceApply: func(ctx context.Context, api client.Client, name string, o runtime.ApplyConfiguration, opts ...client.SubResourceApplyOption) error {
			first := once
			once = false
			if first && !stored {
				return errBroken
			}
			if err := api.SubResource(name).Apply(ctx, o, opts...); err != nil || !first || answered {
				return err
			}
			return errBroken
		},
	})
	c.reconciler.Client = cached{live, c}
}
