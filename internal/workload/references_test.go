// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"strings"
	"testing"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

// serverWith declares a server with these command, arguments and literal variables, and
// gives the template that says the same. A variable is written NAME=value.
func serverWith(t *testing.T, command, args, env []string) (Declared, map[string]any) {
	t.Helper()
	d, object := declaration(), template(t)
	s := v1alpha1.ServingContainer{Container: "server", Artifact: "server", Command: command, Args: args,
		FreeValues: []v1alpha1.FreeValue{{Name: "free", Pattern: ".*"}}}
	var live []any
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		s.Env = append(s.Env, literal(name, value))
		live = append(live, map[string]any{"name": name, "value": value})
	}
	d.Serving[0] = s
	edit(t, object, "spec.containers[server].env", live)
	edit(t, object, "spec.containers[server].volumeMounts[hub]", absent{})
	for field, values := range map[string][]string{"command": command, "args": args} {
		items := []any{}
		for _, v := range values {
			items = append(items, v)
		}
		edit(t, object, "spec.containers[server]."+field, items)
	}
	return d, object
}

// serverRow is how a server is started, and the field of its container that is refused.
type serverRow struct {
	command, args, env []string
	want               string
}

func (row serverRow) run(t *testing.T) {
	d, object := serverWith(t, row.command, row.args, row.env)
	m := MatchTemplate(d, object)
	if row.want != "" {
		wantField(t, m, "spec.containers[server]."+row.want)
	} else if m != nil {
		t.Errorf("mismatch: %s", m)
	}
}

func vllmServe() []string { return []string{"vllm", "serve"} }

func pythonModule() []string { return []string{"python3", "-m", "vllm.entrypoints.openai.api_server"} }

func TestWhatNamesAModelLeadsToADigest(t *testing.T) {
	vllm, python := vllmServe(), pythonModule()
	byDigest := pinned("oci://registry.example/models/opus", weightsDigit)
	for name, row := range map[string]serverRow{
		"a mounted path after serve":                 {command: vllm, args: []string{"/models/opus"}},
		"a path below the mount":                     {command: vllm, args: []string{"/models/opus/fp8/"}},
		"a repository after serve":                   {command: vllm, args: []string{"org/model"}, want: "args[0]"},
		"nothing after serve":                        {command: vllm, want: "command[1]"},
		"a flag after serve":                         {command: vllm, args: []string{"--model", "/models/opus"}, want: "args[0]"},
		"a free value after serve":                   {command: vllm, args: []string{"<free>"}, want: "args[0]"},
		"serve among the arguments":                  {args: []string{"serve", "org/model"}, want: "args[1]"},
		"a first argument of an unknown entry point": {args: []string{"org/model", "--port", "1"}, want: "args[0]"},
		"a path for an unknown entry point":          {args: []string{"/models/opus", "--port", "1"}},
		"TensorRT-LLM's server":                      {command: []string{"trtllm-serve"}, args: []string{"org/model"}, want: "args[0]"},
		"a flag with the mounted path":               {command: python, args: []string{"--model", "/models/opus"}},
		"a joined flag with the mounted path":        {command: python, args: []string{"--model=/models/opus"}},
		"a flag with a repository":                   {command: python, args: []string{"--model", "org/model"}, want: "args[1]"},
		"a joined flag with a repository":            {command: python, args: []string{"--model=org/model"}, want: "args[0]"},
		"a flag with an underscore":                  {command: python, args: []string{"--model_id=org/model"}, want: "args[0]"},
		"a flag that is shortened":                   {command: python, args: []string{"--model-pa=org/model"}, want: "args[0]"},
		"a flag in capitals":                         {command: python, args: []string{"--MODEL=org/model"}, want: "args[0]"},
		"a flag without a value":                     {command: python, args: []string{"--model"}, want: "args[0]"},
		"a flag before another flag":                 {command: python, args: []string{"--model", "--port=1"}, want: "args[0]"},
		"a digest of the weights":                    {command: python, args: []string{"--model=" + byDigest}},
		"a digest of nothing in the release":         {command: python, args: []string{"--model=" + pinned("x", otherDigit)}, want: "args[0]"},
		"a digest of the server":                     {command: python, args: []string{"--model=" + pinned("x", serverDigit)}, want: "args[0]"},
		"a tag":                                      {command: python, args: []string{"--model=oci://x/y:v1"}, want: "args[0]"},
		"a bucket":                                   {command: python, args: []string{"--model", "s3://x/y"}, want: "args[1]"},
		"a path that is not mounted":                 {command: python, args: []string{"--model=/data/model"}, want: "args[0]"},
		"a path beside the mount":                    {command: python, args: []string{"--model=/models/opus2"}, want: "args[0]"},
		"a path with dots":                           {command: python, args: []string{"--model=/models/opus/../../tmp"}, want: "args[0]"},
		"a path in an empty directory":               {command: python, args: []string{"--model=/dev/shm/model"}, want: "args[0]"},
		"a path in the adapter":                      {command: python, args: []string{"--model=/adapters/tone"}, want: "args[0]"},
		"a relative path":                            {command: python, args: []string{"--model=models/opus"}, want: "args[0]"},
		"a variable with a repository":               {command: python, args: []string{"--model=$(ID)"}, env: []string{"ID=org/model"}, want: "args[0]"},
		"a variable with the mounted path":           {command: python, args: []string{"--model=$(ID)"}, env: []string{"ID=/models/opus"}},
		"a value that the workload chooses":          {command: python, args: []string{"--model", "<free>"}, want: "args[1]"},
		"a part that the workload chooses":           {command: python, args: []string{"--model=/models/opus/<free>"}, want: "args[0]"},
		"a flag that the workload chooses":           {command: python, args: []string{"<free>", "/models/opus"}},
		"a variable that the workload chooses":       {command: python, args: []string{"--model=$(ID)"}, env: []string{"ID=<free>"}, want: "args[0]"},
		"JSON where a model stands":                  {command: python, args: []string{`--model={"model": "/models/opus"}`}, want: "args[0]"},
		"llama.cpp's short flag":                     {command: []string{"llama-server", "-m", "/models/opus/w.gguf"}},
		"llama.cpp's repository flag":                {command: []string{"llama-server", "-hf", "org/model:Q4"}, want: "command[2]"},
		"a module is no model":                       {command: []string{"torchrun", "--nproc=2", "-m", "serve", "-m", "org/model"}, want: "command[5]"},
	} {
		t.Run(name, row.run)
	}
}

func TestWhatAServerTakesBesideItsModelLeadsToADigest(t *testing.T) {
	vllm, python := vllmServe(), pythonModule()
	for name, row := range map[string]serverRow{
		"an adapter by its path":                {command: vllm, args: []string{"/models/opus", "--lora-modules", "tone=/adapters/tone", `{"name": "t", "path": "/adapters/tone"}`}},
		"an adapter from a host":                {command: vllm, args: []string{"/models/opus", "--lora-modules", "tone=/adapters/tone", "b=org/lora"}, want: "args[3]"},
		"an adapter from a host in JSON":        {command: vllm, args: []string{"/models/opus", "--lora-modules", `{"name": "t", "path": "org/lora"}`}, want: "args[2]"},
		"adapters in a JSON list":               {command: python, args: []string{`--lora-paths=["org/lora"]`}, want: "args[0]"},
		"broken JSON for an adapter":            {command: vllm, args: []string{"/models/opus", "--lora-modules", `{"name"`}, want: "args[2]"},
		"adapters with commas":                  {command: python, args: []string{"--lora-adapters", "a=/adapters/tone,org/lora"}, want: "args[1]"},
		"an adapter with its scale":             {command: []string{"llama-server", "--lora-scaled", "/adapters/tone/a.gguf", "0.5"}},
		"weights as an adapter":                 {command: python, args: []string{"--lora-paths", "/models/opus"}, want: "args[1]"},
		"a draft model from a host":             {command: vllm, args: []string{"/models/opus", "--speculative-config", `{"model": "org/draft"}`}, want: "args[2]"},
		"a draft model deep in JSON":            {command: vllm, args: []string{"/models/opus", "--speculative-config", `{"x": [{"model": "org/draft"}]}`}, want: "args[2]"},
		"a draft model by a dotted flag":        {command: vllm, args: []string{"/models/opus", "--speculative-config.model", "org/draft"}, want: "args[2]"},
		"a draft model's revision":              {command: vllm, args: []string{"/models/opus", "-sc", `{"revision": "main"}`}, want: "args[2]"},
		"speculation without a draft model":     {command: vllm, args: []string{"/models/opus", "--speculative-config", `{"method": "ngram", "num_speculative_tokens": 3}`}},
		"speculation that is no JSON":           {command: vllm, args: []string{"/models/opus", "--speculative-config", "org/draft"}, want: "args[2]"},
		"a tokenizer from a host":               {command: vllm, args: []string{"/models/opus", "--tokenizer", "org/tok"}, want: "args[2]"},
		"a tokenizer from the server's image":   {command: vllm, args: []string{"/models/opus", "--tokenizer", "/opt/tok"}},
		"a configuration in an empty directory": {command: vllm, args: []string{"/models/opus", "--config=/run/guard/c.yaml"}, want: "args[1]"},
		"a revision":                            {command: vllm, args: []string{"/models/opus", "--revision", "main"}, want: "args[1]"},
		"a download directory":                  {command: vllm, args: []string{"/models/opus", "--download-dir=/tmp"}, want: "args[1]"},
		"Triton taking in models":               {command: []string{"tritonserver"}, args: []string{"--model-repository=/models/opus", "--model-control-mode=explicit"}, want: "args[1]"},
		"names for clients":                     {command: vllm, args: []string{"/models/opus", "--served-model-name", "opus", "org/model"}},
		"KServe's name for clients":             {command: python, args: []string{"--model_name=opus", "--model_dir=/models/opus"}},
	} {
		t.Run(name, row.run)
	}
}

func TestVariablesThatNameAModelLeadToADigest(t *testing.T) {
	vllm := vllmServe()
	for name, row := range map[string]serverRow{
		"TGI's variable with a repository":            {command: []string{"text-generation-launcher"}, env: []string{"MODEL_ID=org/model"}, want: "env[MODEL_ID]"},
		"TGI's variable with the mounted path":        {command: []string{"text-generation-launcher"}, env: []string{"MODEL_ID=/models/opus"}},
		"a model variable that is free":               {command: []string{"text-generation-launcher"}, env: []string{"MODEL_ID=<free>"}, want: "env[MODEL_ID]"},
		"adapters in a variable":                      {command: []string{"text-generation-launcher"}, env: []string{"LORA_ADAPTERS=tone=/adapters/tone,org/lora"}, want: "env[LORA_ADAPTERS]"},
		"flags in a variable":                         {command: vllm, args: []string{"/models/opus"}, env: []string{"VLLM_ADDITIONAL_ARGS=--model x"}, want: "env[VLLM_ADDITIONAL_ARGS]"},
		"adapters while it runs":                      {command: vllm, args: []string{"/models/opus"}, env: []string{"VLLM_ALLOW_RUNTIME_LORA_UPDATING=True"}, want: "env[VLLM_ALLOW_RUNTIME_LORA_UPDATING]"},
		"no adapters while it runs":                   {command: vllm, args: []string{"/models/opus"}, env: []string{"VLLM_ALLOW_RUNTIME_LORA_UPDATING=False"}},
		"developers' endpoints, switched by the user": {command: vllm, args: []string{"/models/opus"}, env: []string{"VLLM_SERVER_DEV_MODE=<free>"}, want: "env[VLLM_SERVER_DEV_MODE]"},
	} {
		t.Run(name, row.run)
	}
}

func TestAFreeValueDoesNotBecomeAModelFlag(t *testing.T) {
	d, object := serverWith(t, []string{"server"}, []string{"<free>", "org/model"}, nil)
	edit(t, object, "spec.containers[server].args[0]", "--model")
	wantField(t, MatchTemplate(d, object), "spec.containers[server].args[0]")
	edit(t, object, "spec.containers[server].args[0]", "--quiet")
	if m := MatchTemplate(d, object); m != nil {
		t.Errorf("another flag: %s", m)
	}
}

func TestTheAddressOfThePodNamesNoModel(t *testing.T) {
	d, object := serverWith(t, []string{"text-generation-launcher"}, nil, nil)
	d.Serving[0].Env = []v1alpha1.ServingEnvVar{{Name: "MODEL_ID"}}
	edit(t, object, "spec.containers[server].env[+]", asJSON(t, `{"name": "MODEL_ID", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}`))
	wantField(t, MatchTemplate(d, object), "spec.containers[server].env[MODEL_ID]")
}

func TestASecretNeverSteersTheServer(t *testing.T) {
	for name, want := range map[string]string{
		"MODEL_ID": "spec.containers[server].env[MODEL_ID]", "LD_PRELOAD": "spec.containers[server].env[LD_PRELOAD]",
		"PYTHONPATH": "spec.containers[server].env[PYTHONPATH]", "VLLM_PLUGINS": "spec.containers[server].env[VLLM_PLUGINS]",
		"VLLM_API_KEY": "", "HF_TOKEN": "",
	} {
		t.Run(name, func(t *testing.T) {
			d, object := serverWith(t, []string{"vllm", "serve"}, []string{"/models/opus"}, nil)
			d.Serving[0].Env = []v1alpha1.ServingEnvVar{{Name: name, Source: v1alpha1.EnvSecret}}
			edit(t, object, "spec.containers[server].env[+]", asJSON(t, `{"name": "`+name+`", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}`))
			m := MatchTemplate(d, object)
			if want == "" && m != nil {
				t.Errorf("mismatch: %s", m)
			}
			if want != "" {
				wantField(t, m, want)
			}
		})
	}
}

func TestEveryPartOfTheModelIsNamed(t *testing.T) {
	for name, row := range map[string]struct {
		artifact v1alpha1.Artifact
		args     []string
		want     string
	}{
		"more weights":                         {artifact: artifact("more", v1alpha1.ArtifactWeights, otherDigit), want: "spec"},
		"another adapter":                      {artifact: artifact("more", v1alpha1.ArtifactAdapter, otherDigit), want: "spec"},
		"a tokenizer need not be named":        {artifact: artifact("more", v1alpha1.ArtifactTokenizer, otherDigit)},
		"weights inside the server's image":    {artifact: artifact("more", v1alpha1.ArtifactWeights, serverDigit)},
		"weights by a text":                    {artifact: artifact("more", v1alpha1.ArtifactWeights, otherDigit), args: []string{"--note=" + pinned("x", otherDigit)}},
		"weights by a text with another digit": {artifact: artifact("more", v1alpha1.ArtifactWeights, otherDigit), args: []string{"--note=" + pinned("x", otherDigit) + "0"}, want: "spec"},
		"a digest that is not well formed":     {artifact: v1alpha1.Artifact{Name: "more", Type: v1alpha1.ArtifactWeights, Digest: "sha256:"}, want: "spec"},
	} {
		t.Run(name, func(t *testing.T) {
			d, object := serverWith(t, []string{"vllm", "serve"}, append([]string{"/models/opus"}, row.args...), nil)
			d.Artifacts = append(d.Artifacts, row.artifact)
			m := MatchTemplate(d, object)
			if row.want == "" && m != nil {
				t.Errorf("mismatch: %s", m)
			}
			if row.want != "" {
				wantField(t, m, row.want)
			}
		})
	}
	t.Run("a text that the workload chose does not count", func(t *testing.T) {
		d, object := serverWith(t, []string{"vllm", "serve"}, []string{"/models/opus", "--note=<free>"}, nil)
		d.Artifacts = append(d.Artifacts, artifact("more", v1alpha1.ArtifactWeights, otherDigit))
		edit(t, object, "spec.containers[server].args[1]", "--note="+pinned("x", otherDigit))
		wantField(t, MatchTemplate(d, object), "spec")
	})
}

func TestOnlyTheReleasesOwnContainersHoldTheModel(t *testing.T) {
	d, object := serverWith(t, []string{"server"}, nil, nil)
	edit(t, object, "spec.containers[server].volumeMounts[weights]", absent{})
	edit(t, object, "spec.containers[mesh].volumeMounts[+]", map[string]any{"name": "weights", "mountPath": "/models/opus"})
	wantField(t, MatchTemplate(d, object), "spec")
}

func TestTheInnermostMountHoldsAPath(t *testing.T) {
	for name, row := range map[string]struct{ outer, inner, want string }{
		"an empty directory inside the artifact": {outer: "weights", inner: "shm", want: "spec.containers[server].args[0]"},
		"the artifact inside another":            {outer: "tone", inner: "weights"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, order := range [][]string{{row.outer, row.inner}, {row.inner, row.outer}} {
				d, object := serverWith(t, []string{"vllm", "serve"}, []string{"/models/.cache/opus"}, nil)
				for _, volume := range order {
					edit(t, object, "spec.containers[server].volumeMounts["+volume+"]", absent{})
				}
				places := map[string]string{row.outer: "/models", row.inner: "/models/.cache"}
				for _, volume := range order {
					edit(t, object, "spec.containers[server].volumeMounts[+]", map[string]any{"name": volume, "mountPath": places[volume]})
				}
				m := MatchTemplate(d, object)
				if row.want == "" && m != nil {
					t.Errorf("mounted in the order %v: %s", order, m)
				}
				if row.want != "" {
					wantField(t, m, row.want)
				}
			}
		})
	}
}

func TestAScratchPlaceIsTheReleasesToDeclare(t *testing.T) {
	for value, want := range map[string]string{"/hub": "", "/hub/": "", "<free>": "spec.containers[server].volumeMounts[hub].mountPath", "/": "spec.containers[server].volumeMounts[hub].mountPath"} {
		d, object := serverWith(t, []string{"vllm", "serve"}, []string{"/models/opus"}, []string{"HF_HOME=" + value})
		edit(t, object, "spec.containers[server].env[HF_HOME].value", strings.Replace(value, "<free>", "/hub", 1))
		edit(t, object, "spec.containers[server].volumeMounts[+]", map[string]any{"name": "hub", "mountPath": "/hub"})
		m := MatchTemplate(d, object)
		if want == "" && m != nil {
			t.Errorf("HF_HOME=%s: %s", value, m)
		}
		if want != "" {
			wantField(t, m, want)
		}
	}
}

func TestWeightsInsideTheImage(t *testing.T) {
	d, object := serverWith(t, []string{"vllm", "serve"}, []string{"/opt/model"}, nil)
	wantField(t, MatchTemplate(d, object), "spec.containers[server].args[0]")
	d.Artifacts = append(d.Artifacts, artifact("baked", v1alpha1.ArtifactWeights, serverDigit))
	if m := MatchTemplate(d, object); m != nil {
		t.Errorf("weights of the image itself: %s", m)
	}
	edit(t, object, "spec.containers[server].volumeMounts[shm].mountPath", "/opt/model/.cache")
	wantField(t, MatchTemplate(d, object), "spec.containers[server].volumeMounts[shm]")
}
