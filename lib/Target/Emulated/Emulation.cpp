//===- Emulation.cpp - Architectures, and calls of the emulated device ----===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Emulated/Emulation.h"

#include "orchestra/Support/Assert.h"
#include "orchestra/Target/Emulated/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace orchestra;
using namespace orchestra::emulated;

//===----------------------------------------------------------------------===//
// Architectures
//===----------------------------------------------------------------------===//

Architectures &Architectures::get(OrchestraDialect &dialect) {
  if (!dialect.getRegisteredInterface<Architectures>())
    dialect.addInterfaces<Architectures>();
  // The registry hands out constant interfaces; this one is its owner's to add
  // to, while the dialect loads.
  return *const_cast<Architectures *>(
      dialect.getRegisteredInterface<Architectures>());
}

const Architecture *Architectures::find(StringRef name) const {
  const auto *found = llvm::find_if(
      list, [&](const Architecture &known) { return known.name == name; });
  return found == list.end() ? nullptr : found;
}

const Architecture *Architectures::require(StringRef name, Location loc) const {
  const Architecture *found = find(name);
  if (!found) {
    InFlightDiagnostic error = emitError(loc, "there is no emulation of '")
                               << name << "' [unknown-target]";
    error.attachNote() << "there is: " << listNames();
  }
  return found;
}

std::string Architectures::listNames() const {
  SmallVector<StringRef> names;
  for (const Architecture &known : list)
    names.push_back(known.name);
  llvm::sort(names);
  return llvm::join(names, ", ");
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

std::string orchestra::emulated::describePlace(Location loc) {
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      if (!isa<UnknownLoc>(part))
        return describePlace(part);
    return "model";
  }
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return describePlace(call.getCallee());
  if (auto name = dyn_cast<NameLoc>(loc)) {
    // What file, and where in it, is the child's to say; the name says more.
    std::string file = describePlace(name.getChildLoc());
    return StringRef(file).split(':').first.str() + ":" + name.getName().str();
  }
  if (auto file = dyn_cast<FileLineColLoc>(loc))
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()))
        .str();
  return "model";
}

Value orchestra::emulated::getPlace(OpBuilder &builder, Operation *op,
                                    Location loc) {
  return getString(builder, op, loc, describePlace(loc));
}

Value orchestra::emulated::getString(OpBuilder &builder, Operation *op,
                                     Location loc, StringRef text) {
  auto module = op->getParentOfType<ModuleOp>();
  std::string name =
      "orch_text_" + llvm::utohexstr(llvm::xxh3_64bits(text), true);
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  if (!module.lookupSymbol(name)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    std::string bytes = (text + StringRef("\0", 1)).str();
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
    LLVM::GlobalOp::create(builder, module.getLoc(), type, /*isConstant=*/true,
                           LLVM::Linkage::Internal, name,
                           builder.getStringAttr(bytes));
  }
  return LLVM::AddressOfOp::create(builder, loc, pointer, name);
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Value orchestra::emulated::getItem(Operation *op) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  ORCH_ASSERT(function && function->hasAttr(kDeviceCodeAttrName),
              "device code stands in a function of the work item");
  return function.getArgument(0);
}

Value orchestra::emulated::callDevice(OpBuilder &builder, Operation *op,
                                      Location loc, StringRef function,
                                      Type result, ValueRange arguments) {
  auto module = op->getParentOfType<ModuleOp>();
  SmallVector<Value> values;
  for (Value value : arguments)
    values.push_back(value.getType().isIndex()
                         ? arith::IndexCastOp::create(
                               builder, loc, builder.getI64Type(), value)
                               .getResult()
                         : value);
  if (!module.lookupSymbol(function)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    Type returned =
        result ? result : LLVM::LLVMVoidType::get(builder.getContext());
    auto type = LLVM::LLVMFunctionType::get(
        returned, llvm::to_vector(ValueRange(values).getTypes()));
    LLVM::LLVMFuncOp::create(builder, module.getLoc(), function, type);
  }
  auto call = LLVM::CallOp::create(
      builder, loc, result ? TypeRange(result) : TypeRange(),
      FlatSymbolRefAttr::get(builder.getContext(), function), values);
  return result ? call.getResult() : Value();
}

int64_t orchestra::emulated::reserveShared(Operation *op, int64_t bytes) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    function = op->getParentOfType<FunctionOpInterface>();
  constexpr int64_t alignment = 128; // What the strictest copies want.
  auto used = function->getAttrOfType<IntegerAttr>(kSharedBytesAttrName);
  int64_t offset = llvm::alignTo(used ? used.getInt() : 0, alignment);
  function->setAttr(
      kSharedBytesAttrName,
      Builder(op->getContext()).getI64IntegerAttr(offset + bytes));
  return offset;
}

int64_t orchestra::emulated::getElementBytes(Type type) {
  if (type.isIndex())
    return 8;
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.getNumElements() * getElementBytes(vector.getElementType());
  return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

Value orchestra::emulated::getAddress(OpBuilder &builder, Location loc,
                                      Value memref, ValueRange indices) {
  auto type = cast<MemRefType>(memref.getType());
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  Value offset = metadata.getOffset();
  for (auto [index, stride] : llvm::zip_equal(indices, metadata.getStrides())) {
    Value step = arith::MulIOp::create(builder, loc, index, stride);
    offset = arith::AddIOp::create(builder, loc, offset, step);
  }
  Value size = arith::ConstantIndexOp::create(
      builder, loc, getElementBytes(type.getElementType()));
  Value bytes = arith::MulIOp::create(builder, loc, offset, size);
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(
      builder, loc, metadata.getBaseBuffer());
  return arith::AddIOp::create(builder, loc, base, bytes);
}

Value orchestra::emulated::getPointer(OpBuilder &builder, Location loc,
                                      Value memref, ValueRange indices) {
  Value address = getAddress(builder, loc, memref, indices);
  Value number =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
  return LLVM::IntToPtrOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), number);
}

Value orchestra::emulated::makeMemRef(OpBuilder &builder, Location loc,
                                      MemRefType type, Value pointer,
                                      ValueRange dynamicSizes) {
  ORCH_ASSERT(type.getLayout().isIdentity(), "the memory is dense");
  MLIRContext *ctx = builder.getContext();
  Type i64 = builder.getI64Type();
  int64_t rank = type.getRank();
  SmallVector<Type> fields{pointer.getType(), pointer.getType(), i64};
  if (rank > 0)
    fields.append(2, LLVM::LLVMArrayType::get(i64, rank));
  auto descriptorType = LLVM::LLVMStructType::getLiteral(ctx, fields);
  Value descriptor = LLVM::PoisonOp::create(builder, loc, descriptorType);
  auto set = [&](Value value, ArrayRef<int64_t> position) {
    if (value.getType().isIndex())
      value = arith::IndexCastOp::create(builder, loc, i64, value);
    descriptor =
        LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  set(pointer, {0});
  set(pointer, {1});
  set(arith::ConstantIndexOp::create(builder, loc, 0), {2});
  SmallVector<Value> sizes;
  for (int64_t dim = 0, next = 0; dim < rank; ++dim)
    sizes.push_back(
        type.isDynamicDim(dim)
            ? dynamicSizes[next++]
            : arith::ConstantIndexOp::create(builder, loc, type.getDimSize(dim))
                  .getResult());
  Value stride = arith::ConstantIndexOp::create(builder, loc, 1);
  for (int64_t dim = rank - 1; dim >= 0; --dim) {
    set(sizes[dim], {3, dim});
    set(stride, {4, dim});
    stride = arith::MulIOp::create(builder, loc, stride, sizes[dim]);
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, descriptor)
      .getResult(0);
}
