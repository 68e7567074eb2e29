//===- orchestra-emulate.cpp - Runs GPU kernels on the CPU ----------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes a module with host functions and `gpu.module`s, compiles it for the
// emulated GPU, and runs one host function. Its memref arguments are NumPy
// files; they lie in the emulated device's memory, so kernels and host code may
// both touch them.
//
//===----------------------------------------------------------------------===//
#include "emulated.h"
#include "orchestra/Driver/Tensor.h"
#include "orchestra/Pipeline/Registration.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/TargetSelect.h"

using namespace mlir;
namespace cl = llvm::cl;

static cl::opt<std::string> input(cl::Positional, cl::init("-"),
                                  cl::desc("<module>"));
static cl::opt<std::string> target("target", cl::Required,
                                   cl::value_desc("emulated:ARCH"),
                                   cl::desc("The GPU to emulate"));
static cl::opt<std::string> entry("entry", cl::init("main"),
                                  cl::desc("The host function to run"));
static cl::list<std::string> arguments("arg", cl::value_desc("file.npy|number"),
                                       cl::desc("An argument, in their order"));
static cl::list<std::string>
    saves("save", cl::value_desc("index=file.npy"),
          cl::desc("Write what an argument's memory holds in the end"));

static int fail(const llvm::Twine &message, int code = 1) {
  llvm::errs() << "orchestra-emulate: error: " << message << "\n";
  return code;
}

namespace {
/// One argument: a number, or memory of the device and the words of its memref.
struct Argument {
  orchestra::Tensor tensor;
  void *memory = nullptr;
  SmallVector<int64_t> words; ///< what the function gets, each 8 bytes

  /// False: the text does not fit the type, `error` says why.
  bool read(llvm::StringRef text, Type type, std::string &error);
  bool readMemRef(llvm::StringRef text, MemRefType type, std::string &error);
};
} // namespace

bool Argument::readMemRef(llvm::StringRef text, MemRefType type,
                          std::string &error) {
  llvm::Expected<orchestra::Tensor> file = orchestra::readNpy(text);
  if (!file) {
    error = llvm::toString(file.takeError());
    return false;
  }
  tensor = *file;
  Type element = type.getElementType();
  int64_t bytes =
      element.isIndex() ? 8 : (element.getIntOrFloatBitWidth() + 7) / 8;
  bool fits = type.getLayout().isIdentity() &&
              type.getRank() == static_cast<int64_t>(tensor.getDims().size()) &&
              static_cast<int64_t>(tensor.getNumBytes()) ==
                  tensor.getNumElements() * bytes;
  for (auto [size, dim] : llvm::zip(type.getShape(), tensor.getDims()))
    fits &= ShapedType::isDynamic(size) || size == dim;
  if (!fits) {
    llvm::raw_string_ostream(error)
        << "'" << text << "' does not fit the type " << type;
    return false;
  }
  memory = orch_emulated_allocate(static_cast<int64_t>(tensor.getNumBytes()));
  if (!memory) {
    error = orch_emulated_error();
    return false;
  }
  memcpy(memory, tensor.getData(), tensor.getNumBytes());
  int64_t address = reinterpret_cast<int64_t>(memory);
  words = {address, address, 0};
  llvm::append_range(words, tensor.getDims());
  SmallVector<int64_t> strides(tensor.getDims().size(), 1);
  for (int64_t dim = type.getRank() - 2; dim >= 0; --dim)
    strides[dim] = strides[dim + 1] * tensor.getDims()[dim + 1];
  llvm::append_range(words, strides);
  return true;
}

bool Argument::read(llvm::StringRef text, Type type, std::string &error) {
  if (auto memref = dyn_cast<MemRefType>(type))
    return readMemRef(text, memref, error);
  words.push_back(0);
  if (type.isIntOrIndex() && !text.getAsInteger(0, words[0]))
    return true;
  double number = 0;
  if (type.isF32() && !text.getAsDouble(number)) {
    float value = static_cast<float>(number);
    memcpy(&words[0], &value, sizeof(value));
    return true;
  }
  llvm::raw_string_ostream(error)
      << "'" << text << "' does not fit the type " << type;
  return false;
}

/// Runs `module`, in the LLVM dialect, and writes what is to be saved.
static int run(ModuleOp module, MutableArrayRef<Argument> values) {
  ExecutionEngineOptions options;
  auto optimize = makeOptimizingTransformer(2, 0, nullptr);
  options.transformer = optimize;
  auto engine = ExecutionEngine::create(module, options);
  if (!engine)
    return fail(llvm::toString(engine.takeError()), 3);
  SmallVector<void *> packed;
  for (Argument &value : values)
    for (int64_t &word : value.words)
      packed.push_back(&word);
  if (llvm::Error error = (*engine)->invokePacked(entry, packed))
    return fail(llvm::toString(std::move(error)), 3);
  for (llvm::StringRef save : saves) {
    auto [number, path] = save.split('=');
    size_t index = 0;
    if (number.getAsInteger(10, index) || index >= values.size() ||
        !values[index].memory)
      return fail("--save needs the number of a memref, not '" + save + "'", 2);
    memcpy(values[index].tensor.getData(), values[index].memory,
           values[index].tensor.getNumBytes());
    if (llvm::Error error = orchestra::writeNpy(path, values[index].tensor))
      return fail(llvm::toString(std::move(error)));
  }
  for (Argument &value : values)
    orch_emulated_deallocate(value.memory); // Looks at the guard bytes.
  if (orch_emulated_status() == ORCH_OK)
    return 0;
  llvm::errs() << orch_emulated_error() << "\n";
  return 1;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  cl::ParseCommandLineOptions(argc, argv, "Runs GPU kernels on the CPU\n");
  llvm::StringRef arch = target;
  if (!arch.consume_front("emulated:"))
    return fail("--target is emulated:ARCH, not '" + arch + "'", 2);

  DialectRegistry registry;
  orchestra::registerDialects(registry);
  registerAllToLLVMIRTranslations(registry);
  orchestra::registerPasses();
  MLIRContext context(registry);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(input, &context);
  if (!module)
    return 1;

  // The types before the lowering say what the arguments must be.
  PassManager pm(&context);
  std::string pipeline =
      "gpu-kernel-outlining,orchestra-emulated-host-functions";
  std::string rest = ("orchestra-emulated-pipeline{arch=" + arch + "}").str();
  if (failed(parsePassPipeline(pipeline, pm)) || failed(pm.run(*module)))
    return 1;
  auto function = module->lookupSymbol<func::FuncOp>(entry);
  if (!function || function.isExternal() || function.getNumResults() != 0)
    return fail("there is no function '" + entry + "' without results");
  if (function.getNumArguments() != arguments.size())
    return fail("'" + entry + "' takes " +
                    llvm::Twine(function.getNumArguments()) +
                    " arguments, not " + llvm::Twine(arguments.size()),
                2);
  SmallVector<Argument> values(arguments.size());
  std::string error;
  for (auto [value, text, type] :
       llvm::zip_equal(values, arguments, function.getArgumentTypes()))
    if (!value.read(text, type, error))
      return fail(error);
  PassManager lowering(&context);
  if (failed(parsePassPipeline(rest, lowering)) ||
      failed(lowering.run(*module)))
    return 1;
  return run(*module, values);
}
