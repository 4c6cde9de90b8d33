// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/fixture"
)

// listening writes live reads into the cluster's log, of which several may be made at a time.
type listening struct {
	client.Reader
	c *cluster
}

func (l listening) note(what string) {
	l.c.mutex.Lock()
	defer l.c.mutex.Unlock()
	l.c.log = append(l.c.log, what)
}

func (l listening) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	l.note("read " + l.c.kind(o) + " " + key.Name)
	return l.Reader.Get(ctx, key, o, opts...)
}

func (l listening) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	l.note("read " + l.c.kind(list))
	return l.Reader.List(ctx, list, opts...)
}

// before is what was asked of the API server before the first pod was taken.
func (c *cluster) before() []string {
	at := slices.IndexFunc(c.log, func(line string) bool { return strings.HasPrefix(line, "delete Pod") })
	if at < 0 {
		return nil
	}
	return c.log[:at]
}

// Before a Critical revocation takes the first pod, the API server is asked for little, whatever else the decision rests on.
func TestACriticalRevocationAsksForLittleBeforeItTakes(t *testing.T) {
	twin := func() *v1alpha1.ModelRelease {
		return fixture.Release("twin", fixture.Of(fixture.Weights("m1"), fixture.Server("twin")), fixture.Recalled(v1alpha1.RevocationCritical, v1alpha1.ReachNamespace))
	}
	for sentence, test := range map[string]struct {
		others []client.Object
		revoke bool
		// fresh: a manager that has just begun, and does not know what is on record.
		fresh bool
		want  []string
	}{
		"its own revocation":         {nil, true, false, []string{"read ModelRelease m1", "patch Namespace serving"}},
		"which another manager left": {nil, true, true, []string{"read ModelRelease m1", "patch Namespace serving"}},
		"that of a release of the same weights": {
			[]client.Object{twin()}, false, false, []string{"read ModelRelease m1", "read ModelRelease twin", "patch Namespace serving"},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := newCluster(t, served(result("0.1"))...)
			c.mustReconcile()
			c.log = nil
			if test.revoke {
				c = revoked(t)
			}
			for _, o := range test.others {
				if err := c.api.Create(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			}
			if test.fresh {
				c.reconciler = c.newReconciler()
			}
			c.reconciler.Live = listening{c.live(), c}
			c.mustReconcile()
			if got := c.before(); !slices.Equal(got, test.want) {
				t.Errorf("before the first pod went: %q, want %q", got, test.want)
			}
			if n := len(slices.DeleteFunc(slices.Clone(c.log), func(line string) bool { return line != "delete Pod p" })); n != 1 {
				t.Errorf("the pod was deleted %d times", n)
			}
			if !slices.Contains(c.log, "event Revoked Pod p") {
				t.Errorf("nobody is told of the pod: %q", c.log)
			}
		})
	}
}

// Nor does it wait for what else speaks against the pod, or for what is slow to answer.
func TestACriticalRevocationWaitsForNothingElse(t *testing.T) {
	for sentence, test := range map[string]struct {
		policy *v1alpha1.SafetyPolicy
		value  string
		told   string
	}{
		"the evidence fails as well": {demanding(), "0.9", "event AdverseFinding Pod p"},
		"it is time to look at a safeguard again": {
			wanting(v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardDedicatedNamespace}), "0.1", "event Revoked Pod p",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			objects := served(result("0.1"))
			objects[1] = test.policy
			c := newCluster(t, objects...)
			c.mustReconcile()
			e := read(c, result(""))
			e.Status.Measurement.Value = test.value
			if err := c.api.Status().Update(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			c.edit(release(), func(r *v1alpha1.ModelRelease) {
				r.Spec.Revocation = &v1alpha1.Revocation{Severity: v1alpha1.RevocationCritical, Reason: "it leaks"}
			})
			c.clock = metav1.NewTime(c.now().Add(DefaultSafeguardPeriod))
			c.log = nil
			c.reconciler.Live = listening{c.live(), c}
			c.mustReconcile()
			if want := []string{"read ModelRelease m1", "patch Namespace serving"}; !slices.Equal(c.before(), want) {
				t.Errorf("before the first pod went: %q, want %q", c.before(), want)
			}
			if !slices.Contains(c.log, test.told) {
				t.Errorf("nobody is told of the pod: %q", c.log)
			}
		})
	}
}

// The status and the events tell the same as if all had been read before anything was taken.
func TestWhatIsTakenEarlyIsToldAsAllElse(t *testing.T) {
	tell := func(early bool) (v1alpha1.ModelReleaseStatus, []string) {
		c := revoked(t)
		c.reconciler.Live = c.live()
		if !early {
			c.reconciler.Live = &failing{c.live(), 1}
		}
		c.notes, c.all = nil, nil
		c.mustReconcile()
		recorded := slices.IndexFunc(c.all, func(line string) bool { return strings.HasPrefix(line, "create GateDecision") })
		if early != (slices.Index(c.all, "delete Pod p") < recorded) {
			t.Fatalf("taken early is not %v: %q", early, c.all)
		}
		status := read(c, release()).Status
		status.Decision = nil
		slices.Sort(c.notes)
		return status, c.notes
	}
	wantStatus, wantNotes := tell(false)
	status, notes := tell(true)
	if diff := cmp.Diff(wantStatus, status) + cmp.Diff(wantNotes, notes); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

// failing is a reader of which the first reads of one object go wrong.
type failing struct {
	client.Reader
	left int
}

func (f *failing) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if f.left--; f.left >= 0 {
		return errBroken
	}
	return f.Reader.Get(ctx, key, o, opts...)
}

// What the cache shows of a revocation takes nothing before the API server says so too, and nothing where the gate is not enforced.
func TestARevocationThatOnlyTheCacheShows(t *testing.T) {
	p := &corev1.Pod{ObjectMeta: stored("p")}
	t.Run("it was taken back", func(t *testing.T) {
		c := revoked(t)
		c.cache = c.hold([]client.Object{
			read(c, release()), read(c, demanding()), read(c, result("")), read(c, p), read(c, replicaSet()),
			read(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}}),
		})
		r := read(c, release())
		r.Spec.Revocation = nil
		r.Generation++
		if err := c.api.Update(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		c.mustReconcile()
		if _, stands := c.hasClearance(); !stands || !c.exists(p) {
			t.Errorf("something was taken: %q", c.log)
		}
	})
	t.Run("the gate is not enforced any more", func(t *testing.T) {
		c := revoked(t)
		c.cache = c.hold([]client.Object{
			read(c, release()), read(c, demanding()), read(c, result("")), read(c, p), read(c, replicaSet()),
			read(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}}),
		})
		ns := read(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}})
		ns.Labels[v1alpha1.LabelGate] = v1alpha1.GateAudited
		if err := c.api.Update(t.Context(), ns); err != nil {
			t.Fatal(err)
		}
		c.mustReconcile()
		if _, stands := c.hasClearance(); stands || !c.exists(p) {
			t.Errorf("the clearance stands, or the pod is gone: %q", c.log)
		}
	})
	t.Run("and a clearance that the cache does not show goes too", func(t *testing.T) {
		c := revoked(t)
		shown := read(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}})
		delete(shown.Annotations, clearance.Key("m1"))
		c.cache = c.hold([]client.Object{
			read(c, release()), read(c, demanding()), read(c, result("")), read(c, p), read(c, replicaSet()), shown,
		})
		c.mustReconcile()
		if _, stands := c.hasClearance(); stands || c.exists(p) {
			t.Errorf("the clearance or the pod stands: %q", c.log)
		}
	})
	t.Run("it is taken back while it is enforced", func(t *testing.T) {
		c := revoked(t)
		c.reconciler.Live = &takingBack{Reader: c.reconciler.Live, c: c}
		c.mustReconcile()
		if _, stands := c.hasClearance(); !stands || c.exists(p) {
			t.Errorf("the clearance was not written again, or nothing was taken: %q", c.log)
		}
	})
}

// Where the clearance cannot be withdrawn nobody answers what the gate is, and it is read before a pod goes.
func TestARevocationWhoseClearanceCannotBeWithdrawn(t *testing.T) {
	p := &corev1.Pod{ObjectMeta: stored("p")}
	for sentence, test := range map[string]struct {
		gate  string
		stays bool
	}{
		"the gate is enforced": {v1alpha1.GateEnforced, false},
		"it is not any more":   {v1alpha1.GateAudited, true},
	} {
		t.Run(sentence, func(t *testing.T) {
			c := revoked(t)
			c.cache = c.hold([]client.Object{
				read(c, release()), read(c, demanding()), read(c, result("")), read(c, p), read(c, replicaSet()),
				read(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}}),
			})
			ns := read(c, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: fixture.Namespace}})
			ns.Labels[v1alpha1.LabelGate] = test.gate
			if err := c.api.Update(t.Context(), ns); err != nil {
				t.Fatal(err)
			}
			c.fails["patch Namespace serving"] = errBroken
			if _, err := c.reconcile(); err == nil {
				t.Error("no error")
			}
			if c.exists(p) != test.stays {
				t.Errorf("the pod stays: %v", !test.stays)
			}
		})
	}
}

// takingBack takes the revocation back once it was read that it stands.
type takingBack struct {
	client.Reader
	c    *cluster
	once sync.Once
}

func (b *takingBack) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	err := b.Reader.Get(ctx, key, o, opts...)
	b.once.Do(func() { b.c.edit(release(), func(r *v1alpha1.ModelRelease) { r.Spec.Revocation = nil }) })
	return err
}
