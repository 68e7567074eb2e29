//===- orchestra-translate.cpp - Other forms to IR and back ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Pipeline/Registration.h"

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"

int main(int argc, char **argv) {
#ifdef ORCHESTRA_HAVE_ONNX
  orchestra::registerTranslations();
#endif
  orchestra::registerTopologyTranslations();
  return mlir::failed(
      mlir::mlirTranslateMain(argc, argv, "Orchestra's model importer\n"));
}
