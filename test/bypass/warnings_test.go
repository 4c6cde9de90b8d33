// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"strings"
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

func TestWhatIsHeldIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	const says = "scalegate explain modelrelease " + release
	for name, row := range map[string]struct {
		object client.Object
		says   string
	}{
		"a pod":                    {object: pod(ns), says: says},
		"a Deployment":             {object: deployment(ns, "web"), says: says},
		"a pod without a claim":    {object: pod(ns, unclaimed)},
		"a Deployment without one": {object: deployment(ns, "bare", unclaimDeployment)},
		"a pod of the empty claim": {object: pod(ns, labelled(v1alpha1.LabelRelease, "")), says: "scalegate explain modelrelease"},
	} {
		t.Run(name, func(t *testing.T) {
			result, err := kubectlResult(t, row.object, "create", "-f", "-")
			must(t, err)
			if said := string(result.Stderr); !strings.Contains(said, row.says) || (said == "") != (row.says == "") {
				t.Errorf("kubectl says %q, want it to say %q", said, row.says)
			}
		})
	}
}

// warnings collects what the API server warns of.
type warnings struct {
	mu  sync.Mutex
	all []string
}

func (w *warnings) HandleWarningHeader(_ int, _ string, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, text)
}

func TestWarningsAreShortAndForPeople(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	longest := strings.Repeat("x", 63)
	for name, row := range map[string]struct {
		user string
		want int
	}{
		"a cluster admin":           {want: 2},
		"a pipeline of the cluster": {user: "system:serviceaccount:argocd:argocd-application-controller", want: 2},
		"the replicaset controller": {user: "system:serviceaccount:kube-system:replicaset-controller"},
		"the job controller":        {user: "system:serviceaccount:kube-system:job-controller"},
		"a controller manager without credentials per controller": {user: "system:kube-controller-manager"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := shared.Admin()
			if row.user != "" {
				cfg.Impersonate = rest.ImpersonationConfig{UserName: row.user, Groups: []string{"system:masters"}}
			}
			said := &warnings{}
			cfg.WarningHandler = said
			as, err := installation.Client(cfg)
			must(t, err)
			must(t, as.Create(t.Context(), pod(ns, labelled(v1alpha1.LabelRelease, longest)), client.DryRunAll))
			must(t, as.Create(t.Context(), deployment(ns, "web", func(d *appsv1.Deployment) {
				d.Spec.Template.Labels[v1alpha1.LabelRelease] = longest
			}), client.DryRunAll))
			if len(said.all) != row.want {
				t.Errorf("%d warnings, want %d: %q", len(said.all), row.want, said.all)
			}
			for _, text := range said.all {
				if len(text) > 255 || !strings.Contains(text, longest) || strings.Contains(text, "failed expression") {
					t.Errorf("%d bytes, want at most 255 and the release's name in it: %s", len(text), text)
				}
			}
		})
	}
}

func TestRefusalsSayWhatToDo(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	longest := strings.Repeat("x", 63)
	clear63 := "clearance.scalegate.dev/" + longest
	must(t, shared.controller.Patch(t.Context(), namespace(ns, nil), client.RawPatch("application/merge-patch+json",
		[]byte(`{"metadata":{"annotations":{"`+clear63+`":"`+granted(cleared).String()+`"}}}`))))
	stored := storedPod(labelled(v1alpha1.LabelRelease, longest))(t, ns).(*corev1.Pod)
	refused(t, update(t, stored, func(p *corev1.Pod) { p.Spec.SchedulingGates = nil }), "of release "+longest+": run scalegate explain")
	metav1.SetMetaDataAnnotation(&stored.ObjectMeta, "a", "b")
	must(t, shared.Client.Delete(t.Context(), stored))
}
