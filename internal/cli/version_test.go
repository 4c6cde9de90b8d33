// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/scalegate/scalegate/internal/fixture"
)

func manager() client.Object {
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "scalegate-system", Name: "scalegate-controller-manager", Labels: map[string]string{"app.kubernetes.io/component": "controller-manager"}},
		Spec: appsv1.DeploymentSpec{Replicas: new(int32(2)), Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{
			Containers: []corev1.Container{{Name: "proxy", Image: "proxy:1"}, {Name: "manager", Image: "registry.example/scalegate:v1.2.0"}},
		}}},
		Status: appsv1.DeploymentStatus{ReadyReplicas: 1},
	}
}

func definition(name string) client.Object {
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{Versions: []apiextensionsv1.CustomResourceDefinitionVersion{
			{Name: "v1alpha1", Served: true, Storage: true}, {Name: "v1alpha0"},
		}},
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	platform := runtime.Version() + ", " + runtime.GOOS + "/" + runtime.GOARCH
	full := []client.Object{manager(), definition("modelreleases.scalegate.dev"), definition("safetypolicies.scalegate.dev")}
	for name, tc := range map[string]struct {
		objects []client.Object
		refuse  refusal
		args    []string
		want    string
	}{
		"of the client alone": {full, nil, []string{"--client"}, "client     v1.2.3, " + platform + "\n"},
		"of both": {full, nil, nil, "client     v1.2.3, " + platform + "\n" +
			"manager    registry.example/scalegate:v1.2.0, 1 of 2 replicas ready (Deployment scalegate-system/scalegate-controller-manager)\n" +
			"kinds      2 of 11 in scalegate.dev, served as v1alpha1\n"},
		"of each kind": {full[:2], nil, []string{"-o", "wide"}, "client     v1.2.3, " + platform + "\n" +
			"manager    registry.example/scalegate:v1.2.0, 1 of 2 replicas ready (Deployment scalegate-system/scalegate-controller-manager)\n" +
			"kind       modelreleases.scalegate.dev serves v1alpha1, stores v1alpha1\n"},
		"where nothing is installed": {nil, nil, nil, "client     v1.2.3, " + platform + "\n" +
			"manager    no Deployment in namespace scalegate-system\n" + "kinds      none of scalegate.dev: Scalegate is not installed\n"},
		"where one may read nothing": {full, func(verb string, _ any, _ string) error { return forbidden(verb, "these") }, nil,
			"client     v1.2.3, " + platform + "\n" + "not seen   you may not read the manager's Deployment\nnot seen   you may not read the kinds\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, cluster(t, tc.refuse, tc.objects...), append([]string{"version"}, tc.args...)...)
			if got.code != codePass || got.errors != "" {
				t.Errorf("code %d, errors %q", got.code, got.errors)
			}
			if diff := cmp.Diff(strings.Split(tc.want, "\n"), strings.Split(got.out, "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVersionOfAClusterThatCannotBeReached(t *testing.T) {
	t.Parallel()
	root := newRoot("scalegate", "v1.2.3", environment{now: time.Now, connect: func(*genericclioptions.ConfigFlags, io.Writer) (connection, error) {
		return connection{}, errors.New("no kubeconfig")
	}})
	var out strings.Builder
	root.SetOut(&out)
	root.SetArgs([]string{"version", "-o", "json"})
	if code := Execute(t.Context(), root); code != codePass {
		t.Fatalf("code %d", code)
	}
	var got versions
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Client.Version != "v1.2.3" || got.Server == nil || !cmp.Equal(got.Server.Unread, []string{"no kubeconfig"}) {
		t.Errorf("got %s", out.String())
	}
}

func TestVersionOfTheAPIServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/version" {
			_, _ = io.WriteString(w, `{"gitVersion":"v1.37.2"}`)
		}
	}))
	defer server.Close()
	for name, tc := range map[string]struct{ host, want string }{
		"is said":                      {server.URL, "cluster    Kubernetes v1.37.2\n"},
		"is not, where nobody answers": {"http://127.0.0.1:1", "not seen   the API server's version: "},
	} {
		t.Run(name, func(t *testing.T) {
			root := newRoot("scalegate", "v1.2.3", environment{
				now: func() time.Time { return fixture.Day(10) },
				connect: func(*genericclioptions.ConfigFlags, io.Writer) (connection, error) {
					return connection{Client: cluster(t, nil), config: &rest.Config{Host: tc.host}}, nil
				},
			})
			var out strings.Builder
			root.SetOut(&out)
			root.SetArgs([]string{"version"})
			if code := Execute(t.Context(), root); code != codePass || !strings.Contains(out.String(), tc.want) {
				t.Errorf("code %d:\n%s", code, out.String())
			}
		})
	}
}
