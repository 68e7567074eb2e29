//===- ContribAttention.cpp - Attention of com.microsoft ------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ContribBody.h"

using namespace orchestra::onnx;
using contrib::Body;

namespace {
/// What is added to the scores, as the value "mask": from a mask of keys (1 to
/// keep; B x T, B x S x T, or lengths of keys, B), and from a given bias. False
/// if the mask is of another form; `any`: whether there is something to add.
bool addMask(Body &b, int mask, const std::string &maskName, int bias,
             const std::string &biasName, const std::string &keys, bool &any) {
  any = b.has(mask) || b.has(bias);
  if (b.has(mask)) {
    int rank = b.rank(mask);
    if (rank == 1) {
      // More than one number a row, ends and begins, is not told apart from
      // lengths unless the batch is known.
      if (b.size(mask, 0) < 0 || b.size(0, 0) != b.size(mask, 0))
        return b.refuse("'" + maskName +
                        "' of rank 1 is supported with one length for each "
                        "item of a batch of known size");
      b.add("lengths_axes = Constant <value_ints = [1, 2, 3]> ()"
            "lengths_i64 = Cast <to = 7> (" +
            maskName +
            ")"
            "lengths = Unsqueeze (lengths_i64, lengths_axes)"
            "keys_shape = Shape <start = 1, end = 2> (" +
            keys +
            ")"
            "no_axes = Constant <value_ints = [0]> ()"
            "keys_count = Squeeze (keys_shape, no_axes)"
            "zero_i64 = Constant <value_int = 0> ()"
            "one_i64 = Constant <value_int = 1> ()"
            "places = Range (zero_i64, keys_count, one_i64)"
            "kept = Less (places, lengths)");
    } else if (rank == 2 || rank == 3) {
      b.add(rank == 2 ? "mask_axes = Constant <value_ints = [1, 2]> ()"
                      : "mask_axes = Constant <value_ints = [1]> ()");
      b.add("kept_numbers = Unsqueeze (" + maskName +
            ", mask_axes)"
            "kept = Cast <to = 9> (kept_numbers)");
    } else {
      return b.rankIs(mask, maskName, {1, 2, 3});
    }
    b.scalarLike("masked", b.number("mask_filter_value", -10000), keys);
    b.scalarLike("unmasked", 0, keys);
    b.add("key_mask = Where (kept, unmasked, masked)");
  }
  if (b.has(mask) && b.has(bias))
    b.add("mask = Add (key_mask, " + biasName + ")");
  else if (b.has(mask))
    b.add("mask = Identity (key_mask)");
  else if (b.has(bias))
    b.add("mask = Identity (" + biasName + ")");
  return true;
}

/// Attributes of the standard's operator, which was added last.
void setHeads(Body &b, int64_t heads) {
  b.attribute("q_num_heads", heads);
  b.attribute("kv_num_heads", heads);
  b.setScale();
  if (b.integer("unidirectional", 0))
    b.attribute("is_causal", int64_t(1));
}

bool attention(Body &b) {
  int64_t heads = b.integer("num_heads", 0);
  bool any = false;
  if (!b.positive("num_heads") || !b.only("do_rotary", 0) ||
      !b.only("past_present_share_buffer", 0) ||
      !addMask(b, 3, "mask_index", 5, "attention_bias", "input", any))
    return false;
  b.add("product = MatMul (input, weights)");
  b.add(b.has(2) ? "qkv = Add (product, bias)" : "qkv = Identity (product)");
  std::vector<int64_t> sizes = b.integers("qkv_hidden_sizes");
  if (sizes.empty()) {
    b.add("q, K, V = Split <axis = -1, num_outputs = 3> (qkv)");
  } else {
    b.add("sizes = Constant ()");
    b.attribute("value_ints", sizes);
    b.add("q, K, V = Split <axis = -1> (qkv, sizes)");
  }
  b.query("q", "Q");
  std::string mask = any ? "mask" : "";
  if (b.has(4)) {
    b.add("first = Constant <value_int = 0> ()  second = Constant <value_int = "
          "1> ()"
          "past_key = Gather <axis = 0> (past, first)"
          "past_value = Gather <axis = 0> (past, second)");
    b.add("output, key, value = Attention (Q, K, V, " +
          (any ? mask : std::string("\"\"")) + ", past_key, past_value)");
  } else {
    b.add("output, key, value = Attention (Q, K, V" + (any ? ", " + mask : "") +
          ")");
  }
  setHeads(b, heads);
  if (!b.wants(1))
    return true;
  if (!b.has(4))
    return b.refuse("output 'present' is supported only with input 'past'");
  return b.add("pair_axes = Constant <value_ints = [0]> ()"
               "keys = Unsqueeze (key, pair_axes)"
               "values = Unsqueeze (value, pair_axes)"
               "present = Concat <axis = 0> (keys, values)");
}

bool multiHeadAttention(Body &b) {
  int64_t heads = b.integer("num_heads", 0);
  if (!b.has(1) || !b.has(2))
    return b.refuse("inputs 'key' and 'value' are needed: packed ones are not "
                    "supported");
  if (!b.positive("num_heads") || !b.rankIs(0, "query", {3}) ||
      !b.rankIs(1, "key", {3}) || !b.rankIs(2, "value", {3}))
    return false;
  bool any = false, past = b.has(6) && b.has(7);
  if (past && b.has(4) && !b.rankIs(4, "key_padding_mask", {2, 3}))
    return false;
  if (!addMask(b, 4, "key_padding_mask", 5, "attention_bias", "key", any))
    return false;
  if (b.has(3)) {
    int64_t width = b.size(0, 2), valueWidth = b.size(2, 2);
    if (width < 0 || valueWidth < 0)
      return b.refuse("with 'bias', the last sizes of 'query' and 'value' must "
                      "be known");
    b.add("sizes = Constant ()");
    b.attribute("value_ints", std::vector<int64_t>{width, width, valueWidth});
    b.add("q_bias, k_bias, v_bias = Split <axis = 0> (bias, sizes)"
          "q = Add (query, q_bias)  K = Add (key, k_bias)"
          "V = Add (value, v_bias)");
  } else {
    b.add("q = Identity (query)  K = Identity (key)  V = Identity (value)");
  }
  b.query("q", "Q");
  std::string operands = "Q, K, V";
  if (any || past)
    operands += any ? ", mask" : ", \"\"";
  if (past)
    operands += ", past_key, past_value";
  b.add("output, present_key, present_value = Attention (" + operands + ")");
  setHeads(b, heads);
  return true;
}

bool rotaryEmbedding(Body &b) {
  int64_t half = b.size(2, 1), width = b.size(0, -1);
  int64_t heads = b.integer("num_heads", 0);
  if (b.rank(0) == 3 && !heads) {
    if (half < 1 || width < 0)
      return b.refuse(
          "without attribute 'num_heads', the last sizes of 'input' "
          "and 'cos_cache' must be known");
    heads = width / (2 * half);
  }
  if (b.rank(1) == 2) {
    b.add("ids = Identity (position_ids)");
  } else if (b.rank(1) == 1 && b.rank(0) == 3) {
    // The first position; rows count on from there.
    b.add(
        "none = Constant <value_ints = [0]> ()"
        "length_shape = Shape <start = 1, end = 2> (input)"
        "length = Squeeze (length_shape, none)"
        "zero = Constant <value_int = 0> ()  one = Constant <value_int = 1> ()"
        "steps = Range (zero, length, one)"
        "row = Add (steps, position_ids)"
        "rows_shape = Shape <start = 0, end = 2> (input)"
        "ids = Expand (row, rows_shape)");
  } else {
    return b.refuse(
        "'position_ids' must have rank 2, or rank 1 with an 'input' "
        "of rank 3");
  }
  b.add("output = RotaryEmbedding (input, cos_cache, sin_cache, ids)");
  b.attribute("interleaved", b.integer("interleaved", 0));
  b.attribute("rotary_embedding_dim", b.integer("rotary_embedding_dim", 0));
  if (b.rank(0) == 3)
    b.attribute("num_heads", heads);
  if (b.number("scale", 1) != 1)
    return b.refuse("attribute 'scale' is " +
                    std::to_string(b.number("scale", 1)) +
                    ", but only 1 is supported");
  return b.only("is_packed_batching", 0);
}

/// Attention of quantised input and weights, done in floats.
bool quantizedAttention(Body &b) {
  b.add(b.has(6) ? "x = DequantizeLinear (input, input_scale, input_zero_point)"
                 : "x = DequantizeLinear (input, input_scale)");
  b.add(b.has(7) ? "w = DequantizeLinear <axis = 1> (weight, weight_scale, "
                   "weight_zero_point)"
                 : "w = DequantizeLinear <axis = 1> (weight, weight_scale)");
  std::string operands = "x, w, bias";
  if (b.has(5) || b.has(8))
    operands += b.has(5) ? ", mask_index" : ", \"\"";
  if (b.has(8))
    operands += ", past";
  b.add((b.wants(1) ? "output, present = " : "output = ") +
        std::string("com.microsoft.Attention (") + operands + ")");
  for (const char *name :
       {"num_heads", "unidirectional", "scale", "mask_filter_value"})
    b.pass(name);
  return true;
}
} // namespace

void contrib::addAttention() {
  add("Attention",
      {"input", "weights", "bias?", "mask_index?", "past?", "attention_bias?",
       "past_sequence_length?"},
      {"output", "present?"},
      {"num_heads:int", "unidirectional:int", "qkv_hidden_sizes:ints",
       "past_present_share_buffer:int", "do_rotary:int",
       "mask_filter_value:float", "scale:float", "rotary_embedding_dim:int"},
      attention);
  add("MultiHeadAttention",
      {"query", "key?", "value?", "bias?", "key_padding_mask?",
       "attention_bias?", "past_key?", "past_value?"},
      {"output", "present_key?", "present_value?"},
      {"num_heads:int", "mask_filter_value:float", "scale:float",
       "unidirectional:int"},
      multiHeadAttention);
  add("RotaryEmbedding", {"input", "position_ids", "cos_cache", "sin_cache"},
      {"output"},
      {"interleaved:int", "num_heads:int", "rotary_embedding_dim:int",
       "scale:float", "is_packed_batching:int"},
      rotaryEmbedding);
  add("QAttention",
      {"input", "weight", "bias", "input_scale", "weight_scale", "mask_index?",
       "input_zero_point?", "weight_zero_point?", "past?"},
      {"output", "present?"},
      {"num_heads:int", "unidirectional:int", "scale:float",
       "mask_filter_value:float", "past_present_share_buffer:int",
       "do_rotary:int"},
      [](Body &b) {
        return b.only("do_rotary", 0) &&
               b.only("past_present_share_buffer", 0) && quantizedAttention(b);
      });
}
