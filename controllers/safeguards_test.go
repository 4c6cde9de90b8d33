// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/gate"
)

// wanting is a policy whose level ASL-2 needs the evidence "attack", and a check.
func wanting(check v1alpha1.SafeguardCheck, modifiers ...func(*v1alpha1.Requirement)) *v1alpha1.SafetyPolicy {
	return demanding(func(p *v1alpha1.SafetyPolicy) {
		r := v1alpha1.Requirement{Name: "guarded", Check: &check}
		for _, modify := range modifiers {
			modify(&r)
		}
		p.Spec.Requirements = append(p.Spec.Requirements, r)
		p.Spec.Levels[0].Requires = append(p.Spec.Levels[0].Requires, "guarded")
	})
}

func sandbox() v1alpha1.SafeguardCheck {
	return v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardRuntimeClass, RuntimeClasses: []string{"gvisor"}}
}

func classed(t *corev1.PodTemplateSpec) { t.Spec.RuntimeClassName = new("gvisor") }

func classedPod(p *corev1.Pod) { p.Spec.RuntimeClassName = new("gvisor") }

// safeguard is what the status tells of the one check.
func (c *cluster) safeguard() v1alpha1.SafeguardStatus {
	c.t.Helper()
	all := read(c, release()).Status.Safeguards
	if len(all) != 1 || all[0].LookedAt == "" || all[0].CannotSee == "" || all[0].SinceTime == nil {
		c.t.Fatalf("safeguards %+v, want one", all)
	}
	return all[0]
}

func (c *cluster) readyReason() string {
	c.t.Helper()
	if found := meta.FindStatusCondition(read(c, release()).Status.Conditions, v1alpha1.ConditionReady); found != nil {
		return found.Reason
	}
	return ""
}

// A policy without checks reads nothing of what checks need.
func TestWithoutChecksNothingIsRead(t *testing.T) {
	c := newCluster(t, waitingWorld()...)
	for _, kind := range []string{
		"NetworkPolicyList", "RoleList", "RoleBindingList", "ClusterRoleList", "ClusterRoleBindingList", "PersistentVolumeClaimList", "StorageClassList",
	} {
		c.fails["list "+kind], c.fails["cached list "+kind] = errBroken, errBroken
	}
	c.mustReconcile()
	if r := read(c, release()); r.Status.GrantedExposure != "General" || r.Status.Safeguards != nil {
		t.Errorf("status %+v", r.Status)
	}
}

// What waits and would break a check stays held, at the parent, by its ReplicaSet and as a pod, and nothing else is.
func TestWhatWouldBreakACheckStaysHeld(t *testing.T) {
	for name, test := range map[string]struct {
		deployment []func(*corev1.PodTemplateSpec)
		pod        []func(*corev1.Pod)
		lifted     bool
		opened     bool
	}{
		"both break it":     {pod: []func(*corev1.Pod){waits}},
		"the pod breaks it": {deployment: []func(*corev1.PodTemplateSpec){classed}, pod: []func(*corev1.Pod){waits}, lifted: true},
		"neither does":      {deployment: []func(*corev1.PodTemplateSpec){classed}, pod: []func(*corev1.Pod){waits, classedPod}, lifted: true, opened: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, governed(v1alpha1.GateEnforced), wanting(sandbox()), release(), result("0.1"),
				heldDeployment(test.deployment...), replicaSet(test.deployment...), running(test.pod...))
			c.mustReconcile()
			if got := c.safeguard(); got.State != v1alpha1.SafeguardInPlace {
				t.Errorf("nothing serves: %+v", got)
			}
			if lifted := !read(c, &appsv1.Deployment{ObjectMeta: stored("d")}).Spec.Paused; lifted != test.lifted {
				t.Errorf("lifted: %v", lifted)
			}
			pod := read(c, &corev1.Pod{ObjectMeta: stored("p")})
			if opened := !held(pod); opened != test.opened {
				t.Errorf("opened: %v", opened)
			}
			note := pod.Annotations[v1alpha1.AnnotationHoldReason]
			if told := strings.HasPrefix(note, "SafeguardNotInPlace: guarded (RuntimeClass): Pod p: spec.runtimeClassName is not set"); told == test.opened {
				t.Errorf("the pod says %q", note)
			}
			value, _ := c.hasClearance()
			if free := strings.Contains(value, string(fixture.UID("d-1"))); free != test.lifted {
				t.Errorf("clearance %q", value)
			}
			if !test.opened {
				w := read(c, release()).Status.Workloads
				if len(w) != 1 || w[0].Reason != v1alpha1.ReasonSafeguardNotInPlace || !strings.Contains(w[0].Message, "set it to one of gvisor") {
					t.Errorf("workloads %+v", w)
				}
			}
			// What was opened serves by now, and the status tells that.
			c.mustReconcile()
			c.idle()
		})
	}
}

// What serves and breaks a check freezes the release: the clearance goes, what serves stays, and somebody is told.
func TestABrokenCheckFreezes(t *testing.T) {
	objects := served(result("0.1"))
	objects[1] = wanting(sandbox())
	c := newCluster(t, objects...)
	c.mustReconcile()
	got := c.safeguard()
	if got.State != v1alpha1.SafeguardBroken || c.readyReason() != v1alpha1.ReasonSafeguardNotInPlace || !c.exists(running()) {
		t.Errorf("%+v, Ready %s", got, c.readyReason())
	}
	if _, stands := c.hasClearance(); stands {
		t.Error("the clearance stands")
	}
	if !slices.ContainsFunc(c.notes, func(note string) bool {
		return strings.Contains(note, "needs guarded, which is Broken (Pod p: spec.runtimeClassName is not set")
	}) {
		t.Errorf("notes %q", c.notes)
	}
	since := got.SinceTime
	c.clock = metav1.NewTime(now().Add(time.Hour))
	c.mustReconcile()
	if got := c.safeguard(); !got.SinceTime.Equal(since) {
		t.Errorf("it is broken since %v, before since %v", got.SinceTime, since)
	}
}

// Where nothing but pods that serve stands in the way, a held rollout that mends it is lifted.
func TestARolloutThatMendsIsLifted(t *testing.T) {
	for name, test := range map[string]struct {
		evidence string
		template []func(*corev1.PodTemplateSpec)
		want     bool
	}{
		"it mends":                    {"0.1", []func(*corev1.PodTemplateSpec){classed}, true},
		"it breaks the check as well": {"0.1", nil, false},
		"evidence is unclear":         {"0.3", []func(*corev1.PodTemplateSpec){classed}, false},
	} {
		t.Run(name, func(t *testing.T) {
			objects := served(result(test.evidence))
			objects[1] = wanting(sandbox())
			objects[2] = release(func(r *v1alpha1.ModelRelease) {
				r.Status.GrantedExposure, r.Status.SubjectDigest = "General", gate.Digest(gate.Artifacts(r), nil)
			})
			c := newCluster(t, append(objects, heldDeployment(test.template...))...)
			c.mustReconcile()
			c.mustReconcile()
			if lifted := !read(c, &appsv1.Deployment{ObjectMeta: stored("d")}).Spec.Paused; lifted != test.want {
				t.Errorf("lifted: %v", lifted)
			}
		})
	}
}

// What serves below the exposure from which on a check is needed does not break it.
func TestACheckFromAnExposureOn(t *testing.T) {
	objects := served(result("0.1"))
	objects[1] = wanting(sandbox(), fixture.NeededFrom("General"))
	objects[4] = running(func(p *corev1.Pod) { p.Labels[v1alpha1.LabelExposure] = "Internal" })
	c := newCluster(t, objects...)
	c.mustReconcile()
	if got := c.safeguard(); got.State != v1alpha1.SafeguardInPlace {
		t.Errorf("%+v", got)
	}
}

func denial() *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		ObjectMeta: stored("deny"), Spec: networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}},
	}
}

// Before anything is opened, NetworkPolicies are read at the API server: one that the cache shows still is no denial.
func TestNetworkPoliciesAreReadLive(t *testing.T) {
	check := v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEgressDenied}
	world := func(more ...client.Object) []client.Object {
		return append([]client.Object{
			governed(v1alpha1.GateEnforced), wanting(check), release(), result("0.1"), heldDeployment(), replicaSet(), running(waits),
		}, more...)
	}
	c := newCluster(t, world()...).lagging(world(denial())...)
	c.mustReconcile()
	if !held(read(c, &corev1.Pod{ObjectMeta: stored("p")})) || !read(c, &appsv1.Deployment{ObjectMeta: stored("d")}).Spec.Paused {
		t.Error("something was opened on a cache")
	}
	c = newCluster(t, world(denial())...)
	c.mustReconcile()
	if held(read(c, &corev1.Pod{ObjectMeta: stored("p")})) {
		t.Error("the pod is held though egress is denied")
	}
	found, err := wakes{c.cache}.releasesOfNetworkPolicy(t.Context(), denial())
	if err != nil || !slices.Equal(found, []types.NamespacedName{{Namespace: fixture.Namespace, Name: "m1"}}) {
		t.Errorf("wakes %v, %v", found, err)
	}
	c = newCluster(t, waitingWorld()...)
	if found, err := (wakes{c.cache}).releasesOfNetworkPolicy(t.Context(), denial()); err != nil || len(found) > 0 {
		t.Errorf("wakes %v of a policy without checks, %v", found, err)
	}
}

// What no event tells is read on a period, and sooner while it is broken; and shared meanwhile.
func TestRightsAreReadOnAPeriod(t *testing.T) {
	objects := served(result("0.1"))
	objects[1] = wanting(v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardNoTenantExec})
	c := newCluster(t, objects...)
	if again := c.mustReconcile().RequeueAfter; again != time.Minute || c.safeguard().State != v1alpha1.SafeguardInPlace {
		t.Errorf("looks again after %v: %+v", again, c.safeguard())
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "power"}, RoleRef: rbacv1.RoleRef{Kind: "ClusterRole", Name: "power"},
		Subjects: []rbacv1.Subject{{Kind: rbacv1.UserKind, Name: "mallory"}},
	}
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "power"}, Rules: []rbacv1.PolicyRule{{APIGroups: []string{"*"}, Resources: []string{"*"}, Verbs: []string{"*"}}},
	}
	for _, o := range []client.Object{binding, role} {
		if err := c.api.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	start := c.now()
	c.clock = metav1.NewTime(start.Add(30 * time.Second))
	if c.mustReconcile(); c.safeguard().State != v1alpha1.SafeguardInPlace {
		t.Errorf("it was read before its time: %+v", c.safeguard())
	}
	c.clock = metav1.NewTime(start.Add(time.Minute))
	if again := c.mustReconcile().RequeueAfter; again != 10*time.Second || c.safeguard().State != v1alpha1.SafeguardBroken {
		t.Errorf("looks again after %v: %+v", again, c.safeguard())
	}
	if err := c.api.Delete(t.Context(), binding); err != nil {
		t.Fatal(err)
	}
	c.clock = metav1.NewTime(start.Add(70 * time.Second))
	if c.mustReconcile(); c.safeguard().State != v1alpha1.SafeguardInPlace || c.readyReason() != v1alpha1.ReasonReleased {
		t.Errorf("mended: %+v, Ready %s", c.safeguard(), c.readyReason())
	}
}

// Where rights cannot be read, what was seen last counts for a while and nothing is given; then nothing is known. What an
// adverse finding removes does not wait for it.
func TestRightsThatCannotBeRead(t *testing.T) {
	objects := served(result("0.1"))
	objects[1] = wanting(v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardNoTenantExec})
	c := newCluster(t, objects...)
	c.mustReconcile()
	start := c.now()
	c.fails["list RoleList"] = errBroken
	c.clock = metav1.NewTime(start.Add(time.Minute))
	if err := c.api.Create(t.Context(), running(renamed("waits"), waits)); err != nil {
		t.Fatal(err)
	}
	again := c.mustReconcile().RequeueAfter
	if _, stands := c.hasClearance(); !stands || again != 10*time.Second || !held(read(c, &corev1.Pod{ObjectMeta: stored("waits")})) {
		t.Errorf("the clearance stands: %v; looks again after %v", stands, again)
	}
	if got := c.enforcedBy(); got.Reason != v1alpha1.ReasonSafeguardNotInPlace || !strings.Contains(got.Message, "could not be looked at") {
		t.Errorf("Enforced: %+v", got)
	}
	c.clock = metav1.NewTime(start.Add(6 * time.Minute))
	if c.mustReconcile(); c.safeguard().State != v1alpha1.SafeguardUnknown || !c.exists(running()) {
		t.Errorf("%+v", c.safeguard())
	}
	bad := result("0.9")
	bad.Name, bad.UID = "bad", fixture.UID("bad")
	if err := c.api.Create(t.Context(), bad); err != nil {
		t.Fatal(err)
	}
	c.mustReconcile()
	if c.exists(running()) {
		t.Error("a failed result removed nothing while rights could not be read")
	}
}

// A namespace is dedicated where nothing but the release is in it; what has ended is not.
func TestWhoElseIsInTheNamespace(t *testing.T) {
	other := running(renamed("other"), func(p *corev1.Pod) { p.Labels, p.OwnerReferences = nil, nil })
	ended := running(renamed("ended"), func(p *corev1.Pod) { p.Labels, p.Status.Phase = nil, corev1.PodSucceeded })
	for name, test := range map[string]struct {
		more []client.Object
		want v1alpha1.SafeguardState
	}{
		"nobody":            {want: v1alpha1.SafeguardInPlace},
		"what has ended":    {[]client.Object{ended}, v1alpha1.SafeguardInPlace},
		"a pod of somebody": {[]client.Object{other}, v1alpha1.SafeguardBroken},
	} {
		t.Run(name, func(t *testing.T) {
			ns := governed(v1alpha1.GateEnforced)
			ns.Labels[v1alpha1.LabelClaims] = v1alpha1.ClaimsAll
			c := newCluster(t, append([]client.Object{
				ns, wanting(v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardDedicatedNamespace}), release(), result("0.1"), replicaSet(), running(),
			}, test.more...)...)
			if c.mustReconcile(); c.safeguard().State != test.want {
				t.Errorf("%+v", c.safeguard())
			}
		})
	}
}

func storageClass(name string) *storagev1.StorageClass {
	return &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Provisioner: "example.com/disk"}
}

// A StatefulSet's claim templates are judged before it is lifted.
func TestClaimTemplatesAreLookedAt(t *testing.T) {
	for class, lifted := range map[string]bool{"encrypted": true, "plain": false} {
		set := &appsv1.StatefulSet{ObjectMeta: stored("s")}
		set.Annotations = map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldPartitionPrefix + "0"}
		set.Spec.Template = podTemplate("General")
		claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data"}}
		claim.Spec.StorageClassName = &class
		set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{claim}
		c := newCluster(t, governed(v1alpha1.GateEnforced), release(), result("0.1"), set, storageClass("encrypted"), storageClass("plain"),
			wanting(v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEncryptedStorage, StorageClasses: []string{"encrypted"}}))
		c.mustReconcile()
		if got := read(c, &appsv1.StatefulSet{ObjectMeta: stored("s")}).Annotations[v1alpha1.AnnotationHeld] == ""; got != lifted {
			t.Errorf("claims of class %s: lifted %v", class, got)
		}
	}
}
