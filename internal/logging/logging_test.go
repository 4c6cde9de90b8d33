// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package logging

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestWhatIsNoErrorIsNotLoggedAsOne(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	terminating := apierrors.NewForbidden(schema.GroupResource{Resource: "events"}, "e", errors.New("namespace x is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: corev1.NamespaceTerminatingCause}}
	conflict := fmt.Errorf("reporting: %w", apierrors.NewConflict(pods, "p", errors.New("changed")))
	broken := errors.New("connection refused")
	tests := map[string]struct {
		message string
		err     error
		level   string
	}{
		"an event in a namespace that is being deleted":  {"Server rejected event (will not retry!)", terminating, "DEBUG"},
		"an event in a namespace that is gone":           {"Server rejected event (will not retry!)", apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "x"), "DEBUG"},
		"an event that a right is missing for":           {"Server rejected event (will not retry!)", apierrors.NewForbidden(pods, "p", errors.New("no")), "ERROR"},
		"another writer was faster":                      {"Reconciler error", conflict, "DEBUG"},
		"another writer was faster, and something broke": {"Reconciler error", errors.Join(conflict, broken), "ERROR"},
		"two writers were faster":                        {"Reconciler error", errors.Join(conflict, conflict), "DEBUG"},
		"something broke":                                {"Reconciler error", broken, "ERROR"},
		"the manager ends":                               {"Looking at a safeguard", fmt.Errorf("listing: %w", context.Canceled), "DEBUG"},
		"an error of ours about a conflict":              {"Restoring", conflict, "ERROR"},
		"an error without a cause":                       {"Something is wrong", nil, "ERROR"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			logger, err := New(&out, Options{Level: "debug", Format: "json"})
			if err != nil {
				t.Fatal(err)
			}
			logger.WithValues("k", "v").Error(tt.err, tt.message, "event", "a long one")
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("%v: %s", err, out.String())
			}
			if line["level"] != tt.level || line["msg"] != tt.message || line["k"] != "v" {
				t.Errorf("logged %s", out.String())
			}
			out.Reset()
			quiet, err := New(&out, Options{Level: "info", Format: "text"})
			if err != nil {
				t.Fatal(err)
			}
			quiet.Error(tt.err, tt.message)
			if shown := strings.Contains(out.String(), "level=ERROR"); shown != (tt.level == "ERROR") {
				t.Errorf("at level info: %q", out.String())
			}
		})
	}
}

func TestOptionsAreRefusedByName(t *testing.T) {
	for want, o := range map[string]Options{
		"--log-level=loud: want error, warn, info or debug": {Level: "loud", Format: "json"},
		"--log-format=xml: want json or text":               {Level: "info", Format: "xml"},
	} {
		if _, err := New(&bytes.Buffer{}, o); err == nil || err.Error() != want {
			t.Errorf("%+v: %v, want %s", o, err, want)
		}
	}
}
