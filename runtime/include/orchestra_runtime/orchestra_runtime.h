/*===- orchestra_runtime.h - All of the runtime's C interface --------------===*
 *
 * Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What: loads a compiled model and runs it. In the order of use: a program
 *   (program.h), a context (context.h), tensors (tensor.h, dlpack.h); pool.h
 *   and device.h for those who share threads or own other devices.
 * In C++, orchestra_runtime.hpp wraps this with RAII and exceptions.
 *
 *===----------------------------------------------------------------------===*/
#ifndef ORCHESTRA_RUNTIME_ORCHESTRA_RUNTIME_H
#define ORCHESTRA_RUNTIME_ORCHESTRA_RUNTIME_H

#include "orchestra_runtime/base.h"
#include "orchestra_runtime/context.h"
#include "orchestra_runtime/device.h"
#include "orchestra_runtime/device_set.h"
#include "orchestra_runtime/dlpack.h"
#include "orchestra_runtime/format.h"
#include "orchestra_runtime/pool.h"
#include "orchestra_runtime/program.h"
#include "orchestra_runtime/tensor.h"

#endif /* ORCHESTRA_RUNTIME_ORCHESTRA_RUNTIME_H */
