//===- CopyKernel.h - Parts of kernels that copy buffers --------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the lowerings of transfers have in common, whatever the vendor.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_CONVERSION_ORCHESTRATOGPU_COPYKERNEL_H
#define ORCHESTRA_CONVERSION_ORCHESTRATOGPU_COPYKERNEL_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace orchestra {

/// Index arithmetic at one place; constants fold as they are built.
class IndexBuilder {
public:
  IndexBuilder(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  mlir::Value constant(int64_t value);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value sub(mlir::Value a, mlir::Value b);
  mlir::Value mul(mlir::Value a, mlir::Value b);
  mlir::Value div(mlir::Value a, int64_t b);     ///< rounds down, a >= 0
  mlir::Value ceilDiv(mlir::Value a, int64_t b); ///< a >= 0
  mlir::Value min(mlir::Value a, mlir::Value b);
  mlir::Value max(mlir::Value a, mlir::Value b);
  mlir::Value less(mlir::Value a, mlir::Value b); ///< signed, an i1
  mlir::Value dim(mlir::Value memref, int64_t number);
  /// Product of all dimensions.
  mlir::Value size(mlir::Value memref);

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
};

/// Whether elements lie one after another, without gaps.
bool isDense(mlir::MemRefType type);

/// Bytes that LLVM's lowering of memrefs gives an element.
int64_t getElementBytes(mlir::Type element);

/// A view of rank 1 of a dense memref.
mlir::Value flatten(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value memref);

/// Opens a kernel of `threads` threads a block and leaves `builder` inside.
/// `work`: how many blocks could have something to do; at most `maxBlocks` run,
/// so bodies stride over their work by the number of blocks.
mlir::gpu::LaunchOp openKernel(mlir::OpBuilder &builder, mlir::Location loc,
                               mlir::Value work, int64_t threads,
                               int64_t maxBlocks = 1024);

/// Copies element by element, from number `first` (in row-major order) on, for
/// any layout. All threads of the kernel share the work.
void copyElements(mlir::OpBuilder &builder, mlir::gpu::LaunchOp kernel,
                  mlir::Location loc, mlir::Value source, mlir::Value target,
                  mlir::Value first);

} // namespace orchestra

#endif // ORCHESTRA_CONVERSION_ORCHESTRATOGPU_COPYKERNEL_H
