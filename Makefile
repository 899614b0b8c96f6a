# Everything that is done to this repository; `make help` lists it. CONTRIBUTING.md
# says when to use what.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X github.com/mpanel/mpanel/internal/app.Version=$(VERSION)

# Built once per user and version, by scripts/lint.
export GOLANGCI_LINT_VERSION := v2.15.0

# Built once per user and version, by scripts/leaks.
export GITLEAKS_VERSION := v8.30.1

# Built once per user and version, by scripts/vuln.
export GOVULNCHECK_VERSION := v1.9.0

# The torture test's seed (random when empty) and size: small or full.
export SEED SCALE

# How long make fuzz is at each target.
export FUZZTIME

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z][a-z0-9]*:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: deps build ## Start the panel on its own two PostgreSQL clusters.
	@dir=$$(scripts/data-dir) && exec env MPANEL_DATA_DIR="$$dir" bin/mpanel

.PHONY: test
test: deps ## Run all tests that must pass, with the race detector; leave coverage.out.
	@scripts/test

.PHONY: build
build: ## Build bin/mpanel, a static binary, with the pages that it serves.
	@scripts/check-schema
	@scripts/build-web
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/mpanel .

.PHONY: generate
generate: ## Make the Go code of the schema anew.
	@scripts/generate

.PHONY: verify
verify: ## Check that generated code, go.mod and formatting are as they must be, and vet.
	@scripts/verify

.PHONY: lint
lint: ## Run golangci-lint and gitleaks, whose first runs build them, and the linters of the schema.
	@scripts/lint
	@scripts/leaks
	@scripts/lint-schema

.PHONY: vuln
vuln: ## Look for known holes in what is called of modules and of Go; MPANEL_VULN_DB=file:///folder without a network.
	@scripts/vuln

.PHONY: cover
cover: test ## Run the tests and fail when less than 80 % of the hand-written code was run.
	@scripts/cover coverage.out

.PHONY: e2e
e2e: deps ## Run only the end-to-end tests: real binary, real servers, independent client, a browser.
	@scripts/build-web
	go test -tags e2e -count=1 -timeout 30m ./e2e/...

.PHONY: conformance
conformance: deps ## Hold the protocols to the letter: our script against the reference server, then against ours; bad frames and input, limits, budgets, slow readers, sessions that end, nodes on a bad network, other people's clients, the schema's linters.
	SCALE=$(or $(SCALE),small) go test -count=1 -timeout 20m ./internal/live ./internal/budget ./internal/executor ./internal/events/... ./internal/httpapi ./internal/transport/... \
		-run '^(Test|Fuzz)(Socket|Frames|Parse|Parts|Hub|Live|Single|Persisted|HTTP|Post|Limits|Errors|Wires|Reader|Read|Decode|Merging|Admission|Budget|Cost|Source|Refresh|Refusals|ServerMetrics|Bus|Origin|CORS|S24|APIToken_Case28|Session_F26|Impersonation_F24_Ends)'
	go test -count=1 -timeout 10m -run '^Test(TwoNodes_BadNetwork|Bus_RevocationsReachEveryNode)$$' ./internal/app
	go test -count=1 -timeout 10m -run '^TestSchemaTools' .
	go test -tags e2e -count=1 -timeout 20m -run '^Test(Conformance|Clients|Flood|Limits|Live|Socket|TwoNodes_NATSRestarts)' ./e2e

.PHONY: fuzz
fuzz: ## Fuzz every target that there is, each for FUZZTIME (20s).
	@scripts/fuzz

.PHONY: bench
bench: deps ## Measure orders, start-up and memory against bare SQL on this machine; ARGS=graph for answers of the graph, ARGS=live for subscriptions, ARGS=documents for hostile documents, ARGS=web for the pages in a browser, ARGS='web charts' for a part of that.
	go run $(if $(filter live,$(firstword $(ARGS))),./bench/live $(wordlist 2,$(words $(ARGS)),$(ARGS)),./bench $(ARGS))

.PHONY: torture
torture: deps ## Compare the executors; the fault matrix in every mode; kill servers at random points and compare with the truth; SEED=n SCALE=full.
	EXECUTOR_OPERATIONS=$(if $(filter full,$(SCALE)),100000,20000) go test -timeout 2h -count=1 -v -run '^TestExecutors?_' ./internal/executor ./internal/transport
	go test -timeout 2h -count=1 -v -run '^TestPlans_FaultMatrix$$' ./internal/app
	go test -tags e2e -timeout 6h -count=1 -v -run '^TestTorture' ./e2e

.PHONY: deps
deps: ## Install what is missing on Debian or Ubuntu: PostgreSQL, a C compiler, Chromium, npm packages.
	@scripts/install-packages

.PHONY: clean
clean: ## Remove what was built; data stays.
	rm -rf bin coverage.out
