// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package tracing

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// receiver takes spans as a collector does.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	mutex sync.Mutex
	names []string
	// about is what is said of the process.
	about map[string]string
}

// Export implements the service of OTLP.
func (r *receiver) Export(_ context.Context, request *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, resource := range request.GetResourceSpans() {
		for _, a := range resource.GetResource().GetAttributes() {
			r.about[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				r.names = append(r.names, span.GetName())
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// receive starts a receiver on loopback.
func receive(t *testing.T) (r *receiver, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r = &receiver{about: map[string]string{}}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, r)
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	return r, listener.Addr().String()
}

func environment(variables map[string]string) func(string) string {
	return func(name string) string { return variables[name] }
}

func TestSpansReachAReceiver(t *testing.T) {
	tests := map[string]func(address string) Options{
		"by its address, without TLS": func(address string) Options { return Options{Endpoint: address, Insecure: true} },
		"by its URL":                  func(address string) Options { return Options{Endpoint: "http://" + address} },
	}
	for name, options := range tests {
		t.Run(name, func(t *testing.T) {
			r, address := receive(t)
			o := options(address)
			o.Version, o.Environment = "1.2.3", environment(nil)
			tracer, err := New(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, outer := tracer.Start(t.Context(), "reconcile")
			_, inner := tracer.Start(ctx, "decide")
			inner.End(nil)
			outer.End(errors.New("a secret"))
			if err := tracer.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.mutex.Lock()
			defer r.mutex.Unlock()
			slices.Sort(r.names)
			if diff := cmp.Diff([]string{"decide", "reconcile"}, r.names); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
			if r.about["service.name"] != "scalegate" || r.about["service.version"] != "1.2.3" {
				t.Errorf("about the process: %v", r.about)
			}
		})
	}
}

// The variables of the SDK name a receiver as well, which the exporter reads from the process itself.
func TestTheVariablesOfTheSDKNameAReceiver(t *testing.T) {
	r, address := receive(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+address)
	tracer, err := New(t.Context(), Options{Environment: environment(map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + address})})
	if err != nil {
		t.Fatal(err)
	}
	_, span := tracer.Start(t.Context(), "reconcile")
	span.End(nil)
	if err := tracer.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if len(r.names) != 1 {
		t.Errorf("spans: %v", r.names)
	}
}

func TestNothingIsTracedUnlessAskedFor(t *testing.T) {
	tests := map[string]Options{
		"no endpoint is named":          {Environment: environment(nil)},
		"the SDK is disabled":           {Endpoint: "collector:4317", Environment: environment(map[string]string{"OTEL_SDK_DISABLED": "true"})},
		"the exporter of traces is off": {Endpoint: "collector:4317", Environment: environment(map[string]string{"OTEL_TRACES_EXPORTER": "none"})},
	}
	for name, o := range tests {
		t.Run(name, func(t *testing.T) {
			tracer, err := New(t.Context(), o)
			if err != nil || tracer != nil {
				t.Fatalf("%v, %v", tracer, err)
			}
			allocations := testing.AllocsPerRun(100, func() {
				_, span := tracer.Start(t.Context(), "reconcile")
				if span.Recording() {
					t.Error("a span is recorded")
				}
				span.End(nil)
			})
			if allocations != 0 {
				t.Errorf("a span that is none allocates %v times", allocations)
			}
			if err := tracer.Stop(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAnEndpointThatCannotBeUsedIsNamed(t *testing.T) {
	for _, endpoint := range []string{"collector", ":4317", "ftp://collector:4317", "http://"} {
		_, err := New(t.Context(), Options{Endpoint: endpoint, Environment: environment(nil)})
		if err == nil || !strings.Contains(err.Error(), endpoint) || !strings.Contains(err.Error(), "want host:port") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
}

// An answer of the webhook is a span of the API server's trace, and says nothing of who asked.
func TestAnAnswerIsPartOfTheTraceOfTheRequest(t *testing.T) {
	exporter := tracetest.NewInMemoryExporter()
	tracer := With(sdk.NewTracerProvider(sdk.WithSyncer(exporter)))
	header := http.Header{"Traceparent": []string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}
	ctx := Continue(t.Context(), &http.Request{Header: header})
	request := admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Kind: metav1.GroupVersionKind{Kind: "Deployment"}, Namespace: "serving", Name: "chat", Operation: admissionv1.Create,
	}}
	request.UserInfo.Username = "somebody@example.com"
	response := tracer.Handler("/validate/workloads", admission.HandlerFunc(func(context.Context, admission.Request) admission.Response {
		return admission.Denied("because of a secret").WithWarnings("w")
	})).Handle(ctx, request)
	if response.Allowed {
		t.Error("the answer is another")
	}
	spans := exporter.GetSpans()
	if len(spans) != 1 || spans[0].SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
		t.Fatalf("spans: %+v", spans)
	}
	said := map[string]string{}
	for _, a := range spans[0].Attributes {
		said[string(a.Key)] = a.Value.String()
	}
	want := map[string]string{
		"webhook": "/validate/workloads", "operation": "CREATE", "kind": "Deployment", "namespace": "serving", "name": "chat",
		"dry_run": "false", "allowed": "false", "warnings": "1", "patches": "0",
	}
	if diff := cmp.Diff(want, said); diff != "" {
		t.Errorf("said (-want +got):\n%s", diff)
	}
	var none *Tracer
	if h := none.Handler("x", nil); h != nil {
		t.Error("the handler is wrapped where nothing is traced")
	}
}
