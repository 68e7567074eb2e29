//===- TextFeatures.cpp - Tokens become numbers ---------------------------===//
//
// Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Equal strings have equal numbers within a run (Strings.cpp), so tokens that
// are strings are compared as integers are.
//
//===----------------------------------------------------------------------===//
#include "Arithmetic.h"
#include "Sizes.h"
#include "Table.h"
#include "Vectors.h"

#include <numeric>

using namespace mlir;

namespace orchestra::onnx {
namespace {

using Builder = Num::Builder;

/// A list of an encoder, from whichever attribute has it: `name` with _tensor,
/// _strings, _int64s or _floats behind it.
std::optional<Data> listOf(Op &op, const std::string &name) {
  if (const Tensor *tensor = op.tensorAttr(name + "_tensor")) {
    Data data;
    data.type = tensor->type;
    data.constant = tensor;
    data.shape.assign(tensor->dims.begin(), tensor->dims.end());
    return reshape(op, data, {product(data.shape)});
  }
  if (op.hasAttr(name + "_strings")) {
    auto strings = op.stringsAttr(name + "_strings");
    return op.stringConstant(strings,
                             {Dim(static_cast<int64_t>(strings.size()))});
  }
  if (op.hasAttr(name + "_int64s"))
    return constantVector<int64_t>(op, ElementType::Int64,
                                   op.intsAttr(name + "_int64s"));
  if (op.hasAttr(name + "_floats"))
    return constantVector<float>(op, ElementType::Float,
                                 op.floatsAttr(name + "_floats"));
  return std::nullopt;
}

/// What unknown keys become.
Data defaultOf(Op &op, ElementType type) {
  if (const Tensor *tensor = op.tensorAttr("default_tensor")) {
    Data data;
    data.type = tensor->type;
    data.constant = tensor;
    data.shape.assign(tensor->dims.begin(), tensor->dims.end());
    return data;
  }
  if (type == ElementType::String)
    return op.stringConstant({op.stringAttr("default_string", "_Unused")},
                             {Dim(1)});
  if (type == ElementType::Float)
    return constantVector<float>(op, type,
                                 {op.floatAttr("default_float", -0.0F)});
  return constantVector<int64_t>(op, ElementType::Int64,
                                 {op.intAttr("default_int64", -1)});
}

/// Keys become values; unknown ones the default. Lists are of one length.
LogicalResult mapKeys(Op &op, const Data &x, const Data &keys,
                      const Data &values, const Data &other) {
  auto count = product(keys.shape).constant();
  if (keys.shape != values.shape || !count || *count == 0)
    return op.fail("invalid-attribute",
                   op.node.op + ": keys and values differ in number");
  if (!op.expectType(x, x.type == keys.type, "X"))
    return failure();
  Value have = op.value(keys), give = op.value(values),
        start = op.value(reshape(op, other, {}));
  if (op.failed() || !have || !give || !start)
    return failure();
  Data result = generate(
      op, x.shape, values.type, [&](Builder &b, ValueRange v) -> Value {
        Num key = at(b, op.value(x), numbers(b, v));
        return loop(b, indexNum(b, *count), at(b, start, {}),
                    [&](Builder &b, Num k,
                        llvm::ArrayRef<Num> now) -> llvm::SmallVector<Num> {
                      Num known = at(b, have, k);
                      Num same = key == known;
                      if (key.isFloat()) // NaN is a key as others are
                        same = same | ((key != key) & (known != known));
                      return {same.choose(at(b, give, k), now[0])};
                    })[0];
      });
  return op.set(0, result);
}

/// Any type of keys to any type of values
LogicalResult lowerLabelEncoder(Op &op) {
  const Data x = op.in(0);
  auto keys = listOf(op, "keys"), values = listOf(op, "values");
  if (op.failed() || !keys || !values)
    return op.fail("missing-attribute",
                   "LabelEncoder lacks its keys or its values");
  Data other = defaultOf(op, values->type);
  if ((other.type == ElementType::String) !=
      (values->type == ElementType::String))
    return op.fail("invalid-attribute",
                   "LabelEncoder: the default is not of the values' type");
  auto rest = other.type == ElementType::String
                  ? std::optional<Data>(other)
                  : convert(op, other, values->type);
  if (!rest || !product(rest->shape).is(1))
    return op.fail("invalid-attribute",
                   "LabelEncoder: the default is no single element");
  return mapKeys(op, x, *keys, *values, *rest);
}

/// Strings to their numbers, or numbers to their strings
LogicalResult lowerCategoryMapper(Op &op) {
  const Data x = op.in(0);
  std::vector<std::string> texts = op.stringsAttr("cats_strings");
  auto count = static_cast<int64_t>(texts.size());
  Data strings = op.stringConstant(texts, {Dim(count)});
  Data numbers = constantVector<int64_t>(op, ElementType::Int64,
                                         op.intsAttr("cats_int64s"));
  if (x.type != ElementType::String) {
    Data other =
        op.stringConstant({op.stringAttr("default_string", "_Unused")}, {});
    return mapKeys(op, x, numbers, strings, other);
  }
  Data other = constantVector<int64_t>(op, ElementType::Int64,
                                       {op.intAttr("default_int64", -1)});
  return mapKeys(op, x, strings, numbers, other);
}

/// The grams of a TfIdfVectorizer, sorted by the column that counts them.
struct Grams {
  llvm::SmallVector<int64_t> columns;       // where those of each column begin
  llvm::SmallVector<int64_t> sizes, starts; // of each, in the pool
  llvm::SmallVector<float> weights;
};

std::optional<Grams> gramsOf(Op &op, int64_t pool, int64_t least,
                             int64_t most) {
  auto counts = op.intsAttr("ngram_counts"),
       indexes = op.intsAttr("ngram_indexes");
  auto weights = op.floatsAttr("weights");
  llvm::SmallVector<int64_t> sizes, starts;
  for (const auto &[i, start] : llvm::enumerate(counts)) {
    int64_t end = i + 1 < counts.size() ? counts[i + 1] : pool;
    auto size = static_cast<int64_t>(i) + 1;
    if (start < 0 || end < start || end > pool || (end - start) % size)
      return std::nullopt;
    for (int64_t at = start; at < end; at += size) {
      // Grams of other lengths have their place in the lists all the same.
      sizes.push_back(size >= least && size <= most ? size : 0);
      starts.push_back(at);
    }
  }
  if (indexes.size() < sizes.size() ||
      (!weights.empty() && weights.size() < sizes.size()) || indexes.empty())
    return std::nullopt;
  int64_t width = 0;
  for (int64_t column : indexes) {
    if (column < 0 || column > (1 << 24))
      return std::nullopt;
    width = std::max(width, column + 1);
  }
  llvm::SmallVector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::pair(indexes[a], a) < std::pair(indexes[b], b);
  });
  Grams grams;
  for (size_t i : order) {
    if (sizes[i] == 0)
      continue;
    grams.columns.resize(indexes[i] + 1,
                         static_cast<int64_t>(grams.sizes.size()));
    grams.sizes.push_back(sizes[i]);
    grams.starts.push_back(starts[i]);
    grams.weights.push_back(weights.empty() ? 1.0F : weights[i]);
  }
  grams.columns.resize(width + 1, static_cast<int64_t>(grams.sizes.size()));
  return grams;
}

/// How often each gram of a pool stands in a row, its items next to each other
/// or with others between them
LogicalResult lowerTfIdfVectorizer(Op &op) {
  const Data x = op.in(0);
  auto pool = listOf(op, "pool");
  std::string mode = op.stringAttr("mode");
  int64_t least = op.intAttr("min_gram_length"),
          most = op.intAttr("max_gram_length"),
          skips = op.intAttr("max_skip_count");
  if (op.failed())
    return failure();
  if (!pool || least < 1 || most < least || skips < 0 ||
      (mode != "TF" && mode != "IDF" && mode != "TFIDF"))
    return op.fail("invalid-attribute",
                   "TfIdfVectorizer: its attributes do not fit each other");
  auto grams =
      gramsOf(op, product(pool->shape).constant().value_or(0), least, most);
  if (!grams)
    return op.fail("invalid-attribute",
                   "TfIdfVectorizer: its lists of grams do not fit each other");
  if (x.rank() != 1 && x.rank() != 2)
    return op.fail("shape-mismatch", "TfIdfVectorizer: X must be [C] or [N, C]",
                   {"it is " + op.text(x.shape)});
  bool isText = pool->type == ElementType::String;
  if (!op.expectType(x,
                     isText ? x.type == ElementType::String
                            : x.type == ElementType::Int64 ||
                                  x.type == ElementType::Int32,
                     "X"))
    return failure();
  auto tokens =
      isText ? std::optional<Data>(x) : convert(op, x, ElementType::Int64);
  if (!tokens)
    return failure();
  Dim batch = x.rank() == 2 ? x.shape[0] : Dim(1);
  Data rows = reshape(op, *tokens, {batch, x.shape.back()});
  auto table = [&](llvm::ArrayRef<int64_t> values) {
    return op.value(constantVector<int64_t>(op, ElementType::Int64, values));
  };
  if (grams->sizes.empty()) // so that there is an element to read
    grams->sizes = grams->starts = {0}, grams->weights = {0};
  Value text = op.value(rows), items = op.value(*pool),
        columns = table(grams->columns), sizes = table(grams->sizes),
        starts = table(grams->starts),
        weights = op.value(
            constantVector<float>(op, ElementType::Float, grams->weights));
  Value length = indexValue(op, x.shape.back());
  if (op.failed())
    return failure();
  // How often gram `g` begins in a row with `skip` items from one to the next.
  auto countOf = [&](Builder &b, Num row, Num size, Num start, Num skip) {
    Num places = (Num(b, length) - skip * (size - 1)).max(0);
    return loop(
        b, places, indexNum(b, 0),
        [&](Builder &b, Num first,
            llvm::ArrayRef<Num> sum) -> llvm::SmallVector<Num> {
          Num yes(b, arith::ConstantOp::create(b, b.getBoolAttr(true)));
          Num same =
              loop(b, size, yes,
                   [&](Builder &b, Num k,
                       llvm::ArrayRef<Num> so) -> llvm::SmallVector<Num> {
                     Num here = at(b, text, {row, first + skip * k});
                     return {so[0] & (here == at(b, items, start + k))};
                   })[0];
          Num one(b, arith::IndexCastUIOp::create(b, b.getIndexType(), same));
          return {sum[0] + one};
        })[0];
  };
  auto width = static_cast<int64_t>(grams->columns.size()) - 1;
  Type f32 = op.b.getF32Type();
  Data result = generate(
      op, {batch, Dim(width)}, ElementType::Float,
      [&](Builder &b, ValueRange v) -> Value {
        Num row(b, v[0]), column(b, v[1]);
        Num begin = at(b, columns, column).asIndex();
        Num end = at(b, columns, column + 1).asIndex();
        Num zero(b, scalar(b, f32, 0));
        return loop(
            b, end - begin, zero,
            [&](Builder &b, Num i,
                llvm::ArrayRef<Num> sum) -> llvm::SmallVector<Num> {
              Num gram = begin + i;
              Num size = at(b, sizes, gram).asIndex();
              Num start = at(b, starts, gram).asIndex();
              // A single item has nothing to skip.
              Num ways = (size == indexNum(b, 1))
                             .choose(indexNum(b, 1), indexNum(b, skips + 1));
              Num count = loop(
                  b, ways, indexNum(b, 0),
                  [&](Builder &b, Num skip,
                      llvm::ArrayRef<Num> now) -> llvm::SmallVector<Num> {
                    return {now[0] + countOf(b, row, size, start, skip + 1)};
                  })[0];
              if (mode == "IDF")
                count = count.min(1);
              Num number = count.toFloat(f32);
              if (mode != "TF")
                number = number * at(b, weights, gram);
              return {sum[0] + number};
            })[0];
      });
  if (x.rank() == 1)
    result = reshape(op, result, {Dim(width)});
  return op.set(0, result);
}

} // namespace

void addTextFeatures(Table &table) {
  table.op("ai.onnx.ml.CategoryMapper", {1}, lowerCategoryMapper);
  table.op("ai.onnx.ml.LabelEncoder", {2}, lowerLabelEncoder);
  table.op("TfIdfVectorizer", {9}, lowerTfIdfVectorizer);
}

} // namespace orchestra::onnx
