//===- HostEntry.h - Builder of the artefact's C interface ------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: orch_run and orch_resolve around a planned program. HostEntry.cpp has
// what all programs need, HostDevices.cpp what several devices add, and
// HostSizes.cpp what sizes that kernels compute and functions of the runtime
// add.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TARGET_CPU_HOSTENTRY_H
#define ORCHESTRA_LIB_TARGET_CPU_HOSTENTRY_H

#include "orchestra/Dialect/Orchestra/HostProgram.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace orchestra {

/// Byte offsets in orch_exec and orch_host_api of orchestra_runtime/format.h.
constexpr int32_t kExecProfiling = 8;
constexpr int32_t kExecInputs = 24;
constexpr int32_t kExecSizes = 32;
constexpr int32_t kExecWeights = 40;
constexpr int32_t kApiFail = 16;
constexpr int32_t kApiOnCall = 24;
constexpr int32_t kApiLaunch = 32;
constexpr int32_t kApiCopy = 40;
constexpr int32_t kApiRecord = 48;
constexpr int32_t kApiWait = 56;
constexpr int32_t kApiFinish = 64;
constexpr int32_t kApiAllocate = 72;
constexpr int32_t kApiCall = 80;

/// Makes a function one that only the host program sees.
void makeInternal(mlir::func::FuncOp function);

class HostEntryBuilder {
public:
  explicit HostEntryBuilder(mlir::ModuleOp module)
      : module(module), b(module.getContext()), loc(module.getLoc()),
        converter(module.getContext()),
        pointer(mlir::LLVM::LLVMPointerType::get(module.getContext())) {
    if (auto devices =
            module->getAttrOfType<mlir::ArrayAttr>(kDevicesAttrName)) {
      usesDevices = true;
      numArenas = devices.size();
    }
  }

  void collectSignatures();
  void lowerDispatches(mlir::func::FuncOp program);
  void lowerConditions(mlir::func::FuncOp shapes);
  void lowerSizes(mlir::func::FuncOp sizes);
  /// The functions of one entry that belong together; `sizes` may be null.
  struct Parts {
    mlir::func::FuncOp program, shapes, sizes;
    unsigned numInputs = 0; ///< computed numbers included
  };
  mlir::func::FuncOp buildRun(const Parts &parts, llvm::StringRef name);
  mlir::func::FuncOp buildResolve(const Parts &parts, llvm::StringRef name);
  /// Lets `function` begin with a call of `variant`, where the input dims,
  /// argument `dims`, are those of `guard`.
  void tryVariant(mlir::func::FuncOp function, mlir::func::FuncOp variant,
                  unsigned dims, llvm::ArrayRef<int64_t> guard);

private:
  /// Launches the tasks of a program for several devices; returns their status.
  mlir::Value enqueueTasks(mlir::func::FuncOp program,
                           llvm::ArrayRef<mlir::Value> arguments);
  mlir::func::FuncOp buildTask(mlir::func::FuncOp program, TaskOp task,
                               int64_t index);
  mlir::Type getFrameType(mlir::func::FuncOp program);
  void callApi(mlir::Value exec, int32_t offset,
               llvm::ArrayRef<mlir::Value> operands);
  mlir::Value loadAt(mlir::Value base, mlir::Type type, int64_t index);
  mlir::Value loadField(mlir::Value base, int32_t offset, mlir::Type type);
  mlir::Value makeBuffer(mlir::MemRefType type, mlir::Value data,
                         llvm::ArrayRef<mlir::Value> dims);
  llvm::SmallVector<mlir::Value> makeInputs(llvm::ArrayRef<mlir::Type> types,
                                            mlir::Value exec,
                                            mlir::Value inputs,
                                            mlir::Value inputDims);
  void callKernel(mlir::Value exec, DispatchOp dispatch);
  void callHost(mlir::Value exec, DispatchOp dispatch);
  void reportUnless(mlir::Value exec, mlir::cf::AssertOp op);
  void storeSizes(mlir::func::FuncOp sizes, mlir::Value exec,
                  mlir::Value inputDims, mlir::Value inputs);
  mlir::Value makeText(llvm::StringRef text);
  mlir::func::FuncOp getReportFunction();
  void emitHook(mlir::Value exec, int64_t call, int64_t end);

  mlir::ModuleOp module;
  mlir::OpBuilder b;
  mlir::Location loc;
  mlir::LLVMTypeConverter converter;
  mlir::LLVM::LLVMPointerType pointer;
  /// Operand types of each kernel.
  llvm::StringMap<llvm::SmallVector<mlir::Type>> signatures;
  unsigned numTexts = 0, numCalls = 0;
  bool usesDevices = false;
  unsigned numArenas = 1;
};

} // namespace orchestra

#endif // ORCHESTRA_LIB_TARGET_CPU_HOSTENTRY_H
