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

.DEFAULT_GOAL := help
.PHONY: help bootstrap build check clean

help: ## List these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

bootstrap: ## Install what is missing (Debian packages, .venv, archives)
	@utils/bootstrap.sh

# Configures only when there is no build yet: ninja reconfigures by itself.
$(BUILD_DIR)/build.ninja:
	cmake --preset $(PRESET)

build: bootstrap $(BUILD_DIR)/build.ninja ## Build everything into build/bin
	@ninja -C $(BUILD_DIR) -j$(JOBS)

check: build ## Build and run all tests
	@$(PYTHON) utils/check.py --build $(BUILD_DIR) -j$(JOBS)

clean: ## Remove builds (keeps .venv and .cache)
	rm -rf build build-*
