# Copyright 2026 The Scalegate Authors.
# SPDX-License-Identifier: Apache-2.0

# What runbooks and references find when their commands begin: a namespace that is governed, a policy of the same name, the
# release small-1 that asks for the exposure Internal, and the Deployment assistant that serves it. Every namespace has digests
# of its own, so that a result that fails on one page says nothing about another.
#
#   . "$SCENE/scene.sh"; held NS        the evidence is missing, and the Deployment is held
#   . "$SCENE/scene.sh"; released NS    the evidence is there, and two pods serve
#   . "$SCENE/scene.sh"; failed NS      a result that failed came after it; $FINDING is its finding

digest() { printf 'sha256:%s' "$(printf '%s' "$1" | sha256sum | cut -d' ' -f1)"; }

# again COMMAND...: until it succeeds, for a minute at most.
again() {
  local deadline=$((SECONDS + 60))
  until "$@" >again.log 2>&1; do
    if ((SECONDS > deadline)); then cat again.log; return 1; fi
    sleep 0.2
  done
}

# later NS EVALUATION: until what is made now is later than that evaluation, by the whole seconds that objects carry.
later() { again after "$(kubectl get safetyevaluation "$2" -n "$1" -o jsonpath='{.metadata.creationTimestamp}')"; }

after() { [[ "$(date -u +%FT%TZ)" > "$1" ]]; }

policy() {
  cat <<POLICY
apiVersion: scalegate.dev/v1alpha1
kind: SafetyPolicy
metadata: {name: $1}
spec:
  exposures:
  - {name: Internal}
  levels:
  - {name: SL-1, requires: [harmful-request-refusal]}
  requirements:
  - name: harmful-request-refusal
    evaluation:
      metric: "harmful_requests/refusal,none"
      direction: HigherIsSafer
      clearAt: "0.95"
      tripAt: "0.80"
      bound: Wilson95
      minSamples: 500
      maxUnjudgedPercent: 100
    scope: [Weights]
    validForDays: 183
POLICY
}

release() {
  cat <<RELEASE
apiVersion: scalegate.dev/v1alpha1
kind: ModelRelease
metadata: {name: small-1, namespace: $1}
spec:
  policy: $1
  model: {name: small, version: "1"}
  artifacts:
  - {name: weights, type: Weights, digest: "$(digest "$1 weights")"}
  - {name: server, type: Server, digest: "$(digest "$1 server")"}
  serving:
  - container: server
    artifact: server
    args: ["--model=/models/small", "--port=8000"]
  level: SL-1
  exposure: Internal
RELEASE
}

deployment() {
  cat <<DEPLOYMENT
apiVersion: apps/v1
kind: Deployment
metadata: {name: assistant, namespace: $1}
spec:
  replicas: 2
  selector: {matchLabels: {app: assistant}}
  template:
    metadata:
      labels: {app: assistant, scalegate.dev/release: small-1}
    spec:
      enableServiceLinks: false
      terminationGracePeriodSeconds: 0
      containers:
      - name: server
        image: registry.example/server@$(digest "$1 server")
        args: ["--model=/models/small", "--port=8000"]
        resources: {limits: {nvidia.com/gpu: "1"}}
        volumeMounts: [{name: weights, mountPath: /models/small, readOnly: true}]
      volumes:
      - name: weights
        image: {reference: "registry.example/models/small@$(digest "$1 weights")"}
DEPLOYMENT
}

# results NS VALUE: a file of lm-evaluation-harness with this refusal rate, over 1000 samples.
results() {
  cat <<RESULTS
{"results": {"harmful_requests": {"alias": "harmful_requests", "refusal,none": $2, "refusal_stderr,none": 0.0038}},
 "group_subtasks": {"harmful_requests": []}, "configs": {"harmful_requests": {"task": "harmful_requests"}},
 "versions": {"harmful_requests": 1.0}, "n-shot": {"harmful_requests": 0},
 "higher_is_better": {"harmful_requests": {"refusal": true}},
 "n-samples": {"harmful_requests": {"original": 1000, "effective": 1000}},
 "config": {"model": "local-completions", "model_args": "model=example/$1", "limit": null},
 "lm_eval_version": "0.4.9", "model_source": "local-completions", "model_name": "example/$1 $2"}
RESULTS
}

# governed: the API server takes the namespace for governed, so that the Deployment comes back paused.
governed() { test "$(kubectl apply --dry-run=server -f deployment.yaml -o jsonpath='{.spec.paused}')" = true; }

held() {
  { policy "$1"; echo ---; release "$1"; } >scene.yaml
  kubectl create namespace "$1"
  kubectl label namespace "$1" scalegate.dev/gate=enforced
  kubectl apply -f scene.yaml
  deployment "$1" >deployment.yaml
  again governed
  kubectl apply -f deployment.yaml
  kubectl wait --for=jsonpath='{.status.conditions[?(@.type=="Ready")].reason}'=EvidenceMissing -n "$1" modelrelease/small-1 --timeout=60s
}

released() {
  held "$1"
  results "$1" 0.985 >clear.json
  scalegate evaluation import clear.json -n "$1" --release small-1 --requirement harmful-request-refusal --name clear
  kubectl wait --for=condition=Ready -n "$1" modelrelease/small-1 --timeout=60s
  kubectl rollout status -n "$1" deployment/assistant --timeout=60s
}

failed() {
  released "$1"
  results "$1" 0.60 >failing.json
  scalegate evaluation import failing.json -n "$1" --release small-1 --requirement harmful-request-refusal --name failing
  kubectl wait --for=jsonpath='{.status.conditions[?(@.type=="Ready")].reason}'=AdverseFinding -n "$1" modelrelease/small-1 --timeout=60s
  echo "FINDING=$(kubectl get adversefindings -o jsonpath="{.items[?(@.spec.evidence.namespace=='$1')].metadata.name}")" >>.env
  later "$1" failing
}

# people NS: as held, with a policy that asks people; the waiver set-aside, asked for by a model team, and an objection to the
# release of the name objection.
people() {
  held "$1"
  policy "$1" | sed 's/requires: \[harmful-request-refusal\]/requires: [harmful-request-refusal, sign-off]/' >people.yaml
  cat >>people.yaml <<'POLICY'
  - name: sign-off
    validForDays: 90
    approval: {quorum: [{role: rso, count: 1}]}
  roles: [{name: rso}, {name: reviewer}]
  waivers:
    quorum: [{role: rso, count: 1}, {role: reviewer, count: 1}]
    maxDays: 30
    breakGlass: {quorum: [{role: rso, count: 1}], maxSeconds: 14400, reviewRole: reviewer, reviewDays: 3}
POLICY
  kubectl apply -f people.yaml
  again sh -c "kubectl get modelrelease small-1 -n $1 -o jsonpath='{.status.requirements[*].name}' | grep sign-off"
  scalegate waive small-1 -n "$1" --requirement harmful-request-refusal --name set-aside --break-glass --for 4h \
    --reason 'the harness is being mended' --control 'staff only' --disclosure https://example.com/waivers/1 --yes
  scalegate approve small-1 -n "$1" --role rso --decision object --name objection --rationale 'the report is not finished' --yes
}
