# Everything here needs Go, git and make on Linux, and nothing else. Tools are Go modules
# pinned in hack/tools/go.mod; go builds them on first use and keeps them in its cache.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

GO ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 30s
# What make image calls the image, and what it is for; several platforms with commas between them.
IMAGE ?= scalegate:$(VERSION)
PLATFORMS ?= linux/amd64
# Further flags for go test, for example TESTFLAGS='-race -run TestHold'.
TESTFLAGS ?=

# Memory is cheaper here than time: what is run ends soon.
export GOGC ?= 400

TOOL := $(GO) tool -modfile=hack/tools/go.mod
CONTROLLER_GEN := $(TOOL) controller-gen
LINTER := $(TOOL) golangci-lint-kube-api-linter
HEADER := hack/boilerplate.go.txt
MODULES := . hack/controlplane hack/tools test/integrations
INTEGRATIONS := test/integrations

##@ Use

.PHONY: help
help: ## Show this list.
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: controlplane ## Hold one model and release another, on a Kubernetes of its own.
	$(GO) run ./test/demo

.PHONY: cluster
cluster: controlplane ## Keep a Kubernetes with Scalegate running until Ctrl-C, to follow the documentation by hand.
	@$(GO) run ./hack/trycluster

.PHONY: build
build: ## Build bin/scalegate: the operator and the command line in one static binary.
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/scalegate .

.PHONY: image
image: ## Write bin/scalegate-image.tar, an OCI archive of IMAGE for PLATFORMS, without a daemon, and its SBOM beside it.
	@$(GO) run ./hack/image/build -version '$(VERSION)' -reference '$(IMAGE)' -platforms '$(PLATFORMS)'

##@ Check

# make lint vets, so the tests do not.
.PHONY: test
test: controlplane ## Run every test, those against a real control plane last.
	@packages=$$($(GO) list ./... | grep -vE '/scalegate/test(/|$$)'); \
	  $(GO) test -vet=off -timeout 15m $(TESTFLAGS) $$packages
	@$(GO) test -C $(INTEGRATIONS) -vet=off -timeout 20m -count=1 -p 2 $(TESTFLAGS) ./...
	@$(GO) test -vet=off -timeout 40m -count=1 -p 2 $(TESTFLAGS) ./test/...

.PHONY: lint
lint: ## Hold the code to the house rules (.golangci.yml).
	$(LINTER) run ./...
	cd $(INTEGRATIONS) && $(GO) tool -modfile=../../hack/tools/go.mod golangci-lint-kube-api-linter run --config ../../.golangci.yml ./...

.PHONY: verify
verify: ## Fail, with a diff, when a generated file, a go.mod or the formatting is out of date.
	@before=$$(mktemp -d); trap 'rm -rf "$$before"' EXIT; \
	cp -R api config charts "$$before"; \
	$(MAKE) --no-print-directory generate; \
	for dir in api config charts; do \
	  diff -ruN "$$before/$$dir" "$$dir" || \
	    { echo "verify: $$dir was out of date; 'make generate' has now been run: commit what it changed" >&2; exit 1; }; \
	done
	@for dir in $(MODULES); do \
	  (cd $$dir && $(GO) mod tidy -diff) || \
	    { echo "verify: $$dir/go.mod is not tidy: run 'go mod tidy' in $$dir and commit the result" >&2; exit 1; }; \
	done
	@files=$$(gofmt -l .); test -z "$$files" || \
	  { echo "verify: run gofmt -w on these files:" $$files >&2; exit 1; }

.PHONY: node-e2e
node-e2e: ## Run suites, and the chart with our image, as real containers on nodes of their own: as root, with packages of Debian that it installs.
	@test "$$(id -u)" = 0 || \
	  { echo "node-e2e: SKIPPED, which is not passed: a node needs root, for namespaces, mounts and cgroups" >&2; exit 1; }
	@hack/node-packages
	@$(GO) run ./hack/localcluster/build kubelet kube-proxy >/dev/null
	@SCALEGATE_NODE_E2E=1 $(GO) test -timeout 20m -count=1 $(TESTFLAGS) ./test/node/...
	@SCALEGATE_NODE_E2E=1 $(GO) test -C $(INTEGRATIONS) -vet=off -timeout 20m -count=1 $(TESTFLAGS) ./node/...

.PHONY: fuzz
fuzz: ## Fuzz every target for FUZZTIME (30s).
	@for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -r dirname | sort -u); do \
	  targets=$$($(GO) test -list '^Fuzz' $$dir | grep '^Fuzz'); \
	  for target in $$targets; do \
	    echo "fuzzing $$dir $$target for $(FUZZTIME)"; \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$dir; \
	  done; \
	done

.PHONY: evidence
evidence: ## Read the result files of DIR (../shared/evidence) and compare with its EXPECTED.json.
	@$(GO) run ./test/evidence $(if $(DIR),-dir '$(DIR)')

.PHONY: policies
policies: controlplane ## Judge the shipped policies and suites, and run their cases, on a control plane of its own.
	@$(GO) run ./test/policies/run

.PHONY: audit
audit: controlplane ## Make, verify and replay a thousand decisions on a control plane of its own, and tamper with their records.
	@cd test/audit && $(GO) test -count=1 -run TestAThousandDecisions

.PHONY: chart
chart: controlplane ## Render, check and install the Helm chart on a control plane of its own.
	@$(GO) run ./hack/checks chart -C $(INTEGRATIONS) -timeout 20m ./chart/...

.PHONY: gitops
gitops: controlplane ## Hold what Argo CD, Flux, Helm and kubectl read of every state to what they should.
	@$(GO) run ./hack/checks gitops -C $(INTEGRATIONS) -timeout 20m ./gitops/...

.PHONY: monitoring
monitoring: ## Test the alerts and the dashboard with the library of Prometheus.
	@$(GO) run ./hack/checks monitoring -C $(INTEGRATIONS) -timeout 20m ./monitoring/...

.PHONY: docs-test
docs-test: controlplane ## Run the commands that the documentation shows, on control planes of its own.
	@$(GO) run ./hack/checks docs -timeout 20m ./test/docs/...

.PHONY: bypass
bypass: controlplane ## Try every known way around, on a control plane of its own.
	@$(GO) run ./test/bypass/suite/run

.PHONY: mutate
mutate: controlplane ## Weaken the admission policies in every place, and see that the suite notices (about three quarters of an hour).
	@$(GO) run ./test/bypass/mutate/run

.PHONY: chaos
chaos: controlplane ## Kill and stop every process, again and again, and see that nothing is served that must not be (half an hour).
	@$(GO) run ./test/chaos/run $(if $(SEED),-seed '$(SEED)') $(if $(KILLS),-kills '$(KILLS)')

# Processes are measured as they run in production, with garbage collected as often as by default.
.PHONY: bench
bench: controlplane ## Measure Scalegate beside its floors: the ratios, in less than 25 minutes; FULL=1 [PART=a..f] all of it, OUT=FILE as JSON.
	@env -u GOGC $(GO) run ./hack/bench $(if $(filter-out 0,$(FULL)),-full) $(if $(PART),-part '$(PART)') $(if $(OUT),-out '$(OUT)')

##@ Develop

.PHONY: generate
generate: ## Write deepcopy, apply configurations, CRDs and RBAC from the types, the policies of workload kinds, and the chart's copies.
	@rm -rf api/applyconfiguration config/crd/bases
	$(CONTROLLER_GEN) paths=./api/... object:headerFile=$(HEADER)
	$(CONTROLLER_GEN) paths=./api/... \
	  applyconfiguration:headerFile=$(HEADER),omitToolVersion=true \
	  crd:generateEmbeddedObjectMeta=true,omitToolVersion=true output:crd:dir=config/crd/bases
	$(CONTROLLER_GEN) paths=./... rbac:roleName=scalegate-manager output:rbac:dir=config/rbac
	$(GO) run ./hack/kinds
	$(GO) run ./hack/docs
	$(GO) test ./internal/guards -run 'TestTheRightToRestore|TestTheParametersName' -count=1 -update >/dev/null
	$(GO) run ./hack/chart

.PHONY: controlplane
controlplane: ## Build the local control plane; the first time takes about ten minutes.
	@$(GO) run ./hack/localcluster/build

.PHONY: format
format: ## Format the code and sort its imports.
	$(LINTER) fmt ./...

.PHONY: clean
clean: ## Remove what build left behind; the control plane's binaries stay in their cache.
	rm -rf bin
