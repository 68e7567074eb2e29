//===- ContribQuantized.cpp - Quantised operators of com.microsoft --------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each is the standard's operator between DequantizeLinear and QuantizeLinear.
//
//===----------------------------------------------------------------------===//
#include "ContribBody.h"

using namespace orchestra::onnx;
using contrib::Body;

namespace {
/// to = real value of `from`, whose scale is `from`_scale and whose zero point,
/// if input `zero` is given, `from`_zero.
void dequantize(Body &b, const std::string &from, int zero,
                const std::string &to, int64_t axis = 1) {
  b.add(to + " = DequantizeLinear (" + from + ", " + from + "_scale" +
        (b.has(zero) ? ", " + from + "_zero)" : ")"));
  b.attribute("axis", axis);
}

/// `to`, of the type of `like`, from the real value `from`.
bool quantize(Body &b, const std::string &from, const std::string &to, int zero,
              const std::string &like) {
  if (b.has(zero))
    b.add(to + "_point = Identity (" + to + "_zero)");
  else
    b.scalarLike(to + "_point", 0, like);
  return b.add(to + " = QuantizeLinear (" + from + ", " + to + "_scale, " + to +
               "_point)");
}

/// One operator of one operand.
contrib::MakeBody unary(std::string op, std::vector<const char *> attributes) {
  return [op, attributes](Body &b) {
    dequantize(b, "X", 2, "x");
    b.add("y = " + op + " (x)");
    for (const char *attribute : attributes)
      b.pass(attribute);
    return quantize(b, "y", "Y", 4, "X");
  };
}

contrib::MakeBody binary(std::string op) {
  return [op](Body &b) {
    dequantize(b, "A", 2, "a");
    dequantize(b, "B", 5, "b");
    b.add("c = " + op + " (a, b)");
    return quantize(b, "c", "C", 7, "A");
  };
}

bool pool(Body &b, const std::string &op) {
  return b.only("channels_last", 0) &&
         unary(op, {"auto_pad", "ceil_mode", "count_include_pad",
                    "kernel_shape", "pads", "strides"})(b);
}

/// Inputs: scale and zero point of the result, then tensor, scale and zero
/// point of each part.
bool concat(Body &b, int numInputs) {
  std::string parts;
  for (int i = 2; i + 2 < numInputs; i += 3) {
    std::string part = "part" + std::to_string(i);
    b.add(part + " = DequantizeLinear (in" + std::to_string(i) + ", in" +
          std::to_string(i + 1) + ", in" + std::to_string(i + 2) + ")");
    parts += (parts.empty() ? "" : ", ") + part;
  }
  b.add("y = Concat (" + parts + ")");
  b.attribute("axis", b.integer("axis", 1));
  return b.add("Y = QuantizeLinear (y, in0, in1)");
}

/// alpha * (A B + C), where C counts in steps of A's and B's scales.
bool gemm(Body &b) {
  bool transB = b.integer("transB", 0) != 0;
  dequantize(b, "A", 2, "a");
  dequantize(b, "B", 5, "b", transB ? 0 : 1);
  b.add("product = Gemm (a, b)");
  b.attribute("transA", b.integer("transA", 0));
  b.attribute("transB", int64_t(transB));
  b.attribute("alpha", b.number("alpha", 1));
  if (b.has(6)) {
    b.scalarLike("factor", b.number("alpha", 1), "A_scale");
    b.add("steps = CastLike (C, A_scale)  scale = Mul (A_scale, B_scale)"
          "scaled = Mul (scale, factor)  added = Mul (steps, scaled)"
          "y = Add (product, added)");
  } else {
    b.add("y = Identity (product)");
  }
  return b.has(7) ? quantize(b, "y", "Y", 8, "A") : b.add("Y = Identity (y)");
}

/// y = (a - a_zero) (b - b_zero) * a_scale * b_scale + bias. Values: a, A_point
/// (if `hasZero`), A_step, and B with B_scale.
bool integerProduct(Body &b, bool hasZeroA, bool hasZeroB, bool hasBias) {
  std::string zeros;
  if (hasZeroA || hasZeroB) {
    zeros = hasZeroA ? ", A_point" : ", \"\"";
    if (hasZeroB)
      zeros += ", B_zero";
  }
  b.add("whole = MatMulInteger (quantized, B" + zeros +
        ")"
        "sum = CastLike (whole, A_step)  scale = Mul (A_step, B_scale)");
  return b.add(hasBias ? "y = Mul (sum, scale)  Y = Add (y, bias)"
                       : "Y = Mul (sum, scale)");
}

bool matMulIntegerToFloat(Body &b) {
  b.add("quantized = Identity (A)  A_step = Identity (A_scale)");
  if (b.has(4))
    b.add("A_point = Identity (A_zero)");
  return integerProduct(b, b.has(4), b.has(5), b.has(6));
}

bool dynamicQuantizeMatMul(Body &b) {
  b.add("quantized, A_step, A_point = DynamicQuantizeLinear (A)");
  return integerProduct(b, true, b.has(3), b.has(4));
}

/// Weights of 4 bits, two a byte, in blocks along K with a scale each: B is
/// N x blocks x bytes of a block.
bool matMulNBits(Body &b) {
  int64_t k = b.integer("K", 0), n = b.integer("N", 0);
  int64_t bits = b.integer("bits", 4), block = b.integer("block_size", 0);
  if (!b.positive("K") || !b.positive("N") || !b.positive("block_size"))
    return false;
  if (bits != 4 && bits != 8)
    return b.refuse("attribute 'bits' is " + std::to_string(bits) +
                    ", but only 4 and 8 are supported");
  if (b.has(4))
    return b.refuse("input 'g_idx' is not supported");
  int64_t blocks = (k + block - 1) / block;
  auto shape = [&](const char *name, std::vector<int64_t> dims) {
    b.add(std::string(name) + " = Constant ()");
    b.attribute("value_ints", dims);
  };
  /// The numbers in bytes `from`, rows x count of them, as rows x count x 1...
  auto unpack = [&](const std::string &from, const std::string &to,
                    const char *dims) {
    if (bits == 8) {
      b.add(to + " = Reshape (" + from + ", " + dims + ")");
      return;
    }
    b.add(to + "_low = BitwiseAnd (" + from + ", fifteen)" + to +
          "_high = BitShift <direction = \"RIGHT\"> (" + from + ", four)" + to +
          "_l = Unsqueeze (" + to + "_low, last)" + to + "_h = Unsqueeze (" +
          to + "_high, last)" + to + "_pairs = Concat <axis = -1> (" + to +
          "_l, " + to + "_h)" + to + " = Reshape (" + to + "_pairs, " + dims +
          ")");
  };
  shape("last", {-1});
  b.add("fifteen_i = Constant <value_int = 15> ()"
        "four_i = Constant <value_int = 4> ()"
        "fifteen = Cast <to = 2> (fifteen_i)  four = Cast <to = 2> (four_i)");
  shape("weights_shape", {n, blocks, block});
  unpack("B", "codes", "weights_shape");
  b.add("numbers = CastLike (codes, A)");
  if (b.has(3) && b.elementType(3) == pb::TensorProto::UINT8) {
    // A row's zero points fill whole bytes.
    int64_t padded = bits == 8 ? blocks : (blocks + 1) / 2 * 2;
    shape("bytes_shape", {n, padded * bits / 8});
    b.add("zero_bytes = Reshape (zero_points, bytes_shape)");
    shape("zeros_shape", {n, padded, 1});
    unpack("zero_bytes", "zero_codes", "zeros_shape");
    shape("begin", {0});
    shape("end", {blocks});
    shape("along", {1});
    b.add("zero_used = Slice (zero_codes, begin, end, along)"
          "zero = CastLike (zero_used, A)");
  } else if (b.has(3)) {
    shape("zeros_shape", {n, blocks, 1});
    b.add("zero_given = Reshape (zero_points, zeros_shape)"
          "zero = CastLike (zero_given, A)");
  } else {
    b.scalarLike("zero", bits == 8 ? 128 : 8, "A");
  }
  shape("scales_shape", {n, blocks, 1});
  b.add("scale = Reshape (scales, scales_shape)"
        "shifted = Sub (numbers, zero)  scaled = Mul (shifted, scale)");
  shape("rows_shape", {n, blocks * block});
  shape("from", {0});
  shape("to", {k});
  shape("columns", {1});
  b.add("padded = Reshape (scaled, rows_shape)"
        "rows = Slice (padded, from, to, columns)"
        "weights = Transpose <perm = [1, 0]> (rows)");
  return b.add(b.has(5)
                   ? "product = MatMul (A, weights)  Y = Add (product, bias)"
                   : "Y = MatMul (A, weights)");
}

/// The standard's operator under another domain, with its own default axis.
bool linear(Body &b, const std::string &op) {
  b.add("y = " + op + " (x, y_scale" + (b.has(2) ? ", y_zero_point)" : ")"));
  b.attribute("axis", b.integer("axis", 1));
  return true;
}
} // namespace

void contrib::addQuantized() {
  std::vector<const char *> one{"X", "X_scale", "X_zero?", "Y_scale",
                                "Y_zero?"};
  std::vector<const char *> two{"A",       "A_scale", "A_zero?", "B",
                                "B_scale", "B_zero?", "C_scale", "C_zero?"};
  add("QLinearAdd", two, {"C"}, {}, binary("Add"));
  add("QLinearMul", two, {"C"}, {}, binary("Mul"));
  add("QLinearSigmoid", one, {"Y"}, {}, unary("Sigmoid", {}));
  add("QLinearLeakyRelu", one, {"Y"}, {"alpha:float"},
      unary("LeakyRelu", {"alpha"}));
  add("QLinearSoftmax", one, {"Y"}, {"axis:int", "opset:int"}, [](Body &b) {
    if (b.integer("opset", 13) < 13)
      return b.refuse("attribute 'opset' is " +
                      std::to_string(b.integer("opset", 13)) +
                      ", but only 13 and later are supported");
    return unary("Softmax", {"axis"})(b);
  });
  add("QLinearGlobalAveragePool", one, {"Y"}, {"channels_last:int"},
      [](Body &b) { return pool(b, "GlobalAveragePool"); });
  add("QLinearAveragePool", one, {"Y"},
      {"auto_pad:string", "ceil_mode:int", "channels_last:int",
       "count_include_pad:int", "kernel_shape:ints", "pads:ints",
       "strides:ints"},
      [](Body &b) { return pool(b, "AveragePool"); });
  // Up to twelve parts.
  std::vector<std::string> names(38);
  std::vector<const char *> many(names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    names[i] = "in" + std::to_string(i) + (i < 2 ? "" : "?");
    many[i] = names[i].c_str();
  }
  add("QLinearConcat", many, {"Y"}, {"axis:int"}, [](Body &b) {
    int count = 2;
    while (count < 38 && b.has(count))
      ++count;
    if (count < 5)
      return b.refuse("there is nothing to join: it needs a tensor, its scale "
                      "and its zero point");
    return concat(b, count);
  });
  add("QGemm",
      {"A", "A_scale", "A_zero", "B", "B_scale", "B_zero", "C?", "Y_scale?",
       "Y_zero?"},
      {"Y"}, {"transA:int", "transB:int", "alpha:float"}, gemm);
  add("MatMulIntegerToFloat",
      {"A", "B", "A_scale", "B_scale", "A_zero?", "B_zero?", "bias?"}, {"Y"},
      {}, matMulIntegerToFloat);
  add("DynamicQuantizeMatMul", {"A", "B", "B_scale", "B_zero?", "bias?"}, {"Y"},
      {}, dynamicQuantizeMatMul);
  add("MatMulNBits", {"A", "B", "scales", "zero_points?", "g_idx?", "bias?"},
      {"Y"},
      {"K:int", "N:int", "bits:int", "block_size:int", "accuracy_level:int"},
      matMulNBits);
  add("QuantizeLinear", {"x", "y_scale", "y_zero_point?"}, {"y"}, {"axis:int"},
      [](Body &b) { return linear(b, "QuantizeLinear"); });
  add("DequantizeLinear", {"x", "y_scale", "y_zero_point?"}, {"y"},
      {"axis:int"}, [](Body &b) { return linear(b, "DequantizeLinear"); });
}
