// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
)

// waiveOptions are the flags of the waive command.
type waiveOptions struct {
	signing
	requirements, controls []string
	reason, disclosure     string
	breakGlass             bool
}

func newWaive(env environment) *cobra.Command {
	flags := newFlags()
	o := waiveOptions{signing: newSigning()}
	cmd := &cobra.Command{
		Use:   "waive RELEASE --requirement NAME --reason TEXT --control TEXT --disclosure WHERE --for 14d",
		Short: "Ask that requirements of a release are set aside for a while",
		Long: `Shows what is to be set aside, asks, and stores a ReleaseWaiver for the release as it is now. It counts once the people
approved it whom the policy names, of whom you are none, and until its end. A waiver never rules a capability threshold
out, and never opens a level whose safeguards are undefined. It cannot be renewed without a new result.

--break-glass takes the shorter path for an emergency, where the policy has one: fewer people, a short life, and a review
that is owed afterwards.

Exit codes: 0 stored; 1 an error or not confirmed, and nothing was stored.`,
		Example: `  scalegate waive opus-4 --requirement jailbreaks --reason "the judge model is being replaced" \
    --control "traffic limited to staff" --disclosure https://example.com/waivers/7 --for 14d -n serving
  scalegate waive opus-4 --requirement jailbreaks --break-glass --reason "incident 4711" --control "on call watches it" \
    --disclosure "incident 4711" --for 4h`,
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
	f.StringArrayVar(&o.requirements, "requirement", nil, "requirement that is set aside; once for each")
	f.StringVar(&o.reason, "reason", "", "why, in words")
	f.StringArrayVar(&o.controls, "control", nil, "what stands in for it; once for each")
	f.StringVar(&o.disclosure, "disclosure", "", "where it is disclosed: an address, or the number of a record")
	f.BoolVar(&o.breakGlass, "break-glass", false, "take the path for an emergency")
	o.addTo(cmd, "until when it counts")
	completeNamespaces(cmd, env, flags)
	completePolicyOf(cmd, env, flags, "requirement", requirementNames)
	completePolicyOf(cmd, env, flags, "exposure", exposureNames)
	cmd.MarkFlagsOneRequired("end", "for")
	for _, name := range []string{"requirement", "reason", "control", "disclosure"} {
		// It goes wrong only for a flag that does not exist.
		_ = cmd.MarkFlagRequired(name)
	}
	return cmd
}

func (o *waiveOptions) run(ctx context.Context, cmd *cobra.Command, c connection, s *explanation.Situation) error {
	w, err := o.object(s)
	if err != nil {
		return err
	}
	narration := cmd.OutOrStdout()
	if o.format.value != formatText {
		narration = cmd.ErrOrStderr()
	}
	if err := o.show(narration, s, w); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	quorum := o.quorum(s.Input.Policy)
	return o.finish(ctx, cmd, c, signed{
		object: w, kind: "ReleaseWaiver", resource: "releasewaiver",
		stamp: func() string { return w.Spec.Requester },
		next: func() []string {
			lines := []string{"it counts once these approve it, each in person:"}
			for _, q := range quorum {
				lines = append(lines, fmt.Sprintf("  %d of role %s: %s approve %s --role %s --waiver %s --rationale TEXT -n %s",
					q.Count, q.Role, s.Program, w.Spec.Release, q.Role, w.Name, w.Namespace))
			}
			return lines
		},
	})
}

// quorum is who has to approve.
func (o *waiveOptions) quorum(policy *v1alpha1.SafetyPolicy) []v1alpha1.RoleQuorum {
	if o.breakGlass {
		return policy.Spec.Waivers.BreakGlass.Quorum
	}
	return policy.Spec.Waivers.Quorum
}

// object is the waiver, where the policy could ever let it count.
func (o *waiveOptions) object(s *explanation.Situation) (*v1alpha1.ReleaseWaiver, error) {
	exposure, err := o.about(s)
	if err != nil {
		return nil, err
	}
	release, policy := s.Input.Release, s.Input.Policy
	if policy.Spec.Waivers == nil {
		return nil, fmt.Errorf("SafetyPolicy %s allows no waivers: bring the evidence; see %s explain modelrelease %s -n %s for what is lacking",
			policy.Name, s.Program, release.Name, release.Namespace)
	}
	if o.breakGlass && policy.Spec.Waivers.BreakGlass == nil {
		return nil, fmt.Errorf("--break-glass: SafetyPolicy %s has no path for an emergency: leave it out", policy.Name)
	}
	if err := waivable(policy, o.requirements); err != nil {
		return nil, err
	}
	end, err := o.ending(s)
	if err != nil {
		return nil, err
	}
	meta, err := o.metadata(release, "waiver")
	if err != nil {
		return nil, err
	}
	w := &v1alpha1.ReleaseWaiver{ObjectMeta: meta, Spec: v1alpha1.ReleaseWaiverSpec{
		Release: release.Name, Requirements: o.requirements,
		SubjectDigest: s.Decision.SubjectDigest, PolicyRevision: s.Decision.PolicyRevision, Exposure: exposure,
		Reason: o.reason, CompensatingControls: o.controls, Disclosure: o.disclosure, EndTime: end,
	}}
	if o.breakGlass {
		w.Spec.Path = v1alpha1.WaiverBreakGlass
	}
	return w, nil
}

// waivable checks that the policy has the requirements.
func waivable(policy *v1alpha1.SafetyPolicy, requirements []string) error {
	var names []string
	for i := range policy.Spec.Requirements {
		names = append(names, policy.Spec.Requirements[i].Name)
	}
	for i, name := range requirements {
		if !slices.Contains(names, name) {
			return fmt.Errorf("--requirement %s is not a requirement of SafetyPolicy %s; it has: %s", name, policy.Name, strings.Join(names, ", "))
		}
		if slices.Contains(requirements[:i], name) {
			return fmt.Errorf("--requirement %s is named twice: name each once", name)
		}
	}
	return nil
}

// ending is the end, which must not be later than the policy lets it: such a waiver never counts.
func (o *waiveOptions) ending(s *explanation.Situation) (metav1.Time, error) {
	end, err := o.until(s.Input.Now)
	if err != nil || end == nil {
		return metav1.Time{}, err
	}
	rules := s.Input.Policy.Spec.Waivers
	longest, field := time.Duration(rules.MaxDays)*24*time.Hour, "waivers.maxDays"
	if o.breakGlass {
		longest, field = time.Duration(rules.BreakGlass.MaxSeconds)*time.Second, "waivers.breakGlass.maxSeconds"
	}
	if end.Sub(s.Input.Now) > longest {
		return metav1.Time{}, fmt.Errorf("it would end at %s, and %s of SafetyPolicy %s lets a waiver live for %s from when it is made: name an earlier end, with --for %s at most",
			stampOf(end.Time), field, s.Input.Policy.Name, longest, longest)
	}
	return *end, nil
}

// show says what is to be set aside.
func (o *waiveOptions) show(out io.Writer, s *explanation.Situation, w *v1alpha1.ReleaseWaiver) error {
	p := newSheet()
	p.Wrap("", "", "You ask that requirements of release "+w.Spec.Release+" are set aside")
	p.Line("")
	p.release(s)
	p.waived(s, w)
	rules := s.Input.Policy.Spec.Waivers
	for _, name := range w.Spec.Requirements {
		q := requirementResult(&s.Decision, name)
		if q != nil && q.State == v1alpha1.RequirementFailed && rules.OverAdverse != v1alpha1.OverAdverseAllowed {
			p.fact("note", name+" failed, and the policy lets no waiver set that aside: it does not count while the finding stands")
		}
	}
	_, err := io.WriteString(out, p.String())
	return err
}
