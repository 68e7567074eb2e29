//===- Tensor.h - Data that goes into and comes out of a model --*- C++ -*-===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: a dense tensor in host memory, and its way from and to files.
//
//===----------------------------------------------------------------------===//
#ifndef ORCHESTRA_DRIVER_TENSOR_H
#define ORCHESTRA_DRIVER_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace orchestra {

/// An input or output as a model declares it.
struct TensorDecl {
  std::string name;
  uint32_t dtype = 0;                ///< orch_dtype
  std::vector<int64_t> dims;         ///< -1: dynamic
  std::vector<std::string> dimNames; ///< one for each dim, "" unnamed

  /// "f32[batch,3,224,224]"
  std::string describe() const;
};

/// A dense row-major tensor; copies share the memory.
class Tensor {
public:
  Tensor() = default;
  /// Memory that is not initialised.
  static llvm::Expected<Tensor> allocate(uint32_t dtype,
                                         std::vector<int64_t> dims);

  /// A tensor of strings.
  static llvm::Expected<Tensor> ofStrings(std::vector<int64_t> dims,
                                          llvm::ArrayRef<std::string> strings);
  /// Memory that somebody else made, dense and row-major.
  static Tensor over(uint32_t dtype, std::vector<int64_t> dims,
                     std::shared_ptr<char> data);

  uint32_t getDtype() const { return dtype; }
  const std::vector<int64_t> &getDims() const { return dims; }
  int64_t getNumElements() const { return numElements; }
  uint64_t getNumBytes() const { return numBytes; }
  char *getData() const { return data.get(); }

  bool isStrings() const;
  /// Element `index` of a tensor of strings.
  llvm::StringRef getString(int64_t index) const;
  /// Element `index` as a double; strings, complex and packed types have none.
  double getElement(int64_t index) const;
  /// Rounds to the element type.
  void setElement(int64_t index, double value);

  /// The bits of element `index`, of a type of 8 bits or fewer.
  uint8_t getCode(int64_t index) const;
  void setCode(int64_t index, uint8_t code);

  /// The same elements in another shape of the same size.
  Tensor reshaped(std::vector<int64_t> newDims) const;

private:
  uint32_t dtype = 0;
  std::vector<int64_t> dims;
  int64_t numElements = 0;
  uint64_t numBytes = 0;
  std::shared_ptr<char> data;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// "f32[1,3,224,224]"
/// Whether elements of this type are floating-point numbers.
bool isFloatDtype(uint32_t dtype);
std::string describeType(uint32_t dtype, llvm::ArrayRef<int64_t> dims);

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// A NumPy array. `bytes` is a whole .npy file, `where` names it in errors.
llvm::Expected<Tensor> parseNpy(llvm::ArrayRef<char> bytes,
                                llvm::StringRef where);
llvm::Expected<Tensor> readNpy(llvm::StringRef path);
/// A whole .npy file. Types NumPy lacks are written as raw bytes ("V2"), those
/// of 8 bits and fewer as a byte an element ("V1").
std::vector<char> formatNpyHeader(const Tensor &tensor);
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor);

/// A NumPy archive, stored or compressed.
llvm::Expected<NamedTensors> readNpz(llvm::StringRef path);
llvm::Error writeNpz(llvm::StringRef path, const NamedTensors &tensors);

/// Elements without any header; dynamic dims of `spec` follow from the size
/// when there is one.
llvm::Expected<Tensor> readRaw(llvm::StringRef path, const TensorDecl &spec);

/// How a picture becomes a tensor.
struct ImageOptions {
  int64_t width = 0, height = 0; ///< 0: what the model says
  bool keepAspect = false;       ///< resize the short side, crop the middle
  /// Multiplies pixel values first; none: 1/255 for floats, 1 for integers.
  std::optional<double> scale;
  std::vector<double> mean;      ///< then subtracted, for each channel
  std::vector<double> deviation; ///< then divided by
  std::string layout;            ///< "nchw", "nhwc"; "": what the model says
  std::string channels;          ///< "rgb", "bgr", "gray"; "": by their number
};

/// A PNG or JPEG file as the input `spec` wants it.
llvm::Expected<Tensor> readImage(llvm::StringRef path, const TensorDecl &spec,
                                 const ImageOptions &options);

/// Values that look like data: normal for floats, small non-negative integers,
/// coin flips for bool. The same for the same seed on every machine.
llvm::Expected<Tensor> randomTensor(uint32_t dtype, std::vector<int64_t> dims,
                                    uint64_t seed);

//===----------------------------------------------------------------------===//
// Comparison
//===----------------------------------------------------------------------===//

/// The worst element of a comparison.
struct Difference {
  bool withinBounds = true;
  int64_t violations = 0; ///< elements beyond the bound
  int64_t index = -1;     ///< of the worst element, in row-major order
  double got = 0, wanted = 0;
  double maxAbsolute = 0;
  /// The largest difference, divided by the largest wanted magnitude.
  double relativeToScale = 0;
};

/// Compares element by element: |got - wanted| <= atol + rtol * |wanted|; equal
/// infinities match, NaN matches NaN. Fails when dims differ; `name` stands in
/// that error.
llvm::Expected<Difference> compare(const Tensor &got, const Tensor &wanted,
                                   double rtol, double atol,
                                   llvm::StringRef name = "");

} // namespace orchestra

#endif // ORCHESTRA_DRIVER_TENSOR_H
