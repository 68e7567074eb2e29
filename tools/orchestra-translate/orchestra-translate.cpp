//===- orchestra-translate.cpp - Runs one frontend alone ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Pipeline/Registration.h"

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

int main(int argc, char **argv) {
  orchestra::registerTranslations();
  return mlir::failed(
      mlir::mlirTranslateMain(argc, argv, "Orchestra's model importer\n"));
}
