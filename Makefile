# Every target does its own set-up: what is missing is built from Go modules into _output/bin.
MAKEFLAGS += --warn-undefined-variables --no-builtin-rules
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# One setting for builds, tests and lint: the Kubernetes packages are then compiled once.
export CGO_ENABLED := 0
export GOFLAGS := -buildvcs=false
GO ?= go

KUBERNETES_VERSION := v1.35.8
# The Kubernetes minor must lead: feature gates of the scheduler are read off this version.
VERSION ?= $(KUBERNETES_VERSION)+tollgate.$(shell git describe --tags --always --dirty 2>/dev/null | tr -c 'a-zA-Z0-9\n' '-')
COMMIT ?= $(shell git rev-parse HEAD 2>/dev/null)
STAMP = -X k8s.io/component-base/version.gitVersion=$(1) -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=35
LDFLAGS = -s -w $(call STAMP,$(VERSION)) -X k8s.io/component-base/version.gitCommit=$(COMMIT)
UPSTREAM_LDFLAGS = -s -w $(call STAMP,$(KUBERNETES_VERSION))

# Where `make image` tags the images; config/default/kustomization.yaml has to name the same.
IMAGE_PREFIX ?= tollgate
TAG ?= dev

OUT := _output
BIN := $(OUT)/bin
IMAGES := kube-scheduler tollgate-controller
UPSTREAM := kube-apiserver kube-controller-manager kube-scheduler-upstream
SANDBOX := $(addprefix $(BIN)/,$(UPSTREAM) etcd kwok pebble pebble-challtestsrv)

.PHONY: help
help: ## Show the targets.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: binaries ## Run the whole story on a real control plane on loopback.
	@$(GO) build -o $(BIN)/tollgate-demo ./cmd/demo
	@exec $(BIN)/tollgate-demo

.PHONY: sandbox
sandbox: binaries ## Start the control plane, leave it up, and print how to use it.
	@$(GO) build -o $(BIN)/tollgate-sandbox ./cmd/sandbox
	@exec $(BIN)/tollgate-sandbox

.PHONY: test
test: binaries ## Run all unit and integration tests.
	$(GO) test -count=1 -timeout 20m $$($(GO) list ./... | grep -v /test/integration)
	$(GO) test -count=1 -timeout 40m -v ./test/integration

.PHONY: e2e
e2e: binaries $(BIN)/kubelet ## Follow a certificate to a process on a real node, and through its renewal (needs root).
	@hack/e2e.sh

.PHONY: verify
verify: $(BIN)/golangci-lint ## Check generated files, formatting, lint, module files and layout.
	hack/verify-generated.sh
	hack/verify-modules.sh
	hack/verify-layout.sh
	$(BIN)/golangci-lint run --allow-parallel-runners ./...

.PHONY: generate
generate: $(BIN)/controller-gen $(BIN)/deepcopy-gen $(BIN)/defaulter-gen $(BIN)/conversion-gen ## Regenerate code and manifests.
	hack/generate.sh

.PHONY: build
build: ## Build the product's binaries.
	@mkdir -p $(BIN)
	@[[ -e $(BIN)/kubectl-tollgate ]] || echo "building kube-scheduler, tollgate-controller and kubectl-tollgate (the first time this takes minutes)" >&2
	@$(GO) build -ldflags '$(LDFLAGS)' -o $(BIN)/kube-scheduler ./cmd/scheduler
	@$(GO) build -ldflags '$(LDFLAGS)' -o $(BIN)/tollgate-controller ./cmd/controller
	@$(GO) build -ldflags '$(LDFLAGS)' -o $(BIN)/kubectl-tollgate ./cmd/kubectl-tollgate

.PHONY: binaries
binaries: build $(SANDBOX) ## Build the product's binaries and those of the sandbox.

# FULL=1 measures every cell, for days; CELLS, COPIES, SEEDS and POLICIES choose. What is finished is kept.
FULL ?=
CELLS ?=
COPIES ?= 0
SEEDS ?= 0
POLICIES ?=

.PHONY: bench-cost
bench-cost: ## Measure what placements cost, policy by policy (about 15 minutes; FULL=1: all).
	@mkdir -p $(BIN)
	@$(GO) build -o $(BIN)/bench-cost ./test/bench/cost
	@exec $(BIN)/bench-cost $(if $(FULL),-full) -cells '$(CELLS)' -policies '$(POLICIES)' -copies $(COPIES) -seeds $(SEEDS)

# GATE_ARGS are flags of the benchmark, for example GATE_ARGS='-h'.
GATE_ARGS ?=

.PHONY: bench-gate
bench-gate: binaries ## Measure how fast held pods are released, and what they cost others (about 16 minutes).
	@$(GO) build -o $(BIN)/bench-gate ./test/bench/gate
	@exec $(BIN)/bench-gate $(GATE_ARGS)

# ISSUE_ARGS are flags of the benchmark.
ISSUE_ARGS ?=

.PHONY: bench-issue
bench-issue: binaries ## Measure what issuing many certificates takes, and keeping them (about 10 minutes).
	@$(GO) build -o $(BIN)/bench-issue ./test/bench/issue
	@exec $(BIN)/bench-issue $(ISSUE_ARGS)

# SCHED_ARGS are flags of the benchmark. FULL=1 runs all suites, and each longer.
SCHED_ARGS ?=

.PHONY: bench-sched
bench-sched: $(BIN)/etcd ## Measure what placing a pod takes, against upstream's profiles (about 20 minutes; FULL=1: all).
	@$(GO) build -o $(BIN)/bench-sched ./test/bench/sched
	@[[ -e $(BIN)/sched-perf.test ]] || echo "building upstream's scheduler_perf (the first time this takes minutes)" >&2
	@$(GO) test -c -o $(BIN)/sched-perf.test ./test/perf
	@exec $(BIN)/bench-sched $(if $(FULL),-full) $(SCHED_ARGS)

.PHONY: dns01-lego
dns01-lego: ## Build the dns-01 plugin with the DNS providers of lego, into _output/plugins.
	@mkdir -p $(OUT)/plugins; cd plugins/dns01-lego && $(GO) build -ldflags '-s -w -X main.version=$(VERSION)' -o $(CURDIR)/$(OUT)/plugins/dns01-lego .

.PHONY: test-plugins
test-plugins: binaries dns01-lego ## Test the dns-01 plugin, alone and with the controller (needs root; several minutes the first time).
	cd plugins/dns01-lego && $(GO) test -count=1 -timeout 10m ./...
	DNS01_LEGO=$(CURDIR)/$(OUT)/plugins/dns01-lego $(GO) test -count=1 -timeout 10m -v ./test/plugins

.PHONY: test-conformance
test-conformance: binaries ## Run cert-manager's conformance tests of DNS-01 solvers (several minutes the first time).
	cd hack/conformance && TEST_ASSET_ETCD=$(CURDIR)/$(BIN)/etcd TEST_ASSET_KUBE_APISERVER=$(CURDIR)/$(BIN)/kube-apiserver TEST_ASSET_KUBECTL=/bin/false $(GO) test -count=1 -timeout 10m .

.PHONY: image
image: ## Build the container images.
	@for target in $(IMAGES); do docker build --target $$target --build-arg VERSION='$(VERSION)' -t $(IMAGE_PREFIX)/$$target:$(TAG) .; done

.PHONY: clean
clean: ## Remove everything that was built.
	rm -rf $(OUT)

# $(1): package, $(2): flags. Building for the first time compiles much of Kubernetes: some ten minutes on two cores.
say = @echo "building $(notdir $@) (the first time this takes minutes)" >&2; mkdir -p $(BIN)

$(BIN)/kube-scheduler-upstream: go.mod Makefile
	$(say); $(GO) build -ldflags '$(UPSTREAM_LDFLAGS)' -o $@ k8s.io/kubernetes/cmd/kube-scheduler
$(BIN)/kube-apiserver $(BIN)/kube-controller-manager $(BIN)/kubelet: $(BIN)/%: go.mod Makefile
	$(say); $(GO) build -ldflags '$(UPSTREAM_LDFLAGS)' -o $@ k8s.io/kubernetes/cmd/$*
$(BIN)/pebble $(BIN)/pebble-challtestsrv: $(BIN)/%: go.mod
	$(say); $(GO) build -o $@ github.com/letsencrypt/pebble/v2/cmd/$*
$(BIN)/etcd: hack/sandbox/go.mod $(wildcard hack/sandbox/etcd/*.go)
	$(say); cd hack/sandbox && $(GO) build -o $(CURDIR)/$@ ./etcd
$(BIN)/kwok: hack/kwok/go.mod
	$(say); cd hack/kwok && $(GO) build -o $(CURDIR)/$@ sigs.k8s.io/kwok/cmd/kwok
$(BIN)/golangci-lint: hack/tools/go.mod
	$(say); cd hack/tools && $(GO) build -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(BIN)/controller-gen: hack/tools/go.mod
	$(say); cd hack/tools && $(GO) build -o $(CURDIR)/$@ sigs.k8s.io/controller-tools/cmd/controller-gen
$(BIN)/deepcopy-gen $(BIN)/defaulter-gen $(BIN)/conversion-gen: $(BIN)/%: hack/tools/go.mod
	$(say); cd hack/tools && $(GO) build -o $(CURDIR)/$@ k8s.io/code-generator/cmd/$*
