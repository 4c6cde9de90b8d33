// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheDeclaredTemplateAndItsPodMatch(t *testing.T) {
	if m := MatchTemplate(declaration(), template(t)); m != nil {
		t.Errorf("MatchTemplate: %s", m)
	}
	if m := MatchPod(declaration(), pod(t)); m != nil {
		t.Errorf("MatchPod: %s", m)
	}
}

func TestMatchingOnlyReads(t *testing.T) {
	object := pod(t)
	if m := MatchPod(declaration(), object); m != nil {
		t.Fatalf("MatchPod: %s", m)
	}
	if diff := cmp.Diff(pod(t), object); diff != "" {
		t.Errorf("MatchPod changed its input (-before +after):\n%s", diff)
	}
}

// change is one edit of the fixture's template and the field that it must be refused for.
type change struct {
	path  string
	value any
	want  string
}

// changesOfMatchedFields has rows for every Matched field of the table, by the field's
// path, and the table test fails for a field without one.
func changesOfMatchedFields() map[string][]change {
	rows := map[string][]change{
		"metadata.annotations": annotationChanges(),
		"spec.enableServiceLinks": {
			{"spec.enableServiceLinks", true, "spec.enableServiceLinks"},
			{"spec.enableServiceLinks", absent{}, "spec.enableServiceLinks"},
		},
		"spec.dnsPolicy": {{"spec.dnsPolicy", "None", "spec.dnsPolicy"}},
		"spec.os.name":   {{"spec.os.name", "windows", "spec.os.name"}},
		"spec.volumes[].name": {
			{"spec.volumes[shm].name", "hub", "spec.volumes[hub].name"},
			{"spec.volumes[shm].name", "other", "spec.containers[server].volumeMounts[shm].name"},
		},
		"spec.volumes[].image.reference": {
			{"spec.volumes[weights].image.reference", pinned("registry.example/models/opus", otherDigit), "spec.volumes[weights].image.reference"},
			{"spec.volumes[weights].image.reference", "registry.example/models/opus:v4", "spec.volumes[weights].image.reference"},
		},
		"spec.volumes[].configMap":   {{"spec.volumes[hub]", map[string]any{"name": "hub", "configMap": map[string]any{"name": "x"}}, "spec.volumes[hub].configMap"}},
		"spec.volumes[].secret":      {{"spec.volumes[hub]", map[string]any{"name": "hub", "secret": map[string]any{"secretName": "x"}}, "spec.volumes[hub].secret"}},
		"spec.volumes[].downwardAPI": {{"spec.volumes[hub]", map[string]any{"name": "hub", "downwardAPI": map[string]any{}}, "spec.volumes[hub].downwardAPI"}},
		"spec.volumes[].projected":   {{"spec.volumes[hub]", map[string]any{"name": "hub", "projected": map[string]any{}}, "spec.volumes[hub].projected"}},
	}
	for _, c := range []struct{ list, path string }{{"spec.containers[].", "spec.containers[server]."}, {"spec.initContainers[].", "spec.initContainers[guard]."}} {
		for field, changes := range containerChanges(c.path) {
			rows[c.list+field] = changes
		}
	}
	return rows
}

func annotationChanges() []change {
	var changes []change
	for _, key := range []string{"cdi.k8s.io/gpu", "devices.nri.io/container.server", "ulimits.nri.containerd.io/container.server",
		"dev.gvisor.spec.mount.models.source", "io.katacontainers.config.hypervisor.kernel", "run.oci.handler", "io.kubernetes.cri-o.Devices"} {
		changes = append(changes, change{"metadata.annotations", map[string]any{key: "x"}, "metadata.annotations[" + key + "]"})
	}
	return changes
}

// containerChanges are edits of a container that the fixture declares in serving.
func containerChanges(at string) map[string][]change {
	list := strings.TrimSuffix(at, "[server].")
	list = strings.TrimSuffix(list, "[guard].")
	mesh := list + "[mesh]"
	companion := func(resources string) map[string]any {
		return map[string]any{"name": "mesh", "image": pinned("registry.example/mesh", meshDigit),
			"resources": map[string]any{"limits": map[string]any{resources: "1"}}}
	}
	return map[string][]change{
		"name":    {{at + "name", "another", list + "[another].command"}},
		"image":   {{at + "image", pinned("registry.example/x", otherDigit), at + "image"}, {at + "image", "registry.example/x:v1", at + "image"}},
		"command": {{at + "command[0]", "/other", at + "command[0]"}, {at + "command", absent{}, at + "command[0]"}, {at + "command[+]", "--x", at + "command["}},
		"args":    {{at + "args[0]", "--other", at + "args[0]"}, {at + "args", absent{}, at + "args[0]"}, {at + "args[+]", "--x", at + "args["}},
		"env": {
			{at + "env[+]", map[string]any{"name": "MODEL_ID", "value": "x"}, at + "env[MODEL_ID]"},
			{at + "env[+]", map[string]any{"name": "PYTHONPATH", "value": "/tmp"}, at + "env[PYTHONPATH]"},
		},
		"terminationMessagePath":           {{at + "terminationMessagePath", "/etc/rules", at + "terminationMessagePath"}},
		"resources":                        {{mesh, companion("nvidia.com/gpu"), mesh + ".resources"}},
		"volumeMounts[].name":              {{at + "volumeMounts[sockets].name", "nothing", at + "volumeMounts[nothing].name"}},
		"volumeMounts[].mountPath":         {{at + "volumeMounts[sockets].mountPath", "/etc/guard", at + "volumeMounts[sockets].mountPath"}},
		"volumeMounts[].mountPropagation":  {{at + "volumeMounts[sockets].mountPropagation", "HostToContainer", at + "volumeMounts[sockets].mountPropagation"}},
		"volumeMounts[].readOnly":          {{mesh, map[string]any{"name": "mesh", "image": pinned("registry.example/mesh", meshDigit), "volumeMounts": []any{map[string]any{"name": "sockets", "mountPath": "/tmp"}}}, mesh + ".volumeMounts[sockets].readOnly"}},
		"securityContext.capabilities.add": {{at + "securityContext.capabilities.add[+]", "SYS_PTRACE", at + "securityContext.capabilities.add["}},
		"securityContext.procMount":        {{at + "securityContext.procMount", "Unmasked", at + "securityContext.procMount"}},
	}
}

func TestEveryMatchedFieldIsJudged(t *testing.T) {
	changes := changesOfMatchedFields()
	for _, field := range Fields() {
		if field.Class != Matched {
			continue
		}
		t.Run(field.Path, func(t *testing.T) {
			if len(changes[field.Path]) == 0 {
				t.Fatalf("no change of %s is tried", field.Path)
			}
			for _, c := range changes[field.Path] {
				object := template(t)
				if strings.HasPrefix(c.path, "spec.initContainers[mesh]") {
					edit(t, object, "spec.containers[mesh]", absent{})
					for _, v := range []string{"mesh-ca", "mesh-token"} {
						edit(t, object, "spec.volumes["+v+"]", absent{})
					}
				}
				if strings.HasPrefix(c.path, "spec.containers[mesh]") {
					for _, v := range []string{"mesh-ca", "mesh-token"} {
						edit(t, object, "spec.volumes["+v+"]", absent{})
					}
				}
				edit(t, object, c.path, c.value)
				wantField(t, MatchTemplate(declaration(), object), c.want)
			}
		})
	}
}

// wantField demands a mismatch whose field begins with want and whose sentence is whole.
func wantField(t *testing.T, m *Mismatch, want string) {
	t.Helper()
	switch {
	case m == nil:
		t.Errorf("it matches, want a mismatch at %s", want)
	case !strings.HasPrefix(m.Field, want):
		t.Errorf("mismatch at %s, want %s (%s)", m.Field, want, m)
	case m.Problem == "" || m.Remedy == "":
		t.Errorf("mismatch without a problem or a remedy: %#v", *m)
	case len(m.String()) > 1024:
		t.Errorf("the sentence has %d bytes, more than a condition's message", len(m.String()))
	}
}

func TestMatchTemplateRefuses(t *testing.T) {
	server := "spec.containers[server]"
	for name, c := range map[string]change{
		"an argument that the free value's pattern does not allow":    {server + ".args[2]", "80", server + ".args[2]"},
		"an argument that is longer than the free value by a line":    {server + ".args[2]", "8000\n", server + ".args[2]"},
		"two arguments in another order":                              {server + ".args[0]", "--port", server + ".args[0]"},
		"a declared variable that is missing":                         {server + ".env[HF_HOME]", absent{}, server + ".env[HF_HOME]"},
		"a variable with another value":                               {server + ".env[SERVED_NAME].value", "other", server + ".env[SERVED_NAME].value"},
		"a variable that is set twice":                                {server + ".env[+]", map[string]any{"name": "HF_HOME", "value": "/model-cache"}, server + ".env[HF_HOME]"},
		"a secret variable with a literal value":                      {server + ".env[HF_TOKEN]", map[string]any{"name": "HF_TOKEN", "value": "x"}, server + ".env[HF_TOKEN].valueFrom.secretKeyRef"},
		"a literal variable from a ConfigMap":                         {server + ".env[SERVED_NAME]", map[string]any{"name": "SERVED_NAME", "valueFrom": map[string]any{"configMapKeyRef": map[string]any{"name": "x", "key": "y"}}}, server + ".env[SERVED_NAME].valueFrom.configMapKeyRef"},
		"a literal variable from a Secret":                            {server + ".env[SERVED_NAME]", map[string]any{"name": "SERVED_NAME", "valueFrom": map[string]any{"secretKeyRef": map[string]any{"name": "x", "key": "y"}}}, server + ".env[SERVED_NAME].valueFrom.secretKeyRef"},
		"a variable from a resource size":                             {server + ".env[POD_IP].valueFrom", map[string]any{"resourceFieldRef": map[string]any{"resource": "limits.cpu"}}, server + ".env[POD_IP].valueFrom"},
		"a variable from a file":                                      {server + ".env[POD_IP].valueFrom", map[string]any{"fileKeyRef": map[string]any{"path": "x"}}, server + ".env[POD_IP].valueFrom"},
		"a variable from a label":                                     {server + ".env[POD_IP].valueFrom.fieldRef.fieldPath", "metadata.labels['model']", server + ".env[POD_IP].valueFrom.fieldRef.fieldPath"},
		"a variable from the pod's name":                              {server + ".env[POD_IP].valueFrom.fieldRef.fieldPath", "metadata.name", server + ".env[POD_IP].valueFrom.fieldRef.fieldPath"},
		"a variable with a declared value from the pod's address":     {server + ".env[SERVED_NAME]", map[string]any{"name": "SERVED_NAME", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "status.podIP"}}}, server + ".env[SERVED_NAME].valueFrom.fieldRef"},
		"an image that belongs to another artifact than the declared": {server + ".image", pinned("registry.example/guard", guardDigit), server + ".image"},
		"an image whose digest is too short":                          {server + ".image", "registry.example/vllm@sha256:abc", server + ".image"},
		"an image with upper-case digits":                             {server + ".image", "registry.example/vllm@sha256:" + strings.ToUpper(hexOf(serverDigit)), server + ".image"},
		"a companion's name with another image":                       {"spec.containers[mesh].image", pinned("registry.example/mesh2", meshDigit), "spec.containers[mesh].image"},
		"a companion's image under another name":                      {"spec.containers[mesh].name", "messy", "spec.containers[messy].image"},
		"a companion with a device claim":                             {"spec.containers[mesh].resources.claims[+]", map[string]any{"name": "gpu"}, "spec.containers[mesh].resources.claims"},
		"a companion that asks for every device":                      {"spec.containers[mesh].env[+]", map[string]any{"name": "NVIDIA_VISIBLE_DEVICES", "value": "all"}, "spec.containers[mesh].env[NVIDIA_VISIBLE_DEVICES]"},
		"a companion that mounts what the server writes":              {"spec.containers[mesh].volumeMounts[+]", map[string]any{"name": "hub", "mountPath": "/x"}, "spec.containers[mesh].volumeMounts[hub].readOnly"},
		"a companion's volume in the server":                          {server + ".volumeMounts[+]", map[string]any{"name": "mesh-ca", "mountPath": "/tmp/x"}, "spec.volumes[mesh-ca].configMap"},
		"a companion that is privileged":                              {"spec.containers[mesh].securityContext.privileged", true, "spec.containers[mesh].securityContext.privileged"},
		"an argument of a container that is not listed":               {"spec.initContainers[check].args", []any{"x"}, "spec.initContainers[check].args"},
		"a command of a container that is not listed":                 {"spec.initContainers[check].command", []any{"x"}, "spec.initContainers[check].command"},
		"a variable of a container that is not listed":                {"spec.initContainers[check].env[+]", map[string]any{"name": "X"}, "spec.initContainers[check].env[X]"},
		"two containers of one name":                                  {"spec.initContainers[check].name", "mesh", "spec.containers[mesh].name"},
		"a container without a name":                                  {"spec.initContainers[check].name", absent{}, "spec.initContainers[1].name"},
		"no container at all":                                         {"spec", map[string]any{"enableServiceLinks": false}, "spec.containers"},
		"weights that nobody mounts":                                  {server + ".volumeMounts[weights]", absent{}, server + ".args[0]"},
		"a safeguard's container that is left out":                    {"spec.initContainers[guard]", absent{}, "spec.containers"},
		"weights and adapter swapped":                                 {server + ".volumeMounts[weights].name", "tone", server + ".args[0]"},
		"an empty directory over the model":                           {server + ".volumeMounts[+]", map[string]any{"name": "shm", "mountPath": "/models/opus/.cache"}, server + ".volumeMounts[shm]"},
		"an empty directory over the image's code":                    {server + ".volumeMounts[hub].mountPath", "/usr/lib/python3", server + ".volumeMounts[hub].mountPath"},
		"an artifact over the image's code":                           {server + ".volumeMounts[tone].mountPath", "/usr/lib/python3", server + ".volumeMounts[tone].mountPath"},
		"a mount at the root":                                         {server + ".volumeMounts[hub].mountPath", "/", server + ".volumeMounts[hub].mountPath"},
		"a mount path with dots":                                      {server + ".volumeMounts[hub].mountPath", "/tmp/../etc", server + ".volumeMounts[hub].mountPath"},
		"two volumes at one place":                                    {server + ".volumeMounts[hub].mountPath", "/dev/shm", server + ".volumeMounts[hub].mountPath"},
		"a volume without a kind":                                     {"spec.volumes[+]", map[string]any{"name": "x"}, "spec.volumes[x]"},
		"a volume of two kinds":                                       {"spec.volumes[+]", map[string]any{"name": "x", "emptyDir": map[string]any{}, "secret": map[string]any{}}, "spec.volumes[x]"},
		"a volume without a name":                                     {"spec.volumes[+]", map[string]any{"emptyDir": map[string]any{}}, "spec.volumes[8].name"},
		"a Secret that is mounted by nobody":                          {"spec.volumes[+]", map[string]any{"name": "x", "secret": map[string]any{}}, "spec.volumes[x].secret"},
		"a service account token volume in a template":                {"spec.volumes[+]", asJSON(t, tokenVolume), "spec.volumes[kube-api-access-x7k2p].projected"},
		"a size on which decoding would not end":                      {"spec.volumes[shm].emptyDir.sizeLimit", "1e-999999999", "spec.volumes[shm].emptyDir.sizeLimit"},
		"a limit on which decoding would not end":                     {server + ".resources.limits.cpu", "1E-0999999999", server + ".resources.limits.cpu"},
		"a field in the wrong case":                                   {"spec.HostPID", true, "spec.HostPID"},
		"a field of the wrong type":                                   {"spec.containers", "x", "spec"},
		"a field beside metadata and spec":                            {"kindOf", "x", "kindOf"},
	} {
		t.Run(name, func(t *testing.T) {
			object := template(t)
			edit(t, object, c.path, c.value)
			wantField(t, MatchTemplate(declaration(), object), c.want)
		})
	}
}

func TestMatchTemplateLetsPass(t *testing.T) {
	for name, c := range map[string]change{
		"another free value":                            {"spec.containers[server].args[2]", "8443", ""},
		"another order of variables":                    {"spec.containers[server].env[HF_HOME]", absent{}, ""},
		"a companion that reads what the server writes": {"spec.containers[mesh].volumeMounts[+]", map[string]any{"name": "hub", "mountPath": "/x", "readOnly": true}, ""},
		"a companion that configures the pod's network": {"spec.containers[mesh].securityContext.capabilities.add", []any{"NET_ADMIN"}, ""},
		"a companion's variables from the environment":  {"spec.containers[mesh].envFrom[+]", map[string]any{"configMapRef": map[string]any{"name": "x"}}, ""},
		"an address variable that is literally empty":   {"spec.containers[server].env[POD_IP]", map[string]any{"name": "POD_IP"}, ""},
		"no companion":                                   {"spec.containers[mesh]", absent{}, ""},
		"a Secret variable that is optional":             {"spec.containers[server].env[HF_TOKEN].valueFrom.secretKeyRef.optional", true, ""},
		"a refused switch that is off":                   {"spec.hostNetwork", false, ""},
		"an explicit false where false is the default":   {"spec.shareProcessNamespace", false, ""},
		"an empty directory that nobody mounts":          {"spec.volumes[+]", map[string]any{"name": "x", "emptyDir": map[string]any{}}, ""},
		"an explicit mount propagation of None":          {"spec.containers[server].volumeMounts[hub].mountPropagation", "None", ""},
		"a null where a field could be":                  {"spec.hostAliases", nil, ""},
		"an own scratch place":                           {"spec.containers[server].volumeMounts[+]", map[string]any{"name": "shm", "mountPath": "/root/.cache/vllm"}, ""},
		"a part of an artifact":                          {"spec.containers[server].volumeMounts[weights].subPath", "fp8", ""},
		"a creation time, as older API servers write it": {"metadata.creationTimestamp", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			object := template(t)
			edit(t, object, c.path, c.value)
			switch name {
			case "another order of variables":
				edit(t, object, "spec.containers[server].env[+]", map[string]any{"name": "HF_HOME", "value": "/model-cache"})
			case "no companion":
				for _, v := range []string{"mesh-ca", "mesh-token"} {
					edit(t, object, "spec.volumes["+v+"]", absent{})
				}
			}
			if m := MatchTemplate(declaration(), object); m != nil {
				t.Errorf("mismatch: %s", m)
			}
		})
	}
}

func TestMatchPodRefuses(t *testing.T) {
	volume := "spec.volumes[kube-api-access-x7k2p]"
	projected := volume + ".projected"
	mount := "spec.containers[server].volumeMounts[kube-api-access-x7k2p]"
	for name, c := range map[string]change{
		"a token volume with a label in it":          {projected + ".sources[2].downwardAPI.items[+]", asJSON(t, `{"path": "model", "fieldRef": {"fieldPath": "metadata.labels['model']"}}`), projected},
		"a token volume that projects labels":        {projected + ".sources[2].downwardAPI.items[0].fieldRef.fieldPath", "metadata.labels", projected},
		"a token volume with another ConfigMap":      {projected + ".sources[1].configMap.name", "models", projected},
		"a token volume with another key":            {projected + ".sources[1].configMap.items[0].key", "model", projected},
		"a token volume with a Secret beside":        {projected + ".sources[+]", asJSON(t, `{"secret": {"name": "x"}}`), projected},
		"a token volume with a Secret in a source":   {projected + ".sources[1].secret", asJSON(t, `{"name": "x"}`), projected},
		"a token for another audience":               {projected + ".sources[0].serviceAccountToken.audience", "vault", projected},
		"a token under another file name":            {projected + ".sources[0].serviceAccountToken.path", "config.json", projected},
		"a token volume without the certificates":    {projected + ".sources[1]", absent{}, projected},
		"a token volume under another name":          {volume + ".name", "models", "spec.volumes[models].projected"},
		"a token mounted elsewhere":                  {mount + ".mountPath", "/models/x", mount},
		"a token mounted so that it can be written":  {mount + ".readOnly", absent{}, mount},
		"a part of the token volume":                 {mount + ".subPath", "token", mount},
		"an ephemeral container, even an artifact's": {"spec.ephemeralContainers[+]", asJSON(t, `{"name": "server", "image": "`+pinned("x", serverDigit)+`"}`), "spec.ephemeralContainers"},
		"a swapped image":                            {"spec.containers[server].image", pinned("x", otherDigit), "spec.containers[server].image"},
	} {
		t.Run(name, func(t *testing.T) {
			object := pod(t)
			edit(t, object, c.path, c.value)
			wantField(t, MatchPod(declaration(), object), c.want)
		})
	}
}
