//===- MemoryPlanner.h - Places of a host program's buffers -----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the state of orchestra-plan-memory. PlanMemory.cpp makes the program
// take its memory from outside; ComputedSizes.cpp separates what sizes follow
// from; PlaceBuffers.cpp decides where in an arena each buffer is.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_SCHEDULE_MEMORYPLANNER_H
#define ORCHESTRA_LIB_SCHEDULE_MEMORYPLANNER_H

#include "TaskOrder.h"

#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

namespace orchestra {

struct Buffer {
  mlir::memref::AllocOp alloc;
  int64_t device = 0;
  Lifetime life;
  int64_t bytes = -1; // -1: dynamic
  int64_t offset = -1;
  int64_t firstTask = -1; // of those that use it; on several devices only
};

/// Where the constants of all entries are in the weights.
struct WeightPlan {
  llvm::DenseMap<mlir::StringAttr, int64_t> offsets; ///< by global
  llvm::SmallVector<mlir::Attribute> entries;        ///< of kWeightsAttrName
  int64_t bytes = 0;
};

class MemoryPlanner {
public:
  MemoryPlanner(mlir::ModuleOp module, mlir::func::FuncOp function,
                WeightPlan &weightPlan)
      : module(module), function(function), block(function.getBody().front()),
        b(function.getContext()), loc(function.getLoc()),
        weightPlan(weightPlan) {}

  mlir::LogicalResult run();

private:
  bool readsInput(mlir::Operation *op) const;
  bool isArithmetic(mlir::Operation *op) const;
  bool isShapeArithmetic(mlir::Value value) const;
  mlir::LogicalResult check();
  mlir::LogicalResult separateSizes();
  mlir::func::FuncOp
  buildSizesFunction(llvm::ArrayRef<mlir::memref::LoadOp> loads);
  mlir::LogicalResult collectConditions();
  mlir::LogicalResult placeResults();
  mlir::LogicalResult placeWeights();
  void collectBuffers();
  void wrapStrayWork();
  void describeDevices();
  int64_t findFullestTask(int64_t device) const;
  int64_t placeStatic(int64_t device);
  mlir::LogicalResult placeDynamic(int64_t device, int64_t staticBytes);
  mlir::FailureOr<mlir::Value> getBytesAtEntry(mlir::memref::AllocOp alloc);
  mlir::FailureOr<mlir::Value> cloneToEntry(mlir::Value value);
  void buildShapesFunction();
  mlir::Value byteConstant(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }

  mlir::ModuleOp module;
  mlir::func::FuncOp function;
  /// What computes sizes; null in most programs.
  mlir::func::FuncOp sizesFunction;
  mlir::Block &block;
  mlir::OpBuilder b;
  mlir::Location loc;
  WeightPlan &weightPlan;
  llvm::SmallVector<Buffer> buffers;
  mlir::BlockArgument weights;
  /// One a device.
  llvm::SmallVector<mlir::BlockArgument> arenas;
  TaskOrder order;
  /// Arguments that sizes follow from: the inputs, then computed numbers.
  unsigned numInputs = 0;
  unsigned numDevices = 1;
  llvm::SmallVector<mlir::Value> resultDims;
  llvm::SmallVector<mlir::cf::AssertOp> conditions;
  /// One a device.
  llvm::SmallVector<mlir::Value> arenaBytes;
  mlir::IRMapping entryMap;
  mlir::Operation *entryEnd = nullptr; // entry computations stand before it
};

inline int64_t alignBytes(int64_t bytes) {
  return llvm::alignTo(std::max<int64_t>(bytes, 1), kBufferAlignment);
}

inline int64_t getElementBytes(mlir::MemRefType type) {
  return llvm::divideCeil(type.getElementTypeBitWidth(), 8);
}

inline constexpr llvm::StringLiteral kDataDependentSize =
    "the size of a value depends on more than the inputs, which is not "
    "supported yet";

} // namespace orchestra

#endif // ORCHESTRA_LIB_SCHEDULE_MEMORYPLANNER_H
