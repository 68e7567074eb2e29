//===- Artefact.cpp - Checks of a descriptor ------------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: everything that can be wrong with a descriptor is found here, once, at
//   load time, so that runs need not look again.
// Order: magic and version first, because nothing else means anything before
//   them; then the machine, because that is the user's most likely trouble.
//
//===----------------------------------------------------------------------===//
#include "Artefact.h"

#include "CPUFeatures.h"
#include "orchestra_runtime/device_set.h"
#include "orchestra_runtime/tensor.h"

#include <cstdio>
#include <cstring>

namespace orchestra::runtime {

namespace {

// More than any model has; a guard against garbage.
constexpr uint32_t maxTensors = 1u << 20;
constexpr uint32_t maxCalls = 1u << 24;

orch_status damaged(const char *origin, const char *what) {
  return orch_set_error(
      ORCH_ERROR_BAD_ARTEFACT,
      "%s: error: the artefact's descriptor is damaged [artefact-damaged]\n"
      "  note: %s\n  help: compile the model again",
      origin, what);
}

orch_status checkTensors(const orch_tensor_info *infos, uint32_t count,
                         const char *kind, const char *origin) {
  char what[256];
  if (count > maxTensors || (count && !infos))
    return damaged(origin, "the list of inputs or outputs is missing");
  for (uint32_t i = 0; i < count; ++i) {
    const orch_tensor_info &info = infos[i];
    auto report = [&](const char *problem) {
      snprintf(what, sizeof(what), "%s %u %s", kind, i, problem);
      return damaged(origin, what);
    };
    if (!info.name)
      return report("has no name");
    if (orch_dtype_bits(info.dtype) == 0)
      return report("has an unknown element type");
    if (info.rank > ORCH_MAX_RANK) {
      return orch_set_error(
          ORCH_ERROR_UNSUPPORTED,
          "%s:/%s: error: rank %u is above %d, the highest the runtime takes "
          "[rank-limit]",
          origin, info.name, info.rank, ORCH_MAX_RANK);
    }
    if (info.rank && !info.dims)
      return report("has no dims");
    for (uint32_t d = 0; d < info.rank; ++d)
      if (info.dims[d] < -1)
        return report("has a negative dim");
  }
  return ORCH_OK;
}

orch_status checkTarget(const orch_artefact &artefact, const char *origin) {
  const char *host = hostArchitecture();
  if (artefact.target && *artefact.target &&
      strncmp(artefact.target, host, strlen(host)) != 0)
    return orch_set_error(
        ORCH_ERROR_UNSUPPORTED,
        "%s: error: the artefact is for another machine [wrong-architecture]\n"
        "  note: it was compiled for '%s'; this is %s",
        origin, artefact.target, host);

  if (artefact.num_required_features && !artefact.required_features)
    return damaged(origin, "the list of required features is missing");
  char missing[512] = "";
  size_t used = 0;
  for (uint32_t i = 0; i < artefact.num_required_features; ++i) {
    const char *name = artefact.required_features[i];
    if (!name)
      return damaged(origin, "a required feature has no name");
    int has = cpuHasFeature(name);
    if (has < 0)
      return orch_set_error(
          ORCH_ERROR_UNSUPPORTED,
          "%s: error: the artefact needs a CPU feature this runtime does not "
          "know: %s [cpu-feature]\n  note: this is runtime %s\n"
          "  help: use the runtime that came with the compiler (%s)",
          origin, name, orch_runtime_version(),
          artefact.producer ? artefact.producer : "unknown");
    if (has == 0 && used < sizeof(missing) - 1)
      used += size_t(snprintf(missing + used, sizeof(missing) - used, "%s%s",
                              used ? ", " : "", name));
  }
  if (used)
    return orch_set_error(
        ORCH_ERROR_UNSUPPORTED,
        "%s: error: this CPU lacks features the artefact needs: %s "
        "[cpu-feature]\n  note: it was compiled for '%s'\n"
        "  help: compile the model for this machine",
        origin, missing, artefact.target ? artefact.target : "unknown");
  for (uint32_t i = 0; i < artefact.num_required_features; ++i)
    if (!enableFeature(artefact.required_features[i]))
      return orch_set_error(
          ORCH_ERROR_UNSUPPORTED,
          "%s: error: the system does not let this process use %s "
          "[cpu-feature]\n  note: the kernel refused the request for the "
          "registers it needs",
          origin, artefact.required_features[i]);
  return ORCH_OK;
}

orch_status checkDevices(const orch_artefact &artefact, const char *origin) {
  if (artefact.num_devices < 1 || artefact.num_devices > ORCH_MAX_DEVICES ||
      !artefact.devices)
    return damaged(origin, "the list of devices is missing");
  if (artefact.num_tasks > maxCalls || artefact.num_events > maxCalls ||
      (artefact.num_tasks && !artefact.tasks))
    return damaged(origin, "the list of tasks is missing");
  for (uint32_t i = 0; i < artefact.num_devices; ++i) {
    const orch_device_slot &slot = artefact.devices[i];
    if (!slot.name || !slot.arch || slot.num_commands > maxCalls)
      return damaged(origin, "a device is not described");
    if (strcmp(slot.arch, hostArchitecture()) != 0)
      return orch_set_error(ORCH_ERROR_UNSUPPORTED,
                            "%s: error: the artefact uses a device that this "
                            "runtime cannot drive "
                            "[wrong-architecture]\n  note: device '%s' is '%s'",
                            origin, slot.name, slot.arch);
  }
  for (uint32_t i = 0; i < artefact.num_tasks; ++i)
    if (artefact.tasks[i].device >= artefact.num_devices)
      return damaged(origin, "a task is on a device that there is not");
  return ORCH_OK;
}

} // namespace

orch_status checkArtefact(const orch_artefact *artefact, const char *origin) {
  if (!artefact)
    return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                          "%s: error: the descriptor is null "
                          "[invalid-argument]",
                          origin);
  if (artefact->magic != ORCH_ARTEFACT_MAGIC)
    return orch_set_error(
        ORCH_ERROR_BAD_ARTEFACT,
        "%s: error: this is not a compiled model [not-an-artefact]\n"
        "  note: its descriptor starts with 0x%08x instead of 0x%08x",
        origin, artefact->magic, ORCH_ARTEFACT_MAGIC);
  if (artefact->abi_version != ORCH_ARTEFACT_ABI_VERSION)
    return orch_set_error(
        ORCH_ERROR_VERSION,
        "%s: error: the artefact was made for another version of the runtime "
        "[artefact-version]\n  note: it has ABI version %u, runtime %s has %u\n"
        "  help: %s",
        origin, artefact->abi_version, orch_runtime_version(),
        ORCH_ARTEFACT_ABI_VERSION,
        artefact->abi_version > ORCH_ARTEFACT_ABI_VERSION
            ? "use a newer runtime"
            : "compile the model again");
  // Fields are only appended: a newer artefact may be larger, never smaller.
  bool devices = artefact->flags & ORCH_ARTEFACT_USES_DEVICES;
  bool onDevice = artefact->flags & ORCH_ARTEFACT_ON_DEVICE;
  size_t least = onDevice  ? sizeof(orch_artefact)
                 : devices ? offsetof(orch_artefact, accelerator)
                           : ORCH_ARTEFACT_BASE_SIZE;
  if (artefact->struct_size < least)
    return damaged(origin, "the descriptor is too small for its version");
  if (artefact->flags &
      ~(ORCH_ARTEFACT_SIZES_FROM_VALUES | ORCH_ARTEFACT_USES_DEVICES |
        ORCH_ARTEFACT_COMPUTES_SIZES | ORCH_ARTEFACT_CALLS_HOST |
        ORCH_ARTEFACT_ON_DEVICE))
    return orch_set_error(
        ORCH_ERROR_VERSION,
        "%s: error: the artefact was made for another version "
        "of the runtime [artefact-version]\n  note: it has "
        "flags 0x%x, which runtime %s does not know",
        origin, artefact->flags, orch_runtime_version());
  if (orch_status status = checkTarget(*artefact, origin))
    return status;

  if (!artefact->resolve || !artefact->run)
    return damaged(origin, "an entry point is missing");
  if (orch_status status =
          checkTensors(artefact->inputs, artefact->num_inputs, "input", origin))
    return status;
  if (orch_status status = checkTensors(
          artefact->outputs, artefact->num_outputs, "output", origin))
    return status;
  if (artefact->num_calls > maxCalls ||
      (artefact->num_calls && !artefact->calls))
    return damaged(origin, "the list of kernel calls is missing");
  if (devices)
    if (orch_status status = checkDevices(*artefact, origin))
      return status;
  if (onDevice && (!artefact->accelerator || !artefact->accelerator_arch ||
                   devices || artefact->flags & ORCH_ARTEFACT_CALLS_HOST))
    return damaged(origin, "its device is missing, or cannot do what it asks");
  if (artefact->weights && artefact->weights_file)
    return damaged(origin, "its weights are both inside and external");
  if (artefact->weights_file && !artefact->weights_hash)
    return damaged(origin, "its external weights have no hash");
  if (!artefact->weights && !artefact->weights_file &&
      artefact->weights_size != 0)
    return damaged(origin, "its weights are missing");
  if (reinterpret_cast<uintptr_t>(artefact->weights) % ORCH_BUFFER_ALIGNMENT)
    return damaged(origin, "its weights are not aligned");
  return ORCH_OK;
}

} // namespace orchestra::runtime
