//===- DeviceSet.cpp - Core sets that work off queues ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the threads of a device set and how they find work.
// How: a stream is an array that its run fills and its device empties; a device
//   holds a list of the streams of all runs under way, oldest first, and runs
//   the first command that can run. The list is behind a lock, which is taken
//   to choose a stream, not for each command of it.
// Sleeping: `signal` counts up when a stream grows, and when an event happens
//   while the device is idle. A device says that it is `idle`, looks at its
//   streams again, and sleeps on `signal` only if it has not changed since
//   before that look; who signals writes first and looks at `idle` second. All
//   four are sequentially consistent, so one of the two sees the other.
// Ends: the last command of a stream wakes the run. It does so under the
//   device's lock, which the run takes to detach the stream, so that the run's
//   memory is there until the device is through with it.
//
//===----------------------------------------------------------------------===//
#include "DeviceSet.h"

#include "Futex.h"
#include "Program.h"
#include "orchestra_runtime/pool.h"

#include <cstdio>
#include <pthread.h>
#include <sched.h>

using namespace orchestra::runtime;

namespace {

struct alignas(64) Device {
  std::atomic<uint32_t> signal{0};
  alignas(64) std::atomic<uint32_t> idle{0};
  std::atomic<uint32_t> parked{0};
  std::atomic<uint32_t> numStreams{0};
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  Stream *oldest = nullptr;

  orch_device_set *set = nullptr;
  orch_pool *pool = nullptr;
  pthread_t thread = {};
  bool started = false;
  char name[64] = {};
  uint64_t memory = 0; // 0: no limit
  std::atomic<uint64_t> memoryTaken{0};

  void notify();
  void work();
  void drain(Stream &stream);
  Stream *pick();
};

class Lock {
public:
  explicit Lock(Device &device) : device(device) {
    pthread_mutex_lock(&device.lock);
  }
  ~Lock() { pthread_mutex_unlock(&device.lock); }
  Lock(const Lock &) = delete;
  Lock &operator=(const Lock &) = delete;

private:
  Device &device;
};

orch_status invalid(const char *what) {
  return orch_set_error(ORCH_ERROR_INVALID_ARGUMENT,
                        "error: %s [invalid-argument]", what);
}

} // namespace

struct orch_device_set {
  std::atomic<uint32_t> references{1};
  std::atomic<uint32_t> stopping{0};
  orch_allocator allocator = {};
  uint32_t numDevices = 0;
  Device *devices = nullptr;
  uint64_t spinNs = 0;       // of devices
  uint64_t callerSpinNs = 0; // of whoever waits for a run
  pid_t process = 0;
};

//===----------------------------------------------------------------------===//
// The threads
//===----------------------------------------------------------------------===//

bool Stream::isReady() const {
  if (taken == published.load(std::memory_order_acquire))
    return false;
  const Command &next = commands[taken];
  return next.kind != Command::Wait ||
         sync->events[next.index].load(std::memory_order_seq_cst) != 0 ||
         sync->failed->load(std::memory_order_relaxed) != 0;
}

void Device::notify() {
  signal.fetch_add(1, std::memory_order_seq_cst);
  if (parked.load(std::memory_order_seq_cst) != 0)
    futexWake(signal);
}

Stream *Device::pick() {
  Lock held(*this);
  for (Stream *stream = oldest; stream; stream = stream->newer)
    if (stream->isReady())
      return stream;
  return nullptr;
}

/// Runs commands of a stream until it must wait or another may be older.
void Device::drain(Stream &stream) {
  do {
    const Command command = stream.commands[stream.taken++];
    switch (command.kind) {
    case Command::Task:
    case Command::Copy:
      runCommand(stream, command);
      if (numStreams.load(std::memory_order_relaxed) > 1)
        return;
      break;
    case Command::Wait:
      break;
    case Command::Record:
      stream.sync->events[command.index].store(1, std::memory_order_seq_cst);
      for (uint32_t i = 0; i < set->numDevices; ++i)
        if (&set->devices[i] != this &&
            set->devices[i].idle.load(std::memory_order_seq_cst) != 0)
          set->devices[i].notify();
      break;
    case Command::End: {
      Lock held(*this);
      RunSync &sync = *stream.sync;
      sync.ended.fetch_add(1, std::memory_order_seq_cst);
      if (sync.sleeping.load(std::memory_order_seq_cst) != 0)
        futexWake(sync.ended);
      return;
    }
    }
  } while (stream.isReady());
}

void Device::work() {
  while (true) {
    uint32_t seen = signal.load(std::memory_order_seq_cst);
    Stream *stream = pick();
    if (!stream) {
      idle.store(1, std::memory_order_seq_cst);
      stream = pick();
    }
    if (stream) {
      idle.store(0, std::memory_order_relaxed);
      drain(*stream);
      continue;
    }
    if (set->stopping.load(std::memory_order_seq_cst) != 0)
      return;
    auto changed = [&] {
      return signal.load(std::memory_order_seq_cst) != seen;
    };
    if (!spinUntil(set->spinNs, changed)) {
      parked.store(1, std::memory_order_seq_cst);
      while (!changed())
        futexWait(signal, seen);
      parked.store(0, std::memory_order_relaxed);
    }
    idle.store(0, std::memory_order_relaxed);
  }
}

namespace orchestra::runtime {

void attachStream(orch_device_set &set, Stream &stream) {
  Device &device = set.devices[stream.device];
  stream.taken = 0;
  stream.newer = nullptr;
  stream.published.store(0, std::memory_order_relaxed);
  Lock held(device);
  Stream **end = &device.oldest;
  while (*end)
    end = &(*end)->newer;
  *end = &stream;
  device.numStreams.fetch_add(1, std::memory_order_relaxed);
}

void detachStream(orch_device_set &set, Stream &stream) {
  Device &device = set.devices[stream.device];
  Lock held(device);
  Stream **link = &device.oldest;
  while (*link != &stream)
    link = &(*link)->newer;
  *link = stream.newer;
  device.numStreams.fetch_sub(1, std::memory_order_relaxed);
}

bool appendCommand(orch_device_set &set, Stream &stream,
                   const Command &command) {
  uint32_t at = stream.published.load(std::memory_order_relaxed);
  // The last place is for the end.
  if (at + (command.kind != Command::End) >= stream.commands.size())
    return false;
  stream.commands[at] = command;
  stream.published.store(at + 1, std::memory_order_release);
  // A wait alone gives nobody anything to do.
  if (command.kind != Command::Wait)
    set.devices[stream.device].notify();
  return true;
}

void waitForEnds(orch_device_set &set, RunSync &sync, uint32_t count) {
  auto done = [&] {
    return sync.ended.load(std::memory_order_seq_cst) == count;
  };
  if (spinUntil(set.callerSpinNs, done))
    return;
  sync.sleeping.store(1, std::memory_order_seq_cst);
  while (true) {
    uint32_t value = sync.ended.load(std::memory_order_seq_cst);
    if (value == count)
      break;
    futexWait(sync.ended, value);
  }
  sync.sleeping.store(0, std::memory_order_relaxed);
}

orch_pool *poolOf(orch_device_set &set, uint32_t device) {
  return set.devices[device].pool;
}

orch_status takeMemory(orch_device_set &set, uint32_t index, uint64_t bytes,
                       const char *origin, const char *task) {
  Device &device = set.devices[index];
  uint64_t before =
      device.memoryTaken.fetch_add(bytes, std::memory_order_relaxed);
  if (device.memory == 0 ||
      (before <= device.memory && bytes <= device.memory - before))
    return ORCH_OK;
  giveMemory(set, index, bytes);
  return orch_set_error(
      ORCH_ERROR_OUT_OF_MEMORY,
      "%s: error: device '%s' has too little memory [out-of-memory]\n"
      "  note: %llu bytes are needed%s%s%s; it has %llu, of which %llu are in "
      "use",
      origin, device.name, static_cast<unsigned long long>(bytes),
      task ? ", most of them by task '" : "", task ? task : "", task ? "'" : "",
      static_cast<unsigned long long>(device.memory),
      static_cast<unsigned long long>(before));
}

void giveMemory(orch_device_set &set, uint32_t device, uint64_t bytes) {
  set.devices[device].memoryTaken.fetch_sub(bytes, std::memory_order_relaxed);
}

} // namespace orchestra::runtime

//===----------------------------------------------------------------------===//
// Making and ending sets
//===----------------------------------------------------------------------===//

namespace {

orch_status checkCores(const orch_core_set &cores, const cpu_set_t &allowed) {
  for (uint32_t i = 0; cores.cores && i < cores.num_cores; ++i) {
    int32_t core = cores.cores[i];
    if (core >= 0 && core < CPU_SETSIZE && CPU_ISSET(core, &allowed))
      continue;
    return orch_set_error(
        ORCH_ERROR_NOT_FOUND,
        "error: device '%s' is to run on CPU %d, which this process may not "
        "use [device-missing]\n  note: it may use %d CPUs\n"
        "  help: orchestra targets --emit-topology writes the devices that "
        "there are",
        cores.name, core, orch_cpu_count());
  }
  return ORCH_OK;
}

/// The pool's threads inherit the creator's CPUs, and are bound to them in
/// turn.
orch_status makePool(Device &device, const orch_core_set &cores,
                     const cpu_set_t &allowed, int32_t spin,
                     const orch_allocator &allocator) {
  orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
  options.num_threads = cores.num_cores ? int32_t(cores.num_cores) : 1;
  options.spin_us = spin;
  options.allocator = &allocator;
  bool pin = cores.cores && cores.num_cores > 1;
  if (pin) {
    cpu_set_t own;
    CPU_ZERO(&own);
    for (uint32_t i = 0; i < cores.num_cores; ++i)
      CPU_SET(cores.cores[i], &own);
    options.flags = ORCH_POOL_PIN;
    pin = sched_setaffinity(0, sizeof(own), &own) == 0;
  }
  orch_status status = orch_pool_create(&options, &device.pool);
  if (pin)
    sched_setaffinity(0, sizeof(allowed), &allowed);
  return status;
}

orch_status startThread(Device &device, const orch_core_set &cores) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (cores.cores && cores.num_cores) {
    // The first of the pool's CPUs, which are in ascending order.
    int32_t first = cores.cores[0];
    for (uint32_t i = 1; i < cores.num_cores; ++i)
      first = cores.cores[i] < first ? cores.cores[i] : first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    pthread_attr_setaffinity_np(&attributes, sizeof(one), &one);
  }
  auto entry = [](void *argument) -> void * {
    static_cast<Device *>(argument)->work();
    return nullptr;
  };
  int error = pthread_create(&device.thread, &attributes, entry, &device);
  pthread_attr_destroy(&attributes);
  if (error != 0)
    return orch_set_error(
        ORCH_ERROR_SYSTEM,
        "error: the system refused a thread [thread-creation]\n  note: for "
        "device '%s'; %s\n  help: raise the limit (ulimit -u)",
        device.name, strerror(error));
  device.started = true;
  char name[16];
  snprintf(name, sizeof(name), "orch-%.9s", device.name);
  pthread_setname_np(device.thread, name);
  return ORCH_OK;
}

orch_status startDevices(orch_device_set &set,
                         const orch_device_set_options &options) {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  sched_getaffinity(0, sizeof(allowed), &allowed);
  int32_t threads = 0, cpus = orch_cpu_count();
  for (uint32_t i = 0; i < set.numDevices; ++i) {
    const orch_core_set &cores = options.devices[i];
    if (!cores.name)
      return invalid("a device of the set has no name");
    if (cores.num_cores > ORCH_MAX_THREADS)
      return invalid("a device of the set has too many cores");
    if (orch_status status = checkCores(cores, allowed))
      return status;
    threads += cores.num_cores ? int32_t(cores.num_cores) : 1;
  }
  int32_t spin = options.spin_us;
  if (spin < 0)
    spin = threads > cpus ? 0 : defaultSpinMicroseconds;
  set.spinNs = uint64_t(spin) * 1000;
  // Whoever waits must not take a device's core.
  set.callerSpinNs = threads < cpus ? set.spinNs : 0;
  for (uint32_t i = 0; i < set.numDevices; ++i) {
    Device &device = set.devices[i];
    const orch_core_set &cores = options.devices[i];
    snprintf(device.name, sizeof(device.name), "%s", cores.name);
    device.set = &set;
    device.memory = cores.memory_bytes;
    if (orch_status status =
            makePool(device, cores, allowed, spin, set.allocator))
      return status;
  }
  for (uint32_t i = 0; i < set.numDevices; ++i)
    if (orch_status status = startThread(set.devices[i], options.devices[i]))
      return status;
  return ORCH_OK;
}

} // namespace

orch_status orch_device_set_create(const orch_device_set_options *options,
                                   orch_device_set **out) {
  if (!options || !out || options->struct_size != sizeof(*options))
    return invalid("orch_device_set_create needs options of this version and a "
                   "place for the set");
  if (options->num_devices < 1 || options->num_devices > ORCH_MAX_DEVICES ||
      !options->devices)
    return invalid("a device set has 1 to 64 devices");
  orch_allocator allocator = allocatorOrSystem(options->allocator);
  orch_device_set *set = create<orch_device_set>(allocator);
  if (!set)
    return outOfMemory(sizeof(orch_device_set), "a device set");
  set->allocator = allocator;
  set->process = getpid();
  size_t bytes = options->num_devices * sizeof(Device);
  set->devices =
      static_cast<Device *>(allocate(allocator, bytes, alignof(Device)));
  if (!set->devices) {
    orch_device_set_release(set);
    return outOfMemory(bytes, "a device set");
  }
  set->numDevices = options->num_devices;
  for (uint32_t i = 0; i < set->numDevices; ++i)
    new (&set->devices[i]) Device();
  if (orch_status status = startDevices(*set, *options)) {
    orch_device_set_release(set);
    return status;
  }
  *out = set;
  return ORCH_OK;
}

orch_status orch_device_set_for_program(const orch_program *program,
                                        const orch_allocator *allocator,
                                        orch_device_set **set) {
  if (!program || !(program->artefact->flags & ORCH_ARTEFACT_USES_DEVICES))
    return invalid("the program was not planned for several devices");
  const orch_artefact &artefact = *program->artefact;
  orch_core_set cores[ORCH_MAX_DEVICES] = {};
  for (uint32_t i = 0; i < artefact.num_devices; ++i) {
    const orch_device_slot &slot = artefact.devices[i];
    cores[i] = {slot.name, slot.cores, slot.num_cores, slot.memory_bytes};
  }
  orch_device_set_options options = ORCH_DEVICE_SET_OPTIONS_INIT;
  options.num_devices = artefact.num_devices;
  options.devices = cores;
  options.allocator = allocator;
  return orch_device_set_create(&options, set);
}

void orch_device_set_retain(orch_device_set *set) {
  if (set)
    set->references.fetch_add(1, std::memory_order_relaxed);
}

void orch_device_set_release(orch_device_set *set) {
  if (!set || set->references.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  set->stopping.store(1, std::memory_order_seq_cst);
  // A forked child has no such threads.
  bool sameProcess = set->process == getpid();
  for (uint32_t i = 0; i < set->numDevices; ++i) {
    Device &device = set->devices[i];
    if (device.started && sameProcess) {
      device.notify();
      pthread_join(device.thread, nullptr);
    }
  }
  for (uint32_t i = 0; i < set->numDevices; ++i) {
    orch_pool_release(set->devices[i].pool);
    set->devices[i].~Device();
  }
  if (set->devices)
    deallocate(set->allocator, set->devices, set->numDevices * sizeof(Device),
               alignof(Device));
  destroy(set->allocator, set);
}

uint32_t orch_device_set_count(const orch_device_set *set) {
  return set ? set->numDevices : 0;
}

const char *orch_device_set_name(const orch_device_set *set, uint32_t device) {
  return set && device < set->numDevices ? set->devices[device].name : nullptr;
}

int32_t orch_device_set_num_threads(const orch_device_set *set,
                                    uint32_t device) {
  return set && device < set->numDevices
             ? orch_pool_num_threads(set->devices[device].pool)
             : 0;
}
