//===- Table.h - The operators the importer lowers --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each family file adds its operators here. The importer looks them up, and the
// page of supported operators is printed from the same entries.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_FRONTEND_ONNX_TABLE_H
#define ORCHESTRA_LIB_FRONTEND_ONNX_TABLE_H

#include "Importer.h"

#include <map>

namespace orchestra::onnx {

struct OpFacts {
  /// The first version of the operator's schema that the lowering reads right.
  /// Older models are converted before; a node that stayed older is refused.
  int since = 1;
  /// What the lowering refuses, for the page of supported operators.
  const char *limits = "";
  /// Inputs that say sizes, axes and the like, one bit each: inputs of the
  /// model that end there are read before anything runs.
  unsigned sizes = 0;
};

/// A set of inputs, for OpFacts::sizes.
template <typename... Index> constexpr unsigned inputs(Index... index) {
  return ((1u << index) | ...);
}

struct OpEntry {
  OpFacts facts;
  Lowering lower = nullptr;
};

class Table {
public:
  /// Names of other domains than the standard one are "domain.name".
  void op(const char *name, OpFacts facts, Lowering lower) {
    entries[name] = {facts, lower};
  }
  const OpEntry *find(const std::string &domain, const std::string &op) const {
    auto entry = entries.find(domain.empty() ? op : domain + "." + op);
    return entry != entries.end() ? &entry->second : nullptr;
  }
  const std::map<std::string, OpEntry> &all() const { return entries; }

private:
  std::map<std::string, OpEntry> entries;
};

/// The table with all families.
const Table &opTable();

void addEinsum(Table &table);
void addElementwise(Table &table);
void addElementwiseMath(Table &table);
void addConvolution(Table &table);
void addConvTranspose(Table &table);
void addControl(Table &table);
void addCreation(Table &table);
void addDataMovement(Table &table);
void addGather(Table &table);
void addImageFiles(Table &table);
void addMatMul(Table &table);
void addNormalization(Table &table);
void addOrdering(Table &table);
void addPooling(Table &table);
void addQuantization(Table &table);
void addReduction(Table &table);
void addResize(Table &table);
void addScatter(Table &table);
void addSequence(Table &table);
void addShape(Table &table);
void addSlicing(Table &table);
void addAlgebra(Table &table);
void addClassical(Table &table);
void addClassifiers(Table &table);
void addMaps(Table &table);
void addDeformation(Table &table);
void addFourier(Table &table);
void addGridSample(Table &table);
void addRandom(Table &table);
void addRecurrent(Table &table);
void addRegions(Table &table);
void addSelection(Table &table);
void addStrings(Table &table);
void addSuppression(Table &table);
void addTextFeatures(Table &table);
void addTraining(Table &table);
void addTrees(Table &table);

} // namespace orchestra::onnx

#endif // ORCHESTRA_LIB_FRONTEND_ONNX_TABLE_H
