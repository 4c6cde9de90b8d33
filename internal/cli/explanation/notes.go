// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package explanation

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/clearance"
)

// notes say what the caller has to know beside the decision: what could not be read, whether the namespace is
// governed, and where the cluster is not, or not yet, as decided.
func notes(s Situation) []string {
	all := append([]string(nil), s.Unread...)
	if s.Input.Release.DeletionTimestamp != nil {
		all = append(all, "The release is being deleted.")
	}
	all = append(all, s.governance()...)
	if !s.OtherTime {
		all = append(all, s.lag()...)
		all = append(all, s.findingNotes()...)
	}
	return append(all, s.enforcement()...)
}

func (s *Situation) governance() []string {
	name := s.Input.Release.Namespace
	switch {
	case !s.Namespace.Known:
		return []string{UnknownNamespace(name)}
	case s.Namespace.Gate == v1alpha1.GateEnforced:
		return s.clearanceNotes()
	case s.Namespace.Gate == v1alpha1.GateAudited:
		return []string{"Namespace " + name + " is only audited: nothing is held or cleared there. To enforce: " + label(name)}
	case s.Namespace.Gate == "":
		return []string{"Namespace " + name + " is not governed: nothing is held or cleared there. To govern it: " + label(name)}
	}
	return []string{fmt.Sprintf("Namespace %s has the label %s=%s, which is neither %s nor %s. To enforce: %s",
		name, v1alpha1.LabelGate, s.Namespace.Gate, v1alpha1.GateEnforced, v1alpha1.GateAudited, label(name))}
}

// UnknownNamespace is the note that the caller may not read a namespace.
func UnknownNamespace(name string) string {
	return "Whether namespace " + name + " is governed is unknown: you may not read it. The condition Enforced of the release says what the manager saw."
}

func label(namespace string) string {
	return "kubectl label namespace " + namespace + " " + v1alpha1.LabelGate + "=" + v1alpha1.GateEnforced + " --overwrite"
}

// clearanceNotes compare the clearance in the namespace with what is granted.
func (s *Situation) clearanceNotes() []string {
	if s.OtherTime {
		return nil
	}
	granted := s.Decision.GrantedExposure
	if s.Namespace.Clearance == "" {
		if granted == "" {
			return nil
		}
		return []string{"The namespace holds no clearance for the release yet. The manager writes it, and opens what matches: if it stays away, see whether the manager runs."}
	}
	c, err := clearance.Parse(s.Namespace.Clearance)
	switch {
	case err != nil:
		return []string{"The annotation " + clearance.Key(s.Input.Release.Name) + " of the namespace is not one of Scalegate's and clears nothing: " + err.Error() + "."}
	case !c.End.After(s.Input.Now):
		return []string{"The clearance in the namespace ended at " + stamp(c.End) + " and was not renewed: no new pod starts. " + managerHint}
	case granted == "":
		return []string{"The namespace still holds a clearance for " + c.Exposure + " until " + stamp(c.End) + "; the manager withdraws it. " + managerHint}
	case c.Exposure != granted:
		return []string{"The clearance in the namespace is for " + c.Exposure + ", and " + granted + " is granted. " + managerHint}
	}
	return nil
}

const managerHint = "If this stays so, check that the manager runs."

// lag says where the release's status is not what was decided now.
func (s *Situation) lag() []string {
	release, d := s.Input.Release, &s.Decision
	status := &release.Status
	if status.ObservedGeneration == nil || *status.ObservedGeneration < 0 {
		return []string{"The manager has not looked at the release yet; what follows from the decision is not in force. " + managerHint}
	}
	var differences []string
	differ := func(what, was, is string) {
		if was != is {
			differences = append(differences, what+" "+orNone(was)+", now "+orNone(is))
		}
	}
	if *status.ObservedGeneration != release.Generation {
		differ("generation", fmt.Sprint(*status.ObservedGeneration), fmt.Sprint(release.Generation))
	}
	differ("policy revision", status.PolicyRevision, d.PolicyRevision)
	differ("required level", status.RequiredLevel, d.RequiredLevel)
	differ("granted exposure", status.GrantedExposure, d.GrantedExposure)
	if c := meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionEvidenceComplete); c != nil {
		differ("reason", c.Reason, d.Reason)
	}
	were := map[string]v1alpha1.RequirementState{}
	for i := range status.Requirements {
		were[status.Requirements[i].Name] = status.Requirements[i].State
	}
	for i := range d.Requirements {
		r := &d.Requirements[i]
		differ("requirement "+r.Name, string(were[r.Name]), string(r.State))
	}
	if len(differences) == 0 {
		return nil
	}
	return []string{"The status of the release is behind what was decided now: " + strings.Join(differences, "; ") + ". " + managerHint}
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func (s *Situation) findingNotes() []string {
	var all []string
	for i := range s.Decision.NewFindings {
		f := &s.Decision.NewFindings[i]
		all = append(all, "The failure of "+f.Spec.Requirement+" in evaluation "+f.Spec.Evidence.Name+" is not recorded yet; the manager records it as AdverseFinding "+f.Name+". "+managerHint)
	}
	for i := range s.Decision.Resolutions {
		// What is wrong with one that is not effective is said where the finding is shown.
		if r := &s.Decision.Resolutions[i]; r.Effective {
			all = append(all, "AdverseFinding "+r.Finding+" is resolved, which is not recorded yet: "+r.Message+". "+managerHint)
		}
	}
	return all
}

// enforcement says why what was decided does not hold in the cluster. That the namespace is not governed is said
// already, where it is known.
func (s *Situation) enforcement() []string {
	c := meta.FindStatusCondition(s.Input.Release.Status.Conditions, v1alpha1.ConditionEnforced)
	if c == nil || c.Status == metav1.ConditionTrue && c.Reason == v1alpha1.ReasonEnforced {
		return nil
	}
	ungoverned := c.Reason == v1alpha1.ReasonNotGoverned || c.Reason == v1alpha1.ReasonAudited
	if ungoverned && s.Namespace.Known {
		return nil
	}
	return []string{fmt.Sprintf("Condition Enforced is %s (%s): %s", c.Status, c.Reason, strings.TrimSuffix(c.Message, ".")) + "."}
}
