// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package bypass

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
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
		"a Job":                    {object: job(ns), says: says},
		"a Job without one":        {object: job(ns, unclaimJob)},
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

func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, _ int, _ string, text string) {
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
			cfg.WarningHandlerWithContext = said
			clients, err := kubernetes.NewForConfig(cfg)
			must(t, err)
			dry := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
			_, err = clients.CoreV1().Pods(ns).Create(t.Context(), pod(ns, labelled(v1alpha1.LabelRelease, longest)), dry)
			must(t, err)
			_, err = clients.AppsV1().Deployments(ns).Create(t.Context(), deployment(ns, "web", func(d *appsv1.Deployment) {
				d.Spec.Template.Labels[v1alpha1.LabelRelease] = longest
			}), dry)
			must(t, err)
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

// So is an update of what is held, or becomes it.
func TestAHeldUpdateIsSaidAtOnce(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	cfg := shared.Admin()
	said := &warnings{}
	cfg.WarningHandlerWithContext = said
	as, err := client.New(cfg, client.Options{Scheme: shared.Client.Scheme(), Mapper: shared.Client.RESTMapper()})
	must(t, err)
	for kind, parent := range parents() {
		o := storedParent(parent)(t, ns)
		if kind == "Job" { // its template changes nowhere else
			annotate("note", "x")(o)
		} else {
			templateOf(o).Annotations = map[string]string{"restartedAt": "now"}
		}
		o.SetResourceVersion("") // its controller may have written its status
		said.all = nil
		err := as.Update(t.Context(), o, client.DryRunAll)
		switch kind {
		case "Deployment", "StatefulSet", "Job":
			must(t, err)
			if len(said.all) != 1 {
				t.Errorf("%s: %d warnings, want 1: %q", kind, len(said.all), said.all)
			}
		default:
			if len(said.all) != 0 {
				t.Errorf("%s: warned of %q", kind, said.all)
			}
		}
	}
}

// What is refused is said in the sentence that the policy has for it, for the longest names too.
func TestRefusalsOfLongNamesAreSentences(t *testing.T) {
	t.Parallel()
	ns := govern(t)
	longest := strings.Repeat("x", 63)
	stored := as[*corev1.Pod](storedPod(labelled(v1alpha1.LabelRelease, longest))(t, ns))
	lifted := update(t, stored, func(p *corev1.Pod) { p.Spec.SchedulingGates = nil })
	refused(t, lifted, "of release "+longest+": run scalegate explain")

	key := v1alpha1.AnnotationClearancePrefix + longest
	ended := granted(cleared)
	ended.End = ended.End.Add(-2 * time.Hour)
	must(t, shared.controller.Patch(t.Context(), namespace(ns, nil), client.RawPatch(types.MergePatchType,
		fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, key, ended))))
	eventually(t, func(ctx context.Context) error {
		late := pod(ns, labelled(v1alpha1.LabelRelease, longest), ownedBy(cleared))
		return refusal(shared.replicaSets.Create(ctx, late, client.DryRunAll), "and was not renewed: run scalegate explain modelrelease "+longest)
	})
	foreign := pod(ns, labelled(v1alpha1.LabelRelease, longest), ownedBy(cleared), serverImage(image("other")))
	refused(t, shared.replicaSets.Create(t.Context(), foreign, client.DryRunAll), "not among those cleared for release "+longest)
}
