// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/guards"
)

// CertificateSecret is the name of the Secret with the webhook's certificate.
const CertificateSecret = "scalegate-webhook-certificates"

// Certificate is one of the webhook's, and when it ends.
type Certificate struct {
	Name string
	End  time.Time
}

// Clock is what a question and its answer say of the clock of the API server.
type Clock struct {
	// Known: it answered with its time.
	Known bool
	// Server is its time, to the second; Sent and Received are the caller's around it.
	Server, Sent, Received time.Time
}

// skew is how far the API server's clock is ahead of the caller's at least; negative when it is behind.
func (c Clock) skew() time.Duration {
	switch {
	case c.Server.After(c.Received):
		return c.Server.Sub(c.Received)
	case c.Server.Add(time.Second).Before(c.Sent):
		return c.Server.Add(time.Second).Sub(c.Sent)
	}
	return 0
}

// partEnforcement is the part about what acts.
const partEnforcement = "Enforcement, tried by dry runs"

func enforcementChecks() []check {
	return []check{
		{partEnforcement, "ring 0", nil, "Clearances and gates of namespaces are what everything rests on.", ring("0")},
		{partEnforcement, "ring 1", nil, "A workload that is not held at the parent rolls out before anybody has looked.", ring("1")},
		{partEnforcement, "ring 2", nil, "A pod that is neither held nor refused serves what nobody cleared.", ring("2")},
		{partEnforcement, "own kinds", nil, "Evidence and signatures are only as good as who is known to have brought them.", ring("kinds")},
		{partEnforcement, "webhook call", nil, "Nothing is let through without it, but nobody is told what is wrong when they apply something.", webhookAnswers},
	}
}

// ring sums the probes of a ring up.
func ring(name string) func(*Facts) finding {
	return func(f *Facts) finding {
		var let, unknown, untried []string
		acted := 0
		for _, r := range f.Probes {
			if r.Ring != name {
				continue
			}
			told := fmt.Sprintf("%s: %s (%s)", r.Claim, r.Detail, r.Policy)
			switch {
			case r.Allowed:
				untried = append(untried, told)
			case r.Outcome == guards.Effective:
				acted++
			case r.Outcome == guards.Ineffective:
				let = append(let, told)
			case r.Outcome == guards.Inconclusive:
				unknown = append(unknown, told)
			}
		}
		switch {
		case len(let) > 0:
			return finding{
				status: Fail, what: fmt.Sprintf("%d of %d tries were not refused or held", len(let), len(let)+acted+len(unknown)), items: slices.Concat(let, unknown),
				remedy: "see the check guards for what is missing or changed, and apply config/admission",
			}
		case len(unknown) == 0 && acted == 0:
			return finding{status: Warn, what: "not known: nothing was tried", items: untried, remedy: "see the check guards for why"}
		case len(unknown) > 0:
			return finding{
				status: Warn, what: fmt.Sprintf("not known: of %d tries %d found nothing out", acted+len(unknown), len(unknown)), items: unknown,
				remedy: "apply config/canary, and have somebody look who may send pods and workloads to namespace " + guards.Canary,
			}
		}
		found := fine("all %d tries were refused or held", acted)
		if len(untried) > 0 {
			found.what += ", and others not made: the manager's own try them (see Guarded)"
			found.items = untried
		}
		return found
	}
}

func webhookAnswers(f *Facts) finding {
	switch r := f.WebhookProbe; r.Outcome {
	case guards.Effective:
		return fine("it refused what contradicts itself")
	case guards.Ineffective:
		return finding{status: Warn, what: r.Detail, remedy: "kubectl get pods -n " + SystemNamespace + "; docs/runbooks/webhook-down.md"}
	case guards.Inconclusive:
	}
	return finding{status: Warn, what: "not known: " + cmp.Or(f.WebhookProbe.Detail, "nothing was tried"), remedy: "have somebody look who may create SafetyPolicies"}
}

// soon is how long before its end a certificate should have been renewed.
const soon = 14 * 24 * time.Hour

func certificates(f *Facts) finding {
	var ended, near []string
	for _, c := range f.Certificates {
		told := c.Name + " ends at " + c.End.UTC().Format(time.RFC3339)
		switch left := c.End.Sub(f.Now); {
		case left <= 0:
			ended = append(ended, c.Name+" ended at "+c.End.UTC().Format(time.RFC3339))
		case left < soon:
			near = append(near, told)
		}
	}
	const remedy = "see whether a manager runs, which renews them, or what cert-manager says; docs/runbooks/webhook-down.md"
	switch {
	case len(ended) > 0:
		return finding{status: Fail, what: "the API server does not trust the webhook any more", items: append(ended, near...), remedy: remedy}
	case len(near) > 0:
		return finding{status: Warn, what: "certificates of the webhook end within a fortnight, and should have been renewed", items: near, remedy: remedy}
	case f.Webhook != nil && len(f.Certificates) == 0:
		return finding{status: Warn, what: "not known: the webhook's configuration has no certificate that can be read", remedy: remedy}
	case len(f.Certificates) == 0:
		return finding{status: Warn, what: "there is no webhook", remedy: "apply config/webhook"}
	}
	found := fine("none of %s of the webhook ends within a fortnight", counted(len(f.Certificates), "certificate", "certificates"))
	if f.CertificatesUnread != "" {
		found.what += "; its own was not looked at: " + f.CertificatesUnread
	}
	return found
}

// schemas judges whether the kinds are those that this program knows.
func schemas(f *Facts) finding {
	wrong := slices.Clone(f.OtherSchemas)
	for i, name := range wrong {
		wrong[i] = name + " has another schema"
	}
	for i := range f.Kinds {
		for _, stored := range f.Kinds[i].Status.StoredVersions {
			if stored != v1alpha1.SchemeGroupVersion.Version {
				wrong = append(wrong, f.Kinds[i].Name+" has objects stored in version "+stored)
			}
		}
	}
	if len(f.Kinds) == 0 {
		return finding{status: Warn, what: "there are no kinds to look at", remedy: "apply config/crd"}
	}
	if len(wrong) == 0 {
		return fine("the %d kinds have the schemas that this program knows", len(f.Kinds))
	}
	return finding{
		status: Warn, what: fmt.Sprintf("%d of the kinds are of another version than this program", len(wrong)), items: wrong,
		remedy: "use the program of the version that is installed, or apply its config/crd",
	}
}

// mostSkew is how far clocks may be apart: evidence and clearances end by the API server's and the manager's.
const mostSkew = 5 * time.Second

func clock(f *Facts) finding {
	skew := f.Clock.skew()
	switch {
	case !f.Clock.Known:
		return finding{status: Warn, what: "not known: the API server did not tell its time", remedy: "compare its clock with this machine's"}
	case skew > mostSkew || skew < -mostSkew:
		return finding{
			status: Warn, what: fmt.Sprintf("the clock of the API server and this machine's are %s apart", skew.Abs().Round(time.Second)),
			remedy: "synchronise both: clearances end by the clocks of the API server and of the manager",
		}
	}
	return fine("the clock of the API server and this machine's agree")
}
