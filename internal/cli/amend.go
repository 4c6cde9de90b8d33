// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/cli/overview"
)

// amending is what the commands have in common by which a person changes a part of what is there: what follows is shown,
// confirmed, and stored.
type amending struct {
	yes            bool
	dryRun, format choice
}

func newAmending() amending {
	return amending{
		dryRun: choice{value: dryRunNone, allowed: []string{dryRunNone, dryRunClient, dryRunServer}},
		format: choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML, formatName}},
	}
}

func (o *amending) addTo(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask whether it is meant")
	o.dryRun.addTo(cmd, "dry-run", "", "stop short of storing anything")
	o.format.addTo(cmd, "output", "o", "how to print the object")
}

// narration is where people read what follows.
func (o *amending) narration(cmd *cobra.Command) io.Writer {
	if o.format.value == formatText {
		return cmd.OutOrStdout()
	}
	return cmd.ErrOrStderr()
}

// amendment is a change of one object.
type amendment struct {
	kind   overview.Kind
	object client.Object
	// spec is what is merged into its spec; nil takes a field away.
	spec map[string]any
	// apply does the same to an object.
	apply func(client.Object)
	// question is asked, and done says what was done, in a participle.
	question, done string
	// next is what follows from it, line by line.
	next []string
}

// errNotAmended is what a person gets who did not confirm.
var errNotAmended = errors.New("not confirmed, so nothing was changed; answer y, or say --yes")

// finish asks, stores and prints. It sends only the fields that change, so that no other change is undone, and none stands
// in its way.
func (o *amending) finish(cmd *cobra.Command, c connection, x amendment) error {
	out := o.narration(cmd)
	if o.dryRun.value == dryRunNone && !o.yes && !agreed(cmd.InOrStdin(), out, x.question) {
		return errNotAmended
	}
	suffix := ""
	var options []client.PatchOption
	switch o.dryRun.value {
	case dryRunClient:
		suffix = " (dry run)"
		x.apply(x.object)
	case dryRunServer:
		options, suffix = append(options, client.DryRunAll), " (server dry run)"
	}
	if o.dryRun.value != dryRunClient {
		patch, err := json.Marshal(map[string]any{"spec": x.spec})
		if err != nil {
			return fmt.Errorf("encoding the change: %w", err)
		}
		if err := c.Patch(cmd.Context(), x.object, client.RawPatch(types.MergePatchType, patch), options...); err != nil {
			return fmt.Errorf("changing %s %s: %w", x.kind.Name, x.object.GetName(), served(err))
		}
	}
	name := resourceName(x.kind, x.object.GetName())
	if o.format.value != formatText {
		return o.print(cmd.OutOrStdout(), x, name)
	}
	fmt.Fprintf(out, "%s %s%s\n", name, x.done, suffix)
	if o.dryRun.value == dryRunNone {
		for _, line := range x.next {
			fmt.Fprintln(out, line)
		}
	}
	return nil
}

func (o *amending) print(out io.Writer, x amendment, name string) error {
	if o.format.value == formatName {
		_, err := fmt.Fprintln(out, name)
		return err
	}
	return encode(out, o.format.value, dataOf(x.kind, []client.Object{x.object}, true))
}

// consequences is a text of labelled lines about what follows.
type consequences struct{ strings.Builder }

func (c *consequences) line(label, format string, args ...any) {
	fmt.Fprintf(c, "%-10s %s\n", label, printed(fmt.Sprintf(format, args...)))
}
