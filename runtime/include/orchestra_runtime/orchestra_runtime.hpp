//===- orchestra_runtime.hpp - The runtime for C++ --------------*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the C interface with RAII, move semantics and C++ types. Header-only,
//   C++17; link liborchestra_runtime and nothing else.
// Errors: a failing call throws orchestra::runtime::Error, which carries the
//   status and the whole message. Code built without exceptions uses the C
//   interface.
// Ownership: Program and Pool are counted references: copies are cheap and mean
//   the same object. Context and Tensor are unique: they move.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_RUNTIME_ORCHESTRA_RUNTIME_HPP
#define ORCHESTRA_RUNTIME_ORCHESTRA_RUNTIME_HPP

#include "orchestra_runtime/orchestra_runtime.h"

#if !defined(__cpp_exceptions)
#error "orchestra_runtime.hpp needs exceptions; use orchestra_runtime.h instead"
#endif

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace orchestra::runtime {

/// A failed call; what() is the runtime's message.
class Error : public std::runtime_error {
public:
  Error(orch_status status, const std::string &message)
      : std::runtime_error(message), code(status) {}
  orch_status status() const { return code; }

private:
  orch_status code;
};

/// Throws unless `status` is ORCH_OK.
inline void check(orch_status status) {
  if (status != ORCH_OK)
    throw Error(status, orch_last_error());
}

/// The orch_dtype of a C++ type.
template <typename T> constexpr orch_dtype dtypeOf() {
  if constexpr (std::is_same_v<T, float>)
    return ORCH_DTYPE_F32;
  else if constexpr (std::is_same_v<T, double>)
    return ORCH_DTYPE_F64;
  else if constexpr (std::is_same_v<T, bool>)
    return ORCH_DTYPE_BOOL;
  else {
    static_assert(std::is_integral_v<T> && sizeof(T) <= 8,
                  "name the element type: no orch_dtype has this C++ type");
    constexpr bool isSigned = std::is_signed_v<T>;
    switch (sizeof(T)) {
    case 1:
      return isSigned ? ORCH_DTYPE_I8 : ORCH_DTYPE_U8;
    case 2:
      return isSigned ? ORCH_DTYPE_I16 : ORCH_DTYPE_U16;
    case 4:
      return isSigned ? ORCH_DTYPE_I32 : ORCH_DTYPE_U32;
    default:
      return isSigned ? ORCH_DTYPE_I64 : ORCH_DTYPE_U64;
    }
  }
}

using Dims = std::vector<int64_t>;

/// Data with a type and dims: the caller's memory (a view) or a counted buffer.
class Tensor {
public:
  /// An empty place that a run fills.
  Tensor() = default;
  /// Takes over the reference that `tensor` holds.
  explicit Tensor(const orch_tensor &tensor) : value(tensor) {}
  Tensor(Tensor &&other) noexcept
      : value(std::exchange(other.value, orch_tensor{})) {}
  Tensor &operator=(Tensor &&other) noexcept {
    std::swap(value, other.value);
    return *this;
  }
  ~Tensor() { orch_tensor_release(&value); }

  /// A dense view of the caller's memory, which must outlive it.
  static Tensor view(void *data, orch_dtype dtype, const Dims &dims) {
    checkRank(dims);
    return Tensor(
        orch_tensor_view(data, dtype, uint32_t(dims.size()), dims.data()));
  }
  template <typename T> static Tensor view(T *data, const Dims &dims) {
    using Element = std::remove_const_t<T>;
    Tensor tensor = view(const_cast<Element *>(data), dtypeOf<Element>(), dims);
    if constexpr (std::is_const_v<T>)
      tensor.value.flags |= ORCH_TENSOR_READ_ONLY;
    return tensor;
  }
  /// New memory, not initialised.
  static Tensor allocate(orch_dtype dtype, const Dims &dims,
                         const orch_allocator *allocator = nullptr) {
    checkRank(dims);
    Tensor tensor;
    check(orch_tensor_allocate(dtype, uint32_t(dims.size()), dims.data(),
                               allocator, &tensor.value));
    return tensor;
  }
  template <typename T>
  static Tensor allocate(const Dims &dims,
                         const orch_allocator *allocator = nullptr) {
    return allocate(dtypeOf<T>(), dims, allocator);
  }
  /// New memory with a copy of `values`, as many as `dims` has elements.
  template <typename T>
  static Tensor copyOf(const std::vector<T> &values, const Dims &dims) {
    Tensor tensor = allocate<T>(dims);
    if (int64_t(values.size()) != tensor.size())
      throw Error(ORCH_ERROR_INVALID_ARGUMENT,
                  "error: there are " + std::to_string(values.size()) +
                      " values for " + std::to_string(tensor.size()) +
                      " elements [invalid-argument]");
    std::copy(values.begin(), values.end(), tensor.data<T>());
    return tensor;
  }

  /// Another handle to the same memory.
  Tensor share() const {
    orch_buffer_retain(value.buffer);
    return Tensor(value);
  }

  orch_dtype dtype() const { return orch_dtype(value.dtype); }
  uint32_t rank() const { return value.rank; }
  Dims dims() const { return Dims(value.dims, value.dims + value.rank); }
  int64_t dim(uint32_t index) const { return value.dims[index]; }
  /// Elements.
  int64_t size() const {
    int64_t elements = 0;
    check(orch_tensor_size(&value, &elements, nullptr));
    return elements;
  }
  uint64_t bytes() const {
    uint64_t bytes = 0;
    check(orch_tensor_size(&value, nullptr, &bytes));
    return bytes;
  }

  void *data() const { return value.data; }
  /// Throws when the elements are not of type T.
  template <typename T> T *data() const {
    if (dtypeOf<std::remove_const_t<T>>() != value.dtype)
      throw Error(ORCH_ERROR_MISMATCH,
                  std::string("error: the elements are ") +
                      orch_dtype_name(value.dtype) + ", not " +
                      orch_dtype_name(dtypeOf<std::remove_const_t<T>>()) +
                      " [tensor-type]");
    return static_cast<T *>(value.data);
  }
  /// The elements of a dense tensor, to iterate over.
  template <typename T> std::vector<T> values() const {
    if (value.flags & ORCH_TENSOR_STRIDED)
      throw Error(ORCH_ERROR_UNSUPPORTED,
                  "error: the tensor has strides [invalid-argument]");
    const T *first = data<const T>();
    return std::vector<T>(first, first + size());
  }

  /// The caller hands the result on or calls its deleter.
  DLManagedTensorVersioned *toDLPack() const {
    DLManagedTensorVersioned *managed = nullptr;
    check(orch_tensor_to_dlpack(&value, &managed));
    return managed;
  }
  static Tensor fromDLPack(DLManagedTensorVersioned *managed) {
    Tensor tensor;
    check(orch_tensor_from_dlpack(managed, &tensor.value));
    return tensor;
  }
  static Tensor fromDLPack(DLManagedTensor *managed) {
    Tensor tensor;
    check(orch_tensor_from_dlpack_legacy(managed, &tensor.value));
    return tensor;
  }

  /// The C structure; it stays this tensor's.
  orch_tensor &raw() { return value; }
  const orch_tensor &raw() const { return value; }
  /// Gives the C structure and its reference away.
  orch_tensor release() { return std::exchange(value, orch_tensor{}); }

private:
  static void checkRank(const Dims &dims) {
    if (dims.size() > ORCH_MAX_RANK)
      throw Error(ORCH_ERROR_UNSUPPORTED,
                  "error: rank " + std::to_string(dims.size()) +
                      " is above the runtime's highest [rank-limit]");
  }
  orch_tensor value = {};
};

static_assert(sizeof(Tensor) == sizeof(orch_tensor) &&
                  std::is_standard_layout_v<Tensor>,
              "arrays of tensors are passed to C as they are");

/// A counted reference to a C handle.
template <typename Handle, void (*retain)(Handle *), void (*drop)(Handle *)>
class Reference {
public:
  Reference() = default;
  /// Takes over one reference.
  explicit Reference(Handle *handle) : handle(handle) {}
  Reference(const Reference &other) : handle(other.handle) { retain(handle); }
  Reference(Reference &&other) noexcept
      : handle(std::exchange(other.handle, nullptr)) {}
  Reference &operator=(Reference other) noexcept {
    std::swap(handle, other.handle);
    return *this;
  }
  ~Reference() { drop(handle); }

  Handle *get() const { return handle; }
  explicit operator bool() const { return handle != nullptr; }

private:
  Handle *handle = nullptr;
};

/// Threads that contexts share.
class Pool : public Reference<orch_pool, orch_pool_retain, orch_pool_release> {
public:
  using Reference::Reference;
  /// `threads` with the caller; 0: one for each CPU.
  explicit Pool(int32_t threads) : Pool(make(threads)) {}

  int32_t threads() const { return orch_pool_num_threads(get()); }

  /// Calls body(begin, end) on slices of [0, count); it must not throw.
  template <typename Body>
  void parallelFor(int64_t count, int64_t grain, Body &&body) const {
    using Plain = std::remove_reference_t<Body>;
    auto call = [](orch_exec *, void *env, int64_t begin, int64_t end) {
      (*static_cast<Plain *>(env))(begin, end);
    };
    orch_pool_parallel_for(
        get(), count, grain, call,
        const_cast<void *>(static_cast<const void *>(std::addressof(body))));
  }

private:
  static Pool make(int32_t threads) {
    orch_pool_options options = ORCH_POOL_OPTIONS_INIT;
    options.num_threads = threads;
    orch_pool *pool = nullptr;
    check(orch_pool_create(&options, &pool));
    return Pool(pool);
  }
};

/// A loaded model; immutable.
class Program : public Reference<orch_program, orch_program_retain,
                                 orch_program_release> {
public:
  using Reference::Reference;

  /// From an artefact file, with its weights at `weights` (empty: beside it).
  static Program load(const std::string &path,
                      const std::string &weights = {}) {
    orch_program_options options = ORCH_PROGRAM_OPTIONS_INIT;
    options.weights_path = weights.empty() ? nullptr : weights.c_str();
    orch_program *program = nullptr;
    check(orch_program_load(path.c_str(), &options, &program));
    return Program(program);
  }
  /// From a descriptor in this process; see orch_program_from_artefact.
  static Program fromArtefact(const orch_artefact &artefact,
                              const orch_program_options *options = nullptr) {
    orch_program *program = nullptr;
    check(orch_program_from_artefact(&artefact, options, &program));
    return Program(program);
  }

  std::string_view name() const { return orch_program_name(get()); }
  std::string_view metadata() const { return orch_program_metadata(get()); }
  const orch_artefact &artefact() const {
    return *orch_program_artefact(get());
  }

  uint32_t numInputs() const { return orch_program_num_inputs(get()); }
  uint32_t numOutputs() const { return orch_program_num_outputs(get()); }
  const orch_tensor_info &input(uint32_t index) const {
    return checked(orch_program_input(get(), index));
  }
  const orch_tensor_info &output(uint32_t index) const {
    return checked(orch_program_output(get(), index));
  }
  /// The place of a name; throws when the model does not have it.
  uint32_t inputIndex(const std::string &name) const {
    return found(orch_program_find_input(get(), name.c_str()), name);
  }
  uint32_t outputIndex(const std::string &name) const {
    return found(orch_program_find_output(get(), name.c_str()), name);
  }
  uint32_t numCalls() const { return orch_program_num_calls(get()); }
  const orch_call_info &call(uint32_t index) const {
    return checked(orch_program_call(get(), index));
  }

private:
  template <typename T> static const T &checked(const T *pointer) {
    if (!pointer)
      throw Error(ORCH_ERROR_INVALID_ARGUMENT,
                  "error: the index is out of range [invalid-argument]");
    return *pointer;
  }
  uint32_t found(int32_t index, const std::string &name) const {
    if (index < 0)
      throw Error(ORCH_ERROR_NOT_FOUND,
                  std::string(orch_program_origin(get())) +
                      ": error: the model has nothing named '" + name +
                      "' [unknown-name]");
    return uint32_t(index);
  }
};

/// orch_context_options with C++ types.
struct ContextOptions {
  int32_t threads = 0; ///< with the caller; 0: all of the pool, or all CPUs
  Pool pool;           ///< empty: one of its own
  bool profiling = false;
  bool poisonArena = false;
  void *arena = nullptr; ///< null: allocated by the context
  uint64_t arenaSize = 0;
  const orch_allocator *allocator = nullptr;
};

/// What runs a program, on one thread at a time.
class Context {
public:
  explicit Context(const Program &program, const ContextOptions &given = {}) {
    orch_context_options options = ORCH_CONTEXT_OPTIONS_INIT;
    if (given.profiling)
      options.flags |= ORCH_CONTEXT_PROFILING;
    if (given.poisonArena)
      options.flags |= ORCH_CONTEXT_POISON_ARENA;
    options.num_threads = given.threads;
    options.pool = given.pool.get();
    options.arena = given.arena;
    options.arena_size = given.arenaSize;
    options.allocator = given.allocator;
    orch_context *context = nullptr;
    check(orch_context_create(program.get(), &options, &context));
    handle.reset(context);
  }

  /// Runs with outputs that the runtime allocates.
  std::vector<Tensor> run(const std::vector<Tensor> &inputs) {
    std::vector<Tensor> outputs(program().numOutputs());
    run(inputs, outputs);
    return outputs;
  }
  /// Runs into `outputs`: each is either filled in place or, when it is empty,
  /// allocated.
  void run(const std::vector<Tensor> &inputs, std::vector<Tensor> &outputs) {
    check(orch_context_run(get(), first(inputs), uint32_t(inputs.size()),
                           first(outputs), uint32_t(outputs.size())));
  }

  /// The outputs' types and dims for these inputs (no data needed).
  std::vector<Tensor> resolve(const std::vector<Tensor> &inputs,
                              uint64_t *arenaBytes = nullptr) {
    std::vector<Tensor> outputs(program().numOutputs());
    check(orch_context_resolve(get(), first(inputs), uint32_t(inputs.size()),
                               first(outputs), uint32_t(outputs.size()),
                               arenaBytes));
    return outputs;
  }

  Program program() const {
    orch_program *program = orch_context_program(get());
    orch_program_retain(program);
    return Program(program);
  }
  int32_t threads() const { return orch_context_num_threads(get()); }
  void setArena(void *arena, uint64_t size) {
    check(orch_context_set_arena(get(), arena, size));
  }

  void setProfiling(bool on) { check(orch_context_set_profiling(get(), on)); }
  void resetProfile() { orch_context_reset_profile(get()); }
  orch_call_profile callProfile(uint32_t call) const {
    orch_call_profile profile;
    check(orch_context_call_profile(get(), call, &profile));
    return profile;
  }
  orch_call_profile runProfile() const {
    orch_call_profile profile;
    check(orch_context_run_profile(get(), &profile));
    return profile;
  }

  orch_context *get() const { return handle.get(); }

private:
  static const orch_tensor *first(const std::vector<Tensor> &tensors) {
    return tensors.empty() ? nullptr : &tensors.front().raw();
  }
  static orch_tensor *first(std::vector<Tensor> &tensors) {
    return tensors.empty() ? nullptr : &tensors.front().raw();
  }
  struct Destroy {
    void operator()(orch_context *context) const {
      orch_context_destroy(context);
    }
  };
  std::unique_ptr<orch_context, Destroy> handle;
};

} // namespace orchestra::runtime

#endif // ORCHESTRA_RUNTIME_ORCHESTRA_RUNTIME_HPP
