// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// watching is a client that says which watches began: what happens before, a fake API server does not tell of.
type watching struct {
	client.WithWatch
	began chan client.ObjectList
	// refuse, if not nil, may refuse the watch of a list.
	refuse func(client.ObjectList) error
}

func newWatching(c client.WithWatch) *watching {
	return &watching{WithWatch: c, began: make(chan client.ObjectList, 100)}
}

func (w *watching) Watch(ctx context.Context, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error) {
	if w.refuse != nil {
		if err := w.refuse(list); err != nil {
			return nil, err
		}
	}
	watch, err := w.WithWatch.Watch(ctx, list, opts...)
	w.began <- list
	return watch, err
}

// await waits until n more watches began.
func (w *watching) await(t *testing.T, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for range n {
		select {
		case <-w.began:
		case <-ctx.Done():
			t.Fatal("no watch begins")
		}
	}
}

// text is a buffer that one may read while another writes.
type text struct {
	mutex  sync.Mutex
	buffer bytes.Buffer
}

func (b *text) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.Write(p)
}

func (b *text) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.buffer.String()
}

// running is the program at work.
type running struct {
	out, errs text
	stop      context.CancelFunc
	ended     chan int
}

// start runs the program as a caller would, on Day(10), and returns while it runs.
func start(t *testing.T, c client.WithWatch, args ...string) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{stop: stop, ended: make(chan int, 1)}
	t.Cleanup(stop)
	root := newRoot("scalegate", "v1.2.3", environment{
		now: func() time.Time { return fixture.Day(10) },
		connect: func(flags *genericclioptions.ConfigFlags, _ io.Writer) (connection, error) {
			return connection{Client: c, namespace: *flags.Namespace}, nil
		},
	})
	root.SetOut(&r.out)
	root.SetErr(&r.errs)
	root.SetArgs(args)
	go func() { r.ended <- Execute(ctx, root) }()
	return r
}

// says waits until the program printed something.
func (r *running) says(t *testing.T, want string) {
	t.Helper()
	eventually(t, func() error {
		if !strings.Contains(r.out.String(), want) {
			return errors.New("it does not say " + want + " but:\n" + r.out.String() + r.errs.String())
		}
		return nil
	})
}

// result waits until the program ended.
func (r *running) result(t *testing.T) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	select {
	case code := <-r.ended:
		return result{code: code, out: r.out.String(), errors: r.errs.String()}
	case <-ctx.Done():
		t.Fatalf("it does not end; it said:\n%s%s", r.out.String(), r.errs.String())
	}
	return result{}
}

func eventually(t *testing.T, check func() error) {
	t.Helper()
	var last error
	err := wait.PollUntilContextTimeout(t.Context(), 5*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		last = check()
		return last == nil, nil
	})
	if err != nil {
		t.Fatal(errors.Join(err, last))
	}
}

// change changes a release as the manager or a person would.
func change(t *testing.T, c client.Client, modifiers ...func(*v1alpha1.ModelRelease)) {
	t.Helper()
	r := &v1alpha1.ModelRelease{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: fixture.Namespace, Name: "m1"}, r); err != nil {
		t.Fatal(err)
	}
	r.Status = v1alpha1.ModelReleaseStatus{}
	for _, modify := range modifiers {
		modify(r)
	}
	if err := c.Update(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

var (
	nothing = metav1.Condition{}
	missing = observed(readyIs(false, "EvidenceMissing"), awaiting("EvidenceMissing"), enforcedIs(true, "Enforced"))
	free    = observed(readyIs(true, "Released"), nothing, enforcedIs(true, "Enforced"), grantedTo("General"))
	adverse = observed(readyIs(false, "AdverseFinding"), stalledBy("AdverseFinding"), enforcedIs(true, "Enforced"))
	unclear = observed(readyIs(false, "EvidenceIndeterminate"), awaiting("EvidenceIndeterminate"), enforcedIs(true, "Enforced"), unclearBecause("bio", "bio-1"))
)

func unclearBecause(requirement, evidence string) func(*v1alpha1.ModelRelease) {
	return func(r *v1alpha1.ModelRelease) {
		r.Status.Requirements = []v1alpha1.RequirementStatus{{Name: requirement, State: v1alpha1.RequirementIndeterminate, Evidence: evidence}}
	}
}

// release is the release m1 in a state, with its policy.
func release(modifiers ...func(*v1alpha1.ModelRelease)) []client.Object {
	return []client.Object{fixture.Release("m1", modifiers...), fixture.Policy("rsp")}
}

func TestWaitLooksOnce(t *testing.T) {
	t.Parallel()
	generation := func(n int64) func(*v1alpha1.ModelRelease) {
		return func(r *v1alpha1.ModelRelease) { r.Generation = n }
	}
	internal := observed(readyIs(false, "EvidenceMissing"), awaiting("EvidenceMissing"), enforcedIs(true, "Enforced"), grantedTo("Internal"))
	removing := observed(readyIs(false, "EvidenceMissing"), awaiting("EvidenceMissing"), enforcedIs(false, "Removing"), grantedTo("Internal"))
	bio := fixture.Evaluation("bio-1", "bio", "0.3", measuredNow)
	other := fixture.Evaluation("bio-2", "bio", "", fixture.Unread(), func(e *v1alpha1.SafetyEvaluation) {
		e.Status.Conditions = []metav1.Condition{said("Ready", false, "Running"), said("Reconciling", true, "Running")}
	})
	newer := fixture.Evaluation("bio-3", "bio", "0.1", measuredNow, fixture.At(fixture.Day(6)))
	for name, tc := range map[string]struct {
		objects []client.Object
		args    []string
		code    int
		say     string
	}{
		"released": {release(free), nil, codePass, "modelrelease.scalegate.dev/m1: Released\n"},
		"released, by the status of an earlier spec": {release(generation(1), free, generation(2)), nil, codePending, "Unobserved"},
		"pending":                              {release(missing), nil, codePending, "00:00:00  Pending EvidenceMissing: because of EvidenceMissing\nmodelrelease.scalegate.dev/m1: is not there yet\n"},
		"blocked":                              {release(adverse), nil, codeBlocked, "does not become Released by waiting"},
		"blocked, and waited for all the same": {release(adverse), []string{"--fail-fast=false"}, codeBlocked, "is not there yet"},
		"inconclusive":                         {append(release(unclear), &bio), nil, codeInconclusive, "does not become Released by waiting"},
		"inconclusive, and a run goes on":      {append(release(unclear), &bio, &other), nil, codePending, "is not there yet"},
		"inconclusive, and a result came that nobody looked at yet": {append(release(unclear), &bio, &newer), nil, codePending, "is not there yet"},
		"a lower exposure is granted":                               {release(internal), []string{"--for", "exposure=Internal"}, codePass, "m1: exposure=Internal"},
		"a higher exposure is granted":                              {release(internal), []string{"--for", "exposure=Evaluation"}, codePass, "m1: exposure=Evaluation"},
		"granted, and not enforced":                                 {release(removing), []string{"--for", "exposure=Internal"}, codePending, "is not there yet"},
		"a higher exposure is not granted":                          {release(internal), []string{"--for", "exposure=General"}, codePending, "is not there yet"},
		"an exposure that does not exist":                           {release(internal), []string{"--for", "exposure=Moon"}, codeError, "--for exposure=Moon is none of SafetyPolicy rsp; it has: Evaluation, Internal, General"},
		"an exposure that was not asked for":                        {release(fixture.Asking("Internal"), internal), []string{"--for", "exposure=General"}, codeError, "asks only for Internal"},
		"an exposure, without the policy":                           {release(internal)[:1], []string{"--for", "exposure=Internal"}, codePass, "m1: exposure=Internal"},
		"a condition":                                               {release(adverse), []string{"--for", "condition=Enforced"}, codePass, "m1: condition=Enforced"},
		"a condition with a value":                                  {release(adverse), []string{"--for", "condition=Ready=False"}, codePass, "condition=Ready=False"},
		"a condition that may still come":                           {release(adverse), []string{"--for", "condition=Fresh"}, codePending, "is not there yet"},
		"Ready is as good as Released":                              {release(adverse), []string{"--for", "condition=Ready"}, codeBlocked, "by waiting"},
		"all of several":                                            {release(free), []string{"--for", "condition=Ready", "--for", "exposure=General"}, codePass, "condition=Ready, exposure=General"},
		"one of several":                                            {release(free), []string{"--for", "condition=Ready", "--for", "condition=Waived"}, codePending, "is not there yet"},
		"nothing is there":                                          {nil, nil, codeError, "there is no ModelRelease m1 in namespace serving"},
		"nothing is there yet":                                      {nil, []string{"--for", "create"}, codePending, "Absent it does not exist yet"},
		"it was created":                                            {release(missing), []string{"--for", "create"}, codePass, "m1: create"},
		"it was deleted":                                            {nil, []string{"--for", "delete"}, codePass, "m1: delete"},
		"it is still there":                                         {release(free), []string{"--for", "delete"}, codePending, "is not there yet"},
		"something unknown":                                         {release(free), []string{"--for", "happiness"}, codeError, `--for "happiness" is nothing that can be waited for`},
		"deleted and more":                                          {release(free), []string{"--for", "delete", "--for", "create"}, codeError, "--for delete cannot be combined"},
		"as a name":                                                 {release(free), []string{"-o", "name"}, codePass, "modelrelease.scalegate.dev/m1\n"},
		"as data":                                                   {release(free), []string{"-o", "jsonpath=kind"}, codePass, "ModelRelease\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := run(t, cluster(t, nil, tc.objects...), append([]string{"wait", "modelrelease", "m1", "-n", "serving", "--timeout", "0"}, tc.args...)...)
			if got.code != tc.code || !strings.Contains(got.out+got.errors, tc.say) {
				t.Errorf("got %+v, want code %d with %q", got, tc.code, tc.say)
			}
		})
	}
}

func measuredNow(e *v1alpha1.SafetyEvaluation) {
	e.Status.Conditions = []metav1.Condition{said("Ready", true, "Measured")}
}

// measuredBefore has the status of what it was before its spec was changed.
func measuredBefore(e *v1alpha1.SafetyEvaluation) {
	measuredNow(e)
	e.Generation = 2
}

func TestWaitForAnEvaluation(t *testing.T) {
	t.Parallel()
	ended := func(reason string) func(*v1alpha1.SafetyEvaluation) {
		return func(e *v1alpha1.SafetyEvaluation) {
			e.Status.Conditions = []metav1.Condition{said("Ready", false, reason), said("Stalled", true, reason)}
		}
	}
	for name, tc := range map[string]struct {
		modify func(*v1alpha1.SafetyEvaluation)
		args   []string
		code   int
		say    string
	}{
		"measured": {measuredNow, nil, codePass, "safetyevaluation.scalegate.dev/bio-1: Measured"},
		"running": {func(e *v1alpha1.SafetyEvaluation) {
			e.Status.Conditions = []metav1.Condition{said("Ready", false, "Running"), said("Reconciling", true, "Running")}
		}, nil, codePending, "Waiting Running: because of Running"},
		"not looked at":        {fixture.Unread(), nil, codePending, "Unobserved\n"},
		"failed":               {ended("RunFailed"), nil, codeBlocked, "Failed RunFailed: because of RunFailed"},
		"cannot be read":       {ended("Unreadable"), nil, codeInconclusive, "does not become Measured by waiting"},
		"has no such metric":   {ended("MetricNotFound"), nil, codeInconclusive, "Failed MetricNotFound"},
		"revoked":              {fixture.Revoked(v1alpha1.RevocationCritical), nil, codeBlocked, "Revoked"},
		"measured before":      {measuredBefore, nil, codePending, "Unobserved"},
		"ready before":         {measuredBefore, []string{"--for", "condition=Ready"}, codePending, "is not there yet"},
		"something missing":    {measuredNow, []string{"--for", "Measured", "--for", "condition=Reviewed"}, codePending, "is not there yet"},
		"stalled, as asked":    {ended("RunFailed"), []string{"--for", "condition=Stalled"}, codePass, "condition=Stalled"},
		"a release's exposure": {measuredNow, []string{"--for", "exposure=General"}, codeError, "nothing that can be waited for"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := fixture.Evaluation("bio-1", "bio", "0.1", tc.modify)
			got := run(t, cluster(t, nil, &e), append([]string{"wait", "seval", "bio-1", "-n", "serving", "--timeout", "0"}, tc.args...)...)
			if got.code != tc.code || !strings.Contains(got.out+got.errors, tc.say) {
				t.Errorf("got %+v, want code %d with %q", got, tc.code, tc.say)
			}
		})
	}
}

func TestWaitFollows(t *testing.T) {
	t.Parallel()
	c := newWatching(cluster(t, nil, release(missing)...))
	r := start(t, c, "wait", "modelrelease", "m1", "-n", "serving")
	r.says(t, "Pending EvidenceMissing")
	c.await(t, 2)
	// A message alone is no news.
	change(t, c, observed(readyIs(false, "EvidenceMissing"), awaiting("EvidenceMissing"), enforcedIs(true, "Enforced"), grantedTo("")))
	change(t, c, observed(readyIs(false, "ApprovalMissing"), awaiting("ApprovalMissing"), enforcedIs(true, "Enforced")))
	r.says(t, "ApprovalMissing")
	change(t, c, free)
	want := `00:00:00  Pending EvidenceMissing: because of EvidenceMissing
00:00:00  Pending ApprovalMissing: because of ApprovalMissing
00:00:00  Released Released: because of Released
modelrelease.scalegate.dev/m1: Released
`
	if got := r.result(t); got != (result{out: want}) {
		t.Errorf("got %+v, want %q", got, want)
	}
}

func TestWaitEndsEarlyOnceItIsStalled(t *testing.T) {
	t.Parallel()
	c := newWatching(cluster(t, nil, release(missing)...))
	r := start(t, c, "wait", "release", "m1", "-n", "serving", "--for", "exposure=Internal", "-o", "name")
	c.await(t, 2)
	change(t, c, adverse)
	got := r.result(t)
	if got.code != codeBlocked || got.out != "modelrelease.scalegate.dev/m1\n" || !strings.Contains(got.errors, "Held AdverseFinding: because of AdverseFinding") {
		t.Errorf("got %+v", got)
	}
}

func TestWaitEndsEarlyOnceTheLastRunWasInconclusive(t *testing.T) {
	t.Parallel()
	e := fixture.Evaluation("bio-1", "bio", "0.3", func(e *v1alpha1.SafetyEvaluation) {
		e.Status.Conditions = []metav1.Condition{said("Ready", false, "Running"), said("Reconciling", true, "Running")}
	})
	c := newWatching(cluster(t, nil, append(release(unclear), &e)...))
	r := start(t, c, "wait", "release", "m1", "-n", "serving")
	r.says(t, "EvidenceIndeterminate")
	c.await(t, 2)
	measuredNow(&e)
	if err := c.Get(t.Context(), client.ObjectKeyFromObject(&e), &e); err != nil {
		t.Fatal(err)
	}
	measuredNow(&e)
	if err := c.Update(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	if got := r.result(t); got.code != codeInconclusive {
		t.Errorf("got %+v, want code 4", got)
	}
}

func TestWaitForCreationAndThenMore(t *testing.T) {
	t.Parallel()
	c := newWatching(cluster(t, nil))
	r := start(t, c, "wait", "release", "m1", "-n", "serving", "--for", "create", "--for", "Released")
	r.says(t, "Absent")
	c.await(t, 2)
	for _, o := range release(free) {
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.result(t); got.code != codePass || !strings.HasSuffix(got.out, "modelrelease.scalegate.dev/m1: Released\n") {
		t.Errorf("got %+v", got)
	}
}

func TestWaitSaysThatItIsGone(t *testing.T) {
	t.Parallel()
	c := newWatching(cluster(t, nil, release(missing)...))
	r := start(t, c, "wait", "release", "m1", "-n", "serving")
	r.says(t, "Pending")
	c.await(t, 2)
	if err := c.Delete(t.Context(), fixture.Release("m1")); err != nil {
		t.Fatal(err)
	}
	if got := r.result(t); got.code != codeError || !strings.Contains(got.errors, "ModelRelease m1 was deleted while it was waited for") {
		t.Errorf("got %+v", got)
	}
}

func TestWaitEnds(t *testing.T) {
	t.Parallel()
	t.Run("when time ran out", func(t *testing.T) {
		got := run(t, cluster(t, nil, release(missing)...), "wait", "release", "m1", "-n", "serving", "--timeout", "10ms")
		if got.code != codePending || !strings.Contains(got.out, "m1: is not there after 10ms") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("when it is interrupted", func(t *testing.T) {
		r := start(t, cluster(t, nil, release(missing)...), "wait", "release", "m1", "-n", "serving")
		r.says(t, "Pending")
		r.stop()
		if got := r.result(t); got.code != codePending || !strings.Contains(got.out, "m1: is left alone") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("when releases may not be read", func(t *testing.T) {
		refuse := func(verb string, object any, _ string) error {
			if _, ok := object.(*v1alpha1.ModelReleaseList); ok {
				return forbidden(verb, "modelreleases")
			}
			return nil
		}
		got := run(t, cluster(t, refuse, release(missing)...), "wait", "release", "m1", "-n", "serving")
		if got.code != codeError || !strings.Contains(got.errors, "the cluster's own role view grants it") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestWaitOutlastsALostConnection(t *testing.T) {
	t.Parallel()
	c := newWatching(cluster(t, nil, release(missing)...))
	var mutex sync.Mutex
	left := 2
	c.refuse = func(list client.ObjectList) error {
		mutex.Lock()
		defer mutex.Unlock()
		if _, ok := list.(*v1alpha1.ModelReleaseList); ok && left > 0 {
			left--
			return errors.New("connection refused")
		}
		return nil
	}
	r := start(t, c, "wait", "release", "m1", "-n", "serving")
	r.says(t, "Pending")
	c.await(t, 2)
	eventually(t, func() error {
		if got := r.errs.String(); !strings.Contains(got, "answers again") {
			return errors.New(got)
		}
		return nil
	})
	change(t, c, free)
	if got := r.result(t); got.code != codePass || !strings.Contains(got.errors, "The API server does not answer; trying again: connection refused") {
		t.Errorf("got %+v", got)
	}
}
