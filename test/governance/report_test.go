// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/hack/localcluster"
	"github.com/scalegate/scalegate/internal/report"
)

func TestReport(t *testing.T) {
	scenarios(t, map[string]func(*scenario){
		"an auditor reads what happened, and others what they may not read": reported,
	})
}

func reported(s *scenario) {
	s.begin(asking("L1", evaluated(attack)), asking("L1", approved("officer", v1alpha1.ApprovalCriterion{Quorum: quorum("rso")})), waivers())
	s.bindAuditor()
	s.release(s.author())
	s.decided("", v1alpha1.ReasonEvidenceMissing)
	w := s.author().asksToWaive(attack, 5*day)
	s.pass(w)
	s.decided("", v1alpha1.ReasonApprovalMissing)
	s.signer("rita", "rsos").says("rso", v1alpha1.DecisionApprove)
	s.decided(general, v1alpha1.ReasonEvidenceComplete)
	s.evaluator().brings("attack-1", attack, 0.5)
	s.decided("", v1alpha1.ReasonAdverseFinding)

	var r report.Report
	// A record that is made while the report is read is not in the status yet.
	s.eventually(func(context.Context) error {
		text, code := s.scalegate("auditor", nil, "report", m1, "-n", s.ns, "-o", "json")
		if code != 0 {
			return fmt.Errorf("exit %d: %s", code, text)
		}
		return json.Unmarshal([]byte(text), &r)
	})
	if g := r.Generated; g.By != "auditor@example.com" || g.ClusterUID == "" {
		s.t.Errorf("made by %+v", g)
	}
	s.reportHolds(&r.Releases[0], w.Name)

	page, code := s.scalegate("auditor", nil, "report", m1, "-n", s.ns)
	for _, want := range []string{"<!DOCTYPE html>", "the judge model is being replaced", "rita@example.com", "attack-1", "<svg"} {
		if code == 1 || !strings.Contains(page, want) {
			s.t.Errorf("exit %d, and the page does not say %q", code, want)
		}
	}
	// The evaluator of the test may read everything of Scalegate, and not the namespace.
	if text, code := s.scalegate("eve", []string{evaluators}, "report", m1, "-n", s.ns, "-o", "markdown"); code != 4 || !strings.Contains(text, "You may not read namespace "+s.ns) {
		s.t.Errorf("exit %d: %s", code, text)
	}
}

// reportHolds checks what the report says of the release against what happened to it.
func (s *scenario) reportHolds(m *report.Release, waiver string) {
	s.t.Helper()
	if m.Basis != report.BasisDecided || m.Exposure.Granted != "" || m.Reason != v1alpha1.ReasonAdverseFinding || len(m.Unseen) > 0 {
		s.t.Errorf("basis %s, granted %q, reason %s, unseen %q", m.Basis, m.Exposure.Granted, m.Reason, m.Unseen)
	}
	i := slices.IndexFunc(m.Requirements, func(q report.Requirement) bool { return q.Name == attack })
	if q := m.Requirements[i]; q.State != "Failed" || len(q.Results) != 1 || !q.Results[0].Decides || q.Results[0].Value != "0.5" ||
		q.Results[0].Evaluator != "eve@example.com" || !strings.HasPrefix(q.Results[0].Tool, "inspect_ai") || len(q.Results[0].SHA256) != 64 {
		s.t.Errorf("the requirement is %+v", q)
	}
	if len(m.Findings) != 1 || !m.Findings[0].Standing || m.Findings[0].Requirement != attack {
		s.t.Errorf("findings are %+v", m.Findings)
	}
	if len(m.Approvals) != 1 || m.Approvals[0].By != "rita@example.com" || m.Approvals[0].Rationale != "I read what there is" {
		s.t.Errorf("approvals are %+v", m.Approvals)
	}
	if len(m.Waivers) != 1 || m.Waivers[0].Name != waiver || m.Waivers[0].Requester != "ada@example.com" || len(m.Waivers[0].Approvals) != 2 {
		s.t.Errorf("waivers are %+v", m.Waivers)
	}
	var granted []string
	for _, e := range m.Records.Entries {
		if len(granted) == 0 || granted[len(granted)-1] != e.Granted {
			granted = append(granted, e.Granted)
		}
	}
	if !m.Records.Intact || !slices.Equal(granted, []string{"", general, ""}) {
		s.t.Errorf("intact %v, problems %q, granted over time %q", m.Records.Intact, m.Records.Problems, granted)
	}
	if len(m.Policy.Revisions) != 1 || m.Policy.Revisions[0].Revision != m.Policy.Revision {
		s.t.Errorf("the policy is %+v", m.Policy)
	}
}

// bindAuditor gives the user auditor@example.com the shipped role for auditors.
func (s *scenario) bindAuditor() {
	s.t.Helper()
	b := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: s.ns + "-auditor"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "scalegate-auditor"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "auditor@example.com"}},
	}
	s.must(s.Create(s.t.Context(), b))
}

// scalegate runs the command line as a user in groups, and returns what it prints to standard output, and its exit code.
func (s *scenario) scalegate(user string, groups []string, args ...string) (out string, code int) {
	s.t.Helper()
	binary, err := shared.Build(s.t.Context())
	s.must(err)
	config, err := shared.User(user+"@example.com", groups...)
	s.must(err)
	kubeconfig := filepath.Join(s.t.TempDir(), "kubeconfig")
	s.must(localcluster.WriteKubeconfig(kubeconfig, config))
	cmd := exec.CommandContext(s.t.Context(), binary, append(args, "--kubeconfig", kubeconfig)...)
	cmd.WaitDelay = 10 * time.Second
	raw, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		s.t.Logf("scalegate %v: %s", args, exit.Stderr)
		return string(raw), exit.ExitCode()
	}
	s.must(err)
	return string(raw), 0
}
