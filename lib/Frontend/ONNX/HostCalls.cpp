//===- HostCalls.cpp - Functions of the runtime ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What no loop of the waist can say, on strings above all, is a dispatch to a
// function that the runtime has: docs/adr/0010-strings.md.
//
//===----------------------------------------------------------------------===//
#include "ImporterState.h"
#include "Vectors.h"

#include "orchestra/Dialect/Orchestra/Orchestra.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace orchestra::onnx {

Data Op::callHost(llvm::StringRef function, llvm::ArrayRef<Value> inputs,
                  llvm::ArrayRef<Dim> shape, ElementType type) {
  Data result;
  result.type = type;
  result.shape.assign(shape.begin(), shape.end());
  Value init = empty(shape, type);
  result.value = init;
  if (dims.inRegion())
    (void)unsupported("a function of the runtime in a loop or a branch");
  if (failed() || llvm::is_contained(inputs, Value()))
    return result;
  std::string name = (kHostFunctionPrefix + function).str();
  auto module = b.getBlock()->getParentOp()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(name)) {
    OpBuilder declare = OpBuilder::atBlockBegin(module.getBody());
    auto declaration = func::FuncOp::create(declare, b.getLoc(), name,
                                            b.getFunctionType({}, {}));
    declaration.setPrivate();
  }
  auto dispatch = DispatchOp::create(
      b, init.getType(), FlatSymbolRefAttr::get(b.getContext(), name), inputs,
      init);
  result.value = dispatch.getResult(0);
  return result;
}

Value Op::bytesOf(llvm::StringRef text) {
  auto type =
      RankedTensorType::get({static_cast<int64_t>(text.size())}, b.getI8Type());
  return arith::ConstantOp::create(
      b, DenseElementsAttr::getFromRawBuffer(
             type, llvm::ArrayRef<char>(text.data(), text.size())));
}

Data Op::stringConstant(llvm::ArrayRef<std::string> strings,
                        llvm::ArrayRef<Dim> shape) {
  std::string bytes;
  llvm::SmallVector<int64_t> ends;
  for (const std::string &string : strings) {
    bytes += string;
    ends.push_back(static_cast<int64_t>(bytes.size()));
  }
  auto type = RankedTensorType::get({static_cast<int64_t>(ends.size())},
                                    b.getI64Type());
  Value places = arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, llvm::ArrayRef<int64_t>(ends)));
  return callHost("string_literals", {bytesOf(bytes), places}, shape,
                  ElementType::String);
}

} // namespace orchestra::onnx
