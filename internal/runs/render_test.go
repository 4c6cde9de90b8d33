// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/scalegate/scalegate/api/v1alpha1"
	"github.com/scalegate/scalegate/internal/fixture"
)

var update = flag.Bool("update", false, "write the golden files anew")

func rendered(t *testing.T, in Input) *Objects {
	t.Helper()
	out, err := Render(in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRenderedObjects(t *testing.T) {
	t.Parallel()
	objects := rendered(t, input(t))
	var got bytes.Buffer
	for _, object := range []any{objects.Job, objects.Server, objects.Service, objects.NetworkPolicy} {
		text, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString("---\n")
		got.Write(text)
	}
	path := filepath.Join("testdata", "run.yaml")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, diff)
	}
}

func TestRenderIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	in := input(t)
	before := *in.Suite.DeepCopy()
	first, second := rendered(t, in), rendered(t, in)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two renderings differ:\n%s", diff)
	}
	if diff := cmp.Diff(&before, in.Suite); diff != "" {
		t.Errorf("the suite was changed:\n%s", diff)
	}
	reordered := input(t)
	reordered.Suite.Spec.Server.PodTemplate.Raw = []byte(`{"spec": {"containers": [{"resources":{"limits":{"nvidia.com/gpu":"1"}},"args":["--port","8000"],` +
		`"image":"$(SCALEGATE_ARTIFACT_SERVER_PINNED)","name":"server"}]}, "metadata": {"labels":{"team":"serving"}}}`)
	if other := rendered(t, reordered); other.SuiteDigest != first.SuiteDigest {
		t.Error("the digest of the suite depends on the order of members")
	}
	reordered.Suite.Spec.Result.Path = "*.json"
	if other := rendered(t, reordered); other.SuiteDigest == first.SuiteDigest {
		t.Error("the digest of the suite does not depend on its spec")
	}
}

func TestRenderVariants(t *testing.T) {
	t.Parallel()
	checkVariants(t, map[string]variant{
		"without a server there is only the Job": {
			func(in *Input) { in.Suite.Spec.Server = nil },
			func(o *Objects) bool { return o.Server == nil && o.Service == nil && o.NetworkPolicy == nil },
		},
		"without a server there is no URL": {
			func(in *Input) { in.Suite.Spec.Server = nil },
			func(o *Objects) bool { return environmentOf(o)[variableModelURL] == "" },
		},
		"the pod of the Job claims nothing unless asked": {
			func(in *Input) {},
			func(o *Objects) bool { return o.Job.Spec.Template.Labels[v1alpha1.LabelRelease] == "" },
		},
		"the pod of the Job claims the release under the lowest exposure": {
			func(in *Input) { in.ClaimJob = true },
			func(o *Objects) bool {
				labels := o.Job.Spec.Template.Labels
				return labels[v1alpha1.LabelRelease] == "m1" && labels[v1alpha1.LabelExposure] == "Evaluation"
			},
		},
		"the NetworkPolicy holds by the label that nobody changes": {
			func(*Input) {},
			func(o *Objects) bool {
				return cmp.Equal(o.NetworkPolicy.Spec.PodSelector.MatchLabels, map[string]string{v1alpha1.LabelEvaluation: "m1-bio"})
			},
		},
		"a Job that claims is no endpoint of the Service": {
			func(in *Input) { in.ClaimJob = true },
			func(o *Objects) bool {
				for key, value := range o.Service.Spec.Selector {
					if o.Job.Spec.Template.Labels[key] != value {
						return true
					}
				}
				return false
			},
		},
	})
}

// variant is a change of the input, and what then holds of the objects.
type variant struct {
	change func(in *Input)
	want   func(o *Objects) bool
}

func checkVariants(t *testing.T, rows map[string]variant) {
	t.Helper()
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t)
			row.change(&in)
			if out := rendered(t, in); !row.want(out) {
				text, err := yaml.Marshal(out)
				t.Errorf("not as it should be (%v):\n%s", err, text)
			}
		})
	}
}

func TestRenderKeepsWhatIsWritten(t *testing.T) {
	t.Parallel()
	pod := func(o *Objects) *corev1.PodSpec { return &o.Job.Spec.Template.Spec }
	checkVariants(t, map[string]variant{
		"dollars in values are not expanded by a kubelet": {
			func(in *Input) {
				in.Release.Spec.Model.Name = "$(HOME)"
				in.Metric = "scorer/$(PATH)"
			},
			func(o *Objects) bool {
				return environmentOf(o)[variableModelName] == "$$(HOME)" && pod(o).Containers[0].Args[3] == "--metric=scorer/$$(PATH)"
			},
		},
		"many containers leave each less room for its message": {
			func(in *Input) { in.Suite.Spec.JobTemplate.Raw = withInit(in.Suite.Spec.JobTemplate.Raw, 5) },
			func(o *Objects) bool { return pod(o).Containers[0].Args[4] == "--message-bytes=1755" },
		},
		"collect is never root": {
			func(in *Input) {
				in.Suite.Spec.JobTemplate.Raw = []byte(strings.ReplaceAll(string(in.Suite.Spec.JobTemplate.Raw), `"runAsUser":1000`, `"runAsUser":0`))
			},
			func(o *Objects) bool { return *pod(o).Containers[0].SecurityContext.RunAsUser == 65532 },
		},
		"a reference with the artifact's own digest is kept": {
			func(in *Input) {
				in.Release.Spec.Artifacts[1].Reference = "registry.example/vllm@" + string(fixture.Digest("server m1"))
			},
			func(o *Objects) bool {
				return o.Server.Spec.Template.Spec.Containers[0].Image == "registry.example/vllm@"+string(fixture.Digest("server m1"))
			},
		},
		"a long name still makes a label and a Service": {
			func(in *Input) { in.Evaluation.Name = strings.Repeat("long.", 40) + "end" },
			func(o *Objects) bool {
				return len(o.Job.Labels[v1alpha1.LabelEvaluation]) <= 63 && len(o.Service.Name) <= 63 &&
					!strings.Contains(o.Service.Name, ".") && len(o.Job.GenerateName) <= 58
			},
		},
		"what the author wrote stays": {
			func(in *Input) {
				in.Suite.Spec.JobTemplate.Raw = []byte(strings.Replace(string(in.Suite.Spec.JobTemplate.Raw), `"suspend":true`,
					`"backoffLimit":0,"activeDeadlineSeconds":60,"podFailurePolicy":{"rules":[{"action":"FailJob","onExitCodes":{"containerName":"inspect","operator":"In","values":[3]}}]}`, 1))
			},
			func(o *Objects) bool {
				s := o.Job.Spec
				return *s.BackoffLimit == 0 && *s.ActiveDeadlineSeconds == 60 && len(s.PodFailurePolicy.Rules) == 1 && s.Suspend == nil
			},
		},
	})
}

// environmentOf is that of the evaluation.
func environmentOf(o *Objects) map[string]string {
	env := map[string]string{}
	init := o.Job.Spec.Template.Spec.InitContainers
	for _, v := range init[len(init)-1].Env {
		env[v.Name] = v.Value
	}
	return env
}

// withInit is a template with that many init containers.
func withInit(template []byte, count int) []byte {
	one := `{"name":"i","image":"i"},`
	list := strings.TrimSuffix(strings.Repeat(one, count), ",")
	text := string(template)
	begin, rest, _ := strings.Cut(text, `"initContainers":[`)
	// The list ends where the next member of the pod's spec begins.
	_, end, _ := strings.Cut(rest, `],"securityContext"`)
	return []byte(begin + `"initContainers":[` + list + `],"securityContext"` + end)
}

func TestRenderRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change       func(in *Input)
		reason, path string
		says         string
	}{
		"another suite": {
			func(in *Input) { in.Evaluation.Spec.Job.Suite = "other" },
			v1alpha1.ReasonSuiteMismatch, "spec.job.suite", "bio",
		},
		"no job source": {
			func(in *Input) { in.Evaluation.Spec.Job = nil }, v1alpha1.ReasonSuiteMismatch, "spec.job.suite", "bio",
		},
		"another release": {
			func(in *Input) { in.Evaluation.Spec.Subject.Release = "m2" },
			v1alpha1.ReasonSubjectMismatch, "spec.subject.release", "serving/m1",
		},
		"a release of another namespace": {
			func(in *Input) { in.Release.Namespace = "elsewhere" },
			v1alpha1.ReasonSubjectMismatch, "spec.subject.release", "elsewhere/m1",
		},
		"another relation": {
			func(in *Input) { in.Evaluation.Spec.Subject.Relation = v1alpha1.RelationEarlierSnapshot },
			v1alpha1.ReasonSubjectMismatch, "spec.subject.relation", "itself",
		},
		"an artifact that is not the release's": {
			func(in *Input) { in.Evaluation.Spec.Subject.Artifacts[1].Digest = fixture.Digest("other") },
			v1alpha1.ReasonSubjectMismatch, "spec.subject.artifacts[1]", "sha256:",
		},
		"an artifact of the release under another type": {
			func(in *Input) { in.Evaluation.Spec.Subject.Artifacts[0].Type = v1alpha1.ArtifactAdapter },
			v1alpha1.ReasonSubjectMismatch, "spec.subject.artifacts[0]", "Adapter",
		},
		"no image to collect with": {
			func(in *Input) { in.Collector.Image = "" }, v1alpha1.ReasonCollectorUnknown, "", "--collector-image",
		},
		"no exposure to serve under": {
			func(in *Input) { in.Exposure = "" },
			v1alpha1.ReasonInvalidSuite, "spec.server", "exposure",
		},
		"an artifact that the release does not have": {
			func(in *Input) { in.Release.Spec.Artifacts = in.Release.Spec.Artifacts[:2] },
			v1alpha1.ReasonInvalidSuite, "spec.jobTemplate.spec.template.spec.volumes[1].image.reference", "$(SCALEGATE_ARTIFACT_TOKENIZER_PINNED)",
		},
		"an artifact without a reference": {
			func(in *Input) { in.Release.Spec.Artifacts[1].Reference = "" },
			v1alpha1.ReasonInvalidSuite, "spec.server.podTemplate.spec.containers[0].image", "set reference",
		},
		"an artifact whose reference names another digest": {
			func(in *Input) {
				in.Release.Spec.Artifacts[1].Reference = "registry.example/vllm@" + string(fixture.Digest("other"))
			},
			v1alpha1.ReasonInvalidSuite, "spec.server.podTemplate.spec.containers[0].image", "its own",
		},
		"an artifact that is no image": {
			func(in *Input) { in.Release.Spec.Artifacts[1].Reference = "s3://bucket/server" },
			v1alpha1.ReasonInvalidSuite, "spec.server.podTemplate.spec.containers[0].image", "no image",
		},
		"a suite that is not valid": {
			func(in *Input) { in.Suite.Spec.Result.Path = "../x" },
			v1alpha1.ReasonInvalidSuite, "spec.result.path", "relative",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t)
			row.change(&in)
			out, err := Render(in)
			refused, ok := errors.AsType[*SuiteError](err)
			if !ok {
				t.Fatalf("got %v and the error %v, want a SuiteError", out, err)
			}
			if refused.Reason != row.reason || refused.Path != row.path || !strings.Contains(refused.Error(), row.says) {
				t.Errorf("got %s at %q: %v; want %s at %q, saying %q", refused.Reason, refused.Path, refused, row.reason, row.path, row.says)
			}
		})
	}
}
