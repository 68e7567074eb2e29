//===- Jit.h - Objects into this process ------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_LIB_DRIVER_JIT_H
#define ORCHESTRA_LIB_DRIVER_JIT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <vector>

struct orch_artefact;

namespace orchestra {

/// A piece of memory and what keeps it alive.
struct Bytes {
  llvm::ArrayRef<char> bytes;
  std::shared_ptr<const void> owner;
};

/// Objects linked into this process. The code goes away with the image.
class JitImage {
public:
  virtual ~JitImage();
  virtual const orch_artefact *getArtefact() const = 0;

  /// Links objects, the same that an artefact is linked of. `weightsSymbol`
  /// becomes the address of `weights`, which the image keeps alive.
  static llvm::Expected<std::unique_ptr<JitImage>>
  link(llvm::ArrayRef<Bytes> objects, llvm::StringRef weightsSymbol,
       Bytes weights);
};

} // namespace orchestra

#endif // ORCHESTRA_LIB_DRIVER_JIT_H
