//===- Tensor.h - Sizes, layouts and copies of tensors ----------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_LIB_TENSOR_H
#define ORCHESTRA_RUNTIME_LIB_TENSOR_H

#include "orchestra_runtime/tensor.h"

namespace orchestra::runtime {

/// Elements and bytes of a dense tensor. False: a negative dim or an overflow.
bool denseSize(uint32_t dtype, uint32_t rank, const int64_t *dims,
               int64_t &elements, uint64_t &bytes);

/// Whether the elements lie in row-major order without gaps.
bool isDense(const orch_tensor &tensor);

/// The bytes [low, high) that the elements take up, relative to `data`. False:
/// an overflow, or packed elements with strides.
bool byteRange(const orch_tensor &tensor, int64_t &low, int64_t &high);

/// Gathers a strided tensor into dense memory, or scatters it back.
void copyToDense(const orch_tensor &from, void *to);
void copyFromDense(const void *from, const orch_tensor &to);

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_LIB_TENSOR_H
