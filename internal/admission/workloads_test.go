// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// answered is what a handler is to answer: nothing, a warning or a rejection that has these texts.
type answered struct {
	request sent
	warns   []string
	rejects []string
}

func checkWorkloads(t *testing.T, o Options, rows map[string]answered) {
	t.Helper()
	handler := NewWorkloads(o)
	for claim, row := range rows {
		t.Run(claim, func(t *testing.T) {
			response := handler.Handle(t.Context(), row.request.Request)
			if response.Allowed != (row.rejects == nil) {
				t.Fatalf("allowed: %v, %+v", response.Allowed, response.Result)
			}
			if row.rejects != nil {
				holds(t, response.Result.Message, row.rejects)
				return
			}
			if len(row.warns) == 0 && len(response.Warnings) > 0 {
				t.Errorf("warned: %q", response.Warnings)
			}
			holds(t, strings.Join(response.Warnings, "\n"), row.warns)
			for _, w := range response.Warnings {
				if len(w) > maxWarning || strings.Contains(w, "\n") {
					t.Errorf("a warning of %d bytes: %q", len(w), w)
				}
			}
		})
	}
}

func holds(t *testing.T, text string, parts []string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

const explainBad = "run: scalegate explain modelrelease bad -n serving"

func other(d *appsv1.Deployment) {
	d.Spec.Template.Spec.Containers[0].Args = []string{"--trust-remote-code"}
}
func harmless(d *appsv1.Deployment) {
	d.Spec.Template.Spec.NodeSelector = map[string]string{"zone": "a"}
}
func marked(d *appsv1.Deployment) {
	d.Annotations = map[string]string{v1alpha1.AnnotationHeld: v1alpha1.HeldResume}
}

func TestDeployments(t *testing.T) {
	missing := []string{"Deployment web is not cleared: ModelRelease bad is not granted the exposure General", explainBad, "requirement uplift is Missing"}
	mismatch := []string{"Deployment web is not cleared: it does not match ModelRelease good", "spec.containers[server].args"}
	denied := []string{
		"Deployment web is not cleared: ModelRelease strict is not granted the exposure General.",
		"SafetyPolicy strict-rsp says onUncleared: Deny, so it is rejected and not held.",
		"Requirement uplift is Missing: No result counts.", "To see all of it, run: scalegate explain modelrelease strict -n serving.",
	}
	apply := func(old, object *appsv1.Deployment) sent {
		if old == nil {
			return send(t, "apps", "deployments", nil, object)
		}
		return send(t, "apps", "deployments", old, object)
	}
	checkWorkloads(t, options(t, false, world()...), map[string]answered{
		"a cleared one is taken without a word":        {request: apply(nil, deployment("good", 2))},
		"an uncleared one is taken with a warning":     {request: apply(nil, deployment("bad", 2)), warns: missing},
		"a template that differs is named":             {request: apply(nil, deployment("good", 2, other)), warns: mismatch},
		"a policy that denies rejects":                 {request: apply(nil, deployment("strict", 2)), rejects: denied},
		"a release that does not exist":                {request: apply(nil, deployment("none", 1)), warns: []string{"claims ModelRelease none, which does not exist in namespace serving"}},
		"an exposure above the granted one":            {request: apply(nil, deployment("good", 1, exposed("Public"))), warns: []string{"not granted the exposure Public", "SafetyPolicy rsp has no exposure Public"}},
		"an exposure that needs no evidence":           {request: apply(nil, deployment("bad", 1, exposed("Evaluation")))},
		"no claim":                                     {request: apply(nil, deployment("bad", 1, unclaimed))},
		"a namespace without a gate":                   {request: apply(nil, deployment("strict", 1)).in("free")},
		"the controller itself":                        {request: apply(nil, deployment("strict", 1)).by(controller)},
		"a controller of Kubernetes":                   {request: apply(nil, deployment("strict", 1)).by("system:serviceaccount:kube-system:deployment-controller")},
		"an operator for an object of its own":         {request: apply(nil, deployment("strict", 1, owned)).by("system:serviceaccount:kserve:operator")},
		"a pipeline for an object of nobody":           {request: apply(nil, deployment("strict", 1)).by("system:serviceaccount:ci:deployer"), rejects: denied},
		"a person who pretends that it is owned":       {request: apply(nil, deployment("strict", 1, owned)), rejects: denied},
		"an update to another template":                {request: apply(deployment("strict", 1), deployment("strict", 1, harmless)), rejects: denied},
		"an update to a cleared template":              {request: apply(deployment("good", 1, other), deployment("good", 1))},
		"an update of nothing":                         {request: apply(deployment("strict", 1), deployment("strict", 1))},
		"a label of the workload":                      {request: apply(deployment("strict", 1), deployment("strict", 1, labelled))},
		"a scale-down":                                 {request: apply(deployment("strict", 3), deployment("strict", 1))},
		"a scale-down to zero":                         {request: apply(deployment("strict", 3), deployment("strict", 0))},
		"a raise of what is uncleared":                 {request: apply(deployment("strict", 1), deployment("strict", 2)), rejects: denied},
		"a raise that is only held":                    {request: apply(deployment("bad", 1), deployment("bad", 2)), warns: missing},
		"a raise while the new template waits":         {request: apply(deployment("strict", 1, marked), deployment("strict", 2, marked)), warns: []string{"is not cleared"}},
		"another template while the last one waits":    {request: apply(deployment("strict", 1, marked), deployment("strict", 1, marked, harmless)), rejects: denied},
		"the status":                                   {request: apply(deployment("strict", 1), deployment("strict", 2, harmless)).through("status")},
		"a claim that is taken away":                   {request: apply(deployment("strict", 1), deployment("strict", 1, unclaimed))},
		"a finalizer that is taken off on the way out": {request: apply(deployment("strict", 1, leaving), deployment("strict", 1))},
	})
}

func exposed(exposure string) func(*appsv1.Deployment) {
	return func(d *appsv1.Deployment) { d.Spec.Template.Labels[v1alpha1.LabelExposure] = exposure }
}
func unclaimed(d *appsv1.Deployment) { delete(d.Spec.Template.Labels, v1alpha1.LabelRelease) }
func labelled(d *appsv1.Deployment)  { d.Labels = map[string]string{"team": "red"} }
func leaving(d *appsv1.Deployment)   { d.Finalizers = []string{"example.com/wait"} }
func owned(d *appsv1.Deployment) {
	d.OwnerReferences = []metav1.OwnerReference{{APIVersion: "serving.kserve.io/v1beta1", Kind: "InferenceService", Name: "web", UID: "1", Controller: new(true)}}
}

func TestOtherKinds(t *testing.T) {
	pod := func(release string) *corev1.Pod {
		t := template(release)
		return &corev1.Pod{ObjectMeta: t.ObjectMeta, Spec: t.Spec}
	}
	daemons := func(release string, change ...func(*corev1.PodTemplateSpec)) *appsv1.DaemonSet {
		d := &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: template(release)}}
		for _, c := range change {
			c(&d.Spec.Template)
		}
		return d
	}
	stateful := func(release, strategy string) *appsv1.StatefulSet {
		return &appsv1.StatefulSet{Spec: appsv1.StatefulSetSpec{
			Template: template(release), UpdateStrategy: appsv1.StatefulSetUpdateStrategy{Type: appsv1.StatefulSetUpdateStrategyType(strategy)},
		}}
	}
	cron := func(release string) *batchv1.CronJob {
		return &batchv1.CronJob{Spec: batchv1.CronJobSpec{JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: template(release)}}}}
	}
	isvc := func(release, uri string) map[string]any {
		return map[string]any{
			"metadata": map[string]any{"name": "web", "labels": map[string]any{v1alpha1.LabelRelease: release}},
			"spec":     map[string]any{"predictor": map[string]any{"model": map[string]any{"storageUri": uri}}},
		}
	}
	zoned := func(t *corev1.PodTemplateSpec) { t.Spec.NodeSelector = map[string]string{"zone": "a"} }
	swapped := func(t *corev1.PodTemplateSpec) { t.Spec.Containers[0].Args = []string{"--model=/tmp"} }
	serving := map[string]any{
		"metadata": map[string]any{"name": "web"},
		"spec":     map[string]any{"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{v1alpha1.LabelRelease: "bad"}}}},
	}
	lossy := []string{"cannot be kept while another template waits", "refused until the new template is cleared"}
	checkWorkloads(t, options(t, false, world()...), map[string]answered{
		"a bare pod":                                   {request: send(t, "", "pods", nil, pod("bad")), warns: []string{"Pod web is not cleared", explainBad}},
		"a bare pod that is cleared":                   {request: send(t, "", "pods", nil, pod("good"))},
		"a pod of a ReplicaSet":                        {request: send(t, "", "pods", nil, pod("strict")).by(replicaSet)},
		"a new DaemonSet":                              {request: send(t, "apps", "daemonsets", nil, daemons("bad")), warns: []string{"DaemonSet web is not cleared"}},
		"a DaemonSet to what is uncleared":             {request: send(t, "apps", "daemonsets", daemons("good"), daemons("bad")), rejects: append(lossy, "Requirement uplift is Missing")},
		"a DaemonSet to what does not match":           {request: send(t, "apps", "daemonsets", daemons("good"), daemons("good", swapped)), rejects: append(lossy, "spec.containers[server].args")},
		"a DaemonSet to what matches":                  {request: send(t, "apps", "daemonsets", daemons("good"), daemons("good", zoned))},
		"a DaemonSet to a release that is not there":   {request: send(t, "apps", "daemonsets", daemons("good"), daemons("none")), rejects: lossy},
		"a StatefulSet that rolls":                     {request: send(t, "apps", "statefulsets", stateful("good", "RollingUpdate"), stateful("bad", "RollingUpdate")), warns: []string{"StatefulSet web is not cleared"}},
		"a StatefulSet with OnDelete":                  {request: send(t, "apps", "statefulsets", stateful("good", "OnDelete"), stateful("bad", "OnDelete")), rejects: append(lossy, "StatefulSet with the strategy OnDelete")},
		"a CronJob":                                    {request: send(t, "batch", "cronjobs", cron("good"), cron("bad")), warns: []string{"CronJob web is not cleared"}},
		"an InferenceService to what is uncleared":     {request: send(t, "serving.kserve.io", "inferenceservices", isvc("bad", "oci://a"), isvc("bad", "oci://b")), rejects: lossy},
		"an InferenceService whose release is cleared": {request: send(t, "serving.kserve.io", "inferenceservices", isvc("good", "oci://a"), isvc("good", "oci://b"))},
		"a Knative Service that would fail for good":   {request: send(t, "serving.knative.dev", "services", nil, serving), rejects: []string{"fails for good when its pods are held for long"}},
		"a kind that is in no table":                   {request: send(t, "example.com", "widgets", nil, daemons("strict"))},
	})
}

// Where nobody holds it at the parent, an update of a LeaderWorkerSet is one that cannot be kept waiting.
func TestAPartitionThatNobodySets(t *testing.T) {
	groups := func(release string) map[string]any {
		labels := map[string]any{v1alpha1.LabelRelease: release}
		return map[string]any{
			"metadata": map[string]any{"name": "web"},
			"spec":     map[string]any{"leaderWorkerTemplate": map[string]any{"workerTemplate": map[string]any{"metadata": map[string]any{"labels": labels}}}},
		}
	}
	update := send(t, "leaderworkerset.x-k8s.io", "leaderworkersets", groups("good"), groups("bad"))
	o := options(t, false, world()...)
	checkWorkloads(t, o, map[string]answered{
		"held by a policy": {request: update, warns: []string{"LeaderWorkerSet web is not cleared"}},
	})
	o.Mutating = true
	checkWorkloads(t, o, map[string]answered{
		"held by nobody": {request: update, rejects: []string{"cannot be kept while another template waits"}},
	})
}

func TestScale(t *testing.T) {
	scale := func(n int32) *autoscalingv1.Scale {
		return &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: n}}
	}
	scaled := func(name string, from, to int32) sent {
		s := send(t, "apps", "deployments", scale(from), scale(to)).through("scale")
		s.Name = name
		return s
	}
	named := func(name string) func(*appsv1.Deployment) { return func(d *appsv1.Deployment) { d.Name = name } }
	objects := append(world(),
		deployment("good", 1, named("cleared")), deployment("bad", 1, named("uncleared")), deployment("strict", 1, named("denied")),
		deployment("strict", 1, named("waiting"), marked),
	)
	checkWorkloads(t, options(t, false, objects...), map[string]answered{
		"up of what is cleared":             {request: scaled("cleared", 1, 5)},
		"up of what is uncleared":           {request: scaled("uncleared", 1, 5), warns: []string{"Deployment uncleared is not cleared", "requirement uplift is Missing"}},
		"up of what the policy denies":      {request: scaled("denied", 1, 5), rejects: []string{"Deployment denied is not cleared", "onUncleared: Deny"}},
		"up of what runs beside what waits": {request: scaled("waiting", 1, 5), warns: []string{"is not cleared"}},
		"down of what the policy denies":    {request: scaled("denied", 5, 1)},
		"to the same":                       {request: scaled("denied", 5, 5)},
		"up of what the cache lacks":        {request: scaled("unknown", 1, 5)},
		"up by the autoscaler":              {request: scaled("denied", 1, 5).by("system:serviceaccount:kube-system:horizontal-pod-autoscaler")},
		"up of a kind that is not watched": {request: func() sent {
			s := send(t, "argoproj.io", "rollouts", scale(1), scale(2)).through("scale")
			return s
		}()},
	})
}

// A cache that cannot be read holds, explains nothing, and stops only what would take down what runs.
func TestABrokenCache(t *testing.T) {
	daemons := func(release string) *appsv1.DaemonSet {
		return &appsv1.DaemonSet{Spec: appsv1.DaemonSetSpec{Template: template(release)}}
	}
	unknown := []string{"is held until ModelRelease strict can be looked up"}
	checkWorkloads(t, options(t, true, world()...), map[string]answered{
		"a new Deployment":               {request: send(t, "apps", "deployments", nil, deployment("strict", 1)), warns: unknown},
		"a scale-down":                   {request: send(t, "apps", "deployments", deployment("strict", 3), deployment("strict", 1))},
		"a DaemonSet's other template":   {request: send(t, "apps", "daemonsets", daemons("good"), daemons("bad")), rejects: []string{"could not be looked up; send it again"}},
		"a DaemonSet without a gate":     {request: send(t, "apps", "daemonsets", daemons("good"), daemons("bad")).in("free")},
		"a DaemonSet that stays as is":   {request: send(t, "apps", "daemonsets", daemons("bad"), daemons("bad"))},
		"a scale of what nobody can see": {request: send(t, "apps", "deployments", &autoscalingv1.Scale{}, &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 2}}).through("scale")},
	})
}

func TestAMalformedRequestIsBad(t *testing.T) {
	handler := NewWorkloads(options(t, false, world()...))
	s := send(t, "apps", "deployments", nil, deployment("bad", 1))
	s.Object.Raw = []byte(`{"spec": [`)
	if r := handler.Handle(t.Context(), s.Request); r.Allowed || r.Result.Code != 400 {
		t.Errorf("%+v", r)
	}
}
