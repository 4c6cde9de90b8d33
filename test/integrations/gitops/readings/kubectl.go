// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package readings

import (
	"context"
	"errors"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/kubectl/pkg/cmd/wait"
)

// Waited tells whether kubectl wait --for=CONDITION is over for the object as it is.
func Waited(ctx context.Context, condition string, o *unstructured.Unstructured) (bool, error) {
	streams := genericiooptions.IOStreams{In: strings.NewReader(""), Out: io.Discard, ErrOut: io.Discard}
	flags := wait.NewWaitFlags(nowhere{}, streams)
	flags.ForCondition, flags.Timeout = []string{condition}, 0
	options, err := flags.ToOptions(nil)
	if err != nil {
		return false, err
	}
	options.DynamicClient = fake.NewSimpleDynamicClient(runtime.NewScheme(), o)
	gvk := o.GroupVersionKind()
	plural, _ := meta.UnsafeGuessKindToResource(gvk)
	info := &resource.Info{
		Namespace: o.GetNamespace(), Name: o.GetName(),
		Mapping: &meta.RESTMapping{Resource: plural, GroupVersionKind: gvk, Scope: meta.RESTScopeNamespace},
	}
	for _, met := range options.ConditionFn {
		_, yes, err := met(ctx, info, options)
		if err != nil && !strings.Contains(err.Error(), "condition not met") {
			return false, err
		}
		if !yes {
			return false, nil
		}
	}
	return len(options.ConditionFn) > 0, nil
}

// nowhere leads to no cluster: objects are given, and not asked for.
type nowhere struct{}

var _ genericclioptions.RESTClientGetter = nowhere{}

// ToRESTConfig returns the configuration of no server.
func (nowhere) ToRESTConfig() (*rest.Config, error) { return &rest.Config{Host: "127.0.0.1:1"}, nil }

// ToDiscoveryClient returns an error.
func (nowhere) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return nil, errors.New("no cluster is asked")
}

// ToRESTMapper returns an error.
func (nowhere) ToRESTMapper() (meta.RESTMapper, error) { return nil, errors.New("no cluster is asked") }

// ToRawKubeConfigLoader returns an empty kubeconfig.
func (nowhere) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(*clientcmdapi.NewConfig(), nil)
}
