//===- Fold.cpp - Constant work runs now, not at each start ---------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: @orchestra_fold computes everything that depends on constants alone:
//   packed weights, folded batch norms, tables. It is compiled as a model of
//   its own, by the same path as any model, loaded, run once, and its results
//   take the place of its call.
// Memory: the constants it reads become inputs of that model, in place, in the
//   mapped model file; only its results take new memory.
//
//===----------------------------------------------------------------------===//
#include "Compilation.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"
#include "orchestra_runtime/orchestra_runtime.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace orchestra;
using llvm::Expected;
using llvm::StringRef;

static constexpr StringLiteral kFoldName = "orchestra_fold";

/// A constant that is read in place.
static AsmResourceBlob *getBlob(arith::ConstantOp constant) {
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  return resource ? resource.getRawHandle().getBlob() : nullptr;
}

/// Cuts the results into groups of about this many bytes, in order. Each group
/// is computed by a run of its own, so that neither all of the model's file nor
/// the scratch memory of all results is in memory at once.
static constexpr uint64_t kGroupBytes = uint64_t(96) << 20;

static std::vector<std::vector<unsigned>> groupResults(func::FuncOp fold) {
  std::vector<std::vector<unsigned>> groups(1);
  uint64_t bytes = 0;
  for (auto [index, type] : llvm::enumerate(fold.getResultTypes())) {
    if (bytes >= kGroupBytes) {
      groups.emplace_back();
      bytes = 0;
    }
    groups.back().push_back(index);
    auto shaped = cast<RankedTensorType>(type);
    bytes += uint64_t(shaped.getNumElements()) *
             llvm::divideCeil(shaped.getElementTypeBitWidth(), 8);
  }
  return groups;
}

/// Leaves only these results of `entry`, and what they need.
static void keepResults(func::FuncOp entry, llvm::ArrayRef<unsigned> results) {
  Block &block = entry.getBody().front();
  Operation *terminator = block.getTerminator();
  if (terminator->getNumOperands() == results.size())
    return;
  llvm::SmallVector<Value> kept;
  for (unsigned index : results)
    kept.push_back(terminator->getOperand(index));
  terminator->setOperands(kept);
  entry.removeResAttrsAttr();
  entry.setFunctionType(FunctionType::get(entry.getContext(),
                                          entry.getArgumentTypes(),
                                          ValueRange(kept).getTypes()));
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
    if (isOpTriviallyDead(&op))
      op.erase();
}

/// Lets the system take back pages of mapped files, which come again when they
/// are read. Other memory is left alone: there it would be lost.
static void releaseFilePages(llvm::ArrayRef<AsmResourceBlob *> blobs) {
  auto maps = llvm::MemoryBuffer::getFileAsStream("/proc/self/maps");
  if (!maps)
    return;
  // "begin-end perms offset device inode path"
  llvm::SmallVector<std::pair<uint64_t, uint64_t>> files;
  for (StringRef line : llvm::split((*maps)->getBuffer(), '\n')) {
    llvm::SmallVector<StringRef> words;
    line.split(words, ' ', 5, /*KeepEmpty=*/false);
    uint64_t begin, end;
    if (words.size() < 5 || words[4] == "0" || !words[1].starts_with("r-") ||
        words[0].split('-').first.getAsInteger(16, begin) ||
        words[0].split('-').second.getAsInteger(16, end))
      continue;
    files.push_back({begin, end});
  }
  uint64_t page = uint64_t(sysconf(_SC_PAGESIZE));
  for (AsmResourceBlob *blob : blobs) {
    uint64_t begin = reinterpret_cast<uint64_t>(blob->getData().data());
    uint64_t end = (begin + blob->getData().size()) / page * page;
    begin = llvm::alignTo(begin, page);
    if (begin < end && llvm::any_of(
                           files,
                           [&](const auto &file) {
                             return file.first <= begin && end <= file.second;
                           }))
      (void)madvise(reinterpret_cast<void *>(begin), end - begin,
                    MADV_DONTNEED);
  }
}

/// Makes @orchestra_fold the entry of a module of its own, with these of its
/// results and its large constants as arguments. `constants`: what to pass for
/// them.
static OwningOpRef<ModuleOp>
makeFoldModule(ModuleOp host, func::FuncOp fold,
               llvm::ArrayRef<unsigned> results,
               llvm::SmallVectorImpl<AsmResourceBlob *> &constants) {
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(fold.getLoc(), StringRef("constants"));
  OpBuilder builder(module->getContext());
  builder.setInsertionPointToEnd(module->getBody());
  for (func::FuncOp function : host.getOps<func::FuncOp>())
    if (function->hasAttr(kKernelAttrName))
      builder.insert(function->cloneWithoutRegions());
  auto entry = cast<func::FuncOp>(builder.clone(*fold));
  entry.setName("main");
  entry.setPublic();
  entry->setAttr(kEntryAttrName, builder.getUnitAttr());
  keepResults(entry, results);
  llvm::DenseMap<Attribute, Value> arguments;
  llvm::SmallVector<arith::ConstantOp> read;
  entry.walk([&](arith::ConstantOp constant) {
    if (getBlob(constant))
      read.push_back(constant);
  });
  for (arith::ConstantOp constant : read) {
    Value &argument = arguments[constant.getValue()];
    if (!argument) {
      unsigned index = entry.getNumArguments();
      (void)entry.insertArgument(index, constant.getType(), {},
                                 constant.getLoc());
      argument = entry.getArgument(index);
      constants.push_back(getBlob(constant));
    }
    constant.replaceAllUsesWith(argument);
    constant.erase();
  }
  return module;
}

namespace {
/// Handles of the runtime, released on every way out.
struct RunState {
  orch_program *program = nullptr;
  orch_context *context = nullptr;
  std::vector<orch_tensor> outputs;
  ~RunState() {
    for (orch_tensor &tensor : outputs)
      orch_tensor_release(&tensor);
    orch_context_destroy(context);
    orch_program_release(program);
  }
};
} // namespace

static llvm::Error runtimeError(StringRef model, orch_status status) {
  Fault fault =
      status == ORCH_ERROR_OUT_OF_MEMORY ? Fault::Environment : Fault::Internal;
  return makeError(fault, model, "computing constants failed",
                   {"note: " + std::string(orch_last_error())});
}

/// Runs the fold program; outputs are allocated by the runtime.
static llvm::Error run(RunState &state, JitImage &image, StringRef model,
                       llvm::ArrayRef<AsmResourceBlob *> constants,
                       unsigned jobs) {
  if (orch_status status = orch_program_from_artefact(
          image.getArtefact(), /*options=*/nullptr, &state.program))
    return runtimeError(model, status);
  orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
  options.num_threads = jobs;
  if (orch_status status =
          orch_context_create(state.program, &options, &state.context))
    return runtimeError(model, status);
  std::vector<orch_tensor> inputs;
  for (auto [index, blob] : llvm::enumerate(constants)) {
    const orch_tensor_info *info = orch_program_input(state.program, index);
    // Inputs are only read, although the structure cannot say so.
    inputs.push_back(
        orch_tensor_view(const_cast<char *>(blob->getData().data()),
                         info->dtype, info->rank, info->dims));
  }
  state.outputs.resize(orch_program_num_outputs(state.program));
  for (orch_tensor &tensor : state.outputs)
    tensor = orch_tensor();
  if (orch_status status =
          orch_context_run(state.context, inputs.data(), inputs.size(),
                           state.outputs.data(), state.outputs.size()))
    return runtimeError(model, status);
  return llvm::Error::success();
}

Expected<cpu::MachineTarget>
orchestra::getFoldingMachine(const cpu::MachineTarget &target) {
  Expected<cpu::MachineTarget> host = cpu::resolveTarget("host", "", "");
  if (!host)
    return host.takeError();
  bool runs = host->arch == target.arch &&
              llvm::all_of(target.features, [&](const std::string &feature) {
                return host->hasFeature(feature);
              });
  if (!runs)
    return host;
  cpu::MachineTarget machine = target;
  machine.emulates.clear(); // Folding is quicker without.
  machine.accelerator.clear();
  return machine;
}

llvm::Error Compilation::replaceResults(ArrayRef<func::CallOp> calls,
                                        unsigned index, orch_tensor &tensor) {
  func::CallOp first = calls.front();
  auto type = cast<RankedTensorType>(first.getResult(index).getType());
  int64_t elements = 0;
  uint64_t bytes = 0;
  if (orch_status status = orch_tensor_size(&tensor, &elements, &bytes))
    return runtimeError(model, status);
  // The runtime's buffer becomes the constant; it goes when the last of the
  // compilation and the program's weights does.
  std::shared_ptr<orch_buffer> owner(tensor.buffer, orch_buffer_release);
  llvm::ArrayRef<char> data(static_cast<const char *>(tensor.data), bytes);
  tensor.buffer = nullptr;
  tensor.data = nullptr;
  Attribute value;
  if (bytes == 0) {
    value = DenseElementsAttr::get(type, ArrayRef<Attribute>());
  } else {
    foldedBuffers[data.data()] = owner;
    value = DenseResourceElementsAttr::get(
        type, "folded_" + std::to_string(index),
        UnmanagedAsmResourceBlob::allocateWithAlign(data,
                                                    ORCH_BUFFER_ALIGNMENT));
  }
  for (func::CallOp call : calls) {
    OpBuilder builder(call);
    call.getResult(index).replaceAllUsesWith(arith::ConstantOp::create(
        builder, call.getLoc(), cast<TypedAttr>(value)));
  }
  return llvm::Error::success();
}

func::FuncOp orchestra::findFold(ModuleOp host) {
  return host.lookupSymbol<func::FuncOp>(kFoldName);
}

llvm::Error Compilation::fold(ModuleOp host, const KernelModules &kernels) {
  func::FuncOp function = findFold(host);
  if (!function)
    return llvm::Error::success();
  Expected<cpu::MachineTarget> machine = getFoldingMachine(target);
  if (!machine)
    return machine.takeError();
  KernelJobs jobs(*this);
  Expected<unsigned> batch =
      jobs.add(calledKernels(function), kernels, *machine, getFoldOptLevel());
  if (!batch)
    return batch.takeError();
  jobs.start();
  return fold(host, function, *machine, jobs, *batch);
}

llvm::Error Compilation::fold(ModuleOp host, func::FuncOp function,
                              const cpu::MachineTarget &machine,
                              KernelJobs &jobs, unsigned batch) {
  beginPhase("fold constants");
  llvm::SmallVector<func::CallOp> calls;
  host.walk([&](func::CallOp call) {
    if (call.getCallee() == kFoldName)
      calls.push_back(call);
  });
  if (calls.empty())
    return makeError(Fault::Internal, model,
                     "constant work is not called [internal]");
  Expected<std::vector<Bytes>> objects = jobs.finish(batch);
  if (!objects)
    return objects.takeError();

  for (const std::vector<unsigned> &group : groupResults(function)) {
    llvm::SmallVector<AsmResourceBlob *> constants;
    OwningOpRef<ModuleOp> part =
        makeFoldModule(host, function, group, constants);
    Expected<Program> program = compileHost(*part, machine);
    if (!program)
      return program.takeError();
    program->objects.insert(program->objects.end(), objects->begin(),
                            objects->end());
    Expected<std::unique_ptr<JitImage>> image = program->loadInProcess();
    if (!image)
      return llvm::make_error<DriverError>(
          toDriverError(image.takeError(), model, Fault::Internal));
    RunState state;
    if (llvm::Error error = run(state, **image, model, constants, options.jobs))
      return error;
    releaseFilePages(constants);
    for (auto [position, index] : llvm::enumerate(group))
      if (llvm::Error error =
              replaceResults(calls, index, state.outputs[position]))
        return error;
  }
  for (func::CallOp call : calls)
    call.erase();
  function.erase();
  return llvm::Error::success();
}
