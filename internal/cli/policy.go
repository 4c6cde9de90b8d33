// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	yamlutil "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/revision"
)

func newPolicy(env environment) *cobra.Command {
	policy := newGroup("policy", "Work with safety policies", "policies")
	flags := newFlags()
	flags.AddFlags(policy.PersistentFlags())
	policy.AddCommand(newPolicyDiff(env, flags), newPolicyLint())
	return policy
}

func newPolicyDiff(env environment, flags *genericclioptions.ConfigFlags) *cobra.Command {
	format := choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML}}
	cmd := &cobra.Command{
		Use:   "diff BEFORE AFTER",
		Short: "Say item by item what a change of a policy does",
		Long: `Compares two texts of a safety policy, and says of each item that changed whether that strengthens the policy, weakens it,
or neither, and why. It is the comparison by which Scalegate decides whether a change needs people and time.

A text is a file with a SafetyPolicy or a PolicyRevision, - for standard input, safetypolicy/NAME, or policyrevision/NAME.
The cluster is asked only for the last two.

Exit codes:
  0  nothing weakens the policy
  1  an error: nothing was compared
  2  something weakens the policy, or cannot be known not to`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == "-" && args[1] == "-" {
				return errors.New("only one of the texts can be standard input (-): name a file for the other")
			}
			var texts [2]*v1alpha1.SafetyPolicySpec
			for i, name := range args {
				source := policySource{cmd: cmd, connect: func() (connection, error) { return env.connect(flags, cmd.ErrOrStderr()) }}
				var err error
				if texts[i], err = source.read(cmd.Context(), name); err != nil {
					return err
				}
			}
			d := policyDiff{Before: args[0], After: args[1]}
			d.Changes, d.Effect = revision.Compare(texts[0], texts[1])
			return d.print(cmd.OutOrStdout(), format.value)
		},
	}
	format.addTo(cmd, "output", "o", "how to print it")
	return cmd
}

// policySource reads texts of policies.
type policySource struct {
	cmd     *cobra.Command
	connect func() (connection, error)
}

func (s policySource) read(ctx context.Context, name string) (*v1alpha1.SafetyPolicySpec, error) {
	if name == "-" {
		data, err := io.ReadAll(s.cmd.InOrStdin())
		if err != nil {
			return nil, fmt.Errorf("reading standard input: %w", err)
		}
		return policyIn("standard input", data)
	}
	kind, object, named := strings.Cut(name, "/")
	switch strings.ToLower(kind) {
	case "safetypolicy", "safetypolicies", "spol":
		if named {
			return s.readPolicy(ctx, object)
		}
	case "policyrevision", "policyrevisions", "prev":
		if named {
			return s.readRevision(ctx, object)
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading a policy: %w (name a file, safetypolicy/NAME or policyrevision/NAME)", err)
	}
	return policyIn(name, data)
}

func (s policySource) get(ctx context.Context, name string, o client.Object, kind string) error {
	c, err := s.connect()
	if err != nil {
		return err
	}
	if err := c.Get(ctx, client.ObjectKey{Name: name}, o); apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no %s %s: kubectl get %s lists them", kind, name, strings.ToLower(kind))
	} else if err != nil {
		return fmt.Errorf("reading %s %s: %w", kind, name, clusterScoped(err))
	}
	return nil
}

func (s policySource) readPolicy(ctx context.Context, name string) (*v1alpha1.SafetyPolicySpec, error) {
	policy := &v1alpha1.SafetyPolicy{}
	if err := s.get(ctx, name, policy, "SafetyPolicy"); err != nil {
		return nil, err
	}
	return &policy.Spec, nil
}

func (s policySource) readRevision(ctx context.Context, name string) (*v1alpha1.SafetyPolicySpec, error) {
	record := &v1alpha1.PolicyRevision{}
	if err := s.get(ctx, name, record, "PolicyRevision"); err != nil {
		return nil, err
	}
	return textOf(record)
}

func textOf(record *v1alpha1.PolicyRevision) (*v1alpha1.SafetyPolicySpec, error) {
	policy, err := revision.Read(record)
	if err != nil {
		return nil, err
	}
	return &policy.Spec, nil
}

// policyIn finds the one policy, or revision of one, among the documents of a file. Others are passed over.
func policyIn(file string, data []byte) (*v1alpha1.SafetyPolicySpec, error) {
	var found *v1alpha1.SafetyPolicySpec
	documents := yamlutil.NewYAMLReader(newLines(data))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		spec, err := policyOf(document)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
		if spec != nil && found != nil {
			return nil, fmt.Errorf("%s has more than one SafetyPolicy or PolicyRevision: give each a file of its own", file)
		}
		if spec != nil {
			found = spec
		}
	}
	if found == nil {
		return nil, fmt.Errorf("%s has no SafetyPolicy and no PolicyRevision of %s", file, v1alpha1.SchemeGroupVersion)
	}
	return found, nil
}

// policyOf is the text in a document; nil where it is another object.
func policyOf(document []byte) (*v1alpha1.SafetyPolicySpec, error) {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal(document, &meta); err != nil {
		return nil, err
	}
	if meta.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return nil, nil //nolint:nilnil // another object is an answer, and not an error
	}
	switch meta.Kind {
	case "SafetyPolicy":
		policy := &v1alpha1.SafetyPolicy{}
		if err := yaml.UnmarshalStrict(document, policy); err != nil {
			return nil, err
		}
		return &policy.Spec, nil
	case "PolicyRevision":
		record := &v1alpha1.PolicyRevision{}
		if err := yaml.UnmarshalStrict(document, record); err != nil {
			return nil, err
		}
		return textOf(record)
	}
	return nil, nil //nolint:nilnil // see above
}

// policyDiff is what a change of a policy does.
type policyDiff struct {
	Before  string                  `json:"before"`
	After   string                  `json:"after"`
	Effect  v1alpha1.RevisionEffect `json:"effect"`
	Changes []v1alpha1.PolicyChange `json:"changes"`
}

// print writes the comparison, and returns its outcome as an exit code.
func (d *policyDiff) print(out io.Writer, format string) error {
	var err error
	if format == formatText {
		_, err = io.WriteString(out, d.text())
	} else {
		if d.Changes == nil {
			d.Changes = []v1alpha1.PolicyChange{}
		}
		err = encode(out, format, d)
	}
	if err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	if d.Effect == v1alpha1.EffectWeakening {
		return exitWith(codeBlocked)
	}
	return nil
}

// text is a table, and a line that sums it up.
func (d *policyDiff) text() string {
	if len(d.Changes) == 0 {
		return "The texts are the same.\n"
	}
	text := &bytes.Buffer{}
	counts := map[v1alpha1.RevisionEffect]int{}
	t := newTable(text, "ITEM", "EFFECT", "BEFORE", "AFTER", "MESSAGE")
	for _, c := range d.Changes {
		counts[c.Effect]++
		t.row(c.Item, string(c.Effect), brief(c.Before), brief(c.After), c.Message)
	}
	t.flush()
	fmt.Fprintf(text, "\n%s: %d weaken the policy, %d strengthen it, %d neither.\n", d.Effect,
		counts[v1alpha1.EffectWeakening], counts[v1alpha1.EffectStrengthening], counts[v1alpha1.EffectNeutral])
	return text.String()
}
