// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestWhatCannotWorkIsRefusedByName(t *testing.T) {
	t.Parallel()
	for claim, row := range map[string]struct {
		values string
		// want are texts that the error has: the field, and what is wrong with it or how to mend it.
		want []string
	}{
		"a value that is not there":                   {"imagee: {tag: v1}", []string{"imagee"}},
		"a value that is not there, further in":       {"webhook: {certificates: {issuer: x}}", []string{"/webhook/certificates", "issuer"}},
		"a text for a switch":                         {"crds: {install: 'yes'}", []string{"/crds/install", "boolean"}},
		"a number of replicas that is none":           {"replicas: two", []string{"/replicas", "integer"}},
		"fewer replicas than none":                    {"replicas: -1", []string{"/replicas", "minimum"}},
		"a digest without its algorithm":              {"image: {digest: '0123'}", []string{"/image/digest", "sha256"}},
		"an image with its tag":                       {"image: {tag: 'a b'}", []string{"/image/tag"}},
		"a repository with its tag":                   {"image: {repository: 'registry.example:5000/scalegate:v1'}", []string{"/image/repository"}},
		"a repository in capitals":                    {"image: {repository: registry.example/Scalegate}", []string{"/image/repository"}},
		"an issuer without its name":                  {"webhook: {certificates: {certManager: {issuerRef: {kind: ClusterIssuer}}}}", []string{"/issuerRef", "name"}},
		"a pull policy of another case":               {"image: {pullPolicy: always}", []string{"/image/pullPolicy", "IfNotPresent"}},
		"a pull secret by its name alone":             {"imagePullSecrets: [registry]", []string{"/imagePullSecrets/0", "object"}},
		"a mode that is none":                         {"admission: {mode: partial}", []string{"/admission/mode", "legacy"}},
		"guards that are switched off":                {"manager: {guards: 'off'}", []string{"/manager/guards", "report"}},
		"a time without a unit":                       {"manager: {canaryInterval: '5'}", []string{"/manager/canaryInterval"}},
		"an argument without dashes":                  {"manager: {extraArgs: [v=1]}", []string{"/manager/extraArgs/0"}},
		"a parameter as a CEL literal":                {`admission: {parameters: {accelerators: "['example.com/gpu']"}}`, []string{"/admission/parameters/accelerators", "array"}},
		"a parameter that ends its text":              {`admission: {parameters: {accelerators: ["a' + 'b"]}}`, []string{"/admission/parameters/accelerators/0"}},
		"no accelerator at all":                       {"admission: {parameters: {accelerators: []}}", []string{"/admission/parameters/accelerators", "minItems"}},
		"a controller that is another":                {"admission: {parameters: {controller: [me]}}", []string{"/admission/parameters", "controller"}},
		"a parameter of another name":                 {"admission: {parameters: {accelerator: [a]}}", []string{"/admission/parameters", "accelerator"}},
		"a provider that is none":                     {"webhook: {certificates: {provider: helm}}", []string{"/webhook/certificates/provider", "cert-manager"}},
		"a service account that is no name":           {"serviceAccount: {name: A_B}", []string{"/serviceAccount/name"}},
		"a label that selects the pods":               {"podLabels: {app.kubernetes.io/name: other}", []string{"/podLabels"}},
		"a label that Helm sets":                      {"commonLabels: {app.kubernetes.io/instance: other}", []string{"/commonLabels"}},
		"a budget that lets nothing be evicted":       {"podDisruptionBudget: {maxUnavailable: 0}", []string{"/podDisruptionBudget/maxUnavailable"}},
		"a spread without its topology":               {"topologySpreadConstraints: [{maxSkew: 1, whenUnsatisfiable: DoNotSchedule}]", []string{"/topologySpreadConstraints/0", "topologyKey"}},
		"an existing Secret without a name":           {"webhook: {certificates: {provider: existingSecret}}", []string{"webhook.certificates.secretName", "needs the name"}},
		"a Secret that nobody reads":                  {"webhook: {certificates: {secretName: mine}}", []string{"webhook.certificates.secretName", "existingSecret"}},
		"nobody to hold":                              {"{admission: {mode: legacy}, webhook: {enabled: false}}", []string{"webhook.enabled", "admission.mode"}},
		"a monitor of metrics that are not served":    {"metrics: {enabled: false, serviceMonitor: {enabled: true}}", []string{"metrics.serviceMonitor.enabled", "metrics.enabled"}},
		"a time for certificates that is no duration": {"webhook: {certificates: {certManager: {duration: year}}}", []string{"/webhook/certificates/certManager/duration"}},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			var r rendering
			must(t, yaml.UnmarshalStrict([]byte(row.values), &r.values))
			_, err := r.render()
			if err == nil {
				t.Fatal("it is taken")
			}
			said := strings.ReplaceAll(err.Error(), "'", "/")
			for _, want := range row.want {
				if !strings.Contains(said, want) && !strings.Contains(strings.ReplaceAll(said, ".", "/"), want) {
					t.Errorf("the error does not say %q: %v", want, err)
				}
			}
		})
	}
}

func TestNamespacesInWhichItCannotRunAreRefused(t *testing.T) {
	t.Parallel()
	for _, namespace := range []string{"kube-system", "scalegate-canary"} {
		_, err := rendering{namespace: namespace}.render()
		if err == nil || !strings.Contains(err.Error(), "namespace "+namespace) || !strings.Contains(err.Error(), "--namespace scalegate-system") {
			t.Errorf("%s: %v", namespace, err)
		}
	}
}

// The schema knows every value, nothing else, and takes nothing that it does not know.
func TestTheSchemaKnowsTheValuesAndNoOther(t *testing.T) {
	t.Parallel()
	read := func(name string) map[string]any {
		raw, err := os.ReadFile(filepath.Join(folder(), name))
		must(t, err)
		var content map[string]any
		must(t, yaml.Unmarshal(raw, &content))
		return content
	}
	values, schema := read("values.yaml"), read("values.schema.json")
	// Helm gives every chart the values that are global.
	values["global"] = map[string]any{}
	sameKeys(t, "", values, schema)
}

// sameKeys holds a map of values to the schema of an object.
func sameKeys(t *testing.T, path string, values, schema map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	if properties == nil {
		return // what Kubernetes takes, or labels
	}
	if open, ok := schema["additionalProperties"].(bool); ok && open || !ok && schema["additionalProperties"] == nil {
		t.Errorf("%s/ takes values that it does not know", path)
	}
	for key, value := range values {
		inner, ok := properties[key].(map[string]any)
		if !ok {
			t.Errorf("the schema does not know %s/%s", path, key)
			continue
		}
		if below, ok := value.(map[string]any); ok && len(below) > 0 {
			sameKeys(t, path+"/"+key, below, inner)
		}
	}
	for key := range properties {
		if _, ok := values[key]; !ok && !spelledOut(path) {
			t.Errorf("values.yaml does not have %s/%s", path, key)
		}
	}
}

// spelledOut is true for values of which the schema knows parts that values.yaml does not have: those of Kubernetes, and labels
// that are refused.
func spelledOut(path string) bool {
	return slices.Contains([]string{"/resources", "/affinity", "/podLabels", "/commonLabels", "/webhook/certificates/certManager/issuerRef"}, path)
}
