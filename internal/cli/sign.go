// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/explanation"
)

// signing is what the commands have in common by which a person signs something: it is shown, confirmed, and stored.
type signing struct {
	name, end, within, exposure string
	yes                         bool
	dryRun, format              choice
}

func newSigning() signing {
	return signing{
		dryRun: choice{value: dryRunNone, allowed: []string{dryRunNone, dryRunClient, dryRunServer}},
		format: choice{value: formatText, allowed: []string{formatText, formatJSON, formatYAML, formatName}},
	}
}

func (o *signing) addTo(cmd *cobra.Command, until string) {
	f := cmd.Flags()
	f.StringVar(&o.exposure, "exposure", "", "exposure that it is about (default: the one that the release asks for; the lowest for an objection to a waiver or a determination)")
	f.StringVar(&o.end, "end", "", until+", as 2026-12-31T00:00:00Z")
	f.StringVar(&o.within, "for", "", "how long from now it counts, in place of --end, as 36h or 14d")
	f.StringVar(&o.name, "name", "", "name of the object (default: the API server makes one up)")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask whether it is meant")
	o.dryRun.addTo(cmd, "dry-run", "", "stop short of storing anything")
	o.format.addTo(cmd, "output", "o", "how to print the object")
	cmd.MarkFlagsMutuallyExclusive("end", "for")
}

// until is the end that the flags give; nil where they give none.
func (o *signing) until(now time.Time) (*metav1.Time, error) {
	switch {
	case o.end != "":
		end, err := time.Parse(time.RFC3339, o.end)
		if err != nil {
			return nil, fmt.Errorf("--end %q is no time: write it as 2026-12-31T00:00:00Z", o.end)
		}
		if !end.After(now) {
			return nil, fmt.Errorf("--end %s is over: name a later time", o.end)
		}
		return new(metav1.NewTime(end.UTC())), nil
	case o.within != "":
		length, err := lengthOf(o.within)
		if err != nil {
			return nil, err
		}
		return new(metav1.NewTime(now.Add(length).UTC().Truncate(time.Second))), nil
	}
	return nil, nil
}

// lengthOf reads a length of time: days as 14d, or what Go reads, as 36h.
func lengthOf(text string) (time.Duration, error) {
	var length time.Duration
	var err error
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n <= 3650 {
			length = time.Duration(n) * 24 * time.Hour
		}
	} else {
		length, err = time.ParseDuration(text)
	}
	if err != nil || length < time.Second {
		return 0, fmt.Errorf("--for %q is no length of time from a second to 3650 days: write it as 36h or 14d", text)
	}
	return length, nil
}

// about is the exposure that the flags give, or the one that the release asks for.
func (o *signing) about(s *explanation.Situation) (string, error) {
	if s.Input.Policy == nil {
		return "", fmt.Errorf("SafetyPolicy %s of release %s does not exist, so nobody knows what is to be signed: create the policy first",
			s.Input.Release.Spec.Policy, s.Input.Release.Name)
	}
	wanted := o.exposure
	if wanted == "" {
		wanted = s.Input.Release.Spec.Exposure
	}
	var names []string
	for _, x := range s.Input.Policy.Spec.Exposures {
		if x.Name == wanted {
			return wanted, nil
		}
		names = append(names, x.Name)
	}
	return "", fmt.Errorf("--exposure %s is none of SafetyPolicy %s; it has: %s", wanted, s.Input.Policy.Name, strings.Join(names, ", "))
}

// metadata names the object: as the flags say, or by what the API server makes up.
func (o *signing) metadata(release *v1alpha1.ModelRelease, part string) (metav1.ObjectMeta, error) {
	meta := metav1.ObjectMeta{Namespace: release.Namespace, Labels: map[string]string{labelManagedBy: managedBy}}
	if o.name == "" {
		meta.GenerateName = release.Name + "-" + part + "-"
		return meta, nil
	}
	meta.Name = o.name
	if problems := validation.IsDNS1123Subdomain(o.name); len(problems) > 0 {
		return meta, fmt.Errorf("--name %q cannot name an object: %s", o.name, strings.Join(problems, "; "))
	}
	return meta, nil
}

// errNotMeant is what a person gets who did not confirm.
var errNotMeant = errors.New("not confirmed, so nothing was stored; answer y, or say --yes")

// signed is an object with what a person reads about it.
type signed struct {
	object client.Object
	kind   string
	// resource is its name in messages, as kubectl gives it.
	resource string
	// stamp is who the API server says signed it; read after it was stored.
	stamp func() string
	// next is what follows from it, line by line.
	next func() []string
}

// finish asks, stores and prints. Where the object is printed for a program, what a person reads goes to the errors.
func (o *signing) finish(ctx context.Context, cmd *cobra.Command, c connection, x signed) error {
	narration := cmd.OutOrStdout()
	if o.format.value != formatText {
		narration = cmd.ErrOrStderr()
	}
	if o.dryRun.value == dryRunNone && !o.yes && !confirmed(cmd.InOrStdin(), narration) {
		return errNotMeant
	}
	suffix := ""
	var options []client.CreateOption
	switch o.dryRun.value {
	case dryRunClient:
		suffix = " (dry run)"
	case dryRunServer:
		options, suffix = append(options, client.DryRunAll), " (server dry run)"
	}
	if o.dryRun.value != dryRunClient {
		if err := c.Create(ctx, x.object, options...); err != nil {
			return fmt.Errorf("creating the %s: %w", x.kind, served(err))
		}
	}
	if o.format.value != formatText {
		return x.print(cmd.OutOrStdout(), o.format.value)
	}
	name := x.object.GetName()
	if name == "" {
		name = x.object.GetGenerateName() + "..."
	}
	fmt.Fprintf(narration, "%s.%s/%s created%s", x.resource, v1alpha1.Group, name, suffix)
	switch by := x.stamp(); {
	case by != "":
		fmt.Fprintf(narration, ", as %s", by)
	case o.dryRun.value != dryRunClient:
		fmt.Fprint(narration, "; the API server stamped no identity, so it cannot count: see whether Scalegate's admission policies are installed")
	}
	fmt.Fprintln(narration)
	if o.dryRun.value == dryRunNone {
		for _, line := range x.next() {
			fmt.Fprintln(narration, line)
		}
	}
	return nil
}

// confirmed asks a person, and takes anything but y or yes for no.
func confirmed(in io.Reader, out io.Writer) bool { return agreed(in, out, "Sign this?") }

// agreed asks a person a question, and takes anything but y or yes for no.
func agreed(in io.Reader, out io.Writer, question string) bool {
	fmt.Fprintf(out, "\n%s [y/N] ", question)
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	answer := strings.ToLower(strings.TrimSpace(line))
	return answer == "y" || answer == "yes"
}

func (x *signed) print(out io.Writer, format string) error {
	// The client takes the kind off what it stored.
	x.object.GetObjectKind().SetGroupVersionKind(schema.GroupVersionKind{Group: v1alpha1.Group, Version: v1alpha1.SchemeGroupVersion.Version, Kind: x.kind})
	x.object.SetManagedFields(nil)
	if format == formatName {
		_, err := fmt.Fprintf(out, "%s.%s/%s\n", x.resource, v1alpha1.Group, x.object.GetName())
		return err
	}
	return encode(out, format, x.object)
}
