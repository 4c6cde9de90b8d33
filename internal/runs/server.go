// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"fmt"
	"math"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// The label that tells the server from the pods that evaluate it, which may claim the same release. Whoever may patch a pod may
// change it, so nothing that protects the server selects by it.
const (
	componentLabel  = "app.kubernetes.io/component"
	serverComponent = "model-under-test"
)

// serverURL is where the evaluation finds the server.
func serverURL(in Input) string {
	return fmt.Sprintf("http://%s.%s.svc:%d", ServerName(in.Evaluation), in.Evaluation.Namespace, in.Suite.Spec.Server.Port)
}

// serverLabels are those of the server alone.
func serverLabels(in Input) map[string]string {
	return withLabels(claim(in), map[string]string{
		v1alpha1.LabelEvaluation: EvaluationLabel(in.Evaluation.Name),
		componentLabel:           serverComponent,
	})
}

// renderServer makes the Job whose one pod serves the model under test. The pod gets no variables: what it runs must be
// what the release declares. The labels of the template are those of the Job too, so that a queue can be named there.
func renderServer(in Input, template *corev1.PodTemplateSpec, v variables) (*batchv1.Job, error) {
	job := &batchv1.Job{ObjectMeta: objectMeta(in, template.Labels, nil), Spec: batchv1.JobSpec{
		Completions:  new(int32(1)),
		Parallelism:  new(int32(1)),
		BackoffLimit: new(restarts(template.Spec.RestartPolicy)),
		// One pod at a time has a name and an accelerator: another is made when the last one has ended for good.
		PodReplacementPolicy: new(batchv1.Failed),
		Template:             *template,
	}}
	job.Name = ServerName(in.Evaluation)
	pod := &job.Spec.Template
	pod.Labels = withLabels(pod.Labels, serverLabels(in))
	confine(&pod.Spec)
	if pod.Spec.RestartPolicy != corev1.RestartPolicyNever {
		// A Job takes no Always: a server that exits with 0 is not started again.
		pod.Spec.RestartPolicy = corev1.RestartPolicyOnFailure
	}
	if err := expandImages(serverPath().Child("spec"), &pod.Spec, v); err != nil {
		return nil, err
	}
	return job, nil
}

// restarts is the backoffLimit of a server: none where its containers are not started again. Else the Job controller counts
// how often they were, and would end the Job for it; whether a server that starts again is waited for, Scalegate says.
func restarts(policy corev1.RestartPolicy) int32 {
	if policy == corev1.RestartPolicyNever {
		return 0
	}
	return math.MaxInt32
}

// evaluationSelector selects all pods of one evaluation, by the label that nobody changes.
func evaluationSelector(in Input) map[string]string {
	return map[string]string{v1alpha1.LabelEvaluation: EvaluationLabel(in.Evaluation.Name)}
}

// renderService leads to the server. Who takes the component from the server makes it unreachable, and nothing worse.
func renderService(in Input) *corev1.Service {
	port, server := in.Suite.Spec.Server.Port, serverLabels(in)
	delete(server, v1alpha1.LabelExposure)
	service := &corev1.Service{
		ObjectMeta: objectMeta(in, nil, nil),
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeClusterIP,
			Selector: server,
			Ports:    []corev1.ServicePort{{Name: "model", Port: port, TargetPort: intstr.FromInt32(port), Protocol: corev1.ProtocolTCP}},
		},
	}
	service.Name = ServerName(in.Evaluation)
	return service
}

// renderNetworkPolicy lets the evaluation's own pods connect to the server, on its port, and nobody else. It is about all pods of
// the evaluation: nobody has to connect to the others.
func renderNetworkPolicy(in Input) *networkingv1.NetworkPolicy {
	policy := &networkingv1.NetworkPolicy{
		ObjectMeta: objectMeta(in, nil, nil),
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: evaluationSelector(in)},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{
				From: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{MatchLabels: evaluationSelector(in)}}},
				Ports: []networkingv1.NetworkPolicyPort{{
					Protocol: new(corev1.ProtocolTCP), Port: new(intstr.FromInt32(in.Suite.Spec.Server.Port)),
				}},
			}},
		},
	}
	policy.Name = ServerName(in.Evaluation)
	// Whoever deletes it without a word about its dependents, as the garbage collector does, has it wait for those.
	policy.Finalizers = []string{metav1.FinalizerDeleteDependents}
	return policy
}

// Outlive has the NetworkPolicy, which exists, be deleted by the garbage collector after the server's Job, and thus after its
// pods. Its name and UID are read.
func Outlive(server *batchv1.Job, policy metav1.Object) {
	server.OwnerReferences = append(server.OwnerReferences, metav1.OwnerReference{
		APIVersion: networkingv1.SchemeGroupVersion.String(), Kind: "NetworkPolicy",
		Name: policy.GetName(), UID: policy.GetUID(), BlockOwnerDeletion: new(true),
	})
}
