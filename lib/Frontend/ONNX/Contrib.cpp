//===- Contrib.cpp - ONNX Runtime's operators, by standard ones -----------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What: the operators of the domain com.microsoft that ONNX Runtime's optimiser
//   for transformers and its quantiser put into models, as schemas with bodies
//   of standard operators. The reader expands them like the functions of the
//   standard; what they were fused for, the compiler finds again by itself.
// Source: their semantics are those of the page ContribOperators.md of ONNX
//   Runtime; bodies are written for the standard's newest opset.
//
//===----------------------------------------------------------------------===//
#include "ContribBody.h"
#include "Reader.h"

#include <numeric>

using namespace orchestra::onnx;
using contrib::Body;

namespace {
//===----------------------------------------------------------------------===//
// Activations and norms
//===----------------------------------------------------------------------===//

bool gelu(Body &b) { return b.add("Y = Gelu (X)"); }

bool fastGelu(Body &b) {
  b.add(b.has(1) ? "Z = Add (X, bias)" : "Z = Identity (X)");
  return b.add("Y = Gelu <approximate = \"tanh\"> (Z)");
}

bool biasGelu(Body &b) { return b.add("Z = Add (A, B)  C = Gelu (Z)"); }

bool quickGelu(Body &b) {
  b.scalarLike("alpha_value", b.number("alpha", 1.702f), "X");
  return b.add("Z = Mul (X, alpha_value)  S = Sigmoid (Z)  Y = Mul (X, S)");
}

/// input + skip [+ bias], then a norm along the last dimension.
bool skipNorm(Body &b, bool simplified) {
  if (b.wants(1) || b.wants(2))
    return b.refuse("outputs 'mean' and 'inv_std_var', for training, are not "
                    "supported");
  int bias = simplified ? 3 : 4;
  b.add("added = Add (input, skip)");
  b.add(b.has(bias) ? "sum = Add (added, bias)" : "sum = Identity (added)");
  if (simplified)
    b.add("output = RMSNormalization <axis = -1> (sum, gamma)");
  else if (b.has(3))
    b.add("output = LayerNormalization <axis = -1> (sum, gamma, beta)");
  else
    b.add("output = LayerNormalization <axis = -1> (sum, gamma)");
  b.attribute("epsilon", b.number("epsilon", 1e-5f));
  return b.add("input_skip_bias_sum = Identity (sum)");
}

bool simplifiedNorm(Body &b) {
  b.add("Y = RMSNormalization (X, scale)");
  b.attribute("axis", b.integer("axis", -1));
  b.attribute("epsilon", b.number("epsilon", 1e-5f));
  return true;
}

bool embedLayerNorm(Body &b) {
  b.add("words = Gather (word_embedding, input_ids)");
  if (b.has(8)) {
    b.add("positions = Gather (position_embedding, position_ids)");
  } else {
    b.add("length = Shape <start = 1, end = 2> (input_ids)"
          "from_axes = Constant <value_ints = [0]> ()"
          "to = Squeeze (length, from_axes)"
          "from = Constant <value_int = 0> ()  by = Constant <value_int = 1> ()"
          "ids = Range (from, to, by)"
          "positions = Gather (position_embedding, ids)");
  }
  b.add("placed = Add (words, positions)");
  if (b.has(1) && b.has(4))
    b.add("segments = Gather (segment_embedding, segment_ids)"
          "sum = Add (placed, segments)");
  else
    b.add("sum = Identity (placed)");
  b.add("output = LayerNormalization <axis = -1> (sum, gamma, beta)");
  b.attribute("epsilon", b.number("epsilon", 1e-12f));
  b.add(
      "embedding_sum = Identity (sum)  axes = Constant <value_ints = [1]> ()");
  if (b.has(7))
    return b.add("mask_index = ReduceSum <keepdims = 0> (mask, axes)");
  return b.add("batch = Shape <start = 0, end = 1> (input_ids)"
               "mask_index = ConstantOfShape <value = int32[1] {0}> (batch)");
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// alpha * transpose(A) * transpose(B), of any rank.
bool fusedMatMul(Body &b) {
  for (auto [index, name, flag] :
       {std::tuple{0, "A", "transA"}, std::tuple{1, "B", "transB"}}) {
    bool batch = b.integer(index ? "transBatchB" : "transBatchA", 0) != 0;
    bool flip = b.integer(flag, 0) != 0;
    std::string given = name, out = given + "_";
    if (!flip && !batch) {
      b.add(out + " = Identity (" + given + ")");
      continue;
    }
    int rank = b.rank(index);
    if (rank < 0)
      return b.refuse("the rank of '" + given +
                      "', which is transposed, is not known");
    std::vector<int64_t> order(rank);
    std::iota(order.begin(), order.end(), 0);
    // transBatch: the first dimension goes behind the other batch dimensions.
    if (batch && rank > 2)
      std::rotate(order.begin(), order.begin() + 1, order.end() - 1);
    if (flip && rank > 1)
      std::swap(order[rank - 2], order[rank - 1]);
    b.add(out + " = Transpose (" + given + ")");
    b.attribute("perm", order);
  }
  b.scalarLike("alpha_value", b.number("alpha", 1), "A");
  return b.add("P = MatMul (A_, B_)  Y = Mul (P, alpha_value)");
}

/// Z = activation(X), with its parameters.
bool activate(Body &b, const std::string &kind,
              const std::vector<float> &parameters) {
  auto parameter = [&](size_t index, float otherwise) {
    return index < parameters.size() ? parameters[index] : otherwise;
  };
  if (kind.empty())
    return b.add("Y = Identity (Z)");
  if (kind == "Clip") {
    b.scalarLike("low", parameter(0, -INFINITY), "Z");
    b.scalarLike("high", parameter(1, INFINITY), "Z");
    return b.add("Y = Clip (Z, low, high)");
  }
  std::string list = "Clip";
  for (const char *known :
       {"Relu", "Sigmoid", "Tanh", "LeakyRelu", "HardSigmoid", "Elu",
        "Softplus", "Selu", "ThresholdedRelu"}) {
    list += std::string(", ") + known;
    if (kind == known) {
      b.add("Y = " + kind + " (Z)");
      if (!parameters.empty())
        b.attribute("alpha", parameters[0]);
      if (parameters.size() > 1)
        b.attribute("beta", parameters[1]);
      return true;
    }
  }
  return b.refuse("attribute 'activation' is '" + kind +
                  "', but only these are supported: " + list);
}

bool fusedGemm(Body &b) {
  b.add(b.has(2) ? "Z = Gemm (A, B, C)" : "Z = Gemm (A, B)");
  for (const char *name : {"transA", "transB"})
    b.attribute(name, b.integer(name, 0));
  for (const char *name : {"alpha", "beta"})
    b.attribute(name, b.number(name, 1));
  std::vector<float> parameters;
  for (const char *name : {"activation_alpha", "activation_beta"})
    if (b.given(name))
      parameters.push_back(b.number(name, 0));
  return activate(b, b.text("activation", ""), parameters);
}

bool fusedConv(Body &b) {
  b.add(b.has(2) ? "C = Conv (X, W, B)" : "C = Conv (X, W)");
  for (const char *name :
       {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"})
    b.pass(name);
  b.add(b.has(3) ? "Z = Add (C, sum)" : "Z = Identity (C)");
  return activate(b, b.text("activation", ""), b.numbers("activation_params"));
}

//===----------------------------------------------------------------------===//
// The list
//===----------------------------------------------------------------------===//

void addActivations() {
  contrib::add("Gelu", {"X"}, {"Y"}, {}, gelu);
  contrib::add("FastGelu", {"X", "bias?"}, {"Y"}, {}, fastGelu);
  contrib::add("BiasGelu", {"A", "B"}, {"C"}, {}, biasGelu);
  contrib::add("QuickGelu", {"X"}, {"Y"}, {"alpha:float"}, quickGelu);
}

void addNorms() {
  std::vector<const char *> sums{"output", "mean?", "inv_std_var?",
                                 "input_skip_bias_sum?"};
  contrib::add("SkipLayerNormalization",
               {"input", "skip", "gamma", "beta?", "bias?"}, sums,
               {"epsilon:float"}, [](Body &b) { return skipNorm(b, false); });
  contrib::add("SkipSimplifiedLayerNormalization",
               {"input", "skip", "gamma", "bias?"}, sums, {"epsilon:float"},
               [](Body &b) { return skipNorm(b, true); });
  contrib::add("SimplifiedLayerNormalization", {"X", "scale"},
               {"Y", "inv_std_var?"},
               {"axis:int", "epsilon:float", "stash_type:int"}, simplifiedNorm,
               /*domain=*/""); // there, although the standard has no such
  contrib::add("EmbedLayerNormalization",
               {"input_ids", "segment_ids?", "word_embedding",
                "position_embedding", "segment_embedding?", "gamma", "beta",
                "mask?", "position_ids?"},
               {"output", "mask_index?", "embedding_sum?"},
               {"epsilon:float", "mask_index_type:int"}, embedLayerNorm);
}

void addProducts() {
  contrib::add("FusedMatMul", {"A", "B"}, {"Y"},
               {"alpha:float", "transA:int", "transB:int", "transBatchA:int",
                "transBatchB:int"},
               fusedMatMul);
  contrib::add("FusedGemm", {"A", "B", "C?"}, {"Y"},
               {"alpha:float", "beta:float", "transA:int", "transB:int",
                "activation:string", "activation_alpha:float",
                "activation_beta:float", "activation_gamma:float"},
               fusedGemm);
  contrib::add("FusedConv", {"X", "W", "B?", "sum?"}, {"Y"},
               {"auto_pad:string", "dilations:ints", "group:int",
                "kernel_shape:ints", "pads:ints", "strides:ints",
                "activation:string", "activation_params:floats"},
               fusedConv);
}
} // namespace

void orchestra::onnx::registerContribOperators() {
  static const bool done = [] {
    contrib::addDomain();
    addActivations();
    addNorms();
    addProducts();
    contrib::addAttention();
    contrib::addDecoder();
    contrib::addQuantized();
    return true;
  }();
  (void)done;
}

std::vector<std::string> orchestra::onnx::contribOperatorNames() {
  registerContribOperators();
  return contrib::operatorNames();
}
