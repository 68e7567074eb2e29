//===- TransferLowering.h - How a target moves data -------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `lower-orchestra-to-gpu` knows no vendor: it allocates the result of a
// transfer and opens a kernel; what stands in the kernel is the target's.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_CONVERSION_ORCHESTRATOGPU_TRANSFERLOWERING_H
#define ORCHESTRA_CONVERSION_ORCHESTRATOGPU_TRANSFERLOWERING_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/DialectInterface.h"

namespace orchestra {

/// Lowers copies between buffers of equal shape on one family of GPUs.
class TransferLowering {
public:
  virtual ~TransferLowering();

  /// The architectures it is for, as devices spell them.
  virtual llvm::ArrayRef<llvm::StringRef> getArchs() const = 0;

  /// Loads the dialects that the code it makes is in.
  virtual void loadDialects(mlir::MLIRContext &context) const = 0;

  /// Host code at `builder` that copies `source` to `target` by kernels on a
  /// device of `arch`. Any shape, strided layout and element type that a memref
  /// of integers, floats or indices has.
  virtual void lower(mlir::OpBuilder &builder, mlir::Location loc,
                     llvm::StringRef arch, mlir::Value source,
                     mlir::Value target) const = 0;
};

/// The lowerings of a context; targets add theirs when the orchestra dialect
/// loads.
class TransferLowerings
    : public mlir::DialectInterface::Base<TransferLowerings> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TransferLowerings)
  TransferLowerings(mlir::Dialect *dialect) : Base(dialect) {}

  /// Those of the context of `dialect`, at first none.
  static TransferLowerings &get(OrchestraDialect &dialect);

  void add(std::unique_ptr<TransferLowering> lowering);
  /// Null: no target lowers transfers to `arch`.
  const TransferLowering *find(llvm::StringRef arch) const;
  void loadDialects(mlir::MLIRContext &context) const;
  /// "amd_cdna3, intel_xe2, ..."
  std::string listArchs() const;

private:
  llvm::SmallVector<std::unique_ptr<TransferLowering>> lowerings;
};

} // namespace orchestra

#endif // ORCHESTRA_CONVERSION_ORCHESTRATOGPU_TRANSFERLOWERING_H
