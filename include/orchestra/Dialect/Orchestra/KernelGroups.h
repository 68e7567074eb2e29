//===- KernelGroups.h - Which ops share a kernel ----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// Passes that form kernels and estimates of how long those take must agree.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DIALECT_ORCHESTRA_KERNELGROUPS_H
#define ORCHESTRA_DIALECT_ORCHESTRA_KERNELGROUPS_H

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

#include <vector>

namespace orchestra {

/// Ops of one kernel, in program order.
struct KernelGroup {
  llvm::SmallVector<mlir::Operation *> ops;
  /// A matmul, convolution or windowed reduction is among them; the others
  /// follow it elementwise.
  bool contraction = false;
  /// Its last op pads the result of the one before: nothing can follow.
  bool padded = false;
  /// Leading dimensions along which all ops are aligned (rows kernels).
  unsigned depth = 0;
};

/// Whether `op` does work that belongs into a kernel (and not a view, shape
/// arithmetic, constant or a value that each user makes for itself).
bool isKernelWork(mlir::Operation *op);

/// A slice with this attribute is taken inside of the kernels that read it.
constexpr llvm::StringLiteral kInKernelAttrName = "orchestra.in_kernel";

/// Whether kernels that use the result of `op` contain a copy of it: constants
/// of one value, empty tensors, fills, unpacks.
bool isClonedIntoKernels(mlir::Operation *op);

/// Whether the frame that `pad` adds around its source is known, and the source
/// has elements.
bool hasStaticFrame(mlir::tensor::PadOp pad);

/// Partitions the kernel work of `block` into groups, each of which can run as
/// one kernel: no value leaves a group and comes back. `fuse` off: one op each.
std::vector<KernelGroup> formKernelGroups(mlir::Block &block, bool fuse);

} // namespace orchestra

#endif // ORCHESTRA_DIALECT_ORCHESTRA_KERNELGROUPS_H
