// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	appsv1 "k8s.io/api/apps/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/cli/doctor"
)

// serverTime is how long the cluster is waited for: the client's version is worth showing without it.
const serverTime = 10 * time.Second

// What the manifests call the manager.
const (
	componentLabel   = "app.kubernetes.io/component"
	managerComponent = "controller-manager"
	managerContainer = "manager"
)

// versions are what runs here and there.
type versions struct {
	Client clientVersion  `json:"client"`
	Server *serverVersion `json:"server,omitempty"`
}

// clientVersion is what this program is.
type clientVersion struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// serverVersion is what the cluster has.
type serverVersion struct {
	// Kubernetes is the version of the API server; empty where it is not known.
	Kubernetes string `json:"kubernetes,omitempty"`
	// Managers are the Deployments of the manager.
	Managers []managerVersion `json:"managers,omitempty"`
	// Kinds are the served kinds of Scalegate with their versions.
	Kinds []kindVersion `json:"kinds,omitempty"`
	// Unread says what could not be looked at, and why.
	Unread []string `json:"unread,omitempty"`
}

// managerVersion is one Deployment of the manager.
type managerVersion struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Image     string `json:"image"`
	Replicas  int32  `json:"replicas"`
	Ready     int32  `json:"ready"`
}

// kindVersion is a kind with the versions that the API server serves.
type kindVersion struct {
	Name   string   `json:"name"`
	Served []string `json:"served"`
	Stored string   `json:"stored,omitempty"`
}

func newVersion(env environment, version string) *cobra.Command {
	flags := newFlags()
	format := newOutput()
	here := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is, and what the cluster has",
		Long: `Says which version this program is and, where the cluster can be reached, which image the manager runs, which versions of
Scalegate's kinds are served, and which version the API server has.

Exit codes: 0 shown, also where the cluster cannot be reached; 1 an error.`,
		Example: `  scalegate version
  scalegate version --client -o json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versions{Client: clientVersion{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}}
			if !here {
				ctx, cancel := context.WithTimeout(cmd.Context(), serverTime)
				defer cancel()
				if c, err := env.connect(flags, io.Discard); err != nil {
					v.Server = &serverVersion{Unread: []string{err.Error()}}
				} else {
					v.Server = c.serverVersion(ctx)
				}
			}
			return format.show(cmd, printable{text: func(wide bool) string { return v.text(wide) }, value: v, names: []string{"scalegate/" + version}})
		},
	}
	flags.AddFlags(cmd.Flags())
	cmd.Flags().BoolVar(&here, "client", false, "do not ask the cluster")
	format.addTo(cmd)
	return cmd
}

// serverVersion looks at what may be looked at.
func (c connection) serverVersion(ctx context.Context) *serverVersion {
	v := &serverVersion{}
	note := func(what string, err error) {
		switch {
		case err == nil:
		case apierrors.IsForbidden(err):
			v.Unread = append(v.Unread, "you may not read "+what)
		default:
			v.Unread = append(v.Unread, fmt.Sprintf("%s: %v", what, err))
		}
	}
	if c.config != nil {
		d, err := discovery.NewDiscoveryClientForConfig(c.config)
		if err == nil {
			info, err := d.ServerVersionWithContext(ctx)
			if err != nil {
				note("the API server's version", err)
				return v
			}
			v.Kubernetes = info.GitVersion
		}
	}
	note("the manager's Deployment", c.managers(ctx, v))
	note("the kinds", c.kindVersions(ctx, v))
	return v
}

func (c connection) managers(ctx context.Context, v *serverVersion) error {
	list := &appsv1.DeploymentList{}
	if err := c.List(ctx, list, client.InNamespace(doctor.SystemNamespace), client.MatchingLabels{componentLabel: managerComponent}); err != nil {
		return err
	}
	for i := range list.Items {
		d := &list.Items[i]
		for j := range d.Spec.Template.Spec.Containers {
			container := &d.Spec.Template.Spec.Containers[j]
			if container.Name != managerContainer {
				continue
			}
			m := managerVersion{Namespace: d.Namespace, Name: d.Name, Image: container.Image, Replicas: 1, Ready: d.Status.ReadyReplicas}
			if d.Spec.Replicas != nil {
				m.Replicas = *d.Spec.Replicas
			}
			v.Managers = append(v.Managers, m)
		}
	}
	return nil
}

func (c connection) kindVersions(ctx context.Context, v *serverVersion) error {
	for _, name := range doctor.KindNames() {
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := c.Get(ctx, client.ObjectKey{Name: name}, crd); apierrors.IsNotFound(err) {
			continue
		} else if err != nil {
			return err
		}
		k := kindVersion{Name: name}
		for _, version := range crd.Spec.Versions {
			if version.Served {
				k.Served = append(k.Served, version.Name)
			}
			if version.Storage {
				k.Stored = version.Name
			}
		}
		v.Kinds = append(v.Kinds, k)
	}
	return nil
}

func (v *versions) text(wide bool) string {
	text := &consequences{}
	text.line("client", "%s, %s, %s", v.Client.Version, v.Client.Go, v.Client.Platform)
	s := v.Server
	if s == nil {
		return text.String()
	}
	if s.Kubernetes != "" {
		text.line("cluster", "Kubernetes %s", s.Kubernetes)
	}
	for _, m := range s.Managers {
		text.line("manager", "%s, %d of %d replicas ready (Deployment %s/%s)", m.Image, m.Ready, m.Replicas, m.Namespace, m.Name)
	}
	if len(s.Managers) == 0 && len(s.Unread) == 0 {
		text.line("manager", "no Deployment in namespace %s", doctor.SystemNamespace)
	}
	switch {
	case wide:
		for _, k := range s.Kinds {
			text.line("kind", "%s serves %s, stores %s", k.Name, strings.Join(k.Served, ", "), k.Stored)
		}
	case len(s.Kinds) > 0:
		var served []string
		for _, k := range s.Kinds {
			served = append(served, k.Served...)
		}
		slices.Sort(served)
		text.line("kinds", "%d of %d in %s, served as %s", len(s.Kinds), len(doctor.KindNames()), v1alpha1.Group, strings.Join(slices.Compact(served), ", "))
	case len(s.Unread) == 0:
		text.line("kinds", "none of %s: Scalegate is not installed", v1alpha1.Group)
	}
	for _, what := range s.Unread {
		text.line("not seen", "%s", what)
	}
	return text.String()
}
