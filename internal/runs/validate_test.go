// Copyright 2026 The Scalegate Authors.
// SPDX-License-Identifier: Apache-2.0

package runs

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/scalegate/scalegate/api/v1alpha1"
)

func TestASuiteThatCanBeRun(t *testing.T) {
	t.Parallel()
	if problems := Validate(suite(t)); len(problems) > 0 {
		t.Errorf("refused: %v", problems.ToAggregate())
	}
	least := &v1alpha1.EvaluationSuite{}
	least.Spec.JobTemplate = raw(t, `{spec: {template: {spec: {containers: [{name: a, image: b}]}}}}`)
	least.Spec.Result.Path = "result.json"
	if problems := Validate(least); len(problems) > 0 {
		t.Errorf("the smallest suite is refused: %v", problems.ToAggregate())
	}
}

// set changes one member of a template, by its path in JSON.
func set(t *testing.T, template []byte, value string, path ...any) []byte {
	t.Helper()
	var root, member any
	for text, into := range map[string]*any{string(template): &root, value: &member} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	root = put(root, member, path)
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(node, value any, path []any) any {
	if len(path) == 0 {
		return value
	}
	if index, ok := path[0].(int); ok {
		list, _ := node.([]any)
		for len(list) <= index {
			list = append(list, nil)
		}
		list[index] = put(list[index], value, path[1:])
		return list
	}
	object, ok := node.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	name, _ := path[0].(string)
	object[name] = put(object[name], value, path[1:])
	return object
}

// pathOf splits "spec.containers[0].name" into members and indexes; a name with dots stands in quotes.
func pathOf(text string) []any {
	var out []any
	for part := range strings.SplitSeq(text, ".") {
		name, index, indexed := strings.Cut(part, "[")
		out = append(out, strings.ReplaceAll(name, "~", "."))
		if indexed {
			out = append(out, int(index[0]-'0'))
		}
	}
	return out
}

func TestValidateRefusesInTheJobTemplate(t *testing.T) {
	t.Parallel()
	const pod = "spec.template.spec."
	for name, row := range map[string]struct {
		at, value string
		// want is the field that is named, below spec.jobTemplate; as at where empty.
		want string
		says string
	}{
		"an unknown field of the Job":                {at: "spec.backofLimit", value: "1", says: "no such field"},
		"an unknown field of a container":            {at: pod + "containers[0].imgae", value: `"x"`, says: "no such field"},
		"a field in the wrong case":                  {at: pod + "RestartPolicy", value: `"Never"`, says: "no such field"},
		"a field of the wrong type":                  {at: "spec.backoffLimit", value: `"two"`, says: "not of this type"},
		"a quantity that is none":                    {at: pod + "containers[0].resources.limits.memory", value: `"much"`, want: "!", says: "quantities"},
		"several completions":                        {at: "spec.completions", value: "3", says: "runs once"},
		"several pods at a time":                     {at: "spec.parallelism", value: "2", says: "runs once"},
		"no pod at a time":                           {at: "spec.parallelism", value: "0", says: "runs once"},
		"indexes":                                    {at: "spec.completionMode", value: `"Indexed"`, says: "runs once"},
		"a backoff limit per index":                  {at: "spec.backoffLimitPerIndex", value: "1", says: "backoffLimit"},
		"failed indexes":                             {at: "spec.maxFailedIndexes", value: "1", says: "backoffLimit"},
		"a success policy":                           {at: "spec.successPolicy", value: `{"rules":[]}`, says: "exits with 0"},
		"a selector":                                 {at: "spec.selector", value: `{}`, says: "remove it"},
		"a selector made by hand":                    {at: "spec.manualSelector", value: `true`, says: "remove it"},
		"another controller":                         {at: "spec.managedBy", value: `"example.org/mine"`, says: "remove it"},
		"an end of its life":                         {at: "spec.ttlSecondsAfterFinished", value: "60", says: "jobRetentionSeconds"},
		"a backoff limit below zero":                 {at: "spec.backoffLimit", value: "-1", says: "0 or more"},
		"no time at all":                             {at: "spec.activeDeadlineSeconds", value: "0", says: "1 or more"},
		"a name":                                     {at: "metadata.name", value: `"x"`, says: "remove it"},
		"a generated name":                           {at: "metadata.generateName", value: `"x"`, says: "remove it"},
		"a namespace":                                {at: "metadata.namespace", value: `"x"`, says: "namespace of the evaluation"},
		"an owner":                                   {at: "metadata.ownerReferences", value: `[{"apiVersion":"v1","kind":"Pod","name":"x","uid":"y"}]`, says: "remove it"},
		"a finalizer":                                {at: "metadata.finalizers", value: `["example.org/x"]`, says: "deletable"},
		"a label of Scalegate's":                     {at: "metadata.labels.scalegate~dev/evaluation", value: `"x"`, want: ".metadata.labels[scalegate.dev/evaluation]", says: "set by Scalegate"},
		"an annotation of Scalegate's":               {at: "metadata.annotations.clearance~scalegate~dev/m1", value: `"x"`, want: ".metadata.annotations[clearance.scalegate.dev/m1]", says: "set by Scalegate"},
		"a claim of the pod":                         {at: "spec.template.metadata.labels.scalegate~dev/release", value: `"x"`, want: ".spec.template.metadata.labels[scalegate.dev/release]", says: "set by Scalegate"},
		"a label of the Job controller's":            {at: "spec.template.metadata.labels.job-name", value: `"x"`, want: ".spec.template.metadata.labels[job-name]", says: "set by Scalegate or by Kubernetes"},
		"a label that is none":                       {at: "metadata.labels.team", value: `"a b"`, want: ".metadata.labels", says: "label"},
		"restarts in the same pod":                   {at: pod + "restartPolicy", value: `"OnFailure"`, says: "Never"},
		"an API token":                               {at: pod + "automountServiceAccountToken", value: "true", says: "no API token"},
		"a projected token":                          {at: pod + "volumes[0].projected.sources[0].serviceAccountToken", value: `{"path":"token"}`, says: "no token"},
		"a volume of Scalegate's name":               {at: pod + "volumes[0].name", value: `"scalegate-results"`, says: "choose another"},
		"a container of Scalegate's name":            {at: pod + "containers[0].name", value: `"scalegate-x"`, says: "choose another"},
		"a container named collect":                  {at: pod + "initContainers[0].name", value: `"collect"`, says: "choose another"},
		"a shared process namespace":                 {at: pod + "shareProcessNamespace", value: "true", says: "remove it"},
		"the processes of the node":                  {at: pod + "hostPID", value: "true", says: "remove it"},
		"Windows":                                    {at: pod + "os", value: `{"name":"windows"}`, says: "Linux"},
		"an ephemeral container":                     {at: pod + "ephemeralContainers", value: `[{"name":"x","image":"x"}]`, says: "remove it"},
		"no container":                               {at: pod + "containers", value: "[]", says: "exactly one"},
		"two containers":                             {at: pod + "containers[1]", value: `{"name":"b","image":"b"}`, want: "." + pod + "containers", says: "restartPolicy Always"},
		"too many containers":                        {at: pod + "initContainers", value: "[" + strings.Repeat(`{"name":"b","image":"b"},`, 5) + `{"name":"c","image":"c"}]`, says: "at most 6"},
		"a liveness probe":                           {at: pod + "containers[0].livenessProbe", value: `{}`, says: "init container"},
		"a readiness probe":                          {at: pod + "containers[0].readinessProbe", value: `{}`, says: "init container"},
		"a startup probe":                            {at: pod + "containers[0].startupProbe", value: `{}`, says: "init container"},
		"a hook":                                     {at: pod + "containers[0].lifecycle", value: `{}`, says: "hooks"},
		"a restart policy of the evaluation":         {at: pod + "containers[0].restartPolicy", value: `"Always"`, says: "backoffLimit"},
		"restart rules of the evaluation":            {at: pod + "containers[0].restartPolicyRules", value: `[{"action":"Restart"}]`, says: "podFailurePolicy"},
		"a resize policy":                            {at: pod + "containers[0].resizePolicy", value: `[{"resourceName":"cpu","restartPolicy":"NotRequired"}]`, says: "not resized"},
		"a variable of Scalegate's":                  {at: pod + "containers[0].env[0].name", value: `"SCALEGATE_RELEASE"`, says: "choose another name"},
		"another volume at the results directory":    {at: pod + "containers[0].volumeMounts[0].mountPath", value: `"/results/"`, says: "spec.result.directory"},
		"another volume there, of an init container": {at: pod + "initContainers[0].volumeMounts[0].mountPath", value: `"/results"`, says: "spec.result.directory"},
		"no image":                                   {at: pod + "containers[0].image", value: `""`, says: "name the image"},
		"a variable that no release has":             {at: pod + "containers[0].image", value: `"x/$(SCALEGATE_WEIGHTS)"`, says: "SCALEGATE_ARTIFACT_<NAME>_PINNED"},
		"a variable of the environment in an image":  {at: pod + "containers[0].image", value: `"x/$(HOME)"`, says: "SCALEGATE_ARTIFACT_<NAME>_PINNED"},
		"a part that no artifact has":                {at: pod + "initContainers[0].image", value: `"$(SCALEGATE_ARTIFACT_SERVER_NAME)"`, says: "SCALEGATE_ARTIFACT_<NAME>_PINNED"},
		"a variable in the image of a volume":        {at: pod + "volumes[1].image.reference", value: `"$(SCALEGATE_MODEL_URL)"`, says: "SCALEGATE_ARTIFACT_<NAME>_PINNED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := suite(t)
			s.Spec.JobTemplate.Raw = set(t, s.Spec.JobTemplate.Raw, row.value, pathOf(row.at)...)
			want := cmp.Or(row.want, "."+row.at)
			refusedAt(t, s, "spec.jobTemplate"+strings.TrimSuffix(want, "!"), row.says)
		})
	}
}

// refusedAt asks for one problem, at that field, with that remedy.
func refusedAt(t *testing.T, s *v1alpha1.EvaluationSuite, want, says string) {
	t.Helper()
	problems := Validate(s)
	var fields []string
	for _, p := range problems {
		fields = append(fields, p.Field)
	}
	if diff := gocmp.Diff([]string{want}, slices.Compact(fields)); diff != "" {
		t.Fatalf("fields (-want +got):\n%s%v", diff, problems.ToAggregate())
	}
	if text := problems.ToAggregate().Error(); !strings.Contains(text, says) {
		t.Errorf("%q does not say %q", text, says)
	}
}

func TestValidateRefusesInTheServer(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ at, value, says string }{
		"an unknown field":       {"spec.hostnetwork", "true", "no such field"},
		"the network of a node":  {"spec.hostNetwork", "true", "everybody"},
		"a port of a node":       {"spec.containers[0].ports[0].hostPort", "80", "everybody"},
		"a readiness gate":       {"spec.readinessGates", `[{"conditionType":"x"}]`, "remove it"},
		"an API token":           {"spec.automountServiceAccountToken", "true", "no API token"},
		"no container":           {"spec.containers", "[]", "serves the model"},
		"a variable of no image": {"spec.containers[0].image", `"$(SCALEGATE_MODEL)"`, "there is no variable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := suite(t)
			s.Spec.Server.PodTemplate.Raw = set(t, s.Spec.Server.PodTemplate.Raw, row.value, pathOf(row.at)...)
			refusedAt(t, s, "spec.server.podTemplate."+row.at, row.says)
		})
	}
	for name, row := range map[string]struct {
		change     func(s *v1alpha1.EvaluationSuite)
		want, says string
	}{
		"no port":            {func(s *v1alpha1.EvaluationSuite) { s.Spec.Server.Port = 0 }, "spec.server.port", "65535"},
		"no server template": {func(s *v1alpha1.EvaluationSuite) { s.Spec.Server.PodTemplate.Raw = nil }, "spec.server.podTemplate", "write the template"},
		"no Job template":    {func(s *v1alpha1.EvaluationSuite) { s.Spec.JobTemplate.Raw = []byte("null") }, "spec.jobTemplate", "write the template"},
		"a field twice": {func(s *v1alpha1.EvaluationSuite) {
			s.Spec.Server.PodTemplate.Raw = []byte(`{"spec":{"containers":[],"containers":[]}}`)
		}, "spec.server.podTemplate.spec.containers", "twice"},
		"a list for a template":  {func(s *v1alpha1.EvaluationSuite) { s.Spec.Server.PodTemplate.Raw = []byte(`[]`) }, "spec.server.podTemplate", "type"},
		"a relative directory":   {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Directory = "results" }, "spec.result.directory", "absolute"},
		"a directory upwards":    {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Directory = "/a/../b" }, "spec.result.directory", "without .."},
		"the root":               {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Directory = "/" }, "spec.result.directory", "below /"},
		"the devices":            {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Directory = "/dev/shm" }, "spec.result.directory", "/dev belongs"},
		"no path":                {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Path = "" }, "spec.result.path", "*.json"},
		"an absolute path":       {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Path = "/x" }, "spec.result.path", "relative"},
		"a path upwards":         {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Path = "a/../../x" }, "spec.result.path", "relative"},
		"a path with a tail":     {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Path = "a/" }, "spec.result.path", "relative"},
		"an open set":            {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Path = "a[b/x" }, "spec.result.path", "[ without ]"},
		"two stars":              {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Path = "**/x.json" }, "spec.result.path", "** is not known"},
		"a path with a new line": {func(s *v1alpha1.EvaluationSuite) { s.Spec.Result.Path = "a\nb" }, "spec.result.path", "control characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := suite(t)
			row.change(s)
			refusedAt(t, s, row.want, row.says)
		})
	}
}
