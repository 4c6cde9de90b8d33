// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

// claimant is a pod of a Deployment that claims m1, held or not.
func claimant(name string, held bool) *corev1.Pod {
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: fixture.Namespace, Name: "chat-5d9c-" + name, CreationTimestamp: metav1.NewTime(fixture.Day(8)),
			Labels:          map[string]string{v1alpha1.LabelRelease: "m1", "pod-template-hash": "5d9c"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: "chat-5d9c", UID: "rs", Controller: new(true)}},
		},
		Spec: corev1.PodSpec{NodeName: "node-1"},
		Status: corev1.PodStatus{Phase: corev1.PodRunning, Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: corev1.ConditionTrue},
		}},
	}
	if held {
		p.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: v1alpha1.SchedulingGate}}
		p.Annotations = map[string]string{v1alpha1.AnnotationHoldReason: "EvidenceMissing: see modelrelease m1"}
	}
	return p
}

func TestTreeCommand(t *testing.T) {
	t.Parallel()
	other := fixture.Release("m2", free)
	elsewhere := fixture.Release("m1", adverse, func(r *v1alpha1.ModelRelease) { r.Namespace = "research" })
	objects := append(release(missing, with("Deployment", "chat", "General", "EvidenceMissing", 2, 1, 1)), other, elsewhere,
		claimant("aaaaa", false), claimant("bbbbb", true))
	refuse := func(verb string, object any, _ string) error {
		switch object.(type) {
		case *v1alpha1.SafetyPolicyList, *corev1.PodList:
			return forbidden(verb, "these")
		}
		return nil
	}
	for name, tc := range map[string]struct {
		refuse refusal
		args   []string
	}{
		"tree":        {nil, []string{"-n", "serving"}},
		"tree-all":    {nil, []string{"-A"}},
		"tree-one":    {nil, []string{"m1", "-n", "serving"}},
		"tree-json":   {nil, []string{"m2", "-n", "serving", "-o", "json"}},
		"tree-unread": {refuse, []string{"-n", "serving"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, cluster(t, tc.refuse, objects...), append([]string{"tree"}, tc.args...)...)
			if got.code != codePass || got.errors != "" {
				t.Fatalf("code %d, errors %q", got.code, got.errors)
			}
			golden(t, name+".txt", got.out)
		})
	}
}

func TestTreeRefuses(t *testing.T) {
	t.Parallel()
	refuse := func(verb string, object any, _ string) error {
		if _, ok := object.(*v1alpha1.ModelReleaseList); ok {
			return forbidden(verb, "modelreleases")
		}
		return nil
	}
	for name, tc := range map[string]struct {
		refuse refusal
		args   []string
		want   string
	}{
		"a release that does not exist":             {nil, []string{"m9", "-n", "serving"}, "there is no ModelRelease m9 in namespace serving"},
		"to watch a release that does not exist":    {nil, []string{"m9", "-n", "serving", "-w"}, "there is no ModelRelease m9 in namespace serving"},
		"a release of all namespaces":               {nil, []string{"m1", "-A"}, "leave --all-namespaces out"},
		"to watch as data":                          {nil, []string{"-w", "-o", "json"}, "--watch shows text"},
		"what may not be read of releases":          {refuse, []string{"-n", "serving"}, "the cluster's own role view grants it"},
		"to watch what may not be read of releases": {refuse, []string{"-n", "serving", "-w"}, "the cluster's own role view grants it"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, cluster(t, tc.refuse, release(missing)...), append([]string{"tree"}, tc.args...)...)
			if got.code != codeError || got.out != "" || !strings.Contains(got.errors, tc.want) {
				t.Errorf("got %+v, want %q", got, tc.want)
			}
		})
	}
}

func TestTreeWatchPrintsAnotherTreeOnlyUponAChange(t *testing.T) {
	t.Parallel()
	c := newWatching(cluster(t, nil, release(missing)...))
	r := start(t, c, "tree", "m1", "-n", "serving", "--watch")
	r.says(t, "EvidenceMissing")
	c.await(t, 7)
	// What does not show is no change.
	m := &v1alpha1.ModelRelease{}
	if err := c.Get(t.Context(), client.ObjectKey{Namespace: "serving", Name: "m1"}, m); err != nil {
		t.Fatal(err)
	}
	m.Labels = map[string]string{"team": "serving"}
	if err := c.Update(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), claimant("aaaaa", true)); err != nil {
		t.Fatal(err)
	}
	r.says(t, "Pod chat-5d9c-aaaaa")
	change(t, c, free)
	r.says(t, "Released")
	r.stop()
	got := r.result(t)
	if got.code != codePass || got.errors != "" {
		t.Errorf("it ends with %d and %q", got.code, got.errors)
	}
	trees := strings.Split(got.out, "--- 2026-01-11T00:00:00Z\n")
	if len(trees) != 3 || !strings.Contains(trees[0], "Pending") || strings.Contains(trees[0], "chat") || !strings.Contains(trees[1], "Held") || !strings.Contains(trees[2], "General at ASL-2") {
		t.Errorf("got %d trees:\n%s", len(trees), got.out)
	}
}

func TestScreen(t *testing.T) {
	t.Parallel()
	terminal := &emulator{}
	s := &screen{out: terminal}
	draw := func(height int, lines ...string) {
		t.Helper()
		if err := s.draw(lines, height); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.begin(); err != nil {
		t.Fatal(err)
	}
	draw(10, "one", "two, which is long", "three")
	if diff := cmp.Diff([]string{"one", "two, which is long", "three"}, terminal.rows()); diff != "" {
		t.Error(diff)
	}
	draw(10, "one", "two")
	if diff := cmp.Diff([]string{"one", "two"}, terminal.rows()); diff != "" {
		t.Errorf("what stood there before shows: %s", diff)
	}
	before := terminal.written
	draw(10, "one", "two")
	if terminal.written != before {
		t.Error("the same frame is written again")
	}
	draw(3, "1", "2", "3", "4", "5")
	if diff := cmp.Diff([]string{"1", "2", "... 3 more lines: make the window higher, or name a release"}, terminal.rows()); diff != "" {
		t.Error(diff)
	}
	draw(5, "1", "2", "3", "4", "5")
	if diff := cmp.Diff([]string{"1", "2", "3", "4", "5"}, terminal.rows()); diff != "" {
		t.Error(diff)
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	if terminal.second || terminal.hidden {
		t.Errorf("the terminal is not as it was: %+v", terminal)
	}
	s.out = broken{}
	if err := s.draw([]string{"x"}, 3); err == nil || !strings.Contains(err.Error(), "writing to the terminal") {
		t.Errorf("error %v", err)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("gone") }

// emulator is a terminal that obeys the sequences that a screen uses, and no others.
type emulator struct {
	grid           [][]rune
	row, column    int
	second, hidden bool
	written        int
}

func (e *emulator) Write(p []byte) (int, error) {
	e.written += len(p)
	for rest := p; len(rest) > 0; {
		if after, obeyed := e.obey(rest); obeyed {
			rest = after
			continue
		}
		r := []rune(string(rest))[0]
		rest = rest[len(string(r)):]
		switch r {
		case '\r':
			e.column = 0
		case '\n':
			e.row++
		case '\x1b':
			return 0, errors.New("a sequence that is not known")
		default:
			e.put(r)
		}
	}
	return len(p), nil
}

func (e *emulator) obey(text []byte) (after []byte, obeyed bool) {
	for sequence, act := range map[string]func(){
		"\x1b[?1049h": func() { e.second = true }, "\x1b[?1049l": func() { e.second = false },
		"\x1b[?25l": func() { e.hidden = true }, "\x1b[?25h": func() { e.hidden = false },
		"\x1b[H": func() { e.row, e.column = 0, 0 },
		"\x1b[K": func() { e.clear(e.row, e.column) },
		"\x1b[J": func() {
			e.clear(e.row, e.column)
			for row := e.row + 1; row < len(e.grid); row++ {
				e.clear(row, 0)
			}
		},
	} {
		if after, found := bytes.CutPrefix(text, []byte(sequence)); found {
			act()
			return after, true
		}
	}
	return text, false
}

func (e *emulator) put(r rune) {
	for len(e.grid) <= e.row {
		e.grid = append(e.grid, nil)
	}
	for len(e.grid[e.row]) <= e.column {
		e.grid[e.row] = append(e.grid[e.row], ' ')
	}
	e.grid[e.row][e.column] = r
	e.column++
}

func (e *emulator) clear(row, from int) {
	if row < len(e.grid) && from < len(e.grid[row]) {
		e.grid[row] = e.grid[row][:from]
	}
}

// rows are what a person sees, without empty rows below.
func (e *emulator) rows() []string {
	var all []string
	for _, row := range e.grid {
		all = append(all, string(row))
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}
