//===- ChannelsLast.h - Transposes around channels-last ops ------*- C++
//-*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_TRANSFORMS_CHANNELSLAST_H
#define ORCHESTRA_LIB_TRANSFORMS_CHANNELSLAST_H

#include "mlir/IR/PatternMatch.h"

namespace orchestra {

/// Result dimension i of a transpose is source dimension perm[i].
inline constexpr int64_t kToChannelsLast[] = {0, 2, 3, 1};
inline constexpr int64_t kToChannelsFirst[] = {0, 3, 1, 2};

template <typename T>
llvm::SmallVector<T> permute(llvm::ArrayRef<T> values,
                             llvm::ArrayRef<int64_t> perm) {
  llvm::SmallVector<T> result;
  for (int64_t source : perm)
    result.push_back(values[source]);
  return result;
}

/// `value` transposed by `perm`.
mlir::Value makeTranspose(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value value, llvm::ArrayRef<int64_t> perm);

/// `value` transposed by `perm`, of exactly the type that it is to replace.
mlir::Value makeTransposeTo(mlir::OpBuilder &b, mlir::Location loc,
                            mlir::Value value, llvm::ArrayRef<int64_t> perm,
                            mlir::Type type);

/// Patterns that move transposes to channels first down through what follows,
/// merge those that meet, and let reductions read through them. With
/// `keepConstants`, named products of transposed constants stay as they are.
void populateSinkTransposePatterns(mlir::RewritePatternSet &patterns,
                                   bool keepConstants);

} // namespace orchestra

#endif // ORCHESTRA_LIB_TRANSFORMS_CHANNELSLAST_H
