// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
)

// approveOptions are the flags of the approve command.
type approveOptions struct {
	signing
	role, rationale       string
	waiver, determination string
	decision              choice
}

// said is the word of --decision.
func (o *approveOptions) said() v1alpha1.ApprovalDecision {
	switch o.decision.value {
	case "object":
		return v1alpha1.DecisionObject
	case "acknowledge":
		return v1alpha1.DecisionAcknowledge
	default:
		return v1alpha1.DecisionApprove
	}
}

func newApprove(env environment) *cobra.Command {
	flags := newFlags()
	o := approveOptions{signing: newSigning(), decision: choice{value: "approve", allowed: []string{"approve", "object", "acknowledge"}}}
	cmd := &cobra.Command{
		Use:   "approve RELEASE --role ROLE --rationale TEXT",
		Short: "Approve a release, object to it, or say that you were told",
		Long: `Shows what is to be signed, asks, and stores a ReleaseApproval: about the release as it is now, or about a waiver or a
determination of it. It is for these artifacts and this revision of the policy. Who signs says the API server; signing in a
role needs the verb approve on releaseapprovals of that name.

Of one person in one role about one thing the latest counts: who objected may approve later, and the other way round.

Exit codes: 0 signed; 1 an error or not confirmed, and nothing was stored.`,
		Example: `  scalegate approve opus-4 --role rso --rationale "read the capability report of 3 May" -n serving
  scalegate approve opus-4 --role ceo --decision object --exposure General --rationale "the red team is not done"
  scalegate approve opus-4 --role rso --waiver opus-4-waiver-x2k9p --rationale "the egress limit stands in for it"
  scalegate approve opus-4 --role board --decision acknowledge --rationale "told on 4 May" --dry-run=client -o yaml`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: completeReleases(env, flags),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := env.connect(flags, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			s, err := c.gather(cmd.Context(), args[0], env.now())
			if err != nil {
				return err
			}
			s.Program = displayName(cmd)
			return o.run(cmd.Context(), cmd, c, &s)
		},
	}
	flags.AddFlags(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&o.role, "role", "", "role of the policy that you sign in")
	f.StringVar(&o.rationale, "rationale", "", "why, in words")
	f.StringVar(&o.waiver, "waiver", "", "name of the ReleaseWaiver that it is about (default: the release itself)")
	f.StringVar(&o.determination, "determination", "", "name of the ReleaseDetermination that it is about")
	o.decision.addTo(cmd, "decision", "", "what you say")
	o.addTo(cmd, "until when it counts (default: as long as the policy lets it)")
	completeNamespaces(cmd, env, flags)
	completePolicyOf(cmd, env, flags, "role", roleNames)
	completePolicyOf(cmd, env, flags, "exposure", exposureNames)
	completeKind(cmd, env, flags, "waiver", "waivers")
	completeKind(cmd, env, flags, "determination", "determinations")
	cmd.MarkFlagsMutuallyExclusive("waiver", "determination")
	for _, name := range []string{"role", "rationale"} {
		// It goes wrong only for a flag that does not exist.
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

func (o *approveOptions) run(ctx context.Context, cmd *cobra.Command, c connection, s *explanation.Situation) error {
	a, err := o.approval(s)
	if err != nil {
		return err
	}
	narration := cmd.OutOrStdout()
	if o.format.value != formatText {
		narration = cmd.ErrOrStderr()
	}
	if err := o.show(narration, s, a); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return o.finish(ctx, cmd, c, signed{
		object: a, kind: "ReleaseApproval", resource: "releaseapproval",
		stamp: func() string { return a.Spec.Approver },
		next: func() []string {
			return []string{fmt.Sprintf("whether it counts: %s explain modelrelease %s -n %s", s.Program, s.Input.Release.Name, s.Input.Release.Namespace)}
		},
	})
}

// approval is the object that is to be signed.
func (o *approveOptions) approval(s *explanation.Situation) (*v1alpha1.ReleaseApproval, error) {
	decision := o.said()
	if o.exposure == "" && decision == v1alpha1.DecisionObject && o.waiver+o.determination != "" && s.Input.Policy != nil {
		// An objection counts from its exposure on, and is meant for the whole of the record.
		o.exposure = s.Input.Policy.Spec.Exposures[0].Name
	}
	exposure, err := o.about(s)
	if err != nil {
		return nil, err
	}
	release, policy := s.Input.Release, s.Input.Policy
	if err := roleOf(policy, o.role); err != nil {
		return nil, err
	}
	regarding, err := o.regarding(s)
	if err != nil {
		return nil, err
	}
	end, err := o.until(s.Input.Now)
	if err != nil {
		return nil, err
	}
	if end != nil && decision == v1alpha1.DecisionObject {
		return nil, fmt.Errorf("an objection does not end: leave --end and --for out; a later approval of yours in the same role takes it back")
	}
	meta, err := o.metadata(release, o.role)
	if err != nil {
		return nil, err
	}
	return &v1alpha1.ReleaseApproval{ObjectMeta: meta, Spec: v1alpha1.ReleaseApprovalSpec{
		Release: release.Name, Regarding: regarding, Role: o.role, Decision: decision,
		SubjectDigest: s.Decision.SubjectDigest, PolicyRevision: s.Decision.PolicyRevision,
		Exposure: exposure, Rationale: o.rationale, EndTime: end,
	}}, nil
}

// roleOf checks that the policy has the role.
func roleOf(policy *v1alpha1.SafetyPolicy, role string) error {
	names := make([]string, len(policy.Spec.Roles))
	for i := range policy.Spec.Roles {
		names[i] = policy.Spec.Roles[i].Name
	}
	switch {
	case slices.Contains(names, role):
		return nil
	case len(names) == 0:
		return fmt.Errorf("SafetyPolicy %s has no roles, so nobody can sign under it: name them in spec.roles", policy.Name)
	}
	return fmt.Errorf("--role %s is none of SafetyPolicy %s; it has: %s", role, policy.Name, strings.Join(names, ", "))
}

// regarding is the waiver or the determination that it is about; nil for the release itself.
func (o *approveOptions) regarding(s *explanation.Situation) (*v1alpha1.RecordReference, error) {
	release := s.Input.Release
	switch {
	case o.waiver != "":
		var names []string
		for i := range s.Input.Waivers {
			w := &s.Input.Waivers[i]
			if w.Name == o.waiver && w.Spec.Release == release.Name {
				return &v1alpha1.RecordReference{Kind: v1alpha1.RecordWaiver, Name: w.Name, UID: string(w.UID)}, nil
			}
			if w.Spec.Release == release.Name {
				names = append(names, w.Name)
			}
		}
		return nil, fmt.Errorf("--waiver %s is no ReleaseWaiver of release %s; it has: %s", o.waiver, release.Name, orNone(names))
	case o.determination != "":
		var names []string
		for i := range s.Input.Determinations {
			d := &s.Input.Determinations[i]
			if d.Name == o.determination && d.Spec.Release == release.Name {
				return &v1alpha1.RecordReference{Kind: v1alpha1.RecordDetermination, Name: d.Name, UID: string(d.UID)}, nil
			}
			if d.Spec.Release == release.Name {
				names = append(names, d.Name)
			}
		}
		return nil, fmt.Errorf("--determination %s is no ReleaseDetermination of release %s; it has: %s", o.determination, release.Name, orNone(names))
	}
	return nil, nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// show says what is to be signed.
func (o *approveOptions) show(out io.Writer, s *explanation.Situation, a *v1alpha1.ReleaseApproval) error {
	p := newSheet()
	verb := "You approve"
	switch a.Spec.Decision {
	case v1alpha1.DecisionObject:
		verb = "You object to"
	case v1alpha1.DecisionAcknowledge:
		verb = "You acknowledge that you were told of"
	case v1alpha1.DecisionApprove:
	}
	p.Wrap("", "", verb+" "+o.thing(s.Input.Release.Name)+", as "+a.Spec.Role)
	p.Line("")
	p.release(s)
	switch {
	case o.waiver != "":
		p.waiver(s, o.waiver)
	case o.determination != "":
		p.determination(s, o.determination)
	default:
		p.evidence(s)
	}
	reach := a.Spec.Exposure + " and below"
	if a.Spec.Decision == v1alpha1.DecisionObject {
		reach = a.Spec.Exposure + " and above"
	}
	p.fact("exposure", reach)
	p.fact("rationale", a.Spec.Rationale)
	switch {
	case a.Spec.Decision == v1alpha1.DecisionObject:
		p.fact("until", "you approve in the same role, or the release has other artifacts")
	case a.Spec.EndTime != nil:
		p.fact("until", stampOf(a.Spec.EndTime.Time)+", or sooner where the policy says so")
	default:
		p.fact("until", "as long as the policy lets it")
	}
	if a.Spec.Decision != v1alpha1.DecisionObject {
		p.fact("void when", "the release has other artifacts, the evidence becomes weaker, or the policy does")
	}
	_, err := io.WriteString(out, p.String())
	return err
}

func (o *approveOptions) thing(release string) string {
	switch {
	case o.waiver != "":
		return "ReleaseWaiver " + o.waiver + " of release " + release
	case o.determination != "":
		return "ReleaseDetermination " + o.determination + " of release " + release
	}
	return "release " + release
}
