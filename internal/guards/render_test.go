// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package guards

import (
	"strings"
	"testing"
	"testing/fstest"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"github.com/scalegate/scalegate/config"
)

const (
	kustomized = "resources: [parameters.yaml, policies.yaml]\ncomponents: [parameters]\n"
	aParameter = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: scalegate-admission-parameters}\ndata:\n  who: \"'me'\"\n"
	twoObjects = `# A comment is no document.
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: scalegate-a}
spec:
  variables:
  - {name: who, expression: "'nobody'"}
  - {name: other, expression: "'untouched'"}
  validations: [{expression: "request.userInfo.username == variables.who"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: scalegate-a}
spec: {policyName: scalegate-a, validationActions: [Deny]}
`
)

func files(kustomization, parameters, policies string) fstest.MapFS {
	return fstest.MapFS{
		"kustomization.yaml": {Data: []byte(kustomization)},
		"parameters.yaml":    {Data: []byte(parameters)},
		"policies.yaml":      {Data: []byte(policies)},
	}
}

func TestRenderPutsParametersIntoVariables(t *testing.T) {
	set, err := Render(files(kustomized, aParameter, twoObjects), Parameters{"who": "['you', 'them']"})
	if err != nil {
		t.Fatal(err)
	}
	if got := set.IDs(); len(got) != 2 || got[0].String() != "ValidatingAdmissionPolicy scalegate-a" {
		t.Fatalf("rendered %v", got)
	}
	policy, ok := set[ID{KindValidatingPolicy, "scalegate-a"}].(*admissionv1.ValidatingAdmissionPolicy)
	if !ok {
		t.Fatal("the policy is none")
	}
	if got := policy.Spec.Variables[0].Expression; got != "['you', 'them']" {
		t.Errorf("the variable named like the parameter is %s", got)
	}
	if got := policy.Spec.Variables[1].Expression; got != "'untouched'" {
		t.Errorf("another variable is %s", got)
	}
}

func TestRenderRefuses(t *testing.T) {
	good := Parameters{"who": "'me'"}
	for claim, row := range map[string]struct {
		files      fstest.MapFS
		parameters Parameters
		want       string
	}{
		"a parameter that is missing":             {files(kustomized, aParameter, twoObjects), Parameters{}, "data.who is missing"},
		"an expression as a parameter":            {files(kustomized, aParameter, twoObjects), Parameters{"who": "request.userInfo.username"}, "data.who is neither a string"},
		"an expression behind a string":           {files(kustomized, aParameter, twoObjects), Parameters{"who": "'a' + 'b'"}, "data.who is neither a string"},
		"an escape in a string":                   {files(kustomized, aParameter, twoObjects), Parameters{"who": `'a\'`}, "data.who is neither a string"},
		"a list with something else in it":        {files(kustomized, aParameter, twoObjects), Parameters{"who": "['a', b]"}, "data.who is neither a string"},
		"a file that is not there":                {files("resources: [gone.yaml]\n", aParameter, twoObjects), good, "gone.yaml"},
		"a kustomization that patches":            {files(kustomized+"patches: [{path: a.yaml}]\n", aParameter, twoObjects), good, "only resources and components"},
		"a kind that is not guarded":              {files(kustomized, aParameter, "kind: ValidatingWebhookConfiguration\n"), good, "kind \"ValidatingWebhookConfiguration\" is none"},
		"a field that the kind does not have":     {files(kustomized, aParameter, "kind: ValidatingAdmissionPolicy\nspce: {}\n"), good, "policies.yaml"},
		"the same object twice":                   {files(kustomized, aParameter, twoObjects+"---\n"+twoObjects), good, "is there twice"},
		"manifests without parameters":            {files("resources: [policies.yaml]\n", aParameter, twoObjects), good, "none is ConfigMap"},
		"a ConfigMap that holds something else":   {files(kustomized, strings.ReplaceAll(aParameter, "scalegate-admission", "other"), twoObjects), good, "is not the one"},
		"a folder without a kustomization in it":  {fstest.MapFS{}, good, "kustomization.yaml"},
		"a kustomization that is no YAML":         {files("resources: {", aParameter, twoObjects), good, "kustomization.yaml"},
		"a document that is no YAML":              {files(kustomized, aParameter, "a: {"), good, "policies.yaml"},
		"a list of parameters that does not end":  {files(kustomized, aParameter, twoObjects), Parameters{"who": "['a'"}, "data.who is neither"},
		"a string with a quote of the other kind": {files(kustomized, aParameter, twoObjects), Parameters{"who": `'a"b'`}, "data.who is neither"},
	} {
		t.Run(claim, func(t *testing.T) {
			_, err := Render(row.files, row.parameters)
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want one with %q", err, row.want)
			}
		})
	}
}

func TestControllerIsReadFromItsLiteral(t *testing.T) {
	for value, want := range map[string]string{"'a:b'": "a:b", " 'a' ": "a", "['a']": "", "": "", "'": ""} {
		if got := (Parameters{ControllerParameter: value}).Controller(); got != want {
			t.Errorf("%q is read as %q, want %q", value, got, want)
		}
	}
}

// shipped are the objects of config/admission, with the parameters that stand there.
func shipped(t *testing.T) Set {
	t.Helper()
	manifests, err := config.Admission()
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := Defaults(manifests)
	if err != nil {
		t.Fatal(err)
	}
	set, err := Render(manifests, defaults)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestWhatIsShippedIsBoundAndNamedAsOurs(t *testing.T) {
	set := shipped(t)
	if len(set) < 30 {
		t.Errorf("only %d objects", len(set))
	}
	for id, object := range set {
		if !strings.HasPrefix(id.Name, Prefix) {
			t.Errorf("%s does not begin with %s", id, Prefix)
		}
		switch id.Kind {
		case KindValidatingPolicy, KindMutatingPolicy:
			if set[ID{id.Kind + "Binding", id.Name}] == nil {
				t.Errorf("%s has no binding of its name", id)
			}
		default:
			if !set.binds(object) {
				t.Errorf("%s binds nothing of ours", id)
			}
		}
	}
}

func TestTheGuardOfTheParametersFollowsThem(t *testing.T) {
	set := shipped(t)
	at := func() string {
		binding, ok := set[ID{KindValidatingBinding, parametersGuard}].(*admissionv1.ValidatingAdmissionPolicyBinding)
		if !ok {
			t.Fatal("nothing guards the parameters")
		}
		return binding.Spec.MatchResources.NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"]
	}
	if at() != "scalegate-system" {
		t.Errorf("they are guarded in %q", at())
	}
	set.ParametersIn("elsewhere")
	if at() != "elsewhere" {
		t.Errorf("they are guarded in %q", at())
	}
	Set{}.ParametersIn("elsewhere") // where validating policies are not served
}
