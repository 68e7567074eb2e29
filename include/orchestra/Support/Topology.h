//===- Topology.h - A machine as data ---------------------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The devices of a machine and the links between them, and their form in JSON,
// which docs/topology.md describes. `orchestra.topology` says the same as IR.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_TOPOLOGY_H
#define ORCHESTRA_SUPPORT_TOPOLOGY_H

#include "orchestra/Support/TargetRegistry.h"

namespace orchestra {

struct Topology {
  struct Device {
    std::string name;
    /// `arch`, `device_id`, keys of the architecture, figures.
    llvm::json::Object target;

    llvm::StringRef getArch() const;
    /// 0 if absent.
    int64_t getId() const;
  };

  /// Works both ways, both at once.
  struct Link {
    std::string from, to;
    double bandwidth = 0; ///< bytes a second each way
    double latency = 0;   ///< seconds
  };

  std::string name = "machine";
  /// The first one is the host.
  std::vector<Device> devices;
  std::vector<Link> links;

  const Device *lookup(llvm::StringRef device) const;
};

/// Reads the JSON form. `file` stands at the start of error messages; the error
/// holds all problems, a line each.
llvm::Expected<Topology> parseTopology(llvm::StringRef text,
                                       llvm::StringRef file,
                                       const TargetRegistry &targets);

/// Writes the JSON form, devices a line each.
void printTopology(const Topology &topology, llvm::raw_ostream &os);

} // namespace orchestra

#endif // ORCHESTRA_SUPPORT_TOPOLOGY_H
