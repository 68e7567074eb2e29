//===- TargetRegistry.h - What is known about architectures -----*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A target describes its architectures as data: the keys that a task's `target`
// may have, and published figures. Verifiers, the scheduler and strategies ask
// the registry and name no vendor. lib/Target/*/architectures.json hold the
// data; docs/targets.md describes their form.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_SUPPORT_TARGETREGISTRY_H
#define ORCHESTRA_SUPPORT_TARGETREGISTRY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace orchestra {

/// One key of a dictionary that describes a device: its type and its limits.
struct TargetKey {
  enum class Type {
    Boolean,
    Integer,
    Number,
    String,
    Integers, ///< a list, none below zero
    Rates,    ///< element type -> operations a second
    Tables    ///< kind of kernel -> pairs of a size and a rate
  };

  std::string name;
  Type type = Type::Boolean;
  /// Limits of integers and numbers.
  std::optional<double> min, max;
  /// The only values allowed; empty: any.
  std::vector<llvm::json::Value> oneOf;
  /// What a task gets that does not say; null: nothing.
  llvm::json::Value defaultValue = nullptr;
  std::string summary;

  /// "an integer from 0 to 65536".
  std::string expects() const;
  bool accepts(const llvm::json::Value &value) const;
};

/// What a target says about one architecture.
struct TargetArch {
  std::string name;    ///< "amd_cdna3"
  std::string family;  ///< "amd"
  std::string product; ///< whose figures these are
  /// The task attribute that holds a kernel in the device's own language, such
  /// as "gcn_source"; empty: there is none.
  std::string inlineSource;
  /// Whether `orchestra compile` makes code for it.
  bool hasCodegen = false;
  /// Where the figures were published.
  std::vector<std::string> sources;
  /// Keys of a task's target, `arch` and `device_id` included, by name.
  std::vector<TargetKey> keys;
  /// Published figures; keys as getDeviceKeys() has them.
  llvm::json::Object figures;

  const TargetKey *findKey(llvm::StringRef name) const;
  /// The figure `name`, else the default of the key `name`, else null.
  const llvm::json::Value *lookup(llvm::StringRef name) const;
};

/// The keys that a device has beyond those of a task's target: figures, in
/// bytes, seconds, and operations or bytes a second.
llvm::ArrayRef<TargetKey> getDeviceKeys();

/// The names of element types in `peak_flops`.
llvm::ArrayRef<llvm::StringLiteral> getRateTypes();

/// The names of kinds of kernels in `kernel_rates`, which has all of them.
llvm::ArrayRef<llvm::StringLiteral> getKernelKinds();

/// All architectures that targets have registered, by name.
class TargetRegistry {
public:
  /// Adds the architectures of a description in JSON; `name` is for errors.
  /// Adds nothing if there is one.
  llvm::Error add(llvm::StringRef json, llvm::StringRef name);

  /// The architecture of that name, or null.
  const TargetArch *lookup(llvm::StringRef arch) const;
  llvm::ArrayRef<std::unique_ptr<TargetArch>> getArchs() const { return archs; }
  bool empty() const { return archs.empty(); }
  /// "\"aarch64\", \"amd_cdna3\", ...".
  std::string listArchs() const;

  /// What is wrong with a task's target, or with a device's description, one
  /// sentence each that begins with a verb; empty: nothing. A registry without
  /// architectures checks only what it can: `arch` and `device_id`.
  std::vector<std::string> check(const llvm::json::Object &target,
                                 bool isDevice) const;

private:
  std::vector<std::unique_ptr<TargetArch>> archs;
};

/// A device's dictionary with the figures of its architecture behind it.
class DeviceFigures {
public:
  /// Neither is copied. `arch` may be null.
  DeviceFigures(const llvm::json::Object &target, const TargetArch *arch)
      : target(target), arch(arch) {}

  /// The device's own value, else the architecture's, else null.
  const llvm::json::Value *lookup(llvm::StringRef key) const;
  std::optional<double> getNumber(llvm::StringRef key) const;
  /// Operations a second on elements of type `type`, such as "bf16". A type
  /// that has no figure runs as the next wider one that has.
  std::optional<double> getPeak(llvm::StringRef type) const;

private:
  const llvm::json::Object &target;
  const TargetArch *arch;
};

} // namespace orchestra

#endif // ORCHESTRA_SUPPORT_TARGETREGISTRY_H
