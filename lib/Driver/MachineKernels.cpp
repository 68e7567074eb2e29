//===- MachineKernels.cpp - Measured rates of kernels ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: how fast sets of cores run the kernels that models are compiled to,
//   by their kind and size: the `kernel_rates` of a topology.
// How: small models, one kernel each, go through the compiler as any model does
//   and run on those cores, the best of several runs counting. Between runs a
//   core's own caches are filled with something else, as a model's other
//   kernels do. Times that a
//   model has in common with a simpler one are taken off, so that estimates may
//   add up again what a kernel does: a contraction's rate is that of its
//   arithmetic, its memory being read at the rate that reading has.
//
//===----------------------------------------------------------------------===//
#include "MachineMeasure.h"

#include "orchestra/Driver/Driver.h"
#include "orchestra/Driver/Session.h"
#include "orchestra/Support/TargetRegistry.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"

#include <chrono>
#include <limits>
#include <thread>

using namespace llvm;
using namespace orchestra;

namespace {
/// A model of one kernel.
struct Sample {
  /// One of getKernelKinds().
  std::string kind;
  /// Its input and result, as types of IR, and the ops between %x and %y.
  std::string input, result, body;
  /// What its rate is per second of: operations, elements or bytes.
  double size = 0;
  /// Of values and of constants.
  double bytes = 0, constants = 0;

  bool isContraction() const {
    return kind == "matmul" || kind == "convolution" || kind == "window";
  }
};
} // namespace

static constexpr int kFewestRuns = 5, kMostRuns = 50;
/// Bytes that no core has for itself.
static constexpr size_t kOtherBytes = size_t(8) << 20;
/// How long a sample is run, and how often all are: what else is busy on the
/// machine is so for a while.
static constexpr double kSeconds = 8e-3;
static constexpr int kRounds = 3;

//===----------------------------------------------------------------------===//
// The models
//===----------------------------------------------------------------------===//

/// "tensor<2x3xf32>"
static std::string tensorType(ArrayRef<int64_t> shape) {
  std::string text = "tensor<";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + "f32>";
}

static double countElements(ArrayRef<int64_t> shape) {
  double count = 1;
  for (int64_t size : shape)
    count *= double(size);
  return count;
}

/// A constant of small numbers that are not all the same.
static std::string weights(ArrayRef<int64_t> shape) {
  std::string text = "arith.constant dense<\"0x";
  for (double i = 0; i < countElements(shape); ++i)
    text += int64_t(i) % 3 ? "0AD7233C" : "0AD723BC"; // 0.01, -0.01
  return text + "\"> : " + tensorType(shape);
}

/// %f, zeros that sums start from.
static std::string zeros(ArrayRef<int64_t> shape) {
  std::string type = tensorType(shape);
  return formatv("%e = tensor.empty() : {0}\n%z = arith.constant 0.0 : f32\n"
                 "%f = linalg.fill ins(%z : f32) outs(%e : {0}) -> {0}\n",
                 type);
}

static Sample sampleMatmul(int64_t rows, int64_t depth, int64_t columns) {
  Sample sample{"matmul", tensorType({rows, depth}),
                tensorType({rows, columns}), ""};
  std::string type = tensorType({depth, columns});
  sample.body = "%w = " + weights({depth, columns}) + "\n" +
                zeros({rows, columns}) +
                formatv("%y = linalg.matmul ins(%x, %w : {0}, {1}) "
                        "outs(%f : {2}) -> {2}\n",
                        sample.input, type, sample.result)
                    .str();
  sample.size = 2.0 * double(rows * depth) * double(columns);
  sample.bytes = 4.0 * double(rows) * double(depth + columns);
  sample.constants = 4.0 * double(depth * columns);
  return sample;
}

/// A window of 3x3 on a square of `side`.
static Sample sampleConvolution(int64_t side, int64_t channels,
                                bool depthwise) {
  int64_t out = side - 2;
  Sample sample{depthwise ? "window" : "convolution",
                tensorType({1, channels, side, side}),
                tensorType({1, channels, out, out}), ""};
  SmallVector<int64_t> filter =
      depthwise ? SmallVector<int64_t>{channels, 3, 3}
                : SmallVector<int64_t>{channels, channels, 3, 3};
  sample.body =
      "%w = " + weights(filter) + "\n" + zeros({1, channels, out, out}) +
      formatv("%y = linalg.{0} {{dilations = dense<1> : tensor<2xi64>, "
              "strides = dense<1> : tensor<2xi64>} ins(%x, %w : {1}, {2}) "
              "outs(%f : {3}) -> {3}\n",
              depthwise ? "depthwise_conv_2d_nchw_chw" : "conv_2d_nchw_fchw",
              sample.input, tensorType(filter), sample.result)
          .str();
  sample.size = 2.0 * double(out * out) * 9 * double(channels) *
                double(depthwise ? 1 : channels);
  sample.bytes = 4.0 * double(channels) * double(side * side + out * out);
  sample.constants = 4.0 * countElements(filter);
  return sample;
}

/// A generic op on `rows` rows of `columns`; results are rows, too, or one
/// number a row.
static std::string generic(const Twine &name, const Twine &inputs,
                           StringRef inputMaps, const Twine &init, bool reduces,
                           StringRef type, StringRef scalars) {
  return formatv(
      "%{0} = linalg.generic {{indexing_maps = [{1}, "
      "affine_map<(d0, d1) -> ({2})>], iterator_types = [\"parallel\", "
      "\"{3}\"]} ins({4}) outs({5} : {6}) {{\n^bb0({7}\n} -> {6}\n",
      name.str(), inputMaps, reduces ? "d0" : "d0, d1",
      reduces ? "reduction" : "parallel", inputs.str(), init.str(), type,
      scalars);
}

static constexpr StringLiteral kWhole = "affine_map<(d0, d1) -> (d0, d1)>";

/// The sum of each row.
static Sample sampleRead(int64_t rows, int64_t columns) {
  Sample sample{"read", tensorType({rows, columns}), tensorType({rows}), ""};
  sample.body =
      zeros({rows}) +
      generic("y", "%x : " + sample.input, kWhole, "%f", true, sample.result,
              "%a: f32, %s: f32):\n%t = arith.addf %a, %s : f32\n"
              "linalg.yield %t : f32");
  sample.bytes = sample.size = 4.0 * double(rows) * double(columns + 1);
  return sample;
}

/// Each row less its mean, by the root of its variance: a normalisation.
static Sample sampleRows(int64_t rows, int64_t columns) {
  std::string whole = tensorType({rows, columns}), sums = tensorType({rows});
  Sample sample{"rows", whole, whole, ""};
  std::string maps = (kWhole + ", affine_map<(d0, d1) -> (d0)>").str();
  sample.body =
      zeros({rows}) +
      generic("m", "%x : " + whole, kWhole, "%f", true, sums,
              "%a: f32, %s: f32):\n%t = arith.addf %a, %s : f32\n"
              "linalg.yield %t : f32") +
      formatv("%o = tensor.empty() : {0}\n%k = arith.constant {1:e} : f32\n"
              "%c = arith.constant 1.0e-5 : f32\n",
              whole, 1.0 / double(columns))
          .str() +
      generic("d", "%x, %m : " + whole + ", " + sums, maps, "%o", false, whole,
              "%a: f32, %b: f32, %s: f32):\n%n = arith.mulf %b, %k : f32\n"
              "%t = arith.subf %a, %n : f32\nlinalg.yield %t : f32") +
      generic("q", "%d : " + whole, kWhole, "%f", true, sums,
              "%a: f32, %s: f32):\n%n = arith.mulf %a, %a : f32\n"
              "%t = arith.addf %n, %s : f32\nlinalg.yield %t : f32") +
      generic("y", "%d, %q : " + whole + ", " + sums, maps, "%o", false, whole,
              "%a: f32, %b: f32, %s: f32):\n%n = arith.mulf %b, %k : f32\n"
              "%p = arith.addf %n, %c : f32\n%r = math.rsqrt %p : f32\n"
              "%t = arith.mulf %a, %r : f32\nlinalg.yield %t : f32");
  sample.bytes = sample.size = 8.0 * double(rows * columns);
  return sample;
}

/// `scalar` of each element.
static Sample sampleElementwise(StringRef kind, int64_t rows, int64_t columns,
                                StringRef scalar) {
  std::string whole = tensorType({rows, columns});
  Sample sample{kind.str(), whole, whole, ""};
  sample.body = formatv("%o = tensor.empty() : {0}\n", whole).str() +
                generic("y", "%x : " + whole, kWhole, "%o", false, whole,
                        formatv("%a: f32, %s: f32):\n{0} : f32\n"
                                "linalg.yield %t : f32",
                                scalar)
                            .str());
  sample.bytes = 8.0 * double(rows * columns);
  sample.size = kind == "math" ? double(rows * columns) : sample.bytes;
  return sample;
}

/// Heads of an attention to the front.
static Sample sampleCopy(int64_t rows) {
  Sample sample{"copy", tensorType({rows, 12, 64}), tensorType({12, rows, 64}),
                ""};
  sample.body =
      formatv("%o = tensor.empty() : {1}\n%y = linalg.transpose "
              "ins(%x : {0}) outs(%o : {1}) permutation = [1, 0, 2]\n",
              sample.input, sample.result);
  sample.bytes = sample.size = 8.0 * double(rows * 12 * 64);
  return sample;
}

/// What others are corrected by comes first.
static std::vector<Sample> makeSamples() {
  std::vector<Sample> samples;
  for (int64_t rows : {4, 32, 256, 1024, 4096, 16384})
    samples.push_back(sampleRead(rows, 1024));
  for (int64_t rows : {1, 16, 96, 512, 2048})
    samples.push_back(
        sampleElementwise("elementwise", rows, 1024, "%t = arith.addf %a, %a"));
  for (int64_t rows : {16, 512})
    samples.push_back(sampleElementwise(
        "math", rows, 1024, "%q = math.exp %a : f32\n%t = arith.divf %a, %q"));
  for (int64_t rows : {1, 16, 128, 1024})
    samples.push_back(sampleRows(rows, 768));
  for (int64_t rows : {4, 128, 1024})
    samples.push_back(sampleCopy(rows));
  samples.push_back(sampleMatmul(16, 64, 64));
  samples.push_back(sampleMatmul(128, 128, 128));
  samples.push_back(sampleMatmul(128, 256, 256));
  samples.push_back(sampleMatmul(128, 768, 768));
  samples.push_back(sampleMatmul(384, 768, 768));
  samples.push_back(sampleConvolution(10, 32, false));
  samples.push_back(sampleConvolution(30, 64, false));
  samples.push_back(sampleConvolution(30, 128, false));
  samples.push_back(sampleConvolution(16, 32, true));
  samples.push_back(sampleConvolution(58, 96, true));
  samples.push_back(sampleConvolution(114, 96, true));
  return samples;
}

//===----------------------------------------------------------------------===//
// Compiling and running them
//===----------------------------------------------------------------------===//

static Expected<std::shared_ptr<Model>> compileSample(const Sample &sample) {
  SmallString<128> path;
  int file;
  if (std::error_code code =
          sys::fs::createTemporaryFile(sample.kind, "mlir", file, path))
    return createStringError(code, "no temporary file can be made: " +
                                       code.message());
  FileRemover remover(path);
  raw_fd_ostream os(file, /*shouldClose=*/true);
  os << formatv("module @{0} {{\nfunc.func @main(%x: {1} {{orchestra.name = "
                "\"x\"}) -> ({2} {{orchestra.name = \"y\"}) attributes "
                "{{orchestra.entry} {{\n{3}return %y : {2}\n}\n}\n",
                sample.kind, sample.input, sample.result, sample.body);
  os.close();
  CompileOptions options;
  // The file is another one each time.
  options.useCache = false;
  Expected<std::unique_ptr<CompiledModel>> compiled =
      compileModel(path, options);
  if (!compiled)
    return compiled.takeError();
  return (*compiled)->load();
}

/// The least seconds of the kernel, on this thread's cores.
static Expected<double> timeSample(const Sample &sample,
                                   const std::shared_ptr<Model> &model,
                                   int threads) {
  SessionOptions options;
  options.threads = threads;
  options.profile = true;
  Expected<std::unique_ptr<Session>> session = Session::create(model, options);
  if (!session)
    return session.takeError();
  const TensorDecl &decl = model->getInputs().front();
  Expected<Tensor> input = Tensor::allocate(decl.dtype, decl.dims);
  if (!input)
    return input.takeError();
  for (int64_t i = 0; i < input->getNumElements(); ++i)
    reinterpret_cast<float *>(input->getData())[i] = float(i % 7) * 0.25F;
  Expected<std::vector<Tensor>> outputs = (*session)->run(*input);
  if (!outputs)
    return outputs.takeError();
  std::vector<char> other(kOtherBytes);
  auto start = std::chrono::steady_clock::now();
  for (int run = 0; run < kMostRuns; ++run) {
    for (size_t i = 0; i < other.size(); i += 64)
      ++other[i];
    if (llvm::Error error = (*session)->runInto(*input, *outputs))
      return std::move(error);
    std::chrono::duration<double> spent =
        std::chrono::steady_clock::now() - start;
    if (run >= kFewestRuns && spent.count() > kSeconds)
      break;
  }
  // What brings a contraction's operands into its layout is none of it.
  double seconds = 0, most = -1;
  for (auto [call, time] : zip(model->getCalls(), (*session)->callTimes())) {
    double own = double(time.least) * 1e-9;
    if (!sample.isContraction()) {
      seconds += own;
    } else if (call.flops > most) {
      most = call.flops;
      seconds = own;
    }
  }
  return seconds;
}

/// Seconds of `size` by a table whose points are in order.
static double secondsOf(const json::Array *table, double size) {
  for (const json::Value &entry : *table) {
    const json::Array &pair = *entry.getAsArray();
    if (size <= *pair[0].getAsNumber() || &entry == &table->back())
      return size / *pair[1].getAsNumber();
  }
  return 0;
}

/// Rates of one set of cores, from the least seconds of each sample.
static json::Object getRates(ArrayRef<Sample> samples,
                             ArrayRef<double> seconds) {
  json::Object tables;
  for (StringRef kind : getKernelKinds())
    tables[kind] = json::Array();
  for (auto [sample, total] : zip(samples, seconds)) {
    double other = 0;
    if (sample.isContraction())
      other = secondsOf(tables.getArray("elementwise"), sample.bytes) +
              secondsOf(tables.getArray("read"), sample.constants);
    else if (sample.kind == "math")
      other = secondsOf(tables.getArray("elementwise"), sample.bytes);
    // On a busy machine the simpler one may have been the slower one.
    double own = std::max(total - other, total / 4);
    tables.getArray(sample.kind)
        ->push_back(json::Array{sample.size, sample.size / own});
  }
  return tables;
}

/// Runs a sample on all sets at once, as tasks of a plan do, and keeps the
/// least seconds as sample `index` of each.
static llvm::Error timeOnAll(const Sample &sample,
                             const std::shared_ptr<Model> &model,
                             ArrayRef<std::vector<int>> cores,
                             MutableArrayRef<std::vector<double>> least,
                             size_t index) {
  std::vector<llvm::Error> errors;
  errors.reserve(cores.size());
  for (size_t i = 0; i < cores.size(); ++i)
    errors.push_back(llvm::Error::success());
  std::vector<std::thread> threads;
  threads.reserve(cores.size());
  for (size_t i = 0; i < cores.size(); ++i)
    threads.emplace_back([&, i] {
      pinTo(cores[i]);
      Expected<double> seconds =
          timeSample(sample, model, int(cores[i].size()));
      // No clock is finer than a nanosecond.
      if (seconds)
        least[i][index] = std::min(least[i][index], std::max(*seconds, 1e-9));
      else
        errors[i] = seconds.takeError();
    });
  for (std::thread &thread : threads)
    thread.join();
  llvm::Error all = llvm::Error::success();
  for (llvm::Error &error : errors)
    all = joinErrors(std::move(all), std::move(error));
  return all;
}

Expected<std::vector<json::Object>>
orchestra::measureKernels(ArrayRef<std::vector<int>> cores) {
  std::vector<Sample> samples = makeSamples();
  std::vector<std::shared_ptr<Model>> models;
  for (const Sample &sample : samples) {
    Expected<std::shared_ptr<Model>> model = compileSample(sample);
    if (!model)
      return model.takeError();
    models.push_back(std::move(*model));
  }
  constexpr double never = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> least(
      cores.size(), std::vector<double>(samples.size(), never));
  for (int round = 0; round < kRounds; ++round)
    for (size_t i = 0; i < samples.size(); ++i)
      if (llvm::Error error = timeOnAll(samples[i], models[i], cores, least, i))
        return std::move(error);
  std::vector<json::Object> rates;
  rates.reserve(least.size());
  for (const std::vector<double> &times : least)
    rates.push_back(getRates(samples, times));
  return rates;
}
