// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

var update = flag.Bool("update", false, "write testdata/fields.golden anew")

// leaf is a field of a pod template without fields of its own, and its Go type.
type leaf struct {
	path string
	kind reflect.Type
}

// leaves walks a Go type; structs that hold others are in the second result.
func leaves(kind reflect.Type, path string) (fields []leaf, structs []string) {
	for kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	switch kind {
	case reflect.TypeFor[resource.Quantity](), reflect.TypeFor[metav1.Time](), reflect.TypeFor[intstr.IntOrString](), reflect.TypeFor[metav1.FieldsV1]():
		return []leaf{{path, kind}}, nil
	}
	if kind.Kind() == reflect.Slice && kind.Elem().Kind() == reflect.Struct {
		return leaves(kind.Elem(), path+"[]")
	}
	if kind.Kind() != reflect.Struct {
		return []leaf{{path, kind}}, nil
	}
	structs = []string{path}
	for f := range kind.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := path
		if name != "" {
			at = join(path, name)
		}
		inner, innerStructs := leaves(f.Type, at)
		fields, structs = append(fields, inner...), append(structs, innerStructs...)
	}
	return fields, structs
}

func templateLeaves() ([]leaf, []string) {
	fields, structs := leaves(reflect.TypeFor[corev1.PodTemplateSpec](), "")
	slices.Sort(structs)
	return fields, slices.Compact(structs)
}

// rowsCovering lists the rows that cover a path.
func rowsCovering(path string) []Field {
	var rows []Field
	for _, row := range Fields() {
		if rest, ok := strings.CutPrefix(path, row.Path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			rows = append(rows, row)
		}
	}
	return rows
}

func TestEveryFieldOfAPodTemplateHasExactlyOneRow(t *testing.T) {
	fields, _ := templateLeaves()
	used := make(map[string]bool)
	for _, f := range fields {
		rows := rowsCovering(f.path)
		if len(rows) != 1 {
			t.Errorf("%s is covered by %d rows", f.path, len(rows))
			continue
		}
		used[rows[0].Path] = true
		if class, ok := Classify(f.path); !ok || class != rows[0].Class {
			t.Errorf("Classify(%q) = %q, %t, want %q", f.path, class, ok, rows[0].Class)
		}
	}
	for _, row := range Fields() {
		switch {
		case !used[row.Path]:
			t.Errorf("the row %s covers no field", row.Path)
		case row.Reason == "", (row.Class == Refused) != (row.Remedy != ""):
			t.Errorf("the row %s lacks its reason, or a remedy exactly where it refuses", row.Path)
		}
	}
}

// The file shows what an upgrade of the Kubernetes types adds, also below a row that covers
// more than one field, so that somebody looks at it.
func TestTheFieldsAreThoseThatWereReviewed(t *testing.T) {
	fields, _ := templateLeaves()
	var out strings.Builder
	for _, f := range fields {
		class, _ := Classify(f.path)
		if rest, isInit := strings.CutPrefix(f.path, "spec.initContainers[]"); isInit {
			if twin, _ := Classify("spec.containers[]" + rest); twin != class {
				t.Errorf("%s is %s, and %s for a container that stays", f.path, class, twin)
			}
			continue
		}
		fmt.Fprintf(&out, "%s %s\n", f.path, class)
	}
	golden := filepath.Join("testdata", "fields.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Errorf("fields differ from the reviewed ones; review them and run with -update (-reviewed +now):\n%s", diff)
	}
}

func TestClassifyKnowsNoOtherField(t *testing.T) {
	for _, path := range []string{"", "spec", "status", "spec.new", "spec.containers[].new", "spec.affinity.new", "spec.containers.args",
		"spec.containers[].args.new", "spec.containers[].args[].new", "spec.tolerations[].new", "spec.hostPID.x", "Spec.hostPID", "spec."} {
		if class, ok := Classify(path); ok {
			t.Errorf("Classify(%q) = %q, want no class", path, class)
		}
	}
}

// sample is a value of a field's type other than the empty one, as JSON decodes it.
func sample(tb testing.TB, kind reflect.Type) any {
	tb.Helper()
	switch kind {
	case reflect.TypeFor[resource.Quantity]():
		return "1"
	case reflect.TypeFor[metav1.Time]():
		return "2026-01-02T03:04:05Z"
	case reflect.TypeFor[intstr.IntOrString]():
		return int64(8080)
	case reflect.TypeFor[metav1.FieldsV1]():
		return map[string]any{"f:spec": map[string]any{}}
	}
	switch kind.Kind() {
	case reflect.String:
		return "sample"
	case reflect.Bool:
		return true
	case reflect.Int32, reflect.Int64:
		return int64(7)
	case reflect.Slice:
		return []any{sample(tb, kind.Elem())}
	case reflect.Map:
		return map[string]any{"sample": sample(tb, kind.Elem())}
	}
	tb.Fatalf("no sample of %s", kind)
	return nil
}

// inFixture writes a table path as a path in the fixture: for each list an item that
// already has what comes next, else the first.
func inFixture(object any, path, containers string) string {
	var shown strings.Builder
	parts := strings.Split(path, ".")
	for i, part := range parts {
		name, isList := strings.CutSuffix(part, "[]")
		if i > 0 {
			shown.WriteByte('.')
		}
		shown.WriteString(name)
		object = fieldOf(object, name)
		if !isList {
			continue
		}
		items, _ := object.([]any)
		at := 0
		if i+1 < len(parts) {
			next := strings.TrimSuffix(parts[i+1], "[]")
			at = max(0, slices.IndexFunc(items, func(item any) bool { return fieldOf(item, next) != nil }))
		}
		if name == "containers" && containers != "" {
			at = slices.IndexFunc(items, func(item any) bool { return fieldOf(item, "name") == containers })
		}
		fmt.Fprintf(&shown, "[%d]", at)
		object = nil
		if at < len(items) {
			object = items[at]
		}
	}
	return shown.String()
}

func fieldOf(object any, name string) any {
	fields, _ := object.(map[string]any)
	return fields[name]
}

func TestHarmlessFieldsChangeNothingAndRefusedOnesAreRefused(t *testing.T) {
	fields, _ := templateLeaves()
	tried := make(map[Class]int)
	for _, f := range fields {
		row := rowsCovering(f.path)[0]
		if row.Class == Matched {
			continue
		}
		tried[row.Class]++
		for _, container := range []string{"server", "mesh"} {
			if container == "mesh" && !strings.HasPrefix(f.path, "spec.containers[]") {
				continue
			}
			object := template(t)
			at := inFixture(object, f.path, container)
			edit(t, object, at, sample(t, f.kind))
			m := MatchTemplate(declaration(), object)
			asPod := MatchPod(declaration(), object)
			allowed := row.Class == Harmless || container == "mesh" && row.CompanionFree
			if allowed && (m != nil || asPod != nil) {
				t.Errorf("%s of %s is allowed, and it does not match: %s, %s", f.path, container, m, asPod)
			}
			if !allowed {
				for _, got := range []*Mismatch{m, asPod} {
					if got == nil || got.Remedy != row.Remedy || !strings.HasPrefix(got.Field, "spec.") {
						t.Errorf("%s of %s is refused, and the result is %s", f.path, container, got)
					}
				}
			}
		}
	}
	if tried[Harmless] < 200 || tried[Refused] < 100 {
		t.Errorf("tried %v fields: the walk misses some", tried)
	}
}

func TestAFieldThatTheTypesDoNotKnowIsRefusedWhereverItStands(t *testing.T) {
	_, structs := templateLeaves()
	if len(structs) < 200 {
		t.Fatalf("found %d structs: the walk misses some", len(structs))
	}
	for _, path := range structs {
		if strings.HasPrefix(path, "metadata.managedFields") {
			continue
		}
		object := template(t)
		edit(t, object, join(inFixture(object, path, ""), "fieldOfTomorrow"), "x")
		for _, m := range []*Mismatch{MatchTemplate(declaration(), object), MatchPod(declaration(), object)} {
			if m == nil || !strings.Contains(m.Field, "fieldOfTomorrow") {
				t.Errorf("fieldOfTomorrow in %q: %s", path, m)
			}
		}
	}
}
