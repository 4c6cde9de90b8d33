// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package probes tries what each ring must refuse or hold, by dry runs in the canary's namespace: whether the guards act, and not
// only whether they are there. The manager's canary tries all the time, as its own account; a person may try as they are.
package probes

import (
	"cmp"
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
	"github.com/scalegate/scalegate/internal/guards"
)

// Namespace is where is tried; config/canary makes it.
const Namespace = guards.Canary

// Account is the canary's service account in Namespace, and the name of what stands there.
const Account = guards.Canary

// CanaryUser is how admission policies know the canary's account.
const CanaryUser = "system:serviceaccount:" + Namespace + ":" + Account

// Probes tries, in the canary's namespace, what each ring must refuse or hold. Every try is a dry run; what stands there for good
// is never cleared.
type Probes struct {
	// Client acts as the canary, or as whoever tries.
	Client client.Client
	// Sender is the user that the client acts as; empty means the canary.
	Sender string
	// ReadOnly keeps from making what must stand, and from removing what must not: it is there where a canary acts.
	ReadOnly bool
	// Holds tells whether the sender holds a right. Who does is rightly let through, and finds nothing out. Nil means that nobody
	// is.
	Holds func(context.Context, Right) (bool, error)

	// lacks is why an object that must stand could not be made in this round, by its Go type.
	lacks map[string]error
}

// Right is a virtual verb on a name of Scalegate's group.
type Right struct{ Verb, Resource, Namespace, Name string }

// probe is one try.
type probe struct {
	ring, claim string
	// of is the policy that is tried. Where it is not installed, neither is the probe made.
	of  guards.ID
	try func(context.Context) (guards.Outcome, string)
	// unless is the right to whose holder it is allowed; the zero Right for none.
	unless Right
}

// Probe makes every try whose policy is in the set, one after the other.
func (p *Probes) Probe(ctx context.Context, set guards.Set) []guards.Result {
	governed, why := p.prepare(ctx)
	var results []guards.Result
	for _, group := range [][]probe{p.ring0(), p.ring1(), p.ring2(), p.kinds()} {
		for _, one := range group {
			if _, installed := set[one.of]; !installed {
				continue
			}
			results = append(results, p.one(ctx, one, governed, why))
		}
	}
	return results
}

// one makes one try, unless it would say nothing.
func (p *Probes) one(ctx context.Context, probe probe, governed bool, why string) guards.Result {
	r := guards.Result{Ring: probe.ring, Claim: probe.claim, Policy: probe.of.Name, Detail: why}
	if !governed {
		return r
	}
	if p.Holds != nil && probe.unless != (Right{}) {
		holds, err := p.Holds(ctx, probe.unless)
		if err != nil {
			_, r.Detail = guards.Held(false, err)
			return r
		}
		if holds {
			r.Allowed, r.Detail = true, "the sender holds the verb "+probe.unless.Verb+", to whom it is allowed"
			return r
		}
	}
	r.Outcome, r.Detail = probe.try(ctx)
	return r
}

// prepare makes what must stand, and says whether tries mean anything: they do where the canary's
// own namespace is governed.
func (p *Probes) prepare(ctx context.Context) (bool, string) {
	ns := &corev1.Namespace{}
	if err := p.Client.Get(ctx, client.ObjectKey{Name: Namespace}, ns); err != nil {
		log.FromContext(ctx).V(1).Info("The canary does not see its namespace", "error", err.Error())
		_, why := guards.Held(false, err)
		return false, why
	}
	if ns.Labels[v1alpha1.LabelGate] != v1alpha1.GateEnforced {
		return false, fmt.Sprintf("namespace %s is not governed: apply config/canary", Namespace)
	}
	p.lacks = map[string]error{}
	if p.ReadOnly {
		return true, ""
	}
	for _, object := range []client.Object{standingPod(), standingReplicaSet(), standingStatefulSet(), standingEvaluation()} {
		if err := p.stand(ctx, object); err != nil {
			p.lacks[fmt.Sprintf("%T", object)] = err
			log.FromContext(ctx).V(1).Info("The canary lacks what it tries with", "name", object.GetName(), "error", err.Error())
		}
	}
	return true, ""
}

// stand makes the object where it is not there. A pod that is not held any more, because it was made
// or freed while a guard was away, is removed, and made again in the next round.
func (p *Probes) stand(ctx context.Context, object client.Object) error {
	err := p.Client.Get(ctx, client.ObjectKeyFromObject(object), object)
	switch pod, isPod := object.(*corev1.Pod); {
	case client.IgnoreNotFound(err) != nil:
		return err
	case err != nil:
		return p.Client.Create(ctx, object)
	case isPod && !gated(pod):
		return client.IgnoreNotFound(p.Client.Delete(ctx, pod, client.GracePeriodSeconds(0)))
	}
	return nil
}

func (p *Probes) ring0() []probe {
	of := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-guard-namespaces"}
	return []probe{
		{"0", "a clearance that Scalegate did not write is refused", of, p.refused(of.Name, func(ctx context.Context) error {
			return p.patch(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}},
				`{"metadata":{"annotations":{"`+clearance.Key(Account)+`":"v1"}}}`)
		}), Right{}},
		{"0", "weakening the gate of a namespace is refused", of, p.refused(of.Name, func(ctx context.Context) error {
			return p.patch(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}},
				`{"metadata":{"labels":{"`+v1alpha1.LabelGate+`":null}}}`)
		}), Right{v1alpha1.VerbUngate, "namespaces", "", Namespace}},
	}
}

func (p *Probes) ring1() []probe {
	hold := func(name string) guards.ID { return guards.ID{Kind: guards.KindMutatingPolicy, Name: name} }
	claims := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-require-claims"}
	return []probe{
		{"1", "a Deployment that claims a release is paused and marked", hold("scalegate-hold-deployments"), func(ctx context.Context) (guards.Outcome, string) {
			d := probeDeployment(claiming())
			err := p.Client.Create(ctx, d, client.DryRunAll)
			return guards.Held(d.Spec.Paused && marked(d), err)
		}, Right{}},
		{"1", "a new template of a StatefulSet that claims a release is held by its partition", hold("scalegate-hold-statefulsets"), func(ctx context.Context) (guards.Outcome, string) {
			s := standingStatefulSet()
			err := p.patch(ctx, s, `{"spec":{"template":{"metadata":{"annotations":{"probe":"yes"}}}}}`)
			rolling := s.Spec.UpdateStrategy.RollingUpdate
			held := rolling != nil && rolling.Partition != nil && *rolling.Partition == v1alpha1.HeldPartition
			return guards.Held(held && marked(s), err)
		}, Right{}},
		{"1", "a Job that claims a release is suspended and marked", hold("scalegate-hold-jobs"), func(ctx context.Context) (guards.Outcome, string) {
			j := probeJob(claiming())
			err := p.Client.Create(ctx, j, client.DryRunAll)
			return guards.Held(j.Spec.Suspend != nil && *j.Spec.Suspend && marked(j), err)
		}, Right{}},
		{"1", "a template that asks for an accelerator and claims nothing is refused", claims, p.refused(claims.Name, func(ctx context.Context) error {
			return p.Client.Create(ctx, probeDeployment(asking()), client.DryRunAll)
		}), Right{}},
	}
}

func (p *Probes) ring2() []probe {
	hold := guards.ID{Kind: guards.KindMutatingPolicy, Name: "scalegate-hold-pods"}
	admit := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-admit-pods"}
	pods := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-guard-pods"}
	sets := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-guard-replicasets"}
	runs := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-guard-run-objects"}
	runJobs := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-guard-run-jobs"}
	return []probe{
		{"2", "a pod that claims a release is held", hold, func(ctx context.Context) (guards.Outcome, string) {
			pod := probePod("", claiming())
			err := p.Client.Create(ctx, pod, client.DryRunAll)
			return guards.Held(gated(pod), err)
		}, Right{}},
		{"2", "a pod that asks for an accelerator and claims nothing is refused", admit, p.refused(admit.Name, func(ctx context.Context) error {
			return p.Client.Create(ctx, probePod("", asking()), client.DryRunAll)
		}), Right{}},
		{"2", "lifting the hold of a pod is refused", pods, p.refused(pods.Name, func(ctx context.Context) error {
			return p.patch(ctx, standingPod(), `{"spec":{"schedulingGates":null}}`)
		}), Right{}},
		{"2", "changing the template of a ReplicaSet is refused", sets, p.refused(sets.Name, func(ctx context.Context) error {
			return p.patch(ctx, standingReplicaSet(), `{"spec":{"template":{"spec":{"hostname":"probe"}}}}`)
		}), Right{}},
		{"2", "a pod that says it is an evaluation's is refused", runs, p.refused(runs.Name, func(ctx context.Context) error {
			return p.Client.Create(ctx, probePod("", evaluating()), client.DryRunAll)
		}), Right{}},
		{"2", "a Job whose pods say they are an evaluation's is refused", runJobs, p.refused(runJobs.Name, func(ctx context.Context) error {
			return p.Client.Create(ctx, probeJob(evaluating()), client.DryRunAll)
		}), Right{}},
	}
}

func (p *Probes) kinds() []probe {
	stamp := guards.ID{Kind: guards.KindMutatingPolicy, Name: "scalegate-stamp-identities"}
	status := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-guard-status"}
	objects := guards.ID{Kind: guards.KindValidatingPolicy, Name: "scalegate-guard-objects"}
	return []probe{
		{"kinds", "evidence carries who brought it", stamp, func(ctx context.Context) (guards.Outcome, string) {
			e := standingEvaluation()
			e.Name, e.GenerateName, e.Spec.Evaluator = "", Account+"-", "somebody-else"
			err := p.Client.Create(ctx, e, client.DryRunAll)
			return guards.Held(e.Spec.Evaluator == cmp.Or(p.Sender, CanaryUser), err)
		}, Right{}},
		{"kinds", "a status that Scalegate did not write is refused", status, p.refused(status.Name, func(ctx context.Context) error {
			e := standingEvaluation()
			return p.lacking(e, p.Client.Status().Patch(ctx, e,
				client.RawPatch(types.MergePatchType, []byte(`{"status":{"observedGeneration":1000}}`)), client.DryRunAll))
		}), Right{}},
		{"kinds", "an approval in a role that its sender does not hold is refused", objects, p.refused(objects.Name, func(ctx context.Context) error {
			return p.Client.Create(ctx, probeApproval(), client.DryRunAll)
		}), Right{v1alpha1.VerbApprove, "releaseapprovals", Namespace, Account}},
	}
}

func (p *Probes) refused(policy string, try func(context.Context) error) func(context.Context) (guards.Outcome, string) {
	return func(ctx context.Context) (guards.Outcome, string) { return guards.Refused(policy, try(ctx)) }
}

func (p *Probes) patch(ctx context.Context, object client.Object, patch string) error {
	return p.lacking(object, p.Client.Patch(ctx, object, client.RawPatch(types.MergePatchType, []byte(patch)), client.DryRunAll))
}

// lacking gives the answer that object is not there the reason why it could not be made.
func (p *Probes) lacking(object client.Object, err error) error {
	if cause := p.lacks[fmt.Sprintf("%T", object)]; cause != nil && apierrors.IsNotFound(err) {
		return &guards.LackError{Cause: cause}
	}
	return err
}

func marked(o client.Object) bool { return o.GetAnnotations()[v1alpha1.AnnotationHeld] != "" }

func gated(pod *corev1.Pod) bool {
	for _, g := range pod.Spec.SchedulingGates {
		if g.Name == v1alpha1.SchedulingGate {
			return true
		}
	}
	return false
}

// probeTemplate is what the canary's pods are like: acceptable everywhere, of an image that exists nowhere.
func probeTemplate(modify func(*corev1.PodTemplateSpec)) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": Account}},
		Spec: corev1.PodSpec{
			AutomountServiceAccountToken: new(false),
			EnableServiceLinks:           new(false),
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   new(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: "probe", Image: "scalegate.invalid/canary@sha256:0000000000000000000000000000000000000000000000000000000000000000",
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: new(false),
					Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
	modify(&t)
	return t
}

// claiming claims a release that does not exist.
func claiming() func(*corev1.PodTemplateSpec) {
	return func(t *corev1.PodTemplateSpec) { t.Labels[v1alpha1.LabelRelease] = Account }
}

// asking asks for an accelerator in the one way that no parameter names.
func asking() func(*corev1.PodTemplateSpec) {
	return func(t *corev1.PodTemplateSpec) {
		t.Spec.Containers[0].Env = []corev1.EnvVar{{Name: "NVIDIA_VISIBLE_DEVICES", Value: "all"}}
	}
}

// evaluating claims a release, and says that it is an evaluation's.
func evaluating() func(*corev1.PodTemplateSpec) {
	return func(t *corev1.PodTemplateSpec) {
		claiming()(t)
		t.Labels[v1alpha1.LabelEvaluation] = Account
	}
}

// named names what the canary makes: the object that stands, or with no name a dry run.
func named(name string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Namespace: Namespace, Name: name}
	if name == "" {
		m.GenerateName = Account + "-"
	}
	return m
}

func probePod(name string, modify func(*corev1.PodTemplateSpec)) *corev1.Pod {
	t := probeTemplate(modify)
	pod := &corev1.Pod{ObjectMeta: named(name), Spec: t.Spec}
	pod.Labels = t.Labels
	return pod
}

func probeSelector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": Account}}
}

func probeDeployment(modify func(*corev1.PodTemplateSpec)) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: named(""), Spec: appsv1.DeploymentSpec{
		Replicas: new(int32(0)), Selector: probeSelector(), Template: probeTemplate(modify),
	}}
}

func probeJob(modify func(*corev1.PodTemplateSpec)) *batchv1.Job {
	t := probeTemplate(modify)
	t.Spec.RestartPolicy = corev1.RestartPolicyNever
	meta := named("")
	// A Job without labels gets those of its pods, and another guard looks at it.
	meta.Labels = map[string]string{"app.kubernetes.io/name": Account}
	return &batchv1.Job{ObjectMeta: meta, Spec: batchv1.JobSpec{Template: t}}
}

func standingPod() *corev1.Pod { return probePod(Account, claiming()) }

func standingReplicaSet() *appsv1.ReplicaSet {
	return &appsv1.ReplicaSet{ObjectMeta: named(Account), Spec: appsv1.ReplicaSetSpec{
		Replicas: new(int32(0)), Selector: standingSelector(), Template: standingTemplate(),
	}}
}

func standingStatefulSet() *appsv1.StatefulSet {
	return &appsv1.StatefulSet{ObjectMeta: named(Account), Spec: appsv1.StatefulSetSpec{
		Replicas: new(int32(0)), Selector: standingSelector(), Template: standingTemplate(),
	}}
}

// standingSelector selects no pod that stands: a ReplicaSet without pods would delete those it adopts.
func standingSelector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": Account + "-none"}}
}

func standingTemplate() corev1.PodTemplateSpec {
	return probeTemplate(func(t *corev1.PodTemplateSpec) {
		claiming()(t)
		t.Labels["app"] = Account + "-none"
	})
}

func probeApproval() *v1alpha1.ReleaseApproval {
	return &v1alpha1.ReleaseApproval{ObjectMeta: metav1.ObjectMeta{Namespace: Namespace, GenerateName: Account + "-"}, Spec: v1alpha1.ReleaseApprovalSpec{
		Release: Account, Role: Account, Decision: v1alpha1.DecisionApprove,
		SubjectDigest:  "sha256:0000000000000000000000000000000000000000000000000000000000000000",
		PolicyRevision: "none", Exposure: "none", Rationale: "A try of the canary.",
	}}
}

func standingEvaluation() *v1alpha1.SafetyEvaluation {
	return &v1alpha1.SafetyEvaluation{ObjectMeta: named(Account), Spec: v1alpha1.SafetyEvaluationSpec{
		Subject: v1alpha1.EvaluationSubject{Release: Account, Artifacts: []v1alpha1.SubjectArtifact{{
			Type: v1alpha1.ArtifactWeights, Digest: "sha256:0000000000000000000000000000000000000000000000000000000000000000",
		}}},
		Requirement: Account,
		Report:      &v1alpha1.Report{ConfigMap: &v1alpha1.ConfigMapKey{Name: Account, Key: "none"}},
	}}
}
