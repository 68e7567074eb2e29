//===- Devices.cpp - Accelerators of this machine -------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "orchestra/Target/Devices.h"

using namespace orchestra;

std::vector<FoundDevice> orchestra::findAccelerators() {
  std::vector<FoundDevice> found;
  nvidia::findDevices(found);
  amd::findDevices(found);
  return found;
}
