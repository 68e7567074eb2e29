//===- Emulation.h - What a target says about its emulation -----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The emulated GPU knows the gpu dialect. A target adds the facts of its
// architectures, and patterns that turn the ops of its own dialects into calls
// of the emulated device (runtime/devices/emulated).
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_EMULATED_EMULATION_H
#define ORCHESTRA_TARGET_EMULATED_EMULATION_H

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/DialectInterface.h"
#include "mlir/IR/PatternMatch.h"

namespace orchestra::emulated {

/// One architecture that can be emulated.
struct Architecture {
  llvm::StringRef name; ///< as `arch` of a task's target spells it
  int64_t subgroupSize;
  int64_t sharedBytes; ///< the most that a group may use
  /// Adds patterns that lower ops of the vendor's dialects inside kernels; may
  /// be null.
  void (*populatePatterns)(mlir::RewritePatternSet &patterns);
  /// Adds what the types of the vendor's dialects become, such as an LLVM
  /// pointer; may be null. Patterns pass between the two by
  /// `builtin.unrealized_conversion_cast`.
  void (*populateTypes)(mlir::AttrTypeReplacer &replacer);
};

/// The architectures of a context; targets add theirs when the orchestra
/// dialect loads.
class Architectures : public mlir::DialectInterface::Base<Architectures> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Architectures)
  Architectures(mlir::Dialect *dialect) : Base(dialect) {}

  /// Those of the context of `dialect`, at first none.
  static Architectures &get(OrchestraDialect &dialect);

  void add(const Architecture &architecture) { list.push_back(architecture); }
  /// Null if there is none of this name.
  const Architecture *find(llvm::StringRef name) const;
  /// The same, with an error at `loc` that lists those there are.
  const Architecture *require(llvm::StringRef name, mlir::Location loc) const;
  /// "amd_cdna3, intel_xe2, ..."
  std::string listNames() const;

private:
  llvm::SmallVector<Architecture> list;
};

/// The place of `loc` in the user's model, as messages begin:
/// "model.onnx:/encoder/3/MatMul", or "file.mlir:12:3".
std::string describePlace(mlir::Location loc);

/// The argument of the kernel around `op` that stands for the work item.
mlir::Value getItem(mlir::Operation *op);

/// The address of a constant string with the place of `loc`.
mlir::Value getPlace(mlir::OpBuilder &builder, mlir::Operation *op,
                     mlir::Location loc);
/// The address of a constant string.
mlir::Value getString(mlir::OpBuilder &builder, mlir::Operation *op,
                      mlir::Location loc, llvm::StringRef text);

/// Calls a function of the emulated device; declares it if need be. Arguments
/// of type index become i64. Returns the result, or null.
mlir::Value callDevice(mlir::OpBuilder &builder, mlir::Operation *op,
                       mlir::Location loc, llvm::StringRef function,
                       mlir::Type result, mlir::ValueRange arguments);

/// Items run one at a time and see each other's writes at once, so what orders
/// or hastens memory has nothing to do.
template <typename OpT> struct Drop : mlir::OpRewritePattern<OpT> {
  using mlir::OpRewritePattern<OpT>::OpRewritePattern;

  llvm::LogicalResult
  matchAndRewrite(OpT op, mlir::PatternRewriter &rewriter) const override {
    rewriter.eraseOp(op);
    return mlir::success();
  }
};

/// The address of an element of a memref, as an index.
mlir::Value getAddress(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value memref, mlir::ValueRange indices);
/// The same as an LLVM pointer.
mlir::Value getPointer(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value memref, mlir::ValueRange indices);
/// A memref of `type`, whose layout is the identity, over memory at `pointer`.
mlir::Value makeMemRef(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::MemRefType type, mlir::Value pointer,
                       mlir::ValueRange dynamicSizes);

/// Reserves `bytes` of the group's shared memory for the whole kernel around
/// `op`; returns their offset, a multiple of 128.
int64_t reserveShared(mlir::Operation *op, int64_t bytes);

/// Bytes of one element in memory.
int64_t getElementBytes(mlir::Type type);

} // namespace orchestra::emulated

#endif // ORCHESTRA_TARGET_EMULATED_EMULATION_H
