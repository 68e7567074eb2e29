# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# How the lit tests run: which files are tests, which tools they may call, and
# which parts of this machine they may ask for (`REQUIRES: ptxas`). A missing
# part is a skip, and its reason is printed at the start.

import os
import platform
import shutil
import subprocess

import lit.formats

config.name = "orchestra"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".ll"]
config.excludes = ["Inputs", "lib", "python", "CMakeLists.txt"]
config.test_source_root = os.path.join(config.orchestra_source_root, "test")
config.test_exec_root = os.path.join(config.orchestra_build_root, "test")

build_bin = os.path.join(config.orchestra_build_root, "bin")
venv_python = os.path.join(config.orchestra_source_root, ".venv", "bin", "python")

config.environment["PATH"] = os.pathsep.join(
    [build_bin, config.llvm_tools_dir, config.environment["PATH"]]
)
config.environment["FILECHECK_OPTS"] = "--enable-var-scope --allow-unused-prefixes=false"
# Tests never see the user's cache, nor another test's.
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "cache")
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "CCACHE_DIR", "HOME"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions.append(("%python", venv_python))
config.substitutions.append(("%source_root", config.orchestra_source_root))
config.substitutions.append(("%build_root", config.orchestra_build_root))
config.substitutions.append(
    ("%strategies", os.path.join(config.orchestra_source_root, "strategies"))
)


def feature(name, present, reason):
    """Offers `name` to REQUIRES, or says why the tests that need it are skipped."""
    if present:
        config.available_features.add(name)
    else:
        lit_config.note("feature '%s' is absent: %s" % (name, reason))


def cpu_flags():
    try:
        with open("/proc/cpuinfo") as info:
            for line in info:
                if line.startswith("flags"):
                    return set(line.split(":", 1)[1].split())
    except OSError:
        pass
    return set()


def has_module(name):
    """Whether the tests' Python has the module `name` (without importing it)."""
    code = "import importlib.util as u, sys; sys.exit(u.find_spec(%r) is None)" % name
    return os.path.exists(venv_python) and subprocess.call([venv_python, "-c", code]) == 0


def tool(name):
    return shutil.which(name, path=config.environment["PATH"]) is not None


machine = platform.machine()
flags = cpu_flags()
feature("x86", machine == "x86_64", "this machine is %s" % machine)
feature("x86-avx2", "avx2" in flags, "the CPU has no AVX2")
feature("x86-avx512", "avx512f" in flags, "the CPU has no AVX-512")
feature("onnx", config.onnx_frontend, "built with ORCHESTRA_ONNX=OFF")
feature("nvidia-gpu", os.path.exists("/dev/nvidia0"), "this machine has no NVIDIA GPU")
feature("ptxas", tool("ptxas"), "ptxas is not in PATH")
feature("python-onnx", has_module("onnx"), "Python has no module onnx in .venv")
for module in ("jaxlib", "onnxruntime", "torch"):
    feature(module, has_module(module), "Python has no module %s in .venv" % module)
if config.sanitizers:
    config.available_features.add("sanitizer")
