//===- HostApi.h - Calls of the runtime's table -----------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_TARGET_CPU_HOSTAPI_H
#define ORCHESTRA_TARGET_CPU_HOSTAPI_H

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace orchestra {

/// exec->api->function(exec, operands...), `offset` being the function's in
/// orch_host_api. `result` null: it returns nothing.
inline mlir::Value callHostApi(mlir::OpBuilder &b, mlir::Location loc,
                               mlir::Value exec, int32_t offset,
                               mlir::ValueRange operands,
                               mlir::Type result = nullptr) {
  using namespace mlir;
  auto pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value api = LLVM::LoadOp::create(b, loc, pointer, exec);
  Value slot = LLVM::GEPOp::create(b, loc, pointer, b.getI8Type(), api,
                                   ArrayRef<LLVM::GEPArg>{offset});
  SmallVector<Value> arguments{LLVM::LoadOp::create(b, loc, pointer, slot),
                               exec};
  SmallVector<Type> types{pointer};
  for (Value operand : operands) {
    types.push_back(operand.getType());
    arguments.push_back(operand);
  }
  Type returned = result ? result : LLVM::LLVMVoidType::get(b.getContext());
  auto call = LLVM::CallOp::create(
      b, loc, LLVM::LLVMFunctionType::get(returned, types), arguments);
  return result ? call.getResult() : Value();
}

/// Bytes of an element in memory.
inline int64_t getElementBytes(mlir::MemRefType type) {
  mlir::Type element = type.getElementType();
  return element.isIndex() ? 8 : (element.getIntOrFloatBitWidth() + 7) / 8;
}

/// The address of the element at `indices`, none: of the first.
inline mlir::Value getAddress(mlir::OpBuilder &b, mlir::Location loc,
                              mlir::Value memref, mlir::ValueRange indices) {
  using namespace mlir;
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, loc, memref);
  auto parts = memref::ExtractStridedMetadataOp::create(b, loc, memref);
  Value at = parts.getOffset();
  for (auto [index, stride] : llvm::zip(indices, parts.getStrides()))
    at = arith::AddIOp::create(b, loc, at,
                               arith::MulIOp::create(b, loc, index, stride));
  Value bytes = arith::ConstantIndexOp::create(
      b, loc, getElementBytes(cast<MemRefType>(memref.getType())));
  Value address = arith::AddIOp::create(
      b, loc, base, arith::MulIOp::create(b, loc, at, bytes));
  Value number = arith::IndexCastOp::create(b, loc, b.getI64Type(), address);
  return LLVM::IntToPtrOp::create(
      b, loc, LLVM::LLVMPointerType::get(b.getContext()), number);
}

/// A dense memref at `data`; `sizes` are all of its sizes, as i64.
inline mlir::Value makeDenseMemRef(mlir::OpBuilder &b, mlir::Location loc,
                                   mlir::MemRefType type, mlir::Value data,
                                   mlir::ValueRange sizes) {
  using namespace mlir;
  LLVMTypeConverter converter(b.getContext());
  auto i64 = b.getI64Type();
  auto descriptor =
      MemRefDescriptor::poison(b, loc, converter.convertType(type));
  descriptor.setAllocatedPtr(b, loc, data);
  descriptor.setAlignedPtr(b, loc, data);
  descriptor.setOffset(b, loc, LLVM::ConstantOp::create(b, loc, i64, 0));
  Value stride = LLVM::ConstantOp::create(b, loc, i64, 1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    descriptor.setSize(b, loc, dim, sizes[dim]);
    descriptor.setStride(b, loc, dim, stride);
    stride = LLVM::MulOp::create(b, loc, stride, sizes[dim]);
  }
  return UnrealizedConversionCastOp::create(b, loc, TypeRange(type),
                                            ValueRange(Value(descriptor)))
      .getResult(0);
}

/// Bytes of a dense memref, as i64.
inline mlir::Value getNumBytes(mlir::OpBuilder &b, mlir::Location loc,
                               mlir::Value memref) {
  using namespace mlir;
  auto type = cast<MemRefType>(memref.getType());
  Value bytes = arith::ConstantIndexOp::create(b, loc, getElementBytes(type));
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    bytes = arith::MulIOp::create(
        b, loc, bytes, memref::DimOp::create(b, loc, memref, dim).getResult());
  return arith::IndexCastOp::create(b, loc, b.getI64Type(), bytes);
}

} // namespace orchestra

#endif // ORCHESTRA_TARGET_CPU_HOSTAPI_H
