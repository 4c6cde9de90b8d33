// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package safeguards

import (
	"maps"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// story is how a check is broken and mended.
type story struct {
	check v1alpha1.SafeguardCheck
	// breaks breaks it in the cluster, before and while something serves, and mends mends it.
	breaks, mends func(*scenario)
	// violates makes a template that breaks it by itself; nil where no template does.
	violates func(*corev1.PodTemplateSpec)
	// alone: while nothing serves, what waits breaks it and the release does not.
	alone bool
	// says are what is said of it when it is broken before something serves, and saysLater when something does.
	says, saysLater []string
}

// podStories are of the checks that the pods break.
func podStories() map[string]story {
	return map[string]story{
		"images pinned": {
			check: v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardImagesPinned},
			breaks: func(s *scenario) {
				s.smuggle(func(p *corev1.Pod) { p.Spec.Containers[0].Image = registry + "server:latest" })
			},
			mends: (*scenario).expel,
			says:  []string{"Pod before: spec.containers[server].image", "name it by digest"},
		},
		"read-only weights": {
			check: v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardReadOnlyWeights},
			breaks: func(s *scenario) {
				s.smuggle(func(p *corev1.Pod) {
					p.Spec.Volumes[0].VolumeSource = corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/models"}}
				})
			},
			mends: (*scenario).expel,
			says:  []string{"Pod before: spec.volumes[weights].hostPath", "take an image volume by digest"},
		},
		"encrypted storage": {
			check: v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEncryptedStorage, StorageClasses: []string{"encrypted"}},
			breaks: func(s *scenario) {
				s.must(client.IgnoreAlreadyExists(s.Create(s.t.Context(), claimOf(s.ns, "plain"))))
				s.smuggle(func(p *corev1.Pod) {
					p.Spec.Volumes = append(p.Spec.Volumes, corev1.Volume{Name: "scratch", VolumeSource: corev1.VolumeSource{
						PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "plain"},
					}})
				})
			},
			mends: (*scenario).expel,
			says:  []string{"Pod before: its claim plain has storageClassName \"plain\"", "make it anew with encrypted"},
		},
		"no service account token": {
			check:     v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardNoServiceAccountToken},
			violates:  func(t *corev1.PodTemplateSpec) { t.Spec.AutomountServiceAccountToken = nil },
			says:      []string{"spec.automountServiceAccountToken", "to false"},
			breaks:    func(s *scenario) { s.smuggle(func(p *corev1.Pod) { p.Spec.AutomountServiceAccountToken = new(true) }) },
			mends:     (*scenario).expel,
			saysLater: []string{"Pod before: spec.volumes[kube-api-access-", "gives it a token"},
		},
		"egress bandwidth limited": {
			check:     v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEgressBandwidthLimited, MaxEgressBandwidth: "10M"},
			violates:  func(t *corev1.PodTemplateSpec) { t.Annotations["kubernetes.io/egress-bandwidth"] = "1G" },
			says:      []string{"is 1G, which is above 10M", "10M or less"},
			breaks:    func(s *scenario) { s.annotate("99M") },
			mends:     func(s *scenario) { s.annotate("9M") },
			saysLater: []string{"is 99M, which is above 10M"},
		},
	}
}

// placeStories are of the checks of where they are.
func placeStories() map[string]story {
	return map[string]story{
		"egress denied": {
			check:  v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardEgressDenied},
			alone:  true,
			breaks: func(s *scenario) { s.must(client.IgnoreNotFound(s.Delete(s.t.Context(), denying(s.ns)))) },
			mends:  func(s *scenario) { s.must(s.Create(s.t.Context(), denying(s.ns))) },
			says:   []string{"no NetworkPolicy in namespace egressdenied selects it for egress", "add one with policyTypes [Egress]"},
		},
		"dedicated namespace": {
			check:  v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardDedicatedNamespace},
			breaks: func(s *scenario) { s.label(v1alpha1.LabelClaims, "") },
			mends:  func(s *scenario) { s.label(v1alpha1.LabelClaims, v1alpha1.ClaimsAll) },
			says:   []string{"its label scalegate.dev/claims is not all", "set it"},
		},
		"pod security restricted": {
			check:  v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardPodSecurityRestricted},
			breaks: func(s *scenario) { s.label("pod-security.kubernetes.io/enforce", "baseline") },
			mends:  func(s *scenario) { s.label("pod-security.kubernetes.io/enforce", "restricted") },
			says:   []string{"its label pod-security.kubernetes.io/enforce is baseline", "set it to restricted"},
		},
		"no exec for tenants": {
			check: v1alpha1.SafeguardCheck{Type: v1alpha1.SafeguardNoTenantExec, ExemptGroups: []string{"oncall"}},
			breaks: func(s *scenario) {
				for _, o := range power(s.ns) {
					s.must(s.Create(s.t.Context(), o))
				}
			},
			mends: func(s *scenario) {
				for _, o := range power(s.ns) {
					s.must(s.Delete(s.t.Context(), o))
				}
			},
			says: []string{"RoleBinding power lets User mallory@example.com exec into pods", "take the binding away"},
		},
	}
}

func claimOf(ns, class string) *corev1.PersistentVolumeClaim {
	return &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: class},
		Spec: corev1.PersistentVolumeClaimSpec{
			StorageClassName: &class, AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
}

func denying(ns string) *networkingv1.NetworkPolicy {
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "deny"},
		Spec:       networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress}},
	}
}

// power lets somebody exec, with the verb that Scalegate wants beside the right.
func power(ns string) []client.Object {
	meta := metav1.ObjectMeta{Namespace: ns, Name: "power"}
	return []client.Object{
		&rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"pods/exec"}, Verbs: []string{"create"}},
			{APIGroups: []string{v1alpha1.Group}, Resources: []string{"pods"}, Verbs: []string{"connect"}},
		}},
		&rbacv1.RoleBinding{
			ObjectMeta: meta, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "power"},
			Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "mallory@example.com"}},
		},
	}
}

// annotate sets the egress bandwidth of the pods that run.
func (s *scenario) annotate(bandwidth string) {
	s.t.Helper()
	var pods corev1.PodList
	s.must(s.List(s.t.Context(), &pods, client.InNamespace(s.ns), client.MatchingLabels{"app": web}))
	for i := range pods.Items {
		patch := client.MergeFrom(pods.Items[i].DeepCopy())
		metav1.SetMetaDataAnnotation(&pods.Items[i].ObjectMeta, "kubernetes.io/egress-bandwidth", bandwidth)
		s.must(s.Patch(s.t.Context(), &pods.Items[i], patch))
	}
}

func TestChecks(t *testing.T) {
	stories := podStories()
	maps.Copy(stories, placeStories())
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := begin(t, story.check)
			if story.violates == nil {
				story.breaks(s)
			}
			s.deployment(web, 2, story.violates)
			switch {
			case story.alone:
				s.held(web, story.says...)
				s.pods(0, 0)
				story.mends(s)
			case story.violates == nil:
				s.broken(story.says...)
				s.held(web)
				s.pods(0, 0)
				story.mends(s)
			default:
				s.held(web, story.says...)
				s.pods(0, 0)
				s.updateTemplate(func(t *corev1.PodTemplateSpec) { *t = s.template(web) })
			}
			s.pods(2, 0)
			s.ready(v1alpha1.ReasonReleased)
			s.inPlace()

			if story.violates != nil {
				s.deployment("second", 1, story.violates)
				s.held("second", story.says...)
				s.inPlace()
				s.pods(2, 0)
				s.must(s.Delete(t.Context(), deploymentOf(s.ns, "second")))
			}

			story.breaks(s)
			if story.violates == nil {
				s.broken(story.says...)
			} else {
				s.broken(story.saysLater...)
			}
			s.scale(3)
			s.pods(2, 1)
			story.mends(s)
			s.pods(3, 0)
			s.ready(v1alpha1.ReasonReleased)
			s.inPlace()
		})
	}
}
