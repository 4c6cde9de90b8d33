// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// update writes testdata/states anew, where every test of the package runs.
var update = flag.Bool("update", false, "write testdata/states anew, from what the reconcilers report in the tests of this package")

// reported keeps an object of every state that a reconciler reported while the tests ran. What other tools read of these states
// is held to what they should in test/integrations/gitops.
var reported = states{seen: map[string][]byte{}}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if everyTestRan() && (code == 0 || *update) {
		if err := reported.compare(filepath.Join("testdata", "states"), *update); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// everyTestRan is false where flags chose some of the tests: then states are missing that nobody reported.
func everyTestRan() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return !testing.Short()
}

// states are objects as YAML by the name of their state.
type states struct {
	mutex sync.Mutex
	seen  map[string][]byte
}

// keep takes an object down as it was reported. Of several in the same state it keeps the one with the shortest text, and of
// these the first in order, so that the order of the tests does not matter.
func (s *states) keep(scheme *runtime.Scheme, o client.Object) error {
	gvks, _, err := scheme.ObjectKinds(o)
	if err != nil {
		return err
	}
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return err
	}
	u := &unstructured.Unstructured{Object: content}
	u.SetGroupVersionKind(gvks[0])
	u.SetManagedFields(nil)
	u.SetResourceVersion("")
	name, err := stateOf(u)
	if err != nil || name == "" || strings.Contains(fmt.Sprint(u.Object["status"]), "message: ") {
		return err
	}
	text, err := yaml.Marshal(u.Object)
	if err != nil {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if old, ok := s.seen[name]; !ok || cmp.Or(cmp.Compare(len(text), len(old)), bytes.Compare(text, old)) < 0 {
		s.seen[name] = text
	}
	return nil
}

// keepState takes down what a function of a reconciler would report.
func keepState(t *testing.T, o client.Object) {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	if err := reported.keep(scheme, o); err != nil {
		t.Fatal(err)
	}
}

// keepEvaluation takes down an evaluation in the state, where there is something to report.
func keepEvaluation(t *testing.T, e *v1alpha1.SafetyEvaluation, is state) {
	t.Helper()
	if is.summary.reason == "" || e.DeletionTimestamp != nil {
		return
	}
	e = e.DeepCopy()
	e.Status = is.status(e, now())
	keepState(t, e)
}

// stateOf names the state of an object by its kind and the reason of what sums it up; empty for one without conditions.
func stateOf(u *unstructured.Unstructured) (string, error) {
	status := struct {
		Status struct {
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"status"`
	}{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &status); err != nil {
		return "", err
	}
	for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionResolved} {
		if c := meta.FindStatusCondition(status.Status.Conditions, kind); c != nil {
			return u.GetKind() + "-" + c.Reason, nil
		}
	}
	return "", nil
}

// compare holds the files of a folder to the states that were reported; with write, it makes them so.
func (s *states) compare(folder string, write bool) error {
	if write {
		if err := os.RemoveAll(folder); err != nil {
			return err
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		for name, text := range s.seen {
			if err := os.WriteFile(filepath.Join(folder, name+".yaml"), text, 0o600); err != nil {
				return err
			}
		}
		return nil
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	var wrong []error
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		text, ok := s.seen[name]
		stored, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if !ok || !sameConditions(text, stored) {
			wrong = append(wrong, fmt.Errorf("%s: the conditions are other ones now, or no test reports that state any more", file))
		}
		delete(s.seen, name)
	}
	for _, name := range slices.Sorted(maps.Keys(s.seen)) {
		wrong = append(wrong, fmt.Errorf("%s is a state without a file in %s", name, folder))
	}
	if len(wrong) > 0 {
		wrong = append(wrong, errors.New("run go test ./controllers -update, and see what Argo CD, Flux and kubectl read of it with make gitops"))
	}
	return errors.Join(wrong...)
}

// sameConditions compares what sums two objects up. Times, messages and other conditions differ between tests.
func sameConditions(a, b []byte) bool {
	lines := func(text []byte) []string {
		var o v1alpha1.ModelRelease
		if err := yaml.Unmarshal(text, &o); err != nil {
			return []string{err.Error()}
		}
		var all []string
		for _, c := range summaryConditions(o.Status.Conditions) {
			all = append(all, brief(c))
		}
		return slices.Sorted(slices.Values(all))
	}
	return slices.Equal(lines(a), lines(b))
}
