//===- Registration.h - Every dialect and pass, in one place ----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_PIPELINE_REGISTRATION_H
#define ORCHESTRA_PIPELINE_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace orchestra {

/// Adds upstream's and Orchestra's dialects with all interface models and
/// transform extensions that the stages need. Loads nothing yet.
void registerDialects(mlir::DialectRegistry &registry);

/// Registers upstream's and Orchestra's passes and the `orchestra-stage-*`
/// pipelines with the global pass registry, for tools that parse pipelines.
void registerPasses();
/// Registers the frontends as translations (orchestra-translate); only in
/// builds with the ONNX frontend.
void registerTranslations();
/// Registers the translations between the forms of a machine's topology.
void registerTopologyTranslations();

} // namespace orchestra

#endif // ORCHESTRA_PIPELINE_REGISTRATION_H
