// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// apiServer answers what the client asks to learn about the kinds, and that there are no objects.
func apiServer(t *testing.T, installed bool) string {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(path, body string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, body)
		})
	}
	answer("/api", `{"kind":"APIVersions","versions":["v1"]}`)
	groups := ""
	if installed {
		groups = `{"name":"scalegate.dev","versions":[{"groupVersion":"scalegate.dev/v1alpha1","version":"v1alpha1"}],
			"preferredVersion":{"groupVersion":"scalegate.dev/v1alpha1","version":"v1alpha1"}}`
		answer("/apis/scalegate.dev/v1alpha1", `{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"scalegate.dev/v1alpha1","resources":[
			{"name":"modelreleases","singularName":"modelrelease","namespaced":true,"kind":"ModelRelease","verbs":["get","list"]}]}`)
	}
	answer("/apis", `{"kind":"APIGroupList","apiVersion":"v1","groups":[`+groups+`]}`)
	mux.HandleFunc("/apis/scalegate.dev/v1alpha1/namespaces/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Warning", `299 - "this kind is an alpha"`)
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"%s not found"}`, r.URL.Path)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// kubeconfig is one whose context has the namespace serving.
func kubeconfig(t *testing.T, server string) string {
	t.Helper()
	return written(t, "kubeconfig", `{"apiVersion":"v1","kind":"Config","current-context":"c",
		"clusters":[{"name":"c","cluster":{"server":"`+server+`"}}],"users":[{"name":"u","user":{}}],
		"contexts":[{"name":"c","context":{"cluster":"c","user":"u","namespace":"serving"}}]}`)
}

func TestCommandsReachAnAPIServer(t *testing.T) {
	for name, tc := range map[string]struct {
		installed bool
		want      []string
	}{
		"that has the kinds": {true, []string{
			"Warning: this kind is an alpha", "Error: there is no ModelRelease m1 in namespace serving",
		}},
		"that does not have them": {false, []string{"the cluster does not have Scalegate's kinds; install Scalegate"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := kubeconfig(t, apiServer(t, tc.installed))
			root := newRoot("scalegate", "v1", environment{connect: connect, now: time.Now})
			var out, errs bytes.Buffer
			root.SetOut(&out)
			root.SetErr(&errs)
			root.SetArgs([]string{"explain", "modelrelease", "m1", "--kubeconfig", config})
			if code := Execute(t.Context(), root); code != 1 {
				t.Errorf("code %d", code)
			}
			contains(t, errs.String(), tc.want)
		})
	}
}

func TestConnectNamesTheKubeconfigThatIsWrong(t *testing.T) {
	flags := newFlags()
	missing := t.TempDir() + "/none"
	flags.KubeConfig = &missing
	if _, err := connect(flags, t.Output()); err == nil || !strings.Contains(err.Error(), "reading the kubeconfig") {
		t.Errorf("got %v", err)
	}
}

func TestNewMakesARootThatTakesFurtherCommands(t *testing.T) {
	for program, want := range map[string]string{"scalegate": "scalegate", "kubectl-scalegate": "kubectl scalegate", "main.test": "scalegate"} {
		if got := New(program, "v1").DisplayName(); got != want {
			t.Errorf("%s shows itself as %q, want %q", program, got, want)
		}
	}
}
