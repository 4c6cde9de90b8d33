// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package failures

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/test/installation"
)

// A second API server sees no change of any Namespace for as long as the test wants: what it has of Namespaces comes
// from etcd by way of a forwarder that can be held. All else it sees at once, as the first one does.
func TestTwoAPIServersOfWhichOneLags(t *testing.T) {
	b := managed.shared(t)
	s := named(t, b)
	s.must(s.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}))
	s.policy()
	s.release("good")
	s.evaluate("good", "good", 0.01, anHourAgo())
	s.release("bad")
	s.is("good", v1alpha1.ConditionEvidenceComplete, v1alpha1.ReasonEvidenceComplete)
	s.replicaSet("changed", "good")
	s.replicaSet("clean", "good")
	s.counts("changed", 1, 0)
	s.counts("clean", 1, 0)
	second := s.secondServer()

	t.Run("WhileItDoesNotKnowThatTheNamespaceIsEnforced", func(t *testing.T) { s.in(t).unseenLabel(second) })
	t.Run("WhileItDoesNotKnowThatAClearanceIsWithdrawn", func(t *testing.T) { s.in(t).unseenWithdrawal(second) })
}

// in is the scenario as a subtest sees it.
func (s *scenario) in(t *testing.T) *scenario {
	t.Helper()
	return &scenario{t: t, bed: s.bed, ns: s.ns, Client: s.Client}
}

// unseenLabel: what the lagging server lets through is what the namespace would have let through a moment before it was
// enforced. A pod of an uncleared release serves as one that was there before. A ReplicaSet that is cleared meanwhile and
// changed behind its clearance loses it, and what it makes from then on is held.
func (s *scenario) unseenLabel(second lagging) {
	second.hold()
	release := sync.OnceFunc(second.release)
	defer release()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s.ns}}
	s.must(s.Patch(s.t.Context(), ns, client.RawPatch("application/merge-patch+json", []byte(`{"metadata":{"labels":{"scalegate.dev/gate":"enforced"}}}`))))
	s.eventually(func(ctx context.Context) error { return s.holds(ctx, s.Client) })
	stray := s.pod("stray", "bad")
	s.must(second.admin.Create(s.t.Context(), stray))
	if isHeld(stray) {
		s.t.Fatal("the second API server does not lag")
	}
	s.eventually(s.clears("good", "changed"))

	change := []byte(`[{"op":"replace","path":"/spec/template/spec/containers/0/args/0","value":"--model=/other"}]`)
	set := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: "changed"}}
	if err := s.Patch(s.t.Context(), set.DeepCopy(), client.RawPatch("application/json-patch+json", change)); err == nil {
		s.t.Fatal("the first API server lets the template of a ReplicaSet be changed")
	}
	s.must(second.admin.Patch(s.t.Context(), set, client.RawPatch("application/json-patch+json", change)))
	s.eventually(func(ctx context.Context) error {
		if err := s.clears("good", "changed")(ctx); err == nil {
			return errors.New("the changed ReplicaSet is still cleared")
		}
		return nil
	})
	s.deleteAll("changed")
	s.counts("changed", 0, 1)
	s.counts("clean", 1, 0)

	release()
	s.eventually(func(ctx context.Context) error { return s.holds(ctx, second.admin) })
	s.counts("stray", 1, 0)
	s.is("bad", v1alpha1.ConditionReady, v1alpha1.ReasonEvidenceMissing)
}

// unseenWithdrawal: a pod that the lagging server lets be born free, by a clearance that is no more, is removed as what
// the failed release had before.
func (s *scenario) unseenWithdrawal(second lagging) {
	set := &appsv1.ReplicaSet{}
	s.must(s.Get(s.t.Context(), client.ObjectKey{Namespace: s.ns, Name: "clean"}, set))
	second.hold()
	defer second.release()
	s.evaluate("failure", "good", 0.9, anHourAgo())
	s.is("good", v1alpha1.ConditionReady, v1alpha1.ReasonAdverseFinding)
	s.eventually(s.nothingServes("good"))
	pod := s.pod("clean-late", "good")
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("ReplicaSet"))}
	s.must(second.replicaSets.Create(s.t.Context(), pod))
	if isHeld(pod) {
		s.t.Fatal("the second API server does not lag")
	}
	s.eventually(s.nothingServes("good"))
}

// replicaSet makes a ReplicaSet of one pod that serves the release.
func (s *scenario) replicaSet(name, release string) {
	s.t.Helper()
	s.must(s.Create(s.t.Context(), &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: s.ns, Name: name},
		Spec: appsv1.ReplicaSetSpec{
			Replicas: new(int32(1)), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}},
			Template: s.template(release, name),
		},
	}))
}

// clears tells whether a ReplicaSet is in the clearance of a release.
func (s *scenario) clears(release, replicaSet string) func(context.Context) error {
	return func(ctx context.Context) error {
		set := &appsv1.ReplicaSet{}
		if err := s.Get(ctx, client.ObjectKey{Namespace: s.ns, Name: replicaSet}, set); err != nil {
			return err
		}
		c, _, err := s.cleared(ctx, release)
		if err == nil && !slices.Contains(c.Owners, set.UID) {
			err = fmt.Errorf("%s is not cleared: %v", replicaSet, c)
		}
		return err
	}
}

// holds tells whether an API server holds a pod that claims a release.
func (s *scenario) holds(ctx context.Context, c client.Client) error {
	probe := s.pod("probe", "bad")
	if err := c.Create(ctx, probe, client.DryRunAll); err != nil {
		return err
	}
	if !isHeld(probe) {
		return errors.New("a pod that claims a release is not held")
	}
	return nil
}

// lagging is an API server beside the first one.
type lagging struct {
	*forwarder
	// admin acts as cluster admin there, replicaSets as the controller of ReplicaSets.
	admin, replicaSets client.Client
}

// secondServer starts an API server that does not lag yet, until the test ends.
func (s *scenario) secondServer() lagging {
	s.t.Helper()
	const name = "kube-apiserver-2"
	f, err := forward(s.bed.EtcdAddress())
	s.must(err)
	s.t.Cleanup(f.close)
	url, err := s.bed.AddAPIServer(s.t.Context(), name, "--etcd-servers-overrides=/namespaces#https://"+f.listener.Addr().String())
	s.must(err)
	s.t.Cleanup(func() {
		if err := s.bed.Kill(name); err != nil {
			s.t.Error(err)
		}
	})
	controller, err := s.bed.ServiceAccount(s.t.Context(), "kube-system", "replicaset-controller")
	s.must(err)
	at := func(cfg *rest.Config) client.Client {
		cfg.Host = url
		c, err := installation.Client(cfg)
		s.must(err)
		return c
	}
	return lagging{forwarder: f, admin: at(s.bed.Admin()), replicaSets: at(controller)}
}

// forwarder passes bytes on between who connects to it and one address. What comes from there can be held.
type forwarder struct {
	listener net.Listener
	to       string
	// gate is held for writing while nothing passes.
	gate sync.RWMutex
}

func forward(to string) (*forwarder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &forwarder{listener: l, to: to}
	go f.accept()
	return f, nil
}

func (f *forwarder) hold()    { f.gate.Lock() }
func (f *forwarder) release() { f.gate.Unlock() }
func (f *forwarder) close()   { _ = f.listener.Close() }

func (f *forwarder) accept() {
	for {
		in, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.pass(in)
	}
}

func (f *forwarder) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", f.to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		_, _ = io.Copy(out, in)
		_ = out.Close() // ends the other half too
	}()
	_, _ = io.Copy(gated{in, &f.gate}, out)
}

// gated writes while its gate is open.
type gated struct {
	io.Writer
	gate *sync.RWMutex
}

func (g gated) Write(p []byte) (int, error) {
	g.gate.RLock()
	defer g.gate.RUnlock()
	return g.Writer.Write(p)
}
