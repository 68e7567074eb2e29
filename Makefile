# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The commands of a day; `make help` lists them. CMake does the work: see
# CMakePresets.json. JOBS limits how many programs compile at once.

SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
PRESET ?= default
BUILD_DIR := $(if $(filter default,$(PRESET)),build,build-$(PRESET))
PYTHON := .venv/bin/python
SUITES ?=

.DEFAULT_GOAL := help
.PHONY: help bootstrap build check check-stablehlo check-tpu demo bench conformance format lint \
        sanitize docs wheel clean

help: ## List these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-15s %s\n", $$1, $$2}' Makefile

bootstrap: ## Install what is missing (Debian packages, .venv, archives)
	@utils/bootstrap.sh

# Configures only when there is no build yet: ninja reconfigures by itself.
$(BUILD_DIR)/build.ninja: | bootstrap
	cmake --preset $(PRESET)

build: $(BUILD_DIR)/build.ninja ## Build everything into build/bin
	@ninja -C $(BUILD_DIR) -j$(JOBS)

check: build ## Build and run all tests (SUITES="lit unit" runs some)
	@$(PYTHON) utils/check.py --build $(BUILD_DIR) -j$(JOBS) $(SUITES)

check-tpu: build ## Compile for TPUs with Google's own compiler (fetches 1.3 GB once)
	@utils/bootstrap.sh tpu
	@$(PYTHON) -m pytest -q -rs test/python/test_stablehlo.py

demo: $(BUILD_DIR)/build.ninja ## Compile the bundled model and classify a picture with it
	@ninja -C $(BUILD_DIR) -j$(JOBS) orchestra
	@utils/demo.sh $(BUILD_DIR)

bench: build ## Measure against ONNX Runtime; results go to benchmarks/results
	@utils/bootstrap.sh bench
	@$(PYTHON) benchmarks/harness/bench.py $(BENCH_FLAGS)

conformance: build ## Run the whole ONNX conformance suite
	@$(PYTHON) conformance/onnx/run.py --workers $(JOBS)

check-stablehlo: build ## Run the official StableHLO corpus (CORPUS=a checkout of openxla/stablehlo)
	@$(PYTHON) conformance/stablehlo/run.py $(CORPUS) --orchestra $(BUILD_DIR)/bin/orchestra --workers $(JOBS)

format: bootstrap ## Format all C and C++ files
	@$(PYTHON) utils/lint.py --fix

lint: build ## All hygiene: format, headers, clang-tidy, build without PCH
	@$(PYTHON) utils/house.py
	@$(PYTHON) utils/lint.py --build $(BUILD_DIR) -j$(JOBS)
	@$(PYTHON) utils/scaffolds.py --full -j$(JOBS)
	@$(MAKE) build PRESET=no-pch

sanitize: ## Build with ASan and UBSan and run the tests
	@$(MAKE) check PRESET=sanitize SUITES="lit unit"

docs: build ## Write docs/generated from the sources
	@$(PYTHON) utils/docs.py --build $(BUILD_DIR)

wheel: bootstrap ## Build the Python wheel; install and use it in a fresh environment
	@JOBS=$(JOBS) $(PYTHON) utils/wheel.py

clean: ## Remove builds (keeps .venv and .cache)
	rm -rf build build-*
