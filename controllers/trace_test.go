// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
	"github.com/scalegate/scalegate/internal/logging"
	"github.com/scalegate/scalegate/internal/tracing"
)

// spansOf are the spans of one reconciliation as NAME < PARENT, in the order in which they end; and what they say.
func spansOf(exporter *tracetest.InMemoryExporter) (tree []string, said map[string]map[string]string) {
	names := map[string]string{}
	for _, s := range exporter.GetSpans() {
		names[s.SpanContext.SpanID().String()] = s.Name
	}
	said = map[string]map[string]string{}
	for _, s := range exporter.GetSpans() {
		line := s.Name
		if parent, ok := names[s.Parent.SpanID().String()]; ok {
			line += " < " + parent
		}
		tree = append(tree, line)
		said[s.Name] = map[string]string{"status": s.Status.Code.String()}
		for _, a := range s.Attributes {
			said[s.Name][string(a.Key)] = a.Value.String()
		}
	}
	return tree, said
}

func traced(t *testing.T, c *cluster) *tracetest.InMemoryExporter {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(exporter))
	t.Cleanup(func() {
		if err := provider.Shutdown(t.Context()); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	live := c.live()
	c.reconciler = &ModelReleaseReconciler{
		Client: cached{live, c}, Live: live, Events: c, Now: c.now, verdicts: newVerdicts(), looked: newVerdicts(), seenTemplates: newVerdicts(), Tracer: tracing.With(provider),
	}
	return exporter
}

func TestReconcileIsTraced(t *testing.T) {
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), demanding(), result("0.1"))
	exporter := traced(t, c)
	c.mustReconcile()
	tree, said := spansOf(exporter)
	// The API server is read while it is decided on the cache: which of the two ends first is for nobody to know.
	if tree[1] == "gather live < reconcile" {
		tree[1], tree[2] = tree[2], tree[1]
	}
	want := []string{
		"gather < reconcile", "decide < reconcile", "gather live < reconcile", "decide < reconcile",
		"enforce < reconcile", "report < reconcile", "reconcile",
	}
	if diff := cmp.Diff(want, tree); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	decided := said["decide"]
	revision := decided["scalegate.policy.revision"]
	delete(decided, "scalegate.policy.revision")
	wantSaid := map[string]string{
		"status": "Unset", "k8s.namespace.name": "serving", "scalegate.release": "m1", "scalegate.policy": "rsp", "scalegate.exposure": "General",
		"scalegate.granted": "General", "scalegate.level": "ASL-2", "scalegate.reason": "EvidenceComplete",
		"scalegate.requirements": "1", "scalegate.findings.new": "0",
	}
	if diff := cmp.Diff(wantSaid, decided); diff != "" || revision == "" {
		t.Errorf("of the decision (-want +got), revision %q:\n%s", revision, diff)
	}
	if enforced := said["enforce"]; enforced["scalegate.clearance.written"] != "true" {
		t.Errorf("of enforcing: %v", enforced)
	}
}

// That something went wrong is in the trace, and what it was only in the log.
func TestATraceTellsNothingOfAnError(t *testing.T) {
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), fixture.Policy("rsp"))
	exporter := traced(t, c)
	c.fails["get ModelRelease m1"] = errBroken
	c.fails["cached get ModelRelease m1"] = errBroken
	if _, err := c.reconciler.Reconcile(t.Context(), requestOf(release())); err == nil {
		t.Fatal("no error")
	}
	_, said := spansOf(exporter)
	if said["reconcile"]["status"] != "Error" {
		t.Errorf("spans: %v", said)
	}
	if text := fmt.Sprintf("%+v", exporter.GetSpans()); strings.Contains(text, errBroken.Error()) {
		t.Errorf("a span tells what went wrong: %s", text)
	}
}

// A line is logged for each decision that changed, with the trace that it belongs to; and none where nothing changed.
func TestWhereNothingIsTracedSpansTakeNoMemory(t *testing.T) {
	c, key := &course{}, types.NamespacedName{Namespace: "serving", Name: "m1"}
	var off *tracing.Tracer
	took := testing.AllocsPerRun(1000, func() {
		_, span := off.Start(t.Context(), "reconcile")
		traceRelease(span, key)
		c.traceDecision(span)
		c.traceActs(span, done{})
		span.End(nil)
	})
	if took != 0 {
		t.Errorf("a reconciliation takes %v pieces of memory for spans", took)
	}
}

func TestADecisionThatChangedIsLoggedOnce(t *testing.T) {
	c := newCluster(t, governed(v1alpha1.GateEnforced), release(), demanding())
	traced(t, c)
	var out bytes.Buffer
	logger, err := logging.New(&out, logging.Options{Level: "info", Format: "json"})
	if err != nil {
		t.Fatal(err)
	}
	ctx := log.IntoContext(t.Context(), logger)
	for range 3 {
		if _, err := c.reconciler.Reconcile(ctx, requestOf(release())); err != nil {
			t.Fatal(err)
		}
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSpace(out.String()), "\n"), func(line string) bool { return !strings.Contains(line, `"Decided"`) })
	if len(lines) != 1 {
		t.Fatalf("logged %d lines:\n%s", len(lines), out.String())
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[0]), &line); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{
		"msg": "Decided", "level": "INFO", "policy": "rsp", "requiredLevel": "ASL-2", "exposure": "General", "granted": "none", "reason": "EvidenceMissing",
		"record": 1.0, "ready": "False", "since": "2026-01-02T00:00:00Z",
	} {
		if line[key] != want {
			t.Errorf("%s = %v, want %v", key, line[key], want)
		}
	}
	if text, _ := line["message"].(string); !strings.Contains(text, "attack") {
		t.Errorf("it does not say what would release it: %q", text)
	}
	if id, _ := line["traceID"].(string); len(id) != 32 {
		t.Errorf("the trace is %q", id)
	}
}

func requestOf(o client.Object) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKeyFromObject(o)}
}
