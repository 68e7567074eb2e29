//===- Table.cpp - All families of operators ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Table.h"
#include "Reader.h"

#include "orchestra/Frontend/ONNX.h"

#include "llvm/Support/raw_ostream.h"

namespace orchestra::onnx {

const Table &opTable() {
  static const Table table = [] {
    Table all;
    addAlgebra(all);
    addEinsum(all);
    addElementwise(all);
    addElementwiseMath(all);
    addConvolution(all);
    addConvTranspose(all);
    addClassical(all);
    addClassifiers(all);
    addMaps(all);
    addControl(all);
    addCreation(all);
    addDataMovement(all);
    addFourier(all);
    addGather(all);
    addGridSample(all);
    addImageFiles(all);
    addMatMul(all);
    addNormalization(all);
    addOrdering(all);
    addPooling(all);
    addQuantization(all);
    addRandom(all);
    addRecurrent(all);
    addReduction(all);
    addRegions(all);
    addResize(all);
    addScatter(all);
    addSelection(all);
    addSequence(all);
    addShape(all);
    addSlicing(all);
    addStrings(all);
    addSuppression(all);
    addTextFeatures(all);
    addTraining(all);
    addTrees(all);
    return all;
  }();
  return table;
}

void printSupportedOps(llvm::raw_ostream &os) {
  os << "# ONNX operators\n\n"
        "Generated from the importer's table by `orchestra-translate "
        "--list-onnx-ops`; do not edit.\n\n"
        "Models are converted to opset 28 first. *Since* is the first version "
        "of an operator that is read; older models are converted where the "
        "onnx library can. Operators that are not listed are supported if "
        "their definition is a function of listed ones.\n\n"
        "| Operator | Since | Not supported |\n|---|---|---|\n";
  for (const auto &[name, entry] : opTable().all())
    os << "| " << name << " | " << entry.facts.since << " | "
       << entry.facts.limits << " |\n";
  os << "\n## Operators of ONNX Runtime\n\n"
        "What its optimiser for transformers and its quantiser emit; the "
        "reader "
        "replaces them by operators of the standard.\n\n";
  for (const std::string &name : contribOperatorNames())
    os << "- " << name << "\n";
}

} // namespace orchestra::onnx
