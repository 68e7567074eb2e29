//===- run_model.cpp - Runs a compiled model from C++ ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: loads a model that `orchestra compile model.onnx -o model.so` made,
// runs
//   it, and prints the largest outputs and the slowest kernels. Needs
//   liborchestra_runtime and nothing else.
//
//     run_model model.so                    seeded random inputs
//     run_model model.so x=values.bin       raw elements from a file
//     run_model model.so dim:batch=4        sizes of named dims; others are 1
//
//===----------------------------------------------------------------------===//
#include <orchestra_runtime/orchestra_runtime.hpp>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <numeric>
#include <random>

namespace rt = orchestra::runtime;

namespace {

/// What is given on the command line, as NAME=VALUE.
using Arguments = std::map<std::string, std::string>;

Arguments parseArguments(int argc, char **argv) {
  Arguments arguments;
  for (int i = 2; i < argc; ++i) {
    std::string text = argv[i];
    size_t equals = text.find('=');
    if (equals == std::string::npos)
      throw std::runtime_error(text + ": error: this is not NAME=VALUE");
    arguments[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return arguments;
}

rt::Dims chooseDims(const orch_tensor_info &info, const Arguments &arguments) {
  rt::Dims dims(info.dims, info.dims + info.rank);
  for (uint32_t d = 0; d < info.rank; ++d) {
    if (dims[d] >= 0)
      continue;
    const char *name = info.dim_names ? info.dim_names[d] : nullptr;
    auto found = arguments.find(std::string("dim:") + (name ? name : ""));
    dims[d] = found == arguments.end() ? 1 : std::stoll(found->second);
  }
  return dims;
}

void readFile(const std::string &path, rt::Tensor &tensor) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (!file || content.size() != tensor.bytes())
    throw std::runtime_error(path + ": error: the file does not have the " +
                             std::to_string(tensor.bytes()) +
                             " bytes of the input");
  std::copy(content.begin(), content.end(), static_cast<char *>(tensor.data()));
}

/// Floats from [-1, 1), 64-bit integers 0 or 1, zeros of every other type.
void fillRandom(rt::Tensor &tensor, std::mt19937 &random) {
  std::fill_n(static_cast<char *>(tensor.data()), tensor.bytes(), char(0));
  std::uniform_real_distribution<float> real(-1, 1);
  if (tensor.dtype() == ORCH_DTYPE_F32)
    std::generate_n(tensor.data<float>(), tensor.size(),
                    [&] { return real(random); });
  else if (tensor.dtype() == ORCH_DTYPE_I64)
    std::generate_n(tensor.data<int64_t>(), tensor.size(),
                    [&] { return int64_t(random() % 2); });
}

std::vector<rt::Tensor> makeInputs(const rt::Program &program,
                                   const Arguments &arguments) {
  for (const auto &[name, value] : arguments)
    if (name.rfind("dim:", 0) != 0)
      program.inputIndex(name); // throws when there is none
  std::mt19937 random(1);
  std::vector<rt::Tensor> inputs;
  for (uint32_t i = 0; i < program.numInputs(); ++i) {
    const orch_tensor_info &info = program.input(i);
    inputs.push_back(rt::Tensor::allocate(orch_dtype(info.dtype),
                                          chooseDims(info, arguments)));
    auto file = arguments.find(info.name);
    if (file != arguments.end())
      readFile(file->second, inputs.back());
    else
      fillRandom(inputs.back(), random);
  }
  return inputs;
}

void printOutput(const char *name, const rt::Tensor &tensor) {
  std::cout << name << ": " << orch_dtype_name(tensor.dtype());
  const char *separator = " ";
  for (int64_t dim : tensor.dims()) {
    std::cout << separator << dim;
    separator = "x";
  }
  if (tensor.dtype() != ORCH_DTYPE_F32 || tensor.size() == 0) {
    std::cout << "\n";
    return;
  }
  std::vector<float> values = tensor.values<float>();
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t(0));
  size_t top = std::min<size_t>(5, order.size());
  std::partial_sort(order.begin(), order.begin() + long(top), order.end(),
                    [&](size_t a, size_t b) { return values[a] > values[b]; });
  std::cout << "\n  top:";
  for (size_t i = 0; i < top; ++i)
    std::cout << (i ? ", [" : " [") << order[i] << "] " << values[order[i]];
  std::cout << "\n";
}

void printProfile(const rt::Program &program, const rt::Context &context) {
  std::vector<uint32_t> calls(program.numCalls());
  std::iota(calls.begin(), calls.end(), 0u);
  auto time = [&](uint32_t call) { return context.callProfile(call).min_ns; };
  std::sort(calls.begin(), calls.end(),
            [&](uint32_t a, uint32_t b) { return time(a) > time(b); });
  calls.resize(std::min<size_t>(calls.size(), 5));
  std::printf("slowest kernel calls:\n");
  for (uint32_t call : calls) {
    std::string nodes =
        program.call(call).nodes ? program.call(call).nodes : "";
    std::replace(nodes.begin(), nodes.end(), '\n', ' ');
    std::printf("  %9.1f us  %s\n", double(time(call)) * 1e-3, nodes.c_str());
  }
}

void run(const std::string &path, const Arguments &arguments) {
  rt::Program program = rt::Program::load(path);
  rt::ContextOptions options;
  options.profiling = true;
  rt::Context context(program, options);

  std::vector<rt::Tensor> inputs = makeInputs(program, arguments);
  std::vector<rt::Tensor> outputs = context.run(inputs);
  for (int i = 0; i < 9; ++i)
    context.run(inputs, outputs); // into the same memory

  std::cout << program.name() << ": "
            << double(context.runProfile().min_ns) * 1e-3 << " us on "
            << context.threads() << " threads\n";
  for (uint32_t i = 0; i < program.numOutputs(); ++i)
    printOutput(program.output(i).name, outputs[i]);
  std::cout << std::flush;
  printProfile(program, context);
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::cerr << "usage: " << argv[0]
              << " MODEL.so [INPUT=FILE ...] [dim:NAME=SIZE ...]\n";
    return 2;
  }
  try {
    run(argv[1], parseArguments(argc, argv));
  } catch (const std::exception &error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
