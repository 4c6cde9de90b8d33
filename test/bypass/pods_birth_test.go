// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// cleared is the owner that the clearance of these tests names.
var cleared = fixture.UID("cleared owner")

func TestWhoMakesAPodDecidesWhetherItIsBornFree(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	writeClearance(t, ns, granted(cleared).String())
	tenant := makeTenant(t, ns)
	serviceAccount, err := shared.ServiceAccount(t.Context(), ns, "default")
	must(t, err)
	bindEdit(t, ns, "default", rbacServiceAccount)
	account := clientFor(t, serviceAccount)
	for name, row := range map[string]struct {
		as   client.Client
		free bool
	}{
		"the replicaset controller, from a cleared owner":                 {as: shared.replicaSets, free: true},
		"a cluster admin who types the cleared owner":                     {as: shared.Client},
		"a tenant who types the cleared owner":                            {as: tenant},
		"the namespace's default service account, with its own token":     {as: account},
		"a service account called replicaset-controller of the namespace": {as: identity(t, "system:serviceaccount:"+ns+":replicaset-controller", "system:masters")},
		"the job controller":         {as: identity(t, "system:serviceaccount:kube-system:job-controller", "system:masters")},
		"the statefulset controller": {as: identity(t, "system:serviceaccount:kube-system:statefulset-controller", "system:masters")},
		"the daemonset controller":   {as: identity(t, "system:serviceaccount:kube-system:daemon-set-controller", "system:masters")},
		"the replication controller": {as: identity(t, "system:serviceaccount:kube-system:replication-controller", "system:masters")},
		"a user in the group of the replicaset controller but not its name": {as: identity(t, "mallory", "system:serviceaccounts:kube-system", "system:masters")},
	} {
		t.Run(name, func(t *testing.T) {
			p := pod(ns, ownedBy(cleared))
			must(t, row.as.Create(t.Context(), p))
			if free := !held(p); free != row.free {
				t.Errorf("born free: %v, want %v", free, row.free)
			}
		})
	}
}

func TestWhatAPodIsDecidesWhetherItIsBornFree(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	writeClearance(t, ns, granted(cleared).String())
	for name, row := range map[string]struct {
		change func(*corev1.Pod)
		free   bool
	}{
		"of the cleared owner":                            {change: func(*corev1.Pod) {}, free: true},
		"with the gate of another operator too":           {change: gated("kueue.x-k8s.io/admission"), free: true},
		"with a name of its own":                          {change: func(p *corev1.Pod) { p.GenerateName, p.Name = "", "web-1-abcde" }, free: true},
		"bound for a node from the start":                 {change: func(p *corev1.Pod) { p.Spec.NodeName = "node-1" }, free: true},
		"of nobody":                                       {change: func(p *corev1.Pod) { p.OwnerReferences = nil }},
		"of an owner that is not in the clearance":        {change: ownedBy(fixture.UID("another owner"))},
		"of a Job with the cleared UID":                   {change: ownedByKind("batch/v1", "Job", cleared)},
		"of a StatefulSet with the cleared UID":           {change: ownedByKind("apps/v1", "StatefulSet", cleared)},
		"of a DaemonSet with the cleared UID":             {change: ownedByKind("apps/v1", "DaemonSet", cleared)},
		"of a ReplicaSet of extensions/v1beta1":           {change: ownedByKind("extensions/v1beta1", "ReplicaSet", cleared)},
		"of a ReplicaSet of another group":                {change: ownedByKind("example.com/v1", "ReplicaSet", cleared)},
		"of the cleared owner, which does not control it": {change: func(p *corev1.Pod) { p.OwnerReferences[0].Controller = nil }},
		"controlled by another owner beside the cleared one": {change: func(p *corev1.Pod) {
			other := p.OwnerReferences[0]
			other.UID, p.OwnerReferences[0].Controller = fixture.UID("another owner"), new(false)
			p.OwnerReferences = append(p.OwnerReferences, other)
		}},
		"of an owner whose UID starts as the cleared one": {change: ownedBy(cleared[:len(cleared)-1])},
		"of the cleared UID and another, with a comma":    {change: ownedBy(cleared + "," + fixture.UID("x"))},
		"that claims another release":                     {change: labelled(v1alpha1.LabelRelease, "m2")},
		"that claims the empty release":                   {change: labelled(v1alpha1.LabelRelease, "")},
		"that claims the release in capitals":             {change: labelled(v1alpha1.LabelRelease, "M1")},
		"that claims a release of 63 characters":          {change: labelled(v1alpha1.LabelRelease, strings.Repeat("x", 63))},
	} {
		t.Run(name, func(t *testing.T) {
			p := pod(ns, ownedBy(cleared), row.change)
			must(t, shared.replicaSets.Create(t.Context(), p, client.DryRunAll))
			if free := !held(p); free != row.free {
				t.Errorf("born free: %v, want %v", free, row.free)
			}
		})
	}
}

func TestWhatAClearanceSaysDecidesWhetherPodsAreBornFree(t *testing.T) {
	t.Parallel()
	good := granted(cleared)
	for name, row := range map[string]struct {
		value string
		free  bool
	}{
		"one that names the owner":   {value: good.String(), free: true},
		"one that names several":     {value: granted(cleared, fixture.UID("a"), fixture.UID("z")).String(), free: true},
		"a counted one":              {value: strings.Replace(good.String(), "|free|", "|counted|", 1)},
		"one without owners":         {value: granted().String()},
		"one of a later version":     {value: strings.Replace(good.String(), "v1|", "v2|", 1)},
		"one with a field too many":  {value: good.String() + "|"},
		"one with a field too few":   {value: good.String()[:strings.LastIndex(good.String(), "|")]},
		"one in capitals":            {value: strings.Replace(good.String(), "|free|", "|FREE|", 1)},
		"an empty one":               {value: ""},
		"nothing but bars":           {value: "|||||"},
		"a time and nothing else":    {value: good.End.Format(time.RFC3339)},
		"an owner among other words": {value: "v1|x|y|free|not " + string(cleared) + "|"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := govern(t)
			writeClearance(t, ns, row.value)
			p := pod(ns, ownedBy(cleared))
			must(t, shared.replicaSets.Create(t.Context(), p, client.DryRunAll))
			if free := !held(p); free != row.free {
				t.Errorf("born free: %v, want %v", free, row.free)
			}
		})
	}
}

// What is read as a grant but says no time is no grant, and no error that lets through either.
func TestAClearanceWithoutATimeRefuses(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]string{"no time": "", "another time": "tomorrow", "a time without a zone": "2099-01-01T00:00:00"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ns := govern(t)
			fields := strings.Split(granted(cleared).String(), "|")
			fields[1] = end
			writeClearance(t, ns, strings.Join(fields, "|"))
			eventually(t, func(ctx context.Context) error {
				err := shared.replicaSets.Create(ctx, pod(ns, ownedBy(cleared)), client.DryRunAll)
				if err == nil || !strings.Contains(err.Error(), "'scalegate-admit-pods' denied request") {
					return fmt.Errorf("want a refusal, got: %v", err) //nolint:errorlint // nil is one of its values
				}
				return nil
			})
			must(t, shared.Client.Create(t.Context(), pod(ns), client.DryRunAll))
		})
	}
}

func TestEveryWayToMakeAPodHoldsIt(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, send := range map[string]func(p *corev1.Pod) error{
		"create":  func(p *corev1.Pod) error { return shared.Client.Create(t.Context(), p) },
		"dry run": func(p *corev1.Pod) error { return shared.Client.Create(t.Context(), p, client.DryRunAll) },
		"server-side apply": func(p *corev1.Pod) error {
			p.GenerateName, p.Name = "", "applied"
			content, err := bare(p)
			if err != nil {
				return err
			}
			return apply(t.Context(), shared.Client, p, content)
		},
		"protobuf": func(p *corev1.Pod) error {
			cfg := shared.Admin()
			cfg.ContentType = runtime.ContentTypeProtobuf
			clients, err := kubernetes.NewForConfig(cfg)
			if err != nil {
				return err
			}
			made, err := clients.CoreV1().Pods(ns).Create(t.Context(), p, metav1.CreateOptions{})
			if err == nil {
				made.DeepCopyInto(p)
			}
			return err
		},
		"kubectl replace --force": func(p *corev1.Pod) error {
			p.GenerateName, p.Name = "", "replaced"
			if err := shared.Client.Create(t.Context(), p.DeepCopy()); err != nil {
				return err
			}
			if err := kubectlSend(t, p, "replace", "--force", "-f", "-"); err != nil {
				return err
			}
			return shared.Client.Get(t.Context(), client.ObjectKeyFromObject(p), p)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := pod(ns, withGPU)
			must(t, send(p))
			if !held(p) {
				t.Error("the pod is not held")
			}
		})
	}
}

func TestAHoldIsAddedOnceAndKeepsTheOtherGates(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	for name, gates := range map[string][]string{
		"no gate":                 nil,
		"the gate of another":     {"kueue.x-k8s.io/admission"},
		"the hold is typed":       {v1alpha1.SchedulingGate},
		"both":                    {"kueue.x-k8s.io/admission", v1alpha1.SchedulingGate},
		"a name much like it too": {v1alpha1.SchedulingGate + "er"},
	} {
		t.Run(name, func(t *testing.T) {
			p := pod(ns, gated(gates...))
			must(t, shared.Client.Create(t.Context(), p, client.DryRunAll))
			count := map[string]int{}
			for _, g := range p.Spec.SchedulingGates {
				count[g.Name]++
			}
			for _, want := range append([]string{v1alpha1.SchedulingGate}, gates...) {
				if count[want] != 1 {
					t.Errorf("gates %v, want %s once", p.Spec.SchedulingGates, want)
				}
			}
		})
	}
}

func TestAHeldPodCannotNameItsNode(t *testing.T) {
	t.Parallel()
	ns, other := govern(t), leaveAlone(t)
	bound := func(p *corev1.Pod) { p.Spec.NodeName = "node-1" }
	must(t, shared.Client.Create(t.Context(), pod(other, bound), client.DryRunAll))
	if err := shared.Client.Create(t.Context(), pod(ns, bound), client.DryRunAll); !apierrors.IsInvalid(err) {
		t.Errorf("want the API server to refuse a gated pod that names its node, got: %v", err)
	}
}

func TestAListIsNoPod(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	clients, err := kubernetes.NewForConfig(shared.Admin())
	must(t, err)
	list := &corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{*pod(ns, unclaimed, withGPU)}}
	err = clients.CoreV1().RESTClient().Post().Namespace(ns).Resource("pods").Body(list).Do(t.Context()).Error()
	if !apierrors.IsBadRequest(err) {
		t.Errorf("want a bad request, got: %v", err)
	}
}

func TestAClearanceThatEndedRefusesTheNextPod(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	c := granted(cleared)
	c.End = time.Now().Add(2 * time.Second)
	writeClearance(t, ns, c.String())
	freed := 0
	backdated := func(p *corev1.Pod) { p.CreationTimestamp = metav1.NewTime(time.Now().Add(-time.Hour)) }
	eventually(t, func(ctx context.Context) error {
		p := pod(ns, ownedBy(cleared), backdated)
		err := shared.replicaSets.Create(ctx, p, client.DryRunAll)
		if err == nil && !held(p) {
			freed++
			return errors.New("still born free")
		}
		return refusal(err, "ended at "+c.End.UTC().Format(time.RFC3339))
	})
	if now := time.Now(); now.Before(c.End.Truncate(time.Second)) {
		t.Errorf("refused at %s, before its end at %s", now, c.End)
	}
	if freed == 0 {
		t.Error("no pod was born free before the end: the test shows nothing")
	}
	p := pod(ns)
	must(t, shared.Client.Create(t.Context(), p, client.DryRunAll))
	if !held(p) {
		t.Error("what is not born free is not held any more")
	}
}

func TestAPodBornFreeCarriesClearedImagesAlone(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	c := granted(cleared)
	c.Digests = append(c.Digests, fixture.SHA256("weights"))
	writeClearance(t, ns, c.String())
	volume := func(reference string) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "weights", VolumeSource: corev1.VolumeSource{
				Image: &corev1.ImageVolumeSource{Reference: reference},
			}})
		}
	}
	for name, row := range map[string]struct {
		change  func(*corev1.Pod)
		refused bool
	}{
		"the cleared server":                     {change: func(*corev1.Pod) {}},
		"the cleared weights in an image volume": {change: volume(image("weights"))},
		"other weights in an image volume":       {change: volume(image("stolen")), refused: true},
		"weights by tag":                         {change: volume("registry.example/weights:v1"), refused: true},
		"another image":                          {change: serverImage(image("other")), refused: true},
		"an image by tag":                        {change: serverImage("registry.example/server:latest"), refused: true},
		"a tag that looks like a digest":         {change: serverImage("registry.example/server:sha256-" + fixture.SHA256("server")[:32]), refused: true},
		"a tag that is a cleared digest":         {change: serverImage("registry.example/server:" + fixture.SHA256("server")), refused: true},
		"an algorithm and no digest":             {change: serverImage("registry.example/server@sha256:"), refused: true},
		"a cleared digest before another":        {change: serverImage(image("server") + "@sha256:" + fixture.SHA256("other")), refused: true},
		"a cleared digest and a digit":           {change: serverImage(image("server") + "0"), refused: true},
		"another digest before a cleared one":    {change: serverImage(image("other") + "@sha256:" + fixture.SHA256("server")), refused: true},
		"a cleared digest in capitals":           {change: serverImage("registry.example/server@sha256:" + strings.ToUpper(fixture.SHA256("server"))), refused: true},
		"a cleared digest by another algorithm":  {change: serverImage("registry.example/server@sha512:" + fixture.SHA256("server")), refused: true},
		"a cleared digest without a repository":  {change: serverImage("sha256:" + fixture.SHA256("server")), refused: true},
		"a registry with a port, and a tag":      {change: serverImage("registry.example:5000/server:v1@sha256:" + fixture.SHA256("server"))},
		"another init container": {change: func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "init", Image: image("other")}}
		}, refused: true},
		"another sidecar": {change: func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "proxy", Image: image("other")})
		}, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := pod(ns, ownedBy(cleared), row.change)
			err := shared.replicaSets.Create(t.Context(), p, client.DryRunAll)
			switch {
			case row.refused:
				refused(t, err, "not among those cleared for release m1")
			case err != nil || held(p):
				t.Errorf("held: %v, %v; want it born free", held(p), err)
			}
		})
	}
}

func TestAClearanceWithoutDigestsClearsNoImage(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	c := granted(cleared)
	c.Digests = nil
	c.End = time.Now().Add(50 * time.Second) // So near that no pod is waited for that is born free: there is none.
	writeClearance(t, ns, c.String())
	for name, reference := range map[string]string{
		"by digest": image("server"), "by tag": "registry.example/server:latest", "an algorithm and no digest": "registry.example/server@sha256:",
	} {
		eventually(t, func(ctx context.Context) error {
			err := shared.replicaSets.Create(ctx, pod(ns, ownedBy(cleared), serverImage(reference)), client.DryRunAll)
			if err := refusal(err, "not among those cleared for release m1"); err != nil {
				return fmt.Errorf("an image %s: %w", name, err)
			}
			return nil
		})
	}
}

func gated(names ...string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		for _, name := range names {
			p.Spec.SchedulingGates = append(p.Spec.SchedulingGates, corev1.PodSchedulingGate{Name: name})
		}
	}
}

func labelled(key, value string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Labels[key] = value }
}

func serverImage(image string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Image = image }
}

func apply(ctx context.Context, as client.Client, o client.Object, content map[string]any) error {
	raw, err := jsonText(content)
	if err != nil {
		return fmt.Errorf("writing %s: %w", o.GetName(), err)
	}
	return as.Patch(ctx, o, client.RawPatch(types.ApplyPatchType, raw), client.ForceOwnership, client.FieldOwner("argocd"))
}
