// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

// Package doctor judges an installation of Scalegate and how far the cluster is brought under it. It is pure: what was
// read comes in as Facts, what was found goes out as a Report, as text or as data.
//
// What could not be read is never reported as being in order.
package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/census"
	"github.com/scalegate/scalegate/internal/guards"
)

// SystemNamespace is where Scalegate itself lives.
const SystemNamespace = "scalegate-system"

// Facts are what was read of a cluster.
type Facts struct {
	// Now is when it was read.
	Now time.Time
	// Program is how the caller starts the program, for the commands in remedies.
	Program string
	// Namespace is the only one whose contents were read; empty means all.
	Namespace string
	// Unread says of each source that could not be read why not, in the API server's words.
	Unread map[Source]string

	// Kinds are the CustomResourceDefinitions of this group.
	Kinds []apiextensionsv1.CustomResourceDefinition
	// Guards is how many admission objects there must be, and Differences how those that there are differ.
	Guards      int
	Differences []guards.Difference
	// OtherSchemas are the names of Kinds whose schema is not the one that this program knows.
	OtherSchemas []string
	// Probes are what came of trying the guards, and WebhookProbe of trying the webhook.
	Probes       []guards.Result
	WebhookProbe guards.Result
	// Certificates are those of the webhook that could be read; CertificatesUnread says why not all were.
	Certificates       []Certificate
	CertificatesUnread string
	// Clock is what the API server's clock says.
	Clock Clock
	// Webhook is the webhook's configuration; nil when there is none.
	Webhook *admissionv1.ValidatingWebhookConfiguration
	// Lease is that of the manager that acts; nil when there is none.
	Lease *coordinationv1.Lease
	// Policies are all, and Releases those in the namespaces that were read.
	Policies []v1alpha1.SafetyPolicy
	Releases []v1alpha1.ModelRelease
	// Namespaces are those that were read, by name.
	Namespaces map[string]Namespace
	// Census counts the accelerator pods of these namespaces.
	Census census.Result
	// Unclaimed are what asks for an accelerator and claims nothing where a gate stands, and Running the pods there
	// that run and claim a release.
	Unclaimed []Workload
	Running   []Workload
	// Rights are all that RBAC grants.
	Rights Rights
}

// Source is something that is read, as the resource that a right is needed for.
type Source string

// What is read.
const (
	SourceKinds      Source = "customresourcedefinitions.apiextensions.k8s.io"
	SourceGuards     Source = "admission policies and bindings"
	SourceWebhook    Source = "validatingwebhookconfigurations.admissionregistration.k8s.io"
	SourceLease      Source = "leases.coordination.k8s.io in " + SystemNamespace
	SourcePolicies   Source = "safetypolicies.scalegate.dev"
	SourceReleases   Source = "modelreleases.scalegate.dev"
	SourceNamespaces Source = "namespaces"
	SourcePods       Source = "pods"
	SourceWorkloads  Source = "workloads"
	SourceRights     Source = "roles and bindings of rbac.authorization.k8s.io"
)

// Status is what a check found.
type Status string

const (
	// OK means that it is as it should be.
	OK Status = "OK"
	// Warn means that somebody should look at it, or that it could not be looked at.
	Warn Status = "WARN"
	// Fail means that what Scalegate promises does not hold.
	Fail Status = "FAIL"
)

// Check is one thing that was looked at.
type Check struct {
	// Part is the part of the report that it belongs to, and Name what it is called.
	Part string `json:"part"`
	Name string `json:"name"`
	// Status is what was found, and What says it in a sentence.
	Status Status `json:"status"`
	What   string `json:"what"`
	// Items are the things that it is about, all of them.
	Items []string `json:"items,omitempty"`
	// Why says why it matters, and Remedy what to do. Empty with OK, and where it was not looked at.
	Why    string `json:"why,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// Report is everything that was looked at, in a fixed order.
type Report struct {
	// Namespace is the only one whose contents were read; empty means all.
	Namespace string  `json:"namespace,omitempty"`
	Checks    []Check `json:"checks"`
}

// Count is how many checks found the status.
func (r Report) Count(status Status) int {
	n := 0
	for i := range r.Checks {
		if r.Checks[i].Status == status {
			n++
		}
	}
	return n
}

// ExitCode is 0 when nothing failed, whatever there is to look at, and 2 otherwise.
func (r Report) ExitCode() int {
	if r.Count(Fail) > 0 {
		return 2
	}
	return 0
}

// check is a row of the list of all checks.
type check struct {
	part, name string
	// needs are the sources without which it says nothing.
	needs []Source
	why   string
	look  func(*Facts) finding
}

// finding is what a check found; the zero finding is not in order.
type finding struct {
	status       Status
	what, remedy string
	items        []string
}

// Parts of a report.
const (
	partInstallation = "Installation"
	partNamespaces   = "Namespaces"
	partWorkloads    = "Workloads in namespaces with a gate"
	partRights       = "Rights"
)

// Examine looks at everything.
func Examine(f *Facts) Report {
	r := Report{Namespace: f.Namespace}
	for _, c := range slices.Concat(installationChecks(), enforcementChecks(), namespaceChecks(), workloadChecks(), rightChecks()) {
		r.Checks = append(r.Checks, c.run(f))
	}
	return r
}

func (c check) run(f *Facts) Check {
	var unread []string
	for _, source := range c.needs {
		if why, ok := f.Unread[source]; ok {
			unread = append(unread, why)
		}
	}
	if len(unread) > 0 {
		return Check{Part: c.part, Name: c.name, Status: Warn, What: notLookedAt + strings.Join(unread, "; ")}
	}
	found := c.look(f)
	result := Check{Part: c.part, Name: c.name, Status: found.status, What: found.what, Items: found.items}
	if result.Status != OK {
		result.Why, result.Remedy = c.why, found.remedy
	}
	return result
}

// notLookedAt begins what is said of a check without its facts.
const notLookedAt = "not looked at: "

func fine(format string, args ...any) finding {
	return finding{status: OK, what: fmt.Sprintf(format, args...)}
}

// counted is "1 pod" or "2 pods".
func counted(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
