//===- ContribDecoder.cpp - Decoders of com.microsoft ---------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "ContribBody.h"

using namespace orchestra::onnx;
using contrib::Body;

namespace {
std::string listOf(std::initializer_list<int64_t> values) {
  std::string text;
  for (int64_t value : values)
    text += (text.empty() ? "" : ", ") + std::to_string(value);
  return "Constant <value_ints = [" + text + "]> ()";
}

/// The values "name_heads", B x heads x S x D, from B x S x heads * D.
void splitHeads(Body &b, const std::string &from, const std::string &name,
                int64_t heads, int64_t size) {
  b.add(name + "_dims = " + listOf({0, 0, heads, size}) + name +
        "_rows = Reshape (" + from + ", " + name + "_dims)" + name +
        "_heads = Transpose <perm = [0, 2, 1, 3]> (" + name + "_rows)");
}

/// The cache after this call: at the places of a row's new positions what is
/// new, before them what was there, behind them nothing.
void updateCache(Body &b, const std::string &fresh, const std::string &past,
                 const std::string &present, bool hasPast) {
  b.scalarLike(present + "_none", 0, fresh);
  b.add(present + "_new = GatherElements <axis = 2> (" + fresh + ", sources)");
  if (hasPast)
    b.add(present + "_grown = Pad (" + past + ", growth)" + present +
          "_old = Where (is_old, " + present + "_grown, " + present + "_none)");
  else
    b.add(present + "_old = Identity (" + present + "_none)");
  b.add(present + " = Where (is_new, " + present + "_new, " + present +
        "_old)");
}

/// Attention of fewer heads of keys than of queries, against a cache in which
/// each row of the batch has a length of its own.
bool groupQueryAttention(Body &b) {
  int64_t heads = b.integer("num_heads", 0),
          groups = b.integer("kv_num_heads", 0);
  int64_t width = b.size(0, 2);
  bool packed = !b.has(1), rotary = b.integer("do_rotary", 0) != 0;
  if (!b.positive("num_heads") || !b.positive("kv_num_heads") ||
      !b.only("smooth_softmax", 0) || !b.only("qk_output", 0))
    return false;
  if (heads % groups)
    return b.refuse("num_heads is " + std::to_string(heads) +
                    ", no multiple of kv_num_heads, " + std::to_string(groups));
  if (b.has(3) != b.has(4) || packed == b.has(2))
    return b.refuse("'key' and 'value', and 'past_key' and 'past_value', come "
                    "in pairs");
  if (rotary && (!b.has(7) || !b.has(8)))
    return b.refuse("do_rotary is 1, which needs 'cos_cache' and 'sin_cache'");
  if (b.has(11))
    return b.refuse("input 'head_sink' is not supported");
  if (width < 1)
    return b.refuse("the last size of 'query' must be known");
  int64_t all = packed ? heads + 2 * groups : heads;
  if (width % all)
    return b.refuse("the last size of 'query' is " + std::to_string(width) +
                    ", no multiple of its " + std::to_string(all) + " heads");
  int64_t size = width / all;
  b.add("first = " + listOf({0}) + "second = " + listOf({1}) + "third = " +
        listOf({2}) + "sides = " + listOf({1, 3}) + "flat = " + listOf({-1}) +
        "zero = Constant <value_int = 0> ()  one = Constant <value_int = 1> ()"
        "batch = Shape <start = 0, end = 1> (query)"
        "length_shape = Shape <start = 1, end = 2> (query)"
        "length = Squeeze (length_shape, first)  last = Sub (length, one)");
  if (packed) {
    b.add("sizes = " + listOf({heads * size, groups * size, groups * size}) +
          "q, k, v = Split <axis = -1> (query, sizes)");
  } else {
    b.add("q = Identity (query)  k = Identity (key)  v = Identity (value)");
  }
  splitHeads(b, "q", "q", heads, size);
  splitHeads(b, "k", "k", groups, size);
  splitHeads(b, "v", "v", groups, size);
  // seqlens_k is the last valid place of each row of the batch.
  b.add("ends_wide = Cast <to = 7> (seqlens_k)"
        "ends = Reshape (ends_wide, flat)"
        "begins_raw = Sub (ends, last)  begins_flat = Max (begins_raw, zero)"
        "begins = Unsqueeze (begins_flat, second)"
        "steps = Range (zero, length, one)  ids = Add (begins, steps)");
  if (rotary) {
    for (const char *name : {"q", "k"}) {
      b.add(std::string(name) + "_turned = RotaryEmbedding (" + name +
            "_heads, cos_cache, sin_cache, " +
            (b.has(9) ? "position_ids" : "ids") + ")");
      b.attribute("interleaved", b.integer("rotary_interleaved", 0));
    }
  } else {
    b.add("q_turned = Identity (q_heads)  k_turned = Identity (k_heads)");
  }
  // The cache is as long as the longest row, or as it was.
  b.add("total_wide = Cast <to = 7> (total_sequence_length)"
        "total_flat = Reshape (total_wide, flat)"
        "total = Squeeze (total_flat, first)");
  if (b.has(3))
    b.add("past_shape = Shape <start = 2, end = 3> (past_key)"
          "past_length = Squeeze (past_shape, first)"
          "room = Max (total, past_length)"
          "more = Sub (room, past_length)"
          "more_list = Unsqueeze (more, first)"
          "six = " +
          listOf({0, 0, 0, 0, 0, 0}) +
          "growth = Concat <axis = 0> (six, more_list, first)");
  else
    b.add("room = Identity (total)");
  b.add("places = Range (zero, room, one)"
        "from = Sub (places, begins)"
        "too_early = Less (from, zero)  early_enough = Less (from, length)"
        "late_enough = Not (too_early)"
        "fresh = And (late_enough, early_enough)"
        "is_new = Unsqueeze (fresh, sides)"
        "is_old = Unsqueeze (too_early, sides)"
        "near = Clip (from, zero, last)  near_all = Unsqueeze (near, sides)"
        "room_list = Unsqueeze (room, first)"
        "groups = " +
        listOf({groups}) + "width = " + listOf({size}) +
        "cache_shape = Concat <axis = 0> (batch, groups, room_list, width)"
        "sources = Expand (near_all, cache_shape)");
  updateCache(b, "k_turned", "past_key", "present_key", b.has(3));
  updateCache(b, "v_heads", "past_value", "present_value", b.has(3));
  b.add("limit = Unsqueeze (ids, third)"
        "known = LessOrEqual (places, limit)");
  int64_t window = b.integer("local_window_size", -1);
  if (window > 0)
    b.add("window = Constant <value_int = " + std::to_string(window - 1) +
          "> ()"
          "least = Sub (limit, window)  recent = GreaterOrEqual (places, least)"
          "kept = And (known, recent)");
  else
    b.add("kept = Identity (known)");
  b.add("mask = Unsqueeze (kept, second)");
  if (b.has(10)) {
    b.scalarLike("hidden", -INFINITY, "query");
    b.add("biased = Where (mask, attention_bias, hidden)");
  }
  b.query("q_turned", "q_signed");
  // A window of nothing: no row sees any key.
  bool blind = window == 0;
  b.add(std::string(blind ? "seen" : "heads") +
        " = Attention (q_signed, present_key, present_value, " +
        std::string(b.has(10) ? "biased" : "mask") + ")");
  b.setScale();
  if (float softcap = b.number("softcap", 0))
    b.attribute("softcap", softcap);
  if (blind) {
    b.scalarLike("nothing", 0, "query");
    b.add("heads_shape = Shape (seen)  heads = Expand (nothing, heads_shape)");
  }
  return b.add("rows = Transpose <perm = [0, 2, 1, 3]> (heads)"
               "joined = " +
               listOf({0, 0, -1}) + "output = Reshape (rows, joined)");
}

/// The LSTM of weights of 8 bits. Activations are not rounded: its results are
/// nearer to those of the model before it was quantised than ONNX Runtime's.
bool dynamicQuantizeLSTM(Body &b) {
  for (const char *name : {"W", "R"}) {
    std::string n = name;
    int scale = n == "W" ? 8 : 10;
    int point = scale + 1;
    if (!b.rankIs(scale, n + "_scale", {1, 2}))
      return false;
    // A scale a direction, or a column of each.
    bool columns = b.rank(scale) == 2;
    b.add(n + "_axes = " + (columns ? listOf({1}) : listOf({1, 2})) + n +
          "_steps = Unsqueeze (" + n + "_scale, " + n + "_axes)" + n +
          "_wide = Cast <to = 6> (" + n + ")");
    if (b.has(point))
      b.add(n + "_points = Unsqueeze (" + n + "_zero_point, " + n + "_axes)" +
            n + "_shift = Cast <to = 6> (" + n + "_points)" + n +
            "_moved = Sub (" + n + "_wide, " + n + "_shift)");
    else
      b.add(n + "_moved = Identity (" + n + "_wide)");
    b.add(n + "_whole = CastLike (" + n + "_moved, " + n + "_scale)" + n +
          "_real = Mul (" + n + "_whole, " + n + "_steps)" + n +
          "_factors = Transpose <perm = [0, 2, 1]> (" + n + "_real)");
  }
  std::string operands = "X, W_factors, R_factors";
  int last = 2;
  const char *names[] = {"B", "sequence_lens", "initial_h", "initial_c", "P"};
  for (int i = 0; i < 5; ++i)
    if (b.has(3 + i))
      last = 3 + i;
  for (int i = 3; i <= last; ++i)
    operands += std::string(", ") + (b.has(i) ? names[i - 3] : "\"\"");
  b.add("Y, Y_h, Y_c = LSTM (" + operands + ")");
  for (const char *name : {"activations", "activation_alpha", "activation_beta",
                           "clip", "direction", "hidden_size", "input_forget"})
    b.pass(name);
  return true;
}

/// A picture with its channels last, as one with its channels first.
void channelsFirst(Body &b, const std::string &from, const std::string &to,
                   int rank) {
  std::string order = "0, " + std::to_string(rank - 1);
  for (int i = 1; i + 1 < rank; ++i)
    order += ", " + std::to_string(i);
  b.add(to + " = Transpose <perm = [" + order + "]> (" + from + ")");
}
void channelsLast(Body &b, const std::string &from, const std::string &to,
                  int rank) {
  std::string order = "0";
  for (int i = 2; i < rank; ++i)
    order += ", " + std::to_string(i);
  b.add(to + " = Transpose <perm = [" + order + ", 1]> (" + from + ")");
}

bool nhwcMaxPool(Body &b) {
  int rank = b.rank(0);
  if (!b.rankIs(0, "x", {3, 4, 5}))
    return false;
  channelsFirst(b, "x", "picture", rank);
  b.add("pooled = MaxPool (picture)");
  for (const char *name : {"auto_pad", "ceil_mode", "dilations", "kernel_shape",
                           "pads", "strides"})
    b.pass(name);
  channelsLast(b, "pooled", "y", rank);
  return true;
}

/// The convolution of 8 bits whose channels may come last.
bool quantizedConv(Body &b) {
  bool last = b.integer("channels_last", 0) != 0;
  int rank = b.rank(0);
  if (last && !b.rankIs(0, "x", {3, 4, 5}))
    return false;
  if (last)
    channelsFirst(b, "x", "picture", rank);
  b.add(std::string("made = QLinearConv (") + (last ? "picture" : "x") +
        ", x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, "
        "y_zero_point" +
        (b.has(8) ? ", B)" : ")"));
  for (const char *name :
       {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"})
    b.pass(name);
  if (last)
    channelsLast(b, "made", "y", rank);
  else
    b.add("y = Identity (made)");
  return true;
}
} // namespace

void contrib::addDecoder() {
  add("GroupQueryAttention",
      {"query", "key?", "value?", "past_key?", "past_value?", "seqlens_k",
       "total_sequence_length", "cos_cache?", "sin_cache?", "position_ids?",
       "attention_bias?", "head_sink?"},
      {"output", "present_key?", "present_value?", "output_qk?"},
      {"num_heads:int", "kv_num_heads:int", "scale:float", "softcap:float",
       "local_window_size:int", "do_rotary:int", "rotary_interleaved:int",
       "smooth_softmax:int", "qk_output:int"},
      groupQueryAttention);
  add("DynamicQuantizeLSTM",
      {"X", "W", "R", "B?", "sequence_lens?", "initial_h?", "initial_c?", "P?",
       "W_scale", "W_zero_point", "R_scale", "R_zero_point"},
      {"Y?", "Y_h?", "Y_c?"},
      {"activations:strings", "activation_alpha:floats",
       "activation_beta:floats", "clip:float", "direction:string",
       "hidden_size:int", "input_forget:int"},
      dynamicQuantizeLSTM);
  add("NhwcMaxPool", {"x"}, {"y"},
      {"auto_pad:string", "ceil_mode:int", "dilations:ints",
       "kernel_shape:ints", "pads:ints", "strides:ints"},
      nhwcMaxPool);
  add("QLinearConv",
      {"x", "x_scale", "x_zero_point", "w", "w_scale", "w_zero_point",
       "y_scale", "y_zero_point", "B?"},
      {"y"},
      {"auto_pad:string", "dilations:ints", "group:int", "kernel_shape:ints",
       "pads:ints", "strides:ints", "channels_last:int"},
      quantizedConv);
}
